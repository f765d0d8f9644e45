"""The texts of SQLite's statements, and their parameters in SQLite's types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from ledger.storage.protocol import (
    OPTIMISTIC_TARGETS,
    TUPLE_LIST_MACRO,
    Append,
    Head,
    InsertTarget,
    Row,
    load_queries,
)


@cache
def query_sql(name: str) -> str:
    text = re.sub(r"\bIN (:\w+)", r"IN (SELECT value FROM json_each(\1))", load_queries()[name])
    return TUPLE_LIST_MACRO.sub(_expand_tuple_list, text)


def _expand_tuple_list(found: re.Match[str]) -> str:
    columns = (f"json_extract(value, '$[{n}]') AS c{n + 1}" for n in range(len(found["types"].split())))
    return f"(SELECT {', '.join(columns)} FROM json_each({found['mark']})) AS wanted"


def encode_params(params: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _encode_list(value) if isinstance(value, list) else to_sqlite(value) for name, value in params.items()
    }


def to_sqlite(value: object) -> object:
    """UUIDs as their 32 digits; anything else as it is."""
    return value.hex if isinstance(value, UUID) else value


#: Made once: `json.dumps` makes an encoder for each call that names a default.
_encode_list = json.JSONEncoder(default=to_sqlite).encode


@cache
def insert_sql(target: InsertTarget) -> str:
    """The statement for one row."""
    marks = ", ".join("?" * len(target.columns))
    return f"INSERT INTO {target.table} ({', '.join(target.columns)}) VALUES ({marks}) {target.conflict}"


@cache
def insert_all_sql(target: InsertTarget, source: str = "?") -> str:
    """The statement for any number of rows, which `rows_as_json` encodes."""
    values = ((f"json_extract(value, '$[{place}]')", kind) for place, kind in enumerate(target.columns.values()))
    selected = ", ".join(f"CAST({value} AS BLOB)" if kind == "bytea" else value for value, kind in values)
    # Without the WHERE, what follows could be a join's ON.
    return (
        f"INSERT INTO {target.table} ({', '.join(target.columns)}) "
        f"SELECT {selected} FROM json_each({source}) WHERE true {target.conflict}"
    )


def rows_as_json(target: InsertTarget, rows: Iterable[Row]) -> str:
    """Rows as one value."""
    return msgspec.json.encode(list(encode_rows(target, rows, blobs_as_text=True))).decode()


def encode_rows(target: InsertTarget, rows: Iterable[Row], *, blobs_as_text: bool = False) -> Iterator[list[Any]]:
    """The rows with their UUIDs as SQLite has them; the columns' types tell which values those are."""
    kinds = list(enumerate(target.columns.values()))
    uuids = [place for place, kind in kinds if kind == "uuid"]
    blobs = [place for place, kind in kinds if kind == "bytea" and blobs_as_text]
    for row in rows:
        encoded = list(row)
        for place in uuids:
            encoded[place] = to_sqlite(encoded[place])
        for place in blobs:
            encoded[place] = None if encoded[place] is None else encoded[place].decode()
        yield encoded


# --- optimistic append ---------------------------------------------------------------------------------------------

APPEND_IF_HEAD = "INSERT INTO appending VALUES (?, ?, ?, ?, ?, ?, ?)"


def append_if_head_setup() -> tuple[str, str]:
    """The view and trigger by which `APPEND_IF_HEAD` compares the head and writes everything, or nothing, in one step.

    One statement is one transaction, begun with the file's write lock before anything is compared, and releases the
    interpreter lock once instead of five times. View and trigger are temporary: they exist in this connection only.
    """
    names = [target.table for target in OPTIMISTIC_TARGETS]
    columns = ", ".join(f"NULL AS {name}" for name in ("log_position", "recorded_at", "moved_to", "moved_at", *names))
    ours = "single = 1 AND log_position = NEW.log_position AND recorded_at = NEW.recorded_at"
    steps = [
        f"SELECT RAISE(ABORT, 'the head has moved') WHERE NOT EXISTS (SELECT 1 FROM ledger_head WHERE {ours})",
        *(insert_all_sql(target, f"NEW.{target.table}") for target in OPTIMISTIC_TARGETS),
        "UPDATE ledger_head SET log_position = NEW.moved_to, recorded_at = NEW.moved_at WHERE single = 1",
    ]
    return (
        f"CREATE TEMP VIEW appending AS SELECT {columns}",
        f"CREATE TEMP TRIGGER append INSTEAD OF INSERT ON appending BEGIN {'; '.join(steps)}; END",
    )


def append_if_head_params(head: Head, append: Append) -> tuple[int | str, ...]:
    """The parameters of `APPEND_IF_HEAD`."""
    rows = {target.table: rows_as_json(target, some) for target, some in append.rows}
    moved = (head.log_position, head.recorded_at, head.log_position + append.events, append.recorded_at)
    return (*moved, *(rows.get(target.table, "[]") for target in OPTIMISTIC_TARGETS))
