"""Histories of promises: what was asked for, answered, changed early and late, delivered, sent back and ended."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from domain.errors import Refusal
from domain.goal import acts as a
from domain.goal.state import Promised
from domain.terms import TermsInput
from tests.spec import Story, offer, request, why

GOALS = {"asked": ("ana", "sam"), "offered": ("ana", "sam"), "other": ("ben", "ana"), "own": ("ana", "ana")}
_STEWARD = frozenset({"steward"})


class Step:
    """One draw: what is said about which goal, after how many hours, and how many hours after it is recorded."""

    def __init__(self, draw: tuple[int, int, int, int, int]) -> None:
        self.kind, goal, self.number, self.hours, self.late = draw
        self.goal = tuple(GOALS)[goal]

    def apply(self, story: Story) -> None:
        """Say it, if the rules allow it just then."""
        when = story.now + timedelta(hours=self.hours)
        state = story.state(self.goal)
        owner, sponsor = GOALS[self.goal]
        if isinstance(state, Promised) and state.owner == story.id("mia"):
            owner = "mia"
        with suppress(Refusal, KeyError, IndexError):
            side, act = self._choose_act(story, when.date())
            by = {"owner": owner, "sponsor": sponsor}.get(side, side)
            if owner == sponsor and side == "sponsor":
                act = replace(act, as_="sponsor")
            late = timedelta(hours=self.late) if isinstance(act, a.CheckIn) else timedelta(0)
            story.says(by, act, on=self.goal, at=when - late, learnt=when)

    def _choose_act(self, story: Story, day: date) -> tuple[str, Any]:
        number, owner, sponsor = self.number, *GOALS[self.goal]
        begin = request if self.goal == "asked" else offer
        due = day + timedelta(days=number * 3)
        change = a.Changes(due=due) if number % 4 else a.Changes(effort_hours=number + 1)
        table: tuple[tuple[str, Any], ...] = (
            ("sponsor" if begin is request else "owner", begin(owner, sponsor, start=min(day, due), due=due)),
            ("owner", a.Promise()),
            ("sponsor", a.Accept()),
            ("owner", a.CheckIn(confidence=number / 12, note="so")),
            ("owner", a.CheckIn(blockers=[a.BlockerInput(text="stuck")] * (number % 2), note="so")),
            ("owner", a.ProposeChange(changes=change, reason=why())),
            ("sponsor", a.ProposeChange(changes=change, reason=why())),
            ("sponsor", a.AcceptChange()),
            ("owner", a.AcceptChange()),
            ("owner", a.DeclareComplete(reason=why())),
            ("sponsor", a.DeclareSatisfied()),
            ("sponsor", a.RejectDelivery(condition="c1", rework_by=due, reason=why())),
            ("owner", a.RaiseBlocker(blocker=a.BlockerInput(text="no room"))),
            ("owner", a.Counter(terms=TermsInput(due=due), reason=why())),
            ("sponsor", a.Counter(terms=TermsInput(due=due), reason=why())),
            ("owner", a.DeferAnswer(answer_by=due, reason=why())),
            ("sponsor", a.RejectChange(reason=why())),
            ("owner", a.CounterChange(changes=change, reason=why())),
            ("owner", a.WithdrawChange()),
            ("owner", a.RetractCompletion(reason=why())),
            ("owner", a.ProposeChange(changes=a.Changes(owner="mia"), reason=why())),
            ("mia", a.Join()),
            ("owner", a.Decline(reason=why())),
            ("owner", a.WithdrawPromise(reason=why(), mitigation="ask ben")),
            ("sponsor", a.Cancel(reason=why())),
            ("sponsor", a.Release(reason=why())),
            ("sponsor", a.CloseBroken(reason=why())),
        )
        if self.kind == len(table):
            said = str(story.last_event(self.goal).event_id)
            return "owner", a.CheckIn(confidence=0.9, note="not so", corrects=said)
        return table[self.kind]


def _begin(story: Story, numbers: list[int]) -> None:
    """The four goals are begun on the first day; of three one waits for its answer."""
    for goal, number in enumerate(numbers):
        Step((0, goal, number, goal, 0)).apply(story)
        if number % 3:
            Step((1 if goal == 0 else 2, goal, number, 1, 0)).apply(story)


_step = st.tuples(
    st.integers(0, 27),
    st.integers(0, len(GOALS) - 1),
    st.integers(1, 11),
    st.sampled_from([1, 5, 20, 44, 90]),
    st.sampled_from([0, 0, 3, 30]),
)
#: Draws of a history; see `story_of`.
histories = st.tuples(
    st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles"]),
    st.lists(st.integers(2, 9), min_size=len(GOALS), max_size=len(GOALS)),
    st.lists(_step, min_size=4, max_size=40),
)


def story_of(draws: tuple[str, list[int], list[tuple[int, int, int, int, int]]]) -> Story:
    """The history that these draws tell, until long after its last act."""
    zone, begins, steps = draws
    story = Story(begins="2026-03-01", zone=zone)
    _begin(story, begins)
    for step in steps:
        Step(step).apply(story)
    story.sweep("2026-07-01")
    return story
