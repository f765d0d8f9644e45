"""The texts of PostgreSQL's statements, and what goes with them over the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from ledger.storage.postgres_arrays import BinaryArray, encode_array
from ledger.storage.protocol import (
    EVENTS,
    IDEMPOTENCY_INSERT,
    IDEMPOTENCY_UPSERT,
    IMPORT_ROWS,
    STREAM_INDEX,
    TUPLE_LIST_MACRO,
    Append,
    Head,
    InsertTarget,
    Row,
    load_queries,
)

#: What tells the statements of two appends apart: tables, and how a row that is there already is met.
Shape = tuple[tuple[str, str], ...]

_TARGETS = {
    (target.table, target.conflict): target
    for target in (EVENTS, STREAM_INDEX, IDEMPOTENCY_UPSERT, IDEMPOTENCY_INSERT, IMPORT_ROWS)
}
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
    return tuple((target.table, target.conflict) for target, _ in append.rows)


def append_if_head_params(head: Head, append: Append) -> list[object]:
    """What goes with `attempt_text`."""
    moved = [head.log_position, head.recorded_at, head.log_position + append.events, append.recorded_at]
    return [*moved, *append_params(append)]


def append_params(append: Append) -> list[object]:
    return [column for target, rows in append.rows for column in encode_columns(target, rows)]


@cache
def append_sql(shape: Shape, *, moves_head: bool) -> bytes:
    inserts = [insert_sql(_TARGETS[table, conflict]) for table, conflict in shape]
    # Neither the head's row nor two tables' rows depend on one another, so the order is the server's to choose.
    last = _MOVE_HEAD if moves_head else inserts.pop()
    parts = ", ".join(f"part_{n} AS ({insert})" for n, insert in enumerate(inserts))
    return f"WITH {parts} {last}".encode() if parts else last.encode()


@cache
def append_if_head_sql(shape: Shape) -> bytes:
    # Each part first asks whether the head was moved, which takes its lock before any other. The row is compared as it
    # is once it is locked (READ COMMITTED): nothing is written behind a head that another has moved meanwhile. A head
    # that another holds is not waited for here: whoever waits for it can still step out of the line.
    inserts = [insert_sql(_TARGETS[of], only_if="EXISTS (SELECT FROM head)") for of in shape]
    trusted = "single = 1 AND log_position = %s AND recorded_at = %s"
    parts = [
        f"ours AS (SELECT FROM ledger_head WHERE {trusted} FOR UPDATE SKIP LOCKED)",
        f"head AS ({_MOVE_HEAD} AND EXISTS (SELECT FROM ours) RETURNING 1)",
        *(f"part_{n} AS ({insert})" for n, insert in enumerate(inserts)),
    ]
    return f"WITH {', '.join(parts)} SELECT count(*) FROM head".encode()
