"""Charters under random acts, told in order and late: what holds whatever people say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.charter import acts as a
from domain.charter import events as e
from domain.charter.evolve import evolve
from domain.charter.state import MAX_NON_NEGOTIABLES, MIN_NON_NEGOTIABLES, Charter
from domain.envelope import RecordedEvent
from domain.errors import Refusal
from projections.engine.versions import compute_versions
from tests.domain.charters import WHY, story_with_charter
from tests.spec import Story, offer, why

NAMES = ("tested", "kind", "open", "calm", "brief", "bold", "late")

#: A draw of this kind: a day passes, and with it time-boxes.
NIGHT = 17

step = st.tuples(
    st.integers(0, 17),
    st.sampled_from(NAMES),
    st.sampled_from(["lea", "ana", "ben", "stella"]),
    st.integers(0, 3),
    # Minutes before now; behind what was recorded last it is an import.
    st.sampled_from([0, 0, 0, 0, 3, 60 * 24]),
)
#: Draws of a history; see `Chartered`.
steps = st.lists(step, max_size=60)


class CharterRun:
    """Team core, whose charter begins empty or in force, and what these draws say to it."""

    def __init__(self, draws: list[tuple[int, str, str, int, int]], *, begun: bool) -> None:
        self.story = story_with_charter() if begun else Story()
        self.story.says("ana", offer())
        self.refused = 0
        for draw in draws:
            self.apply(*draw)

    def apply(self, kind: int, name: str, by: str, number: int, late: int) -> None:
        if kind == NIGHT:
            self.story.sweep(self.story.now + timedelta(days=1))
            return
        before = (len(self.story.events), self.state)
        now = self.story.now + timedelta(minutes=1)
        try:
            self.story.says(by, self.act(kind, name, number), on="core", at=now - timedelta(minutes=late), learnt=now)
        except Refusal:
            self.refused += 1
            assert before == (len(self.story.events), self.state)

    @property
    def state(self) -> Charter | None:
        found: Charter | None = self.story.state("core", "charter")
        return found

    @property
    def events(self) -> list[RecordedEvent]:
        return self.story.stream("core", "charter")

    def act(self, kind: int, name: str, number: int) -> Any:
        known = self.state
        current = known.purpose.version if known is not None and known.purpose is not None else 1
        acts: list[Any] = [
            a.ProposePurpose(text=name, **WHY, until=self.story.now.date(), reason=why(), ref=name),
            a.AdoptPurpose(proposal=name),
            a.AdoptNonNegotiable(non_negotiable=name, text=f"We are {name}"),
            a.AdoptNonNegotiable(non_negotiable=f"{name}-{number}", text=f"We are {name}"),
            a.ReviseNonNegotiable(non_negotiable=name, text=f"We are {name} {number}", reason=why()),
            a.RetireNonNegotiable(non_negotiable=name, reason=why()),
            a.RetireNonNegotiable(non_negotiable=f"{name}-{number}", reason=why()),
            a.PutInForce(),
            a.Acknowledge(non_negotiable=name, version=number + 1),
            a.RaiseBreach(non_negotiable=name, about=a.EventReference(goal="goal"), text="It went wrong", ref=name),
            a.AgreeRepair(breach=name, text="We talked"),
            a.GrantFreedom(freedom=name, text="Ours", purpose_version=current - number // 3),
            a.WithdrawFreedom(freedom=name, reason=why()),
            a.SetRitual(ritual=name, name=name, mode="sync", cadence_days=number + 1, minutes=15),
            a.ChangeRitual(ritual=name, minutes=number),
            a.EndRitual(ritual=name),
            a.Review(),
        ]
        # A charter that begins is told whose it is.
        return msgspec.structs.replace(acts[kind], of=None if number else "core")


def within_framework(state: Charter) -> bool:
    """A charter in force has 3..5 non-negotiables and a purpose; any has 5 at most."""
    count = len(state.non_negotiables_in_force)
    if state.in_force_since is None:
        return count <= MAX_NON_NEGOTIABLES
    return MIN_NON_NEGOTIABLES <= count <= MAX_NON_NEGOTIABLES and state.purpose is not None


@settings(max_examples=150, deadline=None)
@given(steps, st.booleans())
def test_a_charter_in_force_has_three_to_five_non_negotiables_at_any_time_under_any_belief(
    draws: Any, begun: bool
) -> None:
    told = CharterRun(draws, begun=begun)

    state: Charter | None = None
    for event in told.events:
        state = evolve(state, event)
        assert state is not None
        assert within_framework(state)
    assert [] == [v.state for v in compute_versions(told.events, evolve) if not within_framework(v.state)]


@settings(max_examples=150, deadline=None)
@given(steps, st.booleans(), st.randoms(use_true_random=False))
def test_the_fold_never_fails_in_whatever_order_it_is_told(draws: Any, begun: bool, chance: Any) -> None:
    events = CharterRun(draws, begun=begun).events
    chance.shuffle(events)

    state: Charter | None = None
    for event in events:
        state = evolve(state, event)

    assert (state is None) == (events == [])


@settings(max_examples=100, deadline=None)
@given(steps, st.booleans())
def test_every_freedom_served_the_purpose_that_was_in_force_when_it_was_granted(draws: Any, begun: bool) -> None:
    version = 0
    for recorded in CharterRun(draws, begun=begun).events:
        match recorded.data:
            case e.PurposeAdopted() | e.PurposeRevised():
                assert version + 1 == recorded.data.version
                version = recorded.data.version
            case e.FreedomGranted():
                assert version == recorded.data.purpose_version


@settings(max_examples=100, deadline=None)
@given(steps, st.booleans())
def test_an_acknowledgement_is_of_the_version_that_stood_then(draws: Any, begun: bool) -> None:
    events = CharterRun(draws, begun=begun).events

    for said in (r for r in events if isinstance(r.data, e.Acknowledged)):
        stood = [
            r.data.version
            for r in events
            if isinstance(r.data, e.NonNegotiableAdopted | e.NonNegotiableRevised)
            and r.data.non_negotiable == said.data.non_negotiable  # type: ignore[attr-defined]
            and r.occurred_at <= said.occurred_at
        ]
        assert max(stood) == said.data.version  # type: ignore[attr-defined]


@pytest.mark.parametrize("begun", [True, False])
def test_random_histories_of_charters_are_not_empty(begun: bool) -> None:
    """The draws reach what they are meant to reach."""
    draws = [
        *((2, name, "lea", 1, 0) for name in NAMES),
        (0, "kind", "ana", 0, 0),
        (5, "kind", "lea", 1, 0),
        (8, "open", "ana", 0, 0),
        (9, "open", "ana", 0, 0),
        (10, "open", "ben", 0, 0),
        (13, "kind", "lea", 1, 0),
        (16, "kind", "stella", 1, 60 * 24),
        (NIGHT, "kind", "lea", 1, 0),
        (1, "kind", "lea", 1, 0),
        (11, "kind", "lea", 1, 0),
    ]

    told = CharterRun([(0, "kind", "ana", 0, 0), *draws], begun=begun)

    kinds = {type(r.data) for r in told.events}
    wanted = {e.NonNegotiableAdopted, e.NonNegotiableRetired, e.Acknowledged, e.BreachRaised, e.RepairAgreed}
    assert wanted | {e.RitualSet, e.Reviewed, e.PurposeProposed, e.FreedomGranted} <= kinds
    assert told.refused > 0
