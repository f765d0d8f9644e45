"""A served deployment with an organisation that attacks and one that is measured."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import copy_sqlite
from tests.long.attacks.arena import Arena, open_arena
from tests.long.faults.conftest import pytest_terminal_summary, report_figures  # noqa: F401 - a hook and a fixture
from tests.servers import PostgresServer

#: Members and goals of the organisation that attacks; `PLIMSOLL_TEST_MEMBERS` for a smaller look.
MEMBERS = int(os.environ.get("PLIMSOLL_TEST_MEMBERS", "2000"))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def arena(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    sqlite_template: Path,
    start_postgres: Callable[[], PostgresServer],
) -> Iterator[Arena]:
    """On SQLite and on PostgreSQL; filled once for all attacks, since that takes longer than any of them."""
    folder = tmp_path_factory.mktemp("arena")
    if request.param == "sqlite":
        url = f"sqlite:///{copy_sqlite(sqlite_template, folder / 'plimsoll.db')}"
    else:
        server = start_postgres()
        url = server.url(server.create_database(request.getfixturevalue("postgres_template")))
    with open_arena(folder, url, MEMBERS, 10 * MEMBERS) as found:
        yield found
