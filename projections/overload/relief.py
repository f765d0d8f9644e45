"""The relief preview: what an overloaded member's load would be if one goal gave way. Nothing is recorded by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import floor, lcm
from typing import Literal
from uuid import UUID

import msgspec

from domain.calendar import is_working_day
from domain.load import Commitment, Spread, WeekLoad, spread_effort, to_units, weeks_ahead
from domain.policy import Policy
from domain.quantities import to_fraction
from projections.figures import Line, SubjectGoal, SubjectMember, ratio_for_report
from projections.overload.availability import Availability

#: Deferring is shown by this many weeks.
DEFERRAL_WEEKS = (2, 4)

ReliefKind = Literal["drop", "defer", "hand_over"]


class ReliefOption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal giving way in one way, and the member's load after it."""

    goal: SubjectGoal
    act: ReliefKind
    #: Weeks by which the due would move.
    weeks: int | None = None
    #: The load ratio of each week of the preview; null: no capacity for what is planned.
    ratios: list[float | None]
    #: The fullest week and its ratio after it.
    worst_week: date
    worst_ratio: float | None
    line: Line | None = None


class Relief(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One overloaded member: the load as it is, and after each way out. Goals by id, not by rank."""

    member: SubjectMember
    #: Mondays of the weeks that every list of ratios goes through.
    weeks: list[date]
    ratios: list[float | None]
    worst_week: date
    worst_ratio: float | None
    line: Line | None = None
    options: list[ReliefOption]


def compute_relief(
    member: UUID,
    active: Sequence[Commitment],
    loads: Sequence[WeekLoad],
    time: Availability,
    today: date,
    policy: Policy,
) -> Relief:
    """For each active goal the load after dropping it, deferring it by 2 and by 4 weeks, or handing it over."""
    counted = [load for load in loads if not load.skipped]
    spans = [span for span in weeks_ahead(today, len(loads)) if is_working_day(span[0])]
    ways = [_Candidate(commitment, spread_effort(commitment, today, time.presence, policy)) for commitment in active]
    for way in ways:
        for weeks in DEFERRAL_WEEKS:
            later = msgspec.structs.replace(way.commitment, due=_postpone(way.commitment.due, weeks))
            way.deferred.append(spread_effort(later, today, time.presence, policy))
    scale = _IntegerScale(counted, [laid for way in ways for laid in (way.now, *way.deferred) if laid], policy)
    ratios, worst, over = scale.compute_ratios(scale.planned, scale.estimated)
    options = []
    for way in ways:
        now = scale.to_parts(way.now, spans, time)
        rest = _subtract(scale.planned, now)
        guessed = _subtract(scale.estimated, now) if way.estimated else scale.estimated
        gone = scale.compute_ratios(rest, guessed)
        options.append(_build_option(way, "drop", None, gone, counted))
        for weeks, laid in zip(DEFERRAL_WEEKS, way.deferred, strict=True):
            there = scale.to_parts(laid, spans, time)
            moved = scale.compute_ratios(_add(rest, there), _add(guessed, there) if way.estimated else guessed)
            options.append(_build_option(way, "defer", weeks, moved, counted))
        options.append(_build_option(way, "hand_over", None, gone, counted))
    return Relief(
        member=member,
        weeks=[load.week for load in counted],
        ratios=ratios,
        worst_week=counted[worst].week,
        worst_ratio=ratios[worst],
        line=over,
        options=options,
    )


def _add(parts: Sequence[int], more: Sequence[int]) -> list[int]:
    return [part + other for part, other in zip(parts, more, strict=True)]


def _subtract(parts: Sequence[int], less: Sequence[int]) -> list[int]:
    return [part - other for part, other in zip(parts, less, strict=True)]


#: Ratios as printed, the place of the fullest week, and the line that it crosses.
_Ratios = tuple[list[float | None], int, Line | None]


class _Candidate:
    """One goal, where its hours lie now and where they would."""

    def __init__(self, commitment: Commitment, now: Spread | None) -> None:
        self.commitment = commitment
        self.now = now
        #: Its effort was not stated.
        self.estimated = commitment.effort_hours is None
        self.deferred: list[Spread | None] = []


def _build_option(
    way: _Candidate, act: ReliefKind, weeks: int | None, result: _Ratios, loads: Sequence[WeekLoad]
) -> ReliefOption:
    ratios, worst, over = result
    return ReliefOption(
        goal=way.commitment.goal,
        act=act,
        weeks=weeks,
        ratios=ratios,
        worst_week=loads[worst].week,
        worst_ratio=ratios[worst],
        line=over,
    )


def _postpone(due: date, weeks: int) -> date:
    return min(due, date.max - timedelta(weeks=weeks)) + timedelta(weeks=weeks)


class _IntegerScale:
    """One member's weeks as whole numbers of common units: exact, and quick enough for every way out of every goal.

    A week's weight makes its planned parts comparable with those of every other week: parts x weight / `one` is the
    load ratio. A week without capacity has the weight 0.
    """

    def __init__(self, loads: Sequence[WeekLoad], spreads: Sequence[Spread], policy: Policy) -> None:
        self.days = [load.days for load in loads]
        hour = lcm(*(load.unit for load in loads))
        self.unit = lcm(hour, *(s.per_day.denominator for s in spreads))
        self.planned = [load.planned_parts * (self.unit // load.unit) for load in loads]
        self.estimated = [load.estimated_parts * (self.unit // load.unit) for load in loads]
        available = [load.available_parts * (hour // load.unit) for load in loads]
        common = lcm(*(parts for parts in available if parts))
        self.weights = [common // parts * hour if parts else 0 for parts in available]
        self.one = common * self.unit
        # Of whole numbers, being over a line and being over the whole part of it are the same.
        self._red, self._amber = (
            floor(to_fraction(ratio) * self.one) for ratio in (policy.load_red, policy.load_amber)
        )
        #: As printed, of what is planned now: most ways out leave most weeks as they are.
        self._current_ratios = [self._compute_ratio(*week) for week in zip(self.planned, self.weights, strict=True)]

    def to_parts(self, laid: Spread | None, spans: Sequence[tuple[date, date]], time: Availability) -> list[int]:
        """The spread's hours in each week, in parts of an hour."""
        if laid is None:
            return [0] * len(spans)
        per_day, parts = to_units(laid.per_day, self.unit), []
        for (first, last), days in zip(spans, self.days, strict=True):
            if laid.first > last or laid.last < first:
                parts.append(0)
            elif laid.first <= first and laid.last >= last:
                parts.append(per_day * days)
            else:
                parts.append(per_day * time.presence.count_days(max(first, laid.first), min(last, laid.last)))
        return parts

    def compute_ratios(self, planned: Sequence[int], estimated: Sequence[int]) -> _Ratios:
        """Of two weeks alike the earlier is the fullest; one without capacity for what is planned is fuller still.

        The line is that of the fullest of the weeks whose hours are not all estimated.
        """
        ratios: list[float | None] = []
        fullest, most, without = 0, -1, None
        stated, over = -1, False
        for place, (parts, guessed, weight) in enumerate(zip(planned, estimated, self.weights, strict=True)):
            load = parts * weight
            if parts != guessed:
                stated, over = max(stated, load), over or not weight
            if parts and not weight:
                without = place if without is None else without
            elif load > most:
                fullest, most = place, load
            same = parts == self.planned[place]
            ratios.append(self._current_ratios[place] if same else self._compute_ratio(parts, weight))
        line: Line | None = "red" if over or stated > self._red else "amber" if stated > self._amber else None
        return ratios, fullest if without is None else without, line

    def _compute_ratio(self, parts: int, weight: int) -> float | None:
        return None if parts and not weight else ratio_for_report(parts * weight, self.one)
