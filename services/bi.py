"""Schema `bi` of PostgreSQL: its views, the roles that read it, and the proof that they read no more.

The views are made by every migration. A role is of one organisation: the row security of the tables says so, in a
policy that holds the organisation itself, so that nothing the role sets in its session changes it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

import msgspec

from ledger.errors import LedgerMisconfigured
from ledger.storage.access import (
    RowPolicy,
    enable_row_security,
    fixed_policy,
    grant_exactly,
    quote_literal,
    quote_name,
)
from ledger.storage.opening import encode_password, open_migration_session
from ledger.storage.protocol import MigrationSession
from projections.marts.bi_views import (
    GRANTS,
    NAMES_TABLES,
    SCHEMA,
    definition_digest,
    list_statements,
    list_tables,
    list_view_names,
)

#: Lower case, so that a name needs no quotes in a URL or in psql; short enough for a policy's name.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_NAME_WORDS = "a lower-case letter, then letters, digits and underscores, at most 41"
_PASSWORD_BYTES = 24
#: A forgotten question must not hold up a migration for ever.
_STATEMENT_TIMEOUT = "15min"
_MAX_CONNECTIONS = 20
_NOTE = "Plimsoll's marts, for reading with SQL; see docs/bi.md. Definition "


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role that reads one organisation's marts."""

    role: str
    organisation_id: UUID
    names: bool
    #: In which it may make tables of its own; None: it may only read.
    own_schema: str | None = None


class NewGrant(Grant, frozen=True, kw_only=True):
    """The same as it was made: shown once."""

    #: With the password, which is kept nowhere else.
    connection: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at of one role."""

    role: str
    what: str
    ok: bool
    detail: str


# --- the views ---------------------------------------------------------------------------------------------------


def is_postgresql(database_url: str) -> bool:
    """Whether there are schemas and roles at all."""
    return database_url.startswith(("postgresql://", "postgres://"))


def drop_outdated_views(database_url: str, *, tables_change: bool) -> None:
    """Take the views away before the tables below them change; who reads them waits, or is refused, for that long."""
    if not is_postgresql(database_url):
        return
    with open_migration_session(database_url) as session:
        if _has_schema(session) and (tables_change or not _is_current(session)):
            for view in reversed(list_view_names()):
                session.execute(f"DROP VIEW IF EXISTS {SCHEMA}.{view}")
            session.execute(f"COMMENT ON SCHEMA {SCHEMA} IS NULL")


def create_views(database_url: str) -> str:
    """Make the views that are missing and grant their readers what they had; what came of it, in a word or two."""
    if not is_postgresql(database_url):
        return "none: SQLite has no schemas"
    with open_migration_session(database_url) as session:
        if not _has_schema(session):
            if not session.fetch("SELECT has_database_privilege(current_database(), 'CREATE')")[0][0]:
                return "none: this database user may not create schemas"
            session.execute(f"CREATE SCHEMA {SCHEMA}")
        if _is_current(session):
            return "current"
        for view in reversed(list_view_names()):
            session.execute(f"DROP VIEW IF EXISTS {SCHEMA}.{view}")
        for statement in list_statements(_tables_schema(session)):
            session.execute(statement)
        session.execute(f"COMMENT ON SCHEMA {SCHEMA} IS {quote_literal(_NOTE + definition_digest())}")
        for grant in _list_grants(session):
            _give_rights(session, grant)
        return "made anew"


def _has_schema(session: MigrationSession) -> bool:
    return bool(session.fetch(f"SELECT 1 FROM pg_namespace WHERE nspname = '{SCHEMA}'"))


def _is_current(session: MigrationSession) -> bool:
    found = session.fetch(f"SELECT obj_description('{SCHEMA}'::regnamespace, 'pg_namespace')")[0][0]
    return bool(found == _NOTE + definition_digest())


def _tables_schema(session: MigrationSession) -> str:
    return quote_name(str(session.fetch("SELECT current_schema()")[0][0]))


# --- roles -------------------------------------------------------------------------------------------------------


def grant_role(  # noqa: PLR0913 - one for each option of the command
    database_url: str,
    organisation_id: UUID,
    *,
    role: str,
    names: bool,
    rotate: bool = False,
    own_schema: str | None = None,
) -> NewGrant:
    """Create a role that reads one organisation's marts; `rotate`: give one that there is another password.

    `own_schema`: made for the role, which may make tables there and nowhere else. The URL's user must be allowed to
    create roles. Raises `LedgerMisconfigured` for SQLite, for an invalid name, for a role or a schema that there is
    already, and before `plimsoll migrate`.
    """
    if not is_postgresql(database_url):
        raise LedgerMisconfigured("only PostgreSQL has roles: export the marts of a SQLite store")
    if not _NAME.fullmatch(role):
        raise LedgerMisconfigured(f"a role is {_NAME_WORDS}")
    if own_schema is not None and (not _NAME.fullmatch(own_schema) or own_schema.startswith("pg_")):
        raise LedgerMisconfigured(f"a schema is {_NAME_WORDS}, and does not begin with pg_")
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    grant = Grant(role=role, organisation_id=organisation_id, names=names, own_schema=own_schema)
    with open_migration_session(database_url) as session:
        _require_views(session)
        is_new = _require_place_for(session, grant, rotate=rotate)
        if is_new and not session.fetch(_MAY_CREATE_ROLES)[0][0]:
            raise LedgerMisconfigured("this database user may not create roles: call it with an administrator's URL")
        grant = _with_own_schema(session, grant)
        _write_role(session, role, password, is_new=is_new)
        _write_grant(session, grant)
        _set_up(session, grant)
        _give_rights(session, grant)
    connection = _build_url(database_url, role, password)
    return NewGrant(**msgspec.structs.asdict(grant), connection=connection)


def _write_role(session: MigrationSession, role: str, password: str, *, is_new: bool) -> None:
    verifier = quote_literal(encode_password(role, password, session))
    if is_new:
        session.execute(
            f"CREATE ROLE {quote_name(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT"
            f" CONNECTION LIMIT {_MAX_CONNECTIONS} PASSWORD {verifier}"
        )
    else:
        session.execute(f"ALTER ROLE {quote_name(role)} PASSWORD {verifier}")


def _write_grant(session: MigrationSession, grant: Grant) -> None:
    role, schema = quote_literal(grant.role), "NULL" if grant.own_schema is None else quote_literal(grant.own_schema)
    session.execute(f"DELETE FROM {GRANTS} WHERE role = {role}")
    session.execute(
        f"INSERT INTO {GRANTS} (role, organisation_id, names, own_schema)"
        f" VALUES ({role}, '{grant.organisation_id}', {grant.names}, {schema})"
    )


_MAY_CREATE_ROLES = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"


def _require_views(session: MigrationSession) -> None:
    if not _has_schema(session) or not _is_current(session):
        raise LedgerMisconfigured("schema bi is missing or of another version: run `plimsoll migrate`")


def _require_place_for(session: MigrationSession, grant: Grant, *, rotate: bool) -> bool:
    """Whether the role is new; raises where it is there and is not ours to change."""
    there = bool(session.fetch(f"SELECT 1 FROM pg_roles WHERE rolname = {quote_literal(grant.role)}"))
    known = next((each for each in _list_grants(session) if each.role == grant.role), None)
    if not there:
        return True
    if known is None:
        raise LedgerMisconfigured(f"the role {grant.role} exists already, and is not one of these: choose another name")
    if known.organisation_id != grant.organisation_id:
        raise LedgerMisconfigured(f"the role {grant.role} reads another organisation: choose another name")
    if not rotate:
        raise LedgerMisconfigured(f"the role {grant.role} exists already: --rotate gives it a new password")
    return False


def revoke_role(database_url: str, role: str) -> None:
    """Drop a role that was granted here. Raises `LedgerMisconfigured` for any other."""
    if not is_postgresql(database_url):
        raise LedgerMisconfigured("only PostgreSQL has roles")
    with open_migration_session(database_url) as session:
        known = [grant.role for grant in _list_grants(session)] if _has_schema(session) else []
        if role not in known:
            raise LedgerMisconfigured(f"no role {role!r} was granted; there are: {', '.join(known) or 'none'}")
        session.execute(f"DROP OWNED BY {quote_name(role)}")
        for schema in (grant.own_schema for grant in _list_grants(session) if grant.role == role):
            # What others made there stays, and keeps it.
            if schema is not None and not session.fetch(_RELATIONS_OF.format(schema=quote_literal(schema))):
                session.execute(f"DROP SCHEMA IF EXISTS {quote_name(schema)}")
        session.execute(f"DROP ROLE {quote_name(role)}")
        session.execute(f"DELETE FROM {GRANTS} WHERE role = {quote_literal(role)}")


def list_grants(database_url: str) -> list[Grant]:
    """The roles that were granted, by name."""
    if not is_postgresql(database_url):
        return []
    with open_migration_session(database_url) as session:
        return _list_grants(session) if _has_schema(session) else []


def _list_grants(session: MigrationSession) -> list[Grant]:
    if session.fetch(f"SELECT to_regclass('{GRANTS}')")[0][0] is None:
        return []
    # A row as JSON: the table of a store that is not migrated yet has fewer columns.
    rows = session.fetch(f"SELECT to_jsonb(g)::text FROM {GRANTS} g ORDER BY role")
    return [msgspec.json.decode(row[0], type=Grant) for row in rows]


_RELATIONS_OF = "SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace({schema}) LIMIT 1"


def _with_own_schema(session: MigrationSession, grant: Grant) -> Grant:
    """The grant with the schema that the role has already, or with the one asked for, which is made.

    Raises where the schema is there and is not the role's, or the role has another one.
    """
    had = next((each.own_schema for each in _list_grants(session) if each.role == grant.role), None)
    if grant.own_schema in (None, had):
        # Another password changes nothing else.
        return msgspec.structs.replace(grant, own_schema=had)
    if had is not None:
        raise LedgerMisconfigured(f"the role {grant.role} has a schema already: {had}")
    if session.fetch(f"SELECT 1 FROM pg_namespace WHERE nspname = {quote_literal(str(grant.own_schema))}"):
        raise LedgerMisconfigured(f"the schema {grant.own_schema} exists already: choose another name")
    if not session.fetch("SELECT has_database_privilege(current_database(), 'CREATE')")[0][0]:
        raise LedgerMisconfigured("this database user may not create schemas: call it with an administrator's URL")
    session.execute(f"CREATE SCHEMA {quote_name(str(grant.own_schema))}")
    return grant


def _set_up(session: MigrationSession, grant: Grant) -> None:
    """What an administrator gives the role, and what outlives every migration."""
    database, name = quote_name(session.fetch("SELECT current_database()")[0][0]), quote_name(grant.role)
    session.execute(f"GRANT CONNECT ON DATABASE {database} TO {name}")
    session.execute(f"GRANT USAGE ON SCHEMA {SCHEMA}, {_tables_schema(session)} TO {name}")
    if grant.own_schema is not None:
        session.execute(f"GRANT USAGE, CREATE ON SCHEMA {quote_name(grant.own_schema)} TO {name}")
    for parameter, value in (
        ("default_transaction_read_only", "on" if grant.own_schema is None else "off"),
        ("search_path", SCHEMA),
        ("statement_timeout", _STATEMENT_TIMEOUT),
    ):
        session.execute(f"ALTER ROLE {name} IN DATABASE {database} SET {parameter} = {quote_literal(value)}")


def _give_rights(session: MigrationSession, grant: Grant) -> None:
    """What the role may read, and which rows it sees; a role that somebody dropped is left out."""
    if not session.fetch(f"SELECT 1 FROM pg_roles WHERE rolname = {quote_literal(grant.role)}"):
        return
    for view in list_view_names():
        for statement in grant_exactly("SELECT", f"{SCHEMA}.{view}", grant.role):
            session.execute(statement)
    for table in list_tables().values():
        for statement in grant_exactly("SELECT", table.name, grant.role):
            session.execute(statement)
        session.execute(enable_row_security(table.name))
        policy = fixed_policy(table.name, grant.role, grant.organisation_id)
        session.execute(f"DROP POLICY IF EXISTS {policy.name} ON {table.name}")
        if table.name not in NAMES_TABLES or grant.names:
            session.execute(policy.statement)


def _build_url(database_url: str, role: str, password: str) -> str:
    parts = urlsplit(database_url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{place}"))


# --- the proof ---------------------------------------------------------------------------------------------------


def check_grants(database_url: str) -> list[Finding]:
    """Look at everything that each granted role may do; what is not as it was granted is not ok.

    Raises `LedgerMisconfigured` for SQLite, which has no roles.
    """
    if not is_postgresql(database_url):
        raise LedgerMisconfigured("only PostgreSQL has roles")
    with open_migration_session(database_url) as session:
        _require_views(session)
        return [finding for grant in _list_grants(session) for finding in _check(session, grant)]


def _check(session: MigrationSession, grant: Grant) -> Iterator[Finding]:
    def found(what: str, surplus: Sequence[str], missing: Sequence[str] = (), detail: str = "") -> Finding:
        words = [f"too much: {', '.join(surplus)}"] if surplus else []
        words += [f"missing: {', '.join(missing)}"] if missing else []
        return Finding(role=grant.role, what=what, ok=not words, detail="; ".join(words) or detail)

    literal = quote_literal(grant.role)
    if not session.fetch(f"SELECT 1 FROM pg_roles WHERE rolname = {literal}"):
        yield found("role", (), (grant.role,))
        return
    yield found("attributes", _fetch_names(session, _ATTRIBUTES.format(role=literal)), detail="may log in, and no more")
    yield found("memberships", _fetch_names(session, _MEMBERSHIPS.format(role=literal)), detail="in no other role")
    relations = _check_relations(session, grant, found)
    yield relations
    surplus = _fetch_names(session, _OTHER_RIGHTS.format(role=literal))
    surplus = [each for each in surplus if each != f"CREATE on schema {grant.own_schema}"]
    where = "nothing" if grant.own_schema is None else f"tables in {grant.own_schema} alone"
    yield found("schemas and functions", surplus, detail=f"creates {where}, runs nothing as another")
    yield _check_policies(session, grant, found)
    if relations.ok:
        yield from _probe(session, grant, found)


def _fetch_names(session: MigrationSession, sql: str) -> list[str]:
    return [str(row[0]) for row in session.fetch(sql)]


_ATTRIBUTES = """
    SELECT attribute FROM pg_roles, LATERAL (VALUES
        ('SUPERUSER', rolsuper), ('CREATEDB', rolcreatedb), ('CREATEROLE', rolcreaterole),
        ('REPLICATION', rolreplication), ('BYPASSRLS', rolbypassrls)
    ) AS a (attribute, has) WHERE rolname = {role} AND has ORDER BY 1"""
_MEMBERSHIPS = """
    SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member
    WHERE r.rolname = {role} ORDER BY 1"""
_RELATION_RIGHTS = """
    SELECT DISTINCT n.nspname, c.relname, p.privilege FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        LATERAL (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) AS p (privilege)
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND has_any_column_privilege({role}, c.oid, p.privilege)
    UNION SELECT n.nspname, c.relname, p.privilege FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        LATERAL (VALUES ('DELETE'), ('TRUNCATE'), ('TRIGGER')) AS p (privilege)
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND has_table_privilege({role}, c.oid, p.privilege)
    UNION SELECT n.nspname, c.relname, 'USAGE' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege({role}, c.oid, 'USAGE') END
    ORDER BY 1, 2, 3"""
_OTHER_RIGHTS = """
    SELECT 'CREATE on schema ' || nspname FROM pg_namespace
    WHERE nspname !~ '^pg_(toast|temp)' AND has_schema_privilege({role}, oid, 'CREATE')
    UNION SELECT 'CREATE on database ' || datname FROM pg_database
    WHERE datname = current_database() AND has_database_privilege({role}, oid, 'CREATE')
    UNION SELECT 'function ' || p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND has_function_privilege({role}, p.oid, 'EXECUTE')
    ORDER BY 1"""
_POLICIES = """
    SELECT tablename, policyname, cmd, permissive, qual FROM pg_policies
    WHERE schemaname = current_schema() AND (roles && ARRAY[{role}, 'public']::name[]) ORDER BY 1, 2"""


def _check_relations(session: MigrationSession, grant: Grant, found: Any) -> Finding:
    schema = session.fetch("SELECT current_schema()")[0][0]
    wanted = {f"{SCHEMA}.{view} SELECT" for view in list_view_names()}
    wanted |= {f"{schema}.{table} SELECT" for table in list_tables()}
    rights = session.fetch(_RELATION_RIGHTS.format(role=quote_literal(grant.role)))
    # A role may do anything with the tables that it made.
    has = {f"{of}.{relation} {privilege}" for of, relation, privilege in rights if of != grant.own_schema}
    detail = f"reads {len(list_view_names())} views and the tables below them"
    finding: Finding = found("tables and views", sorted(has - wanted), sorted(wanted - has), detail)
    return finding


def _check_policies(session: MigrationSession, grant: Grant, found: Any) -> Finding:
    """One policy on each table, of this organisation, and none that shows more."""
    wanted: dict[str, RowPolicy] = {
        table: fixed_policy(table, grant.role, grant.organisation_id)
        for table in list_tables()
        if table not in NAMES_TABLES or grant.names
    }
    condition = f"(organisation_id = '{grant.organisation_id}'::uuid)"
    right, surplus = set[str](), list[str]()
    for table, name, command, _, shown in session.fetch(_POLICIES.format(role=quote_literal(grant.role))):
        if table in wanted and (name, command, shown) == (wanted[table].name, "SELECT", condition):
            right.add(table)
        elif table in list_tables():
            surplus.append(f"{table}.{name}")
    unprotected = _fetch_names(
        session,
        "SELECT relname FROM pg_class WHERE NOT relrowsecurity AND relnamespace = current_schema()::regnamespace"
        f" AND relname IN ({', '.join(map(quote_literal, list_tables()))})",
    )
    missing = sorted({*(wanted.keys() - right), *unprotected})
    finding: Finding = found("row security", surplus, missing, f"the rows of {grant.organisation_id} alone")
    return finding


def _probe(session: MigrationSession, grant: Grant, found: Any) -> Iterator[Finding]:
    """Read every view as the role does."""
    literal = quote_literal(grant.role)
    if not session.fetch(f"SELECT pg_has_role(current_user, {literal}, 'MEMBER')")[0][0]:
        detail = "this database user may not become the role: call it with an administrator's URL"
        yield Finding(role=grant.role, what="rows", ok=False, detail=detail)
        return
    session.execute(f"SET LOCAL ROLE {quote_name(grant.role)}")
    try:
        foreign, named, rows = list[str](), 0, 0
        for view in list_view_names():
            counts = session.fetch(
                f"SELECT count(*), count(*) FILTER (WHERE organisation_id <> '{grant.organisation_id}')"
                f" FROM {SCHEMA}.{view}"
            )[0]
            rows += int(counts[0])
            foreign += [view] if counts[1] else []
        if not grant.names:
            named = int(session.fetch(f"SELECT count(coalesce(name, ref)) FROM {SCHEMA}.dim_member")[0][0])
    finally:
        session.execute("RESET ROLE")
    yield found("rows", foreign, detail=f"{rows} rows, none of another organisation")
    if not grant.names:
        yield found("names", [f"{named} names"] if named else [], detail="none are shown")
