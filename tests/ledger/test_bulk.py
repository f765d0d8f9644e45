"""Imports: decided aside, appended at once, all or nothing."""

from __future__ import annotations

import tracemalloc
from datetime import date, timedelta

import pytest

from domain.errors import ActNotAllowed, InvalidField, NotFound, Refusal, VersionConflict
from domain.goal import acts
from domain.member import member
from ledger.bulk.append import BulkAppend, BulkLimits
from ledger.commands import Command, Receipt
from ledger.ledger import Ledger
from tests.ledger.tenant import BEGINNING, WHY, Clock, Tenant, capacity, offer


class ImportRows:
    """Rows of an import, each with its identity, an hour apart."""

    def __init__(self, tenant: Tenant, name: str = "file") -> None:
        self.tenant = tenant
        self.name = name
        self.at = BEGINNING - timedelta(days=300)
        self.rows = 0

    def row(self, by: str, act: object, on: str) -> Command:
        self.at += timedelta(hours=1)
        self.rows += 1
        return self.tenant.command(by, act, on=on, at=self.at, import_row=f"{self.name}-{self.rows}")

    def goals(self, count: int) -> list[Command]:
        """Offers, acceptances and check-ins of many goals; answers are left to the one that is open."""
        rows = []
        for number in range(count):
            name = f"{self.name}-goal-{number}"
            rows.append(self.row("ana", offer(due=date(2026, 3, 2)), name))
            rows.append(self.row("sam", acts.Accept(), name))
            rows.append(self.row("ana", acts.CheckIn(note="going well", progress="0.25"), name))
        return rows


def handle_all(bulk: BulkAppend, rows: list[Command]) -> list[Receipt | str]:
    answers: list[Receipt | str] = []
    for row in rows:
        try:
            answers.append(bulk.handle(row))
        except Refusal as refusal:
            answers.append(refusal.code)
    return answers


def test_a_bulk_is_recorded_at_once_as_if_its_rows_had_come_one_by_one(ledger: Ledger, tenant: Tenant) -> None:
    head, position = ledger.head(), ledger.position(tenant.id)
    with ledger.bulk() as bulk:
        receipts = [bulk.handle(row) for row in ImportRows(tenant).goals(20)]
        assert head == ledger.head()
        count = bulk.commit()

    assert 60 == count
    assert head + 60 == ledger.head() == ledger.count()
    events = ledger.read_log(head, 1000)
    assert [e.event_id for e in events] == [each for receipt in receipts for each in receipt.event_ids]
    assert list(range(head + 1, head + 61)) == [e.log_position for e in events]
    assert list(range(position + 1, position + 61)) == [e.position for e in events]
    assert receipts[-1].state == ledger.load(tenant.id, "goal", tenant.id_of("file-goal-19", "goal"))
    assert sorted(e.recorded_at for e in events) == [e.recorded_at for e in events]


def test_without_a_commit_nothing_is_kept(ledger: Ledger, tenant: Tenant) -> None:
    head = ledger.head()

    with ledger.bulk() as bulk:
        for row in ImportRows(tenant).goals(3):
            bulk.handle(row)

    assert (head, head) == (ledger.head(), ledger.count())
    assert [] == ledger.find_streams_with_due_timers(BEGINNING + timedelta(days=1000), 10)


def test_the_same_rows_again_add_nothing(ledger: Ledger, tenant: Tenant) -> None:
    with ledger.bulk() as bulk:
        handle_all(bulk, ImportRows(tenant).goals(5))
        bulk.commit()
    head = ledger.head()

    with ledger.bulk() as again:
        answers = handle_all(again, ImportRows(tenant).goals(5))
        again.commit()

    assert [True] * 15 == [isinstance(a, Receipt) and a.already for a in answers]
    assert (head, head) == (ledger.head(), ledger.count())


def test_a_row_that_comes_twice_in_one_bulk_is_taken_once(ledger: Ledger, tenant: Tenant) -> None:
    with ledger.bulk() as bulk:
        row = ImportRows(tenant).goals(1)[0]
        first, second = bulk.handle(row), bulk.handle(row)

        assert (False, True, 1) == (first.already, second.already, bulk.commit())


def test_a_refused_row_harms_no_other(ledger: Ledger, tenant: Tenant) -> None:
    history = ImportRows(tenant)
    rows = [
        history.row("ana", offer(due=date(2026, 3, 2)), "one"),
        history.row("ana", acts.DeclareComplete(), "one"),
        history.row("ana", capacity(999), "ana"),
        history.row("sam", acts.Accept(), "one"),
        history.row("sam", acts.Accept(), "nothing"),
        history.row("ana", acts.CheckIn(progress="0.5"), "one"),
    ]

    with ledger.bulk() as bulk:
        answers = handle_all(bulk, rows)
        bulk.commit()

    assert [ActNotAllowed.code, InvalidField.code, NotFound.code] == [a for a in answers if isinstance(a, str)]
    assert ["goal.offered.v1", "goal.accepted.v1", "goal.checked_in.v1"] == [
        e.type for e in ledger.events(tenant.id, tenant.id_of("one", "goal"))
    ]
    assert ledger.head() == ledger.count()


def test_the_rows_of_a_bulk_see_one_another_and_what_was_there(ledger: Ledger, tenant: Tenant) -> None:
    tenant.promise("there", hours=300)
    goal = tenant.id_of("file-goal-0", "goal")
    history = ImportRows(tenant)
    history.at = BEGINNING - timedelta(days=1)

    with ledger.bulk() as bulk:
        handle_all(bulk, history.goals(2))
        bulk.commit()

    assert tenant.worst_ratio(goal) > 1
    assert tenant.worst_ratio(tenant.id_of("file-goal-1", "goal")) > tenant.worst_ratio(goal)
    with ledger.recorder.read() as session:
        book = session.query("live", organisation_id=tenant.id, owner=tenant.id_of("ana"))
    assert 3 == len(book)


def test_what_was_read_may_not_change_before_the_commit(ledger: Ledger, tenant: Tenant) -> None:
    rows = ImportRows(tenant).goals(2)
    with ledger.bulk() as bulk:
        handle_all(bulk, rows)
        tenant.handle("ana", capacity(3), on="ana")
        head = ledger.head()

        with pytest.raises(VersionConflict):
            bulk.commit()

        assert (head, head) == (ledger.head(), ledger.count())
    with ledger.bulk() as again:
        handle_all(again, rows)
        assert 6 == again.commit()


def test_a_promise_taken_meanwhile_by_the_same_owner_is_a_conflict(ledger: Ledger, tenant: Tenant) -> None:
    with ledger.bulk() as bulk:
        handle_all(bulk, ImportRows(tenant).goals(1))
        tenant.promise("meanwhile")

        with pytest.raises(VersionConflict):
            bulk.commit()


def test_what_was_not_read_may_change(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    other = Tenant.create(ledger, clock)
    with ledger.bulk() as bulk:
        handle_all(bulk, ImportRows(tenant).goals(2))
        tenant.handle("stella", capacity(3), on="stella")
        other.promise("elsewhere")
        head = ledger.head()

        assert 6 == bulk.commit()

    events = ledger.read_log(head, 100)
    assert list(range(head + 1, head + 7)) == [e.log_position for e in events]
    assert list(range(1, ledger.position(tenant.id) + 1)) == [e.position for e in ledger.read_feed(tenant.id, 0, 1000)]
    assert events == [e for e in ledger.read_feed(tenant.id, 0, 1000) if e.log_position > head]


def test_two_bulks_of_the_same_rows_at_once_are_recorded_once(ledger: Ledger, tenant: Tenant) -> None:
    head = ledger.head()
    with ledger.bulk() as one, ledger.bulk() as other:
        handle_all(one, ImportRows(tenant).goals(2))
        handle_all(other, ImportRows(tenant).goals(2))
        one.commit()

        with pytest.raises(VersionConflict):
            other.commit()

    assert head + 6 == ledger.head() == ledger.count()


def test_a_command_after_a_bulk_stands_on_it(ledger: Ledger, tenant: Tenant) -> None:
    tenant.handle("ana", capacity(30), on="ana")
    with ledger.bulk() as bulk:
        handle_all(bulk, [ImportRows(tenant).row("ana", capacity(12), "ana"), *ImportRows(tenant, "more").goals(1)])
        bulk.commit()

    receipt = tenant.handle("ana", acts.CheckIn(progress="0.75"), on="more-goal-0")

    assert (4, "0.75") == (receipt.version, receipt.state.progress)
    assert 4 == tenant.handle("ana", capacity(9), on="ana").version


def test_another_organisations_stream_is_not_there_for_a_bulk(ledger: Ledger, tenant: Tenant, clock: Clock) -> None:
    other = Tenant.create(ledger, clock)
    theirs = ledger.new_id()
    other.handle("ana", offer(), on=theirs)

    with ledger.bulk() as bulk:
        with pytest.raises(NotFound):
            bulk.handle(tenant.command("ana", acts.CheckIn(note="hello"), on=theirs, at=BEGINNING, import_row="a"))
        with pytest.raises(NotFound):
            bulk.handle(tenant.command("ana", offer(), on=theirs, at=BEGINNING, import_row="b"))
        assert 0 == bulk.commit()


def test_a_large_organisation_is_asked_stream_by_stream(ledger: Ledger, tenant: Tenant) -> None:
    tenant.promise("there", hours=300)
    at = BEGINNING - timedelta(minutes=1)

    with ledger.bulk(BulkLimits(listed_events=0)) as bulk:
        receipt = bulk.handle(tenant.command("ana", capacity(5), on="ana", at=at, import_row="a"))
        bulk.commit()

    assert 2 == receipt.version
    assert "5" == ledger.load(tenant.id, "member", tenant.id_of("ana")).capacities[-1].hours_per_week


def test_more_states_than_the_cache_holds_are_folded_again(ledger: Ledger, tenant: Tenant) -> None:
    history = ImportRows(tenant)
    goals = [f"goal-{number}" for number in range(6)]
    steps = [("ana", offer()), ("sam", acts.Accept()), ("ana", acts.CheckIn(progress="0.5"))]
    rows = [history.row(by, act, goal) for by, act in steps for goal in goals]

    with ledger.bulk(BulkLimits(cached_states=2)) as bulk:
        answers = handle_all(bulk, rows)
        bulk.commit()

    assert [] == [a for a in answers if isinstance(a, str)]
    assert {"0.5"} == {ledger.load(tenant.id, "goal", tenant.id_of(goal, "goal")).progress for goal in goals}
    assert WHY == ledger.events(tenant.id, tenant.id_of("goal-0", "goal"))[0].reason


def test_memory_does_not_grow_with_the_import(ledger: Ledger, tenant: Tenant) -> None:
    def peak(name: str, members: int) -> int:
        history = ImportRows(tenant, name)
        tracemalloc.start()
        with ledger.bulk(BulkLimits(cached_states=50)) as bulk:
            for number in range(members):
                bulk.handle(history.row("stella", member.Join(name="New"), f"{name}-{number}"))
                bulk.handle(history.row("stella", capacity(number % 40), f"{name}-{number}"))
            bulk.commit()
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak("warm-up", 60)
    few, many = peak("few", 150), peak("many", 1500)

    # 2,700 events more, of more than 500 bytes each, without a place for a megabyte.
    assert many < few + 1_000_000
