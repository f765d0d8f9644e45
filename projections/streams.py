"""Streams of one kind as a question sees them: one by its id, their versions, and lists, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from domain.errors import InvalidField
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements, query_by_ids, to_id
from projections.database.paging import (
    MAX_PAGE_SIZE,
    ORDER_BY_ID,
    Cursor,
    Order,
    RowSelection,
    decode_cursor,
    encode_cursor,
    page_sql,
)
from projections.database.sql import in_clause


def load_row(database: Database, as_of: AsOf, table: str, stream_id: UUID) -> Row | None:
    """One stream's `body` and `stream_version`, which counts all its events known by then.

    None where there is none (yet, at that time).
    """
    sql = named_statements("streams")["one"].replace(":table", table)
    rows = database.query(sql, {**as_of.params, "stream_id": str(stream_id)})
    return rows[0] if rows else None


def load_stream_versions(
    database: Database, params: Mapping[str, Any], file: str, stream_ids: Iterable[UUID]
) -> dict[UUID, int]:
    """Stream -> its version as it was known by then: what `If-Match` takes.

    `params`: an `AsOf`'s, or `organisation_id` and `known`; `file`: `sql/<file>.sql`, which has a statement `versions`.
    """
    wanted = sorted(set(map(str, stream_ids)))
    rows = query_by_ids(database, file, {"versions": wanted}, params)["versions"]
    return {to_id(row.stream_id): row.version for row in rows}


def load_versions_at(database: Database, as_of: AsOf, table: str, stream_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Stream -> the version that it had at the time asked about; for a question about now what `If-Match` takes."""
    marks, wanted = in_clause("id", sorted(map(str, stream_ids)))
    sql = named_statements("streams")["versions_at"].replace(":table", table).replace(":ids", marks)
    return {to_id(row.stream_id): row.version for row in database.query(sql, {**as_of.params, **wanted})}


def find_changed_streams(database: Database, as_of: AsOf, table: str, after: int) -> frozenset[UUID]:
    """The streams in force that have an event behind this log position."""
    condition, changed = as_of.changed_after(table, after)
    sql = f"SELECT stream_id FROM {table} WHERE {as_of.predicate} AND {condition}"
    return frozenset(to_id(row.stream_id) for row in database.query(sql, {**as_of.params, **changed}))


class VisibilityFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What of a list its reader may see: what concerns the member, and what is of the teams; each list says which."""

    member: UUID
    teams: frozenset[UUID]


def query_by_id(  # noqa: PLR0913 - what is listed, and from where on
    database: Database,
    as_of: AsOf,
    selection: RowSelection,
    params: Mapping[str, Any],
    *,
    changed_after: int | msgspec.UnsetType = msgspec.UNSET,
    after: str,
    limit: int,
) -> list[Row]:
    """The rows behind an id, by id; `changed_after`: only streams with an event behind that log position."""
    conditions, bound = list[str](), {**as_of.params, **params, "rows": limit}
    if after:
        conditions, bound = ["stream_id > :after"], bound | {"after": after}
    if changed_after is not msgspec.UNSET:
        condition, changed = as_of.changed_after(selection.table, changed_after)
        conditions, bound = [*conditions, condition], bound | changed
    return database.query(page_sql(selection, as_of.disjoint_predicates, ORDER_BY_ID, *conditions), bound)


def query_page(  # noqa: PLR0913 - what is listed, in which order, and from where on
    database: Database,
    as_of: AsOf,
    selection: RowSelection,
    params: Mapping[str, Any],
    order: Order,
    *,
    changed_after: int | msgspec.UnsetType = msgspec.UNSET,
    question: str,
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """One page of rows, and the cursor of the next one; None: these were the last.

    Later pages see the same moment (`:at`, `:known`) as the first. `changed_after`: only streams with an event behind
    this log position.
    Raises `InvalidField` for a limit outside 1..200, or a cursor that another question gave.
    """
    if not 1 <= limit <= MAX_PAGE_SIZE:
        raise InvalidField(f"limit must be within 1..{MAX_PAGE_SIZE}", pointer="/limit")
    after = decode_cursor(cursor, question, number=order.number) if cursor else None
    conditions, bound = list[str](), {**as_of.params, **params, "rows": limit + 1}
    if changed_after is not msgspec.UNSET:
        condition, changed = as_of.changed_after(selection.table, changed_after)
        conditions, bound = [condition], bound | changed
    if after is not None:
        conditions.append(f"({order.key}, stream_id) {'<' if order.descending else '>'} (:key, :id)")
        bound |= {"at": after.at, "known": after.known, "key": after.key, "id": after.id}
    rows = database.query(page_sql(selection, as_of.disjoint_predicates, order, *conditions), bound)
    page = rows[:limit]
    if len(rows) <= limit:
        return page, None
    last = page[-1]
    return page, encode_cursor(Cursor(bound["at"], bound["known"], question, last.sort_key, last.stream_id))
