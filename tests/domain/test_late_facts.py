"""What is recorded late is judged by what held at its own time, whatever has become of it since."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.charter import acts as c
from domain.charter import events as ce
from domain.cycle.acts import Close, SettleGoal, ShareReflection
from domain.cycle.events import CycleClosed, CycleOpened
from domain.errors import ActNotAllowed, NotAParty, NotFound, OutOfOrder
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal.state import Ended
from tests.domain.charters import story_with_charter
from tests.domain.cycles import open_act, promise_goals, story_with_purpose
from tests.domain.goal_states import goal_in_state
from tests.spec import Scenario, Story, given, like, offer, why

FACTS: list[tuple[a.Act, type[Any]]] = [
    (a.CheckIn(note="half way", progress=0.5), e.CheckedIn),
    (a.RecordValue(value="3"), e.ValueRecorded),
    (a.Feedback(text="well begun"), e.FeedbackGiven),
]


def promised_and_ended() -> Story:
    """ana promises on 1 April; sam cancels on 4 May."""
    story = Story()
    story.says("ana", offer(due=date(2026, 6, 30)), at="2026-04-01")
    story.says("sam", a.Accept(), at="2026-04-01")
    story.says("sam", a.Cancel(reason=why()), at="2026-05-04")
    return story


@pytest.mark.parametrize(("act", "event"), FACTS, ids=lambda x: getattr(x, "__name__", None))
def test_a_fact_from_before_the_end_is_taken_after_it(act: a.Act, event: type[Any]) -> None:
    ended = given(story=promised_and_ended())

    ended.when(act, by="ana", at="2026-04-15", learnt="2026-05-11").then(event).then_state(state="cancelled")


def test_what_was_said_before_the_end_belongs_to_the_promise_that_ended() -> None:
    story = promised_and_ended()
    story.says("ana", a.CheckIn(note="half way", progress=0.5), at="2026-04-15", learnt="2026-05-11")

    ended = story.state()
    assert isinstance(ended, Ended)
    assert ended.promised is not None
    assert "0.5" == ended.promised.progress


@pytest.mark.parametrize("state", ["satisfied", "broken", "released", "promise_withdrawn", "cancelled"])
def test_every_end_takes_the_check_in_of_before(state: str) -> None:
    story = goal_in_state(state)
    ended = story.state()
    assert isinstance(ended, Ended)
    assert ended.promised is not None
    promised = ended.promised.promised_at

    given(story=story).when(a.CheckIn(note="begun"), by="ana", at=promised, learnt=story.now).then(e.CheckedIn)


def test_what_comes_after_the_end_or_before_the_promise_is_refused_as_such() -> None:
    ended = given(story=promised_and_ended())
    word = a.CheckIn(note="a word")

    ended.when(word, by="ana", at="2026-05-05", learnt="2026-05-11").refused_with(ActNotAllowed)
    ended.when(word, by="ana", at="2026-03-31", learnt="2026-05-11").refused_with(OutOfOrder, pointer="/at")


def test_a_moving_act_from_before_the_end_is_out_of_order_and_not_impossible() -> None:
    ended = given(story=promised_and_ended())
    later = a.ProposeChange(changes=a.Changes(due=date(2026, 7, 31)), reason=why())

    for act in (later, a.Affirm(), a.DeclareComplete()):
        ended.when(act, by="ana", at="2026-04-15", learnt="2026-05-11").refused_with(
            OutOfOrder, allowed=(">= 2026-05-04T09:00:00.000000Z",)
        )


def test_who_owned_the_goal_then_checks_in_for_then() -> None:
    story = Story()
    story.says("ana", offer(), at="2026-01-06")
    story.says("sam", a.Accept(), at="2026-01-06")
    story.says("ana", a.ProposeChange(changes=a.Changes(owner="ben"), reason=why()), at="2026-01-12")
    story.says("ben", a.Join(), at="2026-01-12")
    story.says("sam", a.AcceptChange(), at="2026-01-13")
    late = given(story=story)

    late.when(a.CheckIn(progress=0.2), by="ana", at="2026-01-09", learnt="2026-01-20").then(e.CheckedIn)
    late.when(a.CheckIn(progress=0.3), by="ben", at="2026-01-09", learnt="2026-01-20").refused_with(NotAParty)
    late.when(a.CheckIn(progress=0.3), by="ben", at="2026-01-14", learnt="2026-01-20").then(e.CheckedIn)


def test_confidence_told_late_is_compared_with_what_had_been_said_by_then() -> None:
    story = Story()
    for by, act, day in (
        ("ana", offer(), "2026-01-06"),
        ("sam", a.Accept(), "2026-01-06"),
        ("ana", a.CheckIn(confidence=0.9), "2026-01-08"),
        ("ana", a.ProposeChange(changes=a.Changes(effort_hours=3), reason=why()), "2026-01-20"),
    ):
        story.says(by, act, at=day)

    late: Scenario = given(story=story).when(
        a.CheckIn(confidence=0.2, note="the key is missing"), by="ana", at="2026-01-09", learnt="2026-01-21"
    )
    late.then(like(e.CheckedIn, confidence="0.2"))


# --- charters and cycles -----------------------------------------------------------------------------------------


def charter_of_which_one_was_retired() -> Story:
    """Four non-negotiables in force since January; "tested" is revised on 1 April and retired on 4 May."""
    story = story_with_charter("tested", "kind", "open", "brave")
    revised = c.ReviseNonNegotiable(non_negotiable="tested", text="We are tested twice", reason=why())
    story.says("lea", revised, on="core", at="2026-04-01")
    story.says("lea", c.RetireNonNegotiable(non_negotiable="tested", reason=why()), on="core", at="2026-05-04")
    return story


@pytest.mark.parametrize(("version", "day"), [(1, "2026-03-02"), (2, "2026-04-02")])
def test_a_version_that_stood_then_is_acknowledged_after_it_was_replaced(version: int, day: str) -> None:
    late = given(story=charter_of_which_one_was_retired())
    word = c.Acknowledge(non_negotiable="tested", version=version)

    late.when(word, by="ana", on="core", at=day, learnt="2026-05-11").then(like(ce.Acknowledged, version=version))
    late.when(word, by="ana", on="core", at="2026-05-05", learnt="2026-05-11").refused_with(NotFound)


def test_a_breach_of_what_stood_then_names_the_version_of_then() -> None:
    story = charter_of_which_one_was_retired()
    story.says("ana", offer(), at="2026-05-05")
    breach = c.RaiseBreach(non_negotiable="tested", about=c.EventReference(goal="goal"), text="Untested")

    given(story=story).when(breach, by="ana", on="core", at="2026-03-02", learnt="2026-05-11").then(
        like(ce.BreachRaised, version=1)
    )


def test_a_cycle_told_late_takes_the_goals_that_were_promised_then() -> None:
    story = story_with_purpose()
    promise_goals(story, "a", "b", due=date(2026, 6, 30))
    story.says("sam", a.Cancel(reason=why()), on="a", at="2026-05-04")

    cycle = given(story=story)
    opened = open_act(goals=["a", "b"], ref="cycle")
    cycle.when(opened, by="lea", on="cycle", at="2026-01-20", learnt="2026-05-11").then(CycleOpened)
    for by, act in (
        ("ben", ShareReflection(worked="we asked early")),
        ("lea", SettleGoal(goal="b", how="carried_on")),
    ):
        story.says(by, act, on="cycle", at="2026-04-10", learnt="2026-05-11")
    close = Close()
    cycle.when(close, by="lea", on="cycle", at="2026-04-11", learnt="2026-05-11").refused_with(
        ActNotAllowed, allowed=(str(story.id("a", "goal")),)
    )
    story.says("lea", SettleGoal(goal="a", how="carried_on"), on="cycle", at="2026-04-11", learnt="2026-05-11")
    cycle.when(close, by="lea", on="cycle", at="2026-04-11", learnt="2026-05-11").then(CycleClosed)
    assert ["active", "active"] == [goal.state for goal in cycle.event.goals]
