"""Additions and what gives way for them, asked of real tables: pairing recomputed by hand from the story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from domain.goal.acts import (
    AcceptChange,
    Cancel,
    Changes,
    CheckIn,
    Join,
    Pause,
    Promise,
    ProposeChange,
    TradeOffInput,
)
from domain.member.member import DeclareAbsence, DeclareCapacity
from tests.projections.overload_stories import (
    RunReport,
    cancel_goal,
    change_goal,
    count_and_n,
    find_figure,
    parse_day,
    promise_goal,
    report_runner,
    story_at_capacity,
    trade_offs_for,
)
from tests.spec import request, why
from tests.story import Story


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[RunReport]:
    with report_runner(tmp_path) as report:
        yield report


@pytest.fixture
def busy() -> Story:
    return story_at_capacity()


# --- additions ---------------------------------------------------------------------------------------------------


def test_an_accepted_change_that_adds_effort_is_an_addition_and_nothing_else_is(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "unsaid", "2026-02-02", start=parse_day("2026-03-02"), due=parse_day("2026-04-10"))
    change_goal(busy, "unsaid", "2026-03-02T10:00", effort_hours=40)
    change_goal(busy, "other", "2026-03-02T11:00", due=parse_day("2026-04-03"))
    change_goal(busy, "other", "2026-03-02T12:00", conditions=["One", "Two"])
    grown = change_goal(busy, "other", "2026-03-03", effort_hours=75)
    change_goal(busy, "base", "2026-03-03", effort_hours=300)

    report = ask(busy, "2026-03-04", team="core")

    assert [(grown, "change", 15.0)] == [(a.event, a.kind, a.added_hours) for a in report.additions]


def test_an_addition_that_fits_is_absorbed_and_in_neither_side(ask: RunReport) -> None:
    story = Story()
    promise_goal(
        story, "small", "2026-03-02", effort_hours=27.2, start=parse_day("2026-03-02"), due=parse_day("2026-03-06")
    )
    fits = ask(story, "2026-03-02", team="core")
    promise_goal(
        story, "more", "2026-03-02T10:00", effort_hours=0.1, start=parse_day("2026-03-02"), due=parse_day("2026-03-06")
    )
    over = ask(story, "2026-03-02", team="core")

    assert [(0.85, True)] == [(a.worst_ratio, a.absorbed) for a in fits.additions]
    assert ((0, 0), 1) == (count_and_n(fits), find_figure(fits, "yes_and_ratio").absorbed)
    assert (None, "no_data") == (find_figure(fits, "yes_and_ratio").value, find_figure(fits, "yes_and_ratio").status)
    assert [True, False] == [a.absorbed for a in over.additions]
    assert (1, 1) == count_and_n(over)


def test_a_drop_by_the_same_owner_within_a_week_is_inferred_and_shown_apart(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    gone = cancel_goal(busy, "other", "2026-03-11")
    report = ask(busy, "2026-03-11", team="core")

    # 60 hours over the 23 working days from the drop to the due of both.
    assert (0, 1) == count_and_n(report)
    assert 1 == find_figure(report, "yes_and_ratio").inferred
    assert [(gone, ["drop"], 40.0, True)] == [
        (t.event, t.kinds, t.hours, t.inferred) for t in report.additions[0].trade_offs
    ]


def test_a_drop_eight_days_later_pays_for_nothing(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    cancel_goal(busy, "other", "2026-03-12")

    assert (1, 1) == count_and_n(ask(busy, "2026-03-12", team="core"))


def test_an_offer_may_name_what_will_give_and_counts_once_it_has(ask: RunReport, busy: Story) -> None:
    named = [TradeOffInput(kind="drop", goal="other")]
    promise_goal(
        busy,
        "new",
        "2026-03-04",
        effort_hours=40,
        start=parse_day("2026-03-04"),
        due=parse_day("2026-04-10"),
        said={"trade_offs": named},
    )
    waiting = ask(busy, "2026-03-20", team="core")
    cancel_goal(busy, "other", "2026-03-23")
    done = ask(busy, "2026-03-23", team="core")

    assert (1, 1) == count_and_n(waiting)
    assert ((0, 1), 0, "named") == (
        count_and_n(done),
        find_figure(done, "yes_and_ratio").inferred,
        done.additions[0].paired,
    )


def test_a_trade_off_frees_only_what_lies_inside_the_days_of_the_addition(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-03-13"))
    cancel_goal(busy, "other", "2026-03-09", trade_offs=trade_offs_for("new", "drop"))
    told = ask(busy, "2026-03-09", team="core").additions[0]

    # From the drop on 25 working days are left of 60 hours; five of them are the addition's.
    assert (12.0, None) == (told.freed_hours, told.paired)


def test_a_pause_frees_all_and_a_smaller_scope_the_difference(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    change_goal(busy, "other", "2026-03-09", effort_hours=35, trade_offs=trade_offs_for("new", "rescope"))
    rescoped = ask(busy, "2026-03-09", team="core").additions[0]
    pause = Pause(paused_from=parse_day("2026-03-10"), resume_on=parse_day("2026-03-16"))
    change_goal(busy, "other", "2026-03-10", pause=pause, trade_offs=trade_offs_for("new", "pause"))
    paused = ask(busy, "2026-03-10", team="core").additions[0]

    assert [25.0] == [t.hours for t in rescoped.trade_offs]
    assert [25.0, 15.0] == [t.hours for t in paused.trade_offs]


def test_declared_hours_pay_too(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=16, start=parse_day("2026-03-04"), due=parse_day("2026-03-13"))
    busy.says("ana", DeclareCapacity(hours_per_week=50, from_=parse_day("2026-03-09")), at="2026-03-05")
    told = ask(busy, "2026-03-05", team="core").additions[0]

    # Ten hours more, at a focus of 0.8, in the one week that is left of it.
    assert (8.0, "inferred") == (told.freed_hours, told.paired)
    assert [["capacity"]] == [t.kinds for t in told.trade_offs]


def test_hours_declared_for_days_past_pay_for_none_of_them(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-02", effort_hours=16, start=parse_day("2026-03-02"), due=parse_day("2026-03-13"))
    busy.says("ana", DeclareCapacity(hours_per_week=50, from_=parse_day("2026-03-02")), at="2026-03-09")

    assert 8.0 == ask(busy, "2026-03-09", team="core").additions[0].freed_hours


def test_what_gave_way_before_the_addition_frees_nothing_before_it(ask: RunReport, busy: Story) -> None:
    cancel_goal(busy, "other", "2026-03-02")
    promise_goal(busy, "new", "2026-03-09", effort_hours=20, start=parse_day("2026-03-09"), due=parse_day("2026-03-13"))

    # Seen on the 2nd, 60 hours lie on 30 working days: five of them are the addition's.
    assert 10.0 == ask(busy, "2026-03-09", team="core").additions[0].freed_hours


def test_an_absence_declared_later_does_not_change_what_was_freed(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-03-13"))
    cancel_goal(busy, "other", "2026-03-09", trade_offs=trade_offs_for("new", "drop"))
    busy.says("ana", DeclareAbsence(from_=parse_day("2026-03-12"), to=parse_day("2026-03-20")), at="2026-03-10")

    assert 12.0 == ask(busy, "2026-03-10", team="core").additions[0].freed_hours


def test_a_pause_that_begins_later_frees_all_too(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=60, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    pause = Pause(paused_from=parse_day("2026-03-16"), resume_on=parse_day("2026-03-30"))
    change_goal(busy, "other", "2026-03-09", pause=pause, trade_offs=trade_offs_for("new", "pause"))

    assert 60.0 == ask(busy, "2026-03-09", team="core").additions[0].freed_hours


def test_an_absorbed_addition_leaves_what_gave_way_to_the_next(ask: RunReport) -> None:
    story = Story()
    promise_goal(
        story, "old", "2026-01-20", effort_hours=20, start=parse_day("2026-03-02"), due=parse_day("2026-03-06")
    )
    promise_goal(
        story, "fits", "2026-03-02T09:00", effort_hours=7, start=parse_day("2026-03-02"), due=parse_day("2026-03-06")
    )
    promise_goal(
        story, "full", "2026-03-02T10:00", effort_hours=20, start=parse_day("2026-03-02"), due=parse_day("2026-03-06")
    )
    story.says("sam", Cancel(reason=why()), on="old", at="2026-03-02T11:00")
    fits, full_week = ask(story, "2026-03-02", team="core").additions

    assert [(True, 0.0), (False, 20.0)] == [(a.absorbed, a.freed_hours) for a in (fits, full_week)]


def test_a_hand_over_frees_the_old_owner_and_adds_to_the_new_one(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    promise_goal(
        busy,
        "full",
        "2026-01-20",
        owner="ben",
        effort_hours=320,
        start=parse_day("2026-03-02"),
        due=parse_day("2026-05-08"),
    )
    busy.says("ana", CheckIn(note="half", progress=0.5), on="other", at="2026-03-05")
    proposal = ProposeChange(changes=Changes(owner="ben"), reason=why(), trade_offs=trade_offs_for("new", "hand_over"))
    busy.says("ana", proposal, on="other", at="2026-03-06T09:00")
    busy.says("ben", Join(), on="other", at="2026-03-06T10:00")
    busy.says("sam", AcceptChange(), on="other", at="2026-03-06T11:00")
    old, new = ask(busy, "2026-03-06", team="core").additions

    assert (busy.id("ana"), 30.0, "named") == (old.member, old.freed_hours, old.paired)
    assert (busy.id("ben"), "hand_over", 30.0, None) == (new.member, new.kind, new.added_hours, new.paired)
    assert busy.id("ana") == new.requester


def test_nine_additions_of_nine_draw_a_line_and_say_that_they_are_few(ask: RunReport, busy: Story) -> None:
    for number in range(9):
        promise_goal(
            busy,
            f"new{number}",
            "2026-03-04",
            effort_hours=4,
            start=parse_day("2026-03-04"),
            due=parse_day("2026-03-13"),
        )
    nine = find_figure(ask(busy, "2026-03-04", team="core"), "yes_and_ratio")
    promise_goal(busy, "new9", "2026-03-05", effort_hours=4, start=parse_day("2026-03-05"), due=parse_day("2026-03-13"))
    ten = find_figure(ask(busy, "2026-03-05", team="core"), "yes_and_ratio")

    assert (True, "red", (0.700855, 1.0)) == (nine.small_sample, nine.line, nine.interval)
    assert (False, "red") == (ten.small_sample, ten.line)


def test_the_window_selects_additions_and_ends_with_its_day(ask: RunReport, busy: Story) -> None:
    promise_goal(
        busy, "new", "2026-03-04T23:59", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-04-10")
    )

    assert (1, 1) == count_and_n(ask(busy, "2026-03-31", team="core"))
    assert (0, 0) == count_and_n(ask(busy, "2026-04-01", team="core"))
    assert (1, 1) == count_and_n(ask(busy, "2026-04-01", team="core", window=29))
    assert (0, 0) == count_and_n(ask(busy, "2026-03-03", team="core"))


def test_who_loads_whom_is_told_by_requester(ask: RunReport, busy: Story) -> None:
    asked = request("ana", "mia", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    busy.says("mia", asked, on="asked", at="2026-03-04")
    busy.says("ana", Promise(), on="asked", at="2026-03-04T10:00")
    promise_goal(busy, "own", "2026-03-05", effort_hours=4, start=parse_day("2026-03-05"), due=parse_day("2026-03-13"))
    busy.says(
        "sam",
        ProposeChange(changes=Changes(effort_hours=70), reason=why(), accept_overload=True),
        on="other",
        at="2026-03-06",
    )
    busy.says("ana", AcceptChange(), on="other", at="2026-03-06T10:00")

    told = ask(busy, "2026-03-06", team="core").requesters

    expected = {(busy.id("mia"), 40.0), (busy.id("ana"), 4.0), (busy.id("sam"), 10.0)}
    assert expected == {(r.requester, r.added_hours) for r in told}
    assert [(busy.id("ana"), 1, 1)] * 3 == [(r.member, r.count, r.n) for r in told]
    assert sorted(str(r.requester) for r in told) == [str(r.requester) for r in told]


# --- what comes back ---------------------------------------------------------------------------------------------


@pytest.fixture
def story_with_trade_off(busy: Story) -> Story:
    """On 4 March something new is taken on; on the 5th `other` is dropped for it."""
    promise_goal(busy, "new", "2026-03-04", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    cancel_goal(busy, "other", "2026-03-05", trade_offs=trade_offs_for("new", "drop"))
    return busy


def follow_up(story: Story, at: str, owner: str = "ana") -> UUID:
    """`other` is promised again, as a goal that follows it up; the event."""
    due, said = parse_day("2026-06-30"), {"follow_up_of": "other"}
    return promise_goal(story, "again", at, owner=owner, effort_hours=60, due=due, said=said)


@pytest.mark.parametrize(("at", "standing"), [("2026-05-04", "undone"), ("2026-05-05", "kept")])
def test_what_was_dropped_and_is_promised_again_within_60_days_pays_no_more(
    ask: RunReport, story_with_trade_off: Story, at: str, standing: str
) -> None:
    follow_up(story_with_trade_off, at)
    before, after = (
        ask(story_with_trade_off, "2026-05-03", team="core", window=70),
        ask(story_with_trade_off, at, team="core", window=70),
    )

    assert (0, 1) == count_and_n(before)
    unpaired = {a.goal: a.paired for a in after.additions}
    assert {"undone": None, "kept": "named"}[standing] == unpaired[story_with_trade_off.id("new", "goal")]
    assert {"undone": 1, "kept": 0}[standing] == find_figure(after, "trade_offs_undone").value
    assert 0 == find_figure(before, "trade_offs_undone").value


def test_what_came_back_opens_the_return_the_drop_and_the_addition(ask: RunReport, story_with_trade_off: Story) -> None:
    new, drop = story_with_trade_off.stream("new")[-1].event_id, story_with_trade_off.stream("other")[-1].event_id
    again = promise_goal(
        story_with_trade_off,
        "again",
        "2026-04-20",
        effort_hours=60,
        due=parse_day("2026-06-30"),
        said={"follow_up_of": "other"},
    )
    report = ask(story_with_trade_off, "2026-04-20", team="core", explain=True, window=60)

    assert sorted([new, drop, again]) == sorted(find_figure(report, "trade_offs_undone").events or [])
    told = next(a for a in report.additions if a.event == new)
    assert (0.0, [again]) == (told.freed_hours, [t.came_back for t in told.trade_offs])


def test_the_return_counts_in_the_window_in_which_it_happened(ask: RunReport, story_with_trade_off: Story) -> None:
    follow_up(story_with_trade_off, "2026-04-20")

    assert 1 == find_figure(ask(story_with_trade_off, "2026-04-20", team="core"), "trade_offs_undone").value
    assert 0 == find_figure(ask(story_with_trade_off, "2026-05-20", team="core"), "trade_offs_undone").value


def test_a_follow_up_taken_on_before_the_drop_is_not_its_return(ask: RunReport, busy: Story) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=40, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    follow_up(busy, "2026-03-05T08:00")
    cancel_goal(busy, "other", "2026-03-05T09:00", trade_offs=trade_offs_for("new", "drop"))

    assert 0 == find_figure(ask(busy, "2026-03-05", team="core"), "trade_offs_undone").value


def test_a_follow_up_by_somebody_else_brings_nothing_back(ask: RunReport, story_with_trade_off: Story) -> None:
    follow_up(story_with_trade_off, "2026-03-20", owner="ben")

    assert 0 == find_figure(ask(story_with_trade_off, "2026-03-20", team="core"), "trade_offs_undone").value


@pytest.mark.parametrize(("back_to", "standing"), [("2026-04-10", 1), ("2026-04-09", 1), ("2026-04-11", 0)])
def test_a_deferred_due_that_moves_back_to_the_old_one_or_before_pays_no_more(
    ask: RunReport, busy: Story, back_to: str, standing: int
) -> None:
    promise_goal(busy, "new", "2026-03-04", effort_hours=20, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    change_goal(busy, "other", "2026-03-05", due=parse_day("2026-05-29"), trade_offs=trade_offs_for("new"))
    kept = ask(busy, "2026-03-05", team="core")
    change_goal(busy, "other", "2026-03-16", due=parse_day(back_to))
    back = ask(busy, "2026-03-16", team="core")

    assert (0, 1) == count_and_n(kept)
    assert (standing, 1) == count_and_n(back)
    assert standing == find_figure(back, "trade_offs_undone").value


# --- what is known when ------------------------------------------------------------------------------------------


def test_a_check_in_told_late_changes_what_a_trade_off_freed_only_for_who_knows_it(ask: RunReport) -> None:
    story = Story()
    promise_goal(
        story, "other", "2026-01-20", effort_hours=60, start=parse_day("2026-03-02"), due=parse_day("2026-04-10")
    )
    promise_goal(
        story, "new", "2026-03-04", effort_hours=240, start=parse_day("2026-03-04"), due=parse_day("2026-04-10")
    )
    change_goal(story, "other", "2026-03-05", effort_hours=30, trade_offs=trade_offs_for("new", "rescope"))
    half = CheckIn(note="half of it was done by then", progress=0.5)
    story.says("ana", half, on="other", at="2026-03-04T12:00", learnt="2026-04-01")

    before = ask(story, "2026-03-05", team="core", recorded_as_of="2026-03-31")
    after = ask(story, "2026-03-05", team="core")

    assert [30.0] == [t.hours for a in before.additions for t in a.trade_offs]
    assert [15.0] == [t.hours for a in after.additions for t in a.trade_offs]
