"""The generic bitemporal fold: what a stream's state was at any business time, as believed at any log position.

Belief K is the log up to position K. Under it, a stream's events sorted by (occurred_at, version) are folded one by
one; the state after an event holds from its `occurred_at` until that of the next. A fact recorded late therefore
changes what is believed about the past from its own log position on, and what was believed before stays selectable.

An event in order opens one row, and ends the one before it in place: `to_position` says which event ended it, so that
who asks what was believed before that event still finds the state without an end. Only where a late fact changes what
was believed already is a row superseded, and another one opened.

Each event has exactly one version per belief. Where several happened at one instant, all but the last have
`valid_from == valid_to`: they are kept (a timeline shows every step) and, as `valid_from <= at < valid_to` never
holds for them, no question about an instant ever selects them: the last word of an instant is its answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import UUID

import msgspec

from domain.business_order import TimelineState
from domain.envelope import RecordedEvent
from domain.goal.state import Ended, Promised, without_statements
from projections.database.tables import (
    END_OF_TIME,
    SYSTEM_TIME,
    VALID_TIME,
    VERSION_CLOSING,
    VERSION_INDEXES,
    VERSION_KEY,
    Column,
    Table,
)
from projections.engine.state_parts import NO_PARTS, NumberedParts, StateParts, in_part_order, number_parts
from projections.engine.stream_events import Evolve, PreparedEvent, StreamEvents, to_column_value


class Version(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A state, the business time in which it held and the log positions between which that was believed."""

    event_id: UUID
    #: The stream's version at the event that led to this state.
    version: int
    #: Microseconds UTC; from inclusive, to exclusive, `END_OF_TIME` open.
    valid_from: int
    valid_to: int
    #: Log positions; from inclusive, to exclusive, `END_OF_TIME` believed still.
    known_from: int
    known_to: int
    recorded_from: int
    recorded_to: int
    #: Log positions of the event that led to this state and of the one that ended it: the order within an instant, and
    #: where `to_position` is not known yet, the state has no end.
    from_position: int = 0
    to_position: int = END_OF_TIME
    state: Any

    @property
    def time_columns(self) -> tuple[Any, ...]:
        """How its row goes on behind organisation and stream: `SYSTEM_TIME`, `VALID_TIME`."""
        return (
            self.known_from,
            self.known_to,
            self.version,
            self.valid_from,
            self.valid_to,
            self.to_position,
            self.recorded_from,
            self.recorded_to,
            to_column_value(self.event_id),
        )

    def valid_to_at(self, known: int) -> int:
        """When it ended, as believed at that log position."""
        return self.valid_to if self.to_position <= known else END_OF_TIME


class _Step:
    """One event's place on the line, and the version that is believed of it so far."""

    __slots__ = ("key", "known_from", "prepared", "recorded_from", "state", "to_position", "valid_to")

    def __init__(self, prepared: PreparedEvent) -> None:
        self.prepared = prepared
        self.key = (prepared.occurred_micros, prepared.event.version)
        self.state: Any = None
        self.valid_to = self.to_position = END_OF_TIME
        self.known_from = prepared.event.log_position
        self.recorded_from = prepared.recorded_micros

    def to_version(self, known_to: int, recorded_to: int) -> Version:
        return Version(
            event_id=self.prepared.event.event_id,
            version=self.prepared.event.version,
            valid_from=self.key[0],
            valid_to=self.valid_to,
            known_from=self.known_from,
            known_to=known_to,
            recorded_from=self.recorded_from,
            recorded_to=recorded_to,
            from_position=self.prepared.event.log_position,
            to_position=self.to_position,
            state=self.state,
        )


class LatestVersion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last version of a stream in business time, as it is believed now: all that going on in order needs."""

    event_id: UUID
    version: int
    #: Microseconds UTC of `occurred_at`.
    valid_from: int
    known_from: int
    recorded_from: int
    #: Log position of the event.
    position: int
    state: Any

    def to_version(self, valid_to: int = END_OF_TIME, to_position: int = END_OF_TIME) -> Version:
        """Its row, which is believed."""
        return Version(
            event_id=self.event_id,
            version=self.version,
            valid_from=self.valid_from,
            valid_to=valid_to,
            known_from=self.known_from,
            known_to=END_OF_TIME,
            recorded_from=self.recorded_from,
            recorded_to=END_OF_TIME,
            from_position=self.position,
            to_position=to_position,
            state=self.state,
        )


def find_latest_version(stream: StreamEvents, evolve: Evolve) -> LatestVersion:
    """The tip of a whole stream; the same one for every view that folds it so."""

    def make() -> LatestVersion:
        last = _get_timeline(stream, evolve)[0][-1]
        return LatestVersion(
            event_id=last.prepared.event.event_id,
            version=last.prepared.event.version,
            valid_from=last.key[0],
            known_from=last.known_from,
            recorded_from=last.recorded_from,
            position=last.prepared.event.log_position,
            state=last.state,
        )

    return cast("LatestVersion", stream.memoize(("tip", evolve), make))


Extension = tuple[list[Version], LatestVersion]


def extend_versions(last: LatestVersion, events: StreamEvents, evolve: Evolve) -> Extension | None:
    """The versions that the next events of a stream open or close, and its tip after them.

    Only the stream's tip is read, however long it is. None where an event is recorded late: the whole is needed.
    Views that come from the same tip are given the same versions and the same next one.
    """
    return cast(
        "Extension | None",
        events.memoize(("follow", evolve, id(last)), lambda: _compute_extension(last, events, evolve)),
    )


def _compute_extension(last: LatestVersion, events: StreamEvents, evolve: Evolve) -> Extension | None:
    found: list[Version] = []
    for prepared in events.prepared:
        event = prepared.event
        if (prepared.occurred_micros, event.version) < (last.valid_from, last.version):
            return None
        state = prepared.evolve_once(last.state, evolve)
        if last.state is not None:
            found.append(last.to_version(prepared.occurred_micros, event.log_position))
        last = LatestVersion(
            event_id=event.event_id,
            version=event.version,
            valid_from=prepared.occurred_micros,
            known_from=event.log_position,
            recorded_from=prepared.recorded_micros,
            position=event.log_position,
            state=state,
        )
    if last.state is not None:
        found.append(last.to_version())
    return found, last


def compute_versions(stream: Sequence[RecordedEvent], evolve: Evolve) -> list[Version]:
    """Every version of one stream under every belief, its events given in log order.

    An event in order costs one step; a back-dated one re-derives the versions after it. Where `evolve` answers None
    (nothing there yet) there is no version.
    """
    if not stream:
        return []
    line, done = _get_timeline(StreamEvents.of(stream), evolve)
    return done + [step.to_version(END_OF_TIME, END_OF_TIME) for step in line if step.state is not None]


def _get_timeline(stream: StreamEvents, evolve: Evolve) -> tuple[list[_Step], list[Version]]:
    """The steps that are believed now, in the order of business time, and the versions that no longer are."""
    return cast(
        "tuple[list[_Step], list[Version]]", stream.memoize(("line", evolve), lambda: _build_timeline(stream, evolve))
    )


def _build_timeline(stream: StreamEvents, evolve: Evolve) -> tuple[list[_Step], list[Version]]:
    line: list[_Step] = []
    keys: list[tuple[int, int]] = []
    done: list[Version] = []

    def supersede(step: _Step, by: PreparedEvent) -> None:
        if step.state is not None:
            done.append(step.to_version(by.event.log_position, by.recorded_micros))
        step.known_from, step.recorded_from = by.event.log_position, by.recorded_micros

    for prepared in stream.prepared:
        new = _Step(prepared)
        place = bisect_right(keys, new.key)
        previous = line[place - 1] if place else None
        if previous is not None:
            if previous.to_position < END_OF_TIME:
                # One end was believed already, and is another one from here on.
                supersede(previous, prepared)
            previous.valid_to, previous.to_position = new.key[0], prepared.event.log_position
        new.state = prepared.evolve_once(previous.state if previous else None, evolve)
        if place < len(line):
            new.valid_to, new.to_position = line[place].key[0], line[place].prepared.event.log_position
            before = new.state
            for later in line[place:]:
                state = later.prepared.evolve_once(before, evolve)
                if _strip(state) != _strip(later.state):
                    supersede(later, prepared)
                later.state = state
                before = state
        line.insert(place, new)
        keys.insert(place, new.key)
    return line, done


def encode_state(state: Any) -> str:
    """A state as a view stores it."""
    return msgspec.json.encode(_strip(state)).decode()


def _strip(state: Any) -> Any:
    """The state without the facts among which a late one would be folded: they are not stored, each has its version."""
    if isinstance(state, TimelineState):
        return msgspec.structs.replace(state, timeline=msgspec.UNSET)
    return without_statements(state) if isinstance(state, Promised | Ended) else state


def is_changed_after(version: Version, after: int) -> bool:
    """Whether an event behind log position `after` opened this row, ended its state or superseded it."""
    return (
        version.known_from > after
        or after < version.known_to < END_OF_TIME
        or after < version.to_position < END_OF_TIME
    )


#: A state as its columns say it, behind `VALID_TIME`.
_StateColumns = tuple[Any, ...]
#: A tip, its tail where that was made already, and the parts of the stream's states.
_FoldState = tuple[LatestVersion, _StateColumns | None, NumberedParts]
_Rows = dict[str, list[tuple[Any, ...]]]


class VersionedProjection:
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
        latest_indexes: tuple[tuple[str, ...], ...] = (),
        comment: str,
        parts: StateParts | None = None,
    ) -> None:
        """`parts`: what of a state is in a table of its own; without it the body is the whole state."""
        self.name = name
        self.version = version
        self.kinds = frozenset({kind})
        body = (Column("body", "json", "The whole state."),) if parts is None else parts.columns
        self.table = Table(
            name=name,
            columns=(*SYSTEM_TIME, *VALID_TIME, *columns, *body),
            key=VERSION_KEY,
            indexes=(*VERSION_INDEXES, *indexes),
            latest_indexes=tuple(("organisation_id", *index) for index in latest_indexes),
            comment=comment,
            closing=VERSION_CLOSING,
        )
        self.tables = (self.table,) if parts is None else (self.table, parts.table)
        self.evolve = evolve
        #: The state as JSON of a row.
        self.body_sql = "body" if parts is None else parts.whole_sql
        self._fields = fields
        self._parts = parts

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> _Rows:
        """The rows of one stream that an event behind log position `after` opened or closed."""
        if not stream:
            return {}
        whole = StreamEvents.of(stream)
        versions, numbers, parts, _ = self._number_whole(whole)
        changed = [(v, number) for v, number in zip(versions, numbers, strict=True) if is_changed_after(v, after)]
        rows = {self.name: self._build_rows(whole, changed, {})}
        return rows | self._name_parts([row for row in parts if row[2] > after])

    def state_after(self, stream: StreamEvents) -> _FoldState:
        """What `apply` needs to go on after a whole stream."""
        return find_latest_version(stream, self.evolve), None, self._number_whole(stream)[3]

    def apply(self, memory: _FoldState, events: StreamEvents) -> tuple[_Rows, _FoldState] | None:
        """The rows that the next events open or close, and what to remember; None where the whole stream is needed."""
        last, tail, known = memory
        found = extend_versions(last, events, self.evolve)
        if found is None:
            return None
        versions, tip = found
        tails = {} if tail is None else {id(last.state): tail}
        numbers, parts, known = self._number(known, versions, events)
        rows = {self.name: self._build_rows(events, list(zip(versions, numbers, strict=True)), tails)}
        return rows | self._name_parts(parts), (tip, tails.get(id(tip.state)), known)

    def _number_whole(
        self, stream: StreamEvents
    ) -> tuple[list[Version], list[int | None], list[tuple[Any, ...]], NumberedParts]:
        """All versions of a stream, the numbers of their parts, the rows of the parts, and the parts themselves."""

        def number() -> tuple[list[Version], list[int | None], list[tuple[Any, ...]], NumberedParts]:
            versions = compute_versions(stream, self.evolve)
            versions = versions if self._parts is None else in_part_order(versions)
            return versions, *self._number(NO_PARTS, versions, stream)

        return stream.memoize(("parts", self.name), number)  # type: ignore[no-any-return]

    def _number(
        self, known: NumberedParts, versions: Sequence[Version], events: StreamEvents
    ) -> tuple[list[int | None], list[tuple[Any, ...]], NumberedParts]:
        if self._parts is None:
            return [None] * len(versions), [], known
        return number_parts(self._parts, known, versions, events.row_prefix)

    def _name_parts(self, rows: list[tuple[Any, ...]]) -> _Rows:
        return {} if self._parts is None else {self._parts.table.name: rows}

    def _build_rows(
        self,
        events: StreamEvents,
        found: Sequence[tuple[Version, int | None]],
        tails: dict[int, _StateColumns],
    ) -> list[tuple[Any, ...]]:
        """`tails`: by the state's identity, as a state has its row written twice: once when it begins, once ended."""
        head, rows = events.row_prefix, []
        for version, number in found:
            tail = tails.get(id(version.state))
            if tail is None:
                tail = tails[id(version.state)] = (*self._fields(version.state), *self._encode(version.state, number))
            rows.append((*head, *version.time_columns, *tail))
        return rows

    def _encode(self, state: Any, number: int | None) -> tuple[Any, ...]:
        if self._parts is None:
            return (encode_state(state),)
        return number, encode_state(state) if number is None else self._parts.encode_rest(state)
