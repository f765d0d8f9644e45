"""One writer at a time: writers of a SQLite file in this process queue here and not in SQLite.

SQLite makes a second writer sleep and try again, longer each time, up to a tenth of a second; a lock of the process
wakes it at once. The log's file has a lock, and the views' has one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_registry_lock = Lock()
_locks: dict[str, Lock] = {}


def writer_lock(path: str) -> Lock:
    """The lock of a file, the same for every path that leads to it."""
    with _registry_lock:
        return _locks.setdefault(os.path.realpath(path), Lock())


@contextmanager
def hold(lock: Lock, seconds: float) -> Iterator[None]:
    """Hold a writer's lock; raises `TimeoutError` where it is not free within `seconds`."""
    if not lock.acquire(timeout=seconds):
        raise TimeoutError("another writer of this process does not end")
    try:
        yield
    finally:
        lock.release()
