"""Subscriptions over HTTP: who may have what sent where, what is refused, and what is shown of it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.envelope import Source
from domain.subscription.subscription import MAX_SUBSCRIPTIONS, DisableSubscription
from ledger.commands import Command
from services.webhooks.signatures import NotVerified, generate_private_key, to_public_key, verify
from tests.api.app_under_test import ApiApp, MemberClient, create_active_goal
from tests.webhooks.receiver import LOOPBACK, Receiver, Reply, run_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as running:
        yield running


@pytest.fixture
def app(serve_app: Callable[..., ApiApp]) -> ApiApp:
    return serve_app(webhook_allowed_networks=LOOPBACK)


def subscribe(client: MemberClient, receiver: Receiver, **fields: Any) -> dict[str, Any]:
    created = client.post_ok("/v1/subscriptions", {"url": receiver.url, **fields})
    found: dict[str, Any] = created["subscription"]
    return found


def test_a_subscription_is_answered_with_its_secret_this_once(app: ApiApp, receiver: Receiver) -> None:
    ana = app.as_member("ana")
    response = ana.post("/v1/subscriptions", {"url": receiver.url, "types": ["goal.*"], "name": "Slack"})

    created = response.json()
    assert 201 == response.status_code
    assert "no-store" == response.headers["cache-control"]
    assert f"/v1/subscriptions/{created['subscription']['id']}" == response.headers["location"]
    assert created["secret"].startswith("whsec_")
    for path in ("", f"/{created['subscription']['id']}", f"/{created['subscription']['id']}/history"):
        shown = ana.get(f"/v1/subscriptions{path}")
        assert 200 == shown.status_code
        assert created["secret"] not in shown.text
        assert receiver.url in shown.text
    events = app.as_member("stella").get("/v1/events", params={"types": "subscription.*"})
    assert created["secret"] not in events.text
    assert receiver.url in events.text


def test_another_member_sees_nothing_of_it_a_steward_and_an_auditor_all(app: ApiApp, receiver: Receiver) -> None:
    mine = subscribe(app.as_member("ana"), receiver)

    for other in (app.as_member("lea"), app.as_member("stella", "rival")):
        assert [] == other.get_ok("/v1/subscriptions")["subscriptions"]
        assert 404 == other.get(f"/v1/subscriptions/{mine['id']}").status_code
        assert 404 == other.post(f"/v1/subscriptions/{mine['id']}/remove", {}).status_code
        assert "subscription" not in other.get("/v1/events", params={"types": "subscription.*"}).text
    for viewer in ("ana", "stella", "aud"):
        shown = app.as_member(viewer).get_ok("/v1/subscriptions")["subscriptions"]
        assert [mine["id"]] == [each["id"] for each in shown]
    assert 403 == app.as_member("aud").post(f"/v1/subscriptions/{mine['id']}/pause", {}).status_code
    assert "paused" == app.as_member("stella").post_ok(f"/v1/subscriptions/{mine['id']}/pause", {})["state"]


def test_a_rotated_signing_key_signs_beside_the_former_one_until_the_overlap_is_over(
    app: ApiApp, receiver: Receiver
) -> None:
    # given a receiver that knows the first key
    ana = app.as_member("ana")
    path = f"/v1/subscriptions/{ana.post_ok('/v1/subscriptions', {'url': receiver.url})['subscription']['id']}"

    def published() -> list[str]:
        return [key["webhook_key"] for key in app.client.get("/.well-known/webhook-keys").json()["keys"]]

    def send() -> tuple[Any, int]:
        ana.post_ok(f"{path}/test", {})
        message = receiver.received[-1]
        return message, int(message.headers["webhook-timestamp"])

    (former,) = published()

    # when
    key_id, private_key = generate_private_key()
    until = app.clock.now + timedelta(hours=1)
    app.runtime.deliveries.add_signing_key(key_id, private_key, former_until=until)

    # then both are published and sign, until the overlap is over
    new = to_public_key(key_id, private_key).webhook_key
    assert [new, former] == published()
    message, at = send()
    for key in (new, former):
        verify(message.headers, message.body, now=at, public_keys=[key])
    app.clock.now += timedelta(hours=2)
    assert [new] == published()
    message, at = send()
    verify(message.headers, message.body, now=at, public_keys=[new])
    with pytest.raises(NotVerified):
        verify(message.headers, message.body, now=at, public_keys=[former])

    # and a key that was given away is gone at once, the overlap of a rotation before included
    app.runtime.deliveries.add_signing_key(*generate_private_key(), former_until=app.clock.now + timedelta(hours=1))
    app.runtime.deliveries.add_signing_key(*generate_private_key())
    assert 1 == len(published())
    assert new not in published()


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://192.168.0.1:443/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fd00:ec2::254]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "http://8.8.8.8/",
        "https://8.8.8.8:22/",
        "ftp://hooks.example.com/",
        "https://user:pw@hooks.example.com/",
        "not a url",
        "",
        "https://hooks.example.com/" + "x" * 2000,
    ],
)
def test_an_address_that_may_not_be_reached_is_refused_and_nothing_is_recorded(
    serve_app: Callable[..., ApiApp], url: str
) -> None:
    app = serve_app()
    before = app.count_events()

    refused = app.as_member("ana").post("/v1/subscriptions", {"url": url})

    assert 422 == refused.status_code
    assert "/url" == refused.json()["errors"][0]["pointer"]
    assert before == app.count_events()


@pytest.mark.parametrize(
    ("fields", "status", "pointer"),
    [
        ({"types": ["goal.x"]}, 422, "/types/0"),
        ({"types": ["goal.*", "*"]}, 422, "/types/1"),
        ({"types": ["goal.*"] * 101}, 422, "/types"),
        ({"secret": "whsec_" + base64.b64encode(b"abc").decode()}, 422, "/secret"),
        ({"secret": "whsec_***"}, 422, "/secret"),
        ({"subject": "goal/nowhere"}, 404, "/subject"),
        ({"subject": "nothing/x"}, 404, "/subject"),
        ({"subject": "goal"}, 404, "/subject"),
        ({"team": "nowhere"}, 404, "/team"),
        ({"payload": "fat"}, 422, "/payload"),
        ({"ordering": "some"}, 422, "/ordering"),
        ({"name": "x" * 201}, 422, "/name"),
        ({"nonsense": 1}, 422, "/nonsense"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_recorded(
    app: ApiApp, receiver: Receiver, fields: dict[str, Any], status: int, pointer: str
) -> None:
    before = app.count_events()

    refused = app.as_member("ana").post("/v1/subscriptions", {"url": receiver.url, **fields})

    assert (status, before) == (refused.status_code, app.count_events())
    assert pointer in refused.text
    assert [] == receiver.received


def test_a_subject_that_one_may_not_see_or_of_another_organisation_is_not_there(
    app: ApiApp, receiver: Receiver
) -> None:
    goal = create_active_goal(app)
    foreign = create_active_goal(app, organisation="rival")
    ned = app.as_member("ned")

    answers = [
        ned.post("/v1/subscriptions", {"url": receiver.url, "subject": subject})
        for subject in (f"goal/{goal}", f"goal/{foreign}", "goal/never", f"member/{app.resolve_id('member', 'ana')}")
    ]

    assert [404] * 4 == [answer.status_code for answer in answers]
    assert 1 == len({answer.json()["detail"] for answer in answers})
    assert f"goal/{goal}" == subscribe(app.as_member("ana"), receiver, subject=f"goal/{goal}")["subject"]


def test_a_key_that_may_not_read_subscribes_to_nothing(app: ApiApp, receiver: Receiver) -> None:
    acting = app.as_member("stella").post_ok("/v1/keys", {"member": "ana", "scopes": ["act"]})["key"]

    assert 403 == app.with_key(acting).post("/v1/subscriptions", {"url": receiver.url}).status_code


def test_a_target_that_does_not_want_messages_is_not_subscribed(app: ApiApp, receiver: Receiver) -> None:
    receiver.grants = ""
    ana = app.as_member("ana")

    refused = ana.post("/v1/subscriptions", {"url": receiver.url})

    assert (422, "handshake_refused") == (refused.status_code, refused.json()["code"])
    assert 201 == ana.post("/v1/subscriptions", {"url": receiver.url, "handshake": False}).status_code


def test_an_organisation_has_a_hundred_subscriptions_not_ten_thousand(
    app: ApiApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 100 == MAX_SUBSCRIPTIONS
    monkeypatch.setattr("domain.subscription.decide.MAX_SUBSCRIPTIONS", 3)
    ana = app.as_member("ana")
    first = subscribe(ana, receiver, handshake=False)
    for _ in range(2):
        subscribe(ana, receiver, handshake=False)

    refused = ana.post("/v1/subscriptions", {"url": receiver.url, "handshake": False})
    assert (422, "/url") == (refused.status_code, refused.json()["errors"][0]["pointer"])
    # Nothing is left of what was refused, and another organisation has room.
    assert 3 == len(app.runtime.deliveries.measure_lag(1000))
    subscribe(app.as_member("ana", "rival"), receiver, handshake=False)
    ana.post_ok(f"/v1/subscriptions/{first['id']}/remove", {})
    subscribe(ana, receiver, handshake=False)


def test_a_test_message_is_sent_at_once_and_its_answer_shown(app: ApiApp, receiver: Receiver) -> None:
    ana = app.as_member("ana")
    created = ana.post_ok("/v1/subscriptions", {"url": receiver.url})
    receiver.answer = lambda _: Reply(503, {}, b"not now")

    result = ana.post_ok(f"/v1/subscriptions/{created['subscription']['id']}/test", {})

    assert (False, 503, "not now") == (result["delivered"], result["status"], result["answer"])
    (message,) = receiver.received
    assert ("webhook.test", result["webhook_id"]) == (message.event["type"], message.id)
    at = int(message.headers["webhook-timestamp"])
    verify(message.headers, message.body, now=at, secret_texts=[created["secret"]])
    keys = app.client.get("/.well-known/webhook-keys").json()["keys"]
    verify(message.headers, message.body, now=at, public_keys=[keys[0]["webhook_key"]])


def test_a_rotated_secret_signs_with_the_former_one_until_the_overlap_is_over(app: ApiApp, receiver: Receiver) -> None:
    ana = app.as_member("ana")
    created = ana.post_ok("/v1/subscriptions", {"url": receiver.url})
    path = f"/v1/subscriptions/{created['subscription']['id']}"

    rotated = ana.post_ok(f"{path}/rotate-secret", {"overlap_hours": 1})
    ana.post_ok(f"{path}/test", {})
    app.clock.now = app.clock.now.replace(hour=app.clock.now.hour + 2)
    ana.post_ok(f"{path}/test", {})

    both, new = (message.headers["webhook-signature"].split() for message in receiver.received)
    assert created["secret"] != rotated["secret"]
    assert ([2, 1], [1, 1]) == (
        [sum(one.startswith(f"{version},") for one in both) for version in ("v1", "v1a")],
        [sum(one.startswith(f"{version},") for one in new) for version in ("v1", "v1a")],
    )
    assert 422 == ana.post(f"{path}/rotate-secret", {}, headers={"Idempotency-Key": "x"}).status_code
    assert "secret_rotated" in ana.get(f"{path}/history").text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"after": 10_000}, 422),
        ({"since": "soon"}, 422),
        ({}, 422),
        ({"after": 0, "since": "2026-03-02"}, 422),
        ({"after": -1}, 422),
    ],
)
def test_a_replay_from_the_future_or_from_nowhere_is_refused(
    app: ApiApp, receiver: Receiver, body: dict[str, Any], status: int
) -> None:
    mine = subscribe(app.as_member("ana"), receiver)
    before = app.count_events()

    assert 422 == app.as_member("ana").post(f"/v1/subscriptions/{mine['id']}/replay", body).status_code
    assert before == app.count_events()


def test_a_replay_goes_back_to_a_position_or_an_instant(app: ApiApp, receiver: Receiver) -> None:
    ana = app.as_member("ana")
    mine = subscribe(ana, receiver)
    path = f"/v1/subscriptions/{mine['id']}"

    ana.post_ok(f"{path}/replay", {"after": 3})
    assert 3 == ana.get_ok(path)["progress"]["position"]
    ana.post_ok(f"{path}/replay", {"since": "2026-03-02T08:00:00Z"})
    assert mine["position"] - 1 == ana.get_ok(path)["progress"]["position"]


def test_what_was_given_up_is_redelivered_on_demand_and_nothing_else(app: ApiApp, receiver: Receiver) -> None:
    ana = app.as_member("ana")
    mine = subscribe(ana, receiver)
    path = f"/v1/subscriptions/{mine['id']}"

    assert {"deliveries": 0} == ana.post_ok(f"{path}/redeliver", {"state": "dead"})
    assert 422 == ana.post(f"{path}/redeliver", {"state": "delivered"}).status_code
    assert 422 == ana.post(f"{path}/redeliver", {}).status_code
    assert 404 == ana.post(f"{path}/redeliver", {"event": mine["id"]}).status_code
    assert 404 == ana.get(f"{path}/deliveries/{mine['id']}").status_code
    assert [] == ana.get_ok(f"{path}/deliveries", params={"state": "dead"})["deliveries"]


def test_an_import_subscribes_to_nothing(app: ApiApp) -> None:
    row = {"at": "2026-03-01T09:00:00Z", "by": "ana", "do": "subscription.create", "url": "https://hooks.example.com/"}
    refused = app.as_member("stella").post("/v1/imports", row, headers={"Content-Type": "application/x-ndjson"})

    assert 422 == refused.status_code
    assert [] == app.as_member("stella").get_ok("/v1/subscriptions")["subscriptions"]


def test_a_subscription_that_ended_by_itself_is_in_the_inbox_of_stewards_and_its_member(
    app: ApiApp, receiver: Receiver
) -> None:
    ana = app.as_member("ana")
    mine = subscribe(ana, receiver, name="Slack")
    app.runtime.handle(
        Command(
            organisation_id=app.organisation_id(),
            kind="subscription",
            stream_id=UUID(mine["id"]),
            act=DisableSubscription(reason="failing"),
            actor=None,
            source=Source.WORKER,
        )
    )
    app.runtime.engine.catch_up()

    def asked(who: str) -> list[tuple[str, list[str]]]:
        entries = app.as_member(who).get_ok("/v1/me/inbox")["entries"]
        return [(e["title"], e["asks"][0]["acts"]) for e in entries if e["subject"] == f"subscription/{mine['id']}"]

    assert [("Slack", ["resume", "remove"])] == asked("ana") == asked("stella")
    assert [] == asked("lea")
    ana.post_ok(f"/v1/subscriptions/{mine['id']}/resume", {})
    assert [] == asked("ana")
