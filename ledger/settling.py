"""What becomes of a batch once its transaction has ended: kept in memory, answered, put back in line, or given up.

Where a transaction fails, each of its commands is one of three: surely not recorded (it was refused, or the commit was
never sent), so it is decided once more; of unknown outcome but with an identity (an idempotency key, an import row, a
sweep), so it is asked again under the head's lock, where its row answers, and the head is moved so that a statement
that was lost on its way cannot land any more; or of unknown outcome without one, which only its sender can look into.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable
from contextlib import suppress

from ledger.batch import Batch, OpenTurn
from ledger.commands import Command, Receipt
from ledger.errors import LedgerUnavailable, OutcomeUnknown
from ledger.recorders import Head
from ledger.states import Entry, Key
from ledger.waiting import Line, Waiting

#: Transactions that may fail with a command in them before it is given up.
_FAILURES_AT_MOST = 2


class Settling:
    """Used by whoever has the baton, a thread or an event loop: one at a time decides, and knows where the log ends."""

    def __init__(
        self,
        line: Line,
        open_turn: OpenTurn,
        *,
        trusted: Callable[[], Head | None],
        remember: Callable[[dict[Key, Entry]], None],
        forget: Callable[[], None],
    ) -> None:
        self._line = line
        self._open_turn = open_turn
        #: Where this process left the log.
        self._trusted = trusted
        #: Told of the streams that a commit changed; and that what is cached may be behind the log.
        self._remember = remember
        self._forget = forget
        #: Nobody else has written between our last two batches.
        self.undisturbed = False
        #: A statement of ours may still be on its way to the store, with nobody to hear what came of it.
        self.adrift = False

    def trusted(self) -> Head | None:
        """The head, where a batch may be decided on trust."""
        return self._trusted() if self.undisturbed else None

    def batch(self) -> Batch:
        return Batch(self._line, self._open_turn)

    def committed(self, batch: Batch, *, on: AbstractEventLoop | None = None) -> None:
        """Keep what was committed in memory, and answer. Committed it is: a failure here must not have it redone.

        `on`: the event loop that this runs on, whose own are answered without a detour.
        """
        self.undisturbed = batch.undisturbed
        try:
            self._remember(batch.settle())
        except BaseException:  # noqa: BLE001  # memory can be made anew from the log
            self._forget()
        answer(batch.taken, on=on)

    def in_vain(self, batch: Batch) -> None:
        """Another had written. It was the first to notice; it is the first to be decided under the lock."""
        self.undisturbed = False
        self._line.put_back(batch.taken)

    def failed(self, batch: Batch, error: BaseException) -> None:
        """Tell those who are lost; the others are in line again."""
        self.undisturbed = False
        self.adrift |= isinstance(error, OutcomeUnknown)
        self._forget()
        answer(self._given_up(batch, error))

    def _given_up(self, batch: Batch, error: BaseException) -> list[Waiting]:
        if not batch.taken:
            # The store let nobody in: it would not let the next ones in either.
            return [_failed(waiting, error) for waiting in self._line.take_all()]
        if not isinstance(error, LedgerUnavailable):
            # Something in the batch was at fault, and nothing was recorded.
            if len(batch.taken) == 1:
                return [_failed(batch.taken[0], error)]
            self._line.put_back(batch.taken, alone=True)
            return []
        again, lost = list[Waiting](), list[Waiting]()
        for waiting in batch.taken:
            waiting.failures += 1
            waiting.unknown |= isinstance(error, OutcomeUnknown) and isinstance(waiting.outcome, Receipt)
            resolved = not waiting.unknown or _has_identity(waiting.command)
            (again if resolved and waiting.failures < _FAILURES_AT_MOST else lost).append(waiting)
        self._line.put_back(again)
        return [_failed(waiting, error) for waiting in lost]


def _has_identity(command: Command) -> bool:
    """Whether handling it again would find that it was recorded."""
    return command.idempotency is not None or command.import_row is not None or command.act is None


def _failed(waiting: Waiting, error: BaseException) -> Waiting:
    unavailable = isinstance(error, LedgerUnavailable)
    waiting.outcome = LedgerUnavailable(told(waiting, str(error))) if unavailable else error
    return waiting


def told(waiting: Waiting, why: str) -> str:
    """The reason for an outcome that is none, and what it leaves in doubt."""
    if waiting.unknown:
        return f"{why}; whether this was recorded is unknown: retry with your key"
    return f"{why}; nothing was recorded"


def answer(some: Iterable[Waiting], *, on: AbstractEventLoop | None = None) -> None:
    """Wake whoever waits: a thread each, every event loop once, and the one that this runs `on` at once."""
    loops: dict[AbstractEventLoop, list[Waiting]] = {}
    for waiting in some:
        waiting.answered = True
        if waiting.loop is None:
            waiting.release()
        else:
            loops.setdefault(waiting.loop, []).append(waiting)
    if on is not None:
        deliver(loops.pop(on, []))
    for loop, woken in loops.items():
        # A loop that is closed waits for nothing any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, woken)


def deliver(woken: list[Waiting]) -> None:
    for waiting in woken:
        if waiting.future is not None and not waiting.future.done():
            waiting.future.set_result(waiting.outcome)
