"""Keeping in touch in one call: what waits for me, and "nothing changed, still right" for several goals at once."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.errors import Refusal
from domain.goal.acts import Affirm, Note
from domain.goal.state import PROMISED_STATES, Promised
from domain.references import Ref
from ledger.commands import Receipt
from ledger.errors import CommandOutcome, LedgerBusy, LedgerUnavailable
from projections.calibration import Calibration, compute_calibration
from projections.goals import goals_at
from projections.inbox.inbox import Inbox, load_inbox
from projections.made_possible import MadePossible, load_made_possible
from projections.streams import load_stream_versions
from services.api.commands import execute
from services.api.context import RequestContext
from services.api.http.problems import ProblemError, field_error
from services.api.http.responses import HttpResponse, encode
from services.api.operations import (
    AsOfQuery,
    Operation,
    Position,
    Route,
    Weight,
    command_route,
    query_route,
)
from services.api.queries import as_of_now, read_response, requested_as_of, sight_of
from services.authorization import ACT, ADMIN, READ

_TAG = "support"
#: Goals that one call may affirm.
MAX_AFFIRMED = 100


class InboxQuery(AsOfQuery, frozen=True, kw_only=True):
    """How much of the inbox."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    names: Annotated[bool, msgspec.Meta(description="Say how the members and goals are called.")] = False


@query_route(
    "/v1/me/inbox",
    Operation(
        id="getInbox",
        weight=Weight.PAGE,
        summary="Everything that waits for me: one entry per goal, the nearest deadline first, and the day's reminders",
        tag=_TAG,
        scopes=(READ,),
        query=InboxQuery,
        answer=Inbox,
        reads_view=True,
    ),
)
def get_inbox(context: RequestContext) -> HttpResponse:
    query: InboxQuery = context.query
    view = requested_as_of(context)
    database, viewer = context.runtime.database, context.viewer
    sight = sight_of(context, view)
    loaded = load_inbox(database, view, viewer.member_id, sight=sight, limit=query.limit)
    if query.names:
        ids = {ask.parent for entry in loaded.entries for ask in entry.asks} | {entry.goal for entry in loaded.entries}
        loaded = replace(loaded, names=dict(sight.load_names(database, view, ids)))
    return read_response(context, loaded, view)


class CalibrationQuery(AsOfQuery, frozen=True, kw_only=True):
    """Whether to name the check-ins behind it."""

    explain: Annotated[bool, msgspec.Meta(description="Name the events behind each figure.")] = False


@query_route(
    "/v1/me/calibration",
    Operation(
        id="getCalibration",
        summary="How well my own stated confidence has matched what came; for the caller alone",
        tag=_TAG,
        scopes=(READ,),
        query=CalibrationQuery,
        answer=Calibration,
        reads_view=True,
    ),
)
def get_calibration(context: RequestContext) -> HttpResponse:
    view = requested_as_of(context)
    loaded = compute_calibration(
        context.runtime.database, view, context.viewer.member_id, explain=context.query.explain
    )
    return read_response(context, loaded, view)


class MadePossibleQuery(AsOfQuery, frozen=True, kw_only=True):
    """Whether to say how things were called."""

    names: Annotated[bool, msgspec.Meta(description="Say how the members and goals are called.")] = False


@query_route(
    "/v1/me/made-possible",
    Operation(
        id="getMadePossible",
        weight=Weight.PAGE,
        summary="What I made possible: credited to me, reached with a goal of mine, helped; for the caller alone",
        tag=_TAG,
        scopes=(READ,),
        query=MadePossibleQuery,
        answer=MadePossible,
        reads_view=True,
    ),
)
def get_made_possible(context: RequestContext) -> HttpResponse:
    view, database = requested_as_of(context), context.runtime.database
    loaded = load_made_possible(database, view, context.viewer.member_id)
    if context.query.names:
        ids = [i for entry in loaded.entries for i in (entry.goal, entry.own_goal, entry.by)]
        loaded = replace(loaded, names=dict(sight_of(context, view).load_names(database, view, ids)))
    return read_response(context, loaded, view)


class AffirmGoals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing changed, still right: for each goal that is named, or (`all`) for each active one that I own."""

    goals: Annotated[list[Ref], msgspec.Meta(max_length=MAX_AFFIRMED)] = []
    #: Every active goal of mine that nothing has happened to since `seen`.
    all: bool = False
    #: The position up to which I have seen them (`Plimsoll-Position` of what I read): I cannot affirm what I have
    #: not seen. A goal with a later event is refused. Must be said with `all`.
    seen: Position | None = None
    note: Note = ""


class AffirmedGoal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal that was affirmed: a judgement of its own, with the terms that it is about."""

    goal: UUID
    title: str
    due: date
    version: int
    event: UUID
    replayed: bool = False


class AffirmationRefusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal that was not, and why: the code of the refusal as for a single act."""

    goal: str
    code: str
    detail: str
    allowed: tuple[str, ...] = ()


class AffirmationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each goal, in the order in which they were named (`all`: by id)."""

    position: int | None
    affirmed: list[AffirmedGoal]
    refused: list[AffirmationRefusal]


@command_route(
    "/v1/affirmations",
    Operation(
        id="affirmGoals",
        summary="Nothing changed, still right: affirm several goals of mine at once, each as a judgement of its own",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=AffirmGoals,
        answer=AffirmationResult,
        codes=("not_caught_up",),
        idempotent=True,
    ),
)
async def affirm_goals(context: RequestContext) -> HttpResponse:
    said: AffirmGoals = context.body
    if said.all == bool(said.goals):
        raise field_error("/goals", "name goals, or say `all`")
    if said.all and said.seen is None:
        raise field_error("/seen", "with `all`, say up to which position you have seen your goals")
    wanted, left_out = await asyncio.to_thread(_select_goals, context, said)
    versions = await asyncio.to_thread(_load_seen_versions, context, said, [goal for _, goal in wanted])
    # All of them wait for the ledger at the same time: it takes them in one batch.
    loaded = await asyncio.gather(*(_affirm(context, said, ref, goal, versions) for ref, goal in wanted))
    done = [one for one, _ in loaded if isinstance(one, AffirmedGoal)]
    answer = AffirmationResult(
        position=max((position for _, position in loaded if position is not None), default=None),
        affirmed=done,
        refused=[*(one for one, _ in loaded if isinstance(one, AffirmationRefusal)), *left_out],
    )
    headers = {"Plimsoll-Position": str(answer.position)} if answer.position is not None else {}
    if done and all(one.replayed for one in done):
        headers["Idempotent-Replayed"] = "true"
    return HttpResponse(body=encode(answer), headers=headers)


def _select_goals(
    context: RequestContext, said: AffirmGoals
) -> tuple[list[tuple[str, UUID]], list[AffirmationRefusal]]:
    """The goals to affirm as they were named, each once; with `all`, what of mine is left out, and why."""
    if not said.all:
        named = {context.resolve_id("goal", ref): ref for ref in reversed(said.goals)}
        return [(ref, goal) for goal, ref in reversed(named.items())], []
    view = as_of_now(context)
    mine = goals_at(context.runtime.database, view, owners=[context.viewer.member_id], states=PROMISED_STATES)
    wanted, left_out = [], []
    for goal in (goal for goal in mine if isinstance(goal, Promised)):
        paused = goal.pause is not None and goal.pause.paused_from <= view.today < goal.pause.resume_on
        if goal.state == "active" and not paused:
            wanted.append((str(goal.id), goal.id))
        else:
            state = "paused" if paused else goal.state
            loaded = f"it is {state}: `all` affirms active goals only, this one asks for a word of its own"
            left_out.append(AffirmationRefusal(goal=str(goal.id), code="act_not_allowed", detail=loaded))
    if len(wanted) > MAX_AFFIRMED:
        raise field_error("/all", f"you own {len(wanted)} active goals: name at most {MAX_AFFIRMED} at a time")
    return wanted, left_out


def _load_seen_versions(context: RequestContext, said: AffirmGoals, goals: list[UUID]) -> dict[UUID, int]:
    """The version at which each goal was seen; raises ProblemError 503 where the views have not come so far."""
    if said.seen is None:
        return {}
    runtime, organisation = context.runtime, context.viewer.organisation_id
    event = runtime.ledger.event_position(organisation, said.seen) if said.seen else None
    if event is None and said.seen:
        raise field_error("/seen", "this organisation has not reached that position")
    known = event.log_position if event is not None else 0
    if runtime.engine.position() < known:
        raise ProblemError("not_caught_up", headers={"Retry-After": "1"})
    params = {"organisation_id": str(organisation), "known": known}
    return load_stream_versions(runtime.database, params, "goals", goals)


_UNAVAILABLE: dict[CommandOutcome, str] = {
    "no": "nothing was recorded: send it again",
    "unknown": "whether it was recorded is unknown: send it again with the same Idempotency-Key",
}


async def _affirm(
    context: RequestContext, said: AffirmGoals, ref: str, goal: UUID, versions: dict[UUID, int]
) -> tuple[AffirmedGoal | AffirmationRefusal, int | None]:
    if said.seen is not None and goal not in versions:
        return AffirmationRefusal(
            goal=ref, code="not_found", detail="no such goal at the position that you have seen"
        ), None
    headers = {name: value for name, value in context.headers.items() if name != "if-match"}
    key = context.idempotency_key
    if key is not None:
        key = hashlib.sha256(f"{key} {goal}".encode()).hexdigest()
    if goal in versions:
        headers["if-match"] = f'"v{versions[goal]}"'
    try:
        receipt = await execute(
            replace(context, headers=headers, idempotency_key=key), "goal", goal, Affirm(note=said.note)
        )
    except Refusal as refusal:
        loaded = AffirmationRefusal(goal=ref, code=refusal.code, detail=refusal.detail, allowed=refusal.allowed)
        return loaded, None
    except ProblemError as error:
        return AffirmationRefusal(goal=ref, code=error.code, detail=error.detail, allowed=error.allowed), None
    # The others may have been recorded: this one's outcome is listed with theirs.
    except LedgerBusy:
        return AffirmationRefusal(
            goal=ref, code="overloaded", detail="too many commands are waiting; send it again"
        ), None
    except LedgerUnavailable as error:
        return AffirmationRefusal(goal=ref, code="unavailable", detail=_UNAVAILABLE[error.recorded or "no"]), None
    return _to_affirmed_goal(receipt), receipt.position


def _to_affirmed_goal(receipt: Receipt) -> AffirmedGoal:
    goal: Promised = receipt.state
    return AffirmedGoal(
        goal=goal.id,
        title=goal.title,
        due=goal.terms.due,
        version=receipt.version,
        event=receipt.event_ids[-1],
        replayed=receipt.replayed,
    )


ROUTES: list[Route] = [get_inbox, get_calibration, get_made_possible, affirm_goals]
