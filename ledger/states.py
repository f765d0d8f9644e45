"""Folded states: a bounded cache, the store behind it, and what the batch has decided so far.

The cache belongs to the holder of the decider lock. It is true up to a log position, `synced_to`; a writer that finds
the head further on (another process has appended) first folds the events since. So a cached state needs no check
of its stream's version: at the head it *is* the last one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent, by_business_time
from domain.index import NOT_INDEXED, IndexEntry
from domain.promise_book import PromiseBook
from domain.registry import AggregateType, to_commitment
from ledger.serialization import Mapper, decode_events
from ledger.storage.protocol import LogStore, Row, row_uuid

#: Organisation, and stream or owner, as integers: they are looked up many times for each command, and the hash of two
#: integers is an order of magnitude cheaper than that of two UUIDs.
Key = tuple[int, int]
K = TypeVar("K")
V = TypeVar("V")


class StreamState(msgspec.Struct, frozen=True, gc=False):
    """A stream's last state."""

    kind: str
    version: int
    state: Any
    #: Its index row, where that was computed already.
    index_entry: IndexEntry | None = None
    #: Business time of the latest of its events; None: there is none.
    last_at: datetime | None = None


#: A stream that has no event yet (in this organisation).
NO_STREAM = StreamState("", 0, None)


class StateChange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one decision does to its stream's state and to its row in the index."""

    organisation_id: UUID
    stream_id: UUID
    entry: StreamState
    before: IndexEntry
    after: IndexEntry


class StateSource(Protocol):
    """Reads what is not cached."""

    def load_stream(self, organisation_id: UUID, stream_id: UUID) -> list[RecordedEvent]: ...
    def find_event_id(self, organisation_id: UUID, stream_id: UUID, event_id: UUID | None) -> UUID | None:
        """The event of the stream with this id (None: its last one), or None where there is none."""

    def belongs_to_other_tenant(self, organisation_id: UUID, stream_id: UUID) -> bool:
        """Whether the stream belongs to another organisation."""

    def find_listed_streams(self, organisation_id: UUID, listed_under: UUID) -> frozenset[UUID]:
        """The streams that the index lists under this: an owner's live promises, a team's members, an open cycle."""


class RecentlyUsed(OrderedDict[K, V]):
    """A bounded store; the least recently used are dropped first."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def use(self, key: K) -> V | None:
        """The value, which counts as used now; None where there is none."""
        value = self.get(key)
        if value is not None:
            self.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep a value, which counts as used now."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._limit:
            self.popitem(last=False)


class StateCache:
    """The writer's states, and what the index lists; the least recently used are dropped first."""

    def __init__(self, limit: int) -> None:
        self.entries = RecentlyUsed[Key, StreamState](limit)
        self.listed_streams = RecentlyUsed[Key, set[UUID]](limit)
        #: The promises among these, of owners whose load was computed.
        self.promises = RecentlyUsed[Key, PromiseBook](limit)
        #: Organisation, as an integer -> its last position.
        self.positions = RecentlyUsed[int, int](limit)
        #: Log position up to which everything here is true; None: nothing is.
        self.synced_to: int | None = None
        #: When the event there was recorded (microseconds, UTC).
        self.recorded_at = 0

    def clear(self) -> None:
        self.entries.clear()
        self.listed_streams.clear()
        self.promises.clear()
        self.positions.clear()
        self.synced_to = None

    def apply_event(self, recorded: RecordedEvent, aggregates: Mapping[str, AggregateType]) -> None:
        """Fold an event that another process appended onto its stream's state, which is cached."""
        key = stream_key(recorded.organisation_id, recorded.stream_id)
        old = self.entries[key]
        if recorded.version != old.version + 1:
            # Cached from a later read: this event is in the state already.
            self.invalidate(key)
            return
        entry = extend(old, [recorded], aggregates)
        if entry is None:
            self.invalidate(key)
            return
        before, after = index_entry(old, aggregates), index_entry(entry, aggregates)
        organisation_id, stream_id = recorded.organisation_id, recorded.stream_id
        change = StateChange(
            organisation_id=organisation_id, stream_id=stream_id, entry=entry, before=before, after=after
        )
        self.apply([change])

    def invalidate(self, key: Key) -> None:
        """Drop a stream that has grown elsewhere by unread events, and all that the index lists of its organisation."""
        self.entries.pop(key, None)
        for lists in (self.listed_streams, self.promises):
            for listed_under in [each for each in lists if each[0] == key[0]]:
                del lists[listed_under]

    def apply(self, changes: Iterable[StateChange]) -> None:
        """Apply what was decided and is now stored."""
        for change in changes:
            organisation_id, stream_id = change.organisation_id, change.stream_id
            self.entries.put((organisation_id.int, stream_id.int), change.entry)
            before, after = change.before.listed_under, change.after.listed_under
            if before is not None and before != after:
                self._unlist(stream_key(organisation_id, before), stream_id)
            if after is not None:
                self._list((organisation_id.int, after.int), stream_id, change.entry.state)

    def _unlist(self, listed_under: Key, stream_id: UUID) -> None:
        listed, book = self.listed_streams.get(listed_under), self.promises.get(listed_under)
        if listed is not None:
            listed.discard(stream_id)
        if book is not None:
            book.put(stream_id, None)

    def _list(self, listed_under: Key, stream_id: UUID, state: object) -> None:
        listed, book = self.listed_streams.get(listed_under), self.promises.get(listed_under)
        if listed is not None:
            listed.add(stream_id)
        if book is not None:
            book.put(stream_id, to_commitment(state))


def stream_key(organisation_id: UUID, stream_id: UUID) -> Key:
    return (organisation_id.int, stream_id.int)


class BatchStates:
    """States as one batch sees them: a later command sees the events of an earlier one."""

    def __init__(self, cache: StateCache, source: StateSource, aggregates: Mapping[str, AggregateType]) -> None:
        self._cache = cache
        self.source = source
        self.aggregates = aggregates
        self.changes: list[StateChange] = []
        self._changed: dict[Key, StreamState] = {}
        #: What this batch has read.
        self._read: dict[Key, StreamState] = {}
        #: What it has decided, and the source does not have yet.
        self._decided: list[list[RecordedEvent]] = []

    def entry(self, organisation_id: UUID, stream_id: UUID) -> StreamState:
        """The stream's last state; `NO_STREAM` where this organisation has no such stream."""
        key = (organisation_id.int, stream_id.int)
        known = self._read.get(key)
        if known is not None:
            return known
        found = self._cache.entries.use(key)
        if found is None:
            found = fold(self.source.load_stream(organisation_id, stream_id), self.aggregates)
            self._cache.entries.put(key, found)
        self._read[key] = found
        return found

    def load_stream(self, organisation_id: UUID, stream_id: UUID) -> list[RecordedEvent]:
        """The events of a stream by version, those that this batch has decided among them."""
        stored = self.source.load_stream(organisation_id, stream_id)
        decided = (event for events in self._decided for event in events if event.organisation_id == organisation_id)
        return [*stored, *(event for event in decided if event.stream_id == stream_id)]

    def list_streams(self, organisation_id: UUID, listed_under: UUID) -> list[UUID]:
        """The streams that the index lists under this, in the order of their ids."""
        listed = set(self._list_stored(organisation_id, listed_under))
        for change in self.changes:
            if change.organisation_id == organisation_id:
                (listed.add if change.after.listed_under == listed_under else listed.discard)(change.stream_id)
        return sorted(listed)

    def _list_stored(self, organisation_id: UUID, listed_under: UUID) -> set[UUID]:
        """The same without what this batch has decided; for reading."""
        key = stream_key(organisation_id, listed_under)
        listed = self._cache.listed_streams.use(key)
        if listed is None:
            listed = set(self.source.find_listed_streams(organisation_id, listed_under))
            self._cache.listed_streams.put(key, listed)
        return listed

    def promises(self, organisation_id: UUID, owner: UUID) -> PromiseBook:
        """The owner's live promises; for reading."""
        changed = {
            change.stream_id: change
            for change in self.changes
            if owner in (change.before.listed_under, change.after.listed_under)
            and change.organisation_id == organisation_id
        }
        key = stream_key(organisation_id, owner)
        book = self._cache.promises.use(key)
        if book is None:
            stored = self._list_stored(organisation_id, owner)
            states = ((goal, self.entry(organisation_id, goal).state) for goal in stored if goal not in changed)
            book = PromiseBook({goal: held for goal, state in states if (held := to_commitment(state)) is not None})
            if not changed:
                # What this batch has changed is not stored yet: a later batch caches the book.
                self._cache.promises.put(key, book)
        if changed:
            book = book.copy()
            for goal, change in changed.items():
                book.put(goal, to_commitment(change.entry.state) if change.after.listed_under == owner else None)
        return book

    def record(self, change: StateChange, events: list[RecordedEvent]) -> None:
        """Let the commands after this one see the decision."""
        self.changes.append(change)
        self._decided.append(events)
        key = (change.organisation_id.int, change.stream_id.int)
        self._changed[key] = self._read[key] = change.entry

    def flush_to_cache(self) -> dict[Key, StreamState]:
        """Apply the stored changes to the cache; the streams that changed."""
        self._cache.apply(self.changes)
        changed, self.changes, self._changed, self._read, self._decided = self._changed, [], {}, {}, []
        return changed


def fold(events: Sequence[RecordedEvent], aggregates: Mapping[str, AggregateType]) -> StreamState:
    """The state that a stream makes from its first event on, in business order."""
    if not events:
        return NO_STREAM
    kind = events[0].kind
    state: Any = None
    for event in sorted(events, key=by_business_time):
        state = aggregates[kind].evolve(state, event)
    version = max(event.version for event in events)
    if getattr(state, "version", version) != version:
        # The last event in business order was not the last one recorded.
        state = msgspec.structs.replace(state, version=version)
    return StreamState(kind, version, state, last_at=max(event.occurred_at for event in events))


def extend(
    entry: StreamState, events: Iterable[RecordedEvent], aggregates: Mapping[str, AggregateType]
) -> StreamState | None:
    """The state that a stream's next events make of one; None where one is recorded late, and all are to be folded."""
    kind, version, state, last_at = entry.kind, entry.version, entry.state, entry.last_at
    for event in events:
        kind = kind or event.kind
        aggregate = aggregates[kind]
        if last_at is None or event.occurred_at >= last_at:
            last_at = event.occurred_at
        elif not aggregate.can_fold_late(state, event):
            return None
        state = aggregate.evolve(state, event)
        version = max(version, event.version)
    return StreamState(kind, version, state, last_at=last_at) if kind else NO_STREAM


def index_entry(entry: StreamState, aggregates: Mapping[str, AggregateType]) -> IndexEntry:
    """The index row of a state."""
    if entry.index_entry is not None:
        return entry.index_entry
    return aggregates[entry.kind].index_entry(entry.state) if entry.kind else NOT_INDEXED


class ReadCache:
    """The readers' states, for any number of threads. Each call queries the store for newer events, so none is stale.

    It is apart from `StateCache`, which only the holder of the decider lock may use.
    """

    def __init__(
        self,
        recorder: LogStore,
        mapper: Mapper,
        aggregates: Mapping[str, AggregateType],
        limit: int,
    ) -> None:
        self._recorder = recorder
        self._mapper = mapper
        self._aggregates = aggregates
        self._entries = RecentlyUsed[Key, StreamState](limit)
        self._lock = Lock()

    def load_current(self, organisation_id: UUID, stream_id: UUID) -> StreamState:
        """The stream's last state, for one query of one index; `NO_STREAM` where there is no such stream."""
        key = stream_key(organisation_id, stream_id)
        with self._lock:
            known = self._entries.get(key, NO_STREAM)
        rows = self._read_after(organisation_id, stream_id, known)
        entry = extend(known, decode_events(rows, self._mapper), self._aggregates) if rows else known
        if entry is None:
            entry = self._load_whole(organisation_id, stream_id)
        if entry.version:
            self.put(key, entry)
        return entry

    def load_all_current(self, organisation_id: UUID, stream_ids: Collection[UUID]) -> dict[UUID, StreamState]:
        """The last states of many streams, for one query; a stream that there is not is left out."""
        keys = {stream_id: stream_key(organisation_id, stream_id) for stream_id in stream_ids}
        with self._lock:
            known = {stream_id: self._entries.get(key, NO_STREAM) for stream_id, key in keys.items()}
        wanted = [(stream_id, entry.version) for stream_id, entry in known.items()]
        newer: dict[UUID, list[Row]] = {}
        if wanted:
            with self._recorder.read() as session:
                for row in session.query("streams_after", organisation_id=organisation_id, wanted=wanted):
                    newer.setdefault(row_uuid(row[0]), []).append(row)
        for stream_id, rows in newer.items():
            entry = extend(known[stream_id], decode_events(rows, self._mapper), self._aggregates)
            if entry is None:
                entry = self._load_whole(organisation_id, stream_id)
            known[stream_id] = entry
            self.put(keys[stream_id], entry)
        return {stream_id: entry for stream_id, entry in known.items() if entry.version}

    def _load_whole(self, organisation_id: UUID, stream_id: UUID) -> StreamState:
        """The state folded anew: an event was recorded late, which is rare."""
        rows = self._read_after(organisation_id, stream_id, NO_STREAM)
        return fold(decode_events(rows, self._mapper), self._aggregates)

    def _read_after(self, organisation_id: UUID, stream_id: UUID, known: StreamState) -> list[Row]:
        with self._recorder.read() as session:
            return session.query(
                "stream_after", organisation_id=organisation_id, stream_id=stream_id, version=known.version
            )

    def put(self, key: Key, entry: StreamState) -> None:
        """Cache a committed state, unless a later one is cached; the least recently used is dropped first."""
        with self._lock:
            known = self._entries.get(key, NO_STREAM)
            self._entries.put(key, entry if known.version <= entry.version else known)
