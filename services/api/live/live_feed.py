"""The live feed of one application: wakes what waits for news, and reads the log once for all streams.

A wake-up says that something was committed, never what. Then one statement finds the organisations that have moved on,
and one more for each of them reads its new events, whatever the number of streams. What a stream shows is computed once
for all that show the same (`StreamView`). A stream that lacks a batch reads it from the log by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import msgspec
import structlog

from ledger.errors import LedgerUnavailable
from services.api.auth.key_cache import KeyCache
from services.api.live.chunks import Chunk, Encoder, SharedStreams, StreamView
from services.api.live.hints import Hints
from services.api.live.subscriber import End, StreamSubscriber
from services.api.metrics import Metrics
from services.authorization import READ, Viewer
from services.visibility.feed import FeedPage

if TYPE_CHECKING:
    from services.runtime import Runtime

#: Events of one batch.
_BATCH_SIZE = 1000
#: Between two batches: events that come together are read together, and commands have the interpreter meanwhile.
_REST_S = 0.01
#: Between two looks at the keys of the streams. Their cache is refreshed behind every second look: a key that another
#: process revokes ends its streams within a second.
_CHECK_S = 0.3
#: Threads in which streams that are behind read.
_PAGE_THREADS = 2
#: After the store was away.
_RETRY_S = 1.0

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Tail:
    """The end of one organisation's log, as far as it was read here."""

    def __init__(self) -> None:
        #: None: not read yet.
        self.position: int | None = None
        self.subscribers: set[StreamSubscriber] = set()
        self.waiters: set[Waiter] = set()


class Waiter:
    """One pull that waits for news."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self.woken = asyncio.Event()

    async def wait_beyond(self, position: int) -> None:
        """Return once the organisation has an event behind `position`."""
        while self._tail.position is None or self._tail.position <= position:
            self.woken.clear()
            await self.woken.wait()


class _Batch(msgspec.Struct, frozen=True):
    """What one look at the log found of one organisation."""

    after: int | None
    last: int
    chunks: dict[StreamView, Chunk]
    #: There is more.
    full: bool


class LiveFeed:
    """Used from the application's event loop only, but for what reads the store in a thread."""

    def __init__(self, runtime: Runtime, key_cache: KeyCache, metrics: Metrics) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._key_cache = key_cache
        self._tails: dict[UUID, Tail] = {}
        #: Those that are far behind included.
        self._subscribers: set[StreamSubscriber] = set()
        self._news = asyncio.Event()
        self._hints = Hints(runtime.wakeups, self._news.set, lambda: bool(self._tails))
        #: Batches are not to wait behind what streams that are behind read.
        self._batch_thread = ThreadPoolExecutor(1, thread_name_prefix="plimsoll-live")
        self._page_threads = ThreadPoolExecutor(_PAGE_THREADS, thread_name_prefix="plimsoll-live-page")
        self._shared_reads: dict[tuple[Any, ...], asyncio.Future[Any]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None

    async def load_page(self, view: StreamView, after: int, limit: int) -> FeedPage:
        """A page for a stream that is behind or a pull that was woken: one read for all who want the same meanwhile."""
        return await self._share(
            ("page", view, after, limit),
            partial(self._runtime.feed.load_page, view.viewer, after, limit, view.wanted),
        )

    async def run_in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """What the function returns, called in a thread in which streams read, by turns."""
        return await asyncio.get_running_loop().run_in_executor(self._page_threads, function, *args)

    async def load_head(self, organisation_id: UUID, *, at_least: int = 0) -> int:
        """The organisation's last position: what is known, or read once for all who ask meanwhile.

        It is read anew, after this call, where what is known is less than `at_least`.
        """
        tail = self._tails.get(organisation_id)
        if tail is not None and tail.position is not None and tail.position >= at_least:
            return tail.position
        key, read = ("head", organisation_id), partial(self._runtime.ledger.position, organisation_id)
        head = await self._share(key, read)
        # The first answer may be of a read that had begun before this call.
        return head if head >= at_least else await self._share(key, read)

    async def _share(self, key: tuple[Any, ...], read: Callable[[], T]) -> T:
        """What `read` returns in a thread; calls with an equal key that come meanwhile get the same."""
        reading = self._shared_reads.get(key)
        if reading is None:
            reading = asyncio.get_running_loop().run_in_executor(self._page_threads, read)
            self._shared_reads[key] = reading
            reading.add_done_callback(lambda _: self._shared_reads.pop(key, None))
        # Shielded: one caller that is cancelled must not cancel what the others wait for.
        found: T = await asyncio.shield(reading)
        return found

    @asynccontextmanager
    async def waiting(self, organisation_id: UUID) -> AsyncIterator[Waiter]:
        """Within the block, news of this organisation that come after its beginning are not missed."""
        tail = self._open_tail(organisation_id)
        waiter = Waiter(tail)
        tail.waiters.add(waiter)
        self._ensure_running()
        try:
            yield waiter
        finally:
            tail.waiters.discard(waiter)
            self._close_tail(organisation_id, tail)

    @asynccontextmanager
    async def watching(self, subscriber: StreamSubscriber) -> AsyncIterator[None]:
        """Within the block the subscriber is ended where its key ends or its reader does not read."""
        self._subscribers.add(subscriber)
        self._metrics.set_streams(len(self._subscribers))
        if self._checking is None or self._checking.done():
            self._checking = asyncio.get_running_loop().create_task(self._check_subscribers())
        try:
            yield
        finally:
            self._subscribers.discard(subscriber)
            self._metrics.set_streams(len(self._subscribers))
            self._metrics.count_ended_stream((subscriber.end_reason or End.STOPPING).name.lower())

    @asynccontextmanager
    async def following(self, subscriber: StreamSubscriber) -> AsyncIterator[None]:
        """Within the block the subscriber is offered every batch that is read after its beginning."""
        organisation_id = subscriber.organisation_id
        tail = self._open_tail(organisation_id)
        tail.subscribers.add(subscriber)
        subscriber.required = tail.position
        self._ensure_running()
        try:
            yield
        finally:
            tail.subscribers.discard(subscriber)
            self._close_tail(organisation_id, tail)

    def _open_tail(self, organisation_id: UUID) -> Tail:
        if organisation_id not in self._tails:
            self._tails[organisation_id] = Tail()
            # Where the log ends is found at once: what was committed until now has left no hint.
            self._news.set()
        return self._tails[organisation_id]

    def _close_tail(self, organisation_id: UUID, tail: Tail) -> None:
        if not tail.subscribers and not tail.waiters and self._tails.get(organisation_id) is tail:
            del self._tails[organisation_id]
            # What reads for it ends where nothing else waits.
            self._news.set()

    def _ensure_running(self) -> None:
        loop = asyncio.get_running_loop()
        self._hints.ensure_running(loop)
        if self._reading is None or self._reading.done():
            self._reading = loop.create_task(self._read_batches())

    # --- reading ------------------------------------------------------------------------------------------------------

    async def _read_batches(self) -> None:
        """Read what is new after each hint, for as long as anything waits for it."""
        while self._tails:
            await self._news.wait()
            self._news.clear()
            try:
                if self._tails:
                    await self._read_batch()
            except LedgerUnavailable as error:
                _log.warning("live.not_read", error=type(error).__name__)
                asyncio.get_running_loop().call_later(_RETRY_S, self._news.set)
            except Exception:  # noqa: BLE001 - logged with its trace; the loop is what must not end
                _log.exception("live.failed")
                asyncio.get_running_loop().call_later(_RETRY_S, self._news.set)
            await asyncio.sleep(_REST_S)

    async def _read_batch(self) -> None:
        tails = dict(self._tails)
        wanted = {
            organisation_id: (tail.position, {subscriber.view for subscriber in tail.subscribers})
            for organisation_id, tail in tails.items()
        }
        loop = asyncio.get_running_loop()
        batches = await loop.run_in_executor(self._batch_thread, self._load_batches, wanted)
        for organisation_id, batch in batches.items():
            self._deliver(tails[organisation_id], batch)
            if batch.full:
                self._news.set()

    def _load_batches(self, wanted: dict[UUID, tuple[int | None, set[StreamView]]]) -> dict[UUID, _Batch]:
        """The organisations that have moved on. It queries the store."""
        ledger = self._runtime.ledger
        found = {}
        for organisation_id, head in ledger.positions_of(list(wanted)).items():
            after, views = wanted[organisation_id]
            if after is None or not views:
                if after != head:
                    found[organisation_id] = _Batch(after, head, {}, full=False)
            elif head > after:
                found[organisation_id] = self._load_batch(organisation_id, after, views)
        return found

    def _load_batch(self, organisation_id: UUID, after: int, views: set[StreamView]) -> _Batch:
        ledger = self._runtime.ledger
        records = ledger.read_records(organisation_id, after, _BATCH_SIZE)
        last = records[-1].position if records else after
        encoder = Encoder(SharedStreams(ledger), ledger.epoch)
        chunks = {view: encoder.encode(records, after, last, view) for view in views}
        return _Batch(after, last, chunks, full=len(records) == _BATCH_SIZE)

    def _deliver(self, tail: Tail, batch: _Batch) -> None:
        tail.position = max(batch.last, tail.position or 0)
        for subscriber in tail.subscribers:
            subscriber.offer(batch.chunks.get(subscriber.view), batch.last)
        for waiter in tail.waiters:
            waiter.woken.set()

    # --- keys ---------------------------------------------------------------------------------------------------------

    async def _check_subscribers(self) -> None:
        """End the streams of keys that are no longer valid, and of readers that do not read."""
        while self._subscribers:
            now = time.monotonic()
            by_key: dict[str, list[StreamSubscriber]] = {}
            for subscriber in self._subscribers:
                subscriber.check(now)
                by_key.setdefault(subscriber.key, []).append(subscriber)
            try:
                for key, its in by_key.items():
                    await self._check_key(key, its)
            except LedgerUnavailable as error:
                # A store that is away has no news for a key that it may have revoked.
                _log.warning("live.keys_not_checked", error=type(error).__name__)
            await asyncio.sleep(_CHECK_S)

    async def find_viewer(self, key: str) -> Viewer | None:
        """Who reads with this key, as they stand now (the cache's age apart); None where it has ended."""
        known = await self._key_cache.authenticate(key)
        viewer = known.viewer if known is not None and known.is_valid(self._runtime.clock()) else None
        return viewer if viewer is not None and READ in viewer.scopes else None

    async def _check_key(self, key: str, subscribers: list[StreamSubscriber]) -> None:
        viewer = await self.find_viewer(key)
        for subscriber in subscribers:
            if viewer is None:
                subscriber.end(End.REVOKED)
            else:
                subscriber.view = subscriber.view.seen_by(viewer)
