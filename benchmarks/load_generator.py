"""A load generator that costs little: raw HTTP/1.1 over kept-alive connections, in one thread, on uvloop.

It shares the machine with what it measures, so a request is bytes made beforehand and an answer is read no further
than its status and its end. In a closed loop each client sends the next request when the last one is
answered (throughput). In an open loop requests come when they are due, and a response's time counts from when its
request was *due*, not from when it could be sent: a server that stops is charged for all requests due meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from time import perf_counter, process_time
from typing import Any, cast

import uvloop

from benchmarks.peers.worker_loop import WARM_UP, compute_figures, compute_figures_between

#: Answers that count as done.
_SUCCESS = (b"HTTP/1.1 200", b"HTTP/1.1 201")
_LENGTH = b"content-length:"
_TIMEOUT_S = 30.0


class RequestFailed(Exception):
    """The server refused a request, or hung up: the figure would mean nothing."""


class Connection(asyncio.Protocol):
    """One kept-alive connection with at most one request in flight."""

    def __init__(self, answered: Callable[[Connection, float, bytes], None], lost: Callable[[Exception], None]) -> None:
        self._on_answer, self._on_error = answered, lost
        self._buffer = b""
        self._due = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, due: float) -> None:
        """Send the request; `due` is the time from which the response time counts."""
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        start = head.find(_LENGTH)
        length = int(head[start + len(_LENGTH) :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        answer, self._buffer = self._buffer, b""
        if answer.startswith(_SUCCESS):
            self._on_answer(self, self._due, answer[end + 4 :])
        else:
            self._on_error(RequestFailed(answer[:600].decode(errors="replace")))

    def connection_lost(self, error: Exception | None) -> None:
        self._on_error(error or RequestFailed("the server hung up"))

    def close(self) -> None:
        assert self._transport is not None
        self._on_error = lambda _: None
        self._transport.abort()


def run_closed_loop(port: int, requests: Sequence[Iterator[bytes]], seconds: float) -> dict[str, float]:
    """So many clients, each sending the next request when the last is answered. Raises RequestFailed."""

    async def run() -> dict[str, float]:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        left = dict[Connection, Iterator[bytes]]()
        ended = list[tuple[float, float]]()

        def answered(connection: Connection, due: float, _: bytes) -> None:
            now = perf_counter()
            ended.append((due, now))
            if now < until:
                connection.send(next(left[connection]), now)
                return
            del left[connection]
            if not left:
                over.set_result(None)

        connections = await _connect_all(port, len(requests), answered, _fail_once(over))
        left |= zip(connections, requests, strict=True)
        began = perf_counter()
        until = began + seconds
        for connection, own in zip(connections, requests, strict=True):
            connection.send(next(own), began)
        await _wait_until_done(over, connections, seconds)
        return compute_figures([ended], began, seconds)

    return _run_on_uvloop(run())


def run_open_loop(
    port: int, requests: Iterator[bytes], rate: float, seconds: float, connections: int
) -> dict[str, float]:
    """`rate` requests a second, evenly, over so many connections. Raises RequestFailed."""

    async def run() -> dict[str, float]:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        total = int(rate * seconds)
        waiting, ended = deque[float](), list[tuple[float, float]]()
        sent = 0

        def answered(connection: Connection, due: float, _: bytes) -> None:
            ended.append((due, perf_counter()))
            if waiting:
                connection.send(next(requests), waiting.popleft())
            else:
                idle.append(connection)
            if len(ended) == total and not over.done():
                over.set_result(None)

        def tick() -> None:
            nonlocal sent
            now = perf_counter()
            while sent < total and (due := began + sent / rate) <= now:
                sent += 1
                if idle:
                    idle.pop().send(next(requests), due)
                else:
                    waiting.append(due)
            if sent < total:
                loop.call_later(began + sent / rate - now, tick)

        opened = await _connect_all(port, connections, answered, _fail_once(over))
        idle = list(opened)
        began = perf_counter()
        tick()
        await _wait_until_done(over, opened, seconds)
        # A request that was due in the warm-up does not count, whenever it was answered.
        due = [one for one in ended if one[0] >= began + WARM_UP * seconds]
        return compute_figures_between([due], began, perf_counter()) | {"rate": rate}

    return _run_on_uvloop(run())


async def _connect_all(
    port: int, count: int, answered: Callable[[Connection, float, bytes], None], lost: Callable[[Exception], None]
) -> list[Connection]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Connection(answered, lost), "127.0.0.1", port) for _ in range(count)]
    return [connection for _, connection in made]


def _fail_once(over: asyncio.Future[None]) -> Callable[[Exception], None]:
    return lambda error: None if over.done() else over.set_exception(error)


async def _wait_until_done(over: asyncio.Future[None], connections: Sequence[Connection], seconds: float) -> None:
    try:
        await asyncio.wait_for(over, seconds + _TIMEOUT_S)
    except TimeoutError:
        raise RequestFailed(f"no answer within {_TIMEOUT_S:.0f} s") from None
    finally:
        for connection in connections:
            connection.close()


def _run_on_uvloop(work: Coroutine[Any, Any, dict[str, float]]) -> dict[str, float]:
    """Run it; with its figures, the share of one processor that this client took."""
    wall, used = perf_counter(), process_time()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(work)
    return found | {"client_share": round((process_time() - used) / (perf_counter() - wall), 3)}
