"""What members declared about their time, as it was known at any instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from domain.calendar import Presence
from domain.load import CapacitySegment, capacity_segments
from domain.member.member import Absence, Capacity
from domain.policy import Policy
from projections.database.tables import END_OF_TIME


class Declaration(NamedTuple):
    """One declaration of a member about capacity or absence."""

    event: UUID
    at: int
    #: Log position of the event.
    position: int
    capacity: Capacity | None
    absence: Absence | None
    #: The declaration in whose place this one holds; where it says nothing, that one was taken back.
    corrects: UUID | None = None


class Availability(NamedTuple):
    """A member's declared capacity and absences as of an instant."""

    capacities: tuple[Capacity, ...]
    presence: Presence
    segments: list[CapacitySegment]


class AvailabilityHistory:
    """A member's declarations, in order of business time, within an instant of the log."""

    def __init__(self, declarations: Sequence[Declaration], policy: Policy) -> None:
        self.declarations = declarations
        self._policy = policy
        self._order = [(t.at, t.position) for t in declarations]
        self._by_count: dict[int, Availability] = {}

    @cached_property
    def last_corrected_at(self) -> int | None:
        """When one of them was last corrected or taken back, microseconds UTC."""
        return max((t.at for t in self.declarations if t.corrects is not None), default=None)

    @cached_property
    def standing(self) -> list[Declaration]:
        """The declarations as the last corrections say them, each in its old place."""
        return _apply_corrections(self.declarations)

    def availability_at(self, instant: int, position: int = END_OF_TIME) -> Availability:
        """The declarations by then (microseconds), within that instant up to a log position, both inclusive.

        Of two declarations for one day the later one holds.
        """
        count = bisect_right(self._order, (instant, position))
        if count not in self._by_count:
            said = _apply_corrections(self.declarations[:count])
            presence = Presence([t.absence for t in said if t.absence])
            capacities = _by_first_day(said)
            self._by_count[count] = Availability(capacities, presence, capacity_segments(capacities, self._policy))
        return self._by_count[count]

    def standing_capacities(self, count: int) -> tuple[Capacity, ...]:
        """What held after the first `count` of `standing`, by the day from which each applies."""
        return _by_first_day(self.standing[:count])


def _apply_corrections(declarations: Sequence[Declaration]) -> list[Declaration]:
    corrections = {t.corrects: t for t in declarations if t.corrects is not None}
    own = (t for t in declarations if t.corrects is None)
    return [
        t._replace(capacity=c.capacity, absence=c.absence) if (c := corrections.get(t.event)) is not None else t
        for t in own
    ]


def _by_first_day(declarations: Iterable[Declaration]) -> tuple[Capacity, ...]:
    by_day = {t.capacity.from_: t.capacity for t in declarations if t.capacity}
    return tuple(by_day[day] for day in sorted(by_day))
