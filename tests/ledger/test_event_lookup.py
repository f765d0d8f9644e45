"""A breach names an event: it is found where it lies, without reading the stream that it happened to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.charter import acts
from domain.charter.state import named_charter
from domain.errors import NotFound
from domain.goal.acts import CheckIn
from ledger import event_sources, serialization
from ledger.commands import Command
from ledger.ledger import Ledger
from tests.ledger.tenant import STEWARD, Clock, Tenant

MANY = 20


@pytest.fixture
def told(ledger: Ledger, tenant: Tenant) -> list[UUID]:
    """Everything that happened to a goal of which there is much to tell; and core has a non-negotiable."""
    tenant.promised("goal")
    for number in range(MANY):
        tenant.say("ana", CheckIn(note=f"week {number}"), on="goal")
    say(tenant, "stella", acts.AdoptNonNegotiable(of="core", non_negotiable="kind", text="Kind"))
    return [recorded.event_id for recorded in ledger.events(tenant.id, tenant.of("goal", "goal"))]


def say(tenant: Tenant, by: str, act: Any, ledger: Ledger | None = None) -> UUID:
    """The event recorded by an act on core's charter."""
    command = Command(
        organisation_id=tenant.id,
        kind="charter",
        stream_id=named_charter(tenant.id, "core"),
        act=act,
        actor=tenant.of(by),
        roles=STEWARD if by == "stella" else frozenset(),
    )
    return (ledger or tenant.ledger).handle(command).event_ids[0]


def breach(event: UUID | None = None, goal: str = "goal") -> acts.RaiseBreach:
    return acts.RaiseBreach(non_negotiable="kind", about=acts.About(goal=goal, event=event), text="Nobody was told")


def about(ledger: Ledger, tenant: Tenant) -> UUID:
    """What the last breach is about."""
    found: UUID = ledger.events(tenant.id, named_charter(tenant.id, "core"))[-1].data.about  # type: ignore[attr-defined]
    return found


def test_a_breach_is_about_the_event_that_it_names(ledger: Ledger, tenant: Tenant, told: list[UUID]) -> None:
    for event in (told[0], told[MANY // 2], told[-1]):
        say(tenant, "ana", breach(event))
        assert event == about(ledger, tenant)


def test_where_no_event_is_named_it_is_about_the_last_one(ledger: Ledger, tenant: Tenant, told: list[UUID]) -> None:
    say(tenant, "ana", breach())

    assert told[-1] == about(ledger, tenant)


def test_an_event_of_another_stream_or_organisation_is_not_found(
    ledger: Ledger, tenant: Tenant, clock: Clock, told: list[UUID]
) -> None:
    tenant.promised("other")
    elsewhere = ledger.events(tenant.id, tenant.of("other", "goal"))[0].event_id
    rival = Tenant.found(ledger, clock)
    rival.promised("goal")
    foreign = ledger.events(rival.id, rival.of("goal", "goal"))[0].event_id
    count = ledger.count()

    for event in (elsewhere, foreign, ledger.new_id()):
        with pytest.raises(NotFound):
            say(tenant, "ana", breach(event))
    with pytest.raises(NotFound):
        say(tenant, "ana", breach(goal="nothing"))
    assert count == ledger.count()


def test_a_long_stream_is_not_read_for_it(
    ledger: Ledger, tenant: Tenant, told: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    decoded = serialization.decode_events

    def counted(rows: Any, mapper: Any) -> list[Any]:
        found = decoded(rows, mapper)
        opened.append(len(found))
        return found

    monkeypatch.setattr(event_sources, "decode_events", counted)
    # The goal's and the charter's states are known by now.
    say(tenant, "ana", breach())
    opened.clear()

    say(tenant, "ana", breach(told[0]))
    say(tenant, "ana", breach())

    # Of the two, only the last event was opened.
    assert 1 == sum(opened)


def test_the_past_that_an_import_tells_has_its_breaches_too(ledger: Ledger, tenant: Tenant, told: list[UUID]) -> None:
    with ledger.bulk() as bulk:
        bulk.handle(tenant.command("ana", CheckIn(note="told late"), on="goal"))
        command = Command(
            organisation_id=tenant.id,
            kind="charter",
            stream_id=named_charter(tenant.id, "core"),
            act=breach(told[3]),
            actor=tenant.of("ana"),
        )
        bulk.handle(command)
        bulk.commit()

    assert told[3] == about(ledger, tenant)
