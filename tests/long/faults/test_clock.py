"""Clocks that jump back a day, forth again, and disagree: the log's own order does not follow them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.api.real_server import run_server
from tests.long.faults.conftest import ReportFigures
from tests.long.faults.deployed_service import create_members_and_goals
from tests.long.faults.invariants import assert_no_loss_no_duplicate, compute_figures, list_attempts
from tests.long.faults.load_clients import FeedReader, RetryingClient, run_clients

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

CLIENTS = 8
LASTS_S = 20


class JumpingClock:
    """The real time, so many days off."""

    def __init__(self) -> None:
        self.days = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def test_clocks_that_jump_back_a_day_and_disagree_never_turn_recorded_time_back(
    database_url: str, stack: ExitStack, rng: random.Random, report_figures: ReportFigures
) -> None:
    # given one server, and on PostgreSQL a second one with a clock of its own
    settings = Settings(database_url=database_url, rate_limit_per_minute=0)
    migrate(settings)
    clocks = [JumpingClock() for _ in range(1 if database_url.startswith("sqlite") else 2)]
    runtimes = [stack.enter_context(Runtime(settings, clock=clock)) for clock in clocks]
    ports = [stack.enter_context(run_server(runtime)) for runtime in runtimes]
    stella = create_organisation(runtimes[0], "acme", steward="stella").api_key
    keys, goals = create_members_and_goals(("127.0.0.1", ports[0]), stella)
    stopping = threading.Event()
    sailors = [
        RetryingClient(
            f"c{number}",
            ("127.0.0.1", ports[number % len(ports)]),
            (keys["ana"], stella),
            goals[number % len(goals)],
            stopping,
        )
        for number in range(CLIENTS)
    ]
    tail = FeedReader(("127.0.0.1", ports[0]), stella, stopping)

    # when
    jumps = 0
    with run_clients(stopping, sailors, tail):
        deadline = time.monotonic() + LASTS_S
        while time.monotonic() < deadline:
            time.sleep(rng.uniform(0.2, 1.0))
            rng.choice(clocks).days = rng.choice([0, -1, -1, 0.5])
            jumps += 1
    report_figures(**compute_figures(sailors), jumps=jumps, servers=len(ports))

    # then
    tail.finish(max(each.position for each in list_attempts(sailors)))
    assert_no_loss_no_duplicate(sailors, tail)
    assert {200, 201} == {each.status for each in list_attempts(sailors)}
    recorded = [event["recordedtime"] for event in tail.seen]
    assert sorted(recorded) == recorded
    streams: dict[str, list[str]] = {}
    for event in tail.seen:
        streams.setdefault(event["subject"], []).append(event["time"])
    assert [] == [stream for stream, times in streams.items() if sorted(times) != times]
    runtimes[0].engine.catch_up()
    assert [] == runtimes[0].engine.verify()
