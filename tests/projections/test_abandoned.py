"""Lapsed goals that nobody speaks about any more: they ask for nothing, and are a figure of their own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.goal.acts import AcceptChange, Cancel, Changes, CheckIn, Feedback, ProposeChange, RecordValue
from domain.organisation.organisation import SetPolicy
from projections.as_of import AsOf
from projections.database.database import Database
from projections.drift import report as drift_report
from projections.drift.report import DriftReport
from projections.figures import Figure
from projections.overload import report as overload_report
from tests.projections.conftest import ProjectStory
from tests.projections.overload_stories import promise_goal
from tests.spec import why
from tests.story import Story


@pytest.fixture
def ghost() -> Story:
    """Promised on 2026-03-02, due on the 27th, lapsed on the 31st; nobody has said a word since the promise."""
    story = Story()
    promise_goal(story, "goal", "2026-03-02", effort_hours=40)
    story.sweep("2026-04-01")
    assert "lapsed" == story.state().state
    return story


def hours(database: Database, view: AsOf, story: Story) -> list[float | None]:
    """What the weeks ahead ask of Ana."""
    figures = overload_report.build_report(database, view).figures
    return [f.planned_hours for f in figures if f.name == "load_ratio" and f.member == story.id("ana")]


def find_figures(report: DriftReport, name: str) -> list[Figure]:
    return [f for f in report.figures if f.name == name]


def count_and_n(report: DriftReport, name: str) -> tuple[Any, Any]:
    (figure,) = find_figures(report, name)
    return figure.count, figure.n


# 56 days after 2026-03-02 is 2026-04-27.
@pytest.mark.parametrize(("day", "abandoned"), [(date(2026, 4, 27), False), (date(2026, 4, 28), True)])
def test_a_lapsed_goal_is_abandoned_when_56_days_have_passed_since_the_last_word(
    database: Database, project: ProjectStory, ghost: Story, day: date, *, abandoned: bool
) -> None:
    view = project(ghost, day)
    report = drift_report.build_report(database, view)

    assert (0.0 if abandoned else 40.0) == sum(hour or 0 for hour in hours(database, view, ghost))
    assert (int(abandoned), 1) == count_and_n(report, "abandoned_share")
    assert ((0, 0) if abandoned else (1, 1)) == count_and_n(report, "stale_share")
    assert [57] * abandoned == [f.value for f in find_figures(report, "abandoned")]
    assert abandoned == (not find_figures(report, "stale_ratio"))


def test_what_to_do_about_it_is_suggested_first(database: Database, project: ProjectStory, ghost: Story) -> None:
    promise_goal(ghost, "quiet", "2026-04-02", owner="ben", due=date(2026, 6, 30))
    report = drift_report.build_report(database, project(ghost, date(2026, 5, 4)))

    first, second = report.mend
    assert ("abandoned", ghost.id("goal", "goal"), "stale") == (first.kind, first.goal, second.kind)
    assert (
        "“A goal” lapsed, and there has been no word about it for 63 days: shall we close it, or renegotiate it?"
        == (first.sentence)
    )
    assert (ghost.id("ana"), ghost.id("sam")) == (first.from_, first.to)


def test_suggestions_are_ordered_by_how_long_and_how_much_and_never_by_id(
    database: Database, project: ProjectStory
) -> None:
    # given goals that have been quiet for 50, 40, 30 and 20 days, and one whose due moved by 45
    story = Story()
    promised = {"2026-03-22": 40, "2026-03-12": 50, "2026-04-11": 20, "2026-04-01": 30}
    for day, quiet in promised.items():
        promise_goal(story, f"quiet-{quiet}", day, due=date(2026, 8, 31))
    promise_goal(story, "moved", "2026-04-20", start=date(2026, 4, 20), due=date(2026, 6, 30))
    story.says("ana", ProposeChange(changes=Changes(due=date(2026, 8, 14)), reason=why()), on="moved", at="2026-04-30")
    story.says("sam", AcceptChange(), on="moved", at="2026-04-30")

    # when
    report = drift_report.build_report(database, project(story, date(2026, 5, 1)))

    # then
    expected = ["quiet-50", "moved", "quiet-40", "quiet-30", "quiet-20"]
    assert [story.id(goal, "goal") for goal in expected] == [suggestion.goal for suggestion in report.mend]


@pytest.mark.parametrize(
    ("by", "act", "speaks"),
    [("sam", Feedback(text="and?"), True), ("ana", CheckIn(note="late"), True), ("mia", RecordValue(value=1), False)],
)
def test_a_word_of_either_party_brings_it_back_and_a_machine_s_value_does_not(
    database: Database, project: ProjectStory, ghost: Story, by: str, act: Any, *, speaks: bool
) -> None:
    ghost.says(by, act, on="goal", at="2026-05-01", roles=frozenset({"integration"}))
    view = project(ghost, date(2026, 5, 1))

    assert (not speaks) == bool(find_figures(drift_report.build_report(database, view), "abandoned"))
    assert speaks == (sum(hour or 0 for hour in hours(database, view, ghost)) > 0)


def test_the_days_are_the_organisation_s(database: Database, project: ProjectStory, ghost: Story) -> None:
    ghost.says("stella", SetPolicy(policy={"silent_lapse_days": 30}), at="2026-04-01", roles=frozenset({"steward"}))
    report = drift_report.build_report(database, project(ghost, date(2026, 4, 2)))

    assert [31] == [f.value for f in find_figures(report, "abandoned")]


def test_more_than_a_tenth_of_ten_goals_is_over_the_line(database: Database, project: ProjectStory) -> None:
    story = Story()
    for number in range(10):
        late = {"due": date(2026, 12, 31)} if number > 1 else {}
        promise_goal(story, f"goal{number}", "2026-03-02", **late)
    story.sweep("2026-04-01")
    day = date(2026, 5, 4)

    (two,) = find_figures(drift_report.build_report(database, project(story, day)), "abandoned_share")
    story.says("sam", Cancel(reason=why()), on="goal1", at="2026-05-01")
    promise_goal(story, "another", "2026-05-01", due=date(2026, 12, 31))
    (one,) = find_figures(drift_report.build_report(database, project(story, day)), "abandoned_share")

    assert (0.2, "over") == (two.value, two.line)
    assert (0.1, None) == (one.value, one.line)


def test_what_is_abandoned_weighs_nothing_when_more_is_taken_on() -> None:
    story = Story()
    promise_goal(story, "ghost", "2026-01-05", effort_hours=30, start=date(2026, 1, 5), due=date(2026, 1, 9))
    story.sweep("2026-03-10")
    promise_goal(story, "new", "2026-03-11", effort_hours=24, start=date(2026, 3, 11), due=date(2026, 3, 13))

    taken: Any = story.last_event("new").data
    # 24 hours in three days of 6.4: with the 30 of the ghost's there would be 2.265625.
    assert "1.25" == taken.taken_as.worst_ratio
