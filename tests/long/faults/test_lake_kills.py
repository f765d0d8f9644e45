"""Syncs of a lake that are killed at any instant, two at a time, leave the lake that one whole sync makes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest

from services.imports.importer import import_lines
from services.lake.delta import Lake
from services.lake.sync import open_session, sync_lake, verify_lake
from services.settings import Settings
from tests.fixtures import synthetic
from tests.long.faults.conftest import ReportFigures
from tests.services.conftest import Installation, open_installation

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

ROUNDS = 12
#: Acts that are told in each round.
ACTS = 60


@pytest.fixture
def told(database_url: str) -> Installation:
    return open_installation(Settings(database_url=database_url))


def start_sync(installation: Installation, lake: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PLIMSOLL_DATABASE_URL": installation.runtime.settings.database_url}
    command = [sys.executable, "-m", "services.cli", "lake", "sync", str(lake)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_whatever_is_killed_the_lake_is_whole(
    told: Installation, tmp_path: Path, rng: random.Random, report_figures: ReportFigures
) -> None:
    organisation, lines = told.founded.organisation_id, synthetic.encode_lines(goals=120)
    killed = 0
    for number in range(ROUNDS):
        result = import_lines(told.runtime, organisation, list(islice(lines, ACTS)), principal=told.principal)
        assert not result.errors
        syncs = [start_sync(told, tmp_path / "lake") for _ in range(2)]
        # A sync takes a second or two, of which the first half is the interpreter's start.
        time.sleep(rng.uniform(0.3, 3.0))
        for each in syncs:
            if each.poll() is None and rng.random() < 0.8:
                each.send_signal(signal.SIGKILL)
                killed += 1
        for each in syncs:
            output, _ = each.communicate(timeout=300)
            assert each.returncode in (0, -signal.SIGKILL), (number, output.decode())

    told.runtime.engine.catch_up()
    with open_session(told.runtime, organisation, Lake(str(tmp_path / "lake"), {}), names=False) as session:
        assert sync_lake(session).equal
        assert verify_lake(session).equal
    report_figures(killed=killed, rounds=ROUNDS)
    assert killed > 0
    told.runtime.close()
