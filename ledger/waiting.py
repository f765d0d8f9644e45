"""The commands that wait for their turn: a bounded line for each organisation, served in rounds."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, TimerHandle
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Sequence
from threading import Condition, Lock
from typing import Any

from ledger.commands import Command, Receipt
from ledger.errors import LedgerBusy, LedgerUnavailable

#: Commands that wait in one process; more are told to come again.
WAITING_AT_MOST = 4096

#: What a command comes to. None is a sweep's: nothing was due.
Outcome = Receipt | BaseException | None


class Waiting:
    """One command, and whoever waits for its outcome: a thread, or a future of an event loop."""

    __slots__ = ("_gate", "answered", "command", "failures", "future", "loop", "outcome", "unknown")

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
        #: The outcome is final, and on its way to whoever waits.
        self.answered = False
        #: Transactions that failed with it.
        self.failures = 0
        #: One of them may have recorded it all the same.
        self.unknown = False
        # A bare lock, as `threading.Event` costs three times as much for each command.
        self._gate = Lock() if loop is None else None
        if self._gate is not None:
            self._gate.acquire()

    @property
    def given_up(self) -> bool:
        """Nobody waits any more."""
        return self.future is not None and self.future.done()

    def __await__(self) -> Generator[Any, None, Outcome]:
        """The outcome; for event loops."""
        if self.future is None:
            raise TypeError("a thread waits for this one")
        return self.future.__await__()

    def wait(self, seconds: float) -> bool:
        """Whether the outcome is there within `seconds`; for threads."""
        return self._gate is not None and self._gate.acquire(timeout=seconds)

    def release(self) -> None:
        """Wake the thread that waits."""
        if self._gate is not None:
            self._gate.release()


class Patience:
    """Tells those of one event loop who have waited too long: one alarm for all, as everybody waits equally long."""

    def __init__(self, loop: AbstractEventLoop, seconds: float, expire: Callable[[Waiting], None]) -> None:
        self._loop = loop
        self._seconds = seconds
        self._expire = expire
        #: Until when each waits, in the order in which they came; those who left are forgotten from the front.
        self._waiting: deque[tuple[float, Waiting]] = deque()
        self._alarm: TimerHandle | None = None

    def watch(self, waiting: Waiting) -> None:
        """On the loop."""
        watched = self._waiting
        while watched and watched[0][1].given_up:
            watched.popleft()
        watched.append((self._loop.time() + self._seconds, waiting))
        if self._alarm is None:
            self._alarm = self._loop.call_at(watched[0][0], self._ring)

    def _ring(self) -> None:
        self._alarm, now = None, self._loop.time()
        watched = self._waiting
        while watched and (watched[0][1].given_up or watched[0][0] <= now):
            waiting = watched.popleft()[1]
            if not waiting.given_up:
                self._expire(waiting)
        if watched:
            self._alarm = self._loop.call_at(watched[0][0], self._ring)


class Line:
    """Who waits, fairly: one of each organisation in turn. Safe to use from many threads."""

    def __init__(self, limit: int = WAITING_AT_MOST) -> None:
        self._limit = limit
        #: Organisation, as an integer -> its own line.
        self._lines: OrderedDict[int, OrderedDict[Waiting, None]] = OrderedDict()
        #: What a batch had no time for goes first.
        self._first: deque[Waiting] = deque()
        #: What may have brought a batch down goes alone.
        self._suspects: deque[Waiting] = deque()
        self._size = 0
        self._closed = False
        #: The thread is asked to take who waits.
        self._called = False
        # Entered by itself: a condition's own way in is a call of Python's more, for each command.
        self._lock = Lock()
        self._changed = Condition(self._lock)

    def __len__(self) -> int:
        return self._size

    def join(self, waiting: Waiting, *, call: bool) -> Waiting | None:
        """Stand in line, and `call` the thread unless somebody else is going to look.

        A full line makes room at the end of its longest organisation: that waiting one is returned.

        Raises `LedgerBusy` where the organisation's own is the longest, `LedgerUnavailable` where the line is closed.
        """
        organisation = waiting.command.organisation_id.int
        with self._lock:
            if self._closed:
                raise LedgerUnavailable("the ledger is closed; nothing was recorded")
            evicted = self._make_room(organisation) if self._size >= self._limit else None
            line = self._lines.get(organisation)
            if line is None:
                line = self._lines[organisation] = OrderedDict()
            line[waiting] = None
            self._size += 1
            if call:
                self._call()
        return evicted

    def leave(self, waiting: Waiting) -> bool:
        """Step out of the line; False where a batch has taken it already."""
        with self._lock:
            organisation = waiting.command.organisation_id.int
            line = self._lines.get(organisation)
            if line is not None and waiting in line:
                del line[waiting]
                self._forget_empty(organisation)
            elif waiting in self._first:
                self._first.remove(waiting)
            elif waiting in self._suspects:
                self._suspects.remove(waiting)
            else:
                return False
            self._size -= 1
        return True

    def take(self, count: int) -> list[Waiting]:
        """Up to `count` whose turn it is; a suspect alone."""
        with self._lock:
            if self._suspects:
                taken = [self._suspects.popleft()]
            else:
                taken = [self._next() for _ in range(min(count, self._size))]
            self._size -= len(taken)
            if not self._size:
                # Those for whom the thread was called have their turn: it need not come for whoever joins next.
                self._called = False
        return taken

    def put_back(self, some: Sequence[Waiting], *, alone: bool = False) -> None:
        """These go first the next time, in their order; each `alone` where one of them may be at fault."""
        with self._lock:
            for waiting in reversed(some):
                if not waiting.given_up:
                    (self._suspects if alone else self._first).appendleft(waiting)
                    self._size += 1

    def take_all(self) -> list[Waiting]:
        """Everybody, for whom there will be no turn."""
        with self._lock:
            everybody = [*self._suspects, *self._first, *(each for line in self._lines.values() for each in line)]
            self._suspects.clear()
            self._first.clear()
            self._lines.clear()
            self._size = 0
        return everybody

    def call(self) -> None:
        """Have the thread take who waits."""
        with self._lock:
            self._call()

    def called(self) -> bool:
        """Wait until the thread is called; False where the line is closed and empty."""
        with self._lock:
            self._changed.wait_for(lambda: self._called or self._closed)
            self._called = False
            return self._size > 0 or not self._closed

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Take nobody any more."""
        with self._lock:
            self._closed = True
            self._changed.notify_all()

    def _call(self) -> None:
        if not self._called:
            self._called = True
            self._changed.notify()

    def _next(self) -> Waiting:
        if self._first:
            return self._first.popleft()
        organisation, line = next(iter(self._lines.items()))
        waiting, _ = line.popitem(last=False)
        if line:
            self._lines.move_to_end(organisation)
        else:
            del self._lines[organisation]
        return waiting

    def _make_room(self, organisation: int) -> Waiting:
        longest = max(self._lines, key=lambda each: len(self._lines[each]), default=organisation)
        own = len(self._lines.get(organisation, ()))
        if longest == organisation or len(self._lines[longest]) <= own + 1:
            raise LedgerBusy(f"{self._size} commands are waiting; nothing was recorded")
        waiting, _ = self._lines[longest].popitem(last=True)
        self._forget_empty(longest)
        self._size -= 1
        return waiting

    def _forget_empty(self, organisation: int) -> None:
        if not self._lines[organisation]:
            del self._lines[organisation]
