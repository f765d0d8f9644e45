"""How far each projection has followed the log, and which streams it had to hold back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from projections.database import Database, Transaction
from projections.tables import Column, Table, ddl

#: The digest of no events at all.
ZERO = "0" * 64


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far one projection has come."""

    name: str
    version: int
    #: Log position of the last event followed.
    position: int = 0
    #: Events folded into the view; those of held streams are not.
    applied: int = 0
    #: Sum of SHA-256(event id) mod 2^256 over the applied events, 64 hex digits.
    digest: str = ZERO


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that one projection cannot fold. What it wrote of it before stays, and answers `degraded`."""

    name: str
    stream_id: UUID
    organisation_id: UUID
    #: What went wrong, in the words of the exception.
    error: str
    #: Log position up to which the stream's rows are right.
    since: int
    #: Events of it that wait.
    events: int


CHECKPOINTS = Table(
    name="projection_checkpoints",
    comment="How far each projection has followed the log; moved with its rows in one transaction.",
    key=("name",),
    columns=(
        Column("name", "text", "The projection."),
        Column("version", "integer", "Version of the code that wrote the view."),
        Column("log_position", "integer", "Log position of the last event followed."),
        Column("applied", "integer", "Events folded into the view."),
        Column("digest", "text", "Sum of SHA-256(event id) mod 2^256 over the applied events, 64 hex digits."),
    ),
)
HELD = Table(
    name="projection_held",
    comment="Streams that a projection cannot fold; their rows are right up to `since` only.",
    key=("name", "stream_id"),
    columns=(
        Column("name", "text", "The projection."),
        Column("stream_id", "uuid", "The stream held back."),
        Column("organisation_id", "uuid", "The tenant that owns the stream."),
        Column("error", "text", "What went wrong."),
        Column("since", "integer", "Log position up to which the stream's rows are right."),
        Column("events", "integer", "Events of the stream that wait."),
    ),
)
BOOKKEEPING = (CHECKPOINTS, HELD)
#: How each projection stands to one organisation, in one look.
STANDING = """
    SELECT c.name, c.version, c.log_position, EXISTS (
        SELECT 1 FROM projection_held h WHERE h.name = c.name AND h.organisation_id = :organisation_id
    ) AS held
    FROM projection_checkpoints c ORDER BY c.name
"""


def enrol(database: Database, name: str, version: int, tables: Sequence[Table]) -> None:
    """Create the projection's tables and its checkpoint where they are missing.

    A view that another version of the code wrote is dropped and begins anew, in one transaction.
    """
    with database.transaction() as transaction:
        transaction.lock_migrations()
        stored = transaction.query("SELECT version FROM projection_checkpoints WHERE name = :name", {"name": name})
        current = bool(stored) and stored[0].version == version
        for table in tables:
            if not current:
                transaction.execute(f"DROP TABLE IF EXISTS {table.name}")
            for statement in ddl(table, database.dialect):
                transaction.execute(statement)
        if not current:
            transaction.execute("DELETE FROM projection_held WHERE name = :name", {"name": name})
            transaction.upsert_many(CHECKPOINTS, [(name, version, 0, 0, ZERO)])


def checkpoints(database: Database | Transaction) -> list[Checkpoint]:
    """Every projection's checkpoint, by name."""
    rows = database.query(
        "SELECT name, version, log_position, applied, digest FROM projection_checkpoints ORDER BY name"
    )
    return [
        Checkpoint(name=r.name, version=r.version, position=r.log_position, applied=r.applied, digest=r.digest)
        for r in rows
    ]


def lock(transaction: Transaction, names: Sequence[str]) -> list[int]:
    """Keep these checkpoints from moving until the transaction ends; their log positions."""
    positions = []
    for name in names:
        transaction.execute("UPDATE projection_checkpoints SET applied = applied WHERE name = :name", {"name": name})
        sql = "SELECT log_position FROM projection_checkpoints WHERE name = :name"
        positions += [row.log_position for row in transaction.query(sql, {"name": name})]
    return positions


def advance(transaction: Transaction, before: Checkpoint, after: Checkpoint) -> bool:
    """Compare and set; False where it is no longer what `before` says.

    `applied` is compared too: releasing a held stream adds to it without moving the position.
    """
    touched = transaction.execute(
        "UPDATE projection_checkpoints SET log_position = :position, applied = :applied, digest = :digest"
        " WHERE name = :name AND version = :version AND log_position = :was AND applied = :had",
        {
            "name": before.name,
            "version": before.version,
            "was": before.position,
            "had": before.applied,
            "position": after.position,
            "applied": after.applied,
            "digest": after.digest,
        },
    )
    return touched == 1


def all_held(database: Database) -> dict[str, dict[UUID, Held]]:
    """The streams that are held back, by projection; normally none at all."""
    found: dict[str, dict[UUID, Held]] = {}
    for held in map(_held, database.query("SELECT * FROM projection_held ORDER BY name, stream_id")):
        found.setdefault(held.name, {})[held.stream_id] = held
    return found


def degraded(database: Database, organisation_id: UUID, stream_ids: Sequence[UUID] | None = None) -> list[Held]:
    """What is held back in this organisation (among these streams): answers that rest on it say `degraded`."""
    rows = database.query(
        "SELECT * FROM projection_held WHERE organisation_id = :organisation_id ORDER BY name, stream_id",
        {"organisation_id": str(organisation_id)},
    )
    wanted = None if stream_ids is None else set(stream_ids)
    return [held for held in map(_held, rows) if wanted is None or held.stream_id in wanted]


def _held(row: object) -> Held:
    return msgspec.convert(row.as_dict(), Held)  # type: ignore[attr-defined]


def hold(transaction: Transaction, held: Iterable[Held]) -> None:
    """Remember streams as held back; one that was held already waits with more events."""
    rows = [(h.name, str(h.stream_id), str(h.organisation_id), h.error, h.since, h.events) for h in held]
    if rows:
        transaction.upsert_many(HELD, rows)


def release(transaction: Transaction, name: str, stream_ids: Iterable[UUID]) -> None:
    """Forget that these streams were held back."""
    for stream_id in stream_ids:
        transaction.execute(
            "DELETE FROM projection_held WHERE name = :name AND stream_id = :stream_id",
            {"name": name, "stream_id": str(stream_id)},
        )
