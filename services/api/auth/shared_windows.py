"""The windows that processes share in Redis. A module of its own: a server without Redis need not import its client."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter

_NAMESPACE = "plimsoll"


class Lease:
    """Requests that one process may let pass without asking."""

    __slots__ = ("beyond", "left", "reset")

    def __init__(self, left: int, beyond: int, reset: float) -> None:
        self.left = left
        #: What the window had beyond this portion when it was taken.
        self.beyond = beyond
        #: Unix seconds.
        self.reset = reset


class SharedWindows:
    """A window per minute for each requester, counted in Redis for all processes together."""

    def __init__(self, url: str, per_minute: int, lease_size: int) -> None:
        storage = RedisStorage(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        #: What it raises where Redis does not answer.
        self.connection_errors = storage.base_exceptions
        self._limiter = FixedWindowRateLimiter(storage)
        self._item = RateLimitItemPerMinute(max(1, per_minute), namespace=_NAMESPACE)
        self._lease_size = lease_size

    def acquire_lease(self, who: str) -> Lease:
        """A new portion of the shared window; an empty one where it is used up."""
        allowed = self._limiter.hit(self._item, who, cost=self._lease_size)
        window = self._limiter.get_window_stats(self._item, who)
        return Lease(self._lease_size if allowed else 0, max(0, window.remaining), window.reset_time)
