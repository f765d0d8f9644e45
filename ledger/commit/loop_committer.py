"""Batches of an event loop: decided optimistically from memory and appended from the loop itself, without a thread.

A thread and a loop of one interpreter hand the interpreter lock to each other at every system call, which costs a
command more than deciding it does. So a command that needs nothing but memory is decided on the loop, and written by
one conditional statement whose result the loop is called back with. Everything else is left to the committer's thread:
states to be read, a log that other processes write to, a store that is away.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from threading import Lock
from time import monotonic

from ledger.commit.batch import BatchLimits, CommandBatch
from ledger.commit.outcomes import OutcomeResolver
from ledger.commit.queue import CommandQueue, TimeoutWatcher
from ledger.commit.writer import Writer
from ledger.errors import HeadConflict
from ledger.storage.protocol import AsyncAppender, LogStore

#: Seconds between two tries of a store that gives no connection.
_RETRY_S = 1.0


class LoopCommitter:
    """One for each event loop that has commands."""

    def __init__(
        self,
        loop: AbstractEventLoop,
        *,
        queue: CommandQueue,
        writer: Writer,
        outcomes: OutcomeResolver,
        timeouts: TimeoutWatcher,
        decider_lock: Lock,
        recorder: LogStore,
        limits: BatchLimits,
    ) -> None:
        self.loop = loop
        self._queue = queue
        self._writer = writer
        self._outcomes = outcomes
        #: Watches the loop's own commands.
        self.timeouts = timeouts
        #: Its holder decides.
        self._decider_lock = decider_lock
        self._recorder = recorder
        self._limits = limits
        #: Batches committed so far.
        self.batches = 0
        self._connection: AsyncAppender | None = None
        self._refused_at = -_RETRY_S
        self._scheduled = False
        #: The batch that is being written.
        self._in_flight: CommandBatch | None = None

    def ensure_connected(self) -> bool:
        """Whether there is a connection; opened here where there is none. For threads: it waits for the store."""
        if self._connection is not None and self._connection.is_alive:
            return True
        if monotonic() - self._refused_at < _RETRY_S:
            return False
        try:
            self._connection = self._recorder.open_async_appender(self.loop)
        except Exception:  # noqa: BLE001  # whatever it is, the calling thread serves every command and must survive it
            self._refused_at = monotonic()
            return False
        return True

    def schedule(self) -> None:
        """Schedule a batch after the callbacks that are ready now, so that they share it. Call on the loop."""
        if not self._scheduled and self._in_flight is None:
            self._scheduled = True
            self.loop.call_soon(self._start_batch)

    def close(self) -> None:
        """Close the connection and release the decider lock: the loop is closed, or the committer is."""
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
            # Its holder, the thread or another loop, checks the queue again after releasing it.
            return
        head, connection = self._writer.expected_head(), self._connection
        if head is None or connection is None or not connection.is_alive:
            self._decider_lock.release()
            self._queue.notify_thread()
            return
        self._in_flight = batch = CommandBatch(self._queue, self._writer, self._limits)
        try:
            append = batch.decide_optimistically(head)
        except BaseException as error:  # noqa: BLE001  # whatever it was, the commands get it
            self._on_done(error)
            return
        if not batch.commands or (append is not None and not append.is_optimistic):
            if batch.commands:
                self._queue.requeue(batch.commands)
                self._queue.notify_thread()
            self._in_flight = None
            self._decider_lock.release()
            return
        try:
            connection.append_if_head(head, append, self._on_done)
        except BaseException as error:  # noqa: BLE001  # what cannot be sent was not sent
            self._on_done(error)

    def _on_done(self, error: BaseException | None) -> None:
        batch, self._in_flight = self._in_flight, None
        if batch is None:
            return
        try:
            if error is None:
                self.batches += 1
                self._outcomes.on_committed(batch, on=self.loop)
            elif isinstance(error, HeadConflict):
                self._outcomes.on_conflict(batch)
            else:
                self._outcomes.on_failed(batch, error)
        finally:
            self._decider_lock.release()
        if len(self._queue):
            self.schedule()
