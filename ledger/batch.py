"""One transaction's commands: taken from the line, decided in order, and settled once they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Protocol

from ledger.errors import NotInMemory
from ledger.recorders import Append, Head, Row, Session, Target
from ledger.states import Entry, Key
from ledger.turn import Turn
from ledger.waiting import Line, Waiting

#: Commands of one transaction.
BATCH_AT_MOST = 256
#: Seconds of deciding after which a batch is closed: other writers wait for the head, and readers for the commit.
DECIDING_S = 0.05


class OpenTurn(Protocol):
    """Opens a turn at the log head."""

    def __call__(self, session: Session, head: Head, *, locked: bool) -> Turn: ...


class Batch:
    """Who waits is taken only when the turn is open: until then each could still step out of the line."""

    def __init__(self, line: Line, open_turn: OpenTurn) -> None:
        self._line = line
        self._open_turn = open_turn
        self._turn: Turn | None = None
        self.taken: list[Waiting] = []

    @property
    def undisturbed(self) -> bool:
        """The log was as this process had left it."""
        return self._turn is not None and self._turn.undisturbed

    def decide(self, session: Session, head: Head, *, fence: bool) -> Append | None:
        """Under the head's lock."""
        turn = self._begin(session, head, locked=True)
        for waiting in self._in_time():
            waiting.outcome = turn.outcome(waiting.command)
        return turn.append(fence=fence)

    def decide_on_trust(self, session: Session, head: Head) -> Append | None:
        """Without the lock; what is not in memory is asked of the store."""
        turn = self._begin(session, head, locked=False)
        for waiting in self._in_time():
            waiting.outcome = turn.outcome(waiting.command)
        if unsure := [waiting for waiting in self.taken if _unsure(waiting)]:
            turn.look_up([waiting.command for waiting in unsure])
            for waiting in unsure:
                waiting.outcome = turn.reconsidered(waiting.command) or waiting.outcome
        return turn.append()

    def decide_from_memory(self, head: Head) -> Append | None:
        """Without the lock and without the store: those that need it are left in the line, for the thread."""
        decided, left = list[Waiting](), list[Waiting]()
        try:
            turn = self._begin(_NOWHERE, head, locked=False)
        except NotInMemory:
            self.taken, left = [], self.taken
        else:
            for waiting in self._in_time():
                (decided if self._decided(turn, waiting) else left).append(waiting)
            self.taken = decided
        if left:
            self._line.put_back(left)
            self._line.call()
        return self._turn.append() if self._turn is not None and self.taken else None

    def settle(self) -> dict[Key, Entry]:
        """It is stored: the streams that it changed."""
        return self._turn.settle() if self._turn is not None else {}

    def _begin(self, session: Session, head: Head, *, locked: bool) -> Turn:
        self._turn = turn = self._open_turn(session, head, locked=locked)
        self.taken = self._line.take(BATCH_AT_MOST)
        turn.prepare([waiting.command for waiting in self.taken])
        return turn

    def _in_time(self) -> Iterator[Waiting]:
        """Those taken, one after another; who has no turn before the batch is closed goes first in the next one."""
        end = monotonic() + DECIDING_S
        for number, waiting in enumerate(self.taken):
            if number and monotonic() > end:
                self._line.put_back(self.taken[number:])
                del self.taken[number:]
                return
            yield waiting

    def _decided(self, turn: Turn, waiting: Waiting) -> bool:
        """Whether memory was enough."""
        try:
            waiting.outcome = turn.outcome(waiting.command)
        except NotInMemory:
            return False
        return not _unsure(waiting)


class _Nowhere:
    """A store that nobody asks."""

    broken = False

    def query(self, name: str, /, **_: object) -> list[Row]:
        raise NotInMemory(name)

    def run(self, name: str, /, **_: object) -> int:
        raise NotInMemory(name)

    def insert(self, target: Target, _rows: Iterable[Row], *, bulk: bool = False) -> None:
        raise NotInMemory(target.table)


_NOWHERE = _Nowhere()


def _unsure(waiting: Waiting) -> bool:
    """A refusal, or a defect, may be the echo of a request that was answered before."""
    return waiting.command.idempotency is not None and isinstance(waiting.outcome, Exception)
