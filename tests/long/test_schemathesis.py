"""Thousands of requests made from the OpenAPI document, valid and not: no 500, and every answer as documented."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from services.api.app import create_app
from services.worker.embedded import start_runtime
from tests.api.app_under_test import build_settings, write_template

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

EXAMPLES = os.environ.get("PLIMSOLL_TEST_EXAMPLES", "30")


@pytest.fixture
def running_server(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where the seeded store is served, and a steward's key."""
    keys = write_template(tmp_path)
    settings = build_settings(tmp_path / "template.db", rate_limit_per_minute=0, long_poll_limit_s=1, position_wait_s=1)
    with start_runtime(settings) as runtime, socket.socket() as listening:
        server = uvicorn.Server(uvicorn.Config(create_app(runtime), log_config=None, lifespan="on"))
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", keys["acme"]["stella"]
        server.should_exit = True
        thread.join(20)


def test_the_api_answers_whatever_it_is_asked_as_its_document_says(
    running_server: tuple[str, str], tmp_path: Path
) -> None:
    # given
    url, key = running_server
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        *("run", f"{url}/openapi.json"),
        *("--header", f"Authorization: Bearer {key}"),
        *("--phases", "examples,coverage,fuzzing,stateful"),
        *("--max-examples", EXAMPLES),
        # A body that fits its schema may still break a rule: 422 and 412 are then the right answers.
        *("--exclude-checks", "positive_data_acceptance"),
        *("--continue-on-failure", "--no-color"),
    ]

    # when
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.long.hooks", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    # then
    assert 0 == done.returncode, done.stdout[-20_000:] + done.stderr[-2_000:]
