"""Events as CloudEvents 1.0.2: the shape that the feed, the stream, webhooks and brokers send."""

from __future__ import annotations

import re
from datetime import datetime
from typing import cast

import msgspec

from domain.envelope import RecordedEvent
from domain.registry import EventData

BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
_SEQUENCE_DIGITS = 20


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
