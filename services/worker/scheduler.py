"""The sweep: which streams have a timer that fell due, handed to the workers by id.

Any number of schedulers may sweep at once, and any message may be lost or doubled: a timer is recorded under the
stream's own lock, with the instant at which it fell due, and only where it is still due.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from services.worker.metrics import SWEPT_GOALS

#: A stream whose message is on its way is not sent again within this time (seconds); then it counts as lost.
RESEND_SECONDS = 60.0
HOUSEKEEPING_SECONDS = 3600.0

_log = structlog.get_logger(__name__)


class DueTimers(Protocol):
    """The ledger, as far as the sweep needs it."""

    def find_streams_with_due_timers(self, until: datetime, limit: int) -> list[tuple[UUID, UUID]]: ...


class Scheduler:
    """Sweeps every `every_seconds` until stopped."""

    def __init__(
        self,
        ledger: DueTimers,
        send: Callable[[str, str], object],
        clock: Callable[[], datetime],
        *,
        every_seconds: float,
        batch: int,
        housekeeping: Callable[[], object] | None = None,
        close_due: Callable[[], object] | None = None,
    ) -> None:
        self._ledger = ledger
        self._send = send
        self._clock = clock
        self._every_seconds = every_seconds
        self._batch = batch
        self._housekeeping = housekeeping
        self._close_due = close_due
        self._housekeeping_at: float | None = None
        #: Stream -> monotonic time at which it was last sent.
        self._sent: dict[UUID, float] = {}

    def run(self, stopping: threading.Event) -> None:
        """Loop until `stopping` is set; an error is logged, and the next sweep finds what this one missed."""
        while not stopping.is_set():
            try:
                self.sweep()
                if self._close_due is not None:
                    self._close_due()
                self.run_housekeeping()
            except Exception:  # noqa: BLE001 - logged with its trace; the loop is what must not end
                _log.exception("sweep.failed")
            stopping.wait(self._every_seconds)

    def run_housekeeping(self) -> None:
        """Let go of what has outlived its use, at most every `HOUSEKEEPING_SECONDS`."""
        now = time.monotonic()
        if self._housekeeping and (
            self._housekeeping_at is None or now - self._housekeeping_at >= HOUSEKEEPING_SECONDS
        ):
            self._housekeeping()
            self._housekeeping_at = now

    def sweep(self) -> int:
        """Send every stream that is due and not on its way; how many were sent."""
        now = time.monotonic()
        self._sent = {stream: at for stream, at in self._sent.items() if now - at < RESEND_SECONDS}
        # What is on its way still counts as due: ask for that many more, or it would crowd out the rest.
        due = self._ledger.find_streams_with_due_timers(self._clock(), self._batch + len(self._sent))
        fresh = [(organisation, stream) for organisation, stream in due if stream not in self._sent]
        for organisation, stream in fresh:
            self._send(str(organisation), str(stream))
            self._sent[stream] = now
        SWEPT_GOALS.inc(len(fresh))
        return len(fresh)
