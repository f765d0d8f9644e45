"""Small files put together, and files deleted that no version needs any more."""

from __future__ import annotations

import msgspec

from services.lake.delta import Delta
from services.lake.errors import LakeRefused
from services.lake.sync import LakeSession
from services.lake.tables import SYNCS_TABLE


class TableUpkeep(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to one table."""

    table: str
    files_removed: int
    files_added: int = 0


def compact_lake(session: LakeSession) -> list[TableUpkeep]:
    """Put the small files of every table together; the rows stay. The former files stay until `vacuum_lake`.

    Raises `LakeRefused`, and `LakeUnavailable`.
    """
    done = []
    for delta in _open_all(session):
        removed, added = delta.compact()
        done.append(TableUpkeep(table=delta.table.name, files_removed=removed, files_added=added))
    return done


def vacuum_lake(session: LakeSession, *, days: int) -> list[TableUpkeep]:
    """Delete the files that no version of the last days needs, with what interrupted syncs left behind.

    Who reads a version that is older finds its files gone. Raises `LakeRefused`, and `LakeUnavailable`.
    """
    return [TableUpkeep(table=delta.table.name, files_removed=delta.vacuum(days * 24)) for delta in _open_all(session)]


def _open_all(session: LakeSession) -> list[Delta]:
    found = [delta for delta in session.open([*session.tables, SYNCS_TABLE]).values() if delta is not None]
    if not found:
        raise LakeRefused(f"there is no lake at {session.lake.uri}; make it with: plimsoll lake sync")
    return found
