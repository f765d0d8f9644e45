"""Folded states under the head's lock: a bounded cache, the store behind it, and what the batch has decided so far.

The cache belongs to the one thread that writes. It knows up to which log position it is true; a writer that finds the
head further on (another process has appended) first folds what came since. So a cached state needs no look at its
stream's version: under the lock it *is* the stream's last one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from domain.aggregates import Aggregate
from domain.envelope import Recorded
from domain.standing import IDLE, Standing
from ledger.commands import Answered, Identity

#: Organisation, and stream or owner, as integers: they are looked up many times for each command, and the hash of two
#: integers is an order of magnitude cheaper than that of two UUIDs.
Key = tuple[int, int]
K = TypeVar("K")
V = TypeVar("V")


class Entry(msgspec.Struct, frozen=True):
    """A stream's last state."""

    kind: str
    version: int
    state: Any
    #: What the index says about it, where that was worked out already.
    standing: Standing | None = None


#: A stream that has no event yet (in this organisation).
NOTHING = Entry("", 0, None)


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What one decision does to its stream's state and to its row in the standing index."""

    organisation_id: UUID
    stream_id: UUID
    entry: Entry
    before: Standing
    after: Standing


class Source(Protocol):
    """Where states come from that nobody has cached."""

    def stream(self, organisation_id: UUID, stream_id: UUID) -> list[Recorded]: ...
    def taken(self, organisation_id: UUID, stream_id: UUID) -> bool:
        """Whether the stream belongs to another organisation."""

    def live(self, organisation_id: UUID, owner: UUID) -> frozenset[UUID]:
        """The goals that are the owner's live promises."""


class Cache:
    """The least recently used states and owners' books go first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.entries: OrderedDict[Key, Entry] = OrderedDict()
        self.books: OrderedDict[Key, frozenset[UUID]] = OrderedDict()
        #: Organisation, as an integer -> its last position.
        self.positions: OrderedDict[int, int] = OrderedDict()
        #: The answers given last; true for as long as a key is kept.
        self.answers: OrderedDict[Identity, Answered] = OrderedDict()
        #: Log position up to which everything here is true; None: nothing is.
        self.synced: int | None = None
        #: When the event there was recorded (microseconds, UTC).
        self.recorded_at = 0

    def clear(self) -> None:
        self.entries.clear()
        self.books.clear()
        self.positions.clear()
        self.synced = None

    def follow(self, recorded: Recorded, aggregates: Mapping[str, Aggregate]) -> None:
        """Fold an event that another process appended onto its stream's state, which is cached."""
        key = key_of(recorded.organisation_id, recorded.stream_id)
        old = self.entries[key]
        if recorded.version != old.version + 1:
            # Cached when it had grown already: nothing that follows belongs on top of it.
            self.forget(key)
            return
        entry = folded_on(old, [recorded], aggregates)
        before, after = standing(old, aggregates), standing(entry, aggregates)
        organisation_id, stream_id = recorded.organisation_id, recorded.stream_id
        move = Move(organisation_id=organisation_id, stream_id=stream_id, entry=entry, before=before, after=after)
        self.apply([move])

    def forget(self, key: Key) -> None:
        """A stream has grown elsewhere, nobody looked how: it may have changed any book of its organisation."""
        self.entries.pop(key, None)
        for book in [each for each in self.books if each[0] == key[0]]:
            del self.books[book]

    def position(self, organisation_id: UUID) -> int | None:
        return _used(self.positions, organisation_id.int)

    def put_position(self, organisation: int, position: int) -> None:
        _put(self.positions, organisation, position, self._limit)

    def entry(self, key: Key) -> Entry | None:
        return _used(self.entries, key)

    def book(self, key: Key) -> frozenset[UUID] | None:
        return _used(self.books, key)

    def put_entry(self, key: Key, entry: Entry) -> None:
        _put(self.entries, key, entry, self._limit)

    def put_book(self, key: Key, goals: frozenset[UUID]) -> None:
        _put(self.books, key, goals, self._limit)

    def apply(self, moves: Iterable[Move]) -> None:
        """Take over what was decided and is now stored."""
        for move in moves:
            organisation_id, goal_id = move.organisation_id, move.stream_id
            self.put_entry(key_of(organisation_id, goal_id), move.entry)
            if move.before.live_owner == move.after.live_owner:
                continue
            for owner, joins in ((move.before.live_owner, False), (move.after.live_owner, True)):
                its = key_of(organisation_id, owner) if owner else None
                book = self.books.get(its) if its else None
                if its and book is not None:
                    self.books[its] = book | {goal_id} if joins else book - {goal_id}


def key_of(organisation_id: UUID, stream_id: UUID) -> Key:
    return (organisation_id.int, stream_id.int)


def _used(store: OrderedDict[K, V], key: K) -> V | None:
    value = store.get(key)
    if value is not None:
        store.move_to_end(key)
    return value


def _put(store: OrderedDict[K, V], key: K, value: V, limit: int) -> None:
    store[key] = value
    store.move_to_end(key)
    if len(store) > limit:
        store.popitem(last=False)


class States:
    """States as one batch sees them: a later command sees the events of an earlier one."""

    def __init__(self, cache: Cache, source: Source, aggregates: Mapping[str, Aggregate]) -> None:
        self._cache = cache
        self.source = source
        self.aggregates = aggregates
        self.moves: list[Move] = []
        self._changed: dict[Key, Entry] = {}
        #: What this batch has looked at.
        self._seen: dict[Key, Entry] = {}

    def entry(self, organisation_id: UUID, stream_id: UUID) -> Entry:
        """The stream's last state; `NOTHING` where this organisation has no such stream."""
        key = (organisation_id.int, stream_id.int)
        known = self._seen.get(key)
        if known is not None:
            return known
        found = self._cache.entry(key)
        if found is None:
            found = fold(self.source.stream(organisation_id, stream_id), self.aggregates)
            self._cache.put_entry(key, found)
        self._seen[key] = found
        return found

    def book(self, organisation_id: UUID, owner: UUID) -> list[UUID]:
        """The goals that are the owner's live promises, in the order of their ids."""
        key = key_of(organisation_id, owner)
        goals = self._cache.book(key)
        if goals is None:
            goals = self.source.live(organisation_id, owner)
            self._cache.put_book(key, goals)
        book = set(goals)
        for move in self.moves:
            if move.organisation_id == organisation_id:
                (book.add if move.after.live_owner == owner else book.discard)(move.stream_id)
        return sorted(book)

    def keep(self, move: Move) -> None:
        self.moves.append(move)
        key = key_of(move.organisation_id, move.stream_id)
        self._changed[key] = self._seen[key] = move.entry

    def settle(self) -> dict[Key, Entry]:
        """The moves are stored: they are the cache's now. The streams that changed."""
        self._cache.apply(self.moves)
        changed, self.moves, self._changed, self._seen = self._changed, [], {}, {}
        return changed


def fold(events: Iterable[Recorded], aggregates: Mapping[str, Aggregate]) -> Entry:
    """The state that the events of one stream make, in the order given."""
    return folded_on(NOTHING, events, aggregates)


def folded_on(entry: Entry, events: Iterable[Recorded], aggregates: Mapping[str, Aggregate]) -> Entry:
    """The state that further events of the stream make of one."""
    kind, version, state = entry.kind, entry.version, entry.state
    for event in events:
        kind = kind or event.kind
        state = aggregates[kind].evolve(state, event)
        version = max(version, event.version)
    return Entry(kind, version, state) if kind else NOTHING


def standing(entry: Entry, aggregates: Mapping[str, Aggregate]) -> Standing:
    """What the index says about a state."""
    if entry.standing is not None:
        return entry.standing
    return aggregates[entry.kind].standing(entry.state) if entry.kind else IDLE
