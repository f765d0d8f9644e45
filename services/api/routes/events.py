"""Events out: one organisation's log as CloudEvents 1.0.2, pulled by position; and what each type looks like.

The feed is in commit order and gapless, so a follower by position misses nothing. A viewer who does not see
everything gets the events of what is visible; `Link: rel="next"` moves on past the rest.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar.concurrency import sync_to_thread

from domain.references import as_uuid
from domain.registry import AGGREGATES, EVENTS, event_schema
from services.api.context import RequestContext
from services.api.filters import EventPattern, TeamReference, missing_stream, require_references
from services.api.http.problems import FieldError, ProblemError, field_error
from services.api.http.responses import HttpResponse, encode, response_with_etag
from services.api.operations import NoQuery, Operation, Route, query_route
from services.authorization import READ
from services.cloud_events import BATCH_MEDIA_TYPE, CloudEvent, to_cloud_event
from services.event_filter import EventFilter
from services.visibility.events import EventVisibility
from services.visibility.feed import FeedPage, load_feed_page

LARGEST_PAGE = 1000
#: Between two looks at the log while a pull waits for news.
_POLL_INTERVAL_S = 0.1
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
        codes=("not_found", "epoch_changed"),
    ),
)
async def pull_events(context: RequestContext) -> HttpResponse:
    query: EventsQuery = context.query
    require_epoch(context, query.epoch)
    began = time.monotonic()
    deadline = began + min(query.timeout, context.runtime.settings.long_poll_limit_s)
    wanted = build_filter(context, query)
    page = await sync_to_thread(_load_page, context, wanted, query.after)
    if query.after > page.head:
        raise beyond_the_head("/after", page.head)
    # Waiting holds no thread: a thousand patient followers cost a thousand small timers.
    if not page.events and wanted.narrows:
        await sync_to_thread(_require_what_is_named, context, query)
    # A server that stops answers with what there is: nothing yet, and the position from which to go on.
    with suppress(TimeoutError):
        async with context.waits.limit(None):
            while not page.events and time.monotonic() < (
                max(deadline, began + _SKIP_LIMIT_S) if page.full else deadline
            ):
                if not page.full:
                    await asyncio.sleep(_POLL_INTERVAL_S)
                page = await sync_to_thread(_load_page, context, wanted, page.examined)
    return _respond(context, query, page)


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
    return load_feed_page(context.runtime.ledger, context.viewer, after, context.query.limit, wanted)


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


def _respond(context: RequestContext, query: EventsQuery, page: FeedPage) -> HttpResponse:
    epoch = context.runtime.ledger.epoch
    given = msgspec.structs.asdict(query) | {"after": page.examined, "epoch": epoch}
    asked = {name: value for name, value in given.items() if value not in (None, [], 0.0) or name == "after"}
    body = encode([to_cloud_event(event, context.base_url, epoch) for event in page.events])
    headers = {
        "Link": f'<{context.path}?{urlencode(asked, doseq=True)}>; rel="next"',
        "Plimsoll-Position": str(page.examined),
        "Plimsoll-Epoch": epoch,
    }
    if page.immutable and query.epoch is not None:
        # Without its epoch the same address has another answer once the log was restored.
        headers["Cache-Control"] = _IMMUTABLE
    return response_with_etag(body, media_type=BATCH_MEDIA_TYPE, headers=headers)


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of event and where its schema is."""

    type: str
    description: str
    dataschema: str


def describe_event_types() -> list[EventType]:
    """Every type of event ever recorded, by name."""
    return [
        EventType(type=tag, description=_describe_event(event), dataschema=f"/v1/schemas/{tag}")
        for tag, event in sorted(EVENTS.items())
    ]


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
        **event_schema(event),
    }


ROUTES: list[Route] = [pull_events]
