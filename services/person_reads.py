"""Reads of person-level figures on their way to the store: a read waits for none of it, and a clean stop loses none.

They are added up in memory and written about once a second, by a thread; a process that is killed loses what it had
not written yet. Where the store takes nothing for so long that too much waits, further reads are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any

from domain.instants import to_micros
from ledger.errors import LedgerUnavailable
from ledger.person_reads import PersonRead, PersonReadStore, ReadTimes, day_of

#: Seconds for which reads are added up before they are written: what a kill may lose.
FLUSH_AFTER_S = 1.0
#: Rows that may wait.
MAX_PENDING = 10_000
_RETRY_S = 5.0


class PersonReads:
    """The reads of one process. Safe to share between threads."""

    def __init__(self, store: PersonReadStore, clock: Callable[[], datetime]) -> None:
        self.store = store
        self._clock = clock
        self._lock = Lock()
        self._writing = Lock()
        self._pending: dict[tuple[PersonRead, int], ReadTimes] = {}
        self._wake = Event()
        self._closing = Event()
        self._thread: Thread | None = None

    def add(self, reads: Iterable[PersonRead]) -> None:
        """Keep these reads of now, soon. Raises `LedgerUnavailable` where too many wait: then none is kept."""
        now = self._clock()
        at, day = to_micros(now), day_of(now)
        with self._lock:
            keys = [(read, day) for read in reads]
            if len(self._pending) + len(keys) > MAX_PENDING:
                raise LedgerUnavailable("who reads person-level figures cannot be kept now")
            for key in keys:
                known = self._pending.get(key)
                if known is None:
                    self._pending[key] = ReadTimes(at, at, 1)
                else:
                    known.last_at, known.times = at, known.times + 1
            if keys and self._thread is None:
                self._thread = Thread(target=self._run, name="plimsoll-person-reads", daemon=True)
                self._thread.start()
        self._wake.set()

    def flush(self) -> None:
        """Write what waits. Raises `LedgerUnavailable`; what was not written waits on."""
        with self._writing:
            with self._lock:
                batch, self._pending = self._pending, {}
            if not batch:
                return
            try:
                self.store.add(batch)
            except BaseException:
                self._restore(batch)
                raise

    def _restore(self, batch: dict[tuple[PersonRead, int], ReadTimes]) -> None:
        with self._lock:
            for key, later in self._pending.items():
                earlier = batch.setdefault(key, later)
                if earlier is not later:
                    earlier.last_at, earlier.times = later.last_at, earlier.times + later.times
            self._pending = batch

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._closing.wait(FLUSH_AFTER_S)
            self._wake.clear()
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001 - said, and tried again
                _log().warning("person_reads.not_kept", error=type(error).__name__)
                self._closing.wait(_RETRY_S)
                self._wake.set()

    def close(self) -> None:
        """Write what waits and stop; what the store does not take now is lost, and said so."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - the process ends
            _log().error("person_reads.lost", rows=len(self._pending), error=type(error).__name__)  # noqa: TRY400


def kept_from(now: datetime, days: int) -> int:
    """The first day whose reads are still kept."""
    return day_of(now - timedelta(days=days))


def _log() -> Any:
    """The module's logger."""
    import structlog  # noqa: PLC0415 - it takes a quarter of the start of a command, which has no such failures to log

    return structlog.get_logger(__name__)
