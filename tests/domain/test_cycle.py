"""What is said while a cycle runs, and how it ends: every goal of it decided, explicitly."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import msgspec
import pytest

from domain.cycle import acts as c
from domain.cycle import events as e
from domain.cycle.decide import MAX_CONTRIBUTIONS, MAX_IMPROVEMENTS, MAX_LEARNINGS, MAX_REFLECTIONS
from domain.cycle.opening import MAX_GOALS
from domain.cycle.state import Closed, Learning
from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    Forbidden,
    InvalidField,
    NotFound,
    OutOfOrder,
    ReasonRequired,
)
from domain.goal import acts as g
from domain.instants import format_instant
from domain.member.member import Join, Leave
from domain.reasons import Reason, ReasonCode
from domain.team.team import Create
from tests.domain.cycles import (
    agree_improvement,
    close_cycle,
    open_act,
    promise_goals,
    reflect,
    settle_all,
    story_with_cycle,
    story_with_purpose,
)
from tests.spec import Story, given, like, offer, why

STEWARD = frozenset({"steward"})

# --- goals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["lea", "ana", "sam", "stella"])
def test_the_lead_or_a_party_puts_a_live_goal_into_the_cycle(by: str) -> None:
    story = story_with_cycle()
    promise_goals(story, "one")

    given(story=story).when(c.IncludeGoal(goal="one"), by=by).then(e.GoalIncluded(goal=story.id("one", "goal")))


def test_nobody_else_does() -> None:
    story = story_with_cycle()
    promise_goals(story, "one")

    given(story=story).when(c.IncludeGoal(goal="one"), by="ben").refused_with(
        Forbidden, allowed=("lead", "owner", "sponsor")
    )


def test_a_goal_is_in_it_once() -> None:
    given(story=story_with_cycle("one")).when(c.IncludeGoal(goal="one"), by="lea").refused_with(
        AlreadyExists, pointer="/goal"
    )


def test_a_goal_that_is_not_promised_or_over_is_not_included() -> None:
    story = story_with_cycle()
    story.says("ana", offer(), on="asked")
    promise_goals(story, "gone")
    story.says("sam", g.Cancel(reason=why()), on="gone")

    given(story=story).when(c.IncludeGoal(goal="nowhere"), by="lea").refused_with(NotFound, pointer="/goal")
    for goal in ("asked", "gone"):
        given(story=story).when(c.IncludeGoal(goal=goal), by="lea").refused_with(
            InvalidField, pointer="/goal", allowed=("promised", "lapsed", "delivered")
        )


def test_another_teams_goal_is_not_in_this_teams_cycle() -> None:
    story = story_with_cycle()
    story.says("stella", Create(name="Other", lead="ben", ref="other"), on="other")
    for team, goal in (("other", "theirs"), (None, "nobodys")):
        story.says("ana", msgspec.structs.replace(offer(), team=team), on=goal)
        story.says("sam", g.Accept(), on=goal)

    given(story=story).when(c.IncludeGoal(goal="theirs"), by="lea").refused_with(InvalidField, pointer="/goal")
    given(story=story).when(c.IncludeGoal(goal="nobodys"), by="lea").then(e.GoalIncluded)


@pytest.mark.parametrize("by", ["lea", "ana", "sam"])
def test_contributions_are_credited_by_the_lead_and_the_goals_parties(by: str) -> None:
    story = story_with_cycle("one")
    credit = c.CreditContribution(goal="one", member="mia", text="Found the slow query")

    given(story=story).when(credit, by=by).then(
        e.ContributionCredited(goal=story.id("one", "goal"), member=story.id("mia"), text="Found the slow query")
    )
    assert 1 == story.state("cycle", "cycle").contributions


def test_contributions_are_to_goals_of_the_cycle_by_people_who_are_there() -> None:
    story = story_with_cycle("one")
    promise_goals(story, "two")

    def credit(goal: str = "one", member: str = "mia") -> c.CreditContribution:
        return c.CreditContribution(goal=goal, member=member, text="Did it")

    given(story=story).when(credit("two"), by="lea").refused_with(NotFound, pointer="/goal", allowed=("include_goal",))
    given(story=story).when(credit(member="nora"), by="lea").refused_with(NotFound, pointer="/member")
    given(story=story).when(credit(), by="mia").refused_with(Forbidden, allowed=("lead", "owner", "sponsor"))


# --- looking back ----------------------------------------------------------------------------------------------------


def test_members_say_what_worked_and_what_can_improve() -> None:
    story = story_with_cycle()

    given(story=story).when(c.ShareReflection(worked="pairs"), by="ana").then(e.ReflectionShared(worked="pairs"))
    given(story=story).when(c.ShareReflection(improve="fewer meetings"), by="ben").then(e.ReflectionShared)
    given(story=story).when(c.ShareReflection(worked="once more"), by="ana").then(e.ReflectionShared)

    cycle = story.state("cycle", "cycle")
    assert ((story.id("ana"), story.id("ben")), 3) == (cycle.reflected, cycle.reflections)


def test_a_reflection_says_something_and_is_a_members() -> None:
    story = story_with_cycle()
    story.says("stella", Join(name="Nora", ref="nora"), on="nora", roles=STEWARD)

    given(story=story).when(c.ShareReflection(worked=" "), by="ana").refused_with(InvalidField, pointer="/worked")
    given(story=story).when(c.ShareReflection(worked="x"), by="nora").refused_with(Forbidden)
    story.says("ana", Leave())
    given(story=story).when(c.ShareReflection(worked="x"), by="ana").refused_with(Forbidden)


def test_an_improvement_has_an_owner_and_a_due() -> None:
    story = story_with_cycle()

    agreed = given(story=story).when(c.AgreeImprovement(text="Ask early", owner="ben", due=date(2026, 3, 1)), by="ana")

    agreed.then(
        e.ImprovementAgreed(
            improvement=agreed.recorded[0].event_id, text="Ask early", owner=story.id("ben"), due=date(2026, 3, 1)
        )
    )


def test_its_owner_is_of_the_team_and_its_due_not_over() -> None:
    story = story_with_cycle()
    story.says("stella", Join(name="Nora", ref="nora"), on="nora", roles=STEWARD)

    def agree(owner: str = "ben", due: date = date(2026, 3, 1)) -> c.AgreeImprovement:
        return c.AgreeImprovement(text="Ask early", owner=owner, due=due)

    given(story=story).when(agree("nora"), by="ana").refused_with(InvalidField, pointer="/owner")
    given(story=story).when(agree("nobody"), by="ana").refused_with(NotFound, pointer="/owner")
    given(story=story).when(agree(due=date(2026, 1, 5)), by="ana").refused_with(
        InvalidField, pointer="/due", allowed=(f">= {story.now.date()}",)
    )
    given(story=story).when(agree(), by="nora").refused_with(Forbidden)


@pytest.mark.parametrize("by", ["ben", "lea", "stella"])
def test_its_owner_or_the_lead_sees_it_done_or_lets_go_of_it(by: str) -> None:
    story = story_with_cycle()
    one, two = agree_improvement(story), agree_improvement(story)

    given(story=story).when(c.FinishImprovement(improvement=str(one)), by=by).then(e.ImprovementDone(improvement=one))
    given(story=story).when(c.DropImprovement(improvement=str(two), reason=why()), by=by).then(
        e.ImprovementDropped(improvement=two)
    )
    assert ["done", "dropped"] == [i.state for i in story.state("cycle", "cycle").improvements]
    assert why() == story.last_event("cycle", "cycle").reason


def test_an_improvement_ends_once_by_who_may_and_is_dropped_with_a_reason() -> None:
    story = story_with_cycle()
    one = agree_improvement(story)
    done = c.FinishImprovement(improvement=str(one))

    given(story=story).when(done, by="ana").refused_with(Forbidden, allowed=("owner", "lead"))
    given(story=story).when(c.DropImprovement(improvement=str(one)), by="ben").refused_with(
        ReasonRequired, pointer="/reason"
    )
    shrug = Reason(code=ReasonCode.OTHER, text="no")
    given(story=story).when(c.DropImprovement(improvement=str(one), reason=shrug), by="ben").refused_with(
        InvalidField, pointer="/reason/text"
    )
    given(story=story).when(c.FinishImprovement(improvement=str(uuid4())), by="ben").refused_with(
        NotFound, pointer="/improvement", allowed=(str(one),)
    )
    given(story=story).when(done, by="ben").then(e.ImprovementDone)
    given(story=story).when(done, by="ben").refused_with(ActNotAllowed, pointer="/improvement")


def test_learning_is_written_down_of_a_goal_of_the_cycle_or_in_general() -> None:
    story = story_with_cycle("one")

    general = (
        given(story=story).when(c.RecordLearning(text="Meet less"), by="mia").then(e.LearningRecorded(text="Meet less"))
    )
    given(story=story).when(c.RecordLearning(text="Ask vendors", goal="one"), by="mia").then(
        e.LearningRecorded(text="Ask vendors", goal=story.id("one", "goal"))
    )
    given(story=story).when(c.RecordLearning(text="Ask", goal="two"), by="mia").refused_with(NotFound, pointer="/goal")
    assert Learning(id=general.recorded[0].event_id, text="Meet less") == story.state("cycle", "cycle").learnings[0]


LEARN = c.RecordLearning(text="Meet less")
REFLECT = c.ShareReflection(worked="pairs")
CREDIT = c.CreditContribution(goal="one", member="mia", text="Did it")
AGREE = c.AgreeImprovement(text="Ask early", owner="ben", due=date(2026, 3, 1))


@pytest.mark.parametrize(
    ("act", "most"),
    [
        (LEARN, MAX_LEARNINGS),
        (REFLECT, MAX_REFLECTIONS),
        (CREDIT, MAX_CONTRIBUTIONS),
        (AGREE, MAX_IMPROVEMENTS),
    ],
)
def test_a_cycle_holds_so_much_and_no_more(act: c.CycleAct, most: int) -> None:
    story = story_with_cycle("one")
    for _ in range(most):
        story.says("lea", act)

    given(story=story).when(act, by="lea").refused_with(ActNotAllowed, allowed=("close",))


def test_a_cycle_holds_so_many_goals_and_no_more() -> None:
    goals = [f"goal-{n}" for n in range(MAX_GOALS + 1)]
    story = story_with_cycle(*goals[:100])
    promise_goals(story, *goals[100:])
    for goal in goals[100:-1]:
        story.says("lea", c.IncludeGoal(goal=goal))

    given(story=story).when(c.IncludeGoal(goal=goals[-1]), by="lea").refused_with(ActNotAllowed, allowed=("close",))
    settle_all(story, *goals[:-1])
    reflect(story)
    story.says("lea", c.Close())
    given(story=story).when(open_act(follows="cycle", goals=[goals[-1]]), by="lea", on="next").refused_with(
        InvalidField, pointer="/goals"
    )


def test_an_improvement_may_be_due_today() -> None:
    given(story=story_with_cycle()).when(
        c.AgreeImprovement(text="Ask early", owner="ben", due=date(2026, 3, 1)), by="ben", at="2026-03-01"
    ).then(e.ImprovementAgreed)


# --- settling --------------------------------------------------------------------------------------------------------


def test_a_live_goal_is_carried_on() -> None:
    story = story_with_cycle("one")

    given(story=story).when(c.SettleGoal(goal="one", how="carried_on"), by="lea").then(
        e.GoalSettled(goal=story.id("one", "goal"), how="carried_on")
    )
    for how in ("renegotiated", "dropped"):
        given(story=story).when(c.SettleGoal(goal="one", how=how), by="lea").refused_with(
            InvalidField, pointer="/how", allowed=("carried_on",)
        )


def renegotiate(story: Story, goal: str, *, at: str | None = None) -> None:
    story.says("ana", g.ProposeChange(changes=g.Changes(effort_hours=5), reason=why()), on=goal, at=at)
    story.says("sam", g.AcceptChange(), on=goal)


def test_renegotiated_means_that_a_change_was_accepted_since_the_cycle_opened() -> None:
    story = story_with_purpose()
    promise_goals(story, "one", "two")
    renegotiate(story, "one")
    story.says("lea", open_act(goals=["one", "two"]), on="cycle")
    renegotiate(story, "two")

    given(story=story).when(c.SettleGoal(goal="one", how="renegotiated"), by="lea").refused_with(
        InvalidField, pointer="/how", allowed=("carried_on",)
    )
    given(story=story).when(c.SettleGoal(goal="two", how="renegotiated"), by="ana").then(e.GoalSettled)


def test_a_change_at_the_very_opening_counts() -> None:
    story = story_with_purpose()
    promise_goals(story, "one")
    story.says("ana", g.ProposeChange(changes=g.Changes(effort_hours=5), reason=why()), on="one")
    story.says("lea", open_act(goals=["one"]), on="cycle", at="2026-01-09T10:00")
    story.says("sam", g.AcceptChange(), on="one", at="2026-01-09T10:00")

    given(story=story).when(c.SettleGoal(goal="one", how="renegotiated"), by="lea").then(e.GoalSettled)


def test_dropped_means_that_it_has_ended_unkept() -> None:
    story = story_with_cycle("one", "two")
    story.says("ana", g.WithdrawPromise(reason=why(), mitigation="ask ben"), on="one")
    story.says("ana", g.DeclareComplete(), on="two")
    story.says("sam", g.DeclareSatisfied(), on="two")

    given(story=story).when(c.SettleGoal(goal="one", how="carried_on"), by="lea").refused_with(
        InvalidField, pointer="/how", allowed=("dropped",)
    )
    given(story=story).when(c.SettleGoal(goal="one", how="dropped"), by="sam").then(e.GoalSettled)
    given(story=story).when(c.SettleGoal(goal="two", how="dropped"), by="lea").refused_with(
        InvalidField, pointer="/how", allowed=()
    )


def test_the_last_word_on_a_goal_counts_and_is_not_said_twice() -> None:
    story = story_with_cycle("one")
    settle_all(story, "one")
    renegotiate(story, "one")

    given(story=story).when(c.SettleGoal(goal="one", how="carried_on"), by="lea").refused_with(
        ActNotAllowed, pointer="/how", allowed=("renegotiated",)
    )
    given(story=story).when(c.SettleGoal(goal="one", how="renegotiated"), by="lea").then(e.GoalSettled)
    assert "renegotiated" == story.state("cycle", "cycle").goals[0].how


def test_only_the_lead_and_the_goals_parties_settle_it() -> None:
    story = story_with_cycle("one")
    promise_goals(story, "two")

    given(story=story).when(c.SettleGoal(goal="one", how="carried_on"), by="ben").refused_with(Forbidden)
    given(story=story).when(c.SettleGoal(goal="two", how="carried_on"), by="lea").refused_with(
        NotFound, pointer="/goal", allowed=("include_goal",)
    )


# --- closing ---------------------------------------------------------------------------------------------------------


def test_a_cycle_with_an_undecided_goal_is_not_closed_and_the_goals_are_named() -> None:
    story = story_with_cycle("one", "two", "three")
    reflect(story)
    settle_all(story, "two")

    given(story=story).when(c.Close(), by="lea").refused_with(
        ActNotAllowed, allowed=(str(story.id("one", "goal")), str(story.id("three", "goal")))
    )


def test_a_cycle_on_which_nobody_reflected_is_not_closed() -> None:
    given(story=story_with_cycle()).when(c.Close(), by="lea").refused_with(ActNotAllowed, allowed=("share_reflection",))


def test_a_closed_cycle_says_how_each_goal_stood() -> None:
    story = story_with_cycle("one", "two", "three")
    reflect(story)
    renegotiate(story, "one")
    story.says("lea", c.SettleGoal(goal="one", how="renegotiated"))
    story.says("sam", g.Release(reason=why()), on="two")
    story.says("ana", g.DeclareComplete(), on="three")
    story.says("sam", g.DeclareSatisfied(), on="three")

    given(story=story).when(c.Close(), by="lea").then(
        e.CycleClosed(
            goals=(
                e.GoalAtClose(goal=story.id("one", "goal"), state="active", how="renegotiated"),
                e.GoalAtClose(goal=story.id("two", "goal"), state="released"),
                e.GoalAtClose(goal=story.id("three", "goal"), state="satisfied"),
            )
        )
    )
    assert isinstance(story.state("cycle", "cycle"), Closed)


@pytest.mark.parametrize("by", ["ana", "sam"])
def test_nobody_but_the_lead_closes_it(by: str) -> None:
    story = story_with_cycle()
    reflect(story)

    given(story=story).when(c.Close(), by=by).refused_with(Forbidden, allowed=("lead", "steward"))
    given(story=story).when(c.Close(), by="stella").then(e.CycleClosed)


def test_after_the_end_nothing_more_is_said() -> None:
    story = close_cycle(story_with_cycle("one"), "one")
    acts: list[c.CycleAct] = [
        c.ShareReflection(worked="late thought"),
        c.RecordLearning(text="x"),
        c.SettleGoal(goal="one", how="carried_on"),
        c.Close(),
    ]

    for act in acts:
        given(story=story).when(act, by="lea").refused_with(ActNotAllowed, allowed=("open",))


def test_an_act_before_the_last_one_is_out_of_order() -> None:
    story = story_with_cycle("one")
    before = story.last_event("cycle", "cycle").occurred_at

    given(story=story).when(c.ShareReflection(worked="x"), by="ana", at="2026-01-06", learnt="2026-02-01").refused_with(
        OutOfOrder, allowed=(f">= {format_instant(before)}",)
    )


def test_a_cycle_that_is_not_there_takes_no_act() -> None:
    given(story=story_with_purpose()).when(c.Close(), by="lea", on="none").refused_with(NotFound)


def test_who_leads_says_more_than_a_member_of_another_team() -> None:
    story = story_with_cycle("one")
    story.says("stella", Join(name="Nora", ref="nora"), on="nora", roles=STEWARD)

    given(story=story).when(c.RecordLearning(text="x"), by="nora").refused_with(Forbidden)
    given(story=story).when(c.RecordLearning(text="x"), by="stella").then(like(e.LearningRecorded, text="x"))


def test_an_improvement_keeps_the_name_that_its_source_gave_it_in_every_cycle() -> None:
    story = story_with_cycle()
    agree = c.AgreeImprovement(improvement="ask-early", text="Ask early", owner="ben", due=date(2026, 3, 1))
    story.says("ben", agree)

    given(story=story).when(agree, by="ben").refused_with(AlreadyExists, pointer="/improvement")
    by_id = c.AgreeImprovement(improvement=str(uuid4()), text="Ask early", owner="ben", due=date(2026, 3, 1))
    given(story=story).when(by_id, by="ben").refused_with(InvalidField, pointer="/improvement")
    close_cycle(story)
    story.says("lea", open_act(follows="cycle"), on="next")
    given(story=story).when(c.FinishImprovement(improvement="ask-early"), by="ben", on="next").then(e.ImprovementDone)


def test_a_machine_and_whoever_has_left_has_no_part_in_it() -> None:
    story = story_with_cycle("one")
    learn = c.RecordLearning(text="x")

    given(story=story).when(learn, by="ben", roles=frozenset({"integration"})).refused_with(
        Forbidden, allowed=("member", "lead", "steward")
    )
    given(story=story).when(
        learn, by="ben", at="2026-02-01", learnt="2026-02-02", roles=frozenset({"integration"})
    ).then(e.LearningRecorded)
    story.says("lea", Leave())
    given(story=story).when(c.Close(), by="lea").refused_with(Forbidden)


def test_what_is_said_is_not_blank() -> None:
    story = story_with_cycle("one")
    blank: list[c.CycleAct] = [
        c.CreditContribution(goal="one", member="mia", text="  "),
        c.AgreeImprovement(text=" ", owner="ben", due=date(2026, 3, 1)),
        c.RecordLearning(text="\n"),
    ]

    for act in blank:
        given(story=story).when(act, by="lea").refused_with(InvalidField, pointer="/text")
