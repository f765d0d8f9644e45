"""What can be said about a goal: a route for every act of the agreement, and its dry run."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.errors import NotFound
from domain.goal.acts import ACTS, Draft, GoalAct, Offer, RecordValue, Request
from domain.goal.load_check import to_accepted_commitment
from domain.goal.state import Goal, Promised
from domain.load import Commitment, WeekLoad, line_of_week, mark_abandoned, week_loads
from domain.member.member import Member
from domain.quantities import to_rounded_float
from domain.reasons import Reason
from domain.references import Ref
from domain.registry import EventData, to_commitment
from domain.terms import Conditions, TermsInput, Title
from ledger.commands import Command, Receipt
from projections.as_of import AsOf
from projections.goals import goals_at
from services.api.commands import act_routes, build_command, command_response, execute, new_stream_id, require_stream
from services.api.context import RequestContext
from services.api.http.parsing import decode_segment
from services.api.http.responses import HttpResponse, encode
from services.api.operations import Operation, Route, command_route
from services.api.queries import as_of_now
from services.api.summaries import GoalSummary, goal_summary
from services.authorization import ACT, ADMIN
from services.visibility.events import EventVisibility
from services.visibility.policy import can_see_goal, can_see_person, require_goal, with_read_scope


class OpeningTerms(TermsInput, frozen=True, kw_only=True):
    """The terms of a request or offer: what a draft may still leave open is said."""

    conditions: Conditions
    due: date


class BeginDraft(Draft, tag="draft", frozen=True, kw_only=True):
    """Write a goal down without asking or offering anything yet."""

    title: Title


class BeginRequest(Request, tag="request", frozen=True, kw_only=True):
    """The sponsor asks the owner for a promise. `imposed` marks an assignment: it still needs the owner's promise."""

    title: Title
    owner: Ref
    terms: OpeningTerms


class BeginOffer(Offer, tag="offer", frozen=True, kw_only=True):
    """The owner offers a promise to the sponsor."""

    title: Title
    sponsor: Ref
    terms: OpeningTerms


#: What each is to the domain, where a goal may also come from a draft and so leave out what the draft says.
_OPENING_ACTS: dict[type[Any], type[Draft | Request | Offer]] = {
    BeginDraft: Draft,
    BeginRequest: Request,
    BeginOffer: Offer,
}


class PreviewedEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact that would be recorded: timers that fall due before the act come first."""

    type: str
    occurred_at: datetime
    reason: Reason | None = None
    data: EventData


class LoadWeek(msgspec.Struct, frozen=True, kw_only=True):
    """An owner's week, from today on where it has begun. Hours and ratio rounded to six decimals."""

    week: date
    planned_hours: float | None
    available_hours: float | None
    ratio: float | None
    #: None too where all that is planned rests on efforts that were not stated.
    line: str | None
    estimated: bool = False


class OwnerLoad(msgspec.Struct, frozen=True, kw_only=True):
    """Twelve weeks of one owner, without and with the act."""

    member: UUID
    before: list[LoadWeek]
    after: list[LoadWeek]


class ActPreview(msgspec.Struct, frozen=True, kw_only=True):
    """The dry run of an act. Nothing was recorded."""

    would: list[PreviewedEvent]
    before: GoalSummary | None
    after: GoalSummary | None
    #: Of those owners whose person-level figures the asker may see.
    load: list[OwnerLoad]
    #: Likewise, if what would be open then were accepted as it stands; empty where nothing would be open.
    load_if_accepted: list[OwnerLoad] = []


def build_preview(context: RequestContext, command: Command) -> ActPreview:
    """Decide the command without recording anything. Raises the refusal that the command itself would meet."""
    found = context.runtime.ledger.preview(command)
    as_of = as_of_now(context)
    sight = EventVisibility(context.runtime.ledger, context.viewer)
    owners = sorted({s.owner for s in (found.before, found.after) if s is not None and s.owner is not None}, key=str)
    return ActPreview(
        would=[
            PreviewedEvent(
                type=str(type(fact.data).__struct_config__.tag),
                occurred_at=fact.occurred_at,
                reason=fact.reason,
                data=cast("EventData", shown),
            )
            for fact in found.facts
            if (shown := sight.redact_fact(command.kind, command.stream_id, fact.data)) is not None
        ],
        before=goal_summary(found.before) if found.before is not None else None,
        after=goal_summary(found.after) if found.after is not None else None,
        load=_compute_loads(context, as_of, owners, found.after, _to_owned_commitment(found.after)),
        load_if_accepted=_compute_loads_if_accepted(context, as_of, owners, found.after),
    )


#: An owner and what it has promised.
_OwnedCommitment = tuple[UUID, Commitment]


def _to_owned_commitment(goal: Goal | None) -> _OwnedCommitment | None:
    commitment = to_commitment(goal)
    return (goal.owner, commitment) if commitment is not None and isinstance(goal, Promised) else None


def _compute_loads_if_accepted(
    context: RequestContext, as_of: AsOf, owners: list[UUID], after: Goal | None
) -> list[OwnerLoad]:
    accepted = to_accepted_commitment(after)
    if accepted is None:
        return []
    return _compute_loads(context, as_of, sorted({*owners, accepted[0]}, key=str), after, accepted)


def _compute_loads(
    context: RequestContext, as_of: AsOf, owners: list[UUID], after: Goal | None, promised: _OwnedCommitment | None
) -> list[OwnerLoad]:
    """The weeks of those owners whose figures the asker may see; `promised`: what the goal is `after` the act."""
    loads = []
    for owner in owners:
        member = context.runtime.ledger.load(context.viewer.organisation_id, "member", owner)
        if not isinstance(member, Member) or not can_see_person(context.viewer, owner, member):
            continue
        goals = goals_at(context.runtime.database, as_of, owners=[owner])
        before = [(goal.id, found) for goal in goals if (found := to_commitment(goal)) is not None]
        then = [found for goal, found in before if after is None or goal != after.id]
        if promised is not None and promised[0] == owner:
            then.append(promised[1])
        weeks = (_compute_weeks(book, member, as_of) for book in ([found for _, found in before], then))
        loads.append(OwnerLoad(member=owner, before=next(weeks), after=next(weeks)))
    return loads


def _compute_weeks(commitments: list[Commitment], member: Member, as_of: AsOf) -> list[LoadWeek]:
    policy = as_of.policy.policy
    book = [mark_abandoned(commitment, as_of.today, as_of.tzinfo, policy) for commitment in commitments]
    loads = week_loads(book, member.capacities, member.absences, policy, as_of.today)
    return [_to_load_week(load, line_of_week(load, policy)) for load in loads if not load.skipped]


def _to_load_week(load: WeekLoad, crossed: str | None) -> LoadWeek:
    return LoadWeek(
        week=load.week,
        planned_hours=to_rounded_float(load.planned),
        available_hours=to_rounded_float(load.available),
        ratio=to_rounded_float(load.ratio),
        line=crossed,
        estimated=load.estimated > 0,
    )


_TAG = "goals"
_PROBLEM_CODES = (
    "not_a_party",
    "act_not_allowed",
    "reason_required",
    "answers_required",
    "answers_superseded",
    "load_changed",
    "trade_off_required",
    "hand_over_incomplete",
    "purpose_required",
)


def _respond(receipt: Receipt, *, created: bool = False) -> HttpResponse:
    summary = goal_summary(receipt.state, position=receipt.position, events=receipt.event_ids)
    return command_response(summary, receipt, created=created)


def _minimal_summary(receipt: Receipt) -> GoalSummary:
    """What an integration hears of a goal that is not for it to see."""
    goal: Goal = receipt.state
    return GoalSummary(id=goal.id, version=receipt.version, position=receipt.position, events=receipt.event_ids)


@command_route(
    "/v1/goals",
    Operation(
        id="beginGoal",
        summary="Begin a goal: draft it, request it as sponsor, or offer it as owner",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=BeginDraft | BeginRequest | BeginOffer,
        answer=GoalSummary,
        status=201,
        codes=(*_PROBLEM_CODES, "already_exists"),
        command=True,
        idempotent=True,
    ),
)
async def begin_goal(context: RequestContext) -> HttpResponse:
    act = _OPENING_ACTS[type(context.body)](**msgspec.structs.asdict(context.body))
    goal_id = new_stream_id(context, "goal", act.ref)
    receipt = await execute(context, "goal", goal_id, act, creates=True)
    return _respond(receipt, created=True)


async def act_on_goal(context: RequestContext, goal: str) -> HttpResponse:
    """Record an act on a goal."""
    receipt = await execute(context, "goal", context.resolve_id("goal", decode_segment(goal)), context.body)
    if isinstance(context.body, RecordValue) and not can_see_goal(with_read_scope(context.viewer), receipt.state):
        return command_response(_minimal_summary(receipt), receipt)
    return _respond(receipt)


@command_route(
    "/v1/goals/{goal}/preview",
    Operation(
        id="previewAct",
        summary="What an act would record and do to the owner's load; nothing is recorded",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=GoalAct,
        answer=ActPreview,
        codes=(*_PROBLEM_CODES, "version_conflict"),
        command=True,
        idempotent=True,
    ),
)
def preview_act(context: RequestContext, goal: str) -> HttpResponse:
    goal_id = context.resolve_id("goal", decode_segment(goal))
    opening = isinstance(context.body, Draft | Request | Offer)
    try:
        state: Goal = require_stream(context, "goal", goal_id)
    except NotFound:
        if not opening:
            raise
    else:
        require_goal(context.viewer, state)
    command = replace(build_command(context, "goal", goal_id, context.body), must_exist=not opening)
    return HttpResponse(body=encode(build_preview(context, command)))


ROUTES: list[Route] = [
    begin_goal,
    preview_act,
    *act_routes(
        "goal",
        ACTS.values(),
        GoalSummary,
        act_on_goal,
        codes=(*_PROBLEM_CODES, "out_of_order", "version_conflict", "busy"),
    ),
]
