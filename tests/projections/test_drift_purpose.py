"""Purpose drift: which goals lead to the purpose as it is worded now."""

from __future__ import annotations

from datetime import date

import pytest

from domain.goal.acts import AffirmLink, Cancel, Changes, ProposeChange, Unlink
from domain.member import member
from domain.team import team
from domain.terms import SupportInput
from projections.drift.report import DriftReport
from tests.domain.charters import adopt_dated_purpose
from tests.projections.explained import count_named, list_named_goals
from tests.projections.test_drift import (
    RunReport,
    ask,
    change_goal,
    count_alignment_drift,
    database,
    find_figure,
    promise_goal,
)
from tests.spec import Story, instant, why

__all__ = ["ask", "database"]

CORE = SupportInput(purpose="core")
WHOLE = SupportInput(purpose="organisation")


def count_purpose_drift(report: DriftReport) -> tuple[int | None, int | None]:
    """Goals adrift, of how many."""
    figure = find_figure(report, "purpose_drift")
    return figure.count, figure.n


def story_with_chain() -> Story:
    """The purpose of core; ben's `parent` serves it, ana's `goal` supports that: promised on 2026-03-02."""
    story = promise_goal(adopt_dated_purpose(Story()), "parent", owner="ben", sponsor="sam", supports=[CORE])
    return promise_goal(story, supports=["parent"])


# --- paths -----------------------------------------------------------------------------------------------------------


def test_a_goal_leads_to_the_purpose_through_what_it_supports(ask: RunReport) -> None:
    story = promise_goal(story_with_chain(), "lost", owner="ben")

    figure = find_figure(ask(story, "2026-03-20", team="core"), "purpose_drift")

    assert (1, 3, 0.333333, None, True) == (figure.count, figure.n, figure.value, figure.line, figure.small_sample)
    assert {story.id(name, "goal") for name in ("goal", "parent", "lost")} == list_named_goals(story.events, figure)
    assert {"PurposeAdopted"} < count_named(story.events, figure).keys()
    assert story.id("core", "team") == figure.team


def test_every_goal_weighs_one_and_ten_of_them_draw_the_line(ask: RunReport) -> None:
    story = adopt_dated_purpose(Story())
    for number in range(10):
        promise_goal(story, f"g{number}", supports=[CORE] if number > 2 else [])

    figure = find_figure(ask(story, "2026-03-20"), "purpose_drift")

    assert (3, 10, 0.3, "over") == (figure.count, figure.n, figure.value, figure.line)


def test_goals_that_support_each_other_lead_nowhere(ask: RunReport) -> None:
    story = promise_goal(adopt_dated_purpose(Story()), "parent", owner="ben", sponsor="sam")
    promise_goal(story, supports=["parent"])
    change_goal(story, "parent", at="2026-03-03T09:00", supports=[SupportInput(goal="goal")])

    assert (2, 2) == count_purpose_drift(ask(story, "2026-03-20"))


def test_the_organisations_purpose_will_do_for_every_team_and_another_teams_will_not(ask: RunReport) -> None:
    story = adopt_dated_purpose(adopt_dated_purpose(Story()), of="organisation")
    story.says("stella", team.Create(name="Edge", lead="mia", ref="edge"), on="edge", roles=frozenset({"steward"}))
    story.says("stella", member.Join(team="edge", name="Edda"), on="edda", roles=frozenset({"steward"}))
    story.says("stella", team.AppointLead(lead="edda"), on="edge", roles=frozenset({"steward"}))
    adopt_dated_purpose(story, "2026-02-02", of="edge", text="Nobody waits at the edge")
    promise_goal(story, "to_all", supports=[WHOLE])
    promise_goal(story, "to_core", supports=[CORE])
    promise_goal(story, "to_edge", supports=[SupportInput(purpose="edge")])

    report = ask(story, "2026-03-20", team="core")

    assert (1, 3) == count_purpose_drift(report)
    goals = {story.id(name, "goal") for name in ("to_all", "to_core", "to_edge")}
    assert goals == list_named_goals(story.events, find_figure(report, "purpose_drift"))


@pytest.mark.parametrize("ended", [True, False])
def test_a_promise_that_stands_no_more_leads_nowhere(ask: RunReport, *, ended: bool) -> None:
    story = story_with_chain()
    if ended:
        story.says("sam", Cancel(reason=why()), on="parent", at="2026-03-10")

    assert ((1, 1) if ended else (0, 2)) == count_purpose_drift(ask(story, "2026-03-20"))


def test_a_path_may_be_as_long_as_it_likes(ask: RunReport) -> None:
    story = promise_goal(adopt_dated_purpose(Story()), "g0", owner="ben", supports=[CORE])
    for number in range(1, 25):
        promise_goal(story, f"g{number}", owner="ana" if number == 24 else "ben", supports=[f"g{number - 1}"])

    assert (0, 1) == count_purpose_drift(ask(story, "2026-03-20", member="ana"))
    adopt_dated_purpose(story, "2026-03-10", text="Nobody waits")
    [mend] = [m for m in ask(story, "2026-03-20", member="ana").mend if m.kind == "purpose"]
    assert (story.id("g24", "goal"), story.id("g23", "goal"), story.id("core", "charter")) == (
        mend.goal,
        mend.parent,
        mend.charter,
    )


def test_a_purpose_that_was_never_adopted_is_none(ask: RunReport) -> None:
    figure = find_figure(ask(promise_goal(Story(), supports=[CORE]), "2026-03-20", team="core"), "purpose_drift")

    assert (None, "no_charter", None, None) == (figure.value, figure.status, figure.n, figure.line)


def test_only_goals_with_a_purpose_within_reach_are_counted(ask: RunReport) -> None:
    story = adopt_dated_purpose(Story())
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=frozenset({"steward"}))
    promise_goal(story)

    assert (1, 1) == count_purpose_drift(ask(story, "2026-03-20"))
    assert "no_charter" == find_figure(ask(story, "2026-03-20", team="edge"), "purpose_drift").status
    assert "no_data" == find_figure(ask(story, "2026-02-20", team="core"), "purpose_drift").status


# --- revision --------------------------------------------------------------------------------------------------------


def story_with_revised_purpose() -> Story:
    """`chain`, and the purpose of core revised on 2026-03-10, 09:00."""
    return adopt_dated_purpose(story_with_chain(), "2026-03-10", text="Nobody waits")


def test_a_revision_makes_the_links_to_the_purpose_unaffirmed_and_leaves_those_below_adrift(ask: RunReport) -> None:
    story = story_with_revised_purpose()

    before, after = ask(story, "2026-03-09"), ask(story, "2026-03-13T21:00")

    assert [(0, 2), (0, 2)] == [count_purpose_drift(before), count_alignment_drift(before)]
    assert [(2, 2), (1, 2)] == [count_purpose_drift(after), count_alignment_drift(after)]
    assert 3.5 == find_figure(after, "unaffirmed_days").value
    revision = story.last_event("core", "charter").event_id
    assert revision in (find_figure(after, "purpose_drift").events or [])
    # What was promised with the link, and what moved above it.
    assert {story.last_event("parent").event_id, revision} <= set(find_figure(after, "alignment_drift").events or [])


def test_the_first_purpose_makes_nothing_unaffirmed(ask: RunReport) -> None:
    story = promise_goal(Story(), at="2026-01-10T09:00", supports=[CORE])
    adopt_dated_purpose(story, "2026-01-12")

    report = ask(story, "2026-02-01")

    assert [(0, 1), (0, 1)] == [count_purpose_drift(report), count_alignment_drift(report)]


@pytest.mark.parametrize("how", ["affirmed", "renegotiated", "unlinked"])
def test_affirming_renegotiating_and_unlinking_each_answer_a_revision(ask: RunReport, how: str) -> None:
    story = story_with_revised_purpose()
    if how == "affirmed":
        story.says("ben", AffirmLink(supports=[CORE]), on="parent", at="2026-03-12")
    elif how == "renegotiated":
        change_goal(story, "parent", at="2026-03-12T09:00", due=date(2026, 4, 10))
    else:
        story.says("ben", Unlink(supports=[CORE], reason=why("purpose_changed")), on="parent", at="2026-03-12")

    report = ask(story, "2026-03-13")

    # A change of the parent's due date is the next thing for those below it to affirm.
    expected = {"affirmed": ((0, 2), (0, 2)), "renegotiated": ((0, 2), (1, 2)), "unlinked": ((2, 2), (0, 1))}
    assert expected[how] == (count_purpose_drift(report), count_alignment_drift(report))
    assert (2, 2) == count_purpose_drift(ask(story, "2026-03-11"))


def test_an_unaffirmed_link_is_overdue_once_the_window_has_passed(ask: RunReport) -> None:
    story = story_with_revised_purpose()

    at_its_end = ask(story, "2026-03-24T09:00")
    beyond = ask(story, "2026-03-24T09:01")

    shown = [(find_figure(r, "alignment_drift").overdue, r.mend[-1].kind) for r in (at_its_end, beyond)]
    assert [0, 1] == [overdue for overdue, _ in shown]
    [mend] = [m for m in beyond.mend if m.kind == "alignment"]
    assert (instant("2026-03-24T09:00"), True) == (mend.until, mend.overdue)


def test_a_policy_says_how_long_the_window_is(ask: RunReport) -> None:
    story = Story(policy={"unaffirmed_days": 3})
    promise_goal(adopt_dated_purpose(story), supports=[CORE])
    adopt_dated_purpose(story, "2026-03-10", text="Nobody waits")

    assert 1 == find_figure(ask(story, "2026-03-14"), "alignment_drift").overdue


def test_what_was_asked_as_of_then_stays_as_it_was(ask: RunReport) -> None:
    story = story_with_revised_purpose()
    then = count_purpose_drift(ask(story, "2026-03-11", recorded_as_of=instant("2026-03-11T23:00")))
    story.says("ben", AffirmLink(supports=[CORE]), on="parent", at="2026-03-12")
    adopt_dated_purpose(story, "2026-04-10", text="Nobody")

    assert (2, 2) == then == count_purpose_drift(ask(story, "2026-03-11", recorded_as_of=instant("2026-03-11T23:00")))
    assert [(0, 2), (2, 2)] == [count_purpose_drift(ask(story, day)) for day in ("2026-03-13", "2026-04-11")]


# --- what would mend it ----------------------------------------------------------------------------------------------


def test_each_goal_adrift_has_somebody_who_could_say_one_sentence(ask: RunReport) -> None:
    story = promise_goal(story_with_revised_purpose(), "lost", owner="sam", sponsor="mia")

    mends = {m.goal: m for m in ask(story, "2026-03-11").mend if m.kind in ("purpose", "alignment")}

    parent, goal, lost = (mends[story.id(name, "goal")] for name in ("parent", "goal", "lost"))
    ana, ben, sam, mia, lea = (story.id(name) for name in ("ana", "ben", "sam", "mia", "lea"))
    assert [("alignment", ben, lea), ("purpose", ana, ben), ("purpose", sam, mia)] == [
        (m.kind, m.from_, m.to) for m in (parent, goal, lost)
    ]
    assert story.id("core", "charter") == parent.charter == goal.charter
    assert (
        "The purpose of “Core” was revised on 2026-03-10: “A goal” still serves it, or we should change or unlink it."
    ) == parent.sentence
    assert (
        "“A goal” serves “A goal”; since the purpose of “Core” was revised nobody has said that it still leads there: "
        "does it?"
    ) == goal.sentence
    assert "“A goal” leads to no purpose of ours: what is it for, or shall we let it go?" == lost.sentence


def test_a_renegotiation_set_off_by_the_purpose_answers_it_too(ask: RunReport) -> None:
    story = story_with_revised_purpose()
    change = ProposeChange(changes=Changes(due=date(2026, 4, 10)), reason=why("purpose_changed"), trigger="purpose")
    story.says("ben", change, on="parent", at="2026-03-12T09:00")

    assert (2, 2) == count_purpose_drift(ask(story, "2026-03-13"))  # proposed is not agreed
