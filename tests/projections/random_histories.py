"""Histories of any shape: several goals, several people, late and early, some of it told long after it happened."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from domain.charter import acts as charters
from domain.errors import Refusal
from domain.goal import acts
from domain.member import member
from domain.organisation import organisation
from domain.terms import MeasureInput, SupportInput, TermsInput
from tests.spec import offer, request, terms, why
from tests.story import Story

_GOALS = ("one", "two", "three")
_PEOPLE = ("ana", "ben", "sam")
_STEWARD = frozenset({"steward"})


def _due(number: int) -> date:
    return date(2026, 3, 10) + timedelta(days=number * 4)


def _act_of_kind(kind: int, number: int) -> tuple[str, Any]:
    """The `kind`-th thing that people say, and by which side; `number` varies its details."""
    changes = (
        acts.Changes(due=_due(number)),
        acts.Changes(effort_hours=number + 1, conditions=["It is read", f"By {number} people"]),
        acts.Changes(supports=terms(supports=["one", SupportInput(purpose="core")]).supports, owner="ben"),
        acts.Changes(pause=acts.Pause(paused_from=date(2026, 3, 5), resume_on=_due(number))),
        acts.Changes(measure=MeasureInput(kind="number", baseline=0, target=10 + number)),
    )[number % 5]
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
        ("sponsor", acts.RejectDelivery(condition="c1", rework_by=_due(number), reason=why())),
        ("owner", acts.ChooseApproach(text="in pairs")),
        ("owner", acts.Resume(reason=why())),
        ("owner", acts.Affirm(note="still right")),
        ("owner", acts.RaiseBlocker(blocker=acts.BlockerInput(text="no room", acts_next="sam"))),
        ("sponsor", acts.CounterChange(changes=changes, reason=why())),
        ("owner", acts.CounterChange(changes=changes, reason=why())),
        ("owner", acts.WithdrawChange()),
        ("owner", acts.RejectChange(reason=why())),
        ("owner", acts.DeferAnswer(answer_by=_due(number), reason=why())),
        ("sponsor", acts.Clarify(text="what for?")),
        ("owner", acts.Unlink(supports=terms(supports=["one"]).supports or [], reason=why())),
        ("owner", acts.AffirmLink(supports=terms(supports=["one"]).supports or [])),
        ("owner", acts.RetractCompletion(reason=why())),
        # What ends a goal comes last: see `_LIVELY`.
        ("sponsor", acts.DeclareSatisfied()),
        ("owner", acts.WithdrawPromise(reason=why(), mitigation="ask ben")),
        ("sponsor", acts.Cancel(reason=why())),
        ("owner", acts.Decline(reason=why())),
        ("sponsor", acts.Release(reason=why())),
        ("sponsor", acts.CloseBroken(reason=why())),
    )
    return table[kind]


#: How many things `_said` knows, and how many of them keep a goal going.
_KIND_COUNT = 38
_ONGOING_KIND_COUNT = 32
#: From this number on something is said about people instead.
_ABOUT_PEOPLE = 8
#: And from this one on about the team's charter.
_ABOUT_CHARTER = 12


#: What is said about team core's charter, and by whom.
_CHARTER_ACTS: tuple[tuple[str, Any], ...] = (
    (
        "ana",
        charters.ProposePurpose(
            of="core", text="", to_team="ease", to_clients="trust", to_organisation="growth", reason=why()
        ),
    ),
    ("lea", charters.AdoptPurpose(of="core")),
    ("lea", charters.AdoptNonNegotiable(of="core", non_negotiable="kind", text="We are kind")),
    ("lea", charters.AdoptNonNegotiable(of="core", text="We are open")),
    ("lea", charters.ReviseNonNegotiable(of="core", non_negotiable="kind", text="We are clear", reason=why())),
    ("lea", charters.RetireNonNegotiable(of="core", non_negotiable="kind", reason=why())),
    ("lea", charters.PutInForce(of="core")),
    ("ben", charters.Acknowledge(of="core", non_negotiable="kind", version=1)),
    ("ben", charters.Acknowledge(of="core", non_negotiable="kind", version=2)),
    (
        "sam",
        charters.RaiseBreach(
            of="core", non_negotiable="kind", about=charters.EventReference(goal="one"), text="No word"
        ),
    ),
    ("sam", charters.AgreeRepair(of="core", text="We ask first")),
    ("lea", charters.GrantFreedom(of="core", freedom="tools", text="We choose our tools", purpose_version=1)),
    ("lea", charters.SetRitual(of="core", ritual="standup", name="Standup", mode="sync", cadence_days=1, minutes=15)),
    ("lea", charters.ChangeRitual(of="core", ritual="standup", mode="async")),
    ("stella", charters.Review(of="core")),
)


class Step:
    """One draw: who says what about which goal, after how many hours, told how many hours late."""

    def __init__(self, draw: tuple[int, int, int, int, int]) -> None:
        self.kind, self.goal, self.number, self.hours, self.late = draw

    def apply(self, story: Story) -> None:
        """Say the first thing from `kind` on that the rules allow just then."""
        when = story.now + timedelta(hours=self.hours)
        if self.number >= _ABOUT_PEOPLE:
            with suppress(Refusal):
                (self._act_on_charter if self.number >= _ABOUT_CHARTER else self._act_on_people)(story, when)
            return
        for kind in (self.kind, *(n % _ONGOING_KIND_COUNT for n in range(self.kind, self.kind + _ONGOING_KIND_COUNT))):
            with suppress(Refusal):
                self._act_on_goal(story, when, *_act_of_kind(kind, self.number))
                return

    def _act_on_goal(self, story: Story, when: datetime, side: str, act: Any) -> None:
        goal = _GOALS[self.goal]
        # The third goal is one that Ana sets herself.
        sponsor = "ana" if goal == "three" else "sam"
        by = {"owner": "ana", "sponsor": sponsor}.get(side, side)
        if goal == "three" and isinstance(act, acts.Offer | acts.Request):
            act = type(act)(title="A goal", owner="ana", sponsor="ana", team="core", terms=act.terms, reason=why())
        if self.late:
            story.says(by, act, on=goal, at=when - timedelta(hours=self.late * 7), learnt=when)
        else:
            story.says(by, act, on=goal, at=when)

    def _act_on_charter(self, story: Story, when: datetime) -> None:
        """Something that moves team core's charter, or somebody's word on it, perhaps told late."""
        by, act = _CHARTER_ACTS[self.kind % len(_CHARTER_ACTS)]
        if isinstance(act, charters.ProposePurpose):
            act = msgspec.structs.replace(act, text=f"So that {self.kind} do not wait", until=when.date())
        late = timedelta(hours=self.late * 7)
        story.says(by, act, on="core", at=when - late, learnt=when)

    def _act_on_people(self, story: Story, when: datetime) -> None:
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
    st.integers(1, _KIND_COUNT - 1),
    st.integers(0, 2),
    st.integers(0, 14),
    st.sampled_from([0, 1, 5, 20, 90]),
    st.sampled_from([0, 0, 0, 1, 9, 30]),
)
#: Draws of a history; see `story_of`.
steps = st.lists(_step, max_size=40)


def story_of(draws: list[tuple[int, int, int, int, int]]) -> Story:
    """The history that these draws tell."""
    story = Story(begins="2026-03-01")
    for goal in _GOALS[:2]:
        story.says("ana", offer(start=date(2026, 3, 1), due=date(2026, 3, 20)), on=goal)
    story.says("sam", acts.Accept(), on="one")
    story.says("lea", charters.AdoptNonNegotiable(of="core", non_negotiable="kind", text="We care"), on="core")
    for draw in draws:
        Step(draw).apply(story)
    story.sweep(story.now + timedelta(days=3))
    return story
