"""Cycles come in as rows, under the rules of any other act, and the same file twice adds nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from domain.cycle.state import Closed, Running
from domain.errors import ActNotAllowed, VersionConflict
from domain.references import resolve_stream_id
from ledger.commands import Command
from services.imports.rows import parse_row
from tests.services.conftest import Installation
from tests.services.test_imports import (
    ACCEPT,
    LEA,
    OFFER,
    ORGANISATION,
    SAM,
    TEAM,
    count_events_and_digests,
    import_rows,
)

Act = dict[str, Any]
WHY = {"to_team": "we like it", "to_clients": "they wait less", "to_organisation": "fewer calls"}


def build_row(by: str, do: str, at: str, **fields: Any) -> Act:
    return {"at": f"{at}T08:00:00Z", "by": by, "do": do, **fields}


PURPOSE: list[Any] = [
    build_row("lea", "purpose.propose", "2024-05-07", charter="web", text="Signing in", until="2024-05-08", **WHY),
    build_row("lea", "purpose.adopt", "2024-05-10", charter="web"),
]
SPRING = {"cycle": "spring", "name": "Spring", "team": "web", "starts": "2024-05-13", "ends": "2024-08-09", **WHY}
OPEN = build_row("lea", "cycle.open", "2024-05-13", goals=["g-1"], **SPRING)
IMPROVE = {"cycle": "spring", "improvement": "ask", "text": "Ask early", "owner": "sam", "due": "2024-09-01"}
REVIEW: list[Any] = [
    build_row("sam", "cycle.share_reflection", "2024-08-05", cycle="spring", worked="pairs"),
    build_row("sam", "cycle.agree_improvement", "2024-08-05", **IMPROVE),
    build_row("sam", "cycle.record_learning", "2024-08-05", cycle="spring", goal="g-1", text="Ask"),
    build_row("lea", "cycle.settle_goal", "2024-08-06", cycle="spring", goal="g-1", how="carried_on"),
]
CLOSE = build_row("lea", "cycle.close", "2024-08-07", cycle="spring")
NEXT = build_row("lea", "cycle.open", "2024-08-12", follows="spring", **SPRING | {"cycle": "autumn", "name": "Autumn"})
DONE = build_row("sam", "cycle.finish_improvement", "2024-08-20", cycle="autumn", improvement="ask")
BEGINNING: list[Any] = [TEAM, LEA, SAM, OFFER, ACCEPT, *PURPOSE, OPEN]


def load_cycle(installation: Installation, ref: str) -> Any:
    return installation.runtime.ledger.load(ORGANISATION, "cycle", resolve_stream_id(ORGANISATION, "cycle", ref))


def test_a_cycle_comes_in_from_its_opening_to_the_next_one_once(installation: Installation) -> None:
    rows = [*BEGINNING, *REVIEW, CLOSE, NEXT, DONE]

    result = import_rows(installation, rows)

    assert () == result.errors
    assert isinstance(load_cycle(installation, "spring"), Closed)
    autumn = load_cycle(installation, "autumn")
    assert isinstance(autumn, Running)
    assert [("done", True)] == [(held.state, held.carried) for held in autumn.improvements]
    assert [resolve_stream_id(ORGANISATION, "goal", "g-1")] == [held.goal for held in autumn.goals]
    before = count_events_and_digests(installation.runtime)
    again = import_rows(installation, rows)
    assert (0, len(rows)) == (again.accepted, again.already)
    assert before == count_events_and_digests(installation.runtime)


def test_a_row_that_closes_a_cycle_with_an_undecided_goal_is_refused_naming_the_goal(
    installation: Installation,
) -> None:
    result = import_rows(installation, [*BEGINNING, *REVIEW[:-1], CLOSE])

    (error,) = result.errors
    assert (len(BEGINNING) + len(REVIEW), "act_not_allowed") == (error.line, error.code)
    assert (str(resolve_stream_id(ORGANISATION, "goal", "g-1")),) == error.allowed
    assert 0 == result.accepted


def test_two_open_cycles_in_one_file_are_refused(installation: Installation) -> None:
    second = build_row("lea", "cycle.open", "2024-05-14", **SPRING | {"cycle": "other"})

    (error,) = import_rows(installation, [*BEGINNING, second]).errors

    assert (len(BEGINNING) + 1, "act_not_allowed", ("close",)) == (error.line, error.code, error.allowed)


def test_an_open_cycle_of_an_earlier_import_counts_too(installation: Installation) -> None:
    assert () == import_rows(installation, BEGINNING).errors
    second = build_row("lea", "cycle.open", "2024-05-14", **SPRING | {"cycle": "other"})

    (error,) = import_rows(installation, [second]).errors

    assert ("act_not_allowed", ("close",)) == (error.code, error.allowed)


def test_a_cycle_is_followed_once_in_one_file_and_over_several(installation: Installation) -> None:
    spring, autumn = [*BEGINNING, *REVIEW, CLOSE, NEXT], SPRING | {"cycle": "autumn"}
    looked_back = build_row("sam", "cycle.share_reflection", "2024-08-21", cycle="autumn", worked="pairs")
    kept = build_row("lea", "cycle.settle_goal", "2024-08-21", cycle="autumn", goal="g-1", how="carried_on")
    over = build_row("lea", "cycle.close", "2024-08-22", cycle="autumn")
    twice = build_row(
        "lea", "cycle.open", "2024-08-23", follows="spring", **autumn | {"cycle": "winter", "name": "Winter"}
    )

    (in_one,) = import_rows(installation, [*spring, looked_back, kept, over, twice]).errors
    assert () == import_rows(installation, [*spring, looked_back, kept, over]).errors
    (later,) = import_rows(installation, [twice]).errors

    told = ("act_not_allowed", "/follows", ("autumn",))
    assert [told, told] == [(error.code, error.field, error.allowed) for error in (in_one, later)]


def test_a_goal_that_is_never_created_is_named_with_its_place(installation: Installation) -> None:
    row = build_row("lea", "cycle.open", "2024-05-13", goals=["g-1", "g-7"], **SPRING)

    (error,) = import_rows(installation, [*BEGINNING[:-1], row]).errors

    assert ("not_found", "/goals/1") == (error.code, error.field)


# --- at once ---------------------------------------------------------------------------------------------------------


def build_open_command(installation: Installation, ref: str) -> Command:
    row = parse_row(1, json.dumps(OPEN | {"cycle": ref}).encode())
    assert row is not None
    return Command(
        organisation_id=ORGANISATION,
        kind="cycle",
        stream_id=resolve_stream_id(ORGANISATION, "cycle", ref),
        act=row.act,
        actor=resolve_stream_id(ORGANISATION, "member", "lea"),
        expected_versions=(0,),
    )


def try_open(installation: Installation, ref: str) -> bool:
    try:
        installation.runtime.handle(build_open_command(installation, ref))
    except ActNotAllowed:
        return False
    return True


def test_of_many_who_open_a_cycle_of_one_team_at_once_one_does(installation: Installation) -> None:
    assert () == import_rows(installation, BEGINNING[:-1]).errors

    with ThreadPoolExecutor(8) as people:
        found = list(people.map(lambda n: try_open(installation, f"c{n}"), range(16)))

    assert 1 == sum(found)


def test_an_import_that_opens_a_cycle_while_somebody_else_does_is_decided_again(installation: Installation) -> None:
    assert () == import_rows(installation, BEGINNING[:-1]).errors

    with installation.runtime.ledger.bulk() as bulk:
        bulk.handle(build_open_command(installation, "theirs"))
        assert try_open(installation, "ours")

        with pytest.raises(VersionConflict):
            bulk.commit()
