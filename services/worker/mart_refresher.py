"""Refreshes the computed marts of schema `bi` now and then: analysts do not need them to the second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from projections.database.database import Database
from projections.marts.snapshots import SightLookup, refresh_due_snapshots

_log = structlog.get_logger(__name__)


class MartRefresher:
    """Refreshes every `every_seconds` until stopped; several at once do no harm."""

    def __init__(
        self, database: Database, lookup: SightLookup, clock: Callable[[], datetime], *, every_seconds: float
    ) -> None:
        self._database = database
        self._lookup = lookup
        self._clock = clock
        self._every_seconds = every_seconds

    def run(self, stopping: threading.Event) -> None:
        """Loop until `stopping` is set; an error is logged, and the next round finds what this one missed."""
        while not stopping.wait(self._every_seconds):
            try:
                refresh_due_snapshots(self._database, self._lookup, self._clock())
            except Exception:  # noqa: BLE001 - logged with its trace; the loop is what must not end
                _log.exception("marts.failed")
