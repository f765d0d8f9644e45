"""Ours: a worker's dispatcher in a process of its own.

`python -m benchmarks.webhook_sender DATABASE_URL`, then a line for each piece of work: `{"replay": SUBSCRIPTION}` sends
everything again and says how fast; `{"pause": false}` only says that it runs.
"""

from __future__ import annotations

import sys
import threading
import time
from time import perf_counter
from typing import Any
from uuid import UUID

import msgspec

from benchmarks.peers.worker_loop import serve_stdin
from benchmarks.stores import build_settings
from services.runtime import Runtime
from services.worker.webhooks.dispatcher import Dispatcher


def main(url: str) -> None:
    stopping = threading.Event()
    settings = msgspec.structs.replace(build_settings(url), webhook_allowed_networks="127.0.0.0/8")
    with Runtime.open(settings) as runtime:
        thread = threading.Thread(target=Dispatcher(runtime).run, args=(stopping,))
        thread.start()

        def work(task: dict[str, Any]) -> dict[str, float]:
            return _replay(runtime, UUID(task["replay"])) if "replay" in task else {}

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


if __name__ == "__main__":
    main(*sys.argv[1:])
