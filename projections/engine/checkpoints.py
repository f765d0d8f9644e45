"""How far each projection has followed the log, and which streams it had to hold back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from projections.database.database import Database, Row, Transaction
from projections.database.tables import Column, Table, TableWrite, ddl

#: The digest of no events at all.
EMPTY_DIGEST = "0" * 64


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far one projection has come."""

    name: str
    version: int
    #: Log position of the last event followed.
    position: int = 0
    #: Events folded into the view; those of held streams are not.
    applied: int = 0
    #: Sum of SHA-256(event id) mod 2^256 over the applied events, 64 hex digits.
    digest: str = EMPTY_DIGEST


class HeldStream(msgspec.Struct, frozen=True, kw_only=True):
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
HELD_STREAMS = Table(
    name="projection_held",
    comment="Streams that a projection cannot fold; their rows are right up to `since` only.",
    key=("name", "stream_id"),
    columns=(
        Column("name", "text", "The projection."),
        Column("stream_id", "text", "The stream held back."),
        Column("organisation_id", "text", "The tenant that owns the stream."),
        Column("error", "text", "What went wrong."),
        Column("since", "integer", "Log position up to which the stream's rows are right."),
        Column("events", "integer", "Events of the stream that wait."),
    ),
)
BOOKKEEPING_TABLES = (CHECKPOINTS, HELD_STREAMS)
#: How each projection stands to one organisation, in one look.
PROGRESS_SQL = """
    SELECT c.name, c.version, c.log_position, EXISTS (
        SELECT 1 FROM projection_held h WHERE h.name = c.name AND h.organisation_id = :organisation_id
    ) AS held
    FROM projection_checkpoints c ORDER BY c.name
"""


def register_projection(
    database: Database, name: str, version: int, tables: Sequence[Table], *, anew: bool = False
) -> None:
    """Create the projection's tables and its checkpoint where they are missing.

    A view that another version of the code wrote, or that is wanted `anew`, is dropped and begins anew, in one
    transaction.
    """
    with database.transaction() as transaction:
        transaction.lock_migrations()
        stored = transaction.query("SELECT version FROM projection_checkpoints WHERE name = :name", {"name": name})
        current = bool(stored) and stored[0].version == version and not anew
        for table in tables:
            if not current:
                transaction.execute(f"DROP TABLE IF EXISTS {table.name}")
            for statement in ddl(table, database.dialect):
                transaction.execute(statement)
        if not current:
            transaction.execute("DELETE FROM projection_held WHERE name = :name", {"name": name})
            transaction.upsert_many(CHECKPOINTS, [(name, version, 0, 0, EMPTY_DIGEST)])


def load_checkpoints(database: Database | Transaction) -> list[Checkpoint]:
    """Every projection's checkpoint, by name."""
    sql = "SELECT name, version, log_position, applied, digest FROM projection_checkpoints ORDER BY name"
    return list(map(_to_checkpoint, database.query(sql)))


def _to_checkpoint(row: Row) -> Checkpoint:
    return Checkpoint(
        name=row.name, version=row.version, position=row.log_position, applied=row.applied, digest=row.digest
    )


def load_progress(database: Database) -> tuple[list[Checkpoint], dict[str, dict[UUID, HeldStream]]]:
    """Every checkpoint by name and, normally in the same look, that nothing is held back.

    What is held is read after the checkpoints: what changed in between has moved one of them.
    """
    rows = database.query(
        "SELECT name, version, log_position, applied, digest, EXISTS (SELECT 1 FROM projection_held) AS held"
        " FROM projection_checkpoints ORDER BY name"
    )
    return list(map(_to_checkpoint, rows)), load_all_held_streams(database) if rows and rows[0].held else {}


def lock_checkpoints(transaction: Transaction, names: Iterable[str]) -> list[Checkpoint]:
    """Keep these checkpoints from moving until the transaction ends; how they stand, by name.

    They are locked in the order of their names: workers queue up here instead of meeting in a deadlock.
    """
    marks = {f"name_{number}": name for number, name in enumerate(names)}
    sql = (
        "SELECT name, version, log_position, applied, digest FROM projection_checkpoints"
        f" WHERE name IN ({', '.join(f':{mark}' for mark in marks)}) ORDER BY name {transaction.for_update}"
    )
    return list(map(_to_checkpoint, transaction.query(sql, marks)))


def lock_if_unchanged(transaction: Transaction, before: Sequence[Checkpoint]) -> bool:
    """Lock these checkpoints; False where one of them is no longer what it was.

    `applied` is compared too: releasing a held stream adds to it without moving the position.
    """
    found = lock_checkpoints(transaction, [checkpoint.name for checkpoint in before])
    return found == sorted(before, key=lambda checkpoint: checkpoint.name)


def build_checkpoint_write(after: Iterable[Checkpoint]) -> TableWrite:
    """What moves these checkpoints: to be written where `lock_if_unchanged` finds them so."""
    rows = [(c.name, c.version, c.position, c.applied, c.digest) for c in after]
    return TableWrite(table=CHECKPOINTS, upserts=rows)


def load_all_held_streams(database: Database) -> dict[str, dict[UUID, HeldStream]]:
    """The streams that are held back, by projection; normally none at all."""
    found: dict[str, dict[UUID, HeldStream]] = {}
    for held in map(_to_held_stream, database.query("SELECT * FROM projection_held ORDER BY name, stream_id")):
        found.setdefault(held.name, {})[held.stream_id] = held
    return found


def load_held_streams(
    database: Database, organisation_id: UUID, stream_ids: Sequence[UUID] | None = None
) -> list[HeldStream]:
    """What is held back in this organisation (among these streams): answers that rest on it say `degraded`."""
    rows = database.query(
        "SELECT * FROM projection_held WHERE organisation_id = :organisation_id ORDER BY name, stream_id",
        {"organisation_id": str(organisation_id)},
    )
    wanted = None if stream_ids is None else set(stream_ids)
    return [held for held in map(_to_held_stream, rows) if wanted is None or held.stream_id in wanted]


def _to_held_stream(row: Row) -> HeldStream:
    return msgspec.convert(row.as_dict(), HeldStream)


def save_held_streams(transaction: Transaction, held: Iterable[HeldStream]) -> None:
    """Remember streams as held back; one that was held already waits with more events."""
    rows = [(h.name, str(h.stream_id), str(h.organisation_id), h.error, h.since, h.events) for h in held]
    if rows:
        transaction.upsert_many(HELD_STREAMS, rows)


def delete_held_streams(transaction: Transaction, name: str, stream_ids: Iterable[UUID]) -> None:
    """Forget that these streams were held back."""
    for stream_id in stream_ids:
        transaction.execute(
            "DELETE FROM projection_held WHERE name = :name AND stream_id = :stream_id",
            {"name": name, "stream_id": str(stream_id)},
        )
