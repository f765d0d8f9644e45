"""One stored event of every tag ever written, kept as files: they must decode for ever.

`python -m tests.domain.golden write` adds the file of a tag that has none. It never touches one that is there: what
was stored once is not for us to edit. A tag that gives way to another keeps its file and gets an upcast.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import StoredEvent

from domain.envelope import Event, RecordedEvent, Source
from domain.reasons import Reason, ReasonCode
from domain.registry import EVENTS
from ledger.serialization import Mapper

FILES = Path(__file__).with_name("golden")
MAPPER = Mapper(EVENTS)

_ORGANISATION = UUID("01900000-0000-7000-8000-000000000001")
_STREAM = UUID("01900000-0000-7000-8000-000000000002")
_ACTOR = UUID("01900000-0000-7000-8000-000000000003")
_SUBJECT = UUID("01900000-0000-7000-8000-000000000004")
_EVENT = UUID("01900000-0000-7000-8000-000000000005")
_COMMAND = UUID("01900000-0000-7000-8000-000000000006")
_OTHER = UUID("01900000-0000-7000-8000-000000000007")


def golden_path(tag: str) -> Path:
    """Where the stored event of this tag is kept."""
    return FILES / f"{tag}.json"


def sample(event: type[Event]) -> Any:
    """An event of this class with every field filled, so that none can be renamed unseen."""
    return _fill(msgspec.inspect.type_info(event), "")


def to_recorded_event(data: Event) -> RecordedEvent:
    """The sample in a full envelope: on behalf of somebody, with a reason and both ids."""
    tag = str(type(data).__struct_config__.tag)
    return RecordedEvent(
        event_id=_EVENT,
        organisation_id=_ORGANISATION,
        stream=f"{tag.partition('.')[0]}/{_STREAM}",
        version=7,
        type=tag,
        occurred_at=datetime(2026, 3, 4, 9, 30, 0, 123456, tzinfo=UTC),
        recorded_at=datetime(2026, 3, 5, 10, 0, tzinfo=UTC),
        actor=_ACTOR,
        on_behalf_of=_SUBJECT,
        source=Source.IMPORT,
        causation_id=_COMMAND,
        correlation_id=_COMMAND,
        reason=Reason(code=ReasonCode.NEW_INFORMATION, text="a word of explanation"),
        position=40,
        log_position=400,
        data=data,
    )


def encode_sample(event: type[Event]) -> bytes:
    """The stored state of the sample, one JSON document, indented for people."""
    return msgspec.json.format(MAPPER.to_stored_event(to_recorded_event(sample(event))).state, indent=2) + b"\n"


def decode_golden(tag: str) -> RecordedEvent:
    """The kept event as today's code reads it."""
    state = msgspec.json.encode(msgspec.json.decode(golden_path(tag).read_bytes()))
    return MAPPER.to_domain_event(StoredEvent(_STREAM, 7, tag, state))


def write() -> list[str]:
    """Add the missing files; the tags that were added."""
    FILES.mkdir(exist_ok=True)
    missing = [tag for tag in EVENTS if not golden_path(tag).exists()]
    for tag in missing:
        golden_path(tag).write_bytes(encode_sample(EVENTS[tag]))
    return missing


def _fill(info: msgspec.inspect.Type, name: str) -> Any:
    match info:
        case msgspec.inspect.Metadata(type=inner):
            return _fill(inner, name)
        case msgspec.inspect.UnionType(types=types):
            return _fill(next(t for t in types if not isinstance(t, msgspec.inspect.NoneType)), name)
        case msgspec.inspect.StructType(cls=cls, fields=fields):
            return cls(**{field.name: _fill(field.type, field.encode_name) for field in fields})
        case msgspec.inspect.VarTupleType(item_type=item):
            return (_fill(item, name),)
        case msgspec.inspect.CollectionType(item_type=item):
            return [_fill(item, name)]
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            return {_fill(key, name): _fill(value, name)}
        case msgspec.inspect.LiteralType(values=values):
            return values[0]
        case msgspec.inspect.EnumType(cls=cls):
            return next(iter(cls))
        case msgspec.inspect.StrType(pattern=pattern):
            return f"some {name}" if pattern is None else _text_matching(pattern)
    return _PLAIN[type(info)]


def _text_matching(pattern: str) -> str:
    """A text for the few patterns that stored fields have: a quantity, a ratio, a condition's id."""
    from re import search

    return next(text for text in ("12.5", "0.5", "c1") if search(pattern, text))


_PLAIN: dict[type[msgspec.inspect.Type], Any] = {
    msgspec.inspect.UUIDType: _OTHER,
    msgspec.inspect.DateType: date(2026, 3, 27),
    msgspec.inspect.DateTimeType: datetime(2026, 3, 4, 9, 30, tzinfo=UTC),
    msgspec.inspect.IntType: 3,
    msgspec.inspect.BoolType: True,
}

if __name__ == "__main__":
    if sys.argv[1:] != ["write"]:
        raise SystemExit("usage: python -m tests.domain.golden write")
    sys.stdout.writelines(f"{added}\n" for added in write())
