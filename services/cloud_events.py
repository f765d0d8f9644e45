"""Events as CloudEvents 1.0.2: the shape that the feed, the stream, webhooks and brokers send."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, cast
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from domain.instants import encode_json, format_instant
from domain.registry import DEPRECATIONS, Deprecation, EventData
from ledger.serialization import EventText, LogRecord

MEDIA_TYPE = "application/cloudevents+json"
BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
_SEQUENCE_DIGITS = 20
#: Characters of an instant with microseconds, in UTC.
_INSTANT_LENGTH = len("2026-03-04T12:00:00.000000Z")
_WHOLE_SECOND_LENGTH = len("2026-03-04T12:00:00Z")
_ENCODER = msgspec.json.Encoder()
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


#: An event to be sent: reduced to what its viewer sees, or whole, as it is stored.
AnyEvent = RecordedEvent | LogRecord


def encode_event(event: AnyEvent, base_url: str, epoch: str) -> bytes:
    """The event as JSON of one line: the same bytes of its record as of the decoded event."""
    if isinstance(event, RecordedEvent):
        return encode_json(to_cloud_event(event, base_url, epoch))
    text = event.read_text()
    if text is None or event.topic in DEPRECATIONS:
        return encode_json(to_cloud_event(event.decode(), base_url, epoch))
    return _format_event(text, event.position, base_url, epoch)


def encode_event_with_state(event: RecordedEvent, base_url: str, epoch: str, state: bytes | None) -> bytes:
    """The event; `state` (JSON) becomes a member of its data."""
    encoded = encode_event(event, base_url, epoch)
    # `data` is the last member, and an object that has at least its type.
    return encoded if state is None else b'%s,"state":%s}}' % (encoded[:-2], state)


def encode_binary(recorded: RecordedEvent, base_url: str, epoch: str) -> tuple[dict[str, str], bytes]:
    """The event in binary content mode: its attributes but the content type, as texts, and the JSON of its data."""
    event = to_cloud_event(recorded, base_url, epoch)
    attributes = {
        name: _to_text(value)
        for name, value in msgspec.structs.asdict(event).items()
        if value is not None and name not in ("data", "datacontenttype")
    }
    return attributes, encode_json(event.data)


def _to_text(value: object) -> str:
    """An attribute's canonical text (CloudEvents 1.0.2, 3.1)."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def encode_batch(encoded: Iterable[bytes]) -> bytes:
    """Encoded events as `application/cloudevents-batch+json`."""
    return b"[%s]" % b",".join(encoded)


def _format_event(text: EventText, position: int, base_url: str, epoch: str) -> bytes:
    """What `encode_json(to_cloud_event(...))` gives, without a Struct and without parsing what is text already.

    Ids, tags and instants need no escapes in JSON; addresses and people's words are encoded.
    """
    header, reason = text.header, text.reason
    source, schema = _encode_addresses(header.organisation_id, header.type, base_url)
    optional = f'"causationid":"{header.causation_id}",' if header.causation_id else ""
    optional += f'"authtype":"app_user","authid":"{header.actor}"' if header.actor else '"authtype":"system"'
    if header.on_behalf_of:
        optional += f',"onbehalfof":"{header.on_behalf_of}"'
    if header.key_id:
        optional += f',"keyid":"{header.key_id}"'
    if reason is not None:
        optional += f',"reasoncode":"{reason.code}"'
        if words := _to_attribute(reason.text):
            optional += f',"reasontext":{_ENCODER.encode(words).decode()}'
    attributes = (
        f'{{"specversion":"1.0","id":"{header.event_id}","source":{source},"type":"{header.type}",'
        f'"subject":"{header.stream}","time":"{_format_instant_text(header.occurred_at)}",'
        f'"datacontenttype":"application/json","dataschema":{schema},'
        f'"sequence":"{position:0{_SEQUENCE_DIGITS}d}","partitionkey":"{header.stream}",'
        f'"streamversion":{header.version},"epoch":"{epoch}",'
        f'"recordedtime":"{_format_instant_text(header.recorded_at)}","recordsource":"{header.source}",'
        f'"correlationid":"{header.correlation_id}",{optional},"data":'
    )
    return b"%s%s}" % (attributes.encode(), encode_json(text.data))


def _format_instant_text(stored: str) -> str:
    """A stored instant as `format_instant` has it: whole seconds are stored without a fraction."""
    if len(stored) == _INSTANT_LENGTH:
        return stored
    if len(stored) == _WHOLE_SECOND_LENGTH:
        return f"{stored[:-1]}.000000Z"
    return format_instant(datetime.fromisoformat(stored))


@lru_cache(maxsize=1024)
def _encode_addresses(organisation_id: str, tag: str, base_url: str) -> tuple[str, str]:
    """`source` and `dataschema` as JSON."""
    addresses = (_organisation_path(UUID(organisation_id)), _schema_url(base_url, tag))
    source, schema = (_ENCODER.encode(address).decode() for address in addresses)
    return source, schema
