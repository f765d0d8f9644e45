"""Several processes at the log at once: nothing missed, nothing out of order, and no gap where one was killed."""

from __future__ import annotations

import subprocess
import sys
import time

from domain.envelope import Recorded
from ledger.ledger import Ledger
from tests.ledger.tenant import Tenant, capacity

PROCESSES, THREADS, ACTS = 2, 4, 60
PATIENCE_S = 100


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.writers", *arguments], stdout=subprocess.PIPE, text=True
    )


def in_order(events: list[Recorded]) -> None:
    """The log as one reader saw it: gapless for itself, for the organisation and for each stream."""
    versions: dict[str, int] = {}
    for number, event in enumerate(events, start=1):
        assert (number, number) == (event.log_position, event.position)
        assert versions.get(event.stream, 0) + 1 == event.version
        versions[event.stream] = event.version
    assert sorted(e.recorded_at for e in events) == [e.recorded_at for e in events]
    assert len(events) == len({e.event_id for e in events})


def test_a_tailing_reader_misses_nothing_that_eight_writers_in_two_processes_record(
    ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    before = ledger.head()
    running = [started("write", database_url, str(tenant.id), str(THREADS), str(ACTS)) for _ in range(PROCESSES)]
    seen: list[Recorded] = []
    deadline = time.monotonic() + PATIENCE_S

    while any(writer.poll() is None for writer in running) and time.monotonic() < deadline:
        seen.extend(ledger.read(seen[-1].log_position if seen else 0, 7))
    while more := ledger.read(seen[-1].log_position, 500):
        seen.extend(more)

    outcomes = [(writer.communicate(timeout=1)[0], writer.returncode) for writer in running]
    assert [("", 0)] * PROCESSES == outcomes
    in_order(seen)
    assert before + PROCESSES * THREADS * (ACTS + ACTS // 10) == len(seen) == ledger.head() == ledger.count()


def test_a_process_killed_in_the_middle_leaves_no_gap_and_takes_nothing_back(
    ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    for round_ in range(3):
        writer = started("until-killed", database_url, str(tenant.id))
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(25)]
        time.sleep(0.013 * round_)
        writer.kill()
        # The last line may be cut off in the middle.
        told += [int(line) for line in writer.communicate()[0].split("\n")[:-1]]

        receipt = tenant.say("stella", capacity(round_), on="ana")

        assert receipt.log_position == ledger.head() == ledger.count()
        assert max(told) < receipt.log_position
        in_order(ledger.read(0, 100_000))
