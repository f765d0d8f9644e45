"""The load line, exactly as docs/reports.md defines it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Presence
from domain.goal.acts import Pause
from domain.load import (
    Commitment,
    WeekLoad,
    available_hours,
    capacity_segments,
    is_paused,
    is_surely_within_lines,
    line_crossed,
    line_of_week,
    place,
    planned_hours,
    spread_effort,
    week_loads,
    week_loads_of_placed,
    worst_week,
)
from domain.member.member import Absence, Capacity
from domain.policy import Policy

POLICY = Policy()
FORTY = [Capacity(hours_per_week="40", from_=date(2026, 1, 1))]
MONDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 4)
GOAL = UUID("01900000-0000-7000-8000-000000000001")


def goal(effort: str | None, start: str, due: str, **more: Any) -> Commitment:
    return Commitment(
        goal=GOAL, effort_hours=effort, start=date.fromisoformat(start), due=date.fromisoformat(due), **more
    )


def loads(*goals: Commitment, today: date = MONDAY, absences: Sequence[Absence] = ()) -> list[WeekLoad]:
    return week_loads(goals, FORTY, absences, POLICY, today)


def hours(
    held: Commitment, first: date, last: date, today: date = MONDAY, absences: Sequence[Absence] = ()
) -> Fraction:
    return planned_hours(held, first, last, today=today, absences=absences, policy=POLICY)


A = goal("64", "2026-03-02", "2026-03-27")
B = goal("30", "2026-03-02", "2026-03-13")
C = goal("20", "2026-03-04", "2026-03-13")


# --- the worked example ------------------------------------------------------------------------------------------


def test_the_worked_example_is_amber_on_monday_and_red_two_days_later_without_progress() -> None:
    monday, wednesday = loads(A, B)[0], loads(A, B, today=WEDNESDAY)[0]

    assert Fraction(31, 32) == monday.ratio
    assert "amber" == line_crossed(monday.ratio, POLICY)
    assert (Fraction(263, 12), Fraction(96, 5)) == (wednesday.planned, wednesday.available)
    assert 1.1415 == round(float(wednesday.ratio or 0), 4)
    assert "red" == line_crossed(wednesday.ratio, POLICY)


def test_the_worked_example_reaches_153_percent_with_the_third_promise() -> None:
    week = loads(A, B, C, today=WEDNESDAY)[0]

    assert Fraction(353, 12) / Fraction(96, 5) == week.ratio
    assert 1.5321 == round(float(week.ratio or 0), 4)


def test_the_worked_example_frees_176471_hours_by_moving_the_due() -> None:
    thursday, due_of_c = date(2026, 3, 5), date(2026, 3, 13)
    moved = goal("30", "2026-03-02", "2026-03-27")
    before, after = (hours(held, thursday, due_of_c, thursday) for held in (B, moved))

    assert [30, Fraction(210, 17)] == [before, after]
    assert 17.6471 == round(float(before - after), 4)


# --- planned -----------------------------------------------------------------------------------------------------


def test_progress_takes_its_share_off_the_remaining_effort() -> None:
    assert 16 == hours(goal("64", "2026-03-02", "2026-03-27", progress="0.75"), MONDAY, date(2026, 3, 27))
    assert 0 == hours(goal("64", "2026-03-02", "2026-03-27", progress="1"), MONDAY, date(2026, 3, 27))


def test_overdue_effort_falls_on_the_next_five_working_days_from_today() -> None:
    # Wednesday to Friday, Monday and Tuesday: 4 hours each.
    overdue = goal("20", "2026-01-05", "2026-02-27")

    assert [12, 8, 0] == [week.planned for week in loads(overdue, today=WEDNESDAY)[:3]]


def test_the_next_five_working_days_are_those_on_which_the_owner_is_there() -> None:
    overdue = goal("20", "2026-01-05", "2026-02-27")
    away = [Absence(from_=date(2026, 3, 5), to=date(2026, 3, 11))]

    # Wednesday, then Thursday and Friday of the next week, Monday and Tuesday of the one after.
    assert [4, 8, 8] == [week.planned for week in loads(overdue, today=WEDNESDAY, absences=away)[:3]]


def test_a_goal_due_today_is_not_overdue() -> None:
    assert 20 == hours(goal("20", "2026-01-05", "2026-03-02"), MONDAY, MONDAY)


def test_effort_with_no_present_day_up_to_its_due_falls_on_the_next_five_days_from_its_start() -> None:
    away = [Absence(from_=date(2026, 3, 9), to=date(2026, 3, 13))]
    meanwhile = goal("20", "2026-03-09", "2026-03-13")

    assert [0, 0, 20] == [week.planned for week in loads(meanwhile, absences=away)[:3]]


def test_a_goal_over_a_weekend_falls_on_the_week_after() -> None:
    assert [0, 20] == [week.planned for week in loads(goal("20", "2026-03-07", "2026-03-08"))[:2]]


def test_a_start_after_the_due_spreads_from_the_due() -> None:
    turned = goal("10", "2026-03-20", "2026-03-06")

    assert [10, 0, 0] == [week.planned for week in loads(turned)[:3]]


def test_a_blocked_goal_counts_half_and_never_nothing() -> None:
    assert 32 == hours(goal("64", "2026-03-02", "2026-03-27", blocked=True), MONDAY, date(2026, 3, 27))


def test_a_paused_goal_counts_nothing_until_the_day_on_which_work_resumes() -> None:
    pause = Pause(paused_from=date(2026, 3, 3), resume_on=date(2026, 3, 9))
    paused = goal("64", "2026-03-02", "2026-03-27", pause=pause)

    assert not is_paused(paused, MONDAY)
    assert 0 == sum(week.planned for week in loads(paused, today=date(2026, 3, 3)))
    assert 0 == sum(week.planned for week in loads(paused, today=date(2026, 3, 8)))
    assert 64 == sum(week.planned for week in loads(paused, today=date(2026, 3, 9)))


@pytest.mark.parametrize("flag", ["weightless", "delivered"])
def test_a_team_outcome_and_a_delivered_goal_ask_for_nothing(flag: str) -> None:
    assert 0 == sum(week.planned for week in loads(goal("64", "2026-03-02", "2026-03-27", **{flag: True})))


# --- unknown effort ----------------------------------------------------------------------------------------------


def test_an_unknown_effort_is_four_hours_a_week_up_to_the_due() -> None:
    rate = goal(None, "2026-03-02", "2026-03-10", progress="0.9")

    assert [4, Fraction(8, 5), 0] == [week.planned for week in loads(rate)[:3]]
    assert Fraction(12, 5) == loads(rate, today=WEDNESDAY)[0].planned


def test_an_overdue_unknown_effort_asks_for_08_hours_on_every_working_day_from_today_on() -> None:
    overdue = goal(None, "2026-01-05", "2026-02-27")

    assert [Fraction(12, 5), *[4] * 11] == [week.planned for week in loads(overdue, today=WEDNESDAY)]


def test_an_unknown_effort_takes_no_hours_of_absent_days_and_half_while_blocked() -> None:
    away = [Absence(from_=date(2026, 3, 4), to=date(2026, 3, 4))]
    rate = goal(None, "2026-03-02", "2026-03-27", blocked=True)

    assert Fraction(8, 5) == loads(rate, absences=away)[0].planned


def test_an_estimate_is_spread_like_a_stated_effort_and_marked() -> None:
    week = loads(goal(None, "2026-03-02", "2026-03-27", estimated_hours="40"), A)[0]

    assert [10, 26] == [week.estimated, week.planned]


# --- available ---------------------------------------------------------------------------------------------------


def test_available_hours_are_declared_hours_times_focus_less_absent_days() -> None:
    away = [Absence(from_=date(2026, 3, 5), to=date(2026, 3, 9))]
    told = available_hours(MONDAY, date(2026, 3, 8), capacities=FORTY, absences=away, policy=POLICY)

    assert Fraction(96, 5) == told


def test_a_declaration_applies_from_its_day_on() -> None:
    halved = [*FORTY, Capacity(hours_per_week="20", from_=date(2026, 3, 4))]
    week = week_loads([], halved, [], POLICY, MONDAY)[0]

    assert Fraction(64, 5) + Fraction(48, 5) == week.available
    assert not week.default_hours


def test_who_declared_nothing_has_the_default_hours_marked_until_the_first_declaration() -> None:
    later = [Capacity(hours_per_week="20", from_=date(2026, 3, 9))]
    this, following, *_ = week_loads([], later, [], POLICY, MONDAY)

    assert [32, True] == [this.available, this.default_hours]
    assert [16, False] == [following.available, following.default_hours]


def test_a_later_declaration_may_come_before_an_earlier_one_in_the_list() -> None:
    turned = [Capacity(hours_per_week="10", from_=date(2026, 3, 4)), *FORTY]

    assert Fraction(64, 5) + Fraction(24, 5) == week_loads([], turned, [], POLICY, MONDAY)[0].available


# --- weeks -------------------------------------------------------------------------------------------------------


def test_twelve_weeks_are_told_by_their_mondays() -> None:
    weeks = loads(today=WEDNESDAY)

    assert [MONDAY + timedelta(weeks=n) for n in range(12)] == [week.week for week in weeks]


def test_a_week_with_no_working_day_left_is_skipped() -> None:
    saturday = loads(A, today=date(2026, 3, 7))

    assert [True, *[False] * 11] == [week.skipped for week in saturday]
    assert 0 == saturday[0].planned
    assert 64 == sum(week.planned for week in saturday)


def test_no_hours_and_nothing_planned_is_a_ratio_of_nothing() -> None:
    away = [Absence(from_=MONDAY, to=date(2026, 3, 6))]

    assert 0 == loads(A, absences=away)[0].ratio


def test_something_planned_without_capacity_has_no_ratio_and_is_red() -> None:
    none = [Capacity(hours_per_week="0", from_=date(2026, 1, 1))]
    week = week_loads([A], none, [], POLICY, MONDAY)[0]

    assert (None, True, "red") == (week.ratio, week.has_no_capacity, line_crossed(week.ratio, POLICY))


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (Fraction(85, 100), None),
        (Fraction(850001, 1000000), "amber"),
        (Fraction(1), "amber"),
        (Fraction(10**9 + 1, 10**9), "red"),
    ],
)
def test_a_line_is_crossed_only_when_the_exact_ratio_is_over_it(ratio: Fraction, told: str | None) -> None:
    assert told == line_crossed(ratio, POLICY)


# --- the worst week ----------------------------------------------------------------------------------------------


def test_the_worst_week_is_among_those_that_meet_the_span() -> None:
    busy_later = goal("100", "2026-03-16", "2026-03-20")
    weeks = loads(A, busy_later, today=WEDNESDAY)

    worst, later = worst_week(weeks, WEDNESDAY, date(2026, 3, 13)), worst_week(weeks, WEDNESDAY, date(2026, 3, 16))

    assert MONDAY == worst.week if worst else False
    assert date(2026, 3, 16) == later.week if later else False


def test_a_week_without_capacity_is_the_worst_of_all() -> None:
    ending = [*FORTY, Capacity(hours_per_week="0", from_=date(2026, 3, 9))]
    weeks = week_loads([goal("400", "2026-03-02", "2026-03-13")], ending, [], POLICY, MONDAY)
    worst = worst_week(weeks, MONDAY, date(2026, 3, 13))

    assert date(2026, 3, 9) == worst.week if worst else False


def test_a_due_that_has_passed_is_judged_by_the_week_from_today_on() -> None:
    worst = worst_week(loads(goal("40", "2026-01-05", "2026-02-27")), MONDAY, date(2026, 2, 27))

    assert (MONDAY, Fraction(5, 4)) == (worst.week, worst.ratio) if worst else False


def test_a_promise_of_the_weekend_is_judged_by_the_week_after() -> None:
    saturday, sunday = date(2026, 3, 7), date(2026, 3, 8)
    worst = worst_week(loads(goal("40", "2026-03-07", "2026-03-08"), today=saturday), saturday, sunday)

    assert (date(2026, 3, 9), Fraction(5, 4)) == (worst.week, worst.ratio) if worst else False


# --- properties --------------------------------------------------------------------------------------------------

DAYS = st.dates(date(2026, 1, 1), date(2026, 6, 30))
EFFORTS = st.integers(0, 500).map(str)
COMMITMENTS = st.builds(
    lambda effort, start, length, progress: Commitment(
        goal=GOAL, effort_hours=effort, start=start, due=start + timedelta(days=length), progress=progress
    ),
    EFFORTS,
    DAYS,
    st.integers(-30, 120),
    st.sampled_from(["0", "0.25", "0.5", "0.9", "1"]),
)
ABSENCES = st.lists(
    st.builds(lambda first, days: Absence(from_=first, to=first + timedelta(days=days)), DAYS, st.integers(0, 60)),
    max_size=4,
)
CAPACITIES = st.builds(Capacity, hours_per_week=st.sampled_from(["0", "17.5", "40"]), from_=DAYS)
ALWAYS = (date(2025, 1, 1), date(2028, 12, 31))


@given(COMMITMENTS, DAYS, ABSENCES)
def test_no_hour_of_the_remaining_effort_is_lost_or_made_up(
    held: Commitment, today: date, absences: list[Absence]
) -> None:
    remaining = Fraction(held.effort_hours or 0) * (1 - Fraction(held.progress))

    assert remaining == hours(held, *ALWAYS, today, absences)


@given(COMMITMENTS, DAYS, ABSENCES)
def test_no_hour_falls_before_today_or_on_a_day_on_which_the_owner_is_away(
    held: Commitment, today: date, absences: list[Absence]
) -> None:
    assert 0 == hours(held, date(2025, 1, 1), today - timedelta(days=1), today, absences)
    assert all(0 == hours(held, a.from_, a.to, today, absences) for a in absences)


@given(st.lists(COMMITMENTS, max_size=4), DAYS, ABSENCES, st.lists(CAPACITIES, max_size=3))
def test_a_week_in_whole_parts_is_the_sum_of_its_hours(
    held: list[Commitment], today: date, absences: list[Absence], capacities: list[Capacity]
) -> None:
    weeks = week_loads(held, capacities, absences, POLICY, today)
    days = [(max(today, week.week), week.week + timedelta(days=6)) for week in weeks]
    planned = [sum((hours(one, *span, today, absences) for one in held), Fraction(0)) for span in days]
    available = [available_hours(*span, capacities=capacities, absences=absences, policy=POLICY) for span in days]
    ratios = [p / a if a else None if p else Fraction(0) for p, a in zip(planned, available, strict=True)]

    assert list(zip(planned, available, ratios, strict=True)) == [(w.planned, w.available, w.ratio) for w in weeks]
    crossed = [None if w.is_estimated_only else line_crossed(w.ratio, POLICY) for w in weeks]
    assert crossed == [line_of_week(w, POLICY) for w in weeks]


@given(COMMITMENTS, DAYS, ABSENCES, st.lists(DAYS, min_size=1, max_size=5))
def test_the_hours_of_a_span_are_the_sum_of_its_parts(
    held: Commitment, today: date, absences: list[Absence], cuts: list[date]
) -> None:
    first, *edges = sorted({*cuts, date(2026, 1, 1), date(2026, 6, 30)})
    parts = Fraction(0)
    for edge in edges:
        parts += hours(held, first, edge - timedelta(days=1), today, absences)
        first = edge

    assert parts == hours(held, date(2026, 1, 1), date(2026, 6, 29), today, absences)


@given(st.lists(COMMITMENTS, max_size=4), COMMITMENTS, DAYS, ABSENCES)
def test_one_more_promise_never_makes_any_week_lighter(
    held: list[Commitment], more: Commitment, today: date, absences: list[Absence]
) -> None:
    before = week_loads(held, FORTY, absences, POLICY, today)
    after = week_loads([*held, more], FORTY, absences, POLICY, today)

    assert all(new.planned >= old.planned for old, new in zip(before, after, strict=True))
    assert [old.available for old in before] == [new.available for new in after]


@given(COMMITMENTS, DAYS, ABSENCES, st.integers(0, 60))
def test_a_later_due_never_adds_hours_before_the_old_one(
    held: Commitment, today: date, absences: list[Absence], later: int
) -> None:
    start = min(held.start, held.due)
    deferred = Commitment(
        goal=GOAL, effort_hours=held.effort_hours, start=start, due=held.due + timedelta(days=later), progress="0"
    )
    before = Commitment(goal=GOAL, effort_hours=held.effort_hours, start=start, due=held.due, progress="0")
    if Presence(absences).count_days(max(today, start), held.due):
        assert hours(deferred, today, held.due, today, absences) <= hours(before, today, held.due, today, absences)


@given(COMMITMENTS, DAYS, ABSENCES)
def test_the_days_of_a_spread_are_days_of_presence(held: Commitment, today: date, absences: list[Absence]) -> None:
    presence = Presence(absences)
    laid = spread_effort(held, today, presence, POLICY)

    assert laid is not None
    assert laid.first >= today
    assert presence.count_days(laid.first, laid.last) > 0
    assert [laid] == [entry.spread for entry in place([held], today, presence, POLICY)]


@given(st.lists(COMMITMENTS, max_size=4), DAYS, ABSENCES, st.lists(CAPACITIES, max_size=3))
def test_where_the_shortest_day_holds_all_that_is_asked_no_week_is_over_a_line(
    held: list[Commitment], today: date, absences: list[Absence], capacities: list[Capacity]
) -> None:
    presence, segments = Presence(absences), capacity_segments(capacities, POLICY)
    laid = place(held, today, presence, POLICY)

    if is_surely_within_lines(laid, segments, today, POLICY):
        loads = week_loads_of_placed(laid, segments, presence, today)
        assert [None] * len(loads) == [line_crossed(load.ratio, POLICY) for load in loads]


@given(st.lists(COMMITMENTS, max_size=4), DAYS, ABSENCES)
def test_available_hours_do_not_depend_on_what_is_planned_and_never_exceed_the_week(
    held: list[Commitment], today: date, absences: list[Absence]
) -> None:
    for week in week_loads(held, FORTY, absences, POLICY, today):
        assert 0 <= week.available <= 32
        assert 0 <= week.estimated <= week.planned
