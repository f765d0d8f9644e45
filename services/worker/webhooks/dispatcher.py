"""Which subscriptions this worker sends for: it takes the leases of those that have something to send.

Any number of workers do so at once. A wake-up says that something was committed; what is there to send, and whose turn
it is, is in the store alone, so a lost wake-up costs a poll, and a killed worker's leases run out.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog

from domain.envelope import Source
from domain.errors import Refusal
from domain.subscription.subscription import DisabledReason, DisableSubscription, Subscription
from ledger.commands import Command
from ledger.deliveries import DeliveryCursor, DeliveryUpdate
from ledger.errors import LedgerUnavailable
from services.webhooks.addresses import AddressPolicy
from services.webhooks.client import Resolver, WebhookClient, build_ssl_context, resolve
from services.worker.webhooks.metrics import ACTIVE
from services.worker.webhooks.sender import LEASE, Sender, SenderTools
from services.worker.webhooks.source import EventSource

if TYPE_CHECKING:
    from services.runtime import Runtime

#: Subscriptions that one worker sends for at a time.
MAX_SENDERS = 400
#: Between two looks without a wake-up, and at every subscription there is (seconds).
POLL_S, SWEEP_S = 1.0, 20.0
RENEW_S = LEASE.total_seconds() / 3
#: After an error the subscription is left alone for so long (seconds), and a write is tried again.
_BACKOFF_S = 1.0
#: Subscriptions whose progress one transaction writes.
_MAX_BATCH = 100
#: Threads in which senders query the store. The dispatcher's own questions and writes have one each besides: what many
#: senders read, such as those of a target that hangs, does not hold up the waking of the others.
_THREADS = 4

_log = structlog.get_logger(__name__)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    """The one that the API runs on, where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Dispatcher:
    """Runs until stopped, on a thread with an event loop of its own."""

    def __init__(self, runtime: Runtime, *, resolver: Resolver = resolve) -> None:
        self._runtime = runtime
        self._owner = uuid4().hex
        self._resolver = resolver
        self._senders: dict[object, Sender] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        #: Log position up to which wake-ups were followed.
        self._followed = 0
        self._waiting: list[tuple[DeliveryUpdate, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    def run(self, stopping: threading.Event) -> None:
        """Loop until `stopping` is set; an error is logged, and the next round finds what this one missed."""
        with asyncio.Runner(loop_factory=_new_event_loop) as runner:
            runner.run(self._run(stopping))

    async def _run(self, stopping: threading.Event) -> None:
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="plimsoll-webhooks")
        self._own_thread = ThreadPoolExecutor(1, thread_name_prefix="plimsoll-webhook-dispatcher")
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="plimsoll-webhook-writer")
        tls = await self._in_thread(build_ssl_context, self._runtime.settings.webhook_ca_file)
        self._tools = self._make_tools(tls)
        # What was there before is found by the first sweep.
        self._followed = await self._in_thread(self._runtime.ledger.head)
        listener = threading.Thread(
            target=self._listen,
            args=(stopping,),
            name="plimsoll-webhook-wakeups",
            daemon=True,
        )
        listener.start()
        swept_at = renewed_at = -SWEEP_S
        try:
            while not stopping.is_set():
                now = time.monotonic()
                try:
                    if now - renewed_at >= RENEW_S:
                        await self._renew()
                        renewed_at = now
                    is_sweep = now - swept_at >= SWEEP_S
                    await self._take(everywhere=is_sweep)
                    swept_at = now if is_sweep else swept_at
                except Exception:  # noqa: BLE001 - logged with its trace; the loop is what must not end
                    _log.exception("webhooks.round_failed")
                    await asyncio.sleep(_BACKOFF_S)
                await self._wait()
        finally:
            await self._stop()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    def _listen(self, stopping: threading.Event) -> None:
        subscription = self._runtime.wakeups.subscribe()
        try:
            while not stopping.is_set():
                if subscription.wait(POLL_S) or stopping.is_set():
                    self._loop.call_soon_threadsafe(self._woken.set)
        except RuntimeError:
            # The loop has ended meanwhile.
            return
        finally:
            subscription.close()

    async def _stop(self) -> None:
        for sender in self._senders.values():
            sender.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._runtime.settings.shutdown_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for executor in (self._executor, self._own_thread, self._write_thread):
            executor.shutdown(wait=False)

    # --- whose turn it is -----------------------------------------------------------------------------------------

    async def _take(self, *, everywhere: bool) -> None:
        deliveries = self._runtime.deliveries
        head, changed, streams = await self._ask(deliveries.find_changes, self._followed)
        if changed:
            # After the head was read, and before any sender is woken for it.
            self._tools.source.begin_round()
        for sender in self._senders.values():
            if sender.organisation_id in changed:
                sender.wake(streams)
        room = MAX_SENDERS - len(self._senders)
        if room > 0:
            now = self._runtime.clock()
            ready = await self._ask(self._find_ready, changed, now, room, everywhere)
            ours = [found for found in ready if found in self._senders]
            for lost in await self._ask(deliveries.find_lost_leases, ours, self._owner, now + LEASE):
                # It was woken, or rewound: what its sender holds of it is out of date.
                if lost in self._senders:
                    self._senders[lost].abandon()
            ready = [found for found in ready if found not in self._senders]
            for cursor in await self._ask(deliveries.claim, ready, self._owner, now, now + LEASE):
                self._start(cursor)
        self._followed = head
        ACTIVE.set(len(self._senders))

    def _find_ready(self, changed: set[Any], now: datetime, room: int, everywhere: bool) -> list[Any]:  # noqa: FBT001 - for a thread
        return self._runtime.deliveries.find_ready(changed, now, room, everywhere=everywhere)

    def _start(self, cursor: DeliveryCursor) -> None:
        sender = Sender(self._tools, cursor)
        self._senders[cursor.subscription_id] = sender
        task = self._loop.create_task(self._send(sender))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, sender: Sender) -> None:
        until: datetime | None = None
        try:
            until = await sender.run()
        except Exception:  # noqa: BLE001 - one subscription's trouble is not the others'
            _log.exception("webhook.sender_failed", subscription=str(sender.subscription_id))
            await asyncio.sleep(_BACKOFF_S)
        finally:
            self._senders.pop(sender.subscription_id, None)
            # It may have lost its lease to be read anew.
            self._woken.set()
        try:
            await self._in_thread(self._runtime.deliveries.release, sender.subscription_id, self._owner, until)
        except LedgerUnavailable as error:
            _log.warning("webhook.lease_not_released", error=str(error))

    async def _renew(self) -> None:
        ids = [sender.subscription_id for sender in self._senders.values()]
        await self._ask(self._runtime.deliveries.renew, ids, self._owner, self._runtime.clock() + LEASE)

    # --- what senders use -----------------------------------------------------------------------------------------

    def _make_tools(self, tls: ssl.SSLContext) -> SenderTools:
        runtime, settings = self._runtime, self._runtime.settings
        policy = AddressPolicy.from_settings(settings)
        return SenderTools(
            deliveries=runtime.deliveries,
            source=EventSource(runtime.feed, runtime.ledger, runtime.database, runtime.deliveries, settings.base_url),
            clock=runtime.clock,
            concurrency=settings.webhook_concurrency,
            open_client=lambda url: WebhookClient(
                url,
                policy=policy,
                tls=tls,
                timeout_s=settings.webhook_timeout_s,
                connections=settings.webhook_concurrency,
                resolver=self._resolver,
            ),
            in_thread=self._in_thread,
            save=self._save,
            disable=self._disable,
            is_full=lambda: len(self._senders) >= MAX_SENDERS,
        )

    async def _in_thread(self, function: Callable[..., Any], *arguments: object) -> Any:
        return await self._loop.run_in_executor(self._executor, function, *arguments)

    async def _ask(self, function: Callable[..., Any], *arguments: object) -> Any:
        """What the dispatcher itself asks of the store: it waits for no sender."""
        return await self._loop.run_in_executor(self._own_thread, function, *arguments)

    async def _save(self, progress: DeliveryUpdate) -> bool:
        """Written with what other senders have by then: one transaction for all."""
        future: asyncio.Future[bool] = self._loop.create_future()
        self._waiting.append((progress, future))
        if self._writing is None or self._writing.done():
            self._writing = self._loop.create_task(self._write())
        return await future

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
            try:
                progress = [update for update, _ in batch]
                lost = await self._loop.run_in_executor(
                    self._write_thread, self._runtime.deliveries.save, self._owner, progress
                )
            except Exception as error:  # noqa: BLE001 - raised in each sender that waits for it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for update, future in batch:
                if not future.done():
                    future.set_result(update.before.subscription_id not in lost)

    async def _disable(self, subscription: Subscription, reason: DisabledReason, since: datetime | None) -> None:
        command = Command(
            organisation_id=subscription.organisation_id,
            kind="subscription",
            stream_id=subscription.id,
            act=DisableSubscription(reason=reason, failing_since=since),
            actor=None,
            source=Source.WORKER,
            must_exist=True,
        )
        try:
            await self._in_thread(self._runtime.handle, command)
        except Refusal as refusal:
            # It was paused or removed meanwhile.
            _log.info("webhook.not_disabled", subscription=str(subscription.id), refusal=refusal.code)
