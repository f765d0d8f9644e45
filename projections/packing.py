"""Rows as PostgreSQL takes many at once: each column one array in binary form, whole columns at a time."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

from ledger.packing import BigintArray, Packed, TextArray
from projections.tables import Column

_HEADER = struct.Struct(">iiiii").pack
_LENGTH = struct.Struct(">i").pack
_INTEGER = struct.Struct(">iq").pack
_NULL = _LENGTH(-1)
_TEXT_OID, _BIGINT_OID = 25, 20


def arrays(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> list[Packed]:
    """The columns of these rows, one or more. Raises `ValueError` for a value that its column cannot hold."""
    return [_array(column, values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)]


def _array(column: Column, values: tuple[Any, ...]) -> Packed:
    integers = column.type == "integer"
    made, oid, plain = (BigintArray, _BIGINT_OID, _integers) if integers else (TextArray, _TEXT_OID, _texts)
    # One dimension; the server looks for nulls itself, and refuses them where there must be none.
    header = _HEADER(1, 0, oid, len(values), 1)
    if None in values:
        return made(header + b"".join(_NULL if value is None else plain((value,)) for value in values))
    return made(header + plain(values))


def _integers(values: tuple[Any, ...]) -> bytes:
    try:
        return b"".join(map(_INTEGER, repeat(8), values))
    except struct.error as error:
        raise ValueError(str(error)) from error


def _texts(values: tuple[Any, ...]) -> bytes:
    try:
        # UnicodeEncodeError is a ValueError: half of a surrogate pair is no text.
        encoded = [value.encode() for value in values]
    except AttributeError:
        encoded = [str(value).encode() for value in values]
    return b"".join(chain.from_iterable(zip(map(_LENGTH, map(len, encoded)), encoded, strict=True)))
