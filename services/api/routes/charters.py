"""Charters: their acts, and what each viewer sees of them.

A charter is named by whose it is: a team's id or reference, the word `organisation`, or (once begun) its own id.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any, get_args
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.charter.acts import CharterAct, EventReference, RaiseBreach
from domain.charter.state import (
    Acknowledgement,
    Breach,
    Charter,
    Mode,
    NonNegotiable,
    PersonSight,
    Purpose,
    PurposeProposal,
    PurposeText,
    resolve_charter_id,
)
from domain.envelope import Instant
from domain.errors import NotFound
from domain.reasons import Reason
from domain.references import as_uuid
from projections.as_of import AsOf
from projections.charters.charters import CharterVersion, LinkedGoals, charter_at, charters_at, count_linked_goals
from projections.charters.rituals import FIGURE_NAMES, sum_minutes_a_week
from projections.figures import round_for_report
from projections.history import history
from services.api.commands import act_routes, command_response, execute
from services.api.context import RequestContext
from services.api.http.parsing import decode_segment
from services.api.http.responses import HttpResponse
from services.api.operations import AsOfQuery, HistoryQuery, ListQuery, Operation, Route, Weight, query_route
from services.api.queries import (
    as_of_now,
    history_response,
    load_changed,
    read_response,
    record_person_read,
    requested_as_of,
)
from services.authorization import READ
from services.visibility.policy import (
    build_goal_filter,
    can_see_scope,
    require_decision,
    require_goal,
    require_scope,
    with_read_scope,
)


class ProposalSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A purpose that has been proposed: `id` is what `adopt-purpose` names as its `proposal`."""

    id: UUID
    ref: str | None = None
    why: PurposeText
    by: UUID | None
    #: Last day of its time-box.
    until: date
    reason: Reason | None = None


class NonNegotiableSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A standing expectation and, for those whose charter it is, how many stand by its words, and who."""

    id: UUID
    ref: str | None = None
    version: int
    text: str
    since: Instant
    decision: UUID | None = None
    #: A team may be two persons: how many, like who and when, is for those whose charter it is.
    acknowledgements: int | None = None
    acknowledged: tuple[Acknowledgement, ...] | None = None


class FreedomSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is decided by those whose charter it is."""

    id: UUID
    ref: str | None = None
    text: str
    purpose_version: int
    #: It serves the purpose in force, not an earlier one.
    anchored: bool
    since: Instant


class RitualSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ritual and what it asks of each, in minutes a week."""

    id: UUID
    ref: str | None = None
    name: str
    mode: Mode
    cadence_days: int
    minutes: int
    minutes_a_week: float
    since: Instant


class CharterSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charter. `position` and `events` come after an act."""

    id: UUID
    version: int
    position: int | None = None
    events: list[UUID] | None = None
    #: Whose it is; empty: the organisation's own.
    team: UUID | None = None
    in_force: bool
    in_force_since: Instant | None = None
    purpose: Purpose | None = None
    proposals: list[ProposalSummary]
    non_negotiables: list[NonNegotiableSummary]
    freedoms: list[FreedomSummary]
    rituals: list[RitualSummary]
    #: Minutes a week that this charter's rituals ask of each: held together, and async.
    minutes_a_week: dict[str, float]
    #: Those that await a repair talk: for those whose charter it is.
    breaches: tuple[Breach, ...] | None = None
    breaches_repaired: int | None = None
    reviewed_at: Instant | None = None
    #: To whom it narrows the figures of the team's members.
    persons: PersonSight | None = None
    #: Where one charter is asked for, by those whose it is.
    linked_goals: LinkedGoals | None = None


class CharterList(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation's own charter first, then the teams'."""

    charters: list[CharterSummary]


def charter_summary(
    charter: Charter,
    version: int,
    *,
    within: bool,
    position: int | None = None,
    events: list[UUID] | None = None,
) -> CharterSummary:
    """What one may read of it; who acknowledged and what was not kept only where `within`."""
    current = charter.purpose.version if charter.purpose is not None else 0
    return CharterSummary(
        id=charter.id,
        version=version,
        position=position,
        events=events,
        team=charter.of.team,
        in_force=charter.in_force_since is not None,
        in_force_since=charter.in_force_since,
        purpose=charter.purpose,
        proposals=[_proposal_summary(proposal) for proposal in charter.proposals],
        non_negotiables=[_non_negotiable_summary(held, within=within) for held in charter.non_negotiables_in_force],
        freedoms=[
            FreedomSummary(
                id=f.id,
                ref=f.ref,
                text=f.text,
                purpose_version=f.purpose_version,
                anchored=f.purpose_version == current,
                since=f.since,
            )
            for f in charter.freedoms
        ],
        rituals=_ritual_summaries(charter),
        minutes_a_week={
            mode: round_for_report(sum_minutes_a_week(charter.rituals, mode)) or 0.0 for mode in FIGURE_NAMES
        },
        breaches=charter.breaches if within else None,
        breaches_repaired=charter.breaches_repaired if within else None,
        reviewed_at=charter.reviewed_at,
        persons=None if charter.persons == "stewards" else charter.persons,
    )


def _proposal_summary(proposal: PurposeProposal) -> ProposalSummary:
    return ProposalSummary(
        id=proposal.id,
        ref=proposal.ref,
        why=proposal.why,
        by=proposal.by,
        until=proposal.until,
        reason=proposal.reason,
    )


def _non_negotiable_summary(held: NonNegotiable, *, within: bool) -> NonNegotiableSummary:
    return NonNegotiableSummary(
        id=held.id,
        ref=held.ref,
        version=held.version,
        text=held.text,
        since=held.since,
        decision=held.decision,
        acknowledgements=len(held.acknowledged) if within else None,
        acknowledged=held.acknowledged if within else None,
    )


def _ritual_summaries(charter: Charter) -> list[RitualSummary]:
    return [
        RitualSummary(
            id=ritual.id,
            ref=ritual.ref,
            name=ritual.name,
            mode=ritual.mode,
            cadence_days=ritual.cadence_days,
            minutes=ritual.minutes,
            minutes_a_week=round_for_report(sum_minutes_a_week([ritual], ritual.mode)) or 0.0,
            since=ritual.since,
        )
        for ritual in charter.rituals
    ]


_TAG = "charters"
_PROBLEM_CODES = (
    "act_not_allowed",
    "already_exists",
    "reason_required",
    "out_of_order",
    "no_purpose",
    "non_negotiable_count",
    "version_superseded",
    "decision_required",
    "decision_unfit",
    "version_conflict",
    "busy",
)


def _may_read_private_parts(context: RequestContext, view: AsOf, charter: Charter) -> bool:
    """Whether the viewer reads who acknowledged and what was not kept; who is not of the team is noted reading it."""
    team = charter.of.team
    within = can_see_scope(context.viewer, team)
    if within and team is not None and team not in context.viewer.teams:
        record_person_read(context, view, "charters", team=team)
    return within


def _summarise(context: RequestContext, view: AsOf, held: CharterVersion) -> CharterSummary:
    return charter_summary(held.charter, held.version, within=_may_read_private_parts(context, view, held.charter))


@query_route(
    "/v1/charters",
    Operation(
        id="listCharters",
        weight=Weight.PAGE,
        summary="Every charter that has begun: the organisation's own, then the teams'",
        tag=_TAG,
        scopes=(READ,),
        query=ListQuery,
        answer=CharterList,
        reads_view=True,
    ),
)
def list_charters(context: RequestContext) -> HttpResponse:
    view = requested_as_of(context)
    changed = load_changed(context, view, "charters")
    found = [held for held in charters_at(context.runtime.database, view) if changed(held.charter.id)]
    return read_response(context, CharterList(charters=[_summarise(context, view, held) for held in found]), view)


def load_charter(context: RequestContext, ref: str, view: AsOf) -> CharterVersion:
    """By whose it is, or by its own id; raises `NotFound` before its first act."""
    named, organisation = decode_segment(ref), context.viewer.organisation_id
    identity = as_uuid(named)
    held = charter_at(context.runtime.database, view, identity) if identity is not None else None
    held = held or charter_at(context.runtime.database, view, resolve_charter_id(organisation, named))
    if held is None:
        raise NotFound("no such charter: the first act on it begins it")
    return held


@query_route(
    "/v1/charters/{of}",
    Operation(
        id="getCharter",
        summary="One charter: purpose, non-negotiables, freedoms, rituals, and the goals that serve its purpose",
        tag=_TAG,
        scopes=(READ,),
        query=AsOfQuery,
        answer=CharterSummary,
        reads_view=True,
    ),
)
def get_charter(context: RequestContext, of: str) -> HttpResponse:
    view = requested_as_of(context)
    held = load_charter(context, of, view)
    within = _may_read_private_parts(context, view, held.charter)
    linked = (
        count_linked_goals(context.runtime.database, view, held.charter, visible=build_goal_filter(context.viewer))
        if within
        else None
    )
    summary = charter_summary(held.charter, held.version, within=within)
    return read_response(context, replace(summary, linked_goals=linked), view)


@query_route(
    "/v1/charters/{of}/history",
    Operation(
        id="getCharterHistory",
        summary="Each event in plain words; who acknowledged and what was not kept only to those whose charter it is",
        tag=_TAG,
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_charter_history(context: RequestContext, of: str) -> HttpResponse:
    view = requested_as_of(context)
    charter = load_charter(context, of, as_of_now(context)).charter
    _may_read_private_parts(context, view, charter)
    return history_response(context, view, charter.id)


async def _resolve_charter(context: RequestContext, ref: str) -> tuple[UUID, str | None]:
    """The stream, and its owner where the path names a team or the organisation rather than an id."""
    organisation, identity = context.viewer.organisation_id, as_uuid(ref)
    if identity is not None:
        begun = await asyncio.to_thread(context.runtime.ledger.load, organisation, "charter", identity)
        if begun is not None:
            return identity, None
    return resolve_charter_id(organisation, ref), ref


def _require_visible_event(context: RequestContext, about: EventReference) -> None:
    """Raise `Forbidden` for a breach about something that its author may not see.

    What is not there is left to the rule to say.
    """
    viewer = with_read_scope(context.viewer)

    def found(kind: str, ref: str | None) -> Any:
        return context.runtime.ledger.load(viewer.organisation_id, kind, context.resolve_id(kind, ref)) if ref else None

    if (goal := found("goal", about.goal)) is not None:
        require_goal(viewer, goal)
    if (cycle := found("cycle", about.cycle)) is not None:
        require_scope(viewer, cycle.of.team)
    if (decision := found("decision", about.decision)) is not None:
        require_decision(viewer, decision)


async def act_on_charter(context: RequestContext, of: str) -> HttpResponse:
    """Record an act on a charter; the first one begins it."""
    if isinstance(context.body, RaiseBreach):
        await asyncio.to_thread(_require_visible_event, context, context.body.about)
    stream_id, team = await _resolve_charter(context, decode_segment(of))
    act = replace(context.body, of=context.body.of or team)
    receipt = await execute(context, "charter", stream_id, act, begins=True)
    state: Charter = receipt.state
    summary = charter_summary(
        state,
        receipt.version,
        within=can_see_scope(context.viewer, state.of.team),
        position=receipt.position,
        events=receipt.event_ids,
    )
    return command_response(summary, receipt)


ROUTES: list[Route] = [
    list_charters,
    get_charter,
    get_charter_history,
    *act_routes("charter", get_args(CharterAct), CharterSummary, act_on_charter, codes=_PROBLEM_CODES, parameter="of"),
]
