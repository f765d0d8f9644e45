"""UmaDB: appends of one event each, through its Python client; the server is the one in its wheel.

`python -m benchmarks.peers.umadb URL TYPE STATE` is a worker process.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from uuid import uuid4

from umadb import Client, Event

from benchmarks.peers.worker_loop import Work, serve_stdin_with_threads


def make_workers(url: str, kind: str, state: bytes, clients: int) -> Sequence[Work]:
    """One gRPC channel each; no condition, which is the kindest."""

    def work() -> Work:
        client, tags = Client(url), [f"goal:{uuid4()}"]
        return lambda: client.append([Event(kind, state, tags)])

    return [work() for _ in range(clients)]


def main(url: str, kind: str, state: str) -> None:
    serve_stdin_with_threads(lambda clients: make_workers(url, kind, state.encode(), clients))


if __name__ == "__main__":
    main(*sys.argv[1:])
