"""A connection that belongs to an event loop: one statement at a time, sent and answered without a thread.

An optimistic batch is one statement. Sent from the loop itself, it needs no other thread: a loop and a thread of one
interpreter would hand the interpreter lock to each other at every system call.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, TimerHandle
from typing import cast

import psycopg
from psycopg import pq

from ledger.errors import HeadConflict, LedgerUnavailable, OutcomeUnknown
from ledger.storage.postgres_statements import (
    PreparedStatements,
    Shape,
    append_if_head_params,
    append_if_head_sql,
    encode_params,
    shape_of,
)
from ledger.storage.protocol import EVENTS, IDEMPOTENCY_INSERT, STREAM_INDEX, Append, DoneCallback, Head, load_queries

#: Seconds after which a statement without an answer is given up, and its connection with it.
STATEMENT_TIMEOUT_S = 8
_HEAD_STATEMENT = b"head"


class PostgresAsyncAppender:
    """Opened by a thread, used by one loop; closed by `close`, or by itself where the server goes away."""

    def __init__(self, connection: psycopg.Connection, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._reading = False
        self._connection = connection
        self._pgconn = connection.pgconn
        prepared = PreparedStatements(self._pgconn)
        self._names = {shape: prepared.prepare(append_if_head_sql(shape)) for shape in _PREPARED_SHAPES}
        self._pgconn.prepare(_HEAD_STATEMENT, load_queries()["head"].encode())
        self._pgconn.nonblocking = 1
        # Kept here, as a lost connection does not know its socket any more.
        self._socket = self._pgconn.socket
        self._on_done: DoneCallback | None = None
        self._result: BaseException | None = None
        self._expected = Head(0, 0)
        self._timeout: TimerHandle | None = None
        self.is_alive = True

    def append_if_head(self, head: Head, append: Append | None, on_done: DoneCallback) -> None:
        given = append_if_head_params(head, append) if append is not None else []
        name = self._names[shape_of(append)] if append is not None else _HEAD_STATEMENT
        values, formats = encode_params(given)
        if not self._reading:
            self._reading = True
            self._loop.add_reader(self._socket, self._on_readable)
        self._on_done, self._expected = on_done, head
        self._result = None
        self._timeout = self._loop.call_later(STATEMENT_TIMEOUT_S, self._connection_lost)
        try:
            self._pgconn.send_query_prepared(name, values, formats)
            self._flush()
        except psycopg.Error:
            self._connection_lost()

    def close(self) -> None:
        if self.is_alive:
            self.is_alive = False
            if self._reading and not self._loop.is_closed():
                self._loop.remove_reader(self._socket)
                self._loop.remove_writer(self._socket)
            self._pgconn.finish()

    def _flush(self) -> None:
        if self._pgconn.flush():
            self._loop.add_writer(self._socket, self._on_writable)

    def _on_writable(self) -> None:
        self._loop.remove_writer(self._socket)
        try:
            self._flush()
        except psycopg.Error:
            self._connection_lost()

    def _on_readable(self) -> None:
        try:
            self._pgconn.consume_input()
            while self._on_done is not None and not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is not None:
                    self._result = self._parse_result(result)
                elif self._pgconn.status == pq.ConnStatus.OK:
                    # Only now: the rows come before the commit, whose result comes last.
                    self._finish(self._result)
                else:
                    self._connection_lost()
        except psycopg.Error:
            self._connection_lost()

    def _parse_result(self, result: pq.abc.PGresult) -> BaseException | None:
        if result.status == pq.ExecStatus.TUPLES_OK:
            values = [int(cast("bytes", result.get_value(0, column))) for column in range(result.nfields)]
            right = values == [1] if len(values) == 1 else Head(*values) == self._expected
            return None if right else HeadConflict()
        error = psycopg.errors.error_from_result(result)
        if isinstance(error, psycopg.errors.UniqueViolation):
            return HeadConflict()
        if self._pgconn.status != pq.ConnStatus.OK or _is_fatal(result):
            return OutcomeUnknown(f"the event store is not available: {error}")
        # The server is alive and reported the error: it rolled back.
        if isinstance(error, psycopg.OperationalError | psycopg.InternalError):
            return LedgerUnavailable(f"the event store is not available: {error}")
        return error

    def _finish(self, error: BaseException | None) -> None:
        on_done, self._on_done = self._on_done, None
        if self._timeout is not None:
            self._timeout.cancel()
        if on_done is not None:
            on_done(error)

    def _connection_lost(self) -> None:
        """Close, and report an unknown outcome: rows alone do not mean that the statement is committed."""
        self.close()
        refused = self._result if isinstance(self._result, LedgerUnavailable) else None
        self._finish(refused or OutcomeUnknown("the event store is not available: it did not answer to the end"))


def _is_fatal(result: pq.abc.PGresult) -> bool:
    return result.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED) != b"ERROR"


#: What batches of commands come to.
_PREPARED_SHAPES: tuple[Shape, ...] = (
    (EVENTS,),
    (EVENTS, STREAM_INDEX),
    (EVENTS, IDEMPOTENCY_INSERT),
    (EVENTS, STREAM_INDEX, IDEMPOTENCY_INSERT),
)
