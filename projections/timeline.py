"""The generic bitemporal fold: what a stream's state was at any business time, as believed at any log position.

Belief K is the log up to position K. Under it, a stream's events sorted by (occurred_at, version) are folded one by
one; the state after an event holds from its `occurred_at` until that of the next. A fact recorded late therefore
changes what is believed about the past from its own log position on, and what was believed before stays selectable.

Each event has exactly one version per belief. Where several happened at one instant, all but the last have
`valid_from == valid_to`: they are kept (a timeline shows every step) and, as `valid_from <= at < valid_to` never
holds for them, no question about an instant ever selects them: the last word of an instant is its answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.envelope import Recorded
from projections.tables import BELIEF, FOREVER, VALIDITY, Column, Table

Evolve = Callable[[Any, Recorded], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """An aware instant as whole microseconds since 1970-01-01T00:00:00Z."""
    return (at - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """The UTC instant of whole microseconds; not for `FOREVER`."""
    return _EPOCH + timedelta(microseconds=value)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A state, the business time in which it held and the log positions between which that was believed."""

    event_id: UUID
    #: The stream's version at the event that led to this state.
    version: int
    #: Microseconds UTC; from inclusive, to exclusive, `FOREVER` open.
    valid_from: int
    valid_to: int
    #: Log positions; from inclusive, to exclusive, `FOREVER` believed still.
    known_from: int
    known_to: int
    recorded_from: int
    recorded_to: int
    state: Any

    def holds(self, at: int, known: int) -> bool:
        """Whether this is the answer for that instant (microseconds), as believed at that log position."""
        return self.valid_from <= at < self.valid_to and self.known_from <= known < self.known_to


class _Step:
    """One event's place on the line, and the version that is believed of it so far."""

    __slots__ = ("event", "key", "known_from", "recorded_from", "state", "valid_to")

    def __init__(self, event: Recorded) -> None:
        self.event = event
        self.key = (micros(event.occurred_at), event.version)
        self.state: Any = None
        self.valid_to = FOREVER
        self.known_from = event.log_position
        self.recorded_from = micros(event.recorded_at)

    def believed(self, known_to: int, recorded_to: int) -> Version:
        return Version(
            event_id=self.event.event_id,
            version=self.event.version,
            valid_from=self.key[0],
            valid_to=self.valid_to,
            known_from=self.known_from,
            known_to=known_to,
            recorded_from=self.recorded_from,
            recorded_to=recorded_to,
            state=self.state,
        )


class Tip(msgspec.Struct, frozen=True, kw_only=True):
    """The last version of a stream in business time, as it is believed now: all that going on in order needs."""

    event_id: UUID
    version: int
    #: Microseconds UTC of `occurred_at`.
    valid_from: int
    known_from: int
    recorded_from: int
    state: Any

    def believed(self, valid_to: int, known_to: int, recorded_to: int) -> Version:
        """The row that says so."""
        return Version(
            event_id=self.event_id,
            version=self.version,
            valid_from=self.valid_from,
            valid_to=valid_to,
            known_from=self.known_from,
            known_to=known_to,
            recorded_from=self.recorded_from,
            recorded_to=recorded_to,
            state=self.state,
        )


def tip(stream: Sequence[Recorded], evolve: Evolve) -> Tip | None:
    """The tip of a whole stream; None for an empty one."""
    if not stream:
        return None
    last = _line(stream, evolve)[0][-1]
    return Tip(
        event_id=last.event.event_id,
        version=last.event.version,
        valid_from=last.key[0],
        known_from=last.known_from,
        recorded_from=last.recorded_from,
        state=last.state,
    )


def follow(last: Tip, events: Sequence[Recorded], evolve: Evolve) -> tuple[list[Version], Tip] | None:
    """The versions that the next events of a stream open or close, and its tip after them.

    However long the stream is: only its tip is looked at. None where an event is told late; then the whole is needed.
    """
    found: list[Version] = []
    for event in events:
        at, recorded = micros(event.occurred_at), micros(event.recorded_at)
        if (at, event.version) < (last.valid_from, last.version):
            return None
        state = evolve(last.state, event)
        if last.state is not None:
            found.append(last.believed(FOREVER, event.log_position, recorded))
            ended = msgspec.structs.replace(last, known_from=event.log_position, recorded_from=recorded)
            found.append(ended.believed(at, FOREVER, FOREVER))
        last = Tip(
            event_id=event.event_id,
            version=event.version,
            valid_from=at,
            known_from=event.log_position,
            recorded_from=recorded,
            state=state,
        )
    if last.state is not None:
        found.append(last.believed(FOREVER, FOREVER, FOREVER))
    return found, last


def versions(stream: Sequence[Recorded], evolve: Evolve) -> list[Version]:
    """Every version of one stream under every belief, its events given in log order.

    An event in order costs one step; a back-dated one re-derives the versions after it. Where `evolve` answers None
    (nothing there yet) there is no version.
    """
    line, done = _line(stream, evolve)
    return done + [step.believed(FOREVER, FOREVER) for step in line if step.state is not None]


def _line(stream: Sequence[Recorded], evolve: Evolve) -> tuple[list[_Step], list[Version]]:
    """The steps that are believed now, in the order of business time, and the versions that no longer are."""
    line: list[_Step] = []
    keys: list[tuple[int, int]] = []
    done: list[Version] = []

    def supersede(step: _Step, by: Recorded) -> None:
        recorded = micros(by.recorded_at)
        if step.state is not None:
            done.append(step.believed(by.log_position, recorded))
        step.known_from, step.recorded_from = by.log_position, recorded

    for event in stream:
        new = _Step(event)
        place = bisect_right(keys, new.key)
        previous = line[place - 1] if place else None
        if previous is not None:
            supersede(previous, event)
            previous.valid_to = new.key[0]
        new.state = evolve(previous.state if previous else None, event)
        if place < len(line):
            new.valid_to = line[place].key[0]
            before = new.state
            for later in line[place:]:
                state = evolve(before, later.event)
                if state != later.state:
                    supersede(later, event)
                    later.state = state
                before = state
        line.insert(place, new)
        keys.insert(place, new.key)
    return line, done


def changed_after(version: Version, after: int) -> bool:
    """Whether an event behind log position `after` opened or closed this row."""
    return version.known_from > after or after < version.known_to < FOREVER


class StateView:
    """A projection whose rows are the versions of one kind of stream, with some of the state's fields as columns."""

    def __init__(  # noqa: PLR0913 - the parts of a table
        self,
        *,
        name: str,
        version: int,
        kind: str,
        evolve: Evolve,
        columns: tuple[Column, ...],
        fields: Callable[[Any], tuple[Any, ...]],
        indexes: tuple[tuple[str, ...], ...] = (),
        comment: str,
    ) -> None:
        self.name = name
        self.version = version
        self.kinds = frozenset({kind})
        self.table = Table(
            name=name,
            columns=(*BELIEF, *VALIDITY, *columns, Column("body", "json", "The whole state.")),
            key=("organisation_id", "stream_id", "version", "known_from"),
            indexes=(("organisation_id", "valid_to", "known_to"), *indexes),
            comment=comment,
        )
        self.tables = (self.table,)
        self._evolve = evolve
        self._fields = fields

    def rows(self, stream: Sequence[Recorded], after: int = 0) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of one stream that an event behind log position `after` opened or closed."""
        if not stream:
            return {}
        changed = [version for version in versions(stream, self._evolve) if changed_after(version, after)]
        return {self.name: self._rows(stream[0], changed)}

    def remember(self, stream: Sequence[Recorded]) -> Tip | None:
        """What `follow` needs to go on after a whole stream."""
        return tip(stream, self._evolve)

    def follow(self, memory: Tip, events: Sequence[Recorded]) -> tuple[dict[str, list[tuple[Any, ...]]], Tip] | None:
        """The rows that the next events open or close, and what to remember; None where the whole stream is needed."""
        found = follow(memory, events, self._evolve)
        return None if found is None else ({self.name: self._rows(events[0], found[0])}, found[1])

    def _rows(self, event: Recorded, found: Sequence[Version]) -> list[tuple[Any, ...]]:
        head = (str(event.organisation_id), str(event.stream_id))
        # A state that outlives the one after it in belief has several rows; its text is made once.
        tails: dict[int, tuple[Any, ...]] = {}
        rows = []
        for version in found:
            tail = tails.get(id(version.state))
            if tail is None:
                body = msgspec.json.encode(version.state).decode()
                tail = tails[id(version.state)] = (*self._fields(version.state), body)
            rows.append((*head, version.known_from, version.known_to, *_validity(version), *tail))
        return rows


def _validity(version: Version) -> tuple[Any, ...]:
    return (
        version.version,
        version.valid_from,
        version.valid_to,
        version.recorded_from,
        version.recorded_to,
        str(version.event_id),
    )
