"""The group commit: one thread takes all who wait, decides them in order, and commits once.

The head serialises writers anyhow, so one thread is enough, and what would cost every command a transaction of its own
(a lock, an fsync, a round trip) is paid once for all that came while the transaction before was being written.
Whoever waits learns the outcome after the commit, and only then.

A batch is decided on trust that nobody else has written since this process did, and written by one statement that
says whether that was so; nobody waits for a lock that a client holds. Where somebody had, and for as long as others
go on writing in between, batches are decided under the head's lock instead: then no decision is in vain.

Where a transaction fails, each of its commands is one of three: surely not recorded (it was refused, or the commit was
never sent), so it is decided once more; of unknown outcome but with an identity (an idempotency key, an import row, a
sweep), so it is asked again under the head's lock, where its row answers, and the head is moved so that a statement
that was lost on its way cannot land any more; or of unknown outcome without one, which only its sender can look into.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from time import monotonic
from typing import Protocol

from ledger.commands import Command, Receipt
from ledger.errors import LedgerBusy, LedgerUnavailable, OutcomeUnknown
from ledger.recorders import Append, Head, LogRecorder, Session
from ledger.states import Entry, Key
from ledger.turn import Turn
from ledger.waiting import WAITING_AT_MOST, Line, Outcome, Waiting

#: Seconds that a command waits for its outcome.
TURN_TIMEOUT_S = 10
#: Commands of one transaction.
BATCH_AT_MOST = 256
#: Seconds of deciding after which a batch is closed: other writers wait for the head, and readers for the commit.
DECIDING_S = 0.05
#: Transactions that may fail with a command in them before it is given up.
_FAILURES_AT_MOST = 2
#: Seconds that `close` leaves to those who wait already.
DRAIN_S = 10


class Committer:
    """Started by the first command, ended by `close`."""

    def __init__(
        self,
        recorder: LogRecorder,
        open_turn: OpenTurn,
        *,
        trusted: Callable[[], Head | None],
        remember: Callable[[dict[Key, Entry]], None],
        forget: Callable[[], None],
        waiting_at_most: int = WAITING_AT_MOST,
    ) -> None:
        self._recorder = recorder
        self._open_turn = open_turn
        #: Where this process left the log.
        self._trusted = trusted
        #: Nobody else has written between our last two batches.
        self._undisturbed = False
        #: A statement of ours may still be on its way to the store, with nobody to hear what came of it.
        self._adrift = False
        #: Told of the streams that a commit changed; and that what is cached may be behind the log.
        self._remember = remember
        self._forget = forget
        self._line = Line(waiting_at_most)
        self._thread: Thread | None = None
        self._starting = Lock()

    def waiting(self) -> int:
        """Commands that wait for their turn."""
        return len(self._line)

    def handle(self, command: Command) -> Outcome:
        """The command's outcome; the calling thread waits for it. Raises `LedgerUnavailable`."""
        waiting = Waiting(command)
        self._join(waiting)
        try:
            if waiting.wait(TURN_TIMEOUT_S):
                return waiting.outcome
        except KeyboardInterrupt:
            self._line.leave(waiting)
            raise
        late = self._late(waiting)
        # Between the two looks it may have come.
        return waiting.outcome if waiting.wait(0) else late

    async def handle_async(self, command: Command) -> Outcome:
        """The command's outcome; no thread waits. Cancelled before its turn, nothing of it is recorded."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        waiting = Waiting(command, loop, future)
        self._join(waiting)
        alarm = loop.call_later(TURN_TIMEOUT_S, self._expire, waiting)
        try:
            return await future
        except asyncio.CancelledError:
            self._line.leave(waiting)
            raise
        finally:
            alarm.cancel()

    def close(self) -> None:
        """Take nobody any more, and let those who wait have their turn, within `DRAIN_S`."""
        self._line.close()
        if self._thread is not None:
            self._thread.join(DRAIN_S)
        for waiting in (left := self._line.take_all()):
            waiting.outcome = LedgerUnavailable(_told(waiting, "the ledger is closed"))
        _answer(left)

    def _join(self, waiting: Waiting) -> None:
        evicted = self._line.join(waiting)
        if evicted is not None:
            evicted.outcome = LedgerBusy(_told(evicted, "too many commands are waiting"))
            _answer([evicted])
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    # A daemon: an interpreter that ends without `close` must not hang.
                    self._thread = Thread(target=self._run, name="plimsoll-committer", daemon=True)
                    self._thread.start()

    def _expire(self, waiting: Waiting) -> None:
        if waiting.future is not None and not waiting.future.done():
            waiting.future.set_result(self._late(waiting))

    def _late(self, waiting: Waiting) -> LedgerUnavailable:
        waiting.unknown = not self._line.leave(waiting) or waiting.unknown
        return LedgerUnavailable(_told(waiting, f"the ledger did not get to it within {TURN_TIMEOUT_S} s"))

    def _run(self) -> None:
        while self._line.somebody():
            batch = _Batch(self._line, self._open_turn)
            try:
                committed = self._committed(batch)
            except BaseException as error:  # noqa: BLE001  # whatever it was, those who wait are told, and the next ones served
                self._undisturbed = False
                self._adrift |= isinstance(error, OutcomeUnknown)
                self._forget()
                _answer(self._given_up(batch, error))
                continue
            if committed:
                self._settle(batch)
                _answer(batch.taken)
            else:
                # It was the first to notice; it is the first to be decided under the lock.
                self._line.put_back(batch.taken)

    def _committed(self, batch: _Batch) -> bool:
        """Decide and write the batch; False where it was decided on trust, in vain."""
        attempt, head = self._recorder.attempt, self._trusted() if self._undisturbed else None
        if attempt is None or head is None:
            self._recorder.transact(partial(batch.decide, fence=self._adrift))
            self._undisturbed, self._adrift = batch.undisturbed, False
            return True
        self._undisturbed = attempt(head, batch.decide_on_trust)
        return self._undisturbed

    def _settle(self, batch: _Batch) -> None:
        """Keep what was committed in memory. Committed it is: a failure here must not have it decided again."""
        try:
            self._remember(batch.settle())
        except BaseException:  # noqa: BLE001  # memory can be made anew from the log
            self._forget()

    def _given_up(self, batch: _Batch, error: BaseException) -> list[Waiting]:
        """Who is answered with the failure; the others are in line again."""
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


class OpenTurn(Protocol):
    """Opens a turn at the log head."""

    def __call__(self, session: Session, head: Head, *, locked: bool) -> Turn: ...


class _Batch:
    """One transaction's commands."""

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
        """Who waits is taken only now that the head is ours: until then each could still step out of the line."""
        return self._decided(self._open_turn(session, head, locked=True)).append(fence=fence)

    def decide_on_trust(self, session: Session, head: Head) -> Append | None:
        turn = self._decided(self._open_turn(session, head, locked=False))
        # A refusal, or a defect, may be the echo of a request that was answered before.
        failed = [(each, each.outcome) for each in self.taken if isinstance(each.outcome, Exception)]
        unsure = [(waiting, error) for waiting, error in failed if waiting.command.idempotency]
        if unsure:
            turn.look_up([waiting.command for waiting, _ in unsure])
            for waiting, error in unsure:
                waiting.outcome = turn.reconsidered(waiting.command, error)
        return turn.append()

    def _decided(self, turn: Turn) -> Turn:
        self._turn = turn
        self.taken = self._line.take(BATCH_AT_MOST)
        end = monotonic() + DECIDING_S
        turn.prepare([waiting.command for waiting in self.taken])
        for number, waiting in enumerate(self.taken):
            if number and monotonic() > end:
                self._line.put_back(self.taken[number:])
                del self.taken[number:]
                break
            waiting.outcome = turn.outcome(waiting.command)
        return turn

    def settle(self) -> dict[Key, Entry]:
        return self._turn.settle() if self._turn is not None else {}


def _has_identity(command: Command) -> bool:
    """Whether handling it again would find that it was recorded."""
    return command.idempotency is not None or command.import_row is not None or command.act is None


def _failed(waiting: Waiting, error: BaseException) -> Waiting:
    unavailable = isinstance(error, LedgerUnavailable)
    waiting.outcome = LedgerUnavailable(_told(waiting, str(error))) if unavailable else error
    return waiting


def _told(waiting: Waiting, why: str) -> str:
    if waiting.unknown:
        return f"{why}; whether this was recorded is unknown: retry with your key"
    return f"{why}; nothing was recorded"


def _answer(some: Iterable[Waiting]) -> None:
    """Wake whoever waits: a thread each, and every event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[Waiting]] = {}
    for waiting in some:
        if waiting.loop is None:
            waiting.release()
        else:
            loops.setdefault(waiting.loop, []).append(waiting)
    for loop, woken in loops.items():
        # A loop that is closed waits for nothing any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_deliver, woken)


def _deliver(woken: list[Waiting]) -> None:
    for waiting in woken:
        if waiting.future is not None and not waiting.future.done():
            waiting.future.set_result(waiting.outcome)
