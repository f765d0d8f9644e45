"""A named lock of all processes that have one store open."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing

import psycopg
import pytest

from ledger.ledger import Ledger
from ledger.storage import postgres
from tests.ledger.tenant import Clock, ids


def test_a_lock_is_held_by_one_and_free_for_the_next(ledger: Ledger, database_url: str) -> None:
    other = Ledger.open(database_url, clock=ledger.clock, new_id=ledger.new_id)

    with ledger.recorder.lock_exclusively("lake", 1):
        with pytest.raises(TimeoutError), other.recorder.lock_exclusively("lake", 0):
            pytest.fail("it was held twice")
        with other.recorder.lock_exclusively("another", 0):
            pass
    with other.recorder.lock_exclusively("lake", 0):
        pass
    other.close()


def test_a_lock_is_free_before_the_server_notices_that_its_connection_was_closed(
    postgres_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        closing(Ledger.open(postgres_url, clock=clock, new_id=ids())) as ledger,
        closing(Ledger.open(postgres_url, clock=clock, new_id=ids())) as other,
        monkeypatch.context() as patched,
        ExitStack() as unnoticed,
    ):
        # given a server that does not notice
        close = psycopg.Connection.close
        patched.setattr(psycopg.Connection, "close", lambda connection: unnoticed.callback(close, connection))

        # when the lock is given back
        with ledger.recorder.lock_exclusively("lake", 0):
            pass

        # then
        with other.recorder.lock_exclusively("lake", 0):
            pass


def test_a_lock_outlives_the_time_that_writers_may_be_idle(
    postgres_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "IDLE_IN_TRANSACTION_S", 1)
    with (
        closing(Ledger.open(postgres_url, clock=clock, new_id=ids())) as ledger,
        closing(Ledger.open(postgres_url, clock=clock, new_id=ids())) as other,
        ledger.recorder.lock_exclusively("lake", 1),
    ):
        time.sleep(1.3)
        with pytest.raises(TimeoutError), other.recorder.lock_exclusively("lake", 0):
            pytest.fail("it was lost")
