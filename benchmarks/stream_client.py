"""Readers of server-sent events that cost little: raw sockets in one thread, on uvloop.

An event's latency counts from the instant in it (`recordedtime`: when it was decided, so that its commit is in the
figure) to the arrival of its first byte, both by this machine's clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from statistics import quantiles
from typing import cast

import uvloop

from benchmarks.load_generator import RequestFailed

_MARK = b'"recordedtime":"'
#: With an instant of 27 characters.
_WHOLE = len(_MARK) + 27
#: The first part of a run is left out.
WARM_UP = 0.2
#: For what is still on its way when the last command was answered.
_LAST_S = 0.5


class _Reader(asyncio.Protocol):
    def __init__(self, request: bytes, instants: dict[bytes, float], late: list[float]) -> None:
        self._request, self._instants, self._latencies = request, instants, late
        self.opened = asyncio.get_running_loop().create_future()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if not self.opened.done():
            if data.startswith(b"HTTP/1.1 200"):
                self.opened.set_result(None)
            else:
                self.opened.set_exception(RequestFailed(data[:300].decode(errors="replace")))
            return
        # What may be the beginning of an instant is kept for the next part; it is too short to hold a whole one.
        data = self._rest + data
        at = data.find(_MARK)
        while 0 <= at <= len(data) - _WHOLE:
            text = data[at + len(_MARK) : at + _WHOLE]
            recorded = self._instants.get(text)
            if recorded is None:
                recorded = self._instants[text] = datetime.fromisoformat(text.decode()).timestamp()
            self._latencies.append(now - recorded)
            at = data.find(_MARK, at + _WHOLE)
        self._rest = data[1 - _WHOLE :]


def run_streams(port: int, requests: Sequence[bytes], drive: Callable[[], None], seconds: float) -> dict[str, float]:
    """Open the streams, run `drive` in a thread, and wait for what is on its way. Raises RequestFailed."""

    async def run() -> dict[str, float]:
        loop, latencies = asyncio.get_running_loop(), list[float]()
        instants: dict[bytes, float] = {}
        made = []
        for request in requests:
            reader = partial(_Reader, request, instants, latencies)
            made.append(await loop.create_connection(reader, "127.0.0.1", port))
        await asyncio.gather(*(reader.opened for _, reader in made))
        latencies.clear()
        driving = loop.run_in_executor(None, drive)
        await asyncio.sleep(seconds * WARM_UP)
        latencies.clear()
        await driving
        await asyncio.sleep(_LAST_S)
        for transport, _ in made:
            transport.abort()
        if len(latencies) < 100:
            raise RequestFailed(f"only {len(latencies)} events came")
        cuts = quantiles(latencies, n=100)
        return {"p99_ms": cuts[98] * 1000, "p50_ms": cuts[49] * 1000, "received": float(len(latencies))}

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())
