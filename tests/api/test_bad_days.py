"""Bad days over real HTTP: clients that dawdle, too many commands, a store that goes away, a stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from ledger.commit.committer import CommitLimits
from ledger.storage.file_locks import writer_lock
from services.api.auth.key_cache import MAX_STALENESS_S
from services.organisations import create_organisation
from services.runtime import migrate
from services.settings import Settings
from services.worker.embedded import start_runtime
from tests.api.app_under_test import ApiApp, build_settings, create_active_goal
from tests.api.real_server import run_server
from tests.ledger.tcp_proxy import TcpProxy
from tests.system.deployment import Deployment, Process

TIMEOUT_SECONDS = 20


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., tuple[int, str]]]:
    """Serve a new organisation on SQLite; its port and its steward's key."""
    stack: list[Any] = []

    def serve(**settings: Any) -> tuple[int, str]:
        chosen = build_settings(tmp_path / "served.db", **settings)
        migrate(chosen)
        runtime = start_runtime(chosen)
        stack.append(runtime)
        key = create_organisation(runtime, "acme", steward="stella").api_key
        running = run_server(runtime)
        port = running.__enter__()
        stack.append(running)
        return port, key

    yield serve
    for opened in reversed(stack):
        opened.__exit__(None, None, None)


def encode_head(method: str, path: str, key: str, *lines: str) -> bytes:
    told = [f"{method} {path} HTTP/1.1", "Host: plimsoll", f"Authorization: Bearer {key}", *lines, "", ""]
    return "\r\n".join(told).encode()


def read_answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Status and JSON of the answer on this connection."""
    connection.settimeout(TIMEOUT_SECONDS)
    response = b""
    while (more := connection.recv(65536)) and not _is_complete(response := response + more):
        pass
    top, _, body = response.partition(b"\r\n\r\n")
    return int(top.split(b" ", 2)[1]), json.loads(body)


def _is_complete(response: bytes) -> bool:
    top, _, body = response.partition(b"\r\n\r\n")
    length = next((line for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:")), None)
    return length is not None and len(body) >= int(length.partition(b":")[2])


TEAM = json.dumps({"name": "Core", "lead": "stella"}).encode()


def test_a_client_that_sends_its_body_byte_by_byte_stops_nobody(start_server: Callable[..., tuple[int, str]]) -> None:
    port, key = start_server(api_threads=1)
    lines = ("Content-Type: application/json", f"Content-Length: {len(TEAM)}")
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(encode_head("POST", "/v1/teams", key, *lines))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as quick:
            for byte in TEAM[:-1]:
                slow.sendall(bytes([byte]))
                if byte % 7 == 0:
                    assert 200 == quick.get("/v1/me", timeout=5).status_code
            assert (
                201 == quick.post("/v1/teams", content=TEAM, headers={"Content-Type": "application/json"}).status_code
            )
        slow.sendall(TEAM[-1:])

        assert 201 == read_answer(slow)[0]


def test_a_body_that_never_comes_is_given_up(start_server: Callable[..., tuple[int, str]]) -> None:
    port, key = start_server(body_wait_s=0.3)
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(
            encode_head("POST", "/v1/teams", key, "Content-Type: application/json", "Content-Length: 100") + b"{"
        )

        status, problem = read_answer(slow)

    assert (408, "too_slow") == (status, problem["code"])


def test_clients_that_never_read_their_answers_stop_nobody(start_server: Callable[..., tuple[int, str]]) -> None:
    port, key = start_server(api_threads=1)
    deaf = []
    for _ in range(20):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", port))
        connection.sendall(encode_head("GET", "/openapi.json", key) * 20)
        deaf.append(connection)

    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as quick:
        for _ in range(20):
            assert 200 == quick.get("/v1/me", timeout=5).status_code
            sent = quick.post("/v1/teams", content=TEAM, headers={"Content-Type": "application/json"}, timeout=5)
            assert 201 == sent.status_code
    for connection in deaf:
        connection.close()


def build_scope(app: ApiApp, person: str, path: str) -> dict[str, Any]:
    """The scope of a command, as a server hands it to the application."""
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "query_string": b"", "root_path": "", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 5),
        "path": path, "raw_path": path.encode(),
        "headers": [
            (b"authorization", f"Bearer {app.keys['acme'][person]}".encode()), (b"content-type", b"application/json")
        ],
    }  # fmt: skip


def test_more_commands_than_may_wait_are_told_to_come_again_and_the_others_are_recorded(app: ApiApp) -> None:
    goal = create_active_goal(app)
    before = app.count_events()
    commands = 10_000
    scope = build_scope(app, "ana", f"/v1/goals/{goal}/check-in")
    answers: list[tuple[int, bytes]] = []
    unknown: list[bytes] = []

    async def one() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b'{"note": "well"}', "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                retry = dict(message["headers"]).get(b"retry-after", b"")
                answers.append((message["status"], retry))
            elif b"unknown: retry with your key" in message["body"]:
                unknown.append(message["body"])

        await app.app({**scope, "state": {}}, receive, send)

    async def burst() -> None:
        # As long as another writer has the file, nobody's turn comes.
        writing = writer_lock(str(app.runtime.settings.database_url.removeprefix("sqlite:///")))
        with writing:
            waiting = [asyncio.create_task(one()) for _ in range(commands)]
            for _ in range(100):
                await asyncio.sleep(0.05)
                if len(answers) >= commands - 2 * CommitLimits().queued:
                    break
            assert app.runtime.ledger.commit_stats().queued <= CommitLimits().queued
            assert {(503, b"1")} == set(answers)
        await asyncio.gather(*waiting)

    asyncio.run(burst())

    recorded = sum(1 for status, _ in answers if status == 200)
    assert commands == len(answers)
    assert {200, 503} == {status for status, _ in answers}
    assert recorded > 0
    # On a slow machine the clock of some rings while their batch is being written.
    assert recorded <= app.count_events() - before <= recorded + len(unknown)


def test_a_client_that_hung_up_before_its_body_was_read_has_said_nothing(app: ApiApp) -> None:
    # A body that may be left out: an empty one would let somebody join who has no name.
    scope = build_scope(app, "stella", "/v1/members")
    before = app.count_events()
    told: list[int] = []

    async def receive() -> dict[str, Any]:
        # What a server says of a whole request, too, whose client did not wait: its body is gone.
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.extend([message["status"]] if message["type"] == "http.response.start" else [])

    asyncio.run(app.app({**scope, "state": {}}, receive, send))

    assert [400] == told
    assert before == app.count_events()


def test_a_command_of_three_megabytes_is_refused(start_server: Callable[..., tuple[int, str]]) -> None:
    port, key = start_server()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as client:
        told = client.post("/v1/goals", content=b"x" * 3_000_000, headers={"Content-Type": "application/json"})

    assert (413, "body_too_large") == (told.status_code, told.json()["code"])


def test_a_store_that_goes_away_is_told_to_each_request_and_service_returns_by_itself(postgres_url: str) -> None:
    settings = Settings(database_url=postgres_url)
    name = postgres_url.rpartition("/")[2]
    with (
        start_runtime(settings) as runtime,
        psycopg.connect(postgres_url.rpartition("/")[0] + "/postgres", autocommit=True) as operator,
    ):
        key = create_organisation(runtime, "acme", steward="stella").api_key
        with (
            run_server(runtime) as port,
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {key}"},
                timeout=TIMEOUT_SECONDS,
            ) as client,
        ):
            assert 201 == client.post("/v1/teams", json=json.loads(TEAM)).status_code

            # when nobody can connect, and whoever was connected is thrown out
            operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            began = time.monotonic()
            told = [client.post("/v1/teams", json=json.loads(TEAM)), client.get("/v1/teams"), client.get("/v1/me")]
            took = time.monotonic() - began
            operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

            # then
            assert [(503, "unavailable")] * 3 == [(answer.status_code, answer.json()["code"]) for answer in told]
            assert all("Retry-After" in answer.headers for answer in told)
            assert took < 3 * 15
            assert 200 == client.get("/livez").status_code
            deadline = time.monotonic() + TIMEOUT_SECONDS
            while (back := client.post("/v1/teams", json=json.loads(TEAM))).status_code != 201:
                assert time.monotonic() < deadline, back.text


def test_a_command_whose_commit_was_cut_off_is_answered_as_of_unknown_outcome_and_its_key_tells(
    postgres_url: str,
) -> None:
    with TcpProxy(postgres_url) as wire, start_runtime(Settings(database_url=wire.url)) as runtime:
        api_key = create_organisation(runtime, "acme", steward="stella").api_key
        with (
            run_server(runtime) as port,
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {api_key}"},
                timeout=TIMEOUT_SECONDS,
            ) as client,
        ):

            def rename(name: str, **headers: str) -> httpx.Response:
                return client.post("/v1/teams/core/rename", json={"name": name}, headers=headers)

            def commit_on_loop() -> None:
                # One statement of the loop's own, whose result may be lost; the thread would retry before its COMMIT.
                before, deadline = runtime.ledger.commit_stats().optimistic_batches, time.monotonic() + 60
                while runtime.ledger.commit_stats().optimistic_batches == before:
                    assert 200 == rename("Core").status_code
                    assert time.monotonic() < deadline

            # given
            assert 201 == client.post("/v1/teams", json={"name": "x", "lead": "stella", "ref": "core"}).status_code
            commit_on_loop()

            # when the connection breaks after the server has committed, and nothing says so
            wire.break_at(b"without-a-key", answered=True)
            without = rename("without-a-key")
            commit_on_loop()
            wire.break_at(b"with-a-key", answered=True)
            keyed = rename("with-a-key", **{"Idempotency-Key": "same"})

            # then
            assert (503, "unavailable", "unknown") == (
                without.status_code,
                without.json()["code"],
                without.json()["recorded"],
            )
            assert "Idempotency-Key" in without.json()["detail"]
            assert 200 == keyed.status_code
            assert keyed.json() == rename("with-a-key", **{"Idempotency-Key": "same"}).json()


def test_a_store_that_hangs_is_told_within_the_time_that_a_read_waits(postgres_url: str) -> None:
    settings = Settings(database_url=postgres_url, store_wait_s=0.5)
    with start_runtime(settings) as runtime, psycopg.connect(postgres_url) as operator:
        key = create_organisation(runtime, "acme", steward="stella").api_key
        runtime.engine.catch_up()
        with (
            run_server(runtime) as port,
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {key}"},
                timeout=TIMEOUT_SECONDS,
            ) as client,
        ):
            assert 200 == client.get("/v1/teams").status_code
            for table in ("teams", "ledger_keys"):
                operator.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                # Longer than anything is remembered.
                time.sleep(MAX_STALENESS_S + 0.1)

                told = client.get("/v1/teams")

                assert (503, "unavailable") == (told.status_code, told.json()["code"])
                operator.rollback()
            deadline = time.monotonic() + TIMEOUT_SECONDS
            while client.get("/v1/teams").status_code != 200:
                assert time.monotonic() < deadline


def test_a_server_that_is_told_to_stop_answers_what_is_under_way_and_takes_nothing_new(
    tmp_path: Path, sqlite_url: str
) -> None:
    deployment = Deployment(tmp_path, sqlite_url, None)
    try:
        deployment.run_command("migrate")
        key = deployment.run_command("organisation", "create", "acme", "--steward", "stella")["api_key"]
        deployment.start(apis=1, workers=0)
        port = int(deployment.apis[0].rpartition(":")[2])
        lines = ("Content-Type: application/json", f"Content-Length: {len(TEAM)}")
        with socket.create_connection(("127.0.0.1", port)) as under_way:
            under_way.sendall(encode_head("POST", "/v1/teams", key, *lines) + TEAM[:10])
            time.sleep(0.3)

            deployment.processes[-1].popen.send_signal(signal.SIGTERM)
            refused = _is_refusing(port)
            under_way.sendall(TEAM[10:])
            status, _ = read_answer(under_way)

        assert refused
        assert 201 == status
        assert 0 == deployment.processes[-1].popen.wait(TIMEOUT_SECONDS)
    finally:
        deployment.close()


def _is_refusing(port: int) -> bool:
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            time.sleep(0.05)
            continue
        return True
    return False


def test_several_processes_share_a_port_and_one_that_dies_is_replaced(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    deployment = Deployment(tmp_path, postgres_url, redis_url)
    try:
        deployment.run_command("migrate")
        key = deployment.run_command("organisation", "create", "acme", "--steward", "stella")["api_key"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = Process(
            ["serve", "--processes", "2", "--port", str(port)], deployment.environment, tmp_path / "api.log"
        )
        deployment.processes.append(process)
        process.wait_for_line("Plimsoll answers at")

        children = _list_children(process.popen.pid)
        assert 2 == len(children)
        os.kill(children[0], signal.SIGKILL)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while len(now := _list_children(process.popen.pid)) < 2 or children[0] in now:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for _ in range(20):
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}
            ) as client:
                assert 201 == client.post("/v1/teams", json=json.loads(TEAM), timeout=TIMEOUT_SECONDS).status_code

        assert 0 == process.stop()
    finally:
        deployment.close()


def test_processes_that_are_told_to_stop_while_they_start_stop(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    deployment = Deployment(tmp_path, postgres_url, redis_url)
    try:
        deployment.run_command("migrate")
        process = Process(["serve", "--processes", "2", "--port", "0"], deployment.environment, tmp_path / "api.log")
        deployment.processes.append(process)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while len(_list_children(process.popen.pid)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.001)

        assert 0 == process.stop()
    finally:
        deployment.close()


def test_a_process_of_several_that_cannot_start_says_why(
    tmp_path: Path, empty_postgres_url: str, redis_url: str
) -> None:
    deployment = Deployment(tmp_path, empty_postgres_url, redis_url)
    try:
        process = Process(["serve", "--processes", "2", "--port", "0"], deployment.environment, tmp_path / "api.log")
        deployment.processes.append(process)

        assert "plimsoll migrate" in process.wait_for_line("API process")
    finally:
        deployment.close()


def _list_children(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(child) for child in listed]
