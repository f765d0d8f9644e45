"""What one key or one organisation may use of a process at once, and what others have left of it."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
import pytest

from ledger.cancellation import WorkCancelled, check_cancelled
from projections.database.database import Database, DatabaseUnavailable
from services.api.admission import Admission, ClientDisconnected, DeadlineExceeded, Share, compute_limits
from services.api.app import ROUTES
from services.api.http.problems import ProblemError
from services.api.operations import Weight
from services.settings import Settings

T = TypeVar("T")

TIMEOUT_S = 20
#: Lists that do not grow with the organisation.
SHORT_LISTS = {"listColumnMaps", "listKeys", "listSubscriptions"}
#: What asks the store although it takes no key.
STORED_WITHOUT_KEY = {"answerPulse"}
ACME, RIVAL = uuid4(), uuid4()
ANA, BEN, EVA = (ACME, "ana"), (ACME, "ben"), (RIVAL, "eva")


async def stay_connected() -> dict[str, Any]:
    """What a server hands out while the client waits for its answer."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError


class Gate:
    """Work that begins, and goes on until it may end."""

    def __init__(self) -> None:
        self.began = threading.Semaphore(0)
        self.may_end = threading.Event()
        self.order: list[str] = []

    def work(self, name: str = "") -> str:
        self.order.append(name)
        self.began.release()
        assert self.may_end.wait(TIMEOUT_S)
        return name

    async def wait_begun(self, number: int = 1) -> None:
        for _ in range(number):
            await asyncio.to_thread(self.began.acquire, True, TIMEOUT_S)


@pytest.fixture
def gate() -> Iterator[Gate]:
    found = Gate()
    yield found
    found.may_end.set()


def run(scenario: Callable[[], Awaitable[T]]) -> T:
    async def limited() -> T:
        async with asyncio.timeout(TIMEOUT_S):
            return await scenario()

    return asyncio.run(limited())


def begin(admission: Admission, share: Share, function: Callable[..., Any], *args: Any) -> asyncio.Task[Any]:
    return asyncio.ensure_future(admission.run(Weight.REPORT, share, stay_connected, function, *args))


def build_settings(**fields: Any) -> Settings:
    return msgspec.structs.replace(Settings(reports_at_once=4, queued_reads=256, queue_wait_s=TIMEOUT_S), **fields)


async def refusal_of(running: asyncio.Task[Any]) -> str:
    with pytest.raises(ProblemError) as refused:
        await running
    assert "1" == refused.value.headers["Retry-After"]
    return refused.value.code


async def wait_until_idle(admission: Admission, weight: Weight) -> None:
    for _ in range(int(TIMEOUT_S / 0.01)):
        if admission.count()[weight] == (0, 0):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(admission.count())


def test_one_organisation_leaves_room_for_another(gate: Gate) -> None:
    async def scenario() -> None:
        admission = Admission(build_settings(reports_at_once=2))
        first = begin(admission, ANA, gate.work)
        await gate.wait_begun()
        second = begin(admission, BEN, gate.work)

        assert "eva" == await begin(admission, EVA, lambda: "eva")

        assert {Weight.REPORT: (1, 1)}.items() <= admission.count().items()
        gate.may_end.set()
        await asyncio.gather(first, second)

    run(scenario)


def test_turns_pass_between_keys_and_organisations(gate: Gate) -> None:
    async def scenario() -> list[str]:
        admission = Admission(build_settings(reports_at_once=1))
        first = begin(admission, ANA, gate.work, "first")
        await gate.wait_begun()
        names = [(ANA, "a1"), (ANA, "a2"), (BEN, "b1"), (EVA, "e1"), (EVA, "e2")]
        waiting = [begin(admission, share, gate.order.append, name) for share, name in names]
        await asyncio.sleep(0)
        gate.may_end.set()
        await asyncio.gather(first, *waiting)
        return gate.order

    assert ["first", "a1", "e1", "b1", "e2", "a2"] == run(scenario)


def test_a_key_whose_queue_is_full_is_refused_at_once_and_keeps_no_place(gate: Gate) -> None:
    async def scenario() -> None:
        admission = Admission(build_settings(queued_reads=0))
        running = [begin(admission, ANA, gate.work) for _ in range(2)]
        await gate.wait_begun(2)

        assert "too_many_at_once" == await refusal_of(begin(admission, ANA, gate.work))

        gate.may_end.set()
        await asyncio.gather(*running)
        await asyncio.sleep(0)
        assert (0, 0) == admission.count()[Weight.REPORT]

    run(scenario)


def test_a_process_without_room_says_so_with_503_and_not_that_the_caller_is_to_blame(gate: Gate) -> None:
    async def scenario() -> None:
        admission = Admission(build_settings(reports_at_once=1, queued_reads=0))
        running = begin(admission, ANA, gate.work)
        await gate.wait_begun()

        assert "overloaded" == await refusal_of(begin(admission, EVA, gate.work))

        gate.may_end.set()
        await running

    run(scenario)


def test_who_waits_too_long_is_refused_and_leaves_the_queue(gate: Gate) -> None:
    async def scenario() -> None:
        admission = Admission(build_settings(queue_wait_s=0.05, reports_at_once=2))
        running = begin(admission, ANA, gate.work)
        await gate.wait_begun()

        assert "too_many_at_once" == await refusal_of(begin(admission, ANA, gate.work))

        assert (1, 0) == admission.count()[Weight.REPORT]
        gate.may_end.set()
        await running

    run(scenario)


def test_work_whose_client_hangs_up_ends_and_frees_its_place() -> None:
    async def hang_up() -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    def compute(began: threading.Event, ended: list[type[Exception]]) -> None:
        began.set()
        try:
            while True:
                check_cancelled()
        except WorkCancelled as cancelled:
            ended.append(type(cancelled))
            raise

    async def scenario() -> list[type[Exception]]:
        admission, ended = Admission(build_settings()), list[type[Exception]]()
        with pytest.raises(ClientDisconnected):
            await admission.run(Weight.REPORT, ANA, hang_up, compute, threading.Event(), ended)
        await wait_until_idle(admission, Weight.REPORT)
        return ended

    assert [WorkCancelled] == run(scenario)


def test_a_client_that_hangs_up_in_the_queue_is_never_worked_for(gate: Gate) -> None:
    async def hang_up() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def scenario() -> list[str]:
        admission = Admission(build_settings(reports_at_once=1))
        running = begin(admission, ANA, gate.work, "first")
        await gate.wait_begun()
        with pytest.raises(ClientDisconnected):
            await admission.run(Weight.REPORT, ANA, hang_up, gate.work, "second")
        gate.may_end.set()
        await running
        return gate.order

    assert ["first"] == run(scenario)


#: Counts to a number that no test has time for.
ENDLESS_SQL = (
    "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 2000000000)"
    " SELECT COUNT(*) AS total FROM counted"
)


@pytest.mark.parametrize("many", [False, True], ids=["one statement", "several"])
def test_a_statement_ends_with_the_time_of_its_request_and_its_connection_serves_the_next(
    database_url: str, many: bool
) -> None:
    database = Database.open(database_url, connections=1)
    ask = partial(database.query_many, [(ENDLESS_SQL, {})] * 3) if many else partial(database.query, ENDLESS_SQL)

    async def scenario() -> None:
        admission = Admission(build_settings(store_wait_s=0.2))
        with pytest.raises(DeadlineExceeded):
            await admission.run(Weight.LIGHT, ANA, stay_connected, ask)
        await wait_until_idle(admission, Weight.LIGHT)
        for _ in range(5):
            rows = await admission.run(Weight.LIGHT, ANA, stay_connected, database.query, "SELECT 1 AS one")
            assert [1] == [row.one for row in rows]

    try:
        run(scenario)
    finally:
        database.close()


def test_postgresql_ends_a_reading_statement_by_itself_and_never_a_writer(postgres_url: str) -> None:
    database = Database.open(postgres_url, connections=2, statement_timeout_s=0.2)
    try:
        with pytest.raises(DatabaseUnavailable):
            database.query(ENDLESS_SQL)
        with database.transaction() as transaction:
            transaction.query("SELECT pg_sleep(0.4)")
        with database.session() as session, session.transaction() as transaction:
            transaction.query("SELECT pg_sleep(0.4)")
        with pytest.raises(DatabaseUnavailable):
            database.query(ENDLESS_SQL)
    finally:
        database.close()


@pytest.mark.parametrize("threads", [1, 2, 3, 16, 256])
@pytest.mark.parametrize("reports", [1, 2, 64])
def test_a_key_never_has_more_than_its_organisation_nor_that_more_than_the_process(threads: int, reports: int) -> None:
    limits = compute_limits(Settings(api_threads=threads, reports_at_once=reports, imports_at_once=reports))

    for each in limits.values():
        assert 1 <= each.per_key <= each.per_organisation <= each.per_process
        assert each.per_process == 1 or each.per_organisation < each.per_process


def test_every_route_has_the_weight_of_what_it_does() -> None:
    weights = {route.operation.id: route.weight for route in ROUTES}

    assert {Weight.REPORT} == {weight for name, weight in weights.items() if name.endswith("Report")}
    assert Weight.IMPORT == weights["importActs"]
    assert {Weight.PROBE} == {weights["readyz"], weights["metrics"]}
    assert Weight.FREE == weights["livez"]
    for route in ROUTES:
        needs_store = bool(route.operation.scopes) or route.operation.id in STORED_WITHOUT_KEY
        assert (route.weight in (Weight.FREE, Weight.PROBE)) is not needs_store, route.path
        assert route.blocking or route.weight in (Weight.COMMAND, Weight.WAIT), route.path
        is_list = route.operation.id.startswith("list") and route.operation.scopes
        assert not is_list or route.weight is Weight.PAGE or route.operation.id in SHORT_LISTS, route.path


def test_a_share_is_an_organisations_and_not_a_name_s() -> None:
    async def scenario() -> None:
        admission = Admission(build_settings(waits_per_key=1))
        other: tuple[UUID, str] = (RIVAL, ANA[1])
        async with admission.hold(Weight.WAIT, ANA):
            with pytest.raises(ProblemError, match="this key has 1 requests"):
                async with admission.hold(Weight.WAIT, ANA):
                    pass
            async with admission.hold(Weight.WAIT, other):
                pass
        async with admission.hold(Weight.WAIT, ANA):
            pass

    run(scenario)


def test_a_computation_keeps_the_interpreter_for_less_long_and_only_while_it_runs(gate: Gate) -> None:
    usual = sys.getswitchinterval()

    async def scenario() -> None:
        admission = Admission(build_settings(reports_at_once=4))
        running = [begin(admission, share, gate.work) for share in (ANA, EVA)]
        await gate.wait_begun(2)
        assert sys.getswitchinterval() < usual / 5
        gate.may_end.set()
        await asyncio.gather(*running)
        await wait_until_idle(admission, Weight.REPORT)

    run(scenario)
    assert usual == sys.getswitchinterval()


def test_what_a_refused_read_held_is_let_go_without_the_collector() -> None:
    class Held:
        """What a frame of the work holds, such as an import's line."""

    held: list[weakref.ref[Held]] = []

    def refuse() -> None:
        one = Held()
        held.append(weakref.ref(one))
        raise ValueError("no")

    async def ask() -> None:
        never = asyncio.Event()
        for _ in range(3):
            with pytest.raises(ValueError, match="no"):
                await Admission(Settings()).run(Weight.IMPORT, (UUID(int=1), "key"), never.wait, refuse)

    gc.collect()
    gc.disable()
    try:
        asyncio.run(ask())
        # The last one may still be what its thread returned last.
        assert [None, None] == [ref() for ref in held[:2]]
    finally:
        gc.enable()
