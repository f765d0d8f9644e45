"""A ledger small enough to hold in a list: what the views need of one, with events written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from domain.envelope import Event, RecordedEvent, Source
from domain.reasons import Reason

ORGANISATION = UUID("01900000-0000-7000-8000-000000000001")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def identity(name: str) -> UUID:
    """The id that a test means by a name."""
    return uuid5(ORGANISATION, name)


class InMemoryLog:
    """Events in log order, gapless from 1; `recorded_at` grows by a minute with each."""

    def __init__(self) -> None:
        self.events: list[RecordedEvent] = []

    def record(
        self,
        stream: str,
        data: Event,
        *,
        at: datetime | None = None,
        by: str | None = "steward",
        reason: Reason | None = None,
        source: Source = Source.API,
        causation: UUID | None = None,
        organisation: UUID = ORGANISATION,
    ) -> RecordedEvent:
        """Record one event on `kind/name` (the organisation's own stream: `organisation/`)."""
        kind, _, name = stream.partition("/")
        stream_id = identity(name) if name else organisation
        position = len(self.events) + 1
        recorded_at = START + timedelta(minutes=position)
        event = RecordedEvent(
            event_id=identity(f"event {position}"),
            organisation_id=organisation,
            stream=f"{kind}/{stream_id}",
            version=sum(e.stream_id == stream_id for e in self.events) + 1,
            type=str(type(data).__struct_config__.tag),
            occurred_at=at or recorded_at,
            recorded_at=recorded_at,
            actor=None if by is None else identity(by),
            on_behalf_of=None,
            source=source,
            causation_id=causation,
            correlation_id=identity("correlation"),
            reason=reason,
            position=sum(e.organisation_id == organisation for e in self.events) + 1,
            log_position=position,
            data=data,
        )
        self.events.append(event)
        return event

    def read_log(self, after: int, limit: int) -> list[RecordedEvent]:
        return self.events[after : after + limit]

    def read_streams(self, stream_ids: Sequence[UUID], upto: int) -> dict[UUID, list[RecordedEvent]]:
        found: dict[UUID, list[RecordedEvent]] = {stream_id: [] for stream_id in stream_ids}
        for event in self.events[:upto]:
            if event.stream_id in found:
                found[event.stream_id].append(event)
        return found

    def head(self) -> int:
        return len(self.events)
