"""The relief preview: what an overloaded member's load would be if one goal gave way. Nothing is recorded by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal
from uuid import UUID

import msgspec

from domain.load import Commitment, Spread, WeekLoad, line, load_ratio, spread, weeks_ahead
from domain.policy import Policy
from projections.declared_time import Time
from projections.figures import Line, printed

#: Deferring is shown by this many weeks.
DEFERRALS = (2, 4)

Act = Literal["drop", "defer", "hand_over"]
_NOTHING = Fraction(0)


class Option(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal giving way in one way, and the member's load after it."""

    goal: UUID
    act: Act
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

    member: UUID
    #: Mondays of the weeks that every list of ratios goes through.
    weeks: list[date]
    ratios: list[float | None]
    worst_week: date
    worst_ratio: float | None
    line: Line | None = None
    options: list[Option]


def overloaded(loads: Sequence[WeekLoad], policy: Policy) -> bool:
    """Whether any week is over the red line."""
    return any(line(load.ratio, policy) == "red" for load in loads if not load.skipped)


def relief(
    member: UUID, active: Sequence[Commitment], loads: Sequence[WeekLoad], time: Time, today: date, policy: Policy
) -> Relief:
    """For each active goal the load after dropping it, deferring it by 2 and by 4 weeks, or handing it over."""
    told = [load for load in loads if not load.skipped]
    weeks = [span for span in weeks_ahead(today, len(loads)) if span[0].weekday() < 5]  # noqa: PLR2004 - a weekend
    ratios, worst = _shown([(load.planned, load.available) for load in told])
    return Relief(
        member=member,
        weeks=[load.week for load in told],
        ratios=ratios,
        worst_week=told[worst].week,
        worst_ratio=ratios[worst],
        line=line(told[worst].ratio, policy),
        options=[option for commitment in active for option in _options(commitment, told, weeks, time, today, policy)],
    )


def _options(
    commitment: Commitment,
    loads: Sequence[WeekLoad],
    weeks: Sequence[tuple[date, date]],
    time: Time,
    today: date,
    policy: Policy,
) -> Iterator[Option]:
    now = _hours(spread(commitment, today, time.presence, policy), weeks, time)
    gone = [_NOTHING] * len(weeks)

    def after(act: Act, then: Sequence[Fraction], by: int | None = None) -> Option:
        changed = [load.planned - old + new for load, old, new in zip(loads, now, then, strict=True)]
        pairs = [(hours, load.available) for hours, load in zip(changed, loads, strict=True)]
        ratios, worst = _shown(pairs)
        return Option(
            goal=commitment.goal,
            act=act,
            weeks=by,
            ratios=ratios,
            worst_week=loads[worst].week,
            worst_ratio=ratios[worst],
            line=line(load_ratio(*pairs[worst]), policy),
        )

    yield after("drop", gone)
    for by in DEFERRALS:
        later = msgspec.structs.replace(commitment, due=_later(commitment.due, by))
        yield after("defer", _hours(spread(later, today, time.presence, policy), weeks, time), by)
    yield after("hand_over", gone)


def _later(due: date, weeks: int) -> date:
    return min(due, date.max - timedelta(weeks=weeks)) + timedelta(weeks=weeks)


def _hours(laid: Spread | None, weeks: Sequence[tuple[date, date]], time: Time) -> list[Fraction]:
    if laid is None:
        return [_NOTHING] * len(weeks)
    return [laid.within(first, last, time.presence) for first, last in weeks]


def _shown(weeks: Sequence[tuple[Fraction, Fraction]]) -> tuple[list[float | None], int]:
    """The ratios as printed, and the place of the fullest week; the earlier of two alike."""
    exact = [load_ratio(planned, available) for planned, available in weeks]
    worst = max(range(len(exact)), key=lambda i: (exact[i] is None, exact[i] or _NOTHING, -i))
    return [printed(ratio) for ratio in exact], worst
