"""A migrated, open ledger on each database, and an organisation to say things in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.commit import unit_of_work
from ledger.ledger import Ledger
from tests.ledger.tenant import Clock, Tenant, ids


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def no_batch_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch ends with its line: on a slow machine it would end with the time it may take, and be two."""
    monkeypatch.setattr(unit_of_work, "MAX_DECIDE_SECONDS", 60.0)


@pytest.fixture
def ledger(database_url: str, clock: Clock) -> Iterator[Ledger]:
    ledger = Ledger.open(database_url, clock=clock, new_id=ids())
    yield ledger
    ledger.close()


@pytest.fixture
def tenant(ledger: Ledger, clock: Clock) -> Tenant:
    """An organisation with a steward (stella) and the members ana and sam in the team core."""
    return Tenant.create(ledger, clock)
