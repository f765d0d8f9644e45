"""Ours: a worker's dispatcher in a process of its own.

`python -m benchmarks.webhook_sender DATABASE_URL`, then a line for each piece of work: `{"replay": SUBSCRIPTION}` sends
everything again and says how fast; `{"organisation": ..., "steward": ..., "members": 200, "pace": 20, "seconds": 10}`
renames members evenly, so that a commit wakes the dispatcher as one of the same process, or of Redis, does.
"""

from __future__ import annotations

import sys
import threading
import time
from time import perf_counter
from typing import Any
from uuid import UUID

import msgspec
import structlog

from benchmarks.peers.worker_loop import serve_stdin
from benchmarks.stores import build_settings
from domain.member.member import RenameMember
from domain.references import resolve_stream_id
from ledger.commands import Command
from services.runtime import Runtime
from services.worker.webhooks.dispatcher import Dispatcher


def main(url: str) -> None:
    # Standard output is for figures alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    stopping = threading.Event()
    settings = msgspec.structs.replace(build_settings(url), webhook_allowed_networks="127.0.0.0/8")
    with Runtime.open(settings) as runtime:
        thread = threading.Thread(target=Dispatcher(runtime).run, args=(stopping,))
        thread.start()

        def work(task: dict[str, Any]) -> dict[str, float]:
            return _replay(runtime, UUID(task["replay"])) if "replay" in task else _rename(runtime, **task)

        try:
            serve_stdin(work)
        finally:
            stopping.set()
            thread.join()


def _replay(runtime: Runtime, subscription: UUID) -> dict[str, float]:
    cursor = runtime.deliveries.load_cursors([subscription])[subscription]
    head = runtime.ledger.position(cursor.organisation_id)
    began = perf_counter()
    runtime.deliveries.replay(subscription, 0)
    runtime.wakeups.publish()
    while True:
        cursor = runtime.deliveries.load_cursors([subscription])[subscription]
        if cursor.position == head:
            break
        time.sleep(0.01)
    took = perf_counter() - began
    return {"rate": runtime.deliveries.count(subscription)["delivered"] / took, "seconds": took}


def _rename(  # noqa: PLR0913 - a task's fields
    runtime: Runtime, organisation: str, steward: str, members: int, pace: float, seconds: float
) -> dict[str, float]:
    began, organisation_id = time.monotonic(), UUID(organisation)
    for number in range(int(pace * seconds)):
        time.sleep(max(0.0, began + number / pace - time.monotonic()))
        command = Command(
            organisation_id=organisation_id,
            kind="member",
            stream_id=resolve_stream_id(organisation_id, "member", f"m{number % members}"),
            act=RenameMember(name=f"name {number} {began}"),
            actor=UUID(steward),
            roles=frozenset({"steward"}),
        )
        runtime.handle(command)
    return {"events": pace * seconds}


if __name__ == "__main__":
    main(*sys.argv[1:])
