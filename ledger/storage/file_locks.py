"""One writer at a time: writers of a SQLite file in this process queue here and not in SQLite.

SQLite makes a second writer sleep and try again, longer each time, up to a tenth of a second; a lock of the process
wakes it at once. The log's file has a lock, and the views' has one. A lock that several processes share is a file in
the same directory.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic, sleep

#: How often a lock that another process holds is tried again (seconds).
RETRY_S = 0.2

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


@contextmanager
def hold_file(path: Path, seconds: float) -> Iterator[None]:
    """Hold a file's lock, which ends with its process; raises `TimeoutError` where it is not free within `seconds`."""
    deadline = monotonic() + seconds
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() >= deadline:
                    raise TimeoutError(f"another process holds {path.name}") from None
                sleep(RETRY_S)
        # Closing the file gives the lock up.
        yield
