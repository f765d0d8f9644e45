"""What a person asks every day."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from services.plain_text import columns
from tests.services.shell import Shell
from tests.shell.conftest import Office


@pytest.fixture(scope="module", autouse=True)
def goals(office: Office) -> None:
    office.promise("reading-close", "Close the books in two days")
    office.offer("reading-report", "Publish the quarterly report of what the auditors found and what became of it")


def test_me_says_who_one_is_and_what_waits(as_person: Callable[[str], Shell]) -> None:
    sam = as_person("sam")
    assert 0 == sam("me")
    assert "Sam at acme; leads Core (key: act, read)" in sam.out
    assert "Publish the quarterly report" in sam.out
    assert "it waits for your answer" in sam.out
    assert "-> accept, counter, decline" in sam.out

    assert 0 == sam("me", "--json")
    assert {"me", "inbox"} == sam.result.keys()
    assert sam.result["me"]["member"] == str(UUID(sam.result["me"]["member"]))


def test_goals_are_those_that_one_promised_and_was_promised(as_person: Callable[[str], Shell]) -> None:
    ana = as_person("ana")
    assert 0 == ana("goals")
    assert "You promised:" in ana.out
    assert "for Sam" in ana.out
    assert "reading-close" in ana.out
    sam = as_person("sam")
    assert 0 == sam("goals")
    assert "Promised to you:" in sam.out
    assert "by Ana" in sam.out

    assert 0 == sam("goals", "--team", "core", "--state", "active", "--words", "books two days", "--json")
    assert ["reading-close"] == [goal["ref"] for goal in sam.result["goals"]]
    assert sam.result["goals"][0]["owner"] in sam.result["names"]
    assert 0 == sam("goals", "--all", "--limit", "1")
    assert "and more: --limit 4 shows them" in sam.out


def test_a_member_without_goals_is_told_so(as_person: Callable[[str], Shell]) -> None:
    stella = as_person("stella")

    assert 0 == stella("goals")
    assert "No goals." == stella.out.strip()
    assert 0 == stella("me")
    assert "Nothing waits for you." in stella.out


def test_a_goal_is_shown_with_its_terms_and_what_one_may_say(ana: Shell) -> None:
    assert 0 == ana("goal", "reading-close")
    assert "Close the books in two days (reading-close), active" in ana.out
    for line in ("owner      Ana", "sponsor    Sam", "team       Core", "due        2031-02-28", "effort     40 hours"):
        assert line in ana.out
    assert "propose-change" in ana.out
    assert "accept" not in ana.out


def test_what_is_nearly_done_does_not_read_as_done_nor_a_little_as_nothing(ana: Shell, office: Office) -> None:
    office.promise("nearly-done")
    assert 0 == ana("check-in", "nearly-done", "--progress", "99.6%", "--confidence", "0.4%")

    assert 0 == ana("goals", "--words", "A goal")
    assert "99%" in ana.out
    assert "100%" not in ana.out
    assert 0 == ana("goal", "nearly-done")
    assert "progress   99%" in ana.out
    assert "confidence 1%" in ana.out


def test_why_names_the_value_and_who_agreed(ana: Shell) -> None:
    assert 0 == ana("why", "reading-close")
    assert "Close the books in two days: due is 2031-02-28, because" in ana.out
    assert "Sam accepted it" in ana.out
    assert "because new need: the audit asks for it" in " ".join(ana.out.split())

    assert 0 == ana("why", "reading-close", "--field", "effort_hours", "--json")
    assert ("effort_hours", "40") == (ana.result["field"], ana.result["value"])
    assert 2 == ana("why", "reading-close", "--field", "colour")


def test_a_history_is_told_whole_and_as_of_a_day(ana: Shell) -> None:
    assert 0 == ana("history", "reading-close")
    assert ["Ana offered Sam", "Sam accepted it"] == [
        next(words for words in ("Ana offered Sam", "Sam accepted it") if words in line)
        for line in ana.out.splitlines()
        if line.startswith("20")
    ]

    assert 0 == ana("history", "reading-close", "--json")
    assert [1, 2] == [entry["version"] for entry in ana.result["entries"]]
    assert 1 == ana("goal", "reading-close", "--as-of", "2020-01-01")
    assert "no such goal at that time" in ana.err


def test_a_report_comes_in_sentences_as_json_as_csv_as_a_page_and_as_a_picture(ana: Shell) -> None:
    assert 0 == ana("report", "overload", "--member", "ana")
    assert "Overload of Ana" in ana.out
    assert 0 == ana("report", "overload", "--member", "ana", "--json")
    assert "names" in ana.result
    assert 0 == ana("report", "overload", "--member", "ana", "--format", "csv")
    assert ana.out.startswith("name,team,member,")
    assert "\r" not in ana.out
    assert 0 == ana("report", "overload", "--member", "ana", "--format", "html")
    assert ana.out.startswith("<!DOCTYPE html>")
    assert 0 == ana("report", "overload", "--member", "ana", "--format", "svg")
    assert ana.out.startswith("<svg ")
    assert 1 == ana("report", "overload", "--team", "nothing")
    assert "no such team" in ana.err
    assert 2 == ana("report", "gossip")


@pytest.mark.parametrize(
    "words", [["me"], ["goals"], ["goal", "reading-report"], ["why", "reading-close"], ["history", "reading-report"]]
)
@pytest.mark.parametrize("width", [40, 60])
def test_no_line_is_wider_than_the_terminal(
    as_person: Callable[[str], Shell], monkeypatch: pytest.MonkeyPatch, words: list[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    sam = as_person("sam")

    assert 0 == sam(*words)
    assert [] == [line for line in sam.out.splitlines() if columns(line) > width]


def test_a_report_fits_a_terminal_of_60_columns(ana: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    assert 0 == ana("report", "support", "--team", "core")
    assert [] == [line for line in ana.out.splitlines() if columns(line) > 60]


def test_a_goal_is_named_by_the_beginning_of_its_id(ana: Shell) -> None:
    ana("goal", "reading-close", "--json")
    identity = ana.result["id"]

    for name in (identity, identity.upper(), identity[:8], identity[:14], identity[:6].upper()):
        assert 0 == ana("why", name, "--json"), ana.err
        assert identity == ana.result["goal"]
    assert 1 == ana("why", "ffffffff")
    assert "no such goal: 'ffffffff'" in ana.err


def test_the_beginning_of_several_ids_is_refused_with_them(ana: Shell, office: Office) -> None:
    # given goals without references: their ids begin with the time
    body = {"do": "draft", "title": "An idea", "sponsor": "sam", "team": "core"}
    first, second = (office.post("ana", "/v1/goals", body)["id"] for _ in range(2))
    common = first[: next(i for i in range(36) if first[i] != second[i])][:8]

    assert 1 == ana("goal", common)
    assert "is the beginning of several ids" in ana.err
    assert first in ana.err
    assert second in ana.err
    assert 0 == ana("goal", first[:-1])
