"""The marts that are computed from the views, kept in tables for readers of schema `bi` with SQL.

Each organisation's rows are of one position, which `mart_snapshots` holds. A refresh writes what the events since then
changed, by the same deltas that exports give; two at once do no harm, as the position moves by compare-and-set.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import msgspec

from domain.charter.sight import SightLimits
from projections.as_of import AsOf, PositionLookup, resolve_as_of
from projections.database.database import Database, Transaction, named_statements, to_id
from projections.database.tables import SYSTEM_TIME, Column, Table, ddl
from projections.marts.columns import Mart
from projections.marts.registry import COMPUTED_MARTS, SNAPSHOT_TABLES

_SQL = "marts"
#: Rows of one transaction.
_CHUNK_ROWS = 20_000
#: Members about whom no row is kept; None stands for all members.
Withheld: TypeAlias = frozenset[UUID] | None


class SightLookup(PositionLookup, Protocol):
    """What a refresh needs of the ledger."""

    def load_sight_limits(self, organisation_id: UUID) -> SightLimits:
        """To whom the organisation's charters narrow the figures of members."""


POSITIONS = Table(
    name="mart_snapshots",
    comment="Of which position the rows of each computed mart are.",
    key=("organisation_id", "mart"),
    columns=(
        SYSTEM_TIME[0],
        Column("mart", "text", "The mart."),
        Column("version", "integer", "Version of the mart's columns."),
        Column("position", "integer", "The organisation's position."),
        Column("log_position", "integer", "The same in the log."),
    ),
)
#: What schema `bi` reads beside the tables of the projection.
TABLES: tuple[Table, ...] = (POSITIONS, *SNAPSHOT_TABLES.values())


#: The row of `mart_snapshots` that says by which version of a mart its table was made.
_NO_ORGANISATION = UUID(int=0)


def migrate_snapshots(database: Database) -> None:
    """Create the tables; one of another version of its mart begins anew. No view may depend on it then."""
    database.migrate([POSITIONS])
    with database.transaction() as transaction:
        transaction.lock_migrations()
        stored = transaction.query("SELECT mart, version FROM mart_snapshots WHERE position = 0")
        versions = {row.mart: row.version for row in stored}
        for name, (mart, _) in COMPUTED_MARTS.items():
            if versions.get(name) != mart.version:
                transaction.execute(f"DROP TABLE IF EXISTS {SNAPSHOT_TABLES[name].name}")
                transaction.execute("DELETE FROM mart_snapshots WHERE mart = :mart", {"mart": name})
                transaction.upsert_many(POSITIONS, [(str(_NO_ORGANISATION), name, mart.version, 0, 0)])
            for statement in ddl(SNAPSHOT_TABLES[name], database.dialect):
                transaction.execute(statement)


def forget_snapshots(database: Database) -> None:
    """Have every row computed anew by the next refresh."""
    with database.transaction() as transaction:
        transaction.execute("DELETE FROM mart_snapshots WHERE position > 0")


class SnapshotDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How the kept rows of a computed mart differ from what the views give."""

    organisation_id: UUID
    mart: str
    missing: int
    surplus: int


def refresh_due_snapshots(database: Database, lookup: SightLookup, now: datetime) -> int:
    """Refresh the organisations that have events behind their snapshots; how many rows were written."""
    due = database.query(named_statements(_SQL)["due_snapshots"], {"marts": len(COMPUTED_MARTS)})
    return sum(refresh_snapshots(database, lookup, to_id(row.organisation_id), now) for row in due)


def refresh_snapshots(database: Database, lookup: SightLookup, organisation_id: UUID, now: datetime) -> int:
    """Bring an organisation's computed marts to where the views are; how many rows were written."""
    as_of = resolve_as_of(database, lookup, organisation_id, now=now)
    withheld = _find_withheld(lookup, as_of)
    return sum(_refresh(database, as_of, name, withheld) for name in COMPUTED_MARTS)


def _find_withheld(lookup: SightLookup, as_of: AsOf) -> Withheld:
    """Of whom no row of a mart of persons is kept: of everybody under co-determination, else whom a charter hides."""
    if as_of.policy.policy.co_determination:
        return None
    return frozenset(lookup.load_sight_limits(as_of.organisation_id).members)


def _version_of(mart: Mart, withheld: Withheld) -> int:
    """What stands for the mart's version, so that all is computed anew when others are withheld."""
    if not mart.is_person_level or withheld == frozenset():
        return mart.version
    return -1 - zlib.crc32(" ".join(sorted(map(str, withheld or ()))).encode()) % 2**30


def _refresh(database: Database, as_of: AsOf, name: str, withheld: Withheld) -> int:
    mart, compute = COMPUTED_MARTS[name]
    version = _version_of(mart, withheld)
    before = _load_position(database, as_of.organisation_id, mart, version)
    after = before or 0
    if after >= as_of.position:
        return 0
    rows, written = mart.without(compute(database, as_of, after), withheld), 0
    while chunk := list(islice(rows, _CHUNK_ROWS)):
        written += len(chunk)
        is_last = len(chunk) < _CHUNK_ROWS
        with database.transaction() as transaction:
            if before is None and written == len(chunk):
                _delete_all(transaction, as_of, name)
            _write_chunk(transaction, as_of, mart, chunk)
            if is_last and not _move(transaction, as_of, mart, version, before):
                return 0
        if is_last:
            return written
    with database.transaction() as transaction:
        if before is None and not written:
            _delete_all(transaction, as_of, name)
        _move(transaction, as_of, mart, version, before)
    return written


def read_kept_rows(
    database: Database, as_of: AsOf, mart: Mart, after: int, withheld: Withheld
) -> list[tuple[Any, ...]] | None:
    """The rows of a computed mart behind a position, as they are kept; they are first brought to where `as_of` is.

    None where they were brought further meanwhile, or where a row can go: it leaves no trace in the table. What is
    kept was computed by the deltas that are computed otherwise, most of it earlier.
    """
    if mart.can_shrink:
        return None
    _refresh(database, as_of, mart.name, withheld)
    pages = database.iterate(
        f"SELECT {', '.join(mart.column_names)} FROM {SNAPSHOT_TABLES[mart.name].name}"
        f" WHERE organisation_id = :organisation_id AND position > :after ORDER BY position, {', '.join(mart.key)}",
        {"organisation_id": str(as_of.organisation_id), "after": after},
    )
    rows = [tuple(row) for page in pages for row in page]
    # Rows that a refresh has written so far are ahead of the position, which it moves last.
    is_ahead = any(row[0] > as_of.position for row in rows)
    position = _load_position(database, as_of.organisation_id, mart, _version_of(mart, withheld))
    return None if is_ahead or position != as_of.position else rows


def _load_position(database: Database, organisation_id: UUID, mart: Mart, version: int) -> int | None:
    """Of which position the rows are; None: there are none of this version."""
    rows = database.query(
        "SELECT position FROM mart_snapshots WHERE organisation_id = :organisation_id AND mart = :mart"
        " AND version = :version",
        {"organisation_id": str(organisation_id), "mart": mart.name, "version": version},
    )
    return rows[0].position if rows else None


def _delete_all(transaction: Transaction, as_of: AsOf, name: str) -> None:
    transaction.execute(
        f"DELETE FROM {SNAPSHOT_TABLES[name].name} WHERE organisation_id = :organisation_id",
        {"organisation_id": str(as_of.organisation_id)},
    )


def _write_chunk(transaction: Transaction, as_of: AsOf, mart: Mart, rows: Sequence[tuple[Any, ...]]) -> None:
    table, organisation = SNAPSHOT_TABLES[mart.name], str(as_of.organisation_id)
    # A key may come again where its position moved on within the delta: its last row counts.
    by_key = {tuple(row[place] for place in _key_places(mart)): row for row in rows}
    transaction.upsert_many(table, [(organisation, *row) for row in by_key.values() if not row[-1]])
    same = " AND ".join(f"{name} = :{name}" for name in mart.key)
    for key, row in by_key.items():
        if row[-1]:
            params = {"organisation_id": organisation, **dict(zip(mart.key, key, strict=True))}
            transaction.execute(f"DELETE FROM {table.name} WHERE organisation_id = :organisation_id AND {same}", params)


def _key_places(mart: Mart) -> list[int]:
    return [mart.column_names.index(name) for name in mart.key]


def _move(transaction: Transaction, as_of: AsOf, mart: Mart, version: int, before: int | None) -> bool:
    """Move the position, unless another process has; its rows are the same ones then, or newer."""
    rows = transaction.query(
        "SELECT position FROM mart_snapshots WHERE organisation_id = :organisation_id AND mart = :mart"
        f" AND version = :version {transaction.for_update}",
        {"organisation_id": str(as_of.organisation_id), "mart": mart.name, "version": version},
    )
    if (rows[0].position if rows else None) != before:
        return False
    row = (str(as_of.organisation_id), mart.name, version, as_of.position, as_of.known_position)
    transaction.upsert_many(POSITIONS, [row])
    return True


def verify_snapshots(database: Database, lookup: SightLookup, now: datetime) -> list[SnapshotDifference]:
    """Compute every kept row anew, as of the position that it is of, and compare. Nothing is changed."""
    found = []
    for row in database.query("SELECT * FROM mart_snapshots WHERE position > 0 ORDER BY organisation_id, mart"):
        if row.mart not in COMPUTED_MARTS:
            continue
        organisation, (mart, compute) = to_id(row.organisation_id), COMPUTED_MARTS[row.mart]
        as_of = resolve_as_of(database, lookup, organisation, now=now)
        withheld = _find_withheld(lookup, as_of)
        if row.version != _version_of(mart, withheld):
            continue
        then = msgspec.structs.replace(as_of, known_position=row.log_position, position=row.position)
        wanted = {each for each in mart.without(compute(database, then, 0), withheld) if not each[-1]}
        kept = set(_read_kept(database, organisation, mart))
        if wanted != kept:
            missing, surplus = len(wanted - kept), len(kept - wanted)
            found.append(
                SnapshotDifference(organisation_id=organisation, mart=row.mart, missing=missing, surplus=surplus)
            )
    return found


def _read_kept(database: Database, organisation_id: UUID, mart: Mart) -> Iterator[tuple[Any, ...]]:
    pages: Iterable[list[Any]] = database.iterate(
        f"SELECT {', '.join(mart.column_names)} FROM {SNAPSHOT_TABLES[mart.name].name}"
        " WHERE organisation_id = :organisation_id",
        {"organisation_id": str(organisation_id)},
    )
    return (tuple(row) for page in pages for row in page)
