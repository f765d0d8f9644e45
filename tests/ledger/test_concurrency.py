"""Several processes at the log at once: nothing missed, nothing out of order, and no gap where one was killed."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress

import psycopg

from domain.envelope import RecordedEvent
from ledger.errors import LedgerUnavailable
from ledger.ledger import Ledger
from tests.ledger.tenant import Clock, Tenant, capacity, ids

PROCESSES, THREADS, ACTS = 2, 24, 20
TIMEOUT_S = 100
KILLS = 100
#: One backend that is in the middle of something.
KILL_BACKEND_SQL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' LIMIT 1
"""


def start_writer(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.writer_processes", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def assert_gapless(events: list[RecordedEvent]) -> None:
    """The log as one reader saw it: gapless for itself, for the organisation and for each stream."""
    versions: dict[str, int] = {}
    for number, event in enumerate(events, start=1):
        assert (number, number) == (event.log_position, event.position)
        assert versions.get(event.stream, 0) + 1 == event.version
        versions[event.stream] = event.version
    assert sorted(e.recorded_at for e in events) == [e.recorded_at for e in events]
    assert len(events) == len({e.event_id for e in events})


def test_a_tailing_reader_misses_nothing_that_many_writers_in_two_processes_record(
    ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    before = ledger.head()
    running = [start_writer("write", database_url, str(tenant.id), str(THREADS), str(ACTS)) for _ in range(PROCESSES)]
    seen: list[RecordedEvent] = []
    deadline = time.monotonic() + TIMEOUT_S

    while any(writer.poll() is None for writer in running) and time.monotonic() < deadline:
        seen.extend(ledger.read_log(seen[-1].log_position if seen else 0, 7))
    while more := ledger.read_log(seen[-1].log_position, 500):
        seen.extend(more)

    outcomes = [(writer.communicate(timeout=1)[0], writer.returncode) for writer in running]
    assert [("", 0)] * PROCESSES == outcomes
    assert_gapless(seen)
    assert before + PROCESSES * THREADS * (ACTS + ACTS // 10) == len(seen) == ledger.head() == ledger.count()


def test_killed_backends_take_nothing_back_that_three_processes_were_told(postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url, clock=Clock(), new_id=ids())
    tenant = Tenant.create(ledger, Clock())
    before = ledger.head()
    running = [start_writer("insist", postgres_url, str(tenant.id), "20", "20") for _ in range(3)]
    # All begin when all are open: a ledger does not open while its backends are being killed.
    assert ["open\n"] * 3 == [writer.stdout.readline() for writer in running if writer.stdout]
    for writer in running:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    seen: list[RecordedEvent] = []
    killed = 0
    deadline = time.monotonic() + TIMEOUT_S

    with psycopg.connect(postgres_url, autocommit=True) as operator:
        while any(writer.poll() is None for writer in running) and time.monotonic() < deadline:
            killed += len(operator.execute(KILL_BACKEND_SQL).fetchall()) if killed < KILLS else 0
            with suppress(LedgerUnavailable):
                for _ in range(20):
                    seen.extend(ledger.read_log(seen[-1].log_position if seen else 0, 7))
    while more := read_rest(ledger, seen):
        seen.extend(more)

    # With a time-out `communicate` would pass over what `readline` has read ahead.
    outcomes = [(writer.communicate()[0].split(), writer.returncode) for writer in running]
    assert [0] * 3 == [code for _, code in outcomes]
    assert killed > 0
    assert_gapless(seen)
    assert len(seen) == ledger.head() == ledger.count()
    told = [event_id for lines, _ in outcomes for event_id in lines]
    # Of ten acts two are refused, and one comes without a key: that one, when lost, may be there all the same.
    assert 3 * 20 * 14 <= len(told) == len(set(told))
    assert set(told) <= {str(event.event_id) for event in seen}
    assert len(told) <= len(seen) - before <= 3 * 20 * 16
    ledger.close()


def read_rest(ledger: Ledger, seen: list[RecordedEvent]) -> list[RecordedEvent]:
    """The rest, though the last kill may have hit this very reader."""
    while True:
        with suppress(LedgerUnavailable):
            return ledger.read_log(seen[-1].log_position, 500)


def test_a_process_killed_in_the_middle_leaves_no_gap_and_takes_nothing_back(
    ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    for round_ in range(3):
        writer = start_writer("until-killed", database_url, str(tenant.id))
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(25)]
        time.sleep(0.013 * round_)
        writer.kill()
        # The last line may be cut off in the middle.
        told += [int(line) for line in writer.communicate()[0].split("\n")[:-1]]

        receipt = tenant.handle("stella", capacity(round_), on="ana")

        assert receipt.log_position == ledger.head() == ledger.count()
        assert max(told) < receipt.log_position
        assert_gapless(ledger.read_log(0, 100_000))
