"""From wake-ups, which a thread waits for, to an event loop."""

from __future__ import annotations

import threading
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable

import structlog

from services.wakeups.local import Wakeups

#: Without a hint the log is looked at this often: Redis may have been away, and an import may run in another process of
#: an embedded server. Once for a whole process, and only while a stream or a pull waits.
FALLBACK_S = 5.0
#: How long the thread goes on without anything that waits; how often it looks.
_IDLE_S, _LOOK_S = 5.0, 0.5

_log = structlog.get_logger(__name__)


class Hints:
    """Calls back on the event loop for each wake-up; its thread runs while something waits."""

    def __init__(self, wakeups: Wakeups, notify: Callable[[], None], has_waiters: Callable[[], bool]) -> None:
        self._wakeups = wakeups
        self._notify = notify
        self._has_waiters = has_waiters
        self._lock = threading.Lock()
        self._running = False
        #: When it was last asked for (`time.monotonic()`).
        self._wanted_at = 0.0

    def ensure_running(self, loop: AbstractEventLoop) -> None:
        """Have wake-ups reported to this loop, all that come after this call included."""
        self._wanted_at = time.monotonic()
        with self._lock:
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, args=(loop,), name="plimsoll-live", daemon=True).start()

    def _run(self, loop: AbstractEventLoop) -> None:
        try:
            self._wait_for_wakeups(loop)
        except RuntimeError:
            # The loop is closed, and with it everything that waited.
            with self._lock:
                self._running = False
        except Exception as error:  # noqa: BLE001 - a client library's own, such as of a pool that is closed
            _log.warning("live.hints_ended", error=type(error).__name__)
            with self._lock:
                self._running = False

    def _wait_for_wakeups(self, loop: AbstractEventLoop) -> None:
        subscription = self._wakeups.subscribe()
        try:
            # What was committed before the subscription began has left no hint in it.
            loop.call_soon_threadsafe(self._notify)
            notified_at = time.monotonic()
            while self._should_go_on():
                woken = subscription.wait(_LOOK_S)
                now = time.monotonic()
                if (woken or now - notified_at >= FALLBACK_S) and self._has_waiters():
                    notified_at = now
                    loop.call_soon_threadsafe(self._notify)
                elif loop.is_closed():
                    raise RuntimeError("the event loop is closed")
        finally:
            subscription.close()

    def _should_go_on(self) -> bool:
        with self._lock:
            if self._has_waiters() or time.monotonic() - self._wanted_at < _IDLE_S:
                return True
            self._running = False
            return False
