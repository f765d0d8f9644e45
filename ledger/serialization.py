"""Event <-> stored event. The Struct is the stored form (JSON) and its tag is the topic: moving a class breaks nothing.

Stored state: `{"header": {...}, "data": {...}, "sealed": {"key_id", "subject", "texts": {pointer: text}}}`. The header
is the whole envelope. Texts declared personal, the reason's words included, are in the sealed part only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.persistence import JSONTranscoder, MapperDeserialisationError, StoredEvent
from eventsourcing.persistence import Mapper as LibraryMapper

from domain.envelope import Event, Instant, RecordedEvent, Source
from domain.personal import PERSONAL
from domain.reasons import Reason
from ledger.storage.protocol import Row, row_uuid

#: One step: a field's stored name, or ANY_ITEM for the items of an array.
ANY_ITEM = None
FieldPath = tuple[str | None, ...]


class PersonalTexts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The sealed part of a stored event."""

    #: The key that sealed the texts; null while the seal is the identity.
    key_id: UUID | None
    #: The member whose texts these are, by whose key they will be sealed.
    subject: UUID | None
    #: JSON pointer into the stored event -> text.
    texts: dict[str, str]


class PersonalFields(msgspec.Struct, frozen=True):
    """Where a class keeps personal text, and whose it is: its author's, or the member's whose stream it is."""

    paths: tuple[FieldPath, ...]
    of_member: bool
    #: Fields that are such a text themselves: the attribute, its pointer and its default.
    plain: tuple[tuple[str, str, object], ...] = ()
    #: Attributes that hold such texts further inside, or that cannot be left out.
    deep: tuple[str, ...] = ()


@cache
def personal_fields(cls: type[Any]) -> PersonalFields:
    """The personal fields of an event class; raises TypeError where one event would mix two subjects' texts."""
    found = list(_find_personal(msgspec.inspect.type_info(cls), ()))
    subjects = {subject for _, subject in found}
    if len(subjects) > 1:
        raise TypeError(f"{cls.__name__} mixes personal text of its author and of the member: split the event")
    paths = tuple(path for path, _ in found)
    fields = {field.encode_name: field for field in msgspec.structs.fields(cls)}
    plain = [p[0] for p in paths if len(p) == 1 and p[0] is not None and fields[p[0]].default is not msgspec.NODEFAULT]
    return PersonalFields(
        paths,
        of_member="member" in subjects,
        plain=tuple((fields[name].name, f"/data/{name}", fields[name].default) for name in plain),
        deep=tuple({fields[p[0]].name: None for p in paths if p[0] is not None and p[0] not in plain}),
    )


def _find_personal(info: msgspec.inspect.Type, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    match info:
        case msgspec.inspect.Metadata(type=inner, extra=extra):
            if extra and PERSONAL in extra:
                yield path, str(extra[PERSONAL])
            else:
                yield from _find_personal(inner, path)
        case msgspec.inspect.UnionType(types=types):
            for each in types:
                yield from _find_personal(each, path)
        case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.ListType(item_type=item):
            yield from _find_personal(item, (*path, ANY_ITEM))
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield from _find_personal(field.type, (*path, field.encode_name))


def extract_shallow(event: Any, plan: PersonalFields) -> tuple[Any, dict[str, str]] | None:  # noqa: ANN401  # any event's class
    """The event without its personal texts, and these as `extract` finds them; None where any lies further inside.

    Most events have one text or none, and need not be taken apart.
    """
    for name in plan.deep:
        if getattr(event, name) not in (None, ()):
            return None
    texts: dict[str, str] = {}
    silent: dict[str, object] = {}
    for name, pointer, unsaid in plan.plain:
        text = getattr(event, name)
        if text != unsaid:
            texts[pointer], silent[name] = text, unsaid
    return (msgspec.structs.replace(event, **silent) if texts else event), texts


def extract(document: object, paths: tuple[FieldPath, ...], root: str) -> dict[str, str]:
    """Remove the personal texts from `document` (builtins, changed in place); pointer -> text."""
    texts: dict[str, str] = {}
    for path in paths:
        _extract_at(document, path, root, texts)
    return texts


def _extract_at(
    node: Any,  # noqa: ANN401  # decoded JSON
    path: FieldPath,
    pointer: str,
    texts: dict[str, str],
) -> None:
    step, rest = path[0], path[1:]
    if step is ANY_ITEM:
        for index, item in enumerate(node or ()):
            if rest:
                _extract_at(item, rest, f"{pointer}/{index}", texts)
            else:
                # The place in the list stays: other items keep their pointers.
                texts[f"{pointer}/{index}"] = item
                node[index] = ""
    elif isinstance(node, dict) and node.get(step) is not None:
        if rest:
            _extract_at(node[step], rest, f"{pointer}/{step}", texts)
        else:
            texts[f"{pointer}/{step}"] = node.pop(step)


def restore(
    document: Any,  # noqa: ANN401  # decoded JSON
    texts: dict[str, str],
) -> None:
    """Put each text back to where its pointer says (builtins, changed in place)."""
    for pointer, text in texts.items():
        *steps, last = pointer.split("/")[1:]
        node = document
        for step in steps:
            node = node[int(step)] if isinstance(node, list) else node[step]
        if isinstance(node, list):
            node[int(last)] = text
        else:
            node[last] = text


#: How the data (builtins) of a retired tag becomes that of the tag that replaced it.
Upcast = tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]

_REASON_TEXT = "/header/reason/text"
_NO_TEXTS: Mapping[str, str] = {}


E = TypeVar("E", bound=Event)


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The envelope as stored; `RecordedEvent` without its data."""

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
    external_source: str | None = None
    #: Of the API key that said it; that of the sealed part is another.
    key_id: UUID | None = None
    position: int
    log_position: int


class StoredState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The stored state; data stays raw until its class is known."""

    header: Header
    data: msgspec.Raw
    sealed: PersonalTexts | None = None


class _StoredForWriting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`StoredState` for encoding, data included."""

    header: Header
    data: Any
    sealed: PersonalTexts | None = None


class HeaderText(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The envelope with ids and instants as the texts that are stored: to be sent on they need not be parsed."""

    event_id: str
    organisation_id: str
    stream: str
    version: int
    type: str
    occurred_at: str
    recorded_at: str
    actor: str | None
    on_behalf_of: str | None
    source: str
    causation_id: str | None
    correlation_id: str
    reason: Reason | None
    key_id: str | None = None


class EventText(msgspec.Struct, frozen=True, gc=False):
    """An event to be sent on: its envelope as text, its words restored."""

    header: HeaderText
    reason: Reason | None
    data: Event


class _Texts(msgspec.Struct, frozen=True, gc=False):
    """`PersonalTexts` without whose they are."""

    texts: dict[str, str]


class _StoredAsText(msgspec.Struct, Generic[E], frozen=True, kw_only=True, gc=False):
    """`StoredState` for sending on."""

    header: HeaderText
    data: E
    sealed: _Texts | None = None


class _StoredForReading(msgspec.Struct, Generic[E], frozen=True, kw_only=True, gc=False):
    """`StoredState` for decoding, data included."""

    header: Header
    data: E
    sealed: PersonalTexts | None = None


_ENCODER = msgspec.json.Encoder()
_STORED_DECODER = msgspec.json.Decoder(StoredState)
_RECORDED_AT, _POSITION = b'"recorded_at":', b'"position":'
_BUILTINS_DECODER = msgspec.json.Decoder(dict[str, Any])


class Mapper(LibraryMapper[UUID]):
    """Maps `domain.envelope.RecordedEvent` to and from the library's stored event."""

    def __init__(self, events: Mapping[str, type[Event]], upcasts: Mapping[str, Upcast] | None = None) -> None:
        super().__init__(transcoder=JSONTranscoder())
        self._events = events
        self._upcasts = upcasts or {}
        self._personal_fields: dict[str, PersonalFields] = {tag: personal_fields(cls) for tag, cls in events.items()}
        self._decoders: dict[str, msgspec.json.Decoder[_StoredForReading[Any]]] = {
            # mypy cannot know that a variable's value is a class.
            tag: msgspec.json.Decoder(_StoredForReading[cls])  # type: ignore[valid-type]
            for tag, cls in events.items()
            if _optional_fields(cls).issuperset(path[0] for path in self._personal_fields[tag].paths)
        }
        #: Made where a tag is first met: a start needs none of them (0033).
        self._text_decoders: dict[str, msgspec.json.Decoder[_StoredAsText[Any]]] = {}

    def to_stored_event(self, recorded: RecordedEvent) -> StoredEvent:  # type: ignore[override]  # our event is a Struct
        """The stored form, personal texts set apart."""
        return StoredEvent(recorded.stream_id, recorded.version, recorded.type, self.encode_state(recorded))

    def encode_state(self, recorded: RecordedEvent) -> bytes:
        """The stored state alone, personal texts set apart."""
        plan, reason = self._personal_fields[recorded.type], recorded.reason
        texts: dict[str, str] = {}
        data: Any = recorded.data
        if plan.paths:
            lifted = extract_shallow(data, plan)
            if lifted is not None:
                data, texts = lifted
            else:
                # Not `to_builtins`: that leaves tuples, and a text inside one could not be taken out.
                data = _BUILTINS_DECODER.decode(_ENCODER.encode(data))
                texts = extract(data, plan.paths, "/data")
        if reason is not None and reason.text:
            texts[_REASON_TEXT] = reason.text
            reason = Reason(code=reason.code)
        sealed: PersonalTexts | None = None
        if texts:
            subject = recorded.stream_id if plan.of_member else recorded.party
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
            external_source=recorded.external_source,
            key_id=recorded.key_id,
            position=recorded.position,
            log_position=recorded.log_position,
        )
        return _ENCODER.encode(_StoredForWriting(header=header, data=data, sealed=sealed))

    def to_domain_event(self, stored_event: StoredEvent) -> RecordedEvent:  # type: ignore[override]  # our event is a Struct
        """The event as it was recorded; a retired tag is read as the one that replaced it.

        Raises `MapperDeserialisationError` for what cannot be read.
        """
        try:
            return self._decode(stored_event.topic, stored_event.state)
        except (msgspec.MsgspecError, KeyError, LookupError) as error:
            raise MapperDeserialisationError(
                f"cannot read event {stored_event.topic!r}, version {stored_event.originator_version} of "
                f"{stored_event.originator_id}: {error!r}"
            ) from error

    def _decode(self, tag: str, state: bytes) -> RecordedEvent:
        decoder = self._decoders.get(tag)
        if decoder is None:
            return self._decode_slowly(tag, state)
        try:
            read = decoder.decode(state)
        except msgspec.ValidationError:
            return self._decode_slowly(tag, state)
        texts = read.sealed.texts if read.sealed is not None else _NO_TEXTS
        if not _restore_shallow(read.data, texts):
            return self._decode_slowly(tag, state)
        return _build_recorded_event(read.header, tag, _with_words(read.header.reason, texts), read.data)

    def read_text(self, tag: str, state: bytes) -> EventText | None:
        """The event to be sent on; None for one that only `to_domain_event` can read.

        Ids and instants are not parsed, a third of the work; and nothing is kept that the cyclic collector looks at,
        which for a page of a thousand decoded events takes as long again (0060).
        """
        decoder = self._text_decoders.get(tag) or self._open_text_decoder(tag)
        if decoder is None:
            return None
        try:
            read = decoder.decode(state)
        except msgspec.ValidationError:
            return None
        texts = read.sealed.texts if read.sealed is not None else _NO_TEXTS
        if not _restore_shallow(read.data, texts):
            return None
        return EventText(read.header, _with_words(read.header.reason, texts), read.data)

    def _open_text_decoder(self, tag: str) -> msgspec.json.Decoder[_StoredAsText[Any]] | None:
        if tag not in self._decoders:
            return None
        cls = self._events[tag]
        decoder: msgspec.json.Decoder[_StoredAsText[Any]]
        decoder = msgspec.json.Decoder(_StoredAsText[cls])  # type: ignore[valid-type]  # as above
        self._text_decoders[tag] = decoder
        return decoder

    def _decode_slowly(self, tag: str, state: bytes) -> RecordedEvent:
        """Any event: one of a retired tag, one that is no whole without its texts, one with texts further inside."""
        stored = _STORED_DECODER.decode(state)
        reason = stored.header.reason
        texts = stored.sealed.texts if stored.sealed else {}
        if reason is not None and _REASON_TEXT in texts:
            reason = Reason(code=reason.code, text=texts[_REASON_TEXT])
        data = _BUILTINS_DECODER.decode(stored.data)
        restore(
            data, {pointer.removeprefix("/data"): text for pointer, text in texts.items() if pointer != _REASON_TEXT}
        )
        while tag in self._upcasts:
            tag, upcast = self._upcasts[tag]
            data = {**upcast(data), "type": tag}
        return _build_recorded_event(stored.header, tag, reason, msgspec.convert(data, self._events[tag]))


def _restore_shallow(data: Event, texts: Mapping[str, str]) -> bool:
    """Put the texts back into an event that was just decoded, so that nothing else refers to it.

    False where one lies further inside.
    """
    for pointer, words in texts.items():
        if pointer == _REASON_TEXT:
            continue
        name = _top_level_field(pointer)
        if name not in data.__struct_fields__:
            return False
        msgspec.structs.force_setattr(data, name, words)
    return True


def _with_words(reason: Reason | None, texts: Mapping[str, str]) -> Reason | None:
    words = texts.get(_REASON_TEXT)
    return reason if reason is None or words is None else Reason(code=reason.code, text=words)


def _optional_fields(cls: type[Event]) -> frozenset[str]:
    """The fields without which an event can be decoded, and that are stored under their own names.

    Not by `msgspec.structs.fields`: that resolves each annotation: 6 ms for all events at each opening of a ledger.
    """
    names, stored, defaults = cls.__struct_fields__, cls.__struct_encode_fields__, cls.__struct_defaults__
    # Defaults belong to the last fields.
    first = len(names) - len(defaults)
    return frozenset(
        name
        for name, encoded, default in zip(names[first:], stored[first:], defaults, strict=True)
        if default is not msgspec.NODEFAULT and name == encoded
    )


@lru_cache(maxsize=1024)
def _top_level_field(pointer: str) -> str:
    """The field of an event's data that a pointer names; empty where it leads further inside."""
    _, root, *steps = pointer.split("/")
    return steps[0] if root == "data" and len(steps) == 1 else ""


def _build_recorded_event(header: Header, tag: str, reason: Reason | None, data: Event) -> RecordedEvent:
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
        external_source=header.external_source,
        key_id=header.key_id,
        position=header.position,
        log_position=header.log_position,
        data=data,
    )


def with_log_position(state: bytes, *, recorded_at: datetime, position: int, log_position: int) -> bytes:
    """The stored state with its place in the log: staged events get theirs when they are appended.

    The bytes that stand for it are exchanged, as others wait for the log meanwhile: to decode and encode the header
    takes longer. No text before them can hold such a name: a text's quotes are escaped.
    """
    instant = state.index(_RECORDED_AT) + len(_RECORDED_AT)
    behind = state.index(b'"', instant + 1) + 1
    places = state.index(_POSITION, behind) + len(_POSITION)
    end = state.index(b"}", places)
    placed = b'%d,"log_position":%d' % (position, log_position)
    return b"".join((state[:instant], _ENCODER.encode(recorded_at), state[behind:places], placed, state[end:]))


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """An event as it is stored, not decoded: what is sent on as it is, or is not shown, need not be."""

    stream_id: UUID
    version: int
    topic: str
    state: bytes
    #: The organisation's.
    position: int
    mapper: Mapper
    #: What is shown of the event, where that was read already: its data may be reduced.
    text: EventText | None = None

    @property
    def kind(self) -> str:
        """The aggregate kind of its stream: a tag begins with it, that of a retired type too."""
        return self.topic.partition(".")[0]

    def decode(self) -> RecordedEvent:
        """The event as it was recorded, or as it is shown."""
        event = self.mapper.to_domain_event(StoredEvent(self.stream_id, self.version, self.topic, self.state))
        return event if self.text is None else msgspec.structs.replace(event, data=self.text.data)

    def read_text(self) -> EventText | None:
        """The event to be sent on; None where it has to be decoded."""
        return self.text or self.mapper.read_text(self.topic, self.state)

    def with_text(self, text: EventText) -> LogRecord:
        """The record that shows this, and no more."""
        return msgspec.structs.replace(self, text=text)


def read_records(rows: Iterable[Row], mapper: Mapper) -> list[LogRecord]:
    """The records in rows of (stream id, version, topic, state, position)."""
    return [
        LogRecord(row_uuid(stream_id), version, topic, bytes(state), position, mapper)
        for stream_id, version, topic, state, position in rows
    ]


def decode_events(rows: Iterable[Row], mapper: Mapper) -> list[RecordedEvent]:
    """The events in rows of (stream id, version, topic, state)."""
    return [
        mapper.to_domain_event(StoredEvent(row_uuid(stream_id), version, topic, bytes(state)))
        for stream_id, version, topic, state in rows
    ]
