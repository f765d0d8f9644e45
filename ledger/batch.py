"""One transaction's commands: taken from the line, decided in order, and settled once they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Protocol

from ledger.errors import CacheMiss
from ledger.recorders import Append, Head, InsertTarget, LogSession, Row
from ledger.states import Key, StreamState
from ledger.turn import UnitOfWork
from ledger.waiting import CommandQueue, PendingCommand

#: Commands of one transaction.
MAX_BATCH_COMMANDS = 256
#: Seconds of deciding after which a batch is closed: other writers wait for the head, and readers for the commit.
MAX_DECIDE_SECONDS = 0.05


class OpenTurn(Protocol):
    """Opens a turn at the log head."""

    def __call__(self, session: LogSession, head: Head, *, locked: bool) -> UnitOfWork: ...


class CommandBatch:
    """Who waits is taken only when the turn is open: until then each could still step out of the line."""

    def __init__(self, line: CommandQueue, open_turn: OpenTurn) -> None:
        self._line = line
        self._open_turn = open_turn
        self._turn: UnitOfWork | None = None
        self.commands: list[PendingCommand] = []

    @property
    def no_foreign_writes(self) -> bool:
        """The log was as this process had left it."""
        return self._turn is not None and self._turn.no_foreign_writes

    def decide_locked(self, session: LogSession, head: Head, *, fence: bool) -> Append | None:
        """Under the head's lock."""
        turn = self._open_unit_of_work(session, head, locked=True)
        for waiting in self._within_time_budget():
            waiting.outcome = turn.decide(waiting.command)
        return turn.build_append(fence=fence)

    def decide_on_trust(self, session: LogSession, head: Head) -> Append | None:
        """Without the lock; what is not in memory is asked of the store."""
        turn = self._open_unit_of_work(session, head, locked=False)
        for waiting in self._within_time_budget():
            waiting.outcome = turn.decide(waiting.command)
        if unsure := [waiting for waiting in self.commands if _may_be_duplicate(waiting)]:
            turn.look_up([waiting.command for waiting in unsure])
            for waiting in unsure:
                waiting.outcome = turn.reconsidered(waiting.command) or waiting.outcome
        return turn.build_append()

    def decide_optimistically(self, head: Head) -> Append | None:
        """Without the lock and without the store: those that need it are left in the line, for the thread."""
        decided, left = list[PendingCommand](), list[PendingCommand]()
        try:
            turn = self._open_unit_of_work(_NOWHERE, head, locked=False)
        except CacheMiss:
            self.commands, left = [], self.commands
        else:
            for waiting in self._within_time_budget():
                (decided if self._decided(turn, waiting) else left).append(waiting)
            self.commands = decided
        if left:
            self._line.requeue(left)
            self._line.notify_thread()
        return self._turn.build_append() if self._turn is not None and self.commands else None

    def apply_commit(self) -> dict[Key, StreamState]:
        """It is stored: the streams that it changed."""
        return self._turn.apply_commit() if self._turn is not None else {}

    def _open_unit_of_work(self, session: LogSession, head: Head, *, locked: bool) -> UnitOfWork:
        self._turn = turn = self._open_turn(session, head, locked=locked)
        self.commands = self._line.pop_batch(MAX_BATCH_COMMANDS)
        turn.prefetch([waiting.command for waiting in self.commands])
        return turn

    def _within_time_budget(self) -> Iterator[PendingCommand]:
        """Those taken, one after another; who has no turn before the batch is closed goes first in the next one."""
        end = monotonic() + MAX_DECIDE_SECONDS
        for number, waiting in enumerate(self.commands):
            if number and monotonic() > end:
                self._line.requeue(self.commands[number:])
                del self.commands[number:]
                return
            yield waiting

    def _decided(self, turn: UnitOfWork, waiting: PendingCommand) -> bool:
        """Whether memory was enough."""
        try:
            waiting.outcome = turn.decide(waiting.command)
        except CacheMiss:
            return False
        return not _may_be_duplicate(waiting)


class _NoStore:
    """A store that nobody asks."""

    broken = False

    def query(self, name: str, /, **_: object) -> list[Row]:
        raise CacheMiss(name)

    def run(self, name: str, /, **_: object) -> int:
        raise CacheMiss(name)

    def insert(self, target: InsertTarget, _rows: Iterable[Row], *, bulk: bool = False) -> None:
        raise CacheMiss(target.table)


_NOWHERE = _NoStore()


def _may_be_duplicate(waiting: PendingCommand) -> bool:
    """A refusal, or a defect, may be the echo of a request that was answered before."""
    return waiting.command.idempotency is not None and isinstance(waiting.outcome, Exception)
