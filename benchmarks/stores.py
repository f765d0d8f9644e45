"""Stores to measure on: durable ones, each database fresh and private."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from projections.database.sqlite import VIEWS_SUFFIX
from services import runtime as composition
from services.organisations import CreatedOrganisation, create_organisation
from services.runtime import Runtime
from services.settings import Settings
from tests.servers import POSTGRES_SETTINGS, postgres_server

#: A commit that was acknowledged survives a power cut, as in production.
DURABLE = {
    **POSTGRES_SETTINGS,
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
}

STORES = ("sqlite", "postgresql")


class NotDurable(Exception):
    """The server may lose what it has acknowledged."""


class Store(msgspec.Struct, frozen=True):
    """One kind of store; `fresh` makes an empty database and tells its URL."""

    name: str
    create_database: Callable[[], str]
    #: Connect to one of its databases, durable, as a peer does.
    connect: Callable[[str], Any]
    versions: str


@contextmanager
def open_sqlite_store(home: Path) -> Iterator[Store]:
    """SQLite files under `home`."""
    numbers = count()
    yield Store("sqlite", lambda: f"sqlite:///{home / f'{next(numbers)}.db'}", _connect_sqlite, sqlite3.sqlite_version)


def _connect_sqlite(url: str) -> sqlite3.Connection:
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if Path(path + VIEWS_SUFFIX).exists():
        # One name finds a table wherever it is, as in PostgreSQL.
        connection.execute("ATTACH DATABASE ? AS views", (path + VIEWS_SUFFIX,))
    return connection


@contextmanager
def open_postgres_store() -> Iterator[Store]:
    """A private PostgreSQL server that syncs to disk: asserted, not assumed."""
    with postgres_server(DURABLE) as server:
        with psycopg.connect(server.url()) as connection:
            require_durable(connection)
            row = connection.execute("SHOW server_version").fetchone()

        def fresh() -> str:
            return server.url(server.create_database())

        def connect(url: str) -> psycopg.Connection[Any]:
            return psycopg.connect(url, autocommit=True)

        yield Store("postgresql", fresh, connect, str(row[0] if row else ""))


def analyse(store: Store, url: str) -> None:
    """Leave a store as autovacuum leaves it; just after so many writes it has not come by yet."""
    if store.name == "postgresql":
        with store.connect(url) as connection:
            connection.execute("VACUUM ANALYZE")


def require_durable(connection: psycopg.Connection[Any]) -> None:
    """Raises NotDurable where a commit that was answered could be lost in a power cut."""
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        shown = connection.execute(f"SHOW {name}").fetchone()
        if shown != ("on",):
            raise NotDurable(f"{name} is {shown[0] if shown else 'unknown'}: the figures would mean nothing")


def build_settings(url: str) -> Settings:
    """Production's settings but for the rate limit, which counts every request and stops none."""
    return Settings(database_url=url, rate_limit_per_minute=100_000_000, port=0)


@contextmanager
def open_organisation(url: str) -> Iterator[tuple[Runtime, CreatedOrganisation]]:
    """An organisation, just founded, in a migrated store."""
    composition.migrate(build_settings(url))
    with Runtime.open(build_settings(url)) as runtime:
        yield runtime, create_organisation(runtime, "bench", steward="steward")
