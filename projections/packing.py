"""Rows as PostgreSQL takes many at once: each column one array in binary form, whole columns at a time."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import Any

from ledger.packing import BigintArray, Packed, TextArray, UuidArray
from projections.tables import Column

_HEADER = struct.Struct(">iiiii").pack
_LENGTH = struct.Struct(">i").pack
_INTEGER = struct.Struct(">iq").pack
_NULL = _LENGTH(-1)
_SIXTEEN = _LENGTH(16)


def arrays(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> list[Packed]:
    """The columns of these rows, one or more. Raises `ValueError` for a value that its column cannot hold."""
    return [_array(column, values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)]


def _array(column: Column, values: tuple[Any, ...]) -> Packed:
    made, oid, plain = _KINDS.get(column.type, _TEXT)
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


def _uuids(values: tuple[Any, ...]) -> bytes:
    return b"".join(map(_uuid, values))


# A batch names the same organisation in every row, and the same streams and people in several tables.
@lru_cache(maxsize=16_384)
def _uuid(value: str) -> bytes:
    return _SIXTEEN + bytes.fromhex(value.replace("-", ""))


def _texts(values: tuple[Any, ...]) -> bytes:
    try:
        # UnicodeEncodeError is a ValueError: half of a surrogate pair is no text.
        encoded = [value.encode() for value in values]
    except AttributeError:
        encoded = [str(value).encode() for value in values]
    return b"".join(chain.from_iterable(zip(map(_LENGTH, map(len, encoded)), encoded, strict=True)))


#: What a column's values become: the array, the OID of one of them, and how they are put into bytes.
_TEXT: tuple[type[Packed], int, Callable[[tuple[Any, ...]], bytes]] = (TextArray, 25, _texts)
_KINDS = {"integer": (BigintArray, 20, _integers), "uuid": (UuidArray, 2950, _uuids)}
