"""Optimistic batches: what happens when another process had written after all. PostgreSQL only.

What holds of an event loop's batches on both stores is in `test_loop_commit`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from datetime import datetime
from typing import Any, TypeVar

import psycopg
import pytest

from domain.errors import InvalidField
from domain.goal import acts
from domain.registry import AGGREGATES
from ledger.commands import Command, IdempotencyKey, Receipt
from ledger.errors import LedgerUnavailable, OutcomeUnknown
from ledger.ledger import Ledger
from ledger.storage.migrations import migrate
from ledger.storage.postgres_arrays import register_binary_arrays
from ledger.storage.postgres_async import PostgresAsyncAppender
from ledger.storage.postgres_statements import append_if_head_params, append_if_head_sql, shape_of
from ledger.storage.protocol import Append, DoneCallback, Head
from tests.ledger.locks import NO_TIME_LIMIT, wait_for, wait_for_queue
from tests.ledger.tcp_proxy import TcpProxy
from tests.ledger.tenant import WHY, Clock, Tenant, capacity, ids

Result = TypeVar("Result")


class BlockingClock(Clock):
    """A clock that can be made to wait: commands that arrive meanwhile are queued."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()
        self.opened.set()
        self.looking = False

    def __call__(self) -> datetime:
        self.looking = not self.opened.is_set()
        assert self.opened.wait(30)
        return super().__call__()


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def submit(self, coroutine: Coroutine[Any, Any, Result]) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()


@pytest.fixture
def gate() -> BlockingClock:
    return BlockingClock()


@pytest.fixture
def ledger(postgres_url: str, gate: BlockingClock) -> Iterator[Ledger]:
    migrate(postgres_url)
    ledger = Ledger.open(postgres_url, clock=gate, new_id=ids(), limits=NO_TIME_LIMIT)
    yield ledger
    gate.opened.set()
    ledger.close()


@pytest.fixture
def tenant(ledger: Ledger, gate: BlockingClock, loop: LoopThread) -> Tenant:
    """An organisation whose commands the loop commits by itself: its connection is open, and nobody else writes."""
    tenant = Tenant.create(ledger, gate)
    loop.submit(commit_on_loop(ledger, tenant)).result(30)
    return tenant


async def commit_on_loop(ledger: Ledger, tenant: Tenant) -> None:
    """Command until the loop commits for itself: the thread hands over once it has opened the loop's connection."""
    for hours in range(40):
        before = ledger.commit_stats().optimistic_batches
        await ledger.handle_async(tenant.command("stella", capacity(hours), on="ana"))
        if ledger.commit_stats().optimistic_batches > before:
            return
    pytest.fail("the thread kept everything to itself")


@pytest.fixture
def other_process(postgres_url: str, tenant: Tenant, clock: Clock) -> Iterator[Tenant]:
    """The same organisation, written to by another ledger."""
    other = Ledger.open(postgres_url, clock=clock, new_id=ids(), limits=NO_TIME_LIMIT)
    yield Tenant(other, clock, tenant.id)
    other.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def key(name: str, digest: str = "body") -> IdempotencyKey:
    return IdempotencyKey(scope="ana POST /v1/members", key=name, digest=digest)


def one_batch(
    ledger: Ledger, gate: BlockingClock, loop: LoopThread, *commands: Command, meanwhile: Any = None
) -> list[Receipt | BaseException]:
    """One optimistic batch of the loop; `meanwhile` happens once it has begun, and before anything is decided."""

    async def scene() -> list[Receipt | BaseException]:
        return await asyncio.gather(*map(ledger.handle_async, commands), return_exceptions=True)

    before = ledger.commit_stats()
    assert before.is_head_expected
    gate.opened.clear()
    outcomes = loop.submit(scene())
    wait_for(lambda: gate.looking, "the batch to begin")
    if meanwhile is not None:
        meanwhile()
    gate.opened.set()
    return outcomes.result(30)


def kinds(outcomes: list[Any]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


def test_an_optimistic_batch_is_one_transaction_in_the_order_of_the_queue(
    ledger: Ledger, tenant: Tenant, gate: BlockingClock, loop: LoopThread
) -> None:
    head = ledger.head()

    receipts = one_batch(ledger, gate, loop, *(tenant.command("stella", capacity(n), on="ana") for n in range(12)))

    assert list(range(head + 1, head + 13)) == [each.log_position for each in receipts if isinstance(each, Receipt)]
    assert 1 == len({event.recorded_at for event in ledger.read_log(head, 100)})
    assert ledger.commit_stats().is_head_expected


def test_what_another_process_wrote_meanwhile_is_seen_and_nothing_is_written_over_it(
    ledger: Ledger, tenant: Tenant, other_process: Tenant, gate: BlockingClock, loop: LoopThread
) -> None:
    version, head = tenant.handle("stella", capacity(1), on="ana").version, ledger.head()

    ours, conflict = one_batch(
        ledger,
        gate,
        loop,
        tenant.command("stella", capacity(2), on="ana"),
        tenant.command("stella", capacity(3), on="ana", expected_versions=(version + 1,)),
        meanwhile=lambda: other_process.handle("stella", capacity(9), on="ana"),
    )

    assert isinstance(ours, Receipt)
    assert (version + 2, head + 2) == (ours.version, ours.log_position)
    assert "VersionConflict" == type(conflict).__name__
    assert head + 2 == ledger.head() == ledger.count()


def test_a_refusal_is_never_given_on_the_word_of_yesterday(
    ledger: Ledger, tenant: Tenant, other_process: Tenant, gate: BlockingClock, loop: LoopThread
) -> None:
    offered = tenant.offer("goal").event_ids[0]
    accept = acts.Accept(answers=str(offered), reason=WHY)

    # As this process remembers it, nobody has promised yet; by now the sponsor has accepted through the other one.
    (checked,) = one_batch(
        ledger,
        gate,
        loop,
        tenant.command("ana", acts.CheckIn(note="on the way"), on="goal"),
        meanwhile=lambda: other_process.handle("sam", accept, on="goal"),
    )

    assert isinstance(checked, Receipt)


def test_a_key_that_another_process_has_answered_is_answered_alike_and_its_neighbours_are_recorded(
    ledger: Ledger, tenant: Tenant, other_process: Tenant, gate: BlockingClock, loop: LoopThread
) -> None:
    first = other_process.handle("ana", capacity(30), on="ana", idempotency=key("k"))
    tenant.handle("stella", capacity(1), on="sam")
    tenant.handle("stella", capacity(1), on="sam")
    head = ledger.head()

    again, neighbour, mismatch = one_batch(
        ledger,
        gate,
        loop,
        tenant.command("ana", capacity(30), on="ana", idempotency=key("k")),
        tenant.command("stella", capacity(2), on="sam"),
        tenant.command("ana", capacity(31), on="ana", idempotency=key("k", "another body")),
    )

    assert isinstance(again, Receipt)
    assert (first.event_ids, first.state, True) == (again.event_ids, again.state, again.replayed)
    assert ["Receipt", "IdempotencyMismatch"] == kinds([neighbour, mismatch])
    assert head + 1 == ledger.head() == ledger.count()


def test_a_request_that_would_be_refused_by_now_is_still_answered_as_it_was(
    ledger: Ledger, tenant: Tenant, other_process: Tenant, gate: BlockingClock, loop: LoopThread
) -> None:
    version = tenant.handle("stella", capacity(1), on="ana").version
    first = other_process.handle("ana", capacity(30), on="ana", expected_versions=(version,), idempotency=key("k"))
    tenant.handle("stella", capacity(1), on="sam")
    tenant.handle("stella", capacity(1), on="sam")

    again, other = one_batch(
        ledger,
        gate,
        loop,
        tenant.command("ana", capacity(30), on="ana", expected_versions=(version,), idempotency=key("k")),
        tenant.command(
            "ana", capacity(31), on="ana", expected_versions=(version,), idempotency=key("k", "another body")
        ),
    )

    assert isinstance(again, Receipt)
    assert (first.event_ids, True) == (again.event_ids, again.replayed)
    assert "IdempotencyMismatch" == type(other).__name__
    assert ledger.commit_stats().is_head_expected


def test_a_client_that_repeats_itself_leaves_the_next_batch_optimistic(
    ledger: Ledger, tenant: Tenant, loop: LoopThread
) -> None:
    command = tenant.command("ana", capacity(30), on="ana", idempotency=key("k"))

    receipts = [loop.submit(ledger.handle_async(command)).result(30) for _ in range(3)]

    assert [False, True, True] == [each.replayed for each in receipts]
    assert receipts[0].state == receipts[1].state
    assert ledger.commit_stats().is_head_expected


def test_a_head_that_is_held_is_waited_for_in_the_queue(ledger: Ledger, tenant: Tenant, postgres_url: str) -> None:
    head = ledger.head()

    async def scene() -> Receipt:
        with psycopg.connect(postgres_url) as session:
            session.execute("SELECT 1 FROM ledger_head FOR UPDATE")
            goes, stays = (
                asyncio.ensure_future(ledger.handle_async(tenant.command("stella", capacity(n), on="ana")))
                for n in (1, 2)
            )
            await asyncio.to_thread(wait_for_queue, ledger, 2)
            goes.cancel()
            with pytest.raises(asyncio.CancelledError):
                await goes
            session.rollback()
        return await stays

    assert head + 1 == asyncio.run(scene()).log_position == ledger.count()


FROZEN_WRITER_SCRIPT = """
import asyncio, os, signal, sys, time
from datetime import UTC, datetime
from uuid import UUID
from ledger.ledger import Ledger
from tests.ledger.tenant import Clock, Tenant, capacity, ids
from tests.ledger.test_optimistic_commit import commit_on_loop

url, organisation_id = sys.argv[1:]
armed = []

def clock():
    if armed:
        armed.clear()
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.5)
    return datetime.now(UTC)

ledger = Ledger.open(url, clock=clock, new_id=ids())
tenant = Tenant(ledger, Clock(), UUID(organisation_id))

async def main():
    await commit_on_loop(ledger, tenant)
    assert ledger.commit_stats().is_head_expected
    armed.append(True)
    await ledger.handle_async(tenant.command("stella", capacity(2), on="sam"))
    print("recorded")

asyncio.run(main())
ledger.close()
"""


def test_a_writer_frozen_while_it_decides_optimistically_is_in_nobodys_way(
    ledger: Ledger, tenant: Tenant, postgres_url: str
) -> None:
    frozen = subprocess.Popen(
        [sys.executable, "-c", FROZEN_WRITER_SCRIPT, postgres_url, str(tenant.id)], stdout=subprocess.PIPE, text=True
    )
    try:
        _, status = os.waitpid(frozen.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)

        with psycopg.connect(postgres_url, autocommit=True) as watch:
            held = watch.execute("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
            assert (0,) == held.fetchone()
        tenant.handle("stella", capacity(3), on="ana")
        # Longer than a writer that held the head would have been left it.
        time.sleep(2.5)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)

    assert "recorded" in frozen.communicate(timeout=30)[0]
    assert ledger.head() == ledger.count()


def test_a_statement_that_was_lost_on_its_way_cannot_land_after_its_sender_was_refused(
    ledger: Ledger, tenant: Tenant, loop: LoopThread, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_doubt: list[tuple[Head, Append]] = []
    head = ledger.head()
    aggregate = AGGREGATES["member"]

    def refuse(*_: Any) -> Any:
        raise InvalidField("by now the rule says no")

    def lose(_self: PostgresAsyncAppender, expected: Head, append: Append, on_done: DoneCallback) -> None:
        in_doubt.append((expected, append))
        fields = {name: getattr(aggregate, name) for name in aggregate.__struct_fields__}
        monkeypatch.setitem(AGGREGATES, "member", type(aggregate)(**fields | {"decide": refuse}))
        on_done(OutcomeUnknown("the wire was cut"))

    monkeypatch.setattr(PostgresAsyncAppender, "append_if_head", lose)
    command = tenant.command("stella", capacity(1), on="ana", idempotency=key("k"))
    with pytest.raises(InvalidField):
        loop.submit(ledger.handle_async(command)).result(30)
    monkeypatch.undo()

    expected, append = in_doubt[0]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        register_binary_arrays(connection)
        sent = connection.execute(append_if_head_sql(shape_of(append)), append_if_head_params(expected, append))
        assert (1,) != sent.fetchone()
    assert head == ledger.head() == ledger.count()
    assert head + 1 == tenant.handle("stella", capacity(1), on="ana", idempotency=key("k")).log_position


@pytest.mark.parametrize(("answered", "rows"), [(True, True), (True, False), (False, False)])
def test_a_batch_of_a_loop_is_written_only_once_the_store_has_said_so_to_the_end(
    postgres_url: str, answered: bool, rows: bool
) -> None:
    with TcpProxy(postgres_url) as wire:
        ledger = Ledger.open(wire.url, clock=Clock(), new_id=ids(), limits=NO_TIME_LIMIT)
        tenant = Tenant.create(ledger, Clock())

        heads: list[int] = []

        async def scene() -> list[Receipt | BaseException]:
            await ledger.handle_async(tenant.command("stella", capacity(1), on="sam"))
            await commit_on_loop(ledger, tenant)
            heads.append(ledger.head())
            wire.break_at(b"unheard-of", answered=answered, rows=rows)
            commands = [
                tenant.command("ana", capacity(30), on="ana", idempotency=key("unheard-of")),
                tenant.command("stella", capacity(4), on="sam"),
            ]
            return await asyncio.gather(*map(ledger.handle_async, commands), return_exceptions=True)

        keyed, keyless = asyncio.run(scene())

        assert isinstance(keyed, Receipt)
        assert answered == keyed.replayed
        assert isinstance(keyless, LedgerUnavailable)
        assert "unknown" == keyless.recorded
        # The keyless one is recorded where the server had acted on the statement, and is never decided again.
        assert heads[0] + 1 + answered == ledger.head() == ledger.count()
        ledger.close()


def test_a_loop_goes_on_where_its_connection_was_ended(ledger: Ledger, tenant: Tenant, postgres_url: str) -> None:
    async def scene() -> list[Receipt]:
        receipts = []
        for number in range(12):
            receipts.append(await _handle_with_retries(ledger, tenant, number))
            if number % 4 == 1:
                await asyncio.to_thread(_end_all_connections, postgres_url)
        return receipts

    receipts = asyncio.run(scene())

    assert list(range(receipts[0].log_position, receipts[0].log_position + 12)) == [r.log_position for r in receipts]
    assert ledger.head() == ledger.count()


async def _handle_with_retries(ledger: Ledger, tenant: Tenant, number: int) -> Receipt:
    while True:
        try:
            return await ledger.handle_async(
                tenant.command("stella", capacity(number), on="ana", idempotency=key(str(number)))
            )
        except LedgerUnavailable:
            await asyncio.sleep(0.01)


def _end_all_connections(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_store_that_goes_away_while_a_loop_connects_takes_no_thread_with_it(
    ledger: Ledger, gate: BlockingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, refused = Tenant.create(ledger, gate), list[int]()

    def prepare(*_: Any) -> bytes:
        refused.append(1)
        raise psycopg.DatabaseError("server closed the connection unexpectedly")

    monkeypatch.setattr("ledger.storage.postgres_async.append_if_head_sql", prepare)

    async def scene() -> list[Receipt]:
        return [await ledger.handle_async(tenant.command("stella", capacity(n), on="ana")) for n in range(5)]

    assert 5 == len(asyncio.run(scene()))
    assert refused
    assert ledger.commit_stats().locked_batches >= 5
    tenant.handle("stella", capacity(6), on="ana")
