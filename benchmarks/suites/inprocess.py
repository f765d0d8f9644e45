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
from benchmarks.raw import pgbench, rows
from benchmarks.servers import free_port, start_process
from benchmarks.stores import Store
from benchmarks.worker_process import PeerUnavailable, WorkerProcess, open_or_absent, peer
from benchmarks.workload import an_event, ledger_worker, prepared_workload

WAITING, CONNECTIONS = 64, 32
RAW = f"psycopg, one-row transactions, {CONNECTIONS} connections"
STOCK = f"stock eventsourcing, full command, {WAITING} threads"
UMA = "UmaDB, one-event appends"
TRACKED = "django-pghistory, full command"
#: Where a peer may choose its own concurrency, these are tried.
_TRIED = (8, 16, 32, 64)


def suite(bench: Bench) -> Iterator[Case]:
    """Commands per second in process."""
    for store in bench.stores:
        if store.name == "postgresql":
            with ExitStack() as opened:
                yield _case(bench, store, opened)


def _case(bench: Bench, store: Store, opened: ExitStack) -> Case:
    home, absent = bench.home, list[Absent]()
    with prepared_workload(store.fresh()) as (runtime, people):
        event = an_event(store, runtime, people)
    ours = opened.enter_context(ledger_worker(people, home))
    raw = opened.enter_context(rows(store, event, home))
    peers = [raw.contender(RAW, clients=CONNECTIONS, seconds=bench.seconds)]
    tool = open_or_absent("pgbench", opened, partial(pgbench, store, event, home, CONNECTIONS, bench.seconds), absent)
    peers += [tool] if tool else []
    if stock := open_or_absent(STOCK, opened, partial(peer, "eventsourcing_stock", store.fresh(), home=home), absent):
        peers.append(stock.contender(STOCK, clients=WAITING, seconds=bench.seconds))
    if uma := open_or_absent(UMA, opened, partial(umadb, event, home), absent):
        peers.append(best_concurrency(uma, UMA, bench))
    if tracked := open_or_absent(TRACKED, opened, partial(peer, "pghistory", store.fresh(), home=home), absent):
        peers.append(best_concurrency(tracked, TRACKED, bench))
    limits = {RAW: 2.0, STOCK: 26.0, **{p.name: 2.0 for p in peers if p.name.startswith(UMA)}}
    return Case(
        suite="inprocess",
        name=f"command in process, {WAITING} waiting",
        store=store.name,
        unit="1/s",
        ours=ours.contender("plimsoll, handle_async", clients=WAITING, seconds=bench.seconds),
        peers=peers,
        absent=absent,
        targets=[Target(limit=limit, of="ratio", peer=peer) for peer, limit in limits.items()],
    )


def best_concurrency(side: WorkerProcess, name: str, bench: Bench) -> Contender:
    """A peer at the concurrency that suits it best, found by trying, before anything is measured."""
    tries = {clients: side.run(clients=clients, seconds=bench.seconds / 3)["rate"] for clients in _TRIED}
    best = max(tries, key=lambda clients: tries[clients])
    return side.contender(f"{name}, {best} at once", clients=best, seconds=bench.seconds)


@contextmanager
def umadb(event: tuple[str, str], home: Path) -> Iterator[WorkerProcess]:
    """UmaDB's server, as its wheel starts it, and a client of its own. Raises Missing."""
    port, program = free_port(), Path(worker_process.peers_python()).with_name("umadb")
    address = f"127.0.0.1:{port}"
    command = [str(program), "--listen", address, "--db-path", str(home / f"umadb-{port}.db")]
    with start_process(command, home, f"umadb-{port}", {}) as process:
        _await(process, port)
        with peer("umadb", f"http://{address}", *event, home=home) as made:
            yield made


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise PeerUnavailable("its server did not answer")
