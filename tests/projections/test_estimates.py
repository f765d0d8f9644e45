"""Hours that nobody stated: they draw no line, and sentences say that they are estimated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from domain.goal.acts import Accept
from domain.member.member import DeclareCapacity
from projections.as_of import resolve_as_of
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.engine.engine import Engine
from projections.figures import Figure
from projections.history.history import load_history
from projections.lineage.why import explain_field
from projections.sight import EVERYTHING
from tests.projections.overload_stories import (
    NOW,
    RunReport,
    find_figure,
    find_load_figure,
    parse_day,
    promise_goal,
    run_report,
)
from tests.spec import offer
from tests.story import Story

DATES: dict[str, Any] = {"start": parse_day("2026-03-02"), "due": parse_day("2026-03-27")}


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    database = Database.open(empty_url)
    yield database
    database.close()


@pytest.fixture
def ask(database: Database) -> RunReport:
    return lambda story, as_of, **asked: run_report(database, story, as_of, **asked)


def story_without_efforts(goals: int = 9) -> Story:
    """Ana promises so many goals, and nobody says what they take: 4 hours a week each, of 32."""
    story = Story()
    for number in range(goals):
        promise_goal(story, f"goal{number}", "2026-03-02", **DATES)
    return story


def status_and_line(figure: Figure) -> tuple[float | None, str | None, str | None]:
    return figure.value, figure.status, figure.line


def test_hours_that_are_all_estimated_draw_no_line_and_relieve_nobody(ask: RunReport) -> None:
    story = story_without_efforts()
    report = ask(story, "2026-03-02", team="core")
    week = find_load_figure(report, story)

    assert (1.125, "estimated_only", None, 1.0) == (*status_and_line(week), week.estimated_share)
    assert (0.0, None, None) == status_and_line(find_load_figure(report, story, week="2026-04-06"))
    assert [] == report.relief


def test_work_in_progress_is_told_before_hours(ask: RunReport) -> None:
    story = story_without_efforts()
    names = [f.name for f in ask(story, "2026-03-02", team="core").figures if f.member == story.id("ana")]

    assert ["wip_ratio", "load_ratio"] == list(dict.fromkeys(names))
    assert "red" == find_figure(ask(story, "2026-03-02"), "wip_ratio", member=story.id("ana")).line


def test_one_stated_effort_is_enough_for_a_line(ask: RunReport) -> None:
    story = story_without_efforts()
    promise_goal(story, "stated", "2026-03-02", effort_hours=1, **DATES)
    report = ask(story, "2026-03-02", team="core")

    assert (1.132812, None, "red") == status_and_line(find_load_figure(report, story))
    # Without the one that is stated what is left is estimated alone.
    (dropped,) = [o for o in report.relief[0].options if o.act == "drop" and o.goal == story.id("stated", "goal")]
    assert ("red", None) == (report.relief[0].line, dropped.line)


def test_estimated_hours_without_any_capacity_have_no_ratio_and_no_line(ask: RunReport) -> None:
    story = story_without_efforts(1)
    story.says("ana", DeclareCapacity(hours_per_week=0, from_=parse_day("2026-01-01")))

    assert (None, "no_capacity", None) == status_and_line(find_load_figure(ask(story, "2026-03-02"), story))


def test_additions_of_estimated_hours_draw_no_line_by_effort(ask: RunReport) -> None:
    story = story_without_efforts(19)
    report = ask(story, "2026-03-02", team="core")
    by_effort, by_count = (find_figure(report, name) for name in ("yes_and_by_effort", "yes_and_ratio"))

    assert (1.0, "estimated_only", None) == status_and_line(by_effort)
    assert (1.0, None, "red") == status_and_line(by_count)


def take_on(story: Story, **terms: Any) -> UUID:
    story.says("ana", offer(**terms), at="2026-03-02")
    story.says("sam", Accept(), at="2026-03-02T10:00")
    return story.last_event().event_id


@pytest.mark.parametrize(("effort", "estimated"), [(None, True), (10, False)])
def test_a_sentence_about_load_says_that_it_is_estimated(
    database: Database, effort: int | None, *, estimated: bool
) -> None:
    story = Story()
    take_on(story, **DATES, effort_hours=effort)
    engine = Engine(story, database, PROJECTIONS)
    engine.migrate()
    engine.catch_up()
    view = resolve_as_of(database, story, story.organisation_id, now=NOW)
    said = ", with slack (estimated)" if estimated else ", with slack"

    goal = story.id("goal", "goal")
    assert f"Sam accepted it{said}." == load_history(database, view, goal, sight=EVERYTHING)[-1].text
    (step,) = explain_field(database, view, goal, "due", sight=EVERYTHING).chain
    assert (f"Sam accepted it{said}.", "slack", estimated) == (step.text, step.taken_as, step.load_estimated)
    assert estimated == getattr(story.last_event().data, "load_estimated")  # noqa: B009 - of four kinds of events
