"""The tables of a lake: every mart, and `events`, the log itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from projections.as_of import AsOf
from projections.catalogue import PROJECTIONS
from projections.marts.columns import Mart, MartColumn
from projections.marts.projection import MARTS_PROJECTION
from projections.marts.reading import copy_rows, read_rows
from projections.marts.registry import COMPUTED_MARTS, MARTS
from projections.marts.snapshots import read_kept_rows
from services.exports.columnar import RecordBatch, Schema, arrow_schema, batches_of_rows, batches_of_text
from services.lake.events import EVENTS, list_event_rows

if TYPE_CHECKING:
    from services.runtime import Runtime

#: What syncs came to: the certificates.
SYNCS = Mart(
    name="syncs",
    comment="One row per sync and table: what was compared, and whether log and lake are equal.",
    use="All tables of one moment: `delta_version` of the rows of one `position`.",
    key=("position", "table", "synced_at"),
    subject=None,
    is_final=True,
    columns=(
        MartColumn("position", "integer", "The organisation's position up to which the table was brought."),
        MartColumn("recorded_as_of", "timestamp", "When the event at that position was recorded."),
        MartColumn("synced_at", "timestamp", "When the sync was complete."),
        MartColumn("table", "text", "The table."),
        MartColumn("delta_version", "integer", "Its Delta version of that position."),
        MartColumn("schema_version", "integer", "Version of its columns."),
        MartColumn("rows", "integer", "Rows of the table in the lake.", unit="rows"),
        MartColumn("log_rows", "integer", "Rows by the log; empty: not counted.", nullable=True, unit="rows"),
        MartColumn("after", "integer", "The digests are of the rows behind this position."),
        MartColumn("digest", "text", "Of these rows in the lake, 64 hex digits."),
        MartColumn("log_digest", "text", "Of these rows as the log gives them."),
        MartColumn("is_equal", "boolean", "Counts and digests are equal."),
    ),
)


class LakeTable(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One table of a lake."""

    mart: Mart
    #: What its rows follow from, besides the log: rows of another generation are written anew.
    generation: str
    partitions: tuple[str, ...] = ()
    #: Without what is about one of these members alone; None: of everybody.
    withheld: frozenset[UUID] | None = frozenset()

    def after_switches(self, switches: int, withheld: frozenset[UUID] | None) -> LakeTable:
        """The table of an organisation that has so often switched co-determination on or off, and withholds these.

        Each time is another generation: rows that were written before it are written anew.
        """
        if not (self.mart.is_person_level or self.mart is EVENTS):
            return self
        generation = f"{self.generation}.{switches}" if switches else self.generation
        if withheld:
            generation += "." + hashlib.sha256(" ".join(sorted(map(str, withheld))).encode()).hexdigest()[:12]
        return msgspec.structs.replace(self, generation=generation, withheld=withheld)

    @property
    def name(self) -> str:
        """Of the table and of its folder."""
        return self.mart.name

    @cached_property
    def schema(self) -> Schema:
        """Its columns: those of the mart but for `deleted`."""
        return arrow_schema(self.mart, deleted=False)

    @property
    def is_computed(self) -> bool:
        """Computed from many streams: counting its rows means computing them all."""
        return self.name in COMPUTED_MARTS

    def read(self, runtime: Runtime, view: AsOf, *, after: int, names: bool) -> Iterator[RecordBatch]:
        """Its rows as the log gives them, behind a position; `deleted` is among the columns of a mart."""
        if self.mart is EVENTS:
            return batches_of_rows(EVENTS, list_event_rows(runtime.ledger, view, after))
        copied = copy_rows(runtime.database, view, self.mart, after=after, names=names)
        if copied is not None:
            return batches_of_text(self.mart, iter(copied))
        kept = read_kept_rows(runtime.database, view, self.mart, after, self.withheld) if self.is_computed else None
        if kept is not None:
            return batches_of_rows(self.mart, iter(kept))
        rows = self.mart.without(read_rows(runtime.database, view, self.mart, after=after, names=names), self.withheld)
        return batches_of_rows(self.mart, _keep_last(self.mart, rows) if after and self.is_computed else rows)


def _keep_last(mart: Mart, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """A key may come again where its position moved on within the delta: its last row counts."""
    places = [mart.column_names.index(name) for name in mart.key]
    return iter({tuple(row[place] for place in places): row for row in rows}.values())


def _describe_views() -> str:
    versions = sorted((projection.name, projection.version) for projection in PROJECTIONS)
    return hashlib.sha256(msgspec.json.encode(versions)).hexdigest()[:12]


def _list_tables() -> Iterator[LakeTable]:
    for mart in MARTS.values():
        views = _describe_views() if mart.name in COMPUTED_MARTS else str(MARTS_PROJECTION.version)
        yield LakeTable(mart=mart, generation=f"{mart.version}.{views}")
    yield LakeTable(mart=EVENTS, generation=str(EVENTS.version), partitions=("month",))


#: Every table but `syncs`.
LAKE_TABLES: dict[str, LakeTable] = {table.name: table for table in _list_tables()}
SYNCS_TABLE = LakeTable(mart=SYNCS, generation=str(SYNCS.version))


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose rows a table holds: kept in its metadata."""

    organisation: UUID
    #: The log's: another one where it was restored from a copy, whose positions are not these.
    epoch: str
    #: With the names of members.
    names: bool
