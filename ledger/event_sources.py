"""The log as a source of states, up to one log position."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from domain.envelope import RecordedEvent
from ledger.serialization import Mapper, decode_events
from ledger.states import Key, stream_key
from ledger.storage.protocol import LogSession, Row, row_uuid

#: No event is recorded after this log position.
END_OF_LOG = 2**63 - 1
#: A stored state begins with its header, and that with the event's id: an event is found by it without decoding any.
_STATE_PREFIX = '{"header":{"event_id":"%s"'


class LogSource:
    """Implements `ledger.states.StateSource` within one transaction. Every query names its organisation."""

    def __init__(self, session: LogSession, mapper: Mapper, upto: int = END_OF_LOG) -> None:
        self._session = session
        self._mapper = mapper
        self._upto = upto

    def load_stream(self, organisation_id: UUID, stream_id: UUID) -> list[RecordedEvent]:
        rows = self._session.query("stream", organisation_id=organisation_id, stream_id=stream_id, upto=self._upto)
        return decode_events(rows, self._mapper)

    def find_event_id(self, organisation_id: UUID, stream_id: UUID, event_id: UUID | None) -> UUID | None:
        """The event of the stream with this id (None: its last one), or None where there is none; one query."""
        stream = {"organisation_id": organisation_id, "stream_id": stream_id, "upto": self._upto}
        if event_id is None:
            last = decode_events(self._session.query("stream_end", **stream), self._mapper)
            return last[0].event_id if last else None
        beginning = (_STATE_PREFIX % event_id).encode()
        found = self._session.query("stream_event", **stream, beginning=beginning, length=len(beginning))
        return event_id if found else None

    def belongs_to_other_tenant(self, organisation_id: UUID, stream_id: UUID) -> bool:
        return bool(self._session.query("taken", organisation_id=organisation_id, stream_id=stream_id))

    def find_listed_streams(self, organisation_id: UUID, listed_under: UUID) -> frozenset[UUID]:
        rows = self._session.query("live", organisation_id=organisation_id, owner=listed_under)
        return frozenset(row_uuid(row[0]) for row in rows)


class PrefetchedSource(LogSource):
    """A source that reads many streams in one query before they are needed."""

    def __init__(self, session: LogSession, mapper: Mapper) -> None:
        super().__init__(session, mapper)
        self._prefetched: dict[Key, list[Row]] = {}
        #: Streams that were read ahead, and those of them that another organisation has.
        self._looked_up: set[Key] = set()
        self._of_other_tenants: set[Key] = set()

    def prefetch(self, keys: Collection[Key]) -> None:
        """Read these streams, and find out which of them belong to another organisation."""
        self._prefetched = {key: [] for key in keys}
        self._looked_up.update(keys)
        owners: dict[int, list[Key]] = {}
        for key in keys:
            owners.setdefault(key[1], []).append(key)
        wanted = [(UUID(int=stream),) for stream in owners]
        for *row, organisation_id in self._session.query("streams_of", wanted=wanted):
            for key in owners[row_uuid(row[0]).int]:
                if organisation_id is not None and row_uuid(organisation_id).int == key[0]:
                    self._prefetched[key].append(row)
                else:
                    self._of_other_tenants.add(key)

    def load_stream(self, organisation_id: UUID, stream_id: UUID) -> list[RecordedEvent]:
        rows = self._prefetched.pop(stream_key(organisation_id, stream_id), None)
        return super().load_stream(organisation_id, stream_id) if rows is None else decode_events(rows, self._mapper)

    def belongs_to_other_tenant(self, organisation_id: UUID, stream_id: UUID) -> bool:
        key = stream_key(organisation_id, stream_id)
        if key in self._looked_up:
            return key in self._of_other_tenants
        return super().belongs_to_other_tenant(organisation_id, stream_id)
