"""The log in PostgreSQL (15 or later), for any number of processes."""

from __future__ import annotations

import hashlib
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock
from time import monotonic, sleep
from typing import Any, Self, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from eventsourcing.persistence import InternalError, OperationalError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, dict_row, tuple_row

from ledger.cancellation import interrupted_by
from ledger.errors import LedgerMisconfigured, LedgerUnavailable
from ledger.storage.file_locks import RETRY_S
from ledger.storage.postgres_arrays import encode_array, register_binary_arrays
from ledger.storage.postgres_async import PostgresAsyncAppender
from ledger.storage.postgres_statements import (
    PreparedStatements,
    append_params,
    append_sql,
    encode_columns,
    execute_simple,
    insert_sql,
    query_sql,
    shape_of,
)
from ledger.storage.protocol import (
    Append,
    Head,
    InsertTarget,
    LogSession,
    Row,
    append_library_events,
    find_tuple_list_param,
    load_queries,
    outcome_unknown_on_disconnect,
    unavailable_on_disconnect,
)

#: Seconds after which a server that does not answer is unavailable.
CONNECT_TIMEOUT_S = 5
#: Waiting for the head longer than this is `LedgerUnavailable`.
LOCK_TIMEOUT_MS = 5000
#: A writer that stops while it holds the head is disconnected, so that the others may go on.
IDLE_IN_TRANSACTION_S = 2
#: More than the threads of an API process that read: one that has to wait for a connection waits for all others.
_MAX_CONNECTIONS = 48
#: Our advisory lock's number: "plimsoll" in ASCII.
_MIGRATION_LOCK = int.from_bytes(b"plimsoll", "big")
#: Of what a list is that is encoded by us: the driver takes 50 us longer for 50 numbers.
_LIST_TYPES = {int: "bigint", UUID: "uuid"}
#: Rows of one INSERT: bounds the memory of a statement.
_MAX_INSERT_ROWS = 1000


class PostgresLogDatastore(PostgresDatastore):
    """The library's pool, with all options of the URL and with bounded waits."""

    def __init__(self, database_url: str) -> None:
        try:
            given = conninfo_to_dict(database_url)
        except psycopg.ProgrammingError as error:
            raise LedgerMisconfigured(f"not a PostgreSQL URL: {error}") from None
        super().__init__(
            "", "", "", "", "",
            connect_timeout=CONNECT_TIMEOUT_S,
            idle_in_transaction_session_timeout=IDLE_IN_TRANSACTION_S,
            pool_size=1,
            max_overflow=_MAX_CONNECTIONS - 1,
        )  # fmt: skip
        bounds = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            # A peer that vanished is noticed, not waited for.
            "tcp_user_timeout": CONNECT_TIMEOUT_S * 1000,
            "keepalives_idle": 10,
            # Set at the start of the connection, so that it holds from the first transaction on.
            "options": (
                f"-c lock_timeout={LOCK_TIMEOUT_MS} -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_S}s"
                # Every query here is answered by an index. A plan that was made while the tables were small, and is
                # kept, must not read all of a large one.
                " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
            ),
        }
        options = " ".join(str(part["options"]) for part in (bounds, given) if part.get("options"))
        self.pool.kwargs = {**bounds, **given, "options": options, "row_factory": dict_row}
        # After an outage the pool's pauses between attempts double; give up early and start afresh on the next call.
        self.pool.reconnect_timeout = 2 * CONNECT_TIMEOUT_S

    def after_connect_func(self) -> Callable[[psycopg.Connection[Any]], None]:
        configure = super().after_connect_func()

        def configure_ours(connection: psycopg.Connection[Any]) -> None:
            configure(connection)
            register_binary_arrays(connection)

        return configure_ours


class PostgresSession:
    """One transaction on one connection."""

    def __init__(self, connection: psycopg.Connection[Any], prepared: PreparedStatements | None = None) -> None:
        self._connection = connection
        self._prepared = prepared or PreparedStatements(connection.pgconn)
        self._cursor: psycopg.Cursor[TupleRow] = connection.cursor(row_factory=tuple_row)
        #: A query failed: without a transaction around it, the connection does not remember that.
        self._failed = False

    @property
    def is_broken(self) -> bool:
        lost = self._connection.info.transaction_status in (TransactionStatus.INERROR, TransactionStatus.UNKNOWN)
        return lost or self._failed

    def query(self, name: str, /, **params: object) -> list[Row]:
        self._failed = True
        each = find_tuple_list_param(name)
        if each is not None:
            columns = zip(*cast("list[Row]", params.pop(each.name)), strict=True)
            for number, (kind, values) in enumerate(zip(each.types, columns, strict=True), start=1):
                params[f"{each.name}_{number}"] = encode_array(kind, values)
        for key, value in params.items():
            if isinstance(value, list) and value and type(value[0]) in _LIST_TYPES:
                params[key] = encode_array(_LIST_TYPES[type(value[0])], value)
        # In binary form an event costs the client 2 us in place of 5: its state comes as it is, not as hex digits.
        rows = cast("list[Row]", self._cursor.execute(query_sql(name), params, binary=True).fetchall())
        self._failed = False
        return rows

    def run(self, name: str, /, **params: object) -> int:
        return self._cursor.execute(query_sql(name), params).rowcount

    def commit(self) -> None:
        with library_errors():
            execute_simple(self._connection.pgconn, b"COMMIT")

    def insert(self, target: InsertTarget, rows: Iterable[Row], *, bulk: bool = False) -> None:
        if bulk and not target.conflict:
            self._copy(target, rows)
            return
        statement, chunk = insert_sql(target).encode(), list[Row]()
        for row in rows:
            chunk.append(row)
            if len(chunk) == _MAX_INSERT_ROWS:
                self._cursor.execute(statement, encode_columns(target, chunk))
                chunk.clear()
        if chunk:
            self._cursor.execute(statement, encode_columns(target, chunk))

    def append(self, head: Head, append: Append) -> None:
        """Write all of it in one statement; the head is locked.

        A client that stopped between two statements of a pipeline would keep the head: the server waits for the rest
        with no clock running.
        """
        params = append_params(append)
        if append.moves_head:
            params += [head.log_position + append.events, append.recorded_at]
        self._prepared.execute(append_sql(shape_of(append), moves_head=append.moves_head), params)

    def _copy(self, target: InsertTarget, rows: Iterable[Row]) -> None:
        with self._cursor.copy(f"COPY {target.table} ({', '.join(target.columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


class PostgresLogStore(PostgresApplicationRecorder):
    """The library's recorder with a counter row instead of its table lock.

    The stock recorder holds `LOCK TABLE ... EXCLUSIVE` across the commit, so that readers never pass a gap that is
    filled later. The locked head row keeps that promise, makes positions gapless besides, and does not stall behind
    VACUUM. Nothing here retries: whether a lost transaction was committed is answered by the idempotency row alone.
    """

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        self._write_lock = Lock()
        #: What each pooled connection has prepared.
        self._prepared: WeakKeyDictionary[psycopg.Connection[Any], PreparedStatements] = WeakKeyDictionary()

    @classmethod
    def open(cls, database_url: str) -> Self:
        """Connect; raises `LedgerUnavailable` where there is no server."""
        datastore = PostgresLogDatastore(database_url)
        try:
            with unavailable_on_disconnect():
                return cls(datastore)
        except LedgerUnavailable:
            datastore.close()
            raise

    def count_connections(self) -> tuple[int, int]:
        stats = self.datastore.pool.get_stats()
        idle = stats.get("pool_available", 0)
        return stats.get("pool_size", 0) - idle, idle

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[LogSession]:
        """Queries on their own, one round trip each; a transaction only where they must see one state."""
        if not snapshot:
            with (
                unavailable_on_disconnect(),
                self.datastore.get_connection() as connection,
                _interruptible(connection),
            ):
                yield PostgresSession(connection)
            return
        with self._transaction(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as (session, _):
            yield session
            session.commit()

    @contextmanager
    def write(self) -> Iterator[LogSession]:
        with self._transaction(b"BEGIN") as (session, _):
            yield session
            session.commit()

    def append_locked(self, batch: Callable[[LogSession, Head], Append | None]) -> None:
        # One process has one place in the queue for the head: its threads wait here, without a connection each.
        if not self._write_lock.acquire(timeout=LOCK_TIMEOUT_MS / 1000):
            raise LedgerUnavailable("the event store is busy writing")
        try:
            with self._transaction(f"BEGIN; {load_queries()['lock_head']}".encode()) as (session, locked):
                head = _parse_head(locked)
                append = batch(session, head)
                if append is None:
                    return
                if append.bulk:
                    _write_bulk(session, head, append)
                else:
                    session.append(head, append)
                with outcome_unknown_on_disconnect():
                    session.commit()
        finally:
            self._write_lock.release()

    @contextmanager
    def lock_exclusively(self, name: str, seconds: float) -> Iterator[None]:
        """An advisory lock, for as long as a transaction: behind a pooler a session's lock is another client's."""
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        options = cast("dict[str, Any]", self.datastore.pool.kwargs)
        with unavailable_on_disconnect(), library_errors():
            # A connection of its own: it is held for long, and waits in its transaction without a statement.
            connection = psycopg.connect(**options)
        try:
            with unavailable_on_disconnect(), library_errors():
                connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                _wait_for_lock(connection, key, monotonic() + seconds)
            yield
        finally:
            # Closing alone is no answer: the server would end the transaction, and the lock, some time later.
            with suppress(psycopg.Error):
                connection.rollback()
            connection.close()

    def open_async_appender(self, loop: AbstractEventLoop) -> PostgresAsyncAppender:
        options = cast("dict[str, Any]", self.datastore.pool.kwargs)
        try:
            connection = psycopg.connect(autocommit=True, **options)
            try:
                return PostgresAsyncAppender(connection, loop)
            except BaseException:
                connection.close()
                raise
        except psycopg.Error as error:
            # Any kind: a server that goes away while it prepares raises another error than one that is away.
            raise LedgerUnavailable(f"the event store is not available: {error}") from error

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: object) -> Sequence[int] | None:
        """The library's own append, by the same lock, and without its retry."""
        return append_library_events(self, stored_events)

    def close(self) -> None:
        self.datastore.close()

    @contextmanager
    def _transaction(self, begin: bytes) -> Iterator[tuple[PostgresSession, pq.abc.PGresult]]:
        """A transaction, and what its first message answered; what is not committed in it is rolled back."""
        with unavailable_on_disconnect(), self.datastore.get_connection() as connection:
            prepared = self._prepared.setdefault(connection, PreparedStatements(connection.pgconn))
            try:
                # Never in a pipeline: psycopg's ends with a Flush, and a server that has read one arms no timer for a
                # session that is idle in its transaction. A writer that stopped there would keep the head for ever.
                first = execute_simple(connection.pgconn, begin)
                yield PostgresSession(connection, prepared), first
            finally:
                if connection.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
                    # Not the driver's: with its rollback it deallocates every prepared statement of the session.
                    execute_simple(connection.pgconn, b"ROLLBACK")


def _wait_for_lock(connection: psycopg.Connection[Any], key: int, deadline: float) -> None:
    with connection.cursor(row_factory=tuple_row) as cursor:
        # Trying holds no snapshot between two attempts; waiting inside a statement would hold back VACUUM.
        while not (cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key]).fetchone() or (False,))[0]:
            if monotonic() >= deadline:
                raise TimeoutError("another process holds the lock")
            sleep(RETRY_S)


@contextmanager
def _interruptible(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Statements that end where this thread's work is cancelled."""
    with interrupted_by(partial(connection.cancel_safe, timeout=CONNECT_TIMEOUT_S)) as interruption:
        try:
            yield
        finally:
            if interruption.is_done:
                # The server may come to the interruption only now: it must not strike the connection's next statement.
                connection.close()


def _parse_head(locked: pq.abc.PGresult) -> Head:
    """The head that was locked in the message that began the transaction."""
    if not locked.ntuples:
        raise LedgerMisconfigured("the log head is missing: this database was not migrated to the end")
    return Head(*(int(locked.get_value(0, column) or 0) for column in range(2)))


@contextmanager
def library_errors() -> Iterator[None]:
    """Raise the library's errors for those of the driver that mean that the store is away."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise OperationalError(error) from error
    except psycopg.InternalError as error:
        raise InternalError(error) from error


class PostgresMigrationSession:
    """The one transaction in which `ledger.storage.migrations` runs its DDL."""

    dialect = "postgresql"

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def begin(cls, database_url: str) -> Iterator[Self]:
        """Wait for the other processes that migrate (an advisory lock held to the commit); commit at the end.

        Raises `LedgerUnavailable`, and `LedgerMisconfigured` where the role may not do what the block does.
        """
        try:
            with psycopg.connect(database_url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
                yield cls(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            words = str(error).partition("\n")[0]
            raise LedgerMisconfigured(
                f"{words}: this is for the role that owns the tables, or an administrator"
            ) from None
        except psycopg.OperationalError as error:
            raise LedgerUnavailable(f"the event store is not available: {error}") from error

    def execute(self, sql: str) -> None:
        self._connection.execute(sql.encode())

    def fetch(self, sql: str) -> list[Row]:
        return cast("list[Row]", self._connection.execute(sql.encode()).fetchall())

    def encode_password(self, role: str, password: str) -> str:
        """The password's SCRAM verifier."""
        return self._connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()


def _write_bulk(session: PostgresSession, head: Head, append: Append) -> None:
    for target, rows in append.rows:
        session.insert(target, rows, bulk=append.bulk)
    if append.moves_head:
        session.run("move_head", log_position=head.log_position + append.events, recorded_at=append.recorded_at)
