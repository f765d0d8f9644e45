"""Random acts by random parties at random times: what must hold of every history, whoever said what and when.

The numbers are those of the invariants of the domain. `HYPOTHESIS_PROFILE=campaign` tells many more and longer stories.
"""

from __future__ import annotations

import os
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from domain.envelope import RecordedEvent, Source, by_business_time
from domain.errors import Refusal
from domain.goal import events as e
from domain.goal import timers
from domain.goal.acts import ACTS
from domain.goal.agreement import TERMINAL, TRANSITIONS, allowed_acts
from domain.goal.evolve import evolve
from domain.goal.state import PROMISED_STATES, Ended, Goal, Promised, without_statements
from domain.load import week_loads, worst_week
from domain.member.member import DeclareAbsence, DeclareCapacity, Leave
from domain.quantities import to_fraction
from domain.registry import AGGREGATES, to_commitment
from domain.terms import Terms
from tests.domain.random_acts import GOALS, PEOPLE, ActGenerator
from tests.spec import Story, offer

CAMPAIGN = os.environ.get("HYPOTHESIS_PROFILE") == "campaign"
SETTINGS = settings(
    max_examples=5_000 if CAMPAIGN else 150,
    stateful_step_count=120 if CAMPAIGN else 60,
    deadline=None,
)

COSMETIC_EVENTS = (*e.BACK_DATABLE, e.CheckInDue, e.ResponseReminded)
GOAL = msgspec.json.Decoder(Goal)
_ZONES = ["UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles"]
#: What a step does beyond its rule: one number, from which everything else is drawn.
_SEEDS = st.integers(0, 2**32 - 1)


class Conversations(RuleBasedStateMachine):
    """Three goals, six people, one clock."""

    story: Story

    @initialize(
        zone=st.sampled_from(_ZONES),
        policy=st.fixed_dictionaries(
            {},
            optional={
                "require_trade_off": st.just(value=True),
                "tolerance_days": st.integers(1, 10),
                "deem_satisfied": st.just(value=True),
                "give_up_days": st.integers(5, 30),
            },
        ),
    )
    def begin(self, zone: str, policy: dict[str, Any]) -> None:
        self.story = Story(zone=zone, policy=policy)
        self.story.says("ana", offer(), on="g1")

    @rule(seed=_SEEDS)
    def a_goal_is_begun(self, seed: int) -> None:
        new = [goal for goal in GOALS if self.story.state(goal) is None]
        if new:
            chance = Random(seed)
            name = chance.choice(["offer", "offer", "request", "request", "draft"])
            self.say(seed, new[0], name, chance.choice(PEOPLE))

    @rule(seed=_SEEDS)
    def an_open_question_is_answered(self, seed: int) -> None:
        """The acts that lead on, so that stories get far."""
        leading = {"promise", "accept", "request", "offer", "propose_change", "counter_change", "accept_change", "join"}
        self.say_one(seed, leading)

    @rule(seed=_SEEDS)
    def somebody_keeps_in_communication(self, seed: int) -> None:
        self.say_one(seed, {act for act in ACTS if not TERMINAL & ends(act)})

    @rule(seed=_SEEDS)
    def somebody_says_what_the_agreement_allows(self, seed: int) -> None:
        self.say_one(seed, set(ACTS))

    @rule(seed=_SEEDS)
    def anybody_says_anything(self, seed: int) -> None:
        chance = Random(seed)
        self.say(seed, chance.choice(GOALS), chance.choice(sorted(ACTS)), chance.choice(PEOPLE))

    @rule(days=st.integers(1, 40))
    def time_passes(self, days: int) -> None:
        before = self.story.states_by_stream()
        for recorded in self.story.sweep(self.story.now + timedelta(days=days)):
            assert Source.TIMER is recorded.source
            assert (None, None) == (recorded.actor, recorded.on_behalf_of)
        self.check_moved(before)

    @rule(seed=_SEEDS)
    def somebodys_days_change(self, seed: int) -> None:
        chance, today = Random(seed), self.story.now.date()
        first = today + timedelta(days=chance.randint(-10, 10))
        away = DeclareAbsence(from_=first, to=first + timedelta(days=chance.choice([0, 4, 40])))
        hours = DeclareCapacity(hours_per_week=chance.choice([0, 16, 32, 40]), from_=today)
        leaves = [Leave()] if chance.random() < 0.1 else []
        try:
            self.story.says(chance.choice(PEOPLE), chance.choice([away, hours, *leaves]))
        except Refusal:
            return

    # --- telling ------------------------------------------------------------------------------------------------

    def say_one(self, seed: int, wanted: set[str]) -> None:
        """One of the wanted acts by somebody whose role has it, about a goal where there is one."""
        found: dict[str, list[tuple[str, str]]] = {}
        for goal in GOALS:
            state = self.story.state(goal)
            for name in PEOPLE if state is not None else ():
                for act in allowed_acts(state.state, self.roles(state, name)):
                    if act in wanted:
                        found.setdefault(act, []).append((goal, name))
        if found:
            chance = Random(seed)
            act = chance.choice(sorted(found))
            goal, by = chance.choice(found[act])
            self.say(seed, goal, act, by)

    def roles(self, state: Goal, name: str) -> frozenset[str]:
        me = self.story.id(name)
        held = {"owner": state.owner, "sponsor": state.sponsor, "steward": self.story.id("stella")}
        if isinstance(state, Promised):
            changes = state.proposal.changes if state.proposal else e.Diff()
            mediator = state.delivery.mediator if state.delivery else None
            held |= {"mediator": mediator, "new_party": changes.owner}
            if any(need.addressee == me for need in state.needs):
                held["addressee"] = me
            if me == changes.sponsor:
                held["new_party"] = me
        return frozenset(role for role, who in held.items() if who == me)

    def say(self, seed: int, goal: str, name: str, by: str) -> None:
        """Mostly within the next hours, now and then days later, or learnt only after it was said."""
        chance = Random(seed + 1)
        act = ActGenerator(seed, self.story, goal, by).generate(name)
        gap = (
            timedelta(days=chance.randint(1, 9))
            if chance.random() < 0.15
            else timedelta(minutes=chance.randint(0, 180))
        )
        at, learnt = self.story.now + gap, None
        if chance.random() < 0.2:
            late = chance.choice([gap, timedelta(hours=chance.randint(1, 60)), timedelta(days=chance.randint(1, 40))])
            at, learnt = self.story.now - late, self.story.now + timedelta(minutes=1)
        as_written = chance.random() < 0.03
        before, length = self.story.states_by_stream(), len(self.story.events)
        told = msgspec.json.encode(self.story.state(goal))
        try:
            recorded = self.story.says(by, act, on=goal, at=at, learnt=learnt, as_written=as_written)
        except Refusal:
            # 2: nothing is recorded, and what was known is untouched.
            assert (length, before) == (len(self.story.events), self.story.states_by_stream())
            assert told == msgspec.json.encode(self.story.state(goal))
            return
        self.check_moved(before)
        self.check_load(before, recorded)

    # --- what must hold -----------------------------------------------------------------------------------------

    def check_moved(self, before: dict[tuple[str, Any], Any]) -> None:
        for key, state in self.story.states_by_stream().items():
            if key[0] == "goal" and state is not before.get(key):
                stream = [r for r in self.story.events if r.stream_id == key[1]]
                check_history(stream, state)
                check_clock(self.story, state)

    def check_load(self, before: dict[tuple[str, Any], Any], recorded: list[RecordedEvent]) -> None:
        """7: no act takes an owner over the line unpriced, where the policy asks for a price."""
        for r in recorded:
            taken = getattr(r.data, "taken_as", None)
            if taken is None or not self.story.world(r.stream_id, r.occurred_at).policy.policy.require_trade_off:
                continue
            assert "unpriced" != taken.how
            if taken.how in ("slack", "within_line", "relief") and not isinstance(r.data, e.HandOverJoined):
                assert not self.overloads(before, r), r

    def overloads(self, before: dict[tuple[str, Any], Any], r: RecordedEvent) -> bool:
        """Whether the owner's fullest week up to the due is over the line, and fuller than it was."""
        goal: Promised = self.story.states_by_stream()[("goal", r.stream_id)]
        world = self.story.world(r.stream_id, r.occurred_at)
        member = world.member(goal.owner)
        assert member is not None

        def worst(states: dict[tuple[str, Any], Any]) -> tuple[bool, Any]:
            book = [c for s in states.values() if getattr(s, "owner", None) == goal.owner and (c := to_commitment(s))]
            loads = week_loads(book, member.capacities, member.absences, world.policy.policy, world.today)
            found = worst_week(loads, world.today, max(goal.terms.due, world.today))
            assert found is not None
            return found.ratio is None, found.ratio or 0

        now, was = worst(self.story.states_by_stream()), worst(before)
        return (now[0] or now[1] > to_fraction(world.policy.policy.load_red)) and now > was

    def teardown(self) -> None:
        for goal in GOALS if hasattr(self, "story") else ():
            check_any_order(self.story.stream(goal))
            check_postponed(self.story, self.story.stream(goal))


def ends(act: str) -> frozenset[str]:
    """The states to which this act can lead."""
    return frozenset(t.to for t in TRANSITIONS if t.act == act)


def check_history(stream: list[RecordedEvent], state: Goal) -> None:
    """1, 3, 4, 6, 8 for one goal: computed from its events alone, in the order in which they happened."""
    folded: Goal | None = None
    for recorded in sorted(stream, key=by_business_time):
        folded = evolve(folded, recorded)
    assert folded is not None
    assert without_versions(folded) == without_versions(state)
    assert len(stream) == state.version
    stored = without_statements(state)
    assert stored == GOAL.decode(msgspec.json.encode(stored))
    assert [*range(1, len(stream) + 1)] == [r.version for r in stream]
    moving = [
        r.occurred_at for r in stream if not isinstance(r.data, (*e.BACK_DATABLE, e.CheckInDue, e.ResponseReminded))
    ]
    assert sorted(moving) == moving
    promised = state.promised if isinstance(state, Ended) else state if isinstance(state, Promised) else None
    if promised is not None:
        check_terms(stream, promised)
        check_consent(stream, promised)
    else:
        assert state.state not in PROMISED_STATES


def without_versions(goal: Goal) -> Goal:
    """The goal as it is stored but for the number of its last event: of a late one it is not the last in time."""
    if isinstance(goal, Ended) and goal.promised is not None:
        promised = without_statements(msgspec.structs.replace(goal.promised, version=0))
        goal = msgspec.structs.replace(goal, promised=promised)
    return without_statements(msgspec.structs.replace(goal, version=0))


def apply_changes(terms: Terms, changes: e.Diff) -> Terms:
    """The terms with what the diff names put in their place; owner, sponsor and pause are no terms."""
    named = {n: v for n in Terms.__struct_fields__ if (v := getattr(changes, n, None)) is not None}
    return msgspec.structs.replace(terms, **named)


def check_terms(stream: list[RecordedEvent], promised: Promised) -> None:
    """3: the terms in force are those agreed, and every accepted diff since; old terms hold until then."""
    terms: Terms | None = None
    owner = sponsor = None
    proposals: dict[Any, e.Diff] = {}
    for r in stream:
        match r.data:
            case e.GoalRequested() | e.GoalOffered() as opened:
                terms, owner, sponsor = opened.terms, opened.owner, opened.sponsor
            case e.GoalCountered() as counter:
                terms = counter.terms
            case e.GoalPromised() | e.GoalAccepted():
                assert promised.first_terms == terms
            case e.ChangeProposed() | e.ChangeCountered() as proposal:
                proposals[r.event_id] = proposal.changes
            case e.ChangeAccepted() as accepted:
                assert terms is not None
                changes = proposals[accepted.answers]
                terms = apply_changes(terms, changes)
                owner, sponsor = changes.owner or owner, changes.sponsor or sponsor
            case e.Unlinked() as unlinked:
                assert terms is not None
                kept = tuple(s for s in terms.supports if s not in unlinked.supports)
                terms = msgspec.structs.replace(terms, supports=kept)
            case e.SponsorReassigned() as reassigned:
                sponsor = reassigned.sponsor
    assert (terms, owner, sponsor) == (promised.terms, promised.owner, promised.sponsor)


def check_consent(stream: list[RecordedEvent], promised: Promised) -> None:
    """4 and 6: the owner promised in person; each change has a reason and both parties' acts."""
    by_id = {r.event_id: r for r in stream}
    sides: dict[str, Any] = {}
    for r in stream:
        match r.data:
            case e.GoalRequested() | e.GoalOffered() as opened:
                sides = {"owner": opened.owner, "sponsor": opened.sponsor}
            case e.GoalPromised():
                assert sides["owner"] == r.party
            case e.GoalAccepted() as accepted:
                answered = by_id[accepted.answers]
                assert isinstance(answered.data, e.GoalOffered | e.GoalCountered)
                assert (sides["owner"], sides["sponsor"]) == (answered.party, r.party)
            case e.ChangeProposed() | e.ChangeCountered() as proposal:
                assert sides[proposal.by] == r.party
            case e.ChangeAccepted():
                changes = check_change(stream, by_id, r, sides)
                sides = {"owner": changes.owner or sides["owner"], "sponsor": changes.sponsor or sides["sponsor"]}
            case e.SponsorReassigned() as reassigned:
                sides["sponsor"] = reassigned.sponsor
    assert sides == {"owner": promised.owner, "sponsor": promised.sponsor}


def check_change(
    stream: list[RecordedEvent], by_id: dict[Any, RecordedEvent], r: RecordedEvent, sides: dict[str, Any]
) -> e.Diff:
    """6: a reason in words, the consent of the side that did not propose, and of whoever is named."""
    accepted = r.data
    assert isinstance(accepted, e.ChangeAccepted)
    recorded = by_id[accepted.answers]
    proposal = recorded.data
    assert isinstance(proposal, e.ChangeProposed | e.ChangeCountered)
    assert recorded.reason is not None
    assert recorded.reason.text.strip()
    if accepted.self_accepted and sides["owner"] != sides["sponsor"]:
        # Within the policy's tolerance: a due date alone.
        assert e.Diff(due=proposal.changes.due) == proposal.changes
    elif sides["owner"] != sides["sponsor"]:
        assert accepted.by != proposal.by
        if accepted.for_departed:
            # A steward's word for one who is gone takes the place of that one alone, and only for who has joined.
            assert getattr(proposal.changes, accepted.by) not in (None, sides[accepted.by])
        else:
            assert sides[accepted.by] == r.party
    since = stream[stream.index(recorded) :]
    agreed = {x.data.member for x in since if isinstance(x.data, e.HandOverJoined)} | {recorded.party, r.party}
    for role, named in (("owner", proposal.changes.owner), ("sponsor", proposal.changes.sponsor)):
        assert named in (None, sides[role]) or named in agreed
    return proposal.changes


def check_clock(story: Story, state: Goal) -> None:
    """The index of timers is never late: nothing falls due before the instant that it names."""
    aggregate = AGGREGATES["goal"]
    later = story.now + timedelta(days=400)
    world = story.world(state.id, later, source=Source.TIMER)
    fact = aggregate.next_due_timer(state, world)
    rings = aggregate.index_entry(state).next_timer_at
    if state.state in TERMINAL or state.state == "draft":
        assert (None, None) == (fact, rings)
    if fact is not None:
        assert rings is not None
        assert rings <= fact.occurred_at <= later
        assert state.moved_at <= fact.occurred_at


def check_postponed(story: Story, stream: list[RecordedEvent]) -> None:
    """The index of timers need not be told of what only postpones them: none is due earlier than it would have been.

    A timer that fell due without a sweep counts too: where an event forestalls it, the index still holds that instant.
    """
    before: Goal | None = None
    for recorded in stream:
        after = evolve(before, recorded)
        if before is not None and timers.timer_only_postponed(before, after):
            world = story.world(recorded.stream_id, before.opened_at, source=Source.TIMER)
            due, moved = timers.next_timer_at(before, world), timers.next_timer_at(after, world)
            assert moved is None or (due is not None and due <= moved)
        before = after


def check_any_order(stream: list[RecordedEvent]) -> None:
    """1: a fold never fails, in the order of the log, of business time, backwards, or with any one event missing."""
    orders = [stream[::-1], sorted(stream, key=lambda r: (r.occurred_at, r.version))]
    orders += [stream[:i] + stream[i + 1 :] for i in range(len(stream))]
    for order in orders:
        folded: Goal | None = None
        for recorded in order:
            folded = evolve(folded, recorded)


Conversations.TestCase.settings = SETTINGS
TestConversations = pytest.mark.timeout(3600 if CAMPAIGN else 420)(Conversations.TestCase)
