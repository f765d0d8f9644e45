"""The one loop from the log to the views: read a batch, fold whole streams, write what changed, move the checkpoint.

The checkpoint moves by compare-and-set in the transaction that writes the rows. That alone is the safety: any number
of workers may run, wake-ups may be doubled, lost or reordered; whoever finds the checkpoint moved rolls back and
reads again. A projection that cannot fold one stream holds back *that stream* and lets the others flow; the events
held are counted, so `missing = head - applied - held` must be 0 whenever the position is at the head.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.envelope import Recorded
from projections.checkpoints import (
    BOOKKEEPING,
    Checkpoint,
    Held,
    advance,
    checkpoints,
    enrol,
    held_by,
    hold,
    release,
)
from projections.database import Database, Transaction, WriteRefused
from projections.tables import BELIEF, FOREVER, Table

#: Events per transaction while following; a rebuild takes more at a time.
BATCH = 1_000
Rows = dict[str, list[tuple[Any, ...]]]


class LedgerReader(Protocol):
    """What following the log needs of the ledger."""

    def read(self, after: int, limit: int) -> list[Recorded]: ...
    def streams(self, stream_ids: Sequence[UUID], upto: int) -> dict[UUID, list[Recorded]]: ...
    def head(self) -> int: ...


class Projection(Protocol):
    """A read model: a pure function from one stream's history to rows."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int:
        """Raised whenever tables or rows change their meaning: the view is then built anew."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of streams that it folds."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """Each begins with the columns of `BELIEF`."""

    def rows(self, stream: Sequence[Recorded], after: int = 0) -> Rows:
        """The rows of that one stream, by table, given all its events in log order.

        Rows that no event behind log position `after` opened or closed may be left out; they will not be written.
        """


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a projection stands to the log. `missing` is 0 unless something was lost."""

    name: str
    version: int
    position: int
    head: int
    applied: int
    held: int
    missing: int
    #: Sum of SHA-256(event id) mod 2^256 over the applied events, 64 hex digits.
    digest: str
    #: The stored view belongs to another version of the code; it is not written until migrated.
    outdated: bool


class Folded(msgspec.Struct, kw_only=True):
    """What one projection makes of a batch, before any of it is written."""

    projection: Projection
    checkpoint: Checkpoint
    #: Log position to which the batch leads.
    upto: int
    rows: dict[UUID, Rows]
    applied: list[Recorded]
    newly_held: dict[UUID, Held]
    released: list[UUID]


class Engine:
    """Keeps the given projections in step with a ledger. Safe to share between threads and processes."""

    def __init__(self, reader: LedgerReader, database: Database, projections: Sequence[Projection]) -> None:
        self.reader = reader
        self.database = database
        self.projections = {projection.name: projection for projection in projections}
        for table in (table for projection in projections for table in projection.tables):
            if table.columns[: len(BELIEF)] != BELIEF:
                raise ValueError(f"table {table.name} must begin with the columns of BELIEF")

    def migrate(self) -> None:
        """Create what is missing, and start a view of an older version anew. Idempotent, safe from many processes."""
        self.database.migrate(BOOKKEEPING)
        for projection in self.projections.values():
            enrol(self.database, projection.name, projection.version, projection.tables)

    def catch_up(self, limit: int | None = None) -> int:
        """Follow the log to its head, or for about `limit` events; the number of events followed.

        Raises what the reader raises, and `DatabaseUnavailable`; what was committed before stays and counts.
        """
        followed = 0
        while limit is None or followed < limit:
            step = self._step(BATCH if limit is None else min(BATCH, limit - followed))
            if step == 0:
                break
            followed += max(step, 0)
        return followed

    def position(self, name: str | None = None) -> int:
        """The log position up to which a projection (or: every projection) has followed."""
        found = self._current()
        return found[name].position if name else min((c.position for c in found.values()), default=0)

    def retry_held(self, name: str | None = None) -> int:
        """Try the streams that are held back once more (after code or data were mended); how many flow again."""
        released = 0
        for projection in (self.projections[n] for n in ([name] if name else sorted(self.projections))):
            checkpoint = self._current().get(projection.name)
            if checkpoint is None:
                continue
            held = held_by(self.database, projection.name)
            streams = self.reader.streams(list(held), checkpoint.position) if held else {}
            folded = fold(projection, checkpoint, streams, [], held)
            if folded.released and self._write([folded]):
                released += len(folded.released)
        return released

    def status(self) -> list[Status]:
        """Every projection's position, applied and held counts; `missing` is a constant-time check."""
        stored = {checkpoint.name: checkpoint for checkpoint in checkpoints(self.database)}
        head = self.reader.head()
        found = []
        for projection in self.projections.values():
            checkpoint = stored.get(projection.name) or Checkpoint(name=projection.name, version=0)
            held = sum(h.events for h in held_by(self.database, projection.name).values())
            found.append(
                Status(
                    name=projection.name,
                    version=checkpoint.version,
                    position=checkpoint.position,
                    # A reader may see the head before, the checkpoint after a commit.
                    head=max(head, checkpoint.position),
                    applied=checkpoint.applied,
                    held=held,
                    missing=checkpoint.position - checkpoint.applied - held,
                    digest=checkpoint.digest,
                    outdated=checkpoint.version != projection.version,
                )
            )
        return found

    def _current(self) -> dict[str, Checkpoint]:
        """The checkpoints of this code's versions; another version's view is not ours to write."""
        return {
            c.name: c
            for c in checkpoints(self.database)
            if c.name in self.projections and c.version == self.projections[c.name].version
        }

    def _step(self, batch: int) -> int:
        """One batch for the projections that are furthest behind; 0: nothing to do, -1: another worker was first."""
        current = self._current()
        if not current:
            return 0
        positions = sorted({c.position for c in current.values()})
        # The laggards move to where the next ones wait, then all go on together and share one reading.
        room = min(batch, positions[1] - positions[0]) if len(positions) > 1 else batch
        events = self.reader.read(positions[0], room)
        if not events:
            return 0
        group = [c for c in current.values() if c.position == positions[0]]
        folded = self._fold(group, events)
        try:
            written = self._write(folded)
        except WriteRefused:
            written = self._write([self._without_refused(f) for f in folded])
        return len(events) if written else -1

    def _fold(self, group: list[Checkpoint], events: list[Recorded]) -> list[Folded]:
        projections = [self.projections[c.name] for c in group]
        streams = whole_streams(self.reader, events, frozenset().union(*(p.kinds for p in projections)))
        # Held streams are read after the checkpoints: what changed in between fails the compare-and-set.
        return [
            fold(projection, checkpoint, streams, events, held_by(self.database, checkpoint.name))
            for projection, checkpoint in zip(projections, group, strict=True)
        ]

    def _write(self, folded: list[Folded]) -> bool:
        """All of it in one transaction, or nothing: False when another worker has moved one of the checkpoints."""
        try:
            with self.database.transaction() as transaction:
                # Checkpoints first and in one order: workers queue up here instead of meeting in a deadlock.
                for one in sorted(folded, key=lambda f: f.projection.name):
                    if not advance(transaction, one.checkpoint, moved(one)):
                        raise _Lost
                for one in folded:
                    write_rows(transaction, one.projection.tables, one.rows.values())
                    release(transaction, one.projection.name, one.released)
                    hold(transaction, one.newly_held.values())
        except _Lost:
            return False
        return True

    def _without_refused(self, folded: Folded) -> Folded:
        """The same, with each stream held back whose rows the database itself refuses."""
        for stream_id, rows in list(folded.rows.items()):
            try:
                with self.database.transaction() as transaction:
                    write_rows(transaction, folded.projection.tables, [rows])
                    raise _Lost
            except _Lost:
                continue
            except WriteRefused as error:
                _hold_back(folded, stream_id, error)
        return folded


class _Lost(Exception):  # noqa: N818 - not an error: a race that another worker won
    """Roll back."""


def whole_streams(
    reader: LedgerReader, events: Sequence[Recorded], kinds: frozenset[str]
) -> dict[UUID, list[Recorded]]:
    """The complete history, up to the batch's end, of each stream that it touches."""
    touched: dict[UUID, list[Recorded]] = {}
    for event in events:
        if event.kind in kinds:
            touched.setdefault(event.stream_id, []).append(event)
    # A stream that begins in this batch is complete; the others are read in one query.
    begun = [stream_id for stream_id, found in touched.items() if found[0].version != 1]
    return touched | (reader.streams(begun, events[-1].log_position) if begun else {})


def fold(
    projection: Projection,
    checkpoint: Checkpoint,
    streams: dict[UUID, list[Recorded]],
    events: Sequence[Recorded],
    held: dict[UUID, Held],
) -> Folded:
    """What the projection makes of these events; a stream that it cannot fold is held back instead."""
    folded = Folded(
        projection=projection,
        checkpoint=checkpoint,
        upto=events[-1].log_position if events else checkpoint.position,
        rows={},
        applied=[e for e in events if e.kind not in projection.kinds],
        newly_held={},
        released=[],
    )
    for stream_id, stream in streams.items():
        if not stream or stream[0].kind not in projection.kinds:
            continue
        before = held.get(stream_id)
        since = before.since if before else checkpoint.position
        tail = [e for e in stream if e.log_position > since]
        try:
            folded.rows[stream_id] = _changed(projection, stream, since)
        except Exception as error:  # noqa: BLE001 - whatever a fold raises concerns this stream only
            folded.newly_held[stream_id] = _held(projection.name, tail, since, error)
            continue
        folded.applied += tail
        if before is not None:
            folded.released.append(stream_id)
    return folded


def _changed(projection: Projection, stream: list[Recorded], after: int) -> Rows:
    # known_from is the third column of BELIEF, known_to the fourth.
    return {
        table: [row for row in rows if row[2] > after or after < row[3] < FOREVER]
        for table, rows in projection.rows(stream, after).items()
    }


def _held(name: str, tail: list[Recorded], since: int, error: Exception) -> Held:
    return Held(
        name=name,
        stream_id=tail[0].stream_id,
        organisation_id=tail[0].organisation_id,
        error=f"{type(error).__name__}: {error}"[:500],
        since=since,
        events=len(tail),
    )


def _hold_back(folded: Folded, stream_id: UUID, error: Exception) -> None:
    del folded.rows[stream_id]
    tail = [e for e in folded.applied if e.stream_id == stream_id]
    folded.applied = [e for e in folded.applied if e.stream_id != stream_id]
    since = tail[0].log_position - 1
    if stream_id in folded.released:
        folded.released.remove(stream_id)
    folded.newly_held[stream_id] = _held(folded.projection.name, tail, since, error)


def moved(folded: Folded) -> Checkpoint:
    """The checkpoint as it stands after the batch."""
    before = folded.checkpoint
    total = int(before.digest, 16) + sum(event_digest(e.event_id) for e in folded.applied)
    return msgspec.structs.replace(
        before,
        position=folded.upto,
        applied=before.applied + len(folded.applied),
        digest=f"{total % 2**256:064x}",
    )


def event_digest(event_id: UUID) -> int:
    """SHA-256 of the id's 16 bytes as a number: summed, it tells sets of events apart whatever their order."""
    return int.from_bytes(hashlib.sha256(event_id.bytes).digest())


def write_rows(transaction: Transaction, tables: Sequence[Table], parts: Any, *, fresh: bool = False) -> None:  # noqa: ANN401
    """Write the rows of many streams in bulk. `fresh`: nothing is there yet, so none can have the same key."""
    parts = list(parts)
    for table in tables:
        rows = [row for part in parts for row in part.get(table.name, ())]
        if rows and fresh:
            transaction.insert_many(table, rows)
        elif rows:
            transaction.upsert_many(table, rows)
