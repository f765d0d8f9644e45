"""A real server with a small history, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from plimsoll_client import Client, RetryPolicy, requests
from services.seed.scale import Scale, scale_rows
from tests.api.real_server import serve_organisation

HISTORY = Scale(members=6, goals=8, years=1, check_in_days=40)


class Served(msgspec.Struct, frozen=True):
    """Where the server is, and its steward's key."""

    url: str
    key: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Shared by the tests of a module, which add to it only."""
    with serve_organisation(tmp_path_factory.mktemp("client")) as (url, key):
        rows = b"".join(msgspec.json.encode(row) + b"\n" for row in scale_rows(HISTORY, date(2026, 11, 22)))
        with Client(url, key, retries=RetryPolicy(attempts=60)) as client:
            result = client.send(requests.import_acts(rows))
            assert not result.errors
            client.send(requests.list_goals(limit=1, after_position=result.position))
        yield Served(url, key)


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served.url, served.key) as opened:
        yield opened


@pytest.fixture
def checkpoint_path(tmp_path: Path) -> Path:
    return tmp_path / "cursor.json"
