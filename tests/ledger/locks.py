"""The log head in other hands: whoever writes meanwhile has to wait, and stands in line."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from ledger.commit.batch import BatchLimits
from ledger.commit.committer import CommitLimits
from ledger.ledger import Ledger
from ledger.storage.sqlite import sqlite_path

WAIT_TIMEOUT_S = 60


@contextmanager
def locked_head(database_url: str) -> Iterator[None]:
    """Hold the head in a transaction of our own, which writes nothing."""
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(sqlite_path(database_url), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()
        return
    with psycopg.connect(database_url) as session:
        session.execute("SELECT 1 FROM ledger_head FOR UPDATE")
        yield
        session.rollback()


#: A batch ends with the queue: on a slow machine it would end with the time it may take, and be two.
NO_TIME_LIMIT = CommitLimits(batch=BatchLimits(decide_seconds=60))


def with_long_lock_timeout(database_url: str) -> str:
    """The URL of connections that wait for the head as long as a slow machine needs to form a long line."""
    return database_url if database_url.startswith("sqlite") else f"{database_url}?options=-c%20lock_timeout%3D60s"


def wait_for_queue(ledger: Ledger, count: int) -> None:
    """Until so many commands stand in line."""
    wait_for(lambda: ledger.commit_stats().queued == count, f"{count} commands in line")


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Look again and again; fail where it does not come true within `PATIENCE_S`."""
    deadline = time.monotonic() + WAIT_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.005)
