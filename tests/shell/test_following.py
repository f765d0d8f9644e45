"""The feed as it grows: each event at least once, from where the last call left off."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.shell import Shell
from tests.shell.conftest import Office, start_process
from tests.shell.scripted_server import ScriptedServer

EPOCH = "0" * 32


@pytest.fixture
def stella(as_person: Callable[[str], Shell]) -> Shell:
    return as_person("stella")


def list_types(out: str) -> list[str]:
    return [json.loads(line)["type"] for line in out.splitlines()]


def test_a_checkpoint_goes_on_where_the_last_call_left_off(stella: Shell, office: Office, tmp_path: Path) -> None:
    office.promise("followed")
    saved = tmp_path / "checkpoint.json"
    words = ("events", "tail", "--once", "--checkpoint", str(saved), "--subject", "goal/followed", "--json")

    assert 0 == stella(*words, "--after", "0")
    assert ["goal.offered.v1", "goal.accepted.v1"] == list_types(stella.out)
    assert 0 == stella(*words)
    assert "" == stella.out
    office.post("ana", "/v1/goals/followed/check-in", {"note": "half of it"})
    assert 0 == stella(*words)
    assert ["goal.checked_in.v1"] == list_types(stella.out)
    assert [saved] == list(tmp_path.glob("checkpoint*"))


def test_events_are_printed_for_people(stella: Shell, office: Office) -> None:
    office.promise("printed")

    assert 0 == stella("events", "tail", "--once", "--last", "2", "--type", "goal.accepted.v1")
    (line,) = stella.out.splitlines()[-1:]
    assert "goal.accepted.v1  goal/" in line
    assert 1 == stella("events", "tail", "--once", "--type", "nonsense")
    assert "nonsense" in stella.err
    assert 1 == stella("events", "tail", "--once", "--after", "99999999")
    assert "has not reached that position" in stella.err


def test_it_follows_until_it_is_interrupted(stella: Shell, office: Office) -> None:
    seen = office.post("stella", "/v1/teams", {"name": "Before", "lead": "stella"})["position"]
    with start_process("events", "tail", "--after", str(seen), "--json") as process:
        try:
            assert process.stdout is not None
            team = office.post("stella", "/v1/teams", {"name": "After", "lead": "stella"})
            line = json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)

    assert (team["events"], 0, b"") == ([line["id"]], process.returncode, error)


@pytest.mark.parametrize("text", ["{}", "nonsense", '{"url": "https://elsewhere", "epoch": "", "after": 7}'])
def test_a_checkpoint_that_is_none_of_this_feed_is_refused(stella: Shell, tmp_path: Path, text: str) -> None:
    saved = tmp_path / "checkpoint.json"
    saved.write_text(text)

    assert 1 == stella("events", "tail", "--once", "--checkpoint", str(saved))
    assert str(saved) in stella.err
    assert text == saved.read_text()


def test_a_log_that_was_restored_is_told(
    shell: Shell, serve_scripted: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    problem = json.dumps({"code": "epoch_changed", "detail": "the log was restored", "status": 410}).encode()
    scripted = serve_scripted(lambda _: (410, {}, problem))
    saved = tmp_path / "checkpoint.json"
    saved.write_text(json.dumps({"url": scripted.url, "epoch": EPOCH, "after": 7}))

    assert 1 == shell("events", "tail", "--checkpoint", str(saved))
    assert f"remove {saved} to begin anew" in shell.err


def test_a_server_that_is_away_for_a_while_is_asked_again(
    shell: Shell, serve_scripted: Callable[..., ScriptedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    event = {"sequence": "08", "time": "2026-11-30T09:00:00Z", "type": "goal.offered.v1", "subject": "goal/g"}
    event |= {"recordedtime": "2026-11-30T09:00:00.000000Z"}
    page: Any = (200, {"Plimsoll-Position": "8", "Plimsoll-Epoch": EPOCH}, json.dumps([event]).encode())
    stopping = json.dumps({"code": "stopping", "detail": "the server stops", "status": 503}).encode()
    refused = json.dumps({"code": "forbidden", "detail": "enough", "status": 403}).encode()

    answers = [None] * 3 + [(503, {}, stopping)] * 3 + [page, (403, {}, refused)]
    scripted = serve_scripted(lambda number: answers[number - 1])
    assert 1 == shell("events", "tail", "--after", "7")
    assert "goal.offered.v1" in shell.out
    assert "trying again in 1 s" in shell.err
    assert "trying again in 2 s" in shell.err
    assert "plimsoll: enough" in shell.err
    assert "after=8" in scripted.requests[-1][1]


def test_another_server_has_no_feed(shell: Shell, serve_scripted: Callable[..., ScriptedServer]) -> None:
    serve_scripted(lambda _: (200, {}, b"[]"))

    assert 1 == shell("events", "tail", "--after", "0")
    assert "it has no feed of events" in shell.err
