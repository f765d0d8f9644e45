"""The views in a SQLite file of their own, so that the projector does not block writers of the log."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from threading import Lock
from typing import Any

from ledger.cancellation import check_cancelled, interrupted_by
from ledger.storage.file_locks import hold, writer_lock
from projections.database.backend import (
    LOCK_TIMEOUT_S,
    PAGE_SIZE,
    DatabaseUnavailable,
    Params,
    Query,
    Row,
    Session,
    Transaction,
    WriteRefused,
    row_class,
)
from projections.database.sql import close_rows_sql, insert_select_sql, temporary_table_sql, upsert_clause
from projections.database.tables import Dialect, Table, TableWrite

#: What the views' file is called: as the log's, and this.
VIEWS_SUFFIX = "-views"
_WAL_ATTEMPTS = 50
#: Pages that a connection keeps once it has written, KiB.
_CACHE_KB = 16_384
_REFUSED_ERRORS = (
    *(sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError),
    # Before SQLite sees them: an integer beyond 64 bits, half of a surrogate pair.
    *(OverflowError, UnicodeEncodeError),
)


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise DatabaseUnavailable(str(error)) from error
    except sqlite3.OperationalError as error:
        if "syntax error" in str(error) or "no such column" in str(error):
            raise
        # A file that was lost, or left out of a copy: it was made anew, and is empty.
        lost = ": there are no views yet, run `plimsoll migrate`" if "no such table" in str(error) else ""
        raise DatabaseUnavailable(f"{error}{lost}") from error
    except _REFUSED_ERRORS as error:
        raise WriteRefused(str(error)) from error


class _SqliteTransaction:
    #: No other connection writes.
    for_update = ""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, params: Params | None = None) -> int:
        return self._connection.execute(sql, params or {}).rowcount

    def query(self, sql: str, params: Params | None = None) -> list[Row]:
        return _fetch_rows(self._connection.execute(sql, params or {}))

    def insert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        self._connection.executemany(self._insert_sql(table), rows)

    def upsert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        self._connection.executemany(f"{self._insert_sql(table)} {upsert_clause(table)}", rows)

    def write(self, parts: Sequence[TableWrite]) -> None:
        for part in parts:
            if part.closures:
                places, sql = close_rows_sql(part.table)
                if self._connection.executemany(sql, map(itemgetter(*places), part.closures)).rowcount < len(
                    part.closures
                ):
                    self.upsert_many(part.table, part.closures)
            if part.upserts:
                self.upsert_many(part.table, part.upserts)

    def copy(self, table: Table, select: str) -> None:
        self.execute(insert_select_sql(table, select))

    def lock_migrations(self) -> None:
        """Nothing to do: `BEGIN IMMEDIATE` admits one writer."""

    @staticmethod
    def _insert_sql(table: Table) -> str:
        marks = ", ".join("?" * len(table.columns))
        return f"INSERT INTO {table.name} ({', '.join(table.column_names)}) VALUES ({marks})"


class _SqliteSession:
    def __init__(self, connection: sqlite3.Connection, writing: Lock) -> None:
        self._connection = connection
        self._writer_lock = writing
        self.temporary_tables: list[str] = []

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        connection = self._connection
        # Other threads of this process wait here; SQLite's own waiting is for other processes.
        with hold(self._writer_lock, LOCK_TIMEOUT_S):
            # A batch touches pages all over each index: SQLite's usual 2 MB are read and spilled again and again.
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
            # IMMEDIATE: a read that later turned into a write could find itself on an old snapshot and fail.
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _SqliteTransaction(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def create_temporary_table(self, table: Table) -> None:
        self._connection.execute(temporary_table_sql(table, "sqlite"))
        self.temporary_tables.append(table.name)


def _fetch_rows(cursor: sqlite3.Cursor) -> list[Row]:
    return list(map(_row_class_of(cursor), cursor))


def _row_class_of(cursor: sqlite3.Cursor) -> type[Row]:
    return row_class(tuple(column[0] for column in cursor.description or ()))


class SqliteBackend:
    """A file in WAL mode: readers never wait for the one writer, nor the writer for them."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: str) -> None:
        self._path = path
        self._writer_lock = writer_lock(path)
        self._idle: deque[sqlite3.Connection] = deque()
        self._connections: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._closed = False
        with self._borrow_connection():
            pass

    def query(self, sql: str, params: Params) -> list[Row]:
        with _sqlite_errors(), self._borrow_connection() as connection, interrupted_by(connection.interrupt):
            return _fetch_rows(connection.execute(sql, params))

    def query_many(self, questions: Sequence[Query]) -> list[list[Row]]:
        """There is no round trip to save; but what belongs together waits for one connection only."""
        with _sqlite_errors(), self._borrow_connection() as connection, interrupted_by(connection.interrupt):
            return [_fetch_rows(connection.execute(sql, params)) for sql, params in questions]

    def iterate(self, sql: str, params: Params) -> Iterator[list[Row]]:
        with _sqlite_errors(), self._borrow_connection() as connection:
            cursor = connection.execute(sql, params)
            make = _row_class_of(cursor)
            try:
                while rows := cursor.fetchmany(PAGE_SIZE):
                    check_cancelled()
                    yield [make(values) for values in rows]
            finally:
                cursor.close()

    def copy_csv(self, sql: str, params: Params) -> Iterator[bytes]:
        raise ValueError("SQLite has no COPY")

    def try_write(self, expected: TableWrite, parts: Sequence[TableWrite]) -> bool:  # noqa: ARG002 - the protocol's
        """There is no round trip to save."""
        return False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.session() as session, session.transaction() as transaction:
            yield transaction

    @contextmanager
    def session(self) -> Iterator[Session]:
        with _sqlite_errors(), self._borrow_connection() as connection:
            session = _SqliteSession(connection, self._writer_lock)
            try:
                yield session
            finally:
                for name in session.temporary_tables:
                    connection.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def count_connections(self) -> tuple[int, int]:
        with self._lock:
            return len(self._connections) - len(self._idle), len(self._idle)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._idle.clear()
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    @contextmanager
    def _borrow_connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._closed:
                raise DatabaseUnavailable("the database is closed")
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            with _sqlite_errors():
                connection = self._connect()
            with self._lock:
                self._connections.append(connection)
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        # Turning a new file to WAL needs it alone for a moment; SQLite does not wait for that.
        for attempt in range(_WAL_ATTEMPTS):
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError:
                if attempt == _WAL_ATTEMPTS - 1:
                    connection.close()
                    raise
                time.sleep(0.02)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection
