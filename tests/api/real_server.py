"""A founded organisation behind a real server: uvicorn, a socket, the embedded worker."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from services.api.app import create_app
from services.api.pipeline import HttpPipeline
from services.commands.serving import build_server_config
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.worker.embedded import start_runtime
from tests.api.app_under_test import build_settings

_STOP_TIMEOUT_S = 20


@contextmanager
def run_server(runtime: Runtime) -> Iterator[int]:
    """The port at which this runtime is answered through a real socket."""
    with run_app(create_app(runtime)) as port:
        yield port


@contextmanager
def run_app(app: HttpPipeline, *, send_buffer: int | None = None) -> Iterator[int]:
    """The port at which this application answers through a real socket.

    `send_buffer`: bytes that the kernel takes of a connection whose reader does not read; else some megabytes.
    """
    server = uvicorn.Server(build_server_config(app, app.state.runtime.settings))
    with socket.socket() as listening:
        if send_buffer is not None:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(_STOP_TIMEOUT_S)


@contextmanager
def serve_organisation(home: Path) -> Iterator[tuple[str, str]]:
    """Where a freshly founded organisation is served, and the key of its steward `stella`."""
    settings = build_settings(home / "served.db")
    migrate(settings)
    with start_runtime(settings) as runtime:
        key = create_organisation(runtime, "acme", steward="stella").api_key
        with run_server(runtime) as port:
            yield f"http://127.0.0.1:{port}", key
