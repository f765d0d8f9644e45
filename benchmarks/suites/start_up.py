"""Suite `start`: processor time of `--help`, of commands that open the store, and of an API up to its first answer."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.harness import Bench, Case, Contender, Sample, Target
from benchmarks.servers import free_port
from benchmarks.worker_process import ROOT
from services.settings import Settings, variable_name

_CLI = (sys.executable, "-m", "services.cli")
_BARE = Contender("python -c pass", lambda: _measure_command("", [sys.executable, "-c", "pass"]))
_HELP = Target(limit=0.3)
_STORE_COMMAND = Target(limit=1.2)
#: Half of what it took before imports waited for their use: 3.4 s.
_FIRST_ANSWER = Target(limit=1.7)


def suite(bench: Bench) -> Iterator[Case]:
    """Seconds of processor, user and system; wall time beside."""
    for store in bench.stores:
        url = store.create_database()
        _measure_command(url, [*_CLI, "migrate"])
        case = partial(Case, suite="start", store=store.name, unit="s", peers=[_BARE])
        if store is bench.stores[0]:
            yield case(name="plimsoll --help", ours=_contend(url, "--help"), targets=[_HELP])
        for words in ("keys list", "projections status", "doctor"):
            yield case(name=f"plimsoll {words}", ours=_contend(url, *words.split()), targets=[_STORE_COMMAND])
        serve = Contender("plimsoll", partial(_measure_first_answer, url))
        yield case(name="plimsoll serve, first answer of /readyz", ours=serve, targets=[_FIRST_ANSWER])


def _contend(url: str, *words: str) -> Contender:
    return Contender("plimsoll", partial(_measure_command, url, [*_CLI, *words]))


def _measure_command(url: str, command: list[str]) -> Sample:
    began, before = perf_counter(), _children_seconds()
    # What it found is its exit code, and no matter here: an empty store has no organisation.
    subprocess.run(command, cwd=ROOT, env=_environment(url), capture_output=True, check=False)
    return Sample(_children_seconds() - before, {"wall_s": perf_counter() - began})


def _measure_first_answer(url: str) -> Sample:
    """Of the server alone: its child, which follows the log, has nothing to follow."""
    port, began = free_port(), perf_counter()
    environment = _environment(url) | {variable_name("port"): str(port)}
    with subprocess.Popen([*_CLI, "serve"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as server:
        while not _answers(port):
            sleep(0.01)
        wall, seconds = perf_counter() - began, _process_seconds(server.pid)
        server.send_signal(signal.SIGTERM)
    return Sample(seconds, {"wall_s": wall})


def _answers(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        try:
            connection.request("GET", "/readyz")
            connection.getresponse().read()
        except OSError:
            return False
    return True


def _environment(url: str) -> dict[str, str]:
    known = {variable_name(name) for name in Settings.__struct_fields__}
    environment = {name: value for name, value in os.environ.items() if name not in known}
    return environment | ({variable_name("database_url"): url} if url else {})


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _process_seconds(pid: int) -> float:
    """Of a process that runs, from /proc: user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
