"""A connection that belongs to an event loop: one statement at a time, sent and answered without a thread.

What a batch on trust asks of the store is one statement. Sent from the loop itself, it costs no change of threads: the
loop and a thread of the same interpreter would hand it to each other at every system call.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
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
from ledger.storage.protocol import EVENTS, IDEMPOTENCY_INSERT, STREAM_INDEX, Append, Head, load_queries

#: A statement that is not answered within this is given up, and its connection with it (seconds).
STATEMENT_TIMEOUT_S = 8
_HEAD_STATEMENT = b"head"

#: None: it was written (or the head is where it was). `HeadMoved`: the head is another, or a key is not new.
DoneCallback = Callable[[BaseException | None], None]


class PostgresAsyncAppender:
    """Made by a thread, used by one loop; ended by `close`, or by itself where the server goes away."""

    def __init__(self, connection: psycopg.Connection, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._reading = False
        self._connection = connection
        self._pgconn = connection.pgconn
        prepared = PreparedStatements(self._pgconn)
        self._names = {shape: prepared.prepare(append_if_head_sql(shape)) for shape in _PREPARED_SHAPES}
        self._pgconn.prepare(_HEAD_STATEMENT, load_queries()["head"].encode())
        self._pgconn.nonblocking = 1
        # Remembered: a lost connection does not say any more which one it was.
        self._socket = self._pgconn.socket
        self._on_done: DoneCallback | None = None
        self._result: BaseException | None = None
        self._expected = Head(0, 0)
        self._timeout: TimerHandle | None = None
        self.is_alive = True

    def supports(self, append: Append | None) -> bool:
        """Whether such an append was prepared for."""
        return append is None or (append.events > 0 and shape_of(append) in self._names)

    def append_if_head(self, head: Head, append: Append | None, landed: DoneCallback) -> None:
        """Write it if the log ends at `head`, or (None) ask whether it does; `landed` is called by the loop, once.

        Raises where it cannot be put into bytes: then nothing was sent.
        """
        given = append_if_head_params(head, append) if append is not None else []
        name = self._names[shape_of(append)] if append is not None else _HEAD_STATEMENT
        values, formats = encode_params(given)
        if not self._reading:
            self._reading = True
            self._loop.add_reader(self._socket, self._on_readable)
        self._on_done, self._expected = landed, head
        self._result = None
        self._timeout = self._loop.call_later(STATEMENT_TIMEOUT_S, self._connection_lost)
        try:
            self._pgconn.send_query_prepared(name, values, formats)
            self._flush()
        except psycopg.Error:
            self._connection_lost()

    def close(self) -> None:
        """Nothing of it is heard any more. Twice does no harm."""
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
                    # Only now: the rows come before the commit, and what it says comes last.
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
        # The server said so itself, and lives: it rolled back.
        if isinstance(error, psycopg.OperationalError | psycopg.InternalError):
            return LedgerUnavailable(f"the event store is not available: {error}")
        return error

    def _finish(self, error: BaseException | None) -> None:
        landed, self._on_done = self._on_done, None
        if self._timeout is not None:
            self._timeout.cancel()
        if landed is not None:
            landed(error)

    def _connection_lost(self) -> None:
        """Whatever had come of it so far: only its end would have said that it is written."""
        self.close()
        refused = self._result if isinstance(self._result, LedgerUnavailable) else None
        self._finish(refused or OutcomeUnknown("the event store is not available: it did not answer to the end"))


def _is_fatal(result: pq.abc.PGresult) -> bool:
    return result.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED) != b"ERROR"


#: What commands come to, all but import rows, which have a way of their own.
_PREPARED_SHAPES: tuple[Shape, ...] = tuple(
    tuple((target.table, target.conflict) for target in (EVENTS, *others))
    for others in ((), (STREAM_INDEX,), (IDEMPOTENCY_INSERT,), (STREAM_INDEX, IDEMPOTENCY_INSERT))
)
