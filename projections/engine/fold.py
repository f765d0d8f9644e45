"""From events to rows, before any of it is written: whole streams, folded by pure projections."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from projections.database.tables import Table, TableWrite
from projections.engine.checkpoints import Checkpoint, HeldStream
from projections.engine.incremental import FoldCache, IncrementalProjection
from projections.engine.stream_events import StreamEvents

Rows = dict[str, list[tuple[Any, ...]]]


class LedgerReader(Protocol):
    """What following the log needs of the ledger."""

    def read_log(self, after: int, limit: int) -> list[RecordedEvent]: ...
    def read_streams(self, stream_ids: Sequence[UUID], upto: int) -> dict[UUID, list[RecordedEvent]]: ...
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
        """Each begins with the columns of `SYSTEM_TIME`."""

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> Rows:
        """The rows of that one stream, by table, given all its events in log order.

        Rows that no event behind log position `after` opened or closed may be left out; they will not be written.
        """


class EventBatch:
    """Events behind a checkpoint, read once for all projections that stand there."""

    def __init__(self, events: Sequence[RecordedEvent], upto: int, kinds: frozenset[str]) -> None:
        self.events = events
        #: Log position to which the batch leads.
        self.upto = upto
        #: Sum of SHA-256(event id) over its events.
        self.digest = sum_digests(events)
        parts: dict[str, list[RecordedEvent]] = {}
        for event in events:
            kind, _, stream = event.stream.partition("/")
            if kind in kinds:
                parts.setdefault(stream, []).append(event)
        #: What it adds to each stream of these kinds, by the stream's id as text.
        self.by_stream = {stream: StreamEvents(part) for stream, part in parts.items()}


class ProjectionUpdate(msgspec.Struct, kw_only=True):
    """What one projection makes of a batch, before any of it is written."""

    projection: Projection
    checkpoint: Checkpoint
    batch: EventBatch
    #: The streams that it held back before.
    held: dict[UUID, HeldStream]
    #: By the stream's id as text.
    rows: dict[str, Rows] = {}
    #: Events of the batch that are not folded: their streams are held back.
    skipped: list[RecordedEvent] = []
    #: Events from before the batch that were held back and are folded now.
    recovered: list[RecordedEvent] = []
    newly_held: dict[UUID, HeldStream] = {}
    released: list[UUID] = []


def load_whole_streams(reader: LedgerReader, lacking: Mapping[str, StreamEvents], upto: int) -> dict[str, StreamEvents]:
    """These streams' events with all that came before them."""
    # A stream that begins in this batch is complete; the others are read in one query.
    begun = [UUID(stream) for stream, added in lacking.items() if added[0].version != 1]
    whole = {
        str(stream_id): StreamEvents(events)
        for stream_id, events in _read_streams(reader, begun, upto).items()
        if events
    }
    return {**lacking, **whole}


def _read_streams(reader: LedgerReader, stream_ids: list[UUID], upto: int) -> dict[UUID, list[RecordedEvent]]:
    return reader.read_streams(stream_ids, upto) if stream_ids else {}


def fold(
    projection: Projection,
    checkpoint: Checkpoint,
    batch: EventBatch,
    streams: Mapping[str, StreamEvents],
    held: dict[UUID, HeldStream],
) -> ProjectionUpdate:
    """What the projection makes of these whole streams; one that it cannot fold is held back instead."""
    folded = ProjectionUpdate(projection=projection, checkpoint=checkpoint, batch=batch, held=held)
    for stream, events in streams.items():
        if events.kind not in projection.kinds:
            continue
        before = held.get(events[0].stream_id) if held else None
        since = before.since if before else checkpoint.position
        try:
            folded.rows[stream] = _select_changed_rows(projection, events, since)
        except Exception as error:  # noqa: BLE001 - whatever a fold raises concerns this stream only
            _hold_events(folded, events, since, error)
            continue
        if before is not None:
            folded.recovered += [e for e in events if since < e.log_position <= checkpoint.position]
            folded.released.append(before.stream_id)
    return folded


class IncrementalResult(msgspec.Struct, frozen=True, kw_only=True):
    """What some projections made of a stream's next events from what they remember of it, by projection."""

    rows: dict[str, Rows]
    memories: dict[str, Any]


def apply_incrementally(
    projections: Sequence[Projection], memories: FoldCache, batch: EventBatch, apart: Collection[UUID]
) -> dict[str, IncrementalResult]:
    """The streams of which these projections remember enough, but for those that are held back.

    All of them or none go on with a stream: what is read for one of them serves the others.
    """
    going_on = _incremental_by_kind(tuple(projections))
    found: dict[str, IncrementalResult] = {}
    known = memories.get_at_versions({stream: added[0].version - 1 for stream, added in batch.by_stream.items()})
    for stream, memory in known.items():
        added = batch.by_stream[stream]
        if apart and added[0].stream_id in apart:
            continue
        # A fold that fails is tried again on the whole stream.
        with suppress(Exception):
            one = _apply_to_stream(going_on.get(added.kind, ()), memory, added)
            if one is not None:
                found[stream] = one
    return found


# Asking whether an object keeps to a protocol takes a look at each of its attributes, and the answer stays the same.
@lru_cache(maxsize=64)
def _find_incremental(projections: tuple[Projection, ...]) -> dict[str, IncrementalProjection]:
    """Those that can go on from where they left off, by name."""
    return {p.name: p for p in projections if isinstance(p, IncrementalProjection)}


@lru_cache(maxsize=64)
def _incremental_by_kind(projections: tuple[Projection, ...]) -> dict[str, list[tuple[str, IncrementalProjection]]]:
    """By kind the projections that fold it; no kind of which one cannot go on from where it left off."""
    found: dict[str, list[tuple[str, IncrementalProjection]]] = {}
    incremental = _find_incremental(projections)
    for projection in projections:
        if projection.name in incremental:
            for kind in projection.kinds:
                found.setdefault(kind, []).append((projection.name, incremental[projection.name]))
    cannot = frozenset[str]().union(*(p.kinds for p in projections if p.name not in incremental))
    return {kind: each for kind, each in found.items() if kind not in cannot}


def _apply_to_stream(
    each: Sequence[tuple[str, IncrementalProjection]], known: Mapping[str, Any], added: StreamEvents
) -> IncrementalResult | None:
    found = IncrementalResult(rows={}, memories={})
    for name, projection in each:
        memory = known.get(name)
        more = None if memory is None else projection.apply(memory, added)
        if more is None:
            return None
        found.rows[name], found.memories[name] = more
    return found if each else None


def fold_states(projections: Sequence[Projection], stream: StreamEvents) -> dict[str, Any]:
    """What these projections need to go on after this whole stream; empty where one of them cannot."""
    known: dict[str, Any] = {}
    incremental = _find_incremental(tuple(projections))
    for projection in (p for p in projections if stream.kind in p.kinds):
        memory = None
        if projection.name in incremental:
            with suppress(Exception):
                memory = incremental[projection.name].state_after(stream)
        if memory is None:
            return {}
        known[projection.name] = memory
    return known


def _select_changed_rows(projection: Projection, stream: StreamEvents, after: int) -> Rows:
    rows, tables = projection.rows(stream, after), {table.name: table for table in projection.tables}
    return {name: [row for row in found if tables[name].is_changed(row, after)] for name, found in rows.items()}


def _hold_events(folded: ProjectionUpdate, events: Sequence[RecordedEvent], since: int, error: Exception) -> None:
    """Hold a stream back, given its events: those behind `since` wait."""
    tail = [e for e in events if e.log_position > since]
    folded.skipped += [e for e in tail if e.log_position > folded.checkpoint.position]
    folded.newly_held[tail[0].stream_id] = HeldStream(
        name=folded.projection.name,
        stream_id=tail[0].stream_id,
        organisation_id=tail[0].organisation_id,
        error=f"{type(error).__name__}: {error}"[:500],
        since=since,
        events=len(tail),
    )


def hold_stream(folded: ProjectionUpdate, stream: str, error: Exception) -> None:
    """Take a stream out of what is to be written, and hold it back."""
    del folded.rows[stream]
    stream_id = UUID(stream)
    before = folded.held.get(stream_id)
    since = before.since if before else folded.checkpoint.position
    earlier = [e for e in folded.recovered if e.stream_id == stream_id]
    folded.recovered = [e for e in folded.recovered if e.stream_id != stream_id]
    if stream_id in folded.released:
        folded.released.remove(stream_id)
    _hold_events(folded, [*earlier, *folded.batch.by_stream.get(stream, ())], since, error)


def next_checkpoint(folded: ProjectionUpdate) -> Checkpoint:
    """The checkpoint as it stands after the batch."""
    before, batch = folded.checkpoint, folded.batch
    total = int(before.digest, 16) + batch.digest - sum_digests(folded.skipped) + sum_digests(folded.recovered)
    return msgspec.structs.replace(
        before,
        position=batch.upto,
        applied=before.applied + len(batch.events) - len(folded.skipped) + len(folded.recovered),
        digest=f"{total % 2**256:064x}",
    )


def sum_digests(events: Iterable[RecordedEvent]) -> int:
    """The sum of the events' digests."""
    return sum(event_digest(e.event_id) for e in events)


def event_digest(event_id: UUID) -> int:
    """SHA-256 of the id's 16 bytes as a number: summed, it identifies a set of events whatever their order."""
    return int.from_bytes(hashlib.sha256(event_id.bytes).digest())


def build_table_writes(folded: Iterable[ProjectionUpdate]) -> list[TableWrite]:
    """What is to be written to each table."""
    parts: list[TableWrite] = []
    for one in folded:
        by_table: dict[str, list[tuple[Any, ...]]] = {}
        for of_stream in one.rows.values():
            for name, rows in of_stream.items():
                if rows:
                    by_table.setdefault(name, []).extend(rows)
        parts += (
            _build_table_write(t, by_table[t.name], one.checkpoint) for t in one.projection.tables if t.name in by_table
        )
    return parts


def _build_table_write(table: Table, rows: Iterable[tuple[Any, ...]], checkpoint: Checkpoint) -> TableWrite:
    ended, opened = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for row in rows:
        (ended if row[2] <= checkpoint.position and table.is_closed(row) else opened).append(row)
    return TableWrite(table=table, upserts=opened, closures=ended)
