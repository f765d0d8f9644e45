"""Every figure about people, of a generated organisation and of one's own history, against plain folds of events.

`PLIMSOLL_HISTORY` names a file of acts: NDJSON, plain or gzipped, of the zone UTC.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.envelope import RecordedEvent
from projections.as_of import AsOf, resolve_as_of
from projections.figures import ReportScope
from projections.people import teams_at
from projections.recognition import report as recognition_report
from projections.reliability import report as reliability_report
from projections.tensions import report as tensions_report
from services.cloud_events import to_cloud_event
from services.imports.importer import import_lines
from services.imports.rows import iter_lines
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.seed.scale import Scale, scale_rows
from services.settings import Settings
from tests.naive_recognition import NaiveRecognition
from tests.naive_reliability import NaiveReliability
from tests.projections.test_tensions_naive import compare, export_events

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
LAST_DAY = date(2026, 3, 1)
SCALE = Scale(members=45, goals=400, years=2, check_in_days=14)
#: Teams that are compared, and the days: how many before the last event.
MAX_TEAMS, DAYS_BACK = 3, (0, 40, 200)


class History(msgspec.Struct):
    """An organisation, its events as they are exported, and the last business time."""

    runtime: Runtime
    organisation: UUID
    recorded: list[RecordedEvent]
    events: list[dict[str, Any]]

    def view(self, days_back: int) -> AsOf:
        last = max(event.occurred_at for event in self.recorded)
        day = min(last, datetime.now(UTC)).date() - timedelta(days=days_back)
        database, now = self.runtime.database, self.runtime.clock()
        return resolve_as_of(database, self.runtime.ledger, self.organisation, as_of=day, now=now)

    def groups(self) -> list[UUID | None]:
        teams = teams_at(self.runtime.database, self.view(0))
        return [None, *(team.id for team in teams[:MAX_TEAMS])]


def read_lines(kind: str) -> Iterator[bytes]:
    if kind == "generated":
        yield from (json.dumps(row).encode() for row in scale_rows(SCALE, LAST_DAY))
        return
    with Path(os.environ["PLIMSOLL_HISTORY"]).open("rb") as file:
        yield from iter_lines(file)


@pytest.fixture(scope="module", params=["generated", "own"])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    if request.param == "own" and "PLIMSOLL_HISTORY" not in os.environ:
        pytest.skip("PLIMSOLL_HISTORY names no history")
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp(request.param)}/store")
    migrate(settings)
    with Runtime.open(settings) as runtime:
        founded = create_organisation(runtime, "default", steward="stella")
        principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
        assert principal is not None
        result = import_lines(runtime, founded.organisation_id, read_lines(request.param), principal=principal)
        assert (0, True) == (result.refused, result.accepted > 0)
        runtime.engine.catch_up()
        recorded = runtime.ledger.read_feed(founded.organisation_id, 0, 10_000_000)
        events = [json.loads(msgspec.json.encode(to_cloud_event(event, "", ""))) for event in recorded]
        yield History(runtime, founded.organisation_id, recorded, events)


@pytest.mark.parametrize("days_back", DAYS_BACK)
@pytest.mark.parametrize("window", [28, 366])
def test_reliability(history: History, days_back: int, window: int) -> None:
    view = history.view(days_back)
    for team in history.groups():
        report = reliability_report.build_report(history.runtime.database, view, ReportScope(window=window, team=team))

        naive = NaiveReliability(history.events, view.at, view.zone, window, team=_text(team)).figures()
        assert naive == {figure.name: (figure.count, figure.n, figure.value) for figure in report.figures}, team


@pytest.mark.parametrize("days_back", DAYS_BACK)
@pytest.mark.parametrize("window", [28, 366])
def test_recognition(history: History, days_back: int, window: int) -> None:
    view = history.view(days_back)
    naive = NaiveRecognition(history.events, view.at, view.zone, window)
    for team in history.groups():
        report = recognition_report.build_report(history.runtime.database, view, ReportScope(window=window, team=team))

        found = {figure.name: (figure.count, figure.n, figure.value) for figure in report.figures}
        expected = naive.figures(_text(team))
        assert {name: _without_case_count(name, value) for name, value in found.items()} == expected, team


@pytest.mark.parametrize("days_back", DAYS_BACK)
def test_tensions(history: History, days_back: int) -> None:
    view = history.view(days_back)
    events = export_events(history.recorded)
    for team in history.groups():
        scope = ReportScope.with_default_window(team=team, member=None, window=None, explain=False, default_days=84)

        compare(tensions_report.build_report(history.runtime.database, view, scope), events, view.at, _text(team))


def _text(team: UUID | None) -> str | None:
    return None if team is None else str(team)


def _without_case_count(name: str, figure: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of the spread the report says too how many it is of."""
    return (None, None, figure[2]) if name == "received_gini" else figure
