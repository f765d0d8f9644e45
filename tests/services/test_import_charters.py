"""Charters in an import: the same acts, the same rules, and the same file twice adds nothing."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter.state import Charter, charter_id, resolve_charter_id
from domain.references import resolve_stream_id
from projections.as_of import resolve_as_of
from projections.charters.charters import charter_at
from services.imports.importer import ImportResult, RowError
from tests.services.conftest import Installation
from tests.services.test_imports import LEA, OFFER, ORGANISATION, SAM, TEAM, Act, count_events_and_digests, import_rows

JOINED = {**SAM, "at": "2024-05-06T09:00:00Z"}
WHY = {"to_team": "fewer calls", "to_clients": "they come in", "to_organisation": "they stay"}
REASON = {"code": "new_information", "text": "we know more than we did"}


def row(day: str, do: str, by: str = "lea", **fields: Any) -> Act:
    return {"at": f"2024-{day}T10:00:00Z", "by": by, "do": do, "charter": "web", **fields}


def adoption_rows(*names: str) -> list[Act]:
    return [row("05-12", "non_negotiable.adopt", non_negotiable=name, text=f"We are {name}") for name in names]


PURPOSE = [
    row("05-07", "purpose.propose", "sam", text="People come in", **WHY, until="2024-05-10", ref="why"),
    row("05-11", "purpose.adopt"),
]
STORY: list[Act] = [
    *(TEAM, LEA, JOINED, OFFER),
    *PURPOSE,
    *adoption_rows("tested", "kind", "open"),
    row("05-13", "charter.put_in_force"),
    row("05-14", "member.acknowledge", "sam", member="sam", non_negotiable="kind", version=1),
    row("05-15", "non_negotiable.adopt", non_negotiable="calm", text="We are calm"),
    row("05-16", "non_negotiable.revise", non_negotiable="kind", text="We are kind and clear", reason=REASON),
    row("05-17", "non_negotiable.retire", non_negotiable="open", reason=REASON),
    row("05-18", "breach.raise", "sam", non_negotiable="kind", about={"goal": "g-1"}, text="Not a word to us", ref="b"),
    row("05-19", "repair.agree", breach="b", text="We ask first"),
    row("05-20", "freedom.grant", freedom="tools", text="We choose our tools", purpose_version=1),
    row("05-21", "ritual.set", ritual="standup", name="Standup", mode="sync", cadence_days=1, minutes=15),
    row("05-22", "ritual.change", ritual="standup", minutes=10),
    row("05-23", "ritual.end", ritual="standup"),
    row("05-23", "sight.set", persons="lead"),
    row("05-24", "freedom.withdraw", freedom="tools", reason=REASON),
    row("05-25", "charter.review"),
    {
        **row("05-26", "ritual.set", ritual="notes", name="Notes", mode="async", cadence_days=7, minutes=20),
        "team": "web",
    },
    row("05-27", "purpose.propose", "sam", text="People come in and stay", **WHY, until="2024-05-30", reason=REASON),
    row("06-01", "purpose.adopt"),
]


def load_charter(installation: Installation, of: str = "web") -> Charter:
    found = installation.runtime.ledger.load(ORGANISATION, "charter", resolve_charter_id(ORGANISATION, of))
    assert isinstance(found, Charter)
    return found


def test_a_charter_s_history_is_taken_whole_and_only_once(installation: Installation) -> None:
    rows = [{k: v for k, v in r.items() if not (k == "charter" and "team" in r)} for r in STORY]

    first = import_rows(installation, rows)
    then = count_events_and_digests(installation.runtime)
    second = import_rows(installation, rows)

    assert ImportResult(accepted=len(rows), already=0) == first
    assert ImportResult(accepted=0, already=len(rows)) == second
    assert then == count_events_and_digests(installation.runtime)
    state = load_charter(installation)
    assert state.purpose is not None
    assert (2, "People come in and stay") == (state.purpose.version, state.purpose.why.text)
    assert [("tested", 1), ("kind", 2), ("calm", 1)] == [(n.ref, n.version) for n in state.non_negotiables_in_force]
    assert ((), 1, ["notes"]) == (state.breaches, state.breaches_repaired, [r.ref for r in state.rituals])
    limits = installation.runtime.ledger.load_sight_limits(ORGANISATION)
    assert {state.of.team: "lead"} == limits.teams
    assert {resolve_stream_id(ORGANISATION, "member", ref): "lead" for ref in ("lea", "sam")} == limits.members
    assert "lead" == state.persons
    now = installation.runtime.clock()
    view = resolve_as_of(installation.runtime.database, installation.runtime.ledger, ORGANISATION, now=now)
    held = charter_at(installation.runtime.database, view, charter_id(ORGANISATION, state.of.team))
    assert held is not None
    assert state == held.charter


def test_the_organisation_s_own_is_named_by_the_word(sqlite_installation: Installation) -> None:
    rows = [{**r, "charter": "organisation"} for r in PURPOSE]

    result = import_rows(sqlite_installation, [TEAM, LEA, JOINED, *rows])

    assert ImportResult(accepted=5, already=0) == result
    assert load_charter(sqlite_installation, "organisation").of.team is None


BEGUN: list[Act] = [TEAM, LEA, JOINED, *PURPOSE, *adoption_rows("tested", "kind", "open", "calm", "brief")]


@pytest.mark.parametrize(
    ("bad", "field", "code"),
    [
        (row("06-02", "non_negotiable.adopt", text="A sixth"), None, "non_negotiable_count"),
        (row("06-02", "freedom.grant", text="Ours"), "/purpose_version", "no_purpose"),
        (row("06-02", "freedom.grant", text="Ours", purpose_version=2), "/purpose_version", "version_superseded"),
        (row("06-02", "member.acknowledge", non_negotiable="kind", version=2), "/version", "version_superseded"),
        (row("06-02", "member.acknowledge", member="sam", non_negotiable="kind", version=1), "/member", "not_a_party"),
        (row("06-02", "non_negotiable.retire", non_negotiable="kind"), "/reason", "reason_required"),
        (row("06-02", "purpose.adopt"), "/proposal", "invalid_field"),
        (row("06-02", "breach.raise", non_negotiable="kind", about={}, text="So"), "/about", "invalid_field"),
        ({**row("06-02", "charter.review"), "charter": "nobodys"}, "/charter", "not_found"),
        ({k: v for k, v in row("06-02", "charter.review").items() if k != "charter"}, "/charter", "invalid_field"),
        (row("05-11", "ritual.set", name="R", mode="sync", cadence_days=1, minutes=1), "/at", "out_of_order"),
        (row("06-02", "sight.set", persons="auditor"), "/persons", "invalid_field"),
        ({**row("06-02", "sight.set", persons="lead"), "charter": "organisation"}, None, "act_not_allowed"),
        (row("06-02", "ritual.set", name="R", mode="both", cadence_days=1, minutes=1), "/mode", "invalid_field"),
    ],
)
def test_a_broken_rule_refuses_the_row_and_nothing_is_kept(
    sqlite_installation: Installation, bad: Act, field: str | None, code: str
) -> None:
    before = sqlite_installation.runtime.ledger.count()

    result = import_rows(sqlite_installation, [*BEGUN, bad])

    assert (0, 1, before) == (result.accepted, result.refused, sqlite_installation.runtime.ledger.count())
    [error] = result.errors
    assert (len(BEGUN) + 1, field, code) == (error.line, error.field, error.code)


def test_an_adoption_before_its_time_box_is_over_is_refused(sqlite_installation: Installation) -> None:
    early = {**PURPOSE[1], "at": "2024-05-10T23:00:00Z"}

    result = import_rows(sqlite_installation, [TEAM, LEA, JOINED, PURPOSE[0], early])

    assert [RowError(
        line=5,
        field="/decision",
        code="decision_required",
        detail="until the end of 2024-05-10 it is for a decision to adopt this; after that the lead may",
        allowed=("decision", "after 2024-05-10"),
    )] == list(result.errors)  # fmt: skip
