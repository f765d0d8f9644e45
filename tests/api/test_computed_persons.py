"""Figures of persons are computed for those who may see them, and leaving them out changes nothing that is shown."""

from __future__ import annotations

from uuid import UUID

import pytest

from projections.as_of import resolve_as_of
from projections.figures import ReportScope
from projections.overload.report import OverloadReport, build_report
from services.api.routes.reports import REPORTS
from services.visibility.reports import ReportVisibility
from tests.api.app_under_test import ApiApp, create_active_goal

SCOPES = ("", "&team=core", "&explain=true&names=true", "&format=text", "&format=csv")


@pytest.fixture
def busy_app(app: ApiApp) -> ApiApp:
    """Goals that take several members over their line."""
    for number, (owner, sponsor) in enumerate([("ana", "sam"), ("ben", "ana"), ("mia", "lea"), ("ana", "ben")]):
        create_active_goal(app, owner, sponsor, ref=f"g{number}", effort_hours=400)
    return app


@pytest.mark.parametrize("person", ["ana", "lea", "ned", "stella", "aud"])
def test_nothing_that_is_shown_changes(busy_app: ApiApp, monkeypatch: pytest.MonkeyPatch, person: str) -> None:
    paths = [f"/v1/reports/{name}?as_of=2026-03-02{scope}" for name in REPORTS for scope in SCOPES]
    member = busy_app.as_member(person)

    answers = {path: member.get(path) for path in paths}
    monkeypatch.setattr(ReportVisibility, "persons", None)

    assert {403} >= {answer.status_code for answer in answers.values()} - {200}
    for path, answer in answers.items():
        assert answer.status_code == 403 or answer.content == member.get(path).content, path


def test_only_the_wanted_persons_figures_are_computed(busy_app: ApiApp) -> None:
    runtime, organisation = busy_app.runtime, busy_app.organisation_id()
    view = resolve_as_of(runtime.database, runtime.ledger, organisation, now=busy_app.clock())
    ana = UUID(busy_app.resolve_id("member", "ana"))

    every = build_report(runtime.database, view)
    wanted = build_report(runtime.database, view, ReportScope(persons=frozenset({ana})))

    assert list_members(wanted) == {ana} < list_members(every)
    assert {ana} == {relief.member for relief in wanted.relief} < {relief.member for relief in every.relief}
    assert [f for f in every.figures if f.member is None] == [f for f in wanted.figures if f.member is None]
    assert every.additions == wanted.additions


def list_members(report: OverloadReport) -> set[UUID]:
    return {figure.member for figure in report.figures if figure.member is not None}
