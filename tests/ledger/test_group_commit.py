"""Many commands, one transaction: each is answered as if it had been alone, in the order in which they came."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from domain.envelope import RecordedEvent
from domain.errors import InvalidField, Refusal, VersionConflict
from domain.goal import acts
from domain.member import member
from domain.registry import AGGREGATES
from ledger.commands import Command, IdempotencyKey, Receipt
from ledger.commit import outcomes
from ledger.commit.batch import BatchLimits
from ledger.commit.committer import CommitLimits
from ledger.errors import LedgerBusy, LedgerUnavailable
from ledger.ledger import Ledger
from ledger.serialization import Mapper
from ledger.states import Key, ReadCache, StreamState
from tests.ledger.locks import NO_TIME_LIMIT, locked_head, wait_for, wait_for_queue, with_long_lock_timeout
from tests.ledger.tenant import WHY, Clock, Tenant, capacity, ids


def key(name: str, digest: str = "body") -> IdempotencyKey:
    return IdempotencyKey(scope="ana POST /v1/members", key=name, digest=digest)


class BatchRunner:
    """Commands handed in one after another while the head is held, each by a thread of its own."""

    def __init__(self, ledger: Ledger, database_url: str) -> None:
        self.ledger = ledger
        self.database_url = database_url

    def run(self, *commands: Command) -> list[Receipt | Exception]:
        with ThreadPoolExecutor(len(commands)) as pool:
            futures: list[Future[Receipt]] = []
            with locked_head(self.database_url):
                for number, command in enumerate(commands, start=1):
                    futures.append(pool.submit(self.ledger.handle, command))
                    wait_for_queue(self.ledger, number)
        return [_result_or_error(future) for future in futures]


def _result_or_error(future: Future[Receipt]) -> Receipt | Exception:
    error = future.exception()
    assert error is None or isinstance(error, Exception)
    return error or future.result()


def list_declared_hours(events: list[RecordedEvent]) -> list[str]:
    return [e.data.capacity.hours_per_week for e in events if isinstance(e.data, member.CapacityDeclared)]


@pytest.fixture
def batch_runner(ledger: Ledger, database_url: str) -> BatchRunner:
    return BatchRunner(ledger, database_url)


def list_types(outcomes: list[Any]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


def test_all_who_wait_are_recorded_in_one_transaction_in_their_order(
    batch_runner: BatchRunner, ledger: Ledger, tenant: Tenant
) -> None:
    head = ledger.head()

    receipts = batch_runner.run(*(tenant.command("stella", capacity(n), on="ana") for n in range(12)))

    assert ["Receipt"] * 12 == list_types(receipts)
    assert list(range(head + 1, head + 13)) == [each.log_position for each in receipts if isinstance(each, Receipt)]
    events = ledger.read_log(head, 100)
    assert [str(n) for n in range(12)] == list_declared_hours(events)
    # The clock goes on with each look; one look, one transaction.
    assert 1 == len({e.recorded_at for e in events})


def test_a_refused_command_harms_no_neighbour_and_later_ones_see_what_earlier_ones_did(
    batch_runner: BatchRunner, ledger: Ledger, tenant: Tenant
) -> None:
    before, version = ledger.head(), tenant.handle("stella", capacity(1), on="ana").version

    outcomes = batch_runner.run(
        tenant.command("stella", capacity(2), on="ana", expected_versions=(version,)),
        tenant.command("stella", capacity(3), on="ana", expected_versions=(version,)),
        tenant.command("stella", capacity(999), on="ana"),
        tenant.command("stella", capacity(4), on="ana", expected_versions=(version + 1,)),
    )

    assert ["Receipt", "VersionConflict", "InvalidField", "Receipt"] == list_types(outcomes)
    assert before + 3 == ledger.head() == ledger.count()
    assert version + 2 == ledger.load_current(tenant.id, "member", tenant.id_of("ana")).version  # type: ignore[union-attr]


def test_two_requests_with_one_key_in_one_batch_are_recorded_once(
    batch_runner: BatchRunner, ledger: Ledger, tenant: Tenant
) -> None:
    head = ledger.head()

    first, again, other = batch_runner.run(
        tenant.command("ana", capacity(30), on="ana", idempotency=key("k")),
        tenant.command("ana", capacity(30), on="ana", idempotency=key("k")),
        tenant.command("ana", capacity(31), on="ana", idempotency=key("k", "another body")),
    )

    assert head + 1 == ledger.head()
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (False, True) == (first.replayed, again.replayed)
    assert (first.event_ids, first.version, first.state) == (again.event_ids, again.version, again.state)
    assert "IdempotencyMismatch" == type(other).__name__


def test_an_import_row_that_comes_twice_in_one_batch_is_recorded_once(
    batch_runner: BatchRunner, ledger: Ledger, tenant: Tenant
) -> None:
    head = ledger.head()

    first, again = batch_runner.run(
        tenant.command("ana", capacity(30), on="ana", import_row="row"),
        tenant.command("ana", capacity(30), on="ana", import_row="row"),
    )

    assert head + 1 == ledger.head()
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (False, True) == (first.already, again.already)


def test_a_command_that_raises_inside_its_rule_harms_itself_alone(
    batch_runner: BatchRunner, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal, head = tenant.promise("goal"), ledger.head()
    aggregate = AGGREGATES["member"]

    def defective(state: Any, act: Any, world: Any) -> Any:
        if getattr(act, "hours_per_week", None) == 13:
            raise RuntimeError("a defect in a rule")
        return aggregate.decide(state, act, world)

    monkeypatch.setitem(AGGREGATES, "member", _replace(aggregate, decide=defective))

    outcomes = batch_runner.run(
        tenant.command("ana", capacity(1), on="ana"),
        tenant.command("ana", capacity(13), on="ana", idempotency=key("k"), import_row="row"),
        tenant.command("sam", capacity(2), on="sam"),
    )

    assert ["Receipt", "RuntimeError", "Receipt"] == list_types(outcomes)
    assert head + 2 == ledger.head() == ledger.count()
    assert ledger.load(tenant.id, "goal", goal) is not None
    monkeypatch.undo()
    mended = tenant.handle("ana", capacity(13), on="ana", idempotency=key("k"), import_row="row")
    assert (False, False) == (mended.replayed, mended.already)


def test_what_is_committed_is_not_decided_again_where_memory_fails_to_keep_it(
    ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_cache: ReadCache, _key: Key, _entry: StreamState) -> None:
        raise MemoryError

    head = ledger.head()
    monkeypatch.setattr(ReadCache, "put", fail)

    # Without a key: nobody could tell that it was recorded already.
    outcome = tenant.handle("stella", capacity(7), on="ana")

    assert ["Receipt"] == list_types([outcome])
    assert ["7"] == list_declared_hours(ledger.read_log(head, 100))
    monkeypatch.undo()
    assert outcome.version + 1 == tenant.handle("stella", capacity(8), on="ana").version


def test_what_cannot_be_stored_harms_itself_alone(
    batch_runner: BatchRunner, ledger: Ledger, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = ledger.head()
    original = Mapper.encode_state

    def unstorable(mapper: Mapper, recorded: Any) -> bytes:
        state = original(mapper, recorded)
        return None if recorded.data.capacity.hours_per_week == "13" else state  # type: ignore[return-value]

    monkeypatch.setattr(Mapper, "encode_state", unstorable)

    outcomes = batch_runner.run(*(tenant.command("ana", capacity(hours), on="ana") for hours in (1, 13, 2)))

    assert ["Receipt", "IntegrityError", "Receipt"] == list_types(outcomes)
    assert head + 2 == ledger.head() == ledger.count()


def test_what_a_batch_has_no_time_for_goes_first_in_the_next(
    ledger: Ledger, tenant: Tenant, clock: Clock, database_url: str
) -> None:
    hurried = Ledger.open(
        database_url, clock=clock, new_id=ids(), limits=CommitLimits(batch=BatchLimits(decide_seconds=0))
    )
    head = ledger.head()

    BatchRunner(hurried, database_url).run(*(tenant.command("stella", capacity(n), on="ana") for n in range(5)))

    events = ledger.read_log(head, 100)
    assert [str(n) for n in range(5)] == list_declared_hours(events)
    assert 5 == len({e.recorded_at for e in events})


def test_organisations_take_turns(ledger: Ledger, tenant: Tenant, clock: Clock, database_url: str) -> None:
    small = CommitLimits(batch=BatchLimits(commands=4, decide_seconds=60))
    narrow = Ledger.open(database_url, clock=clock, new_id=ids(), limits=small)
    other = Tenant.create(ledger, clock)
    head = ledger.head()

    BatchRunner(narrow, database_url).run(
        *(tenant.command("stella", capacity(n), on="ana") for n in range(10)),
        *(other.command("stella", capacity(n), on="ana") for n in range(2)),
    )

    order = ["own" if e.organisation_id == tenant.id else "other" for e in ledger.read_log(head, 100)]
    assert ["own", "other", "own", "other"] == order[:4]
    assert ["own"] * 8 == order[4:]


def test_a_full_queue_refuses_the_greedy_at_once_and_makes_room_for_others(
    ledger: Ledger, tenant: Tenant, clock: Clock, database_url: str
) -> None:
    other = Tenant.create(ledger, clock)
    narrow = Ledger.open(database_url, clock=clock, new_id=ids(), limits=CommitLimits(queued=6))
    head = ledger.head()

    with ThreadPoolExecutor(8) as pool:
        with locked_head(database_url):
            own = []
            for number in range(6):
                own.append(pool.submit(narrow.handle, tenant.command("stella", capacity(number), on="ana")))
                wait_for_queue(narrow, number + 1)
            before = time.monotonic()
            with pytest.raises(LedgerBusy):
                narrow.handle(tenant.command("stella", capacity(7), on="ana"))
            assert time.monotonic() - before < 1
            welcome = pool.submit(narrow.handle, other.command("stella", capacity(1), on="ana"))
            wait_for(own[-1].done, "the last of the longest line to be sent away")
        outcomes = [_result_or_error(future) for future in own]

    narrow.close()
    assert isinstance(welcome.result(), Receipt)
    assert ["Receipt"] * 5 + ["LedgerBusy"] == list_types(outcomes)
    assert head + 6 == ledger.head() == ledger.count()


def test_closing_lets_those_who_wait_have_their_turn_and_takes_nobody_more(
    ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    head = ledger.head()
    with ThreadPoolExecutor(6) as pool:
        with locked_head(database_url):
            futures = [pool.submit(ledger.handle, tenant.command("stella", capacity(n), on="ana")) for n in range(5)]
            wait_for_queue(ledger, 5)
            closing = pool.submit(ledger.close)
            wait_for(lambda: _is_closed(ledger, tenant), "the ledger to refuse")
        receipts = [_result_or_error(future) for future in futures]
        closing.result()

    assert ["Receipt"] * 5 == list_types(receipts)
    again = Ledger.open(database_url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
    assert head + 5 == again.head() == again.count()
    again.close()


def _is_closed(ledger: Ledger, tenant: Tenant) -> bool:
    """Whether new ones are refused; asked with a command that would be refused by its rule, too."""
    with pytest.raises((LedgerUnavailable, Refusal)) as caught:
        asyncio.run(_handle_briefly(ledger, tenant.command("ana", capacity(999), on="ana")))
    return isinstance(caught.value, LedgerUnavailable) and "closed" in str(caught.value)


async def _handle_briefly(ledger: Ledger, command: Command) -> Receipt:
    try:
        return await asyncio.wait_for(ledger.handle_async(command), 0.05)
    except TimeoutError:
        raise InvalidField("it is still taking commands", pointer="") from None


def test_nobody_waits_longer_than_the_time_out_and_then_nothing_is_recorded(
    ledger: Ledger, tenant: Tenant, clock: Clock, database_url: str
) -> None:
    hurried = Ledger.open(database_url, clock=clock, new_id=ids(), limits=CommitLimits(command_seconds=0.2))
    member = Tenant(hurried, clock, tenant.id)
    head = ledger.head()

    with locked_head(database_url):
        with pytest.raises(LedgerUnavailable) as of_a_thread:
            member.handle("stella", capacity(1), on="ana")
        with pytest.raises(LedgerUnavailable) as of_a_loop:
            asyncio.run(hurried.handle_async(tenant.command("stella", capacity(2), on="ana")))
        assert ["no", "no"] == [of_a_thread.value.recorded, of_a_loop.value.recorded]
        assert 0 == hurried.commit_stats().queued
    hurried.close()

    assert head + 1 == tenant.handle("stella", capacity(3), on="ana").log_position


def test_whoever_is_cancelled_before_its_turn_is_not_recorded(
    ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    head = ledger.head()

    async def scene() -> Receipt:
        stays = asyncio.ensure_future(ledger.handle_async(tenant.command("stella", capacity(1), on="ana")))
        goes = asyncio.ensure_future(ledger.handle_async(tenant.command("stella", capacity(2), on="ana")))
        with locked_head(database_url):
            await asyncio.to_thread(wait_for_queue, ledger, 2)
            goes.cancel()
            with pytest.raises(asyncio.CancelledError):
                await goes
            assert 1 == ledger.commit_stats().queued
        return await stays

    receipt = asyncio.run(scene())

    assert head + 1 == receipt.log_position == ledger.head() == ledger.count()


def test_an_event_loop_goes_on_while_its_commands_wait_and_is_woken_once_for_all(
    ledger: Ledger, tenant: Tenant, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wakes: list[int] = []

    async def scene() -> list[Receipt | BaseException]:
        loop = asyncio.get_running_loop()
        original = loop.call_soon_threadsafe

        def counted(callback: Any, *arguments: Any, **more: Any) -> Any:
            if callback is outcomes.set_results:
                wakes.append(1)
            return original(callback, *arguments, **more)

        commands = [tenant.command("stella", capacity(n), on="ana") for n in range(50)]
        # The head's holder is released from this very loop: were it blocked, nothing would ever come.
        with locked_head(database_url):
            tasks = [asyncio.ensure_future(ledger.handle_async(command)) for command in commands]
            await asyncio.to_thread(wait_for_queue, ledger, 50)
            monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        return await asyncio.gather(*tasks, return_exceptions=True)

    receipts = asyncio.run(scene())

    assert ["Receipt"] * 50 == list_types(receipts)
    assert 1 == len(wakes)


def test_ten_thousand_waiting_commands_do_not_fill_the_memory(tenant: Tenant, clock: Clock, database_url: str) -> None:
    patient = CommitLimits(command_seconds=120, batch=BatchLimits(decide_seconds=60))
    ledger = Ledger.open(with_long_lock_timeout(database_url), clock=clock, new_id=ids(), limits=patient)
    head = ledger.head()
    commands = [tenant.command("stella", capacity(n % 40), on="ana") for n in range(10_000)]

    async def scene() -> list[Receipt | BaseException]:
        with locked_head(database_url):
            tasks = [asyncio.ensure_future(ledger.handle_async(command)) for command in commands]
            await asyncio.to_thread(
                wait_for, lambda: sum(task.done() for task in tasks) == 10_000 - 4096, "the others to be refused"
            )
        return await asyncio.gather(*tasks, return_exceptions=True)

    tracemalloc.start()
    outcomes = list_types(asyncio.run(scene()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (4096, 5904) == (outcomes.count("Receipt"), outcomes.count("LedgerBusy"))
    assert head + 4096 == ledger.head() == ledger.count()
    assert peak < 100_000_000
    ledger.close()


def test_a_sweep_waits_in_the_same_queue(batch_runner: BatchRunner, ledger: Ledger, tenant: Tenant) -> None:
    goal = tenant.promise("goal")
    with ThreadPoolExecutor(2) as pool:
        with locked_head(batch_runner.database_url):
            swept = pool.submit(ledger.run_timers, tenant.id, goal)
            wait_for_queue(ledger, 1)
            said = pool.submit(tenant.handle, "stella", capacity(3), on="ana")
            wait_for_queue(ledger, 2)
        assert swept.result() is None
        assert isinstance(said.result(), Receipt)


def test_a_version_conflict_across_batches_is_one_all_the_same(tenant: Tenant) -> None:
    version = tenant.handle("stella", capacity(1), on="ana").version

    with pytest.raises(VersionConflict):
        tenant.handle("stella", capacity(2), on="ana", expected_versions=(version - 1,))


def _replace(aggregate: Any, **changes: Any) -> Any:
    return type(aggregate)(**{name: getattr(aggregate, name) for name in aggregate.__struct_fields__} | changes)


BATCH = 40


@pytest.fixture
def cold_ledger(ledger: Ledger, database_url: str, clock: Clock) -> Iterator[Ledger]:
    """A process that has nothing cached yet."""
    cold_ledger = Ledger.open(database_url, clock=clock, new_id=ids(), limits=NO_TIME_LIMIT)
    yield cold_ledger
    cold_ledger.close()


def handle_in_one_batch(ledger: Ledger, database_url: str, commands: list[Command]) -> list[Receipt]:
    """All of them in line, in this order, before the first has its turn."""
    with ThreadPoolExecutor(len(commands)) as pool:
        futures: list[Future[Receipt]] = []
        with locked_head(database_url):
            for number, command in enumerate(commands, start=1):
                futures.append(pool.submit(ledger.handle, command))
                wait_for_queue(ledger, number)
    return [future.result() for future in futures]


def test_each_of_a_crowd_builds_on_the_one_before(cold_ledger: Ledger, tenant: Tenant, database_url: str) -> None:
    version, head = tenant.handle("stella", capacity(1), on="ana").version, cold_ledger.head()
    commands = [tenant.command("stella", capacity(n), on="ana", expected_versions=(version + n,)) for n in range(BATCH)]

    receipts = handle_in_one_batch(cold_ledger, database_url, commands)

    assert [version + n + 1 for n in range(BATCH)] == [each.version for each in receipts]
    events = cold_ledger.read_log(head, 1000)
    assert [(head + n, head + n) for n in range(1, BATCH + 1)] == [(e.log_position, e.position) for e in events]
    # The clock goes on with each look, and there is one look for all who are decided together.
    assert 1 == len({event.recorded_at for event in events})


def test_a_key_or_an_import_row_said_first_is_known_to_the_last_of_the_crowd(
    cold_ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    head = cold_ledger.head()
    key = IdempotencyKey(scope="ana", key="k", digest="body")
    others = [tenant.command("stella", capacity(n), on="ana") for n in range(BATCH - 4)]
    keyed = [tenant.command("ana", capacity(30), on="ana", idempotency=key) for _ in range(2)]
    rows = [tenant.command("sam", capacity(20), on="sam", import_row="row") for _ in range(2)]

    receipts = handle_in_one_batch(cold_ledger, database_url, [keyed[0], rows[0], *others, keyed[1], rows[1]])

    assert head + BATCH - 2 == cold_ledger.head() == cold_ledger.count()
    assert (False, True) == (receipts[0].replayed, receipts[-2].replayed)
    assert (receipts[0].event_ids, receipts[0].state) == (receipts[-2].event_ids, receipts[-2].state)
    assert (False, True) == (receipts[1].already, receipts[-1].already)


def test_promises_of_one_batch_count_on_the_load_of_each_other(
    cold_ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    due = date(2026, 6, 1)
    offers = [tenant.offer(f"goal-{n}", due=due).event_ids[0] for n in range(BATCH)]
    accepts = [
        tenant.command("sam", acts.Accept(answers=str(offered), reason=WHY), on=f"goal-{n}")
        for n, offered in enumerate(offers)
    ]

    handle_in_one_batch(cold_ledger, database_url, accepts)
    late = tenant.promise("late", due=due)

    goals = [tenant.id_of(f"goal-{n}", "goal") for n in range(BATCH)]
    ratios = [tenant.worst_ratio(goal) for goal in [*goals, late]]
    assert sorted(ratios) == ratios
    assert len(set(ratios)) == len(ratios)


def test_two_processes_with_a_crowd_each_take_nothing_from_each_other(
    ledger: Ledger, cold_ledger: Ledger, tenant: Tenant, database_url: str, clock: Clock
) -> None:
    head, beside = ledger.head(), Tenant(cold_ledger, clock, tenant.id)
    with ThreadPoolExecutor(2 * BATCH) as pool:
        futures = []
        with locked_head(database_url):
            for number in range(BATCH):
                futures.append(pool.submit(tenant.handle, "stella", capacity(number), on="ana"))
                futures.append(pool.submit(beside.handle, "stella", capacity(number), on="ana"))
            for each in (ledger, cold_ledger):
                wait_for_queue(each, BATCH)
        receipts = [future.result() for future in futures]

    events = ledger.read_log(head, 1000)
    assert 2 * BATCH == len(events) == ledger.head() - head == ledger.count() - head
    assert {each.event_ids[0] for each in receipts} == {event.event_id for event in events}
    assert [e.version for e in events] == list(range(events[0].version, events[0].version + 2 * BATCH))
    states = {each.version: each.state for each in receipts}
    last = ledger.load_current(tenant.id, "member", tenant.id_of("ana"))
    assert last is not None
    assert states[last.version] == last.state == ledger.load(tenant.id, "member", tenant.id_of("ana"))


@pytest.mark.parametrize(
    "fault", [LedgerUnavailable("the store went away", recorded="no"), RuntimeError("something else")]
)
def test_a_batch_that_failed_as_a_whole_is_decided_anew(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    ledger = Ledger.open(postgres_url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
    tenant = Tenant.create(ledger, Clock())
    head = ledger.head()
    transact, failures = ledger.recorder.append_locked, [fault]

    def failing(batch: Any) -> None:
        def spoiled(session: Any, locked: Any) -> Any:
            append = batch(session, locked)
            if failures and append.events == BATCH:
                raise failures.pop()
            return append

        transact(spoiled)

    monkeypatch.setattr(ledger.recorder, "append_locked", failing)
    keys = [IdempotencyKey(scope="ana", key=str(n), digest="body") for n in range(BATCH)]

    receipts = handle_in_one_batch(
        ledger,
        postgres_url,
        [tenant.command("stella", capacity(n), on="ana", idempotency=key) for n, key in enumerate(keys)],
    )

    assert [] == failures
    assert BATCH == len({each.version for each in receipts}) == ledger.head() - head == ledger.count() - head
    assert [each.log_position for each in receipts] == list(range(head + 1, head + BATCH + 1))
    ledger.close()
