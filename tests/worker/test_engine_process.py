"""The views' engine in a process of its own: it follows, is replaced where it dies, and ends with who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from services.organisations import create_organisation
from services.runtime import Runtime
from services.settings import Settings
from services.worker.embedded import start_runtime
from services.worker.engine_process import EngineProcess, EngineProcessFailed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runtime(database_url: str) -> Iterator[Runtime]:
    with Runtime.open(Settings(database_url=database_url)) as runtime:
        yield runtime


@pytest.fixture
def engine(runtime: Runtime) -> Iterator[EngineProcess]:
    engine = EngineProcess(runtime.settings)
    yield engine
    engine.close()


def is_alive(pid: int) -> bool:
    """Whether there is such a process; one that has ended and was not asked for its code yet does not count."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until_gone(pid: int, seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


def test_the_views_are_followed_by_another_process(runtime: Runtime, engine: EngineProcess) -> None:
    create_organisation(runtime, "acme", steward="stella")

    applied = engine.catch_up(1000)

    assert applied == runtime.ledger.head() == runtime.engine.position() > 0
    assert engine.pid not in (None, os.getpid())
    assert 0 == engine.catch_up(1000)
    assert [] == runtime.engine.verify()


def test_a_process_that_is_killed_is_replaced_and_nothing_is_lost_with_it(
    runtime: Runtime, engine: EngineProcess
) -> None:
    engine.catch_up(1000)
    killed = engine.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    create_organisation(runtime, "acme", steward="stella")

    with pytest.raises(EngineProcessFailed, match="another takes its place"):
        engine.catch_up(1000)
    applied = engine.catch_up(1000)

    assert applied == runtime.engine.position() == runtime.ledger.head()
    assert engine.pid != killed


def test_what_goes_wrong_elsewhere_is_told_here_and_tried_again(tmp_path: Path) -> None:
    engine = EngineProcess(Settings(database_url=f"sqlite:///{tmp_path / 'never-migrated.db'}"))

    for _ in range(2):
        with pytest.raises(EngineProcessFailed, match="run `plimsoll migrate`"):
            engine.catch_up(1000)
    engine.close()


def test_closed_it_leaves_no_process_behind_and_starts_none(engine: EngineProcess) -> None:
    engine.catch_up(1000)
    pid = engine.pid
    assert pid is not None

    engine.close()
    engine.close()

    assert not is_alive(pid)
    with pytest.raises(EngineProcessFailed):
        engine.catch_up(1000)


def test_ctrl_c_and_a_service_s_stop_are_for_the_process_that_started_it(engine: EngineProcess) -> None:
    engine.catch_up(1000)
    pid = engine.pid
    assert pid is not None

    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)

    assert 0 == engine.catch_up(1000)
    assert pid == engine.pid


STARTING = """
import sys, time
from services.settings import Settings
from services.worker.engine_process import EngineProcess

engine = EngineProcess(Settings(database_url=sys.argv[1]))
engine.catch_up(1000)
print(engine.pid, flush=True)
time.sleep(60)
"""


def test_it_ends_with_the_process_that_started_it_however_that_ends(database_url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTING, database_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as starting:
        assert starting.stdout is not None
        pid = int(starting.stdout.readline())
        assert is_alive(pid)

        starting.kill()

        assert wait_until_gone(pid)


def test_a_started_runtime_has_it_and_takes_it_along(database_url: str) -> None:
    settings = Settings(database_url=database_url)
    with start_runtime(settings) as runtime:
        create_organisation(runtime, "acme", steward="stella")
        deadline = time.monotonic() + 60
        while runtime.engine.position() < runtime.ledger.head() and time.monotonic() < deadline:
            time.sleep(0.05)
        followers = list_children()

        assert runtime.ledger.head() == runtime.engine.position()
    assert 1 == len(followers)
    assert all(wait_until_gone(pid) for pid in followers)


def list_children() -> list[int]:
    """Followers that this process has started."""
    threads = Path(f"/proc/{os.getpid()}/task").iterdir()
    pids = [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
    return [pid for pid in pids if b"services.worker.engine_child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
