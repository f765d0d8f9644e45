"""How often one key may ask: a window per minute, shared through Redis where there is one."""

from __future__ import annotations

import asyncio
import time
from threading import Lock
from typing import TYPE_CHECKING

import structlog

from services.api.http.problems import ProblemError

if TYPE_CHECKING:
    from services.api.auth.shared_windows import Lease, SharedWindows

_log = structlog.get_logger(__name__)

_WINDOW_SECONDS = 60.0
#: Into how many portions processes part a shared window.
_LEASES_PER_WINDOW = 1000
_MAX_LEASES = 10_000


class RateLimits:
    """The rate of each key (or, before a key is known, address). Off with 0 a minute.

    Where there is a Redis, a process takes from the shared window a thousandth of the limit at a time and spends it by
    itself: one request in so many waits for Redis, in a thread, and all processes together never pass the limit. What a
    process has not spent when the window ends is lost.
    """

    def __init__(self, per_minute: int, redis_url: str | None) -> None:
        self._per_minute = per_minute
        self._local = _LocalWindows(per_minute)
        self._shared = _connect_redis(redis_url, per_minute) if redis_url else None
        #: Who -> what is left of the portion taken last.
        self._leases: dict[str, Lease] = {}
        self._policy = f'"default";q={per_minute};w=60'

    async def consume(self, who: str) -> dict[str, str]:
        """Count one request of `who`; the `RateLimit` headers of its answer (draft-ietf-httpapi-ratelimit-headers).

        Raises ProblemError 429 with `Retry-After` when the window is used up.
        """
        if not self._per_minute:
            return {}
        allowed, remaining, reset = self._local.hit(who) if self._shared is None else await self._hit(who, self._shared)
        seconds = max(1, round(reset - time.time()))
        headers = {"RateLimit-Policy": self._policy, "RateLimit": f'"default";r={remaining};t={seconds}'}
        if not allowed:
            detail = f"{self._per_minute} requests a minute; the window ends in {seconds} s"
            raise ProblemError("rate_limited", detail, headers={**headers, "Retry-After": str(seconds)})
        return headers

    async def _hit(self, who: str, shared: SharedWindows) -> tuple[bool, int, float]:
        portion = self._leases.get(who)
        if portion is None or not portion.left or portion.reset <= time.time():
            try:
                portion = await asyncio.to_thread(shared.acquire_lease, who)
            except shared.connection_errors as error:
                # A Redis that is away must not stop the API: each process counts for itself until it is back.
                _log.warning("rate_limit.local", error=type(error).__name__)
                return self._local.hit(who)
            self._leases[who] = portion
            if len(self._leases) > _MAX_LEASES:
                now = time.time()
                self._leases = {name: held for name, held in self._leases.items() if held.reset > now and held.left}
        if not portion.left:
            return False, 0, portion.reset
        portion.left -= 1
        return True, portion.beyond + portion.left, portion.reset


class _LocalWindows:
    """What this process has counted. The memory storage of `limits` starts a thread for every few requests."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._lock = Lock()
        #: Who -> the window's end and the requests in it.
        self._windows: dict[str, tuple[float, int]] = {}
        self._purge_at = 0.0

    def hit(self, who: str) -> tuple[bool, int, float]:
        """Count one request: whether it may pass, how many are left, and when the window ends (Unix seconds)."""
        now = time.time()
        with self._lock:
            if now >= self._purge_at:
                self._windows = {name: window for name, window in self._windows.items() if window[0] > now}
                self._purge_at = now + _WINDOW_SECONDS
            ends, count = self._windows.get(who, (0.0, 0))
            if ends <= now:
                ends, count = now + _WINDOW_SECONDS, 0
            self._windows[who] = (ends, count + 1)
        return count < self._per_minute, max(0, self._per_minute - count - 1), ends


def _connect_redis(url: str, per_minute: int) -> SharedWindows:
    from services.api.auth.shared_windows import SharedWindows  # noqa: PLC0415 - needed only with Redis

    return SharedWindows(url, per_minute, max(1, per_minute // _LEASES_PER_WINDOW))
