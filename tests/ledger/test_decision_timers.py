"""The clock of a decision in a real ledger: swept once, run before acts in command order, and run by an import."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.decision import acts
from domain.decision.events import Fallback
from domain.envelope import RecordedEvent, Source
from domain.errors import ActNotAllowed
from ledger.ledger import Ledger
from tests.ledger.tenant import BEGINNING, WHY, Clock, Tenant

DEADLINE = BEGINNING + timedelta(days=4)
LATER = DEADLINE + timedelta(hours=1)


def open_question(rule: str = "status_quo", deadline: datetime = DEADLINE) -> acts.Open:
    return acts.Open(
        question="How do we hand over?",
        options=["In a call", "As now"],
        deciders=["ana", "sam"],
        deadline=deadline,
        fallback=Fallback(rule=rule),  # type: ignore[arg-type]  # one of the three
        team="core",
        status_quo="o2",
    )


@pytest.fixture
def decision(tenant: Tenant) -> UUID:
    """Ana asks; it is due in four days, else things stay."""
    tenant.handle("ana", open_question(), on="call")
    return tenant.id_of("call", "decision")


def load_decision_events(ledger: Ledger, tenant: Tenant) -> list[RecordedEvent]:
    return ledger.events(tenant.id, tenant.id_of("call", "decision"))


def test_the_sweep_rings_a_deadline_once(ledger: Ledger, tenant: Tenant, clock: Clock, decision: UUID) -> None:
    assert [] == ledger.find_streams_with_due_timers(BEGINNING + timedelta(days=1), 10)
    clock.now = LATER
    assert [(tenant.id, decision)] == ledger.find_streams_with_due_timers(clock.now, 10)

    first, second = ledger.run_timers(tenant.id, decision), ledger.run_timers(tenant.id, decision)

    assert first is not None
    assert second is None
    rung = load_decision_events(ledger, tenant)[-1]
    assert ("decision.decided.v1", Source.TIMER, None, DEADLINE) == (
        *(rung.type, rung.source, rung.actor),
        rung.occurred_at,
    )
    assert [] == ledger.find_streams_with_due_timers(clock.now + timedelta(days=400), 10)


def test_what_the_lead_leaves_undecided_rings_twice(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    tenant.handle("ana", open_question("lead_decides"), on="call")
    decision = tenant.id_of("call", "decision")
    clock.now = LATER

    ledger.run_timers(tenant.id, decision)
    assert [] == ledger.find_streams_with_due_timers(clock.now, 10)
    clock.now += timedelta(days=8)
    for _, stream in ledger.find_streams_with_due_timers(clock.now, 10):
        ledger.run_timers(tenant.id, stream)

    assert ["decision.passed_to_lead.v1", "decision.decided.v1"] == [
        e.type for e in load_decision_events(ledger, tenant)[1:]
    ]


def test_an_act_after_the_deadline_first_sees_its_timer(
    ledger: Ledger, tenant: Tenant, clock: Clock, decision: UUID
) -> None:
    clock.now = LATER

    receipt = tenant.handle("ana", acts.SetReview(on=(LATER + timedelta(days=30)).date()), on="call")

    decided, review = load_decision_events(ledger, tenant)[-2:]
    assert ("decision.decided.v1", Source.TIMER, DEADLINE) == (decided.type, decided.source, decided.occurred_at)
    assert [review.event_id] == receipt.event_ids


def test_a_refused_consent_after_the_deadline_records_nothing(
    ledger: Ledger, tenant: Tenant, clock: Clock, decision: UUID
) -> None:
    clock.now = LATER
    before = ledger.count()

    with pytest.raises(ActNotAllowed, match="the deadline"):
        tenant.handle("ana", acts.Consent(option="o1"), on="call")

    assert before == ledger.count()


def test_the_last_consent_and_what_it_decides_are_one_command(ledger: Ledger, tenant: Tenant, decision: UUID) -> None:
    tenant.handle("ana", acts.Consent(option="o1"), on="call")

    receipt = tenant.handle("sam", acts.Consent(option="o1"), on="call")

    consented, decided = load_decision_events(ledger, tenant)[-2:]
    assert [consented.event_id, decided.event_id] == receipt.event_ids
    assert consented.event_id == decided.causation_id
    assert consented.correlation_id == decided.correlation_id
    assert [] == ledger.find_streams_with_due_timers(LATER, 10)


def test_what_is_asked_again_rings_again(ledger: Ledger, tenant: Tenant, clock: Clock, decision: UUID) -> None:
    clock.now = LATER
    ledger.run_timers(tenant.id, decision)
    again = LATER + timedelta(days=3)

    tenant.handle("ana", acts.Reopen(deadline=again, reason=WHY), on="call")

    assert [] == ledger.find_streams_with_due_timers(clock.now, 10)
    assert [(tenant.id, decision)] == ledger.find_streams_with_due_timers(again, 10)


def test_an_import_runs_the_deadlines_that_its_rows_pass(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    """Told long afterwards: a deadline that an act passed has rung, one that nothing passed rings at the next sweep."""
    begun = BEGINNING - timedelta(days=90)
    clock.now = BEGINNING + timedelta(days=1)
    deadline = begun + timedelta(days=4)
    again = acts.Reopen(deadline=begun + timedelta(days=20), reason=WHY)

    with ledger.bulk() as bulk:
        bulk.handle(tenant.command("ana", open_question(deadline=deadline), on="call", at=begun))
        bulk.handle(tenant.command("ana", again, on="call", at=begun + timedelta(days=10)))
        bulk.commit()
    for _, stream in ledger.find_streams_with_due_timers(clock.now, 10):
        ledger.run_timers(tenant.id, stream)

    events = load_decision_events(ledger, tenant)
    assert ["decision.opened.v1", "decision.decided.v1", "decision.reopened.v1", "decision.decided.v1"] == [
        e.type for e in events
    ]
    assert [deadline, again.deadline] == [e.occurred_at for e in events if e.source is Source.TIMER]
