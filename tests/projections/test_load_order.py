"""The load right after an act: the events before it in the log count, those after it do not, whatever their instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Refusal
from domain.goal import acts as a
from domain.goal.events import TakenAs
from domain.member.member import DeclareAbsence, DeclareCapacity
from projections.as_of import AsOf, resolve_as_of
from projections.database.database import Database
from projections.figures import ReportScope
from projections.overload import report as overload_report
from tests.conftest import copy_sqlite
from tests.projections.conftest import ProjectStory
from tests.projections.overload_stories import promise_goal
from tests.projections.test_replay import engine_with_empty_views
from tests.spec import offer, why
from tests.story import Story

HALF: dict[str, Any] = {"effort_hours": 32, "start": date(2026, 3, 2), "due": date(2026, 3, 13)}


def test_of_two_promises_of_one_instant_the_first_is_weighed_without_the_second(
    database: Database, project: ProjectStory
) -> None:
    story = Story()
    for goal in ("first", "second"):
        promise_goal(story, goal, "2026-03-02", **HALF)

    view = project(story, date(2026, 3, 2))

    assert [("slack", 0.5, True), ("within_line", 1.0, False)] == weigh_additions(database, view, story)


def test_what_happens_later_in_the_same_instant_frees_nothing_before_it(
    database: Database, project: ProjectStory
) -> None:
    story = Story()
    promise_goal(story, "first", "2026-03-02", **HALF)
    promise_goal(story, "second", "2026-03-02", **HALF)
    story.says("sam", a.Cancel(reason=why()), on="first", at="2026-03-02")
    story.says("ana", DeclareCapacity(hours_per_week=80, from_=date(2026, 3, 2)), at="2026-03-02")
    promise_goal(story, "third", "2026-03-02", **HALF)

    view = project(story, date(2026, 3, 2))

    assert [("slack", 0.5), ("within_line", 1.0), ("slack", 0.5)] == [
        told[:2] for told in weigh_additions(database, view, story)
    ]


def weigh_additions(database: Database, view: AsOf, story: Story) -> list[tuple[str, float | None, bool]]:
    """Of each addition how its event says it was taken, and the report's worst ratio and whether it was absorbed.

    The two agree on the week and its ratio.
    """
    report = overload_report.build_report(database, view, ReportScope(window=365))
    events = {event.event_id: event for event in story.events}
    told: list[tuple[str, float | None, bool]] = []
    for entry in report.additions:
        taken = events[entry.event].data.taken_as  # type: ignore[attr-defined]
        assert isinstance(taken, TakenAs)
        ratio = None if taken.worst_ratio is None else float(taken.worst_ratio)
        assert (taken.worst_week, ratio) == (entry.worst_week, entry.worst_ratio), entry
        told.append((taken.how, entry.worst_ratio, entry.absorbed))
    return told


# --- any history -------------------------------------------------------------------------------------------------

#: What happens, to which of three goals, with which number, and how many days after the last (0: at the same instant).
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["promise", "promise", "promise", "grow", "check_in", "block", "cancel", "pause", "capacity", "absence"]
        ),
        st.sampled_from(["one", "two", "three", "four"]),
        st.integers(1, 60),
        st.sampled_from([0, 0, 0, 1, 3]),
    ),
    min_size=4,
    max_size=24,
)


@pytest.fixture
def views(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{copy_sqlite(sqlite_template, tmp_path / 'views.db')}")
    yield database
    database.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_event_and_the_report_weigh_every_addition_alike(
    views: Database, steps: list[tuple[str, str, int, int]]
) -> None:
    story = story_of_one_owner(steps)
    engine_with_empty_views(views, story).catch_up()
    view = resolve_as_of(views, story, story.organisation_id, now=story.now)

    for how, _ratio, absorbed in weigh_additions(views, view, story):
        assert (how == "slack") == absorbed


def story_of_one_owner(steps: list[tuple[str, str, int, int]]) -> Story:
    """ana's acts and sam's answers; what is refused has not happened."""
    story = Story()
    at = story.now
    for what, goal, number, days in steps:
        at += timedelta(days=days)
        for by, act in _acts(what, number, at.date()):
            try:
                story.says(by, act, at=at, on=goal if isinstance(act, a.Act) else None)
            except Refusal:
                break
    return story


def _acts(what: str, number: int, today: date) -> list[tuple[str, Any]]:
    later = today + timedelta(days=number)
    accepted = ("sam", a.AcceptChange())
    match what:
        case "promise":
            return [("ana", offer(effort_hours=number, start=today, due=later)), ("sam", a.Accept())]
        case "grow":
            return [("ana", a.ProposeChange(changes=a.Changes(effort_hours=number + 40), reason=why())), accepted]
        case "check_in":
            return [("ana", a.CheckIn(note="on the way", progress=number / 100))]
        case "block":
            return [("ana", a.RaiseBlocker(blocker=a.BlockerInput(text="no key")))]
        case "cancel":
            return [("sam", a.Cancel(reason=why()))]
        case "pause":
            pause = a.Pause(paused_from=today, resume_on=later)
            return [("ana", a.ProposeChange(changes=a.Changes(pause=pause), reason=why())), accepted]
        case "capacity":
            return [("ana", DeclareCapacity(hours_per_week=number, from_=today))]
        case _:
            return [("ana", DeclareAbsence(from_=today, to=later))]
