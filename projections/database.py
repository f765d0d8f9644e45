"""One SQL text, two databases: the only door of this room to SQLite and PostgreSQL.

Statements use `:name` parameters and the common subset of both (ON CONFLICT, RETURNING, window functions). Views are
derived from the log and every transaction that writes them moves a checkpoint with them, so commits here need not
wait for the disk: after a crash both are back at the same earlier point and are followed again.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any, ClassVar, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from ledger.writers import alone, writer_lock
from projections.sqltext import copying, pyformat, temporary, upsert_tail
from projections.sqltext import statements as statements  # noqa: PLC0414 - named where its callers look for it
from projections.tables import Dialect, Table, ddl

Params = Mapping[str, Any]

#: How long a statement waits for a lock or a free connection, seconds.
_PATIENCE_SECONDS = 10.0
#: Up to here PostgreSQL takes rows one by one; above, a temporary table pays.
_FEW_ROWS = 100
#: Identifies our migrations among the advisory locks of a PostgreSQL database ("plim" in ASCII).
_MIGRATION_LOCK = 0x706C696D
_WAL_ATTEMPTS = 50
#: The pool doubles its pauses between attempts to connect. It begins anew after so many seconds: whoever was away for
#: an hour is not missed for another half.
_RECONNECT_SECONDS = 2.0
#: A server that vanished without a word is noticed, not waited for; what the URL says comes before.
_BOUNDS = {
    "connect_timeout": 5,
    "tcp_user_timeout": int(_PATIENCE_SECONDS * 1000),
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}


class DatabaseUnavailable(Exception):  # noqa: N818 - a state of the world, named like the ledger's
    """The database cannot be reached, or did not answer in time; nothing was written. Trying again is right."""


class WriteRefused(Exception):  # noqa: N818 - named after what happened
    """The database does not accept these values; trying again is pointless."""


class Row(tuple[Any, ...]):
    """One row: `row.column`, `row["column"]` or `row[0]`. A column named `count` or `index`: by its name only."""

    __slots__ = ()
    _places: ClassVar[dict[str, int]] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a column may hold anything
        try:
            return tuple.__getitem__(self, self._places[name])
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - a column may hold anything
        return tuple.__getitem__(self, self._places[key] if isinstance(key, str) else key)

    def as_dict(self) -> dict[str, Any]:
        """Column name -> value."""
        return dict(zip(self._places, self, strict=True))


@lru_cache(maxsize=512)
def _row_class(columns: tuple[str, ...]) -> type[Row]:
    places = {name: place for place, name in enumerate(columns)}
    return type("Row", (Row,), {"__slots__": (), "_places": places})


class _Backend(Protocol):
    """What differs between the two."""

    dialect: Dialect

    def session(self) -> AbstractContextManager[Session]: ...
    def query(self, sql: str, params: Params) -> list[Row]: ...
    def close(self) -> None: ...


class Session(Protocol):
    """One connection for a while: several transactions that share temporary tables."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def temporary(self, table: Table) -> None:
        """Create an empty table that only this session sees, and that ends with it."""


class Transaction(Protocol):
    """One write transaction: all of it is kept, or nothing."""

    def execute(self, sql: str, params: Params = ...) -> int:
        """Run one statement; the number of rows it touched."""

    def query(self, sql: str, params: Params = ...) -> list[Row]: ...

    def insert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows that are not there yet, the fastest way there is. Values in the order of the table's columns."""

    def upsert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows, or replace those of the same key. No key may come twice."""

    def copy(self, table: Table, select: str) -> None:
        """Add the rows of a query, or replace those of the same key. The query must have a WHERE of its own."""

    def lock_migrations(self) -> None:
        """Wait until no other process migrates; held until the end of the transaction."""


class Database:
    """The read side's store. Safe to share between threads; each call borrows a connection of its own."""

    def __init__(self, backend: _Backend) -> None:
        self._backend = backend
        self.dialect: Dialect = backend.dialect

    @classmethod
    def open(cls, url: str, *, connections: int = 10) -> Database:
        """Open `sqlite:///path` or `postgresql://...` (with at most that many connections). Runs no DDL.

        Raises `ValueError` for any other URL, `DatabaseUnavailable` where a SQLite file cannot be opened.
        """
        if url.startswith("sqlite:///"):
            return cls(_Sqlite(url.removeprefix("sqlite:///")))
        if url.startswith(("postgresql://", "postgres://")):
            return cls(_Postgres(url, connections))
        raise ValueError("a database URL starts with sqlite:/// or postgresql://")

    def query(self, sql: str, params: Params | None = None) -> list[Row]:
        """All rows of one reading statement. Raises `DatabaseUnavailable`."""
        return self._backend.query(sql, params or {})

    def transaction(self) -> AbstractContextManager[Transaction]:
        """A write transaction: committed at the end of the block, rolled back by any exception.

        Raises `DatabaseUnavailable`, or `WriteRefused` where a value does not fit.
        """
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._backend.session() as session, session.transaction() as transaction:
            yield transaction

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


# --- SQLite ------------------------------------------------------------------------------------------------------


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise DatabaseUnavailable(str(error)) from error
    except sqlite3.OperationalError as error:
        if "syntax error" in str(error) or "no such column" in str(error):
            raise
        raise DatabaseUnavailable(str(error)) from error
    except (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, OverflowError) as error:
        raise WriteRefused(str(error)) from error


class _SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, params: Params | None = None) -> int:
        return self._connection.execute(sql, params or {}).rowcount

    def query(self, sql: str, params: Params | None = None) -> list[Row]:
        return self._connection.execute(sql, params or {}).fetchall()

    def insert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        self._connection.executemany(self._insert(table), rows)

    def upsert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        self._connection.executemany(f"{self._insert(table)} {upsert_tail(table)}", rows)

    def copy(self, table: Table, select: str) -> None:
        self.execute(copying(table, select))

    def lock_migrations(self) -> None:
        """Nothing to do: `BEGIN IMMEDIATE` admits one writer."""

    @staticmethod
    def _insert(table: Table) -> str:
        marks = ", ".join("?" * len(table.columns))
        return f"INSERT INTO {table.name} ({', '.join(table.names)}) VALUES ({marks})"


class _SqliteSession:
    def __init__(self, connection: sqlite3.Connection, writing: Lock) -> None:
        self._connection = connection
        self._writing = writing
        self.temporaries: list[str] = []

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        connection = self._connection
        # The ledger of this process writes the same file; SQLite's own waiting is for other processes.
        with alone(self._writing, _PATIENCE_SECONDS):
            # IMMEDIATE: a read that later turned into a write could find itself on an old snapshot and fail.
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _SqliteTransaction(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def temporary(self, table: Table) -> None:
        self._connection.execute(temporary(table, "sqlite"))
        self.temporaries.append(table.name)


def _sqlite_row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return _row_class(tuple(column[0] for column in cursor.description))(values)


class _Sqlite:
    """A file in WAL mode: readers never wait for the one writer, nor the writer for them."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: str) -> None:
        self._path = path
        self._writing = writer_lock(path)
        self._idle: deque[sqlite3.Connection] = deque()
        self._all: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._closed = False
        with self._borrowed():
            pass

    def query(self, sql: str, params: Params) -> list[Row]:
        with _sqlite_errors(), self._borrowed() as connection:
            return connection.execute(sql, params).fetchall()

    @contextmanager
    def session(self) -> Iterator[Session]:
        with _sqlite_errors(), self._borrowed() as connection:
            session = _SqliteSession(connection, self._writing)
            try:
                yield session
            finally:
                for name in session.temporaries:
                    connection.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._idle.clear()
            for connection in self._all:
                connection.close()
            self._all.clear()

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._closed:
                raise DatabaseUnavailable("the database is closed")
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            with _sqlite_errors():
                connection = self._connect()
            with self._lock:
                self._all.append(connection)
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.row_factory = _sqlite_row
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


# --- PostgreSQL --------------------------------------------------------------------------------------------------


@contextmanager
def _postgres_errors() -> Iterator[None]:
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.UndefinedTable, PoolTimeout) as error:
        raise DatabaseUnavailable(str(error)) from error
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.CardinalityViolation) as error:
        raise WriteRefused(str(error)) from error


def _rows(cursor: psycopg.Cursor[Any]) -> list[Row]:
    if cursor.description is None:
        return []
    make = _row_class(tuple(column.name for column in cursor.description))
    return [make(values) for values in cursor.fetchall()]


class _PostgresTransaction:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, sql: str, params: Params | None = None) -> int:
        return self._connection.execute(pyformat(sql), params or {}).rowcount

    def query(self, sql: str, params: Params | None = None) -> list[Row]:
        return _rows(self._connection.execute(pyformat(sql), params or {}))

    def insert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table.name} ({', '.join(table.names)}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def upsert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        if len(rows) < _FEW_ROWS:
            marks = ", ".join(["%s"] * len(table.columns))
            sql = f"INSERT INTO {table.name} ({', '.join(table.names)}) VALUES ({marks}) {upsert_tail(table)}"
            with self._connection.cursor() as cursor:
                cursor.executemany(sql, rows)
            return
        # COPY knows no conflicts, so it fills a table of its own. (Arrays: psycopg quotes JSON by the character.)
        incoming = table.named(f"{table.name}_incoming")
        self._connection.execute(f"CREATE TEMPORARY TABLE {incoming.name} (LIKE {table.name})")
        self.insert_many(incoming, rows)
        self.copy(table, f"SELECT {', '.join(table.names)} FROM {incoming.name} WHERE true")
        self._connection.execute(f"DROP TABLE pg_temp.{incoming.name}")

    def copy(self, table: Table, select: str) -> None:
        self.execute(copying(table, select))

    def lock_migrations(self) -> None:
        self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))


class _PostgresSession:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self.temporaries: list[str] = []

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._connection.transaction():
            yield _PostgresTransaction(self._connection)

    def temporary(self, table: Table) -> None:
        self._connection.execute(temporary(table, "postgresql"))
        self.temporaries.append(f"pg_temp.{table.name}")


def _configure(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SET synchronous_commit TO off")


class _Postgres:
    """A pool; a connection that the server dropped is replaced before anyone sees it.

    Looking first would double a read's round trips: reads find out and ask again, which does no harm. Writers look.
    """

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, connections: int) -> None:
        self._pool = ConnectionPool(
            min_size=1,
            max_size=connections,
            open=True,
            timeout=_PATIENCE_SECONDS,
            reconnect_timeout=_RECONNECT_SECONDS,
            reconnect_failed=ConnectionPool.check,
            kwargs={**_BOUNDS, **conninfo_to_dict(url), "autocommit": True, "application_name": "plimsoll-views"},
            configure=_configure,
            name="plimsoll-views",
        )

    def query(self, sql: str, params: Params) -> list[Row]:
        with _postgres_errors():
            connection = self._pool.getconn()
            try:
                return _rows(connection.execute(pyformat(sql), params))
            except psycopg.OperationalError:
                if not connection.broken:
                    raise
            finally:
                self._pool.putconn(connection)
            with self._living() as living:
                return _rows(living.execute(pyformat(sql), params))

    @contextmanager
    def _living(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that has just answered; the dropped ones met on the way are replaced."""
        while True:
            connection = self._pool.getconn()
            try:
                ConnectionPool.check_connection(connection)
            except psycopg.OperationalError:
                self._pool.putconn(connection)
            else:
                break
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with _postgres_errors(), self._living() as connection:
            session = _PostgresSession(connection)
            try:
                yield session
            finally:
                # A broken connection takes its temporary tables with it.
                if session.temporaries and not connection.broken:
                    connection.execute(f"DROP TABLE IF EXISTS {', '.join(session.temporaries)}")

    def close(self) -> None:
        self._pool.close()
