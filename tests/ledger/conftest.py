"""A migrated, open ledger on each database, and an organisation to say things in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from domain.registry import AGGREGATES
from ledger.ledger import Ledger
from tests.ledger.locks import NO_TIME_LIMIT
from tests.ledger.tenant import Clock, Tenant, ids


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(database_url: str, clock: Clock) -> Iterator[Ledger]:
    ledger = Ledger.open(database_url, clock=clock, new_id=ids(), limits=NO_TIME_LIMIT)
    yield ledger
    ledger.close()


@pytest.fixture
def tenant(ledger: Ledger, clock: Clock) -> Tenant:
    """An organisation with a steward (stella) and the members ana and sam in the team core."""
    return Tenant.create(ledger, clock)


@pytest.fixture
def folded_versions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each event of a goal that is folded anywhere."""
    events: list[int] = []
    aggregate = AGGREGATES["goal"]

    def evolve(state: Any, event: Any) -> Any:
        events.append(event.version)
        return aggregate.evolve(state, event)

    monkeypatch.setitem(AGGREGATES, "goal", msgspec.structs.replace(aggregate, evolve=evolve))
    return events
