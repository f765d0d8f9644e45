"""Wake-ups between processes. A module of its own: a laptop without Redis need not import its client at every start."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import redis
import structlog

CHANNEL = "plimsoll:commits"
#: Between two hints of one process at least (seconds): a projector that follows batches needs no more of them, and each
#: takes the interpreter from the commands.
_MIN_INTERVAL_S = 0.02
_CLOSE_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class RedisWakeups:
    """Between processes, over Redis pub/sub. Redis may be away: then everybody polls.

    A hint is sent by a thread of its own, so that neither a commit nor an event loop waits for Redis; hints that come
    while one is on its way are one hint.
    """

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._pending = threading.Event()
        self._closing = False
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def publish(self) -> None:
        if self._thread is None:
            self._start()
        if not self._pending.is_set():
            self._pending.set()

    def subscribe(self) -> RedisSubscription:
        return RedisSubscription(self._client)

    def is_reachable(self) -> bool:
        try:
            return bool(self._client.ping())
        except redis.RedisError:
            return False

    def close(self) -> None:
        """Send what is on its way, and end."""
        self._closing = True
        self._pending.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)
        self._client.close()

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._send, name="plimsoll-wakeups", daemon=True)
                self._thread.start()

    def _send(self) -> None:
        while not self._closing:
            self._pending.wait()
            self._pending.clear()
            try:
                self._client.publish(CHANNEL, b"")
            except redis.RedisError as error:
                _log.warning("wakeup.not_published", error=type(error).__name__)
            time.sleep(_MIN_INTERVAL_S)


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
            woken = self._wait_for_message(deadline)
            while woken and self._pubsub.get_message(timeout=0) is not None:
                pass  # Hints that came together are one hint.
        except redis.RedisError:
            # Forget the connection and sleep the rest: a Redis that is away must not turn the poll into a spin.
            self._subscribed = False
            self._pubsub.reset()
            time.sleep(max(0.0, deadline - time.monotonic()))
            return False
        return woken

    def _wait_for_message(self, deadline: float) -> bool:
        """Wait for a message; confirmations of the subscription are no message but end one `get_message` early."""
        while (left := deadline - time.monotonic()) > 0:
            if self._pubsub.get_message(timeout=left) is not None:
                return True
        return False

    def close(self) -> None:
        self._pubsub.close()
