"""Working days, midnights, absences and notice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import (
    Presence,
    absence_end,
    add_working_days,
    count_working_days_between,
    end_of_day,
    is_in_time,
    is_working_day,
    local_date,
    monday,
    notice_days,
)
from domain.member.member import Absence

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


def list_working_days(first: date, last: date) -> list[date]:
    """The working days of [first, last], walked day by day."""
    days = (date.fromordinal(ordinal) for ordinal in range(first.toordinal(), last.toordinal() + 1))
    return [day for day in days if is_working_day(day)]


DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def away(first: str, last: str) -> Absence:
    return Absence(from_=date.fromisoformat(first), to=date.fromisoformat(last))


# --- working days ------------------------------------------------------------------------------------------------


def test_working_days_are_monday_to_friday_both_ends_counted() -> None:
    assert 5 == Presence().count_days(date(2026, 3, 2), date(2026, 3, 8))
    assert 20 == Presence().count_days(date(2026, 3, 2), date(2026, 3, 27))
    assert 0 == Presence().count_days(date(2026, 3, 7), date(2026, 3, 8))
    assert 0 == Presence().count_days(date(2026, 3, 3), date(2026, 3, 2))


def test_the_fifth_working_day_after_a_friday_is_the_next_friday() -> None:
    assert date(2026, 3, 13) == add_working_days(date(2026, 3, 6), 5)


def test_a_day_of_the_weekend_counts_as_little_as_the_day_itself() -> None:
    assert date(2026, 3, 9) == add_working_days(date(2026, 3, 7), 1)
    assert date(2026, 3, 7) == add_working_days(date(2026, 3, 7), 0)


def test_the_calendar_has_an_end_and_nothing_falls_over_there() -> None:
    assert date.max == add_working_days(date.max, 3)
    assert datetime.max.replace(tzinfo=UTC) == end_of_day(date.max, BERLIN)
    assert date.min == monday(date.min)


@given(DAYS, DAYS)
def test_counting_working_days_is_the_same_as_walking_them(first: date, last: date) -> None:
    assert len(list_working_days(first, last)) == Presence().count_days(first, last)


@given(DAYS, st.integers(1, 300))
def test_after_n_working_days_exactly_n_lie_between(day: date, count: int) -> None:
    end = add_working_days(day, count)

    assert count == count_working_days_between(day, end)
    assert is_working_day(end)


# --- midnights ---------------------------------------------------------------------------------------------------


def test_a_day_ends_at_midnight_of_the_organisation_not_of_the_machine() -> None:
    assert datetime(2026, 3, 4, 23, tzinfo=UTC) == end_of_day(date(2026, 3, 4), BERLIN)
    assert datetime(2026, 7, 4, 22, tzinfo=UTC) == end_of_day(date(2026, 7, 4), BERLIN)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut"])
@given(day=st.dates(date(2009, 1, 1), date(2019, 12, 31)))
def test_the_end_of_a_day_is_the_first_instant_that_is_no_longer_that_day(zone: str, day: date) -> None:
    there = ZoneInfo(zone)
    end = end_of_day(day, there)

    assert local_date(end, there) > day
    assert local_date(end - timedelta(microseconds=1), there) <= day


# --- absences ----------------------------------------------------------------------------------------------------


def test_an_instant_outside_any_absence_stays() -> None:
    before = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)

    assert before == absence_end(before, [away("2026-03-02", "2026-03-04")], UTC_ZONE)


def test_an_instant_inside_an_absence_moves_to_the_end_of_the_second_working_day_after_it() -> None:
    # Away Monday to Wednesday: Thursday and Friday are for settling in.
    inside = datetime(2026, 3, 3, 12, tzinfo=UTC)

    assert datetime(2026, 3, 7, tzinfo=UTC) == absence_end(inside, [away("2026-03-02", "2026-03-04")], UTC_ZONE)


def test_the_first_instant_of_the_absence_moves_and_its_end_stays() -> None:
    absences = [away("2026-03-02", "2026-03-04")]
    end = datetime(2026, 3, 7, tzinfo=UTC)

    assert end == absence_end(datetime(2026, 3, 2, tzinfo=UTC), absences, UTC_ZONE)
    assert end == absence_end(end, absences, UTC_ZONE)
    assert end == absence_end(end - timedelta(microseconds=1), absences, UTC_ZONE)


def test_an_instant_that_lands_in_the_next_absence_moves_on_whatever_their_order() -> None:
    first, second = away("2026-03-02", "2026-03-04"), away("2026-03-06", "2026-03-10")
    inside = datetime(2026, 3, 3, tzinfo=UTC)

    assert datetime(2026, 3, 13, tzinfo=UTC) == absence_end(inside, [second, first], UTC_ZONE)


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.lists(st.tuples(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 40)), max_size=6),
)
def test_an_instant_that_has_moved_lies_in_no_absence(at: datetime, drawn: list[tuple[date, int]]) -> None:
    absences = [Absence(from_=first, to=first + timedelta(days=days)) for first, days in drawn]
    moved = absence_end(at, absences, BERLIN)

    assert moved >= at
    assert moved == absence_end(moved, absences, BERLIN)


@given(
    st.lists(st.tuples(DAYS, st.integers(0, 60)), max_size=6),
    DAYS,
    st.integers(0, 400),
)
def test_presence_counts_each_day_once_however_absences_overlap(
    drawn: list[tuple[date, int]], first: date, length: int
) -> None:
    absences = [Absence(from_=day, to=day + timedelta(days=days)) for day, days in drawn]
    last = first + timedelta(days=length)
    there = [d for d in list_working_days(first, last) if not any(a.from_ <= d <= a.to for a in absences)]
    presence = Presence(absences)

    assert len(there) == presence.count_days(first, last)
    if there:
        assert there[-1] == presence.nth_day(first, len(there))


# --- notice ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "notice"),
    [
        (100, Fraction(20)),  # a fifth
        (10, Fraction(3)),  # three days at least
        (300, Fraction(28)),  # four weeks at most
        (5, Fraction(5, 2)),  # never more than half of it
        (0, Fraction(0)),
        (-3, Fraction(0)),
    ],
)
def test_notice_is_a_fifth_within_three_days_four_weeks_and_half(duration: int, notice: Fraction) -> None:
    promised_on = date(2026, 3, 2)

    assert notice == notice_days(promised_on, promised_on + timedelta(days=duration))


def test_a_proposal_on_the_last_day_of_notice_is_in_time_and_one_later_is_late() -> None:
    promised_on, due = date(2026, 3, 2), date(2026, 3, 2) + timedelta(days=100)

    assert is_in_time(due - timedelta(days=20), promised_on, due)
    assert not is_in_time(due - timedelta(days=19), promised_on, due)


@given(DAYS, st.integers(0, 700), st.integers(0, 700), st.integers(0, 60))
def test_an_earlier_proposal_is_never_worse(promised_on: date, duration: int, before: int, earlier: int) -> None:
    due = promised_on + timedelta(days=duration)
    proposed_on = due - timedelta(days=before)

    if is_in_time(proposed_on, promised_on, due):
        assert is_in_time(proposed_on - timedelta(days=earlier), promised_on, due)
