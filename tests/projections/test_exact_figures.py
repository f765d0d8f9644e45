"""Nothing is rounded before it is computed with: progress read off a value, and moves of a target."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.goal.acts import AcceptChange, Changes, CheckIn, ProposeChange, RecordValue
from domain.terms import MeasureInput
from projections.alignment.progress import ProgressCalculator
from projections.database.database import Database
from projections.drift import report as drift_report
from projections.figures import Figure
from projections.overload import report as overload_report
from projections.support import report as support_report
from tests.projections.conftest import ProjectStory
from tests.projections.overload_stories import promise_goal
from tests.spec import instant, why
from tests.story import Story


def count_goal(story: Story, goal: str = "goal", **fields: object) -> None:
    """A goal of three parts, promised on 2026-03-02."""
    measure = MeasureInput(kind="number", unit="parts", baseline=0, target=3)
    dates = {"start": date(2026, 3, 2), "due": date(2026, 3, 6)}
    promise_goal(story, goal, "2026-03-02T07:00", **{"measure": measure, **dates, **fields})


def only(figures: list[Figure], name: str, **keys: object) -> Figure:
    (figure,) = [f for f in figures if f.name == name and all(getattr(f, k) == v for k, v in keys.items())]
    return figure


@pytest.mark.parametrize("act", [RecordValue(value=1), CheckIn(value=1)])
def test_a_third_that_is_done_leaves_two_thirds_of_the_hours(
    database: Database, project: ProjectStory, act: RecordValue | CheckIn
) -> None:
    story = Story()
    count_goal(story, effort_hours=48)
    story.says("ana", act, on="goal", at="2026-03-02T08:00")

    report = overload_report.build_report(database, project(story, instant("2026-03-02T09:00")))

    # 48 hours less a third are the 32 that a week has at a focus of 0.8: on the red line, not over it.
    week = only(report.figures, "load_ratio", member=story.id("ana"), week=date(2026, 3, 2))
    assert (32.0, 1.0, "amber") == (week.planned_hours, week.value, week.line)


def test_progress_that_is_said_takes_the_place_of_a_third(database: Database, project: ProjectStory) -> None:
    story = Story()
    count_goal(story, effort_hours=48)
    story.says("ana", RecordValue(value=1), on="goal", at="2026-03-02T08:00")
    story.says("ana", CheckIn(progress=0.5), on="goal", at="2026-03-02T08:30")

    report = overload_report.build_report(database, project(story, instant("2026-03-02T09:00")))

    assert 24.0 == only(report.figures, "load_ratio", member=story.id("ana"), week=date(2026, 3, 2)).planned_hours
    assert ("0.5", None) == (story.state().progress, story.state().exact_progress)


def test_a_third_by_a_third_of_the_time_is_on_schedule(database: Database, project: ProjectStory) -> None:
    story = Story()
    count_goal(story, due=date(2026, 3, 31))
    story.says("ana", RecordValue(value=1), on="goal", at="2026-03-11")

    report = support_report.build_report(database, project(story, instant("2026-03-12T00:00")))

    assert 1.0 == only(report.figures, "spi_t").value


def test_the_progress_of_an_outcome_is_the_mean_of_exact_shares() -> None:
    story = Story()
    promise_goal(story, "parent", "2026-03-02T06:00", owner="ben", due=date(2026, 6, 1))
    for number, target in enumerate((3, 6, 6)):
        measure = MeasureInput(kind="number", unit="parts", baseline=0, target=target)
        count_goal(story, f"part{number}", measure=measure, supports=["parent"])
        story.says("ana", RecordValue(value=1), on=f"part{number}", at="2026-03-03")
    goals = {story.id(name, "goal"): story.state(name) for name in ("parent", "part0", "part1", "part2")}
    parent, *parts = goals

    assert Fraction(2, 9) == ProgressCalculator(goals, {parent: parts}).compute(parent)


def test_a_target_moves_by_what_lies_between_both_to_the_last_decimal(
    database: Database, project: ProjectStory
) -> None:
    story = Story()
    first = MeasureInput(kind="number", baseline="123456789012345", target="123456789012345.000004")
    second = MeasureInput(kind="number", baseline="123456789012345", target="123456789012345.000007")
    promise_goal(story, "goal", "2026-03-02", measure=first)
    story.says("ana", ProposeChange(changes=Changes(measure=second), reason=why()), at="2026-03-03")
    story.says("sam", AcceptChange(), at="2026-03-03T10:00")

    report = drift_report.build_report(database, project(story, instant("2026-03-12T00:00")))

    assert 0.75 == only(report.figures, "scope_target_net", negotiated=True).value


NUMBERS = st.integers(-1000, 1000)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_progress_is_the_exact_share_of_the_way_from_baseline_to_target(baseline: int, target: int, value: int) -> None:
    if baseline == target:
        return
    story = Story()
    count_goal(story, measure=MeasureInput(kind="number", unit="parts", baseline=baseline, target=target))
    story.says("ana", RecordValue(value=value), on="goal")

    share = min(Fraction(1), max(Fraction(0), Fraction(value - baseline, target - baseline)))
    assert share == story.state().share_done
    assert abs(Fraction(story.state().progress) - share) <= Fraction(1, 2 * 10**6)
