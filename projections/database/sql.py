"""SQL as text: named statements from files, parameters in each driver's style, and what tables make of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import count

from ledger.storage.named_sql import load_statements
from projections.database.tables import Dialect, Table, ddl


def named_statements(name: str) -> dict[str, str]:
    """The named statements of `sql/<name>.sql`. In them `:body(g)` is `body_sql` of a row `g` of goals."""
    return _load_statements(name)


@cache
def _load_statements(name: str) -> dict[str, str]:
    loaded = load_statements("projections", "sql", f"{name}.sql")
    return {
        statement: re.sub(r":body\((\w+)\)", lambda match: body_sql("goals", match[1]), sql)
        for statement, sql in loaded.items()
    }


def body_sql(table: str, alias: str = "") -> str:
    """The whole state of a row, as JSON.

    A row that its own end superseded has none: the next row of the same version that has one says what the state was.
    """
    row = alias or table
    same = " AND ".join(f"later.{name} = {row}.{name}" for name in ("organisation_id", "stream_id", "version"))
    return (
        f"COALESCE(NULLIF({row}.body, ''), (SELECT later.body FROM {table} AS later WHERE {same}"
        f" AND later.known_from > {row}.known_from AND later.body <> '' ORDER BY later.known_from LIMIT 1))"
    )


def in_clause(name: str, values: Iterable[object]) -> tuple[str, dict[str, str]]:
    """The marks `:name_0, :name_1, ...` for an IN and their values as text; no values match nothing."""
    params = {f"{name}_{n}": str(value) for n, value in enumerate(values)}
    return ", ".join(f":{key}" for key in params) or "NULL", params


def without_nul(text: str) -> str:
    """The text with U+FFFD for NUL, which JSON can carry and PostgreSQL's text type cannot."""
    return text.replace("\x00", "\ufffd")


@lru_cache(maxsize=1024)
def to_pyformat(sql: str) -> str:
    """`:name` -> `%(name)s`, outside of quotes and casts; a literal % is doubled."""

    def swap(match: re.Match[str]) -> str:
        return f"%({match[2]})s" if match[2] else match[0].replace("%", "%%")

    return re.sub(r"('(?:[^']|'')*'|--[^\n]*|::|%)|:([A-Za-z_]\w*)", swap, sql)


def temporary_table_sql(table: Table, dialect: Dialect) -> str:
    """The statement that creates the table for one session only; of its indexes it gets the key."""
    return ddl(table, dialect)[0].replace("CREATE TABLE IF NOT EXISTS", "CREATE TEMPORARY TABLE", 1)


def upsert_clause(table: Table) -> str:
    """What makes an insert replace the row of the same key. The table must have other columns than its key."""
    changed = [name for name in table.column_names if name not in table.key]
    return (
        f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET "
        f"{', '.join(f'{name} = excluded.{name}' for name in changed)}"
    )


def insert_select_sql(table: Table, select: str) -> str:
    """The statement that writes a query's rows, replacing those of the same key.

    The query must have a WHERE of its own: without one SQLite reads ON CONFLICT as the condition of a join.
    """
    return f"INSERT INTO {table.name} ({', '.join(table.column_names)}) {select} {upsert_clause(table)}"


@lru_cache(maxsize=64)
def close_rows_sql(table: Table) -> tuple[tuple[int, ...], str]:
    """The places in a row of what `UPDATE` takes, and the statement (`?` for each) that ends belief in the row."""
    places = {name: place for place, name in enumerate(table.column_names)}
    changed = table.closing_columns
    sets, same = (" = ?, ".join(changed), " = ? AND ".join(table.key))
    wanted = tuple(places[name] for name in (*changed, *table.key))
    return wanted, f"UPDATE {table.name} SET {sets} = ? WHERE {same} = ?"


@lru_cache(maxsize=256)
def multi_table_write_sql(parts: tuple[tuple[Table, bool, bool], ...]) -> str:
    """One PostgreSQL statement that writes to several tables; each part states whether rows open, and whether rows end.

    Its parameters are arrays, `$1` and so on: of each part all columns of what opens, then the columns in which rows
    are ended, as `ending` names them. It answers how many rows it ended in each part that ends some.
    """
    marks = (f"${number}" for number in count(1))
    statements_, counts = [], []
    for number, (table, opens, ends) in enumerate(parts):
        if opens:
            arrays = ", ".join(next(marks) for _ in table.column_names)
            insert = insert_select_sql(table, f"SELECT * FROM unnest({arrays})")
            statements_.append(f"opened_{number} AS ({insert})")
        if ends:
            changed = table.closing_columns
            names = (*changed, *table.key)
            arrays = ", ".join(next(marks) for _ in names)
            sets = ", ".join(f"{name} = ending.{name}" for name in changed)
            same = " AND ".join(f"kept.{name} = ending.{name}" for name in table.key)
            statements_.append(
                f"ended_{number} AS (UPDATE {table.name} AS kept SET {sets} FROM unnest({arrays})"
                f" AS ending ({', '.join(names)}) WHERE {same} RETURNING 1)"
            )
            counts.append(f"(SELECT count(*) FROM ended_{number})")
    return f"WITH {', '.join(statements_)} SELECT {', '.join(counts) or '1'}"
