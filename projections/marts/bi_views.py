"""Schema `bi` of PostgreSQL as SQL text: a view with a stable name over each mart, with a comment on every column.

The views are asked with the rights of who asks (`security_invoker`): the row security of the tables decides which
organisation's rows there are, and whether names are among them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from projections.database.tables import END_OF_TIME, SYSTEM_TIME, Table
from projections.marts.columns import ColumnType, Mart
from projections.marts.deadlines import instant_sql, turn_until_sql
from projections.marts.goal_events import FACT_GOAL_EVENT
from projections.marts.projection import IDENTITY_TABLES, MARTS_PROJECTION
from projections.marts.projection import TABLES as FOLDED_TABLES
from projections.marts.registry import MARTS, SNAPSHOT_TABLES
from projections.marts.snapshots import POSITIONS

SCHEMA = "bi"
#: Which role reads which organisation; the views of watermarks ask it.
GRANTS = f"{SCHEMA}.grants"
_CASTS: dict[ColumnType, str] = {"date": "date", "decimal": "numeric", "json": "json"}
_ORGANISATION = SYSTEM_TIME[0].comment
WATERMARK_COLUMNS = {
    "mart": "The mart.",
    "position": "The organisation's position of which its rows are.",
    "recorded_at": "When the event at that position was recorded.",
}
FRESHNESS_COLUMNS = {
    "position": "The position that every mart has reached.",
    "last_position": "The last position that the views have followed.",
    "events_behind": "How many events lie between the two.",
    "recorded_at": "When the event at `position` was recorded.",
    "is_current": "Nothing is missing in any mart of what the views have followed.",
}


def tables_of(mart: Mart) -> list[Table]:
    """The tables that the view of a mart reads."""
    if mart.name in SNAPSHOT_TABLES:
        return [SNAPSHOT_TABLES[mart.name]]
    found = [FOLDED_TABLES[mart.name]]
    if mart is FACT_GOAL_EVENT:
        found.append(FOLDED_TABLES["dim_policy"])
    if mart.name in IDENTITY_TABLES:
        found.append(IDENTITY_TABLES[mart.name])
    return found


def list_tables() -> dict[str, Table]:
    """Every table that a reader of the schema needs rights on, by name."""
    return {table.name: table for mart in MARTS.values() for table in tables_of(mart)}


#: Tables with names of members: rows of them are shown to roles that may see names.
NAMES_TABLES = frozenset(table.name for table in IDENTITY_TABLES.values())


def definition_digest() -> str:
    """Differs whenever the views, or the tables below them, would be others."""
    versions = [MARTS_PROJECTION.version, *(mart.version for mart in MARTS.values())]
    text = "\n".join([*list_statements("schema"), *map(str, versions)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def list_statements(tables_schema: str) -> Iterator[str]:
    """What creates the table of grants and every view, in a schema that is there; `tables_schema`: the tables' own."""
    yield (
        f"CREATE TABLE IF NOT EXISTS {GRANTS} (role text PRIMARY KEY, organisation_id uuid NOT NULL,"
        " names boolean NOT NULL, granted_at timestamptz NOT NULL DEFAULT now())"
    )
    yield f"ALTER TABLE {GRANTS} ADD COLUMN IF NOT EXISTS own_schema text"
    for mart in MARTS.values():
        yield f"CREATE VIEW {SCHEMA}.{mart.name} WITH (security_invoker = true) AS {_select(mart, tables_schema)}"
        yield f"COMMENT ON VIEW {SCHEMA}.{mart.name} IS {_quote(mart.comment)}"
        yield f"COMMENT ON COLUMN {SCHEMA}.{mart.name}.organisation_id IS {_quote(_ORGANISATION)}"
        for column in mart.columns[:-1]:
            unit = f" Unit: {column.unit}." if column.unit else ""
            yield f"COMMENT ON COLUMN {SCHEMA}.{mart.name}.{column.name} IS {_quote(column.comment + unit)}"
    yield from _watermark_statements(tables_schema)


def list_view_names() -> list[str]:
    """The views of the schema."""
    return [*MARTS, "watermark", "freshness"]


def _select(mart: Mart, schema: str) -> str:
    table, *more = tables_of(mart)
    columns = [f"m.{name}" if kind is None else _column(mart, name, kind) for name, kind in _columns(mart)]
    joined, where = "", ""
    if mart.name in FOLDED_TABLES:
        where = f" WHERE m.known_to = {END_OF_TIME} AND m.deleted = 0"
    for other in more:
        if other.name in NAMES_TABLES:
            same = " AND ".join(f"i.{name} = m.{name}" for name in other.key)
            joined += f" LEFT JOIN {schema}.{other.name} i ON {same}"
        else:
            joined += f" LEFT JOIN {schema}.{other.name} p ON {_policy_of_event()}"
    return f"SELECT {', '.join(columns)} FROM {schema}.{table.name} m{joined}{where}"


def _columns(mart: Mart) -> Iterator[tuple[str, ColumnType | None]]:
    yield "organisation_id", None
    for column in mart.columns[:-1]:
        yield column.name, column.type


def _column(mart: Mart, name: str, kind: ColumnType) -> str:
    if mart is FACT_GOAL_EVENT and name == "turn_until":
        return f"{turn_until_sql('m', 'p')} AS turn_until"
    source = f"i.{name}" if mart.find_column(name).personal == "identity" else f"m.{name}"
    if kind == "timestamp":
        return f"{instant_sql(source)} AS {name}"
    if kind == "boolean":
        return f"{source} = 1 AS {name}"
    return f"{source}::{_CASTS[kind]} AS {name}" if kind in _CASTS else source


def _policy_of_event() -> str:
    """The policy in force at an event `m`, as it is known now."""
    return (
        "p.organisation_id = m.organisation_id AND m.turn_stopped_days IS NOT NULL"
        f" AND p.known_to = {END_OF_TIME} AND p.deleted = 0"
        " AND (p.valid_from IS NULL OR p.valid_from <= m.occurred_at)"
        " AND (p.valid_to IS NULL OR p.valid_to > m.occurred_at)"
    )


def _watermark_statements(schema: str) -> Iterator[str]:
    """They read what the role that asks has no right to, so they name its organisation themselves."""
    folded = ", ".join(f"({_quote(name)})" for name in FOLDED_TABLES)
    reached = (
        f"SELECT g.organisation_id, v.mart, (SELECT h.position FROM {schema}.history h"
        " WHERE h.organisation_id = g.organisation_id AND h.known_from <= c.log_position"
        " ORDER BY h.position DESC LIMIT 1) AS position"
        f" FROM {GRANTS} g CROSS JOIN (VALUES {folded}) AS v (mart)"
        f" JOIN {schema}.projection_checkpoints c ON c.name = '{MARTS_PROJECTION.name}'"
        " WHERE g.role = current_user"
        " UNION ALL SELECT g.organisation_id, s.mart, s.position"
        f" FROM {GRANTS} g JOIN {schema}.{POSITIONS.name} s USING (organisation_id) WHERE g.role = current_user"
    )
    recorded = instant_sql("h.recorded_at")
    yield (
        f"CREATE VIEW {SCHEMA}.watermark WITH (security_barrier = true) AS"
        f" SELECT w.organisation_id, w.mart, w.position, {recorded} AS recorded_at FROM ({reached}) w"
        f" LEFT JOIN {schema}.history h ON h.organisation_id = w.organisation_id AND h.position = w.position"
    )
    yield (
        f"CREATE VIEW {SCHEMA}.freshness WITH (security_barrier = true) AS"
        " SELECT w.organisation_id, MIN(w.position) AS position, l.position AS last_position,"
        " l.position - MIN(w.position) AS events_behind, MIN(w.recorded_at) AS recorded_at,"
        " MIN(w.position) = l.position AS is_current"
        f" FROM {SCHEMA}.watermark w CROSS JOIN LATERAL (SELECT MAX(h.position) AS position FROM {schema}.history h"
        " WHERE h.organisation_id = w.organisation_id) l GROUP BY w.organisation_id, l.position"
    )
    for view, words, columns in (
        ("watermark", "Of which position the rows of each mart are.", WATERMARK_COLUMNS),
        ("freshness", "How far the marts are behind the views.", FRESHNESS_COLUMNS),
    ):
        yield f"COMMENT ON VIEW {SCHEMA}.{view} IS {_quote(words)}"
        yield f"COMMENT ON COLUMN {SCHEMA}.{view}.organisation_id IS {_quote(_ORGANISATION)}"
        for name, comment in columns.items():
            yield f"COMMENT ON COLUMN {SCHEMA}.{view}.{name} IS {_quote(comment)}"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
