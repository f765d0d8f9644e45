"""Views on a fresh, migrated database of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import psycopg
import pytest

from projections.as_of import AsOf, resolve_as_of
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.engine.engine import Engine
from tests.projections.overload_stories import RunReport, run_report
from tests.servers import PostgresServer
from tests.story import Story

#: Follow a story with every view, and look at it; keywords as `lens`.
ProjectStory = Callable[..., AsOf]


@pytest.fixture(scope="session")
def postgres_views(
    start_postgres: Callable[[], PostgresServer], postgres_template: str
) -> Iterator[tuple[str, Callable[[], object]]]:
    """One database for all tests that ask for its views alone, and what makes them as they were.

    A copy of the template is 28 ms of processor time for each test, and this is 2.
    """
    server = start_postgres()
    url = server.url(server.create_database(postgres_template))
    # A test that leaves a transaction open fails the next one, and soon.
    with psycopg.connect(url, autocommit=True, options="-c lock_timeout=20s") as owner:
        found = owner.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        names = [name for (name,) in found if not name.startswith(("ledger_", "stored_events"))]
        statements = [f"DELETE FROM {name}" for name in names]
        for name in names:
            if owner.execute(f"SELECT 1 FROM {name} LIMIT 1".encode()).fetchone():
                owner.execute(f"CREATE TEMPORARY TABLE kept_{name} AS TABLE {name}".encode())
                statements.append(f"INSERT INTO {name} TABLE kept_{name}")
        yield url, lambda: owner.execute("; ".join(statements).encode())


@pytest.fixture
def own_database(database_url: str) -> Iterator[Database]:
    """A database for this test alone."""
    database = Database.open(database_url)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Migrated views without a row, of either kind; a test that makes tables asks for `own_database`."""
    if request.param == "sqlite":
        url, restore = request.getfixturevalue("sqlite_url"), None
    else:
        url, restore = request.getfixturevalue("postgres_views")
    # Of its own for each test: reports remember what they read by this object.
    database = Database.open(url)
    yield database
    database.close()
    if restore is not None:
        restore()


@pytest.fixture
def project(database: Database) -> ProjectStory:
    def project(story: Story, as_of: date | datetime | None = None, *, recorded_as_of: datetime | None = None) -> AsOf:
        Engine(story, database, PROJECTIONS).catch_up()
        return resolve_as_of(
            database, story, story.organisation_id, as_of=as_of, recorded_as_of=recorded_as_of, now=story.now
        )

    return project


def dump_views(database: Database, *, only: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every view and of the bookkeeping, in one order."""
    tables = [table for projection in PROJECTIONS for table in projection.tables if not only or table.name in only]
    found = {}
    for table in tables:
        rows = database.query(
            f"SELECT {', '.join(table.column_names)} FROM {table.name} ORDER BY {', '.join(table.key)}"
        )
        found[table.name] = [tuple(row) for row in rows]
    if not only:
        rows = database.query("SELECT name, log_position, applied, digest FROM projection_checkpoints ORDER BY name")
        found["projection_checkpoints"] = [tuple(row) for row in rows]
    return found


@pytest.fixture
def run_overload(empty_url: str) -> Iterator[RunReport]:
    """The overload report of a story, as `run_report` has it, on a database of each kind."""
    database = Database.open(empty_url)
    yield lambda story, as_of, **asked: run_report(database, story, as_of, **asked)
    database.close()
