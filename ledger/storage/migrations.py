"""The ledger's tables: the only place where it runs DDL. Idempotent, and safe from any number of processes at once.

Each database has its own numbered files in `sql/` (types and index options differ); one that was applied is never
edited, only followed by the next.
"""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

from ledger.storage.former_ids import record_former_ids
from ledger.storage.opening import open_migration_session

_FOLDER = Path(__file__).parent / "sql"
#: The migration that makes a table which is filled from the log.
_FORMER_IDS = 10


def migrate(database_url: str) -> list[int]:
    """Bring the ledger's tables up to date; the numbers of the files applied now (none: it was up to date).

    Raises `LedgerUnavailable` where the database cannot be reached.
    """
    applied: list[int] = []
    with open_migration_session(database_url) as session:
        session.execute(
            "CREATE TABLE IF NOT EXISTS ledger_migrations (number bigint PRIMARY KEY)",
        )
        done = {row[0] for row in session.fetch("SELECT number FROM ledger_migrations")}
        for number, text in _list_files(session.dialect):
            if number not in done:
                for statement in _split_statements(text):
                    session.execute(statement)
                if number == _FORMER_IDS:
                    record_former_ids(session)
                session.execute(f"INSERT INTO ledger_migrations (number) VALUES ({number})")
                applied.append(number)
    return applied


def renew_epoch(database_url: str, epoch: UUID) -> None:
    """Give the log another epoch: it goes on from a restored copy. Raises `LedgerUnavailable`."""
    with open_migration_session(database_url) as session:
        session.execute(f"UPDATE ledger_identity SET epoch = '{epoch.hex}' WHERE single = 1")


def latest_migration(dialect: str) -> int:
    """The number of the last migration of this code."""
    return max(number for number, _ in _list_files(dialect))


def _list_files(dialect: str) -> list[tuple[int, str]]:
    paths = sorted(_FOLDER.glob(f"*.{dialect}.sql"))
    return [(int(path.name.partition(".")[0]), path.read_text(encoding="utf-8")) for path in paths]


def _split_statements(text: str) -> list[str]:
    bare = re.sub(r"^\s*--.*\n", "", text, flags=re.MULTILINE)
    return [statement.strip() for statement in bare.split(";") if statement.strip()]
