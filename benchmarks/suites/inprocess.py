"""Suite `inprocess`: 64 commands waiting in one process (cached state, decision, append), beside what stores can do."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from socket import create_connection

from benchmarks import worker_process
from benchmarks.harness import Absent, Bench, Case, Contender, Target
from benchmarks.raw import open_pgbench, start_row_writer
from benchmarks.servers import free_port, start_process
from benchmarks.stores import Store
from benchmarks.worker_process import PeerUnavailable, WorkerProcess, open_or_absent, start_peer
from benchmarks.workload import ledger_worker, load_sample_event, prepared_workload

WAITING, CONNECTIONS = 64, 32
RAW = f"psycopg, one-row transactions, {CONNECTIONS} connections"
STOCK = f"stock eventsourcing, full command, {WAITING} threads"
UMA = "UmaDB, one-event appends"
TRACKED = "django-pghistory, full command"
#: Where a peer may choose its own concurrency, these are tried.
_CONCURRENCIES = (8, 16, 32, 64)


def suite(bench: Bench) -> Iterator[Case]:
    """Commands per second in process."""
    for store in bench.stores:
        if store.name == "postgresql":
            with ExitStack() as opened:
                yield _build_case(bench, store, opened)


def _build_case(bench: Bench, store: Store, opened: ExitStack) -> Case:
    home, absent = bench.home, list[Absent]()
    with prepared_workload(store.create_database()) as (runtime, people):
        event = load_sample_event(store, runtime, people)
    ours = opened.enter_context(ledger_worker(people, home))
    raw = opened.enter_context(start_row_writer(store, event, home))
    peers = [raw.to_contender(RAW, clients=CONNECTIONS, seconds=bench.seconds)]
    tool = open_or_absent(
        "pgbench", opened, partial(open_pgbench, store, event, home, CONNECTIONS, bench.seconds), absent
    )
    peers += [tool] if tool else []
    if stock := open_or_absent(
        STOCK, opened, partial(start_peer, "eventsourcing_stock", store.create_database(), home=home), absent
    ):
        peers.append(stock.to_contender(STOCK, clients=WAITING, seconds=bench.seconds))
    if uma := open_or_absent(UMA, opened, partial(start_umadb, event, home), absent):
        peers.append(find_best_concurrency(uma, UMA, bench))
    if tracked := open_or_absent(
        TRACKED, opened, partial(start_peer, "pghistory", store.create_database(), home=home), absent
    ):
        peers.append(find_best_concurrency(tracked, TRACKED, bench))
    limits = {RAW: 1.5, **{p.name: 2.0 for p in peers if p.name.startswith(UMA)}}
    return Case(
        suite="inprocess",
        name=f"command in process, {WAITING} waiting",
        store=store.name,
        unit="1/s",
        ours=ours.to_contender("plimsoll, handle_async", clients=WAITING, seconds=bench.seconds),
        peers=peers,
        absent=absent,
        targets=[Target(limit=limit, of="ratio", peer=peer) for peer, limit in limits.items()],
    )


def find_best_concurrency(side: WorkerProcess, name: str, bench: Bench) -> Contender:
    """A peer at the concurrency that suits it best, found by trying, before anything is measured."""
    tries = {clients: side.run(clients=clients, seconds=bench.seconds / 3)["rate"] for clients in _CONCURRENCIES}
    best = max(tries, key=lambda clients: tries[clients])
    return side.to_contender(f"{name}, {best} at once", clients=best, seconds=bench.seconds)


@contextmanager
def start_umadb(event: tuple[str, str], home: Path) -> Iterator[WorkerProcess]:
    """UmaDB's server, as its wheel starts it, and a client of its own. Raises PeerUnavailable."""
    port, program = free_port(), Path(worker_process.peers_python()).with_name("umadb")
    address = f"127.0.0.1:{port}"
    command = [str(program), "--listen", address, "--db-path", str(home / f"umadb-{port}.db")]
    with start_process(command, home, f"umadb-{port}", {}) as process:
        _wait_for_port(process, port)
        with start_peer("umadb", f"http://{address}", *event, home=home) as made:
            yield made


def _wait_for_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise PeerUnavailable("its server did not answer")
