"""One of three API processes is stopped in the middle of its work, again and again: the others go on."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.long.faults.cluster import Cluster
from tests.long.faults.conftest import ReportFigures
from tests.long.faults.deployed_service import DeployedService, list_client_ports, run_deployed_service
from tests.long.faults.invariants import assert_recovers, compute_figures, list_attempts
from tests.long.faults.load_clients import Attempt, FeedReader, run_clients
from tests.long.faults.stall_detector import StallDetector

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CLIENTS, PROCESSES = 24, 3
ROUNDS = 8
FROZEN_S = 5
#: Whoever is not connected to the frozen one is answered within this.
OTHERS_WITHIN_S = 3.0
#: Shorter than the ice lasts: whoever hangs on the frozen one asks another, with the same key.
TIMEOUT_S = 3.5


@dataclass(frozen=True)
class FrozenProcess:
    """One process that stood still, and whose connections it had."""

    began: float
    ended: float
    held: frozenset[int]

    def overlaps(self, attempt: Attempt) -> bool:
        """Whether the attempt was under way meanwhile, at one of the others."""
        return attempt.ended_at > self.began and attempt.began < self.ended and attempt.port not in self.held


@contextmanager
def freeze_process(deployed: DeployedService, pid: int) -> Iterator[frozenset[int]]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield frozenset(list_client_ports(pid, deployed.base[1]))
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_frozen_process_holds_up_nobody_but_its_own_and_doubles_nothing(
    tmp_path: Path, postgres: Cluster, redis_url: str, rng: random.Random, report_figures: ReportFigures
) -> None:
    with run_deployed_service(tmp_path, postgres.url, redis_url, processes=PROCESSES) as deployed:
        stopping = threading.Event()
        metronome = StallDetector(stopping)
        sailors = deployed.create_clients(CLIENTS, stopping, patience=TIMEOUT_S)
        tail, ice = FeedReader(deployed.base, deployed.keys["stella"], stopping), list[FrozenProcess]()

        # when
        with run_clients(stopping, sailors, metronome, tail):
            for _ in range(ROUNDS):
                time.sleep(rng.uniform(0.5, 2.5))
                with freeze_process(deployed, rng.choice(deployed.list_children())) as held:
                    began = time.monotonic()
                    time.sleep(FROZEN_S)
                ice.append(FrozenProcess(began, time.monotonic(), held))
            time.sleep(3)
        told = list_attempts(sailors)
        waited = [[metronome.unstalled_duration(each) for each in told if floe.overlaps(each)] for floe in ice]
        report_figures(
            **compute_figures(sailors),
            held=[len(floe.held) for floe in ice],
            others_answered=[len(each) for each in waited],
            others_slowest_s=[round(max(each), 2) for each in waited],
            still_s=metronome.total_stalled,
            hung_up=sum(each.status == 0 for each in told),
        )

        # then
        report_figures(caught_up_s=assert_recovers(deployed, sailors, tail, database_url=postgres.url))
        assert all(waited)
        assert max(max(each) for each in waited) < OTHERS_WITHIN_S
        assert PROCESSES == len(deployed.list_children())
