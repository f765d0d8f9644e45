"""Instants as whole microseconds since 1970-01-01T00:00:00Z, exactly; and the one form in which they leave us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENCODER = msgspec.json.Encoder()
#: An instant without a fraction, or with an offset. It may stand in a text too: then what follows changes nothing.
_OTHER_FORM = re.compile(rb'T\d\d:\d\d:\d\d(?:Z|(?:\.\d{6})?[+-]\d\d:\d\d)"')
#: A list or dict with more members is encoded in parts of about so many bytes: a thread that encodes one, and looks it
#: through, keeps the interpreter for half a millisecond.
_LONG, _PART_BYTES = 64, 65_536
#: Members of the first part; a part has at most twice as many as the one before.
_FIRST_PART = 4
#: Stands for a long list or dict while what holds it is encoded; JSON has no such byte.
_LEFT_OUT = b"\0"


def to_micros(instant: datetime) -> int:
    """The microseconds of an aware instant."""
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The UTC instant of these microseconds; raises `OverflowError` beyond the year 9999."""
    return _EPOCH + timedelta(microseconds=micros)


def format_instant(instant: datetime) -> str:
    """The instant in RFC 3339, always in this form: `2026-03-04T12:00:00.000000Z`."""
    # What was read from the store is in UTC already, and `astimezone` takes half of the time.
    in_utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"


def encode_json(value: Any) -> bytes:
    """Compact JSON of Structs and plain data, each instant as `format_instant` has it.

    msgspec leaves out a fraction of zero and keeps an offset; a reader would meet two forms in one column.
    """
    encoded = _ENCODER.encode(value)
    if _OTHER_FORM.search(encoded) is None:
        return encoded
    return _ENCODER.encode(
        _with_formatted_instants(msgspec.to_builtins(value, builtin_types=(datetime, msgspec.Raw), str_keys=True))
    )


def encode_json_parts(value: Any) -> Iterator[bytes]:
    """The bytes of `encode_json` in parts, of which none holds much of a long list or dict in a Struct or dict.

    While one is encoded no other thread has its turn: of a report of 25 MB, encoded and looked through as one, that
    were 130 ms.
    """
    if isinstance(value, msgspec.Struct):
        members = {name: getattr(value, name) for name in value.__struct_fields__}
    else:
        members = value if type(value) is dict else {}
    long = {name: member for name, member in members.items() if _is_long(member)}
    if not long:
        yield encode_json(value)
        return
    left_out = dict.fromkeys(long, msgspec.Raw(_LEFT_OUT))
    holder = value | left_out if type(value) is dict else msgspec.structs.replace(value, **left_out)
    first, *others = encode_json(holder).split(_LEFT_OUT)
    yield first
    for member, following in zip(long.values(), others, strict=True):
        yield from _encode_long(member)
        yield following


def _is_long(member: Any) -> bool:
    return type(member) in (list, tuple, dict) and len(member) > _LONG


def _encode_long(member: Any) -> Iterator[bytes]:
    """A list's or dict's parts: each is encoded as one, and loses its brackets to the whole."""
    whole = type(member)
    members, (opened, closed) = (iter(member.items()), b"{}") if whole is dict else (iter(member), b"[]")
    separator, count = bytes([opened]), _FIRST_PART
    while part := whole(islice(members, count)):
        yield separator
        encoded = encode_json(part)[1:-1]
        yield encoded
        separator, count = b",", max(1, min(count * _PART_BYTES // len(encoded), 2 * count))
    yield bytes([closed])


def _with_formatted_instants(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _with_formatted_instants(member) for name, member in value.items()}
    if kind is list or kind is tuple:
        return [_with_formatted_instants(member) for member in value]
    return format_instant(value) if kind is datetime else value
