"""The one loop from the log to the views: read a batch, fold whole streams, write what changed, move the checkpoint.

The checkpoint moves by compare-and-set in the transaction that writes the rows. That alone is the safety: any number
of workers may run, wake-ups may be doubled, lost or reordered; a worker that finds the checkpoint moved rolls back and
reads again. A projection that cannot fold one stream holds back *that stream* and lets the others flow; the events
held are counted, so `missing = head - applied - held` must be 0 whenever the position is at the head.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from projections.database.database import Database, DatabaseUnavailable, WriteRefused
from projections.database.tables import SYSTEM_TIME
from projections.engine.aggregates import find_diverging_streams
from projections.engine.checkpoints import (
    BOOKKEEPING_TABLES,
    PROGRESS_SQL,
    Checkpoint,
    HeldStream,
    build_checkpoint_write,
    delete_held_streams,
    load_all_held_streams,
    load_checkpoints,
    load_progress,
    lock_if_unchanged,
    register_projection,
    save_held_streams,
)
from projections.engine.fold import (
    EventBatch,
    LedgerReader,
    Projection,
    ProjectionUpdate,
    apply_incrementally,
    build_table_writes,
    fold,
    fold_states,
    hold_stream,
    load_whole_streams,
    next_checkpoint,
)
from projections.engine.incremental import FoldCache
from projections.engine.rebuild import Difference, Progress, rebuild, verify
from projections.engine.stream_events import StreamEvents

#: Events per transaction while following; a rebuild takes more at a time.
BATCH_SIZE = 1_000

#: Stream -> its version, and what each projection is to remember at it.
_NewFoldStates = dict[str, tuple[int, Mapping[str, Any]]]


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


class ViewMigration(msgspec.Struct, frozen=True, kw_only=True):
    """What migrating the views came to."""

    #: Views that were emptied, or are new where the log has events: they fill from it.
    begun: list[str]
    #: The log is not the one that the views followed, or has none at all: a copy of it was restored without them.
    is_log_restored: bool


class Engine:
    """Keeps the given projections in step with a ledger. Safe to share between threads and processes."""

    def __init__(self, reader: LedgerReader, database: Database, projections: Sequence[Projection]) -> None:
        self.reader = reader
        self.database = database
        self.projections = {projection.name: projection for projection in projections}
        self._fold_cache = FoldCache()
        for table in (table for projection in projections for table in projection.tables):
            if table.columns[: len(SYSTEM_TIME)] != SYSTEM_TIME:
                raise ValueError(f"table {table.name} must begin with the columns of SYSTEM_TIME")

    def migrate(self) -> ViewMigration:
        """Create what is missing, and start a view of an older version anew. Idempotent, safe from many processes.

        A view that is ahead of the log (the log was restored from an older backup) starts anew too.
        """
        self.database.migrate(BOOKKEEPING_TABLES)
        # Read the head after the checkpoints: a checkpoint beyond it belongs to another log.
        known = {checkpoint.name: checkpoint for checkpoint in load_checkpoints(self.database)}
        head = self.reader.head()
        begun, restored = [], bool(head and not known)
        for projection in self.projections.values():
            before = known.get(projection.name)
            strange = before is not None and before.position > head
            restored = restored or strange
            if head and (before is None or strange or before.version != projection.version):
                begun.append(projection.name)
            register_projection(self.database, projection.name, projection.version, projection.tables, anew=strange)
        return ViewMigration(begun=begun, is_log_restored=restored)

    def empties_views(self) -> bool:
        """Whether migrating makes tables of any view anew: it is another version's, ahead of the log, or unknown."""
        try:
            known = {checkpoint.name: checkpoint for checkpoint in load_checkpoints(self.database)}
        except DatabaseUnavailable:
            return False
        head = self.reader.head()
        return any(
            (checkpoint := known.get(name)) is None
            or checkpoint.version != projection.version
            or checkpoint.position > head
            for name, projection in self.projections.items()
        )

    def catch_up(self, limit: int | None = None) -> int:
        """Follow the log to its head, or for about `limit` events; the number of events followed.

        Raises what the reader raises, and `DatabaseUnavailable`; what was committed before stays and counts.
        """
        followed = 0
        while limit is None or followed < limit:
            room = BATCH_SIZE if limit is None else min(BATCH_SIZE, limit - followed)
            step, is_at_head = self._step(room)
            followed += step
            if is_at_head:
                break
        return followed

    def position(self, name: str | None = None) -> int:
        """The log position up to which a projection (or: every projection) has followed."""
        found = self._current_version_only(load_checkpoints(self.database))
        return found[name].position if name else min((c.position for c in found.values()), default=0)

    def freshness_for(self, organisation_id: UUID) -> tuple[int, tuple[str, ...]]:
        """The log position that every projection has followed; those that hold back a stream of the organisation."""
        rows = self.database.query(PROGRESS_SQL, {"organisation_id": str(organisation_id)})
        ours = [r for r in rows if r.name in self.projections and r.version == self.projections[r.name].version]
        return min((r.log_position for r in ours), default=0), tuple(r.name for r in rows if r.held)

    def retry_held(self, name: str | None = None) -> int:
        """Try the streams that are held back once more (after code or data were mended); how many flow again."""
        released = 0
        for projection in (self.projections[n] for n in ([name] if name else sorted(self.projections))):
            checkpoint = self._current_version_only(load_checkpoints(self.database)).get(projection.name)
            held = load_all_held_streams(self.database).get(projection.name)
            if checkpoint is None or not held:
                continue
            waiting = self.reader.read_streams(list(held), checkpoint.position)
            streams = {str(stream_id): StreamEvents(events) for stream_id, events in waiting.items() if events}
            folded = fold(projection, checkpoint, EventBatch([], checkpoint.position, frozenset()), streams, held)
            if folded.released and self._write([folded]):
                released += len(folded.released)
        return released

    def rebuild(self, name: str | None = None, progress: Progress | None = None) -> list[Difference]:
        """Rebuild one view (or all of them, reading the log once) into shadow tables, then swap them in.

        What differed is returned, table by table; nothing means that the view was right. Readers see the old view
        until the new one is whole. `progress` is called with (events done, events in all).
        """
        return rebuild(self.reader, self.database, self._select_projections(name), progress)

    def verify(self, name: str | None = None, progress: Progress | None = None) -> list[Difference]:
        """Fold the log into shadow tables and compare row by row, then compare the aggregates' states with the view.

        Nothing is changed.
        """
        found = verify(self.reader, self.database, self._select_projections(name), progress)
        return [*found, *self.compare_aggregates(name)]

    def compare_aggregates(self, name: str | None = None) -> list[Difference]:
        """The streams of which decisions and access read another state than the views."""
        diverging = find_diverging_streams(self.reader, self.database, self._select_projections(name))
        return [
            Difference(table=table, missing=0, surplus=0, streams=streams, aggregates=len(streams))
            for table, streams in diverging.items()
        ]

    def _select_projections(self, name: str | None) -> list[Projection]:
        """One projection or all; raises `KeyError` for a name that is none."""
        return list(self.projections.values()) if name is None else [self.projections[name]]

    def status(self) -> list[Status]:
        """Every projection's position, applied and held counts; `missing` is a constant-time check."""
        stored = {checkpoint.name: checkpoint for checkpoint in load_checkpoints(self.database)}
        head, waiting = self.reader.head(), load_all_held_streams(self.database)
        found = []
        for projection in self.projections.values():
            checkpoint = stored.get(projection.name) or Checkpoint(name=projection.name, version=0)
            held = sum(h.events for h in waiting.get(projection.name, {}).values())
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

    def _current_version_only(self, found: Iterable[Checkpoint]) -> dict[str, Checkpoint]:
        """The checkpoints of this code's versions; another version's view is not ours to write."""
        ours = self.projections
        return {c.name: c for c in found if c.name in ours and c.version == ours[c.name].version}

    def _step(self, limit: int) -> tuple[int, bool]:
        """One batch for the projections that are furthest behind; its events, and whether it reached the head.

        No events: there are none, or another worker was first.
        """
        found, held = load_progress(self.database)
        current = self._current_version_only(found)
        if not current:
            return 0, True
        positions = sorted({c.position for c in current.values()})
        # The laggards move to where the next ones wait, then all go on together and share one reading.
        room = min(limit, positions[1] - positions[0]) if len(positions) > 1 else limit
        events = self.reader.read_log(positions[0], room)
        if not events:
            return 0, True
        group = [c for c in current.values() if c.position == positions[0]]
        kinds = frozenset[str]().union(*(self.projections[c.name].kinds for c in group))
        folded, learned = self._fold(group, EventBatch(events, events[-1].log_position, kinds), held)
        try:
            written = self._write(folded)
        except WriteRefused:
            # What is remembered must be what is written.
            learned = {}
            written = self._write([self._hold_refused_streams(f) for f in folded])
        if written:
            self._fold_cache.put(learned)
        # A look at the log that found less than it asked for need not be followed by one that finds nothing.
        return (len(events), len(events) < room) if written else (0, False)

    def _fold(
        self, group: list[Checkpoint], batch: EventBatch, held: dict[str, dict[UUID, HeldStream]]
    ) -> tuple[list[ProjectionUpdate], _NewFoldStates]:
        """What the projections make of a batch, and what is to be remembered once that is written."""
        projections = [self.projections[c.name] for c in group]
        apart = {stream_id for c in group for stream_id in held.get(c.name, ())}
        known = apply_incrementally(projections, self._fold_cache, batch, apart)
        lacking = {stream: added for stream, added in batch.by_stream.items() if stream not in known}
        streams = load_whole_streams(self.reader, lacking, batch.upto)
        folded = [
            fold(projection, checkpoint, batch, streams, held.get(checkpoint.name, {}))
            for projection, checkpoint in zip(projections, group, strict=True)
        ]
        by_name = {one.projection.name: one.rows for one in folded}
        learned: _NewFoldStates = {}
        for stream, one in known.items():
            for name, rows in one.rows.items():
                by_name[name][stream] = rows
            learned[stream] = (batch.by_stream[stream][-1].version, one.memories)
        for stream, events in streams.items():
            learned[stream] = (events[-1].version, fold_states(projections, events))
        return folded, learned

    def _write(self, folded: list[ProjectionUpdate]) -> bool:
        """All of it in one transaction, or nothing: False when another worker has moved one of the checkpoints."""
        before = [one.checkpoint for one in folded]
        parts = [*build_table_writes(folded), build_checkpoint_write(map(next_checkpoint, folded))]
        holds = any(one.released or one.newly_held for one in folded)
        if not holds and self.database.try_write(build_checkpoint_write(before), parts):
            return True
        try:
            with self.database.transaction() as transaction:
                if not lock_if_unchanged(transaction, before):
                    raise _LostRace
                transaction.write(parts)
                for one in folded:
                    delete_held_streams(transaction, one.projection.name, one.released)
                    save_held_streams(transaction, one.newly_held.values())
        except _LostRace:
            return False
        return True

    def _hold_refused_streams(self, folded: ProjectionUpdate) -> ProjectionUpdate:
        """The same, with each stream held back whose rows the database itself refuses."""
        for stream, rows in list(folded.rows.items()):
            try:
                with self.database.transaction() as transaction:
                    transaction.write(build_table_writes([msgspec.structs.replace(folded, rows={stream: rows})]))
                    raise _LostRace
            except _LostRace:
                continue
            except WriteRefused as error:
                hold_stream(folded, stream, error)
        return folded


class _LostRace(Exception):  # noqa: N818 - not an error: a race that another worker won
    """Roll back."""
