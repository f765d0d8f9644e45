"""The queue of commands: one for each organisation, served in turn, and a limit for all together."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, TimerHandle
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from threading import Condition, Lock

from ledger.commands import Command, Receipt
from ledger.errors import LedgerBusy, LedgerUnavailable

#: What became of a command. None is for timers alone: nothing was due.
Outcome = Receipt | BaseException | None


class PendingCommand:
    """One command, and the thread, or the future of an event loop, that waits for its outcome."""

    __slots__ = ("_done", "command", "failed_transactions", "future", "in_doubt", "loop", "outcome", "resolved")

    def __init__(
        self,
        command: Command,
        loop: AbstractEventLoop | None = None,
        future: Future[Outcome] | None = None,
    ) -> None:
        self.command = command
        self.loop = loop
        self.future = future
        self.outcome: Outcome = None
        #: The outcome is final, and is being delivered.
        self.resolved = False
        #: Transactions that failed with it.
        self.failed_transactions = 0
        #: One of them may have recorded it nevertheless.
        self.in_doubt = False
        # A bare lock, as `threading.Event` costs three times as much for each command.
        self._done = Lock() if loop is None else None
        if self._done is not None:
            self._done.acquire()

    @property
    def is_abandoned(self) -> bool:
        """Whether its future is cancelled or resolved."""
        return self.future is not None and self.future.done()

    def wait(self, seconds: float) -> bool:
        """Whether the outcome is there within `seconds`; for threads."""
        return self._done is not None and self._done.acquire(timeout=seconds)

    def wake(self) -> None:
        """Wake the thread that waits."""
        if self._done is not None:
            self._done.release()


class TimeoutWatcher:
    """Expires the commands of one event loop: one timer for all, as each may wait equally long."""

    def __init__(self, loop: AbstractEventLoop, seconds: float, expire: Callable[[PendingCommand], None]) -> None:
        self._loop = loop
        self._seconds = seconds
        self._expire = expire
        #: Each command's deadline, in the order of arrival; those that are resolved are dropped from the front.
        self._deadlines: deque[tuple[float, PendingCommand]] = deque()
        self._timer: TimerHandle | None = None

    def add(self, waiting: PendingCommand) -> None:
        """Watch a command; call on the loop."""
        watched = self._deadlines
        while watched and (future := watched[0][1].future) is not None and future.done():
            watched.popleft()
        watched.append((self._loop.time() + self._seconds, waiting))
        if self._timer is None:
            self._timer = self._loop.call_at(watched[0][0], self._expire_due)

    def _expire_due(self) -> None:
        self._timer, now = None, self._loop.time()
        watched = self._deadlines
        while watched and (watched[0][1].is_abandoned or watched[0][0] <= now):
            waiting = watched.popleft()[1]
            if not waiting.is_abandoned:
                self._expire(waiting)
        if watched:
            self._timer = self._loop.call_at(watched[0][0], self._expire_due)


class CommandQueue:
    """A fair queue: one command of each organisation in turn. Safe to use from many threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        #: Organisation, as an integer -> its own queue.
        self._by_organisation: OrderedDict[int, OrderedDict[PendingCommand, None]] = OrderedDict()
        #: What a batch could not decide goes first.
        self._retry_first: deque[PendingCommand] = deque()
        #: What may have failed a batch goes alone.
        self._isolated: deque[PendingCommand] = deque()
        self._size = 0
        self._closed = False
        #: The thread is notified, and has not looked yet.
        self._thread_notified = False
        # Entered directly: through the condition it is one more Python call for each command.
        self._lock = Lock()
        self._state_changed = Condition(self._lock)

    def __len__(self) -> int:
        return self._size

    def put(self, waiting: PendingCommand, *, notify: bool) -> PendingCommand | None:
        """Add a command; `notify` the thread unless a loop is scheduled.

        A full queue evicts the last command of the organisation that has the most: that one is returned.

        Raises `LedgerBusy` where that is the command's own, `LedgerUnavailable` where the queue is closed.
        """
        organisation = waiting.command.organisation_id.int
        with self._lock:
            if self._closed:
                raise LedgerUnavailable("the ledger is closed; nothing was recorded", recorded="no")
            evicted = self._evict_from_longest(organisation) if self._size >= self._limit else None
            queue = self._by_organisation.get(organisation)
            if queue is None:
                queue = self._by_organisation[organisation] = OrderedDict()
            queue[waiting] = None
            self._size += 1
            if notify:
                self._notify()
        return evicted

    def remove(self, waiting: PendingCommand) -> bool:
        """Remove a command; False where a batch has taken it already."""
        with self._lock:
            organisation = waiting.command.organisation_id.int
            queue = self._by_organisation.get(organisation)
            if queue is not None and waiting in queue:
                del queue[waiting]
                self._drop_empty_queue(organisation)
            elif waiting in self._retry_first:
                self._retry_first.remove(waiting)
            elif waiting in self._isolated:
                self._isolated.remove(waiting)
            else:
                return False
            self._size -= 1
        return True

    def pop_batch(self, count: int) -> list[PendingCommand]:
        """The next commands, at most `count`; an isolated one alone."""
        with self._lock:
            if self._isolated:
                taken = [self._isolated.popleft()]
            else:
                taken = [self._pop_fair() for _ in range(min(count, self._size))]
            self._size -= len(taken)
            if not self._size:
                # The commands that the thread was notified of are taken: it need not look for them.
                self._thread_notified = False
        return taken

    def requeue(self, some: Sequence[PendingCommand], *, alone: bool = False) -> None:
        """Put commands back: they go first, in their order; each `alone` where one of them may be at fault."""
        with self._lock:
            for waiting in reversed(some):
                if not waiting.is_abandoned:
                    (self._isolated if alone else self._retry_first).appendleft(waiting)
                    self._size += 1

    def list_retries(self) -> list[Command]:
        """What is requeued and goes first; nothing while a command is to be tried alone."""
        with self._lock:
            return [] if self._isolated else [waiting.command for waiting in self._retry_first]

    def drain(self) -> list[PendingCommand]:
        """Remove and return all commands: they will not be handled."""
        with self._lock:
            drained = [
                *self._isolated,
                *self._retry_first,
                *(each for queue in self._by_organisation.values() for each in queue),
            ]
            self._isolated.clear()
            self._retry_first.clear()
            self._by_organisation.clear()
            self._size = 0
        return drained

    def notify_thread(self) -> None:
        """Wake the thread to take what is queued."""
        with self._lock:
            self._notify()

    def wait_for_work(self) -> bool:
        """Wait until the thread is notified; False where the queue is closed and empty."""
        with self._lock:
            self._state_changed.wait_for(lambda: self._thread_notified or self._closed)
            self._thread_notified = False
            return self._size > 0 or not self._closed

    @property
    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Accept no more commands."""
        with self._lock:
            self._closed = True
            self._state_changed.notify_all()

    def _notify(self) -> None:
        if not self._thread_notified:
            self._thread_notified = True
            self._state_changed.notify()

    def _pop_fair(self) -> PendingCommand:
        if self._retry_first:
            return self._retry_first.popleft()
        organisation, queue = next(iter(self._by_organisation.items()))
        waiting, _ = queue.popitem(last=False)
        if queue:
            self._by_organisation.move_to_end(organisation)
        else:
            del self._by_organisation[organisation]
        return waiting

    def _evict_from_longest(self, organisation: int) -> PendingCommand:
        longest = max(self._by_organisation, key=lambda each: len(self._by_organisation[each]), default=organisation)
        own = len(self._by_organisation.get(organisation, ()))
        if longest == organisation or len(self._by_organisation[longest]) <= own + 1:
            raise LedgerBusy(f"{self._size} commands are waiting; nothing was recorded")
        waiting, _ = self._by_organisation[longest].popitem(last=True)
        self._drop_empty_queue(longest)
        self._size -= 1
        return waiting

    def _drop_empty_queue(self, organisation: int) -> None:
        if not self._by_organisation[organisation]:
            del self._by_organisation[organisation]
