"""Events as CloudEvents 1.0.2: the shape that the feed, the stream, webhooks and brokers send."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, cast
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from domain.instants import encode_json, format_instant
from domain.registry import EventData

BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
_SEQUENCE_DIGITS = 20
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
    data: EventData


def to_cloud_event(recorded: RecordedEvent, base_url: str, epoch: str) -> CloudEvent:
    """The event as everybody outside sees it."""
    reason = recorded.reason
    return CloudEvent(
        specversion="1.0",
        id=recorded.event_id,
        source=_organisation_path(recorded.organisation_id),
        type=recorded.type,
        subject=recorded.stream,
        time=format_instant(recorded.occurred_at),
        datacontenttype="application/json",
        dataschema=f"{base_url}/v1/schemas/{recorded.type}",
        sequence=f"{recorded.position:0{_SEQUENCE_DIGITS}d}",
        partitionkey=recorded.stream,
        streamversion=recorded.version,
        epoch=epoch,
        recordedtime=format_instant(recorded.recorded_at),
        recordsource=str(recorded.source),
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
    return _FORBIDDEN_IN_ATTRIBUTES.sub(" ", text).strip() or None


def encode_event(recorded: RecordedEvent, base_url: str, epoch: str) -> bytes:
    """The event as JSON of one line."""
    return encode_json(to_cloud_event(recorded, base_url, epoch))


def encode_batch(events: Iterable[RecordedEvent], base_url: str, epoch: str) -> bytes:
    """Events as `application/cloudevents-batch+json`; each by itself: one with a short instant slows no other."""
    return b"[%s]" % b",".join([encode_event(event, base_url, epoch) for event in events])
