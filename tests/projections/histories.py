"""Histories of any shape: several goals, several people, late and early, some of it told long after it happened."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from domain import member, organisation
from domain.errors import Refusal
from domain.goal import acts
from domain.terms import TermsInput
from tests.spec import offer, request, terms, why
from tests.story import Story

_GOALS = ("one", "two", "three")
_PEOPLE = ("ana", "ben", "sam")
_STEWARD = frozenset({"steward"})


def _due(number: int) -> date:
    return date(2026, 3, 10) + timedelta(days=number * 4)


def _said(kind: int, number: int) -> tuple[str, Any]:
    """The `kind`-th thing that people say, and by which side; `number` varies its details."""
    changes = (
        acts.Changes(due=_due(number)),
        acts.Changes(effort_hours=number + 1, conditions=["It is read", f"By {number} people"]),
        acts.Changes(supports=terms(supports=["one"]).supports, owner="ben"),
        acts.Changes(pause=acts.Pause(paused_from=date(2026, 3, 5), resume_on=_due(number))),
    )[number % 4]
    table: tuple[tuple[str, Any], ...] = (
        ("owner", offer(due=_due(number), effort_hours=number or None)),
        ("sponsor", request(due=_due(number), imposed=number % 2 == 1)),
        ("sponsor", acts.Accept()),
        ("owner", acts.Promise()),
        ("owner", acts.Counter(terms=TermsInput(due=_due(number)), reason=why())),
        ("sponsor", acts.Counter(terms=TermsInput(outcome=f"Read by {number}"), reason=why())),
        ("owner", acts.CheckIn(progress=number / 10, note="told", blockers=[acts.BlockerInput(text="stuck")])),
        ("owner", acts.CheckIn(confidence=number / 10, note="told", needs=[acts.NeedInput(text="help")])),
        ("owner", acts.ProposeChange(changes=changes, reason=why(), trigger="parent")),
        ("sponsor", acts.ProposeChange(changes=changes, reason=why())),
        ("sponsor", acts.AcceptChange()),
        ("owner", acts.AcceptChange()),
        ("sponsor", acts.RejectChange(reason=why())),
        ("ben", acts.Join()),
        ("owner", acts.RecordValue(value=number)),
        ("owner", acts.Retitle(title=f"Title {number}", tags=["a"] * (number % 2))),
        ("sponsor", acts.Feedback(text="thanks", on="progress")),
        ("owner", acts.DeclareComplete(reason=why())),
        ("sponsor", acts.DeclareSatisfied()),
        ("sponsor", acts.RejectDelivery(condition="c1", rework_by=_due(number), reason=why())),
        ("owner", acts.WithdrawPromise(reason=why(), mitigation="ask ben")),
        ("sponsor", acts.Cancel(reason=why())),
        ("owner", acts.ChooseApproach(text="in pairs")),
        ("owner", acts.Resume(reason=why())),
    )
    return table[kind % len(table)]


class Step:
    """One draw: who says what about which goal, after how many hours, told how many hours late."""

    def __init__(self, draw: tuple[int, int, int, int, int]) -> None:
        self.kind, self.goal, self.number, self.hours, self.late = draw

    def take(self, story: Story) -> None:
        """Say it; what the rules refuse is left out of the history."""
        when = story.now + timedelta(hours=self.hours)
        goal = _GOALS[self.goal]
        side, act = _said(self.kind, self.number)
        by = side if side in _PEOPLE else {"owner": "ana", "sponsor": ("sam", "ana")[goal == "three"]}[side]
        if goal == "three" and isinstance(act, acts.Offer | acts.Request):
            act = type(act)(title="A goal", owner="ana", sponsor="ana", team="core", terms=act.terms, reason=why())
        with suppress(Refusal):
            if self.kind >= 40:
                self._about_people(story, when)
            elif self.late:
                story.says(by, act, on=goal, at=when - timedelta(hours=self.late * 7), learnt=when)
            else:
                story.says(by, act, on=goal, at=when)

    def _about_people(self, story: Story, when: Any) -> None:
        person = _PEOPLE[self.goal]
        if self.number % 4 == 0:
            story.says("stella", organisation.SetPolicy(policy={"cadence_days": self.number + 1}), at=when)
        elif self.number % 4 == 1:
            act: Any = member.DeclareAbsence(from_=_due(self.number), to=_due(self.number + 1))
            story.says(person, act, at=when)
        else:
            act = member.DeclareCapacity(hours_per_week=self.number * 3, from_=_due(self.number))
            story.says(person, act, at=when, roles=_STEWARD)


_step = st.tuples(
    st.integers(0, 47), st.integers(0, 2), st.integers(0, 10), st.integers(0, 60), st.sampled_from([0, 0, 0, 1, 9, 30])
)
#: Draws of a history; see `story_of`.
steps = st.lists(_step, max_size=40)


def story_of(draws: list[tuple[int, int, int, int, int]]) -> Story:
    """The history that these draws tell."""
    story = Story(begins="2026-03-01")
    for goal in _GOALS[:2]:
        story.says("ana", offer(start=date(2026, 3, 1), due=date(2026, 3, 20)), on=goal)
    story.says("sam", acts.Accept(), on="one")
    for draw in draws:
        Step(draw).take(story)
    story.sweep(story.now + timedelta(days=3))
    return story
