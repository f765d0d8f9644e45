"""Batches of an event loop, decided on trust and from memory, sent from the loop itself: no thread takes part.

A thread and a loop of one interpreter hand it to each other at every system call, which costs a command more than
deciding it does. So whatever needs nothing but memory is decided where it was asked, and the store is told in one
statement that nobody waits for. All else is left to the committer's thread: what is not in memory, a log that others
write to, a store that is away.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from threading import Lock
from time import monotonic

from ledger.commit.outcomes import OutcomeResolver
from ledger.commit.queue import CommandQueue
from ledger.commit.unit_of_work import CommandBatch
from ledger.errors import HeadConflict
from ledger.storage.protocol import AsyncAppender, LogStore

#: Seconds between two tries of a store that gives no connection.
_RETRY_S = 1.0


class LoopCommitter:
    """One for each event loop that has commands."""

    def __init__(
        self, loop: AbstractEventLoop, line: CommandQueue, settling: OutcomeResolver, baton: Lock, recorder: LogStore
    ) -> None:
        self.loop = loop
        self._queue = line
        self._outcomes = settling
        #: Whoever has it decides.
        self._decider_lock = baton
        self._recorder = recorder
        self._connection: AsyncAppender | None = None
        self._refused_at = -_RETRY_S
        self._scheduled = False
        #: On its way to the store.
        self._in_flight: CommandBatch | None = None

    def ensure_connected(self) -> bool:
        """Whether there is a connection; made here where there is none. For threads: it waits for the store."""
        if self._connection is not None and self._connection.is_alive:
            return True
        if self._recorder.open_async_appender is None or monotonic() - self._refused_at < _RETRY_S:
            return False
        try:
            self._connection = self._recorder.open_async_appender(self.loop)
        except Exception:  # noqa: BLE001  # whatever it is, the thread that asks serves everybody and must outlive it
            self._refused_at = monotonic()
            return False
        return True

    def schedule(self) -> None:
        """Somebody waits: take them, once all that the loop has at hand has joined them. On the loop."""
        if not self._scheduled and self._in_flight is None:
            self._scheduled = True
            self.loop.call_soon(self._start_batch)

    def close(self) -> None:
        """The loop is closed, or nobody is taken any more."""
        if self._connection is not None:
            self._connection.close()
        if self._in_flight is not None:
            self._in_flight = None
            self._decider_lock.release()

    def _start_batch(self) -> None:
        self._scheduled = False
        if self._in_flight is not None or not len(self._queue):
            return
        if not self._decider_lock.acquire(blocking=False):
            # The thread has it. It looks at the line again after it has let go.
            return
        head, connection = self._outcomes.expected_head(), self._connection
        if head is None or connection is None or not connection.is_alive:
            self._decider_lock.release()
            self._queue.notify_thread()
            return
        batch = self._outcomes.create_batch()
        try:
            append = batch.decide_optimistically(head)
        except BaseException as error:  # noqa: BLE001  # whatever it was, those who wait are told
            self._complete(batch, error)
            return
        if not batch.commands or not connection.supports(append):
            if batch.commands:
                self._queue.requeue(batch.commands)
                self._queue.notify_thread()
            self._decider_lock.release()
            return
        self._in_flight = batch
        try:
            connection.append_if_head(head, append, self._on_done)
        except BaseException as error:  # noqa: BLE001  # what cannot be sent was not sent
            self._on_done(error)

    def _on_done(self, error: BaseException | None) -> None:
        batch, self._in_flight = self._in_flight, None
        if batch is not None:
            self._complete(batch, error)

    def _complete(self, batch: CommandBatch, error: BaseException | None) -> None:
        try:
            if error is None:
                self._outcomes.on_committed(batch, on=self.loop)
            elif isinstance(error, HeadConflict):
                self._outcomes.on_conflict(batch)
            else:
                self._outcomes.on_failed(batch, error)
        finally:
            self._decider_lock.release()
        if len(self._queue):
            self.schedule()
