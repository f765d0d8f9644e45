"""Work that may be given up: what one thread does for a request, down to the statement that it waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WorkCancelled(Exception):  # noqa: N818 - a state of the work, not a fault
    """The request that this work was for needs no answer any more."""


class _Interruption:
    """How to stop the statement that a thread waits for, and whether that was done."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self.interrupt = interrupt
        self.is_done = False


class Work:
    """What one thread does for one request. `cancel` may be called from any other thread, at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interruption: _Interruption | None = None
        self.is_cancelled = False

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function in this thread, as this work; raises WorkCancelled where it is cancelled already."""
        _current.work = self
        try:
            check_cancelled()
            return function(*args, **kwargs)
        finally:
            _current.work = None

    def cancel(self) -> None:
        """Have the thread stop at its next check, and interrupt the statement that it waits for.

        May take as long as the store takes to interrupt one: not for an event loop.
        """
        # Under the lock: a statement that has ended is not interrupted, nor is the next one of its connection.
        with self._lock:
            self.is_cancelled = True
            if self._interruption is not None:
                self._interruption.is_done = True
                self._interruption.interrupt()

    @contextmanager
    def interrupted_by(self, interrupt: Callable[[], None]) -> Iterator[_Interruption]:
        interruption = _Interruption(interrupt)
        with self._lock:
            self._interruption = interruption
        try:
            check_cancelled()
            yield interruption
        finally:
            with self._lock:
                self._interruption = None


class _Current(threading.local):
    work: Work | None = None


_current = _Current()
_NEVER = _Interruption(lambda: None)


def check_cancelled() -> None:
    """Raise WorkCancelled where this thread's work was cancelled: for loops that compute for long."""
    work = _current.work
    if work is not None and work.is_cancelled:
        raise WorkCancelled


def cancellable(items: Iterable[T]) -> Iterator[T]:
    """The items, as long as this thread's work is not cancelled; raises WorkCancelled."""
    for item in items:
        check_cancelled()
        yield item


@contextmanager
def interrupted_by(interrupt: Callable[[], None]) -> Iterator[_Interruption]:
    """While the block runs a statement, cancelling this thread's work calls `interrupt`, from another thread.

    `is_done` of what it gives says afterwards whether that happened. Raises WorkCancelled.
    """
    work = _current.work
    if work is None:
        yield _NEVER
        return
    with work.interrupted_by(interrupt) as interruption:
        yield interruption
