"""One order: whatever is recorded late, decisions read the state that the facts make in the order of their happening.

The views fold a stream in business order. What the decider comes to, event by event, must be the same after each.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.charter import acts as c
from domain.envelope import RecordedEvent, by_business_time
from domain.errors import Refusal
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal.state import Ended, Goal, without_statements
from domain.goal.statements import MAX_STATEMENTS
from domain.organisation import organisation
from domain.registry import AGGREGATES
from domain.terms import MeasureInput
from projections.engine.aggregates import fold_stream
from tests.domain.charters import story_with_charter
from tests.domain.random_acts import ActGenerator
from tests.spec import Story, offer, why

FACTS = ("check_in", "check_in", "record_value", "feedback", "take_back")
MOVES = (
    *("propose_change", "propose_change", "accept_change", "accept_change", "reject_change", "join", "counter_change"),
    *("raise_blocker", "resolve_blocker", "answer_need", "affirm", "affirm_link", "unlink", "retitle", "resume"),
    *("declare_complete", "retract_completion", "reject_delivery", "reassign_sponsor"),
)
ENDS = ("withdraw_promise", "cancel", "release", "declare_satisfied", "close_broken")
PARTIES = ("ana", "ben", "sam", "stella")


def business_order(stream: list[RecordedEvent]) -> Any:
    """What the views make of a stream."""
    state = None
    for recorded in sorted(stream, key=by_business_time):
        state = AGGREGATES[recorded.kind].evolve(state, recorded)
    return as_stored(state)


def as_stored(state: Any) -> Any:
    """The state without the number of its last event, which of a late one is not the last in time."""
    if isinstance(state, Ended) and state.promised is not None:
        state = msgspec.structs.replace(state, promised=msgspec.structs.replace(state.promised, version=0))
    if isinstance(state, Goal):
        state = without_statements(state)
    return msgspec.structs.replace(state, version=0) if hasattr(state, "version") else state


def check_one_order(story: Story, ref: str = "goal", kind: str = "goal") -> Any:
    """Assert that decisions, the views and the doctor's comparison of the two have one state; it."""
    state, stream = story.state(ref, kind), story.stream(ref, kind)
    assert business_order(stream) == as_stored(state)
    assert as_stored(state) == as_stored(fold_stream(AGGREGATES[kind].evolve, stream))
    assert len(stream) == getattr(state, "version", len(stream))
    return state


def promised_story(**terms: Any) -> Story:
    """ana promises sam on 6 January to read ten pages."""
    story = Story(begins="2026-01-05")
    measure = MeasureInput(kind="number", baseline=0, target=10)
    story.says("ana", offer(due=date(2026, 3, 20), measure=measure, **terms), at="2026-01-06")
    story.says("sam", a.Accept(), at="2026-01-06T10:00")
    return story


# --- histories -----------------------------------------------------------------------------------------------------


class LateHistory:
    """A promise of which much is said, a good part of it late, and an end that may come late too."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.story = promised_story()
        self.late = 0

    def step(self) -> None:
        chance = self.chance
        names = FACTS if chance.random() < 0.55 else ENDS if chance.random() < 0.03 else MOVES
        if chance.random() < 0.04:
            self.story.sweep(self.story.now + timedelta(days=chance.randint(1, 20)))
        act = ActGenerator(chance.randrange(2**32), self.story, "goal", "ana").generate(chance.choice(names))
        at, learnt = self.story.now + timedelta(minutes=chance.randint(0, 2000)), None
        if chance.random() < 0.5:
            at, learnt = self.late_instant(), self.story.now + timedelta(minutes=1)
        for party in chance.sample(PARTIES, len(PARTIES)):
            try:
                recorded = self.story.says(party, act, on="goal", at=at, learnt=learnt)
            except Refusal:
                continue
            self.late += learnt is not None and bool(recorded)
            return

    def late_instant(self) -> datetime:
        """Anywhere, mostly behind the last moving act: there another one is in order."""
        state: Goal = self.story.state()
        since = state.moved_at if self.chance.random() < 0.7 else state.opened_at
        # Now and then just then.
        return since + max(state.last_at - since, timedelta(0)) * self.chance.choice([0, 1, self.chance.random()])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 70))
def test_whatever_is_recorded_late_decisions_and_views_have_one_state_after_every_event(seed: int, steps: int) -> None:
    history = LateHistory(seed)
    for _ in range(steps):
        history.step()
        check_one_order(history.story)


def test_late_histories_are_late() -> None:
    late = [LateHistory(seed) for seed in range(5)]
    for history in late:
        for _ in range(60):
            history.step()

    assert min(history.late for history in late) >= 10


# --- one by one ------------------------------------------------------------------------------------------------------


def test_a_check_in_behind_an_end_that_is_recorded_late_is_without_meaning() -> None:
    story = promised_story()
    story.says("ana", a.CheckIn(note="half way", progress=0.5), at="2026-01-09T05:00")

    # when ana's withdrawal of the evening before is recorded after it
    withdrawn = a.WithdrawPromise(reason=why(), mitigation="ask ben")
    story.says("ana", withdrawn, at="2026-01-08T22:00", learnt="2026-01-10")

    ended = check_one_order(story)
    assert ended.promised.last_check_in is None
    assert "0" == ended.promised.progress
    assert story.last_event().event_id == ended.ended_by_event


def test_a_value_means_the_progress_by_the_measure_that_was_agreed_before_it_whenever_that_is_recorded() -> None:
    story = promised_story()
    twice = a.Changes(measure=MeasureInput(kind="number", baseline=0, target=20))
    story.says("ana", a.ProposeChange(changes=twice, reason=why()), at="2026-01-08")
    story.says("ana", a.CheckIn(value=5), at="2026-01-12")
    assert "0.5" == story.state().progress

    story.says("sam", a.AcceptChange(), at="2026-01-09", learnt="2026-01-13")

    assert "0.25" == check_one_order(story).progress
    # And a value of before it by the one that held then.
    story.says("ana", a.RecordValue(value=3), at="2026-01-08T18:00", learnt="2026-01-14")
    story.says("ana", a.TakeBackStatement(corrects=str(story.stream()[3].event_id)), at="2026-01-15")
    assert "0.3" == check_one_order(story).progress


def test_who_has_handed_the_goal_over_is_no_party_to_it_from_then_on_whenever_that_is_recorded() -> None:
    story = promised_story()
    story.says("ana", a.ProposeChange(changes=a.Changes(owner="ben"), reason=why()), at="2026-01-08")
    story.says("ben", a.Join(), at="2026-01-08T10:00")
    story.says("ana", a.CheckIn(note="still at it"), at="2026-01-12")
    said = story.last_event().event_id

    story.says("sam", a.AcceptChange(), at="2026-01-09", learnt="2026-01-13")

    promised = check_one_order(story)
    assert (story.id("ben"), story.last_event().event_id) == (promised.owner, promised.contact_event)
    assert said == promised.judged_by_event


def test_needs_and_blockers_stand_in_the_order_in_which_they_came_up() -> None:
    story = promised_story()
    for day, learnt in (("2026-01-14", "2026-01-14"), ("2026-01-12", "2026-01-15"), ("2026-01-13", "2026-01-15")):
        story.says("ana", a.CheckIn(needs=[a.NeedInput(text="a key")]), at=day, learnt=learnt)

    assert [12, 13, 14] == [need.raised_at.day for need in check_one_order(story).needs]
    no_room = a.RaiseBlocker(blocker=a.BlockerInput(text="no room"))
    for day, learnt in (("2026-01-18", "2026-01-18"), ("2026-01-18", "2026-01-19")):
        story.says("ana", no_room, at=day, learnt=learnt)
    assert 2 == len(check_one_order(story).blockers)


def test_a_check_in_from_before_a_reminder_has_a_reminder_of_its_own() -> None:
    story = promised_story(start=date(2026, 1, 5))
    cadence = timedelta(days=14)
    (first,) = story.sweep("2026-01-21T12:00")
    assert isinstance(first.data, e.CheckInDue)

    # when a check-in of the week before the reminder is recorded after it
    story.says("ana", a.CheckIn(note="half way"), at="2026-01-15", learnt="2026-01-22")

    promised = check_one_order(story)
    assert promised.promise_event == promised.reminded_of == first.causation_id
    (second,) = story.sweep("2026-01-30T12:00")
    assert isinstance(second.data, e.CheckInDue)
    assert second.occurred_at - datetime(2026, 1, 15, tzinfo=second.occurred_at.tzinfo) > cadence
    assert promised.judged_by_event == check_one_order(story).reminded_of


def test_what_is_said_late_between_many_statements_is_folded_as_if_it_had_been_said_then() -> None:
    story = promised_story()
    for hour in range(3 * MAX_STATEMENTS):
        at = story.state().promised_at + timedelta(hours=2 * hour + 1)
        story.says("ana", a.CheckIn(progress=hour / 100, confidence=0.5 if hour % 9 == 0 else None, note="on"), at=at)
    last = story.now
    for back in (1, 3, 41, 79, 117):
        at = last - timedelta(hours=back)
        story.says("ana", a.CheckIn(note="late", confidence=0.6), at=at, learnt=story.now + timedelta(minutes=1))
        check_one_order(story)
    story.says("ana", a.TakeBackStatement(corrects=str(story.state().last_check_in)))
    check_one_order(story)


def test_what_a_second_source_reports_late_may_name_the_goals_source() -> None:
    story = promised_story()
    story.says("ana", a.CheckIn(note="on the way"), at="2026-01-09")
    promised, recorded = story.state(), story.last_event()
    from_tracker = msgspec.structs.replace(promised, external_source="tracker")
    can_fold_late = AGGREGATES["goal"].can_fold_late

    def late(source: str | None) -> RecordedEvent:
        at = recorded.occurred_at - timedelta(days=1)
        return msgspec.structs.replace(recorded, external_source=source, occurred_at=at)

    assert [True, False] == [can_fold_late(promised, late(source)) for source in (None, "sheet")]
    assert [True, True, False] == [can_fold_late(from_tracker, late(source)) for source in (None, "tracker", "sheet")]


# --- other kinds -----------------------------------------------------------------------------------------------------


def test_acknowledgements_that_are_recorded_late_stand_where_they_were_given() -> None:
    story = story_with_charter("tested", "kind", "open")
    start = story.now
    for member, day, learnt in (("ana", 9, 9), ("ben", 5, 10), ("mia", 7, 11)):
        said = c.Acknowledge(non_negotiable="kind", version=1)
        at = start + timedelta(days=day)
        story.says(member, said, on="core", at=at, learnt=start + timedelta(days=learnt))

    charter = check_one_order(story, "core", "charter")
    (kind,) = [n for n in charter.non_negotiables if n.ref == "kind"]
    assert [story.id(name) for name in ("ben", "mia", "ana")] == [said.member for said in kind.acknowledged]


def test_breaches_that_are_recorded_late_stand_where_they_happened() -> None:
    story = story_with_charter("tested", "kind", "open")
    story.says("ana", offer(), on="goal")
    start = story.now
    for day, learnt in ((9, 9), (5, 10)):
        breach = c.RaiseBreach(non_negotiable="kind", about=c.EventReference(goal="goal"), text="No word")
        story.says("mia", breach, on="core", at=start + timedelta(days=day), learnt=start + timedelta(days=learnt))

    charter = check_one_order(story, "core", "charter")
    assert sorted(breach.at for breach in charter.breaches) == [breach.at for breach in charter.breaches]


def test_an_organisations_policies_and_sources_are_the_same_in_whatever_order_they_are_recorded() -> None:
    story = Story()
    steward = frozenset({"steward"})
    for day, source in ((9, "tracker"), (7, "board")):
        at = datetime.fromisoformat(f"2026-02-{day:02}T09:00:00+00:00")
        learnt = story.now + timedelta(days=60)
        story.says("stella", organisation.AddSource(source=source), at=at, learnt=learnt, roles=steward)
        policy = organisation.SetPolicy(policy={"cadence_days": day} | ({"wip_limit": 3} if day == 7 else {}))  # noqa: PLR2004
        story.says("stella", policy, at=at, learnt=learnt, roles=steward)

    found = check_one_order(story, "", "organisation")
    assert ["board", "tracker"] == [source.name for source in found.sources]
    assert [14, 7, 9] == [each.policy.cadence_days for each in found.policies]
    assert [5, 3, 3] == [each.policy.wip_limit for each in found.policies]
