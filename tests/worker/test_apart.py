"""The views' engine in a process beside an embedded server: it follows, may die, and never outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from services.settings import Settings
from services.worker.apart import EngineApart, FollowingFailed
from tests.services.conftest import Office, open_office
from tests.worker.test_embedded import until

ROOT = Path(__file__).parents[2]
PARENT = """
import sys, time, msgspec
from services.settings import Settings
from services.worker.apart import EngineApart

apart = EngineApart(msgspec.json.decode(sys.argv[1], type=Settings))
apart.catch_up()
print(apart.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    opened = open_office(Settings(database_url=database_url))
    with opened.runtime:
        yield opened


@pytest.fixture
def apart(office: Office) -> Iterator[EngineApart]:
    engine = EngineApart(office.runtime.settings)
    yield engine
    engine.close()


def alive(pid: int) -> bool:
    with suppress(OSError):
        # A zombie is no process any more.
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


def test_it_follows_the_log_as_the_engine_itself_would(apart: EngineApart, office: Office) -> None:
    head = office.runtime.ledger.head()

    followed = [apart.catch_up(), apart.catch_up(), apart.catch_up(10)]

    assert [head, 0, 0] == followed
    assert head == office.runtime.engine.position()


def test_one_that_was_killed_is_replaced_by_the_next_round_and_nothing_is_lost(
    apart: EngineApart, office: Office
) -> None:
    apart.catch_up(1)
    killed = apart.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)

    with pytest.raises(FollowingFailed, match="another takes its place"):
        apart.catch_up()
    apart.catch_up()

    assert killed != apart.pid
    assert office.runtime.ledger.head() == office.runtime.engine.position()


def test_what_goes_wrong_is_told_and_the_next_round_tries_again(office: Office, tmp_path: Path) -> None:
    missing = f"sqlite:///{tmp_path / 'missing.db'}"
    apart = EngineApart(msgspec.structs.replace(office.runtime.settings, database_url=missing))
    try:
        for _ in range(2):
            with pytest.raises(FollowingFailed, match="plimsoll migrate"):
                apart.catch_up()
    finally:
        apart.close()


def test_a_signal_for_the_whole_group_means_its_parent(apart: EngineApart) -> None:
    apart.catch_up()
    process = apart.pid
    assert process is not None

    os.kill(process, signal.SIGINT)
    os.kill(process, signal.SIGTERM)

    assert 0 == apart.catch_up()
    assert process == apart.pid


def test_once_closed_it_is_gone_and_stays_so(apart: EngineApart) -> None:
    apart.catch_up()
    process = apart.pid
    assert process is not None

    apart.close()
    apart.close()

    assert not alive(process)
    with pytest.raises(FollowingFailed, match="was ended"):
        apart.catch_up()


def test_it_ends_with_a_parent_that_is_killed(office: Office) -> None:
    parent = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            PARENT,
            msgspec.json.encode(office.runtime.settings).decode(),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()

    assert until(lambda: not alive(child))
