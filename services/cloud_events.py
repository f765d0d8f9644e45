"""Events as CloudEvents 1.0.2: the shape that the feed, the stream, webhooks and brokers send."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, cast
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from domain.instants import encode_json, format_instant
from domain.registry import DEPRECATIONS, Deprecation, EventData

MEDIA_TYPE = "application/cloudevents+json"
BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
_SEQUENCE_DIGITS = 20
#: Event -> JSON of what its stream is after it; nobody asked.
NO_STATES: Mapping[UUID, bytes] = {}
#: Written out by us: msgspec leaves out the fraction of a whole second, and mending that costs ten times more.
InstantText = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """CloudEvents 1.0.2, structured: the event's Struct as `data`, its envelope as attributes."""

    specversion: str
    id: UUID
    source: str
    type: str
    subject: str
    #: Business time.
    time: InstantText
    datacontenttype: str
    dataschema: str
    #: Position in the organisation's log, padded so that text sorts as numbers do.
    sequence: str
    partitionkey: str
    streamversion: int
    #: The log's: another one where it was restored from a copy.
    epoch: str
    recordedtime: InstantText
    #: Where it came in: api, import, timer, worker.
    recordsource: str
    correlationid: UUID
    causationid: UUID | None = None
    authtype: str
    authid: UUID | None = None
    onbehalfof: UUID | None = None
    #: The API key with which it was made.
    keyid: UUID | None = None
    reasoncode: str | None = None
    reasontext: str | None = None
    #: Of a type that is to be sent no more: that it is, since when, until when, and the schema of what takes its place.
    deprecated: bool | None = None
    deprecationfrom: InstantText | None = None
    deprecationsunset: InstantText | None = None
    deprecationmigration: str | None = None
    data: EventData


def to_cloud_event(recorded: RecordedEvent, base_url: str, epoch: str) -> CloudEvent:
    """The event as consumers receive it."""
    reason = recorded.reason
    event = CloudEvent(
        specversion="1.0",
        id=recorded.event_id,
        source=_organisation_path(recorded.organisation_id),
        type=recorded.type,
        subject=recorded.stream,
        time=format_instant(recorded.occurred_at),
        datacontenttype="application/json",
        dataschema=_schema_url(base_url, recorded.type),
        sequence=f"{recorded.position:0{_SEQUENCE_DIGITS}d}",
        partitionkey=recorded.stream,
        streamversion=recorded.version,
        epoch=epoch,
        recordedtime=format_instant(recorded.recorded_at),
        recordsource=recorded.source.value,
        correlationid=recorded.correlation_id,
        causationid=recorded.causation_id,
        authtype="app_user" if recorded.actor else "system",
        authid=recorded.actor,
        onbehalfof=recorded.on_behalf_of,
        keyid=recorded.key_id,
        reasoncode=str(reason.code) if reason else None,
        reasontext=_to_attribute(reason.text) if reason else None,
        data=cast("EventData", recorded.data),
    )
    deprecation = DEPRECATIONS.get(recorded.type)
    return event if deprecation is None else _with_deprecation(event, deprecation, base_url)


def _with_deprecation(event: CloudEvent, deprecation: Deprecation, base_url: str) -> CloudEvent:
    successor = deprecation.successor
    return msgspec.structs.replace(
        event,
        deprecated=True,
        deprecationfrom=format_instant(_begin_of(deprecation.since)),
        deprecationsunset=format_instant(_begin_of(deprecation.sunset)) if deprecation.sunset is not None else None,
        deprecationmigration=f"{base_url}/v1/schemas/{successor}" if successor is not None else None,
    )


def _begin_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@lru_cache(maxsize=1024)
def _schema_url(base_url: str, tag: str) -> str:
    return f"{base_url}/v1/schemas/{tag}"


@lru_cache(maxsize=256)
def _organisation_path(organisation_id: UUID) -> str:
    return f"/organisations/{organisation_id}"


#: What CloudEvents 1.0.2 forbids in an attribute: controls, noncharacters, lone surrogates.
_FORBIDDEN_IN_ATTRIBUTES = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)


def _to_attribute(text: str) -> str | None:
    """People's words as an attribute holds them: blanks for what it may not hold; None where nothing is left."""
    # What Python calls printable holds nothing that is forbidden; asking costs a tenth of looking for it.
    return (text if text.isprintable() else _FORBIDDEN_IN_ATTRIBUTES.sub(" ", text)).strip() or None


def encode_event(recorded: RecordedEvent, base_url: str, epoch: str, state: bytes | None = None) -> bytes:
    """The event as JSON of one line; `state` (JSON) becomes a member of its data."""
    encoded = encode_json(to_cloud_event(recorded, base_url, epoch))
    # `data` is the last member, and an object that has at least its type.
    return encoded if state is None else b'%s,"state":%s}}' % (encoded[:-2], state)


def encode_batch(
    events: Iterable[RecordedEvent], base_url: str, epoch: str, states: Mapping[UUID, bytes] = NO_STATES
) -> bytes:
    """Events as `application/cloudevents-batch+json`.

    Each is encoded by itself: an instant in another form makes `encode_json` slow, and so for one event only.
    """
    return b"[%s]" % b",".join([encode_event(event, base_url, epoch, states.get(event.event_id)) for event in events])
