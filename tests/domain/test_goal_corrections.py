"""A check-in or a reading that was wrong is said again or taken back: what else was said of the goal holds."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import ActNotAllowed, NotAParty, NotFound, OutOfOrder
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal.state import statements_of
from domain.goal.statements import MAX_STATEMENTS
from domain.terms import MeasureInput
from tests.domain.goal_states import goal_in_state
from tests.spec import Scenario, Story

MEASURE = MeasureInput(kind="number", baseline=0, target=100)


def say(story: Story, act: Any, *, by: str = "ana", **how: Any) -> str:
    """Say it, and answer the event that it was."""
    return str(story.says(by, act, **how)[-1].event_id)


def standing(story: Story) -> tuple[Any, ...]:
    goal = story.state()
    return goal.progress, goal.confidence, goal.value, goal.blocked_in_check_in


def test_a_correction_of_the_last_check_in_changes_what_it_names_and_leaves_the_rest() -> None:
    story = goal_in_state("active")
    wrong = say(story, a.CheckIn(progress=0.9, confidence=0.8))

    correction = say(story, a.CheckIn(progress=0.09, corrects=wrong))

    assert ("0.09", "0.8", None, False) == standing(story)
    assert correction == str(story.state().last_check_in)


def test_a_correction_of_an_older_check_in_counts_where_nothing_later_said_otherwise() -> None:
    story = goal_in_state("active")
    wrong = say(story, a.CheckIn(progress=0.9, confidence=0.3))
    say(story, a.CheckIn(confidence=0.5))

    say(story, a.CheckIn(progress=0.2, confidence=0.1, note="a slip", corrects=wrong))

    assert ("0.2", "0.5", None, False) == standing(story)


def test_what_was_said_before_a_check_in_that_is_taken_back_holds_again() -> None:
    story = goal_in_state("active")
    say(story, a.CheckIn(progress=0.3, confidence=0.6, blockers=[]))
    needs = story.state().needs
    wrong = say(
        story,
        a.CheckIn(progress=0.9, confidence=0.9, blockers=[a.BlockerInput(text="stuck")], needs=[a.NeedInput(text="x")]),
    )

    taken_back = Scenario(story).when(a.TakeBackStatement(corrects=wrong), by="ana")

    taken_back.then(e.StatementTakenBack(corrects=story.stream()[-2].event_id, of="check_in"))
    assert ("0.3", "0.6", None, False) == standing(story)
    assert needs == story.state().needs
    assert story.now == story.state().judged_at


def test_a_reading_is_corrected_and_taken_back_by_a_machine_which_takes_back_no_check_in() -> None:
    story = goal_in_state("active")
    judged = story.state().judged_at
    first = say(story, a.RecordValue(value=10), by="ivy")
    second = say(story, a.RecordValue(value=4000), by="ivy")

    say(story, a.RecordValue(value=40, corrects=second), by="ivy")
    assert "40" == story.state().value
    say(story, a.TakeBackStatement(corrects=second), by="ivy")
    assert ("10", judged) == (story.state().value, story.state().judged_at)

    said = say(story, a.CheckIn(note="on the way"))
    scenario = Scenario(story)
    scenario.when(a.TakeBackStatement(corrects=said), by="ivy").refused_with(NotFound, allowed=(first,))
    scenario.when(a.RecordValue(value=1, corrects=said), by="ana").refused_with(NotFound, pointer="/corrects")


def test_the_original_is_named_by_whoever_may_say_it_while_the_goal_is_live() -> None:
    story = goal_in_state("active")
    wrong = say(story, a.CheckIn(progress=0.9), at="2026-02-03")
    correction = say(story, a.CheckIn(progress=0.5, corrects=wrong), at="2026-02-05")
    scenario = Scenario(story)

    again = a.CheckIn(progress=0.4, corrects=correction)
    scenario.when(again, by="ana").refused_with(ActNotAllowed, pointer="/corrects", allowed=(wrong,))
    late = a.CheckIn(progress=0.4, corrects=wrong)
    scenario.when(late, by="ana", at="2026-02-04", learnt="2026-02-06").refused_with(OutOfOrder, pointer="/at")
    scenario.when(a.TakeBackStatement(corrects=wrong), by="sam").refused_with(NotAParty)
    scenario.when(a.TakeBackStatement(corrects=wrong), by="ana").then(e.StatementTakenBack)
    scenario.when(a.TakeBackStatement(corrects=wrong), by="ana").refused_with(ActNotAllowed, pointer="/corrects")


@pytest.mark.parametrize("end", ["satisfied", "cancelled", "broken"])
def test_of_an_ended_goal_nothing_is_taken_back(end: str) -> None:
    story = goal_in_state(end)

    Scenario(story).when(a.TakeBackStatement(corrects="00000000-0000-7000-8000-000000000001"), by="ana").refused_with(
        ActNotAllowed, allowed=("feedback",)
    )


def test_a_statement_older_than_the_last_ones_stays_and_its_words_go_on() -> None:
    story = goal_in_state("active")
    old = say(story, a.CheckIn(progress=0.7, confidence=0.7))
    for number in range(MAX_STATEMENTS):
        say(story, a.CheckIn(note=f"number {number}"))

    Scenario(story).when(a.CheckIn(progress=0.1, corrects=old), by="ana").refused_with(NotFound, pointer="/corrects")
    assert ("0.7", "0.7", None, False) == standing(story)


def test_a_goal_keeps_the_last_statements_and_what_still_holds_however_many_there_were() -> None:
    story = goal_in_state("active")
    first = say(story, a.CheckIn(progress=0.7))
    for number in range(5 * MAX_STATEMENTS):
        say(story, a.CheckIn(note=f"number {number}"))

    kept = statements_of(story.state()).kept

    assert MAX_STATEMENTS < len(kept) <= 2 * MAX_STATEMENTS
    assert first == str(kept[0].event_id)
    assert sorted(kept, key=lambda statement: statement.at) == list(kept)


def test_what_is_told_late_of_long_ago_does_not_outweigh_what_was_said_since() -> None:
    story = goal_in_state("active")
    say(story, a.CheckIn(progress=0.7), at="2026-02-10T10:00")
    for number in range(3 * MAX_STATEMENTS):
        say(story, a.CheckIn(note=f"number {number}"), at=f"2026-02-11T{10 + number // 60}:{number % 60:02}")

    say(story, a.CheckIn(progress=0.2, confidence=0.4), at="2026-02-09T10:00", learnt="2026-02-12")

    assert ("0.7", "0.4", None, False) == standing(story)
