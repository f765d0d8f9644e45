"""Views on a fresh, migrated database of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest

from projections.as_of import AsOf, resolve_as_of
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.engine.engine import Engine
from tests.projections.overload_stories import RunReport, run_report
from tests.story import Story

#: Follow a story with every view, and look at it; keywords as `lens`.
ProjectStory = Callable[..., AsOf]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.open(database_url)
    yield database
    database.close()


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
