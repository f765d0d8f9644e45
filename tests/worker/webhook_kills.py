"""A worker that sends webhooks and is killed again and again: what its receiver ends with."""

from __future__ import annotations

import random
import signal
import threading
import time
from contextlib import ExitStack
from uuid import UUID

import redis

from services.runtime import Runtime
from services.settings import Settings
from tests.services.conftest import Installation, open_installation
from tests.webhooks.receiver import LOOPBACK, Received, Reply, run_receiver
from tests.worker.test_kills import worker
from tests.worker.webhook_story import WebhookStory, wait_until

#: Members whose events are sent: that many subjects.
MEMBERS = 8
#: Longer than a killed worker's lease.
MAX_STALL_S = 45.0


def run_kills(  # noqa: PLR0913 - a campaign
    database_url: str, redis_url: str, *, kills: int, seconds: float, failing: float, seed: int
) -> None:
    """Kill workers while events come and the receiver fails now and then; then check what it has against the log."""
    settings = Settings(database_url=database_url, redis_url=redis_url, webhook_allowed_networks=LOOPBACK)
    installation: Installation = open_installation(settings)
    chance, stop = random.Random(seed), threading.Event()
    with ExitStack() as opened:
        runtime = opened.enter_context(installation.runtime)
        receiver = opened.enter_context(run_receiver())
        receiver.answer = lambda _: Reply(503 if chance.random() < failing else 204, {"Retry-After": "1"})
        story = WebhookStory(installation)
        subscription, _ = story.subscribe(receiver.url, types=["member.*"])
        began = runtime.ledger.position(story.organisation)
        for number in range(MEMBERS):
            story.join(f"m{number}")
        writer = threading.Thread(target=_keep_writing, args=(story, stop), daemon=True)
        writer.start()
        for number in range(kills):
            before = len(receiver.received)
            with worker(settings) as process:
                # In the middle of its sending: a slow machine takes longer to start a worker than to send.
                wait_until(lambda before=before: len(receiver.received) > before, 60)  # type: ignore[misc]
                time.sleep(chance.uniform(0, seconds))
                process.send_signal(signal.SIGKILL)
            if number == kills // 2:
                with redis.Redis.from_url(redis_url) as client:
                    client.flushall()
            # A killed worker's lease runs out by itself; the test need not wait for it.
            runtime.deliveries.wake(subscription)
        stop.set()
        writer.join(30)
        with worker(settings):
            _wait_until_done(story, subscription)
    events = [e for e in _load_events(installation, began) if e[0].startswith("member/")]
    _check(receiver.received, events)


def _load_events(installation: Installation, after: int) -> list[tuple[str, str]]:
    """Subject and id of what was recorded behind a position, in order."""
    with Runtime.open(installation.runtime.settings) as runtime:
        found = runtime.ledger.read_feed(installation.founded.organisation_id, after, 1_000_000)
    return [(event.stream, str(event.event_id)) for event in found]


def _check(received: list[Received], events: list[tuple[str, str]]) -> None:
    """Exactly the log; in order for each subject; what came twice came under the same id."""
    ids = {message.id: message.event["id"] for message in received}
    assert len(ids) == len(set(ids.values())), "an event came under two ids"
    first_seen = list(dict.fromkeys((message.event["subject"], message.event["id"]) for message in received))
    assert set(events) == set(first_seen)
    for subject in {subject for subject, _ in events}:
        assert [e for s, e in events if s == subject] == [e for s, e in first_seen if s == subject], subject


def _keep_writing(story: WebhookStory, stop: threading.Event) -> None:
    number = 0
    while not stop.wait(0.02):
        story.rename(f"m{number % MEMBERS}")
        number += 1


def _wait_until_done(story: WebhookStory, subscription: UUID) -> None:
    """Until everything was sent; fails where nothing more was for a while, however much there was to send."""
    delivered, since = -1, time.monotonic()
    while not _is_done(story, subscription):
        now = story.count(subscription, "delivered")
        if now != delivered:
            delivered, since = now, time.monotonic()
        assert time.monotonic() - since < MAX_STALL_S, f"{now} delivered, and no more"
        time.sleep(0.2)


def _is_done(story: WebhookStory, subscription: UUID) -> bool:
    deliveries = story.runtime.deliveries
    cursor = deliveries.load_cursors([subscription]).get(subscription)
    head = story.runtime.ledger.position(story.organisation)
    return (
        cursor is not None and cursor.position == head and not deliveries.count(cursor.subscription_id).get("pending")
    )
