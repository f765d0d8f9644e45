"""Suite `sqlite`: whole commands over HTTP where one process does everything on one file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from benchmarks.harness import Bench, Case, Contender, Target
from benchmarks.suites.http_commands import serving
from benchmarks.worker_process import start_worker
from benchmarks.workload import an_event, prepared_workload

CLIENTS = (1, 32)


def suite(bench: Bench) -> Iterator[Case]:
    """Commands per second over HTTP on SQLite."""
    for store in bench.stores:
        if store.name != "sqlite":
            continue
        with ExitStack() as opened:
            with prepared_workload(store.fresh()) as (runtime, people):
                event = an_event(store, runtime, people)
            ours = serving(store, people, bench.home, opened).commands
            raw = opened.enter_context(
                start_worker("peers.rows", store.fresh(), *event, home=bench.home, python=sys.executable)
            )
            for clients in CLIENTS:
                yield Case(
                    suite="sqlite",
                    name=f"HTTP command, embedded, {clients} client{'s' if clients > 1 else ''}",
                    store=store.name,
                    unit="1/s",
                    ours=Contender("plimsoll", partial(ours, clients, bench.seconds)),
                    peers=[
                        raw.contender("sqlite3, one-row transactions, 1 connection", clients=1, seconds=bench.seconds)
                    ],
                    targets=[Target(limit=2000)] if clients == max(CLIENTS) else [],
                )
