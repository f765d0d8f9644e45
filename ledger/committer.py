"""The group commit: one thread takes all who wait, decides them in order under the head's lock, commits once.

The head serialises writers anyhow, so one thread is enough, and what would cost every command a transaction of its own
(a lock, an fsync, five round trips) is paid once for all that came while the transaction before was being written.
Whoever waits learns the outcome after the commit, and only then.

Under load, the next batch is decided while the one before is on its way to the disk, on the head that it will leave.
Once locked, the head tells whether that came true: every append moves it. Where it did not, the batch is decided anew.

Where a transaction fails, each of its commands is one of three: surely not recorded (it was refused, or the commit was
never sent), so it is decided once more; of unknown outcome but with an identity (an idempotency key, an import row, a
sweep), so it is asked again, and its row answers under the head's lock, when the lost transaction has surely ended; or
of unknown outcome without one, which only its sender can look into.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock, Thread
from time import monotonic

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
#: Batches of so many commands and more are decided while the one before is written.
_WORTH_IT = 8
#: Transactions that may fail with a command in them before it is given up.
_FAILURES_AT_MOST = 2
#: Seconds that `close` leaves to those who wait already.
DRAIN_S = 10

#: A turn at a head; behind a turn that is still being written, where one is named.
OpenTurn = Callable[[Session, Head, Turn | None], Turn]


class Committer:
    """Started by the first command, ended by `close`."""

    def __init__(
        self,
        recorder: LogRecorder,
        open_turn: OpenTurn,
        *,
        remember: Callable[[dict[Key, Entry]], None],
        forget: Callable[[], None],
        waiting_at_most: int = WAITING_AT_MOST,
    ) -> None:
        self._recorder = recorder
        #: Told of the streams that a commit changed; and that what is cached may be behind the log.
        self._remember = remember
        self._forget = forget
        self._line = Line(waiting_at_most)
        self._desk = _Desk(recorder, self._line, open_turn)
        self._thread: Thread | None = None
        self._starting = Lock()

    def waiting(self) -> int:
        """Commands that wait for their turn."""
        return len(self._line)

    def handle(self, command: Command) -> Outcome:
        """The command's outcome; the calling thread waits for it. Raises `LedgerUnavailable`."""
        waiting = Waiting(command)
        self._join(waiting)
        if waiting.wait(TURN_TIMEOUT_S):
            return waiting.outcome
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
        self._desk.ahead.shutdown(wait=False)
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
        following: _Batch | None = None
        while following or self._line.somebody():
            batch, following = following or _Batch(self._desk), None
            try:
                self._recorder.transact(batch.decide)
            except BaseException as error:  # noqa: BLE001  # whatever it was, those who wait are told, and the next ones served
                # It was decided on what did not come about. Behind those who failed, it stands in line again.
                if (void := batch.following()) is not None:
                    self._line.put_back(void.taken)
                self._forget()
                _answer(self._given_up(batch, error))
            else:
                self._remember(batch.changed)
                _answer(batch.taken)
                following = batch.following()

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


class _Desk:
    """What every batch is decided with."""

    def __init__(self, recorder: LogRecorder, line: Line, open_turn: OpenTurn) -> None:
        self.recorder = recorder
        self.line = line
        self.open_turn = open_turn
        #: One thread, beside the one that writes; the cache belongs to one of them at a time.
        self.ahead = ThreadPoolExecutor(1, thread_name_prefix="plimsoll-ahead")


class _Batch:
    """One transaction's commands."""

    def __init__(self, desk: _Desk) -> None:
        self._desk = desk
        self._turn: Turn | None = None
        self._written = Event()
        self._following: Future[_Batch] | None = None
        self.taken: list[Waiting] = []
        #: The streams that it changes.
        self.changed: dict[Key, Entry] = {}

    def decide(self, session: Session, head: Head) -> Append | None:
        """Under the head's lock: who waits is taken only now, and could step out of the line until now."""
        turn = self._turn
        if turn is None or turn.begins != head:
            # Not decided yet, or on another head: another process has moved it since.
            self._turn = turn = self._desk.open_turn(session, head, None)
            some, self.taken = self.taken or self._take(), []
            self._decide(turn, some, monotonic() + DECIDING_S)
        append = turn.append()
        self.changed = turn.settle()
        if append is not None and len(self.taken) >= _WORTH_IT:
            leaves = Head(head.log_position + append.events, append.recorded_at)
            # A ledger that is being closed decides nothing ahead any more.
            with suppress(RuntimeError):
                self._following = self._desk.ahead.submit(self._ahead, leaves)
        return append

    def following(self) -> _Batch | None:
        """The batch that was decided meanwhile, if anybody came. Until then the cache is not ours."""
        if self._following is None:
            return None
        self._written.set()
        self._desk.line.nudge()
        following = self._following.result()
        return following if following.taken else None

    def _take(self) -> list[Waiting]:
        """All who wait, within bounds; of many only half, so that the others are decided while these are written."""
        waiting = len(self._desk.line)
        share = (waiting + 1) // 2 if waiting >= 2 * _WORTH_IT else waiting
        return self._desk.line.take(min(share, BATCH_AT_MOST))

    def _ahead(self, head: Head) -> _Batch:
        """Decide whoever comes while this batch is being written, on the head that it will leave."""
        following = _Batch(self._desk)
        try:
            with self._desk.recorder.read() as session:
                turn = self._desk.open_turn(session, head, self._turn)
                end = monotonic() + DECIDING_S
                while (room := BATCH_AT_MOST - len(following.taken)) and monotonic() < end:
                    some = self._desk.line.take_or_wait(room, self._written)
                    if not some:
                        break
                    following._decide(turn, some, end)
                following._turn = turn
        except Exception:  # noqa: BLE001  # whatever it was, it comes again, or does not, under the lock
            following._turn = None
        return following

    def _decide(self, turn: Turn, some: list[Waiting], end: float) -> None:
        self.taken += some
        turn.prepare([waiting.command for waiting in some])
        for number, waiting in enumerate(some):
            if number and monotonic() > end:
                self._desk.line.put_back(some[number:])
                del self.taken[number - len(some) :]
                return
            waiting.outcome = turn.outcome(waiting.command)


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
