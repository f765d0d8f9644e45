"""The shape of read models: tables as data, and the DDL that both databases understand.

A column's comment is its documentation for direct queries of the tables. Instants are integer microseconds UTC,
dates ISO text, JSON text: no type that one of the two databases would order or round by itself. Ids are 36-character
text in SQLite and of PostgreSQL's own type there, which orders them alike and has keys of half the length; to whoever
read them as text from both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

#: The end of what has no end yet: believed still, valid still.
END_OF_TIME = 2**63 - 1

#: What holds of the one version of a stream that is valid and believed without an end: both ends have all their bits.
#: A condition of its own, so that neither database takes the index on `valid_to` for it instead of a partial one.
_ENDS = "(valid_to & known_to)"
IS_LATEST = f"{_ENDS} = {END_OF_TIME}"

Dialect = Literal["sqlite", "postgresql"]


class Column(msgspec.Struct, frozen=True):
    """One column. `text`, `json` and `date` are stored as text, `uuid` as in `_type`; `integer` has 64 bits."""

    name: str
    type: Literal["uuid", "text", "integer", "json", "date"]
    comment: str
    nullable: bool = False


class Table(msgspec.Struct, frozen=True):
    """One table of a read model. The first four columns of a projection's table are `SYSTEM_TIME`, in that order."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    #: Columns (or expressions) of indexes of the rows that fulfil `IS_LATEST`: in the order of a list about now.
    latest_indexes: tuple[tuple[str, ...], ...] = ()
    comment: str = ""
    #: Rows lie in the order of the key: in SQLite the key is the table, and not an index beside it.
    is_clustered: bool = False
    #: What changes in a row when belief in it ends, of the columns that there are.
    closing: tuple[str, ...] = ("known_to", "recorded_to")

    def with_name(self, name: str) -> Table:
        """The same table under another name (a shadow of the live one)."""
        return msgspec.structs.replace(self, name=name)

    def is_closed(self, row: tuple[Any, ...], after: int = 0) -> bool:
        """Whether an event behind log position `after` ended the row's state, or belief in it."""
        return after < row[_KNOWN_TO] < END_OF_TIME or (
            self.closing is VERSION_CLOSING and after < row[_TO_POSITION] < END_OF_TIME
        )

    def is_changed(self, row: tuple[Any, ...], after: int) -> bool:
        """Whether an event behind log position `after` opened or closed the row."""
        return row[_KNOWN_FROM] > after or self.is_closed(row, after)

    @property
    def closing_columns(self) -> list[str]:
        """Those of `closing` that it has."""
        return [name for name in self.closing if name in self.column_names]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)


class TableWrite(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written to one table; no key may come twice."""

    table: Table
    #: Rows that are new, or that replace the one of the same key.
    upserts: Sequence[tuple[Any, ...]]
    #: Rows that are there already, but for the table's `closing_columns`.
    closures: Sequence[tuple[Any, ...]] = ()


#: Whose row it is, and between which log positions it was believed.
SYSTEM_TIME = (
    Column("organisation_id", "uuid", "The tenant that owns the row."),
    Column("stream_id", "uuid", "The stream (goal, member, team, organisation) that the row was folded from."),
    Column("known_from", "integer", "Log position from which the row was believed, inclusive."),
    Column("known_to", "integer", "Log position at which it was superseded, exclusive; 2^63-1: believed still."),
)

#: What a bitemporal version adds to `SYSTEM_TIME`.
VALID_TIME = (
    Column("version", "integer", "Version of the stream at the event that led to this state."),
    Column("valid_from", "integer", "Business time from which the state held, microseconds UTC, inclusive."),
    Column("valid_to", "integer", "Business time at which it ended, microseconds UTC, exclusive; 2^63-1: open."),
    Column("to_position", "integer", "Log position of the event that ended it: known from there on; 2^63-1: open."),
    Column("recorded_from", "integer", "When this was first recorded, microseconds UTC."),
    Column("recorded_to", "integer", "When it was superseded, microseconds UTC; 2^63-1: believed still."),
    Column("event_id", "uuid", "The event that led to this state."),
)

#: Of a table whose columns begin with `SYSTEM_TIME` and `VALID_TIME`.
VERSION_KEY = ("organisation_id", "stream_id", "version", "known_from")
#: By what has not ended at a time, and by what has ended since a log position.
VERSION_INDEXES = (("organisation_id", "valid_to", "known_to"), ("organisation_id", "to_position"))
#: What changes in a row when its state ends, or belief in it.
VERSION_CLOSING = ("known_to", "recorded_to", "valid_to", "to_position")
_KNOWN_FROM, _KNOWN_TO = 2, 3
_TO_POSITION = len(SYSTEM_TIME) + [column.name for column in VALID_TIME].index("to_position")


def ddl(table: Table, dialect: Dialect) -> list[str]:
    """The statements that create the table where it is missing; running them again changes nothing."""
    columns = [f"{c.name} {_column_type(c, dialect)}{'' if c.nullable else ' NOT NULL'}" for c in table.columns]
    columns.append(f"PRIMARY KEY ({', '.join(table.key)})")
    # A row whose JSON makes it longer than two thousand bytes stays in its page as it is: PostgreSQL would compress it,
    # which takes longer than writing it, and each question about goals would have to undo that.
    in_sqlite = " WITHOUT ROWID" if table.is_clustered else ""
    stored = " WITH (toast_tuple_target = 8160)" if dialect == "postgresql" else in_sqlite
    statements = [f"CREATE TABLE IF NOT EXISTS {table.name} (\n  {(',' + chr(10) + '  ').join(columns)}\n){stored}"]
    for number, index in enumerate(table.indexes, 1):
        statements.append(
            f"CREATE INDEX IF NOT EXISTS {table.name}_index_{number} ON {table.name} ({', '.join(index)})"
        )
    for number, index in enumerate(table.latest_indexes, 1):
        name = f"{table.name}_latest_{number}"
        statements.append(
            f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({_index_terms(index)}) WHERE {IS_LATEST}"
        )
    if dialect == "postgresql":
        if table.latest_indexes:
            # Or it takes one row in two hundred for a latest version, and a walk through all of them for cheap.
            statements.append(f"CREATE STATISTICS IF NOT EXISTS {table.name}_ends ON {_ENDS} FROM {table.name}")
        if table.comment:
            statements.append(f"COMMENT ON TABLE {table.name} IS {_quote_literal(table.comment)}")
        statements += [f"COMMENT ON COLUMN {table.name}.{c.name} IS {_quote_literal(c.comment)}" for c in table.columns]
    return statements


def _index_terms(terms: Sequence[str]) -> str:
    """Columns as they are; an expression has to stand in parentheses."""
    return ", ".join(term if term.isidentifier() else f"({term})" for term in terms)


def _column_type(column: Column, dialect: Dialect) -> str:
    if column.type == "integer":
        return "BIGINT" if dialect == "postgresql" else "INTEGER"
    if column.type == "uuid" and dialect == "postgresql":
        return "UUID"
    # SQLite orders text by its bytes; "C" makes PostgreSQL do the same, whatever the machine's locale.
    return 'TEXT COLLATE "C"' if dialect == "postgresql" else "TEXT"


def _quote_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
