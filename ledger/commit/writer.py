"""This process as a writer of the log: what it keeps between two transactions."""

from __future__ import annotations

from ledger.commit.unit_of_work import UnitOfWork, WriterContext
from ledger.states import ReadCache
from ledger.storage.protocol import Head


class Writer:
    """Cached states, the head where this process left it, the clock and the ids. One unit of work at a time uses it."""

    def __init__(self, context: WriterContext, read_cache: ReadCache) -> None:
        self.context = context
        self._cache = context.cache
        self._read_cache = read_cache
        #: No other process has written between the last two batches of this one.
        self._no_foreign_writes = False

    def expected_head(self) -> Head | None:
        """Where the log is expected to end; None: not known, or other processes are writing. Then take the lock."""
        if not self._no_foreign_writes or self._cache.synced_to is None:
            return None
        return Head(self._cache.synced_to, self._cache.recorded_at)

    def on_committed(self, unit: UnitOfWork) -> None:
        """Take over what the unit of work stored. A failure here must not have it redone: the cache is dropped."""
        self._no_foreign_writes = unit.no_foreign_writes
        try:
            for key, entry in unit.apply_commit().items():
                self._read_cache.put(key, entry)
        except BaseException:  # noqa: BLE001  # the transaction is committed; the cache can be rebuilt from the log
            self._cache.clear()

    def on_conflict(self) -> None:
        """Another process has written: the next batch takes the lock."""
        self._no_foreign_writes = False

    def reset(self) -> None:
        """Forget the states and the head: what was committed is not known."""
        self._no_foreign_writes = False
        self._cache.clear()
