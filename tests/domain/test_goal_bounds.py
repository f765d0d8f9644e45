"""What a goal's state may hold at most: every event writes it anew, so nothing in it grows for ever."""

from __future__ import annotations

from domain.errors import InvalidField
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal.check_ins import MAX_OPEN
from tests.spec import Scenario, given, like, offer, says


def active() -> Scenario:
    return given(says("ana", offer()), says("sam", a.Accept()))


def test_needs_that_wait_for_an_answer_are_bounded_and_a_check_in_is_not() -> None:
    # given as many open needs as there may be
    goal = active()
    for _ in range(MAX_OPEN // 20):
        goal.when(a.CheckIn(needs=[a.NeedInput(text="a review")] * 20), by="ana")

    # then
    goal.when(a.CheckIn(needs=[a.NeedInput(text="one more")]), by="ana").refused_with(InvalidField, pointer="/needs")
    goal.when(a.CheckIn(note="still waiting"), by="ana").then(like(e.CheckedIn, note="still waiting"))
    first = f"{goal.state.needs[0].check_in}/0"
    goal.when(a.AnswerNeed(need=first, text="done"), by="sam").then(e.NeedAnswered)
    goal.when(a.CheckIn(needs=[a.NeedInput(text="one more")]), by="ana").then(e.CheckedIn)


def test_open_blockers_are_bounded_and_a_resolved_one_makes_room() -> None:
    goal = active()
    stuck = a.RaiseBlocker(blocker=a.BlockerInput(text="no key"))
    for _ in range(MAX_OPEN):
        goal.when(stuck, by="ana")

    goal.when(stuck, by="sam").refused_with(InvalidField, pointer="/blocker")
    goal.when(a.ResolveBlocker(blocker=str(goal.state.blockers[0].id), resolution="here it is"), by="ana")
    goal.when(stuck, by="sam").then(e.BlockerRaised)
