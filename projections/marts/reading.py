"""Rows of marts for an export: what was known at one position, behind another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from domain.instants import to_micros
from domain.organisation.organisation import Organisation
from projections.as_of import AsOf
from projections.database.database import Database, to_id
from projections.database.tables import END_OF_TIME
from projections.engine.fold import LedgerReader
from projections.marts.columns import Mart
from projections.marts.deadlines import TurnDeadlines, turn_until_sql
from projections.marts.goal_events import FACT_GOAL_EVENT
from projections.marts.projection import IDENTITY_TABLES, MARTS_PROJECTION, TABLES
from projections.marts.registry import COMPUTED_MARTS
from projections.people import organisation_at

Row = tuple[Any, ...]


def read_rows(database: Database, as_of: AsOf, mart: Mart, *, after: int = 0, names: bool = False) -> Iterator[Row]:
    """The rows as stored, in the order of position: an instant as microseconds UTC, a boolean as 0 or 1.

    Those that events behind position `after` changed; a row that is no more comes as `deleted`, but for `after` 0.
    `names`: with what names people, else that is empty.
    """
    if mart.name in COMPUTED_MARTS:
        rows = COMPUTED_MARTS[mart.name][1](database, as_of, after)
        # A whole export has no deleted rows.
        return rows if after else (row for row in rows if not row[-1])
    params = {"organisation_id": str(as_of.organisation_id), "known": as_of.known_position, "after": after}
    pages = database.iterate(select_sql(mart, after=after, names=names), params)
    rows = (tuple(row) for page in pages for row in page)
    return add_deadlines(database, as_of, rows) if mart is FACT_GOAL_EVENT else rows


def select_sql(mart: Mart, *, after: int, names: bool) -> str:
    """The statement that reads a mart's table: parameters `organisation_id`, `known` (log position) and `after`."""
    apart = IDENTITY_TABLES.get(mart.name)
    columns = [_column_sql(name, mart, names=names) for name in mart.column_names]
    joined = ""
    if apart is not None and names:
        same = " AND ".join(f"i.{name} = m.{name}" for name in apart.key)
        joined = f" LEFT JOIN {apart.name} i ON {same}"
    return (
        f"SELECT {', '.join(columns)} FROM {TABLES[mart.name].name} m{joined}"
        " WHERE m.organisation_id = :organisation_id AND m.position > :after"
        " AND m.known_from <= :known AND m.known_to > :known"
        f"{'' if after else ' AND m.deleted = 0'} ORDER BY m.position, {', '.join(f'm.{name}' for name in mart.key)}"
    )


def _column_sql(name: str, mart: Mart, *, names: bool) -> str:
    if mart.find_column(name).personal != "identity":
        return f"m.{name}"
    return f"i.{name}" if names else f"NULL AS {name}"


_PLACES = {name: place for place, name in enumerate(FACT_GOAL_EVENT.column_names)}


def add_deadlines(database: Database, as_of: AsOf, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of `fact_goal_event` with the days that the policy sets."""
    since, until, rule, stopped, at = (
        _PLACES[name] for name in ("turn_since", "turn_until", "turn_rule", "turn_stopped_days", "occurred_at")
    )
    deadlines: TurnDeadlines | None = None
    for row in rows:
        if row[stopped] is None:
            yield row
            continue
        deadlines = deadlines or _load_deadlines(database, as_of)
        day = deadlines.find_day(row[rule], row[since], row[stopped], row[at])
        yield (*row[:until], day, *row[until + 1 :])


def _load_deadlines(database: Database, as_of: AsOf) -> TurnDeadlines:
    organisation = organisation_at(database, as_of) or Organisation(id=as_of.organisation_id, name="")
    return TurnDeadlines(organisation, as_of.tzinfo)


# --- PostgreSQL's own text -------------------------------------------------------------------------------------------


def copy_rows(database: Database, as_of: AsOf, mart: Mart, *, after: int, names: bool) -> Iterator[bytes] | None:
    """The rows that `read_rows` gives as CSV of PostgreSQL's COPY; None where that cannot be had."""
    if database.dialect != "postgresql" or mart.name in COMPUTED_MARTS:
        return None
    sql = select_sql(mart, after=after, names=names)
    if mart is FACT_GOAL_EVENT:
        # The policy of the event's time, as it was known.
        policies = (
            "LEFT JOIN mart_dim_policy p ON p.organisation_id = m.organisation_id AND m.turn_stopped_days IS NOT NULL"
            " AND p.known_from <= :known AND p.known_to > :known"
            " AND (p.valid_from IS NULL OR p.valid_from <= m.occurred_at)"
            " AND (p.valid_to IS NULL OR p.valid_to > m.occurred_at)"
        )
        sql = sql.replace("m.turn_until", f"{turn_until_sql('m', 'p')} AS turn_until", 1)
        sql = sql.replace(" WHERE ", f" {policies} WHERE ", 1)
    params = {"organisation_id": str(as_of.organisation_id), "known": as_of.known_position, "after": after}
    return database.copy_csv(sql, params)


# --- only what had happened by then ----------------------------------------------------------------------------------

#: Streams that are read and folded at a time.
_STREAMS = 200


def read_rows_as_of(
    reader: LedgerReader, database: Database, as_of: AsOf, mart: Mart, *, names: bool = False
) -> Iterator[Row]:
    """The rows as they are where nothing is known of what happened after `as_of`, stream by stream.

    Folded from the log anew: no table holds them.
    """
    if mart.name in COMPUTED_MARTS:
        yield from (row for row in COMPUTED_MARTS[mart.name][1](database, as_of, 0) if not row[-1])
        return
    rows = _fold_as_of(reader, database, as_of, mart, names=names)
    yield from add_deadlines(database, as_of, rows) if mart is FACT_GOAL_EVENT else rows


def _fold_as_of(reader: LedgerReader, database: Database, as_of: AsOf, mart: Mart, *, names: bool) -> Iterator[Row]:
    until = to_micros(as_of.at)
    hidden = [] if names else [n for n, column in enumerate(mart.columns) if column.personal == "identity"]
    for ids in _list_streams(database, as_of):
        streams = reader.read_streams(ids, as_of.known_position)
        for stream in ids:
            happened = [event for event in streams.get(stream, ()) if to_micros(event.occurred_at) <= until]
            for row in MARTS_PROJECTION.fold_whole(happened).get(mart.name, ()):
                if row[3] == END_OF_TIME and not row[-1]:
                    values = list(row[4:])
                    for place in hidden:
                        values[place] = None
                    yield tuple(values)


def _list_streams(database: Database, as_of: AsOf) -> Iterator[list[UUID]]:
    after = ""
    while True:
        params = {"organisation_id": str(as_of.organisation_id), "known": as_of.known_position, "rows": _STREAMS}
        condition = "" if not after else " AND stream_id > :after"
        rows = database.query(
            "SELECT DISTINCT stream_id FROM history WHERE organisation_id = :organisation_id AND known_from <= :known"
            f"{condition} ORDER BY stream_id LIMIT :rows",
            {**params, "after": after} if after else params,
        )
        if not rows:
            return
        yield [to_id(row.stream_id) for row in rows]
        after = rows[-1].stream_id
