"""A target of webhooks that does as little as it can: it answers 204, and says when what came.

`python -m benchmarks.webhook_sink` prints its port, then answers `{"take": true}` with how many messages came since.
A message to `/hang` is not answered. Standard library only.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import datetime
from typing import Any, ClassVar

_REPLY = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    #: Time of recording of each event, and when it came: of all connections.
    delays: ClassVar[list[float]] = []

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            if b"/hang" in head.split(b"\r\n", 1)[0]:
                return
            Sink.delays.append(time.time() - _recorded(body))
            self._transport.write(_REPLY)


def _recorded(body: bytes) -> float:
    """When the event of a message was recorded, Unix time; now where it says nothing of that."""
    place = body.find(b'"recordedtime":"')
    if place < 0:
        return time.time()
    return datetime.fromisoformat(body[place + 16 : place + 43].decode()).timestamp()


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=512)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        assert json.loads(line)["take"]
        taken, Sink.delays = sorted(Sink.delays), []
        found = {"count": float(len(taken))}
        if taken:
            found |= {"p50_ms": taken[len(taken) // 2] * 1000, "p99_ms": taken[int(len(taken) * 0.99)] * 1000}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
