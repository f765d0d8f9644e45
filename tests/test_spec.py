"""The helper that the other tests trust: it must report what it is asked to report."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from domain.errors import ActNotAllowed, AlreadyExists, Forbidden
from domain.member.member import Absence, AbsenceDeclared, DeclareAbsence, DeclareCapacity, Joined, Left, RoleGranted
from domain.member.member import Join as JoinTeam
from domain.member.member import Leave as LeaveTeam
from domain.organisation.organisation import PolicySet, SetPolicy
from tests.spec import Scenario, Story, given, instant, like, says

AWAY = DeclareAbsence(from_=date(2026, 3, 2), to=date(2026, 3, 6))


def test_an_act_records_what_it_decides_with_its_whole_envelope() -> None:
    story = Story()
    before = len(story.events)

    (recorded,) = story.says("ana", AWAY, at="2026-02-01")

    assert AbsenceDeclared(absence=Absence(from_=date(2026, 3, 2), to=date(2026, 3, 6))) == recorded.data
    assert ("member.absence_declared.v1", 2, before + 1) == (recorded.type, recorded.version, recorded.position)
    assert (story.id("ana"), None) == (recorded.actor, recorded.on_behalf_of)
    assert (datetime(2026, 2, 1, 9, tzinfo=UTC),) * 2 == (recorded.occurred_at, recorded.recorded_at)
    assert (recorded.data.absence,) == story.state("ana", "member").absences


def test_what_is_learnt_later_is_an_import_by_the_steward_for_the_one_who_said_it() -> None:
    (recorded,) = Story().says("ana", AWAY, at="2026-02-01", learnt="2026-05-01")

    assert "import" == recorded.source
    assert (Story().id("stella"), Story().id("ana")) == (recorded.actor, recorded.on_behalf_of)
    assert (instant("2026-02-01"), instant("2026-05-01")) == (recorded.occurred_at, recorded.recorded_at)


def test_a_refused_act_leaves_neither_event_nor_state_nor_time() -> None:
    story = Story()
    before = (list(story.events), story.state("ana", "member"), story.now)

    with pytest.raises(AlreadyExists):
        story.says("stella", JoinTeam(team="core"), on="ana", at="2027-01-01")

    assert before == (story.events, story.state("ana", "member"), story.now)


def test_the_same_story_told_twice_is_the_same_log() -> None:
    def told() -> Story:
        story = Story(policy={"cadence_days": 7})
        story.says("ana", AWAY)
        story.says("ben", DeclareCapacity(hours_per_week=30, from_=date(2026, 1, 1)))
        return story

    assert told().events == told().events
    assert [*range(1, len(told().events) + 1)] == [e.log_position for e in told().events]


def test_a_policy_of_the_beginning_is_in_force() -> None:
    story = Story(policy={"cadence_days": 7})

    assert 7 == story.world(story.organisation_id, story.now).policy.policy.cadence_days


def test_expectations_are_met_by_data_by_type_and_by_some_fields() -> None:
    given(says("ana", AWAY)).when(LeaveTeam(), by="ana").then(Left)
    given().when(LeaveTeam(), by="ana").then(Left())
    given().when(AWAY, by="ana").then(like(AbsenceDeclared, absence=Absence(from_=AWAY.from_, to=AWAY.to)))


@pytest.mark.parametrize("expected", [(), (Left,), (RoleGranted,), (like(AbsenceDeclared, absence=None),)])
def test_an_expectation_that_does_not_hold_is_reported(expected: tuple[type[Joined], ...]) -> None:
    with pytest.raises(AssertionError, match="expected"):
        given().when(AWAY, by="ana").then(*expected)


def test_a_refusal_is_told_by_its_rule_and_its_allowance() -> None:
    gone = given(says("ana", LeaveTeam()))

    gone.when(AWAY, by="ana").refused_with(ActNotAllowed, allowed=("join",))

    with pytest.raises(AssertionError, match="act_not_allowed"):
        gone.when(AWAY, by="ana").then(AbsenceDeclared)
    with pytest.raises(AssertionError, match="Forbidden"):
        gone.when(AWAY, by="ana").refused_with(Forbidden)
    with pytest.raises(AssertionError, match="allowed"):
        gone.when(AWAY, by="ana").refused_with(ActNotAllowed, allowed=())


def test_an_act_that_passes_is_not_taken_for_a_refused_one() -> None:
    passed: Scenario = given().when(AWAY, by="ana")

    with pytest.raises(AssertionError, match="AbsenceDeclared"):
        passed.refused_with(Forbidden)


def test_roles_are_those_that_the_acting_member_holds() -> None:
    dial = SetPolicy(policy={"cadence_days": 7})

    given().when(dial, by="ana").refused_with(Forbidden)
    given().when(dial, by="stella").then(PolicySet)


def test_an_event_put_into_the_log_undecided_is_folded() -> None:
    story = Story()

    story.record_event(Left(), on="ana", by="ana", at="2026-02-01")

    assert instant("2026-02-01") == story.state("ana", "member").left_at
