"""The test servers themselves: fresh, private, gone afterwards."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis

import tests.servers
from services.runtime import migrate
from services.settings import Settings
from tests.servers import PostgresServer, ServerUnavailableError, redis_server


def list_tables(url: str) -> list[str]:
    if url.startswith("sqlite:///"):
        # The views are in a file of their own.
        parts = [path for end in ("", "-views") if (path := Path(url.removeprefix("sqlite:///") + end)).exists()]
        return [name for path in parts for name in _list_sqlite_tables(path)]
    with psycopg.connect(url) as session:
        return [
            name
            for (name,) in session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        ]


def _list_sqlite_tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]


def leave_a_table_behind(url: str) -> None:
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("CREATE TABLE leftover (id integer)")
    else:
        with psycopg.connect(url) as session:
            session.execute("CREATE TABLE leftover (id integer)")


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_gets_an_empty_database_that_asks_for_one(empty_url: str, round_: int) -> None:
    assert [] == list_tables(empty_url)

    leave_a_table_behind(empty_url)

    assert ["leftover"] == list_tables(empty_url)


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_gets_a_migrated_database_that_nobody_wrote_to(database_url: str, round_: int) -> None:
    before = list_tables(database_url)

    leave_a_table_behind(database_url)

    assert {"goals", "ledger_migrations", "projection_checkpoints"} < set(before)
    assert "leftover" not in before
    assert [] == migrate(Settings(database_url=database_url)).applied


def test_a_database_is_a_copy_of_its_template(start_postgres: Callable[[], PostgresServer]) -> None:
    server = start_postgres()
    template = server.create_database()
    leave_a_table_behind(server.url(template))

    copy = server.create_database(template)

    assert ["leftover"] == list_tables(server.url(copy))
    server.drop_database(copy)
    server.drop_database(template)


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_gets_an_empty_redis(redis_url: str, round_: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert 0 == client.dbsize()

        client.set("leftover", "1")


def test_a_server_ends_with_its_context(start_redis: Callable[[], str]) -> None:
    start_redis()  # skips here, or fails on CI, where Redis is absent
    with redis_server() as url:
        with redis.Redis.from_url(url) as client:
            assert client.ping()

    with pytest.raises(redis.exceptions.ConnectionError), redis.Redis.from_url(url) as client:
        client.ping()


def test_memory_that_a_killed_run_held_is_given_back_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    left, young = tmp_path / "plimsoll-left", tmp_path / "plimsoll-young"
    left.mkdir()
    young.mkdir()
    long_ago = time.time() - 3600
    with tests.servers._private_directory("plimsoll-", within=tmp_path) as used:
        for old in (left, used):
            os.utime(old, (long_ago, long_ago))

        with tests.servers._private_directory("plimsoll-", within=tmp_path) as other:
            assert {young, used, other} == set(tmp_path.iterdir())


def test_an_absent_server_skips_on_a_laptop_and_fails_on_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytester.makeini("[pytest]\n")
    pytester.makeconftest(Path(tests.servers.__file__).with_name("conftest.py").read_text())
    pytester.makepyfile("def test_needs_redis(redis_url): pass")
    monkeypatch.setenv("PATH", str(tmp_path))

    monkeypatch.delenv("CI", raising=False)
    pytester.runpytest_inprocess().assert_outcomes(skipped=1)

    monkeypatch.setenv("CI", "true")
    pytester.runpytest_inprocess().assert_outcomes(errors=1)


def test_properties_are_tried_alike_on_a_laptop_and_on_ci_with_a_seed_that_each_run_draws_and_says(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\naddopts = -p no:faker -p no:schemathesis\n")
    pytester.makeconftest(Path(tests.servers.__file__).with_name("conftest.py").read_text())
    pytester.makepyfile(_DRAWS)
    monkeypatch.setenv("PYTHONPATH", str(Path(tests.servers.__file__).parents[1]))

    def drawn(*options: str) -> tuple[str, str]:
        """The option that tries the same again, and what was drawn."""
        run = pytester.runpytest_subprocess(*options)
        run.assert_outcomes(passed=1)
        said = next(line for line in run.outlines if line.startswith("properties: "))
        return said.removeprefix("properties: "), (pytester.path / "drawn").read_text()

    monkeypatch.delenv("CI", raising=False)
    shared_with_processes = drawn("-n", "1")
    monkeypatch.setenv("CI", "true")
    again, another = drawn(shared_with_processes[0]), drawn()

    assert shared_with_processes == again
    assert another[0] != again[0]
    assert another[1] != again[1]


_DRAWS = """
from pathlib import Path

from hypothesis import given, settings, strategies

seen = []


@given(strategies.integers())
def test_property(number):
    seen.append(number)
    now = settings()
    Path("drawn").write_text(f"{seen} {now.database} {now.print_blob} {now.deadline} {now.suppress_health_check}")
"""


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho 'no room on this machine' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(ServerUnavailableError, match="no room on this machine"), redis_server():
        pass
