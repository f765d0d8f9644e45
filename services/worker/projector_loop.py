"""The loop from ledger to views: apply what is there, then wait to be woken, and look again anyway."""

from __future__ import annotations

import threading
from typing import Protocol

import structlog

from services.wakeups.local import Wakeups
from services.worker.metrics import (
    PROJECTED_EVENTS,
    PROJECTOR_FAILURES,
    PROJECTOR_LAST_RUN,
    PROJECTOR_LAST_RUN_TIMESTAMP,
)

#: After a failed round the loop waits this long, doubled up to the maximum (seconds).
INITIAL_BACKOFF_S, MAX_BACKOFF_S = 0.1, 5.0
#: After a round that reached the head with few events the loop rests so long (seconds), and lets others gather: a round
#: costs what a dozen events do, however few it finds. A lone event is followed at once. An event waits for a round, a
#: rest and a round of its own (0097).
REST_S = 0.015
#: Events of a round whose own cost no longer counts: the next one begins at once, and what came meanwhile is enough.
FULL_ROUND = 64

_log = structlog.get_logger(__name__)


class CatchUpEngine(Protocol):
    """The engine, as far as the loop needs it."""

    def catch_up(self, limit: int | None = None) -> int: ...


class Projector:
    """Runs until stopped; several may run at once, in threads or processes: the engine's checkpoint decides."""

    def __init__(
        self,
        engine: CatchUpEngine,
        wakeups: Wakeups,
        *,
        poll_seconds: float,
        batch: int,
        awaited: threading.Event | None = None,
    ) -> None:
        self._engine = engine
        self._wakeups = wakeups
        self._poll_seconds = poll_seconds
        self._batch = batch
        #: Set while a request of this process waits for a position.
        self._readers_waiting = awaited or threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Loop until `stopping` is set. An error is logged and the round tried again, later each time: never raised."""
        subscription = self._wakeups.subscribe()
        pause = INITIAL_BACKOFF_S
        try:
            while not stopping.is_set():
                try:
                    applied = self._engine.catch_up(self._batch)
                except Exception as error:  # noqa: BLE001 - logged with its trace; the loop is what must not end
                    if stopping.is_set():
                        # The engine was stopped first. Nothing is lost: the next start begins at the checkpoint.
                        _log.info("projector.interrupted", reason=str(error))
                        return
                    PROJECTOR_FAILURES.inc()
                    _log.exception("projector.failed", pause_seconds=pause)
                    stopping.wait(pause)
                    pause = min(pause * 2, MAX_BACKOFF_S)
                    continue
                pause = INITIAL_BACKOFF_S
                PROJECTED_EVENTS.inc(applied)
                PROJECTOR_LAST_RUN.set_to_current_time()
                PROJECTOR_LAST_RUN_TIMESTAMP.set_to_current_time()
                # Less than asked for: the head was reached, and what came since has left a wake-up behind.
                if applied < self._batch and not stopping.is_set():
                    if 0 < applied < FULL_ROUND:
                        self._rest()
                    subscription.wait(self._poll_seconds)
        finally:
            subscription.close()

    def _rest(self) -> None:
        """Let events gather: many followed at once cost a fraction of each alone, and commands have the machine first.

        A lone event is followed at once, as its round comes before the rest; so are those that a request waits for.
        """
        if self._readers_waiting.wait(REST_S):
            self._readers_waiting.clear()
