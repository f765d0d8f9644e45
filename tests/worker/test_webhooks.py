"""From a commit to a signed message at a real receiver, on both stores, with and without Redis."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook

from domain.instants import to_micros
from domain.member import member
from domain.registry import EVENTS
from domain.subscription.subscription import PauseSubscription, RemoveSubscription, ResumeSubscription
from domain.team import team
from services.api.app import encode_asyncapi_document
from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from services.webhooks.messages import build_headers, build_test_body
from services.webhooks.signatures import Signer
from services.worker.embedded import start_runtime
from services.worker.worker import Worker
from tests.api.app_under_test import offer
from tests.api.real_server import run_server
from tests.webhooks.receiver import LOOPBACK, Received, Receiver, Reply, run_receiver
from tests.worker.webhook_story import WebhookStory, dispatching, open_story, wait_until


def subscribe_and_change_a_goal(runtime: Runtime, receiver: Receiver) -> tuple[str, list[Received]]:
    """Over HTTP: somebody subscribes, a goal is offered and accepted; the secret, and what came of it."""
    steward = create_organisation(runtime, "acme", steward="stella").api_key
    with run_server(runtime) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:

        def post(path: str, body: object, key: str = steward) -> dict[str, str]:
            answer = client.post(f"/v1/{path}", json=body, headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code in (200, 201), answer.text
            found: dict[str, str] = answer.json()
            return found

        post("members", {"name": "Ana", "ref": "ana"})
        post("members", {"name": "Sam", "ref": "sam"})
        post("teams", {"name": "Core", "lead": "ana", "ref": "core"})
        keys = {who: post("keys", {"member": who, "scopes": ["read", "act"]})["key"] for who in ("ana", "sam")}
        created = post("subscriptions", {"url": receiver.url, "types": ["goal.*"], "payload": "full"})
        offered = post("goals", {**offer(), "ref": "report"}, keys["ana"])
        post("goals/report/accept", {"answers": offered["open"]}, keys["sam"])
        messages = receiver.wait(2)
    return created["secret"], messages


@pytest.mark.parametrize(
    ("store", "broker"), [("sqlite_url", None), ("postgres_url", "redis_url")], ids=["embedded", "redis"]
)
def test_a_subscriber_receives_what_happens_to_a_goal(
    store: str, broker: str | None, request: pytest.FixtureRequest, receiver: Receiver
) -> None:
    database_url, redis_url = request.getfixturevalue(store), broker and request.getfixturevalue(broker)
    settings = Settings(database_url=database_url, redis_url=redis_url, webhook_allowed_networks=LOOPBACK)
    if redis_url:
        with Runtime.open(settings) as other, start_runtime(settings) as runtime:
            worker = Worker(other, scheduler=False)
            worker.start()
            secret, messages = subscribe_and_change_a_goal(runtime, receiver)
            worker.stop()
    else:
        with start_runtime(settings) as runtime:
            secret, messages = subscribe_and_change_a_goal(runtime, receiver)

    assert ["goal.offered.v1", "goal.accepted.v1"] == [message.event["type"] for message in messages]
    assert ["127.0.0.1"] == [origin.partition(":")[0] for origin in receiver.origins]
    for message in messages:
        assert message.event == Webhook(secret).verify(message.body, message.headers)
        event = from_http_event(HTTPMessage(message.headers, message.body))
        assert (message.event["type"], message.event["data"]) == (event.get_type(), event.get_data())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as running:
        yield running


@pytest.fixture
def story(database_url: str) -> Iterator[WebhookStory]:
    with open_story(database_url) as opened:
        yield opened


def test_each_event_is_sent_once_under_an_id_of_its_own(story: WebhookStory, receiver: Receiver) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    with dispatching(story.runtime):
        for name in ("ana", "ben", "sam"):
            story.join(name)
        receiver.wait(3)
        wait_until(lambda: story.count(subscription, "delivered") == 3)

    assert 3 == len({message.id for message in receiver.received})
    # A restart sends nothing again.
    with dispatching(story.runtime):
        story.join("mia")
        receiver.wait(4)
    assert 4 == len(receiver.received)


def test_two_workers_share_the_work_and_send_nothing_twice(story: WebhookStory, receiver: Receiver) -> None:
    with run_receiver() as other, dispatching(story.runtime), dispatching(story.runtime):
        first, _ = story.subscribe(receiver.url)
        second, _ = story.subscribe(other.url, types=["member.*"])
        for number in range(20):
            story.join(f"m{number}")
        other.wait(20)
        receiver.wait(22)
        wait_until(lambda: story.count(first, "delivered") >= 22 and story.count(second, "delivered") == 20)

    assert len(receiver.received) == len({message.id for message in receiver.received})
    assert 20 == len(other.received)


def test_a_pause_keeps_and_a_resume_sends_what_came_meanwhile(story: WebhookStory, receiver: Receiver) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    with dispatching(story.runtime):
        story.join("ana")
        receiver.wait(1)
        story.act(subscription, PauseSubscription())
        wait_until(lambda: story.state(subscription).state == "paused")
        story.join("ben")
        story.join("sam")
        assert 1 == len(receiver.received)
        story.act(subscription, ResumeSubscription())
        story.runtime.deliveries.resume(subscription)
        receiver.wait(3)

    members = {f"member/{story.id(name)}" for name in ("ana", "ben", "sam")}
    assert members == {message.event["subject"] for message in receiver.received}


def test_what_is_removed_is_sent_no_more_and_forgotten(story: WebhookStory, receiver: Receiver) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    with dispatching(story.runtime):
        story.act(subscription, RemoveSubscription())
        story.runtime.deliveries.wake(subscription)
        story.join("ana")
        wait_until(lambda: not story.runtime.deliveries.load_cursors([subscription]))

    assert [] == receiver.received
    assert [] == story.runtime.deliveries.load_secrets(subscription)


def test_a_member_is_sent_what_they_see_and_nothing_when_they_have_left(
    story: WebhookStory, receiver: Receiver
) -> None:
    for name in ("ana", "ben"):
        story.join(name)
    story.runtime.engine.catch_up()
    subscription, _ = story.subscribe(receiver.url, by="ana", types=["member.*"])
    with dispatching(story.runtime):
        story.rename("ben")
        story.rename("ana")
        receiver.wait(1)
        assert [f"member/{story.id('ana')}"] == [message.event["subject"] for message in receiver.received]
        story.says("member", story.id("ana"), member.Leave())
        wait_until(lambda: story.state(subscription).state == "disabled")

    assert "owner_left" == story.state(subscription).disabled.reason
    assert 1 == len(receiver.received)


def test_what_is_about_persons_is_thin_unless_all_is_asked_for(story: WebhookStory, receiver: Receiver) -> None:
    with run_receiver() as full, dispatching(story.runtime):
        story.subscribe(receiver.url, types=["member.*", "subscription.*"])
        story.subscribe(full.url, types=["member.*"], payload="full")
        story.join("ana")
        messages = receiver.wait(3)
        whole = full.wait(1)

    by_type = {message.event["type"]: message.event for message in messages}
    assert {"specversion", "id", "source", "type", "subject", "time"} <= by_type["member.joined.v1"].keys()
    assert "data" not in by_type["member.joined.v1"]
    assert "Ana" not in str(by_type["member.joined.v1"])
    assert (
        receiver.url == by_type["subscription.created.v1"]["data"]["url"]
        or "data" in by_type["subscription.created.v1"]
    )
    assert "Ana" == whole[0].event["data"]["name"]


def test_what_is_sent_is_as_the_asyncapi_document_says(story: WebhookStory, receiver: Receiver) -> None:
    # given every message that the channel of webhooks may carry
    document = json.loads(encode_asyncapi_document())
    schemas = {"components": {"schemas": document["components"]["schemas"]}}
    carried = document["channels"]["webhooks"]["messages"]

    # when whole and thin ones of several types are sent, and a test
    with run_receiver() as full, dispatching(story.runtime):
        subscription, secret = story.subscribe(full.url, payload="full")
        story.subscribe(receiver.url)
        story.join("ana")
        story.says("team", story.id("core", "team"), team.Create(name="Core", lead="ana", ref="core"))
        story.rename("ana")
        messages = [*full.wait(5), *receiver.wait(4)]
    body = build_test_body(story.state(subscription), story.runtime.clock(), "https://goals.example")
    headers = {**build_headers(subscription, Signer([secret]).sign("msg_1", 1, body))}

    # then each is as its message in the document
    names = []
    for message in (*messages, Received(headers, body)):
        event = message.event
        known = event["type"] not in EVENTS or "data" in event
        name = event["type"] if known else "thin"
        names.append(name)
        assert name in carried
        described = document["components"]["messages"][name]
        validate(described["payload"], schemas, event)
        validate({"$ref": "#/components/schemas/WebhookHeaders"}, schemas, message.headers)
        assert described["contentType"] == message.headers["content-type"]
    assert {"thin", "webhook.test", "team.created.v1", "member.joined.v1", "member.renamed.v1"} <= set(names)

    # and a whole event is not a thin one
    with pytest.raises(jsonschema.ValidationError):
        validate({"$ref": "#/components/schemas/ThinEvent"}, schemas, messages[0].event)


def validate(schema: dict[str, Any], schemas: dict[str, Any], value: Any) -> None:
    jsonschema.Draft7Validator({**schema, **schemas}).validate(value)


def test_a_restored_log_sends_nothing_by_itself(story: WebhookStory, receiver: Receiver) -> None:
    """As after `migrate --restored`: what was pending may have been sent after the copy was made."""
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    receiver.answer = lambda _: Reply(503)
    with dispatching(story.runtime):
        story.join("ana")
        receiver.wait(1)
        wait_until(lambda: story.count(subscription, "pending") == 1)
    story.join("ben")
    receiver.answer = lambda _: Reply()
    story.runtime.ledger._identity = (str(story.runtime.ledger.deployment.hex), "0" * 32)
    story.runtime.deliveries.resume(subscription)
    with dispatching(story.runtime):
        wait_until(lambda: story.count(subscription, "held") == 1)
        story.join("sam")
        receiver.wait(2)
        assert [f"member/{story.id('ana')}", f"member/{story.id('sam')}"] == [
            m.event["subject"] for m in receiver.received
        ]
        # On purpose, under the id it had.
        story.runtime.deliveries.redeliver(subscription, "held")
        story.runtime.wakeups.publish()
        receiver.wait(3)

    assert receiver.received[0].id == receiver.received[2].id


def test_a_replay_sends_again_under_the_same_ids_and_a_rebuilt_view_sends_nothing(
    story: WebhookStory, receiver: Receiver
) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    with dispatching(story.runtime):
        for name in ("ana", "ben"):
            story.join(name)
        receiver.wait(2)
        wait_until(lambda: story.count(subscription, "delivered") == 2)
        story.runtime.engine.rebuild("members")
        story.runtime.engine.rebuild("subscriptions")
        story.join("sam")
        receiver.wait(3)
        wait_until(lambda: story.count(subscription, "delivered") == 3)
        story.runtime.deliveries.replay(subscription, 0)
        story.runtime.wakeups.publish()
        receiver.wait(8)
        wait_until(lambda: story.count(subscription, "delivered") == 5)

    ids = [message.id for message in receiver.received]
    assert 3 == len(set(ids[:3]))
    # From the beginning: the steward had joined before the subscription was there.
    assert set(ids[:3]) <= set(ids[3:])
    assert 5 == len(ids[3:]) == len(set(ids[3:]))


def test_the_log_of_deliveries_says_what_was_answered_and_is_purged(story: WebhookStory, receiver: Receiver) -> None:
    subscription, _ = story.subscribe(receiver.url, types=["member.*"])
    receiver.answer = lambda _: Reply(200, {}, b"thank you" + b"!" * 5000)
    with dispatching(story.runtime):
        joined = story.join("ana")
        wait_until(lambda: story.count(subscription, "delivered") == 1)

    deliveries = story.runtime.deliveries
    (delivery,) = deliveries.load_page(subscription, before=2**62, limit=10)
    (attempt,) = deliveries.load_attempts(subscription, joined.event_ids[0], 10)
    assert ("delivered", joined.event_ids[0], 1) == (delivery.state, delivery.event_id, delivery.tries)
    assert (1, 200, "", 2048) == (attempt.attempt, attempt.status, attempt.error, len(attempt.answer))
    deliveries.purge(story.runtime.clock().replace(year=2100))
    assert [] == deliveries.load_page(subscription, before=2**62, limit=10)
    assert [] == deliveries.load_attempts(subscription, joined.event_ids[0], 10)
    assert 0 == deliveries.load_cursors([subscription])[subscription].failures


def test_ten_thousand_subscriptions_of_others_hold_nothing_up(story: WebhookStory, receiver: Receiver) -> None:
    """All of them behind, and none of them recorded: each is looked at once a minute at most."""
    now = to_micros(story.runtime.clock())
    others = [story.runtime.new_id() for _ in range(10_000)]
    with story.runtime.ledger.recorder.write() as session:
        for other in others:
            session.run(
                "create_webhook_cursor",
                subscription_id=other,
                organisation_id=story.organisation,
                position=0,
                epoch=story.runtime.ledger.epoch,
                lease_until=0,
                at=now,
            )
    with dispatching(story.runtime):
        story.subscribe(receiver.url, types=["member.*"])
        began = time.monotonic()
        story.join("ana")
        receiver.wait(1)
        took = time.monotonic() - began

    assert took < 10
    assert 500 == len(story.runtime.deliveries.measure_lag(500))
