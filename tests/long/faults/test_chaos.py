"""Processes and backends killed at random for a minute under load, and a reader that follows through it all."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.long.faults.cluster import Cluster
from tests.long.faults.conftest import Tell
from tests.long.faults.deployed_service import DeployedService, MemoryMonitor, fleet
from tests.long.faults.invariants import assert_recovers, attempts, figures
from tests.long.faults.load_clients import FeedReader, running
from tests.long.faults.stall_detector import StallDetector

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CLIENTS, PROCESSES = 24, 3
LASTS_S = 60
#: A process that has just been killed is replaced after a second, and then starts.
ANSWERED_WITHIN_S = 20
#: Some backend that is in the middle of something, or any.
VICTIMS = """
SELECT pg_terminate_backend(pid) FROM (
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    ORDER BY (state <> 'idle') DESC, random() LIMIT %s
) AS victims
"""


def ravage(deployed: DeployedService, database_url: str, chance: random.Random) -> dict[str, int]:
    """Kill this and that for a minute; how many of each."""
    killed = {"processes": 0, "backends": 0}
    deadline = time.monotonic() + LASTS_S
    with psycopg.connect(database_url, autocommit=True) as operator:
        while time.monotonic() < deadline:
            time.sleep(chance.uniform(0.05, 0.6))
            children = deployed.children()
            if chance.random() < 0.2 and children:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(children), signal.SIGKILL)
                    killed["processes"] += 1
            else:
                killed["backends"] += len(operator.execute(VICTIMS, [chance.choice([1, 1, 1, 3, 50])]).fetchall())
    return killed


def test_a_minute_of_kills_under_load_loses_nothing_and_doubles_nothing(
    tmp_path: Path, postgres: Cluster, redis_url: str, chance: random.Random, tell: Tell
) -> None:
    with fleet(tmp_path, postgres.url, redis_url, processes=PROCESSES) as deployed:
        stopping = threading.Event()
        metronome = StallDetector(stopping)
        sailors = deployed.clients(CLIENTS, stopping, patience=60)
        tail, scales = FeedReader(deployed.base, deployed.keys["stella"], stopping), MemoryMonitor(deployed, stopping)

        # when
        with running(stopping, sailors, metronome, tail, scales):
            killed = ravage(deployed, postgres.url, chance)
            time.sleep(5)
        slowest = max(metronome.took(each) for each in attempts(sailors))
        tell(**figures(sailors), killed=killed, tail_refused=tail.refused, slowest_s=slowest)
        tell(heaviest_mb=scales.heaviest, grown_mb=scales.grown, still_s=metronome.total)

        # then
        tell(caught_up_s=assert_recovers(deployed, sailors, tail, database_url=postgres.url))
        assert {0, 200, 201, 503} >= {each.status for each in attempts(sailors)}
        assert slowest < ANSWERED_WITHIN_S
