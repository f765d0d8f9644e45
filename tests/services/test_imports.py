from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.envelope import RecordedEvent, Source
from domain.member.member import DeclareCapacity
from domain.references import derive_organisation_id, resolve_stream_id
from ledger.commands import Command
from services.imports.importer import ImportResult, import_lines
from services.organisations import create_organisation
from services.runtime import Runtime
from tests.fixtures import synthetic
from tests.services.conftest import Installation

AT = "2024-05-06T08:00:00Z"
ORGANISATION = derive_organisation_id("default")
Act = dict[str, Any]

TEAM: Act = {"at": AT, "by": "lea", "do": "team.create", "team": "web", "name": "Web", "lead": "lea"}
LEA: Act = {"at": AT, "by": "lea", "do": "member.join", "member": "lea", "team": "web"}
SAM: Act = {"at": AT, "by": "sam", "do": "member.join", "member": "sam", "team": "web"}
OFFER: Act = {
    "at": AT,
    "by": "lea",
    "do": "goal.offer",
    "goal": "g-1",
    "title": "Signing in",
    "owner": "lea",
    "sponsor": "sam",
    "team": "web",
    "terms": {
        "outcome": "People sign in",
        "measure": {"kind": "milestone"},
        "conditions": ["released"],
        "start": "2024-05-06",
        "due": "2024-09-01",
    },
    "reason": {"code": "new_need", "text": "Nobody can sign in"},
}
ACCEPT: Act = {"at": AT, "by": "sam", "do": "goal.accept", "goal": "g-1"}
CHECK_IN: Act = {"at": "2024-05-20T08:00:00Z", "by": "lea", "do": "goal.check_in", "goal": "g-1", "note": "half way"}
STORY: list[Act | bytes] = [TEAM, LEA, SAM, OFFER, ACCEPT, CHECK_IN]


def import_rows(installation: Installation, rows: Iterable[Act | bytes], **options: Any) -> ImportResult:
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    return import_lines(installation.runtime, ORGANISATION, lines, principal=installation.principal, **options)


def count_events_and_digests(runtime: Runtime) -> tuple[int, set[str]]:
    """How many events there are, and what the views' digests say."""
    runtime.engine.catch_up()
    return runtime.ledger.count(), {status.digest for status in runtime.engine.status()}


def goal_events(installation: Installation, ref: str) -> list[RecordedEvent]:
    return installation.runtime.ledger.events(ORGANISATION, resolve_stream_id(ORGANISATION, "goal", ref))


def test_a_second_file_brings_the_check_ins_and_values_of_before_the_end(installation: Installation) -> None:
    ended = {
        "at": "2024-06-03T08:00:00Z",
        "by": "sam",
        "do": "goal.release",
        "goal": "g-1",
        "reason": {"code": "capacity"},
    }
    import_rows(installation, [TEAM, LEA, SAM, OFFER, ACCEPT, ended])
    value = {"at": "2024-05-27T08:00:00Z", "by": "lea", "do": "goal.record_value", "goal": "g-1", "value": 3}
    after = {**CHECK_IN, "at": "2024-06-04T08:00:00Z"}

    told_late = import_rows(installation, [CHECK_IN, value])
    refused = import_rows(installation, [after])

    assert ImportResult(accepted=2, already=0) == told_late
    assert ["act_not_allowed"] == [error.code for error in refused.errors]
    before_the_end, at_the_end = (
        installation.runtime.ledger.load(
            ORGANISATION, "goal", resolve_stream_id(ORGANISATION, "goal", "g-1"), as_of=datetime.fromisoformat(at)
        )
        for at in ("2024-06-01T00:00:00+00:00", "2024-06-03T08:00:00+00:00")
    )
    assert "3" == before_the_end.value == at_the_end.promised.value


def test_a_history_with_the_shapes_of_a_real_one_is_taken_whole_and_only_once(installation: Installation) -> None:
    rows = list(synthetic.encode_lines(goals=80))

    first = import_rows(installation, rows)
    then = count_events_and_digests(installation.runtime)
    second = import_rows(installation, rows)

    assert ImportResult(accepted=len(rows), already=0) == first
    assert ImportResult(accepted=0, already=len(rows)) == second
    assert then == count_events_and_digests(installation.runtime)
    assert installation.runtime.ledger.head() == installation.runtime.ledger.count()


def test_the_synthetic_history_has_what_it_is_for() -> None:
    rows = synthetic.build_acts(goals=80)
    joined: set[str] = set()
    forward = retroactive = 0
    for row in rows:
        named = {row["by"], row.get("owner"), row.get("lead")} - {None} if row["do"] != "member.join" else set()
        forward += bool(named - joined)
        joined |= {row["member"]} if row["do"] == "member.join" else set()
        retroactive += row["do"] == "goal.propose_change" and row["changes"]["due"] < row["at"][:10]

    assert forward > 0
    assert retroactive > 0
    assert len(rows) > len({json.dumps(row) for row in rows})
    assert not any("effort_hours" in row.get("terms", {}) for row in rows)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.ndjson.gz", "b.ndjson.gz"):
        synthetic.write(tmp_path / name, goals=20, copies=2)

    assert (tmp_path / "a.ndjson.gz").read_bytes() == (tmp_path / "b.ndjson.gz").read_bytes()


def test_an_imported_event_says_when_it_happened_by_whom_and_who_imported_it(sqlite_installation: Installation) -> None:
    import_rows(sqlite_installation, STORY)

    offered = goal_events(sqlite_installation, "g-1")[0]

    assert AT == offered.occurred_at.isoformat().replace("+00:00", "Z")
    assert offered.recorded_at > offered.occurred_at
    assert resolve_stream_id(ORGANISATION, "member", "lea") == offered.on_behalf_of
    assert sqlite_installation.founded.steward_id == offered.actor
    assert Source.IMPORT is offered.source


def test_one_broken_line_in_the_middle_keeps_nothing(installation: Installation) -> None:
    before = installation.runtime.ledger.count()

    result = import_rows(installation, [*STORY[:4], b'{"at":"2024-', *STORY[4:]])

    assert [(5, "malformed_line")] == [(error.line, error.code) for error in result.errors]
    assert (0, 0, 1) == (result.accepted, result.already, result.refused)
    assert before == installation.runtime.ledger.count()


def test_every_bad_row_is_told_with_its_line_field_and_rule(sqlite_installation: Installation) -> None:
    rows: list[Act | bytes] = [
        *STORY,
        {**CHECK_IN, "mood": "fine"},
        {**ACCEPT, "at": "2024-05-21T08:00:00Z"},
        {**CHECK_IN, "progress": "NaN"},
        {**CHECK_IN, "at": "2024-05-22"},
    ]

    errors = import_rows(sqlite_installation, rows).errors

    told = [(error.line, error.field, error.code) for error in errors]
    expected = [
        (7, "/mood", "invalid_field"),
        (8, None, "act_not_allowed"),
        (9, "/progress", "invalid_field"),
        (10, "/at", "invalid_field"),
    ]
    assert expected == told
    assert errors[1].allowed


def test_partial_keeps_the_good_rows(installation: Installation) -> None:
    result = import_rows(installation, [*STORY, {**CHECK_IN, "by": "sam"}, {**CHECK_IN, "note": "done"}], partial=True)

    assert (7, 1) == (result.accepted, result.refused)
    assert [7] == [error.line for error in result.errors]
    assert 4 == len(goal_events(installation, "g-1"))


def test_a_dry_run_says_the_same_and_keeps_nothing(installation: Installation) -> None:
    before = installation.runtime.ledger.count()

    result = import_rows(installation, STORY, dry_run=True)

    assert ImportResult(accepted=len(STORY), already=0, dry_run=True) == result
    assert before == installation.runtime.ledger.count()


def test_a_member_named_and_never_joined_is_an_error_that_names_the_first_line(
    sqlite_installation: Installation,
) -> None:
    result = import_rows(sqlite_installation, [TEAM, LEA, OFFER, {**ACCEPT}])

    assert [(3, "/sponsor"), (4, "/by")] == [(error.line, error.field) for error in result.errors]
    assert "first named in line 3" in result.errors[1].detail
    assert 0 == result.accepted


def test_a_member_who_joins_in_the_last_line_was_a_placeholder(sqlite_installation: Installation) -> None:
    result = import_rows(sqlite_installation, [TEAM, LEA, OFFER, ACCEPT, {**SAM, "at": "2024-06-01T00:00:00Z"}])

    assert ImportResult(accepted=5, already=0) == result


def test_a_member_who_joined_before_this_file_needs_no_row_in_it(sqlite_installation: Installation) -> None:
    import_rows(sqlite_installation, [TEAM, LEA, SAM])

    assert ImportResult(accepted=2, already=0) == import_rows(sqlite_installation, [OFFER, ACCEPT])


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({**CHECK_IN, "goal": "g-9"}, "/goal"),
        ({**OFFER, "goal": "g-2", "team": "nobodys"}, "/team"),
        (
            {**OFFER, "goal": "g-2", "terms": {**OFFER["terms"], "supports": [{"goal": "g-9"}]}},
            "/terms/supports/0/goal",
        ),
        ({**CHECK_IN, "needs": [{"text": "a review", "addressee": "ghost"}]}, "/needs/0/addressee"),
    ],
)
def test_a_reference_to_nothing_is_named(sqlite_installation: Installation, row: dict[str, Any], field: str) -> None:
    result = import_rows(sqlite_installation, [*STORY, row])

    assert [(7, field, "not_found")] == [(error.line, error.field, error.code) for error in result.errors]


def test_in_a_partial_import_nobody_is_named_whose_own_join_was_refused(sqlite_installation: Installation) -> None:
    ghost = {**SAM, "member": "ghost", "team": "no-such-team"}
    rows = [TEAM, LEA, SAM, {**OFFER, "sponsor": "ghost"}, {**OFFER, "goal": "g-2"}, ghost]

    result = import_rows(sqlite_installation, rows, partial=True)

    assert (4, [4, 6]) == (result.accepted, [error.line for error in result.errors])
    assert [] == goal_events(sqlite_installation, "g-1")
    assert 1 == len(goal_events(sqlite_installation, "g-2"))


def test_an_act_of_tomorrow_is_refused(sqlite_installation: Installation) -> None:
    result = import_rows(sqlite_installation, [*STORY, {**CHECK_IN, "at": "2999-01-01T00:00:00Z"}])

    assert [(7, "/at", "in_the_future")] == [(error.line, error.field, error.code) for error in result.errors]


def test_equal_rows_of_one_file_are_two_acts_and_stay_two(sqlite_installation: Installation) -> None:
    rows = [*STORY, CHECK_IN]

    assert ImportResult(accepted=7, already=0) == import_rows(sqlite_installation, rows)
    assert ImportResult(accepted=0, already=7) == import_rows(sqlite_installation, rows)
    assert ImportResult(accepted=1, already=7) == import_rows(sqlite_installation, [*rows, CHECK_IN])


def test_a_row_that_has_an_id_is_the_same_row_however_it_is_mended(sqlite_installation: Installation) -> None:
    import_rows(sqlite_installation, [*STORY[:5], {**CHECK_IN, "id": "c-1"}])

    assert ImportResult(accepted=0, already=1) == import_rows(
        sqlite_installation, [{**CHECK_IN, "id": "c-1", "note": "mended"}]
    )


def test_the_same_row_in_another_organisation_is_another_row(sqlite_installation: Installation) -> None:
    import_rows(sqlite_installation, STORY)
    other = create_organisation(sqlite_installation.runtime, "other", steward="steward")
    principal = sqlite_installation.runtime.keys.authenticate(other.api_key, sqlite_installation.runtime.clock())
    assert principal is not None
    lines = [json.dumps(row).encode() for row in STORY]

    result = import_lines(sqlite_installation.runtime, other.organisation_id, lines, principal=principal)

    assert ImportResult(accepted=len(STORY), already=0) == result


def test_an_importer_who_is_no_steward_creates_no_team(sqlite_installation: Installation) -> None:
    import_rows(sqlite_installation, [TEAM, LEA, SAM])
    runtime, sam = sqlite_installation.runtime, resolve_stream_id(ORGANISATION, "member", "sam")
    key = runtime.keys.create(ORGANISATION, sam, ["import"], name="sam's")
    principal = runtime.keys.authenticate(key, runtime.clock())
    assert principal is not None

    row = json.dumps({**TEAM, "team": "api"}).encode()
    result = import_lines(runtime, ORGANISATION, [row], principal=principal)

    assert [(1, "forbidden")] == [(error.line, error.code) for error in result.errors]


def test_the_only_thing_that_an_import_may_not_do_is_make_an_organisation(sqlite_installation: Installation) -> None:
    policy = {"at": AT, "by": "steward", "do": "organisation.policy", "policy": {"wip_limit": 3}}
    create = {"at": AT, "by": "steward", "do": "organisation.create", "name": "mine"}

    assert ImportResult(accepted=1, already=0) == import_rows(sqlite_installation, [policy])
    assert ["/do"] == [error.field for error in import_rows(sqlite_installation, [create]).errors]


def test_what_somebody_else_changes_meanwhile_is_decided_on_anew(installation: Installation) -> None:
    import_rows(installation, STORY[:5])
    disturbed: list[int] = []

    def disturb(done: int, total: int) -> None:
        if done == total and not disturbed:
            act = msgspec.convert({"do": "capacity", "hours_per_week": 20, "from": "2024-01-01"}, DeclareCapacity)
            command = Command(
                organisation_id=ORGANISATION,
                kind="member",
                stream_id=resolve_stream_id(ORGANISATION, "member", "lea"),
                act=act,
                actor=installation.founded.steward_id,
                roles=frozenset({"steward"}),
            )
            disturbed.append(installation.runtime.handle(command).version)

    leave = {"at": "2024-07-01T00:00:00Z", "by": "lea", "do": "member.leave", "member": "lea"}
    result = import_rows(installation, [CHECK_IN, leave], progress=disturb)

    lea = installation.runtime.ledger.events(ORGANISATION, resolve_stream_id(ORGANISATION, "member", "lea"))
    assert ImportResult(accepted=2, already=0) == result
    assert ["member.joined.v1", "member.capacity_declared.v1", "member.left.v1"] == [event.type for event in lea]


def test_an_empty_file_imports_nothing(sqlite_installation: Installation) -> None:
    assert ImportResult(accepted=0, already=0) == import_rows(sqlite_installation, [b"", b"\n"])


PEAK = """
import resource, sys
from services.imports.rows import iter_lines
from services.imports.importer import import_lines
from services.runtime import migrate
from services.settings import Settings
from tests.services.conftest import open_installation
settings = Settings(database_url=sys.argv[1])
migrate(settings)
installation = open_installation(settings)
with installation.runtime, open(sys.argv[2], "rb") as file:
    result = import_lines(
        installation.runtime, installation.founded.organisation_id, iter_lines(file), principal=installation.principal
    )
assert result.refused == 0, result.errors[:3]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_file_twenty_times_as_long_needs_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for copies in (1, 20):
        file = tmp_path / f"{copies}.ndjson.gz"
        synthetic.write(file, goals=60, copies=copies)
        command = [sys.executable, "-c", PEAK, f"sqlite:///{tmp_path / str(copies)}.db", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
        peaks.append(int(done.stdout))

    assert peaks[1] <= 1.3 * peaks[0]
