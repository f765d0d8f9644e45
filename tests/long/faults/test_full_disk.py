"""A disk that is full: told as such, nothing acknowledged is lost, and with room again service returns by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.long.faults.cluster import Cluster, cluster, disk_for_a_file, fill
from tests.long.faults.conftest import Tell
from tests.long.faults.deployed_service import DeployedService, MemoryMonitor, fleet
from tests.long.faults.invariants import assert_recovers, attempts, figures
from tests.long.faults.load_clients import FeedReader, RetryingClient, running
from tests.long.faults.stall_detector import StallDetector
from tests.servers import ServerUnavailableError

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CLIENTS = 6
ANSWERED_WITHIN_S = 16
BACK_WITHIN_S = 15
#: Refusals that show the disk to be full, and how long to wait for them.
REFUSALS, FULL_WITHIN_S = 12, 120
#: Little log on a little disk, written to it in small files.
SMALL = {"max_wal_size": "4MB", "min_wal_size": "2MB", "autovacuum": "off", "checkpoint_timeout": "30s"}


def until_refused(sailors: list[RetryingClient]) -> None:
    """Until nobody's commands are taken any more."""
    deadline = time.monotonic() + FULL_WITHIN_S
    while time.monotonic() < deadline:
        last = attempts(sailors)[-REFUSALS:]
        if len(last) == REFUSALS and not any(each.acknowledged for each in last):
            return
        time.sleep(0.2)
    raise AssertionError(f"the disk was never full: {figures(sailors)}")


def back_within(sailors: list[RetryingClient], since: float, metronome: StallDetector) -> float:
    """Seconds until each client was served again."""
    took = 0.0
    while took < BACK_WITHIN_S:
        took = (now := time.monotonic()) - since - metronome.stood_still(since, now)
        if all(any(each.acknowledged and each.ended > since for each in sailor.log) for sailor in sailors):
            return took
        time.sleep(0.1)
    raise AssertionError(f"not served again within {BACK_WITHIN_S} s: {figures(sailors)}")


def filled_up(
    deployed: DeployedService, disk: Path, tell: Tell, found: Cluster | None, *, leave: int
) -> tuple[list[RetryingClient], FeedReader]:
    """Clients at work while the disk fills, is full for a while, and has room again."""
    stopping = threading.Event()
    metronome = StallDetector(stopping)
    sailors = deployed.clients(CLIENTS, stopping, patience=60)
    tail, scales = FeedReader(deployed.base, deployed.keys["stella"], stopping), MemoryMonitor(deployed, stopping)
    with running(stopping, sailors, metronome, tail, scales):
        time.sleep(2)
        ballast = fill(disk, leave=leave)
        until_refused(sailors)
        time.sleep(3)
        died = found is not None and found.process is not None and found.process.poll() is not None
        ballast.unlink()
        if found is not None and died:
            found.start()
        back = back_within(sailors, time.monotonic(), metronome)
        time.sleep(2)
    tell(**figures(sailors), back_s=back, postgres_died=died, grown_mb=scales.grown, still_s=metronome.total)
    assert max(metronome.took(each) for each in attempts(sailors)) < ANSWERED_WITHIN_S
    return sailors, tail


@contextmanager
def small() -> Iterator[tuple[Cluster, dict[str, Path]]]:
    try:
        with cluster(SMALL, data_megabytes=96, wal_megabytes=32) as found:
            yield found
    except ServerUnavailableError as refusal:
        pytest.skip(str(refusal))


def test_a_full_disk_under_postgresqls_tables_is_told_and_heals_by_itself(
    tmp_path: Path, redis_url: str, tell: Tell
) -> None:
    with small() as (found, disks), fleet(tmp_path, found.url, redis_url) as deployed:
        sailors, tail = filled_up(deployed, disks["data"], tell, found, leave=200_000)

        tell(caught_up_s=assert_recovers(deployed, sailors, tail, database_url=found.url))
        assert {200, 201, 503} == {each.status for each in attempts(sailors)}
        assert "No space left on device" in found.log()


def test_a_full_disk_under_postgresqls_log_ends_the_server_and_nothing_else(
    tmp_path: Path, redis_url: str, tell: Tell
) -> None:
    with small() as (found, disks), fleet(tmp_path, found.url, redis_url) as deployed:
        with psycopg.connect(found.url, autocommit=True) as operator:
            # What fills such disks: somebody who was promised the log, and does not fetch it.
            operator.execute("SELECT pg_create_physical_replication_slot('gone', true)")

        sailors, tail = filled_up(deployed, disks["wal"], tell, found, leave=0)

        tell(caught_up_s=assert_recovers(deployed, sailors, tail, database_url=found.url))
        assert {200, 201, 503} >= {each.status for each in attempts(sailors)} - {0}
        assert "PANIC" in found.log()


def test_a_full_disk_under_a_file_is_told_and_heals_by_itself(tmp_path: Path, tell: Tell) -> None:
    with ExitStack() as stack:
        try:
            disk = disk_for_a_file(stack, 24)
        except ServerUnavailableError as refusal:
            pytest.skip(str(refusal))
        deployed = stack.enter_context(fleet(tmp_path, f"sqlite:///{disk / 'plimsoll.sqlite'}", None, processes=1))

        sailors, tail = filled_up(deployed, disk, tell, None, leave=0)

        tell(caught_up_s=assert_recovers(deployed, sailors, tail))
        assert {200, 201, 503} == {each.status for each in attempts(sailors)}
