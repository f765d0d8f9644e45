"""One SQL text, two databases: the only module of this package that opens SQLite or PostgreSQL.

On PostgreSQL the views are in the log's database; on SQLite in a file beside the log's, as a file has one writer at a
time, and commands should not wait for the projector.

Statements use `:name` parameters and the common subset of both (ON CONFLICT, RETURNING, window functions). Views are
derived from the log and every transaction that writes them moves a checkpoint with them, so commits here need not
wait for the disk: after a crash both are back at the same earlier point and are followed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar
from uuid import UUID

from projections.database.backend import Backend, Params
from projections.database.backend import DatabaseUnavailable as DatabaseUnavailable  # noqa: PLC0414 - as above
from projections.database.backend import IdTable as IdTable  # noqa: PLC0414 - as above
from projections.database.backend import Query as Query  # noqa: PLC0414 - as above
from projections.database.backend import Row as Row  # noqa: PLC0414 - as above
from projections.database.backend import Session as Session  # noqa: PLC0414 - as above
from projections.database.backend import Transaction as Transaction  # noqa: PLC0414 - as above
from projections.database.backend import WriteRefused as WriteRefused  # noqa: PLC0414 - as above
from projections.database.backend import to_id as to_id  # noqa: PLC0414 - as above
from projections.database.backend import to_optional_id as to_optional_id  # noqa: PLC0414 - as above
from projections.database.sql import named_statements as named_statements  # noqa: PLC0414 - named where its callers look for it
from projections.database.tables import Dialect, Table, TableWrite, ddl


class Database:
    """The read side's store. Safe to share between threads; each call borrows a connection of its own."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.dialect: Dialect = backend.dialect

    @classmethod
    def open(
        cls, url: str, *, connections: int = 10, statement_timeout_s: float = 0, row_security: bool = False
    ) -> Database:
        """Open the views of `sqlite:///path` or `postgresql://...` (with at most that many connections). Runs no DDL.

        `statement_timeout_s`: a PostgreSQL server ends a reading statement after so many seconds (0: never).
        `row_security`: the URL's role sees one organisation at a time, the one that a statement's parameters name.

        Raises `ValueError` for any other URL, `DatabaseUnavailable` where a SQLite file cannot be opened.
        """
        if url.startswith("sqlite:///"):
            from projections.database.sqlite import VIEWS_SUFFIX, SqliteBackend  # noqa: PLC0415 - either driver only where it is used

            return cls(SqliteBackend(url.removeprefix("sqlite:///") + VIEWS_SUFFIX))
        if url.startswith(("postgresql://", "postgres://")):
            from projections.database.postgres import PostgresBackend  # noqa: PLC0415 - as above

            return cls(PostgresBackend(url, connections, statement_timeout_s, row_security=row_security))
        raise ValueError("a database URL starts with sqlite:/// or postgresql://")

    def count_connections(self) -> tuple[int, int]:
        """Connections of this process to the views: in use, and idle."""
        return self._backend.count_connections()

    def query(self, sql: str, params: Params | None = None) -> list[Row]:
        """All rows of one reading statement. Raises `DatabaseUnavailable`."""
        return self._backend.query(sql, params or {})

    def query_many(self, questions: Sequence[Query]) -> list[list[Row]]:
        """The rows of several statements, none of which needs another's, in one round trip.

        Raises `DatabaseUnavailable`.
        """
        return self._backend.query_many(questions)

    def iterate(self, sql: str, params: Params | None = None) -> Iterator[list[Row]]:
        """The rows of one reading statement, some thousand at a time: in constant memory, however many there are.

        All are of the instant of the first. Raises `DatabaseUnavailable`.
        """
        return self._backend.iterate(sql, params or {})

    def copy_csv(self, sql: str, params: Params) -> Iterator[bytes]:
        """The rows of one reading statement as PostgreSQL writes them itself, in CSV; an empty value is no value.

        A parameter is an id or a number. Raises `DatabaseUnavailable`, and `ValueError` where it is SQLite.
        """
        return self._backend.copy_csv(sql, params)

    def transaction(self) -> AbstractContextManager[Transaction]:
        """A write transaction: committed at the end of the block, rolled back by any exception.

        Raises `DatabaseUnavailable`, or `WriteRefused` where a value does not fit.
        """
        return self._backend.transaction()

    def try_write(self, expected: TableWrite, parts: Sequence[TableWrite]) -> bool:
        """Write to several tables in one round trip, all or nothing, where the rows of `expected` are as it has them.

        False: nothing was written, and a transaction has to find out why; or it was, and the answer was lost: then
        those rows are no longer as expected. Raises as `transaction`.
        """
        return self._backend.try_write(expected, parts)

    def session(self) -> AbstractContextManager[Session]:
        """One connection for several transactions with temporary tables. Raises as `transaction`."""
        return self._backend.session()

    def migrate(self, tables: Sequence[Table]) -> None:
        """Create the tables that are missing. Idempotent, and safe from several processes at once."""
        with self.transaction() as transaction:
            transaction.lock_migrations()
            for table in tables:
                for statement in ddl(table, self.dialect):
                    transaction.execute(statement)

    def close(self) -> None:
        """Close every connection. May be called twice."""
        self._backend.close()


#: Ids in one statement: few enough for any database's limit of parameters.
_CHUNK_SIZE = 400
T = TypeVar("T")


def query_by_ids(
    database: Database, file: str, ids: Mapping[str, Sequence[str]], params: Params
) -> dict[str, list[Row]]:
    """The rows of several statements of `sql/<file>.sql`, each for its ids (`:ids`), by the statement's name.

    PostgreSQL takes them as one array, so that it parses the statement once, however many they are; SQLite takes
    slices of 400. A stream's rows stay together: each id is in one slice only.
    """
    names, queries = list[str](), list[Query]()
    for name, wanted in ids.items():
        sql = named_statements(file)[name]
        if database.dialect == "postgresql":
            parts: list[tuple[str, dict[str, Any]]] = []
            if wanted:
                # As the array's own text: the driver would look for quotes in each of thousands of ids.
                as_array = sql.replace("IN (:ids)", "= ANY(CAST(:ids AS uuid[]))")
                parts = [(as_array, {"ids": f"{{{','.join(wanted)}}}"})]
        else:
            parts = [_slice(sql, wanted[start : start + _CHUNK_SIZE]) for start in range(0, len(wanted), _CHUNK_SIZE)]
        names += [name] * len(parts)
        queries += [(part, {**params, **values}) for part, values in parts]
    found: dict[str, list[Row]] = {name: [] for name in ids}
    for name, rows in zip(names, database.query_many(queries) if queries else (), strict=True):
        found[name] += rows
    return found


def _slice(sql: str, ids: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """SQLite's statement for some of the ids, and its values."""
    values = {f"id_{n}": value for n, value in enumerate(ids)}
    return sql.replace(":ids", ", ".join(f":{key}" for key in values)), values


def group_by_stream(rows: Iterable[Row], build: Callable[[Row], T]) -> dict[UUID, list[T]]:
    """What `build` makes of each row, by the row's `stream_id`, in the rows' order."""
    grouped: dict[str, list[T]] = {}
    for row in rows:
        grouped.setdefault(row.stream_id, []).append(build(row))
    return {to_id(stream): built for stream, built in grouped.items()}
