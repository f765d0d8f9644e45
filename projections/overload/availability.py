"""What members declared about their time, as it was known at any instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from domain.calendar import Presence
from domain.load import CapacitySegment, capacity_segments
from domain.member.member import Absence, Capacity
from domain.policy import Policy


class Declaration(NamedTuple):
    """One declaration of a member about capacity or absence."""

    event: UUID
    at: int
    capacity: Capacity | None
    absence: Absence | None


class Availability(NamedTuple):
    """A member's declared capacity and absences as of an instant."""

    capacities: tuple[Capacity, ...]
    presence: Presence
    segments: list[CapacitySegment]


class AvailabilityHistory:
    """A member's declarations, in order of business time."""

    def __init__(self, declarations: Sequence[Declaration], policy: Policy) -> None:
        self.declarations = declarations
        self._policy = policy
        self._instants = [t.at for t in declarations]
        self._by_count: dict[int, Availability] = {}

    def availability_at(self, instant: int) -> Availability:
        """The declarations by then (microseconds, inclusive); of two for one day the later one holds."""
        count = bisect_right(self._instants, instant)
        if count not in self._by_count:
            capacities = self.capacities_after(count)
            presence = Presence([t.absence for t in self.declarations[:count] if t.absence])
            self._by_count[count] = Availability(capacities, presence, capacity_segments(capacities, self._policy))
        return self._by_count[count]

    def capacities_after(self, count: int) -> tuple[Capacity, ...]:
        """What held after the first `count` declarations, by the day from which each applies."""
        by_day = {t.capacity.from_: t.capacity for t in self.declarations[:count] if t.capacity}
        return tuple(by_day[day] for day in sorted(by_day))
