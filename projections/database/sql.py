"""SQL as text: named statements from files, parameters in each driver's style, and what tables make of themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import count

from ledger.storage.named_sql import load_statements
from projections.database.tables import END_OF_TIME, Dialect, Table, ddl

#: What has begun at `:at`, as known at `:known`, in the organisation.
BEGUN = "organisation_id = :organisation_id AND valid_from <= :at AND known_from <= :known"
_END_UNKNOWN = f"+valid_to <= :first AND to_position > :known AND to_position < {END_OF_TIME} AND known_to > :known"
#: What had ended at `:at`, by an event that was not known at `:known`.
END_UNKNOWN = _END_UNKNOWN.replace(":first", ":at")
#: Where the part of a stored state that is in another table belongs: JSON has no such character, not even in its texts.
PART_MARK = "\n"
#: The macros of the statements in files, by which versions are selected; in each a table, or its alias, or nothing.
_MACROS = re.compile(r":(in_force|all_in_force|all_since|unended|goal_body)\((\w*)\)")


def named_statements(name: str) -> dict[str, str]:
    """The named statements of `sql/<name>.sql`.

    In them `:in_force(g)` stands for `in_force_sql` of a row `g`, `:unended(g)` for `unended_sql`, `:goal_body(g)` for
    `goal_body_sql`, and, behind FROM, `:all_in_force(goals)` for `all_in_force_sql`, `:all_since(goals)` for
    `all_since_sql`.
    """
    return _load_statements(name)


@cache
def _load_statements(name: str) -> dict[str, str]:
    macros: dict[str, Callable[[str], str]] = {
        "in_force": in_force_sql,
        "unended": unended_sql,
        "all_in_force": all_in_force_sql,
        "all_since": all_since_sql,
        "goal_body": goal_body_sql,
    }
    return {
        statement: _MACROS.sub(lambda found: macros[found[1]](found[2]), sql)
        for statement, sql in load_statements("projections", "sql", f"{name}.sql").items()
    }


def in_force_sql(alias: str = "") -> str:
    """The condition that a version holds at `:at`, as believed at `:known`, where rows are found by something else."""
    row = f"{alias}." if alias else ""
    return f"{row}valid_from <= :at AND {unended_sql(alias)}"


def unended_sql(alias: str = "") -> str:
    """The condition that a version holds at `:at` or later, as believed at `:known`.

    Where the event that ended it is not known yet, it has no end. `+` keeps SQLite, which has no statistics, from
    preferring an index on ends to the key.
    """
    row = f"{alias}." if alias else ""
    ends = f"(+{row}valid_to > :at OR +{row}to_position > :known)"
    return f"{row}known_from <= :known AND {ends} AND +{row}known_to > :known"


def all_in_force_sql(table: str) -> str:
    """The organisation's versions that hold at `:at`, as believed at `:known`: a table for FROM.

    In two parts that share no row, each with an index of its own, as none serves an OR: those that have not ended at
    `:at`, and those of whose earlier end nothing was known at `:known`. Of a question about what is known now the
    second finds next to nothing. What the statement asks besides goes into both.
    """
    return all_since_sql(table).replace(":first", ":at")


def all_since_sql(table: str) -> str:
    """As `all_in_force_sql`, the versions that hold at some time from `:first` to `:at`."""
    return (
        f"(SELECT * FROM {table} WHERE {BEGUN} AND valid_to > :first AND known_to > :known"
        f" UNION ALL SELECT * FROM {table} WHERE {BEGUN} AND {_END_UNKNOWN})"
    )


def goal_body_sql(row: str, organisation: str = ":organisation_id") -> str:
    """The whole state of a row of `goals`: its body, with its agreement where that stands in it."""
    agreement = (
        f"(SELECT agreed.part FROM goal_agreements AS agreed WHERE agreed.organisation_id = {organisation}"
        f" AND agreed.stream_id = {row}.stream_id AND agreed.number = {row}.agreement)"
    )
    return f"COALESCE(REPLACE({row}.body, '{PART_MARK}', {agreement}), {row}.body)"


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


@lru_cache(maxsize=512)
def multi_table_write_sql(parts: tuple[tuple[Table, bool, bool], ...], expected: Table | None = None) -> str:
    """One PostgreSQL statement that writes to several tables; each part states whether rows open, and whether rows end.

    Its parameters are arrays, `$1` and so on: of each part all columns of what opens, then the columns in which rows
    are ended, as `ending` names them. It answers how many rows it ended in each part that ends some.

    `expected`: before all else come the columns of rows of that table. They are locked in the order of their keys; it
    fails, with a division by zero, where one of them, or a row that was to be ended, is not there as given.
    """
    marks = (f"${number}" for number in count(1))
    statements_, counts, guard = [], [], ""
    if expected is not None:
        statements_.append(f"locked AS MATERIALIZED ({_lock_sql(expected, marks)})")
        counts.append("(SELECT count(*) FROM locked) = cardinality($1)")
        # In each part, so that the locks come before all writes: writers queue up here, and meet in no deadlock.
        guard = counts[0]
    for number, (table, opens, ends) in enumerate(parts):
        if opens:
            arrays = ", ".join(next(marks) for _ in table.column_names)
            where = f" WHERE {guard}" if guard else ""
            insert = insert_select_sql(table, f"SELECT * FROM unnest({arrays}){where}")
            statements_.append(f"opened_{number} AS ({insert})")
        if ends:
            names = (*table.closing_columns, *table.key)
            columns = [next(marks) for _ in names]
            sets = ", ".join(f"{name} = ending.{name}" for name in table.closing_columns)
            same = " AND ".join((*(f"kept.{name} = ending.{name}" for name in table.key), *filter(None, [guard])))
            statements_.append(
                f"ended_{number} AS (UPDATE {table.name} AS kept SET {sets} FROM unnest({', '.join(columns)})"
                f" AS ending ({', '.join(names)}) WHERE {same} RETURNING 1)"
            )
            found = f"(SELECT count(*) FROM ended_{number})"
            counts.append(f"{found} = cardinality({columns[0]})" if guard else found)
    answer = f"1 / CAST({' AND '.join(counts)} AS int)" if guard else ", ".join(counts) or "1"
    return f"WITH {', '.join(statements_)} SELECT {answer}"


def _lock_sql(table: Table, marks: Iterator[str]) -> str:
    names = table.column_names
    arrays = ", ".join(next(marks) for _ in names)
    same = " AND ".join(f"kept.{name} = expected.{name}" for name in names)
    key = ", ".join(f"kept.{name}" for name in table.key)
    return (
        f"SELECT 1 FROM {table.name} AS kept JOIN unnest({arrays}) AS expected ({', '.join(names)}) ON {same}"
        f" ORDER BY {key} FOR UPDATE OF kept"
    )
