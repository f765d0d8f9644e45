"""Many clients of one event loop: each sends its requests one after the other on a connection that it keeps."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

#: Clients that connect at a time: a listener's backlog is shorter than a crowd.
_CONNECTING = 200
ANSWERED_WITHIN_S = 120.0


class CrowdFigures(msgspec.Struct, kw_only=True):
    """What became of a crowd's requests."""

    statuses: Counter[str]
    seconds: list[float]
    took_s: float = 0.0

    @property
    def succeeded(self) -> int:
        return self.statuses["200"] + self.statuses["201"]

    def p(self, part: float) -> float:
        """Seconds within which such a part of the requests was answered."""
        found = sorted(self.seconds)
        return found[min(len(found) - 1, int(len(found) * part))]

    def to_figures(self) -> dict[str, object]:
        return {
            "statuses": self.statuses,
            "per_second": round(self.succeeded / self.took_s, 1),
            "p50_ms": round(self.p(0.5) * 1000),
            "p99_ms": round(self.p(0.99) * 1000),
        }


def format_request(key: str, method: str, path: str, body: bytes = b"") -> bytes:
    """The bytes of one request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def run_crowd(port: int, clients: Sequence[Iterator[bytes]], seconds: float = float("inf")) -> CrowdFigures:
    """Every client sends what its iterator gives, until that ends or the time is over; no answer is a failure."""
    return asyncio.run(_run_crowd(port, clients, seconds))


async def _run_crowd(port: int, clients: Sequence[Iterator[bytes]], seconds: float) -> CrowdFigures:
    figures = CrowdFigures(statuses=Counter(), seconds=[])
    connecting = asyncio.Semaphore(_CONNECTING)
    began = time.monotonic()
    until = began + seconds

    async def run(requests: Iterator[bytes]) -> None:
        async with connecting:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in requests:
            if time.monotonic() >= until:
                break
            sent_at = time.monotonic()
            try:
                writer.write(request)
                status = await asyncio.wait_for(_read_response(reader), ANSWERED_WITHIN_S)
            except (OSError, EOFError, TimeoutError) as error:
                # No answer.
                figures.statuses[type(error).__name__] += 1
                break
            figures.statuses[status] += 1
            figures.seconds.append(time.monotonic() - sent_at)
        writer.close()

    await asyncio.gather(*map(run, clients))
    figures.took_s = time.monotonic() - began
    return figures


async def _read_response(reader: asyncio.StreamReader) -> str:
    """Its status, once its body was read."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    await reader.readexactly(length)
    return head.split(b" ", 2)[1].decode()
