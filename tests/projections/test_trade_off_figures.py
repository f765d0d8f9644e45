"""What an addition displaced, and what came back after it had paid: counted by hand, on both databases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.goal.acts import Promise, TradeOffInput
from domain.team import team
from domain.terms import Priority
from projections.overload.report import OverloadReport
from tests.projections.overload_stories import (
    RunReport,
    cancel_goal,
    change_goal,
    find_figure,
    parse_day,
    promise_goal,
    story_at_capacity,
    trade_offs_for,
)
from tests.spec import request
from tests.story import Story

STEWARD = frozenset({"steward"})


@pytest.fixture
def two_teams() -> Story:
    """Ana is full; her critical goal `vital` is team blue's, what comes next is team red's."""
    story = story_at_capacity()
    for name in ("blue", "red"):
        story.says("stella", team.Create(name=name.title(), lead="lea", ref=name), on=name, roles=STEWARD)
    promise_goal(
        story,
        "vital",
        "2026-01-20",
        effort_hours=80,
        priority=Priority.CRITICAL,
        start=parse_day("2026-03-02"),
        due=parse_day("2026-04-10"),
        said={"team": "blue"},
    )
    return story


def take_on(story: Story, goal: str, at: str, *, hours: int = 20, owner: str = "ana", **said: Any) -> UUID:
    """A promise, of team red where nothing else is said, due on the day of `vital`."""
    dates = {"start": parse_day(at[:10]), "due": parse_day("2026-04-10")}
    return promise_goal(story, goal, at, owner=owner, effort_hours=hours, said={"team": "red", **said}, **dates)


def days_displaced(report: OverloadReport, story: Story) -> tuple[Any, list[Any]]:
    """The group's figure, and those of the goal `vital`."""
    of_goal = [f.value for f in report.figures if f.goal == story.id("vital", "goal")]
    return find_figure(report, "critical_displacement_days").value, of_goal


def test_a_critical_slip_counts_for_the_team_whose_goal_slipped_when_the_addition_names_it(
    run_overload: RunReport, two_teams: Story
) -> None:
    take_on(two_teams, "new", "2026-03-04", trade_offs=[TradeOffInput(kind="defer", goal="vital")])
    change_goal(two_teams, "vital", "2026-03-05", due=parse_day("2026-04-24"))

    assert (14.0, [14]) == days_displaced(run_overload(two_teams, "2026-03-06"), two_teams)
    assert (14.0, [14]) == days_displaced(run_overload(two_teams, "2026-03-06", team="blue"), two_teams)
    assert (None, []) == days_displaced(run_overload(two_teams, "2026-03-06", team="red"), two_teams)


def test_a_critical_slip_counts_for_its_team_when_the_trade_off_is_inferred(
    run_overload: RunReport, two_teams: Story
) -> None:
    take_on(two_teams, "new", "2026-03-04", hours=4)
    change_goal(two_teams, "vital", "2026-03-05", due=parse_day("2026-04-24"))

    assert (14.0, [14]) == days_displaced(run_overload(two_teams, "2026-03-06"), two_teams)
    assert (14.0, [14]) == days_displaced(run_overload(two_teams, "2026-03-06", team="blue"), two_teams)


@pytest.mark.parametrize(("slips_on", "days"), [("2026-02-25", 14), ("2026-02-24", 0)])
def test_a_critical_slip_counts_when_an_addition_to_somebody_else_s_load_names_it(
    run_overload: RunReport, two_teams: Story, slips_on: str, days: int
) -> None:
    change_goal(two_teams, "vital", slips_on, due=parse_day("2026-04-24"))
    take_on(two_teams, "new", "2026-03-04", owner="ben", trade_offs=[TradeOffInput(kind="defer", goal="vital")])

    assert (days, [days]) == days_displaced(run_overload(two_teams, "2026-03-06"), two_teams)
    assert (days, [days]) == days_displaced(run_overload(two_teams, "2026-03-06", team="blue"), two_teams)


def follow_up(story: Story, at: str) -> UUID:
    return promise_goal(story, "again", at, effort_hours=2, due=parse_day("2026-06-30"), said={"follow_up_of": "other"})


def undone(report: OverloadReport) -> tuple[Any, Any, list[UUID]]:
    """Value, n, and the events by which something came back, as the additions tell."""
    figure = find_figure(report, "trade_offs_undone")
    back = [t.came_back for a in report.additions for t in a.trade_offs if t.came_back is not None]
    return figure.value, figure.n, back


def test_what_came_back_before_it_paid_for_anything_was_not_undone(run_overload: RunReport) -> None:
    story = story_at_capacity()
    cancel_goal(story, "other", "2026-03-02")
    follow_up(story, "2026-03-03")
    take_on(story, "new", "2026-03-04", team="core")

    assert (0, 0, []) == undone(run_overload(story, "2026-03-04"))


def test_a_due_that_moved_back_before_the_addition_that_names_it_paid_for_nothing(run_overload: RunReport) -> None:
    story = story_at_capacity()
    change_goal(story, "other", "2026-03-02", due=parse_day("2026-04-30"))
    change_goal(story, "other", "2026-03-03", due=parse_day("2026-04-10"))
    take_on(story, "new", "2026-03-04", team="core", trade_offs=[TradeOffInput(kind="defer", goal="other")])

    assert (0, 0, []) == undone(run_overload(story, "2026-03-04"))


def test_what_paid_for_one_addition_is_undone_though_a_later_one_would_have_taken_its_hours(
    run_overload: RunReport,
) -> None:
    story = story_at_capacity()
    take_on(story, "new", "2026-03-04", team="core")
    cancel_goal(story, "other", "2026-03-05")
    back = follow_up(story, "2026-03-06")
    # Named comes before inferred: had it been there in time, all hours would have been its own.
    asked = request("ana", effort_hours=60, start=parse_day("2026-03-09"), due=parse_day("2026-04-10"))
    story.says("sam", asked, on="later", at="2026-03-09")
    story.says("ana", Promise(trade_offs=[TradeOffInput(kind="drop", goal="other")]), on="later", at="2026-03-09T10:00")

    assert (1, 1, [back]) == undone(run_overload(story, "2026-03-09"))


def test_a_critical_slip_that_was_taken_back_before_the_addition_displaced_nothing_for_it(
    run_overload: RunReport, two_teams: Story
) -> None:
    change_goal(two_teams, "vital", "2026-03-02", due=parse_day("2026-04-24"))
    change_goal(two_teams, "vital", "2026-03-03", due=parse_day("2026-04-10"))
    take_on(two_teams, "new", "2026-03-04", hours=4)

    assert (0.0, [0]) == days_displaced(run_overload(two_teams, "2026-03-05", team="blue"), two_teams)


def test_a_slip_that_says_for_what_it_pays_counts_as_before(run_overload: RunReport, two_teams: Story) -> None:
    take_on(two_teams, "new", "2026-03-04", owner="ben")
    change_goal(two_teams, "vital", "2026-03-05", due=parse_day("2026-04-24"), trade_offs=trade_offs_for("new"))

    assert (14.0, [14]) == days_displaced(run_overload(two_teams, "2026-03-06", team="blue"), two_teams)
