"""A batch of commands: dequeued, decided within limits, and what is left of them requeued."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import monotonic

import msgspec

from ledger.commit.queue import CommandQueue, PendingCommand
from ledger.commit.unit_of_work import UnitOfWork
from ledger.commit.writer import Writer
from ledger.errors import CacheMiss
from ledger.storage.protocol import Append, Head, InsertTarget, LogSession, Row


class BatchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction holds at most."""

    #: Commands of one transaction.
    commands: int = 256
    #: Seconds of deciding after which a batch is closed: other writers wait for the head, and readers for the commit.
    decide_seconds: float = 0.05


class CommandBatch:
    """The commands of one transaction, dequeued once the unit of work is open: until then each can be cancelled."""

    def __init__(self, queue: CommandQueue, writer: Writer, limits: BatchLimits) -> None:
        self._queue = queue
        self._writer = writer
        self._limits = limits
        #: Opened when the batch is decided.
        self.unit_of_work: UnitOfWork | None = None
        self.commands: list[PendingCommand] = []

    def decide_locked(self, session: LogSession, head: Head, *, fence: bool) -> Append | None:
        """Decide under the head's lock; `fence`: move the head even where there is nothing to store."""
        unit = self._open_unit_of_work(session, head, locked=True)
        for waiting in self._within_time_budget():
            waiting.outcome = unit.decide(waiting.command)
        return unit.build_append(fence=fence)

    def decide_optimistically(self, head: Head) -> Append | None:
        """Without the lock and without the store. Commands that need the store are requeued for the thread."""
        decided, left = list[PendingCommand](), list[PendingCommand]()
        try:
            unit = self._open_unit_of_work(_NO_STORE, head, locked=False)
        except CacheMiss:
            self.commands, left = [], self.commands
        else:
            for waiting in self._within_time_budget():
                try:
                    waiting.outcome = unit.decide(waiting.command)
                except CacheMiss:
                    left.append(waiting)
                    continue
                # A keyed command that failed may be a duplicate of one that succeeded, which only the store shows.
                may_be_duplicate = waiting.command.idempotency is not None and isinstance(waiting.outcome, Exception)
                (left if may_be_duplicate else decided).append(waiting)
            self.commands = decided
        if left:
            self._queue.requeue(left)
            self._queue.notify_thread()
        return self.unit_of_work.build_append() if self.unit_of_work is not None and self.commands else None

    def _open_unit_of_work(self, session: LogSession, head: Head, *, locked: bool) -> UnitOfWork:
        self.unit_of_work = unit = UnitOfWork(session, head, self._writer.context, locked=locked)
        self.commands = self._queue.pop_batch(self._limits.commands)
        unit.prefetch([waiting.command for waiting in self.commands])
        return unit

    def _within_time_budget(self) -> Iterator[PendingCommand]:
        """The commands one after another; those left when the time is over are requeued for the next batch."""
        end = monotonic() + self._limits.decide_seconds
        for number, waiting in enumerate(self.commands):
            if number and monotonic() > end:
                self._queue.requeue(self.commands[number:])
                del self.commands[number:]
                return
            yield waiting


class _NoStore:
    """Null session: every call raises `CacheMiss`."""

    is_broken = False

    def query(self, name: str, /, **_: object) -> list[Row]:
        raise CacheMiss(name)

    def run(self, name: str, /, **_: object) -> int:
        raise CacheMiss(name)

    def insert(self, target: InsertTarget, _rows: Iterable[Row], *, bulk: bool = False) -> None:
        raise CacheMiss(target.table)


_NO_STORE = _NoStore()
