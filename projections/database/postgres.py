"""The views in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from operator import itemgetter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool, PoolTimeout

from ledger.cancellation import check_cancelled, interrupted_by
from ledger.storage.access import ORGANISATION_PARAMETER
from ledger.storage.postgres_arrays import BinaryArray, encode_array, register_binary_arrays
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
from projections.database.sql import (
    close_rows_sql,
    insert_select_sql,
    multi_table_write_sql,
    temporary_table_sql,
    to_pyformat,
)
from projections.database.tables import Column, Dialect, Table, TableWrite

#: Rows of one statement: bounds its memory.
_CHUNK_SIZE = 5_000
#: Two statements are asked for sooner one after the other: a pipeline has a cost of its own.
_MIN_PIPELINE_QUERIES = 3
#: The type of the array in which a column's values are sent; the others as text.
_ARRAY_TYPES = {"integer": "bigint", "uuid": "spelled uuid"}
#: Seconds that interrupting a statement may take.
CANCEL_TIMEOUT_S = 5.0
#: Identifies our migrations among the advisory locks of a database ("plim" in ASCII).
_MIGRATION_LOCK = 0x706C696D
#: The pool doubles its pauses between attempts to connect. It begins anew after so many seconds: a server away for
#: an hour is not missed for another half.
_RECONNECT_SECONDS = 2.0
#: A server that vanished silently is detected by keepalives; parameters of the URL take precedence.
_CONNECT_OPTIONS = {
    "connect_timeout": 5,
    "tcp_user_timeout": int(LOCK_TIMEOUT_S * 1000),
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}
#: Rows to be written are found by their keys. A plan that was made while the tables were small, and is kept, must not
#: read all of a large one; so a statement can be planned once for any number of rows: planning took a third of the
#: server's time where rows are few.
#: Writers may take as long as they need: they move a checkpoint, and no request waits for them.
_WRITER_SETTINGS = {
    **dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin"), "off"),
    "plan_cache_mode": "force_generic_plan",
    "statement_timeout": "0",
}
_BEGIN = f"BEGIN; {'; '.join(f'SET LOCAL {name} = {value}' for name, value in _WRITER_SETTINGS.items())}".encode()
#: Of the session, not of a transaction: a connection that goes on reading for one organisation is set once.
_NAME_ORGANISATION = f"SELECT set_config('{ORGANISATION_PARAMETER}', :organisation_id, false)"

_Result = TypeVar("_Result")


#: A table is not there, or this role was not granted its rights on it yet: `plimsoll migrate` does both.
_NOT_MIGRATED = (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege)


@contextmanager
def _postgres_errors() -> Iterator[None]:
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, *_NOT_MIGRATED, PoolTimeout) as error:
        raise DatabaseUnavailable(str(error)) from error
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.CardinalityViolation) as error:
        raise WriteRefused(str(error)) from error


def _fetch_rows(cursor: psycopg.Cursor[Any]) -> list[Row]:
    if cursor.description is None:
        return []
    make = row_class(tuple(column.name for column in cursor.description))
    return list(map(make, cursor.fetchall()))


def _query_in_pipeline(questions: Sequence[Query], connection: psycopg.Connection[Any]) -> list[list[Row]]:
    if len(questions) < _MIN_PIPELINE_QUERIES:
        return [_fetch_rows(connection.execute(to_pyformat(sql), params)) for sql, params in questions]
    with connection.pipeline():
        cursors = [connection.execute(to_pyformat(sql), params) for sql, params in questions]
    # Not before its end: until then a cursor does not know that it has rows.
    return [_fetch_rows(cursor) for cursor in cursors]


def _encode_params(parts: Sequence[TableWrite]) -> list[BinaryArray]:
    """The parameters of `writing`."""
    params: list[BinaryArray] = []
    try:
        for part in parts:
            columns = part.table.columns
            params += _encode_columns(columns, part.upserts) if part.upserts else []
            if part.closures:
                places = close_rows_sql(part.table)[0]
                params += _encode_columns([columns[p] for p in places], [*map(itemgetter(*places), part.closures)])
    except ValueError as error:
        raise WriteRefused(str(error)) from error
    return params


def _encode_columns(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> list[BinaryArray]:
    """The columns of these rows, one or more."""
    by_column = zip(columns, zip(*rows, strict=True), strict=True)
    return [encode_array(_ARRAY_TYPES.get(column.type, "text"), values) for column, values in by_column]


def _build_statement(parts: Sequence[TableWrite], expected: Table | None = None) -> str:
    return multi_table_write_sql(tuple((p.table, bool(p.upserts), bool(p.closures)) for p in parts), expected)


def _ask_interruptibly(
    ask: Callable[[psycopg.Connection[Any]], _Result], connection: psycopg.Connection[Any]
) -> _Result:
    with interrupted_by(partial(connection.cancel_safe, timeout=CANCEL_TIMEOUT_S)) as interruption:
        try:
            return ask(connection)
        finally:
            if interruption.is_done:
                # The server may come to the interruption only now: it must not strike the connection's next statement.
                connection.close()


class _PostgresTransaction:
    for_update = "FOR UPDATE"

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        # Its text goes as it is: finding a hundred parameters in it anew takes longer than all else.
        self._raw = psycopg.RawCursor(connection)

    def execute(self, sql: str, params: Params | None = None) -> int:
        return self._connection.execute(to_pyformat(sql), params or {}).rowcount

    def query(self, sql: str, params: Params | None = None) -> list[Row]:
        return _fetch_rows(self._connection.execute(to_pyformat(sql), params or {}))

    def insert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table.name} ({', '.join(table.column_names)}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def upsert_many(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        for start in range(0, len(rows), _CHUNK_SIZE):
            self.write([TableWrite(table=table, upserts=rows[start : start + _CHUNK_SIZE])])

    def write(self, parts: Sequence[TableWrite]) -> None:
        if not parts:
            return
        counts = self._raw.execute(_build_statement(parts), _encode_params(parts)).fetchone() or ()
        for part, found in zip((part for part in parts if part.closures), counts, strict=False):
            if found < len(part.closures):
                self.upsert_many(part.table, part.closures)

    def copy(self, table: Table, select: str) -> None:
        self.execute(insert_select_sql(table, select))

    def lock_migrations(self) -> None:
        self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))


class _PostgresSession:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self.temporary_tables: list[str] = []

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._connection.transaction():
            yield _PostgresTransaction(self._connection)

    def create_temporary_table(self, table: Table) -> None:
        self._connection.execute(temporary_table_sql(table, "postgresql"))
        self.temporary_tables.append(f"pg_temp.{table.name}")


def _configure(connection: psycopg.Connection[Any], statement_timeout_s: float) -> None:
    # Ids are read as text, as from SQLite.
    connection.adapters.register_loader("uuid", TextLoader)
    register_binary_arrays(connection)
    # Compiling a statement takes a hundred milliseconds, where the longest of ours take ten.
    connection.execute("SET synchronous_commit TO off; SET jit TO off")
    connection.execute(_timeout_sql(statement_timeout_s))
    # A server on Linux notices within a second that its client was killed, and stops; others have no such setting.
    with suppress(psycopg.errors.InvalidParameterValue):
        connection.execute("SET client_connection_check_interval TO 1000")


def _timeout_sql(statement_timeout_s: float) -> bytes:
    return b"SET statement_timeout TO %d" % round(statement_timeout_s * 1000)


def _configure_writer(connection: psycopg.Connection[Any]) -> None:
    _configure(connection, 0)
    for name, value in _WRITER_SETTINGS.items():
        connection.execute(f"SET {name} = {value}".encode())


def _open_pool(
    url: str, name: str, configure: Callable[[psycopg.Connection[Any]], None], least: int, most: int
) -> ConnectionPool:
    return ConnectionPool(
        min_size=least,
        max_size=most,
        open=True,
        timeout=LOCK_TIMEOUT_S,
        reconnect_timeout=_RECONNECT_SECONDS,
        reconnect_failed=ConnectionPool.check,
        kwargs={**_CONNECT_OPTIONS, **conninfo_to_dict(url), "autocommit": True, "application_name": name},
        configure=configure,
        name=name,
    )


class PostgresBackend:
    """A pool; a connection that the server dropped is replaced before anyone sees it.

    Looking first would double a read's round trips: reads find out and ask again, which does no harm. Writers look.
    """

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, connections: int, statement_timeout_s: float, *, row_security: bool = False) -> None:
        #: Of reads; 0: none.
        self._statement_timeout_s = statement_timeout_s
        self._row_security = row_security
        #: The organisation that each connection was told last.
        self._organisations: WeakKeyDictionary[psycopg.Connection[Any], str] = WeakKeyDictionary()
        configure = partial(_configure, statement_timeout_s=statement_timeout_s)
        self._pool = _open_pool(url, "plimsoll-views", configure, 1, connections)
        #: Of `try_write`: a connection where that is called, as its settings are the session's.
        self._writers = _open_pool(url, "plimsoll-views", _configure_writer, 0, 1)

    def query(self, sql: str, params: Params) -> list[Row]:
        return self._query_with_retry(partial(self._query_as_organisation, [(sql, params)]))[0]

    def query_many(self, questions: Sequence[Query]) -> list[list[Row]]:
        return self._query_with_retry(partial(self._query_as_organisation, questions))

    def _query_as_organisation(
        self, questions: Sequence[Query], connection: psycopg.Connection[Any]
    ) -> list[list[Row]]:
        """The rows of these statements, of the organisation that they name: with row security, of no other."""
        named = {str(params["organisation_id"]) for _, params in questions if "organisation_id" in params}
        if not self._row_security or not named or named == {self._organisations.get(connection)}:
            return _query_in_pipeline(questions, connection)
        if len(named) > 1:
            raise ValueError("statements that are sent together are of one organisation")
        # With an error in the pipeline the parameter may be the old one or the new one.
        self._organisations.pop(connection, None)
        (organisation_id,) = named
        question: Query = (_NAME_ORGANISATION, {"organisation_id": organisation_id})
        rows = _query_in_pipeline([question, *questions], connection)
        self._organisations[connection] = organisation_id
        return rows[1:]

    def iterate(self, sql: str, params: Params) -> Iterator[list[Row]]:
        with (
            _postgres_errors(),
            self._live_connection(b"") as connection,
            connection.transaction(),
            connection.cursor(name="export") as cursor,
        ):
            self._name_organisation(connection, params)
            cursor.execute(to_pyformat(sql), params)
            make = row_class(tuple(column.name for column in cursor.description or ()))
            while rows := cursor.fetchmany(PAGE_SIZE):
                check_cancelled()
                yield [make(values) for values in rows]

    def copy_csv(self, sql: str, params: Params) -> Iterator[bytes]:
        # COPY takes no parameters: they are written into its text, quoted by the driver.
        with (
            _postgres_errors(),
            self._live_connection(b"") as connection,
            psycopg.ClientCursor(connection) as cursor,
        ):
            self._name_organisation(connection, params)
            with cursor.copy(f"COPY ({to_pyformat(sql)}) TO STDOUT (FORMAT csv)", params) as copy:
                for part in copy:
                    check_cancelled()
                    yield bytes(part)

    def _name_organisation(self, connection: psycopg.Connection[Any], params: Params) -> None:
        if self._row_security and "organisation_id" in params:
            named = str(params["organisation_id"])
            connection.execute(to_pyformat(_NAME_ORGANISATION), {"organisation_id": named})
            self._organisations[connection] = named

    def _query_with_retry(self, ask: Callable[[psycopg.Connection[Any]], _Result]) -> _Result:
        with _postgres_errors():
            connection = self._pool.getconn()
            try:
                return _ask_interruptibly(ask, connection)
            except psycopg.OperationalError:
                if not connection.broken:
                    raise
            finally:
                self._pool.putconn(connection)
            with self._live_connection(b"") as living:
                return _ask_interruptibly(ask, living)

    @contextmanager
    def _live_connection(self, first: bytes) -> Iterator[psycopg.Connection[Any]]:
        """A connection that has just answered to this; the dropped ones met on the way are replaced."""
        while True:
            connection = self._pool.getconn()
            try:
                connection.execute(first)
            except psycopg.OperationalError:
                self._pool.putconn(connection)
                if not connection.broken:
                    raise
            else:
                break
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with _postgres_errors(), self._live_connection(_BEGIN) as connection:
            try:
                yield _PostgresTransaction(connection)
                connection.execute(b"COMMIT")
            except BaseException:
                # Where that fails too, the connection is lost, and the transaction with it.
                with suppress(psycopg.Error):
                    connection.execute(b"ROLLBACK")
                raise

    def try_write(self, expected: TableWrite, parts: Sequence[TableWrite]) -> bool:
        params = [*_encode_columns(expected.table.columns, expected.upserts), *_encode_params(parts)]
        with _postgres_errors():
            connection = self._writers.getconn()
            try:
                # One statement is a transaction of its own.
                psycopg.RawCursor(connection).execute(_build_statement(parts, expected.table), params)
            except (psycopg.errors.DivisionByZero, psycopg.OperationalError):
                return False
            finally:
                self._writers.putconn(connection)
        return True

    @contextmanager
    def session(self) -> Iterator[Session]:
        with _postgres_errors(), self._live_connection(_timeout_sql(0)) as connection:
            session = _PostgresSession(connection)
            try:
                yield session
            finally:
                if not connection.broken:
                    connection.execute(_timeout_sql(self._statement_timeout_s))
                # A broken connection takes its temporary tables with it.
                if session.temporary_tables and not connection.broken:
                    connection.execute(f"DROP TABLE IF EXISTS {', '.join(session.temporary_tables)}")

    def count_connections(self) -> tuple[int, int]:
        stats = self._pool.get_stats()
        idle = stats.get("pool_available", 0)
        return stats.get("pool_size", 0) - idle, idle

    def close(self) -> None:
        self._pool.close()
        self._writers.close()
