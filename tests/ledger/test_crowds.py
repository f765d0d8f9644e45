"""Crowds: what one batch holds together, what two processes take from each other, and a batch that fails as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from domain.goal import acts
from ledger.commands import Command, IdempotencyKey, Receipt
from ledger.errors import LedgerUnavailable
from ledger.ledger import Ledger
from tests.ledger.holding import locked_head, wait_for_queue
from tests.ledger.tenant import WHY, Clock, Tenant, capacity, ids

pytestmark = pytest.mark.usefixtures("no_batch_time_limit")

CROWD = 40


@pytest.fixture
def fresh(ledger: Ledger, database_url: str, clock: Clock) -> Iterator[Ledger]:
    """A process that has nothing cached yet."""
    fresh = Ledger.open(database_url, clock=clock, new_id=ids())
    yield fresh
    fresh.close()


def at_once(ledger: Ledger, database_url: str, commands: list[Command]) -> list[Receipt]:
    """All of them in line, in this order, before the first has its turn."""
    with ThreadPoolExecutor(len(commands)) as pool:
        futures: list[Future[Receipt]] = []
        with locked_head(database_url):
            for number, command in enumerate(commands, start=1):
                futures.append(pool.submit(ledger.handle, command))
                wait_for_queue(ledger, number)
    return [future.result() for future in futures]


def test_each_of_a_crowd_builds_on_the_one_before(fresh: Ledger, tenant: Tenant, database_url: str) -> None:
    version, head = tenant.say("stella", capacity(1), on="ana").version, fresh.head()
    commands = [tenant.command("stella", capacity(n), on="ana", expected_version=version + n) for n in range(CROWD)]

    receipts = at_once(fresh, database_url, commands)

    assert [version + n + 1 for n in range(CROWD)] == [each.version for each in receipts]
    events = fresh.read_log(head, 1000)
    assert [(head + n, head + n) for n in range(1, CROWD + 1)] == [(e.log_position, e.position) for e in events]
    # The clock goes on with each look, and there is one look for all who are decided together.
    assert 1 == len({event.recorded_at for event in events})


def test_a_key_or_an_import_row_said_first_is_known_to_the_last_of_the_crowd(
    fresh: Ledger, tenant: Tenant, database_url: str
) -> None:
    head = fresh.head()
    key = IdempotencyKey(scope="ana", key="k", digest="body")
    others = [tenant.command("stella", capacity(n), on="ana") for n in range(CROWD - 4)]
    keyed = [tenant.command("ana", capacity(30), on="ana", idempotency=key) for _ in range(2)]
    rows = [tenant.command("sam", capacity(20), on="sam", import_row="row") for _ in range(2)]

    receipts = at_once(fresh, database_url, [keyed[0], rows[0], *others, keyed[1], rows[1]])

    assert head + CROWD - 2 == fresh.head() == fresh.count()
    assert (False, True) == (receipts[0].replayed, receipts[-2].replayed)
    assert (receipts[0].event_ids, receipts[0].state) == (receipts[-2].event_ids, receipts[-2].state)
    assert (False, True) == (receipts[1].already, receipts[-1].already)


def test_promises_of_one_batch_count_on_the_load_of_each_other(
    fresh: Ledger, tenant: Tenant, database_url: str
) -> None:
    due = date(2026, 6, 1)
    offers = [tenant.offer(f"goal-{n}", due=due).event_ids[0] for n in range(CROWD)]
    accepts = [
        tenant.command("sam", acts.Accept(answers=str(offered), reason=WHY), on=f"goal-{n}")
        for n, offered in enumerate(offers)
    ]

    at_once(fresh, database_url, accepts)
    late = tenant.promised("late", due=due)

    goals = [tenant.of(f"goal-{n}", "goal") for n in range(CROWD)]
    ratios = [tenant.worst_ratio(goal) for goal in [*goals, late]]
    assert sorted(ratios) == ratios
    assert len(set(ratios)) == len(ratios)


def test_two_processes_with_a_crowd_each_take_nothing_from_each_other(
    ledger: Ledger, fresh: Ledger, tenant: Tenant, database_url: str, clock: Clock
) -> None:
    head, beside = ledger.head(), Tenant(fresh, clock, tenant.id)
    with ThreadPoolExecutor(2 * CROWD) as pool:
        futures = []
        with locked_head(database_url):
            for number in range(CROWD):
                futures.append(pool.submit(tenant.say, "stella", capacity(number), on="ana"))
                futures.append(pool.submit(beside.say, "stella", capacity(number), on="ana"))
            for each in (ledger, fresh):
                wait_for_queue(each, CROWD)
        receipts = [future.result() for future in futures]

    events = ledger.read_log(head, 1000)
    assert 2 * CROWD == len(events) == ledger.head() - head == ledger.count() - head
    assert {each.event_ids[0] for each in receipts} == {event.event_id for event in events}
    assert [e.version for e in events] == list(range(events[0].version, events[0].version + 2 * CROWD))
    states = {each.version: each.state for each in receipts}
    last = ledger.current(tenant.id, "member", tenant.of("ana"))
    assert last is not None
    assert states[last.version] == last.state == ledger.load(tenant.id, "member", tenant.of("ana"))


@pytest.mark.parametrize("fault", [LedgerUnavailable("the store went away"), RuntimeError("something else")])
def test_a_batch_that_failed_as_a_whole_is_decided_anew(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    ledger = Ledger.open(postgres_url, clock=Clock(), new_id=ids())
    tenant = Tenant.found(ledger, Clock())
    head = ledger.head()
    transact, failures = ledger.recorder.append_locked, [fault]

    def failing(batch: Any) -> None:
        def spoiled(session: Any, locked: Any) -> Any:
            append = batch(session, locked)
            if failures and append.events == CROWD:
                raise failures.pop()
            return append

        transact(spoiled)

    monkeypatch.setattr(ledger.recorder, "append_locked", failing)
    keys = [IdempotencyKey(scope="ana", key=str(n), digest="body") for n in range(CROWD)]

    receipts = at_once(
        ledger,
        postgres_url,
        [tenant.command("stella", capacity(n), on="ana", idempotency=key) for n, key in enumerate(keys)],
    )

    assert [] == failures
    assert CROWD == len({each.version for each in receipts}) == ledger.head() - head == ledger.count() - head
    assert [each.log_position for each in receipts] == list(range(head + 1, head + CROWD + 1))
    ledger.close()
