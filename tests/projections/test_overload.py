"""Overload, asked of real tables: each figure recomputed by hand from the story that made it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from domain.goal.acts import (
    Cancel,
    Changes,
    CheckIn,
    DeclareComplete,
    Pause,
    Promise,
    ProposeChange,
    RecordValue,
)
from domain.member import member
from domain.member.member import DeclareAbsence, DeclareCapacity
from domain.team import team
from domain.terms import MeasureInput, Priority
from projections.database.database import Database
from projections.figures import Figure
from projections.overload.report import OverloadReport
from tests.projections.overload_stories import (
    Ask,
    answered,
    changed,
    counts,
    day,
    dropped,
    full,
    load,
    one,
    paying,
    promised,
    report_runner,
)
from tests.spec import request, why
from tests.story import Story

STEWARD = frozenset({"steward"})


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    with report_runner(tmp_path) as report:
        yield report


@pytest.fixture
def busy() -> Story:
    return full()


# --- the worked example ------------------------------------------------------------------------------------------


@pytest.fixture
def example() -> Story:
    story = Story()
    story.says("ana", DeclareCapacity(hours_per_week=40, from_=day("2026-01-01")))
    promised(story, "A", "2026-01-20", effort_hours=64, start=day("2026-03-02"), due=day("2026-03-27"))
    promised(story, "B", "2026-01-20", effort_hours=30, start=day("2026-03-02"), due=day("2026-03-13"))
    promised(story, "C", "2026-03-04", effort_hours=20, start=day("2026-03-04"), due=day("2026-03-13"))
    changed(story, "B", "2026-03-05", due=day("2026-03-27"), trade_offs=paying("C"))
    return story


def test_the_worked_example_of_the_documentation(empty_url: str, example: Story) -> None:
    database = Database.open(empty_url)

    def asked(as_of: str) -> OverloadReport:
        return answered(database, example, as_of, team="core")

    monday = load(asked("2026-03-02"), example)
    assert (0.96875, "amber", 31.0, 32.0) == (monday.value, monday.line, monday.planned_hours, monday.available_hours)
    before = load(asked("2026-03-04T08:59"), example)
    assert (1.141493, "red", 21.916667, 19.2) == (
        before.value,
        before.line,
        before.planned_hours,
        before.available_hours,
    )
    taken = asked("2026-03-04")
    assert (1.532118, 29.416667) == (load(taken, example).value, load(taken, example).planned_hours)
    assert (1, 1) == counts(taken)
    assert 1.0 == one(taken, "yes_and_by_effort").value
    after = asked("2026-03-05")
    assert (0, 1) == counts(after)
    assert 0.117647 == one(after, "yes_and_by_effort").value
    assert [(17.647059, "named")] == [(a.freed_hours, a.paired) for a in after.additions]
    assert msgspec.json.encode(taken) == msgspec.json.encode(asked("2026-03-04"))
    database.close()


def test_a_later_event_changes_no_byte_of_an_earlier_answer(ask: Ask, example: Story) -> None:
    before = msgspec.json.encode(ask(example, "2026-03-05", team="core", explain=True))
    dropped(example, "A", "2026-03-06")
    example.says("ana", DeclareAbsence(from_=day("2026-03-09"), to=day("2026-03-20")), at="2026-03-06")
    promised(example, "D", "2026-03-09", effort_hours=50, due=day("2026-03-30"))

    assert before == msgspec.json.encode(ask(example, "2026-03-05", team="core", explain=True))


def test_a_figure_says_what_it_is_about_and_always_has_a_value(ask: Ask, example: Story) -> None:
    report = msgspec.to_builtins(ask(example, "2026-03-04", team="core"))

    assert ["2026-03-04", 0] == [report["as_of"], report["policy_version"]]
    assert all("value" in figure for figure in report["figures"])
    assert all("team" not in f for f in report["figures"] if "member" in f or "goal" in f)
    assert all(f.get("team") == str(example.id("core", "team")) for f in report["figures"] if "member" not in f)
    assert {"2026-03-02", "2026-05-18"} <= {f["week"] for f in report["figures"] if f["name"] == "load_ratio"}
    assert all("team" not in f for f in msgspec.to_builtins(ask(example, "2026-03-04"))["figures"])


# --- load and work in progress -----------------------------------------------------------------------------------


def test_every_figure_opens_the_events_that_made_it(ask: Ask, example: Story) -> None:
    capacity, promise_a = example.stream("ana", "member")[-1].event_id, example.stream("A")[-1].event_id
    away = example.says("ana", DeclareAbsence(from_=day("2026-03-20"), to=day("2026-03-20")), at="2026-03-05")[0]
    spoken = example.says("ana", CheckIn(note="on it", progress=0.25), on="A", at="2026-03-05")[-1]
    moved, promise_b, promise_c = (
        example.last("B").event_id,
        example.stream("B")[1].event_id,
        example.last("C").event_id,
    )

    report = ask(example, "2026-03-05", team="core", explain=True)

    expected = [capacity, promise_a, promise_b, promise_c, moved, spoken.event_id]
    assert sorted(expected) == sorted(load(report, example).events or [])
    assert away.event_id in (load(report, example, week="2026-03-16").events or [])
    assert away.event_id not in (load(report, example, week="2026-03-09").events or [])
    assert [promise_c, moved] == one(report, "yes_and_ratio").events
    assert [promise_c] == one(report, "imposed_share").events
    assert all(figure.events is not None for figure in report.figures)
    assert all(figure.events is None for figure in ask(example, "2026-03-05", team="core").figures)


def test_unstated_efforts_and_capacities_are_estimated_and_say_so(ask: Ask) -> None:
    story = Story()
    promised(story, "stated", "2026-03-02", effort_hours=32, start=day("2026-03-02"), due=day("2026-03-13"))
    promised(story, "rate", "2026-03-02", start=day("2026-03-02"), due=day("2026-03-13"))
    week = load(ask(story, "2026-03-02", member="ana"), story)

    assert (20.0, 32.0, 0.625) == (week.planned_hours, week.available_hours, week.value)
    assert (0.2, True) == (week.estimated_share, week.estimated)


def test_an_unstated_effort_is_the_median_of_five_stated_ones(ask: Ask) -> None:
    story = Story()
    promised(story, "rate", "2026-03-02", start=day("2026-03-02"), due=day("2026-03-13"))
    for number, hours in enumerate((1, 2, 50, 90)):
        promised(story, f"g{number}", "2026-03-02", owner="ben", effort_hours=hours, due=day("2026-03-13"))
    four = load(ask(story, "2026-03-02", member="ana"), story)
    promised(story, "g4", "2026-03-03", owner="ben", effort_hours=20, due=day("2026-03-13"))
    story.says("sam", Cancel(reason=why()), on="g4", at="2026-03-04")
    five = load(ask(story, "2026-03-04", member="ana"), story)

    assert 4.0 == four.planned_hours
    # 20 hours over the eight days from Wednesday on: three of them this week. A dropped goal was promised too.
    assert (7.5, 1.0) == (five.planned_hours, five.estimated_share)


def test_a_member_without_any_hour_has_no_ratio_but_a_red_line(ask: Ask) -> None:
    story = Story()
    story.says("ana", DeclareCapacity(hours_per_week=0, from_=day("2026-01-01")))
    promised(story, "goal", "2026-03-02", effort_hours=8, start=day("2026-03-02"), due=day("2026-03-06"))
    report = ask(story, "2026-03-02", team="core")
    week, later = load(report, story), load(report, story, week="2026-03-09")

    assert (None, "red", True, "no_capacity") == (week.value, week.line, week.no_capacity, week.status)
    assert (0.0, None, False) == (later.value, later.line, later.no_capacity)
    assert (None, "red") == (report.relief[0].worst_ratio, report.relief[0].line)
    assert [0.0, None] == [
        o.ratios[0] for o in report.relief[0].options if (o.act, o.weeks) in (("drop", None), ("defer", 2))
    ]


def test_on_a_weekend_the_week_that_is_over_is_not_told(ask: Ask, example: Story) -> None:
    weeks = [f.week for f in ask(example, "2026-03-07", member="ana").figures if f.name == "load_ratio"]

    assert (day("2026-03-09"), 11) == (weeks[0], len(weeks))


def test_work_in_progress_counts_what_is_live_neither_delivered_nor_paused(ask: Ask) -> None:
    story = Story(policy={"wip_limit": 2})
    for goal in ("active", "lapsed", "proposed", "delivered", "paused", "dropped"):
        due = day("2026-03-04") if goal == "lapsed" else day("2026-03-31")
        promised(story, goal, "2026-03-02", due=due)
    story.says(
        "ana", ProposeChange(changes=Changes(due=day("2026-04-30")), reason=why()), on="proposed", at="2026-03-19"
    )
    story.says("ana", DeclareComplete(), on="delivered", at="2026-03-19")
    changed(story, "paused", "2026-03-19", pause=Pause(paused_from=day("2026-03-20"), resume_on=day("2026-03-25")))
    dropped(story, "dropped", "2026-03-19")
    story.sweep("2026-03-20")
    assert "lapsed" == story.state("lapsed").state

    wip = one(ask(story, "2026-03-20", member="ana"), "wip_ratio", member=story.id("ana"))
    resumed = one(ask(story, "2026-03-25", member="ana"), "wip_ratio", member=story.id("ana"))

    assert (1.5, 3, "red") == (wip.value, wip.n, wip.line)
    assert 2.0 == resumed.value


def test_a_team_sees_its_members_with_all_their_goals_and_its_goals_whoever_owns_them(ask: Ask) -> None:
    story = Story()
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=STEWARD)
    story.says("stella", member.Join(team="edge", name="Eva", ref="eva"), on="eva", roles=STEWARD)
    promised(story, "ours", "2026-03-02", owner="eva", effort_hours=64, due=day("2026-03-13"))
    promised(story, "theirs", "2026-03-02", effort_hours=64, due=day("2026-03-13"), said={"team": "edge"})

    core, edge = ask(story, "2026-03-02", team="core"), ask(story, "2026-03-02", team="edge")

    assert story.id("eva") not in {f.member for f in core.figures}
    assert 1.0 == load(core, story).value
    assert [story.id("ours", "goal")] == [a.goal for a in core.additions]
    assert {story.id("eva"), None} == {f.member for f in edge.figures}
    assert [story.id("theirs", "goal")] == [a.goal for a in edge.additions]
    assert 1.0 == load(edge, story, "eva").value


# --- critical goals, pace ----------------------------------------------------------------------------------------


def test_critical_goals_that_slip_for_an_addition_are_told_in_days(ask: Ask, busy: Story) -> None:
    for goal in ("vital", "steady"):
        promised(busy, goal, "2026-01-20", effort_hours=20, priority=Priority.CRITICAL, due=day("2026-04-10"))
    promised(busy, "new", "2026-03-04", effort_hours=20, start=day("2026-03-04"), due=day("2026-04-10"))
    slip = changed(busy, "vital", "2026-03-05", due=day("2026-04-20"), trade_offs=paying("new"))
    changed(busy, "steady", "2026-04-02", due=day("2026-04-15"))
    report = ask(busy, "2026-04-02", team="core", window=40, explain=True)
    whole = one(report, "critical_displacement_days")

    assert (5.0, 2, [slip]) == (whole.value, whole.n, whole.events)
    assert 10 == one(report, "critical_displacement_days", goal=busy.id("vital", "goal")).value
    assert 0 == one(report, "critical_displacement_days", goal=busy.id("steady", "goal")).value
    assert 0 == one(ask(busy, "2026-04-02", team="core", window=28), "critical_displacement_days").value


def test_without_critical_goals_nothing_can_be_displaced(ask: Ask, busy: Story) -> None:
    figure = one(ask(busy, "2026-03-05", team="core"), "critical_displacement_days")

    assert (None, "no_data", 0) == (figure.value, figure.status, figure.n)


def measured(story: Story) -> None:
    measure = MeasureInput(kind="number", unit="tests", baseline=0, target=100)
    promised(story, "goal", "2026-01-05", start=day("2026-01-05"), due=day("2026-04-10"), measure=measure)


def pace(report: OverloadReport, story: Story) -> Figure:
    return one(report, "required_pace", goal=story.id("goal", "goal"))


def test_the_required_pace_is_what_is_left_a_day_against_what_was_done_a_day(ask: Ask) -> None:
    story = Story()
    measured(story)
    story.says("ana", RecordValue(value=20), on="goal", at="2026-03-02")
    story.says("ana", CheckIn(note="more", value=40), on="goal", at="2026-03-20")
    figure = pace(ask(story, "2026-03-31", team="core"), story)

    # 60 to go in 10 days, against 20 in the window's 28.
    assert (8.4, "over", 2) == (figure.value, figure.line, figure.n)


def test_a_goal_that_began_within_the_window_is_measured_from_its_baseline(ask: Ask) -> None:
    story = Story()
    measure = MeasureInput(kind="number", unit="bugs", baseline=50, target=10)
    promised(story, "goal", "2026-03-20", start=day("2026-03-21"), due=day("2026-04-10"), measure=measure)
    story.says("ana", RecordValue(value=30), on="goal", at="2026-03-30")
    figure = pace(ask(story, "2026-03-31", team="core"), story)

    assert (1.0, None) == (figure.value, figure.line)


@pytest.mark.parametrize(
    ("value", "as_of", "told"),
    [
        (None, "2026-03-31", (None, "no_data", None)),
        (0, "2026-03-31", (None, "no_progress", "over")),
        (40, "2026-04-10", (None, "overdue", "over")),
        (100, "2026-03-31", (0.0, None, None)),
    ],
)
def test_a_pace_that_cannot_be_said_says_why(
    ask: Ask, value: int | None, as_of: str, told: tuple[float | None, str | None, str | None]
) -> None:
    story = Story()
    measured(story)
    if value is not None:
        story.says("ana", RecordValue(value=value), on="goal", at="2026-03-20")
    figure = pace(ask(story, as_of, team="core"), story)

    assert told == (figure.value, figure.status, figure.line)


# --- relief ------------------------------------------------------------------------------------------------------


def test_every_overloaded_member_sees_what_each_goal_would_relieve_and_nothing_is_recorded(
    ask: Ask, example: Story
) -> None:
    events = len(example.events)
    (relief,) = ask(example, "2026-03-04", team="core").relief
    options = {(o.goal, o.act, o.weeks): o for o in relief.options}
    without_c = options[example.id("C", "goal"), "drop", None]
    later_b = options[example.id("B", "goal"), "defer", 2]

    assert (example.id("ana"), day("2026-03-02"), 1.532118, "red") == (
        relief.member,
        relief.worst_week,
        relief.worst_ratio,
        relief.line,
    )
    assert 12 == len(options) == 3 * 4
    assert (1.141493, "red") == (without_c.worst_ratio, without_c.line)
    assert without_c.ratios == options[example.id("C", "goal"), "hand_over", None].ratios
    # 64/18 + 30/18 + 20/8 hours a day, of 6.4.
    assert 1.206597 == later_b.ratios[0]
    assert events == len(example.events)


def test_the_relief_preview_of_a_deferral_is_the_load_that_it_leads_to(ask: Ask, example: Story) -> None:
    (relief,) = ask(example, "2026-03-04", team="core").relief
    foretold = next(o.ratios for o in relief.options if (o.goal, o.weeks) == (example.id("A", "goal"), 4))
    deferred = Story(seed=2)
    deferred.says("ana", DeclareCapacity(hours_per_week=40, from_=day("2026-01-01")))
    promised(deferred, "A", "2026-01-20", effort_hours=64, start=day("2026-03-02"), due=day("2026-04-24"))
    promised(deferred, "B", "2026-01-20", effort_hours=30, start=day("2026-03-02"), due=day("2026-03-13"))
    promised(deferred, "C", "2026-03-04", effort_hours=20, start=day("2026-03-04"), due=day("2026-03-13"))
    then = ask(deferred, "2026-03-04", member="ana")

    assert foretold == [f.value for f in then.figures if f.name == "load_ratio"]


# --- imposed -----------------------------------------------------------------------------------------------------


def test_imposed_requests_are_a_share_of_all_promises(ask: Ask) -> None:
    story = Story()
    for number, imposed in enumerate((True, False, False)):
        goal = f"g{number}"
        story.says("sam", request(imposed=imposed, due=day("2026-04-10")), on=goal, at="2026-03-02")
        story.says("ana", Promise(), on=goal, at="2026-03-02T10:00")
    story.says("sam", request(imposed=True, due=day("2026-04-10")), on="unanswered", at="2026-03-02")
    promised(story, "offered", "2026-03-02", due=day("2026-04-10"))
    share = one(ask(story, "2026-03-04", team="core"), "imposed_share")

    assert (1, 4, 0.25, True) == (share.count, share.n, share.value, share.small_sample)
