"""A breach names an event: it is found where it lies, without reading the stream that it happened to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.charter import acts
from domain.charter.state import resolve_charter_id
from domain.errors import NotFound
from domain.goal.acts import CheckIn
from ledger import event_sources, serialization
from ledger.commands import Command
from ledger.ledger import Ledger
from tests.ledger.tenant import STEWARD, Clock, Tenant

MANY = 20


@pytest.fixture
def event_ids(ledger: Ledger, tenant: Tenant) -> list[UUID]:
    """Everything that happened to a goal of which there is much to tell; and core has a non-negotiable."""
    tenant.promise("goal")
    for number in range(MANY):
        tenant.handle("ana", CheckIn(note=f"week {number}"), on="goal")
    handle_on_charter(tenant, "stella", acts.AdoptNonNegotiable(of="core", non_negotiable="kind", text="Kind"))
    return [recorded.event_id for recorded in ledger.events(tenant.id, tenant.id_of("goal", "goal"))]


def handle_on_charter(tenant: Tenant, by: str, act: Any, ledger: Ledger | None = None) -> UUID:
    """The event recorded by an act on core's charter."""
    command = Command(
        organisation_id=tenant.id,
        kind="charter",
        stream_id=resolve_charter_id(tenant.id, "core"),
        act=act,
        actor=tenant.id_of(by),
        roles=STEWARD if by == "stella" else frozenset(),
    )
    return (ledger or tenant.ledger).handle(command).event_ids[0]


def raise_breach(event: UUID | None = None, goal: str = "goal") -> acts.RaiseBreach:
    return acts.RaiseBreach(
        non_negotiable="kind", about=acts.EventReference(goal=goal, event=event), text="Nobody was told"
    )


def find_breach_subject(ledger: Ledger, tenant: Tenant) -> UUID:
    """What the last breach is about."""
    found: UUID = ledger.events(tenant.id, resolve_charter_id(tenant.id, "core"))[-1].data.about  # type: ignore[attr-defined]
    return found


def test_a_breach_is_about_the_event_that_it_names(ledger: Ledger, tenant: Tenant, event_ids: list[UUID]) -> None:
    for event in (event_ids[0], event_ids[MANY // 2], event_ids[-1]):
        handle_on_charter(tenant, "ana", raise_breach(event))
        assert event == find_breach_subject(ledger, tenant)


def test_where_no_event_is_named_it_is_about_the_last_one(
    ledger: Ledger, tenant: Tenant, event_ids: list[UUID]
) -> None:
    handle_on_charter(tenant, "ana", raise_breach())

    assert event_ids[-1] == find_breach_subject(ledger, tenant)


def test_an_event_of_another_stream_or_organisation_is_not_found(
    ledger: Ledger, tenant: Tenant, clock: Clock, event_ids: list[UUID]
) -> None:
    tenant.promise("other")
    elsewhere = ledger.events(tenant.id, tenant.id_of("other", "goal"))[0].event_id
    rival = Tenant.create(ledger, clock)
    rival.promise("goal")
    foreign = ledger.events(rival.id, rival.id_of("goal", "goal"))[0].event_id
    count = ledger.count()

    for event in (elsewhere, foreign, ledger.new_id()):
        with pytest.raises(NotFound):
            handle_on_charter(tenant, "ana", raise_breach(event))
    with pytest.raises(NotFound):
        handle_on_charter(tenant, "ana", raise_breach(goal="nothing"))
    assert count == ledger.count()


def test_a_long_stream_is_not_read_for_it(
    ledger: Ledger, tenant: Tenant, event_ids: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    decoded = serialization.decode_events

    def counted(rows: Any, mapper: Any) -> list[Any]:
        found = decoded(rows, mapper)
        opened.append(len(found))
        return found

    monkeypatch.setattr(event_sources, "decode_events", counted)
    # The goal's and the charter's states are known by now.
    handle_on_charter(tenant, "ana", raise_breach())
    opened.clear()

    handle_on_charter(tenant, "ana", raise_breach(event_ids[0]))
    handle_on_charter(tenant, "ana", raise_breach())

    # Of the two, only the last event was opened.
    assert 1 == sum(opened)


def test_the_past_that_an_import_tells_has_its_breaches_too(
    ledger: Ledger, tenant: Tenant, event_ids: list[UUID]
) -> None:
    with ledger.bulk() as bulk:
        bulk.handle(tenant.command("ana", CheckIn(note="told late"), on="goal"))
        command = Command(
            organisation_id=tenant.id,
            kind="charter",
            stream_id=resolve_charter_id(tenant.id, "core"),
            act=raise_breach(event_ids[3]),
            actor=tenant.id_of("ana"),
        )
        bulk.handle(command)
        bulk.commit()

    assert event_ids[3] == find_breach_subject(ledger, tenant)
