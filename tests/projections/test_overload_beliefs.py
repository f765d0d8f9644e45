"""Overload over random histories: what was believed stays what was said, and the load is what the domain folds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.goal.load_check import to_commitment
from domain.goal.state import Promised
from domain.load import week_loads
from domain.member.member import Member
from domain.registry import AGGREGATES
from projections.as_of import resolve_as_of
from projections.database.database import Database
from projections.figures import ReportScope, round_for_report
from projections.overload import report as overload_report
from projections.overload.report import OverloadReport
from tests.conftest import copy_sqlite
from tests.projections.random_histories import steps, story_of
from tests.projections.test_replay import PrefixReader, engine_with_empty_views
from tests.story import Story

# Each example empties both.
each_on_two_databases = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def databases(tmp_path: Path, sqlite_template: Path) -> Iterator[tuple[Database, Database]]:
    copies = [copy_sqlite(sqlite_template, tmp_path / f"{name}.db") for name in ("whole", "prefix")]
    pair = tuple(Database.open(f"sqlite:///{copy}") for copy in copies)
    yield pair[0], pair[1]
    for database in pair:
        database.close()


@each_on_two_databases
@given(steps, st.integers(12, 80), st.integers(0, 40), st.integers(1, 90))
def test_what_was_believed_then_is_the_report_that_was_given_then(
    databases: tuple[Database, Database], draws: Any, known: int, days: int, window: int
) -> None:
    story = story_of(draws)
    at = story.events[0].occurred_at + timedelta(days=days)
    recorded = story.events[min(known, len(story.events)) - 1].recorded_at
    prefix = PrefixReader(story)
    prefix.length = story.log_position_at(recorded)
    whole, part = databases
    engine_with_empty_views(whole, story).catch_up()
    engine_with_empty_views(part, prefix).catch_up()

    def asked(database: Database) -> bytes:
        view = resolve_as_of(database, story, story.organisation_id, as_of=at, recorded_as_of=recorded, now=story.now)
        return msgspec.json.encode(
            overload_report.build_report(database, view, ReportScope(window=window, explain=True))
        )

    assert asked(part) == asked(whole)


@each_on_two_databases
@given(steps, st.integers(1, 40))
def test_each_load_is_what_the_domain_makes_of_the_folded_goals_and_members(
    databases: tuple[Database, Database], draws: Any, days: int
) -> None:
    story = story_of(draws)
    at = story.events[0].occurred_at + timedelta(days=days)
    engine_with_empty_views(databases[0], story).catch_up()
    view = resolve_as_of(databases[0], story, story.organisation_id, as_of=at, now=story.now)
    report = overload_report.build_report(databases[0], view)

    for who in ("ana", "ben"):
        member = fold_at(story, "member", story.id(who), at)
        assert isinstance(member, Member)
        goals = [fold_at(story, "goal", story.id(goal, "goal"), at) for goal in ("one", "two", "three")]
        owned = [goal for goal in goals if isinstance(goal, Promised) and goal.owner == member.id]
        held = [c for c in map(to_commitment, owned) if c is not None]
        weeks = week_loads(held, member.capacities, member.absences, view.policy.policy, view.today)
        assert [
            (w.week, round_for_report(w.planned), round_for_report(w.ratio)) for w in weeks if not w.skipped
        ] == list_load_figures(report, member.id)


def fold_at(story: Story, kind: str, stream_id: UUID, at: datetime) -> Any:
    """The state at an instant, with all that is known."""
    state: Any = None
    events = [e for e in story.events if (e.kind, e.stream_id) == (kind, stream_id) and e.occurred_at <= at]
    for event in sorted(events, key=lambda e: (e.occurred_at, e.version)):
        state = AGGREGATES[kind].evolve(state, event)
    return state


def list_load_figures(
    report: OverloadReport, member: UUID
) -> list[tuple[date | None, float | None, float | int | None]]:
    figures = [f for f in report.figures if f.name == "load_ratio" and f.member == member]
    return [(f.week, f.planned_hours, f.value) for f in figures]
