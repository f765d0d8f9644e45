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
    RunReport,
    cancel_goal,
    change_goal,
    count_and_n,
    find_figure,
    find_load_figure,
    parse_day,
    promise_goal,
    report_runner,
    run_report,
    story_at_capacity,
    trade_offs_for,
)
from tests.spec import request, why
from tests.story import Story

STEWARD = frozenset({"steward"})


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[RunReport]:
    with report_runner(tmp_path) as report:
        yield report


@pytest.fixture
def busy() -> Story:
    return story_at_capacity()


# --- the worked example ------------------------------------------------------------------------------------------


@pytest.fixture
def example() -> Story:
    story = Story()
    story.says("ana", DeclareCapacity(hours_per_week=40, from_=parse_day("2026-01-01")))
    promise_goal(story, "A", "2026-01-20", effort_hours=64, start=parse_day("2026-03-02"), due=parse_day("2026-03-27"))
    promise_goal(story, "B", "2026-01-20", effort_hours=30, start=parse_day("2026-03-02"), due=parse_day("2026-03-13"))
    promise_goal(story, "C", "2026-03-04", effort_hours=20, start=parse_day("2026-03-04"), due=parse_day("2026-03-13"))
    change_goal(story, "B", "2026-03-05", due=parse_day("2026-03-27"), trade_offs=trade_offs_for("C"))
    return story


def test_the_worked_example_of_the_documentation(empty_url: str, example: Story) -> None:
    database = Database.open(empty_url)

    def asked(as_of: str) -> OverloadReport:
        return run_report(database, example, as_of, team="core")

    monday = find_load_figure(asked("2026-03-02"), example)
    assert (0.96875, "amber", 31.0, 32.0) == (monday.value, monday.line, monday.planned_hours, monday.available_hours)
    before = find_load_figure(asked("2026-03-04T08:59"), example)
    assert (1.141493, "red", 21.916667, 19.2) == (
        before.value,
        before.line,
        before.planned_hours,
        before.available_hours,
    )
    taken = asked("2026-03-04")
    assert (1.532118, 29.416667) == (
        find_load_figure(taken, example).value,
        find_load_figure(taken, example).planned_hours,
    )
    assert (1, 1) == count_and_n(taken)
    assert 1.0 == find_figure(taken, "yes_and_by_effort").value
    after = asked("2026-03-05")
    assert (0, 1) == count_and_n(after)
    assert 0.117647 == find_figure(after, "yes_and_by_effort").value
    assert [(17.647059, "named")] == [(a.freed_hours, a.paired) for a in after.additions]
    assert msgspec.json.encode(taken) == msgspec.json.encode(asked("2026-03-04"))
    database.close()


def test_a_later_event_changes_no_byte_of_an_earlier_answer(ask: RunReport, example: Story) -> None:
    before = ask(example, "2026-03-05", team="core", explain=True)
    cancel_goal(example, "A", "2026-03-06")
    example.says("ana", DeclareAbsence(from_=parse_day("2026-03-09"), to=parse_day("2026-03-20")), at="2026-03-06")
    promise_goal(example, "D", "2026-03-09", effort_hours=50, due=parse_day("2026-03-30"))

    after = ask(example, "2026-03-05", team="core", explain=True)

    # What the answer knows is named in it, and that has grown.
    assert before.recorded_as_of < after.recorded_as_of
    after = msgspec.structs.replace(after, recorded_as_of=before.recorded_as_of)
    assert msgspec.json.encode(before) == msgspec.json.encode(after)


def test_a_figure_says_what_it_is_about_and_always_has_a_value(ask: RunReport, example: Story) -> None:
    report = msgspec.to_builtins(ask(example, "2026-03-04", team="core"))

    assert ["2026-03-04", 0] == [report["as_of"], report["policy_version"]]
    assert all("value" in figure for figure in report["figures"])
    assert all("team" not in f for f in report["figures"] if "member" in f or "goal" in f)
    assert all(f.get("team") == str(example.id("core", "team")) for f in report["figures"] if "member" not in f)
    assert {"2026-03-02", "2026-05-18"} <= {f["week"] for f in report["figures"] if f["name"] == "load_ratio"}
    assert all("team" not in f for f in msgspec.to_builtins(ask(example, "2026-03-04"))["figures"])


# --- load and work in progress -----------------------------------------------------------------------------------


def test_every_figure_opens_the_events_that_made_it(ask: RunReport, example: Story) -> None:
    capacity, promise_a = example.stream("ana", "member")[-1].event_id, example.stream("A")[-1].event_id
    away = example.says(
        "ana", DeclareAbsence(from_=parse_day("2026-03-20"), to=parse_day("2026-03-20")), at="2026-03-05"
    )[0]
    spoken = example.says("ana", CheckIn(note="on it", progress=0.25), on="A", at="2026-03-05")[-1]
    told = example.says("ana", CheckIn(note="and on"), on="A", at="2026-03-05T10:00")[-1]
    (offer_a, _, *_), (offer_b, promise_b, proposal, moved) = (
        [recorded.event_id for recorded in example.stream(goal)] for goal in ("A", "B")
    )
    offer_c, promise_c = (recorded.event_id for recorded in example.stream("C"))

    report = ask(example, "2026-03-05", team="core", explain=True)

    expected = {capacity, away.event_id, offer_a, promise_a, offer_b, promise_b, proposal, moved, offer_c, promise_c}
    assert expected | {spoken.event_id} == set(find_load_figure(report, example).events or [])
    assert told.event_id not in (find_load_figure(report, example).events or [])
    # After the absence nothing depends on it any more.
    assert {capacity} == set(find_load_figure(report, example, week="2026-03-30").events or [])
    assert [offer_b, promise_b, offer_c, promise_c, proposal, moved] == find_figure(report, "yes_and_ratio").events
    assert [offer_c, promise_c] == find_figure(report, "imposed_share").events
    assert all(figure.events is not None for figure in report.figures)
    assert all(figure.events is None for figure in ask(example, "2026-03-05", team="core").figures)


def test_unstated_efforts_and_capacities_are_estimated_and_say_so(ask: RunReport) -> None:
    story = Story()
    promise_goal(
        story, "stated", "2026-03-02", effort_hours=32, start=parse_day("2026-03-02"), due=parse_day("2026-03-13")
    )
    promise_goal(story, "rate", "2026-03-02", start=parse_day("2026-03-02"), due=parse_day("2026-03-13"))
    week = find_load_figure(ask(story, "2026-03-02", member="ana"), story)

    assert (20.0, 32.0, 0.625) == (week.planned_hours, week.available_hours, week.value)
    assert (0.2, True) == (week.estimated_share, week.estimated)


def test_an_unstated_effort_is_the_median_of_five_stated_ones(ask: RunReport) -> None:
    story = Story()
    promise_goal(story, "rate", "2026-03-02", start=parse_day("2026-03-02"), due=parse_day("2026-03-13"))
    for number, hours in enumerate((1, 2, 50, 90)):
        promise_goal(story, f"g{number}", "2026-03-02", owner="ben", effort_hours=hours, due=parse_day("2026-03-13"))
    four = find_load_figure(ask(story, "2026-03-02", member="ana"), story)
    promise_goal(story, "g4", "2026-03-03", owner="ben", effort_hours=20, due=parse_day("2026-03-13"))
    story.says("sam", Cancel(reason=why()), on="g4", at="2026-03-04")
    five = find_load_figure(ask(story, "2026-03-04", member="ana"), story)

    assert 4.0 == four.planned_hours
    # 20 hours over the eight days from Wednesday on: three of them this week. A dropped goal was promised too.
    assert (7.5, 1.0) == (five.planned_hours, five.estimated_share)


def test_a_member_without_any_hour_has_no_ratio_but_a_red_line(ask: RunReport) -> None:
    story = Story()
    story.says("ana", DeclareCapacity(hours_per_week=0, from_=parse_day("2026-01-01")))
    promise_goal(
        story, "goal", "2026-03-02", effort_hours=8, start=parse_day("2026-03-02"), due=parse_day("2026-03-06")
    )
    report = ask(story, "2026-03-02", team="core")
    week, later = find_load_figure(report, story), find_load_figure(report, story, week="2026-03-09")

    assert (None, "red", True, "no_capacity") == (week.value, week.line, week.no_capacity, week.status)
    assert (0.0, None, False) == (later.value, later.line, later.no_capacity)
    assert (None, "red") == (report.relief[0].worst_ratio, report.relief[0].line)
    assert [0.0, None] == [
        o.ratios[0] for o in report.relief[0].options if (o.act, o.weeks) in (("drop", None), ("defer", 2))
    ]


def test_on_a_weekend_the_week_that_is_over_is_not_told(ask: RunReport, example: Story) -> None:
    weeks = [f.week for f in ask(example, "2026-03-07", member="ana").figures if f.name == "load_ratio"]

    assert (parse_day("2026-03-09"), 11) == (weeks[0], len(weeks))


def test_work_in_progress_counts_what_is_live_neither_delivered_nor_paused(ask: RunReport) -> None:
    story = Story(policy={"wip_limit": 2})
    for goal in ("active", "lapsed", "proposed", "delivered", "paused", "dropped"):
        due = parse_day("2026-03-04") if goal == "lapsed" else parse_day("2026-03-31")
        promise_goal(story, goal, "2026-03-02", due=due)
    story.says(
        "ana", ProposeChange(changes=Changes(due=parse_day("2026-04-30")), reason=why()), on="proposed", at="2026-03-19"
    )
    story.says("ana", DeclareComplete(), on="delivered", at="2026-03-19")
    change_goal(
        story,
        "paused",
        "2026-03-19",
        pause=Pause(paused_from=parse_day("2026-03-20"), resume_on=parse_day("2026-03-25")),
    )
    cancel_goal(story, "dropped", "2026-03-19")
    story.sweep("2026-03-20")
    assert "lapsed" == story.state("lapsed").state

    wip = find_figure(ask(story, "2026-03-20", member="ana"), "wip_ratio", member=story.id("ana"))
    resumed = find_figure(ask(story, "2026-03-25", member="ana"), "wip_ratio", member=story.id("ana"))

    assert (1.5, 3, "red") == (wip.value, wip.n, wip.line)
    assert 2.0 == resumed.value


def test_a_team_sees_its_members_with_all_their_goals_and_its_goals_whoever_owns_them(ask: RunReport) -> None:
    story = Story()
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=STEWARD)
    story.says("stella", member.Join(team="edge", name="Eva", ref="eva"), on="eva", roles=STEWARD)
    promise_goal(story, "ours", "2026-03-02", owner="eva", effort_hours=64, due=parse_day("2026-03-13"))
    promise_goal(story, "theirs", "2026-03-02", effort_hours=64, due=parse_day("2026-03-13"), said={"team": "edge"})

    core, edge = ask(story, "2026-03-02", team="core"), ask(story, "2026-03-02", team="edge")

    assert story.id("eva") not in {f.member for f in core.figures}
    assert 1.0 == find_load_figure(core, story).value
    assert [story.id("ours", "goal")] == [a.goal for a in core.additions]
    assert {story.id("eva"), None} == {f.member for f in edge.figures}
    assert [story.id("theirs", "goal")] == [a.goal for a in edge.additions]
    assert 1.0 == find_load_figure(edge, story, "eva").value


# --- critical goals, pace ----------------------------------------------------------------------------------------


def test_critical_goals_that_slip_for_an_addition_are_told_in_days(ask: RunReport, busy: Story) -> None:
    for goal in ("vital", "steady"):
        promise_goal(busy, goal, "2026-01-20", effort_hours=20, priority=Priority.CRITICAL, due=parse_day("2026-04-10"))
    promise_goal(busy, "new", "2026-03-04", effort_hours=20, start=parse_day("2026-03-04"), due=parse_day("2026-04-10"))
    slip = change_goal(busy, "vital", "2026-03-05", due=parse_day("2026-04-20"), trade_offs=trade_offs_for("new"))
    change_goal(busy, "steady", "2026-04-02", due=parse_day("2026-04-15"))
    report = ask(busy, "2026-04-02", team="core", window=40, explain=True)
    whole = find_figure(report, "critical_displacement_days")

    assert (5.0, 2, slip) == (whole.value, whole.n, (whole.events or [])[-1])
    # The terms before it, and what was proposed.
    assert [recorded.event_id for recorded in busy.stream("vital")] == whole.events
    assert 10 == find_figure(report, "critical_displacement_days", goal=busy.id("vital", "goal")).value
    assert 0 == find_figure(report, "critical_displacement_days", goal=busy.id("steady", "goal")).value
    assert 0 == find_figure(ask(busy, "2026-04-02", team="core", window=28), "critical_displacement_days").value


def test_without_critical_goals_nothing_can_be_displaced(ask: RunReport, busy: Story) -> None:
    figure = find_figure(ask(busy, "2026-03-05", team="core"), "critical_displacement_days")

    assert (None, "no_data", 0) == (figure.value, figure.status, figure.n)


def promise_measured_goal(story: Story) -> None:
    measure = MeasureInput(kind="number", unit="tests", baseline=0, target=100)
    promise_goal(
        story, "goal", "2026-01-05", start=parse_day("2026-01-05"), due=parse_day("2026-04-10"), measure=measure
    )


def find_pace_figure(report: OverloadReport, story: Story) -> Figure:
    return find_figure(report, "required_pace", goal=story.id("goal", "goal"))


def test_the_required_pace_is_what_is_left_a_day_against_what_was_done_a_day(ask: RunReport) -> None:
    story = Story()
    promise_measured_goal(story)
    story.says("ana", RecordValue(value=20), on="goal", at="2026-03-02")
    story.says("ana", CheckIn(note="more", value=40), on="goal", at="2026-03-20")
    figure = find_pace_figure(ask(story, "2026-03-31", team="core"), story)

    # 60 to go in 10 days, against 20 in the window's 28.
    assert (8.4, "over", 2) == (figure.value, figure.line, figure.n)


def test_a_goal_that_began_within_the_window_is_measured_from_its_baseline(ask: RunReport) -> None:
    story = Story()
    measure = MeasureInput(kind="number", unit="bugs", baseline=50, target=10)
    promise_goal(
        story, "goal", "2026-03-20", start=parse_day("2026-03-21"), due=parse_day("2026-04-10"), measure=measure
    )
    story.says("ana", RecordValue(value=30), on="goal", at="2026-03-30")
    figure = find_pace_figure(ask(story, "2026-03-31", team="core"), story)

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
    ask: RunReport, value: int | None, as_of: str, told: tuple[float | None, str | None, str | None]
) -> None:
    story = Story()
    promise_measured_goal(story)
    if value is not None:
        story.says("ana", RecordValue(value=value), on="goal", at="2026-03-20")
    figure = find_pace_figure(ask(story, as_of, team="core"), story)

    assert told == (figure.value, figure.status, figure.line)


@pytest.mark.parametrize("baseline", [0, None])
def test_a_goal_that_has_reached_its_target_before_its_start_needs_no_pace(
    ask: RunReport, baseline: int | None
) -> None:
    story = Story()
    measure = MeasureInput(kind="number", unit="tests", baseline=baseline, target=100)
    promise_goal(
        story, "goal", "2026-03-02", start=parse_day("2026-04-01"), due=parse_day("2026-04-30"), measure=measure
    )
    story.says("ana", RecordValue(value=60), on="goal", at="2026-03-20")
    waiting = find_pace_figure(ask(story, "2026-03-20", team="core"), story)
    story.says("ana", RecordValue(value=100), on="goal", at="2026-03-20T10:00")
    reached = find_pace_figure(ask(story, "2026-03-20", team="core"), story)

    assert (None, "no_data") == (waiting.value, waiting.status)
    assert (0.0, None, None) == (reached.value, reached.status, reached.line)


# --- relief ------------------------------------------------------------------------------------------------------


def test_every_overloaded_member_sees_what_each_goal_would_relieve_and_nothing_is_recorded(
    ask: RunReport, example: Story
) -> None:
    events = len(example.events)
    (relief,) = ask(example, "2026-03-04", team="core").relief
    options = {(o.goal, o.act, o.weeks): o for o in relief.options}
    without_c = options[example.id("C", "goal"), "drop", None]
    later_b = options[example.id("B", "goal"), "defer", 2]

    assert (example.id("ana"), parse_day("2026-03-02"), 1.532118, "red") == (
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


def test_the_relief_preview_of_a_deferral_is_the_load_that_it_leads_to(ask: RunReport, example: Story) -> None:
    (relief,) = ask(example, "2026-03-04", team="core").relief
    foretold = next(o.ratios for o in relief.options if (o.goal, o.weeks) == (example.id("A", "goal"), 4))
    deferred = Story(seed=2)
    deferred.says("ana", DeclareCapacity(hours_per_week=40, from_=parse_day("2026-01-01")))
    promise_goal(
        deferred, "A", "2026-01-20", effort_hours=64, start=parse_day("2026-03-02"), due=parse_day("2026-04-24")
    )
    promise_goal(
        deferred, "B", "2026-01-20", effort_hours=30, start=parse_day("2026-03-02"), due=parse_day("2026-03-13")
    )
    promise_goal(
        deferred, "C", "2026-03-04", effort_hours=20, start=parse_day("2026-03-04"), due=parse_day("2026-03-13")
    )
    then = ask(deferred, "2026-03-04", member="ana")

    assert foretold == [f.value for f in then.figures if f.name == "load_ratio"]


# --- imposed -----------------------------------------------------------------------------------------------------


def test_imposed_requests_are_a_share_of_all_promises(ask: RunReport) -> None:
    story = Story()
    for number, imposed in enumerate((True, False, False)):
        goal = f"g{number}"
        story.says("sam", request(imposed=imposed, due=parse_day("2026-04-10")), on=goal, at="2026-03-02")
        story.says("ana", Promise(), on=goal, at="2026-03-02T10:00")
    story.says("sam", request(imposed=True, due=parse_day("2026-04-10")), on="unanswered", at="2026-03-02")
    promise_goal(story, "offered", "2026-03-02", due=parse_day("2026-04-10"))
    share = find_figure(ask(story, "2026-03-04", team="core"), "imposed_share")

    assert (1, 4, 0.25, True) == (share.count, share.n, share.value, share.small_sample)
