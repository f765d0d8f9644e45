"""Where SQLite's views are: in a file beside the log's, which may be lost, late or another log's."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.storage.file_locks import writer_lock
from projections.database.database import Database, DatabaseUnavailable
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def list_tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_log_and_views_are_two_files(sqlite_url: str) -> None:
    path = path_of(sqlite_url)

    assert {"stored_events", "ledger_head", "ledger_keys"} <= list_tables(path)
    assert {"goals", "projection_checkpoints"} <= list_tables(Path(f"{path}-views"))
    assert not list_tables(path) & list_tables(Path(f"{path}-views"))


def test_whoever_writes_views_holds_up_nobody_who_writes_the_log(sqlite_url: str) -> None:
    with Runtime.open(Settings(database_url=sqlite_url)) as runtime, runtime.database.transaction() as transaction:
        transaction.execute("DELETE FROM members")

        founded = create_organisation(runtime, "acme", steward="stella")

        assert not writer_lock(str(path_of(sqlite_url))).locked()
    assert founded.api_key


def test_views_that_an_older_version_kept_in_the_log_s_file_are_followed_anew_beside_it(sqlite_url: str) -> None:
    # given a database as it was before
    path, settings = path_of(sqlite_url), Settings(database_url=sqlite_url)
    with Runtime.open(settings) as runtime:
        create_organisation(runtime, "acme", steward="stella")
        head = runtime.ledger.head()
    views = Path(f"{path}-views")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS views", (str(views),))
        told = connection.execute(
            "SELECT sql FROM views.sqlite_master WHERE type = 'table' AND sql LIKE '%'"
        ).fetchall()
        connection.execute("DETACH views")
        for (statement,) in told:
            connection.execute(statement)
        connection.execute("DELETE FROM ledger_migrations WHERE number = 3")
    for part in ("", "-wal", "-shm"):
        Path(f"{views}{part}").unlink(missing_ok=True)
    assert "goals" in list_tables(path)

    # when
    assert [3] == migrate(settings).applied

    # then
    assert not {"goals", "members", "projection_checkpoints", "projection_held"} & list_tables(path)
    with Runtime.open(settings) as runtime:
        runtime.engine.catch_up()
        assert head == runtime.engine.position() == runtime.ledger.head()
        assert [] == runtime.engine.verify()


def test_views_that_were_lost_are_said_to_be_and_made_again(sqlite_url: str) -> None:
    settings = Settings(database_url=sqlite_url)
    Path(f"{path_of(sqlite_url)}-views").unlink()

    with Runtime.open(settings) as runtime:
        # Facts do not need them.
        create_organisation(runtime, "acme", steward="stella")
        with pytest.raises(DatabaseUnavailable, match="run `plimsoll migrate`"):
            runtime.engine.catch_up()

        assert [] == migrate(settings).applied

        assert runtime.ledger.head() == runtime.engine.catch_up()


def test_views_beside_an_older_copy_of_the_log_are_begun_anew(sqlite_url: str, tmp_path: Path) -> None:
    # given a copy, and views of what was recorded since
    path, settings = path_of(sqlite_url), Settings(database_url=sqlite_url)
    copy = tmp_path / "copy.db"
    shutil.copyfile(path, copy)
    with Runtime.open(settings) as runtime:
        create_organisation(runtime, "acme", steward="stella")
        runtime.engine.catch_up()
    shutil.copyfile(copy, path)

    # when
    migrate(settings)

    # then
    with Runtime.open(settings) as runtime:
        assert (0, 0) == (runtime.engine.position(), runtime.ledger.head())
        assert [] == runtime.database.query("SELECT 1 AS one FROM members")


def test_the_views_of_a_database_are_found_by_its_url(sqlite_url: str) -> None:
    with closing(Database.open(sqlite_url)) as database, database.transaction() as transaction:
        transaction.execute("DELETE FROM goals")

    assert Path(f"{path_of(sqlite_url)}-views").exists()
