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
#: Of the memory before 10,000 commands, what may be left after them, and within how many seconds.
MEMORY_FACTOR, SETTLED_WITHIN_S = 1.2, 60.0
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
    def send_once(number: int) -> Iterator[bytes]:
        owner = number % CROWD
        return iter([format_request(arena.keys[f"m{owner}"], "POST", f"/v1/goals/g{owner}/check-in", _CHECK_IN)])

    before = read_resident_megabytes(arena.pid)
    crowd = run_crowd(arena.port, [send_once(number) for number in range(COMMANDS)])

    deadline = time.monotonic() + SETTLED_WITHIN_S
    peak = after = read_resident_megabytes(arena.pid)
    while after > MEMORY_FACTOR * before and time.monotonic() < deadline:
        time.sleep(1)
        after = read_resident_megabytes(arena.pid)
    report_figures(crowd=crowd.to_figures(), megabytes={"before": before, "at their end": peak, "after": after})
    assert COMMANDS == crowd.statuses.total()
    assert {"201", "200", "429", "503"} >= set(crowd.statuses), crowd.statuses
    assert crowd.succeeded
    assert after <= MEMORY_FACTOR * before
