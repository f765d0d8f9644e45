"""A served deployment with an organisation that attacks and one that is measured."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.long.attacks.arena import Arena, open_arena
from tests.long.faults.conftest import pytest_terminal_summary, report_figures  # noqa: F401 - a hook and a fixture

#: Members and goals of the organisation that attacks; `PLIMSOLL_TEST_MEMBERS` for a smaller look.
MEMBERS = int(os.environ.get("PLIMSOLL_TEST_MEMBERS", "2000"))


@pytest.fixture
def arena(database_url: str, tmp_path: Path) -> Iterator[Arena]:
    """On SQLite and on PostgreSQL."""
    with open_arena(tmp_path, database_url, MEMBERS, 10 * MEMBERS) as found:
        yield found
