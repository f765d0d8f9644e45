"""Suite `commands`: one whole command over HTTP by 1, 8 and 32 clients, compared with peers behind the same server.

A command is a check-in on one of 800 goals: key, scope, rate limit, validation, idempotency, decision, events, receipt.
Ours runs as in production: the API in one process, the worker with its projector in another, Redis between them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import Absent, Bench, Case, Contender, Sample, Target
from benchmarks.load_generator import run_closed_loop
from benchmarks.machine import CpuShares
from benchmarks.raw import open_pgbench, start_row_writer
from benchmarks.servers import serve_peer_goals, serve_plimsoll
from benchmarks.stores import Store
from benchmarks.worker_process import WorkerProcess, open_or_absent
from benchmarks.workload import (
    CHECK_IN,
    MANY,
    Workload,
    build_requests,
    encode_request,
    load_sample_event,
    prepared_workload,
)
from tests.servers import ServerUnavailableError, redis_server

CLIENTS = (1, 8, 32)
STOCK = "stock eventsourcing behind Litestar"
CRUD = "FastAPI + SQLAlchemy + audit table"
RAW = "psycopg, one-row transactions"
_CATCH_UP_TIMEOUT_S = 30.0

#: Runs so many clients for so many seconds.
LoadRunner = Callable[[int, float], Sample]


class Server(NamedTuple):
    """Plimsoll being served: where, and what one round of commands comes to."""

    port: int
    commands: LoadRunner


class Contenders(NamedTuple):
    """Who takes part."""

    ours: LoadRunner
    alone: LoadRunner
    peers: dict[str, LoadRunner]
    raw: WorkerProcess
    pgbench: Contender | None
    absent: list[Absent]


def suite(bench: Bench) -> Iterator[Case]:
    """Commands per second over HTTP."""
    for store in bench.stores:
        if store.name == "postgresql":
            with ExitStack() as opened:
                sides = _open_contenders(bench, store, opened)
                for clients in CLIENTS:
                    yield _build_case(bench, store, sides, clients)


def _build_case(bench: Bench, store: Store, sides: Contenders, clients: int) -> Case:
    most = clients == max(CLIENTS)
    seconds = bench.seconds if most else bench.seconds / 2
    peers = [Contender(name, partial(served, clients, seconds)) for name, served in sides.peers.items()]
    peers.append(sides.raw.to_contender(RAW, clients=clients, seconds=seconds))
    if most:
        peers += [sides.pgbench] if sides.pgbench else []
        peers.append(Contender("the same without its worker", partial(sides.alone, clients, seconds)))
    limits = {STOCK: 8, CRUD: 8, RAW: 0.4} if most else {}
    return Case(
        suite="commands",
        name=f"HTTP command, {clients} client{'s' if clients > 1 else ''}",
        store=store.name,
        unit="1/s",
        ours=Contender("plimsoll", partial(sides.ours, clients, seconds)),
        peers=peers,
        absent=sides.absent,
        targets=[Target(limit=limit, of="ratio", peer=peer) for peer, limit in limits.items()],
    )


def _open_contenders(bench: Bench, store: Store, opened: ExitStack) -> Contenders:
    absent: list[Absent] = []
    peers: dict[str, LoadRunner] = {}
    for name, module in ((STOCK, "eventsourcing_stock"), (CRUD, "crud")):
        found = open_or_absent(
            name, opened, partial(serve_peer_goals, module, store.create_database(), bench.home), absent
        )
        if found is not None:
            peers[name] = partial(_measure_peer, *found)
    with prepared_workload(store.create_database()) as (runtime, people):
        event = load_sample_event(store, runtime, people)
    with prepared_workload(store.create_database()) as (_, others):
        pass
    tool = open_or_absent(
        "pgbench", opened, partial(open_pgbench, store, event, bench.home, max(CLIENTS), bench.seconds), absent
    )
    return Contenders(
        ours=start_server(store, people, bench.home, opened).commands,
        alone=start_server(store, others, bench.home, opened, worker=False).commands,
        peers=peers,
        raw=opened.enter_context(start_row_writer(store, event, bench.home)),
        pgbench=tool,
        absent=absent,
    )


def start_server(store: Store, people: Workload, home: Path, opened: ExitStack, *, worker: bool = True) -> Server:
    """Plimsoll as it is deployed on this store; each round waits, untimed, until its read models have caught up."""
    redis_url = None
    if store.name == "postgresql":
        try:
            redis_url = opened.enter_context(redis_server())
        except ServerUnavailableError:
            # Then the worker runs inside the API's process.
            worker = True
    port = opened.enter_context(serve_plimsoll(people.url, home, redis_url=redis_url, worker=worker))

    def served(clients: int, seconds: float) -> Sample:
        with CpuShares() as shares:
            found = run_closed_loop(port, build_requests(people, clients), seconds)
        rate = found.pop("rate")
        return Sample(rate, found | dict(shares.by_side) | (wait_until_caught_up(store, people.url) if worker else {}))

    return Server(port, served)


def wait_until_caught_up(store: Store, url: str) -> dict[str, float]:
    """Wait until the projector is where the log is: how far behind it was, and how long that took."""
    connection, began = store.connect(url), time.perf_counter()
    query = "SELECT (SELECT log_position FROM ledger_head) - (SELECT MIN(log_position) FROM projection_checkpoints)"
    behind = first = int(connection.execute(query).fetchone()[0])
    while behind > 0 and time.perf_counter() - began < _CATCH_UP_TIMEOUT_S:
        time.sleep(0.02)
        behind = int(connection.execute(query).fetchone()[0])
    connection.close()
    return {"views_behind_events": first, "views_settled_s": round(time.perf_counter() - began, 3)}


def _measure_peer(port: int, ids: list[str], clients: int, seconds: float) -> Sample:
    """The same check-ins, each client on goals of its own; without key and idempotency, which the peer has not."""
    body = json.dumps(CHECK_IN).encode()
    requests = [encode_request(f"/v1/goals/{goal}/check-in", body) for goal in ids]
    found = run_closed_loop(port, [cycle(requests[client::clients]) for client in range(clients)], seconds)
    rate = found.pop("rate")
    return Sample(rate, found)


assert max(CLIENTS) <= MANY.owners
