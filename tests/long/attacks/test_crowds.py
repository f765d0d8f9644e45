"""Many members of one large organisation at once: they are answered, and what they took is given back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle

import pytest

from tests.long.attacks.arena import CROWD, Arena
from tests.long.attacks.crowd import format_request, run_crowd
from tests.long.faults.conftest import ReportFigures
from tests.long.faults.deployed_service import read_resident_megabytes

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

CROWD_S = 60.0
#: What 200 clients of the large organisation reach together, and wait at most (p99).
MIN_PER_SECOND, MAX_P99_S = 150.0, 3.0
COMMANDS = 10_000
#: Of the memory after 10,000 commands, what may be there after as many again and again; seconds before that is read.
MEMORY_FACTOR, SETTLING_S = 1.2, 5.0
_CHECK_IN = b'{"note": "well"}'


def work_of(arena: Arena, number: int) -> Iterator[bytes]:
    """What one member does all day."""
    key = arena.keys[f"m{number}"]
    reads = ("me", "me/inbox", "goals?limit=20", f"goals/g{number}", f"goals?owner=m{number}")
    requests = [format_request(key, "GET", f"/v1/{path}") for path in reads]
    requests.append(format_request(key, "POST", f"/v1/goals/g{number}/check-in", _CHECK_IN))
    # Each begins somewhere else.
    first = number % len(requests)
    return cycle(requests[first:] + requests[:first])


def test_two_hundred_members_of_a_large_organisation(arena: Arena, report_figures: ReportFigures) -> None:
    crowd = run_crowd(arena.port, [work_of(arena, number) for number in range(CROWD)], CROWD_S)

    report_figures(crowd=crowd.to_figures())
    assert {"200", "201"} >= set(crowd.statuses)
    assert crowd.succeeded / crowd.took_s >= MIN_PER_SECOND
    assert crowd.p(0.99) <= MAX_P99_S


def test_ten_thousand_commands_at_once_are_answered_and_leave_nothing(
    arena: Arena, report_figures: ReportFigures
) -> None:
    """The first time the interpreter takes room for 10,000 connections, and keeps it: later ones find it there."""
    megabytes = [read_resident_megabytes(arena.pid)]
    for _ in range(3):
        crowd = run_crowd(arena.port, [_send_once(arena, number) for number in range(COMMANDS)])
        time.sleep(SETTLING_S)
        megabytes.append(read_resident_megabytes(arena.pid))
        report_figures(crowd=crowd.to_figures(), megabytes=megabytes[-2:])
        assert COMMANDS == crowd.statuses.total()
        assert {"200", "201", "429", "503"} >= set(crowd.statuses), crowd.statuses
        assert crowd.succeeded
    assert megabytes[-1] <= MEMORY_FACTOR * megabytes[1]


def _send_once(arena: Arena, number: int) -> Iterator[bytes]:
    owner = number % CROWD
    return iter([format_request(arena.keys[f"m{owner}"], "POST", f"/v1/goals/g{owner}/check-in", _CHECK_IN)])
