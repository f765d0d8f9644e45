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
from tests.long.faults.conftest import ReportFigures
from tests.long.faults.deployed_service import DeployedService, MemoryMonitor, run_deployed_service
from tests.long.faults.invariants import assert_recovers, compute_figures, list_attempts
from tests.long.faults.load_clients import FeedReader, run_clients
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


def kill_at_random(deployed: DeployedService, database_url: str, rng: random.Random) -> dict[str, int]:
    """Kill this and that for a minute; how many of each."""
    killed = {"processes": 0, "backends": 0}
    deadline = time.monotonic() + LASTS_S
    with psycopg.connect(database_url, autocommit=True) as operator:
        while time.monotonic() < deadline:
            time.sleep(rng.uniform(0.05, 0.6))
            children = deployed.list_children()
            if rng.random() < 0.2 and children:
                with suppress(ProcessLookupError):
                    os.kill(rng.choice(children), signal.SIGKILL)
                    killed["processes"] += 1
            else:
                killed["backends"] += len(operator.execute(VICTIMS, [rng.choice([1, 1, 1, 3, 50])]).fetchall())
    return killed


def test_a_minute_of_kills_under_load_loses_nothing_and_doubles_nothing(
    tmp_path: Path, postgres: Cluster, redis_url: str, rng: random.Random, report_figures: ReportFigures
) -> None:
    with run_deployed_service(tmp_path, postgres.url, redis_url, processes=PROCESSES) as deployed:
        stopping = threading.Event()
        metronome = StallDetector(stopping)
        sailors = deployed.create_clients(CLIENTS, stopping, patience=60)
        tail, scales = FeedReader(deployed.base, deployed.keys["stella"], stopping), MemoryMonitor(deployed, stopping)

        # when
        with run_clients(stopping, sailors, metronome, tail, scales):
            killed = kill_at_random(deployed, postgres.url, rng)
            time.sleep(5)
        slowest = max(metronome.unstalled_duration(each) for each in list_attempts(sailors))
        report_figures(**compute_figures(sailors), killed=killed, tail_refused=tail.refused, slowest_s=slowest)
        report_figures(heaviest_mb=scales.peak, grown_mb=scales.max_growth, still_s=metronome.total_stalled)

        # then
        report_figures(caught_up_s=assert_recovers(deployed, sailors, tail, database_url=postgres.url))
        assert {0, 200, 201, 503} >= {each.status for each in list_attempts(sailors)}
        assert slowest < ANSWERED_WITHIN_S
