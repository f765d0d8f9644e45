"""Servers in processes of their own, as in production, and a client that costs as little as a client can."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.load_generator import RequestFailed
from benchmarks.stores import build_settings
from benchmarks.worker_process import ROOT, PeerUnavailable, peers_python
from services.settings import variable_name

_CLI = (sys.executable, "-m", "services.cli")
_STARTUP_SECONDS = 30.0
_KEEP_ALIVE_S = 2.0


@contextmanager
def serve_plimsoll(url: str, home: Path, *, redis_url: str | None = None, worker: bool = True) -> Iterator[int]:
    """`plimsoll serve` on a store; its port. See `serve_plimsoll_process`."""
    with serve_plimsoll_process(url, home, redis_url=redis_url, worker=worker) as (port, _):
        yield port


@contextmanager
def serve_plimsoll_process(
    url: str, home: Path, *, redis_url: str | None = None, worker: bool = True
) -> Iterator[tuple[int, int]]:
    """`plimsoll serve` on a store; its port and the id of its process.

    Without Redis the worker runs inside, as in a deployment of one process. With it, it runs as `plimsoll worker`
    in a process of its own, unless it is not wanted.
    """
    port = free_port()
    chosen = build_settings(url)
    knobs: dict[str, object] = {
        "database_url": url,
        "port": port,
        "rate_limit_per_minute": chosen.rate_limit_per_minute,
    }
    if redis_url is not None:
        knobs["redis_url"] = redis_url
    environment = {variable_name(name): str(value) for name, value in knobs.items()}
    with ExitStack() as opened:
        if redis_url is not None and worker:
            opened.enter_context(start_process([*_CLI, "worker"], home, f"worker-{port}", environment))
        server = opened.enter_context(_run_server([*_CLI, "serve"], home, port, "/livez", environment))
        yield port, server.pid


@contextmanager
def serve_peer(url: str, home: Path) -> Iterator[int]:
    """A minimal Litestar application that answers one row by its key; its port."""
    port = free_port()
    with _run_server(
        [sys.executable, "-m", "benchmarks.peers.minimal_litestar", url, str(port)], home, port, "/rows/1", {}
    ):
        yield port


@contextmanager
def serve_stream_peer(port: int, home: Path) -> Iterator[int]:
    """A bare uvicorn application that sends what is posted to each open stream; its port."""
    with _run_server([sys.executable, "-m", "benchmarks.peers.minimal_stream", str(port)], home, port, "/page", {}):
        yield port


@contextmanager
def serve_peer_goals(module: str, url: str, home: Path) -> Iterator[tuple[int, list[str]]]:
    """A peer's server: its port, and the ids of its goals. Raises PeerUnavailable."""
    port = free_port()
    command = [peers_python(), "-m", f"benchmarks.peers.{module}", url, str(port)]
    with _run_server(command, home, port, "/goals", {}):
        client = Client(port)
        ids: list[str] = json.loads(client.get("/goals"))
        client.close()
        yield port, ids


@contextmanager
def _run_server(
    command: list[str], home: Path, port: int, ready: str, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A server, once it answers. Raises PeerUnavailable with the end of its log."""
    with start_process(command, home, f"server-{port}", environment) as process:
        deadline = time.monotonic() + _STARTUP_SECONDS
        while not _is_answering(port, ready):
            if process.poll() is not None or time.monotonic() > deadline:
                log = (home / f"server-{port}.log").read_text(errors="replace")
                raise PeerUnavailable(f"{command[2]} did not answer: {log[-300:].strip()}")
            time.sleep(0.05)
        yield process


@contextmanager
def start_process(
    command: list[str], home: Path, name: str, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process until the context ends; its output goes to `NAME.log`."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PLIMSOLL_")}
    with (home / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=inherited | environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _is_answering(port: int, path: str) -> bool:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with suppress(OSError, http.client.HTTPException), closing(asked) as connection:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    return False


def free_port() -> int:
    """A free port."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Client:
    """One kept-alive connection."""

    def __init__(self, port: int, key: str = "", *, cookie: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        if cookie:
            self._headers["Cookie"] = cookie
        self._used = time.monotonic()

    def get(self, path: str) -> bytes:
        """The body of a GET. Raises RequestFailed unless it is a 200."""
        return self._request("GET", path, None, {})

    def post(self, path: str, body: Any, **headers: str) -> bytes:
        """The body of a POST's answer. Raises RequestFailed unless it was taken."""
        return self._request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})

    def post_bytes(self, path: str, body: bytes) -> bytes:
        """The body of a POST's answer; the body goes as it is."""
        return self._request("POST", path, body, {})

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        # A server closes what was silent for some seconds, such as while the other side had its turn.
        if time.monotonic() - self._used > _KEEP_ALIVE_S:
            self._connection.close()
        self._connection.request(method, path, body, self._headers | headers)
        response = self._connection.getresponse()
        answer = response.read()
        self._used = time.monotonic()
        if response.status not in (200, 201):
            raise RequestFailed(f"{method} {path}: {response.status} {answer[:500].decode(errors='replace')}")
        return answer

    def close(self) -> None:
        self._connection.close()
