"""A server that is told to stop: whoever waits is answered at once, whoever is answered gets a problem at worst."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from services.api.app import create_app
from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from tests.api.app_under_test import ApiApp

ROOT = Path(__file__).parents[2]
#: The server would wait for so long; what is answered at once is answered in a fraction of it.
GRACE_S, AT_ONCE_S = 30, 8.0


class Server:
    """`plimsoll serve` in a process of its own, with a steward's key."""

    def __init__(self, process: subprocess.Popen[str], url: str, key: str) -> None:
        self.process, self.url, self.key = process, httpx.URL(url), key
        self.log = ""

    def send(self, request: str, body: str = "") -> socket.socket:
        """A connection on which this was sent."""
        connection = socket.create_connection((self.url.host, self.url.port or 80), timeout=GRACE_S)
        head = ["Host: x", f"Authorization: Bearer {self.key}", "Content-Type: application/json"]
        connection.sendall("\r\n".join([f"{request} HTTP/1.1", *head, body or "\r\n"]).encode())
        return connection

    def stop(self) -> float:
        """Tell it to stop; seconds until it has."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.log = self.process.stderr.read()
        self.process.wait(GRACE_S)
        return time.monotonic() - began


def read_response(connection: socket.socket) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of what came until the connection was closed."""
    raw = b""
    with connection:
        while part := connection.recv(65536):
            raw += part
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split(" ")[1]), headers, json.loads(body)


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    with serve(database_url) as running:
        yield running


@contextmanager
def serve(database_url: str, *, grace_s: int = GRACE_S) -> Iterator[Server]:
    with Runtime.open(Settings(database_url=database_url)) as runtime:
        key = create_organisation(runtime, "acme", steward="stella").api_key
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLIMSOLL_")} | {
        "PLIMSOLL_DATABASE_URL": database_url,
        "PLIMSOLL_LOG_LEVEL": "warning",
        "PLIMSOLL_SHUTDOWN_SECONDS": str(grace_s),
        "PLIMSOLL_POSITION_WAIT_S": "60",
        "PLIMSOLL_WAITS_PER_KEY": "100",
    }
    command = [sys.executable, "-m", "services.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            url = re.search(r"http://[\d.:]+", process.stderr.readline())
            assert url
            yield Server(process, url[0], key)
        finally:
            process.kill()


def test_a_stop_ends_every_pull_of_the_feed_at_once_with_what_there_is(server: Server) -> None:
    # given
    headers = {"Authorization": f"Bearer {server.key}"}
    head = httpx.get(server.url.join("/v1/events"), headers=headers).headers["Plimsoll-Position"]
    with ExitStack() as opened:
        path = f"/v1/events?after={head}&timeout=30"
        pulls = [opened.enter_context(server.send(f"GET {path}")) for _ in range(100)]
        time.sleep(1)

        # when
        seconds = server.stop()

        # then
        responses = [read_response(pull) for pull in pulls]
    assert AT_ONCE_S > seconds
    assert {(200, head)} == {(status, sent["plimsoll-position"]) for status, sent, _ in responses}
    assert [[]] * 100 == [body for _, _, body in responses]
    assert (0, "") == (server.process.returncode, server.log)


def test_a_stop_ends_every_stream_at_once(server: Server) -> None:
    # given
    with ExitStack() as opened:
        streams = [opened.enter_context(server.send("GET /v1/events/stream")) for _ in range(20)]
        for stream in streams:
            assert stream.recv(1000).startswith(b"HTTP/1.1 200")

        # when
        seconds = server.stop()

        # then each has its last words and its end
        rest = [b"".join(iter(partial(stream.recv, 65536), b"")) for stream in streams]
    assert AT_ONCE_S > seconds
    assert {True} == {part.endswith(b": the server stops\n\n\r\n0\r\n\r\n") for part in rest}
    assert (0, "") == (server.process.returncode, server.log)


def test_what_is_not_finished_in_time_is_answered_with_a_problem(sqlite_url: str) -> None:
    # given a body of which a part never comes
    with serve(sqlite_url, grace_s=1) as server:
        unfinished = server.send("POST /v1/teams", 'Content-Length: 500\r\n\r\n{"name": ')
        time.sleep(0.5)

        # when
        seconds = server.stop()

        # then
        status, headers, problem = read_response(unfinished)
    assert AT_ONCE_S > seconds
    assert (503, "stopping", "unknown") == (status, problem["code"], problem["recorded"])
    assert ("application/problem+json", "1") == (headers["content-type"], headers["retry-after"])
    assert 0 == server.process.returncode
    assert "Traceback" not in server.log


def test_a_wait_for_a_position_ends_with_the_server(app: ApiApp) -> None:
    # given nothing follows the log
    served = create_app(app.runtime)
    headers = {"Authorization": f"Bearer {app.keys['acme']['stella']}"}
    created = app.client.post("/v1/teams", json={"name": "New", "lead": "stella", "ref": "new"}, headers=headers)

    # when
    async def ask_and_stop() -> Any:
        path = f"/v1/goals?after_position={created.json()['position']}"
        asking = asyncio.create_task(request(served, "GET", path, app.keys["acme"]["stella"]))
        await asyncio.sleep(0.3)
        served.end_waits()
        return await asyncio.wait_for(asking, AT_ONCE_S)

    status, problem = asyncio.run(ask_and_stop())

    # then
    assert (503, "not_caught_up") == (status, problem["code"])


@pytest.mark.parametrize(("method", "recorded"), [("GET", None), ("POST", "unknown")])
def test_whatever_a_server_no_longer_waits_for_is_answered_with_a_problem(
    app: ApiApp, monkeypatch: pytest.MonkeyPatch, method: str, recorded: str | None
) -> None:
    # given
    served = create_app(app.runtime)

    async def never(*_: object) -> None:
        await asyncio.sleep(GRACE_S)

    monkeypatch.setattr("services.api.pipeline.call_operation", never)

    # when
    async def ask_and_cancel() -> Any:
        asking = asyncio.create_task(request(served, method, "/v1/teams", app.keys["acme"]["stella"]))
        await asyncio.sleep(0.05)
        served.end_waits()
        asking.cancel()
        return await asking

    status, problem = asyncio.run(ask_and_cancel())

    # then
    assert (503, "stopping", recorded) == (status, problem["code"], problem.get("recorded"))


async def request(served: Any, method: str, path: str, key: str) -> tuple[int, Any]:
    transport = httpx.ASGITransport(app=served)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        response = await client.request(method, path, headers={"Authorization": f"Bearer {key}"})
    return response.status_code, response.json()


def test_the_deployment_waits_for_longer_than_a_stopping_process_does() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]

    for role in ("api", "worker", "scheduler"):
        grace = int(services[role]["stop_grace_period"].removesuffix("s"))
        assert Settings().shutdown_seconds + 5 <= grace, role
