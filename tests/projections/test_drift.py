"""Drift, asked of real tables: each figure recomputed by hand from the story that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.goal.acts import (
    Accept,
    AcceptChange,
    Affirm,
    AffirmLink,
    Cancel,
    Changes,
    CheckIn,
    DeclareComplete,
    Feedback,
    Pause,
    ProposeChange,
    RecordValue,
    RejectChange,
    Resume,
    Unlink,
)
from domain.member.member import DeclareAbsence
from domain.terms import MeasureInput, SupportInput
from projections.as_of import resolve_as_of
from projections.database.database import Database
from projections.drift import report as drift_report
from projections.drift.facts import DRIFT
from projections.drift.report import DriftReport
from projections.engine.engine import Engine
from projections.figures import Figure, ReportScope
from projections.goals import GOALS
from projections.people import MEMBERS, ORGANISATIONS, TEAMS
from tests.spec import Story, instant, offer, why

RunReport = Callable[..., DriftReport]
NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(empty_sqlite_url: str) -> Iterator[Database]:
    database = Database.open(empty_sqlite_url)
    yield database
    database.close()


@pytest.fixture
def ask(database: Database) -> RunReport:
    """Follow a story to its end and report: `ask(story, "2026-04-08", team="core")`."""
    return report_runner(database)


def report_runner(database: Database) -> RunReport:
    def report(
        story: Story,
        as_of: date | datetime | str,
        *,
        team: str | None = None,
        member: str | None = None,
        recorded_as_of: datetime | None = None,
        window: int = 28,
        explain: bool = True,
    ) -> DriftReport:
        engine = Engine(story, database, [GOALS, MEMBERS, TEAMS, ORGANISATIONS, DRIFT])
        engine.migrate()
        engine.catch_up()
        if isinstance(as_of, str):
            as_of = instant(as_of) if "T" in as_of else date.fromisoformat(as_of)
        view = resolve_as_of(
            database, story, story.organisation_id, as_of=as_of, recorded_as_of=recorded_as_of, now=NOW
        )
        return drift_report.build_report(
            database,
            view,
            ReportScope(
                team=story.id(team, "team") if team else None,
                member=story.id(member) if member else None,
                window=window,
                explain=explain,
            ),
        )

    return report


def promise_goal(story: Story, goal: str = "goal", at: str = "2026-03-02T09:00", **terms: Any) -> Story:
    """An offer accepted in the same minute; `owner` and `sponsor` as in `offer`."""
    said = offer(**terms)
    story.says(said.owner or "", said, on=goal, at=at)
    story.says(said.sponsor or "", Accept(), on=goal, at=at)
    return story


def change_goal(story: Story, goal: str = "goal", at: str = "2026-03-09T09:00", **changes: Any) -> Story:
    """A change that the owner proposes and the sponsor accepts in the same minute."""
    state = story.state(goal)
    owner, sponsor = (next(n for n in ("ana", "ben", "sam") if story.id(n) == m) for m in (state.owner, state.sponsor))
    story.says(owner, ProposeChange(changes=Changes(**changes), reason=why()), on=goal, at=at)
    story.says(sponsor, AcceptChange(), on=goal, at=at)
    return story


def find_figure(report: DriftReport, name: str, **keys: object) -> Figure:
    """The only figure of that name with these keys."""
    (figure,) = [f for f in report.figures if f.name == name and all(getattr(f, k) == v for k, v in keys.items())]
    return figure


def find_stale_ratio(report: DriftReport) -> float:
    value = find_figure(report, "stale_ratio").value
    assert value is not None
    return value


# --- stale -----------------------------------------------------------------------------------------------------------


def test_the_promise_is_the_first_judgement(ask: RunReport) -> None:
    story = promise_goal(Story(), at="2026-03-02T09:00")

    figure = find_figure(ask(story, "2026-03-09T09:00"), "stale_ratio")

    assert 0.5 == figure.value  # 7 of 14 days
    assert [story.last_event().event_id] == figure.events
    assert (story.id("goal", "goal"), None) == (figure.goal, figure.team)


def test_an_as_of_date_means_the_end_of_that_day(ask: RunReport) -> None:
    story = promise_goal(Story(zone="Europe/Berlin"), at="2026-03-02T09:00")

    # 2026-03-09T24:00 in Berlin is 23:00Z: 7 days and 14 hours, of 14 days.
    assert round((7 + 14 / 24) / 14, 6) == find_stale_ratio(ask(story, "2026-03-09"))


@pytest.mark.parametrize(
    ("by", "act"),
    [
        ("ana", CheckIn(note="half done")),
        ("ana", Affirm()),
        ("ana", AffirmLink(supports=[SupportInput(goal="parent")])),
    ],
)
def test_a_check_in_or_affirmation_is_a_judgement(ask: RunReport, by: str, act: Any) -> None:
    story = promise_goal(promise_goal(Story(), "parent", owner="sam", sponsor="mia"), supports=["parent"])
    story.says(by, act, at="2026-03-06T09:00")

    assert 0.5 == find_figure(ask(story, "2026-03-13T09:00"), "stale_ratio", goal=story.id("goal", "goal")).value


def test_an_accepted_change_is_a_judgement(ask: RunReport) -> None:
    story = change_goal(promise_goal(Story()), at="2026-03-06T09:00", due=date(2026, 4, 3))

    assert 0.5 == find_stale_ratio(ask(story, "2026-03-13T09:00"))


@pytest.mark.parametrize(
    ("by", "act"),
    [
        ("ana", RecordValue(value="3")),
        ("sam", Feedback(text="well done")),
        ("ana", ProposeChange(changes=Changes(due=date(2026, 4, 3)), reason=why())),
    ],
)
def test_a_machine_value_feedback_or_a_mere_proposal_is_none(ask: RunReport, by: str, act: Any) -> None:
    story = promise_goal(Story())
    story.says(by, act, at="2026-03-06T09:00")

    assert 0.5 == find_stale_ratio(ask(story, "2026-03-09T09:00"))


def test_a_rejected_change_is_no_judgement(ask: RunReport) -> None:
    story = promise_goal(Story())
    story.says("ana", ProposeChange(changes=Changes(due=date(2026, 4, 3)), reason=why()), at="2026-03-04T09:00")
    story.says("sam", RejectChange(reason=why()), at="2026-03-06T09:00")

    assert 0.5 == find_stale_ratio(ask(story, "2026-03-09T09:00"))


def test_a_goal_is_stale_only_beyond_cadence_and_grace(ask: RunReport) -> None:
    story = promise_goal(Story(), due=date(2026, 6, 1))

    on_the_line = find_figure(ask(story, "2026-03-19T09:00"), "stale_ratio")
    beyond = find_figure(ask(story, datetime(2026, 3, 19, 9, 0, 0, 1, tzinfo=UTC)), "stale_ratio")

    assert (round(17 / 14, 6), None) == (on_the_line.value, on_the_line.line)
    assert "over" == beyond.line


def test_an_agreed_pause_stops_the_clock_and_silences_the_goal(ask: RunReport) -> None:
    pause = Pause(paused_from=date(2026, 3, 10), resume_on=date(2026, 4, 1))
    story = change_goal(promise_goal(Story(), due=date(2026, 6, 1)), at="2026-03-06T00:00", pause=pause)

    paused = ask(story, "2026-03-20T12:00")
    after = ask(story, "2026-04-04T00:00")

    assert [] == [f for f in paused.figures if f.name == "stale_ratio"]
    assert (0, None) == (find_figure(paused, "stale_share").n, find_figure(paused, "stale_share").value)
    assert 0.5 == find_stale_ratio(after)  # 4 days before the pause, 3 after it


def test_work_resumed_early_starts_the_clock_again(ask: RunReport) -> None:
    pause = Pause(paused_from=date(2026, 3, 10), resume_on=date(2026, 4, 1))
    story = change_goal(promise_goal(Story(), due=date(2026, 6, 1)), at="2026-03-06T00:00", pause=pause)
    story.says("ana", Resume(reason=why()), at="2026-03-20T00:00")

    assert 0.5 == find_stale_ratio(ask(story, "2026-03-23T00:00"))  # 4 days before, 3 after


def test_the_owners_absence_stops_the_clock_until_two_working_days_after_it(ask: RunReport) -> None:
    story = promise_goal(Story(), at="2026-03-02T00:00")
    # Wednesday to Friday; she is back on Monday the 9th, the clock runs again from Wednesday the 11th.
    story.says("ana", DeclareAbsence(from_=date(2026, 3, 4), to=date(2026, 3, 6)), at="2026-03-03")
    story.says("sam", DeclareAbsence(from_=date(2026, 3, 2), to=date(2026, 3, 31)), at="2026-03-03")

    assert round(2 / 14, 6) == find_stale_ratio(ask(story, "2026-03-10T18:00"))
    assert 0.5 == find_stale_ratio(ask(story, "2026-03-16T00:00"))


def test_overlapping_pause_and_absence_stop_the_clock_once(ask: RunReport) -> None:
    pause = Pause(paused_from=date(2026, 3, 5), resume_on=date(2026, 3, 12))
    story = change_goal(promise_goal(Story(), due=date(2026, 6, 1)), at="2026-03-02T10:00", pause=pause)
    story.says("ana", DeclareAbsence(from_=date(2026, 3, 9), to=date(2026, 3, 13)), at="2026-03-03")

    # Stopped from 03-05 to 03-18 00:00 (the absence and its two working days).
    expected = (2 + 14 / 24 + 1) / 14
    assert round(expected, 6) == find_stale_ratio(ask(story, "2026-03-19T00:00"))


def test_a_check_in_told_late_counts_from_when_it_was_said_and_only_once_it_is_known(ask: RunReport) -> None:
    story = promise_goal(Story())
    story.says("ana", CheckIn(note="said then"), at="2026-03-09T09:00", learnt="2026-05-01T09:00")

    assert 0.5 == find_stale_ratio(ask(story, "2026-03-16T09:00"))
    assert 1.0 == find_stale_ratio(ask(story, "2026-03-16T09:00", recorded_as_of=instant("2026-04-30")))


def test_only_live_goals_grow_stale(ask: RunReport) -> None:
    story = promise_goal(promise_goal(promise_goal(Story()), "delivered"), "cancelled")
    story.says("ana", DeclareComplete(), on="delivered", at="2026-03-03")
    story.says("sam", Cancel(reason=why()), on="cancelled", at="2026-03-03")
    story.says("ben", offer(owner="ben"), on="offered", at="2026-03-03")

    report = ask(story, "2026-03-25")

    assert [story.id("goal", "goal")] == [f.goal for f in report.figures if f.name == "stale_ratio"]


def test_the_stale_share_counts_first_and_draws_no_line_under_ten(ask: RunReport) -> None:
    story = promise_goal(promise_goal(Story(), due=date(2026, 6, 1)), "other", owner="ben", at="2026-03-20T09:00")

    figure = find_figure(ask(story, "2026-03-25"), "stale_share")

    assert (1, 2, 0.5, True, None) == (figure.count, figure.n, figure.value, figure.small_sample, figure.line)
    assert figure.interval is None  # everything that is live, no sample of it
    assert [story.last_event(goal).event_id for goal in ("goal", "other")] == figure.events


# --- scope -----------------------------------------------------------------------------------------------------------


def find_scope_values(report: DriftReport, name: str, *, negotiated: bool) -> tuple[Any, Any]:
    figure = find_figure(report, name, negotiated=negotiated)
    return figure.value, figure.ratio


def test_due_moves_count_net_and_churn_against_the_first_duration(ask: RunReport) -> None:
    story = promise_goal(Story())  # 2026-03-02..2026-03-27: 25 days
    change_goal(story, at="2026-03-09T09:00", due=date(2026, 4, 6))  # + 10
    change_goal(story, at="2026-03-12T09:00", due=date(2026, 4, 1))  # - 5

    report = ask(story, "2026-03-20")

    assert (5, 0.2) == find_scope_values(report, "scope_due_net_days", negotiated=True)
    assert (15, 0.6) == find_scope_values(report, "scope_due_churn_days", negotiated=True)
    assert (0, 0.0) == find_scope_values(report, "scope_due_churn_days", negotiated=False)
    moves = find_figure(report, "scope_due_net_days", negotiated=True).events or []
    assert [
        *("goal.offered.v1", "goal.accepted.v1"),
        *("goal.change_proposed.v1", "goal.change_accepted.v1") * 2,
    ] == [e.type for e in story.events if e.event_id in moves]


def test_a_groups_scope_is_a_sum_over_a_sum(ask: RunReport) -> None:
    story = promise_goal(promise_goal(Story()), "still", owner="ben", start=date(2026, 3, 2), due=date(2026, 6, 10))
    change_goal(story, at="2026-03-09T09:00", due=date(2026, 4, 6))

    assert (10, 0.08) == find_scope_values(
        ask(story, "2026-03-20"), "scope_due_net_days", negotiated=True
    )  # 10 / (25 + 100)


def test_a_self_set_goals_moves_are_not_negotiated(ask: RunReport) -> None:
    story = Story()
    story.says("ana", offer(sponsor="ana"), at="2026-03-02T09:00")
    story.says("ana", ProposeChange(changes=Changes(due=date(2026, 4, 6)), reason=why()), at="2026-03-09T09:00")

    report = ask(story, "2026-03-20")

    assert (10, 0.4) == find_scope_values(report, "scope_due_net_days", negotiated=False)
    assert (0, 0.0) == find_scope_values(report, "scope_due_net_days", negotiated=True)


def test_a_move_under_the_tolerance_is_not_negotiated(ask: RunReport) -> None:
    story = promise_goal(Story(policy={"tolerance_days": 5}))
    story.says("ana", ProposeChange(changes=Changes(due=date(2026, 3, 31)), reason=why()), at="2026-03-09T09:00")

    assert (4, 0.16) == find_scope_values(ask(story, "2026-03-20"), "scope_due_churn_days", negotiated=False)


def test_a_retroactive_move_stands_apart_and_an_imported_consent_is_one(ask: RunReport) -> None:
    story = promise_goal(Story())
    for on, due in (("2026-03-09T09:00", date(2026, 4, 6)), ("2026-04-20T09:00", date(2026, 4, 10))):
        proposal = ProposeChange(changes=Changes(due=due), reason=why())
        story.says("ana", proposal, at=on, learnt="2026-05-01T09:00")
        story.says("sam", AcceptChange(), at=on, learnt="2026-05-01T09:00")

    report = ask(story, "2026-04-21")

    assert (10, 0.4) == find_scope_values(report, "scope_due_churn_days", negotiated=True)
    assert (0, 0.0) == find_scope_values(report, "scope_due_churn_days", negotiated=False)
    late = find_figure(report, "scope_due_churn_days", negotiated=None)
    assert (4, 0.16, True) == (late.value, late.ratio, late.retroactive)


def test_what_slipped_and_what_was_pulled_in_are_two_figures(ask: RunReport) -> None:
    story = promise_goal(Story())  # 2026-03-02..2026-03-27: 25 days
    for at, due in (("2026-03-03T09:00", date(2026, 4, 6)), ("2026-03-09T09:00", date(2026, 3, 20))):
        change_goal(story, at=at, due=due)

    report = ask(story, "2026-03-12")

    assert (10, 0.4) == find_scope_values(report, "scope_due_slipped_days", negotiated=True)
    assert (17, 0.68) == find_scope_values(report, "scope_due_pulled_in_days", negotiated=True)
    assert (-7, -0.28) == find_scope_values(report, "scope_due_net_days", negotiated=True)
    (said,) = [m.sentence for m in report.mend if m.kind == "scope"]
    assert (
        "The due of “A goal” has moved 2 times, 10 days later and 17 days earlier against the 25 first promised: "
        "what of it is still needed, and by when?"
    ) == said


def test_each_of_the_two_draws_its_own_line(ask: RunReport) -> None:
    story = Story()
    for number in range(10):
        promise_goal(story, f"goal{number}")
        change_goal(story, f"goal{number}", at="2026-03-03T09:00", due=date(2026, 4, 14))  # 18 of 25 days
        change_goal(story, f"goal{number}", at="2026-03-04T09:00", due=date(2026, 4, 2))  # and 12 back

    report = ask(story, "2026-03-12")
    lines = {f.name: f.line for f in report.figures if f.name.startswith("scope_due") and f.negotiated}

    assert {
        "scope_due_net_days": None,
        "scope_due_churn_days": "over",
        "scope_due_slipped_days": "over",
        "scope_due_pulled_in_days": None,
    } == lines


def test_a_target_moves_as_a_share_of_what_was_first_promised(ask: RunReport) -> None:
    measure = MeasureInput(kind="number", baseline=10, target=50)
    story = promise_goal(promise_goal(Story(), measure=measure), "unmeasured", owner="ben")
    change_goal(story, at="2026-03-09T09:00", measure=MeasureInput(kind="number", baseline=10, target=30))
    change_goal(story, at="2026-03-12T09:00", measure=MeasureInput(kind="number", baseline=10, target=40))

    report = ask(story, "2026-03-20")

    assert (-0.25, -0.25) == find_scope_values(report, "scope_target_net", negotiated=True)  # -10 / 40
    assert (0.75, 0.75) == find_scope_values(report, "scope_target_churn", negotiated=True)
    assert (0.25, 0.25) == find_scope_values(report, "scope_target_raised", negotiated=True)
    assert (0.5, 0.5) == find_scope_values(report, "scope_target_lowered", negotiated=True)
    assert 1 == find_figure(report, "scope_target_net", negotiated=True).n


def test_a_move_of_a_goal_that_ended_is_in_nobodys_scope(ask: RunReport) -> None:
    story = change_goal(promise_goal(Story()), due=date(2026, 4, 6))
    story.says("sam", Cancel(reason=why()), at="2026-03-10")

    figure = find_figure(ask(story, "2026-03-20"), "scope_due_net_days", negotiated=True)

    assert (None, None, "no_data") == (figure.value, figure.ratio, figure.status)


def test_goals_without_a_duration_move_by_days_and_by_no_ratio(ask: RunReport) -> None:
    story = change_goal(promise_goal(Story(), start=date(2026, 3, 27)), due=date(2026, 4, 6))

    figure = find_figure(ask(story, "2026-03-20"), "scope_due_net_days", negotiated=True)

    assert (10, None, None, 0) == (figure.value, figure.ratio, figure.status, figure.n)


@pytest.mark.parametrize("field", ["due", "target"])
def test_the_scope_of_no_goal_has_no_value(ask: RunReport, field: str) -> None:
    figures = [f for f in ask(Story(), "2026-03-20").figures if f.name.startswith(f"scope_{field}")]

    assert figures
    assert {(None, "no_data")} == {(f.value, f.status) for f in figures}


# --- alignment -------------------------------------------------------------------------------------------------------


def story_with_parent(**terms: Any) -> Story:
    """sam promises `parent` to mia, ana promises `goal` in its support, both on 2026-03-02."""
    return promise_goal(promise_goal(Story(), "parent", owner="ben", sponsor="sam", **terms), supports=["parent"])


def count_alignment_drift(report: DriftReport) -> tuple[int | None, int | None]:
    figure = find_figure(report, "alignment_drift")
    return figure.count, figure.n


@pytest.mark.parametrize(
    "changes",
    [
        {"due": date(2026, 4, 6)},
        {"conditions": ["It is read"]},
        {"priority": "critical"},
        {"effort_hours": "20"},
        {"measure": MeasureInput(kind="number", baseline=0, target=20)},
        {"supports": [SupportInput(goal="grandparent")]},
        {"pause": Pause(paused_from=date(2026, 3, 12), resume_on=date(2026, 3, 16))},
    ],
)
def test_a_link_drifts_when_its_parent_changes_materially(ask: RunReport, changes: dict[str, Any]) -> None:
    story = promise_goal(Story(), "grandparent", owner="sam", sponsor="mia")
    promise_goal(story, "parent", owner="ben", sponsor="sam", effort_hours="10")
    promise_goal(story, supports=["parent"])
    change_goal(story, "parent", at="2026-03-10T00:00", **changes)

    report = ask(story, "2026-03-13T12:00", member="ana")

    assert (1, 1) == count_alignment_drift(report)
    assert 3.5 == find_figure(report, "unaffirmed_days").value


@pytest.mark.parametrize("changes", [{"effort_hours": "5"}, {"start": date(2026, 3, 4)}, {"outcome": "It is found"}])
def test_a_change_that_asks_nothing_of_others_leaves_links_alone(ask: RunReport, changes: dict[str, Any]) -> None:
    story = change_goal(story_with_parent(effort_hours="10"), "parent", **changes)

    assert (0, 1) == count_alignment_drift(ask(story, "2026-03-13"))


def test_a_first_estimate_is_no_greater_effort(ask: RunReport) -> None:
    assert (0, 1) == count_alignment_drift(
        ask(change_goal(story_with_parent(), "parent", effort_hours="20"), "2026-03-13")
    )


def test_a_parent_that_ends_leaves_its_links_unaffirmed(ask: RunReport) -> None:
    story = story_with_parent()
    story.says("sam", Cancel(reason=why()), on="parent", at="2026-03-10T00:00")

    report = ask(story, "2026-03-11T00:00")

    assert (1, 1) == count_alignment_drift(report)
    assert 1.0 == find_figure(report, "unaffirmed_days").value
    assert [story.last_event("goal").event_id, story.last_event("parent").event_id] == find_figure(
        report, "alignment_drift"
    ).events


def test_a_mere_proposal_changes_no_parent(ask: RunReport) -> None:
    story = story_with_parent()
    story.says("ben", ProposeChange(changes=Changes(due=date(2026, 4, 6)), reason=why()), on="parent", at="2026-03-10")

    assert (0, 1) == count_alignment_drift(ask(story, "2026-03-11"))


@pytest.mark.parametrize(
    ("mend", "links"),
    [
        (AffirmLink(supports=[SupportInput(goal="parent")]), 1),
        (Unlink(supports=[SupportInput(goal="parent")], reason=why()), 0),
    ],
)
def test_affirming_or_unlinking_mends_it(ask: RunReport, mend: Any, links: int) -> None:
    story = change_goal(story_with_parent(), "parent", due=date(2026, 4, 6))
    story.says("ana", mend, at="2026-03-11T09:00")

    assert (0, links) == count_alignment_drift(ask(story, "2026-03-12"))
    assert (1, 1) == count_alignment_drift(ask(story, "2026-03-10"))


def test_renegotiating_the_supporting_goal_affirms_its_links(ask: RunReport) -> None:
    story = change_goal(story_with_parent(), "parent", due=date(2026, 4, 6))
    change_goal(story, "goal", at="2026-03-11T09:00", due=date(2026, 4, 3))

    assert (0, 1) == count_alignment_drift(ask(story, "2026-03-12"))


def test_unaffirmed_days_are_the_median_from_the_first_change_on(ask: RunReport) -> None:
    story = promise_goal(story_with_parent(), "other", owner="sam", sponsor="mia", supports=["parent", "goal"])
    change_goal(story, "parent", at="2026-03-09T00:00", due=date(2026, 4, 6))
    change_goal(story, "parent", at="2026-03-10T00:00", due=date(2026, 4, 7))
    change_goal(story, "goal", at="2026-03-11T00:00", due=date(2026, 4, 3))

    report = ask(story, "2026-03-13T00:00")

    assert (2, 3) == count_alignment_drift(
        report
    )  # of `other`: to parent for 4 days, to goal for 2; `goal` renegotiated
    assert 3.0 == find_figure(report, "unaffirmed_days").value


# --- the whole report ------------------------------------------------------------------------------------------------


def test_without_a_charter_purpose_and_expectation_say_so_and_never_zero(ask: RunReport) -> None:
    report = ask(promise_goal(Story()), "2026-03-20", team="core", explain=False)

    for name in ("purpose_drift", "acknowledgement_share", "breach_rate", "repair_share", "review_age_days"):
        shown = msgspec.to_builtins(find_figure(report, name))
        assert {"name": name, "value": None, "status": "no_charter"} == {k: v for k, v in shown.items() if k != "team"}


def test_group_figures_name_the_team_asked_for_and_goal_figures_none(ask: RunReport) -> None:
    story = promise_goal(Story())
    core = story.id("core", "team")

    of_team, of_all = ask(story, "2026-03-20", team="core"), ask(story, "2026-03-20")

    assert {core} == {f.team for f in of_team.figures if f.goal is None}
    assert {None} == {f.team for f in of_all.figures} | {f.team for f in of_team.figures if f.goal}
    assert {None} == {f.member for f in of_team.figures}


def test_a_team_of_no_goals_has_nothing_to_measure(ask: RunReport) -> None:
    report = ask(promise_goal(Story()), "2026-02-01", team="core")

    assert (None, 0, "no_data") == tuple(
        getattr(find_figure(report, "stale_share"), k) for k in ("value", "n", "status")
    )
    assert (None, 0, "no_data") == tuple(
        getattr(find_figure(report, "unaffirmed_days"), k) for k in ("value", "n", "status")
    )
    assert [] == report.mend


def test_an_owners_report_has_that_owners_goals_only(ask: RunReport) -> None:
    story = promise_goal(promise_goal(Story()), "other", owner="ben")

    report = ask(story, "2026-03-20", member="ben")

    assert [story.id("other", "goal")] == [f.goal for f in report.figures if f.goal]
    assert {story.id("ben")} == {f.member for f in report.figures if f.goal is None}


def test_events_are_shown_only_to_whom_asks_why(ask: RunReport) -> None:
    story = change_goal(story_with_parent(), "parent", due=date(2026, 4, 20))

    plain, explained = (ask(story, "2026-04-10", explain=explain) for explain in (False, True))

    assert {None} == {f.events for f in plain.figures} | {m.events for m in plain.mend}
    known = {e.event_id for e in story.events}
    opened: set[UUID] = {e for f in explained.figures for e in f.events or []}
    assert opened
    assert opened <= known
    assert all(m.events for m in explained.mend)


def test_each_drifting_goal_names_who_could_say_what_to_whom(ask: RunReport) -> None:
    story = change_goal(story_with_parent(), "parent", due=date(2026, 4, 20))

    report = ask(story, "2026-04-10")

    goal, parent = story.id("goal", "goal"), story.id("parent", "goal")
    ana, ben, sam = (story.id(name) for name in ("ana", "ben", "sam"))
    said = {(m.goal, m.kind): (m.from_, m.to) for m in report.mend}
    assert said == {
        (goal, "stale"): (ana, sam),
        (goal, "alignment"): (ana, ben),
        (parent, "stale"): (ben, sam),
        (parent, "scope"): (ben, sam),
    }
    (link,) = [m for m in report.mend if m.kind == "alignment"]
    sentence = "“A goal” changed (due) on 2026-03-09: “A goal” still supports it, or we should change or unlink it."
    assert (parent, sentence) == (link.parent, link.sentence)


def test_who_set_a_goal_for_herself_is_heard_by_her_lead(ask: RunReport) -> None:
    story = Story()
    story.says("ana", offer(sponsor="ana", due=date(2026, 6, 1)), at="2026-03-02T09:00")

    (mend,) = ask(story, "2026-04-10").mend

    assert ("stale", story.id("ana"), story.id("lea")) == (mend.kind, mend.from_, mend.to)


def test_the_same_question_has_the_same_bytes_whatever_happens_later(ask: RunReport) -> None:
    story = change_goal(story_with_parent(), "parent", due=date(2026, 4, 20))
    before = msgspec.json.encode(ask(story, "2026-04-10", recorded_as_of=instant("2026-04-10")))

    change_goal(story, "goal", at="2026-04-20T09:00", due=date(2026, 5, 20))
    story.says("ana", CheckIn(note="told late"), at="2026-04-01T09:00", learnt="2026-04-21T09:00")

    assert before == msgspec.json.encode(ask(story, "2026-04-10", recorded_as_of=instant("2026-04-10")))
    assert before != msgspec.json.encode(ask(story, "2026-04-10", recorded_as_of=instant("2026-05-10")))


def test_both_databases_answer_alike(ask: RunReport, empty_postgres_url: str) -> None:
    story = change_goal(
        promise_goal(story_with_parent(), "other", owner="sam", sponsor="mia", supports=["parent", "goal"]),
        "parent",
        due=date(2026, 4, 20),
    )
    change_goal(story, at="2026-03-12T09:00", pause=Pause(paused_from=date(2026, 3, 16), resume_on=date(2026, 3, 20)))
    story.says("ana", DeclareAbsence(from_=date(2026, 3, 23), to=date(2026, 3, 24)), at="2026-03-13")
    other = Database.open(empty_postgres_url)
    try:
        for keys in ({}, {"team": "core"}, {"member": "ana"}):
            here, there = (msgspec.json.encode(a(story, "2026-04-10", **keys)) for a in (ask, report_runner(other)))
            assert here == there
    finally:
        other.close()
