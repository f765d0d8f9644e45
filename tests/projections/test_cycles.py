"""Cycles as versions and the review of them, at any time, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from domain.cycle import acts as c
from domain.cycle.state import Closed, Running
from domain.goal import acts as g
from projections.as_of import resolve_as_of
from projections.cycles.cycles import cycle_at, cycles_at, find_undecided_goals, load_cycle_goals
from projections.cycles.review import CyclesReport, build_report
from projections.database.database import Database
from projections.figures import Figure, ReportScope
from projections.goals import GoalFilters, load_goals_page
from projections.history import history
from projections.sight import EVERYTHING
from services.cloud_events import to_cloud_event
from tests.domain.cycles import (
    adopt_purpose,
    agree_improvement,
    close_cycle,
    open_act,
    promise_goals,
    reflect,
    story_with_cycle,
    story_with_purpose,
)
from tests.domain.test_cycle_properties import CycleRun, begun_steps
from tests.naive_cycles import NaiveCycles
from tests.projections.conftest import ProjectStory
from tests.projections.test_replay import engine_with_empty_views
from tests.spec import Story, why


def find_figure(told: CyclesReport, name: str) -> Figure:
    (found,) = [f for f in told.figures if f.name == name]
    return found


def count_and_n(told: CyclesReport, name: str) -> tuple[int | None, int | None]:
    return find_figure(told, name).count, find_figure(told, name).n


def test_a_cycle_is_shown_as_it_stood(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle("one")
    before = story.now
    close_cycle(story, "one")
    cycle = story.id("cycle", "cycle")

    now, then = cycle_at(database, project(story), cycle), cycle_at(database, project(story, before), cycle)

    assert isinstance(now, Closed)
    assert isinstance(then, Running)
    assert len(story.stream("cycle", "cycle")) == now.version == then.version
    assert None is cycle_at(database, project(story, date(2026, 1, 4)), cycle)
    assert [cycle] == [held.id for held in cycles_at(database, project(story))]


def test_goals_are_listed_by_cycle_as_the_lens_shows_it(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle("one", "two")
    promise_goals(story, "three")
    before = story.now
    story.says("lea", c.IncludeGoal(goal="three"))
    filters = GoalFilters(cycle=story.id("cycle", "cycle"))

    def listed(view: Any) -> set[Any]:
        return {goal.id for goal in load_goals_page(database, view, filters).goals}

    one, two, three = (story.id(goal, "goal") for goal in ("one", "two", "three"))
    assert {one, two, three} == listed(project(story))
    assert {one, two} == listed(project(story, before))
    first = load_goals_page(database, project(story), filters, limit=2)
    rest = load_goals_page(database, project(story), filters, limit=2, cursor=first.next)
    assert {one, two, three} == {goal.id for goal in (*first.goals, *rest.goals)}


def test_an_undecided_goal_is_one_of_which_nothing_true_was_said(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle("one", "two", "three")
    story.says("lea", c.SettleGoal(goal="one", how="carried_on"))
    story.says("sam", g.Cancel(reason=why()), on="two")
    view = project(story)
    cycle = cycle_at(database, view, story.id("cycle", "cycle"))
    assert cycle is not None

    goals = load_cycle_goals(database, view, (held.goal for held in cycle.goals))

    assert [story.id("three", "goal")] == [goal.id for goal in find_undecided_goals(cycle, goals)]


# --- the review ------------------------------------------------------------------------------------------------------


def test_the_review_tells_what_became_of_goals_and_improvements(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle("one", "two", "three", "four")
    done, dropped, late = agree_improvement(story), agree_improvement(story), agree_improvement(story)
    story.says("ben", c.FinishImprovement(improvement=str(done)))
    story.says("ben", c.DropImprovement(improvement=str(dropped), reason=why()))
    story.says("ana", g.ProposeChange(changes=g.Changes(effort_hours=5), reason=why()), on="two")
    story.says("sam", g.AcceptChange(), on="two")
    story.says("sam", g.Cancel(reason=why()), on="three")
    story.says("ana", g.DeclareComplete(), on="four")
    story.says("sam", g.DeclareSatisfied(), on="four")
    story.says("lea", c.SettleGoal(goal="two", how="renegotiated"))
    close_cycle(story, "one")
    story.now = story.now.replace(month=3, day=2)

    told = build_report(database, project(story), ReportScope(explain=True))

    assert {(1, 4)} == {
        count_and_n(told, f"goals_{what}") for what in ("carried_on", "renegotiated", "kept", "dropped")
    }
    assert [(1, 3), (1, 3), (1, 3), (1, 1)] == [
        count_and_n(told, f"improvements_{what}") for what in ("done", "dropped", "open", "overdue")
    ]
    assert [late] == [i.improvement for i in told.improvements if i.overdue]
    assert [late] == find_figure(told, "improvements_overdue").events
    for what in ("done", "dropped", "open"):
        assert {done, dropped, late} < set(find_figure(told, f"improvements_{what}").events or ())
    assert [("closed", 0)] == [(held.state, held.undecided) for held in told.cycles]
    assert [("we asked early", story.id("ben"))] == [(said.worked, said.by) for said in told.reflections]


def test_a_carried_improvement_counts_once_as_its_last_cycle_knows_it(
    database: Database, project: ProjectStory
) -> None:
    story = story_with_cycle()
    kept = agree_improvement(story)
    close_cycle(story)
    story.says("lea", open_act(follows="cycle"), on="next")
    before = story.now
    story.says("ben", c.FinishImprovement(improvement=str(kept)), on="next")

    assert [(1, 1), (0, 1)] == [
        count_and_n(build_report(database, project(story)), f"improvements_{x}") for x in ("done", "open")
    ]
    then = build_report(database, project(story, before))
    assert [(0, 1), (1, 1)] == [count_and_n(then, f"improvements_{x}") for x in ("done", "open")]
    assert [True] == [i.carried for i in then.improvements]


def test_learning_is_told_with_what_came_along(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle("one")
    story.says("mia", c.RecordLearning(text="Meet less"))
    story.says("sam", g.Cancel(reason=why()), on="one")
    close_cycle(story)
    story.says("lea", open_act(follows="cycle"), on="next")
    story.says("mia", c.RecordLearning(text="Ask early"), on="next")

    told = build_report(database, project(story))

    by_cycle = [(x.cycle == story.id("next", "cycle"), x.text, x.ended, x.brought) for x in told.learning]
    assert [
        (False, "Meet less", None, False),
        (True, "", "cancelled", True),
        (True, "Ask early", None, False),
        (True, "Meet less", None, True),
    ] == sorted(by_cycle)
    assert 2 == find_figure(told, "lessons").value


def test_the_window_takes_what_closed_in_it_and_always_the_last(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle()
    close_cycle(story)
    for follows, name in (("cycle", "second"), ("second", "third")):
        story.now += timedelta(days=40)
        story.says("lea", open_act(follows=follows), on=name)
        if name == "second":
            close_cycle(story, on=name)

    def reviewed(window: int) -> set[str]:
        told = build_report(database, project(story), ReportScope(window=window))
        return {
            name for name in ("cycle", "second", "third") for x in told.cycles if x.cycle == story.id(name, "cycle")
        }

    assert {"second", "third"} == reviewed(28)
    assert {"cycle", "second", "third"} == reviewed(366)


def test_of_a_member_only_what_is_theirs_is_told(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle("one")
    agree_improvement(story, owner="ben")
    agree_improvement(story, owner="mia")
    reflect(story)
    credit = c.CreditContribution(goal="one", member="mia", text="Found the slow query")
    story.says("lea", credit)

    mia = build_report(database, project(story), ReportScope(member=story.id("mia"), explain=True))

    assert [story.id("mia")] == [i.owner for i in mia.improvements]
    assert ([], 1) == (mia.reflections, len(mia.contributions))
    assert (0, []) == (find_figure(mia, "reflections").value, find_figure(mia, "reflections").events)
    assert story.id("mia") == find_figure(mia, "contributions").member
    assert [] == build_report(database, project(story), ReportScope(member=story.id("sam"))).improvements


def test_reflections_are_counted_of_those_whose_cycle_it_is(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle()
    reflect(story)
    story.says("ben", c.ShareReflection(improve="less"))
    story.says("stella", c.ShareReflection(improve="from outside"))

    told = build_report(database, project(story), ReportScope(team=story.id("core", "team")))

    assert (1, 5) == count_and_n(told, "reflection_share")
    assert 3 == find_figure(told, "reflections").value


def test_a_cycle_past_its_last_day_is_overdue(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle()

    assert [False] == [x.overdue for x in build_report(database, project(story, date(2026, 4, 10))).cycles]
    assert [True] == [x.overdue for x in build_report(database, project(story, date(2026, 4, 11))).cycles]


def test_each_team_has_its_own_review(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle()
    adopt_purpose(story, "organisation", by="stella")
    story.says("stella", open_act(team=None), on="year")

    def reviewed(**whose: Any) -> list[Any]:
        return [x.team for x in build_report(database, project(story), ReportScope(**whose)).cycles]

    assert {story.id("core", "team"), None} == set(reviewed())
    assert [story.id("core", "team")] == reviewed(team=story.id("core", "team"))


def test_the_same_lens_gives_the_same_bytes_whatever_comes_after(database: Database, project: ProjectStory) -> None:
    story = story_with_cycle("one")
    reflect(story)
    at = story.now
    view = project(story, at, recorded_as_of=at)
    before = build_report(database, view, ReportScope(explain=True))
    close_cycle(story, "one")

    assert before == build_report(database, project(story, at, recorded_as_of=at), ReportScope(explain=True))


@pytest.mark.parametrize("empty", [True, False])
def test_without_a_cycle_there_is_nothing_to_review(database: Database, project: ProjectStory, empty: bool) -> None:
    story = Story() if empty else story_with_purpose()

    told = build_report(database, project(story))

    assert ([], [], []) == (told.cycles, told.improvements, told.learning)
    assert "no_data" == find_figure(told, "improvements_done").status


# --- any history -----------------------------------------------------------------------------------------------------

# Each example empties the one database.
on_one_database = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@on_one_database
@given(begun_steps)
def test_following_live_gives_what_a_replay_gives_and_the_review_agrees_with_the_domain(
    database: Database, draws: Any
) -> None:
    story = CycleRun(draws).story
    engine = engine_with_empty_views(database, story)
    while engine.catch_up(limit=7):
        pass

    assert [] == engine.verify()
    view = resolve_as_of(database, story, story.organisation_id, now=story.now)
    shown = {cycle.id: cycle for cycle in cycles_at(database, view)}
    assert {state.id: state for state in story.states("cycle")} == shown
    told = build_report(database, view, ReportScope(window=366, explain=True))
    events = [msgspec.json.decode(msgspec.json.encode(to_cloud_event(event, "", ""))) for event in story.events]
    for window in (366, 1):
        naive = NaiveCycles(events, view.at, "UTC", window)
        for team in (None, story.id("core", "team"), story.id("edge", "team")):
            report = build_report(database, view, ReportScope(window=window, team=team))
            found = {figure.name: (figure.count, figure.n, figure.value) for figure in report.figures}
            del found["goals_undecided"]
            assert found == naive.figures(None if team is None else str(team)), (window, team)
    assert len({i.improvement for i in told.improvements}) == len(told.improvements)
    for cycle in shown:
        texts = [entry.text for entry in history.load_history(database, view, cycle, sight=EVERYTHING)]
        assert all(text.endswith(".") and "somebody" not in text for text in texts)
