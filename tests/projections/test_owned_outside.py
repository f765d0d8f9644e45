"""Goals of a team whose owners are in another: counted for the team, and nobody is named by it."""

from __future__ import annotations

import pytest

from domain.goal.acts import CheckIn, DeclareComplete
from domain.member import member
from domain.member.member import DeclareAbsence
from domain.team import team
from tests.projections.explained import list_named_goals
from tests.projections.overload_stories import RunReport, find_figure, parse_day, promise_goal
from tests.story import Story

STEWARD = frozenset({"steward"})


@pytest.fixture
def story() -> Story:
    """Of core's live goals Ana owns one, Eva of team edge two, Ned of no team one; a third of Eva's is delivered."""
    story = Story()
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=STEWARD)
    story.says("stella", member.Join(team="edge", name="Eva", ref="eva"), on="eva", roles=STEWARD)
    story.says("stella", member.Join(name="Ned", ref="ned"), on="ned", roles=STEWARD)
    dates = {"start": parse_day("2026-03-02"), "due": parse_day("2026-03-13")}
    promise_goal(story, "own", "2026-03-02T07:00", effort_hours=10, **dates)
    promise_goal(story, "stated", "2026-03-02T07:00", owner="eva", effort_hours=40, **dates)
    promise_goal(story, "unstated", "2026-03-02T07:00", owner="eva", **dates)
    promise_goal(story, "neds", "2026-03-02T07:00", owner="ned", effort_hours=6, **dates)
    promise_goal(story, "done", "2026-03-02T07:00", owner="eva", effort_hours=90, **dates)
    story.says("eva", DeclareComplete(), on="done", at="2026-03-02T08:00")
    promise_goal(story, "elsewhere", "2026-03-02T07:00", owner="eva", said={"team": "edge"}, **dates)
    return story


def test_a_team_sees_how_much_of_it_is_owned_by_others(run_overload: RunReport, story: Story) -> None:
    figure = find_figure(run_overload(story, "2026-03-02", team="core", explain=True), "owned_outside")

    # Eva's 40 hours and two weeks of 4, Ned's 6; nothing of what is delivered, nor of another team's goal.
    assert (3, 4, 0.75, 54.0, 0.148148) == (
        figure.count,
        figure.n,
        figure.value,
        figure.planned_hours,
        figure.estimated_share,
    )
    assert (story.id("core", "team"), None, True) == (figure.team, figure.interval, figure.estimated)
    promises = {story.last_event(goal).event_id for goal in ("stated", "unstated", "neds")}
    assert promises <= set(figure.events or [])
    # Also the goal that is owned inside: it is one of the four.
    assert figure.n == len(list_named_goals(story.events, figure))


def test_no_figure_of_the_team_is_about_an_owner_outside(run_overload: RunReport, story: Story) -> None:
    about = {f.member for f in run_overload(story, "2026-03-02", team="core").figures}

    assert about.isdisjoint({story.id("eva"), story.id("ned")})


def test_progress_and_absence_of_an_owner_outside_count(run_overload: RunReport, story: Story) -> None:
    story.says("eva", CheckIn(progress=0.5), on="stated", at="2026-03-02T08:30")
    story.says("eva", DeclareAbsence(from_=parse_day("2026-03-09"), to=parse_day("2026-03-13")), at="2026-03-02T08:40")

    # Half of 40, all of it in the week that she is there; the rate has that week alone.
    assert 30.0 == find_figure(run_overload(story, "2026-03-02", team="core"), "owned_outside").planned_hours


def test_a_team_that_owns_all_its_goals_has_none_outside_and_one_without_goals_no_share(
    run_overload: RunReport, story: Story
) -> None:
    edge = find_figure(run_overload(story, "2026-03-02", team="edge"), "owned_outside")
    none = find_figure(run_overload(story, "2026-02-28", team="core"), "owned_outside")

    assert (0, 1, 0.0, 0.0) == (edge.count, edge.n, edge.value, edge.planned_hours)
    assert (0, 0, None, "no_data") == (none.count, none.n, none.value, none.status)


def test_only_a_team_s_report_says_so(run_overload: RunReport, story: Story) -> None:
    for whose in ({}, {"member": "eva"}, {"member": "ana", "team": "core"}):
        assert "owned_outside" not in {f.name for f in run_overload(story, "2026-03-02", **whose).figures}
