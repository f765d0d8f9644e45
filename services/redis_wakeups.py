"""Wake-ups between processes. A module of its own: a laptop without Redis need not import its client at every start."""

from __future__ import annotations

import time
from contextlib import suppress

import redis
import structlog

CHANNEL = "plimsoll:commits"

_log = structlog.get_logger(__name__)


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
        # At once where it can be: a hint that comes before the first wait counts.
        with suppress(redis.RedisError):
            self._subscribe()

    def _subscribe(self) -> None:
        if not self._subscribed:
            self._pubsub.subscribe(CHANNEL)
            self._subscribed = True

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        try:
            self._subscribe()
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
