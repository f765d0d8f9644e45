"""Suites `growth` and `vacuum`: does a long log, or VACUUM coming by, slow the appends down?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

from benchmarks.harness import Absent, Bench, Case, Contender, Sample, Target
from benchmarks.log_filler import fill_log, load_template
from benchmarks.stores import Store, analyse
from benchmarks.worker_process import WorkerProcess, open_or_absent, start_peer
from benchmarks.workload import ledger_worker, prepared_workload

WAITING = 64
#: Where stalls are looked for: as many as one page of a team's screens would send.
FEW = 8
STOCK = "stock eventsourcing, during VACUUM"


def suite(bench: Bench) -> Iterator[Case]:
    """Commands per second in process, at the end of a long log and of a short one."""
    long, short = (200_000, 20_000) if bench.quick else (5_000_000, 100_000)
    for store in bench.stores:
        if store.name != "postgresql":
            continue
        with ExitStack() as opened:
            events = load_template(store)
            sides = {
                count: _start_writer(bench, store, fill_log(store, events, count), opened) for count in (short, long)
            }
            contenders = {
                count: side.to_contender(_contender_name(count), clients=WAITING, seconds=bench.seconds)
                for count, side in sides.items()
            }
            yield Case(
                suite="growth",
                name=f"command in process at {long:,} events, {WAITING} waiting",
                store=store.name,
                unit="1/s",
                ours=contenders[long],
                peers=[contenders[short]],
                targets=[Target(limit=0.9, of="ratio")],
            )


def _contender_name(count: int) -> str:
    return f"plimsoll, {count:,} events before"


def _start_writer(bench: Bench, store: Store, url: str, opened: ExitStack) -> WorkerProcess:
    """A ledger worker at the end of a log, with people of its own. The read models are left where they are."""
    with prepared_workload(url, views=False) as (_, people):
        pass
    analyse(store, url)
    return opened.enter_context(ledger_worker(people, bench.home))


def vacuum(bench: Bench) -> Iterator[Case]:
    """The longest that one command took while VACUUM reads the whole log, again and again."""
    count = 50_000 if bench.quick else 500_000
    for store in bench.stores:
        if store.name != "postgresql":
            continue
        with ExitStack() as opened:
            absent: list[Absent] = []
            url, stock_url = fill_log(store, load_template(store), count), store.create_database()
            ours = _start_writer(bench, store, url, opened)
            load = {"clients": FEW, "seconds": bench.seconds}
            peers = [ours.to_contender("the same without VACUUM", "longest_ms", **load)]
            stock = open_or_absent(
                STOCK, opened, partial(start_peer, "eventsourcing_stock", stock_url, home=bench.home), absent
            )
            if stock is not None:
                _fill_stock(store, stock_url, count)
                peers.append(Contender(STOCK, partial(_measure_stall, store, stock_url, stock, bench.seconds)))
            yield Case(
                suite="vacuum",
                name=f"longest command during VACUUM of {count:,} events, {FEW} waiting",
                store=store.name,
                unit="ms",
                ours=Contender("plimsoll", partial(_measure_stall, store, url, ours, bench.seconds)),
                peers=peers,
                absent=absent,
                targets=[Target(limit=50)],
            )


def _measure_stall(store: Store, url: str, side: WorkerProcess, seconds: float) -> Sample:
    """Vacuum every table, no page skipped, for as long as the side works."""
    with ThreadPoolExecutor(1) as executor, ExitStack() as opened:
        connection = opened.enter_context(store.connect(url))
        working = executor.submit(side.run, clients=FEW, seconds=seconds)
        passes = _repeat_until_done(working, lambda: connection.execute("VACUUM (DISABLE_PAGE_SKIPPING)"))
        found = working.result()
    return Sample(found.pop("longest_ms"), found | {"vacuums": passes})


def _repeat_until_done(working: Future[dict[str, float]], work: Callable[[], object]) -> int:
    passes = 0
    while not working.done():
        work()
        passes += 1
    return passes


def _fill_stock(store: Store, url: str, count: int) -> None:
    connection = store.connect(url)
    connection.execute(
        "INSERT INTO goals_events (originator_id, originator_version, topic, state)"
        f" SELECT gen_random_uuid(), 1, 'a:b', convert_to(repeat('x', 400), 'UTF8') FROM generate_series(1, {count})"
    )
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")
    connection.close()
