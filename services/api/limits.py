"""How often one key may ask: a window per minute, shared through Redis where there is one."""

from __future__ import annotations

import time

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter

from services.api.problems import ProblemError

_log = structlog.get_logger(__name__)

_NAMESPACE = "plimsoll"


class RateLimits:
    """The rate of each key (or, before a key is known, address). Off with 0 a minute."""

    def __init__(self, per_minute: int, redis_url: str | None) -> None:
        self._per_minute = per_minute
        self._item = RateLimitItemPerMinute(max(1, per_minute), namespace=_NAMESPACE)
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = FixedWindowRateLimiter(_redis(redis_url)) if redis_url else None

    def take(self, who: str) -> dict[str, str]:
        """Count one request of `who`; the `RateLimit` headers of its answer (draft-ietf-httpapi-ratelimit-headers).

        Raises ProblemError 429 with `Retry-After` when the window is used up.
        """
        if not self._per_minute:
            return {}
        allowed, remaining, reset = self._hit(who)
        seconds = max(1, round(reset - time.time()))
        headers = {
            "RateLimit-Policy": f'"default";q={self._per_minute};w=60',
            "RateLimit": f'"default";r={remaining};t={seconds}',
        }
        if not allowed:
            detail = f"{self._per_minute} requests a minute; the window ends in {seconds} s"
            raise ProblemError("rate_limited", detail, headers={**headers, "Retry-After": str(seconds)})
        return headers

    def _hit(self, who: str) -> tuple[bool, int, float]:
        if self._shared is not None:
            try:
                return self._count(self._shared, who)
            except self._shared.storage.base_exceptions as error:
                # A Redis that is away must not stop the API: each process counts for itself until it is back.
                _log.warning("rate_limit.local", error=type(error).__name__)
        return self._count(self._local, who)

    def _count(self, limiter: FixedWindowRateLimiter, who: str) -> tuple[bool, int, float]:
        allowed = limiter.hit(self._item, who)
        window = limiter.get_window_stats(self._item, who)
        return allowed, max(0, window.remaining), window.reset_time


def _redis(url: str) -> Storage:
    return RedisStorage(url, socket_timeout=0.5, socket_connect_timeout=0.5)
