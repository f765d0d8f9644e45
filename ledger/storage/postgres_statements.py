"""The texts of PostgreSQL's statements, their parameters in binary form, and how they are prepared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import count
from typing import cast

import psycopg
from psycopg import pq

from ledger.storage.postgres_arrays import BinaryArray, encode_array
from ledger.storage.protocol import (
    TUPLE_LIST_MACRO,
    Append,
    Head,
    InsertTarget,
    Row,
    load_queries,
)

#: What an append's statement depends on.
Shape = tuple[InsertTarget, ...]

_MOVE_HEAD = "UPDATE ledger_head SET log_position = %s, recorded_at = %s WHERE single = 1"


def encode_columns(target: InsertTarget, rows: Iterable[Row]) -> list[BinaryArray]:
    columns = zip(*rows, strict=True)
    return [encode_array(kind, values) for kind, values in zip(target.columns.values(), columns, strict=True)]


@cache
def query_sql(name: str) -> bytes:
    text = re.sub(r"\bIN (:\w+)", r"= ANY(\1)", load_queries()[name].replace("%", "%%"))
    return TUPLE_LIST_MACRO.sub(_expand_tuple_list, re.sub(r":(\w+)", r"%(\1)s", text)).encode()


def _expand_tuple_list(found: re.Match[str]) -> str:
    types, name = found["types"].split(), found["mark"].removeprefix("%(").removesuffix(")s")
    arrays = (f"%({name}_{n})s::{kind}[]" for n, kind in enumerate(types, start=1))
    names = (f"c{n}" for n in range(1, len(types) + 1))
    return f"unnest({', '.join(arrays)}) AS wanted({', '.join(names)})"


def insert_sql(target: InsertTarget, only_if: str = "true") -> str:
    arrays = ", ".join(f"%s::{kind}[]" for kind in target.columns.values())
    columns = ", ".join(target.columns)
    return f"INSERT INTO {target.table} ({columns}) SELECT * FROM unnest({arrays}) WHERE {only_if} {target.conflict}"


def shape_of(append: Append) -> Shape:
    return tuple(target for target, _ in append.rows)


def append_if_head_params(head: Head, append: Append) -> list[object]:
    """The parameters of `append_if_head_sql`."""
    moved = [head.log_position, head.recorded_at, head.log_position + append.events, append.recorded_at]
    return [*moved, *append_params(append)]


def append_params(append: Append) -> list[object]:
    return [column for target, rows in append.rows for column in encode_columns(target, rows)]


@cache
def append_sql(shape: Shape, *, moves_head: bool) -> bytes:
    inserts = [insert_sql(target) for target in shape]
    # Neither the head's row nor two tables' rows depend on one another, so the order is the server's to choose.
    last = _MOVE_HEAD if moves_head else inserts.pop()
    parts = ", ".join(f"part_{n} AS ({insert})" for n, insert in enumerate(inserts))
    return f"WITH {parts} {last}".encode() if parts else last.encode()


@cache
def append_if_head_sql(shape: Shape) -> bytes:
    # Each part depends on the head's update, so the head is locked before any other row. The row is compared as it is
    # once it is locked (READ COMMITTED): nothing is written behind a head that another writer has moved meanwhile. A
    # head that another writer holds is not waited for here: commands in the queue can still be cancelled.
    inserts = [insert_sql(target, only_if="EXISTS (SELECT FROM head)") for target in shape]
    expected = "single = 1 AND log_position = %s AND recorded_at = %s"
    parts = [
        f"ours AS (SELECT FROM ledger_head WHERE {expected} FOR UPDATE SKIP LOCKED)",
        f"head AS ({_MOVE_HEAD} AND EXISTS (SELECT FROM ours) RETURNING 1)",
        *(f"part_{n} AS ({insert})" for n, insert in enumerate(inserts)),
    ]
    return f"WITH {', '.join(parts)} SELECT count(*) FROM head".encode()


class PreparedStatements:
    """The statements that one connection has prepared, by their text.

    libpq sends them as they are: the driver's cursor takes 80 us longer for each statement, and a batch has three.
    """

    def __init__(self, connection: pq.abc.PGconn) -> None:
        self._connection = connection
        self._names: dict[bytes, bytes] = {}

    def prepare(self, sql: bytes) -> bytes:
        """The statement's name; the first call prepares it and waits for the server."""
        name = self._names.get(sql)
        if name is None:
            name, marks = b"append_%d" % len(self._names), count(1)
            parts = sql.split(b"%s")
            text = parts[0] + b"".join(b"$%d%s" % (next(marks), part) for part in parts[1:])
            raise_for_error(self._connection, self._connection.prepare(name, text))
            self._names[sql] = name
        return name

    def execute(self, sql: bytes, params: list[object]) -> None:
        """Run a statement, prepared if need be; raises psycopg's errors."""
        connection = self._connection
        try:
            raise_for_error(connection, connection.exec_prepared(self.prepare(sql), *encode_params(params)))
        except psycopg.errors.InvalidSqlStatementName as error:
            # A pooler, or an operator, has reset the session: the batch is decided and prepared once more.
            self._names.clear()
            raise psycopg.OperationalError(str(error)) from error


def execute_simple(connection: pq.abc.PGconn, sql: bytes) -> pq.abc.PGresult:
    """Run statements without parameters in one message; the last one's result. Raises psycopg's errors."""
    return raise_for_error(connection, connection.exec_(sql))


def raise_for_error(connection: pq.abc.PGconn, result: pq.abc.PGresult) -> pq.abc.PGresult:
    """The result of a statement that succeeded; raises `psycopg.Error` for any other."""
    if result.status in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        return result
    if connection.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError(f"the connection is lost: {connection.get_error_message()}")
    raise psycopg.errors.error_from_result(result)


def encode_params(params: Iterable[object]) -> tuple[list[bytes], list[pq.Format]]:
    """Integers as text, arrays in binary form."""
    arrays = [(value, isinstance(value, BinaryArray)) for value in params]
    values = [cast("BinaryArray", value).data if array else b"%d" % cast("int", value) for value, array in arrays]
    return values, [pq.Format.BINARY if array else pq.Format.TEXT for _, array in arrays]
