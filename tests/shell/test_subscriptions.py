"""Subscriptions from the command line, and a receiver that prints what comes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.services.shell import Shell
from tests.shell.conftest import Office, start_process
from tests.webhooks.receiver import Receiver, Reply, run_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as running:
        yield running


def test_a_subscription_is_made_shown_tried_and_removed(ana: Shell, receiver: Receiver) -> None:
    assert 0 == ana("subscriptions", "create", receiver.url, "--name", "Slack", "--types", "goal.*", "--json")
    created = ana.result
    identity = created["subscription"]["id"]
    assert created["secret"].startswith("whsec_")

    assert 0 == ana("subscriptions", "list")
    assert (identity in ana.out, "goal.*" in ana.out, created["secret"] in ana.out) == (True, True, False)
    assert 0 == ana("subscriptions", "show", identity)
    assert "active" in ana.out
    assert 0 == ana("subscriptions", "test", identity)
    assert "delivered: HTTP 204" in ana.out
    receiver.answer = lambda _: Reply(500)
    assert 1 == ana("subscriptions", "test", identity)
    assert "not delivered: HTTP 500" in ana.out
    for act, state in (("pause", "paused"), ("resume", "active"), ("remove", "removed")):
        assert 0 == ana("subscriptions", act, identity)
        assert f"{identity} is {state}" in ana.out


def test_events_are_sent_again_and_the_secret_rotated(ana: Shell, receiver: Receiver) -> None:
    ana("subscriptions", "create", receiver.url, "--json")
    identity = ana.result["subscription"]["id"]

    assert 0 == ana("subscriptions", "replay", identity, "--after", "0")
    assert 0 == ana("subscriptions", "redeliver", identity, "--state", "dead")
    assert 0 == ana("subscriptions", "deliveries", identity, "--json")
    assert 0 == ana("subscriptions", "rotate-secret", identity)
    assert "whsec_" in ana.out
    assert 2 == ana("subscriptions", "replay", identity)
    assert 1 == ana("subscriptions", "replay", identity, "--after", "999999")
    assert "has not reached that position" in ana.err
    ana("subscriptions", "remove", identity)


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/", "https://10.0.0.1/", "nonsense"])
def test_an_address_that_may_not_be_reached_is_refused_in_one_line(ana: Shell, url: str) -> None:
    assert 1 == ana("subscriptions", "create", url)
    assert 1 == len(ana.err.splitlines())


def test_a_receiver_prints_what_comes_and_leaves_nothing_behind(
    office: Office, as_person: Callable[[str], Shell]
) -> None:
    environment = {"PLIMSOLL_URL": office.url, "PLIMSOLL_KEY": office.keys["ana"]}
    words = ("webhooks", "listen", "--types", "goal.*", "--payload", "full", "--count", "2", "--json")
    with start_process(*words, **environment) as listening:
        assert listening.stderr is not None
        assert b"listening" in listening.stderr.readline()
        office.promise("listened", "Be heard")
        try:
            out, _ = listening.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            listening.kill()
            raise

    assert 0 == listening.returncode
    events = [json.loads(line) for line in out.splitlines()]
    assert ["goal.offered.v1", "goal.accepted.v1"] == [event["type"] for event in events]
    assert "Be heard" == events[0]["data"]["title"]
    ana = as_person("ana")
    assert 0 == ana("subscriptions", "list", "--json")
    assert [] == [each for each in ana.result if each.get("name") == "plimsoll webhooks listen"]
