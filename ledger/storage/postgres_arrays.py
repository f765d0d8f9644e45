"""Columns of values as PostgreSQL arrays in binary form: the driver's own way quotes and escapes each value."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Self, cast
from uuid import UUID

import psycopg
from psycopg.abc import DumperKey
from psycopg.adapt import Dumper, PyFormat
from psycopg.pq import Format

_HEADER = struct.Struct(">iiiii").pack
_LENGTH = struct.Struct(">i").pack
_BIGINT = struct.Struct(">iq").pack
_NULL = _LENGTH(-1)
_UUID_LENGTH = _LENGTH(16)


class BinaryArray:
    """An array as it goes over the wire, and its type's OID."""

    __slots__ = ("data", "oid")

    def __init__(self, data: bytes, oid: int) -> None:
        self.data = data
        self.oid = oid


class _BinaryArrayDumper(Dumper):
    """Passes the bytes on as they are; the driver keeps one for each OID."""

    format = Format.BINARY

    def get_key(self, obj: BinaryArray, format: PyFormat) -> DumperKey:  # noqa: A002  # the driver's name for it
        return cast("DumperKey", (self.cls, obj.oid))

    def upgrade(self, obj: BinaryArray, format: PyFormat) -> Self:  # noqa: A002  # as above
        dumper = type(self)(self.cls)
        dumper.oid = obj.oid
        return dumper

    def dump(self, obj: BinaryArray) -> bytes:
        return obj.data


def register_binary_arrays(connection: psycopg.Connection[Any]) -> None:
    """Let the connection's cursors take `BinaryArray` parameters."""
    connection.adapters.register_dumper(BinaryArray, _BinaryArrayDumper)


# A comprehension for each kind, without a call for each value: a batch has thousands of them.


def _encode_uuids(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _UUID_LENGTH + value.int.to_bytes(16) for value in values]


def _encode_uuid_texts(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _encode_uuid_text(value) for value in values]


# A batch of rows names the same streams and people in several tables.
@lru_cache(maxsize=16_384)
def _encode_uuid_text(value: str) -> bytes:
    return _UUID_LENGTH + UUID(value).bytes


def _encode_texts(values: Iterable[Any]) -> list[bytes]:
    try:
        # Half of a surrogate pair is no text: UnicodeEncodeError is a ValueError.
        return [_NULL if value is None else _LENGTH(len(data := value.encode())) + data for value in values]
    except AttributeError:
        # An id or a day in a column of text.
        return _encode_texts([None if value is None else str(value) for value in values])


def _encode_byteas(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _LENGTH(len(value)) + value for value in values]


def _encode_bigints(values: Iterable[Any]) -> list[bytes]:
    try:
        return [_NULL if value is None else _BIGINT(8, value) for value in values]
    except struct.error as error:
        raise ValueError(str(error)) from error


#: Type -> its OID, the array's OID, the values with their lengths.
_ARRAY_TYPES: dict[str, tuple[int, int, Callable[[Iterable[Any]], list[bytes]]]] = {
    "uuid": (2950, 2951, _encode_uuids),
    #: Ids in their 36 characters.
    "spelled uuid": (2950, 2951, _encode_uuid_texts),
    "text": (25, 1009, _encode_texts),
    "bytea": (17, 1001, _encode_byteas),
    "bigint": (20, 1016, _encode_bigints),
}


def encode_array(kind: str, values: Sequence[object]) -> BinaryArray:
    """The values, one or more, as an array of a PostgreSQL type named in `ledger.storage.protocol.InsertTarget`.

    Raises `ValueError` for a value that such a column cannot hold.
    """
    oid, array_oid, encode = _ARRAY_TYPES[kind]
    count, first = len(values), values[0]
    # A column of one value, as an organisation or an instant is, is encoded once.
    same = first is values[-1] and values.count(first) == count
    parts = encode((first,)) * count if same else encode(values)
    # One dimension; the server looks for nulls itself, and refuses them where there must be none.
    return BinaryArray(_HEADER(1, 0, oid, count, 1) + b"".join(parts), array_oid)
