"""The group commit: all who wait are decided in order, and committed at once.

The head serialises writers anyhow, so one at a time is enough, and what would cost every command a transaction of its
own (a lock, an fsync, a round trip) is paid once for all that came while the transaction before was being written.
Whoever waits learns the outcome after the commit, and only then.

A batch is decided on trust that nobody else has written since this process did, and written by one statement that
says whether that was so; nobody waits for a lock that a client holds. Where somebody had, and for as long as others
go on writing in between, batches are decided under the head's lock instead: then no decision is in vain.

The thread here can do all of it. Commands from an event loop are committed by `ledger.commit.loop_committer` where
they can be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Lock, Thread

from ledger.commands import Command
from ledger.commit.loop_committer import LoopCommitter
from ledger.commit.outcomes import OutcomeResolver, resolve, unavailable
from ledger.commit.queue import MAX_QUEUED_COMMANDS, CommandQueue, Outcome, PendingCommand, TimeoutWatcher
from ledger.commit.unit_of_work import CommandBatch, UnitOfWorkFactory
from ledger.errors import LedgerBusy, LedgerUnavailable
from ledger.states import Key, StreamState
from ledger.storage.protocol import Head, LogStore

#: Seconds that a command waits for its outcome.
COMMAND_TIMEOUT_S = 10
#: Seconds after which a thread that waits for the baton looks whether somebody is left to give it back.
_DECIDER_LOCK_POLL_S = 1.0
#: Seconds that `close` leaves to those who wait already.
DRAIN_S = 10


class Committer:
    """Started by the first command, ended by `close`."""

    def __init__(
        self,
        recorder: LogStore,
        open_turn: UnitOfWorkFactory,
        *,
        trusted: Callable[[], Head | None],
        remember: Callable[[dict[Key, StreamState]], None],
        forget: Callable[[], None],
        waiting_at_most: int = MAX_QUEUED_COMMANDS,
    ) -> None:
        self._recorder = recorder
        self._queue = CommandQueue(waiting_at_most)
        self.outcomes = OutcomeResolver(self._queue, open_turn, trusted=trusted, remember=remember, forget=forget)
        #: Whoever has it decides: the thread, or an event loop.
        self._decider_lock = Lock()
        self._loop_committers: dict[asyncio.AbstractEventLoop, LoopCommitter] = {}
        self._timeouts: dict[asyncio.AbstractEventLoop, TimeoutWatcher] = {}
        self._thread: Thread | None = None
        self._start_lock = Lock()

    def count_queued(self) -> int:
        """Commands that wait for their turn."""
        return len(self._queue)

    def handle(self, command: Command) -> Outcome:
        """The command's outcome; the calling thread waits for it. Raises `LedgerUnavailable`."""
        waiting = PendingCommand(command)
        self._enqueue(waiting, call=True)
        try:
            if waiting.wait(COMMAND_TIMEOUT_S):
                return waiting.outcome
        except KeyboardInterrupt:
            self._queue.remove(waiting)
            raise
        late = self._time_out(waiting)
        # Between the two looks it may have come.
        return waiting.outcome if waiting.wait(0) else late

    def submit(self, command: Command) -> PendingCommand:
        """Have the running event loop wait in line: await what this gives, and `leave` where that is cancelled."""
        loop = asyncio.get_running_loop()
        waiting = PendingCommand(command, loop, loop.create_future())
        express = self._loop_committer(loop)
        self._enqueue(waiting, call=express is None)
        if express is not None:
            express.schedule()
        patience = self._timeouts.get(loop)
        if patience is None:
            self._forget_closed_loops()
            patience = self._timeouts[loop] = TimeoutWatcher(loop, COMMAND_TIMEOUT_S, self._expire)
        patience.add(waiting)
        return waiting

    def cancel(self, waiting: PendingCommand) -> None:
        """Step out of the line; nothing is recorded of what had no turn yet."""
        self._queue.remove(waiting)

    def close(self) -> None:
        """Take nobody any more, and let those who wait have their turn, within `DRAIN_S`."""
        self._queue.close()
        if self._thread is not None:
            self._thread.join(DRAIN_S)
        for waiting in (left := self._queue.drain()):
            waiting.outcome = unavailable(waiting, "the ledger is closed")
        resolve(left)
        self._forget_closed_loops()
        # What is on its way lands first.
        if self._decider_lock.acquire(timeout=DRAIN_S):
            self._decider_lock.release()
        for express in self._loop_committers.values():
            express.close()

    def _enqueue(self, waiting: PendingCommand, *, call: bool) -> None:
        evicted = self._queue.put(waiting, call=call)
        if evicted is not None:
            evicted.outcome = LedgerBusy("too many commands are waiting; nothing was recorded")
            resolve([evicted])
        if self._thread is None:
            with self._start_lock:
                if self._thread is None:
                    # A daemon: an interpreter that ends without `close` must not hang.
                    self._thread = Thread(target=self._run, name="plimsoll-committer", daemon=True)
                    self._thread.start()

    def _expire(self, waiting: PendingCommand) -> None:
        # A loop that is late itself finds the alarm first: what is answered already is not late.
        if waiting.future is not None and not waiting.future.done() and not waiting.resolved:
            waiting.future.set_result(self._time_out(waiting))

    def _time_out(self, waiting: PendingCommand) -> LedgerUnavailable:
        waiting.in_doubt = not self._queue.remove(waiting) or waiting.in_doubt
        return unavailable(waiting, f"the ledger did not get to it within {COMMAND_TIMEOUT_S} s")

    def _loop_committer(self, loop: asyncio.AbstractEventLoop) -> LoopCommitter | None:
        """The loop's own; None where the store has no such thing."""
        if self._recorder.open_async_appender is None:
            return None
        express = self._loop_committers.get(loop)
        if express is None:
            self._forget_closed_loops()
            express = LoopCommitter(loop, self._queue, self.outcomes, self._decider_lock, self._recorder)
            self._loop_committers[loop] = express
        return express

    def _forget_closed_loops(self) -> None:
        for loop in list(self._timeouts):
            if loop.is_closed():
                self._timeouts.pop(loop, None)
        for loop, express in list(self._loop_committers.items()):
            if loop.is_closed() and self._loop_committers.pop(loop, None) is not None:
                express.close()

    def _run(self) -> None:
        while self._queue.wait_for_work():
            while not self._decider_lock.acquire(timeout=_DECIDER_LOCK_POLL_S):
                # A loop that was closed with the baton in its hands gives it back here.
                self._forget_closed_loops()
            batch = self.outcomes.create_batch()
            try:
                self._commit(batch)
            except BaseException as error:  # noqa: BLE001  # whatever it was, those who wait are told, and the next ones served
                self.outcomes.on_failed(batch, error)
            finally:
                self._decider_lock.release()
            self._hand_over_to_loop()

    def _commit(self, batch: CommandBatch) -> None:
        """Decide and write the batch; on trust it may be in vain."""
        attempt, head = self._recorder.attempt, self.outcomes.expected_head()
        if attempt is None or head is None:
            self._recorder.append_locked(partial(batch.decide_locked, fence=self.outcomes.in_doubt))
            self.outcomes.in_doubt = False
            self.outcomes.on_committed(batch)
        elif attempt(head, batch.decide_on_trust):
            self.outcomes.on_committed(batch)
        else:
            self.outcomes.on_conflict(batch)

    def _hand_over_to_loop(self) -> None:
        """Whoever waits now is an express's where there is one that can take them, and the thread's where not."""
        if self.outcomes.no_foreign_writes and not self._queue.is_closed:
            for loop, express in list(self._loop_committers.items()):
                if not loop.is_closed() and express.ensure_connected():
                    try:
                        loop.call_soon_threadsafe(express.schedule)
                    except RuntimeError:
                        continue
                    return
        if len(self._queue):
            self._queue.notify_thread()
