"""States' source in the log itself, as far as one log position."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.envelope import Recorded
from ledger.mapper import Mapper
from ledger.recorders import Row, Session, as_uuid

#: No event is recorded after this log position.
EVERYTHING = 2**63 - 1


class StoredSource:
    """Implements `ledger.states.Source` within one transaction. Every question names its organisation."""

    def __init__(self, session: Session, mapper: Mapper, upto: int = EVERYTHING) -> None:
        self._session = session
        self._mapper = mapper
        self._upto = upto

    def stream(self, organisation_id: UUID, stream_id: UUID) -> list[Recorded]:
        rows = self._session.query("stream", organisation_id=organisation_id, stream_id=stream_id, upto=self._upto)
        return decoded(rows, self._mapper)

    def taken(self, organisation_id: UUID, stream_id: UUID) -> bool:
        return bool(self._session.query("taken", organisation_id=organisation_id, stream_id=stream_id))

    def live(self, organisation_id: UUID, owner: UUID) -> frozenset[UUID]:
        rows = self._session.query("live", organisation_id=organisation_id, owner=owner)
        return frozenset(as_uuid(row[0]) for row in rows)


def decoded(rows: Iterable[Row], mapper: Mapper) -> list[Recorded]:
    """The events in rows of (stream id, version, topic, state)."""
    return [
        mapper.to_domain_event(StoredEvent(as_uuid(stream_id), version, topic, bytes(state)))
        for stream_id, version, topic, state in rows
    ]
