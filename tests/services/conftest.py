"""One founded organisation on a fresh, real database of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from ledger.keys import Principal
from services.organisations import Founded, found
from services.runtime import Runtime
from services.settings import Settings


class Office(msgspec.Struct, frozen=True):
    """A running Plimsoll, its organisation, and the steward who may import."""

    runtime: Runtime
    founded: Founded
    principal: Principal


def open_office(settings: Settings) -> Office:
    runtime = Runtime.open(settings)
    founded = found(runtime, "default", steward="steward")
    principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
    assert principal is not None
    return Office(runtime, founded, principal)


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    """On SQLite and on PostgreSQL."""
    opened = open_office(Settings(database_url=database_url))
    with opened.runtime:
        yield opened


@pytest.fixture
def desk(sqlite_url: str) -> Iterator[Office]:
    """On SQLite alone, for what does not depend on the database."""
    opened = open_office(Settings(database_url=sqlite_url))
    with opened.runtime:
        yield opened
