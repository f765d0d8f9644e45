"""Explain suffices: figures computed anew from nothing but the events that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.envelope import RecordedEvent
from domain.goal import events as e
from domain.goal.acts import (
    AcceptChange,
    Affirm,
    BlockerInput,
    Changes,
    Pause,
    ProposeChange,
    RaiseBlocker,
    RecordValue,
    ResolveBlocker,
    Resume,
)
from domain.member.member import DeclareAbsence, DeclareCapacity
from domain.terms import MeasureInput
from projections.as_of import AsOf, resolve_as_of
from projections.database.database import Database
from projections.drift import report as drift_report
from projections.figures import Figure, ReportScope, round_for_report
from projections.overload import report as overload_report
from projections.support import report as support_report
from tests.conftest import copy_sqlite
from tests.projections.conftest import ProjectStory
from tests.projections.explained import compute_idle_days, compute_week, group_goals
from tests.projections.overload_stories import promise_goal
from tests.projections.random_histories import steps, story_of
from tests.projections.test_replay import engine_with_empty_views
from tests.spec import why
from tests.story import Story

EXPLAIN = ReportScope(explain=True)
#: The end of a scope figure's name, and what each move adds to it.
SUMS: dict[str, Callable[[int], int]] = {
    "net_days": lambda days: days,
    "churn_days": abs,
    "slipped_days": lambda days: max(days, 0),
    "pulled_in_days": lambda days: max(-days, 0),
}


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{copy_sqlite(sqlite_template, tmp_path / 'explained.db')}")
    yield database
    database.close()


def named(story: Story, figure: Figure) -> list[RecordedEvent]:
    """The events that the figure names, and no others."""
    wanted = set(figure.events or [])
    return [recorded for recorded in story.events if recorded.event_id in wanted]


def assert_loads_follow(story: Story, view: AsOf, figures: list[Figure]) -> None:
    for figure in (f for f in figures if f.name == "load_ratio"):
        assert figure.week is not None
        planned, available = compute_week(named(story, figure), figure.week, view.today)
        ratio = planned / available if available else None if planned else Fraction(0)
        told = figure.planned_hours, figure.available_hours, figure.value
        assert tuple(map(round_for_report, (planned, available, ratio))) == told, figure


def assert_work_in_progress_follows(story: Story, figures: list[Figure]) -> None:
    for figure in (f for f in figures if f.name == "wip_ratio"):
        assert figure.n == len(group_goals(named(story, figure)))


def assert_stale_ratios_follow(story: Story, view: AsOf, figures: list[Figure]) -> None:
    for figure in (f for f in figures if f.name == "stale_ratio"):
        idle = compute_idle_days(named(story, figure), view.at)
        assert round_for_report(idle / view.policy.policy.cadence_days) == figure.value, figure


def assert_scope_follows(story: Story, figures: list[Figure]) -> None:
    for figure in (f for f in figures if f.name.startswith("scope_due_")):
        part = SUMS[figure.name.removeprefix("scope_due_")]
        consent = "retroactive" if figure.retroactive else "negotiated" if figure.negotiated else "alone"
        goals = group_goals(named(story, figure))
        days = sum(part(moved) for goal in goals for moved, how in goal.moves if how == consent)
        first = sum(max(0, goal.first_duration) for goal in goals)
        ratio = Fraction(days, first) if first else None
        assert (days if goals else None, round_for_report(ratio)) == (figure.value, figure.ratio), figure


def assert_shares_follow(story: Story, overload: list[Figure], drift: list[Figure]) -> None:
    """How many promises there were and how many began imposed; of how many goals some are quiet for too long."""
    (imposed,) = [f for f in overload if f.name == "imposed_share"]
    events: list[Any] = named(story, imposed)
    began = sum(isinstance(r.data, e.GoalRequested) and r.data.imposed for r in events)
    promised = sum(isinstance(r.data, e.GoalPromised | e.GoalAccepted) for r in events)
    assert (began, promised) == (imposed.count, imposed.n)
    (stale,) = [f for f in drift if f.name == "stale_share"]
    over = {f.goal for f in drift if f.name == "stale_ratio" and f.line}
    goals = {r.stream_id for r in named(story, stale) if r.kind == "goal"}
    assert (len(goals & over), len(goals)) == (stale.count, stale.n)


# Each example empties the one database.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.integers(1, 60), st.integers(0, 23))
def test_loads_stale_ratios_and_scopes_follow_from_the_events_that_they_name(
    sqlite: Database, draws: Any, days: int, hour: int
) -> None:
    story = story_of(draws)
    at = story.events[0].occurred_at + timedelta(days=days, hours=hour)
    engine_with_empty_views(sqlite, story).catch_up()
    view = resolve_as_of(sqlite, story, story.organisation_id, as_of=at, now=story.now)
    overload = overload_report.build_report(sqlite, view, EXPLAIN).figures
    drift = drift_report.build_report(sqlite, view, EXPLAIN).figures

    assert_loads_follow(story, view, overload)
    assert_work_in_progress_follows(story, overload)
    assert_stale_ratios_follow(story, view, drift)
    assert_scope_follows(story, drift)
    assert_shares_follow(story, overload, drift)


# --- by hand, on both databases --------------------------------------------------------------------------------------


def change_goal(story: Story, at: str, **changes: Any) -> None:
    story.says("ana", ProposeChange(changes=Changes(**changes), reason=why()), at=f"{at}T09:00")
    story.says("sam", AcceptChange(), at=f"{at}T10:00")


@pytest.fixture
def eventful() -> Story:
    """Everything that a load or a stale ratio depends on, and later words that change nothing of it."""
    story = Story()
    story.says("ana", DeclareCapacity(hours_per_week=30, from_=date(2026, 3, 1)))
    measure = MeasureInput(kind="number", baseline=0, target=3)
    promise_goal(story, "goal", "2026-03-02T07:00", effort_hours=60, measure=measure, due=date(2026, 6, 30))
    change_goal(story, "2026-03-03", effort_hours=48, measure=MeasureInput(kind="number", baseline=0, target=6))
    story.says("ana", RecordValue(value=2), at="2026-03-04")
    change_goal(story, "2026-03-05", pause=Pause(paused_from=date(2026, 3, 9), resume_on=date(2026, 3, 20)))
    change_goal(story, "2026-03-06", due=date(2026, 6, 12))
    story.says("ana", Resume(reason=why()), at="2026-03-16")
    story.says("ana", RaiseBlocker(blocker=BlockerInput(text="no room")), at="2026-03-16T10:00")
    gone = story.last_event().event_id
    story.says("ana", ResolveBlocker(blocker=str(gone), resolution="found"), at="2026-03-16T11:00")
    story.says("ana", RaiseBlocker(blocker=BlockerInput(text="no light")), at="2026-03-16T12:00")
    story.says("ana", DeclareAbsence(from_=date(2026, 3, 18), to=date(2026, 3, 20)), at="2026-03-16")
    story.says("ana", DeclareAbsence(from_=date(2026, 6, 1), to=date(2026, 6, 5)), at="2026-03-16T10:00")
    change_goal(story, "2026-03-17", conditions=["It is read", "And known"])
    return story


def test_a_load_names_what_set_it_and_not_what_came_after(
    database: Database, project: ProjectStory, eventful: Story
) -> None:
    view = project(eventful, date(2026, 3, 17))
    figures = overload_report.build_report(database, view, EXPLAIN).figures

    assert_loads_follow(eventful, view, figures)
    week = next(f for f in figures if f.member == eventful.id("ana") and f.week == date(2026, 3, 16))
    told = {recorded.type for recorded in named(eventful, week)}
    assert {"goal.value_recorded.v1", "goal.blocker_raised.v1", "member.absence_declared.v1"} <= told
    # Neither a change of nothing that counts, nor a blocker that is resolved.
    assert not set(week.events or []) & {eventful.last_event().event_id, find_resolved(eventful)}


def find_resolved(story: Story) -> UUID:
    return next(r.event_id for r in story.events if r.type == "goal.blocker_raised.v1")


def test_a_stale_ratio_names_the_pauses_and_absences_that_stopped_its_clock(
    database: Database, project: ProjectStory, eventful: Story
) -> None:
    eventful.says("ana", Affirm(), at="2026-03-17T11:00")
    change_goal(eventful, "2026-03-18", pause=Pause(paused_from=date(2026, 4, 1), resume_on=date(2026, 4, 10)))
    view = project(eventful, date(2026, 4, 20))
    figures = drift_report.build_report(database, view, EXPLAIN).figures

    assert_stale_ratios_follow(eventful, view, figures)
    (figure,) = [f for f in figures if f.name == "stale_ratio"]
    told = [recorded.type for recorded in named(eventful, figure)]
    # The absence in June is yet to come, the pause in March was over before the last word.
    assert ["member.absence_declared.v1", "goal.change_proposed.v1", "goal.change_accepted.v1"] == told


def test_a_scope_names_the_promise_of_every_goal_and_every_move(
    database: Database, project: ProjectStory, eventful: Story
) -> None:
    promise_goal(eventful, "still", "2026-03-17T12:00", owner="ben", due=date(2026, 6, 1))
    figures = drift_report.build_report(database, project(eventful, date(2026, 3, 17)), EXPLAIN).figures

    assert_scope_follows(eventful, figures)
    (pulled,) = [f for f in figures if f.name == "scope_due_pulled_in_days" and f.negotiated]
    assert {"still", "goal"} == {
        ref for ref in ("still", "goal") if eventful.id(ref, "goal") in {r.stream_id for r in named(eventful, pulled)}
    }


def test_an_estimate_names_the_efforts_in_the_middle(database: Database, project: ProjectStory) -> None:
    story = Story()
    dates = {"start": date(2026, 3, 2), "due": date(2026, 3, 13)}
    promise_goal(story, "rate", "2026-03-02T07:00", **dates)
    for number, hours in enumerate((1, 2, 30, 50, 90, 20)):
        promise_goal(story, f"g{number}", "2026-03-02T07:00", owner="ben", effort_hours=hours, **dates)
    figures = overload_report.build_report(database, project(story, date(2026, 3, 2)), EXPLAIN).figures

    (week,) = [f for f in figures if f.member == story.id("ana") and f.week == date(2026, 3, 2)]
    stated = [goal.effort_hours for goal in group_goals(named(story, week))]
    # 20 and 30 are in the middle of six: 25 hours on ten days, five of them this week.
    assert (12.5, [None, "20", "30"]) == (week.planned_hours, sorted(stated, key=lambda hours: hours or ""))


def test_progress_by_time_names_what_set_progress_and_dates(
    database: Database, project: ProjectStory, eventful: Story
) -> None:
    view = project(eventful, date(2026, 6, 1))
    (figure,) = [f for f in support_report.build_report(database, view, EXPLAIN).figures if f.name == "spi_t"]

    (goal,) = group_goals(named(eventful, figure))
    elapsed = Fraction((view.today - goal.start).days + 1) - Fraction(1, 86_400_000_000)
    assert round_for_report(goal.progress * ((goal.due - goal.start).days + 1) / elapsed) == figure.value
