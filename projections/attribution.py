"""Acts that an import recorded in a member's name: who recorded them, and when, so that the member learns of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.envelope import RecordedEvent, Source
from domain.instants import from_micros, to_micros
from domain.registry import AGGREGATES
from projections.as_of import AsOf
from projections.database.database import Database, named_statements, to_id
from projections.database.tables import END_OF_TIME, SYSTEM_TIME, Column, Table
from projections.engine.stream_events import StreamEvents, to_column_value

#: How long a member is informed of what was recorded in their name.
ATTRIBUTION_SHOWN = timedelta(days=14)

ATTRIBUTED_ACTS = Table(
    name="attributed_acts",
    columns=(
        *SYSTEM_TIME,
        Column("event_id", "uuid", "The event."),
        Column("kind", "text", "Kind of stream: goal, member, team, organisation."),
        Column("type", "text", "The event's tag with its version."),
        Column("member", "uuid", "In whose name it was recorded."),
        Column("actor", "uuid", "Who recorded it."),
        Column("recorded_at", "integer", "When, microseconds UTC."),
    ),
    key=("organisation_id", "stream_id", "event_id"),
    indexes=(("organisation_id", "member", "recorded_at"),),
    comment="Acts that an import of another member's key recorded in a member's name.",
)


class AttributionProjection:
    """The projection of `ATTRIBUTED_ACTS`."""

    name = "attribution"
    version = 1
    kinds = frozenset(AGGREGATES)
    tables = (ATTRIBUTED_ACTS,)

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> dict[str, list[tuple[Any, ...]]]:
        """One row per attributed event behind log position `after`."""
        if not any(map(is_attributed, stream)):
            return {ATTRIBUTED_ACTS.name: []}
        whole = StreamEvents.of(stream)
        return {
            ATTRIBUTED_ACTS.name: [
                (
                    *whole.row_prefix,
                    prepared.event.log_position,
                    END_OF_TIME,
                    prepared.event_id,
                    whole.kind,
                    prepared.event.type,
                    *to_column_value((prepared.event.on_behalf_of, prepared.event.actor)),
                    prepared.recorded_micros,
                )
                for prepared in whole.prepared
                if prepared.event.log_position > after and is_attributed(prepared.event)
            ]
        }

    def state_after(self, _stream: StreamEvents) -> bool:
        """Each row follows from its event alone: there is nothing to remember but that."""
        return True

    def apply(self, memory: object, events: StreamEvents) -> tuple[dict[str, list[tuple[Any, ...]]], object] | None:
        """The rows of a stream's next events."""
        return self.rows(events), memory


ATTRIBUTION = AttributionProjection()


def is_attributed(event: RecordedEvent) -> bool:
    """Whether an import recorded this in the name of another than its own member."""
    return event.source is Source.IMPORT and event.on_behalf_of not in (None, event.actor)


class AttributedAct(NamedTuple):
    """One act that was recorded in a member's name."""

    kind: str
    stream: UUID
    event: UUID
    actor: UUID
    recorded_at: datetime


def load_attributed_acts(
    database: Database, as_of: AsOf, member: UUID, *, limit: int
) -> tuple[list[AttributedAct], int]:
    """What was recorded in the member's name in the last 14 days, the latest first, and how much there is in all."""
    params = {
        **as_of.params,
        "member": str(member),
        "since": to_micros(as_of.at) - ATTRIBUTION_SHOWN // timedelta(microseconds=1),
        "rows": limit,
    }
    rows = database.query(named_statements("attribution")["latest"], params)
    acts = [
        AttributedAct(
            row.kind, to_id(row.stream_id), to_id(row.event_id), to_id(row.actor), from_micros(row.recorded_at)
        )
        for row in rows
    ]
    return acts, rows[0].n if rows else 0
