"""Compare what decisions and access read with what views and reports read.

Decisions and access fold a stream's events one by one, as they are recorded: only some of those that are recorded late
make them fold the whole again. The views fold all of them in the order of business time. Both must come to one state: a
fact that is recorded late may not change one of them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from domain.registry import AGGREGATES
from ledger.states import NO_STREAM, StreamState, extend, fold
from projections.database.database import Database, Row, to_id
from projections.database.tables import END_OF_TIME
from projections.engine.checkpoints import load_checkpoints
from projections.engine.fold import LedgerReader, Projection
from projections.engine.stream_events import Evolve
from projections.engine.versions import VersionedProjection, encode_state

#: Streams that are read and folded at a time.
_PAGE_SIZE = 500


def find_diverging_streams(
    reader: LedgerReader, database: Database, projections: Sequence[Projection]
) -> dict[str, list[UUID]]:
    """By view the streams whose aggregate is another state than the view's last, up to where the view has followed."""
    found: dict[str, list[UUID]] = {}
    positions = {checkpoint.name: checkpoint.position for checkpoint in load_checkpoints(database)}
    for projection in projections:
        if isinstance(projection, VersionedProjection) and projection.name in positions:
            diverging = _compare(reader, database, projection, positions[projection.name])
            if diverging:
                found[projection.name] = diverging
    return found


def _compare(reader: LedgerReader, database: Database, projection: VersionedProjection, position: int) -> list[UUID]:
    found: list[UUID] = []
    after = str(UUID(int=0))
    while rows := _read_page(database, projection, position, after):
        streams = reader.read_streams([to_id(row.stream_id) for row in rows], position)
        for row in rows:
            state = fold_stream(projection.evolve, streams.get(to_id(row.stream_id), ()))
            if _comparable(encode_state(state)) != _comparable(row.body):
                found.append(to_id(row.stream_id))
        after = rows[-1].stream_id
    return found


def fold_stream(evolve: Evolve, events: Sequence[RecordedEvent]) -> Any:
    """The state to which the ledger comes with the last of the events, as it takes one after another."""
    if not events:
        return None
    kind, last_at = events[0].kind, events[0].occurred_at
    aggregates = {kind: msgspec.structs.replace(AGGREGATES[kind], evolve=evolve)}
    entry: StreamState | None = NO_STREAM
    for number, event in enumerate(events):
        if entry is None and event.occurred_at >= last_at:
            # Of several late events in a row the fold after the last one is enough.
            entry = fold(events[:number], aggregates)
        entry = None if entry is None else extend(entry, [event], aggregates)
        last_at = max(last_at, event.occurred_at)
    return (fold(events, aggregates) if entry is None else entry).state


def _read_page(database: Database, projection: VersionedProjection, position: int, after: str) -> list[Row]:
    return database.query(
        f"SELECT stream_id, {projection.body_sql} AS body FROM {projection.name}"
        " WHERE (valid_to = :end OR to_position > :known) AND known_from <= :known AND known_to > :known"
        f" AND stream_id > :after ORDER BY stream_id LIMIT {_PAGE_SIZE}",
        {"end": END_OF_TIME, "known": position, "after": after},
    )


def _comparable(body: str) -> Any:
    """A stored state without the stream's version: of events that were recorded late, the last is another one."""
    state = msgspec.json.decode(body)
    for part in (state, state.get("promised") if isinstance(state, dict) else None):
        if isinstance(part, dict):
            part.pop("version", None)
    return state
