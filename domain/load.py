"""The load line: one owner's load, week by week.

Formulas: docs/reports.md, "Overload". Hours and ratios are exact fractions; a day is one of the organisation's
calendar. The same functions serve the decision under the append's lock and the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from domain.calendar import WORKING_DAYS_PER_WEEK, Presence, local_date, monday
from domain.goal.acts import Pause
from domain.member.member import Absence, Capacity
from domain.policy import Policy
from domain.quantities import to_fraction

WEEKS_AHEAD = 12
#: Overdue effort, and effort with no day left on which its owner is there, falls on this many of the owner's days.
OVERDUE_SPREAD_DAYS = 5

Line = Literal["amber", "red"]

_ZERO = Fraction(0)


class Commitment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One live promise of an owner, as far as load is concerned."""

    goal: UUID
    #: Decimal string, hours; None: not stated (a rate, or the given estimate, is used).
    effort_hours: str | None
    start: date
    due: date
    #: 0..1, a decimal string or an exact fraction (`1/3`).
    progress: str = "0"
    blocked: bool = False
    pause: Pause | None = None
    #: A team outcome carries no effort of its own.
    weightless: bool = False
    #: Delivered and waiting for the verdict: no remaining effort, but still the owner's promise.
    delivered: bool = False
    #: Of a lapsed promise: the last contact of a party.
    silent_since: datetime | None = None
    #: Lapsed, and silent for longer than the policy's days: it asks for no hours.
    abandoned: bool = False
    #: Decimal string, hours: what an unstated effort is taken for. None too: the policy's rate.
    estimated_hours: str | None = None


class Spread(NamedTuple):
    """How a commitment lies on the calendar: `per_day` hours on each day of [first, last] that its owner is there."""

    per_day: Fraction
    first: date
    last: date

    def hours_within(self, first: date, last: date, presence: Presence) -> Fraction:
        """The hours that fall into [first, last]."""
        days = presence.count_days(max(first, self.first), min(last, self.last))
        return self.per_day * days if days else _ZERO


class WeekLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One owner's week, from today on where it has begun. Hours are whole numbers of parts, `unit` of which make one.

    As exact as fractions, and a tenth of the time: a report weighs tens of thousands of weeks.
    """

    #: Its Monday.
    week: date
    unit: int
    planned_parts: int
    available_parts: int
    #: The part of what is planned that rests on a default effort.
    estimated_parts: int = 0
    #: Working days left of it on which the owner is there.
    days: int = 0
    #: How many goals ask for hours in it.
    goals: int = 0
    #: What is available rests on the policy's default hours.
    default_hours: bool = False
    #: No working day of it is left: not a week to report.
    skipped: bool = False

    @property
    def planned(self) -> Fraction:
        """Hours."""
        return Fraction(self.planned_parts, self.unit)

    @property
    def available(self) -> Fraction:
        """Hours."""
        return Fraction(self.available_parts, self.unit)

    @property
    def estimated(self) -> Fraction:
        """Hours of what is planned that rest on a default effort."""
        return Fraction(self.estimated_parts, self.unit)

    @property
    def ratio_terms(self) -> tuple[int, int] | None:
        """Numerator and denominator of planned / available, in no lowest terms.

        0 where both are nothing; None where something is planned and nothing is available.
        """
        if self.available_parts:
            return self.planned_parts, self.available_parts
        return None if self.planned_parts else (0, 1)

    @property
    def ratio(self) -> Fraction | None:
        """`ratio_terms` as a fraction."""
        terms = self.ratio_terms
        return None if terms is None else Fraction(*terms)

    @property
    def has_no_capacity(self) -> bool:
        """Something is planned where there is no hour to do it in."""
        return self.planned_parts > 0 and not self.available_parts

    @property
    def is_estimated_only(self) -> bool:
        """Whether every planned hour rests on an effort that was not stated."""
        return 0 < self.planned_parts == self.estimated_parts


# --- planned -----------------------------------------------------------------------------------------------------


def remaining_effort(commitment: Commitment, policy: Policy) -> Fraction | None:
    """Hours left to do: effort x (1 - progress), the policy's share of it while blocked, none where there is no load.

    None where no effort was stated or estimated: then it is a rate.
    """
    effort = commitment.effort_hours if commitment.effort_hours is not None else commitment.estimated_hours
    if effort is None:
        return None
    left = _compute_rest(effort, commitment.progress)
    return left * to_fraction(policy.blocked_share) if commitment.blocked else left


# The same few efforts and progresses come up over and over in a report.
@lru_cache(maxsize=4096)
def _compute_rest(effort: str, progress: str) -> Fraction:
    return to_fraction(effort) * max(_ZERO, 1 - to_fraction(progress))


def is_paused(commitment: Commitment, today: date) -> bool:
    """Paused by agreement on that day: from its first day on, until the day work resumes."""
    pause = commitment.pause
    return pause is not None and pause.paused_from <= today < pause.resume_on


def count_silent_days(silent_since: datetime | None, today: date, zone: ZoneInfo, policy: Policy) -> int | None:
    """Days since the last word about a lapsed promise, where they are more than the policy has; else None."""
    days = 0 if silent_since is None else (today - local_date(silent_since, zone)).days
    return days if silent_since is not None and days > policy.silent_lapse_days else None


def mark_abandoned(commitment: Commitment, today: date, zone: ZoneInfo, policy: Policy) -> Commitment:
    """The commitment, `abandoned` where it lapsed and had no contact for longer than the policy's days."""
    if count_silent_days(commitment.silent_since, today, zone, policy) is None:
        return commitment
    return replace(commitment, abandoned=True)


def is_idle(commitment: Commitment, today: date) -> bool:
    """Nothing is asked of the owner: a team outcome, delivered, abandoned, or paused today."""
    asked = not (commitment.weightless or commitment.delivered or commitment.abandoned)
    return not asked or is_paused(commitment, today)


def spread_effort(commitment: Commitment, today: date, presence: Presence, policy: Policy) -> Spread | None:
    """Where the commitment's remaining effort lies as seen on `today`; None where it asks for nothing.

    Evenly over the days of [max(today, start), due] on which the owner is there; overdue effort, and effort with no
    such day, over the next five of them. A rate goes on every such day up to the due or, once overdue, without end.
    """
    if is_idle(commitment, today):
        return None
    first = max(today, min(commitment.start, commitment.due))
    effort = remaining_effort(commitment, policy)
    if effort is None:
        rate = to_fraction(policy.default_effort) / WORKING_DAYS_PER_WEEK
        rate = rate * to_fraction(policy.blocked_share) if commitment.blocked else rate
        return Spread(rate, first, date.max if commitment.due < today else commitment.due)
    days = presence.count_days(first, commitment.due)
    if days:
        return Spread(Fraction(effort.numerator, effort.denominator * days), first, commitment.due)
    last = presence.nth_day(first, OVERDUE_SPREAD_DAYS)
    return None if last is None else Spread(effort / OVERDUE_SPREAD_DAYS, first, last)


def planned_hours(
    commitment: Commitment, first: date, last: date, *, today: date, absences: Sequence[Absence], policy: Policy
) -> Fraction:
    """Hours of the commitment inside [first, last], as seen on `today`; nothing falls before it."""
    presence = Presence(absences)
    laid = spread_effort(commitment, today, presence, policy)
    return laid.hours_within(first, last, presence) if laid else _ZERO


# --- available ---------------------------------------------------------------------------------------------------


class CapacitySegment(NamedTuple):
    """From `first` on the owner has `per_day` hours; `declared`: by the person, not the policy's default."""

    first: date
    per_day: Fraction
    declared: bool


def capacity_segments(capacities: Sequence[Capacity], policy: Policy) -> list[CapacitySegment]:
    """Declared hours x focus on a working day, by the date from which each declaration applies, ascending.

    Before the first declaration, and without any, the policy's default hours.
    """
    focus = to_fraction(policy.focus) / WORKING_DAYS_PER_WEEK
    ordered = sorted(capacities, key=lambda c: c.from_)
    declared_segments = [
        CapacitySegment(c.from_, to_fraction(c.hours_per_week) * focus, declared=True) for c in ordered
    ]
    return [CapacitySegment(date.min, to_fraction(policy.default_hours) * focus, declared=False), *declared_segments]


def available_within(
    segments: Sequence[CapacitySegment], first: date, last: date, presence: Presence
) -> tuple[Fraction, bool]:
    """Hours that the owner has in [first, last], and whether any of them rest on the policy's default."""
    unit = _find_unit(segments)
    days = presence.count_days(first, last)
    parts, default = _count_available_parts(_to_daily_parts(segments, unit), first, last, days, presence)
    return Fraction(parts, unit), default


class _DailyParts(NamedTuple):
    """A segment of capacity in parts of an hour."""

    first: date
    per_day: int
    declared: bool


def _find_unit(segments: Iterable[CapacitySegment], *denominators: int) -> int:
    return lcm(*(segment.per_day.denominator for segment in segments), *denominators)


def _to_daily_parts(segments: Iterable[CapacitySegment], unit: int) -> list[_DailyParts]:
    """The last segment first."""
    parts = [_DailyParts(segment.first, to_units(segment.per_day, unit), segment.declared) for segment in segments]
    return parts[::-1]


def _count_available_parts(
    segments: Iterable[_DailyParts], first: date, last: date, whole: int, presence: Presence
) -> tuple[int, bool]:
    """`whole`: the days of [first, last] on which the owner is there: nearly always one segment holds in all of it."""
    total, default, end = 0, False, last
    for segment in segments:
        in_all = segment.first <= first and end == last
        days = whole if in_all else presence.count_days(max(first, segment.first), end)
        if days:
            total += segment.per_day * days
            default = default or not segment.declared
        if segment.first <= first:
            break
        end = min(end, segment.first - timedelta(days=1))
    return total, default


def available_hours(
    first: date, last: date, *, capacities: Sequence[Capacity], absences: Sequence[Absence], policy: Policy
) -> Fraction:
    """Hours that a member has for promises in [first, last]: declared hours x focus, less absent days."""
    return available_within(capacity_segments(capacities, policy), first, last, Presence(absences))[0]


# --- the load ----------------------------------------------------------------------------------------------------


class PlacedCommitment(NamedTuple):
    """A commitment that asks for hours, and where they lie."""

    goal: UUID
    spread: Spread
    #: Its effort was not stated.
    estimated: bool


def place(commitments: Iterable[Commitment], today: date, presence: Presence, policy: Policy) -> list[PlacedCommitment]:
    """Where each commitment's hours lie as seen on `today`; those that ask for none are left out."""
    return [
        PlacedCommitment(c.goal, placed, c.effort_hours is None)
        for c in commitments
        if (placed := spread_effort(c, today, presence, policy))
    ]


def week_loads(
    commitments: Iterable[Commitment],
    capacities: Sequence[Capacity],
    absences: Sequence[Absence],
    policy: Policy,
    today: date,
    weeks: int = WEEKS_AHEAD,
) -> list[WeekLoad]:
    """One owner's load in the week of `today`, of which only the days from today on count, and the following ones."""
    presence = Presence(absences)
    laid = place(commitments, today, presence, policy)
    return week_loads_of_placed(laid, capacity_segments(capacities, policy), presence, today, weeks)


def week_loads_of_placed(
    laid: Sequence[PlacedCommitment],
    segments: Sequence[CapacitySegment],
    presence: Presence,
    today: date,
    weeks: int = WEEKS_AHEAD,
) -> list[WeekLoad]:
    """As `week_loads`, of commitments laid out and capacities cut into segments already."""
    unit = _find_unit(segments, *(entry.spread.per_day.denominator for entry in laid))
    asks = [_Demand(e.spread.first, e.spread.last, to_units(e.spread.per_day, unit), e.estimated) for e in laid]
    supply = _to_daily_parts(segments, unit)
    return [_week_load(first, last, asks, unit, supply, presence) for first, last in weeks_ahead(today, weeks)]


class _Demand(NamedTuple):
    first: date
    last: date
    #: Hours on each day, in the common unit's parts.
    per_day: int
    estimated: bool


def to_units(hours: Fraction, unit: int) -> int:
    """`hours` as a whole number of parts of an hour, `unit` of which make one."""
    return hours.numerator * (unit // hours.denominator)


@lru_cache(maxsize=64)
def weeks_ahead(today: date, weeks: int = WEEKS_AHEAD) -> tuple[tuple[date, date], ...]:
    """First and last day that count of each week: from today to Sunday, then from Monday to Sunday."""
    start, end = monday(today).toordinal(), date.max.toordinal()
    mondays = range(start, min(start + 7 * weeks, end + 1), 7)
    return tuple((max(today, date.fromordinal(n)), date.fromordinal(min(n + 6, end))) for n in mondays)


def _week_load(  # noqa: PLR0913 - a week, what is asked in it, and what there is
    first: date,
    last: date,
    asks: Sequence[_Demand],
    unit: int,
    supply: Sequence[_DailyParts],
    presence: Presence,
) -> WeekLoad:
    planned = estimated = goals = 0
    days = presence.count_days(first, last)
    for begin, end, per_day, is_estimated in asks:
        if begin <= last and end >= first:
            whole = begin <= first and end >= last
            parts = per_day * (days if whole else presence.count_days(max(begin, first), min(end, last)))
            planned += parts
            goals += parts > 0
            estimated += parts if is_estimated else 0
    available, default = _count_available_parts(supply, first, last, days, presence)
    return WeekLoad(
        week=monday(first),
        unit=unit,
        planned_parts=planned,
        available_parts=available,
        estimated_parts=estimated,
        days=days,
        goals=goals,
        default_hours=default,
        skipped=first.weekday() >= WORKING_DAYS_PER_WEEK,
    )


def worst_week(loads: Sequence[WeekLoad], first: date, due: date) -> WeekLoad | None:
    """The fullest of the weeks that meet [first, due]; one without capacity is the fullest of all, the earlier wins.

    Where none of them has a working day left (a promise on a Sunday, due or overdue by then) the effort falls on the
    week after, so that one answers. None only without any week.
    """
    weeks = [w for w in loads if not w.skipped]
    end = max(first, due)
    met = [w for w in weeks if w.week <= end and w.week + timedelta(days=6) >= first] or weeks[:1]
    return max(met, key=_Fullness, default=None)


def is_surely_within_lines(
    laid: Iterable[PlacedCommitment], segments: Sequence[CapacitySegment], first: date, policy: Policy
) -> bool:
    """Whether no week from `first` on can be over a line: the hours of one day, of all, fit into the shortest day.

    No week is computed, so False does not mean that one is over a line.
    """
    applying = next((n for n in range(len(segments) - 1, 0, -1) if segments[n].first <= first), 0)
    least = min(segment.per_day for segment in segments[applying:])
    asked = sum((entry.spread.per_day for entry in laid), _ZERO)
    return asked <= least * min(to_fraction(policy.load_amber), to_fraction(policy.load_red))


class _Fullness:
    """How full a week is, to be compared with another; weeks alike are equal, so the first of them is found."""

    __slots__ = ("terms",)

    def __init__(self, week: WeekLoad) -> None:
        self.terms = week.ratio_terms

    def __gt__(self, other: _Fullness) -> bool:
        if self.terms is None or other.terms is None:
            return self.terms is None and other.terms is not None
        return self.terms[0] * other.terms[1] > other.terms[0] * self.terms[1]


def line_of_week(load: WeekLoad, policy: Policy) -> Line | None:
    """The line that the week is over; estimates alone draw none."""
    if load.is_estimated_only:
        return None
    terms = load.ratio_terms
    if terms is None or _is_above(terms, to_fraction(policy.load_red)):
        return "red"
    return "amber" if _is_above(terms, to_fraction(policy.load_amber)) else None


def _is_above(terms: tuple[int, int], limit: Fraction) -> bool:
    return terms[0] * limit.denominator > limit.numerator * terms[1]


def line_crossed(ratio: Fraction | None, policy: Policy) -> Line | None:
    """The line that the exact ratio is over; no capacity at all (None) is over the red one."""
    if ratio is None or ratio > to_fraction(policy.load_red):
        return "red"
    return "amber" if ratio > to_fraction(policy.load_amber) else None
