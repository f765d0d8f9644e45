"""One founded organisation on a fresh, real database of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from ledger.api_keys import Principal
from services.organisations import CreatedOrganisation, create_organisation
from services.runtime import Runtime
from services.settings import Settings


class Installation(msgspec.Struct, frozen=True):
    """A running Plimsoll, its organisation, and the steward who may import."""

    runtime: Runtime
    founded: CreatedOrganisation
    principal: Principal


def open_installation(settings: Settings) -> Installation:
    runtime = Runtime.open(settings)
    founded = create_organisation(runtime, "default", steward="steward")
    principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
    assert principal is not None
    return Installation(runtime, founded, principal)


@pytest.fixture
def installation(database_url: str) -> Iterator[Installation]:
    """On SQLite and on PostgreSQL."""
    opened = open_installation(Settings(database_url=database_url))
    with opened.runtime:
        yield opened


@pytest.fixture
def sqlite_installation(sqlite_url: str) -> Iterator[Installation]:
    """On SQLite alone, for what does not depend on the database."""
    opened = open_installation(Settings(database_url=sqlite_url))
    with opened.runtime:
        yield opened
