"""Wake-ups: hints that something was committed. A lost one costs a poll interval, never a fact.

A notification over Redis pub/sub arrives after 1-2 ms; a dramatiq message takes 240-725 ms (p99) to start.
"""

from __future__ import annotations

import threading
from typing import Protocol


class WakeupSubscription(Protocol):
    """One waiter's view of the wake-ups."""

    def wait(self, seconds: float) -> bool:
        """Wait until woken (True) or `seconds` have passed (False); hints that came before the call count."""

    def close(self) -> None: ...


class Wakeups(Protocol):
    """Where commits are announced. Publish only *after* the commit."""

    def publish(self) -> None: ...
    def subscribe(self) -> WakeupSubscription: ...
    def is_reachable(self) -> bool:
        """Whether what carries them answers."""

    def close(self) -> None: ...


class LocalWakeups:
    """Within one process."""

    def __init__(self) -> None:
        self._subscriptions: set[LocalSubscription] = set()
        self._lock = threading.Lock()

    def publish(self) -> None:
        with self._lock:
            for waiter in self._subscriptions:
                waiter.woken.set()

    def subscribe(self) -> LocalSubscription:
        waiter = LocalSubscription(self)
        with self._lock:
            self._subscriptions.add(waiter)
        return waiter

    def is_reachable(self) -> bool:
        return True

    def unsubscribe(self, waiter: LocalSubscription) -> None:
        with self._lock:
            self._subscriptions.discard(waiter)

    def close(self) -> None:
        self.publish()


class LocalSubscription:
    """One waiter of this process."""

    def __init__(self, wakeups: LocalWakeups) -> None:
        self._wakeups = wakeups
        self.woken = threading.Event()

    def wait(self, seconds: float) -> bool:
        woken = self.woken.wait(seconds)
        self.woken.clear()
        return woken

    def close(self) -> None:
        self._wakeups.unsubscribe(self)
