"""A goal at two times, each with what was known at some time: what differs, and which events made it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec

from domain.errors import NotFound
from projections.history.history import FIELDS, goal_values, to_json_value
from projections.history.search import FoundEvent
from services.api.console.page import PageRequest, page
from services.api.console.pages.audit import PATH, Text, describe_event
from services.api.console.pinned_as_of import PinnedAsOf, load_names, permanent_url, pin_as_of
from services.api.console.rendering import format_value
from services.api.operations import AsOfQuery, ReadQuery, Route, Weight
from services.api.routes.goal_queries import GoalView, get_goal
from services.api.routes.history_search import HistorySearchPage, HistorySearchQuery, search_history

#: Events that the page shows: the latest of them, where there are more.
MAX_EVENTS = 400
_PAGE = 200
#: Before now, where nothing is asked: what most questions are about.
_USUAL_DISTANCE = timedelta(days=28)


class TwoTimesQuery(ReadQuery, frozen=True, kw_only=True):
    """Two times: days (their ends) or instants; empty: now, and on the left four weeks before."""

    left: Text = ""
    left_known: Text = ""
    right: Text = ""
    right_known: Text = ""
    record: Annotated[bool, msgspec.Meta(description="Without navigation, everything unfolded.")] = False


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """The goal as one of the two times shows it."""

    pinned: PinnedAsOf
    #: None: it did not exist then, or was not known.
    goal: GoalView | None
    events: dict[int, FoundEvent]
    has_more: bool


class ComparedField(msgspec.Struct, frozen=True, kw_only=True):
    """One field on both sides, in words."""

    field: str
    left: str
    right: str
    differs: bool


@page(
    PATH + "/goals/{goal}",
    title="A goal at two times",
    template="audit_goal.html",
    query=TwoTimesQuery,
    weight=Weight.PAGE,
)
def show_two_times(request: PageRequest, goal: str) -> Mapping[str, Any]:
    query: TwoTimesQuery = request.query
    # Whether it may be seen is a matter of how it stands now: raises where it may not.
    now: GoalView = request.ask(get_goal, AsOfQuery(), goal=goal)
    left, right = (_load_side(request, now.id, pinned) for pinned in _pin_both(request, query))
    values = [_values_of(side) for side in (left, right)]
    events = _merge(left, right)
    names = load_names(request, right.pinned, [event for event, _ in events], *values)
    path = f"{PATH}/goals/{now.id}"
    asked = {
        "left": left.pinned.as_of,
        "left_known": left.pinned.recorded_as_of,
        "right": right.pinned.as_of,
        "right_known": right.pinned.recorded_as_of,
    }
    newest = right.goal or left.goal
    title = newest.goal.title if newest is not None else "A goal that was not known yet"
    return {
        "title": title,
        "layout": "record.html" if query.record else "base.html",
        "is_record": query.record,
        "goal": now.id,
        "path": path,
        "query": query,
        "left": left,
        "right": right,
        "fields": _compare(values[0], values[1], names),
        "events": [(describe_event(event, names, right.pinned), where) for event, where in events],
        "names": names,
        "permalink": permanent_url(path, asked),
        "max_events": MAX_EVENTS,
    }


def _pin_both(request: PageRequest, query: TwoTimesQuery) -> tuple[PinnedAsOf, PinnedAsOf]:
    right = pin_as_of(request, query.right, query.right_known, ("right", "right_known"))
    if query.left or query.left_known:
        return pin_as_of(request, query.left, query.left_known, ("left", "left_known")), right
    day = (request.context.now - _USUAL_DISTANCE).astimezone(right.view.tzinfo).date().isoformat()
    return pin_as_of(request, day, day, ("left", "left_known")), right


def _load_side(request: PageRequest, goal: UUID, pinned: PinnedAsOf) -> Side:
    try:
        found: GoalView | None = request.ask(get_goal, pinned.query, goal=str(goal))
    except NotFound:
        return Side(pinned=pinned, goal=None, events={}, has_more=False)
    events: dict[int, FoundEvent] = {}
    cursor: str | None = None
    while len(events) < MAX_EVENTS:
        wanted = HistorySearchQuery(
            goal=str(goal), cursor=cursor, limit=_PAGE, as_of=pinned.as_of, recorded_as_of=pinned.recorded_as_of
        )
        part: HistorySearchPage = request.ask(search_history, wanted)
        events |= {event.position: event for event in part.events}
        cursor = part.next
        if cursor is None:
            break
    return Side(pinned=pinned, goal=found, events=events, has_more=cursor is not None)


def _values_of(side: Side) -> dict[str, Any]:
    """Field -> its value as JSON has it."""
    if side.goal is None:
        return {}
    return {name: to_json_value(value) for name, value in goal_values(side.goal.goal).items()}


def _compare(left: Mapping[str, Any], right: Mapping[str, Any], names: Mapping[str, str]) -> list[ComparedField]:
    return [
        ComparedField(
            field=name,
            left=format_value(left.get(name), names),
            right=format_value(right.get(name), names),
            differs=left.get(name) != right.get(name),
        )
        for name in FIELDS
        if name in left or name in right
    ]


def _merge(left: Side, right: Side) -> Sequence[tuple[FoundEvent, str]]:
    """The events of both sides, the latest first, each with the side on which alone it is known; empty: on both."""
    found = {**left.events, **right.events}
    places = sorted(found.values(), key=lambda event: (event.occurred_at, event.position), reverse=True)

    def side_of(position: int) -> str:
        if position in left.events and position in right.events:
            return ""
        return "left" if position in left.events else "right"

    return [(event, side_of(event.position)) for event in places[:MAX_EVENTS]]


ROUTES: list[Route] = [show_two_times]
