"""Cycles: opened by restating the purpose, looked back upon, and closed when every goal of them is decided."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec

from domain.cycle import acts
from domain.cycle.decide import possible_ends
from domain.cycle.state import Cycle
from domain.errors import NotFound
from domain.scope import ORGANISATION
from ledger.commands import Receipt
from projections.as_of import AsOf
from projections.cycles.cycles import (
    ContributionEntry,
    CycleFilters,
    CycleNotes,
    ReflectionEntry,
    cycle_at,
    find_undecided_goals,
    load_cycle_goals,
    load_cycles_page,
    state_of,
)
from projections.database.paging import MAX_PAGE_SIZE
from projections.history import history
from projections.streams import load_stream_versions
from services.api.commands import act_routes, command_response, execute, new_stream_id
from services.api.context import RequestContext
from services.api.filters import ScopeReference, require_references
from services.api.http.parsing import decode_segment
from services.api.http.responses import HttpResponse
from services.api.operations import (
    AsOfQuery,
    Cursor,
    HistoryQuery,
    ListQuery,
    Operation,
    Route,
    Weight,
    command_route,
    query_route,
)
from services.api.queries import (
    as_of_now,
    find_changed_after,
    history_response,
    next_link,
    read_response,
    requested_as_of,
    sight_of,
)
from services.authorization import ACT, ADMIN, READ, can_see_everything
from services.visibility.events import EventVisibility
from services.visibility.policy import (
    goals_of_cycle,
    redact_cycle,
    require_scope,
)

_TAG = "cycles"
_PROBLEM_CODES = ("act_not_allowed", "already_exists", "reason_required", "purpose_required", "out_of_order")


class CycleSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cycle in a list, and after an act: then `position` is what `after_position` takes."""

    id: UUID
    version: int
    position: int | None = None
    #: The events that the act recorded.
    events: list[UUID] | None = None
    ref: str | None = None
    name: str
    state: Literal["open", "closed"]
    #: Empty: the organisation's own.
    team: UUID | None = None
    starts: date
    ends: date
    #: The version of the purpose that it restates.
    purpose_version: int
    follows: UUID | None = None
    goals: int
    improvements_open: int
    reflections: int


class CyclesQuery(ListQuery, frozen=True, kw_only=True):
    """Whose cycles: a team's, or (the word `organisation`) the organisation's own."""

    team: ScopeReference | None = None
    state: Literal["open", "closed"] | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] = 50


class CycleList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of cycles, the latest beginning first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    cycles: list[CycleSummary]
    next: str | None


class UndecidedGoal(msgspec.Struct, frozen=True, kw_only=True):
    """A live goal that keeps the cycle open, and what can be said of it now."""

    goal: UUID
    state: str
    possible: list[str]


class CycleView(msgspec.Struct, frozen=True, kw_only=True):
    """A cycle with everything that was said in it."""

    id: UUID
    version: int
    state: Literal["open", "closed"]
    undecided: list[UndecidedGoal]
    reflections: list[ReflectionEntry]
    contributions: list[ContributionEntry]
    cycle: Cycle


def cycle_summary(
    cycle: Cycle, version: int, *, position: int | None = None, events: list[UUID] | None = None
) -> CycleSummary:
    """The short form of a cycle."""
    return CycleSummary(
        id=cycle.id,
        version=version,
        position=position,
        events=events,
        ref=cycle.ref,
        name=cycle.name,
        state=state_of(cycle),
        team=cycle.of.team,
        starts=cycle.starts,
        ends=cycle.ends,
        purpose_version=cycle.purpose.version,
        follows=cycle.follows,
        goals=len(cycle.goals),
        improvements_open=sum(i.state == "open" for i in cycle.improvements),
        reflections=cycle.reflections,
    )


async def _respond(context: RequestContext, receipt: Receipt, *, created: bool = False) -> HttpResponse:
    cycle: Cycle = receipt.state
    if cycle.of.team is None and not can_see_everything(context.viewer):
        # The organisation's own holds goals of every team; a team's holds that team's.
        cycle = await asyncio.to_thread(_redact_own_cycle, context, cycle)
    summary = cycle_summary(cycle, receipt.version, position=receipt.position, events=receipt.event_ids)
    return command_response(summary, receipt, created=created)


def _redact_own_cycle(context: RequestContext, cycle: Cycle) -> Cycle:
    sight = EventVisibility(context.runtime.ledger, context.viewer)
    return redact_cycle(cycle, lambda goal: sight.can_see_stream("goal", goal))


def load_cycle(context: RequestContext, ref: str, view: AsOf) -> Cycle:
    """The cycle as of the question; raises `NotFound`, or `Forbidden` for another team's."""
    cycle = cycle_at(context.runtime.database, view, context.resolve_id("cycle", ref))
    if cycle is None:
        raise NotFound("no such cycle")
    require_scope(context.viewer, cycle.of.team)
    return cycle


@command_route(
    "/v1/cycles",
    Operation(
        id="openCycle",
        summary="Open a cycle: restate the purpose, and take along what the cycle before left open",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=acts.Open,
        answer=CycleSummary,
        status=201,
        codes=_PROBLEM_CODES,
        command=True,
        idempotent=True,
    ),
)
async def open_cycle(context: RequestContext) -> HttpResponse:
    act: acts.Open = context.body
    cycle_id = new_stream_id(context, "cycle", act.ref)
    receipt = await execute(context, "cycle", cycle_id, act, creates=True)
    return await _respond(context, receipt, created=True)


@query_route(
    "/v1/cycles",
    Operation(
        id="listCycles",
        weight=Weight.PAGE,
        summary="The cycles that you may see, a page at a time: your teams' and the organisation's own",
        tag=_TAG,
        scopes=(READ,),
        query=CyclesQuery,
        answer=CycleList,
        reads_view=True,
    ),
)
def list_cycles(context: RequestContext) -> HttpResponse:
    query: CyclesQuery = context.query
    view, database, viewer = requested_as_of(context), context.runtime.database, context.viewer
    own = query.team == ORGANISATION
    filters = CycleFilters(
        changed_after=find_changed_after(context),
        team=None if own or query.team is None else context.resolve_id("team", query.team),
        own=own,
        state=query.state,
    )
    visible = None if can_see_everything(viewer) else frozenset(viewer.teams | viewer.leads)
    found = load_cycles_page(database, view, filters, cursor=query.cursor, limit=query.limit, visible=visible)
    if not found.cycles:
        require_references(context)
    headers = next_link(context, query, cursor=found.next)
    versions = load_stream_versions(database, view.params, "cycles", [cycle.id for cycle in found.cycles])
    shown = sight_of(context, view).redact_cycles(found.cycles)
    items = [cycle_summary(cycle, versions.get(cycle.id, cycle.version)) for cycle in shown]
    return read_response(context, CycleList(cycles=items, next=found.next), view, headers=headers)


@query_route(
    "/v1/cycles/{cycle}",
    Operation(
        id="getCycle",
        summary="One cycle: the purpose restated, its goals and what became of them, improvements, learning",
        tag=_TAG,
        scopes=(READ,),
        query=AsOfQuery,
        answer=CycleView,
        reads_view=True,
    ),
)
def get_cycle(context: RequestContext, cycle: str) -> HttpResponse:
    view = requested_as_of(context)
    found = load_cycle(context, decode_segment(cycle), view)
    database = context.runtime.database
    waiting = find_undecided_goals(found, load_cycle_goals(database, view, (held.goal for held in found.goals)))
    said = CycleNotes(database, view, [found])
    sees = sight_of(context, view).build_filter(goals_of_cycle(found))
    answer = CycleView(
        id=found.id,
        version=found.version,
        state=state_of(found),
        undecided=[
            UndecidedGoal(goal=g.id, state=g.state, possible=list(possible_ends(g, found)))
            for g in waiting
            if sees(g.id)
        ],
        reflections=said.reflections,
        contributions=[items for items in said.contributions if sees(items.goal)],
        cycle=redact_cycle(found, sees),
    )
    return read_response(context, answer, view)


@query_route(
    "/v1/cycles/{cycle}/history",
    Operation(
        id="getCycleHistory",
        summary="Each event in plain words",
        tag=_TAG,
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_cycle_history(context: RequestContext, cycle: str) -> HttpResponse:
    view = requested_as_of(context)
    found = load_cycle(context, decode_segment(cycle), as_of_now(context))
    return history_response(context, view, found.id)


async def act_on_cycle(context: RequestContext, cycle: str) -> HttpResponse:
    """Record an act on a cycle."""
    receipt = await execute(context, "cycle", context.resolve_id("cycle", decode_segment(cycle)), context.body)
    return await _respond(context, receipt)


ROUTES: list[Route] = [
    open_cycle,
    list_cycles,
    get_cycle,
    get_cycle_history,
    *act_routes(
        "cycle",
        (act for act in get_args(acts.CycleAct) if act is not acts.Open),
        CycleSummary,
        act_on_cycle,
        codes=(*_PROBLEM_CODES, "version_conflict", "busy"),
    ),
]
