"""A disk that is full: told as such, nothing acknowledged is lost, and with room again service returns by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.long.faults.cluster import Cluster, cluster, create_file_disk, fill
from tests.long.faults.conftest import ReportFigures
from tests.long.faults.deployed_service import DeployedService, MemoryMonitor, run_deployed_service
from tests.long.faults.invariants import assert_recovers, compute_figures, list_attempts
from tests.long.faults.load_clients import FeedReader, RetryingClient, run_clients
from tests.long.faults.stall_detector import StallDetector
from tests.servers import ServerUnavailableError

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CLIENTS = 6
ANSWERED_WITHIN_S = 16
BACK_WITHIN_S = 15
#: Refusals that show the disk to be full, and how long to wait for them.
REFUSALS, FULL_WITHIN_S = 12, 120
#: Little log on a little disk, written to it in small files.
SMALL_SETTINGS = {"max_wal_size": "4MB", "min_wal_size": "2MB", "autovacuum": "off", "checkpoint_timeout": "30s"}


def wait_until_refused(sailors: list[RetryingClient]) -> None:
    """Until nobody's commands are taken any more."""
    deadline = time.monotonic() + FULL_WITHIN_S
    while time.monotonic() < deadline:
        last = list_attempts(sailors)[-REFUSALS:]
        if len(last) == REFUSALS and not any(each.is_acknowledged for each in last):
            return
        time.sleep(0.2)
    raise AssertionError(f"the disk was never full: {compute_figures(sailors)}")


def wait_until_served(sailors: list[RetryingClient], since: float, metronome: StallDetector) -> float:
    """Seconds until each client was served again."""
    took = 0.0
    while took < BACK_WITHIN_S:
        took = (now := time.monotonic()) - since - metronome.stalled_seconds(since, now)
        if all(any(each.is_acknowledged and each.ended_at > since for each in sailor.log) for sailor in sailors):
            return took
        time.sleep(0.1)
    raise AssertionError(f"not served again within {BACK_WITHIN_S} s: {compute_figures(sailors)}")


def run_with_full_disk(
    deployed: DeployedService, disk: Path, report_figures: ReportFigures, found: Cluster | None, *, leave: int
) -> tuple[list[RetryingClient], FeedReader]:
    """Clients at work while the disk fills, is full for a while, and has room again."""
    stopping = threading.Event()
    metronome = StallDetector(stopping)
    sailors = deployed.create_clients(CLIENTS, stopping, patience=60)
    tail, scales = FeedReader(deployed.base, deployed.keys["stella"], stopping), MemoryMonitor(deployed, stopping)
    with run_clients(stopping, sailors, metronome, tail, scales):
        time.sleep(2)
        ballast = fill(disk, leave=leave)
        wait_until_refused(sailors)
        time.sleep(3)
        died = found is not None and found.process is not None and found.process.poll() is not None
        ballast.unlink()
        if found is not None and died:
            found.start()
        back = wait_until_served(sailors, time.monotonic(), metronome)
        time.sleep(2)
    report_figures(
        **compute_figures(sailors),
        back_s=back,
        postgres_died=died,
        grown_mb=scales.max_growth,
        still_s=metronome.total_stalled,
    )
    assert max(metronome.unstalled_duration(each) for each in list_attempts(sailors)) < ANSWERED_WITHIN_S
    return sailors, tail


@contextmanager
def run_small_cluster() -> Iterator[tuple[Cluster, dict[str, Path]]]:
    try:
        with cluster(SMALL_SETTINGS, data_megabytes=96, wal_megabytes=32) as found:
            yield found
    except ServerUnavailableError as refusal:
        pytest.skip(str(refusal))


def test_a_full_disk_under_postgresqls_tables_is_told_and_heals_by_itself(
    tmp_path: Path, redis_url: str, report_figures: ReportFigures
) -> None:
    with run_small_cluster() as (found, disks), run_deployed_service(tmp_path, found.url, redis_url) as deployed:
        sailors, tail = run_with_full_disk(deployed, disks["data"], report_figures, found, leave=200_000)

        report_figures(caught_up_s=assert_recovers(deployed, sailors, tail, database_url=found.url))
        assert {200, 201, 503} == {each.status for each in list_attempts(sailors)}
        assert "No space left on device" in found.log()


def test_a_full_disk_under_postgresqls_log_ends_the_server_and_nothing_else(
    tmp_path: Path, redis_url: str, report_figures: ReportFigures
) -> None:
    with run_small_cluster() as (found, disks), run_deployed_service(tmp_path, found.url, redis_url) as deployed:
        with psycopg.connect(found.url, autocommit=True) as operator:
            # What fills such disks: somebody who was promised the log, and does not fetch it.
            operator.execute("SELECT pg_create_physical_replication_slot('gone', true)")

        sailors, tail = run_with_full_disk(deployed, disks["wal"], report_figures, found, leave=0)

        report_figures(caught_up_s=assert_recovers(deployed, sailors, tail, database_url=found.url))
        assert {200, 201, 503} >= {each.status for each in list_attempts(sailors)} - {0}
        assert "PANIC" in found.log()


def test_a_full_disk_under_a_file_is_told_and_heals_by_itself(tmp_path: Path, report_figures: ReportFigures) -> None:
    with ExitStack() as stack:
        try:
            disk = create_file_disk(stack, 24)
        except ServerUnavailableError as refusal:
            pytest.skip(str(refusal))
        deployed = stack.enter_context(
            run_deployed_service(tmp_path, f"sqlite:///{disk / 'plimsoll.sqlite'}", None, processes=1)
        )

        sailors, tail = run_with_full_disk(deployed, disk, report_figures, None, leave=0)

        report_figures(caught_up_s=assert_recovers(deployed, sailors, tail))
        assert {200, 201, 503} == {each.status for each in list_attempts(sailors)}
