"""Reliability, on real tables: the worked example, each edge of the triple, and random histories read naively."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.goal import acts as a
from domain.member.member import Leave
from domain.terms import TermsInput
from projections.as_of import resolve_as_of
from projections.database.database import Database
from projections.figures import Figure, ReportScope
from projections.reliability import report as reliability_report
from projections.reliability.report import TRIPLE, ReliabilityReport
from services.cloud_events import to_cloud_event
from tests.naive_reliability import NaiveReliability
from tests.projections.conftest import ProjectStory
from tests.projections.random_reliability_histories import histories, story_of
from tests.projections.test_replay import engine_with_empty_views
from tests.spec import Story, instant, offer, request, why

RunReport = Callable[..., ReliabilityReport]
DUE = date(2026, 3, 27)


@pytest.fixture
def ask(database: Database, project: ProjectStory) -> RunReport:
    """Follow a story to its end and report, by default as of the end of 31 March."""

    def report(story: Story, as_of: str = "2026-03-31", **scope: Any) -> ReliabilityReport:
        at = instant(as_of) if "T" in as_of else date.fromisoformat(as_of)
        return reliability_report.build_report(database, project(story, at), ReportScope(**scope))

    return report


def promise(story: Story, goal: str, at: str = "2026-03-02T09:00", due: date = DUE, **more: Any) -> None:
    said = offer(due=due, **more)
    story.says(said.owner or "", said, on=goal, at=at)
    if said.owner != said.sponsor:
        story.says(said.sponsor or "", a.Accept(), on=goal, at=at)


def move(story: Story, goal: str, at: str, due: date) -> None:
    story.says("ana", a.ProposeChange(changes=a.Changes(due=due), reason=why()), on=goal, at=at)
    story.says("sam", a.AcceptChange(), on=goal, at=at)


def deliver(story: Story, goal: str, at: str, by: str = "ana") -> None:
    story.says(by, a.DeclareComplete(reason=why()), on=goal, at=at)


def find(report: ReliabilityReport, name: str) -> Figure:
    (figure,) = [figure for figure in report.figures if figure.name == name]
    return figure


def counts(report: ReliabilityReport, prefix: str = "") -> tuple[Any, ...]:
    """The three parts and the cohort."""
    parts = [find(report, f"{prefix}{part}") for part in TRIPLE]
    return (*(part.count for part in parts), parts[0].n)


def test_the_worked_example(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    for goal in "abcde":
        promise(story, goal)
    move(story, "b", "2026-03-10T09:00", date(2026, 3, 31))
    story.says("sam", a.Cancel(reason=why()), on="e", at="2026-03-12")
    story.says("ana", a.CheckIn(confidence=0.3, note="it will not do"), on="d", at="2026-03-20T08:00")
    deliver(story, "a", "2026-03-20T09:00")
    story.says("sam", a.DeclareSatisfied(), on="a", at="2026-03-21T09:00")
    deliver(story, "c", "2026-03-29")
    deliver(story, "b", "2026-03-30")

    report = ask(story)

    assert (1, 1, 2, 4) == counts(report)
    assert (2, 4) == (find(report, "honoured").count, find(report, "honoured").n)
    assert (1, 2) == (find(report, "surprise_rate").count, find(report, "surprise_rate").n)
    assert (1, 4) == (find(report, "awaiting_sponsor").count, find(report, "awaiting_sponsor").n)
    assert 17.625 == find(report, "renegotiation_lead_days").value
    assert all(figure.line is None for figure in report.figures)
    assert all(find(report, part).small_sample for part in TRIPLE)
    waiting = [(answer.goal, answer.what, answer.answerer) for answer in report.open_answers]
    assert {(story.id(goal, "goal"), "verdict", story.id("sam")) for goal in "bc"} == set(waiting)


def test_what_came_after_the_window_changes_nothing_of_it(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal")
    before = ask(story, "2026-03-27")
    deliver(story, "goal", "2026-03-28")

    after = ask(story, "2026-03-27")

    assert (0, 0, 1, 1) == counts(before) == counts(after)


def test_a_promise_is_neither_judged_nor_undecided_before_its_day_is_over(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    for goal in ("kept", "open"):
        promise(story, goal)
    deliver(story, "kept", "2026-03-27T11:00")

    noon = ask(story, "2026-03-27T12:00")

    assert ((1, 0, 0, 1), 0) == (counts(noon), find(noon, "undecided").value)
    assert (1, 0, 1, 2) == counts(ask(story, "2026-03-27"))


def test_a_timely_change_that_waits_for_its_answer_is_undecided(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal", due=date(2026, 3, 13))
    story.says("ana", a.ProposeChange(changes=a.Changes(due=DUE), reason=why()), on="goal", at="2026-03-10")

    report = ask(story, "2026-03-14")

    assert ((0, 0, 0, 0), 1) == (counts(report), find(report, "undecided").value)
    assert [("timely_change", story.id("sam"))] == [(x.what, x.answerer) for x in report.open_answers]


def test_a_sponsor_who_misses_a_timely_proposal_takes_the_goal_out(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal", due=date(2026, 3, 13))
    story.says("ana", a.ProposeChange(changes=a.Changes(due=DUE), reason=why()), on="goal", at="2026-03-10")
    story.sweep("2026-03-30")

    report = ask(story)

    assert ((0, 0, 0, 0), 1) == (counts(report), find(report, "sponsor_missed_answer").value)
    assert (1, 1) == (find(report, "sponsor_answers_missed").count, find(report, "sponsor_answers_missed").n)


def test_rework_that_is_done_in_the_time_given_for_it_is_not_late(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    for goal in ("kept", "late"):
        promise(story, goal, due=date(2026, 3, 13))
        deliver(story, goal, "2026-03-13T09:00")
        back = a.RejectDelivery(condition="c1", rework_by=date(2026, 3, 20), reason=why())
        story.says("sam", back, on=goal, at="2026-03-14T09:00")
    undecided = ask(story, "2026-03-16")
    deliver(story, "kept", "2026-03-20T23:59")
    deliver(story, "late", "2026-03-21")

    assert 2 == find(undecided, "undecided").value
    assert (1, 0, 1, 2) == counts(ask(story))


OUT, THIRD, RENEGOTIATED = (0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 0, 1)
CANCEL, RELEASE = a.Cancel(reason=why()), a.Release(reason=why())
WITHDRAW = a.WithdrawPromise(reason=why(), mitigation="ask ben")


@pytest.mark.parametrize(
    ("end", "by", "day", "expected"),
    [
        *((end, "sam", "2026-03-05", OUT) for end in (CANCEL, RELEASE)),
        *((end, "sam", "2026-03-20", THIRD) for end in (CANCEL, RELEASE)),
        (WITHDRAW, "ana", "2026-03-05", RENEGOTIATED),
        (WITHDRAW, "ana", "2026-03-12", THIRD),
        (WITHDRAW, "ana", "2026-03-20", THIRD),
        (a.CloseBroken(reason=why()), "sam", "2026-03-20", THIRD),
    ],
)
def test_an_end_counts_by_who_ended_it_and_when(
    ask: RunReport, end: Any, by: str, day: str, expected: tuple[int, ...]
) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal", due=date(2026, 3, 13))
    story.says(by, end, on="goal", at=day)

    assert expected == counts(ask(story))


@pytest.mark.parametrize("end", [CANCEL, RELEASE, WITHDRAW])
@pytest.mark.parametrize(("day", "expected"), [("2026-03-05", RENEGOTIATED), ("2026-03-12", THIRD)])
def test_a_self_set_goal_is_revoked_by_any_end_and_is_in_a_row_of_its_own(
    ask: RunReport, end: Any, day: str, expected: tuple[int, ...]
) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal", due=date(2026, 3, 13), sponsor="ana")
    as_ = "owner" if end is WITHDRAW else "sponsor"
    story.says("ana", msgspec.structs.replace(end, as_=as_), on="goal", at=day)

    report = ask(story)

    assert (OUT, expected) == (counts(report), counts(report, "self_set_"))


def test_the_goal_of_an_owner_who_left_is_out_also_after_its_lapse(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal", due=date(2026, 3, 13))
    story.says("stella", Leave(), on="ana", at="2026-03-20", roles=frozenset({"steward"}))
    before = counts(ask(story))
    steward = frozenset({"steward"})
    story.says("stella", a.ReleaseDeparted(reason=why()), on="goal", at="2026-03-21", roles=steward)

    assert (THIRD, OUT) == (before, counts(ask(story)))


@pytest.mark.parametrize(
    "warning",
    [
        a.CheckIn(confidence=0.49, note="hardly"),
        a.CheckIn(blockers=[a.BlockerInput(text="no room")], note="so"),
        a.RaiseBlocker(blocker=a.BlockerInput(text="no room")),
        a.ProposeChange(changes=a.Changes(due=DUE), reason=why()),
    ],
)
@pytest.mark.parametrize(("day", "surprises"), [("2026-03-06T09:00", 0), ("2026-03-14T09:00", 1)])
def test_a_miss_is_no_surprise_where_it_was_said_before(ask: RunReport, warning: Any, day: str, surprises: int) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal", due=date(2026, 3, 13))
    story.says("ana", warning, on="goal", at=day)
    if isinstance(warning, a.ProposeChange):
        story.says("ana", a.WithdrawChange(), on="goal", at=day)

    figure = find(ask(story), "surprise_rate")

    assert (surprises, 1) == (figure.count, figure.n)


def test_a_proposal_that_came_too_late_for_one_due_is_no_word_before_the_next(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal", due=date(2026, 3, 6))
    later = a.ProposeChange(changes=a.Changes(due=date(2026, 3, 13)), reason=why())
    story.says("ana", later, on="goal", at="2026-03-07T09:00")
    story.says("sam", a.AcceptChange(), on="goal", at="2026-03-07T10:00")

    figure = find(ask(story), "surprise_rate")

    assert (1, 1) == (figure.count, figure.n)


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_a_confidence_of_a_half_is_no_warning(ask: RunReport, confidence: float) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal", due=date(2026, 3, 13))
    story.says("ana", a.CheckIn(confidence=confidence, note="well"), on="goal", at="2026-03-06")

    assert 1 == find(ask(story), "surprise_rate").count


def test_a_word_that_was_corrected_or_recorded_late_counts_as_it_is_known(
    database: Database, project: ProjectStory
) -> None:
    story = Story(begins="2026-03-01")
    for goal in ("corrected", "late"):
        promise(story, goal, due=date(2026, 3, 13))
    story.says("ana", a.CheckIn(confidence=0.2, note="slip"), on="corrected", at="2026-03-06T09:00")
    slip = str(story.last_event("corrected").event_id)
    story.says("ana", a.CheckIn(confidence=0.9, note="meant", corrects=slip), on="corrected", at="2026-03-06T10:00")
    story.sweep("2026-03-20")
    known = story.events[-1].recorded_at
    told = a.CheckIn(confidence=0.1, note="written down on paper")
    story.says("ana", told, on="late", at="2026-03-10", learnt="2026-03-25")

    shares = [
        find(reliability_report.build_report(database, project(story, date(2026, 3, 31), recorded_as_of=by)), name)
        for name in ("surprise_rate",)
        for by in (known, None)
    ]

    assert [(2, 2), (1, 2)] == [(share.count, share.n) for share in shares]


def test_how_soon_each_side_answers_and_how_often_the_owner_pushes_back(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    for goal, act, hours in (
        ("plain", a.Promise(), 2),
        ("countered", a.Counter(terms=TermsInput(due=date(2026, 3, 31)), reason=why()), 4),
        ("deferred", a.DeferAnswer(answer_by=date(2026, 3, 10), reason=why()), 6),
        ("declined", a.Decline(reason=why()), 8),
    ):
        story.says("sam", request(due=DUE), on=goal, at="2026-03-02T08:00")
        story.says("ana", act, on=goal, at=datetime(2026, 3, 2, 8 + hours, tzinfo=UTC))
    story.says("sam", a.Accept(), on="countered", at="2026-03-03T12:00")
    story.says("ana", a.Promise(), on="deferred", at="2026-03-05T08:00")
    story.says("sam", request(due=DUE), on="silent", at="2026-03-06T08:00")
    story.sweep("2026-03-30")

    report = ask(story, window=60)

    assert (3, 5) == (find(report, "pushback_rate").count, find(report, "pushback_rate").n)
    # Of 2, 4, 8 and 72 hours; deferring is no answer.
    assert (4, 0.25) == (find(report, "owner_answer_days").n, find(report, "owner_answer_days").value)
    assert (1, 1.0) == (find(report, "sponsor_answer_days").n, find(report, "sponsor_answer_days").value)
    assert (1, 5) == (find(report, "owner_answers_missed").count, find(report, "owner_answers_missed").n)
    of_sam = ask(story, window=60, member=story.id("sam"))
    assert (0, 1) == (find(of_sam, "owner_answer_days").n, find(of_sam, "sponsor_answer_days").n)
    assert 0 == find(of_sam, "pushback_rate").n


def test_what_a_person_changes_of_a_self_set_goal_is_renegotiated_with_nobody(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "theirs")
    move(story, "theirs", "2026-03-10T00:00", date(2026, 3, 31))
    promise(story, "own", sponsor="ana")
    later = a.ProposeChange(changes=a.Changes(due=date(2026, 3, 31)), reason=why())
    story.says("ana", later, on="own", at="2026-03-26")

    report = ask(story)

    assert [(1, 18)] * 2 == [
        (find(report, name).n, find(report, name).value)
        for name in ("renegotiation_lead_days", "renegotiation_lead_days_p15")
    ]


def test_the_shortest_lead_of_15_percent_is_one_that_was_there(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    for number in range(8):
        promise(story, f"goal-{number}", due=DUE)
        move(story, f"goal-{number}", f"2026-03-1{number}T00:00", date(2026, 3, 31))

    report = ask(story)

    assert (8, 14.5) == (find(report, "renegotiation_lead_days").n, find(report, "renegotiation_lead_days").value)
    # The second of eight: the first is 12.5 % of them.
    assert 12 == find(report, "renegotiation_lead_days_p15").value


def test_explain_names_the_events_of_the_cohort_and_what_was_said_before(ask: RunReport) -> None:
    story = Story(begins="2026-03-01")
    promise(story, "goal", due=date(2026, 3, 13))
    story.says("ana", a.RaiseBlocker(blocker=a.BlockerInput(text="no room")), on="goal", at="2026-03-06")
    story.sweep("2026-03-20")

    report = ask(story, explain=True)

    kinds = {event.event_id: event.type for event in story.events}
    assert ["goal.offered.v1", "goal.accepted.v1", "goal.lapsed.v1"] == [
        kinds[e] for e in find(report, "late_or_broken").events or ()
    ]
    assert "goal.blocker_raised.v1" in [kinds[e] for e in find(report, "surprise_rate").events or ()]


# --- against a naive reader of the exported events -------------------------------------------------------------------


def export(story: Story, until: int) -> list[dict[str, Any]]:
    """The first events of a story as they leave the process."""
    exported: list[dict[str, Any]] = [
        json.loads(msgspec.json.encode(to_cloud_event(event, "", "epoch"))) for event in story.events[:until]
    ]
    return exported


# Each example empties the one database.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories, st.integers(0, 90 * 24), st.sampled_from([1, 7, 28, 90]), st.integers(0, 12), st.booleans())
def test_every_figure_is_what_a_naive_reader_of_the_events_finds(
    database: Database, draws: Any, hours: int, window: int, unknown: int, of_member: bool
) -> None:
    story = story_of(draws)
    engine_with_empty_views(database, story).catch_up()
    at = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(hours=hours)
    known = story.events[max(0, len(story.events) - 1 - unknown)].recorded_at
    view = resolve_as_of(database, story, story.organisation_id, as_of=at, recorded_as_of=known, now=max(story.now, at))
    member = story.id("ana") if of_member else None

    report = reliability_report.build_report(database, view, ReportScope(window=window, member=member))

    events = export(story, view.known_position)
    naive = NaiveReliability(events, at, draws[0], window, member=None if member is None else str(member)).figures()
    assert naive == {figure.name: (figure.count, figure.n, figure.value) for figure in report.figures}


#: Figures that follow from the events that they name, and from nothing else.
TRACED = (
    *(f"{prefix}{part}" for prefix in ("", "self_set_") for part in (*TRIPLE, "honoured")),
    *("awaiting_sponsor", "undecided", "sponsor_missed_answer", "surprise_rate"),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories, st.integers(0, 90 * 24), st.sampled_from([7, 28, 90]))
def test_a_figure_of_what_became_of_promises_follows_from_the_events_that_it_names(
    database: Database, draws: Any, hours: int, window: int
) -> None:
    story = story_of(draws)
    engine_with_empty_views(database, story).catch_up()
    at = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(hours=hours)
    view = resolve_as_of(database, story, story.organisation_id, as_of=at, now=max(story.now, at))

    report = reliability_report.build_report(database, view, ReportScope(window=window, explain=True))

    events = export(story, len(story.events))
    for name in TRACED:
        figure = find(report, name)
        named = [event for event in events if event["id"] in set(map(str, figure.events or ()))]
        naive = NaiveReliability(named, at, draws[0], window).figures()
        assert naive[name] == (figure.count, figure.n, figure.value), name
