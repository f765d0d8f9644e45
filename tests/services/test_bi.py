"""Schema `bi`: the marts in SQL, for one organisation, and no more than was granted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from psycopg import sql

from ledger.errors import LedgerMisconfigured
from ledger.storage.access import DatabaseRole
from projections.marts.bi_views import list_tables, list_view_names
from projections.marts.columns import Mart
from projections.marts.registry import MARTS
from projections.marts.snapshots import forget_snapshots, refresh_due_snapshots, refresh_snapshots, verify_snapshots
from services import bi
from services.cli import main
from services.database_roles import create_roles
from services.exports.exporting import ExportQuery, export_mart
from services.organisations import create_organisation
from services.runtime import Runtime, migrate
from services.settings import Settings
from tests.api.app_under_test import START, TickingClock, create_members, open_client
from tests.servers import PostgresServer

_numbers = count()
#: Marts of which the story here has no row.
WITHOUT_ROWS = {
    "fact_decision",
    "fact_experiment",
    "fact_recognition",
    "fact_pulse",
    "fact_blocker",
    "dim_cycle",
    "dim_charter",
    "bridge_goal_support",
}
NO_NAMES = ['an"alyst', "an'alyst", "a b", "", "Analyst", "1a", "a" * 42, "a;drop table x", "a\nb"]
REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)


class Served(msgspec.Struct):
    """Two organisations with goals, on PostgreSQL, and a role for the first."""

    runtime: Runtime
    organisations: dict[str, UUID]
    grant: bi.NewGrant

    @property
    def url(self) -> str:
        return self.runtime.settings.database_url

    @property
    def organisation(self) -> UUID:
        return self.organisations["acme"]


def promise(client: Any, keys: dict[str, str], ref: str) -> str:
    def post(person: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post(path, json=body, headers={"Authorization": f"Bearer {keys[person]}"})
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    terms = {"conditions": ["It is read"], "due": "2026-04-10", "effort_hours": 20}
    reason = {"code": "new_need", "text": "asked for by the board"}
    body = {"do": "offer", "ref": ref, "title": f"Goal {ref}", "owner": "ana", "sponsor": "sam", "team": "core"}
    offered = post("ana", "/v1/goals", {**body, "terms": terms, "reason": reason})
    post("sam", f"/v1/goals/{offered['id']}/accept", {"answers": offered["open"]})
    post("ana", f"/v1/goals/{ref}/check-in", {"progress": 0.25, "note": "a quarter", "needs": [{"text": "a room"}]})
    change = {"changes": {"due": "2026-05-01"}, "reason": {"code": "capacity", "text": "the room is taken until then"}}
    proposed = post("ana", f"/v1/goals/{ref}/propose-change", change)
    post("sam", f"/v1/goals/{ref}/accept-change", {"answers": proposed["open"]})
    post("ana", f"/v1/goals/{ref}/propose-change", {**change, "changes": {"due": "2026-06-01"}})
    return str(offered["id"])


@pytest.fixture(scope="module")
def seeded(start_postgres: Callable[[], PostgresServer]) -> Iterator[str]:
    """A database with both organisations, to be copied."""
    server = start_postgres()
    name = server.create_database()
    settings = Settings(database_url=server.url(name))
    migrate(settings)
    clock = TickingClock()
    with Runtime(settings, clock=clock) as runtime:
        keys = {organisation: create_members(runtime, organisation) for organisation in ("acme", "rival")}
        with open_client(runtime) as client:
            for organisation in ("acme", "rival"):
                promise(client, keys[organisation], f"{organisation}-goal")
            clock.now += timedelta(days=8)
            for organisation in ("acme", "rival"):
                headers = {"Authorization": f"Bearer {keys[organisation]['ana']}"}
                assert client.post(f"/v1/goals/{organisation}-goal/affirm", json={}, headers=headers).is_success
        runtime.engine.catch_up()
        refresh_due_snapshots(runtime.database, runtime.ledger, runtime.clock())
    yield name
    server.drop_database(name)


@pytest.fixture
def served(start_postgres: Callable[[], PostgresServer], seeded: str) -> Iterator[Served]:
    server = start_postgres()
    name = server.create_database(seeded)
    url = server.url(name)
    with Runtime(Settings(database_url=url), clock=TickingClock(START + timedelta(days=9))) as runtime:
        found = runtime.database.query("SELECT organisation_id, name FROM organisations ORDER BY valid_from")
        organisations = {row.name: UUID(row.organisation_id) for row in found}
        grant = bi.grant_role(url, organisations["acme"], role=f"analyst_{next(_numbers)}", names=False)
        try:
            yield Served(runtime=runtime, organisations=organisations, grant=grant)
        finally:
            for each in bi.list_grants(url):
                bi.revoke_role(url, each.role)
    server.drop_database(name)


def as_analyst(served: Served) -> psycopg.Connection[Any]:
    return psycopg.connect(served.grant.connection, autocommit=True)


def exported(served: Served, mart: str, path: Path, **query: Any) -> list[dict[str, Any]]:
    export_mart(served.runtime, served.organisation, ExportQuery(mart=mart, **query), output=path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def plain(value: Any) -> Any:
    """A value of psycopg as NDJSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value) if isinstance(value, UUID) else value.isoformat() if isinstance(value, date) else value


# --- the views ---------------------------------------------------------------------------------------------------


def test_every_view_holds_the_rows_of_an_export(served: Served, tmp_path: Path) -> None:
    with as_analyst(served) as connection:
        for mart in MARTS.values():
            columns = [name for name in mart.column_names if name != "deleted"]
            order = ", ".join(("position", *mart.key))
            found = connection.execute(f"SELECT {', '.join(columns)} FROM bi.{mart.name} ORDER BY {order}").fetchall()

            rows = [dict(zip(columns, map(plain, row), strict=True)) for row in found]
            expected = exported(served, mart.name, tmp_path / mart.name)
            assert in_order(mart, expected) == in_order(mart, [{**row, "deleted": False} for row in rows]), mart.name
            assert rows or mart.name in WITHOUT_ROWS


def in_order(mart: Mart, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [str(row[name]) for name in ("position", *mart.key)])


def test_every_view_and_column_has_its_comment(served: Served) -> None:
    with psycopg.connect(served.url) as connection:
        found = connection.execute(
            "SELECT c.relname, a.attname, col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class')"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'bi'::regnamespace AND c.relkind = 'v' AND a.attnum > 0"
        ).fetchall()

    comments = {(view, column): comment for view, column, comment, _ in found}
    assert {*MARTS, "watermark", "freshness"} == {view for view, *_ in found}
    assert all(comments.values())
    assert all(about for *_, about in found)
    for mart in MARTS.values():
        for column in mart.columns[:-1]:
            assert (comments[mart.name, column.name] or "").startswith(column.comment)


def test_the_tables_below_have_the_comments_too(served: Served) -> None:
    with psycopg.connect(served.url) as connection:
        for name, table in list_tables().items():
            found: dict[str, str] = dict(
                connection.execute(
                    "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute"
                    " WHERE attrelid = %s::regclass AND attnum > 0",
                    (name,),
                ).fetchall()
            )
            assert {column.name: column.comment for column in table.columns} == found


def test_the_watermark_says_of_which_position_each_mart_is(served: Served) -> None:
    head = served.runtime.ledger.position(served.organisation)

    with as_analyst(served) as connection:
        marks = dict(connection.execute("SELECT mart, position FROM bi.watermark").fetchall())
        fresh = connection.execute("SELECT position, events_behind, is_current FROM bi.freshness").fetchall()

    assert dict.fromkeys(MARTS, head) == marks
    assert [(head, 0, True)] == fresh


def test_computed_marts_that_wait_for_their_refresh_say_so(served: Served) -> None:
    runtime = served.runtime
    before = runtime.ledger.position(served.organisation)
    keys = create_members(runtime, "third")
    with open_client(runtime) as client:
        promise(client, keys, "third-goal")
        promise_again(client, runtime, served)
    runtime.engine.catch_up()

    with as_analyst(served) as connection:
        late = connection.execute("SELECT position, events_behind > 0, is_current FROM bi.freshness").fetchall()
        refresh_due_snapshots(runtime.database, runtime.ledger, runtime.clock())
        [(current,)] = connection.execute("SELECT is_current FROM bi.freshness").fetchall()

    assert [(before, True, False)] == late
    assert current
    assert [] == verify_snapshots(runtime.database, runtime.ledger, runtime.clock())


def promise_again(client: Any, runtime: Runtime, served: Served) -> None:
    person = runtime.database.query(
        "SELECT stream_id FROM members WHERE organisation_id = :organisation_id AND ref = 'ana' LIMIT 1",
        {"organisation_id": str(served.organisation)},
    )[0]
    key = runtime.keys.create(served.organisation, UUID(person.stream_id), ("read", "act"), name="again")
    answer = client.post(
        "/v1/goals/acme-goal/check-in", json={"note": "more"}, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.is_success, answer.text


def test_kept_rows_that_are_not_those_of_the_views_are_found(served: Served) -> None:
    runtime = served.runtime
    with runtime.database.transaction() as transaction:
        transaction.execute("DELETE FROM mart_dim_date WHERE date = '2026-03-02' AND month = 3")

    [found, *more] = verify_snapshots(runtime.database, runtime.ledger, runtime.clock())

    assert ("dim_date", 1, 0) == (found.mart, found.missing, found.surplus)
    assert {"dim_date"} >= {each.mart for each in more}


def test_a_second_refresh_writes_nothing(served: Served) -> None:
    runtime = served.runtime

    assert 0 == refresh_snapshots(runtime.database, runtime.ledger, served.organisation, runtime.clock())


def test_migrating_again_keeps_the_views_and_their_readers(served: Served) -> None:
    assert "current" == migrate(Settings(database_url=served.url)).bi

    with psycopg.connect(served.url, autocommit=True) as connection:
        connection.execute("COMMENT ON SCHEMA bi IS 'of another version'")
    assert "made anew" == migrate(Settings(database_url=served.url)).bi

    assert all(finding.ok for finding in bi.check_grants(served.url))


def test_a_view_of_another_version_is_built_anew_below_the_views(served: Served) -> None:
    with psycopg.connect(served.url, autocommit=True) as connection:
        connection.execute("UPDATE projection_checkpoints SET version = 0 WHERE name = 'marts'")

    changed = migrate(Settings(database_url=served.url))
    served.runtime.engine.catch_up()

    assert (["marts"], "made anew") == (changed.views, changed.bi)
    with as_analyst(served) as connection:
        assert 1 == connection.execute("SELECT count(*) FROM bi.dim_goal WHERE is_current").fetchall()[0][0]


# --- what a role may -----------------------------------------------------------------------------------------------


def test_a_role_reads_one_organisation_whatever_it_sets(served: Served) -> None:
    ours = {(served.organisation,)}

    with as_analyst(served) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"SET plimsoll.organisation_id = '{served.organisations['rival']}'")
        for view in list_view_names():
            found = set(connection.execute(f"SELECT organisation_id FROM bi.{view}").fetchall())
            assert found <= ours, view
        for table in list_tables():
            assert set(connection.execute(f"SELECT organisation_id FROM public.{table}").fetchall()) <= ours, table


DENIED = (
    "SELECT * FROM public.stored_events",
    "SELECT * FROM public.history",
    "SELECT * FROM public.goals",
    "SELECT * FROM public.ledger_keys",
    "SELECT * FROM bi.grants",
    "INSERT INTO public.mart_dim_date (organisation_id) VALUES (gen_random_uuid())",
    "UPDATE public.mart_fact_goal_event SET state = 'x'",
    "DELETE FROM public.mart_dim_goal",
    "CREATE TABLE bi.mine (x int)",
    "CREATE TABLE public.mine (x int)",
    "SET ROLE postgres",
    "COPY public.mart_dim_goal TO PROGRAM 'cat'",
)


def test_a_role_does_nothing_else(served: Served) -> None:
    with as_analyst(served) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for statement in DENIED:
            with pytest.raises(REFUSED):
                connection.execute(statement)


def test_names_are_shown_to_a_role_that_was_granted_them(served: Served) -> None:
    named = bi.grant_role(served.url, served.organisation, role=f"names_{next(_numbers)}", names=True)

    with as_analyst(served) as connection:
        assert [(0,)] == connection.execute("SELECT count(coalesce(name, ref)) FROM bi.dim_member").fetchall()
        assert [] == connection.execute("SELECT * FROM public.mart_dim_member_identity").fetchall()
    with psycopg.connect(named.connection) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM bi.dim_member")}
    assert {"Ana", "Sam"} <= found
    assert all(finding.ok for finding in bi.check_grants(served.url))


# --- a schema of one's own ------------------------------------------------------------------------------------------


def test_a_role_makes_tables_in_its_own_schema_alone(served: Served) -> None:
    role, schema = f"dbt_{next(_numbers)}", f"answers_{next(_numbers)}"
    grant = bi.grant_role(served.url, served.organisation, role=role, names=False, own_schema=schema)

    with psycopg.connect(grant.connection, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {schema}.mine AS SELECT * FROM bi.fact_delivery".encode())
        for statement in DENIED:
            with pytest.raises(REFUSED):
                connection.execute(statement)
    findings = bi.check_grants(served.url)
    assert all(finding.ok for finding in findings), findings
    with as_analyst(served) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"SELECT * FROM {schema}.mine".encode())
    rotated = bi.grant_role(served.url, served.organisation, role=role, names=False, rotate=True)
    assert schema == rotated.own_schema
    with pytest.raises(LedgerMisconfigured, match="has a schema already"):
        bi.grant_role(served.url, served.organisation, role=role, names=False, rotate=True, own_schema=f"{schema}_2")

    bi.revoke_role(served.url, role)
    with psycopg.connect(served.url) as connection:
        assert [] == connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchall()


def test_a_right_on_another_schema_is_found(served: Served) -> None:
    role = f"dbt_{next(_numbers)}"
    bi.grant_role(served.url, served.organisation, role=role, names=False, own_schema=f"s_{role}")
    with psycopg.connect(served.url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA o_{role}; GRANT CREATE ON SCHEMA o_{role} TO {role}".encode())

    wrong = [finding for finding in bi.check_grants(served.url) if not finding.ok]

    assert [(role, "schemas and functions")] == [(finding.role, finding.what) for finding in wrong]


@pytest.mark.parametrize("schema", ["public", "bi", "pg_mine", 'a"b', "Answers", "x;drop"])
def test_a_schema_that_is_there_or_is_no_name_is_refused(served: Served, schema: str) -> None:
    with pytest.raises(LedgerMisconfigured, match="schema"):
        bi.grant_role(served.url, served.organisation, role="dbt_refused", names=False, own_schema=schema)

    assert [served.grant.role] == [grant.role for grant in bi.list_grants(served.url)]


def test_a_table_of_grants_of_an_older_version_gets_the_column(served: Served) -> None:
    with psycopg.connect(served.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE bi.grants DROP COLUMN own_schema")
        connection.execute("COMMENT ON SCHEMA bi IS 'of an older version'")
    assert [None] == [grant.own_schema for grant in bi.list_grants(served.url)]

    assert "made anew" == migrate(Settings(database_url=served.url)).bi

    assert all(finding.ok for finding in bi.check_grants(served.url))


# --- granting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "role", ['an"alyst', "an'alyst", "a b", "", "Analyst", "1a", "a" * 42, "a;drop table x", "a\nb"]
)
def test_a_name_that_is_none_is_refused(served: Served, role: str) -> None:
    with pytest.raises(LedgerMisconfigured, match="lower-case letter"):
        bi.grant_role(served.url, served.organisation, role=role, names=False)

    assert [served.grant.role] == [grant.role for grant in bi.list_grants(served.url)]


def test_a_role_that_is_there_is_not_taken_over(served: Served) -> None:
    other = f"other_{next(_numbers)}"
    with psycopg.connect(served.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(other)))
    try:
        for role, organisation, words in (
            (other, "acme", "not one of these"),
            (served.grant.role, "acme", "--rotate"),
            (served.grant.role, "rival", "another organisation"),
        ):
            with pytest.raises(LedgerMisconfigured, match=words):
                bi.grant_role(served.url, served.organisations[organisation], role=role, names=False)
    finally:
        with psycopg.connect(served.url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(other)))


def test_rotating_gives_another_password_and_the_same_rights(served: Served) -> None:
    again = bi.grant_role(served.url, served.organisation, role=served.grant.role, names=False, rotate=True)

    assert again.connection != served.grant.connection
    assert all(finding.ok for finding in bi.check_grants(served.url))


def test_before_a_migration_nothing_is_granted(empty_postgres_url: str) -> None:
    with pytest.raises(LedgerMisconfigured, match="plimsoll migrate"):
        bi.grant_role(empty_postgres_url, UUID(int=1), role="early", names=False)


def test_with_a_role_for_each_part_the_worker_refreshes_and_analysts_read(served: Served) -> None:
    prefix = f"parts_{next(_numbers)}"
    create_roles(served.url, prefix, {})
    urls = {purpose: served.url.replace("//postgres@", f"//{purpose.name_with(prefix)}@") for purpose in DatabaseRole}
    try:
        with psycopg.connect(served.url, autocommit=True) as connection:
            connection.execute("COMMENT ON SCHEMA bi IS 'of another version'")
        assert "made anew" == migrate(Settings(database_url=urls[DatabaseRole.MIGRATE])).bi
        settings = Settings(database_url=urls[DatabaseRole.WRITE], views_database_url=urls[DatabaseRole.PROJECT])
        with Runtime(settings, clock=served.runtime.clock) as worker:
            forget_snapshots(worker.database)
            assert refresh_due_snapshots(worker.database, worker.ledger, worker.clock())

        assert all(finding.ok for finding in bi.check_grants(served.url))
        with as_analyst(served) as connection:
            assert connection.execute("SELECT count(*) FROM fact_load_week").fetchall() > [(0,)]
            assert [(True,)] == connection.execute("SELECT is_current FROM freshness").fetchall()
    finally:
        with psycopg.connect(served.url, autocommit=True) as connection:
            for purpose in DatabaseRole:
                role = sql.Identifier(purpose.name_with(prefix))
                connection.execute(sql.SQL("REASSIGN OWNED BY {} TO postgres").format(role))
                connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
                connection.execute(sql.SQL("DROP ROLE {}").format(role))


# --- checking ----------------------------------------------------------------------------------------------------


#: What somebody does, how it is undone, and the finding that says so.
BREAKS = (
    ("GRANT SELECT ON stored_events TO {role}", "REVOKE SELECT ON stored_events FROM {role}", "tables and views"),
    ("GRANT SELECT (position) ON history TO {role}", "REVOKE ALL ON history FROM {role}", "tables and views"),
    ("GRANT UPDATE ON mart_dim_goal TO {role}", "REVOKE UPDATE ON mart_dim_goal FROM {role}", "tables and views"),
    ("REVOKE SELECT ON bi.dim_goal FROM {role}", "GRANT SELECT ON bi.dim_goal TO {role}", "tables and views"),
    ("GRANT CREATE ON SCHEMA bi TO {role}", "REVOKE CREATE ON SCHEMA bi FROM {role}", "schemas and functions"),
    ("ALTER ROLE {role} BYPASSRLS", "ALTER ROLE {role} NOBYPASSRLS", "attributes"),
    ("GRANT pg_monitor TO {role}", "REVOKE pg_monitor FROM {role}", "memberships"),
    (
        "CREATE POLICY wide ON mart_dim_goal FOR SELECT TO PUBLIC USING (true)",
        "DROP POLICY wide ON mart_dim_goal",
        "row security",
    ),
    (
        "CREATE POLICY wide ON mart_dim_member_identity FOR SELECT TO {role} USING (true)",
        "DROP POLICY wide ON mart_dim_member_identity",
        "names",
    ),
    (
        "ALTER TABLE mart_dim_goal DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE mart_dim_goal ENABLE ROW LEVEL SECURITY",
        "rows",
    ),
)


def test_what_was_granted_beyond_is_found(served: Served) -> None:
    for statement, undo, finding in BREAKS:
        assert all(each.ok for each in bi.check_grants(served.url))
        with psycopg.connect(served.url, autocommit=True) as connection:
            connection.execute(statement.format(role=served.grant.role))

            assert finding in {each.what for each in bi.check_grants(served.url) if not each.ok}, statement
            connection.execute(undo.format(role=served.grant.role))


# --- the command line ---------------------------------------------------------------------------------------------


def test_a_role_is_granted_listed_checked_and_revoked_from_the_command_line(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", served.url)
    role = f"bi_{next(_numbers)}"

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["bi", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    code, out, _ = run("grant", "--organisation", "acme", "--role", role, "--json")
    connection = json.loads(out)["connection"]
    assert (0, True) == (code, connection.startswith(f"postgresql://{role}:"))
    with psycopg.connect(connection) as analyst:
        assert 1 == len(analyst.execute("SELECT * FROM dim_goal WHERE is_current").fetchall())
    assert role in run("list")[1]
    code, out, _ = run("check", "--json")
    assert (0, True) == (code, all(finding["ok"] for finding in json.loads(out)))
    code, out, err = run("grant", "--organisation", "acme", "--role", 'x"y')
    assert (1, "", True) == (code, out, "lower-case letter" in err)
    assert 0 == run("revoke", role)[0]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(connection)
    code, _, err = run("revoke", role)
    assert (1, True) == (code, "was granted" in err)


def test_on_sqlite_there_is_no_schema_and_the_words_say_so(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate(Settings(database_url=sqlite_url)).bi.startswith("none: SQLite")
    with Runtime(Settings(database_url=sqlite_url)) as runtime:
        create_organisation(runtime, "acme", steward="stella")
        runtime.engine.catch_up()
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", sqlite_url)

    assert 1 == main(["bi", "grant"])
    assert "only PostgreSQL" in capsys.readouterr().err
