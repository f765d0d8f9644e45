"""Roles of PostgreSQL: one that migrates, one that writes the log, one that keeps the views, one that reads them.

`create_roles` is for an administrator of the database, once, and again when passwords change. What each role may do
with which table is granted with every migration, by the role that owns them: a view of a new version has it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from ledger.errors import LedgerMisconfigured
from ledger.storage.access import (
    LOG_RIGHTS,
    ROLES_PARAMETER,
    VIEW_RIGHTS,
    DatabaseRole,
    RowPolicy,
    enable_row_security,
    grant_exactly,
    quote_literal,
    quote_name,
    session_policy,
    unrestricted_policy,
)
from ledger.storage.opening import encode_password, open_migration_session
from ledger.storage.protocol import MigrationSession
from projections.catalogue import PROJECTIONS
from projections.database.tables import Table
from projections.engine.checkpoints import BOOKKEEPING_TABLES
from projections.marts.bi_views import SCHEMA
from projections.marts.snapshots import TABLES as SNAPSHOT_TABLES

#: Lower case, so that a name needs no quotes in a URL or in psql.
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,40}")
#: Read by every role of the views whole: how far each view is, and which streams it holds back.
_SHARED_TABLES = tuple(table.name for table in BOOKKEEPING_TABLES)


class CreatedRole(msgspec.Struct, frozen=True, kw_only=True):
    """One role, as it was left."""

    role: str
    purpose: DatabaseRole
    created: bool
    has_new_password: bool


def create_roles(database_url: str, prefix: str, passwords: Mapping[DatabaseRole, str]) -> list[CreatedRole]:
    """Create the roles that are missing, set the passwords given, and hand the tables over to the migrating role.

    The URL is an administrator's: a superuser, or the database's owner with CREATEROLE. Running it again does no harm.
    Raises `LedgerMisconfigured` for SQLite, an invalid prefix, or a role of that name that has too many rights.
    """
    if not _PREFIX.fullmatch(prefix):
        raise LedgerMisconfigured("a prefix is a lower-case letter, then letters, digits and underscores, at most 41")
    if not database_url.startswith(("postgresql://", "postgres://")):
        raise LedgerMisconfigured("only PostgreSQL has roles: a SQLite file is protected by the rights on it")
    with open_migration_session(database_url) as session:
        known = {name: attributes for name, *attributes in session.fetch(_ROLES)}
        done = [_create_role(session, purpose, prefix, known, passwords.get(purpose)) for purpose in DatabaseRole]
        for statement in _list_database_statements(session, prefix):
            session.execute(statement)
        _hand_over_marts(session, prefix)
        if session.fetch("SELECT to_regclass('ledger_migrations')")[0][0] is not None:
            _grant_rights(session, prefix)
    return done


_ROLES = "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles"


def _create_role(
    session: MigrationSession,
    purpose: DatabaseRole,
    prefix: str,
    known: Mapping[str, list[bool]],
    password: str | None,
) -> CreatedRole:
    role = purpose.name_with(prefix)
    if any(known.get(role, ())):
        raise LedgerMisconfigured(f"the role {role} exists and may do more than it should: choose another prefix")
    if role not in known:
        session.execute(f"CREATE ROLE {quote_name(role)} LOGIN")
    if password is not None:
        stored = encode_password(role, password, session)
        session.execute(f"ALTER ROLE {quote_name(role)} PASSWORD {quote_literal(stored)}")
    return CreatedRole(role=role, purpose=purpose, created=role not in known, has_new_password=password is not None)


def _list_database_statements(session: MigrationSession, prefix: str) -> Iterator[str]:
    """What the roles may do with the database and its schema; the prefix stays with the database."""
    (database, schema, user), *_ = session.fetch("SELECT current_database(), current_schema(), current_user")
    database, schema = quote_name(database), quote_name(schema)
    roles = {purpose: quote_name(purpose.name_with(prefix)) for purpose in DatabaseRole}
    yield f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {database} TO {', '.join(roles.values())}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {', '.join(roles.values())}"
    yield f"GRANT CREATE ON SCHEMA {schema} TO {roles[DatabaseRole.MIGRATE]}"
    # A view is built anew, and compared, in temporary tables.
    yield f"GRANT TEMPORARY ON DATABASE {database} TO {roles[DatabaseRole.MIGRATE]}, {roles[DatabaseRole.PROJECT]}"
    # The views for analysts are the migrating role's, as the tables below them are.
    yield f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
    yield f"ALTER SCHEMA {SCHEMA} OWNER TO {roles[DatabaseRole.MIGRATE]}"
    yield f"ALTER ROLE {roles[DatabaseRole.READ]} IN DATABASE {database} SET default_transaction_read_only = on"
    yield f"ALTER DATABASE {database} SET {ROLES_PARAMETER} = {quote_literal(prefix)}"
    is_superuser = session.fetch("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")[0][0]
    if not is_superuser:
        # Only a member of a role may hand a table over to it.
        yield f"GRANT {roles[DatabaseRole.MIGRATE]} TO {quote_name(user)}"


def _hand_over_marts(session: MigrationSession, prefix: str) -> None:
    """What another role made in schema `bi`: its owner grants the rights on it."""
    owner = quote_name(DatabaseRole.MIGRATE.name_with(prefix))
    made = f"SELECT relname FROM pg_class WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind IN ('r', 'v')"
    for (name,) in session.fetch(made):
        session.execute(f"ALTER TABLE {SCHEMA}.{quote_name(name)} OWNER TO {owner}")


def grant_rights(database_url: str) -> bool:
    """Give each role of this database its rights on the tables as they are now; False where it has no such roles."""
    if not database_url.startswith(("postgresql://", "postgres://")):
        return False
    with open_migration_session(database_url) as session:
        prefix = session.fetch(f"SELECT current_setting('{ROLES_PARAMETER}', true)")[0][0]
        if prefix:
            _grant_rights(session, prefix)
        return bool(prefix)


def _grant_rights(session: MigrationSession, prefix: str) -> None:
    owner = DatabaseRole.MIGRATE.name_with(prefix)
    tables = session.fetch("SELECT tablename, tableowner FROM pg_tables WHERE schemaname = current_schema()")
    owners: dict[str, str] = {table: role for table, role in tables}  # noqa: C416 - a row is no pair to mypy
    for table in (*LOG_RIGHTS, *_SHARED_TABLES, *(table.name for table in _list_views())):
        if table in owners and owners[table] != owner:
            session.execute(f"ALTER TABLE {table} OWNER TO {quote_name(owner)}")
    for table, rights in LOG_RIGHTS.items():
        if table in owners:
            _execute_all(session, grant_exactly(rights, table, DatabaseRole.WRITE.name_with(prefix)))
    for table in (*_SHARED_TABLES, *(table.name for table in _list_views())):
        if table in owners:
            _execute_all(session, grant_exactly(VIEW_RIGHTS, table, DatabaseRole.PROJECT.name_with(prefix)))
            _execute_all(session, grant_exactly("SELECT", table, DatabaseRole.READ.name_with(prefix)))
    _protect_rows(session, [table for table in _list_views() if table.name in owners], prefix)


def _protect_rows(session: MigrationSession, tables: list[Table], prefix: str) -> None:
    """Row security with its policies, where it is missing: each of these statements locks its table."""
    found = session.fetch("SELECT tablename, policyname FROM pg_policies WHERE schemaname = current_schema()")
    policies = {(table, name) for table, name in found}
    protected = {
        row[0]
        for row in session.fetch(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = current_schema()::regnamespace"
        )
    }
    for table in tables:
        for policy in list_policies(table, prefix):
            if (policy.table, policy.name) not in policies:
                session.execute(policy.statement)
        if table.name not in protected:
            session.execute(enable_row_security(table.name))


def list_policies(table: Table, prefix: str) -> list[RowPolicy]:
    """Which rows of a view's table the projecting and the reading role see."""
    column = next(column for column in table.columns if column.name == "organisation_id")
    return [
        unrestricted_policy(table.name, DatabaseRole.PROJECT.name_with(prefix)),
        session_policy(table.name, DatabaseRole.READ.name_with(prefix), column_type=column.type),
    ]


def _list_views() -> Iterator[Table]:
    for projection in PROJECTIONS:
        yield from projection.tables
    yield from SNAPSHOT_TABLES


def _execute_all(session: MigrationSession, statements: list[str]) -> None:
    for statement in statements:
        session.execute(statement)
