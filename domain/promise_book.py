"""One owner's live promises, and their load by week, kept so that a change costs its own promise and not all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from math import lcm
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from domain.calendar import Presence
from domain.load import Commitment, WeekLoad, mark_abandoned, place, week_loads, week_loads_of_placed
from domain.member.member import Absence, Capacity
from domain.policy import Policy

#: Promises from which on their weeks are kept: to compute fewer anew costs less than to apply a change.
_KEPT_FROM = 24
#: Days for which weeks are kept: a sheet's rows were agreed on some hundred days, in no order.
_MOST_DAYS = 512
#: Changes remembered beyond the number of promises: to apply more of them costs more than computing anew.
_SPARE_CHANGES = 64


class LoadBasis(NamedTuple):
    """What a load rests on besides the promises."""

    today: date
    zone: ZoneInfo
    policy: Policy
    capacities: Sequence[Capacity]
    absences: Sequence[Absence]


class _KeptWeeks(NamedTuple):
    """The load of all promises as they were after so many changes of the book."""

    basis: LoadBasis
    weeks: list[WeekLoad]
    changes: int


class PromiseBook:
    """The live promises of one owner, by goal."""

    def __init__(self, commitments: Mapping[UUID, Commitment]) -> None:
        self._commitments = dict(commitments)
        #: Day -> the load as seen on it; the least recently used first.
        self._kept: dict[date, _KeptWeeks] = {}
        #: The last changes: the promise before each, and after it.
        self._changes: list[tuple[Commitment | None, Commitment | None]] = []
        #: How many changes there were before those.
        self._forgotten = 0

    def copy(self) -> PromiseBook:
        """A book that can be changed apart from this one."""
        other = PromiseBook(self._commitments)
        other._kept, other._changes, other._forgotten = dict(self._kept), list(self._changes), self._forgotten
        return other

    def get(self, goal: UUID) -> Commitment | None:
        """The owner's live promise of that goal, if it is one."""
        return self._commitments.get(goal)

    def list_commitments(self) -> tuple[Commitment, ...]:
        """All of them, in the order of their goals' ids."""
        return tuple(self._commitments[goal] for goal in sorted(self._commitments))

    def put(self, goal: UUID, commitment: Commitment | None) -> None:
        """Set the promise of this goal; None: remove it."""
        former = self._commitments.pop(goal, None)
        if commitment is not None:
            self._commitments[goal] = commitment
        if self._kept and former != commitment:
            self._changes.append((former, commitment))
            most = len(self._commitments) + _SPARE_CHANGES
            if len(self._changes) > 2 * most:
                self._forgotten += len(self._changes) - most
                del self._changes[:-most]

    def week_loads(self, basis: LoadBasis, *, without: UUID, plus: Commitment | None) -> list[WeekLoad]:
        """The owner's load (`domain.load.week_loads`) with `plus` in the place of what the goal `without` holds."""
        if len(self._commitments) < _KEPT_FROM:
            others = [held for goal, held in self._commitments.items() if goal != without]
            marked = _mark([*others, plus], basis)
            return week_loads(marked, basis.capacities, basis.absences, basis.policy, basis.today)
        return _exchange(self._keep_weeks(basis), [(self._commitments.get(without), plus)], basis)

    def _keep_weeks(self, basis: LoadBasis) -> list[WeekLoad]:
        """The load of all promises."""
        kept, now = self._kept.pop(basis.today, None), self._forgotten + len(self._changes)
        if kept is None or kept.basis != basis or kept.changes < self._forgotten:
            marked = _mark(self._commitments.values(), basis)
            weeks = week_loads(marked, basis.capacities, basis.absences, basis.policy, basis.today)
        else:
            weeks = _exchange(kept.weeks, self._changes[kept.changes - self._forgotten :], basis)
        self._kept[basis.today] = _KeptWeeks(basis, weeks, now)
        if len(self._kept) > _MOST_DAYS:
            del self._kept[next(iter(self._kept))]
        return weeks


def _mark(commitments: Iterable[Commitment | None], basis: LoadBasis) -> list[Commitment]:
    """The commitments that are not None, marked `abandoned` where they are."""
    return [mark_abandoned(each, basis.today, basis.zone, basis.policy) for each in commitments if each is not None]


def _exchange(
    weeks: list[WeekLoad], changes: Sequence[tuple[Commitment | None, Commitment | None]], basis: LoadBasis
) -> list[WeekLoad]:
    """The same weeks with the second of each pair in the place of the first."""
    if not changes:
        return weeks
    presence = Presence(basis.absences)
    for commitments, sign in (([former for former, _ in changes], -1), ([held for _, held in changes], 1)):
        placed = place(_mark(commitments, basis), basis.today, presence, basis.policy)
        if placed:
            hours = week_loads_of_placed(placed, (), presence, basis.today, len(weeks))
            weeks = [_add(week, more, sign) for week, more in zip(weeks, hours, strict=True)]
    return weeks


def _add(week: WeekLoad, more: WeekLoad, sign: int) -> WeekLoad:
    """The week with the hours that are asked for in another, `sign` times."""
    unit = lcm(week.unit, more.unit)
    scale, ours = sign * (unit // more.unit), unit // week.unit
    return replace(
        week,
        unit=unit,
        planned_parts=week.planned_parts * ours + more.planned_parts * scale,
        available_parts=week.available_parts * ours,
        estimated_parts=week.estimated_parts * ours + more.estimated_parts * scale,
        goals=week.goals + sign * more.goals,
    )
