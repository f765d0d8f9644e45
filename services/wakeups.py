"""Wake-ups: hints that something was committed. A lost one costs a poll interval, never a fact.

A notification over Redis pub/sub arrives after 1-2 ms; a dramatiq message takes 240-725 ms (p99) to start.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

import redis
import structlog

CHANNEL = "plimsoll:commits"

_log = structlog.get_logger(__name__)


class Subscription(Protocol):
    """One waiter's view of the wake-ups."""

    def wait(self, seconds: float) -> bool:
        """Wait until woken (True) or `seconds` have passed (False); hints that came before the call count."""

    def close(self) -> None: ...


class Wakeups(Protocol):
    """Where commits are announced. Publish only *after* the commit."""

    def publish(self) -> None: ...
    def subscribe(self) -> Subscription: ...
    def close(self) -> None: ...


class LocalWakeups:
    """Within one process."""

    def __init__(self) -> None:
        self._waiters: set[LocalSubscription] = set()
        self._lock = threading.Lock()

    def publish(self) -> None:
        with self._lock:
            for waiter in self._waiters:
                waiter.woken.set()

    def subscribe(self) -> LocalSubscription:
        waiter = LocalSubscription(self)
        with self._lock:
            self._waiters.add(waiter)
        return waiter

    def forget(self, waiter: LocalSubscription) -> None:
        with self._lock:
            self._waiters.discard(waiter)

    def close(self) -> None:
        self.publish()


class LocalSubscription:
    """One waiter of this process."""

    def __init__(self, wakeups: LocalWakeups) -> None:
        self._wakeups = wakeups
        self.woken = threading.Event()

    def wait(self, seconds: float) -> bool:
        woken = self.woken.wait(seconds)
        self.woken.clear()
        return woken

    def close(self) -> None:
        self._wakeups.forget(self)


class RedisWakeups:
    """Between processes, over Redis pub/sub. Redis may be away: then everybody polls."""

    def __init__(self, url: str) -> None:
        # A commit must not wait for a Redis that hangs; the poll is the guarantee.
        self._client = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)

    def publish(self) -> None:
        try:
            self._client.publish(CHANNEL, b"")
        except redis.RedisError as error:
            _log.warning("wakeup.not_published", error=type(error).__name__)

    def subscribe(self) -> RedisSubscription:
        return RedisSubscription(self._client)

    def close(self) -> None:
        self._client.close()


class RedisSubscription:
    """One waiter's connection to the channel; it reconnects by itself."""

    def __init__(self, client: redis.Redis) -> None:
        self._pubsub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._subscribed = False

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        try:
            if not self._subscribed:
                self._pubsub.subscribe(CHANNEL)
                self._subscribed = True
            woken = self._next(deadline)
            while woken and self._pubsub.get_message(timeout=0) is not None:
                pass  # Hints that came together are one hint.
        except redis.RedisError:
            # Forget the connection and sleep the rest: a Redis that is away must not turn the poll into a spin.
            self._subscribed = False
            self._pubsub.reset()
            time.sleep(max(0.0, deadline - time.monotonic()))
            return False
        return woken

    def _next(self, deadline: float) -> bool:
        """Wait for a message; confirmations of the subscription are no message but end one `get_message` early."""
        while (left := deadline - time.monotonic()) > 0:
            if self._pubsub.get_message(timeout=left) is not None:
                return True
        return False

    def close(self) -> None:
        self._pubsub.close()
