"""Last states for readers: remembered by version, and brought up to date by what the stream has grown by since."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from uuid import UUID

from domain.aggregates import AggregateType
from ledger.mapper import Mapper
from ledger.recorders import LogStore
from ledger.source import decode_events
from ledger.states import NO_STREAM, Key, StreamState, fold_onto, stream_key

#: States that readers find folded.
READ_CACHE_SIZE = 4096


class ReadCache:
    """For any number of threads. What it says was true when it was asked: the store has been asked each time."""

    def __init__(
        self,
        recorder: LogStore,
        mapper: Mapper,
        aggregates: Mapping[str, AggregateType],
        limit: int = READ_CACHE_SIZE,
    ) -> None:
        self._recorder = recorder
        self._mapper = mapper
        self._aggregates = aggregates
        self._limit = limit
        self._entries: OrderedDict[Key, StreamState] = OrderedDict()
        self._lock = Lock()

    def current(self, organisation_id: UUID, stream_id: UUID) -> StreamState:
        """The stream's last state, for one query of one index; `NOTHING` where the organisation has no such stream."""
        key = stream_key(organisation_id, stream_id)
        with self._lock:
            known = self._entries.get(key, NO_STREAM)
        with self._recorder.read() as session:
            rows = session.query(
                "stream_after", organisation_id=organisation_id, stream_id=stream_id, version=known.version
            )
        entry = fold_onto(known, decode_events(rows, self._mapper), self._aggregates) if rows else known
        if entry.version:
            self.put(key, entry)
        return entry

    def put(self, key: Key, entry: StreamState) -> None:
        """Remember a committed state, unless a later one is known; the least recently used goes first."""
        with self._lock:
            known = self._entries.pop(key, None)
            self._entries[key] = entry if known is None or known.version <= entry.version else known
            if len(self._entries) > self._limit:
                self._entries.popitem(last=False)
