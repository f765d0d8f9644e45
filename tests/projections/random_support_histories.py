"""Histories of support: needs, answers, blockers, words and silences, all on whole hours, some of it told late."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from domain.errors import Refusal
from domain.goal import acts as a
from domain.goal.state import Promised
from domain.member import member
from tests.spec import Story, offer, why

BEGINS = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = ("ana", "ben", "lea", "sam")
GOALS = {"one": ("ana", "sam"), "two": ("ben", "ana")}
_HOUR = timedelta(hours=1)


def _choose_helper(number: int) -> str | None:
    return (*PEOPLE, None)[number % 5]


def _need_inputs(number: int, day: date) -> list[a.NeedInput]:
    until = day + timedelta(days=number) if number % 3 else None
    return [
        a.NeedInput(text=f"need {n}", addressee=_choose_helper(number + n), answer_by=until) for n in range(number % 3)
    ]


def _blocker_inputs(number: int) -> list[a.BlockerInput]:
    return [a.BlockerInput(text=f"blocker {n}", acts_next=_choose_helper(number + n)) for n in range(number % 3)]


class Step:
    """One draw: what is said about which goal, after how many hours, told how many hours late."""

    def __init__(self, draw: tuple[int, int, int, int, int]) -> None:
        self.kind, goal, self.number, self.hours, self.late = draw
        self.goal = tuple(GOALS)[goal]
        self.owner, self.sponsor = GOALS[self.goal]

    def apply(self, story: Story) -> None:
        """Say it, if the rules allow it just then."""
        when = story.now + timedelta(hours=self.hours)
        with suppress(Refusal, StopIteration):
            by, act = self._act_of_kind(story, when)
            late = timedelta(hours=self.late) if isinstance(act, a.CheckIn | a.Feedback) else timedelta(0)
            story.says(by, act, on=self.goal if isinstance(act, a.Act) else None, at=when - late, learnt=when)

    def _act_of_kind(self, story: Story, when: datetime) -> tuple[str, Any]:
        number, day = self.number, when.date()
        match self.kind:
            case 0 | 1:
                return self.owner, a.CheckIn(needs=_need_inputs(number, day), progress=round(number / 12, 2), note="so")
            case 2:
                return self.owner, a.CheckIn(blockers=_blocker_inputs(number), note="so")
            case 3 | 4:
                return self._answer_need(story)
            case 5:
                stuck = a.BlockerInput(text="no room", acts_next=_choose_helper(number))
                return (self.owner, self.sponsor)[number % 2], a.RaiseBlocker(blocker=stuck)
            case 6:
                blocker = next(iter(self._promised_state(story).blockers))
                return self.sponsor, a.ResolveBlocker(blocker=str(blocker.id), resolution="found")
            case 7:
                return (self.owner, self.sponsor)[number % 2], a.Feedback(text="thanks")
            case 8:
                return self.owner, a.Affirm()
            case _:
                return self._act_of_rare_kind(story, day)

    def _act_of_rare_kind(self, story: Story, day: date) -> tuple[str, Any]:
        number, later = self.number, day + timedelta(days=self.number + 1)
        match self.kind:
            case 9:
                pause = a.Pause(paused_from=day + timedelta(days=number % 3), resume_on=later + timedelta(days=3))
                return self.owner, a.ProposeChange(changes=a.Changes(pause=pause), reason=why())
            case 10:
                return self.owner, a.ProposeChange(changes=a.Changes(due=date(2026, 8, 1 + number)), reason=why())
            case 11:
                return self.owner, a.Resume(reason=why())
            case 12:
                return PEOPLE[number % 4], member.DeclareAbsence(from_=day + timedelta(days=number % 5), to=later)
            case 13:
                return self.owner, a.DeclareComplete(reason=why())
            case 14:
                return self.sponsor, a.RejectDelivery(condition="c1", rework_by=later, reason=why())
            case 15 if number % 4 == 0:
                return self.sponsor, a.Cancel(reason=why())
            case _:
                return self.sponsor, a.AcceptChange()

    def _promised_state(self, story: Story) -> Promised:
        state = story.state(self.goal)
        if not isinstance(state, Promised):
            raise StopIteration
        return state

    def _answer_need(self, story: Story) -> tuple[str, Any]:
        need = next(iter(self._promised_state(story).needs))
        helper = need.addressee or self._promised_state(story).sponsor
        by = next(name for name in PEOPLE if story.id(name) == helper)
        return by, a.AnswerNeed(need=f"{need.check_in}/{need.index}", text="yes")


_step = st.tuples(
    st.integers(0, 16),
    st.integers(0, 1),
    st.integers(0, 11),
    st.sampled_from([0, 1, 5, 20, 60, 200]),
    st.sampled_from([0, 0, 0, 3, 30]),
)
#: Draws of a history; see `story_of`.
steps = st.lists(_step, min_size=3, max_size=40)


def story_of(draws: list[tuple[int, int, int, int, int]]) -> Story:
    """The history that these draws tell: two promises, and what became of them."""
    story = Story(begins="2026-03-01")
    for goal, (owner, sponsor) in GOALS.items():
        story.says(owner, offer(owner, sponsor, due=date(2026, 7, 31)), on=goal, at=BEGINS)
        story.says(sponsor, a.Accept(), on=goal, at=BEGINS)
    for draw in draws:
        Step(draw).apply(story)
    return story
