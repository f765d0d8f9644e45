"""Ours in process: a worker whose clients await `Ledger.handle_async`, all in one loop, as the API's handlers do.

`python -m benchmarks.ledger_worker URL ORGANISATION OWNERS GOALS_EACH`
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import uvloop

from benchmarks.peers.worker_loop import AsyncWork, run_async, serve_stdin
from benchmarks.stores import build_settings
from benchmarks.workload import Size, Workload, build_commands
from ledger.commands import Command
from ledger.ledger import Ledger
from services.runtime import Runtime


def make_workers(ledger: Ledger, people: Workload, clients: int) -> list[AsyncWork]:
    """Each client checks in on goals of its own."""

    def work(own: Iterator[Command]) -> AsyncWork:
        return lambda: ledger.handle_async(next(own))

    return [work(build_commands(people, client, clients)) for client in range(clients)]


def main(url: str, organisation: str, owners: str, goals_each: str) -> None:
    size = Size(owners=int(owners), goals_each=int(goals_each))
    people = Workload(url=url, organisation_id=UUID(organisation), keys=[], size=size)
    with Runtime.open(build_settings(url)) as runtime, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:

        def work(task: dict[str, Any]) -> dict[str, float]:
            made = make_workers(runtime.ledger, people, task["clients"])
            return runner.run(run_async(made, task["seconds"]))

        serve_stdin(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
