"""Pulses from the command line: opened, answered without a key, closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.services.shell import Shell
from tests.shell.conftest import Office

SAFE = ("2", "6", "1", "5", "3", "6", "7")


def test_a_pulse_is_opened_answered_and_closed(
    as_person: Callable[[str], Shell], office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a team of five, of whom no other test knows: the office is shared
    five = ("pia", "tom", "uli", "vic", "wim")
    office.post("stella", "/v1/teams", {"name": "Listeners", "lead": "pia", "ref": "listeners"})
    for person in five:
        office.post("stella", "/v1/members", {"team": "listeners", "name": person.title(), "ref": person})
        made = office.post("stella", "/v1/keys", {"member": person, "scopes": ["read", "act"]})
        office.keys[person] = made["key"]
    stella = as_person("stella")
    last_day = (date.today() + timedelta(days=7)).isoformat()  # noqa: DTZ011 - the server's clock is the machine's
    assert 0 == stella("pulse", "open", "--team", "listeners", "--closes-on", last_day, "--ref", "autumn", "--json"), (
        stella.err
    )
    opened = stella.result
    office.wait_for_views("stella", opened["position"])

    # when each answers from a machine of their own
    for person in five:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / person))
        shell = as_person(person)
        assert 0 == shell("pulse", "show", opened["id"]), shell.err
        assert "It is safe to take a risk on this team." in shell.out
        assert "you stand among 5; key " in shell.out
        assert 0 == shell("pulse", "answer", "autumn", *SAFE), shell.err
        kept = tmp_path / person / "plimsoll" / "pulses" / f"{opened['id']}.json"
        assert {"answered": True} == json.loads(kept.read_bytes())
        assert 1 == shell("pulse", "answer", "autumn", *SAFE)
    shell = as_person("stella")
    assert 0 == shell("pulse", "close", "autumn", "--json"), shell.err
    office.wait_for_views("stella", shell.result["position"])

    # then
    assert 0 == shell("pulse", "list")
    assert "closed" in shell.out
    assert 0 == shell("report", "pulse", "--team", "listeners"), shell.err
    assert "Psychological safety, 1 to 7: 6" in shell.out


@pytest.mark.parametrize("answers", [("1",), ("0", *SAFE[1:]), ("8", *SAFE[1:]), (*SAFE, "7")])
def test_answers_off_the_scale_are_not_sent(
    as_person: Callable[[str], Shell], office: Office, answers: tuple[str, ...]
) -> None:
    shell = as_person("ana")

    assert 0 != shell("pulse", "answer", "none-such", *answers)
