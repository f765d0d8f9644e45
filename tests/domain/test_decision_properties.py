"""Random acts about a decision by random people at random times: what must hold whoever said what and when."""

from __future__ import annotations

import os
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decision import acts as a
from domain.decision import events as e
from domain.decision import timers
from domain.decision.evolve import evolve
from domain.decision.state import Decision
from domain.envelope import RecordedEvent, Source
from domain.errors import Refusal
from domain.member.member import DeclareAbsence, Leave
from tests.domain.decisions import question
from tests.spec import Story, why

PEOPLE = ("ana", "ben", "sam", "mia", "lea", "stella", "gus")
DECIDERS = ("ana", "ben", "mia")
RULES = (
    e.Fallback(rule="status_quo"),
    e.Fallback(rule="option", option="o1"),
    e.Fallback(rule="lead_decides"),
)
SETTINGS = settings(
    max_examples=2_000 if os.environ.get("HYPOTHESIS_PROFILE") == "campaign" else 150,
    deadline=None,
)
STEPS = st.lists(st.integers(0, 2**32 - 1), min_size=5, max_size=60)


class DecisionRun:
    """One question, seven people, one clock; every step is checked."""

    def __init__(self, seed: int) -> None:
        chance = Random(seed)
        self.story = Story(zone=chance.choice(["UTC", "Pacific/Auckland", "America/Los_Angeles"]))
        self.story.says(
            "ana",
            question(
                deciders=list(DECIDERS[: chance.randint(1, 3)]),
                deadline=self.story.now + timedelta(days=chance.randint(1, 20)),
                fallback=chance.choice(RULES),
                status_quo=chance.choice(["o2", None]),
                team=chance.choice(["core", None]),
            ),
        )

    @property
    def decision(self) -> Decision:
        state: Decision = self.story.state("decision", "decision")
        return state

    def step(self, seed: int) -> None:
        chance = Random(seed)
        roll = chance.random()
        if roll < 0.1:
            self.time_passes(timedelta(hours=chance.choice([1, 12, 50, 200, 800])))
        elif roll < 0.15:
            self.somebody_goes(chance)
        else:
            self.somebody_says(chance)

    def time_passes(self, span: timedelta) -> None:
        self.check([(self.decision, r) for r in self.story.sweep(self.story.now + span) if r.kind == "decision"])
        assert self.story.now < self.decision.deadline or self.decision.state != "open"

    def somebody_goes(self, chance: Random) -> None:
        today = self.story.now.date()
        away: Any = DeclareAbsence(from_=today, to=today + timedelta(days=chance.choice([0, 4, 20])))
        try:
            self.story.says(chance.choice(PEOPLE), chance.choice([away, away, Leave()]))
        except Refusal:
            return

    def somebody_says(self, chance: Random) -> None:
        before, length = self.decision, len(self.story.events)
        at = self.story.now + timedelta(minutes=chance.choice([0, 1, 90, 1440]))
        try:
            recorded = self.story.says(chance.choice(PEOPLE), self.act(chance), at=at)
        except Refusal:
            assert length == len(self.story.events)
            assert before == self.decision
            return
        states: list[tuple[Decision, RecordedEvent]] = []
        state = before
        for event in recorded:
            states.append((state, event))
            state = self.fold(state, event)
        self.check(states)

    def act(self, chance: Random) -> Any:
        option = chance.choice(["o1", "o1", "o1", "o2", "o3"])
        open_ones = [str(o.id) for o in self.decision.open_objections]
        worded = self.decision.wording_event(option)
        later = self.story.now + timedelta(days=chance.randint(1, 30))
        return chance.choice(
            [
                *[a.Consent(option=option, answers=chance.choice([None, str(worded), str(worded)]))] * 5,
                a.RaiseObjection(option=option, text="not safe enough"),
                a.IntegrateObjection(how="otherwise", objection=chance.choice([None, *open_ones])),
                a.WithdrawObjection(objection=chance.choice([None, *open_ones])),
                a.SharePerspective(text="as I see it", option=chance.choice([None, option])),
                a.Decide(option=chance.choice([None, option])),
                a.SetReview(on=later.date()),
                a.Review(next=chance.choice([None, later.date()])),
                a.Reopen(deadline=later, reason=chance.choice([None, why()])),
            ]
        )

    def fold(self, state: Decision, event: RecordedEvent) -> Decision:
        after = evolve(state, event)
        assert after is not None
        assert after == msgspec.json.decode(msgspec.json.encode(after), type=Decision)
        return after

    def check(self, told: list[tuple[Decision, RecordedEvent]]) -> None:
        for before, event in told:
            match event.data:
                case e.Consented():
                    assert event.occurred_at < before.deadline
                    assert event.party in before.deciders
                case e.Decided(by="consent", option=option):
                    self.has_consent(before, option, event)
                case e.Decided(by="lead"):
                    assert "with_lead" == before.state
                    assert before.fallback.rule == "lead_decides"
                case e.Decided(by="fallback", option=option):
                    assert Source.TIMER is event.source
                    assert option == (before.fallback.option or before.status_quo)
                    assert event.occurred_at >= before.deadline
        self.check_timers()

    def has_consent(self, before: Decision, option: str | None, event: RecordedEvent) -> None:
        """Everybody who decides and is still there consents to it, and nobody objects."""
        members = {d: self.story.reader.state(self.story.organisation_id, "member", d) for d in before.deciders}
        there = {
            d
            for d, member in members.items()
            if member is not None and (member.left_at is None or member.left_at > event.occurred_at)
        }
        assert there
        assert there <= {c.decider for c in before.consents if c.option == option}
        assert option not in {o.option for o in before.open_objections}
        assert event.occurred_at < before.deadline or (event.occurred_at, event.source) == (
            before.deadline,
            Source.TIMER,
        )

    def check_timers(self) -> None:
        """What the ledger keeps in its index is never later than the clock itself."""
        decision = self.decision
        world = self.story.world(decision.id, self.story.now, source=Source.TIMER)
        ring, bound = timers.next_timer_at(decision, world), timers.index_entry(decision).next_timer_at
        assert ring is None or (bound is not None and bound <= ring)


@SETTINGS
@given(seed=st.integers(0, 2**32 - 1), steps=STEPS)
def test_whatever_is_said_only_consent_the_lead_or_the_deadline_decides(seed: int, steps: list[int]) -> None:
    talk = DecisionRun(seed)
    for step in steps:
        talk.step(step)


@SETTINGS
@given(seed=st.integers(0, 2**32 - 1), steps=STEPS)
def test_told_in_any_order_no_event_breaks_the_fold(seed: int, steps: list[int]) -> None:
    talk = DecisionRun(seed)
    for step in steps:
        talk.step(step)
    stream = talk.story.stream("decision", "decision")
    Random(seed).shuffle(stream)

    state: Decision | None = None
    for event in stream:
        state = evolve(state, event)

    assert isinstance(state, Decision)


def test_random_talks_reach_every_end() -> None:
    """Or the properties above would hold of nothing."""
    seen: set[str] = set()
    for seed in range(60):
        talk, chance = DecisionRun(seed), Random(seed)
        for _ in range(60):
            talk.step(chance.randrange(2**32))
        seen |= {f"{type(r.data).__name__} {getattr(r.data, 'by', '')}".strip() for r in talk.story.events}

    assert {"Decided consent", "Decided lead", "Decided fallback", "Reopened", "ObjectionIntegrated"} <= seen
    assert {"ObjectionWithdrawn", "PassedToLead", "Reviewed", "PerspectiveShared"} <= seen
