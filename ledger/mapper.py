"""Event <-> stored event. The Struct is the stored form (JSON) and its tag is the topic: moving a class breaks nothing.

Stored state: `{"header": {...}, "data": {...}, "sealed": {"key_id", "subject", "texts": {pointer: text}}}`. The header
is the whole envelope. Texts declared personal, the reason's words included, are in the sealed part only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.persistence import JSONTranscoder, MapperDeserialisationError, StoredEvent
from eventsourcing.persistence import Mapper as LibraryMapper

from domain.envelope import Event, Instant, RecordedEvent, Source
from domain.reasons import Reason
from ledger.sealing import PersonalFields, PersonalTexts, extract, extract_shallow, personal_fields, restore

#: How the data (builtins) of a retired tag becomes that of the tag that replaced it.
Upcast = tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]

_REASON_TEXT = "/header/reason/text"


E = TypeVar("E", bound=Event)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope as stored; `Recorded` without its data."""

    event_id: UUID
    organisation_id: UUID
    stream: str
    version: int
    type: str
    occurred_at: Instant
    recorded_at: Instant
    actor: UUID | None
    on_behalf_of: UUID | None
    source: Source
    causation_id: UUID | None
    correlation_id: UUID
    reason: Reason | None
    position: int
    log_position: int


class Stored(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The stored state; data stays raw until its class is known."""

    header: Header
    data: msgspec.Raw
    sealed: PersonalTexts | None = None


class _StoredForWriting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`Stored` on its way in: data is encoded along with it."""

    header: Header
    data: Any
    sealed: PersonalTexts | None = None


class _StoredForReading(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """`Stored` on its way out: data is decoded along with it."""

    header: Header
    data: E
    sealed: PersonalTexts | None = None


_ENCODER = msgspec.json.Encoder()
_STORED = msgspec.json.Decoder(Stored)
_BUILTINS = msgspec.json.Decoder(dict[str, Any])


class Mapper(LibraryMapper[UUID]):
    """Maps `domain.envelope.Recorded` to and from the library's stored event."""

    def __init__(self, events: Mapping[str, type[Event]], upcasts: Mapping[str, Upcast] | None = None) -> None:
        super().__init__(transcoder=JSONTranscoder())
        self._events = events
        self._upcasts = upcasts or {}
        self._plans: dict[str, PersonalFields] = {tag: personal_fields(cls) for tag, cls in events.items()}
        self._decoders: dict[str, msgspec.json.Decoder[_StoredForReading[Any]]] = {
            # mypy cannot know that a variable's value is a class.
            tag: msgspec.json.Decoder(_StoredForReading[cls])  # type: ignore[valid-type]
            for tag, cls in events.items()
            if _optional(cls).issuperset(path[0] for path in self._plans[tag].paths)
        }

    def to_stored_event(self, recorded: RecordedEvent) -> StoredEvent:  # type: ignore[override]  # our event is a Struct
        """The stored form, personal texts set apart."""
        return StoredEvent(recorded.stream_id, recorded.version, recorded.type, self.stored_state(recorded))

    def stored_state(self, recorded: RecordedEvent) -> bytes:
        """The stored state alone, personal texts set apart."""
        plan_, reason = self._plans[recorded.type], recorded.reason
        texts: dict[str, str] = {}
        data: Any = recorded.data
        if plan_.paths:
            lifted = extract_shallow(data, plan_)
            if lifted is not None:
                data, texts = lifted
            else:
                # Not `to_builtins`: that leaves tuples, and a text inside one could not be taken out.
                data = _BUILTINS.decode(_ENCODER.encode(data))
                texts = extract(data, plan_.paths, "/data")
        if reason is not None and reason.text:
            texts[_REASON_TEXT] = reason.text
            reason = Reason(code=reason.code)
        sealed: PersonalTexts | None = None
        if texts:
            subject = recorded.stream_id if plan_.of_member else recorded.party
            sealed = PersonalTexts(key_id=None, subject=subject, texts=texts)
        # Spelled out: this is done for each event, and a loop over the names takes twice as long.
        header = Header(
            event_id=recorded.event_id,
            organisation_id=recorded.organisation_id,
            stream=recorded.stream,
            version=recorded.version,
            type=recorded.type,
            occurred_at=recorded.occurred_at,
            recorded_at=recorded.recorded_at,
            actor=recorded.actor,
            on_behalf_of=recorded.on_behalf_of,
            source=recorded.source,
            causation_id=recorded.causation_id,
            correlation_id=recorded.correlation_id,
            reason=reason,
            position=recorded.position,
            log_position=recorded.log_position,
        )
        return _ENCODER.encode(_StoredForWriting(header=header, data=data, sealed=sealed))

    def to_domain_event(self, stored_event: StoredEvent) -> RecordedEvent:  # type: ignore[override]  # our event is a Struct
        """The event as it was recorded; a retired tag is read as the one that replaced it."""
        try:
            return self._recorded(stored_event.topic, stored_event.state)
        except (msgspec.MsgspecError, KeyError, LookupError) as error:
            raise MapperDeserialisationError(
                f"cannot read event {stored_event.topic!r}, version {stored_event.originator_version} of "
                f"{stored_event.originator_id}: {error!r}"
            ) from error

    def _recorded(self, tag: str, state: bytes) -> RecordedEvent:
        decoder = self._decoders.get(tag)
        if decoder is None:
            return self._decode_slowly(tag, state)
        try:
            read = decoder.decode(state)
        except msgspec.ValidationError:
            return self._decode_slowly(tag, state)
        reason, data = read.header.reason, read.data
        for pointer, words in read.sealed.texts.items() if read.sealed else ():
            if pointer == _REASON_TEXT and reason is not None:
                reason = Reason(code=reason.code, text=words)
            elif (name := _field(pointer)) in data.__struct_fields__:
                # Nobody has seen this event yet.
                msgspec.structs.force_setattr(data, name, words)
            else:
                return self._decode_slowly(tag, state)
        return _with_envelope(read.header, tag, reason, data)

    def _decode_slowly(self, tag: str, state: bytes) -> RecordedEvent:
        """Any event: one of a retired tag, one that is no whole without its texts, one with texts further inside."""
        stored = _STORED.decode(state)
        reason = stored.header.reason
        texts = stored.sealed.texts if stored.sealed else {}
        if reason is not None and _REASON_TEXT in texts:
            reason = Reason(code=reason.code, text=texts[_REASON_TEXT])
        data = _BUILTINS.decode(stored.data)
        restore(
            data, {pointer.removeprefix("/data"): text for pointer, text in texts.items() if pointer != _REASON_TEXT}
        )
        while tag in self._upcasts:
            tag, upcast = self._upcasts[tag]
            data = {**upcast(data), "type": tag}
        return _with_envelope(stored.header, tag, reason, msgspec.convert(data, self._events[tag]))


def _optional(cls: type[Event]) -> frozenset[str]:
    """The fields without which an event can be decoded, and that are stored under their own names."""
    return frozenset(f.name for f in msgspec.structs.fields(cls) if not f.required and f.name == f.encode_name)


@lru_cache(maxsize=1024)
def _field(pointer: str) -> str:
    """The field of an event's data that a pointer names; empty where it leads further inside."""
    _, root, *steps = pointer.split("/")
    return steps[0] if root == "data" and len(steps) == 1 else ""


def _with_envelope(header: Header, tag: str, reason: Reason | None, data: Event) -> RecordedEvent:
    # Spelled out, as above.
    return RecordedEvent(
        event_id=header.event_id,
        organisation_id=header.organisation_id,
        stream=header.stream,
        version=header.version,
        type=tag,
        occurred_at=header.occurred_at,
        recorded_at=header.recorded_at,
        actor=header.actor,
        on_behalf_of=header.on_behalf_of,
        source=header.source,
        causation_id=header.causation_id,
        correlation_id=header.correlation_id,
        reason=reason,
        position=header.position,
        log_position=header.log_position,
        data=data,
    )


def with_log_position(state: bytes, *, recorded_at: datetime, position: int, log_position: int) -> bytes:
    """The stored state with its place in the log: what was decided in staging learns its place when it is appended."""
    stored = _STORED.decode(state)
    header = msgspec.structs.replace(
        stored.header, recorded_at=recorded_at, position=position, log_position=log_position
    )
    return _ENCODER.encode(msgspec.structs.replace(stored, header=header))
