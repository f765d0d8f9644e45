"""A cache of what never changes for its key: bounded, and safe to share between threads."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

from ledger.states import RecentlyUsed

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """At most `limit` values; the one that was used longest ago goes first."""

    def __init__(self, limit: int) -> None:
        self._values = RecentlyUsed[K, V](limit)
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """The value, or None."""
        with self._lock:
            return self._values.use(key)

    def put(self, key: K, value: V) -> None:
        """Keep the value, in place of one that is there."""
        with self._lock:
            self._values.put(key, value)

    def __len__(self) -> int:
        return len(self._values)
