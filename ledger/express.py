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

from ledger.batch import Batch
from ledger.errors import HeadMoved
from ledger.recorders import LogRecorder, LoopConnection
from ledger.settling import Settling
from ledger.waiting import Line

#: Seconds between two tries of a store that gives no connection.
_RETRY_S = 1.0


class Express:
    """One for each event loop that has commands."""

    def __init__(
        self, loop: AbstractEventLoop, line: Line, settling: Settling, baton: Lock, recorder: LogRecorder
    ) -> None:
        self.loop = loop
        self._line = line
        self._settling = settling
        #: Whoever has it decides.
        self._baton = baton
        self._recorder = recorder
        self._connection: LoopConnection | None = None
        self._refused_at = -_RETRY_S
        self._looking = False
        #: On its way to the store.
        self._flying: Batch | None = None

    def connect(self) -> bool:
        """Whether there is a connection; made here where there is none. For threads: it waits for the store."""
        if self._connection is not None and self._connection.alive:
            return True
        if self._recorder.loop_connection is None or monotonic() - self._refused_at < _RETRY_S:
            return False
        try:
            self._connection = self._recorder.loop_connection(self.loop)
        except Exception:  # noqa: BLE001  # whatever it is, the thread that asks serves everybody and must outlive it
            self._refused_at = monotonic()
            return False
        return True

    def look(self) -> None:
        """Somebody waits: take them, once all that the loop has at hand has joined them. On the loop."""
        if not self._looking and self._flying is None:
            self._looking = True
            self.loop.call_soon(self._take)

    def close(self) -> None:
        """The loop is closed, or nobody is taken any more."""
        if self._connection is not None:
            self._connection.close()
        if self._flying is not None:
            self._flying = None
            self._baton.release()

    def _take(self) -> None:
        self._looking = False
        if self._flying is not None or not len(self._line):
            return
        if not self._baton.acquire(blocking=False):
            # The thread has it. It looks at the line again after it has let go.
            return
        head, connection = self._settling.trusted(), self._connection
        if head is None or connection is None or not connection.alive:
            self._baton.release()
            self._line.call()
            return
        batch = self._settling.batch()
        try:
            append = batch.decide_from_memory(head)
        except BaseException as error:  # noqa: BLE001  # whatever it was, those who wait are told
            self._land(batch, error)
            return
        if not batch.taken or not connection.foresees(append):
            if batch.taken:
                self._line.put_back(batch.taken)
                self._line.call()
            self._baton.release()
            return
        self._flying = batch
        try:
            connection.send(head, append, self._landed)
        except BaseException as error:  # noqa: BLE001  # what cannot be sent was not sent
            self._landed(error)

    def _landed(self, error: BaseException | None) -> None:
        batch, self._flying = self._flying, None
        if batch is not None:
            self._land(batch, error)

    def _land(self, batch: Batch, error: BaseException | None) -> None:
        try:
            if error is None:
                self._settling.committed(batch, on=self.loop)
            elif isinstance(error, HeadMoved):
                self._settling.in_vain(batch)
            else:
                self._settling.failed(batch, error)
        finally:
            self._baton.release()
        if len(self._line):
            self.look()
