"""Facts about members and teams that are told late, or were told wrongly: on both stores one answer everywhere."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from domain.member.member import Absence, Capacity
from domain.references import resolve_stream_id
from projections.as_of import AsOf, resolve_as_of
from projections.engine import aggregates
from projections.figures import WHOLE_ORGANISATION
from projections.overload.queries import OverloadFacts
from projections.people import member_at, team_at
from services.imports.importer import ImportResult, import_lines
from tests.services.conftest import Installation

BEGIN = [
    {"do": "team.create", "team": "core", "name": "Core", "lead": "lea"},
    {"do": "member.join", "member": "lea", "team": "core"},
    {"do": "member.join", "member": "ana", "team": "core"},
]


def tell(installation: Installation, *rows: dict[str, Any]) -> ImportResult:
    """Import rows; by the steward, in January, unless they say otherwise."""
    told = [{"at": "2026-01-05T09:00:00Z", "by": "steward", **row} for row in rows]
    organisation = installation.founded.organisation_id
    encoded = [msgspec.json.encode(row) for row in told]
    return import_lines(installation.runtime, organisation, encoded, principal=installation.principal)


def view_of(installation: Installation, as_of: date | None = None) -> AsOf:
    runtime, organisation = installation.runtime, installation.founded.organisation_id
    runtime.engine.catch_up()
    return resolve_as_of(runtime.database, runtime.ledger, organisation, as_of=as_of, now=runtime.clock())


def states(installation: Installation, ref: str, kind: str = "member") -> tuple[Any, Any]:
    """What decisions read of the stream, and what the views show."""
    stream_id = resolve_stream_id(installation.founded.organisation_id, kind, ref)
    current = installation.runtime.ledger.load_current(installation.founded.organisation_id, kind, stream_id)
    assert current is not None
    at = member_at if kind == "member" else team_at
    return current.state, at(installation.runtime.database, view_of(installation), stream_id)


def capacity(hours: str, at: str, **more: Any) -> dict[str, Any]:
    return {"do": "member.capacity", "member": "ana", "hours_per_week": hours, "from": "2026-03-01", "at": at, **more}


def test_a_capacity_and_a_lead_that_are_told_late_take_their_place_in_time_for_all(installation: Installation) -> None:
    tell(installation, *BEGIN, capacity("40", "2026-03-01T09:00:00Z"))
    tell(installation, {"do": "team.appoint_lead", "team": "core", "lead": "ana", "at": "2026-03-01T09:00:00Z"})

    # when both are told of February, after those of March
    tell(installation, capacity("5", "2026-02-01T09:00:00Z"))
    tell(installation, {"do": "team.appoint_lead", "team": "core", "lead": "lea", "at": "2026-02-01T09:00:00Z"})

    # then those of March hold, whoever is asked
    for ana in states(installation, "ana"):
        assert [Capacity(hours_per_week="40", from_=date(2026, 3, 1))] == list(ana.capacities)
    for core in states(installation, "core", "team"):
        assert resolve_stream_id(installation.founded.organisation_id, "member", "ana") == core.lead
    assert [] == installation.runtime.engine.verify()


def test_a_fact_that_was_told_late_is_judged_by_the_state_of_its_own_time(installation: Installation) -> None:
    tell(installation, *BEGIN, {"do": "member.leave", "member": "ana", "at": "2026-05-01T09:00:00Z"})

    late = tell(installation, capacity("30", "2026-04-01T09:00:00Z"))
    too_late = tell(installation, capacity("20", "2026-05-02T09:00:00Z"))
    before_the_team = tell(
        installation, {"do": "team.rename", "team": "core", "name": "Old", "at": "2025-01-05T09:00:00Z"}
    )

    assert (1, "act_not_allowed") == (late.accepted, too_late.errors[0].code)
    assert ("out_of_order", "/at") == (before_the_team.errors[0].code, before_the_team.errors[0].field)
    assert [] == installation.runtime.engine.verify()


def test_an_absence_with_a_slip_of_the_year_is_corrected_by_the_id_of_its_row(installation: Installation) -> None:
    slip = {"do": "member.absence", "member": "ana", "from": "2026-11-10", "to": "2028-11-09", "id": "away-1"}
    tell(installation, *BEGIN, slip)
    again = {**slip, "to": "2026-11-19", "at": "2026-01-07T09:00:00Z", "id": "away-2", "corrects": "away-1"}

    assert 1 == tell(installation, again).accepted

    meant = Absence(from_=date(2026, 11, 10), to=date(2026, 11, 19))
    for ana in states(installation, "ana"):
        assert (meant,) == ana.absences
    view = view_of(installation)
    reported = OverloadFacts(installation.runtime.database, view, WHOLE_ORGANISATION).availability_of(ana.id)
    assert [meant] == [said.absence for said in reported.standing]
    # As of the day between the two the slip was what was said.
    before = member_at(installation.runtime.database, view_of(installation, date(2026, 1, 6)), ana.id)
    assert before is not None
    assert [date(2028, 11, 9)] == [away.to for away in before.absences]
    assert [] == installation.runtime.engine.verify()


def test_what_was_told_by_mistake_is_taken_back(installation: Installation) -> None:
    tell(
        installation,
        *BEGIN,
        capacity("40", "2026-01-06T09:00:00Z"),
        capacity("4", "2026-01-07T09:00:00Z", id="slip"),
        {"do": "member.grant_role", "member": "ana", "role": "auditor", "id": "role"},
        {"do": "team.appoint_lead", "team": "core", "lead": "ana", "id": "lead"},
    )

    taken_back = tell(
        installation,
        {"do": "member.take_back", "member": "ana", "corrects": "slip", "at": "2026-01-08T09:00:00Z"},
        {"do": "member.take_back", "member": "ana", "corrects": "role", "at": "2026-01-08T09:00:00Z"},
        {"do": "team.take_back", "team": "core", "corrects": "lead", "at": "2026-01-08T09:00:00Z"},
    )

    assert (3, 0) == (taken_back.accepted, taken_back.refused)
    for ana in states(installation, "ana"):
        assert (["40"], ()) == ([held.hours_per_week for held in ana.capacities], ana.roles)
    for core in states(installation, "core", "team"):
        assert resolve_stream_id(installation.founded.organisation_id, "member", "lea") == core.lead
    assert [] == installation.runtime.engine.verify()


def test_verify_names_the_streams_whose_decisions_read_another_state_than_the_views(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a store that folds as it did before: the last word of the log
    tell(installation, *BEGIN, capacity("40", "2026-03-01T09:00:00Z"), capacity("5", "2026-02-01T09:00:00Z"))
    ana = states(installation, "ana")[1].id
    fold = aggregates.fold_stream

    def fold_as_told(evolve: Any, events: Any) -> Any:
        states = [evolve(None, event) for event in events]
        return states[-1] if events[-1].kind == "member" else fold(evolve, events)

    monkeypatch.setattr(aggregates, "fold_stream", fold_as_told)

    # then
    found = installation.runtime.engine.verify()
    assert ["members"] == [difference.table for difference in found]
    assert ana in found[0].streams
    assert len(found[0].streams) == found[0].aggregates


def test_a_key_without_admin_brings_no_revoked_role_back(installation: Installation) -> None:
    tell(installation, *BEGIN, {"do": "member.grant_role", "member": "ana", "role": "auditor"})
    tell(installation, {"do": "member.revoke_role", "member": "ana", "role": "auditor", "id": "gone"})
    importer = msgspec.structs.replace(installation.principal, scopes=frozenset({"import"}))
    row = {"at": "2026-01-06T09:00:00Z", "by": "steward", "do": "member.take_back", "member": "ana", "corrects": "gone"}

    organisation = installation.founded.organisation_id
    refused = import_lines(installation.runtime, organisation, [msgspec.json.encode(row)], principal=importer)

    assert ["forbidden"] == [error.code for error in refused.errors]
    assert () == states(installation, "ana")[0].roles
