"""Each role of PostgreSQL can do its work, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from psycopg import sql

from ledger.errors import LedgerMisconfigured
from ledger.storage.access import LOG_RIGHTS, ORGANISATION_PARAMETER, VIEW_RIGHTS, DatabaseRole
from projections.catalogue import PROJECTIONS
from projections.database.database import Database, WriteRefused
from projections.engine.checkpoints import BOOKKEEPING_TABLES
from projections.marts.snapshots import TABLES as SNAPSHOT_TABLES
from services.api.app import ROUTES
from services.cli import main
from services.database_roles import create_roles
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.api.app_under_test import create_members, open_client
from tests.servers import PostgresServer

VIEWS = frozenset(table.name for projection in PROJECTIONS for table in projection.tables)
VIEWS |= {table.name for table in SNAPSHOT_TABLES}
SHARED_VIEWS = frozenset(table.name for table in BOOKKEEPING_TABLES)
REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
GOAL = {
    "do": "offer",
    "ref": "books",
    "title": "Close the books",
    "owner": "ana",
    "sponsor": "sam",
    "team": "core",
    "terms": {"conditions": ["two closes in a row"], "due": "2030-03-27", "effort_hours": 40},
    "reason": {"code": "new_need", "text": "the audit asks for it"},
}
#: Roles are the cluster's: each test has its own.
_numbers = count()


def change_role(url: str, role: str) -> str:
    return url.replace("//postgres@", f"//{role}@")


class Roles(msgspec.Struct):
    """A database whose roles are there; `of` is the URL of one."""

    admin: str
    prefix: str

    def of(self, purpose: DatabaseRole) -> str:
        return change_role(self.admin, purpose.name_with(self.prefix))

    @property
    def api(self) -> Settings:
        return Settings(database_url=self.of(DatabaseRole.WRITE), views_database_url=self.of(DatabaseRole.READ))

    @property
    def worker(self) -> Settings:
        return Settings(database_url=self.of(DatabaseRole.WRITE), views_database_url=self.of(DatabaseRole.PROJECT))


class Served(msgspec.Struct):
    """Two organisations: their keys by member, and their ids."""

    roles: Roles
    keys: dict[str, dict[str, str]]
    organisations: dict[str, UUID]


@contextmanager
def roles_on(url: str) -> Iterator[Roles]:
    prefix = f"roles_{next(_numbers)}"
    create_roles(url, prefix, {})
    try:
        yield Roles(admin=url, prefix=prefix)
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            for purpose in DatabaseRole:
                role = sql.Identifier(purpose.name_with(prefix))
                connection.execute(sql.SQL("REASSIGN OWNED BY {} TO postgres").format(role))
                connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
                connection.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.fixture
def roles(postgres_url: str) -> Iterator[Roles]:
    """A database that was handed over to its roles."""
    with roles_on(postgres_url) as made:
        yield made


@pytest.fixture(scope="module")
def served(start_postgres: Callable[[], PostgresServer], postgres_template: str) -> Iterator[Served]:
    """Two organisations that were made under their roles, for tests that change nothing."""
    server = start_postgres()
    with roles_on(server.url(server.create_database(postgres_template))) as made:
        keys, organisations = serve_story(made)
        yield Served(roles=made, keys=keys, organisations=organisations)


def fetch(url: str, statement: str, *params: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), params or None)
        return cursor.fetchall() if cursor.description else []


def list_rights(roles: Roles, purpose: DatabaseRole) -> dict[str, set[str]]:
    """What one role may do with each table, as the server sees it."""
    rows = fetch(
        roles.admin,
        "SELECT tablename, kind FROM pg_tables,"
        " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS kind"
        " WHERE schemaname = 'public' AND has_table_privilege(%s, format('%%I', tablename), kind)",
        purpose.name_with(roles.prefix),
    )
    found: dict[str, set[str]] = {}
    for table, kind in rows:
        found.setdefault(table, set()).add(kind)
    return found


def test_every_table_is_granted_to_who_works_with_it_and_to_no_other(served: Served) -> None:
    roles = served.roles
    tables = {name for (name,) in fetch(roles.admin, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}

    assert {*LOG_RIGHTS, *VIEWS, *SHARED_VIEWS} == tables
    assert {table: set(rights.split(", ")) for table, rights in LOG_RIGHTS.items()} == list_rights(
        roles, DatabaseRole.WRITE
    )
    assert {table: set(VIEW_RIGHTS.split(", ")) for table in VIEWS | SHARED_VIEWS} == list_rights(
        roles, DatabaseRole.PROJECT
    )
    assert {table: {"SELECT"} for table in VIEWS | SHARED_VIEWS} == list_rights(roles, DatabaseRole.READ)


def test_nothing_changes_or_deletes_an_event(served: Served) -> None:
    roles = served.roles
    for statement in ("DELETE FROM stored_events", "UPDATE stored_events SET state = ''", "TRUNCATE stored_events"):
        for purpose in (DatabaseRole.WRITE, DatabaseRole.PROJECT, DatabaseRole.READ):
            with pytest.raises(REFUSED):
                fetch(roles.of(purpose), statement)


@pytest.mark.parametrize("purpose", [DatabaseRole.WRITE, DatabaseRole.PROJECT, DatabaseRole.READ])
def test_only_the_migrating_role_changes_the_shape(served: Served, purpose: DatabaseRole) -> None:
    roles = served.roles
    for statement in ("CREATE TABLE mine (a int)", "DROP TABLE goals", "ALTER TABLE goals DISABLE ROW LEVEL SECURITY"):
        with pytest.raises(REFUSED):
            fetch(roles.of(purpose), statement)


@pytest.mark.parametrize("purpose", [DatabaseRole.WRITE, DatabaseRole.READ])
def test_who_reads_or_writes_the_log_makes_no_temporary_tables(served: Served, purpose: DatabaseRole) -> None:
    roles = served.roles
    with pytest.raises(REFUSED):
        fetch(roles.of(purpose), "CREATE TEMPORARY TABLE mine (a int)")


def serve_story(roles: Roles) -> tuple[dict[str, dict[str, str]], dict[str, UUID]]:
    """Two organisations, made under the roles of a worker; the keys, and the organisations' ids by name."""
    with Runtime(roles.worker) as runtime:
        keys = {name: create_members(runtime, name) for name in ("acme", "rival")}
        runtime.engine.catch_up()
        principals = {name: runtime.keys.authenticate(held["stella"], runtime.clock()) for name, held in keys.items()}
    return keys, {name: who.organisation_id for name, who in principals.items() if who is not None}


def test_api_and_worker_do_all_their_work_under_their_roles(served: Served) -> None:
    roles = served.roles
    headers = {"Authorization": f"Bearer {served.keys['acme']['ana']}"}
    with Runtime(roles.api) as api, open_client(api) as client:
        offered = client.post("/v1/goals", json={**GOAL, "ref": "new"}, headers=headers)
        with Runtime(roles.worker) as worker:
            worker.engine.catch_up()
            worker.ledger.purge_idempotency_keys()
            assert [] == worker.engine.verify()
        answers = {
            path: client.get(path, headers=headers).status_code
            for path in ("/v1/goals/new", "/v1/goals", "/v1/me", "/v1/me/inbox", "/v1/reports/overload?member=ana")
        }
        ready = client.get("/readyz")

    assert 201 == offered.status_code, offered.text
    assert {200} == set(answers.values()), answers
    assert 200 == ready.status_code, ready.text


#: What stands for a parameter of a path: a value of which something is known.
PLACES = {"goal": "books", "member": "ana", "team": "core", "charter": "core", "type": "goal.offered.v1"}
#: Answers that wait, that are streams or files, or that are of the process.
APART = ("/v1/events/", "/v1/exports", "/metrics", "/readyz")


def test_each_read_answers_under_its_own_role_as_under_one_that_sees_all(served: Served) -> None:
    # given two servers on one database, at one time
    roles, now = served.roles, datetime.now(UTC) + timedelta(minutes=1)
    paths = {
        re.sub(r"{(\w+)}", lambda found: PLACES.get(found[1], "none"), route.path)
        for route in ROUTES
        if route.method == "GET" and not route.path.startswith(APART)
    }
    one_role = Settings(database_url=roles.admin)
    with Runtime(roles.worker) as worker, open_client(worker) as client:
        headers = {"Authorization": f"Bearer {served.keys['acme']['ana']}"}
        assert 201 == client.post("/v1/goals", json=GOAL, headers=headers).status_code
        worker.engine.catch_up()

    with Runtime(roles.api, clock=lambda: now) as own, Runtime(one_role, clock=lambda: now) as sole:
        with open_client(own) as ours, open_client(sole) as theirs:
            for organisation in ("acme", "rival", "acme"):
                headers = {"Authorization": f"Bearer {served.keys[organisation]['stella']}", "X-Request-Id": "same"}

                # then
                for path in sorted(paths):
                    expected, found = (client.get(path, headers=headers) for client in (theirs, ours))
                    assert (expected.status_code, expected.text) == (found.status_code, found.text), path


def test_a_view_is_built_anew_under_the_role_that_keeps_it(roles: Roles) -> None:
    serve_story(roles)
    fetch(roles.admin, "DELETE FROM members WHERE true")

    with Runtime(roles.worker) as worker:
        mended = worker.engine.rebuild()

    assert ["members"] == [difference.table for difference in mended]


def test_who_reads_sees_the_organisation_named_and_no_other(served: Served) -> None:
    roles, organisations = served.roles, served.organisations
    with psycopg.connect(roles.of(DatabaseRole.READ), autocommit=True) as connection:

        def seen(organisation: object) -> set[Any]:
            connection.execute("SELECT set_config(%s, %s, false)", [ORGANISATION_PARAMETER, str(organisation)])
            return {row[0] for row in connection.execute("SELECT organisation_id FROM members").fetchall()}

        assert [] == connection.execute("SELECT 1 FROM members").fetchall()
        assert set() == seen("")
        assert {organisations["acme"]} == seen(organisations["acme"])
        assert {organisations["rival"]} == seen(organisations["rival"])


def test_every_view_of_organisations_is_protected_row_by_row(served: Served) -> None:
    roles = served.roles
    found = fetch(
        roles.admin, "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
    )

    assert set(VIEWS) == {name for (name,) in found}


def test_a_statement_that_forgets_the_organisation_reads_one_all_the_same(served: Served) -> None:
    roles, organisations = served.roles, served.organisations
    database = Database.open(roles.of(DatabaseRole.READ), connections=1, row_security=True)
    forgetful = "SELECT DISTINCT organisation_id FROM members WHERE :organisation_id = :organisation_id"

    try:
        for organisation_id in (organisations["acme"], organisations["rival"], organisations["acme"]):
            rows = database.query(forgetful, {"organisation_id": str(organisation_id)})

            assert [str(organisation_id)] == [row.organisation_id for row in rows]
    finally:
        database.close()


def test_after_an_error_the_next_question_is_of_its_own_organisation(served: Served) -> None:
    roles, organisations = served.roles, served.organisations
    database = Database.open(roles.of(DatabaseRole.READ), connections=1, row_security=True)
    acme, rival = ({"organisation_id": str(organisations[name])} for name in ("acme", "rival"))
    sql = "SELECT DISTINCT organisation_id FROM members WHERE :organisation_id <> ''"

    try:
        database.query(sql, acme)
        with pytest.raises(WriteRefused):
            database.query("SELECT 1 / 0 WHERE :organisation_id <> ''", rival)

        assert [acme["organisation_id"]] == [row.organisation_id for row in database.query(sql, acme)]
        with pytest.raises(ValueError, match="one organisation"):
            database.query_many([(sql, acme), (sql, rival)])
    finally:
        database.close()


def test_a_view_that_is_made_anew_is_granted_and_protected_again(roles: Roles) -> None:
    fetch(roles.admin, "UPDATE projection_checkpoints SET version = version - 1 WHERE name = 'members'")

    migrate(Settings(database_url=roles.of(DatabaseRole.MIGRATE)))

    serve_story(roles)
    assert [(0,)] == fetch(roles.of(DatabaseRole.READ), "SELECT count(*) FROM members")


def test_the_tables_of_one_role_are_handed_over(postgres_url: str) -> None:
    with Runtime(Settings(database_url=postgres_url)) as runtime:
        create_members(runtime, "acme")
        events = runtime.ledger.count()

    with roles_on(postgres_url) as roles:
        migrate(Settings(database_url=roles.of(DatabaseRole.MIGRATE)))
        with Runtime(roles.worker) as worker:
            worker.engine.catch_up()

            assert events == worker.ledger.count()
        assert {roles.prefix + "_migrate"} == {
            owner for (owner,) in fetch(roles.admin, "SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")
        }


def test_a_database_that_roles_made_from_its_beginning_works_too(empty_postgres_url: str) -> None:
    with roles_on(empty_postgres_url) as roles:
        migrate(Settings(database_url=roles.of(DatabaseRole.MIGRATE)))

        assert {table: {"SELECT"} for table in VIEWS | SHARED_VIEWS} == list_rights(roles, DatabaseRole.READ)


def test_a_database_with_one_role_goes_on_as_it_did(postgres_url: str) -> None:
    migrate(Settings(database_url=postgres_url))

    assert [] == fetch(postgres_url, "SELECT relname FROM pg_class WHERE relrowsecurity")


def test_the_command_sets_passwords_from_files_and_prints_none(
    empty_postgres_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", empty_postgres_url)
    with roles_on(empty_postgres_url) as roles:
        for purpose in (DatabaseRole.WRITE, DatabaseRole.READ):
            (tmp_path / purpose.name_with(roles.prefix)).write_text(f"s3cret of {purpose}\n")

        assert 0 == main(["database", "roles", "--prefix", roles.prefix, "--passwords", str(tmp_path)])

        stored = dict(
            fetch(
                roles.admin,
                "SELECT rolname, left(rolpassword, 14) FROM pg_authid WHERE rolname LIKE %s",
                f"{roles.prefix}%",
            )
        )
    assert {
        f"{roles.prefix}_migrate": None,
        f"{roles.prefix}_write": "SCRAM-SHA-256$",
        f"{roles.prefix}_project": None,
        f"{roles.prefix}_read": "SCRAM-SHA-256$",
    } == stored
    assert "s3cret" not in capsys.readouterr().out


def test_a_role_with_too_many_rights_is_not_taken(empty_postgres_url: str) -> None:
    prefix = f"roles_{next(_numbers)}"
    fetch(empty_postgres_url, f"CREATE ROLE {prefix}_read SUPERUSER")

    try:
        with pytest.raises(LedgerMisconfigured, match="may do more than it should"):
            create_roles(empty_postgres_url, prefix, {})
    finally:
        fetch(empty_postgres_url, f"DROP ROLE {prefix}_read")


@pytest.mark.parametrize(
    ("url", "prefix", "words"),
    [("sqlite:///x.db", "plimsoll", "only PostgreSQL"), ("postgresql://h/d", "Bad; DROP", "a prefix is")],
)
def test_what_cannot_have_roles_is_refused(url: str, prefix: str, words: str) -> None:
    with pytest.raises(LedgerMisconfigured, match=words):
        create_roles(url, prefix, {})
