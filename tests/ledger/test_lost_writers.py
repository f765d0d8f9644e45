"""Writers that vanish, freeze or meet a full disk in the middle: recorded, surely not, or told that it is unknown."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.errors import InvalidField
from ledger.commands import IdempotencyKey, Receipt
from ledger.errors import LedgerUnavailable
from ledger.ledger import Ledger
from ledger.storage.postgres import PostgresLogStore
from tests.ledger.locks import NO_TIME_LIMIT, locked_head, wait_for, wait_for_queue, with_long_lock_timeout
from tests.ledger.tcp_proxy import TcpProxy
from tests.ledger.tenant import Clock, Tenant, capacity, ids


def key(name: str) -> IdempotencyKey:
    return IdempotencyKey(scope="ana POST /v1/members", key=name, digest="body")


async def handle_mixed_batch(tenant: Tenant, ledger: Ledger, database_url: str) -> list[Receipt | BaseException]:
    """One batch: with a key, without one, refused, an import row."""
    commands = [
        tenant.command("stella", capacity(1), on="ana", idempotency=key("k")),
        tenant.command("stella", capacity(2), on="ana"),
        tenant.command("stella", capacity(999), on="ana"),
        tenant.command("stella", capacity(4), on="ana", import_row="row"),
    ]
    with locked_head(database_url):
        tasks = [asyncio.ensure_future(ledger.handle_async(command)) for command in commands]
        await asyncio.to_thread(wait_for_queue, ledger, len(tasks))
    return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(("answered", "recorded"), [(True, 3), (False, 2)])
def test_a_connection_lost_at_the_commit_leaves_nobody_guessing_who_has_a_key(
    postgres_url: str, answered: bool, recorded: int
) -> None:
    with TcpProxy(postgres_url) as wire:
        ledger = Ledger.open(with_long_lock_timeout(wire.url), clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
        tenant = Tenant.create(ledger, Clock())
        head = ledger.head()
        wire.break_at(b"COMMIT", answered=answered)

        keyed, keyless, refused, row = asyncio.run(handle_mixed_batch(tenant, ledger, postgres_url))

        assert isinstance(keyed, Receipt)
        assert isinstance(row, Receipt)
        assert (answered, answered) == (keyed.replayed, row.already)
        assert "InvalidField" == type(refused).__name__
        assert isinstance(keyless, LedgerUnavailable)
        assert "unknown" == keyless.recorded
        assert head + recorded == ledger.head() == ledger.count()
        assert keyed.state is not None
        ledger.close()


def test_killed_backends_leave_no_gap_and_no_key_unanswered(postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
    tenant = Tenant.create(ledger, Clock())
    head, receipts = ledger.head(), list[Receipt]()

    with psycopg.connect(postgres_url, autocommit=True) as operator:
        for number in range(40):
            if number % 4 == 0:
                operator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            receipts.append(_handle_with_retries(tenant, number))

    assert list(range(head + 1, head + 41)) == [each.log_position for each in receipts]
    assert head + 40 == ledger.head() == ledger.count()
    ledger.close()


def _handle_with_retries(tenant: Tenant, number: int) -> Receipt:
    """What a client does: the same request with the same key, until it is answered."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return tenant.handle("stella", capacity(number % 40), on="ana", idempotency=key(str(number)))
        except LedgerUnavailable:
            assert time.monotonic() < deadline


def test_statements_stay_prepared_when_batches_are_rolled_back(postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
    tenant = Tenant.create(ledger, Clock())
    head = ledger.head()

    # The driver prepares what it runs often: by then its own rollback would reset the session.
    for number in range(12):
        with pytest.raises(InvalidField):
            tenant.handle("stella", capacity(999), on="ana", idempotency=key(f"refused {number}"))
        tenant.handle("stella", capacity(number), on="ana", idempotency=key(str(number)))

    assert head + 12 == ledger.head() == ledger.count()
    ledger.close()


def test_a_session_that_was_reset_by_others_is_prepared_anew(postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
    tenant = Tenant.create(ledger, Clock())
    before = tenant.handle("stella", capacity(1), on="ana").version
    assert isinstance(ledger.recorder, PostgresLogStore)
    with ledger.recorder.datastore.get_connection() as connection:
        connection.execute("DISCARD ALL")

    assert before + 1 == tenant.handle("stella", capacity(2), on="ana").version
    assert ledger.head() == ledger.count()
    ledger.close()


FROZEN_WRITER_SCRIPT = """
import os, signal, sys, time
from datetime import UTC, datetime
from uuid import UUID
from ledger.errors import LedgerUnavailable
from ledger.ledger import Ledger
from ledger.storage.postgres import PostgresSession
from tests.ledger.tenant import Clock, Tenant, capacity, ids

url, organisation_id, where = sys.argv[1:]
armed = []

def stop():
    if armed:
        armed.clear()
        os.kill(os.getpid(), signal.SIGSTOP)
        # The signal stops this thread when it gets round to it.
        time.sleep(0.5)

def clock():
    # Read under the head's lock.
    where == "deciding" and stop()
    return datetime.now(UTC)

write = PostgresSession.append

def append(self, head, append):
    write(self, head, append)
    where == "written" and stop()

PostgresSession.append = append
ledger = Ledger.open(url, clock=clock, new_id=ids())
tenant = Tenant(ledger, Clock(), UUID(organisation_id))
tenant.handle("stella", capacity(1), on="sam")
armed.append(True)
try:
    print("recorded", tenant.handle("stella", capacity(2), on="sam").version)
except LedgerUnavailable as error:
    print(error)
ledger.close()
"""


@pytest.mark.parametrize("where", ["deciding", "written"])
def test_a_writer_frozen_with_the_head_in_its_hands_gives_way_within_three_seconds(
    postgres_url: str, where: str
) -> None:
    ledger = Ledger.open(postgres_url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
    tenant = Tenant.create(ledger, Clock())
    frozen = subprocess.Popen(
        [sys.executable, "-c", FROZEN_WRITER_SCRIPT, postgres_url, str(tenant.id), where],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _, status = os.waitpid(frozen.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        before = time.monotonic()

        tenant.handle("stella", capacity(3), on="ana")

        assert time.monotonic() - before < 3
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    answer = frozen.communicate(timeout=30)[0]
    # Before its commit it surely recorded nothing, and simply did it again.
    assert ("recorded 3" if where == "deciding" else "unknown: retry with your key") in answer
    assert ledger.head() == ledger.count()
    assert (3 if where == "deciding" else 2) == len(ledger.events(tenant.id, tenant.id_of("sam")))
    ledger.close()


@contextmanager
def full_disk(database_url: str) -> Iterator[None]:
    """No file of this process may grow: what a full disk does to SQLite, without a disk."""
    folder = Path(database_url.removeprefix("sqlite:///")).parent
    largest = max(file.stat().st_size for file in folder.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


def _write_until_full(tenant: Tenant) -> int:
    """The last log position that was acknowledged."""
    acknowledged = 0
    for number in range(2000):
        try:
            acknowledged = tenant.handle("stella", capacity(number % 40), on="ana").log_position
        except LedgerUnavailable:
            return acknowledged
    pytest.fail("the disk was never full")


def test_a_full_disk_is_said_to_be_one_and_service_comes_back_by_itself(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
    tenant = Tenant.create(ledger, Clock())
    acknowledged = ledger.head()

    with full_disk(sqlite_url):
        acknowledged = max(acknowledged, _write_until_full(tenant))
        # Reading goes on.
        assert ledger.head() >= acknowledged
        with pytest.raises(LedgerUnavailable):
            tenant.handle("stella", capacity(1), on="ana")

    assert acknowledged + 1 == tenant.handle("stella", capacity(1), on="ana").log_position
    assert ledger.head() == ledger.count()
    ledger.close()


def test_a_clock_that_jumps_back_a_day_does_not_turn_recorded_time_back(
    ledger: Ledger, tenant: Tenant, clock: Clock
) -> None:
    before = tenant.handle("stella", capacity(1), on="ana").log_position
    clock.now -= timedelta(days=1)

    tenant.handle("stella", capacity(2), on="ana")
    clock.now += timedelta(days=2)
    tenant.handle("stella", capacity(3), on="ana")

    first, second, third = ledger.read_log(before - 1, 10)
    assert first.recorded_at <= second.recorded_at < third.recorded_at
    assert second.occurred_at >= first.occurred_at


def test_appends_wait_for_no_lock_while_the_table_is_vacuumed(postgres_url: str) -> None:
    ledger = Ledger.open(postgres_url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
    tenant = Tenant.create(ledger, Clock())
    with ledger.bulk() as bulk:
        for number in range(3000):
            bulk.handle(tenant.command("stella", capacity(number % 40), on="ana"))
        bulk.commit()
    sleeper = _start_vacuum(postgres_url)
    seen: list[Any] = []

    with psycopg.connect(postgres_url, autocommit=True) as watch:
        for number in range(50):
            tenant.handle("stella", capacity(number % 40), on="sam")
            seen += watch.execute(
                "SELECT mode FROM pg_locks WHERE NOT granted AND relation = 'stored_events'::regclass"
            ).fetchall()
            running = sleeper.poll() is None
    sleeper.kill()
    sleeper.communicate()

    assert running, "the vacuum ended before it could be in anybody's way"
    assert [] == seen
    ledger.close()


def _start_vacuum(postgres_url: str) -> subprocess.Popen[str]:
    """VACUUM again and again, slowed down so that it is never over, in a process of its own."""
    code = (
        "import psycopg, sys\n"
        "with psycopg.connect(sys.argv[1], autocommit=True) as session:\n"
        "    session.execute('SET vacuum_cost_delay = 20')\n"
        "    session.execute('SET vacuum_cost_limit = 1')\n"
        "    print('begun', flush=True)\n"
        "    while True:\n"
        "        session.execute('VACUUM (FREEZE, DISABLE_PAGE_SKIPPING) stored_events')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, postgres_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "begun\n" == process.stdout.readline()
    with psycopg.connect(postgres_url, autocommit=True) as watch:
        wait_for(
            lambda: watch.execute(
                "SELECT 1 FROM pg_locks WHERE granted AND relation = 'stored_events'::regclass"
                " AND mode = 'ShareUpdateExclusiveLock'"
            ).fetchone(),
            "the vacuum to begin",
        )
    return process
