"""Moves between teams and archived teams, on both stores: imported with their dates, and what reports make of them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.instants import format_instant, from_micros
from domain.references import resolve_stream_id
from ledger.storage.opening import open_migration_session
from projections.as_of import AsOf, resolve_as_of
from projections.charters.rituals import build_report as build_rituals
from projections.drift.context import load_context
from projections.figures import ReportScope
from projections.history.history import load_history
from projections.marts.reading import read_rows
from projections.marts.registry import MARTS
from projections.overload.report import build_report as build_overload
from projections.people import team_at
from projections.sight import EVERYTHING
from projections.support.queries import SupportFacts
from services.imports.importer import ImportResult, import_lines
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.services.conftest import Installation, open_installation

TERMS = {"conditions": ["done"], "start": "2026-01-12", "due": "2026-12-18", "effort_hours": 100}
WHY = {"code": "new_need", "text": "the audit asks for it"}
BEGIN: list[dict[str, Any]] = [
    {"do": "team.create", "team": "core", "name": "Core", "lead": "lea"},
    {"do": "team.create", "team": "data", "name": "Data", "lead": "ines"},
    {"do": "member.join", "member": "lea", "team": "core", "name": "Lea"},
    {"do": "member.join", "member": "ana", "team": "core", "name": "Ana"},
    {"do": "member.join", "member": "ines", "team": "data", "name": "Ines"},
    {
        "by": "ana",
        "do": "goal.offer",
        "goal": "g",
        "title": "G",
        "sponsor": "lea",
        "team": "core",
        "terms": TERMS,
        "reason": WHY,
    },
    {"by": "lea", "do": "goal.accept", "goal": "g"},
]
MOVE = {"do": "member.change_team", "member": "ana", "leave": "core", "join": "data", "at": "2026-03-02T09:00:00Z"}
BEFORE, AFTER = date(2026, 3, 1), date(2026, 3, 2)


def tell(installation: Installation, *rows: dict[str, Any], scopes: frozenset[str] | None = None) -> ImportResult:
    """Import rows; by the steward, in January, unless they say otherwise."""
    told = [{"at": "2026-01-05T09:00:00Z", "by": "steward", **row} for row in rows]
    principal = installation.principal
    if scopes is not None:
        principal = msgspec.structs.replace(principal, scopes=scopes)
    encoded = [msgspec.json.encode(row) for row in told]
    return import_lines(installation.runtime, installation.founded.organisation_id, encoded, principal=principal)


def id_of(installation: Installation, ref: str, kind: str = "member") -> UUID:
    return resolve_stream_id(installation.founded.organisation_id, kind, ref)


def view_of(installation: Installation, as_of: date | None = None) -> AsOf:
    runtime, organisation = installation.runtime, installation.founded.organisation_id
    runtime.engine.catch_up()
    return resolve_as_of(runtime.database, runtime.ledger, organisation, as_of=as_of, now=runtime.clock())


def members_in_reports(installation: Installation, team: str, as_of: date) -> list[set[str]]:
    """Whom the overload, rituals, support and drift reports of a team count as its members, as of a day."""
    database, view = installation.runtime.database, view_of(installation, as_of)
    scope = ReportScope.with_default_window(
        team=id_of(installation, team, "team"), member=None, window=None, explain=False
    )
    refs = {id_of(installation, ref): ref for ref in ("lea", "ana", "ines")}
    shown = [
        {figure.member for figure in build(database, view, scope).figures if figure.member is not None}
        for build in (build_overload, build_rituals)
    ]
    helpers = set(SupportFacts(database, view, scope).helpers)
    expected = {m.id for m in load_context(database, view, scope, []).expectations.members}
    return [{refs[member] for member in members} for members in (*shown, helpers, expected)]


def test_every_report_asks_who_was_in_the_team_on_the_day_asked_about(installation: Installation) -> None:
    assert 0 == tell(installation, *BEGIN).refused
    assert [{"lea", "ana"}] * 4 == members_in_reports(installation, "core", AFTER)

    # when the move of March is imported today
    assert 0 == tell(installation, MOVE).refused

    # then from that day on, and not before
    assert [{"lea", "ana"}] * 4 == members_in_reports(installation, "core", BEFORE)
    assert [{"ines"}] * 4 == members_in_reports(installation, "data", BEFORE)
    assert [{"lea"}] * 4 == members_in_reports(installation, "core", AFTER)
    assert [{"ines", "ana"}] * 4 == members_in_reports(installation, "data", AFTER)
    assert [] == installation.runtime.engine.verify()


def test_the_whole_load_moves_along_and_the_goal_stays_in_its_team(installation: Installation) -> None:
    tell(installation, *BEGIN, MOVE)
    database, view = installation.runtime.database, view_of(installation, AFTER)

    def scope(team: str) -> ReportScope:
        return ReportScope.with_default_window(
            team=id_of(installation, team, "team"), member=None, window=None, explain=False
        )

    loads = {
        team: {
            f.name: f.value for f in build_overload(database, view, scope(team)).figures if f.name == "owned_outside"
        }
        for team in ("core", "data")
    }
    weeks = {
        f.member
        for f in build_overload(database, view, scope("data")).figures
        if f.name == "load_ratio" and (f.planned_hours or 0) > 0
    }

    assert 1 == loads["core"]["owned_outside"]
    assert {id_of(installation, "ana")} == weeks


def test_a_move_and_an_archived_team_are_told_in_plain_words_with_the_names_of_the_day(
    installation: Installation,
) -> None:
    tell(
        installation,
        *BEGIN,
        MOVE,
        {"by": "ana", "do": "member.leave_team", "member": "ana", "team": "data", "at": "2026-04-01T09:00:00Z"},
        {"do": "team.rename", "team": "core", "name": "Kernel", "at": "2026-04-02T09:00:00Z"},
        {"do": "team.appoint_lead", "team": "core", "lead": "ines", "at": "2026-04-02T10:00:00Z"},
        {"do": "member.leave_team", "member": "lea", "team": "core", "at": "2026-04-02T11:00:00Z"},
        {"do": "team.archive", "team": "core", "at": "2026-04-03T09:00:00Z"},
        {"do": "team.restore", "team": "core", "lead": "lea", "at": "2026-05-01T09:00:00Z"},
    )
    database, view = installation.runtime.database, view_of(installation, date(2026, 3, 3))
    assert [
        "steward recorded that Ana left team Core.",
        "steward welcomed Ana to team Data.",
    ] == [entry.text for entry in load_history(database, view, id_of(installation, "ana"), sight=EVERYTHING)][-2:]

    today = view_of(installation)
    assert "Ana left team Data." == load_history(database, today, id_of(installation, "ana"), sight=EVERYTHING)[-1].text
    assert ["steward archived the team.", "steward brought the team back, led by Lea."] == [
        entry.text for entry in load_history(database, today, id_of(installation, "core", "team"), sight=EVERYTHING)
    ][-2:]
    archived = [
        team_at(database, view_of(installation, day), id_of(installation, "core", "team"))
        for day in (date(2026, 4, 2), date(2026, 4, 3), date(2026, 5, 1))
    ]
    assert [False, True, False] == [team is not None and team.archived_at is not None for team in archived]


def mart_rows(installation: Installation, mart: str, *, after: int = 0) -> list[dict[str, Any]]:
    """The mart's rows behind a position, as it is known now."""
    view = view_of(installation)
    names = MARTS[mart].column_names
    found = read_rows(installation.runtime.database, view, MARTS[mart], after=after, names=True)
    times = {"valid_from", "valid_to", "archived_at"}
    return [
        {
            name: format_instant(from_micros(value)) if name in times and value is not None else value
            for name, value in zip(names, row, strict=True)
        }
        for row in found
    ]


def test_the_marts_have_each_time_in_a_team_and_since_when_a_team_is_archived(installation: Installation) -> None:
    # given a move of April, and what was exported then
    tell(installation, *BEGIN, {**MOVE, "at": "2026-04-01T09:00:00Z"})
    ana, core = str(id_of(installation, "ana")), str(id_of(installation, "core", "team"))
    exported = view_of(installation).position

    # when she leaves, and core is archived in May and brought back in June
    tell(
        installation,
        {"by": "ana", "do": "member.leave", "member": "ana", "at": "2026-04-20T09:00:00Z"},
        {"do": "team.appoint_lead", "team": "core", "lead": "ines", "at": "2026-05-01T09:00:00Z"},
        {"do": "member.leave_team", "member": "lea", "team": "core", "at": "2026-05-01T10:00:00Z"},
        {"do": "team.archive", "team": "core", "at": "2026-05-02T09:00:00Z"},
        {"do": "team.restore", "team": "core", "lead": "ines", "at": "2026-06-01T09:00:00Z"},
    )

    data = str(id_of(installation, "data", "team"))
    assert [
        (core, "2026-01-05T09:00:00.000000Z", "2026-04-01T09:00:00.000000Z"),
        (data, "2026-04-01T09:00:00.000000Z", "2026-04-20T09:00:00.000000Z"),
    ] == sorted(
        (row["team_id"], row["valid_from"], row["valid_to"])
        for row in mart_rows(installation, "bridge_member_team")
        if row["member_id"] == ana
    )
    assert {ana, str(id_of(installation, "lea"))} == {
        row["member_id"] for row in mart_rows(installation, "bridge_member_team", after=exported)
    }
    assert [None, None, "2026-05-02T09:00:00.000000Z", None] == [
        row["archived_at"]
        for row in sorted(mart_rows(installation, "dim_team"), key=lambda row: row["version"])
        if row["team_id"] == core
    ]


def test_a_file_is_decided_in_its_own_order(installation: Installation) -> None:
    """An import sees its earlier rows: who has left by then is not in the team, who has just joined is."""
    tell(installation, *BEGIN)
    archive = {"do": "team.archive", "team": "data", "at": "2026-03-10T09:00:00Z"}
    handed_on = {"do": "team.appoint_lead", "team": "data", "lead": "lea", "at": "2026-03-01T09:00:00Z"}
    left = {"do": "member.leave_team", "member": "ines", "team": "data", "at": "2026-03-03T09:00:00Z"}

    too_early = tell(installation, handed_on, left, MOVE, archive)
    settled = tell(installation, handed_on, left, archive)
    nothing_new = tell(
        installation, {"do": "member.join", "member": "new", "team": "data", "at": "2026-03-11T09:00:00Z"}
    )
    put_in_late = tell(installation, MOVE)

    assert (1, "act_not_allowed") == (too_early.refused, too_early.errors[0].code)
    assert "ana is in this team" in too_early.errors[0].detail
    assert ("leave_team", "change_team") == too_early.errors[0].allowed
    assert (0, 3) == (settled.refused, settled.accepted)
    assert ("act_not_allowed", ("restore",)) == (nothing_new.errors[0].code, nothing_new.errors[0].allowed)
    assert "out_of_order" == put_in_late.errors[0].code


@pytest.mark.parametrize(
    "row",
    [
        MOVE,
        {"by": "ana", "do": "member.leave_team", "member": "ana", "team": "core"},
        {"do": "team.archive", "team": "data"},
        {"do": "team.restore", "team": "data", "lead": "ines"},
    ],
)
def test_an_import_key_alone_moves_nobody(sqlite_installation: Installation, row: dict[str, Any]) -> None:
    tell(sqlite_installation, *BEGIN)

    refused = tell(
        sqlite_installation, {"at": "2026-03-02T09:00:00Z", **row}, scopes=frozenset({"read", "act", "import"})
    )

    assert (0, "forbidden") == (refused.accepted, refused.errors[0].code)


def test_a_name_in_a_move_that_is_never_created_is_an_error_of_its_row(sqlite_installation: Installation) -> None:
    tell(sqlite_installation, *BEGIN)

    refused = tell(sqlite_installation, {**MOVE, "join": "nowhere"})

    assert {("not_found", "/join")} == {(error.code, error.field) for error in refused.errors}


def test_a_store_of_before_finds_the_members_of_a_team_as_well(database_url: str) -> None:
    # given a store whose index does not list members
    settings = Settings(database_url=database_url)
    opened = open_installation(settings)
    with opened.runtime:
        tell(opened, *BEGIN)
    with open_migration_session(database_url) as session:
        people = ", ".join(f"'{id_of(opened, ref).hex}'" for ref in ("lea", "ana", "ines", "steward"))
        session.execute(f"DELETE FROM ledger_standing WHERE goal_id IN ({people})")  # noqa: S608 - ids
        session.execute("DELETE FROM ledger_migrations WHERE number = 31")

    # when it is migrated and opened again
    migrate(settings)
    with Runtime.open(settings) as runtime:
        again = Installation(runtime, opened.founded, opened.principal)
        refused = tell(again, {"do": "team.archive", "team": "core", "at": "2026-03-01T09:00:00Z"})

    assert "ana, lea are in this team" in refused.errors[0].detail
