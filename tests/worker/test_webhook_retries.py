"""Targets that fail: when a message is sent again, what waits behind it, and when it ends. The clock is the test's."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from domain.subscription.subscription import ResumeSubscription
from ledger.deliveries import DeliveryUpdate
from services.worker.webhooks.dispatcher import Dispatcher
from tests.webhooks.receiver import Received, Receiver, Reply, run_receiver
from tests.worker.webhook_story import WebhookStory, dispatching, open_story, wait_until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as running:
        yield running


@pytest.fixture
def story(database_url: str) -> Iterator[WebhookStory]:
    with open_story(database_url, webhook_timeout_s=2.0) as opened:
        yield opened


def let_pass(story: WebhookStory, dispatcher: Dispatcher, **time_passed: float) -> None:
    """Move the clock, and have every sender look at it now."""
    story.runtime.clock.passed += timedelta(**time_passed)  # type: ignore[attr-defined]
    for sender in list(dispatcher._senders.values()):
        sender.wake()
    dispatcher._loop.call_soon_threadsafe(dispatcher._woken.set)


def is_settled(story: WebhookStory, subscription: UUID) -> bool:
    """Whether what was due has been tried, or nothing is sent any more."""
    due = story.runtime.deliveries.load_cursors([subscription])[subscription].next_due
    return story.state(subscription).state == "disabled" or (due is not None and due > story.runtime.clock())


def subjects(messages: list[Received]) -> list[str]:
    return [message.event["subject"] for message in messages]


def test_a_message_that_failed_is_sent_again_under_its_id_and_its_subject_waits(
    story: WebhookStory, receiver: Receiver
) -> None:
    story.subscribe(receiver.url, types=["member.*"])
    ana = f"member/{story.id('ana')}"
    receiver.answer = lambda message: Reply(500 if message.event["subject"] == ana else 204)
    with dispatching(story.runtime) as dispatcher:
        story.join("ana")
        receiver.wait(1)
        story.rename("ana")
        story.join("ben")
        receiver.wait(2)
        # Ben's goes on; Ana's second waits for the first.
        assert [ana, f"member/{story.id('ben')}"] == subjects(receiver.received)
        receiver.answer = lambda _: Reply()
        let_pass(story, dispatcher, seconds=7)
        receiver.wait(4)

    assert receiver.received[0].id == receiver.received[2].id
    assert [ana, ana] == subjects(receiver.received[2:])
    assert 3 == len({message.id for message in receiver.received})


def test_without_an_order_nothing_waits_for_another(story: WebhookStory, receiver: Receiver) -> None:
    story.subscribe(receiver.url, types=["member.*"], ordering="none")
    receiver.answer = lambda message: Reply(500 if message.id == receiver.received[0].id else 204)
    with dispatching(story.runtime):
        story.join("ana")
        receiver.wait(1)
        story.rename("ana")
        receiver.wait(2)

    assert 2 == len({message.id for message in receiver.received})


def test_a_target_that_asks_for_a_pause_gets_it(story: WebhookStory, receiver: Receiver) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    receiver.answer = lambda _: Reply(503, {"Retry-After": "3600"})
    with dispatching(story.runtime) as dispatcher:
        story.join("ana")
        receiver.wait(1)
        wait_until(lambda: story.count(subscription, "pending") == 1)
        let_pass(story, dispatcher, minutes=50)
        time.sleep(0.2)
        assert 1 == len(receiver.received)
        let_pass(story, dispatcher, minutes=11)
        receiver.wait(2)


def test_a_target_that_is_gone_is_sent_nothing_more(story: WebhookStory, receiver: Receiver) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    receiver.answer = lambda _: Reply(410)
    with dispatching(story.runtime) as dispatcher:
        story.join("ana")
        wait_until(lambda: story.state(subscription).state == "disabled")
        story.join("ben")
        let_pass(story, dispatcher, days=1)
        time.sleep(0.2)
        assert 1 == len(receiver.received)
        assert "gone" == story.state(subscription).disabled.reason
        receiver.answer = lambda _: Reply()
        story.act(subscription, ResumeSubscription())
        story.runtime.deliveries.resume(subscription)
        let_pass(story, dispatcher, seconds=1)
        receiver.wait(3)

    # It goes on where it stopped.
    assert sorted(f"member/{story.id(name)}" for name in ("ana", "ana", "ben")) == sorted(subjects(receiver.received))


def test_a_week_of_errors_ends_it_with_an_event_and_dead_letters(story: WebhookStory, receiver: Receiver) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    receiver.answer = lambda _: Reply(500, {}, b"no")
    with dispatching(story.runtime) as dispatcher:
        joined = story.join("ana")
        wait_until(lambda: is_settled(story, subscription))
        passed = 0
        while story.state(subscription).state == "active" and passed < 7 * 24:
            story.rename("ana")
            let_pass(story, dispatcher, hours=6)
            passed += 6
            wait_until(lambda: is_settled(story, subscription))
        wait_until(lambda: story.state(subscription).state == "disabled")
        dead = story.count(subscription, "dead")
        attempts = story.runtime.deliveries.load_attempts(subscription, joined.event_ids[0], 50)
        by_id = Counter(message.id for message in receiver.received)

        # A resumed one begins anew, and a dead letter is sent again on purpose.
        receiver.answer = lambda _: Reply()
        story.act(subscription, ResumeSubscription())
        story.runtime.deliveries.resume(subscription)
        story.runtime.deliveries.redeliver(subscription, "dead")
        let_pass(story, dispatcher, seconds=1)
        wait_until(lambda: story.count(subscription, "dead") == 0 and story.count(subscription, "pending") == 0)

    state = story.state(subscription)
    events = story.runtime.ledger.events(story.organisation, subscription)
    assert 5 * 24 <= passed <= 6 * 24
    assert ["created", "disabled", "resumed"] == [event.type.split(".")[1] for event in events]
    assert (None, "failing") == (events[1].actor, events[1].data.reason)  # type: ignore[attr-defined]
    assert "worker" == events[1].source
    assert dead >= 1
    assert max(by_id.values()) <= 10
    assert ("HTTP 500", "no") == (attempts[0].error, attempts[0].answer)
    assert "active" == state.state


def test_a_target_that_is_back_is_sent_all_that_waits_at_once(story: WebhookStory, receiver: Receiver) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    receiver.answer = lambda _: Reply(500)
    with dispatching(story.runtime) as dispatcher:
        for name in ("ana", "ben", "sam", "mia", "lea"):
            story.join(name)
        receiver.wait(5)
        wait_until(lambda: story.count(subscription, "pending") == 5)
        let_pass(story, dispatcher, seconds=7)
        receiver.wait(10)
        receiver.answer = lambda _: Reply()
        # The first that is tried succeeds: the others need not wait for their five minutes.
        let_pass(story, dispatcher, minutes=6.5)
        wait_until(lambda: story.count(subscription, "delivered") == 5)


def test_a_target_that_hangs_costs_no_other_subscription(story: WebhookStory, receiver: Receiver) -> None:
    def hang(_message: Received) -> Reply:
        time.sleep(3)
        return Reply()

    with run_receiver() as hanging, dispatching(story.runtime):
        hanging.answer = hang
        for _ in range(3):
            story.subscribe(hanging.url, types=["member.*"])
        story.subscribe(receiver.url, types=["member.*"])
        began = time.monotonic()
        for number in range(30):
            story.join(f"m{number}")
        receiver.wait(30, 40)
        took = time.monotonic() - began

    # One after another the messages of a target that hangs would take a minute.
    assert took < 20


def test_a_sleeping_worker_whose_lease_ran_out_writes_nothing(story: WebhookStory, receiver: Receiver) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    deliveries = story.runtime.deliveries
    now = story.runtime.clock()
    (first,) = deliveries.claim([subscription], "first", now, now + timedelta(seconds=1))
    assert [] == deliveries.claim([subscription], "second", now, now + timedelta(seconds=9))
    later = now + timedelta(seconds=2)
    (second,) = deliveries.claim([subscription], "second", later, later + timedelta(seconds=9))

    update = DeliveryUpdate(before=first, after=second, lease_until=0)
    assert {subscription} == deliveries.save("first", [update])
    assert set() == deliveries.save("second", [update])


def test_what_is_delivered_is_counted(story: WebhookStory, receiver: Receiver) -> None:
    def count(outcome: str) -> float:
        return REGISTRY.get_sample_value("plimsoll_webhook_deliveries_total", {"outcome": outcome}) or 0.0

    before = {outcome: count(outcome) for outcome in ("delivered", "failed")}
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    receiver.answer = lambda _: Reply(500 if len(receiver.received) == 1 else 204)
    with dispatching(story.runtime) as dispatcher:
        story.join("ana")
        wait_until(lambda: story.count(subscription, "pending") == 1)
        let_pass(story, dispatcher, seconds=7)
        receiver.wait(2)
        wait_until(lambda: count("delivered") > before["delivered"])

    assert {"delivered": 1.0, "failed": 1.0} == {outcome: count(outcome) - before[outcome] for outcome in before}
    lag = story.runtime.deliveries.measure_lag(10)
    assert [0] == [measured.pending for measured in lag]
