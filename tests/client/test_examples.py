"""The examples do what they say, and go on where they were stopped."""

from __future__ import annotations

import json
import sqlite3
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from examples import mirror, notifier, warehouse
from plimsoll_client import Client, Follower, MemoryCheckpoint
from tests.client.conftest import Served


@pytest.fixture
def chat() -> Iterator[tuple[str, list[str]]]:
    """Where a chat takes lines, and those that it took."""
    lines: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            lines.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", lines
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_notifier_posts_each_change_once(served: Served, tmp_path: Path, chat: tuple[str, list[str]]) -> None:
    chat_url, lines = chat
    for _ in range(2):
        notifier.notify(served.url, served.key, chat_url, wait=0, checkpoint=str(tmp_path / "cursor.json"))

    assert [line for line in lines if "change accepted" in line]
    assert len(lines) == len({*lines})
    assert all(": " in line for line in lines)


def test_the_warehouse_holds_the_log(served: Served, tmp_path: Path) -> None:
    database = str(tmp_path / "warehouse.db")

    added = [warehouse.load(served.url, served.key, database) for _ in range(2)]

    with Client(served.url, served.key) as client:
        log = [(int(event.sequence), event.type) for event in Follower(client, MemoryCheckpoint(), wait=0)]
    rows = sqlite3.connect(database).execute("SELECT position, type FROM plimsoll_events ORDER BY position").fetchall()
    assert (log, [len(log), 0]) == (rows, added)


def test_the_mirror_holds_every_resource_as_a_snapshot_does(served: Served, tmp_path: Path) -> None:
    database = str(tmp_path / "mirror.db")

    for _ in range(2):
        mirror.mirror(served.url, served.key, database, wait=0)

    request = urllib.request.Request(f"{served.url}/v1/snapshot", headers={"Authorization": f"Bearer {served.key}"})
    with urllib.request.urlopen(request, timeout=60) as lines:
        snapshot = [found["resource"] for line in lines if "resource" in (found := json.loads(line))]
    rows = sqlite3.connect(database).execute("SELECT subject, resource FROM resources").fetchall()
    assert {f"{each['kind']}/{each['id']}": each for each in snapshot} == {
        subject: json.loads(resource) for subject, resource in rows
    }
    assert {"goal", "member", "team"} <= {each["kind"] for each in snapshot}
