"""Events prepared for the views: what every view needs of an event is computed once, for all of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Self

import msgspec

from domain.envelope import RecordedEvent
from domain.instants import to_micros

Evolve = Callable[[Any, RecordedEvent], Any]


def to_column_value(value: object) -> Any:
    """An id, a date or a word as a column holds it, None as None; of a tuple each of its values."""
    # In C: `str` of an id takes four times as long.
    return msgspec.to_builtins(value)


class PreparedEvent:
    """One event, with the texts and numbers that its rows are made of."""

    __slots__ = ("_folds", "event", "event_id", "occurred_micros", "recorded_micros")

    def __init__(self, event: RecordedEvent) -> None:
        self.event = event
        self.event_id: str = to_column_value(event.event_id)
        #: Microseconds UTC of `occurred_at` and `recorded_at`.
        self.occurred_micros = to_micros(event.occurred_at)
        self.recorded_micros = to_micros(event.recorded_at)
        self._folds: list[tuple[Evolve, Any, Any]] = []

    def evolve_once(self, before: Any, evolve: Evolve) -> Any:
        """The state that this event makes of `before`: folded once, however many views come from the same state."""
        for known, was, now in self._folds:
            if was is before and known is evolve:
                return now
        after = evolve(before, self.event)
        self._folds.append((evolve, before, after))
        return after


class StreamEvents(list[RecordedEvent]):
    """Events of one stream in log order: the whole of it, or those right behind what is remembered.

    Never empty, never changed, and of one thread at a time.
    """

    def __init__(self, events: Iterable[RecordedEvent]) -> None:
        super().__init__(events)
        self.kind, _, stream = self[0].stream.partition("/")
        #: Organisation and stream: how every row of it begins.
        self.row_prefix: tuple[str, str] = (to_column_value(self[0].organisation_id), stream)
        self._prepared: list[PreparedEvent] | None = None
        self._memo: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, events: Iterable[RecordedEvent]) -> Self:
        """The events themselves where they are one already."""
        return events if isinstance(events, cls) else cls(events)

    @property
    def prepared(self) -> list[PreparedEvent]:
        """Each event, prepared once."""
        if self._prepared is None:
            self._prepared = [PreparedEvent(event) for event in self]
        return self._prepared

    def memoize(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What several views make of these events alike. The key must name all else that goes into it."""
        try:
            return self._memo[key]
        except KeyError:
            made = self._memo[key] = make()
            return made
