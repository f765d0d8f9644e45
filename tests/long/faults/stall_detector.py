"""Whether the machine itself stood still: what was late because of that is nobody's fault here."""

from __future__ import annotations

import threading
import time

from tests.long.faults.load_clients import Attempt

TICK_S = 0.05
#: Later than this is no longer the scheduler's usual business (a loaded machine, or one whose owner stopped us).
STALL_THRESHOLD_S = 0.3


class StallDetector(threading.Thread):
    """Wakes up again and again, and notes when it was late."""

    def __init__(self, stopping: threading.Event) -> None:
        super().__init__(name="metronome", daemon=True)
        self._stopping = stopping
        self._stalls: list[tuple[float, float]] = []

    def run(self) -> None:
        last = time.monotonic()
        while not self._stopping.wait(TICK_S):
            now = time.monotonic()
            if now - last > STALL_THRESHOLD_S:
                self._stalls.append((last, now))
            last = now

    def stalled_seconds(self, began: float, ended: float) -> float:
        """Seconds of this time in which nothing here ran."""
        return sum(max(0.0, min(ended, until) - max(began, since)) for since, until in self._stalls)

    def unstalled_duration(self, attempt: Attempt) -> float:
        """Seconds that an attempt took of the time in which something ran."""
        return attempt.took - self.stalled_seconds(attempt.began, attempt.ended_at)

    @property
    def total_stalled(self) -> float:
        return sum(until - since for since, until in self._stalls)
