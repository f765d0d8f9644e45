"""One organisation sends what is costly, as fast as it can; another is answered as if it were alone."""

from __future__ import annotations

import gzip
import random
import socket
import time
from collections import Counter
from typing import Any

import pytest

from tests.long.attacks.arena import Arena, Latencies
from tests.long.faults.conftest import ReportFigures

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

#: Seconds that others may wait at most (p99).
ME_S, COMMAND_S, LIVEZ_S = 0.25, 1.0, 0.1
#: How many times more than without the attacker, on a machine that is busy already.
MACHINE_FACTOR = 5.0
MEMORY_FACTOR = 1.5
ATTACKERS = 16


def assert_undisturbed(calm: Latencies, attacked: Latencies) -> None:
    assert [] == attacked.failed[:5]
    for what, bound in (("me", ME_S), ("command", COMMAND_S), ("livez", LIVEZ_S)):
        assert attacked.p99(what) <= max(bound, MACHINE_FACTOR * calm.p99(what)), (what, attacked.to_figures())


def run_attack(arena: Arena, report_figures: ReportFigures, attack: Any, attackers: int = ATTACKERS) -> Counter[str]:
    calm = arena.measure()
    with arena.under_attack(attackers, attack) as came:
        attacked = arena.measure()
    report_figures(calm=calm.to_figures(), attacked=attacked.to_figures(), attacker=came)
    assert_undisturbed(calm, attacked)
    assert came
    return came


@pytest.mark.parametrize("who", ["m1", "steward"])
@pytest.mark.parametrize("report", ["overload", "drift", "support", "reliability", "alignment"])
def test_reports_of_a_large_organisation(arena: Arena, report_figures: ReportFigures, report: str, who: str) -> None:
    before = arena.measure(2).megabytes

    came = run_attack(arena, report_figures, lambda _: arena.request(who, "GET", f"/v1/reports/{report}")[0])

    assert {"200", "429"} >= set(came)
    time.sleep(1)
    assert arena.measure(2).megabytes <= max(MEMORY_FACTOR * before, before + 200)


def test_lists_of_a_large_organisation(arena: Arena, report_figures: ReportFigures) -> None:
    chance = random.Random(7)
    paths = ("goals?limit=200", "members?limit=200", "me/inbox", "teams/t1/digest", "events?limit=1000")

    def ask(number: int) -> int:
        return arena.request(f"m{number % 3 + 1}", "GET", f"/v1/{chance.choice(paths)}")[0]

    run_attack(arena, report_figures, ask)


def test_reports_whose_client_never_waits_for_them(arena: Arena, report_figures: ReportFigures) -> None:
    def ask_and_leave(_: int) -> str:
        request = f"GET /v1/reports/overload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {arena.keys['m1']}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", arena.port), 10) as connection:
            connection.sendall(request.encode())
            time.sleep(0.3)
        return "left"

    run_attack(arena, report_figures, ask_and_leave)

    # Nothing of it goes on.
    time.sleep(3)
    began = time.monotonic()
    assert 200 == arena.request("m1", "GET", "/v1/reports/cycles")[0]
    assert time.monotonic() - began < 5


BOMBS = {
    "newlines": gzip.compress(b"\n" * 8_000_000),
    "rows": gzip.compress(b"{}\n" * 80_000_000),
    "blanks": gzip.compress(b" " * 250_000_000),
    "empty members": gzip.compress(b"") * 10_000,
    "malformed rows": b'{"do"\n' * 900_000,
    "rows without an act": b'{"do": "goal.dream"}\n' * 40_000,
    "acts of nobody": b"".join(
        b'{"at": "2026-01-01T00:00:00Z", "by": "x%d", "do": "goal.check_in", "goal": "y%d"}\n' % (number, number)
        for number in range(10_000)
    ),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_imports_that_are_large_only_once_unpacked(arena: Arena, report_figures: ReportFigures, bomb: bytes) -> None:
    def send(_: int) -> int:
        return arena.request("steward", "POST", "/v1/imports", bomb, "application/x-ndjson")[0]

    came = run_attack(arena, report_figures, send)

    assert {"200", "422", "429", "503"} >= set(came)


def test_heads_without_end_and_connections_without_a_head(arena: Arena, report_figures: ReportFigures) -> None:
    before = arena.measure(2).megabytes
    silent = [socket.create_connection(("127.0.0.1", arena.port), 10) for _ in range(300)]

    def flood(number: int) -> str:
        with socket.create_connection(("127.0.0.1", arena.port), 10) as connection:
            if number % 2:
                connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 50_000_000)
            else:
                connection.sendall(b"GET /" + b"a" * 50_000_000)
            return "taken"

    came = run_attack(arena, report_figures, flood)

    assert "taken" not in came
    assert arena.measure(2).megabytes <= max(MEMORY_FACTOR * before, before + 100)
    for connection in silent:
        # 408 and the end of it, ten seconds after it was opened.
        connection.settimeout(30)
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
        connection.close()
