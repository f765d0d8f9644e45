"""Migrating, opening, refusing to open, and a store that goes away and comes back."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.api_keys import Keys
from ledger.errors import LedgerMisconfigured, LedgerNotMigrated, LedgerUnavailable
from ledger.ledger import Ledger
from ledger.storage.migrations import migrate
from tests.ledger.tcp_proxy import TcpProxy
from tests.ledger.tenant import Clock, Tenant, capacity, ids


def open_ledger(database_url: str, **environment: str) -> Ledger:
    return Ledger.open(database_url, clock=lambda: datetime.now(UTC), new_id=ids(), environment=environment)


START_SCRIPT = """
import sys
from datetime import UTC, datetime
from uuid import UUID
from ledger.ledger import Ledger
from ledger.storage.migrations import migrate
from tests.ledger.tenant import Clock, Tenant, ids

applied = migrate(sys.argv[1])
ledger = Ledger.open(sys.argv[1], clock=lambda: datetime.now(UTC), new_id=ids())
Tenant.create(ledger, Clock())
ledger.close()
print(len(applied))
"""


def test_six_processes_that_start_at_once_on_an_empty_database_all_start(empty_url: str) -> None:
    command = [sys.executable, "-c", START_SCRIPT, empty_url]

    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]

    answers = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [0] * 6 == [process.returncode for process in running]
    assert ["0"] * 5 == sorted(answers)[:5]
    assert int(max(answers)) > 0
    assert [] == migrate(empty_url)
    ledger = open_ledger(empty_url)
    # Each founded its organisation: five acts.
    assert 30 == ledger.head() == ledger.count()
    ledger.close()


def test_a_database_that_was_not_migrated_says_so(empty_url: str) -> None:
    with pytest.raises(LedgerNotMigrated, match="plimsoll migrate"):
        open_ledger(empty_url)


def test_opening_a_file_that_does_not_exist_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(LedgerNotMigrated):
        open_ledger(f"sqlite:///{tmp_path / 'typo.db'}")

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ["y", "yes", "t", "true", "on", "1"])
def test_inserts_through_database_functions_are_refused_at_the_start(database_url: str, value: str) -> None:
    with pytest.raises(LedgerMisconfigured, match="POSTGRES_ENABLE_DB_FUNCTIONS"):
        open_ledger(database_url, POSTGRES_ENABLE_DB_FUNCTIONS=value)

    open_ledger(database_url, POSTGRES_ENABLE_DB_FUNCTIONS="no").close()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "plimsoll.db"])
def test_a_store_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(LedgerMisconfigured):
        open_ledger(url)


def test_a_closed_ledger_is_unavailable(ledger: Ledger, tenant: Tenant) -> None:
    ledger.close()
    ledger.close()

    with pytest.raises(LedgerUnavailable):
        ledger.head()
    with pytest.raises(LedgerUnavailable):
        tenant.handle("ana", capacity(30), on="ana")


def test_a_server_that_nobody_runs_is_unavailable_within_seconds() -> None:
    before = time.monotonic()

    with pytest.raises(LedgerUnavailable):
        open_ledger("postgresql://postgres@127.0.0.1:1/plimsoll")

    assert time.monotonic() - before < 12


def test_the_ledger_connects_again_by_itself(postgres_url: str) -> None:
    with TcpProxy(postgres_url) as wire:
        ledger = Ledger.open(wire.url, clock=Clock(), new_id=ids())
        tenant = Tenant.create(ledger, Clock())
        head = ledger.head()

        wire.disconnect()
        for attempt in (ledger.head, lambda: tenant.handle("ana", capacity(30), on="ana")):
            before = time.monotonic()
            with pytest.raises(LedgerUnavailable):
                attempt()
            assert time.monotonic() - before < 12
        with pytest.raises(LedgerUnavailable):
            Keys(ledger).list(tenant.id)

        wire.reconnect()
        deadline = time.monotonic() + 20
        while True:
            try:
                tenant.handle("ana", capacity(30), on="ana")
                break
            except LedgerUnavailable:
                assert time.monotonic() < deadline
        assert head + 1 == ledger.head() == ledger.count()
        ledger.close()
