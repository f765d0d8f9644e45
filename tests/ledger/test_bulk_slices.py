"""A large import is appended in slices: others write in between, and what was kept stands as if said one by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.errors import VersionConflict
from domain.goal import acts
from ledger.bulk.append import BulkLimits
from ledger.cancellation import Work, WorkCancelled
from ledger.ledger import Ledger
from tests.ledger.tenant import BEGINNING, Clock, Tenant, capacity
from tests.ledger.test_bulk import ImportRows, handle_all

#: What another writer may have to wait for an import's slice, seconds; far more than one takes, on a busy machine.
MAX_WAIT_S = 2.0


class InterruptedLimits(BulkLimits, frozen=True, kw_only=True):
    """Slices of seven events, between which something happens."""

    slice_events: int = 7
    between: Callable[[int], None]

    def adapt_slice(self, events: int, took: float) -> int:
        self.between(events)
        return self.slice_events


def test_slices_leave_what_one_transaction_leaves(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    # given the same rows in two organisations
    other, slices = Tenant.create(ledger, clock), list[int]()
    for each, limits in ((tenant, InterruptedLimits(between=slices.append)), (other, BulkLimits())):
        head, position = ledger.head(), ledger.position(each.id)

        # when
        with ledger.bulk(limits) as bulk:
            assert [] == [a for a in handle_all(bulk, ImportRows(each).goals(9)) if isinstance(a, str)]
            assert 27 == bulk.commit()
            assert 27 == bulk.appended_rows

        # then
        assert head + 27 == ledger.head() == ledger.count()
        assert list(range(1, position + 28)) == [e.position for e in ledger.read_feed(each.id, 0, 1000)]
    assert 3 == len(slices)
    mine, theirs = (
        [e.type for e in ledger.read_feed(each.id, 0, 1000) if e.kind == "goal"] for each in (tenant, other)
    )
    assert theirs == mine
    due = ledger.find_streams_with_due_timers(BEGINNING + timedelta(days=9999), 1000)
    assert [9, 9] == [sum(organisation == each.id for organisation, _ in due) for each in (tenant, other)]
    for each in (tenant, other):
        with ledger.bulk() as again:
            assert all(not isinstance(a, str) and a.already for a in handle_all(again, ImportRows(each).goals(9)))


def test_slices_are_recorded_at_instants_of_their_own(ledger: Ledger, tenant: Tenant) -> None:
    with ledger.bulk(InterruptedLimits(between=lambda _: None)) as bulk:
        handle_all(bulk, ImportRows(tenant).goals(9))
        bulk.commit()

    instants = [e.recorded_at for e in ledger.read_feed(tenant.id, 0, 1000) if e.kind == "goal"]
    assert sorted(instants) == instants
    assert 4 == len(set(instants))


def test_what_others_change_between_two_slices_is_a_conflict_for_the_rest_alone(ledger: Ledger, tenant: Tenant) -> None:
    # given
    rows = ImportRows(tenant).goals(9)
    hours = iter((3, 4, 5, 6))

    def interfere(_: int) -> None:
        tenant.handle("ana", capacity(next(hours)), on="ana")

    # when
    with ledger.bulk(InterruptedLimits(between=interfere)) as bulk:
        handle_all(bulk, rows)
        with pytest.raises(VersionConflict):
            bulk.commit()
        kept = bulk.appended_rows
    with ledger.bulk() as again:
        answers = handle_all(again, rows)
        again.commit()

    # then
    assert 7 == kept
    assert [True] * 7 + [False] * 20 == [answer.already for answer in answers if not isinstance(answer, str)]
    goals = [e for e in ledger.read_feed(tenant.id, 0, 1000) if e.kind == "goal"]
    assert 27 == len(goals) == len({e.event_id for e in goals})
    assert ledger.head() == ledger.count()
    receipt = tenant.handle("ana", acts.CheckIn(progress="0.75"), on="file-goal-8")
    assert (4, "0.75") == (receipt.version, receipt.state.progress)


def test_another_organisation_writes_between_two_slices(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    # given
    other, written = Tenant.create(ledger, clock), list[int]()

    def write(_: int) -> None:
        written.append(other.handle("ana", capacity(len(written) + 1), on="ana").log_position)

    # when
    head = ledger.head()
    with ledger.bulk(InterruptedLimits(between=write)) as bulk:
        handle_all(bulk, ImportRows(tenant).goals(9))
        assert 27 == bulk.commit()

    # then
    assert 3 == len([position for position in written if head < position < ledger.head()])
    assert head + 27 + len(written) == ledger.head() == ledger.count()
    assert list(range(1, ledger.position(tenant.id) + 1)) == [e.position for e in ledger.read_feed(tenant.id, 0, 1000)]
    assert list(range(1, ledger.position(other.id) + 1)) == [e.position for e in ledger.read_feed(other.id, 0, 1000)]


def test_a_writer_beside_a_large_commit_waits_for_a_slice_and_not_for_all(
    ledger: Ledger, tenant: Tenant, clock: Clock
) -> None:
    # given
    other, waited, done = Tenant.create(ledger, clock), list[float](), threading.Event()

    def write() -> None:
        while not done.is_set():
            began = time.monotonic()
            other.handle("ana", capacity(len(waited) % 40), on="ana")
            waited.append(time.monotonic() - began)

    writer = threading.Thread(target=write)

    # when
    with ledger.bulk(BulkLimits(slice_events=50, slice_s=0.005)) as bulk:
        handle_all(bulk, ImportRows(tenant).goals(300))
        writer.start()
        began = time.monotonic()
        assert 900 == bulk.commit()
        took = time.monotonic() - began
        done.set()
        writer.join()

    # then
    assert len(waited) >= 5, (took, waited)
    assert max(waited) < MAX_WAIT_S
    assert ledger.head() == ledger.count()


@pytest.mark.parametrize(
    ("events", "took", "expected"), [(500, 0.05, 500), (500, 0.5, 50), (100, 0.001, 200), (400, 0.001, 500)]
)
def test_a_slice_is_as_large_as_the_last_one_was_fast_within_bounds(events: int, took: float, expected: int) -> None:
    assert expected == BulkLimits().adapt_slice(events, took)


def test_work_that_is_cancelled_leaves_nothing(ledger: Ledger, tenant: Tenant) -> None:
    head, work = ledger.head(), Work()

    def decide() -> None:
        with ledger.bulk() as bulk:
            for row in ImportRows(tenant).goals(3):
                bulk.handle(row)
                work.cancel()

    with pytest.raises(WorkCancelled):
        work.run(decide)

    assert head == ledger.head() == ledger.count()
