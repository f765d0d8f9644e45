"""One stream: what it has yet to be sent, and why it ends."""

from __future__ import annotations

import asyncio
import time
from enum import Enum
from uuid import UUID

from services.api.live.chunks import Chunk, StreamView

#: Bytes that wait for a reader that does not read, at most; beyond, it is cut off and begins again at its last event.
MAX_BUFFERED_BYTES = 1_000_000
#: Seconds in which what is sent has to be taken.
MAX_SEND_S = 30.0
#: Between two signs of life on a stream without news.
KEEP_ALIVE_S = 15.0


class End(Enum):
    """Why a stream ends."""

    STOPPING = "the server stops"
    SLOW = "the reader does not keep up"
    REVOKED = "the key is no longer valid"
    GONE = "the reader is gone"
    UNAVAILABLE = "the store is not available"


class StreamSubscriber:
    """Used from one event loop only. Its own coroutine takes what the live feed offers."""

    def __init__(self, key: str, view: StreamView, position: int) -> None:
        #: The API key: looked at again while the stream runs.
        self.key = key
        self.view = view
        #: Everything up to here was sent, or is not shown.
        self.position = position
        #: It has to read the log by itself up to here; None: up to where the tail will be found.
        self.required: int | None = None
        #: Set when there is something for it to send.
        self.woken = asyncio.Event()
        self.wants_keep_alive = False
        self.end_reason: End | None = None
        self._timeout: asyncio.Timeout | None = None
        self._queue: list[Chunk] = []
        self._buffered = 0
        #: `time.monotonic()` of the last bytes, and of those that are on their way.
        self._sent_at = time.monotonic()
        self._sending_since: float | None = None

    @property
    def organisation_id(self) -> UUID:
        return self.view.viewer.organisation_id

    def begin(self, timeout: asyncio.Timeout) -> None:
        """Its coroutine runs within `timeout`, by which it is ended."""
        self._timeout = timeout

    @property
    def is_behind(self) -> bool:
        """Whether it lacks events that no later batch contains: they are read from the log."""
        return self.required is None or self.position < self.required

    def offer(self, chunk: Chunk | None, last: int) -> None:
        """The batch of events up to `last`; None where it was not encoded for this stream."""
        if chunk is None:
            self.required = last
            self.woken.set()
            return
        if not chunk.data and not self._queue and not self.is_behind and self._sending_since is None:
            self.position = max(self.position, last)
            return
        self._queue.append(chunk)
        self._buffered += len(chunk.data)
        if self._buffered > MAX_BUFFERED_BYTES:
            self.end(End.SLOW)
        self.woken.set()

    def take(self) -> bytes:
        """What is to be sent now; empty where only the position has moved on."""
        chunks, self._queue, self._buffered = self._queue, [], 0
        parts = []
        for chunk in chunks:
            if chunk.last > self.position:
                parts.append(chunk.data_behind(self.position))
                self.position = chunk.last
        return b"".join(parts)

    def note_sending(self) -> None:
        """Bytes are on their way."""
        self._sending_since = time.monotonic()

    def note_sent(self) -> None:
        """They were taken."""
        self._sent_at, self._sending_since = time.monotonic(), None

    def check(self, now: float) -> None:
        """Disconnect a reader that takes nothing; have a keep-alive sent where there is no news."""
        if self._sending_since is not None:
            if now - self._sending_since > MAX_SEND_S:
                self.end(End.SLOW)
        elif now - self._sent_at >= KEEP_ALIVE_S:
            self.wants_keep_alive = True
            self.woken.set()

    def end(self, reason: End) -> None:
        """End the stream where it stands; the first reason holds."""
        if self.end_reason is None:
            self.end_reason = reason
            if self._timeout is not None and not self._timeout.expired():
                self._timeout.reschedule(0)
