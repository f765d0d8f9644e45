"""A deployed Plimsoll with its people: `serve` in any number of processes, a worker beside, and what they weigh."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.long.faults.load_clients import RetryingClient
from tests.system.deployment import ROOT, Deployment, Process, clean_environment

GOALS = 6
#: A machine that others measure on is slow to start an interpreter, let alone three.
TIMEOUT_S = 240
WHY = {"code": "new_need", "text": "the quarter begins"}


class DeployedService:
    """One deployment with an organisation in it: stella is its steward, ana owns goals that sam has accepted."""

    def __init__(self, folder: Path, database_url: str, redis_url: str | None, processes: int) -> None:
        self.deployment = Deployment(folder, database_url, redis_url)
        self.deployment.environment["PLIMSOLL_RATE_LIMIT_PER_MINUTE"] = "0"
        self._processes = processes
        self._folder = folder
        self.api: Process | None = None
        self.base = ("127.0.0.1", 0)
        self.keys: dict[str, str] = {}
        self.goals: list[str] = []

    def start(self) -> None:
        """Migrate, start everything, and let the people in."""
        self.command("migrate")
        told = self.command("organisation", "create", "acme", "--steward", "stella")
        self.keys["stella"] = told["api_key"]
        if "PLIMSOLL_REDIS_URL" in self.deployment.environment:
            self._spawn(["worker", "--scheduler"], "worker")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.base = probe.getsockname()
        several = ["--processes", str(self._processes)] if self._processes > 1 else []
        self.api = api = self._spawn(["serve", *several, "--port", str(self.base[1])], "api")
        self._wait_until_answering(api)
        keys, self.goals = create_members_and_goals(self.base, self.keys["stella"])
        self.keys |= keys

    def command(self, *arguments: str) -> Any:
        """Run a command to its end; its JSON result, or a failure with what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments, "--json"],
            cwd=ROOT,
            env=clean_environment() | self.deployment.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return json.loads(done.stdout)

    def _wait_until_answering(self, api: Process) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while api.log.read_text().count("Plimsoll answers at") < self._processes:
            assert time.monotonic() < deadline, self.deployment.read_logs()
            assert api.popen.poll() is None, self.deployment.read_logs()
            time.sleep(0.1)

    def _spawn(self, arguments: list[str], name: str) -> Process:
        process = Process(arguments, self.deployment.environment, self._folder / f"{name}.log")
        self.deployment.processes.append(process)
        return process

    def create_clients(self, count: int, stopping: threading.Event, *, patience: float = 20.0) -> list[RetryingClient]:
        """Clients of this deployment, not yet at work."""
        keys = (self.keys["ana"], self.keys["stella"])
        return [
            RetryingClient(f"c{number}", self.base, keys, self.goals[number % GOALS], stopping, patience)
            for number in range(count)
        ]

    def list_children(self) -> list[int]:
        """The API processes, by id."""
        if self.api is None:
            return []
        parent = self.api.popen.pid
        if self._processes == 1:
            return [parent]
        with suppress(OSError):
            return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
        return []

    def list_pids(self) -> list[int]:
        """Every process of ours that answers or works."""
        others = [each.popen.pid for each in self.deployment.processes if each is not self.api]
        return [*self.list_children(), *others]

    def kill_all(self) -> None:
        """End what still runs, frozen or not."""
        for pid in self.list_pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.deployment.close()


def create_members_and_goals(base: tuple[str, int], stella: str) -> tuple[dict[str, str], list[str]]:
    """Let ana and sam in, and have sam accept what ana offers; their keys, and the goals."""

    def said(key: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    keys, goals = dict[str, str](), list[str]()
    with httpx.Client(base_url=f"http://127.0.0.1:{base[1]}", trust_env=False, timeout=20) as client:
        said(stella, "/v1/teams", {"ref": "core", "name": "Core", "lead": "stella"})
        for person in ("ana", "sam"):
            said(stella, "/v1/members", {"ref": person, "team": "core", "name": person.title()})
            keys[person] = said(stella, "/v1/keys", {"member": person, "scopes": ["read", "act"]})["key"]
        for number in range(GOALS):
            terms = {"conditions": ["works"], "due": "2099-06-28", "effort_hours": 1}
            offer = {"do": "offer", "title": f"Goal {number}", "sponsor": "sam", "team": "core", "terms": terms}
            offered = said(keys["ana"], "/v1/goals", {**offer, "reason": WHY})
            said(keys["sam"], f"/v1/goals/{offered['id']}/accept", {"answers": offered["open"]})
            goals.append(offered["id"])
    return keys, goals


@contextmanager
def run_deployed_service(
    folder: Path, database_url: str, redis_url: str | None, *, processes: int = 3
) -> Iterator[DeployedService]:
    """A deployment at work; at the end every process has to leave in order."""
    found = DeployedService(folder, database_url, redis_url, processes)
    try:
        found.start()
        yield found
        codes = {each.log.name: each.stop() for each in found.deployment.processes}
    finally:
        found.kill_all()
    assert all(code == 0 for code in codes.values()), (codes, found.deployment.read_logs()[-5000:])


class MemoryMonitor(threading.Thread):
    """What each process weighs, looked at twice a second (megabytes of resident memory)."""

    def __init__(self, found: DeployedService, stopping: threading.Event) -> None:
        super().__init__(name="scales", daemon=True)
        self._service = found
        self._stopping = stopping
        self.first: dict[int, float] = {}
        self.most: dict[int, float] = {}

    def run(self) -> None:
        while not self._stopping.wait(0.5):
            for pid in self._service.list_pids():
                weight = read_resident_megabytes(pid)
                if weight:
                    self.first.setdefault(pid, weight)
                    self.most[pid] = max(weight, self.most.get(pid, 0))

    @property
    def peak(self) -> float:
        return max(self.most.values())

    @property
    def max_growth(self) -> float:
        """By how much one process grew at most."""
        return max(self.most[pid] - self.first[pid] for pid in self.most)


def read_resident_megabytes(pid: int) -> float:
    """Megabytes; 0 for a process that has gone."""
    with suppress(OSError):
        found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0
    return 0.0


def list_client_ports(pid: int, port: int) -> set[int]:
    """The clients' ports of the connections to `port` that a process has accepted."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            inodes.add(str(descriptor.readlink()))
    held = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        ours, theirs = (int(words[place].rpartition(":")[2], 16) for place in (1, 2))
        if ours == port and f"socket:[{words[9]}]" in inodes:
            held.add(theirs)
    return held


def wait_until_caught_up(found: DeployedService, seconds: float) -> float:
    """Seconds until every view had followed the whole log, looked at from outside."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if all(view["missing"] == 0 and view["position"] == view["head"] for view in _load_status(found)):
            return time.monotonic() - began
        time.sleep(0.2)
    raise AssertionError(f"the views did not catch up within {seconds} s: {_load_status(found)}")


def _load_status(found: DeployedService) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = found.command("projections", "status")
    return told
