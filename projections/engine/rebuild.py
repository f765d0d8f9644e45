"""Views rebuilt from the log in shadow tables: compared row by row, then, if asked, swapped in.

The new rows grow in temporary tables of one session: no live table is locked meanwhile, and a process that dies
leaves nothing behind. Taking the place is one transaction that holds the checkpoints, follows what the live view has
followed since, writes only the rows that differ, and moves the checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec

from projections.database.database import Database, Session, Transaction, to_id
from projections.database.tables import Table
from projections.engine.checkpoints import (
    Checkpoint,
    HeldStream,
    build_checkpoint_write,
    load_checkpoints,
    lock_checkpoints,
    save_held_streams,
)
from projections.engine.fold import (
    EventBatch,
    LedgerReader,
    Projection,
    ProjectionUpdate,
    fold,
    load_whole_streams,
    next_checkpoint,
)

#: Events per step: a stream that begins and ends within one needs no second reading.
REBUILD_BATCH_SIZE = 10_000
Progress = Callable[[int, int], object]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How a live table differs from the log."""

    table: str
    #: Rows that the log gives and the table lacked.
    missing: int
    #: Rows of the table that the log does not give.
    surplus: int
    #: Some of the streams concerned; all of those counted in `aggregates`.
    streams: list[UUID]
    #: Streams whose aggregate, by which is decided, is another state than the view's.
    aggregates: int = 0


class _ShadowTables:
    """The new views of some projections, in temporary tables."""

    def __init__(self, reader: LedgerReader, session: Session, projections: Sequence[Projection]) -> None:
        self._reader = reader
        self.projections = projections
        self.checkpoints = {p.name: Checkpoint(name=p.name, version=p.version) for p in projections}
        self.held: dict[str, dict[UUID, HeldStream]] = {p.name: {} for p in projections}
        self.tables = {table.name: _shadow_table(table) for p in projections for table in p.tables}
        self._kinds = frozenset[str]().union(*(p.kinds for p in projections))
        for table in self.tables.values():
            session.create_temporary_table(table)

    @property
    def position(self) -> int:
        """The log position up to which the new views have followed; the same for all."""
        return min((c.position for c in self.checkpoints.values()), default=0)

    def step(self, upto: int) -> list[ProjectionUpdate]:
        """Fold the next events, at most up to a log position; nothing left: an empty list."""
        room = min(REBUILD_BATCH_SIZE, upto - self.position)
        events = self._reader.read_log(self.position, room) if room > 0 else []
        if not events:
            return []
        batch = EventBatch(events, events[-1].log_position, self._kinds)
        streams = load_whole_streams(self._reader, batch.by_stream, batch.upto)
        return [fold(p, self.checkpoints[p.name], batch, streams, self.held[p.name]) for p in self.projections]

    def write(self, transaction: Transaction, folded: Sequence[ProjectionUpdate]) -> None:
        """Keep one step."""
        for one in folded:
            since = one.checkpoint.position
            for table in one.projection.tables:
                rows = [row for part in one.rows.values() for row in part.get(table.name, ())]
                # A row that an event of this step opened is new; one that it closed is there already.
                opened, closed = [r for r in rows if r[2] > since], [r for r in rows if r[2] <= since]
                if opened:
                    transaction.insert_many(self.tables[table.name], opened)
                if closed:
                    transaction.upsert_many(self.tables[table.name], closed)
            name = one.projection.name
            self.checkpoints[name] = next_checkpoint(one)
            waiting = {stream: h for stream, h in self.held[name].items() if stream not in one.released}
            self.held[name] = {**waiting, **one.newly_held}


def _shadow_table(table: Table) -> Table:
    return table.with_name(f"{table.name}_anew")


def verify(
    reader: LedgerReader, database: Database, projections: Sequence[Projection], progress: Progress | None = None
) -> list[Difference]:
    """Compare each view with the log up to the position that the view has followed. Nothing is changed."""
    found: list[Difference] = []
    for projection in projections:
        position = min(c.position for c in load_checkpoints(database) if c.name == projection.name)
        with _build_shadow_tables(reader, database, [projection], position, progress) as (shadow, transaction):
            found += [_compare(transaction, t, shadow.tables[t.name]) for t in projection.tables]
    return [difference for difference in found if difference.missing or difference.surplus]


def rebuild(
    reader: LedgerReader, database: Database, projections: Sequence[Projection], progress: Progress | None = None
) -> list[Difference]:
    """Build the views anew, reading the log once, and put them in the place of the live ones; what differed."""
    found: list[Difference] = []
    with _build_shadow_tables(reader, database, projections, reader.head(), progress) as (shadow, transaction):
        for projection in projections:
            for table in projection.tables:
                difference = _compare(transaction, table, shadow.tables[table.name])
                if difference.missing or difference.surplus:
                    _replace(transaction, table, shadow.tables[table.name])
                    found.append(difference)
            _adopt_checkpoint(transaction, shadow.checkpoints[projection.name], shadow.held[projection.name].values())
    return found


@contextmanager
def _build_shadow_tables(
    reader: LedgerReader,
    database: Database,
    projections: Sequence[Projection],
    upto: int,
    progress: Progress | None,
) -> Iterator[tuple[_ShadowTables, Transaction]]:
    """New views that stand where the live ones stand (or further), in a transaction that keeps those from moving."""
    with database.session() as session:
        shadow = _ShadowTables(reader, session, projections)
        while folded := shadow.step(upto):
            with session.transaction() as transaction:
                shadow.write(transaction, folded)
            if progress is not None:
                progress(shadow.position, upto)
        with session.transaction() as transaction:
            live = [checkpoint.position for checkpoint in lock_checkpoints(transaction, [p.name for p in projections])]
            while folded := shadow.step(max(live, default=0)):
                shadow.write(transaction, folded)
            yield shadow, transaction


def _compare(transaction: Transaction, live: Table, anew: Table) -> Difference:
    missing = _count_differing_rows(transaction, anew, live)
    surplus = _count_differing_rows(transaction, live, anew)
    return Difference(
        table=live.name,
        missing=sum(missing.values()),
        surplus=sum(surplus.values()),
        streams=sorted({*list(missing)[:5], *list(surplus)[:5]}),
    )


def _count_differing_rows(transaction: Transaction, table: Table, other: Table) -> dict[UUID, int]:
    """How many rows of each stream the other table lacks or has otherwise."""
    rows = transaction.query(
        f"SELECT a.stream_id, COUNT(*) AS found {_differing_rows_sql(table, other)}"
        " GROUP BY a.stream_id ORDER BY a.stream_id"
    )
    return {to_id(row.stream_id): row.found for row in rows}


def _differing_rows_sql(table: Table, other: Table) -> str:
    """The rows `a` of a table that the other one lacks or has otherwise: by key, which costs less than EXCEPT."""
    same = " AND ".join(f"a.{name} = b.{name}" for name in table.key)
    differ = [f"b.{table.key[0]} IS NULL"]
    for column in (c for c in table.columns if c.name not in table.key):
        differ.append(f"a.{column.name} <> b.{column.name}")
        if column.nullable:
            differ.append(f"(a.{column.name} IS NULL) <> (b.{column.name} IS NULL)")
    return f"FROM {table.name} a LEFT JOIN {other.name} b ON {same} WHERE {' OR '.join(differ)}"


def _replace(transaction: Transaction, live: Table, anew: Table) -> None:
    """Make the live table equal to the new one, touching only the rows that differ."""
    same = " AND ".join(f"a.{name} = {live.name}.{name}" for name in live.key)
    transaction.execute(f"DELETE FROM {live.name} WHERE NOT EXISTS (SELECT 1 FROM {anew.name} a WHERE {same})")
    transaction.copy(
        live, f"SELECT {', '.join(f'a.{name}' for name in live.column_names)} {_differing_rows_sql(anew, live)}"
    )


def _adopt_checkpoint(transaction: Transaction, checkpoint: Checkpoint, held: Any) -> None:
    transaction.execute("DELETE FROM projection_held WHERE name = :name", {"name": checkpoint.name})
    save_held_streams(transaction, held)
    transaction.write([build_checkpoint_write([checkpoint])])
