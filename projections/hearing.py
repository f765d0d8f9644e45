"""Events as the views hear them: what each view would make of an event by itself is made once, for all of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import msgspec

from domain.envelope import Recorded

Evolve = Callable[[Any, Recorded], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """An aware instant as whole microseconds since 1970-01-01T00:00:00Z."""
    return (at - _EPOCH) // _MICROSECOND


def text(value: object) -> Any:  # noqa: ANN401 - as the value is
    """An id, a date or a word as a column holds it, None as None; of a tuple each of its values."""
    # In C: `str` of an id takes four times as long.
    return msgspec.to_builtins(value)


class Heard:
    """One event, with the texts and numbers that its rows are made of."""

    __slots__ = ("_folds", "at", "event", "event_id", "recorded")

    def __init__(self, event: Recorded) -> None:
        self.event = event
        self.event_id: str = text(event.event_id)
        #: Microseconds UTC of `occurred_at` and `recorded_at`.
        self.at = micros(event.occurred_at)
        self.recorded = micros(event.recorded_at)
        self._folds: list[tuple[Evolve, Any, Any]] = []

    def folded(self, before: Any, evolve: Evolve) -> Any:  # noqa: ANN401 - each kind's own state
        """The state that this event makes of `before`: folded once, however many views come from the same state."""
        for known, was, now in self._folds:
            if was is before and known is evolve:
                return now
        after = evolve(before, self.event)
        self._folds.append((evolve, before, after))
        return after


class Stretch(list[Recorded]):
    """Events of one stream in log order: the whole of it, or those right behind what is remembered.

    Never empty, never changed, and of one thread at a time.
    """

    def __init__(self, events: Iterable[Recorded]) -> None:
        super().__init__(events)
        self.kind, _, stream = self[0].stream.partition("/")
        #: Organisation and stream: how every row of it begins.
        self.head: tuple[str, str] = (text(self[0].organisation_id), stream)
        self._heard: list[Heard] | None = None
        self._made: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, events: Iterable[Recorded]) -> Self:
        """The events themselves where they are one already."""
        return events if isinstance(events, cls) else cls(events)

    @property
    def heard(self) -> list[Heard]:
        """Each event, heard once."""
        if self._heard is None:
            self._heard = [Heard(event) for event in self]
        return self._heard

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is made
        """What several views make of these events alike. The key must name all else that goes into it."""
        try:
            return self._made[key]
        except KeyError:
            made = self._made[key] = make()
            return made
