"""Days as people count them: working days, the organisation's midnights, absences, and notice in good time.

Pure: a day is a `date` of the organisation's calendar, an instant is an aware UTC `datetime`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.member.member import Absence

WORKING_DAYS_PER_WEEK = 5
#: Working days after the last absent day during which an absent party's clocks still stand.
RETURN_GRACE_WORKING_DAYS = 2

_DAY = timedelta(days=1)
_LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


# --- working days ------------------------------------------------------------------------------------------------


def is_working_day(day: date) -> bool:
    """Monday to Friday."""
    return day.weekday() < WORKING_DAYS_PER_WEEK


def monday(day: date) -> date:
    """The Monday of the day's week: how reports name a week."""
    return date.fromordinal(max(1, day.toordinal() - day.weekday()))


def _working_days_until(ordinal: int) -> int:
    """Working days from the Monday 0001-01-01 (ordinal 1) up to and including the day of that ordinal."""
    weeks, days = divmod(ordinal, 7)
    return weeks * WORKING_DAYS_PER_WEEK + min(days, WORKING_DAYS_PER_WEEK)


def count_working_days_between(start: date, end: date) -> int:
    """How many working days have come after the day `start` up to and including `end`: none on the same day."""
    return max(0, _working_days_until(end.toordinal()) - _working_days_until(start.toordinal()))


def add_working_days(day: date, count: int) -> date:
    """The `count`-th working day after `day`, which itself never counts; `day` for 0, the last day of all past 9999."""
    wanted = _working_days_until(day.toordinal()) + count
    weeks, days = divmod(wanted - 1, WORKING_DAYS_PER_WEEK)
    ordinal = weeks * 7 + days + 1
    return day if count == 0 else date.fromordinal(min(ordinal, date.max.toordinal()))


# --- midnights ---------------------------------------------------------------------------------------------------


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which `day` is over in the zone: its 24:00, which is the start of the next day.

    Where the clocks jump over midnight that is the instant of the jump. Past the calendar's end: its last instant.
    """
    try:
        return datetime.combine(day + _DAY, time.min, tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return _LAST_INSTANT


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """The day that it is in the zone at an instant."""
    try:
        return at.astimezone(zone).date()
    except OverflowError:
        return at.date()


# --- absences ----------------------------------------------------------------------------------------------------


def absence_end(at: datetime, absences: Sequence[Absence], zone: ZoneInfo) -> datetime:
    """`at`, or where it falls into an absence: the end of the second working day after that absence's last day.

    An absence reaches from 00:00 of its first day to, exclusively, that end; an instant that lands in another
    absence moves on again.
    """
    moved = at
    # By first day, one pass is enough: an end never lies before an absence that began earlier.
    for absence in sorted(absences, key=lambda a: a.from_):
        end = end_of_day(add_working_days(absence.to, RETURN_GRACE_WORKING_DAYS), zone)
        if local_date(moved, zone) >= absence.from_ and moved < end:
            moved = end
    return moved


def absence_span(day: date, absences: Sequence[Absence]) -> int | None:
    """How many days the absence lasts in which `day` lies, with those that adjoin or overlap it; None: not absent."""
    return next((back - away + 1 for away, back in _merge_absences(absences) if away <= day.toordinal() <= back), None)


def _merge_absences(absences: Sequence[Absence]) -> list[tuple[int, int]]:
    """Day ordinals, both ends included, ascending and apart: no absent day counts twice."""
    away: list[tuple[int, int]] = []
    for first, last in sorted((a.from_.toordinal(), a.to.toordinal()) for a in absences if a.from_ <= a.to):
        if away and first <= away[-1][1] + 1:
            away[-1] = (away[-1][0], max(last, away[-1][1]))
        else:
            away.append((first, last))
    return away


class Presence:
    """The working days on which one person is there: Monday to Friday less the declared absences."""

    def __init__(self, absences: Sequence[Absence] = ()) -> None:
        self._absent_spans = _merge_absences(absences)

    def count_days(self, first: date, last: date) -> int:
        """How many working days of [first, last], both included, the person is there."""
        low, high = first.toordinal(), last.toordinal()
        if high < low:
            return 0
        count = _working_days_until(high) - _working_days_until(low - 1)
        for away, back in self._absent_spans:
            if away <= high and back >= low:
                count -= _working_days_until(min(back, high)) - _working_days_until(max(away, low) - 1)
        return count

    def nth_day(self, first: date, count: int) -> date | None:
        """The `count`-th day, from `first` on and counting it, on which the person is there; None past the calendar."""
        ordinal, end = first.toordinal(), date.max.toordinal()
        while count > 0 and ordinal <= end:
            back = next((b for a, b in self._absent_spans if a <= ordinal <= b), None)
            if back is not None:
                ordinal = back + 1
                continue
            if (ordinal - 1) % 7 < WORKING_DAYS_PER_WEEK:
                count -= 1
                if count == 0:
                    return date.fromordinal(ordinal)
            ordinal += 1
        return None


# --- notice ------------------------------------------------------------------------------------------------------


def notice_days(promised_on: date, due: date) -> Fraction:
    """Days before the due by which a renegotiation is in time; never negative.

    min(max(3 days, a fifth of the duration), 28 days, half the duration), from the promise to the due in force.
    """
    duration = Fraction(max(0, (due - promised_on).days))
    return min(max(Fraction(3), duration / 5), Fraction(28), duration / 2)


def is_in_time(proposed_on: date, promised_on: date, due: date) -> bool:
    """Whether a proposal made on that day leaves at least `notice_days` before the due in force."""
    return (due - proposed_on).days >= notice_days(promised_on, due)
