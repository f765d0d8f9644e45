"""Processes that work on request, each in its own environment: the peers, and ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.harness import Absent, Contender, Sample

ROOT = Path(__file__).resolve().parent.parent
#: Made by `python3 run.py bench` from `benchmarks/requirements-peers.txt`; never part of the product's environment.
PEERS_ENVIRONMENT = ROOT / ".venv-peers"
#: Why `run.py` could not make it.
PEERS_UNAVAILABLE_REASON = "BENCH_PEERS_REFUSED"

T = TypeVar("T")


class PeerUnavailable(Exception):
    """A peer cannot be measured here; the text says why."""


def peers_python() -> str:
    """The interpreter that has the peers. Raises PeerUnavailable."""
    python = PEERS_ENVIRONMENT / "bin" / "python"
    if reason := os.environ.get(PEERS_UNAVAILABLE_REASON):
        raise PeerUnavailable(reason)
    if not (PEERS_ENVIRONMENT / ".installed").exists():
        raise PeerUnavailable("the peers are not installed: python3 run.py bench installs them")
    return str(python)


def open_or_absent(name: str, opened: ExitStack, make: Callable[[], Any], absent: list[Absent]) -> Any:
    """What `make` opens, or None: then `absent` says why."""
    try:
        return opened.enter_context(make())
    except (PeerUnavailable, OSError, subprocess.SubprocessError) as refusal:
        absent.append(Absent(name, str(refusal)))
        return None


class WorkerProcess:
    """One such process."""

    def __init__(self, process: subprocess.Popen[str], name: str, log: Path) -> None:
        self._process, self._name, self._log = process, name, log
        #: What it said of itself when it had started.
        self.first: dict[str, float] = {}

    def run(self, **task: Any) -> dict[str, float]:
        """Have it work; its figures. Raises PeerUnavailable where it is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._unavailable_error() from None
        return self.read_line()

    def read_line(self) -> dict[str, float]:
        """Its next line."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._unavailable_error()
        found: dict[str, float] = json.loads(line)
        return found

    def _unavailable_error(self) -> PeerUnavailable:
        last = self._log.read_text(errors="replace").strip()[-300:]
        return PeerUnavailable(f"{self._name} is gone (exit code {self._process.wait(5)}): {last}")

    def to_contender(self, name: str, figure: str = "rate", **task: Any) -> Contender:
        """The process as a contender of a case: one figure is compared, the others are kept in `beside`."""

        def run() -> Sample:
            found = self.run(**task)
            return Sample(found[figure], {name: value for name, value in found.items() if name != figure})

        return Contender(name, run)


@contextmanager
def start_worker(module: str, *arguments: str, home: Path, python: str = sys.executable) -> Iterator[WorkerProcess]:
    """A module of `benchmarks`, run until the context ends. Raises PeerUnavailable with the end of its log."""
    log = home / f"{module}-{len(list(home.glob(f'{module}-*.log')))}.log"
    command = [python, "-m", f"benchmarks.{module}", *arguments]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
    try:
        made = WorkerProcess(process, module, log)
        try:
            made.first = made.read_line()
        except PeerUnavailable:
            raise PeerUnavailable(f"{module} did not start: {log.read_text(errors='replace')[-300:].strip()}") from None
        yield made
    finally:
        with process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def start_peer(module: str, *arguments: str, home: Path) -> Iterator[WorkerProcess]:
    """A worker process of `benchmarks.peers`, in the peers' environment."""
    with start_worker(f"peers.{module}", *arguments, home=home, python=peers_python()) as made:
        yield made
