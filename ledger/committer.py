"""The group commit: all who wait are decided in order, and committed at once.

The head serialises writers anyhow, so one at a time is enough, and what would cost every command a transaction of its
own (a lock, an fsync, a round trip) is paid once for all that came while the transaction before was being written.
Whoever waits learns the outcome after the commit, and only then.

A batch is decided on trust that nobody else has written since this process did, and written by one statement that
says whether that was so; nobody waits for a lock that a client holds. Where somebody had, and for as long as others
go on writing in between, batches are decided under the head's lock instead: then no decision is in vain.

The thread here can do all of it. An event loop's commands take the express (`ledger.express`) where they can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Lock, Thread

from ledger.batch import Batch, OpenTurn
from ledger.commands import Command
from ledger.errors import LedgerBusy, LedgerUnavailable
from ledger.express import Express
from ledger.recorders import Head, LogRecorder
from ledger.settling import Settling, answer, told
from ledger.states import Entry, Key
from ledger.waiting import WAITING_AT_MOST, Line, Outcome, Patience, Waiting

#: Seconds that a command waits for its outcome.
TURN_TIMEOUT_S = 10
#: Seconds after which a thread that waits for the baton looks whether somebody is left to give it back.
_BATON_S = 1.0
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
        self._line = Line(waiting_at_most)
        self.settling = Settling(self._line, open_turn, trusted=trusted, remember=remember, forget=forget)
        #: Whoever has it decides: the thread, or an event loop.
        self._baton = Lock()
        self._expresses: dict[asyncio.AbstractEventLoop, Express] = {}
        self._patience: dict[asyncio.AbstractEventLoop, Patience] = {}
        self._thread: Thread | None = None
        self._starting = Lock()

    def waiting(self) -> int:
        """Commands that wait for their turn."""
        return len(self._line)

    def handle(self, command: Command) -> Outcome:
        """The command's outcome; the calling thread waits for it. Raises `LedgerUnavailable`."""
        waiting = Waiting(command)
        self._join(waiting, call=True)
        try:
            if waiting.wait(TURN_TIMEOUT_S):
                return waiting.outcome
        except KeyboardInterrupt:
            self._line.leave(waiting)
            raise
        late = self._late(waiting)
        # Between the two looks it may have come.
        return waiting.outcome if waiting.wait(0) else late

    def stand(self, command: Command) -> Waiting:
        """Have the running event loop wait in line: await what this gives, and `leave` where that is cancelled."""
        loop = asyncio.get_running_loop()
        waiting = Waiting(command, loop, loop.create_future())
        express = self._express(loop)
        self._join(waiting, call=express is None)
        if express is not None:
            express.look()
        patience = self._patience.get(loop)
        if patience is None:
            self._forget_closed_loops()
            patience = self._patience[loop] = Patience(loop, TURN_TIMEOUT_S, self._expire)
        patience.watch(waiting)
        return waiting

    def leave(self, waiting: Waiting) -> None:
        """Step out of the line; nothing is recorded of what had no turn yet."""
        self._line.leave(waiting)

    def close(self) -> None:
        """Take nobody any more, and let those who wait have their turn, within `DRAIN_S`."""
        self._line.close()
        if self._thread is not None:
            self._thread.join(DRAIN_S)
        for waiting in (left := self._line.take_all()):
            waiting.outcome = LedgerUnavailable(told(waiting, "the ledger is closed"))
        answer(left)
        self._forget_closed_loops()
        # What is on its way lands first.
        if self._baton.acquire(timeout=DRAIN_S):
            self._baton.release()
        for express in self._expresses.values():
            express.close()

    def _join(self, waiting: Waiting, *, call: bool) -> None:
        evicted = self._line.join(waiting, call=call)
        if evicted is not None:
            evicted.outcome = LedgerBusy(told(evicted, "too many commands are waiting"))
            answer([evicted])
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    # A daemon: an interpreter that ends without `close` must not hang.
                    self._thread = Thread(target=self._run, name="plimsoll-committer", daemon=True)
                    self._thread.start()

    def _expire(self, waiting: Waiting) -> None:
        # A loop that is late itself finds the alarm first: what is answered already is not late.
        if waiting.future is not None and not waiting.future.done() and not waiting.answered:
            waiting.future.set_result(self._late(waiting))

    def _late(self, waiting: Waiting) -> LedgerUnavailable:
        waiting.unknown = not self._line.leave(waiting) or waiting.unknown
        return LedgerUnavailable(told(waiting, f"the ledger did not get to it within {TURN_TIMEOUT_S} s"))

    def _express(self, loop: asyncio.AbstractEventLoop) -> Express | None:
        """The loop's own; None where the store has no such thing."""
        if self._recorder.loop_connection is None:
            return None
        express = self._expresses.get(loop)
        if express is None:
            self._forget_closed_loops()
            express = Express(loop, self._line, self.settling, self._baton, self._recorder)
            self._expresses[loop] = express
        return express

    def _forget_closed_loops(self) -> None:
        for loop in list(self._patience):
            if loop.is_closed():
                self._patience.pop(loop, None)
        for loop, express in list(self._expresses.items()):
            if loop.is_closed() and self._expresses.pop(loop, None) is not None:
                express.close()

    def _run(self) -> None:
        while self._line.called():
            while not self._baton.acquire(timeout=_BATON_S):
                # A loop that was closed with the baton in its hands gives it back here.
                self._forget_closed_loops()
            batch = self.settling.batch()
            try:
                self._commit(batch)
            except BaseException as error:  # noqa: BLE001  # whatever it was, those who wait are told, and the next ones served
                self.settling.failed(batch, error)
            finally:
                self._baton.release()
            self._pass_on()

    def _commit(self, batch: Batch) -> None:
        """Decide and write the batch; on trust it may be in vain."""
        attempt, head = self._recorder.attempt, self.settling.trusted()
        if attempt is None or head is None:
            self._recorder.transact(partial(batch.decide, fence=self.settling.adrift))
            self.settling.adrift = False
            self.settling.committed(batch)
        elif attempt(head, batch.decide_on_trust):
            self.settling.committed(batch)
        else:
            self.settling.in_vain(batch)

    def _pass_on(self) -> None:
        """Whoever waits now is an express's where there is one that can take them, and the thread's where not."""
        if self.settling.undisturbed and not self._line.closed:
            for loop, express in list(self._expresses.items()):
                if not loop.is_closed() and express.connect():
                    try:
                        loop.call_soon_threadsafe(express.look)
                    except RuntimeError:
                        continue
                    return
        if len(self._line):
            self._line.call()
