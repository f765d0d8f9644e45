"""Events that are recorded late: every way of folding a stream gives the state of the business order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.envelope import by_business_time
from domain.goal import acts
from domain.goal.state import Ended, Promised, without_statements
from domain.registry import AGGREGATES
from domain.terms import MeasureInput
from ledger.commands import Command, Receipt
from ledger.ledger import Ledger
from tests.ledger.locks import locked_head, wait_for_queue
from tests.ledger.tenant import BEGINNING, WHY, Clock, Tenant, ids

TWICE = acts.Changes(measure=MeasureInput(kind="number", baseline=0, target=20))


def day(number: float) -> datetime:
    return BEGINNING + timedelta(days=number)


@pytest.fixture
def goal(tenant: Tenant, clock: Clock) -> UUID:
    """A promise with an agreed measure, a change proposed on day 2 and a value of 5 said on day 6; it is day 10."""
    goal = tenant.promise("goal")
    measure = acts.Changes(measure=MeasureInput(kind="number", baseline=0, target=10))
    for changes, proposed in ((measure, 1.0), (TWICE, 2.0)):
        clock.now = day(proposed)
        tenant.handle("ana", acts.ProposeChange(changes=changes, reason=WHY), on="goal")
        if changes is measure:
            accept(tenant)
    clock.now = day(6)
    tenant.handle("ana", acts.CheckIn(value=5, note="half way"), on="goal")
    clock.now = day(10)
    return goal


@pytest.fixture
def other_ledger(database_url: str, clock: Clock) -> Iterator[Ledger]:
    """Another process's ledger."""
    ledger = Ledger.open(database_url, clock=clock, new_id=ids())
    yield ledger
    ledger.close()


def accept(tenant: Tenant, at: datetime | None = None) -> Receipt:
    """Sam accepts the change that is open."""
    opened = tenant.ledger.load(tenant.id, "goal", tenant.id_of("goal", "goal")).proposal.id
    return tenant.handle("sam", acts.AcceptChange(answers=str(opened)), on="goal", at=at)


def in_business_order(ledger: Ledger, tenant: Tenant, goal: UUID) -> Any:
    state = None
    for recorded in sorted(ledger.events(tenant.id, goal), key=by_business_time):
        state = AGGREGATES["goal"].evolve(state, recorded)
    return as_stored(state)


def as_stored(state: Any) -> Any:
    if isinstance(state, Ended) and state.promised is not None:
        state = msgspec.structs.replace(state, promised=msgspec.structs.replace(state.promised, version=0))
    return without_statements(msgspec.structs.replace(state, version=0))


def check_one_order(ledgers: list[Ledger], tenant: Tenant, goal: UUID) -> Any:
    """Assert that all of them read one state, however they come to it; it."""
    expected = in_business_order(ledgers[0], tenant, goal)
    for ledger in ledgers:
        one, many = ledger.load_current(tenant.id, "goal", goal), ledger.load_all_current(tenant.id, [goal])[goal]
        whole = ledger.load(tenant.id, "goal", goal)
        assert one is not None
        for state in (one.state, many.state, whole):
            assert expected == as_stored(state)
            assert len(ledger.events(tenant.id, goal)) == one.version == state.version
    return expected


def test_an_agreement_that_is_recorded_late_changes_what_the_values_after_it_mean(
    ledger: Ledger, tenant: Tenant, goal: UUID
) -> None:
    assert "0.5" == ledger.load(tenant.id, "goal", goal).progress

    receipt = accept(tenant, at=day(4))

    assert isinstance(receipt.state, Promised)
    assert "0.25" == receipt.state.progress
    assert check_one_order([ledger], tenant, goal) == as_stored(receipt.state)
    # The next act is decided, in order, on that state.
    assert "0.3" == tenant.handle("ana", acts.RecordValue(value=6), on="goal").state.progress
    check_one_order([ledger], tenant, goal)


def test_a_late_end_leaves_nothing_of_what_came_after_it(ledger: Ledger, tenant: Tenant, goal: UUID) -> None:
    withdrawn = acts.WithdrawPromise(reason=WHY, mitigation="ask ben")

    receipt = tenant.handle("ana", withdrawn, on="goal", at=day(3))

    assert isinstance(receipt.state, Ended)
    assert check_one_order([ledger], tenant, goal).promised.last_check_in is None
    assert [] == ledger.find_streams_with_due_timers(day(400), 10)


def test_what_another_process_records_late_is_folded_into_its_place(
    ledger: Ledger, other_ledger: Ledger, clock: Clock, tenant: Tenant, goal: UUID
) -> None:
    # given both processes hold the goal's state, as readers and as writers
    beside = Tenant(other_ledger, clock, tenant.id)
    for each in (tenant, beside):
        each.handle("ana", acts.RecordValue(value=5), on="goal", at=day(7))
        check_one_order([each.ledger], tenant, goal)

    # when one records an agreement behind what is known
    accept(tenant, at=day(4))

    # then the other reads and decides on it
    check_one_order([ledger, other_ledger], tenant, goal)
    assert "0.3" == beside.handle("ana", acts.RecordValue(value=6), on="goal").state.progress
    late = beside.handle("sam", acts.Retitle(title="Ship it well"), on="goal", at=day(5))
    assert "Ship it well" == check_one_order([ledger, other_ledger], tenant, goal).title
    assert late.version == len(ledger.events(tenant.id, goal))


def handle_in_one_batch(ledger: Ledger, database_url: str, commands: list[Command]) -> list[Receipt]:
    with ThreadPoolExecutor(len(commands)) as pool:
        with locked_head(database_url):
            futures = []
            for number, command in enumerate(commands, start=1):
                futures.append(pool.submit(ledger.handle, command))
                wait_for_queue(ledger, number)
        return [future.result() for future in futures]


def late_rows(tenant: Tenant, goal: UUID) -> list[Command]:
    """An agreement of day 3, another title of day 5 and, between them, what the new owner said."""
    opened = tenant.ledger.load(tenant.id, "goal", goal).proposal.id
    handed_over = acts.ProposeChange(changes=acts.Changes(owner="stella"), reason=WHY)
    rows: tuple[tuple[str, Any, float], ...] = (
        ("sam", acts.AcceptChange(answers=str(opened)), 3),
        ("ana", handed_over, 3.2),
        ("stella", acts.Join(), 3.4),
        ("sam", acts.AcceptChange(), 3.6),
        ("sam", acts.Retitle(title="Ship it well"), 5),
        ("stella", acts.CheckIn(value=4, note="taken over"), 4),
    )
    return [tenant.command(by, act, on="goal", at=day(at), import_row=str(at)) for by, act, at in rows]


def test_late_acts_of_one_batch_build_on_each_other(
    ledger: Ledger, tenant: Tenant, goal: UUID, database_url: str
) -> None:
    receipts = handle_in_one_batch(ledger, database_url, late_rows(tenant, goal))

    events = ledger.events(tenant.id, goal)[-len(receipts) :]
    assert 1 == len({event.recorded_at for event in events})
    promised = check_one_order([ledger], tenant, goal)
    assert promised == as_stored(receipts[-1].state)
    assert (tenant.id_of("stella"), "0.25", "Ship it well") == (promised.owner, promised.progress, promised.title)
    # Each was answered with the state that it left.
    assert ["0.25"] * len(receipts) == [receipt.state.progress for receipt in receipts]


def test_late_rows_of_an_import_build_on_each_other(ledger: Ledger, tenant: Tenant, goal: UUID) -> None:
    with ledger.bulk() as bulk:
        receipts = [bulk.handle(row) for row in late_rows(tenant, goal)]
        bulk.commit()

    promised = check_one_order([ledger], tenant, goal)
    assert promised == as_stored(receipts[-1].state)
    assert (tenant.id_of("stella"), "0.25", "Ship it well") == (promised.owner, promised.progress, promised.title)


def test_only_an_event_whose_place_matters_has_the_stream_folded_again(
    tenant: Tenant, clock: Clock, folded_versions: list[int]
) -> None:
    tenant.promise("goal")
    clock.now = day(10)
    tenant.handle("ana", acts.CheckIn(note="on the way"), on="goal")

    def count(work: Callable[[], object]) -> int:
        before = len(folded_versions)
        work()
        return len(folded_versions) - before

    late_check_in = acts.CheckIn(note="late", value=4, needs=[acts.NeedInput(text="a key")])
    assert 1 == count(lambda: tenant.handle("ana", late_check_in, on="goal", at=day(5)))
    assert 1 == count(lambda: tenant.handle("sam", acts.Feedback(text="well begun"), on="goal", at=day(4)))
    assert 1 == count(lambda: tenant.handle("ana", acts.RecordValue(value=7), on="goal"))
    assert 7 == count(lambda: tenant.handle("ana", acts.Affirm(), on="goal", at=day(5)))
