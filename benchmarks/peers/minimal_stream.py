"""The least that a server of events can do: what is posted goes to each open stream, and pages come from memory.

`python -m benchmarks.peers.minimal_stream PORT`. No store, no key, no sight, no position: the floor under both.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn

_OPEN: set[asyncio.Queue[bytes]] = set()
_PAGE = {"body": b"[]"}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """`GET /stream`, `POST /publish`, `POST /page` and `GET /page`, on uvicorn alone."""
    if scope["type"] != "http":
        return
    body = b""
    while scope["method"] == "POST" and (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message.get("more_body"):
            break
    if scope["path"] == "/stream":
        await _stream(send)
        return
    if scope["path"] == "/publish":
        for queue in _OPEN:
            queue.put_nowait(body)
    elif scope["method"] == "POST":
        _PAGE["body"] = body
    answer = _PAGE["body"] if (scope["method"], scope["path"]) == ("GET", "/page") else b""
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def _stream(send: Any) -> None:
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    _OPEN.add(queue)
    try:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        while True:
            await send({"type": "http.response.body", "body": await queue.get(), "more_body": True})
    finally:
        _OPEN.discard(queue)


if __name__ == "__main__":
    uvicorn.run(
        application,
        port=int(sys.argv[1]),
        http="httptools",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
