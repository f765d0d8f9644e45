"""Raw PostgreSQL through psycopg (or SQLite): one row, one transaction, one round trip; no lock, no key, no decision.

`python -m benchmarks.peers.rows URL TOPIC STATE`: the row that is written is an event as ours stores it.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from itertools import count
from uuid import uuid4

import psycopg

from benchmarks.peers.worker_loop import Work, serve_stdin_with_threads

TABLE = (
    "CREATE TABLE IF NOT EXISTS raw (number bigserial PRIMARY KEY, stream uuid, version bigint, topic text,"
    " state bytea, UNIQUE (stream, version))"
)
INSERT = b"INSERT INTO raw (stream, version, topic, state) VALUES (%s, %s, %s, %s)"


def make_workers(url: str, topic: str, state: bytes, clients: int) -> Sequence[Work]:
    """A connection for each client."""

    def work() -> Work:
        connection = psycopg.connect(url, autocommit=True)
        connection.prepare_threshold = 0
        cursor, stream, versions = connection.cursor(), uuid4(), count(1)
        return lambda: cursor.execute(INSERT, (stream, next(versions), topic, state), prepare=True)

    return [work() for _ in range(clients)]


def make_sqlite_workers(url: str, topic: str, state: bytes) -> Sequence[Work]:
    """SQLite has one writer at a time: one connection, as durable as ours."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(TABLE.replace("bigserial PRIMARY KEY", "integer PRIMARY KEY AUTOINCREMENT"))
    stream, versions = uuid4().bytes, count(1)
    insert = INSERT.decode().replace("%s", "?")
    return [lambda: connection.execute(insert, (stream, next(versions), topic, state))]


def main(url: str, topic: str, state: str) -> None:
    if url.startswith("sqlite"):
        made = make_sqlite_workers(url, topic, state.encode())
        return serve_stdin_with_threads(lambda _: made)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)
    return serve_stdin_with_threads(lambda clients: make_workers(url, topic, state.encode(), clients))


if __name__ == "__main__":
    main(*sys.argv[1:])
