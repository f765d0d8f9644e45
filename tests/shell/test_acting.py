"""What a person says: looked at and confirmed, recorded once."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.goal.acts import ACTS
from services.client.acting import parse_fields
from services.console import WrongUsage
from tests.services.shell import Shell
from tests.shell.conftest import Office


class Keyboard(io.StringIO):
    """A terminal at which these lines are typed."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr("sys.stdin", Keyboard(text))


def count_events(shell: Shell, goal: str) -> int:
    assert 0 == shell("history", goal, "--json")
    return len(shell.result["entries"])


def test_a_check_in_is_recorded_and_said_back(ana: Shell, office: Office) -> None:
    office.promise("check-in")

    assert 0 == ana("check-in", "check-in", "-m", "half of it runs", "--progress", "50%", "--confidence", "0.8")
    assert "Ana checked in: progress 50 % (was 0 %); confidence 80 %; half of it runs." in " ".join(ana.out.split())
    assert "check-in is active." in ana.out
    # and the next command shows it too
    assert 0 == ana("goal", "check-in")
    assert "progress   50%" in ana.out


def test_a_check_in_names_what_is_in_the_way_and_needed(ana: Shell, office: Office) -> None:
    office.promise("in-the-way")

    said = ("--blocker", "the bank is late", "--need", "a review", "--need", "a day", "--idea", "ask the other bank")
    assert 0 == ana("check-in", "in-the-way", *said, "--json")
    assert 0 == ana("history", "in-the-way")
    told = " ".join(ana.out.split())
    assert [] == [text for text in said[1::2] if text not in told]
    assert 2 == ana("check-in", "in-the-way")
    assert "say something" in ana.err


def test_a_dry_run_records_nothing(ana: Shell, office: Office) -> None:
    office.promise("dry-run")
    before = count_events(ana, "dry-run")

    assert 0 == ana("check-in", "dry-run", "--progress", "10%", "--dry-run")
    assert "Nothing was recorded." in ana.out
    assert "progress: 0 -> 0.1" in ana.out
    change = ("propose-change", "changes.due=2031-04-30", "--reason", "capacity", "--because", "too much at once")
    assert 0 == ana("act", "dry-run", *change, "--dry-run")
    assert "state: active -> change_proposed_by_owner" in ana.out
    assert 0 == ana("act", "dry-run", *change, "--dry-run", "--json")
    assert {"would", "before", "after", "load", "load_if_accepted"} == ana.result.keys()
    assert before == count_events(ana, "dry-run")


def test_a_change_is_proposed_looked_at_and_accepted(
    as_person: Callable[[str], Shell], office: Office, types: Callable[[str], None]
) -> None:
    office.promise("change")
    ana = as_person("ana")
    types("y\n")
    change = ("changes.due=2031-04-30", "--reason", "dependency-slipped", "--because", "the bank is late")
    assert 0 == ana("act", "change", "propose-change", *change)
    assert "because dependency slipped: the bank is late" in " ".join(ana.out.split())
    assert "change is change-proposed-by-owner." in ana.out

    sam = as_person("sam")
    types("no\n")
    assert 1 == sam("act", "change", "accept-change")
    # what it answers is shown, and the event is named for them
    assert "It answers: " in sam.out
    assert "Ana proposed to move the due date" in sam.out
    assert "due: 2031-02-28 -> 2031-04-30" in sam.out
    assert "Record this? [y/N]" in sam.err
    assert "nothing was recorded" in sam.err
    types("yes\n")
    assert 0 == sam("act", "change", "accept-change")
    assert "Sam accepted the change" in sam.out
    assert 0 == sam("why", "change")
    assert "due is 2031-04-30" in sam.out


def test_nobody_consents_unseen(as_person: Callable[[str], Shell], office: Office) -> None:
    offer = office.offer("unseen", "Unseen")
    sam = as_person("sam")

    assert 2 == sam("act", "unseen", "accept", "--yes")
    assert "answers=ID" in sam.err
    assert 1 == sam("act", "unseen", "accept", "--yes", "answers=01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35")
    assert 0 == sam("act", "unseen", "accept", "--yes", f"answers={offer}")
    assert "unseen is active." in sam.out


def test_a_goal_that_changed_since_it_was_looked_at_is_looked_at_again(
    ana: Shell, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.promise("meanwhile")

    class Slow(Keyboard):
        def readline(self, *_: Any) -> str:  # type: ignore[override] # of typeshed's many
            office.post("ana", "/v1/goals/meanwhile/check-in", {"note": "from elsewhere"})
            return "y\n"

    monkeypatch.setattr("sys.stdin", Slow())
    assert 1 == ana("act", "meanwhile", "affirm")
    assert "version" in ana.err
    assert 3 == count_events(ana, "meanwhile")


@pytest.mark.parametrize("field", ["do=cancel", "ref=another"])
@pytest.mark.parametrize("how", ["--yes", "--dry-run"])
def test_no_field_names_another_act_or_goal(ana: Shell, office: Office, field: str, how: str) -> None:
    goal = f"named-{field[:2]}{how}"
    office.promise(goal)

    assert 2 == ana("act", goal, "affirm", field, how)
    assert f"{field.partition('=')[0]} is no field of an act" in ana.err
    assert 2 == count_events(ana, goal)


def test_where_nobody_can_confirm_nothing_is_recorded(
    ana: Shell, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.promise("pipe")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))

    assert 2 == ana("act", "pipe", "affirm")
    assert "say --yes" in ana.err
    assert 2 == count_events(ana, "pipe")


def test_what_an_act_is_about_is_found_where_one_waits(
    as_person: Callable[[str], Shell], office: Office, types: Callable[[str], None]
) -> None:
    office.promise("blocked")
    blocker = {"blocker": {"text": "the bank is late", "acts_next": "sam"}}
    office.post("ana", "/v1/goals/blocked/raise-blocker", blocker)
    sam = as_person("sam")
    types("y\n")
    assert 0 == sam("act", "blocked", "resolve-blocker", "resolution=it came")
    assert "It answers: the bank is late" in sam.out

    for text in ("one more", "and another"):
        office.post("ana", "/v1/goals/blocked/raise-blocker", {"blocker": {"text": text, "acts_next": "sam"}})
    assert 1 == sam("act", "blocked", "resolve-blocker", "resolution=both", "--dry-run")
    assert "several wait for you, say which: blocker=" in sam.err
    assert "(one more)" in sam.err


def test_a_goal_begins_with_an_offer(ana: Shell) -> None:
    terms = ("terms.due=2031-05-30", "terms.conditions[]=it runs", "terms.conditions[]=it is read", "sponsor=sam")
    words = (
        "act",
        "begun",
        "offer",
        "title=A new one",
        "team=core",
        *terms,
        "--reason",
        "new_need",
        "--because",
        "asked",
    )

    assert 0 == ana(*words, "--dry-run")
    assert 1 == ana("goal", "begun")
    assert 0 == ana(*words, "--yes", "--json")
    assert ("begun", "offered") == (ana.result["ref"], ana.result["state"])
    assert 0 == ana("goal", "begun")
    assert "c1 it runs; c2 it is read" in ana.out
    # a second one is an act on the first
    assert 1 == ana(*words, "--yes")


def test_the_same_command_with_the_same_key_is_recorded_once(ana: Shell, office: Office) -> None:
    office.promise("once")
    words = ("check-in", "once", "-m", "a word", "--idempotency-key", "once-only", "--json")

    assert 0 == ana(*words)
    first = ana.result
    assert 0 == ana(*words)
    assert first == ana.result
    assert 3 == count_events(ana, "once")


def test_a_refusal_names_the_rule_and_what_would_be_allowed(ana: Shell, office: Office) -> None:
    office.promise("refused")

    assert 1 == ana("act", "refused", "declare-satisfied", "--dry-run")
    assert "(allowed: " in ana.err
    assert 1 == ana("check-in", "refused", "--progress", "7")
    assert "progress: " in ana.err
    assert 1 == ana("act", "refused", "check-in", "nonsense=1", "--yes")
    assert "nonsense" in ana.err
    assert 2 == ana("act", "refused", "propse-change", "--yes")
    assert "did you mean propose-change" in ana.err
    assert 2 == ana("act", "refused", "check-in", "--because", "x", "--yes")
    assert 2 == ana("act", "refused", "check-in", "--reason", "boredom", "--yes")


def test_every_act_can_be_named(ana: Shell, office: Office) -> None:
    for act in ACTS:
        # an act that is not open is the server's to refuse, in its own words
        code = ana("act", "no-such-goal", act.replace("_", "-"), "answers=x", "--yes")
        assert (1, True) == (code, ana.err.startswith("plimsoll: ")), (act, ana.err)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (["due=2027-01-15"], {"due": "2027-01-15"}),
        (["terms.due=a=b", "terms.effort_hours=40"], {"terms": {"due": "a=b", "effort_hours": "40"}}),
        (["tags[]=a", "tags[]=b"], {"tags": ["a", "b"]}),
        (["imposed:=true", "evidence:=[]"], {"imposed": True, "evidence": []}),
        (["progress=70%"], {"progress": "0.7"}),
        (["note="], {"note": ""}),
    ],
)
def test_fields_spell_a_body(fields: list[str], body: dict[str, Any]) -> None:
    assert body == parse_fields(fields)


@pytest.mark.parametrize(
    "fields", [["due"], ["=x"], ["a:=nope"], ["a=1", "a=2"], ["a=1", "a.b=2"], ["a=1", "a[]=2"], ["Ä=1"]]
)
def test_what_is_no_field_is_a_wrong_usage(fields: list[str]) -> None:
    with pytest.raises(WrongUsage):
        parse_fields(fields)


_NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
#: A share in percent is written as a share.
_TEXTS = st.text().filter(lambda text: not text.endswith("%"))


@given(st.dictionaries(_NAMES, _TEXTS | st.dictionaries(_NAMES, _TEXTS, min_size=1, max_size=3), max_size=4))
def test_any_texts_can_be_spelt(body: dict[str, Any]) -> None:
    fields = []
    for name, value in body.items():
        parts = value.items() if isinstance(value, dict) else ()
        fields += [f"{name}.{part}={text}" for part, text in parts] or [f"{name}={value}"]

    assert body == parse_fields(fields)
