"""Cycles under random acts, in any order: what holds whatever people say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.charter import acts as h
from domain.cycle import acts as c
from domain.cycle import events as e
from domain.cycle.decide import possible_ends
from domain.cycle.evolve import evolve
from domain.cycle.state import Closed, Cycle, Running
from domain.errors import Refusal
from domain.goal import acts as g
from domain.goal.state import Promised
from tests.domain.cycles import open_act, promise_goals, story_with_purpose
from tests.spec import why

CYCLES = ("one", "two", "three")
GOALS = ("g1", "g2", "g3")
FREEDOMS = ("tools", "hours")

step = st.tuples(
    st.integers(0, 17),
    st.sampled_from(CYCLES),
    st.sampled_from(GOALS),
    st.sampled_from(["lea", "ana", "sam", "ben"]),
    st.integers(0, 2),
)
#: Draws of a history; see `CycleRun`.
steps = st.lists(step, max_size=50)

#: A cycle with two goals, freedoms and an approach; the same looked back upon and closed; and another one after it.
BEGUN = [
    *((0, "one", "g1", "lea", 1), (2, "one", "g2", "lea", 0), (16, "one", "g1", "lea", 0), (16, "one", "g1", "lea", 1)),
    *((15, "one", "g1", "ana", 0), (15, "one", "g3", "ana", 1), (9, "one", "g2", "lea", 0), (4, "one", "g1", "lea", 2)),
]
ENDED = [
    *((3, "one", "g1", "ben", 0), (8, "one", "g1", "lea", 0), (8, "one", "g2", "lea", 0), (10, "one", "g1", "lea", 0)),
    (15, "one", "g1", "ana", 1),
]
FOLLOWED = [(0, "two", "g1", "lea", 1), (15, "two", "g1", "ana", 2), (3, "two", "g1", "ana", 0)]
#: Draws of a history that has begun.
begun_steps = st.tuples(st.sampled_from([BEGUN, [*BEGUN, *ENDED], [*BEGUN, *ENDED, *FOLLOWED]]), steps).map(
    lambda drawn: [*drawn[0], *drawn[1]]
)


class CycleRun:
    """A team with three promised goals, and what these draws say of them and of three cycles."""

    def __init__(self, draws: list[tuple[int, str, str, str, int]]) -> None:
        self.story = story_with_purpose()
        promise_goals(self.story, *GOALS)
        self.refused = 0
        for draw in draws:
            self.apply(draw)

    def apply(self, draw: tuple[int, str, str, str, int]) -> None:
        kind, cycle, goal, by, number = draw
        before = (len(self.story.events), self.story.state(cycle, "cycle"))
        act, on = self.act(kind, cycle, goal, number)
        try:
            self.story.says(by, act, on=on)
        except Refusal:
            self.refused += 1
            assert before == (len(self.story.events), self.story.state(cycle, "cycle"))

    def act(self, kind: int, cycle: str, goal: str, number: int) -> tuple[Any, str]:
        improvement = self.improvement(cycle, number)
        follows = [other for other in CYCLES if isinstance(self.story.state(other, "cycle"), Closed)]
        opened = open_act(goals=[goal] if number else [], follows=follows[number % len(follows)] if follows else None)
        of_cycle: list[Any] = [
            opened,
            opened,
            c.IncludeGoal(goal=goal),
            c.ShareReflection(worked="pairs", improve="less"),
            c.AgreeImprovement(text="Ask", owner="ben", due=date(2026, 2, 1) + timedelta(days=number)),
            c.FinishImprovement(improvement=improvement),
            c.DropImprovement(improvement=improvement, reason=why()),
            c.RecordLearning(text="Lesson", goal=goal if number else None),
            c.SettleGoal(goal=goal, how=("carried_on", "renegotiated", "dropped")[number]),
            c.CreditContribution(goal=goal, member="mia", text="Did it"),
            c.Close(),
            c.Close(),
        ]
        of_goal: list[Any] = [
            g.ProposeChange(changes=g.Changes(effort_hours=number + 1), reason=why()),
            g.AcceptChange(),
            g.Cancel(reason=why()),
            g.ChooseApproach(text="In pairs", freedom=FREEDOMS[number] if number < len(FREEDOMS) else None),
        ]
        of_charter: list[Any] = [
            h.GrantFreedom(freedom=FREEDOMS[number % 2], text="Our tools", purpose_version=1),
            h.WithdrawFreedom(freedom=FREEDOMS[number % 2], reason=why()),
        ]
        acts = [(act, cycle) for act in of_cycle] + [(act, goal) for act in of_goal]
        return [*acts, *((act, "core") for act in of_charter)][kind]

    def improvement(self, cycle: str, number: int) -> str:
        state: Cycle | None = self.story.state(cycle, "cycle")
        held = state.improvements if state else ()
        return str(held[number % len(held)].id) if held else "0" * 36


@settings(max_examples=150, deadline=None)
@given(steps)
def test_whatever_is_said_one_cycle_is_open_and_a_closed_one_has_every_goal_decided(draws: Any) -> None:
    story = CycleRun(draws).story

    states: list[Cycle] = story.states("cycle")
    assert sum(isinstance(state, Running) for state in states) <= 1
    for state in (s for s in states if isinstance(s, Closed)):
        assert state.reflections
        assert {held.goal for held in state.goals} == {at.goal for at in state.at_close}
        for at in state.at_close:
            assert at.how is not None or at.state not in ("active", "lapsed", "delivered")


@settings(max_examples=100, deadline=None)
@given(steps)
def test_every_open_improvement_of_a_followed_cycle_is_carried_and_no_other(draws: Any) -> None:
    story = CycleRun(draws).story

    for opened in (r.data for r in story.events if isinstance(r.data, e.CycleOpened) and r.data.follows):
        before = next(s for s in story.states("cycle") if s.id == opened.follows)
        assert [i.id for i in before.improvements if i.state == "open"] == [x.improvement for x in opened.carried]
        assert {x.id for x in before.learnings} == {x.learning for x in opened.learned if x.learning}


@settings(max_examples=60, deadline=None)
@given(steps, st.randoms(use_true_random=False))
def test_the_fold_never_fails_in_whatever_order_it_is_told(draws: Any, chance: Any) -> None:
    story = CycleRun(draws).story

    for cycle in CYCLES:
        events = story.stream(cycle, "cycle")
        chance.shuffle(events)
        state: Cycle | None = None
        for event in events:
            state = evolve(state, event)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_a_goal_can_be_said_to_be_only_what_it_is(draws: Any) -> None:
    story = CycleRun(draws).story

    for cycle in story.states("cycle"):
        for goal in story.states("goal"):
            live = isinstance(goal, Promised)
            ends = possible_ends(goal, cycle)
            assert live == ("carried_on" in ends)
            assert not (live and "dropped" in ends)


def test_the_draws_reach_a_second_cycle() -> None:
    told = CycleRun([*BEGUN, *ENDED, *FOLLOWED])

    assert 0 == told.refused
    assert ["closed", "open"] == [type(s).__struct_config__.tag for s in told.story.states("cycle")]
