"""The store for a database URL: SQLite or PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ledger.errors import LedgerMisconfigured
from ledger.storage.protocol import LogStore, MigrationSession


def open_recorder(database_url: str) -> LogStore:
    """The store for `sqlite:///path` or `postgresql://...`; runs no DDL."""
    if _parse_scheme(database_url) == "sqlite":
        from ledger.storage.sqlite import SQLiteLogStore  # noqa: PLC0415 - each driver is imported only where it is used

        return SQLiteLogStore.open(database_url)
    from ledger.storage.postgres import PostgresLogStore  # noqa: PLC0415 - as above

    return PostgresLogStore.open(database_url)


def open_migration_session(database_url: str) -> AbstractContextManager[MigrationSession]:
    """One transaction for DDL, alone: other processes that migrate wait for it."""
    if _parse_scheme(database_url) == "sqlite":
        from ledger.storage.sqlite import SQLiteMigrationSession  # noqa: PLC0415 - as above

        return SQLiteMigrationSession.begin(database_url)
    from ledger.storage.postgres import PostgresMigrationSession  # noqa: PLC0415 - as above

    return PostgresMigrationSession.begin(database_url)


def encode_password(role: str, password: str, session: MigrationSession) -> str:
    """The password as the server stores it (SCRAM), so that neither it nor the server's log ever has its text.

    Raises `LedgerMisconfigured` for SQLite, which has no roles.
    """
    from ledger.storage.postgres import PostgresMigrationSession  # noqa: PLC0415 - as above

    if not isinstance(session, PostgresMigrationSession):
        raise LedgerMisconfigured("only PostgreSQL has roles: a SQLite file is protected by the rights on it")
    return session.encode_password(role, password)


def _parse_scheme(database_url: str) -> str:
    scheme = database_url.partition("://")[0]
    if scheme not in ("sqlite", "postgresql", "postgres"):
        raise LedgerMisconfigured(f"database URL must begin with sqlite:// or postgresql://, not {scheme}://")
    return scheme
