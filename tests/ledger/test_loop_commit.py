"""Batches of an event loop, decided from memory and sent without the committer's thread, on either store."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.goal import acts
from domain.member.member import CapacityDeclared
from domain.registry import AGGREGATES
from ledger.commands import IdempotencyKey, Receipt
from ledger.errors import LedgerUnavailable
from ledger.ledger import Ledger
from ledger.storage.protocol import row_uuid
from tests.ledger.locks import NO_TIME_LIMIT, locked_head, wait_for_queue
from tests.ledger.tenant import WHY, Clock, Tenant, capacity, ids
from tests.ledger.test_lost_writers import full_disk


@pytest.fixture
def other_process(database_url: str, tenant: Tenant, clock: Clock) -> Iterator[Tenant]:
    """The same organisation in another process."""
    other = Ledger.open(database_url, clock=clock, new_id=ids(), limits=NO_TIME_LIMIT)
    yield Tenant(other, clock, tenant.id)
    other.close()


def key(name: str) -> IdempotencyKey:
    return IdempotencyKey(scope="ana POST /v1/members", key=name, digest="body")


def count_locked_batches(ledger: Ledger) -> int:
    """Batches that the committer's thread has committed so far."""
    return ledger.commit_stats().locked_batches


async def run_until_loop_commits(ledger: Ledger, tenant: Tenant) -> int:
    """Command until the loop decides for itself, and return how many batches the thread had committed by then.

    The thread hands over once it has opened the loop's connection. Three times on end: before that the thread may
    still have been notified of what the loop has taken meanwhile.
    """
    alone = 0
    for hours in range(40):
        before = count_locked_batches(ledger)
        await ledger.handle_async(tenant.command("stella", capacity(hours), on="ana"))
        alone = 0 if count_locked_batches(ledger) > before else alone + 1
        if alone == 3:
            return count_locked_batches(ledger)
    pytest.fail("the thread kept everything to itself")


def test_what_a_loop_commands_takes_no_thread_once_it_is_known(ledger: Ledger, tenant: Tenant) -> None:
    async def scene() -> list[Receipt]:
        batches = await run_until_loop_commits(ledger, tenant)
        commands = [tenant.command("stella", capacity(n), on="ana", idempotency=key(str(n))) for n in range(20)]
        receipts = await asyncio.gather(*map(ledger.handle_async, commands))
        assert batches == count_locked_batches(ledger)
        return receipts

    receipts = asyncio.run(scene())

    assert list(range(1, 21)) == [each.version - receipts[0].version + 1 for each in receipts]
    assert 1 == len({event.recorded_at for event in ledger.read_log(receipts[0].log_position - 1, 100)})
    assert ledger.head() == ledger.count()


def test_promises_that_a_loop_has_recorded_stand_in_the_index_of_their_owner(ledger: Ledger, tenant: Tenant) -> None:
    names = [f"goal-{number}" for number in range(3)]

    async def scene() -> UUID:
        # What ana has promised so far is in memory from here on.
        first = tenant.promise("first")
        offered = [str(tenant.offer(name).event_ids[0]) for name in names]
        batches = await run_until_loop_commits(ledger, tenant)
        commands = [
            tenant.command("sam", acts.Accept(answers=answers, reason=WHY), on=name)
            for name, answers in zip(names, offered, strict=True)
        ]
        await asyncio.gather(*map(ledger.handle_async, commands))
        assert batches == count_locked_batches(ledger)
        return first

    first = asyncio.run(scene())

    with ledger.recorder.read() as session:
        rows = session.query("live", organisation_id=tenant.id, owner=tenant.id_of("ana"))
    assert {first, *(tenant.id_of(name, "goal") for name in names)} == {row_uuid(goal) for (goal,) in rows}


def test_what_memory_does_not_know_is_asked_of_the_store_and_harms_nobody(
    ledger: Ledger, tenant: Tenant, other_process: Tenant
) -> None:
    other_process.handle("ana", capacity(30), on="ana", idempotency=key("k"))

    async def scene() -> list[Receipt | BaseException]:
        for hours in (1, 2, 3):
            await ledger.handle_async(tenant.command("stella", capacity(hours), on="sam"))
        commands = [
            tenant.command("stella", capacity(4), on="sam"),
            tenant.command("ana", capacity(30), on="ana", idempotency=key("k")),
            tenant.command("stella", capacity(999), on="sam", idempotency=key("refused")),
            tenant.command("stella", acts.CheckIn(note="nobody knows this goal"), on="unheard-of"),
            tenant.command("stella", capacity(5), on="sam"),
        ]
        return await asyncio.gather(*map(ledger.handle_async, commands), return_exceptions=True)

    outcomes = asyncio.run(scene())

    assert ["Receipt", "Receipt", "InvalidField", "NotFound", "Receipt"] == [type(each).__name__ for each in outcomes]
    assert [False, True, False] == [each.replayed for each in outcomes if isinstance(each, Receipt)]
    assert ledger.head() == ledger.count()


def test_goals_that_are_not_in_memory_are_read_without_the_lock_and_recorded_by_the_loop(
    ledger: Ledger, tenant: Tenant, other_process: Tenant
) -> None:
    names = [f"goal-{number}" for number in range(6)]
    for name in names:
        other_process.promise(name)

    async def scene() -> list[Receipt]:
        batches = await run_until_loop_commits(ledger, tenant)
        commands = [tenant.command("ana", acts.CheckIn(progress="0.5"), on=name) for name in names]
        receipts = await asyncio.gather(*map(ledger.handle_async, commands))
        assert batches == count_locked_batches(ledger)
        return receipts

    receipts = asyncio.run(scene())

    assert {"0.5"} == {receipt.state.progress for receipt in receipts}
    assert ledger.head() == ledger.count()


@pytest.mark.parametrize("cached_states", [1, 2, 3])
def test_a_cache_too_small_for_one_command_leaves_it_to_the_thread(
    tenant: Tenant, clock: Clock, database_url: str, cached_states: int
) -> None:
    goal = tenant.id_of("goal", "goal")
    tenant.promise("goal")
    limits = msgspec.structs.replace(NO_TIME_LIMIT, cached_states=cached_states)
    small = Ledger.open(database_url, clock=clock, new_id=ids(), limits=limits)

    async def scene() -> list[Receipt]:
        commands = [tenant.command("ana", acts.CheckIn(progress=f"0.{n}"), on="goal") for n in range(1, 9)]
        return [await small.handle_async(command) for command in commands]

    receipts = asyncio.run(asyncio.wait_for(scene(), 30))

    assert "0.8" == receipts[-1].state.progress == small.load(tenant.id, "goal", goal).progress
    small.close()


def test_a_stream_that_cannot_be_read_fails_its_own_command_alone(
    ledger: Ledger, tenant: Tenant, other_process: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_process.promise("goal")

    def evolve(_state: Any, _event: Any) -> Any:
        raise RuntimeError("an event of a later version")

    async def scene() -> list[Receipt | BaseException]:
        await run_until_loop_commits(ledger, tenant)
        monkeypatch.setitem(AGGREGATES, "goal", msgspec.structs.replace(AGGREGATES["goal"], evolve=evolve))
        commands = [
            tenant.command("ana", acts.CheckIn(progress="0.5"), on="goal"),
            tenant.command("stella", capacity(5), on="sam"),
        ]
        return await asyncio.gather(*map(ledger.handle_async, commands), return_exceptions=True)

    outcomes = asyncio.run(asyncio.wait_for(scene(), 30))

    assert ["RuntimeError", "Receipt"] == [type(each).__name__ for each in outcomes]


def test_a_loop_does_not_wait_for_another_loop_that_is_busy(ledger: Ledger, tenant: Tenant) -> None:
    connected, released = threading.Event(), threading.Event()

    async def stay_busy() -> None:
        await run_until_loop_commits(ledger, tenant)
        connected.set()
        # It blocks its loop, as a long computation would.
        released.wait(60)

    busy = threading.Thread(target=lambda: asyncio.run(stay_busy()))
    busy.start()
    assert connected.wait(60)

    async def scene() -> list[Receipt]:
        commands = [tenant.command("stella", capacity(hours), on="sam") for hours in range(12)]
        return [await asyncio.wait_for(ledger.handle_async(command), 5) for command in commands]

    receipts = asyncio.run(scene())
    released.set()
    busy.join()

    assert list(range(receipts[0].version, receipts[0].version + 12)) == [each.version for each in receipts]


def test_what_another_process_wrote_in_between_is_followed_and_nothing_is_written_over_it(
    ledger: Ledger, tenant: Tenant, other_process: Tenant
) -> None:
    async def scene() -> tuple[Receipt, Receipt, Receipt]:
        await run_until_loop_commits(ledger, tenant)
        before = await ledger.handle_async(tenant.command("stella", capacity(1), on="ana"))
        theirs = await asyncio.to_thread(other_process.handle, "stella", capacity(2), on="ana")
        return before, theirs, await ledger.handle_async(tenant.command("stella", capacity(3), on="ana"))

    before, theirs, after = asyncio.run(scene())

    assert (before.version + 1, before.version + 2) == (theirs.version, after.version)
    assert ["1", "2", "3"] == list_declared_hours(ledger, tenant)[-3:]
    assert ledger.head() == ledger.count()


def test_a_key_that_another_process_has_answered_is_answered_alike(
    ledger: Ledger, tenant: Tenant, other_process: Tenant
) -> None:
    async def scene() -> tuple[Receipt, Receipt]:
        await run_until_loop_commits(ledger, tenant)
        first = await asyncio.to_thread(other_process.handle, "ana", capacity(30), on="ana", idempotency=key("k"))
        # Ours knows the log again, and not that key.
        await run_until_loop_commits(ledger, tenant)
        return first, await ledger.handle_async(
            tenant.command("ana", capacity(30), on="ana", idempotency=key("k")),
        )

    first, again = asyncio.run(scene())

    assert (first.event_ids, True) == (again.event_ids, again.replayed)
    assert ledger.head() == ledger.count()


def test_a_store_that_another_process_holds_is_waited_for_in_the_queue(
    ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    async def scene() -> tuple[int, Receipt]:
        await run_until_loop_commits(ledger, tenant)
        head = await asyncio.to_thread(ledger.head)
        with locked_head(database_url):
            goes, stays = (
                asyncio.ensure_future(ledger.handle_async(tenant.command("stella", capacity(n), on="ana")))
                for n in (1, 2)
            )
            await asyncio.to_thread(wait_for_queue, ledger, 2)
            goes.cancel()
            with pytest.raises(asyncio.CancelledError):
                await goes
        return head, await stays

    head, stayed = asyncio.run(scene())

    assert head + 1 == stayed.log_position == ledger.count()


def test_a_loop_that_ends_with_a_batch_on_its_way_leaves_the_ledger_to_others(ledger: Ledger, tenant: Tenant) -> None:
    async def scene(*, hold: bool) -> None:
        for hours in (1, 2, 3):
            await ledger.handle_async(tenant.command("stella", capacity(hours), on="ana"))
        if hold:
            task = asyncio.ensure_future(
                ledger.handle_async(tenant.command("ana", capacity(9), on="ana", idempotency=key("k")))
            )
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()

    asyncio.run(scene(hold=True))

    # Whether or not it was recorded: the key says so, once.
    tenant.handle("ana", capacity(9), on="ana", idempotency=key("k"))
    asyncio.run(scene(hold=False))
    assert 1 == list_declared_hours(ledger, tenant).count("9")
    assert ledger.head() == ledger.count()


def list_declared_hours(ledger: Ledger, tenant: Tenant) -> list[str]:
    events = ledger.events(tenant.id, tenant.id_of("ana"))
    return [str(e.data.capacity.hours_per_week) for e in events if isinstance(e.data, CapacityDeclared)]


def test_a_full_disk_is_told_to_a_loop_and_service_comes_back_by_itself(sqlite_url: str) -> None:
    ledger = Ledger.open(sqlite_url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
    tenant = Tenant.create(ledger, Clock())

    async def scene() -> int:
        await run_until_loop_commits(ledger, tenant)
        acknowledged = 0
        with full_disk(sqlite_url):
            for number in range(2000):
                try:
                    command = tenant.command("stella", capacity(number % 40), on="ana")
                    acknowledged = (await ledger.handle_async(command)).log_position
                except LedgerUnavailable:
                    break
            else:
                pytest.fail("the disk was never full")
        assert acknowledged <= ledger.head()
        return (await ledger.handle_async(tenant.command("stella", capacity(1), on="ana"))).log_position

    assert asyncio.run(scene()) == ledger.head() == ledger.count()
    ledger.close()


ACKNOWLEDGING_SCRIPT = """
import asyncio, sys
from uuid import UUID
from ledger.ledger import Ledger
from tests.ledger.tenant import Clock, Tenant, capacity, ids

url, organisation_id = sys.argv[1:]
ledger = Ledger.open(url, clock=Clock(), new_id=ids())
tenant = Tenant(ledger, Clock(), UUID(organisation_id))

async def one(who):
    while True:
        receipt = await ledger.handle_async(tenant.command("stella", capacity(1 + receipts.__len__() % 2), on=who))
        receipts.append(1)
        print(receipt.log_position, flush=True)

receipts = []

async def main():
    await asyncio.gather(*(one(who) for who in ("ana", "sam") for _ in range(4)))

asyncio.run(main())
"""


def test_a_process_killed_in_the_middle_has_recorded_all_that_it_acknowledged(
    ledger: Ledger, tenant: Tenant, database_url: str
) -> None:
    telling = subprocess.Popen(
        [sys.executable, "-c", ACKNOWLEDGING_SCRIPT, database_url, str(tenant.id)], stdout=subprocess.PIPE, text=True
    )
    assert telling.stdout is not None
    first = telling.stdout.readline()
    time.sleep(0.5)
    os.kill(telling.pid, signal.SIGKILL)
    # A last line may have been cut off.
    told = [int(line) for line in (first + telling.communicate()[0]).splitlines(keepends=True) if line.endswith("\n")]

    head = count = 0
    # The server may still be carrying out what the process sent last.
    while head < ledger.head():
        head, count = ledger.head(), ledger.count()
    assert max(told) <= head == count
    assert len(told) > len(set(told)) // 2
    assert ledger.head() < tenant.handle("stella", capacity(9), on="ana").log_position
