"""Events out: one organisation's log as CloudEvents 1.0.2, pulled by position; and what each type looks like.

The feed is in commit order and gapless, so a follower by position misses nothing. A viewer who does not see
everything gets the events of what is visible; `Link: rel="next"` moves on past the rest.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, cast
from urllib.parse import urlencode

import msgspec
from litestar.concurrency import sync_to_thread

from domain.envelope import RecordedEvent
from domain.references import as_uuid
from domain.registry import AGGREGATES, EVENTS, EventData, event_schema
from services.api.context import RequestContext
from services.api.filters import EventTag, missing_stream
from services.api.http.problems import FieldError, ProblemError, field_error
from services.api.http.responses import HttpResponse, encode, response_with_etag
from services.api.operations import NoQuery, Operation, Route, query_route
from services.authorization import READ
from services.visibility.events import EventVisibility
from services.visibility.feed import FeedFilter, FeedPage, load_feed_page

BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
LARGEST_PAGE = 1000
#: Between two looks at the log while a pull waits for news.
_POLL_INTERVAL_S = 0.1
#: How long a pull passes over full pages of which its viewer sees nothing, also where it does not wait for news.
_SKIP_LIMIT_S = 0.5
_SEQUENCE_DIGITS = 20
SubjectText = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]


class EventsQuery(NoQuery, frozen=True, kw_only=True):
    """Which events, and how long to wait for the first."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**62, description="Only events behind this position.")] = 0
    types: Annotated[
        list[EventTag],
        msgspec.Meta(max_length=100, description="Any of these event types."),
    ] = msgspec.field(default_factory=list)
    subject: Annotated[
        SubjectText | None, msgspec.Meta(description="One stream: `goal/<id or reference>`, `member/...`, `team/...`.")
    ] = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = 100
    epoch: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")] | None = None
    timeout: Annotated[
        float, msgspec.Meta(ge=0, le=300, description="Seconds to wait for news, up to the server's limit.")
    ] = 0.0


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """CloudEvents 1.0.2, structured: the event's Struct as `data`, its envelope as attributes."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    #: Business time.
    time: datetime
    datacontenttype: str
    dataschema: str
    #: Position in the organisation's log, padded so that text sorts as numbers do.
    sequence: str
    partitionkey: str
    streamversion: int
    #: The log's: another one where it was restored from a copy.
    epoch: str
    recordedtime: datetime
    #: Where it came in: api, import, timer, worker.
    recordsource: str
    correlationid: str
    causationid: str | None = None
    authtype: str
    authid: str | None = None
    onbehalfof: str | None = None
    reasoncode: str | None = None
    reasontext: str | None = None
    data: EventData


def to_cloud_event(recorded: RecordedEvent, base_url: str, epoch: str) -> CloudEvent:
    """The event as everybody outside sees it."""
    reason = recorded.reason
    return CloudEvent(
        specversion="1.0",
        id=str(recorded.event_id),
        source=f"/organisations/{recorded.organisation_id}",
        type=recorded.type,
        subject=recorded.stream,
        time=recorded.occurred_at,
        datacontenttype="application/json",
        dataschema=f"{base_url}/v1/schemas/{recorded.type}",
        sequence=f"{recorded.position:0{_SEQUENCE_DIGITS}d}",
        partitionkey=recorded.stream,
        streamversion=recorded.version,
        epoch=epoch,
        recordedtime=recorded.recorded_at,
        recordsource=str(recorded.source),
        correlationid=str(recorded.correlation_id),
        causationid=str(recorded.causation_id) if recorded.causation_id else None,
        authtype="app_user" if recorded.actor else "system",
        authid=str(recorded.actor) if recorded.actor else None,
        onbehalfof=str(recorded.on_behalf_of) if recorded.on_behalf_of else None,
        reasoncode=str(reason.code) if reason else None,
        reasontext=_to_attribute(reason.text) if reason else None,
        data=cast("EventData", recorded.data),
    )


#: What CloudEvents 1.0.2 forbids in an attribute: controls, noncharacters, lone surrogates.
_FORBIDDEN_IN_ATTRIBUTES = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)


def _to_attribute(text: str) -> str | None:
    """People's words as an attribute holds them: blanks for what it may not hold; None where nothing is left."""
    return _FORBIDDEN_IN_ATTRIBUTES.sub(" ", text).strip() or None


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
    began = time.monotonic()
    deadline = began + min(query.timeout, context.runtime.settings.long_poll_limit_s)
    page = await sync_to_thread(_load_page, context, query.after)
    if query.epoch not in (None, context.runtime.ledger.epoch):
        now = context.runtime.ledger.epoch
        raise ProblemError("epoch_changed", f"the log's epoch is {now}: begin at `after=0`", allowed=(now,))
    if query.after > page.head:
        detail = f"this organisation has not reached that position; it is at {page.head}"
        raise field_error("/after", detail, where="query")
    # Waiting holds no thread: a thousand patient followers cost a thousand small timers.
    if not page.events and query.subject is not None:
        await sync_to_thread(_require_subject, context, query.subject)
    # A server that stops answers with what there is: nothing yet, and the position from which to go on.
    with suppress(TimeoutError):
        async with context.waits.limit(None):
            while not page.events and time.monotonic() < (
                max(deadline, began + _SKIP_LIMIT_S) if page.full else deadline
            ):
                if not page.full:
                    await asyncio.sleep(_POLL_INTERVAL_S)
                page = await sync_to_thread(_load_page, context, page.examined)
    return _respond(context, query, page)


def _load_page(context: RequestContext, after: int) -> FeedPage:
    query: EventsQuery = context.query
    wanted = FeedFilter(types=tuple(query.types), subject=_resolve_subject(context, query.subject))
    return load_feed_page(context.runtime.ledger, context.viewer, after, query.limit, wanted)


def _require_subject(context: RequestContext, subject: str) -> None:
    """Raise ProblemError 404 for a stream that is not there, or whose events are not for this viewer."""
    kind, slash, _ = subject.partition("/")
    stream_id, visibility = _resolve_subject(context, subject), EventVisibility(context.runtime.ledger, context.viewer)
    if not any(visibility.includes(each, stream_id) for each in ([kind] if slash else AGGREGATES)):
        raise missing_stream("subject", ["stream"])


def _resolve_subject(context: RequestContext, subject: str | None) -> Any:
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
