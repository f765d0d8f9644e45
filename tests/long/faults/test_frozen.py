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
from tests.long.faults.conftest import Tell
from tests.long.faults.deployed_service import DeployedService, fleet, held_by
from tests.long.faults.invariants import assert_recovers, attempts, figures
from tests.long.faults.load_clients import Attempt, FeedReader, running
from tests.long.faults.stall_detector import StallDetector

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CLIENTS, PROCESSES = 24, 3
ROUNDS = 8
FROZEN_S = 5
#: Whoever is not connected to the frozen one is answered within this.
OTHERS_WITHIN_S = 3.0
#: Shorter than the ice lasts: whoever hangs on the frozen one asks another, with the same key.
PATIENCE_S = 3.5


@dataclass(frozen=True)
class Ice:
    """One process that stood still, and whose connections it had."""

    began: float
    ended: float
    held: frozenset[int]

    def over(self, attempt: Attempt) -> bool:
        """Whether the attempt was under way meanwhile, at one of the others."""
        return attempt.ended > self.began and attempt.began < self.ended and attempt.port not in self.held


@contextmanager
def frozen(deployed: DeployedService, pid: int) -> Iterator[frozenset[int]]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield frozenset(held_by(pid, deployed.base[1]))
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_frozen_process_holds_up_nobody_but_its_own_and_doubles_nothing(
    tmp_path: Path, postgres: Cluster, redis_url: str, chance: random.Random, tell: Tell
) -> None:
    with fleet(tmp_path, postgres.url, redis_url, processes=PROCESSES) as deployed:
        stopping = threading.Event()
        metronome = StallDetector(stopping)
        sailors = deployed.clients(CLIENTS, stopping, patience=PATIENCE_S)
        tail, ice = FeedReader(deployed.base, deployed.keys["stella"], stopping), list[Ice]()

        # when
        with running(stopping, sailors, metronome, tail):
            for _ in range(ROUNDS):
                time.sleep(chance.uniform(0.5, 2.5))
                with frozen(deployed, chance.choice(deployed.children())) as held:
                    began = time.monotonic()
                    time.sleep(FROZEN_S)
                ice.append(Ice(began, time.monotonic(), held))
            time.sleep(3)
        told = attempts(sailors)
        waited = [[metronome.took(each) for each in told if floe.over(each)] for floe in ice]
        tell(
            **figures(sailors),
            held=[len(floe.held) for floe in ice],
            others_answered=[len(each) for each in waited],
            others_slowest_s=[round(max(each), 2) for each in waited],
            still_s=metronome.total,
            hung_up=sum(each.status == 0 for each in told),
        )

        # then
        tell(caught_up_s=assert_recovers(deployed, sailors, tail, database_url=postgres.url))
        assert all(waited)
        assert max(max(each) for each in waited) < OTHERS_WITHIN_S
        assert PROCESSES == len(deployed.children())
