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

from ledger.commands import Command, Receipt
from ledger.commit.queue import CommandQueue, PendingCommand
from ledger.commit.unit_of_work import CommandBatch, UnitOfWorkFactory
from ledger.errors import LedgerUnavailable, OutcomeUnknown
from ledger.states import Key, StreamState
from ledger.storage.protocol import Head

#: Transactions that may fail with a command in them before it is given up.
_MAX_FAILED_TRANSACTIONS = 2


class OutcomeResolver:
    """Used by whoever has the baton, a thread or an event loop: one at a time decides, and knows where the log ends."""

    def __init__(
        self,
        line: CommandQueue,
        open_turn: UnitOfWorkFactory,
        *,
        trusted: Callable[[], Head | None],
        remember: Callable[[dict[Key, StreamState]], None],
        forget: Callable[[], None],
    ) -> None:
        self._queue = line
        self._create_unit_of_work = open_turn
        #: Where this process left the log.
        self._last_known_head = trusted
        #: Told of the streams that a commit changed; and that what is cached may be behind the log.
        self._on_streams_changed = remember
        self._clear_cache = forget
        #: Nobody else has written between our last two batches.
        self.no_foreign_writes = False
        #: A statement of ours may still be on its way to the store, with nobody to hear what came of it.
        self.in_doubt = False

    def expected_head(self) -> Head | None:
        """The head, where a batch may be decided on trust."""
        return self._last_known_head() if self.no_foreign_writes else None

    def create_batch(self) -> CommandBatch:
        return CommandBatch(self._queue, self._create_unit_of_work)

    def on_committed(self, batch: CommandBatch, *, on: AbstractEventLoop | None = None) -> None:
        """Keep what was committed in memory, and answer. Committed it is: a failure here must not have it redone.

        `on`: the event loop that this runs on, whose own are answered without a detour.
        """
        self.no_foreign_writes = batch.no_foreign_writes
        try:
            self._on_streams_changed(batch.apply_commit())
        except BaseException:  # noqa: BLE001  # memory can be made anew from the log
            self._clear_cache()
        resolve(batch.commands, on=on)

    def on_conflict(self, batch: CommandBatch) -> None:
        """Another had written. It was the first to notice; it is the first to be decided under the lock."""
        self.no_foreign_writes = False
        self._queue.requeue(batch.commands)

    def on_failed(self, batch: CommandBatch, error: BaseException) -> None:
        """Tell those who are lost; the others are in line again."""
        self.no_foreign_writes = False
        self.in_doubt |= isinstance(error, OutcomeUnknown)
        self._clear_cache()
        resolve(self._split_retry_and_give_up(batch, error))

    def _split_retry_and_give_up(self, batch: CommandBatch, error: BaseException) -> list[PendingCommand]:
        if not batch.commands:
            # The store let nobody in: it would not let the next ones in either.
            return [_set_error(waiting, error) for waiting in self._queue.drain()]
        if not isinstance(error, LedgerUnavailable):
            # Something in the batch was at fault, and nothing was recorded.
            if len(batch.commands) == 1:
                return [_set_error(batch.commands[0], error)]
            self._queue.requeue(batch.commands, alone=True)
            return []
        again, lost = list[PendingCommand](), list[PendingCommand]()
        for waiting in batch.commands:
            waiting.failed_transactions += 1
            waiting.in_doubt |= isinstance(error, OutcomeUnknown) and isinstance(waiting.outcome, Receipt)
            resolved = not waiting.in_doubt or _is_idempotent(waiting.command)
            (again if resolved and waiting.failed_transactions < _MAX_FAILED_TRANSACTIONS else lost).append(waiting)
        self._queue.requeue(again)
        return [_set_error(waiting, error) for waiting in lost]


def _is_idempotent(command: Command) -> bool:
    """Whether handling it again would find that it was recorded."""
    return command.idempotency is not None or command.import_row is not None or command.act is None


def _set_error(waiting: PendingCommand, error: BaseException) -> PendingCommand:
    waiting.outcome = unavailable(waiting, str(error)) if isinstance(error, LedgerUnavailable) else error
    return waiting


def unavailable(waiting: PendingCommand, why: str) -> LedgerUnavailable:
    """The error for a command without an outcome: why, and whether it may have been recorded."""
    if waiting.in_doubt:
        message = f"{why}; whether this was recorded is unknown: retry with your key"
        return LedgerUnavailable(message, recorded="unknown")
    return LedgerUnavailable(f"{why}; nothing was recorded", recorded="no")


def resolve(some: Iterable[PendingCommand], *, on: AbstractEventLoop | None = None) -> None:
    """Wake whoever waits: a thread each, every event loop once, and the one that this runs `on` at once."""
    loops: dict[AbstractEventLoop, list[PendingCommand]] = {}
    for waiting in some:
        waiting.resolved = True
        if waiting.loop is None:
            waiting.wake()
        else:
            loops.setdefault(waiting.loop, []).append(waiting)
    if on is not None:
        set_results(loops.pop(on, []))
    for loop, woken in loops.items():
        # A loop that is closed waits for nothing any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(set_results, woken)


def set_results(woken: list[PendingCommand]) -> None:
    for waiting in woken:
        if waiting.future is not None and not waiting.future.done():
            waiting.future.set_result(waiting.outcome)
