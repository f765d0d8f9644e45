"""The body of `GET /v1/events/stream`: what is behind a position, from the log, and then whatever comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog

from ledger.errors import LedgerUnavailable
from services.api.http.problems import build_problem
from services.api.http.responses import encode
from services.api.live.chunks import format_frame, format_keep_alive
from services.api.live.live_feed import LiveFeed
from services.api.live.subscriber import End, StreamSubscriber
from services.api.waits import Waits
from services.visibility.feed import FeedPage

#: Milliseconds after which a client connects again.
_RETRY_MS = 1000
#: Events that a stream reads at a time while it is behind.
_PAGE_SIZE = 500
_PART_BYTES = 64 * 1024
#: For the last words of a stream.
_FAREWELL_S = 1.0

_log = structlog.get_logger(__name__)

SendPart = Callable[[bytes], Awaitable[None]]


class EventStream:
    """One stream, from its head to its end."""

    def __init__(self, epoch: str, live: LiveFeed, waits: Waits, subscriber: StreamSubscriber, head: int) -> None:
        self._epoch = epoch
        self._live = live
        self._waits = waits
        self._subscriber = subscriber
        #: While it is far behind, batches are not kept for it.
        self._begins_live_at = head

    async def produce(self, receive: Any, send_part: SendPart) -> bool:
        """Send until it ends; whether its end was sent too."""
        subscriber = self._subscriber
        watching = asyncio.get_running_loop().create_task(self._watch_connection(receive))
        try:
            async with self._waits.limit(None) as timeout, self._live.watching(subscriber):
                subscriber.begin(timeout)
                await self._send(b"retry: %d\n: epoch %s\n\n" % (_RETRY_MS, self._epoch.encode()), send_part)
                try:
                    await self._follow(send_part)
                except LedgerUnavailable:
                    subscriber.end(End.UNAVAILABLE)
        except TimeoutError:
            subscriber.end(End.STOPPING)
        finally:
            watching.cancel()
        if subscriber.end_reason is End.SLOW:
            _log.warning("live.cut_off", position=subscriber.position, organisation=str(subscriber.organisation_id))
        if subscriber.end_reason in (End.SLOW, End.GONE):
            # Its connection takes nothing: it is closed as it is.
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await send_part(_format_end(subscriber.end_reason))
                return True
        return False

    async def _follow(self, send_part: SendPart) -> None:
        """First what is far behind, from the log; then what the live feed brings, without a gap between the two."""
        while self._subscriber.position < self._begins_live_at:
            await self._send_page(await self._load_page(), send_part)
        async with self._live.following(self._subscriber):
            while True:
                await self._send_next(send_part)

    async def _send_next(self, send_part: SendPart) -> None:
        """Send what there is, or wait for it."""
        subscriber = self._subscriber
        while subscriber.is_behind and subscriber.required is not None:
            await self._send_page(await self._load_page(), send_part)
        if not subscriber.is_behind and (data := subscriber.take()):
            await self._send(data, send_part)
        elif subscriber.wants_keep_alive:
            subscriber.wants_keep_alive = False
            await self._send(format_keep_alive(self._epoch, subscriber.position), send_part)
        else:
            await subscriber.woken.wait()
            subscriber.woken.clear()

    async def _load_page(self) -> FeedPage:
        return await self._live.load_page(self._subscriber.view, self._subscriber.position, _PAGE_SIZE)

    async def _send_page(self, page: FeedPage, send_part: SendPart) -> None:
        base_url = self._subscriber.view.base_url
        frames = [format_frame(event, base_url, self._epoch) for event in page.events]
        self._subscriber.position = page.examined
        if frames:
            await self._send(b"".join(frames), send_part)

    async def _send(self, data: bytes, send_part: SendPart) -> None:
        # In parts: the server keeps what a reader has not taken, and waits where that is more than one of them.
        for begin in range(0, len(data), _PART_BYTES):
            self._subscriber.note_sending()
            await send_part(data[begin : begin + _PART_BYTES])
            self._subscriber.note_sent()

    async def _watch_connection(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._subscriber.end(End.GONE)


def _format_end(reason: End | None) -> bytes:
    """The last frame: a problem where connecting again is of no use, else a comment."""
    if reason is End.REVOKED:
        problem = build_problem("unauthenticated", detail="the key is no longer valid", instance="/v1/events/stream")
        return b"event: problem\ndata: %s\n\n" % encode(problem)
    return b": %s\n\n" % (reason.value.encode() if reason is not None else b"the end")
