"""A column of values as one PostgreSQL array in binary form: the driver's own way quotes and escapes each value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import Struct
from typing import Any, cast

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER = Struct(">iiiii")
_LENGTH = Struct(">i").pack
_NULL = _LENGTH(-1)
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


def _uuid(value: Any) -> bytes:  # noqa: ANN401  # a row's value
    return b"\x00\x00\x00\x10" + cast("bytes", value.bytes)


def _text(value: Any) -> bytes:  # noqa: ANN401  # a row's value
    data = cast("bytes", value.encode())
    return _LENGTH(len(data)) + data


def _bytea(value: Any) -> bytes:  # noqa: ANN401  # a row's value
    return _LENGTH(len(value)) + cast("bytes", value)


def _bigint(value: Any) -> bytes:  # noqa: ANN401  # a row's value
    return _INTEGER(8, value)


#: Type -> its array, its OID, the array's OID, one value with its length.
_KINDS: dict[str, tuple[type[Packed], int, int, Callable[[Any], bytes]]] = {
    "uuid": (UuidArray, 2950, 2951, _uuid),
    "text": (TextArray, 25, 1009, _text),
    "bytea": (ByteaArray, 17, 1001, _bytea),
    "bigint": (BigintArray, 20, 1016, _bigint),
}


def array(kind: str, values: Iterable[object]) -> Packed:
    """The values, one or more, as an array of a PostgreSQL type named in `ledger.recorders.Target`."""
    made, oid, _, encode = _KINDS[kind]
    parts = [_NULL if value is None else encode(value) for value in values]
    # One dimension; the server looks for nulls itself.
    return made(_HEADER.pack(1, 0, oid, len(parts), 1) + b"".join(parts))


for _kind in _KINDS.values():
    psycopg.adapters.register_dumper(_kind[0], type(f"{_kind[0].__name__}Dumper", (_PackedDumper,), {"oid": _kind[2]}))
