"""What can be asked about goals: lists, one goal at any time, its history, and what changed between two times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from domain.envelope import Instant
from domain.errors import NotFound
from domain.goal.state import Goal
from domain.text import is_visible
from projections import goals
from projections.as_of import AsOf
from projections.database.paging import MAX_PAGE_SIZE
from projections.history import history
from services.api.context import RequestContext
from services.api.filters import (
    CycleReference,
    GoalSort,
    GoalState,
    MemberReference,
    SupportsReference,
    TeamReference,
    missing_stream,
    require_references,
)
from services.api.http.parsing import decode_segment, parse_as_of
from services.api.http.problems import field_error
from services.api.http.responses import HttpResponse, format_version_etag
from services.api.operations import (
    AsOfQuery,
    Cursor,
    HistoryQuery,
    ListQuery,
    Operation,
    ReadQuery,
    Route,
    TimeText,
    Weight,
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
from services.api.summaries import GoalSummary, allowed_acts_by_role, goal_summary
from services.authorization import READ, can_see_everything
from services.visibility.events import EventVisibility
from services.visibility.policy import build_goal_filter, require_goal

_TAG = "goals"
_FOUR = "[0-9a-f]{4}"
GoalIdPrefix = Annotated[
    str,
    msgspec.Meta(
        pattern=f"^{_FOUR}[0-9a-f]{{0,4}}(?:(?<={_FOUR}{_FOUR})-(?:{_FOUR}-){{0,3}}[0-9a-f]{{0,12}})?$",
        description="Only goals whose id begins so: four characters or more.",
    ),
]


class GoalsQuery(ListQuery, frozen=True, kw_only=True):
    """Which goals, in which order. Ids or external references."""

    team: TeamReference | None = None
    owner: MemberReference | None = None
    sponsor: MemberReference | None = None
    state: Annotated[
        list[GoalState],
        msgspec.Meta(max_length=20, description="Any of these states of the agreement."),
    ] = msgspec.field(default_factory=list)
    supports: SupportsReference | None = None
    cycle: Annotated[CycleReference | None, msgspec.Meta(description="A cycle that the goals are in.")] = None
    q: Annotated[str, msgspec.Meta(max_length=200, description="Words that title or outcome must contain.")] = ""
    due_from: date | None = None
    due_to: date | None = None
    id_prefix: GoalIdPrefix | None = None
    sort: Annotated[GoalSort, msgspec.Meta(description=f"One of {', '.join(goals.SORTS)}.")] = "due"
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] = 50
    names: Annotated[bool, msgspec.Meta(description="Say how the members and teams are called.")] = False


class GoalList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of goals; the next one's cursor, also as `Link: <...>; rel="next"` (RFC 8288)."""

    goals: list[GoalSummary]
    next: str | None
    #: Id -> how the members and teams named here were called at `as_of`; only when asked for.
    names: Mapping[str, str] = {}


@query_route(
    "/v1/goals",
    Operation(
        id="listGoals",
        weight=Weight.PAGE,
        summary="Goals, a page at a time; pages stay consistent under writes",
        tag=_TAG,
        scopes=(READ,),
        query=GoalsQuery,
        answer=GoalList,
        reads_view=True,
    ),
)
def list_goals(context: RequestContext) -> HttpResponse:
    query: GoalsQuery = context.query
    view = requested_as_of(context)
    if query.q and not is_visible(query.q):
        raise field_error("/q", "nothing of this text can be seen", where="query")
    if query.due_from is not None and query.due_to is not None and query.due_from > query.due_to:
        raise field_error("/due_from", "the first day lies after the last", where="query")
    if query.cycle is not None:
        _require_cycle(context, query.cycle)
    page = goals.load_goals_page(
        context.runtime.database,
        view,
        _build_filters(context, query),
        sort=query.sort,
        cursor=query.cursor,
        limit=query.limit,
        visible=build_goal_filter(context.viewer),
    )
    if not page.goals:
        require_references(context)
    headers = next_link(context, query, cursor=page.next)
    named = {id_ for goal in page.goals for id_ in (goal.team, goal.owner, goal.sponsor)} if query.names else ()
    answer = GoalList(
        goals=[goal_summary(goal, clock_at=view.clock_at(goal.external_source)) for goal in page.goals],
        next=page.next,
        names=sight_of(context, view).load_names(context.runtime.database, view, named) if named else {},
    )
    return read_response(context, answer, view, headers=headers)


def _build_filters(context: RequestContext, query: GoalsQuery) -> goals.GoalFilters:
    def named(kind: str, ref: str | None) -> UUID | None:
        return context.resolve_id(kind, ref) if ref is not None else None

    return goals.GoalFilters(
        id_prefix=query.id_prefix or msgspec.UNSET,
        changed_after=find_changed_after(context),
        team=named("team", query.team),
        owner=named("member", query.owner),
        sponsor=named("member", query.sponsor),
        states=tuple(query.state),
        supports=named("goal", query.supports),
        cycle=named("cycle", query.cycle),
        q=query.q,
        due_from=query.due_from,
        due_to=query.due_to,
    )


def _require_cycle(context: RequestContext, ref: str) -> None:
    """Raise ProblemError 404 for a cycle that is not there, or not for this viewer: a filter does not tell which."""
    sight = EventVisibility(context.runtime.ledger, context.viewer)
    if not sight.includes("cycle", context.resolve_id("cycle", ref)):
        raise missing_stream("cycle", ["cycle"])


def load_goal(context: RequestContext, ref: str, view: AsOf) -> Goal:
    """The goal as of the question, for this viewer.

    Raises `NotFound`, or `Forbidden`: who may see it is a matter of how it stands *now*, not of the time asked about.
    """
    goal_id = context.resolve_id("goal", decode_segment(ref))
    found = goals.find_goal(context.runtime.database, view, goal_id)
    if found is not None and can_see_everything(context.viewer):
        return found.goal
    if found is not None and found.is_latest and context.freshness is not None and context.freshness.is_whole:
        require_goal(context.viewer, found.goal)
        return found.goal
    latest = context.runtime.ledger.load_current(context.viewer.organisation_id, "goal", goal_id)
    if latest is None:
        raise NotFound("no such goal")
    require_goal(context.viewer, latest.state)
    if found is None:
        raise NotFound("no such goal at that time")
    return found.goal


class GoalView(msgspec.Struct, frozen=True, kw_only=True):
    """A goal with everything that is known of it. `goal.type` tells the stage; its fields are that stage's."""

    id: UUID
    version: int
    state: str
    #: Role -> acts that the agreement has from this state.
    acts: dict[str, list[str]]
    #: The event that waits for an answer, if one does.
    open: UUID | None
    #: The tracker or file that it came from, and the watermark up to which its clocks have run where that source sets
    #: one: a lapse or reminder due later has not been recorded yet.
    source: str | None = None
    clock_at: Instant | None = None
    goal: Goal


@query_route(
    "/v1/goals/{goal}",
    Operation(
        id="getGoal",
        summary="One goal, at any time, as known at any time",
        tag=_TAG,
        scopes=(READ,),
        query=AsOfQuery,
        answer=GoalView,
        reads_view=True,
    ),
)
def get_goal(context: RequestContext, goal: str) -> HttpResponse:
    query: AsOfQuery = context.query
    view = requested_as_of(context)
    found = load_goal(context, goal, view)
    summary = goal_summary(found)
    answer = GoalView(
        id=found.id,
        version=found.version,
        state=found.state,
        acts=allowed_acts_by_role(found.state),
        open=summary.open,
        source=found.external_source,
        clock_at=view.clock_at(found.external_source),
        goal=found,
    )
    # Today's answer is a function of the version and the watermark, so its tag is one that `If-Match` takes.
    tag = format_version_etag(found.version, answer.clock_at) if query.is_now else None
    return read_response(context, answer, view, tag=tag)


@query_route(
    "/v1/goals/{goal}/history",
    Operation(
        id="getGoalHistory",
        summary="Each event in plain words, with what it changed",
        tag=_TAG,
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_history(context: RequestContext, goal: str) -> HttpResponse:
    view = requested_as_of(context)
    found = load_goal(context, goal, as_of_now(context))
    return history_response(context, view, found.id, goal=found.id)


class DiffQuery(ReadQuery, frozen=True, kw_only=True):
    """Two times: days (their ends) or RFC 3339 instants."""

    from_: TimeText = msgspec.field(name="from")
    to: TimeText | None = None


class GoalDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the two times, field by field, with the events that changed it."""

    from_: str = msgspec.field(name="from")
    to: str
    changes: list[history.FieldChange]


@query_route(
    "/v1/goals/{goal}/diff",
    Operation(
        id="diffGoal",
        summary="What changed between two times",
        tag=_TAG,
        scopes=(READ,),
        query=DiffQuery,
        answer=GoalDiff,
        reads_view=True,
    ),
)
def get_diff(context: RequestContext, goal: str) -> HttpResponse:
    query: DiffQuery = context.query
    first = as_of_now(context, as_of=parse_as_of(query.from_, "from"))
    second = as_of_now(context, as_of=parse_as_of(query.to, "to") if query.to is not None else None)
    if first.at > second.at:
        raise field_error("/from", "the first time lies after the second", where="query")
    found = load_goal(context, goal, as_of_now(context))
    changes = history.diff_goal(context.runtime.database, first, second, found.id)
    answer = GoalDiff(from_=first.as_of_text, to=second.as_of_text, changes=changes)
    return read_response(context, answer, second)


ROUTES: list[Route] = [list_goals, get_goal, get_history, get_diff]
