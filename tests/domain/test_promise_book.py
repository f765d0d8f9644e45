"""The book of an owner's promises gives the load that weighing all of them anew gives."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.goal.acts import Pause
from domain.load import Commitment, WeekLoad, mark_abandoned, week_loads
from domain.member.member import Absence, Capacity
from domain.policy import Policy
from domain.promise_book import LoadBasis, PromiseBook

TODAY = date(2026, 3, 4)
GOALS = [UUID(int=number) for number in range(40)]
DAYS = st.integers(-60, 200).map(lambda days: TODAY + timedelta(days=days))


@st.composite
def commitments(draw: st.DrawFn, goal: UUID) -> Commitment:
    start = draw(DAYS)
    pause = draw(st.none() | st.builds(lambda first: Pause(paused_from=first, resume_on=first + timedelta(9)), DAYS))
    return Commitment(
        goal=goal,
        effort_hours=draw(st.none() | st.sampled_from(["0", "7", "12.5", "400"])),
        start=start,
        due=start + timedelta(days=draw(st.integers(0, 150))),
        progress=draw(st.sampled_from(["0", "0.25", "1/3", "1"])),
        blocked=draw(st.booleans()),
        pause=pause,
        weightless=draw(st.booleans()),
        silent_since=draw(st.sampled_from([None, datetime(2026, 2, 27, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)])),
    )


@st.composite
def bases(draw: st.DrawFn) -> LoadBasis:
    hours = st.sampled_from(["0", "20", "37.5"])
    return LoadBasis(
        today=TODAY + timedelta(days=draw(st.integers(0, 3))),
        zone=ZoneInfo("Europe/Berlin"),
        policy=Policy(),
        capacities=tuple(draw(st.lists(st.builds(Capacity, hours_per_week=hours, from_=DAYS), max_size=2))),
        absences=tuple(Absence(from_=first, to=first + timedelta(5)) for first in draw(st.lists(DAYS, max_size=2))),
    )


def figures(week: WeekLoad) -> tuple[object, ...]:
    """What does not depend on the unit that the parts are counted in."""
    hours = (week.planned, week.available, week.estimated, week.ratio)
    return (week.week, *hours, week.days, week.goals, week.default_hours, week.skipped)


@given(st.data())
def test_a_changed_book_has_the_load_of_its_promises_weighed_anew(data: st.DataObject) -> None:
    # given: enough promises for the weeks to be kept, or too few
    held = {goal: data.draw(commitments(goal)) for goal in GOALS[: data.draw(st.sampled_from([3, 30]))]}
    book, asked = PromiseBook(held), data.draw(st.lists(bases(), min_size=1, max_size=2))

    for _ in range(data.draw(st.integers(1, 4))):
        # when
        for goal in data.draw(st.lists(st.sampled_from(GOALS), max_size=4)):
            changed = data.draw(st.none() | commitments(goal))
            book.put(goal, changed)
            held.pop(goal, None)
            held |= {goal: changed} if changed is not None else {}
        basis, without = data.draw(st.sampled_from(asked)), data.draw(st.sampled_from(GOALS))
        plus = data.draw(st.none() | commitments(without))
        found = book.week_loads(basis, without=without, plus=plus)

        # then
        others = [c for goal, c in held.items() if goal != without] + ([plus] if plus is not None else [])
        marked = [mark_abandoned(c, basis.today, basis.zone, basis.policy) for c in others]
        expected = week_loads(marked, basis.capacities, basis.absences, basis.policy, basis.today)
        assert [figures(week) for week in expected] == [figures(week) for week in found]


def test_a_copied_book_is_changed_apart() -> None:
    # given
    goal, other = GOALS[:2]
    first = Commitment(goal=goal, effort_hours="8", start=TODAY, due=TODAY + timedelta(days=9))
    book = PromiseBook({goal: first})

    # when
    copied = book.copy()
    copied.put(goal, None)
    copied.put(other, first)

    # then
    assert (first, None) == (book.get(goal), book.get(other))
    assert (None, first) == (copied.get(goal), copied.get(other))
