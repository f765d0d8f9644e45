"""Support, asked of real tables: each figure recomputed by hand, and over random histories by a naive fold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from domain.goal import acts as a
from domain.member.member import DeclareAbsence
from projections.database.database import Database
from projections.figures import Figure, ReportScope
from projections.support import report as support_report
from projections.support.report import SupportReport
from tests.projections.conftest import ProjectStory
from tests.spec import Story, instant, offer, why

RunReport = Callable[..., SupportReport]


@pytest.fixture
def ask(database: Database, project: ProjectStory) -> RunReport:
    """Follow a story to its end and report: `ask(story, "2026-04-08", team="core")`."""

    def report(
        story: Story,
        as_of: date | datetime | str,
        *,
        team: str | None = None,
        member: str | None = None,
        window: int = 28,
        recorded_as_of: datetime | None = None,
    ) -> SupportReport:
        if isinstance(as_of, str):
            as_of = instant(as_of) if "T" in as_of else date.fromisoformat(as_of)
        return support_report.build_report(
            database,
            project(story, as_of, recorded_as_of=recorded_as_of),
            ReportScope(
                team=story.id(team, "team") if team else None,
                member=story.id(member) if member else None,
                window=window,
                explain=True,
            ),
        )

    return report


def promise_goal(story: Story, goal: str = "goal", at: str = "2026-03-02T09:00", **terms: Any) -> Story:
    """An offer accepted in the same minute; `owner` and `sponsor` as in `offer`."""
    said = offer(**{"due": date(2026, 6, 26), **terms})
    story.says(said.owner or "", said, on=goal, at=at)
    story.says(said.sponsor or "", a.Accept(), on=goal, at=at)
    return story


def raise_needs(story: Story, at: str, *written: a.NeedInput, on: str = "goal", by: str = "ana") -> str:
    """A check-in that asks for help; the first need's name."""
    story.says(by, a.CheckIn(needs=list(written)), on=on, at=at)
    return f"{story.last_event(on).event_id}/0"


def find_figure(report: SupportReport, name: str, **keys: object) -> Figure:
    """The only figure of that name with these keys."""
    (figure,) = [f for f in report.figures if f.name == name and all(getattr(f, k) == v for k, v in keys.items())]
    return figure


def count_and_n(report: SupportReport, name: str, **keys: object) -> tuple[Any, Any]:
    figure = find_figure(report, name, **keys)
    return figure.count, figure.n


# --- the worked example of docs/reports.md ---------------------------------------------------------------------------


def build_story() -> Story:
    """Ana promises on Monday 2026-03-02, asks twice on the 4th, and is answered once, on the 6th."""
    story = promise_goal(Story())
    review = a.NeedInput(text="a review", addressee="lea", answer_by=date(2026, 3, 6))
    key = a.NeedInput(text="the key", answer_by=date(2026, 3, 10))
    named = raise_needs(story, "2026-03-04T09:00", review, key)
    story.says("lea", a.AnswerNeed(need=named, text="read"), at="2026-03-06T09:00")
    story.says("ana", a.RaiseBlocker(blocker=a.BlockerInput(text="no room", acts_next="ben")), at="2026-03-09T09:00")
    story.says("sam", a.Feedback(text="well said"), at="2026-03-10T09:00")
    story.says("ana", a.CheckIn(progress=0.1), at="2026-03-23T09:00")
    return story


def test_the_worked_example(ask: RunReport) -> None:
    story = build_story()
    ana, ben, lea, sam = (story.id(name) for name in ("ana", "ben", "lea", "sam"))

    report = ask(story, "2026-03-30T09:00", team="core")

    # 28 days from the promise: two cadences of 14, a check-in in each.
    assert (2, 2, 1.0) == (*count_and_n(report, "adherence"), find_figure(report, "adherence").value)
    assert (2, (1, 2), 2.0) == (
        find_figure(report, "needs_raised").value,
        count_and_n(report, "needs_answered"),
        find_figure(report, "need_answer_days").value,
    )
    assert (1, 1) == count_and_n(report, "needs_past_answer_by")
    assert (1, 1) == count_and_n(report, "help_past_answer_by", member=sam)
    assert (0, 0) == count_and_n(report, "help_past_answer_by", member=lea)
    assert 2.0 == find_figure(report, "help_answer_days", member=lea).value
    assert (1, 21.0) == (find_figure(report, "blockers_open").value, find_figure(report, "blocker_age_days").value)
    assert (1, 0) == (find_figure(report, "feedback_to_owner").value, find_figure(report, "feedback_to_sponsor").value)
    # 117 days by plan, a tenth of it earned, 28.375 taken.
    assert round(0.1 * 117 / 28.375, 6) == find_figure(report, "spi_t").value
    [need] = report.needs
    assert (ana, sam, date(2026, 3, 10), 26.0, True) == (
        need.asker,
        need.helper,
        need.answer_by,
        need.open_days,
        need.overdue,
    )
    [blocker] = report.blockers
    assert (ben, 21.0, False) == (blocker.acts_next, blocker.age_days, blocker.listed)


@pytest.mark.parametrize(("at", "late"), [("2026-03-10T23:59:59.999999", 0), ("2026-03-11T00:00", 1)])
def test_an_answer_by_has_passed_at_midnight_after_its_day(ask: RunReport, at: str, late: int) -> None:
    report = ask(build_story(), at)

    assert (late, 1) == count_and_n(report, "needs_past_answer_by")
    assert [late == 1] == [need.overdue for need in report.needs]


def test_an_answer_of_the_past_stays_as_it_was(ask: RunReport) -> None:
    story = build_story()
    before = ask(story, "2026-03-05", team="core")

    assert [(story.id("lea"), False), (story.id("sam"), False)] == [(n.helper, n.overdue) for n in before.needs]
    known = story.now
    after = story.now.replace(month=5)
    story.says("ana", a.CheckIn(note="told late"), at="2026-03-03T09:00", learnt=after)
    story.says("sam", a.Cancel(reason=why()), at="2026-05-20")
    assert before.figures == ask(story, "2026-03-05", team="core", recorded_as_of=known).figures


# --- needs -----------------------------------------------------------------------------------------------------------


def test_an_answer_by_inside_the_helpers_absence_waits_for_the_return(ask: RunReport) -> None:
    story = promise_goal(Story())
    story.says("lea", DeclareAbsence(from_=date(2026, 3, 9), to=date(2026, 3, 13)), at="2026-03-03")
    raise_needs(story, "2026-03-04T09:00", a.NeedInput(text="a review", addressee="lea", answer_by=date(2026, 3, 10)))

    # Back on Monday the 16th; two working days to settle end with Tuesday the 17th.
    assert (0, 1) == count_and_n(ask(story, "2026-03-17"), "help_past_answer_by", member=story.id("lea"))
    assert (1, 1) == count_and_n(ask(story, "2026-03-18"), "help_past_answer_by", member=story.id("lea"))


def test_a_need_is_overdue_once_its_day_is_over_in_the_organisations_zone(ask: RunReport) -> None:
    story = promise_goal(Story(zone="Pacific/Auckland"))
    raise_needs(story, "2026-03-04T09:00", a.NeedInput(text="a review", answer_by=date(2026, 3, 6)))

    assert [False] == [n.overdue for n in ask(story, "2026-03-06").needs]
    assert [True] == [n.overdue for n in ask(story, "2026-03-06T11:00:01").needs]  # midnight there is 11:00Z


def test_a_need_dies_with_its_goal_and_counts_as_raised_and_unanswered(ask: RunReport) -> None:
    story = promise_goal(Story())
    raise_needs(story, "2026-03-04T09:00", a.NeedInput(text="a review"))
    story.says("sam", a.Cancel(reason=why()), at="2026-03-05")

    report = ask(story, "2026-03-20")

    assert ([], (0, 1), (0, 0)) == (
        report.needs,
        count_and_n(report, "needs_answered"),
        count_and_n(report, "needs_past_answer_by"),
    )


def test_the_helper_of_another_team_is_measured_over_all_goals(ask: RunReport) -> None:
    story = promise_goal(Story())
    raise_needs(
        story, "2026-03-04T09:00", a.NeedInput(text="the budget", addressee="stella", answer_by=date(2026, 3, 5))
    )

    of_stella, of_core = ask(story, "2026-03-20", member="stella"), ask(story, "2026-03-20", team="core")

    assert (1, 1) == count_and_n(of_stella, "help_past_answer_by", member=story.id("stella"))
    assert 0 == find_figure(of_stella, "needs_raised").value  # stella asks for nothing
    assert [] == [f for f in of_core.figures if f.member == story.id("stella")]
    assert (1, 1) == count_and_n(of_core, "needs_past_answer_by")


def test_the_window_selects_what_was_raised_and_answered_but_an_open_need_is_open(ask: RunReport) -> None:
    story = promise_goal(Story())
    named = raise_needs(story, "2026-03-04T09:00", a.NeedInput(text="one"), a.NeedInput(text="two"))
    story.says("sam", a.AnswerNeed(need=named, text="yes"), at="2026-03-14T09:00")

    report = ask(story, "2026-03-18", window=5)

    assert (0, (0, 0), 10.0) == (
        find_figure(report, "needs_raised").value,
        count_and_n(report, "needs_answered"),
        find_figure(report, "need_answer_days").value,
    )
    assert (1, 1) == count_and_n(report, "needs_past_answer_by")


def test_an_answer_is_the_help_of_whoever_gave_it_also_where_another_is_sponsor_now(ask: RunReport) -> None:
    story = promise_goal(Story())
    named = raise_needs(story, "2026-03-04T09:00", a.NeedInput(text="one"), a.NeedInput(text="two"))
    story.says("sam", a.AnswerNeed(need=named, text="yes"), at="2026-03-05T09:00")
    story.says("sam", a.ProposeChange(changes=a.Changes(sponsor="mia"), reason=why()), at="2026-03-06T09:00")
    story.says("mia", a.Join(), at="2026-03-06T10:00")
    story.says("ana", a.AcceptChange(), at="2026-03-06T11:00")

    report = ask(story, "2026-03-20", team="core")

    sam, mia = story.id("sam"), story.id("mia")
    assert (1.0, 0) == (
        find_figure(report, "help_answer_days", member=sam).value,
        find_figure(report, "help_past_answer_by", member=sam).n,
    )
    assert (None, 1) == (
        find_figure(report, "help_answer_days", member=mia).value,
        find_figure(report, "help_past_answer_by", member=mia).n,
    )


def test_an_open_need_names_who_asked_also_where_another_owns_the_goal_now(ask: RunReport) -> None:
    story = promise_goal(Story(begins="2026-03-01"))
    raise_needs(story, "2026-03-04T09:00", a.NeedInput(text="a review", addressee="lea"))
    story.says("ana", a.ProposeChange(changes=a.Changes(owner="mia"), reason=why()), on="goal", at="2026-03-05T09:00")
    story.says("mia", a.Join(), on="goal", at="2026-03-05T09:00")
    story.says("sam", a.AcceptChange(), on="goal", at="2026-03-05T09:00")

    [need] = ask(story, "2026-03-06").needs

    assert (story.id("ana"), story.id("lea")) == (need.asker, need.helper)


# --- blockers --------------------------------------------------------------------------------------------------------


def test_a_listed_blocker_is_as_old_as_the_unbroken_run_of_check_ins_that_list_some(ask: RunReport) -> None:
    story = promise_goal(Story())
    stuck = a.BlockerInput(text="no key", acts_next="lea")
    for day, blockers in ((3, [stuck]), (5, []), (9, [stuck]), (12, [stuck, a.BlockerInput(text="no time")])):
        story.says("ana", a.CheckIn(blockers=blockers, note="so"), at=f"2026-03-{day:02}T09:00")
    story.says("ana", a.CheckIn(note="nothing about blockers"), at="2026-03-13T09:00")

    report = ask(story, "2026-03-19T09:00")

    ana, lea = story.id("ana"), story.id("lea")
    assert [(lea, 10.0, True), (ana, 10.0, True)] == [(b.acts_next, b.age_days, b.listed) for b in report.blockers]


def test_a_blocker_out_of_the_way_has_taken_its_time(ask: RunReport) -> None:
    story = promise_goal(Story())
    for day in (3, 5):
        story.says("ana", a.RaiseBlocker(blocker=a.BlockerInput(text="no key")), at=f"2026-03-{day:02}T09:00")
    for day, blocker in zip((6, 12), story.state().blockers, strict=True):
        act = a.ResolveBlocker(blocker=str(blocker.id), resolution="found")
        story.says("sam", act, at=f"2026-03-{day:02}T09:00")

    report = ask(story, "2026-03-19")

    assert (5.0, 2, 0) == (
        find_figure(report, "blocker_resolve_days").value,
        find_figure(report, "blocker_resolve_days").n,
        find_figure(report, "blockers_open").value,
    )


# --- adherence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((), (0, 2)),
        ((4, 5, 6), (1, 2)),  # many words at once do not speak for the weeks after
        ((10, 24), (2, 2)),
        ((17, 30), (1, 2)),  # both within the last fortnight
    ],
)
def test_a_cadence_is_kept_by_a_word_within_it(
    ask: RunReport, days: tuple[int, ...], expected: tuple[int, int]
) -> None:
    story = promise_goal(Story())
    for day in days:
        story.says("ana", a.Affirm(), at=f"2026-03-{day:02}T08:00")

    assert expected == count_and_n(ask(story, "2026-03-30T09:00"), "adherence")


def test_nothing_is_expected_before_a_whole_cadence_has_passed(ask: RunReport) -> None:
    story = promise_goal(Story())

    assert (0, 0) == count_and_n(ask(story, "2026-03-16T08:59"), "adherence")
    assert (0, 1) == count_and_n(ask(story, "2026-03-16T09:00"), "adherence")


def test_pauses_absences_and_days_in_delivered_are_not_the_owners(ask: RunReport) -> None:
    story = promise_goal(Story())
    story.says("ana", DeclareAbsence(from_=date(2026, 3, 4), to=date(2026, 3, 6)), at="2026-03-03")
    story.says("ana", a.DeclareComplete(), at="2026-03-12T00:00")
    late = a.RejectDelivery(condition="c1", rework_by=date(2026, 6, 26), reason=why())
    story.says("sam", late, at="2026-03-20T00:00")
    pause = a.Pause(paused_from=date(2026, 3, 21), resume_on=date(2026, 3, 24))
    story.says("ana", a.ProposeChange(changes=a.Changes(pause=pause), reason=why()), at="2026-03-20T01:00")
    story.says("sam", a.AcceptChange(), at="2026-03-20T01:00")

    # 1 day and 15 hours; from the 11th 1 day; on the 20th 1 day; from the 24th on 10 days and 9 hours.
    assert (0, 0) == count_and_n(ask(story, "2026-04-03T08:59"), "adherence")
    assert (1, 1) == count_and_n(ask(story, "2026-04-03T09:00"), "adherence")  # the change was a word


def test_work_resumed_early_runs_the_clock_again(ask: RunReport) -> None:
    story = promise_goal(Story())
    pause = a.Pause(paused_from=date(2026, 3, 10), resume_on=date(2026, 4, 1))
    story.says("ana", a.ProposeChange(changes=a.Changes(pause=pause), reason=why()), at="2026-03-09T23:00")
    story.says("sam", a.AcceptChange(), at="2026-03-09T23:00")
    story.says("ana", a.Resume(reason=why()), at="2026-03-12T00:00")

    # 7 days and 15 hours to the 10th, and from the 12th 6 days and 9 hours.
    assert (0, 0) == count_and_n(ask(story, "2026-03-18T08:59"), "adherence")
    assert (1, 1) == count_and_n(ask(story, "2026-03-18T09:00"), "adherence")


def test_a_word_before_a_long_pause_keeps_the_cadence_that_ends_after_it(ask: RunReport) -> None:
    story = promise_goal(Story(), due=date(2026, 12, 18))
    story.says("ana", a.CheckIn(note="so"), at="2026-03-09T09:00")
    pause = a.Pause(paused_from=date(2026, 3, 10), resume_on=date(2026, 9, 1))
    story.says("ana", a.ProposeChange(changes=a.Changes(pause=pause), reason=why()), at="2026-03-09T10:00")
    story.says("sam", a.AcceptChange(), at="2026-03-09T10:00")

    # Of the fourteen days up to September 7th, 09:00, seven and a half lie before the pause.
    assert (1, 1) == count_and_n(ask(story, "2026-09-07T09:00", window=5), "adherence")


def test_a_goal_that_ended_in_the_window_counts_until_its_end(ask: RunReport) -> None:
    story = promise_goal(Story())
    story.says("sam", a.Cancel(reason=why()), at="2026-03-17T09:00")

    assert (0, 1) == count_and_n(ask(story, "2026-03-25"), "adherence")
    assert (0, 0) == count_and_n(ask(story, "2026-04-25"), "adherence")


# --- progress by time ------------------------------------------------------------------------------------------------


def test_progress_by_time_waits_for_a_fifth_of_the_duration_and_a_word_about_progress(ask: RunReport) -> None:
    story = promise_goal(promise_goal(Story(), due=date(2026, 3, 31)), "silent", owner="ben", due=date(2026, 3, 31))
    story.says("ana", a.CheckIn(progress=0.5), at="2026-03-05T09:00")

    early, later = ask(story, "2026-03-06T00:00"), ask(story, "2026-03-12T00:00")

    assert [(None, "too_early")] == [(f.value, f.status) for f in early.figures if f.name == "spi_t"]
    assert 1.5 == find_figure(later, "spi_t").value  # 15 of 30 days earned, in 10
