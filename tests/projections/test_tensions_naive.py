"""The tensions report against a plain fold over the exported events, on the demo's history and on ones of any shape."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.envelope import RecordedEvent
from projections.as_of import resolve_as_of
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.engine.engine import Engine
from projections.figures import ReportScope
from projections.tensions import report as tensions_report
from projections.tensions.report import TensionsReport
from tests.conftest import copy_sqlite
from tests.projections.naive_tensions import Naive, assess
from tests.projections.random_support_histories import story_of
from tests.services.test_seed import TODAY, build_story
from tests.story import Story

#: Hours between two acts, and by how many a check-in is recorded late.
HOURS, LATE = (0, 1, 5, 20, 60, 200), (0, 0, 0, 3, 30)


def export_events(recorded: Iterable[RecordedEvent]) -> list[dict[str, Any]]:
    """What the feed sends of each event."""
    exported = [
        {
            "id": str(event.event_id),
            "stream": event.stream,
            "version": event.version,
            "type": event.type,
            "at": event.occurred_at.isoformat(),
            "data": msgspec.to_builtins(event.data),
        }
        for event in recorded
    ]
    return msgspec.json.decode(msgspec.json.encode(exported))  # type: ignore[no-any-return]


def find_naive_states(events: list[dict[str, Any]], at: datetime, team: str | None) -> dict[str, bool | None]:
    before = Naive(events, at - timedelta(days=7), team).compute()
    return assess(Naive(events, at, team).compute(), before)


def build(database: Database, story: Story, day: date, team: str | None) -> tuple[TensionsReport, datetime]:
    asked = story.id(team, "team") if team is not None else None
    view = resolve_as_of(database, story, story.organisation_id, as_of=day, now=story.now)
    scope = ReportScope.with_default_window(team=asked, member=None, window=None, explain=False, default_days=84)
    return tensions_report.build_report(database, view, scope), view.at


def compare(report: TensionsReport, events: list[dict[str, Any]], at: datetime, team: str | None) -> None:
    """Every figure, then every state."""
    naive = Naive(events, at, team).compute()
    shown = {figure.name: figure for figure in report.figures}
    assert naive.keys() <= shown.keys()
    for name, (value, n) in naive.items():
        figure = shown[name]
        if name == "approaches_in_window":
            assert value == figure.value
        elif figure.status == "no_charter":
            assert not value
        elif figure.count is not None:
            assert (name, value, n) == (name, figure.count, figure.n)
        else:
            assert (name, n) == (name, figure.n)
            assert figure.value == (None if value is None else pytest.approx(float(Fraction(value)), abs=1e-6))
    words = {None: "too_few", True: "shows", False: "absent"}
    states = {str(entry.tension): entry.state for entry in report.tensions}
    expected = assess(naive, Naive(events, at - timedelta(days=7), team).compute())
    assert {name: words[shows] for name, shows in expected.items()} == {name: states[name] for name in expected}
    yes_and = shown["yes_and_ratio"]
    few = (yes_and.n or 0) < 5  # noqa: PLR2004 - five cases
    assert ("too_few" if few else "shows" if yes_and.line == "red" else "absent") == states["yes_and"]


def find_naive_since(events: list[dict[str, Any]], at: datetime, team: str, names: list[Any]) -> dict[Any, date]:
    """Sunday by Sunday backwards, each while it shows."""
    since, day = dict.fromkeys(names, at.date()), at.date() - timedelta(days=at.date().weekday() + 1)
    waiting = list(names)
    for _ in range(12):
        states = find_naive_states(events, datetime.combine(day, datetime.max.time(), at.tzinfo), team)
        waiting = [name for name in waiting if states[name]]
        since |= dict.fromkeys(waiting, day)
        day -= timedelta(days=7)
        if not waiting:
            break
    return since


@pytest.fixture(scope="module")
def demo() -> Story:
    return build_story(TODAY)


@pytest.fixture(scope="module")
def demo_events(demo: Story) -> list[dict[str, Any]]:
    return export_events(demo.events)


@pytest.fixture(scope="module")
def demo_views(demo: Story, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = copy_sqlite(sqlite_template, tmp_path_factory.mktemp("tensions") / "plimsoll.db")
    database = Database.open(f"sqlite:///{path}")
    Engine(demo, database, PROJECTIONS).catch_up()
    yield database
    database.close()


@pytest.mark.parametrize(("team", "days"), [(None, 0), (None, 200), ("platform", 0), ("platform", 31), ("data", 3)])
def test_the_demos_figures_are_those_of_a_plain_fold(
    demo: Story, demo_events: list[dict[str, Any]], demo_views: Database, team: str | None, days: int
) -> None:
    report, at = build(demo_views, demo, TODAY - timedelta(days=days), team)

    compare(report, demo_events, at, str(demo.id(team, "team")) if team is not None else None)


def test_since_when_is_found_sunday_by_sunday(
    demo: Story, demo_events: list[dict[str, Any]], demo_views: Database
) -> None:
    # given a time at which some tensions show
    report, at = build(demo_views, demo, TODAY - timedelta(days=2), "platform")
    shown = {e.tension: e.since for e in report.tensions if e.state == "shows" and e.tension != "yes_and"}

    # then each since is that of the same walk over the events alone
    assert len(shown) > 1
    assert find_naive_since(demo_events, at, str(demo.id("platform", "team")), list(shown)) == shown


@pytest.mark.parametrize("seed", range(6))
def test_figures_of_generated_histories_are_those_of_a_plain_fold(sqlite_url: str, seed: int) -> None:
    chance = random.Random(seed)
    draws = [
        (chance.randrange(17), chance.randrange(2), chance.randrange(12), chance.choice(HOURS), chance.choice(LATE))
        for _ in range(40)
    ]
    story, database = story_of(draws), Database.open(sqlite_url)
    Engine(story, database, PROJECTIONS).catch_up()
    for days in (0, 20):
        report, at = build(database, story, story.now.date() - timedelta(days=days), "core")
        compare(report, export_events(story.events), at, str(story.id("core", "team")))
    database.close()
