"""A column of values as one PostgreSQL array in binary form: the driver's own way quotes and escapes each value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import Struct
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER = Struct(">iiiii")
_LENGTH = Struct(">i").pack
_NULL = _LENGTH(-1)
_SIXTEEN = _LENGTH(16)
_INTEGER = Struct(">iq").pack


class Packed:
    """An array as it goes over the wire."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class UuidArray(Packed):
    """A `uuid[]`."""

    __slots__ = ()


class TextArray(Packed):
    """A `text[]`."""

    __slots__ = ()


class ByteaArray(Packed):
    """A `bytea[]`."""

    __slots__ = ()


class BigintArray(Packed):
    """A `bigint[]`."""

    __slots__ = ()


class _PackedDumper(Dumper):
    """Hands the bytes over as they are."""

    format = Format.BINARY

    def dump(self, obj: Packed) -> bytes:
        return obj.data


# A comprehension for each kind, nothing called for each value but what makes its bytes: a batch has thousands of them.


def _uuids(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _SIXTEEN + value.int.to_bytes(16) for value in values]


def _texts(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _LENGTH(len(data := value.encode())) + data for value in values]


def _byteas(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _LENGTH(len(value)) + value for value in values]


def _bigints(values: Iterable[Any]) -> list[bytes]:
    return [_NULL if value is None else _INTEGER(8, value) for value in values]


#: Type -> its array, its OID, the array's OID, the values with their lengths.
_KINDS: dict[str, tuple[type[Packed], int, int, Callable[[Iterable[Any]], list[bytes]]]] = {
    "uuid": (UuidArray, 2950, 2951, _uuids),
    "text": (TextArray, 25, 1009, _texts),
    "bytea": (ByteaArray, 17, 1001, _byteas),
    "bigint": (BigintArray, 20, 1016, _bigints),
}


def array(kind: str, values: Iterable[object]) -> Packed:
    """The values, one or more, as an array of a PostgreSQL type named in `ledger.recorders.Target`."""
    made, oid, _, encode = _KINDS[kind]
    parts = encode(values)
    # One dimension; the server looks for nulls itself.
    return made(_HEADER.pack(1, 0, oid, len(parts), 1) + b"".join(parts))


for _kind in _KINDS.values():
    psycopg.adapters.register_dumper(_kind[0], type(f"{_kind[0].__name__}Dumper", (_PackedDumper,), {"oid": _kind[2]}))
