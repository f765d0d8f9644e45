"""What becomes of a batch once its transaction has ended: kept in memory and resolved, requeued, or given up.

Where a transaction fails, each of its commands is one of three:

- surely not recorded (it was refused, or the commit was never sent): it is decided once more;
- of unknown outcome, with an identity (an idempotency key, an import row, a sweep): it is decided again under the
  head's lock, where its row is found, and the head is moved (fenced), so that a statement that is still in flight
  cannot commit any more;
- of unknown outcome without an identity: only its sender can find out.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Iterable
from contextlib import suppress

from ledger.commands import Command, Receipt
from ledger.commit.batch import CommandBatch
from ledger.commit.queue import CommandQueue, PendingCommand
from ledger.commit.writer import Writer
from ledger.errors import LedgerUnavailable, OutcomeUnknown

#: Transactions that may fail with a command in them before it is given up.
_MAX_FAILED_TRANSACTIONS = 2


class OutcomeResolver:
    """Used by the holder of the decider lock, a thread or an event loop, one at a time."""

    def __init__(self, queue: CommandQueue, writer: Writer) -> None:
        self._queue = queue
        self._writer = writer
        #: A statement may still be in flight to the store, and its result will not be seen.
        self.in_doubt = False

    def on_committed(self, batch: CommandBatch, *, on: AbstractEventLoop | None = None) -> None:
        """Keep what was committed in memory and resolve its commands.

        `on`: the event loop that this runs on, whose own commands are resolved at once.
        """
        if batch.unit_of_work is not None:
            self._writer.on_committed(batch.unit_of_work)
        resolve(batch.commands, on=on)

    def on_conflict(self, batch: CommandBatch) -> None:
        """The head moved. Requeue the batch; it is decided next, under the lock."""
        self._writer.on_conflict()
        self._queue.requeue(batch.commands)

    def on_failed(self, batch: CommandBatch, error: BaseException) -> None:
        """Reject commands that used up their retries; requeue the rest."""
        self.in_doubt |= isinstance(error, OutcomeUnknown)
        self._writer.reset()
        resolve(self._split_retry_and_give_up(batch, error))

    def _split_retry_and_give_up(self, batch: CommandBatch, error: BaseException) -> list[PendingCommand]:
        if not batch.commands:
            # The transaction never began: fail everything that is queued.
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
    """Deliver the outcomes: wake each waiting thread, call each event loop once, and the loop `on` right here."""
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
