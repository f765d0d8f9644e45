"""A bare loop of POSTs by httpx: what the sending of webhooks is compared with.

`python -m benchmarks.httpx_poster URL`, then `{"messages": 2000, "clients": 16, "bytes": 900}` a line.
"""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter
from typing import Any

import httpx
import uvloop

from benchmarks.peers.worker_loop import serve_stdin


async def _post(url: str, messages: int, clients: int, body: bytes) -> float:
    left = iter(range(messages))
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def loop() -> None:
            for _ in left:
                answer = await client.post(url, content=body, headers={"content-type": "application/json"})
                assert answer.status_code == 204

        began = perf_counter()
        await asyncio.gather(*(loop() for _ in range(clients)))
        return messages / (perf_counter() - began)


def main(url: str) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:

        def work(task: dict[str, Any]) -> dict[str, float]:
            return {"rate": runner.run(_post(url, task["messages"], task["clients"], b"x" * task["bytes"]))}

        serve_stdin(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
