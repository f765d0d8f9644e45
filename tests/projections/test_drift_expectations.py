"""Expectation drift: acknowledgements, breaches and their repairs, and how old the last look at the charter is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.charter.acts import Acknowledge, AgreeRepair, RetireNonNegotiable, Review, ReviseNonNegotiable
from domain.member import member
from domain.organisation import organisation
from domain.team import team
from projections.database.database import Database
from projections.drift.report import DriftReport
from tests.domain.charters import adopt_dated_purpose, adopt_non_negotiable_texts, raise_breach
from tests.projections.test_drift import RunReport, ask, database, find_figure, promise_goal, report_runner
from tests.spec import Story, instant, why

__all__ = ["ask", "database"]
STEWARD = frozenset({"steward"})


def story_with_expectations(**policy: Any) -> Story:
    """Core (lea, its lead, ana, ben, sam, mia): a purpose, two non-negotiables of 2026-01-13, a goal of ana's."""
    story = adopt_dated_purpose(Story(policy=policy or None))
    return promise_goal(adopt_non_negotiable_texts(story, "We say it early", "We ask before we assign"))


def acknowledge(story: Story, who: str, *numbers: int, version: int = 1, at: str = "2026-01-20") -> Story:
    for number in numbers:
        act = Acknowledge(non_negotiable=f"nn{number}", version=version)
        story.says(who, act, on="core", at=f"{at}T{8 + number:02}:00")
    return story


def count_lacking(report: DriftReport) -> tuple[int | None, int | None]:
    figure = find_figure(report, "acknowledgement_share")
    return figure.count, figure.n


# --- acknowledgements ------------------------------------------------------------------------------------------------


def test_a_member_lacks_an_acknowledgement_until_all_that_stands_is_acknowledged(ask: RunReport) -> None:
    story = acknowledge(acknowledge(story_with_expectations(), "ana", 1, 2), "ben", 1)

    figure = find_figure(ask(story, "2026-03-20", team="core"), "acknowledgement_share")

    assert (4, 5, 0.8, True, None) == (figure.count, figure.n, figure.value, figure.small_sample, figure.line)
    told = [e.type for e in story.events if e.event_id in (figure.events or [])]
    assert ["charter.non_negotiable_adopted.v1"] * 2 + ["charter.acknowledged.v1"] * 3 == told


def test_a_revised_non_negotiable_is_acknowledged_anew_and_a_retired_one_no_more(ask: RunReport) -> None:
    story = acknowledge(acknowledge(story_with_expectations(), "ana", 1, 2), "ben", 1)
    words = ReviseNonNegotiable(non_negotiable="nn1", text="We say it at once", reason=why())
    story.says("lea", words, on="core", at="2026-02-02")
    acknowledge(story, "ben", 1, version=2, at="2026-02-03")
    story.says("lea", RetireNonNegotiable(non_negotiable="nn2", reason=why()), on="core", at="2026-02-10")

    assert [(4, 5), (5, 5), (5, 5), (4, 5)] == [
        count_lacking(ask(story, day)) for day in ("2026-02-01", "2026-02-02", "2026-02-09", "2026-02-10")
    ]


def test_the_team_lead_and_every_member_of_the_team_are_asked_and_nobody_else(ask: RunReport) -> None:
    story = story_with_expectations()
    story.says("stella", member.Join(name="Edda"), on="edda", roles=STEWARD)
    story.says("mia", member.Leave(), at="2026-03-10")

    assert [(5, 5), (4, 4)] == [count_lacking(ask(story, day, team="core")) for day in ("2026-03-09", "2026-03-11")]


def test_without_a_charter_of_its_own_a_team_is_asked_about_the_organisations(ask: RunReport) -> None:
    story = adopt_non_negotiable_texts(
        adopt_dated_purpose(Story(), of="organisation"), "We say it early", of="organisation"
    )
    promise_goal(story)

    assert (5, 5) == count_lacking(ask(story, "2026-03-20", team="core"))
    assert (6, 6) == count_lacking(ask(story, "2026-03-20"))  # stella too


def test_over_the_whole_organisation_each_member_is_asked_about_the_charters_that_apply(ask: RunReport) -> None:
    story = acknowledge(story_with_expectations(), "ana", 1, 2)
    adopt_non_negotiable_texts(story, "We answer", of="organisation", at="2026-03-05")
    act = Acknowledge(non_negotiable="nn1", version=1)
    for who in ("ana", "stella"):
        story.says(who, act, on="organisation", at="2026-03-06")

    assert (4, 6) == count_lacking(ask(story, "2026-03-20"))
    assert (0, 1) == count_lacking(ask(story, "2026-03-20", member="ana"))
    assert (1, 1) == count_lacking(ask(story, "2026-03-20", member="ben"))
    assert (0, 1) == count_lacking(ask(story, "2026-03-20", member="stella"))


def test_an_acknowledgement_told_late_counts_from_when_it_was_given_once_it_is_known(ask: RunReport) -> None:
    story = story_with_expectations()
    for number in (1, 2):
        act = Acknowledge(non_negotiable=f"nn{number}", version=1)
        story.says("ana", act, on="core", at="2026-02-02T09:00", learnt="2026-05-01T09:00")

    assert (4, 5) == count_lacking(ask(story, "2026-03-20"))
    assert (5, 5) == count_lacking(ask(story, "2026-03-20", recorded_as_of=instant("2026-04-01")))
    assert (5, 5) == count_lacking(ask(story, "2026-02-01"))


# --- breaches --------------------------------------------------------------------------------------------------------


def test_breaches_are_counted_per_hundred_member_weeks_of_the_window(ask: RunReport) -> None:
    story = story_with_expectations()
    raise_breach(story, "2026-03-05T09:00")
    raise_breach(story, "2026-03-19T09:00", by="ben")

    month = find_figure(ask(story, "2026-03-20T09:00", team="core"), "breach_rate")
    week = find_figure(ask(story, "2026-03-20T09:00", team="core", window=7), "breach_rate")

    assert (2, 20, 10.0, "over", False) == (month.count, month.n, month.value, month.line, month.small_sample)
    assert (1, 5, 20.0, None, True) == (week.count, week.n, week.value, week.line, week.small_sample)
    raised = [e.event_id for e in story.events if e.type == "charter.breach_raised.v1"]
    assert [raised, raised[1:]] == [month.events, week.events]


def test_a_member_counts_from_the_day_of_joining(ask: RunReport) -> None:
    story = story_with_expectations()
    story.says("lea", member.Join(team="core", name="Edda"), on="edda", at="2026-03-13T09:00")
    raise_breach(story, "2026-03-19T09:00")

    # Five members over four weeks, one over one.
    assert round(100 / 21, 6) == find_figure(ask(story, "2026-03-20T09:00"), "breach_rate").value


def test_a_breach_is_repaired_in_time_within_seven_days(ask: RunReport) -> None:
    story = story_with_expectations()
    first = raise_breach(story, "2026-03-02T10:00")
    story.says("ben", AgreeRepair(breach=first, text="We say it on Mondays"), on="core", at="2026-03-09T10:00")
    late = raise_breach(story, "2026-03-03T10:00")
    story.says("ben", AgreeRepair(breach=late, text="We write it down"), on="core", at="2026-03-10T10:01")
    raise_breach(story, "2026-03-12T10:00")

    shares = [
        (figure.count, figure.n, figure.value)
        for day in ("2026-03-05", "2026-03-09T10:00", "2026-03-19T10:00", "2026-03-19T10:01")
        for figure in [find_figure(ask(story, day), "repair_share")]
    ]

    assert [(0, 0, None), (1, 1, 1.0), (1, 2, 0.5), (1, 3, 0.333333)] == shares


def test_too_many_breaches_without_a_repair_talk_are_over_the_line(ask: RunReport) -> None:
    story = story_with_expectations()
    for day in range(10, 20):
        found = raise_breach(story, f"2026-03-{day}T10:00")
        if day > 12:
            story.says("ben", AgreeRepair(breach=found, text="We talk"), on="core", at=f"2026-03-{day}T12:00")

    figure = find_figure(ask(story, "2026-03-31"), "repair_share")

    assert (7, 10, "over") == (figure.count, figure.n, figure.line)


def test_a_breach_belongs_to_a_group_and_never_to_a_person(ask: RunReport) -> None:
    story = story_with_expectations()
    raise_breach(story, "2026-03-19T09:00")

    report = ask(story, "2026-03-20", member="ana")

    for name in ("breach_rate", "repair_share"):
        figure = find_figure(report, name)
        assert (None, "not_personal", None) == (figure.value, figure.status, figure.events)
    assert [] == [m for m in report.mend if m.kind == "repair"]


# --- the last look ---------------------------------------------------------------------------------------------------


def test_a_charter_ages_from_the_last_time_that_it_was_adopted_changed_or_reviewed(ask: RunReport) -> None:
    story = story_with_expectations(review_days=30)

    adopted = find_figure(ask(story, "2026-02-12T10:00"), "review_age_days")
    story.says("lea", Review(), on="core", at="2026-02-12T11:00")
    reviewed = find_figure(ask(story, "2026-02-13T11:00"), "review_age_days")

    assert (30.0, None) == (adopted.value, adopted.line)
    assert "over" == find_figure(ask(story, "2026-02-12T10:01"), "review_age_days").line
    assert (1.0, [story.last_event("core", "charter").event_id]) == (reviewed.value, reviewed.events)


def test_of_several_charters_the_one_that_waited_longest_is_told(ask: RunReport) -> None:
    story = adopt_dated_purpose(story_with_expectations(), "2026-03-10", of="organisation")

    figure = find_figure(ask(story, "2026-03-13T10:00"), "review_age_days")

    assert (2, 59.0) == (figure.n, figure.value)


# --- the report ------------------------------------------------------------------------------------------------------


def test_a_charter_that_expects_nothing_yet_has_nothing_to_acknowledge(ask: RunReport) -> None:
    figure = find_figure(ask(promise_goal(adopt_dated_purpose(Story())), "2026-03-20"), "acknowledgement_share")

    assert (None, "no_data", 0) == (figure.value, figure.status, figure.n)


@pytest.mark.parametrize("name", ["acknowledgement_share", "breach_rate", "repair_share", "review_age_days"])
def test_before_there_was_a_charter_there_is_none(ask: RunReport, name: str) -> None:
    figure = find_figure(ask(story_with_expectations(), "2026-01-10"), name)

    assert (None, "no_charter", None) == (figure.value, figure.status, figure.line)


def test_who_could_say_one_sentence_about_what_a_charter_expects(ask: RunReport) -> None:
    story = story_with_expectations(review_days=30)
    for who in ("ana", "ben", "sam"):
        acknowledge(story, who, 1, 2)
    acknowledge(story, "mia", 1)
    raised = raise_breach(story, "2026-03-09T09:00")

    mends = [m for m in ask(story, "2026-03-20", team="core").mend if m.charter == story.id("core", "charter")]

    lea, mia, ana = (story.id(name) for name in ("lea", "mia", "ana"))
    assert {
        ("acknowledgement", mia, lea, mia),
        ("acknowledgement", lea, lea, None),
        ("repair", ana, lea, ana),
        ("review", None, lea, None),
    } == {(m.kind, m.member, m.from_, m.to) for m in mends}
    sentences = {(m.kind, m.member): m.sentence for m in mends}
    assert (
        "“We ask before we assign” (version 1, 2026-01-13) waits for an acknowledgement: can you stand by it?"
        == sentences["acknowledgement", mia]
    )
    assert (
        "“We say it early” (version 1, 2026-01-13) and 1 more wait for an acknowledgement: can you stand by it?"
        == sentences["acknowledgement", lea]
    )
    assert (
        "A breach of “We say it early” was raised on 2026-03-09: when do we sit down to repair it?"
        == sentences["repair", ana]
    )
    assert (
        "The charter of “Core” was last looked at on 2026-01-13, 66 days ago: does it still hold?"
        == sentences["review", None]
    )
    assert [[raised]] == [[str(e) for e in m.events or []] for m in mends if m.kind == "repair"]


def test_both_databases_tell_the_same_of_charters(ask: RunReport, empty_postgres_url: str) -> None:
    story = acknowledge(adopt_dated_purpose(story_with_expectations(), "2026-03-10", text="Nobody waits"), "ana", 1)
    story.says("stella", organisation.SetPolicy(policy={"review_days": 3}), roles=STEWARD)
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=STEWARD)
    raise_breach(story, "2026-03-12T09:00")
    other = Database.open(empty_postgres_url)
    try:
        for keys in ({}, {"team": "core"}, {"team": "edge"}, {"member": "ana"}):
            here, there = (msgspec.json.encode(a(story, "2026-03-20", **keys)) for a in (ask, report_runner(other)))
            assert here == there
    finally:
        other.close()
