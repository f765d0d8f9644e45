"""Plimsoll as people run it: the `plimsoll` command's own processes, in every shape that the README names."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import httpx

from services.cli import main

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 60
T = TypeVar("T")


class Process:
    """One `plimsoll` process with its output in a file."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as out:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "services.cli", *arguments],
                cwd=ROOT,
                env=clean_environment() | environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for_line(self, beginning: str) -> str:
        """The first line of output with this beginning, waited for."""

        def found() -> str | None:
            lines = self.log.read_text().splitlines()
            return next((line for line in lines if line.startswith(beginning)), None)

        return wait_until(found, lambda: f"no line {beginning!r} in:\n{self.log.read_text()}", self.popen)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        return self.popen.wait(timeout=TIMEOUT_SECONDS)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(timeout=TIMEOUT_SECONDS)


def clean_environment() -> dict[str, str]:
    """This process's environment without any setting of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PLIMSOLL_")}


def wait_until(
    found: Callable[[], T | None], complaint: Callable[[], str], process: subprocess.Popen[bytes] | None = None
) -> T:
    """What `found` finds, as soon as it does; an AssertionError once patience ends or the process has."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if (value := found()) is not None:
            return value
        assert process is None or process.poll() is None, complaint()
        time.sleep(0.05)
    raise AssertionError(complaint())


class Deployment:
    """Some API processes and workers over one database; `clients` speak to each API process as a principal."""

    def __init__(self, folder: Path, database_url: str, redis_url: str | None) -> None:
        self.folder = folder
        # What falls due is looked for every 15 seconds by default, which each shape's journey would wait for.
        often = {"PLIMSOLL_PROJECTOR_POLL_MS": "100", "PLIMSOLL_SWEEP_SECONDS": "1"}
        self.environment = {"PLIMSOLL_DATABASE_URL": database_url, **often}
        if redis_url is not None:
            self.environment["PLIMSOLL_REDIS_URL"] = redis_url
        self.apis: list[str] = []
        self.processes: list[Process] = []
        self._clients: list[Client] = []

    def client(self, key: str) -> Client:
        """Whoever holds `key`; closed with the deployment."""
        self._clients.append(Client(self, key))
        return self._clients[-1]

    def close(self) -> None:
        """Hang up, and end at once what still runs."""
        for client in self._clients:
            client.close()
        for process in self.processes:
            process.kill()

    def run_command(self, *arguments: str) -> Any:
        """Run a command that succeeds; its JSON result."""
        code, result = self.try_command(*arguments)
        assert code == 0, result
        return result

    def try_command(self, *arguments: str) -> tuple[int, Any]:
        """Run a command to its end; its exit code and its JSON result.

        In this process: a start of its own takes half a second of processor time, and the store that the deployment's
        processes share is all that the command shares with them.
        """
        out = io.TextIOWrapper(printed := io.BytesIO(), encoding="utf-8")
        with patch.dict(os.environ, clean_environment() | self.environment, clear=True), redirect_stdout(out):
            code = main([*arguments, "--json"])
        assert printed.getvalue(), (code, arguments)
        return code, json.loads(printed.getvalue())

    def start(self, *, apis: int, workers: int) -> None:
        """Migrate, then start the processes and wait until each API answers."""
        self.run_command("migrate")
        for number in range(workers):
            # Every worker sweeps: doing it twice is safe, so nothing has to be elected.
            self._spawn(["worker", "--scheduler"], f"worker{number}")
        for number in range(apis):
            process = self._spawn(["serve", "--port", "0"], f"api{number}")
            words = process.wait_for_line("Plimsoll answers at ")
            self.apis.append(words.split()[3])

    def _spawn(self, arguments: list[str], name: str) -> Process:
        process = Process(arguments, self.environment, self.folder / f"{name}.log")
        self.processes.append(process)
        return process

    def read_logs(self) -> str:
        """Everything that the processes said."""
        return "\n".join(f"--- {p.log.name}\n{p.log.read_text()}" for p in self.processes)


class Client:
    """One principal's calls, spread over all API processes in turn."""

    def __init__(self, deployment: Deployment, key: str) -> None:
        self._deployment = deployment
        self._turn = 0
        self._http = httpx.Client(headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=TIMEOUT_SECONDS)
        #: Position of the last act of this client.
        self.position = 0

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def call(self, method: str, path: str, **how: Any) -> httpx.Response:
        """One request to the next API process."""
        self._turn += 1
        base = self._deployment.apis[self._turn % len(self._deployment.apis)]
        return self._http.request(method, base + path, **how)

    def act(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """POST an act; its answer, which has to be a success."""
        response = self.call("POST", path, json=body, headers=headers)
        assert response.is_success, (path, response.text, self._deployment.read_logs())
        answer: dict[str, Any] = response.json()
        self.position = answer.get("position", self.position)
        return answer

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """GET what this client's own acts have come to: waits until the views have followed."""
        asked = {"after_position": self.position, **params} if self.position else params
        response = self.call("GET", path, params=asked)
        assert response.is_success, (path, response.text, self._deployment.read_logs())
        seen: dict[str, Any] = response.json()
        return seen


@contextmanager
def deploy(
    folder: Path, database_url: str, redis_url: str | None = None, *, apis: int = 1, workers: int = 0
) -> Iterator[Deployment]:
    """A running deployment; at the end each process is told to stop, and has to leave with exit code 0."""
    deployment = Deployment(folder, database_url, redis_url)
    with closing(deployment):
        deployment.start(apis=apis, workers=workers)
        yield deployment
        codes = {p.log.name: p.stop() for p in deployment.processes if p.popen.poll() is None}
    assert all(code == 0 for code in codes.values()), (codes, deployment.read_logs())
