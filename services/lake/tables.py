"""The tables of a lake: every mart, and `events`, the log itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from domain.instants import encode_json, to_micros
from projections.as_of import AsOf
from projections.catalogue import PROJECTIONS
from projections.marts.columns import Mart, MartColumn, member_column
from projections.marts.projection import MARTS_PROJECTION
from projections.marts.reading import copy_rows, read_rows
from projections.marts.registry import COMPUTED_MARTS, MARTS
from services.exports.columnar import RecordBatch, Schema, arrow_schema, batches_of_rows, batches_of_text

if TYPE_CHECKING:
    from ledger.ledger import Ledger
    from services.runtime import Runtime

#: Events that are read at a time.
_PAGE = 5_000

EVENTS = Mart(
    name="events",
    comment="One row per event: the whole log of the organisation, with what people wrote.",
    use="Everything else follows from it. It holds names, reasons and notes as they were given: grant it to those who"
    " may read all of that, or sync with `--no-events`.",
    key=("event_id",),
    subject=None,
    is_final=True,
    columns=(
        MartColumn("position", "integer", "The organisation's gapless, commit-ordered sequence, from 1."),
        MartColumn("event_id", "uuid", "The event."),
        MartColumn("organisation_id", "uuid", "The organisation."),
        MartColumn("kind", "text", "Kind of its stream: goal, member, team, charter, cycle, decision, ..."),
        MartColumn("stream_id", "uuid", "Its stream: the goal, the member, the team, ..."),
        MartColumn("stream_version", "integer", "Its version of the stream, from 1."),
        MartColumn("type", "text", "The event's tag with its version."),
        MartColumn("occurred_at", "timestamp", "Business time; of a timer the instant at which it fell due."),
        MartColumn("recorded_at", "timestamp", "When it was recorded."),
        member_column("actor", "The member who recorded it; empty for a timer."),
        member_column("on_behalf_of", "The member whose act it was, where that is not the actor."),
        MartColumn("source", "text", "api, import, timer or worker."),
        MartColumn("external_source", "text", "The tracker or file that it came from.", nullable=True),
        MartColumn("correlation_id", "uuid", "The command that began it all."),
        MartColumn("causation_id", "uuid", "What led to it.", nullable=True),
        MartColumn("reason_code", "text", "Why, as a code.", nullable=True),
        MartColumn("reason_text", "text", "Why, in words.", nullable=True, personal="words"),
        MartColumn("key_id", "uuid", "The API key with which it was made.", nullable=True),
        MartColumn("data", "json", "The event itself, as its schema says.", personal="identity"),
        MartColumn("month", "text", "The month of its business time in UTC, `2026-03`: the table's partitions."),
    ),
)
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
            return batches_of_rows(EVENTS, _read_events(runtime.ledger, view, after))
        copied = copy_rows(runtime.database, view, self.mart, after=after, names=names)
        if copied is not None:
            return batches_of_text(self.mart, iter(copied))
        rows = read_rows(runtime.database, view, self.mart, after=after, names=names)
        return batches_of_rows(self.mart, _keep_last(self.mart, rows) if after and self.is_computed else rows)


def _read_events(ledger: Ledger, view: AsOf, after: int) -> Iterator[tuple[Any, ...]]:
    while events := ledger.read_feed(view.organisation_id, after, _PAGE, upto=view.position):
        for event in events:
            reason, kind, stream = event.reason, *event.stream.split("/", 1)
            ids = (event.actor, event.on_behalf_of, event.correlation_id, event.causation_id, event.key_id)
            actor, behalf, correlation, causation, key = (None if each is None else str(each) for each in ids)
            yield (
                *(event.position, str(event.event_id), str(event.organisation_id), kind, stream, event.version),
                *(event.type, to_micros(event.occurred_at), to_micros(event.recorded_at), actor, behalf),
                *(event.source.value, event.external_source, correlation, causation),
                *((None, None) if reason is None else (str(reason.code), reason.text)),
                *(key, encode_json(event.data).decode(), f"{event.occurred_at:%Y-%m}"),
            )
        after = events[-1].position


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
