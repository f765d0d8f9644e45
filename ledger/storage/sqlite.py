"""The log in a SQLite file (WAL): the embedded store, and the staging file of a bulk import."""

from __future__ import annotations

import sqlite3
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Lock
from time import monotonic, sleep
from typing import Any, Self
from uuid import UUID

from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    Notification,
    OperationalError,
    ProgrammingError,
    StoredEvent,
)
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from ledger.cancellation import interrupted_by
from ledger.errors import LedgerMisconfigured, LedgerNotMigrated, LedgerUnavailable
from ledger.storage.file_locks import hold_file, writer_lock
from ledger.storage.protocol import (
    Append,
    AsyncAppender,
    Head,
    InsertTarget,
    LogSession,
    Row,
    append_library_events,
    outcome_unknown_on_disconnect,
    unavailable_on_disconnect,
)
from ledger.storage.sqlite_async import SQLiteAsyncAppender
from ledger.storage.sqlite_statements import (
    encode_params,
    encode_rows,
    insert_all_sql,
    insert_sql,
    query_sql,
    rows_as_json,
    to_sqlite,
)

#: Seconds that a writer waits for another process's writer before it raises `LedgerUnavailable`.
LOCK_TIMEOUT_S = 10
_MIGRATION_TIMEOUT_S = 30
_MAX_POSITION = 2**63 - 1


class SQLiteSession:
    """One transaction on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def is_broken(self) -> bool:
        return not self._connection.in_transaction

    def interrupt(self) -> None:
        """Stop the statement that runs; called from another thread."""
        self._connection.interrupt()

    def query(self, name: str, /, **params: object) -> list[Row]:
        with _library_errors():
            return self._connection.execute(query_sql(name), encode_params(params)).fetchall()

    def run(self, name: str, /, **params: object) -> int:
        with _library_errors():
            return self._connection.execute(query_sql(name), encode_params(params)).rowcount

    def insert(self, target: InsertTarget, rows: Iterable[Row], *, bulk: bool = False) -> None:
        with _library_errors():
            if bulk:
                self._connection.executemany(insert_sql(target), encode_rows(target, rows))
            else:
                # One statement releases the interpreter lock once: with a statement for each row, another thread takes
                # it at each, and may keep it for 5 ms.
                self._connection.execute(insert_all_sql(target), (rows_as_json(target, rows),))


class SQLiteLogStore(SQLiteApplicationRecorder):
    """The library's recorder with the head's lock: positions gapless and in commit order across processes."""

    def __init__(self, datastore: SQLiteDatastore, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name)
        # Writers of one process queue here, not in SQLite's polling, and not in the library's pool, where a waiting
        # writer would hold up the readers behind it.
        self._write_lock = Lock()
        self._idle = Condition()
        self._open_transactions = 0
        self._closing = False

    @classmethod
    def open(cls, database_url: str) -> Self:
        """Open the file of `sqlite:///relative` or `sqlite:////absolute`. Raises `LedgerNotMigrated` for none."""
        path = sqlite_path(database_url)
        if not Path(path).exists():
            # Connecting would leave an empty file behind.
            raise LedgerNotMigrated(f"there is no database {path} yet: run `plimsoll migrate`")
        recorder = cls(SQLiteDatastore(path, lock_timeout=LOCK_TIMEOUT_S))
        # The lock is the file's: another recorder of this process queues here too.
        recorder._write_lock = writer_lock(path)
        return recorder

    def count_connections(self) -> tuple[int, int]:
        pool = self.datastore.pool
        return pool.num_in_use, pool.num_in_pool

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[LogSession]:
        """A transaction: it always sees one state of the log."""
        with (
            self._track_transaction(),
            unavailable_on_disconnect(),
            self._transaction("BEGIN") as session,
            interrupted_by(session.interrupt),
        ):
            yield session

    @contextmanager
    def write(self) -> Iterator[LogSession]:
        with (
            self._track_transaction(),
            unavailable_on_disconnect(),
            self._hold_write_lock(),
            self._transaction("BEGIN IMMEDIATE") as session,
        ):
            yield session

    def append_locked(self, batch: Callable[[LogSession, Head], Append | None]) -> None:
        # BEGIN IMMEDIATE takes the file's one write lock: it is the lock on the head row.
        with self.write() as session:
            head = Head(*session.query("head")[0])
            append = batch(session, head)
            if append is None:
                return
            for target, rows in append.rows:
                session.insert(target, rows, bulk=append.bulk)
            if append.moves_head:
                session.run("move_head", log_position=head.log_position + append.events, recorded_at=append.recorded_at)

    @contextmanager
    def lock_exclusively(self, name: str, seconds: float) -> Iterator[None]:
        """A lock of a file beside the store."""
        path = Path(self.datastore.pool.db_name)
        with hold_file(path.with_name(f"{path.name}.{name}.lock"), seconds):
            yield

    def open_async_appender(self, loop: AbstractEventLoop) -> AsyncAppender:
        with unavailable_on_disconnect(), _library_errors():
            return SQLiteAsyncAppender(self.datastore.pool.db_name, loop, self._write_lock)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: object) -> Sequence[int] | None:
        """The library's own append, by the same lock."""
        return append_library_events(self, stored_events)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        # The library selects `rowid`, which a named INTEGER PRIMARY KEY returns under its own name. It is named so
        # that VACUUM may not renumber it.
        first = 0 if start is None else start + (not inclusive_of_start)
        last = _MAX_POSITION if stop is None else stop
        with self.read() as session:
            rows = session.query(
                "notifications", first=first, last=last, any_topic=not topics, topics=list(topics), limit=limit
            )
        return [
            Notification(id=n, originator_id=UUID(oid), originator_version=version, topic=topic, state=state)
            for n, oid, version, topic, state in rows
        ]

    def close(self) -> None:
        """Let running transactions end, refuse new ones, close the file.

        Closing a connection that another thread is using crashes the interpreter, so one that does not end is left
        to the process's end.
        """
        with self._idle:
            self._closing = True
            if not self._idle.wait_for(lambda: self._open_transactions == 0, timeout=LOCK_TIMEOUT_S):
                return
        self.datastore.close()

    @contextmanager
    def _track_transaction(self) -> Iterator[None]:
        with self._idle:
            if self._closing:
                raise LedgerUnavailable("the ledger is closed")
            self._open_transactions += 1
        try:
            yield
        finally:
            with self._idle:
                self._open_transactions -= 1
                self._idle.notify_all()

    @contextmanager
    def _hold_write_lock(self) -> Iterator[None]:
        if not self._write_lock.acquire(timeout=LOCK_TIMEOUT_S):
            raise LedgerUnavailable("the event store is busy writing")
        try:
            yield
        finally:
            self._write_lock.release()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[SQLiteSession]:
        pool = self.datastore.pool
        connection = pool.get_connection()
        try:
            driver = connection.cursor().sqlite_cursor.connection
            with _library_errors():
                driver.execute(begin)
            try:
                yield SQLiteSession(driver)
                with outcome_unknown_on_disconnect(), _library_errors():
                    driver.execute("COMMIT")
            except BaseException:
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
                raise
        finally:
            pool.put_connection(connection)


class ScratchFile(SQLiteSession):
    """A private file for staging: fast, and without a name, so that a process that is killed leaves none behind."""

    def __init__(self) -> None:
        # The empty name: SQLite removes the file's own as soon as it has opened it, in the directory of SQLITE_TMPDIR
        # or TMPDIR, and keeps what fits into its cache in memory.
        super().__init__(sqlite3.connect("", isolation_level=None, check_same_thread=False))
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -4000", "locking_mode = EXCLUSIVE"):
            self._connection.execute(f"PRAGMA {pragma}")

    def execute(self, sql: str, *params: object) -> sqlite3.Cursor:
        """Run SQL of the staging file's own; UUIDs as their 32 digits."""
        return self._connection.execute(sql, tuple(to_sqlite(p) for p in params))

    def execute_many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run SQL once for each row; UUIDs are their 32 digits already."""
        self._connection.executemany(sql, rows)

    def close(self) -> None:
        self._connection.close()


class SQLiteMigrationSession:
    """The one transaction in which `ledger.storage.migrations` runs its DDL."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def begin(cls, database_url: str) -> Iterator[Self]:
        """Wait for the file's write lock, however many processes want it; commit at the end."""
        with unavailable_on_disconnect(), _library_errors():
            connection = sqlite3.connect(sqlite_path(database_url), isolation_level=None, timeout=_MIGRATION_TIMEOUT_S)
            try:
                _enable_wal(connection)
                connection.execute("BEGIN IMMEDIATE")
                yield cls(connection)
                connection.execute("COMMIT")
            finally:
                connection.close()

    def execute(self, sql: str) -> None:
        self._connection.execute(sql)

    def fetch(self, sql: str) -> list[Row]:
        return self._connection.execute(sql).fetchall()


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. While another process switches, SQLite fails with "locked" at once: try again."""
    deadline = monotonic() + _MIGRATION_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if monotonic() > deadline:
                raise
            sleep(0.01)
        else:
            return


def sqlite_path(database_url: str) -> str:
    """The file of a `sqlite:///` URL. Raises `LedgerMisconfigured` for memory, which would be gone with its process."""
    path = database_url.removeprefix("sqlite://").removeprefix("/")
    if not path or ":memory:" in path:
        raise LedgerMisconfigured("a SQLite ledger needs a file: sqlite:///relative/path or sqlite:////absolute/path")
    return path


@contextmanager
def _library_errors() -> Iterator[None]:
    """Raise the library's errors for those of SQLite, as its own transactions do."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityError(error) from error
    except sqlite3.OperationalError as error:
        missing = "no such table" in str(error) or "no such column" in str(error)
        raise (ProgrammingError if missing else OperationalError)(error) from error
    except sqlite3.DataError as error:
        raise DataError(error) from error
    except sqlite3.DatabaseError as error:
        raise OperationalError(error) from error
