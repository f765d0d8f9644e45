"""Instants as whole microseconds since 1970-01-01T00:00:00Z, exactly; and the one form in which they leave us."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENCODER = msgspec.json.Encoder()
#: An instant without a fraction, or with an offset. It may stand in a text too: then what follows changes nothing.
_OTHER_FORM = re.compile(rb'T\d\d:\d\d:\d\d(?:Z|(?:\.\d{6})?[+-]\d\d:\d\d)"')


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
        _with_formatted_instants(msgspec.to_builtins(value, builtin_types=(datetime,), str_keys=True))
    )


def _with_formatted_instants(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _with_formatted_instants(member) for name, member in value.items()}
    if kind is list or kind is tuple:
        return [_with_formatted_instants(member) for member in value]
    return format_instant(value) if kind is datetime else value
