"""Suite `sqlite`: whole commands over HTTP where one process does everything on one file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from benchmarks.harness import Bench, Case, Contender, Target
from benchmarks.suites.http_commands import start_server
from benchmarks.worker_process import start_worker
from benchmarks.workload import load_sample_event, prepared_workload

CLIENTS = (1, 32)


def suite(bench: Bench) -> Iterator[Case]:
    """Commands per second over HTTP on SQLite."""
    for store in bench.stores:
        if store.name != "sqlite":
            continue
        with ExitStack() as opened:
            with prepared_workload(store.create_database()) as (runtime, people):
                event = load_sample_event(store, runtime, people)
            ours = start_server(store, people, bench.home, opened).commands
            raw = opened.enter_context(
                start_worker("peers.rows", store.create_database(), *event, home=bench.home, python=sys.executable)
            )
            for clients in CLIENTS:
                yield Case(
                    suite="sqlite",
                    name=f"HTTP command, embedded, {clients} client{'s' if clients > 1 else ''}",
                    store=store.name,
                    unit="1/s",
                    ours=Contender("plimsoll", partial(ours, clients, bench.seconds)),
                    peers=[
                        raw.to_contender(
                            "sqlite3, one-row transactions, 1 connection", clients=1, seconds=bench.seconds
                        )
                    ],
                    targets=[Target(limit=1500)] if clients == max(CLIENTS) else [],
                )
