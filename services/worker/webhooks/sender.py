"""The sending for one subscription, by the worker that holds its lease.

Events are sent as they are read; what became of them is written together, several times a second. A worker that is
killed in between leaves a cursor that says less than was done: those events are sent again, under the ids they had.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from domain.subscription.subscription import DisabledReason, Subscription
from ledger.deliveries import REST, Attempt, Deliveries, DeliveryCursor, DeliveryState, DeliveryUpdate, EventDelivery
from services.authorization import Viewer
from services.webhooks import retries
from services.webhooks.client import TargetResponse, WebhookClient
from services.webhooks.messages import build_headers, message_id
from services.webhooks.signatures import Signer, load_signer
from services.worker.webhooks.metrics import ATTEMPT_SECONDS, ATTEMPTS
from services.worker.webhooks.queue import DeliveryQueue, OpenDelivery
from services.worker.webhooks.source import EventSource, OwnerLeft, Page

#: Events that one statement reads.
PAGE_SIZE = 200
#: A subscription whose target fails holds so many open deliveries at most: the rest waits in the log.
MAX_OPEN_WHILE_FAILING = 100
#: Failures in a row after which one message is tried at a time.
FAILURES_UNTIL_ONE = 3
#: Between two writes of what was done, while there is more to do (seconds).
SAVE_INTERVAL_S = 0.1
#: A delivery that takes longer gets a row of its own, so that the cursor can pass it (seconds).
SLOW_S = 1.0
#: A body that was made longer ago is made anew: what its member sees may have changed (seconds).
STALE_BODY_S = 5.0
#: What messages are signed with is looked up so often (seconds).
SIGNER_S = 2.0
#: Where the member stands is looked up so often (seconds), as keys are.
VIEWER_S = 1.0
#: Where no message was sent, the cursor's way is written so often (seconds).
CURSOR_INTERVAL_S = 2.0
#: The lease is kept for so long after the last message (seconds).
IDLE_S = 10.0
LEASE = timedelta(seconds=15)
_GONE = 410
#: How long a cursor waits for the subscription to be recorded before it is dropped.
_ORPHAN_AFTER = timedelta(hours=1)

_log = structlog.get_logger(__name__)


class SenderTools(msgspec.Struct, frozen=True, kw_only=True):
    """What every sender of a worker uses."""

    deliveries: Deliveries
    source: EventSource
    clock: Callable[[], datetime]
    concurrency: int
    open_client: Callable[[str], WebhookClient]
    #: Run what queries the store in a thread.
    in_thread: Callable[..., Awaitable[Any]]
    #: Write progress; False: the lease is lost.
    save: Callable[[DeliveryUpdate], Awaitable[bool]]
    #: Record that deliveries have ended by themselves.
    disable: Callable[[Subscription, DisabledReason, datetime | None], Awaitable[None]]
    #: No more subscriptions can be taken: one that has nothing to do makes room.
    is_full: Callable[[], bool]


class Sender:
    """Sends for one subscription until there is nothing to do, or the lease is lost."""

    def __init__(self, tools: SenderTools, cursor: DeliveryCursor) -> None:
        self._tools = tools
        self._cursor = cursor
        self.subscription_id: UUID = cursor.subscription_id
        self.organisation_id: UUID = cursor.organisation_id
        #: Up to here every event was read.
        self._read = cursor.position
        self._failing_since = cursor.failing_since
        self._failures = cursor.failures
        self._has_news = True
        #: The subscription is to be looked up again.
        self._is_outdated = False
        self._viewer: Viewer | None = None
        #: Whose changes may change what it sees.
        self._viewer_streams: set[UUID] = set()
        self._viewer_at = 0.0
        self._is_closing = self._is_abandoned = False
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._finished: list[EventDelivery] = []
        self._attempts: list[tuple[UUID, Attempt]] = []
        self._saved_at = self._used_at = time.monotonic()
        #: Of rows that were saved and have changed since.
        self._dirty: set[UUID] = set()

    def wake(self, streams: Collection[UUID] = ()) -> None:
        """There may be new events; `streams`: of the members, teams and subscriptions among them."""
        self._has_news = True
        self._is_outdated = self._is_outdated or self.subscription_id in streams
        if self._viewer is not None and not self._viewer_streams.isdisjoint(streams):
            self._viewer = None
        self._changed.set()

    def stop(self) -> None:
        """End once what is on its way has arrived."""
        self._is_closing = True
        self._changed.set()

    def abandon(self) -> None:
        """The lease is lost: end once what is on its way has arrived; only what was delivered is still written."""
        self._is_abandoned = self._is_closing = True
        self._changed.set()

    # --- life -----------------------------------------------------------------------------------------------------

    async def run(self) -> datetime | None:
        """Send. Returns when the subscription may be taken up again, unless it is woken before; None: at any time."""
        subscription: Subscription | None = await self._load_subscription()
        if subscription is None:
            return await self._retry_or_delete()
        if subscription.state != "active":
            return await self._rest(subscription)
        if self._cursor.epoch != self._tools.source.epoch and not await self._begin_new_epoch():
            return None
        self._subscription = subscription
        self._queue = DeliveryQueue(strict=subscription.ordering == "strict")
        await self._load_signer()
        #: Events behind it have no delivery: there is nothing to ask about them.
        self._known: int = await self._tools.in_thread(self._tools.deliveries.last_position, self.subscription_id)
        for row in await self._tools.in_thread(self._tools.deliveries.load_pending, self.subscription_id):
            self._queue.add(OpenDelivery.of_row(row, time.monotonic()))
        async with self._tools.open_client(subscription.url) as client:
            self._client = client
            try:
                return await self._loop()
            finally:
                for task in self._tasks:
                    task.cancel()

    async def _loop(self) -> datetime | None:
        while True:
            self._changed.clear()
            if not self._is_closing:
                await self._read_more()
                if self._queue.ready and time.monotonic() - self._signer_at > SIGNER_S:
                    await self._load_signer()
                self._start_ready()
            if not await self._save_when_due():
                self.abandon()
            if not self._tasks and (self._is_closing or self._is_idle()):
                if self._is_abandoned:
                    return None
                return self._tools.clock() + REST if self._subscription.state != "active" else None
            with_timeout = asyncio.timeout(SAVE_INTERVAL_S if self._tasks or self._has_unsaved() else 0.5)
            try:
                async with with_timeout:
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _is_idle(self) -> bool:
        if self._has_news or self._queue.ready or self._has_unsaved() or self._has_moved():
            return False
        due = self._queue.next_due()
        if due is not None and due <= self._tools.clock() + timedelta(seconds=IDLE_S):
            return False
        return self._tools.is_full() or time.monotonic() - self._used_at > IDLE_S

    async def _load_signer(self) -> None:
        self._signer: Signer = await self._tools.in_thread(load_signer, self._tools.deliveries, self.subscription_id)
        self._signer_at = time.monotonic()

    async def _load_subscription(self) -> Subscription | None:
        found: Subscription | None = await self._tools.in_thread(
            self._tools.source.load_subscription, self.organisation_id, self.subscription_id
        )
        return found

    async def _retry_or_delete(self) -> datetime | None:
        """Wait for the command that records the subscription; forget its cursor where that never came."""
        now = self._tools.clock()
        if now - self._cursor.created_at < _ORPHAN_AFTER:
            return now + REST
        await self._tools.in_thread(self._tools.deliveries.forget, self.subscription_id)
        return None

    async def _rest(self, subscription: Subscription) -> datetime | None:
        if subscription.state == "removed":
            await self._tools.in_thread(self._tools.deliveries.forget, self.subscription_id)
            return None
        return self._tools.clock() + REST

    async def _begin_new_epoch(self) -> bool:
        """Hold what was pending before the log was restored, and begin at its end. False: the lease is lost."""
        source = self._tools.source
        await self._tools.in_thread(self._tools.deliveries.hold_pending, self.subscription_id)
        head = await self._tools.in_thread(source.load_position, self.organisation_id)
        after = msgspec.structs.replace(self._cursor, position=head, epoch=source.epoch, next_due=None)
        _log.warning("webhook.log_restored", subscription=str(self.subscription_id), position=head)
        self._read = head
        return await self._write(after, [], [])

    # --- reading --------------------------------------------------------------------------------------------------

    async def _read_more(self) -> None:
        self._queue.release_due(self._tools.clock())
        if not self._has_news or self._queue.ready >= self._limit() * 4 or len(self._queue) >= self._max_open():
            return
        self._has_news = False
        if self._is_outdated and not await self._reload_subscription():
            return
        try:
            viewer = await self._load_viewer()
        except OwnerLeft:
            await self._disable("owner_left")
            return
        page = await self._tools.in_thread(self._load_page, viewer)
        now = time.monotonic()
        for event in page.events:
            if event.event_id not in self._queue.open:
                self._queue.add(OpenDelivery.of_event(event, now))
        if page.events:
            self._used_at = now
        self._read = page.examined
        self._has_news = self._has_news or page.full

    def _load_page(self, viewer: Viewer) -> Page:
        return self._tools.source.load_page(self._subscription, viewer, self._read, PAGE_SIZE, known=self._known)

    async def _reload_subscription(self) -> bool:
        """Look the subscription up; False: nothing is sent for it any more."""
        self._is_outdated = False
        subscription = await self._load_subscription()
        if subscription is None or subscription.state != "active":
            self._is_closing = True
            self._subscription = subscription or self._subscription
            return False
        self._subscription = subscription
        return True

    async def _load_viewer(self) -> Viewer:
        """Where the member stands, as of a second ago at most. Raises `OwnerLeft`."""
        if self._viewer is None or time.monotonic() - self._viewer_at > VIEWER_S:
            self._viewer = await self._tools.in_thread(self._tools.source.load_viewer, self._subscription)
            self._viewer_at = time.monotonic()
            found = self._viewer
            self._viewer_streams = {found.member_id, *found.teams, *found.leads}
        return self._viewer

    def _max_open(self) -> int:
        return MAX_OPEN_WHILE_FAILING if self._failures else PAGE_SIZE * 5

    def _limit(self) -> int:
        return 1 if self._failures >= FAILURES_UNTIL_ONE else self._tools.concurrency

    # --- sending --------------------------------------------------------------------------------------------------

    def _start_ready(self) -> None:
        while len(self._tasks) < self._limit() and not self._is_closing:
            delivery = self._queue.take()
            if delivery is None:
                return
            task = asyncio.get_running_loop().create_task(self._deliver(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The store is away: what is open is read again by whoever takes the lease next.
            _log.warning("webhook.failed", subscription=str(self.subscription_id), error=repr(error))
            self._is_closing = True
        self._start_ready()
        if self._is_closing or (self._has_news and self._queue.ready < self._limit()) or not self._tasks:
            self._changed.set()

    async def _deliver(self, delivery: OpenDelivery) -> None:
        body = await self._load_body(delivery)
        now = self._tools.clock()
        if body is None:
            self._finish(delivery, "withheld", now)
            return
        signature = self._signer.sign(message_id(self.subscription_id, delivery.event_id), int(now.timestamp()), body)
        began = time.monotonic()
        answer = await self._client.send("POST", build_headers(self.subscription_id, signature), body)
        took = time.monotonic() - began
        ATTEMPT_SECONDS.observe(took)
        self._used_at = time.monotonic()
        delivery.attempts += 1
        delivery.tries += 1
        attempt = Attempt(
            attempt=delivery.tries,
            at=now,
            duration_us=int(took * 1_000_000),
            status=answer.status,
            error="" if answer.is_success else answer.error or f"HTTP {answer.status}",
            answer=answer.body,
        )
        self._attempts.append((delivery.event_id, attempt))
        if answer.is_success:
            self._succeed(delivery)
        else:
            await self._fail(delivery, answer)

    async def _load_body(self, delivery: OpenDelivery) -> bytes | None:
        """The message as it may be sent now; None where the member does not see the event any more."""
        if delivery.body is not None and time.monotonic() - delivery.loaded_at <= STALE_BODY_S:
            return delivery.body
        try:
            viewer = await self._load_viewer()
        except OwnerLeft:
            return None
        events = await self._tools.in_thread(
            self._tools.source.load_events, self._subscription, viewer, [delivery.position]
        )
        event = events.get(delivery.position)
        return event.body if event is not None else None

    def _succeed(self, delivery: OpenDelivery) -> None:
        was_down = self._failures >= FAILURES_UNTIL_ONE
        self._failures, self._failing_since = 0, None
        self._finish(delivery, "delivered", self._tools.clock())
        if was_down:
            self._queue.release_all(self._tools.clock())
            self._changed.set()

    async def _fail(self, delivery: OpenDelivery, answer: TargetResponse) -> None:
        now = self._tools.clock()
        self._failures += 1
        self._failing_since = self._failing_since or now
        ATTEMPTS.labels("refused" if answer.refused else "failed").inc()
        due = retries.next_attempt_at(
            delivery.attempts,
            now,
            chance=random.random(),  # noqa: S311 - no secret
            retry_after=answer.headers.get("retry-after", ""),
        )
        if answer.status == _GONE:
            self._keep(delivery, due or now)
            await self._disable("gone")
        elif now - self._failing_since >= retries.DISABLE_AFTER:
            self._keep(delivery, due or now)
            await self._disable("failing")
        elif due is None:
            self._finish(delivery, "dead", now)
        else:
            self._keep(delivery, due)

    def _keep(self, delivery: OpenDelivery, due: datetime) -> None:
        delivery.body = None
        self._queue.retry(delivery, due)
        self._dirty.add(delivery.event_id)

    def _finish(self, delivery: OpenDelivery, state: DeliveryState, now: datetime) -> None:
        if state in ("delivered", "dead", "withheld"):
            ATTEMPTS.labels(state).inc()
        self._queue.finish(delivery)
        self._dirty.discard(delivery.event_id)
        self._finished.append(_to_row(delivery, state, now))

    async def _disable(self, reason: DisabledReason) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self._changed.set()
        _log.warning("webhook.disabled", subscription=str(self.subscription_id), reason=reason)
        await self._tools.disable(self._subscription, reason, self._failing_since)
        self._subscription = msgspec.structs.replace(self._subscription, state="disabled")

    # --- writing --------------------------------------------------------------------------------------------------

    def _has_unsaved(self) -> bool:
        """Whether there is something to write now; that nothing was to be sent is not urgent."""
        if self._finished or self._attempts or self._dirty:
            return True
        is_time = self._is_closing or time.monotonic() - self._saved_at > CURSOR_INTERVAL_S
        return is_time and self._has_moved()

    def _has_moved(self) -> bool:
        return self._position() != self._cursor.position or self._next_due() != self._cursor.next_due

    async def _save_when_due(self) -> bool:
        """Write what was done; False: the lease is lost, and with it what is open here."""
        now = time.monotonic()
        if not self._has_unsaved() or (self._tasks and now - self._saved_at < SAVE_INTERVAL_S):
            return True
        self._saved_at = now
        slow = [d for d in self._queue.open.values() if not d.is_saved and now - d.opened_at > SLOW_S]
        changed = [self._queue.open[event] for event in self._dirty] + slow
        at = self._tools.clock()
        rows = [*self._finished, *(_to_row(d, "pending", at) for d in {d.event_id: d for d in changed}.values())]
        attempts, self._finished, self._attempts, self._dirty = self._attempts, [], [], set()
        for delivery in changed:
            delivery.is_saved = True
        after = msgspec.structs.replace(
            self._cursor,
            position=self._position(),
            next_due=self._next_due(),
            failing_since=self._failing_since,
            failures=self._failures,
        )
        return await self._write(after, rows, attempts)

    async def _write(
        self, after: DeliveryCursor, rows: list[EventDelivery], attempts: list[tuple[UUID, Attempt]]
    ) -> bool:
        lease_until = int((self._tools.clock() + LEASE).timestamp() * 1_000_000)
        progress = DeliveryUpdate(
            before=self._cursor, after=after, lease_until=lease_until, deliveries=rows, attempts=attempts
        )
        kept = await self._tools.save(progress)
        self._cursor = after
        return kept

    def _position(self) -> int:
        """Up to where each event is finished, or has a row."""
        unsaved = [d.position for d in self._queue.open.values() if not d.is_saved and d.event_id not in self._dirty]
        return max(self._cursor.position, min(unsaved, default=self._read + 1) - 1)

    def _next_due(self) -> datetime | None:
        if self._queue.next_due() is not None:
            return self._queue.next_due()
        return self._tools.clock() if self._queue.open else None


def _to_row(delivery: OpenDelivery, state: DeliveryState, now: datetime) -> EventDelivery:
    return EventDelivery(
        event_id=delivery.event_id,
        position=delivery.position,
        subject=delivery.subject,
        state=state,
        attempts=delivery.attempts,
        tries=delivery.tries,
        next_attempt_at=delivery.due if state == "pending" else None,
        updated_at=now,
    )
