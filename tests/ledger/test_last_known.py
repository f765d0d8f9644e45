"""What had been recorded by an instant: the same for ever, whatever is recorded later and wherever a view stands."""

from __future__ import annotations

from datetime import timedelta

from ledger.ledger import Ledger
from tests.ledger.tenant import BEGINNING, Clock, Tenant, capacity
from tests.story import last_known


def test_a_clock_that_stands_still_gives_each_transaction_an_instant_of_its_own(
    ledger: Ledger, tenant: Tenant, clock: Clock
) -> None:
    # given
    now = clock.now
    ledger.clock = lambda: now
    head = ledger.head()

    # when
    for hours in (30, 31, 32):
        tenant.handle("ana", capacity(hours), on="ana")

    # then
    instants = [event.recorded_at for event in ledger.read_log(head, 100)]
    assert 3 == len(set(instants))
    assert sorted(instants) == instants


def test_events_of_one_transaction_are_known_together(ledger: Ledger, tenant: Tenant) -> None:
    # given
    with ledger.bulk() as bulk:
        for hours in (30, 31, 32):
            bulk.handle(tenant.command("ana", capacity(hours), on="ana", at=BEGINNING))
        bulk.commit()
    tenant.handle("ana", capacity(33), on="ana")
    events, head = ledger.read_log(0, 1000), ledger.head()

    # then
    for followed in range(head + 1):
        assert last_known(events, tenant.id, followed, None) == ledger.last_known(tenant.id, followed)
    first = head - 3
    assert {first - 1} == {ledger.last_known(tenant.id, first + n).log_position for n in (-1, 0, 1)}
    whole = ledger.event_position(tenant.id, events[first - 1].position, whole=True)
    assert whole == ledger.last_known(tenant.id, first + 2)


def test_an_instant_names_all_that_was_recorded_by_then(ledger: Ledger, tenant: Tenant) -> None:
    tenant.handle("ana", capacity(30), on="ana")
    events = ledger.read_log(0, 1000)

    for event in events:
        for instant in (event.recorded_at - timedelta(microseconds=1), event.recorded_at):
            expected = last_known(events, tenant.id, 0, instant)
            assert expected == ledger.last_known(tenant.id, 0, recorded_as_of=instant)
