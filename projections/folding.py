"""From events to rows, before any of it is written: whole streams, folded by pure projections."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.envelope import Recorded
from projections.checkpoints import Checkpoint, Held
from projections.database import Transaction
from projections.memory import Follows, Memories
from projections.tables import FOREVER, Table

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


class Folded(msgspec.Struct, kw_only=True):
    """What one projection makes of a batch, before any of it is written."""

    projection: Projection
    checkpoint: Checkpoint
    #: Log position to which the batch leads.
    upto: int
    rows: dict[UUID, Rows]
    applied: list[Recorded]
    #: Stream -> its version and what is to be remembered of it, once this is written.
    memories: dict[UUID, tuple[int, Any]]
    newly_held: dict[UUID, Held]
    released: list[UUID]


def touched_streams(events: Sequence[Recorded], kinds: frozenset[str]) -> dict[UUID, list[Recorded]]:
    """The events of each stream of these kinds."""
    touched: dict[UUID, list[Recorded]] = {}
    for event in events:
        if event.kind in kinds:
            touched.setdefault(event.stream_id, []).append(event)
    return touched


def whole_streams(
    reader: LedgerReader, events: Sequence[Recorded], kinds: frozenset[str]
) -> dict[UUID, list[Recorded]]:
    """The complete history, up to the batch's end, of each stream that it touches."""
    return completed(reader, touched_streams(events, kinds), events[-1].log_position)


def completed(reader: LedgerReader, touched: dict[UUID, list[Recorded]], upto: int) -> dict[UUID, list[Recorded]]:
    """These streams' events with all that came before them."""
    # A stream that begins in this batch is complete; the others are read in one query.
    begun = [stream_id for stream_id, found in touched.items() if found[0].version != 1]
    return touched | (reader.streams(begun, upto) if begun else {})


def fold(
    projection: Projection,
    checkpoint: Checkpoint,
    streams: dict[UUID, list[Recorded]],
    events: Sequence[Recorded],
    held: dict[UUID, Held],
    followed: dict[UUID, Followed] | None = None,
) -> Folded:
    """What the projection makes of these events; a stream that it cannot fold is held back instead.

    `streams`: whole ones; `followed`: what it made of others from what it remembers of them.
    """
    followed = followed or {}
    folded = Folded(
        projection=projection,
        checkpoint=checkpoint,
        upto=events[-1].log_position if events else checkpoint.position,
        rows={},
        applied=[e for e in events if e.kind not in projection.kinds],
        memories={stream_id: (one.version, one.memory) for stream_id, one in followed.items()},
        newly_held={},
        released=[],
    )
    for stream_id, one in followed.items():
        folded.rows[stream_id] = one.rows
        folded.applied += one.events
    for stream_id, stream in streams.items():
        if not stream or stream_id in followed or stream[0].kind not in projection.kinds:
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


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What a projection made of a stream's next events from what it remembers of it."""

    events: list[Recorded]
    rows: Rows
    version: int
    memory: Any


def followed(
    projection: Projection, memories: Memories, touched: dict[UUID, list[Recorded]], held: dict[UUID, Held]
) -> dict[UUID, Followed]:
    """The streams of which this projection remembers enough; a fold that fails is tried again on the whole stream."""
    found: dict[UUID, Followed] = {}
    if not isinstance(projection, Follows):
        return found
    for stream_id, events in touched.items():
        if events[0].kind not in projection.kinds or stream_id in held:
            continue
        memory = memories.at(projection.name, stream_id, events[0].version - 1)
        if memory is None:
            continue
        with suppress(Exception):
            more = projection.follow(memory, events)
            if more is not None:
                rows, memory = more
                found[stream_id] = Followed(events=events, rows=rows, version=events[-1].version, memory=memory)
    return found


def remembered(projection: Projection, stream: Sequence[Recorded]) -> Any:  # noqa: ANN401 - each projection's own
    """What the projection needs to go on after this whole stream; None where it cannot."""
    if isinstance(projection, Follows):
        with suppress(Exception):
            return projection.remember(stream)
    return None


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


def hold_back(folded: Folded, stream_id: UUID, error: Exception) -> None:
    del folded.rows[stream_id]
    folded.memories.pop(stream_id, None)
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


def write_rows(transaction: Transaction, tables: Sequence[Table], parts: Iterable[Rows]) -> None:
    """Write the rows of many streams in bulk."""
    parts = list(parts)
    for table in tables:
        rows = [row for part in parts for row in part.get(table.name, ())]
        if rows:
            transaction.upsert_many(table, rows)
