"""Events out: one organisation's log as CloudEvents 1.0.2, pulled by position; and what each type looks like.

The feed is in commit order and gapless, so a follower by position misses nothing. A viewer who does not see
everything gets the events of what is visible; `Link: rel="next"` moves on past the rest.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, suppress
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from domain.references import as_uuid
from domain.registry import AGGREGATES, DEPRECATIONS, EVENTS, event_schema
from services.api.context import RequestContext
from services.api.filters import EventPattern, TeamReference, missing_stream, require_references
from services.api.http.parsing import encode_path
from services.api.http.problems import FieldError, ProblemError, field_error
from services.api.http.responses import HttpResponse, StreamResponse, encode, response_with_etag
from services.api.live.chunks import StreamView, parse_event_id
from services.api.live.event_stream import EventStream
from services.api.live.subscriber import StreamSubscriber
from services.api.operations import NoQuery, Operation, Position, Route, Weight, query_route
from services.api.routes.resources import load_states
from services.authorization import READ
from services.cloud_events import BATCH_MEDIA_TYPE, CloudEvent, encode_batch, encode_event, encode_event_with_state
from services.event_filter import EventFilter
from services.visibility.events import EventVisibility
from services.visibility.feed import FeedPage

LARGEST_PAGE = 1000
#: With `include=state`: whole streams are folded for it.
LARGEST_STATE_PAGE = 200
#: Events whose encoding (0.01 ms each) does not hold up the event loop: more are encoded in a thread.
_MAX_ENCODED_ON_LOOP = 50
#: How long a pull passes over full pages of which its viewer sees nothing, also where it does not wait for news.
_SKIP_LIMIT_S = 0.5
#: A full page holds the same events for good. A client's own cache may keep it, for a day: no longer than needed.
_IMMUTABLE = "private, max-age=86400, immutable"
SubjectText = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]


class FilterQuery(NoQuery, frozen=True, kw_only=True):
    """Which events; applied to what the key's member sees."""

    types: Annotated[
        list[EventPattern],
        msgspec.Meta(
            max_length=100, description="Any of these types; `goal.*` stands for all that begin with `goal.`."
        ),
    ] = msgspec.field(default_factory=list)
    subject: Annotated[
        SubjectText | None, msgspec.Meta(description="One stream: `goal/<id or reference>`, `member/...`, `team/...`.")
    ] = None
    team: Annotated[
        TeamReference | None,
        msgspec.Meta(
            description="One team's events, and those of its charter, cycles, decisions, goals and present members."
        ),
    ] = None
    epoch: Annotated[
        Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")] | None,
        msgspec.Meta(description="Epoch of the log that `after` is a position of; another log's is refused."),
    ] = None


class EventsQuery(FilterQuery, frozen=True, kw_only=True):
    """Which events, and how long to wait for the first."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**62, description="Only events behind this position.")] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = 100
    include: Annotated[
        list[Literal["state"]],
        msgspec.Meta(
            max_length=1,
            description="`state`: `data` also has what the event's stream is after it; a page has 200 events then.",
        ),
    ] = msgspec.field(default_factory=list)
    timeout: Annotated[
        float, msgspec.Meta(ge=0, le=300, description="Seconds to wait for news, up to the server's limit.")
    ] = 0.0


@query_route(
    "/v1/events",
    Operation(
        id="pullEvents",
        summary="The organisation's events in commit order; with `timeout` the pull waits for news",
        tag="events",
        scopes=(READ,),
        query=EventsQuery,
        answer=list[CloudEvent],
        media=(BATCH_MEDIA_TYPE,),
        codes=("not_found", "epoch_changed", "too_many_at_once", "overloaded"),
        weight=Weight.WAIT,
    ),
)
async def pull_events(context: RequestContext) -> HttpResponse:
    query: EventsQuery = context.query
    require_epoch(context, query.epoch)
    began = time.monotonic()
    seconds = min(query.timeout, context.runtime.settings.long_poll_limit_s)
    wanted = build_filter(context, query)
    page = await context.run_in_thread(Weight.PAGE, _load_page, context, wanted, query.after)
    if query.after > page.head:
        raise beyond_the_head("/after", page.head)
    if not page.events and wanted.narrows:
        await context.run_in_thread(Weight.LIGHT, _require_what_is_named, context, query)
    while page.full and not page.events and time.monotonic() < began + max(_SKIP_LIMIT_S, seconds):
        page = await context.run_in_thread(Weight.PAGE, _load_page, context, wanted, page.examined)
    if not page.events and (left := began + seconds - time.monotonic()) > 0:
        async with context.hold(Weight.WAIT):
            page = await _wait_for_news(context, wanted, page, left)
    if len(page.events) > _MAX_ENCODED_ON_LOOP or query.include:
        body = await context.run_in_thread(Weight.PAGE, _encode_page, context, page)
    else:
        body = _encode_page(context, page)
    return _respond(context, query, page, body)


def _encode_page(context: RequestContext, page: FeedPage) -> bytes:
    """The page's body."""
    base_url, epoch = context.runtime.settings.base_url, context.runtime.ledger.epoch
    if not context.query.include:
        return encode_batch([encode_event(event, base_url, epoch) for event in page.events])
    events = page.decode()
    states = {event: encode(resource) for event, resource in load_states(context, events).items()}
    return encode_batch(
        [encode_event_with_state(event, base_url, epoch, states.get(event.event_id)) for event in events]
    )


async def _wait_for_news(context: RequestContext, wanted: EventFilter, page: FeedPage, seconds: float) -> FeedPage:
    """The first page that shows something, or, once the time is over, the last one that showed nothing.

    Waiting holds no thread and reads nothing: the live feed wakes it. A server that stops answers with what there is.
    """
    with suppress(TimeoutError):
        async with context.waits.limit(seconds), context.live.waiting(context.viewer.organisation_id) as waiter:
            while not page.events:
                if not page.full:
                    await waiter.wait_beyond(page.examined)
                # The key may have ended while it waited, and its member may see more or less.
                context = await context.authenticate_again()
                view = build_view(context, wanted)
                page = await context.live.load_page(view, page.examined, _find_limit(context.query))
    return page


def build_view(context: RequestContext, wanted: EventFilter) -> StreamView:
    """What the live feed shows to this viewer."""
    return StreamView(context.viewer, wanted, context.runtime.settings.base_url).seen_by(context.viewer)


def require_epoch(context: RequestContext, epoch: str | None) -> None:
    """Raise ProblemError 410 for a position of another log; one that names no epoch is not checked."""
    now = context.runtime.ledger.epoch
    if epoch not in (None, now):
        raise ProblemError("epoch_changed", f"the log's epoch is {now}: begin at `after=0`", allowed=(now,))


def beyond_the_head(pointer: str, head: int) -> ProblemError:
    """A 422 for a position that the organisation has not reached."""
    return field_error(pointer, f"this organisation has not reached that position; it is at {head}", where="query")


def build_filter(context: RequestContext, query: FilterQuery) -> EventFilter:
    """What the query narrows the feed down to."""
    return EventFilter(
        types=tuple(query.types),
        subject=_resolve_subject(context, query.subject),
        team=context.resolve_id("team", query.team) if query.team is not None else None,
    )


def _load_page(context: RequestContext, wanted: EventFilter, after: int) -> FeedPage:
    return context.runtime.feed.load_page(context.viewer, after, _find_limit(context.query), wanted)


def _find_limit(query: EventsQuery) -> int:
    return min(query.limit, LARGEST_STATE_PAGE) if query.include else query.limit


def _require_what_is_named(context: RequestContext, query: FilterQuery) -> None:
    """Raise ProblemError 404 for a team or stream that is not there, or whose events are not for this viewer."""
    require_references(context)
    stream_id = _resolve_subject(context, query.subject)
    if query.subject is None or stream_id is None:
        return
    kind, slash, _ = query.subject.partition("/")
    visibility = EventVisibility(context.runtime.ledger, context.viewer)
    if not any(visibility.includes(each, stream_id) for each in ([kind] if slash else AGGREGATES)):
        raise missing_stream("subject", ["stream"])


def _resolve_subject(context: RequestContext, subject: str | None) -> UUID | None:
    if subject is None:
        return None
    kind, slash, ref = subject.partition("/")
    if slash and kind in AGGREGATES and ref:
        return context.resolve_id(kind, ref)
    bare = as_uuid(subject)
    if bare is None:
        detail = "a stream: goal/<id or reference>, member/..., team/..."
        wrong = FieldError(pointer="/subject", detail=detail, in_="query")
        raise ProblemError(
            "invalid_field", detail, errors=(wrong,), allowed=tuple(f"{each}/..." for each in AGGREGATES)
        )
    return bare


def _respond(context: RequestContext, query: EventsQuery, page: FeedPage, body: bytes) -> HttpResponse:
    epoch = context.runtime.ledger.epoch
    given = msgspec.structs.asdict(query) | {"after": page.examined, "epoch": epoch}
    asked = {name: value for name, value in given.items() if value not in (None, [], 0.0) or name == "after"}
    headers = {
        "Link": f'<{encode_path(context.path)}?{urlencode(asked, doseq=True)}>; rel="next"',
        "Plimsoll-Position": str(page.examined),
        "Plimsoll-Epoch": epoch,
    }
    if page.immutable and query.epoch is not None and not query.include:
        # Without its epoch the same address has another answer once the log was restored.
        headers["Cache-Control"] = _IMMUTABLE
    return response_with_etag(body, media_type=BATCH_MEDIA_TYPE, headers=headers)


class EventType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One type of event and where its schema is."""

    type: str
    description: str
    dataschema: str
    #: Of a type that is recorded no more, or will not be: since when, from when, and what takes its place.
    deprecated_since: date | None = None
    sunset: date | None = None
    successor: str | None = None


def describe_event_types() -> list[EventType]:
    """Every type of event ever recorded, by name."""
    return [_describe_event_type(tag, event) for tag, event in sorted(EVENTS.items())]


def _describe_event_type(tag: str, event: type[Any]) -> EventType:
    deprecation = DEPRECATIONS.get(tag)
    return EventType(
        type=tag,
        description=_describe_event(event),
        dataschema=f"/v1/schemas/{tag}",
        deprecated_since=deprecation.since if deprecation is not None else None,
        sunset=deprecation.sunset if deprecation is not None else None,
        successor=deprecation.successor if deprecation is not None else None,
    )


def _describe_event(event: type[Any]) -> str:
    own = event.__dict__.get("__doc__") or ""
    return " ".join(own.split())


def build_published_schema(tag: str) -> dict[str, Any] | None:
    """JSON Schema (2020-12) of an event's `data`; None for an unknown type."""
    event = EVENTS.get(tag)
    if event is None:
        return None
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"/v1/schemas/{tag}",
        **({"deprecated": True} if tag in DEPRECATIONS else {}),
        **event_schema(event),
    }


class StreamQuery(FilterQuery, frozen=True, kw_only=True):
    """Which events, and from where on."""

    after: Annotated[
        Position | None,
        msgspec.Meta(description="Only events behind this position; where left out, only those that come."),
    ] = None


@query_route(
    "/v1/events/stream",
    Operation(
        id="streamEvents",
        summary="The organisation's events as they come, as server-sent events",
        tag="events",
        scopes=(READ,),
        query=StreamQuery,
        media=("text/event-stream",),
        codes=("not_found", "epoch_changed", "too_many_at_once", "overloaded"),
        weight=Weight.WAIT,
    ),
)
async def stream_events(context: RequestContext) -> StreamResponse:
    query: StreamQuery = context.query
    ledger, live = context.runtime.ledger, context.live
    epoch, after = _find_beginning(context, query)
    require_epoch(context, epoch)
    head = await live.load_head(context.viewer.organisation_id, at_least=after or 0)
    if after is not None and after > head:
        raise beyond_the_head("/after", head)
    wanted = build_filter(context, query)
    if wanted.narrows:
        await context.run_in_thread(Weight.LIGHT, _require_what_is_named, context, query)
    subscriber = StreamSubscriber(context.api_key, build_view(context, wanted), head if after is None else after)
    resources = AsyncExitStack()
    await resources.enter_async_context(context.hold(Weight.WAIT))
    return StreamResponse(
        produce=EventStream(ledger.epoch, live, context.waits, subscriber, head).produce,
        resources=resources,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Plimsoll-Epoch": ledger.epoch},
    )


def _find_beginning(context: RequestContext, query: StreamQuery) -> tuple[str | None, int | None]:
    """Epoch and position behind which a stream begins: where the client was, before what its address says."""
    last = context.headers.get("last-event-id", "")
    if not last:
        return query.epoch, query.after
    found = parse_event_id(last)
    if found is None:
        raise field_error("/Last-Event-ID", "the `id` of an event of this stream", where="header")
    return found[0] or query.epoch, found[1]


ROUTES: list[Route] = [pull_events, stream_events]
