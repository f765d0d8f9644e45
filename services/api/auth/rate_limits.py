"""How often one key may ask: a window per minute, shared through Redis where there is one."""

from __future__ import annotations

import time
from threading import Lock

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter
from litestar.concurrency import sync_to_thread

from services.api.http.problems import ProblemError

_log = structlog.get_logger(__name__)

_NAMESPACE = "plimsoll"
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
        self._item = RateLimitItemPerMinute(max(1, per_minute), namespace=_NAMESPACE)
        self._local = _LocalWindows(per_minute)
        self._shared = FixedWindowRateLimiter(_connect_redis(redis_url)) if redis_url else None
        self._lease_size = max(1, per_minute // _LEASES_PER_WINDOW)
        #: Who -> what is left of the portion taken last.
        self._leases: dict[str, _Lease] = {}
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

    async def _hit(self, who: str, shared: FixedWindowRateLimiter) -> tuple[bool, int, float]:
        portion = self._leases.get(who)
        if portion is None or not portion.left or portion.reset <= time.time():
            try:
                portion = await sync_to_thread(self._acquire_lease, shared, who)
            except shared.storage.base_exceptions as error:
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

    def _acquire_lease(self, limiter: FixedWindowRateLimiter, who: str) -> _Lease:
        """A new portion of the shared window; an empty one where it is used up."""
        allowed = limiter.hit(self._item, who, cost=self._lease_size)
        window = limiter.get_window_stats(self._item, who)
        return _Lease(self._lease_size if allowed else 0, max(0, window.remaining), window.reset_time)


class _Lease:
    """Requests that one process may let pass without asking."""

    __slots__ = ("beyond", "left", "reset")

    def __init__(self, left: int, beyond: int, reset: float) -> None:
        self.left = left
        #: What the window had beyond this portion when it was taken.
        self.beyond = beyond
        #: Unix seconds.
        self.reset = reset


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


def _connect_redis(url: str) -> Storage:
    return RedisStorage(url, socket_timeout=0.5, socket_connect_timeout=0.5)
