"""The group commit: queued commands are decided in order and committed in one transaction.

Writers are serialised by the head row, so one committer per process suffices. Commands that arrive while a transaction
is being written share the next one: its lock, its fsync, its round trip. Each gets its outcome after the commit.

There are two modes. An event loop decides its batches optimistically, from memory, and appends them on the condition
that the head has not moved (`ledger.commit.loop_committer`). Everything else is decided by the thread here under the
head's row lock: commands of threads, duplicates of idempotency keys, and every batch while other processes are writing.
For a loop's command whose streams are not cached the thread only reads these, without the lock; then the loop decides.

Any number of event loops may have commands. They share the queue and the decider lock, so one batch is decided at a
time, and the loop that takes it decides the commands of the others too.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from time import monotonic

import msgspec

from ledger.commands import Command
from ledger.commit.batch import BatchLimits, CommandBatch
from ledger.commit.loop_committer import LoopCommitter
from ledger.commit.outcomes import OutcomeResolver, resolve, unavailable
from ledger.commit.queue import CommandQueue, Outcome, PendingCommand, TimeoutWatcher
from ledger.commit.unit_of_work import UnitOfWork
from ledger.commit.writer import Writer
from ledger.errors import LedgerBusy, LedgerUnavailable
from ledger.storage.protocol import LogStore

#: Seconds after which a thread waiting for the decider lock checks whether its holder, a loop, was closed.
_DECIDER_LOCK_POLL_S = 1.0
#: Seconds that `close` leaves to the commands in the queue.
DRAIN_S = 10


class CommitLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may wait, how long, what one transaction holds, and what is kept in memory."""

    #: Commands in the queue; further ones are `LedgerBusy`.
    queued: int = 4096
    #: Seconds that a command waits for its outcome.
    command_seconds: float = 10
    #: States that the writer keeps folded, and owners whose live promises it keeps; and states that readers keep.
    cached_states: int = 4096
    batch: BatchLimits = BatchLimits()


class CommitStats(msgspec.Struct, frozen=True, kw_only=True):
    """What the committer has done since it was made, for operators and tests."""

    #: Batches committed under the lock, on the thread.
    locked_batches: int
    #: Batches committed by event loops, from memory.
    optimistic_batches: int
    queued: int
    #: Whether the next batch of an event loop may be optimistic.
    is_head_expected: bool


class Committer:
    """Started by the first command, ended by `close`."""

    def __init__(self, recorder: LogStore, writer: Writer, limits: CommitLimits) -> None:
        self._recorder = recorder
        self._writer = writer
        self._limits = limits
        self._queue = CommandQueue(limits.queued)
        self._outcomes = OutcomeResolver(self._queue, writer)
        self._locked_batches = 0
        #: Its holder decides: the thread, or an event loop.
        self._decider_lock = Lock()
        self._loop_committers: dict[asyncio.AbstractEventLoop, LoopCommitter] = {}
        self._thread: Thread | None = None
        self._start_lock = Lock()

    def stats(self) -> CommitStats:
        """Counters since the start."""
        return CommitStats(
            locked_batches=self._locked_batches,
            optimistic_batches=sum(each.batches for each in list(self._loop_committers.values())),
            queued=len(self._queue),
            is_head_expected=self._writer.expected_head() is not None,
        )

    def handle(self, command: Command) -> Outcome:
        """The command's outcome; the calling thread waits for it. Raises `LedgerUnavailable`."""
        waiting = PendingCommand(command)
        self._enqueue(waiting, notify=True)
        try:
            if waiting.wait(self._limits.command_seconds):
                return waiting.outcome
        except KeyboardInterrupt:
            self._queue.remove(waiting)
            raise
        late = self._time_out(waiting)
        # It may have been resolved since.
        return waiting.outcome if waiting.wait(0) else late

    async def handle_async(self, command: Command) -> Outcome:
        """`handle` for an event loop; cancelled while it is queued, the command is not recorded."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        waiting = PendingCommand(command, loop, future)
        loop_committer = self._loop_committers.get(loop) or self._add_loop_committer(loop)
        self._enqueue(waiting, notify=False)
        loop_committer.schedule()
        loop_committer.timeouts.add(waiting)
        try:
            return await future
        except asyncio.CancelledError:
            self._queue.remove(waiting)
            raise

    def close(self) -> None:
        """Accept no more commands, and commit those that are queued, within `DRAIN_S`."""
        self._queue.close()
        if self._thread is not None:
            self._thread.join(DRAIN_S)
        for waiting in (left := self._queue.drain()):
            waiting.outcome = unavailable(waiting, "the ledger is closed")
        resolve(left)
        self._forget_closed_loops()
        # Let an append in flight complete.
        if self._decider_lock.acquire(timeout=DRAIN_S):
            self._decider_lock.release()
        for loop_committer in self._loop_committers.values():
            loop_committer.close()

    def _enqueue(self, waiting: PendingCommand, *, notify: bool) -> None:
        evicted = self._queue.put(waiting, notify=notify)
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
        # A loop that is late itself may find the timer first: a command that is resolved already is not late.
        if waiting.future is not None and not waiting.future.done() and not waiting.resolved:
            waiting.future.set_result(self._time_out(waiting))

    def _time_out(self, waiting: PendingCommand) -> LedgerUnavailable:
        waiting.in_doubt = not self._queue.remove(waiting) or waiting.in_doubt
        return unavailable(waiting, f"the ledger did not get to it within {self._limits.command_seconds} s")

    def _add_loop_committer(self, loop: asyncio.AbstractEventLoop) -> LoopCommitter:
        """The committer of a loop that has its first command."""
        self._forget_closed_loops()
        self._loop_committers[loop] = made = LoopCommitter(
            loop,
            queue=self._queue,
            writer=self._writer,
            outcomes=self._outcomes,
            timeouts=TimeoutWatcher(loop, self._limits.command_seconds, self._expire),
            decider_lock=self._decider_lock,
            recorder=self._recorder,
            limits=self._limits.batch,
        )
        return made

    def _forget_closed_loops(self) -> None:
        for loop, loop_committer in list(self._loop_committers.items()):
            if loop.is_closed() and self._loop_committers.pop(loop, None) is not None:
                loop_committer.close()

    def _run(self) -> None:
        while self._queue.wait_for_work():
            while not self._decider_lock.acquire(timeout=_DECIDER_LOCK_POLL_S):
                # A loop that was closed while it held the lock releases it here.
                self._forget_closed_loops()
            batch = CommandBatch(self._queue, self._writer, self._limits.batch)
            try:
                if not self._warm_up():
                    self._commit(batch)
            except BaseException as error:  # noqa: BLE001  # whatever it was, its commands get it, and the next ones are served
                self._outcomes.on_failed(batch, error)
            finally:
                self._decider_lock.release()
            self._hand_over_to_loop()

    def _warm_up(self) -> bool:
        """Read the streams that a loop's commands lack, without the head's lock; whether any can be decided now."""
        head, commands = self._writer.expected_head(), self._queue.list_retries()
        if head is None or not commands or not self._loop_committers:
            return False
        with self._recorder.read() as session:
            unit = UnitOfWork(session, head, self._writer.context, locked=False)
            return unit.warm_up(commands, monotonic() + self._limits.batch.decide_seconds)

    def _commit(self, batch: CommandBatch) -> None:
        """Decide the batch under the head's lock and write it."""
        self._recorder.append_locked(partial(batch.decide_locked, fence=self._outcomes.in_doubt))
        self._outcomes.in_doubt = False
        self._locked_batches += bool(batch.commands)
        self._outcomes.on_committed(batch)

    def _hand_over_to_loop(self) -> None:
        """Hand the queued commands to the connected loops; without one, keep them on this thread.

        The first loop that runs takes all of them, so no command waits for a loop that is busy with other work.
        """
        handed_over = False
        if self._writer.expected_head() is not None and not self._queue.is_closed:
            for loop, loop_committer in list(self._loop_committers.items()):
                if not loop.is_closed() and loop_committer.ensure_connected():
                    with suppress(RuntimeError):
                        loop.call_soon_threadsafe(loop_committer.schedule)
                        handed_over = True
        if not handed_over and len(self._queue):
            self._queue.notify_thread()
