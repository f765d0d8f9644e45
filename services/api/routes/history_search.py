"""A search of what happened, over all streams, for who has to answer for it: by person, goal, type, reason and day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from domain.text import is_visible
from projections.database.paging import MAX_PAGE_SIZE
from projections.history.search import EventKey, EventSearch, FoundEvent, ShownFilter, search_events
from services.api.context import RequestContext
from services.api.filters import (
    EventPattern,
    GoalReference,
    MemberReference,
    ReasonWord,
    missing_stream,
    require_references,
)
from services.api.http.problems import field_error
from services.api.http.responses import HttpResponse
from services.api.operations import AsOfQuery, Cursor, Operation, Position, Route, Weight, query_route
from services.api.queries import next_link, read_response, record_person_read, requested_as_of, sight_of
from services.authorization import READ
from services.event_filter import EventFilter
from services.visibility.events import EventVisibility


class HistorySearchQuery(AsOfQuery, frozen=True, kw_only=True):
    """Which events, as far as the key's member sees them."""

    person: Annotated[
        MemberReference | None,
        msgspec.Meta(description="Acts of this member, recorded by or for them, and what happened to the member."),
    ] = None
    goal: GoalReference | None = None
    types: Annotated[
        list[EventPattern],
        msgspec.Meta(
            max_length=100, description="Any of these types; `goal.*` stands for all that begin with `goal.`."
        ),
    ] = msgspec.field(default_factory=list)
    reason: Annotated[list[ReasonWord], msgspec.Meta(max_length=20, description="Any of these codes of a reason.")] = (
        msgspec.field(default_factory=list)
    )
    words: Annotated[
        str,
        msgspec.Meta(
            max_length=200,
            description="Words that the reason's text must contain; the case of ASCII letters does not count.",
        ),
    ] = ""
    from_: Annotated[
        date | None, msgspec.Meta(description="First day on which it happened, in the organisation's zone.")
    ] = msgspec.field(name="from", default=None)
    to: Annotated[date | None, msgspec.Meta(description="Last day on which it happened.")] = None
    position: Annotated[Position | None, msgspec.Meta(description="The one event at this position.")] = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] = 50
    names: Annotated[bool, msgspec.Meta(description="Say how members, teams and streams are called.")] = False


class HistorySearchPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of what was found, the latest first, or of what was looked at: it may be empty, with more to look at."""

    events: list[FoundEvent]
    #: Where the search goes on; null: everything was looked at.
    next: str | None
    #: Id -> how the members, teams and streams named here were called at `as_of`; only when asked for.
    names: Mapping[str, str] = {}


@query_route(
    "/v1/history",
    Operation(
        id="searchHistory",
        weight=Weight.PAGE,
        summary="Events of all streams in plain words, by person, goal, type, reason and day, the latest first",
        tag="events",
        scopes=(READ,),
        query=HistorySearchQuery,
        answer=HistorySearchPage,
        reads_view=True,
    ),
)
def search_history(context: RequestContext) -> HttpResponse:
    query: HistorySearchQuery = context.query
    view = requested_as_of(context)
    if query.words and not is_visible(query.words):
        raise field_error("/words", "nothing of this text can be seen", where="query")
    if query.from_ is not None and query.to is not None and query.from_ > query.to:
        raise field_error("/from", "the first day lies after the last", where="query")
    wanted = _build_search(context, query)
    visibility = EventVisibility(context.runtime.ledger, context.viewer)
    if wanted.stream is not None and not visibility.includes("goal", wanted.stream):
        raise missing_stream("goal", ["goal"])
    sight = sight_of(context, view)
    page = search_events(
        context.runtime.database,
        view,
        wanted,
        sight=sight,
        shown=None if visibility.is_unrestricted else _build_shown_filter(visibility),
        walks_all=not visibility.is_unrestricted and wanted.person != context.viewer.member_id,
        cursor=query.cursor,
        limit=query.limit,
    )
    if not page.events:
        require_references(context)
    if wanted.person not in (None, context.viewer.member_id):
        record_person_read(context, view, "history", member=wanted.person)
    named = _list_named(page.events) if query.names else ()
    answer = HistorySearchPage(
        events=page.events,
        next=page.next,
        names=sight.load_names(context.runtime.database, view, named) if named else {},
    )
    return read_response(context, answer, view, headers=next_link(context, query, cursor=page.next))


def _build_search(context: RequestContext, query: HistorySearchQuery) -> EventSearch:
    return EventSearch(
        person=context.resolve_id("member", query.person) if query.person is not None else None,
        stream=context.resolve_id("goal", query.goal) if query.goal is not None else None,
        types=EventFilter(types=tuple(query.types)).tags,
        reasons=tuple(query.reason),
        words=tuple(query.words.split()),
        first=query.from_,
        last=query.to,
        position=query.position,
    )


def _build_shown_filter(visibility: EventVisibility) -> ShownFilter:
    def shown(keys: Sequence[EventKey]) -> Iterable[EventKey]:
        visibility.look_up((key.kind, key.stream_id) for key in keys)
        return (key for key in keys if visibility.can_see_stream(key.kind, key.stream_id))

    return shown


def _list_named(events: Iterable[FoundEvent]) -> set[UUID | None]:
    return {id_ for event in events for id_ in (event.actor, event.on_behalf_of, event.stream)}


ROUTES: list[Route] = [search_history]
