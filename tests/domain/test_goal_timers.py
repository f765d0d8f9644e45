"""The clocks of the agreement: each rings at the instant at which it fell due, once, whoever looks and whenever."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.envelope import RecordedEvent, Source
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal import timers
from domain.member.member import DeclareAbsence
from domain.organisation.organisation import SetPolicy
from domain.terms import TermsInput
from tests.domain.goal_states import CAPACITY, LATER, goal_in_state
from tests.spec import Scenario, Story, given, instant, like, offer, request, says, why

#: 2026-01-05, on which stories begin, is a Monday.
MONDAY = "2026-01-05"


def timer_events(scenario: Scenario) -> list[tuple[str, datetime]]:
    """The timer events of goal "goal" in what was just recorded, check-in reminders apart: name and business time."""
    goal = scenario.state.id
    return [
        (type(r.data).__name__, r.occurred_at)
        for r in scenario.recorded
        if r.stream_id == goal and r.source is Source.TIMER and type(r.data) is not e.CheckInDue
    ]


def reminder_times(scenario: Scenario) -> list[datetime]:
    """When the owner was reminded to check in."""
    return [r.occurred_at for r in scenario.recorded if type(r.data) is e.CheckInDue]


def at(text: str) -> datetime:
    return instant(text if "T" in text else f"{text}T00:00")


def requested_goal(at: str = f"{MONDAY}T12:00", **story: Any) -> Scenario:
    return given(says("sam", request(), at=at), story=Story(begins="2026-01-01", **story))


def promised_goal(due: str = "2026-03-27", at: str = MONDAY, **story: Any) -> Scenario:
    first = offer(start=date.fromisoformat(at[:10]), due=date.fromisoformat(due))
    return given(says("ana", first, at=at), says("sam", a.Accept(), at=at), story=Story(begins="2026-01-01", **story))


# --- the answer ------------------------------------------------------------------------------------------------------


def test_silence_is_never_a_yes_one_reminder_after_three_working_days_and_the_end_after_five() -> None:
    silent = requested_goal().when_time_passes("2026-01-22")

    assert [("ResponseReminded", at("2026-01-09")), ("GoalExpired", at("2026-01-13"))] == timer_events(silent)
    silent.then_state(state="expired", ended_at=at("2026-01-13"))
    assert ["owner"] == [r.data.silent for r in silent.recorded if type(r.data) is e.GoalExpired]


def test_a_working_week_is_monday_to_friday() -> None:
    silent = requested_goal(at="2026-01-08T23:59").when_time_passes("2026-01-22")

    assert [("ResponseReminded", at("2026-01-14")), ("GoalExpired", at("2026-01-16"))] == timer_events(silent)


def test_the_reminder_goes_to_the_one_who_owes_the_answer_and_only_once() -> None:
    offered = given(says("ana", offer(), at=MONDAY))
    offered.when_time_passes("2026-01-09").then(e.ResponseReminded(to=offered.story.id("sam")))

    offered.when_time_passes("2026-01-12T23:00").then()


def test_an_act_recorded_late_brings_about_no_reminder_that_nobody_got() -> None:
    answered = requested_goal().when(a.Promise(), by="ana", at="2026-01-12")

    answered.then(e.GoalPromised)


def test_a_reminder_does_not_lengthen_the_time_and_a_counter_starts_it_anew() -> None:
    countered = requested_goal().when(
        a.Counter(terms=TermsInput(effort_hours=3), reason=CAPACITY), by="ana", at="2026-01-12T12:00"
    )

    countered.when_time_passes("2026-01-22")
    assert [("ResponseReminded", at("2026-01-16")), ("GoalExpired", at("2026-01-20"))] == timer_events(countered)
    assert ["sponsor"] == [r.data.silent for r in countered.recorded if type(r.data) is e.GoalExpired]


def test_an_answer_within_the_last_second_is_in_time_and_at_the_instant_itself_too_late() -> None:
    requested_goal().when(a.Promise(), by="ana", at="2026-01-12T23:59:59").then(e.GoalPromised)

    late = requested_goal()
    late.when(a.Promise(), by="ana", at="2026-01-13T00:00")
    assert late.refusal is not None
    late.when_time_passes("2026-01-13").then(e.ResponseReminded, e.GoalExpired)


def test_a_deferred_answer_expires_with_the_day_that_was_promised() -> None:
    deferred = requested_goal().when(
        a.DeferAnswer(answer_by=date(2026, 1, 16), reason=CAPACITY), by="ana", at="2026-01-06"
    )

    deferred.when_time_passes("2026-01-22")
    assert [("GoalExpired", at("2026-01-17"))] == timer_events(deferred)


def test_a_deferred_answer_may_be_due_on_the_same_day() -> None:
    deferred = requested_goal().when(
        a.DeferAnswer(answer_by=date(2026, 1, 5), reason=CAPACITY), by="ana", at=f"{MONDAY}T13:00"
    )

    deferred.when_time_passes("2026-01-06")
    assert [("GoalExpired", at("2026-01-06"))] == timer_events(deferred)


# --- clarifications --------------------------------------------------------------------------------------------------

WHAT = a.Clarify(text="which report?")


def test_a_question_stops_the_clock_until_the_other_side_writes() -> None:
    clear = requested_goal().when(WHAT, by="ana", at="2026-01-07").when(WHAT, by="sam", at="2026-01-09")

    clear.then(like(e.ClarificationAsked, by="sponsor", waited_working_days=2))
    clear.when_time_passes("2026-01-22")
    assert [("ResponseReminded", at("2026-01-13")), ("GoalExpired", at("2026-01-15"))] == timer_events(clear)


def test_an_unanswered_question_stops_it_for_five_working_days() -> None:
    unclear = requested_goal().when(WHAT, by="ana", at="2026-01-07").when_time_passes("2026-01-22")

    assert [("ResponseReminded", at("2026-01-16")), ("GoalExpired", at("2026-01-20"))] == timer_events(unclear)


def test_a_late_reply_counts_for_five_working_days_at_most() -> None:
    late = requested_goal().when(WHAT, by="ana", at="2026-01-05T13:00").when(WHAT, by="sam", at="2026-01-16")

    late.then(like(e.ClarificationAsked, waited_working_days=5))
    late.when_time_passes("2026-01-30")
    assert ("GoalExpired", at("2026-01-20")) == timer_events(late)[-1]


@pytest.mark.parametrize(
    ("asked", "replied", "waited", "expires"),
    [
        # The time to answer ends with Monday the 12th: what was left of the day of the question is left on a Monday.
        ("2026-01-09", "2026-01-10", 1, "2026-01-14"),
        ("2026-01-12", "2026-01-17", 5, "2026-01-20"),
        ("2026-01-12", "2026-01-18T23:59", 5, "2026-01-20"),
        # Within one weekend no working day goes by.
        ("2026-01-10", "2026-01-11", 0, "2026-01-13"),
        ("2026-01-10", "2026-01-12", 1, "2026-01-14"),
    ],
)
def test_a_reply_on_a_weekend_leaves_time_to_answer(asked: str, replied: str, waited: int, expires: str) -> None:
    talk = requested_goal().when(WHAT, by="ana", at=asked).when(WHAT, by="sam", at=replied)

    talk.then(like(e.ClarificationAsked, by="sponsor", waited_working_days=waited))
    talk.when_time_passes("2026-01-30")
    assert ("GoalExpired", at(expires)) == timer_events(talk)[-1]


def test_asking_on_does_not_stop_it_longer() -> None:
    unclear = requested_goal().when(WHAT, by="ana", at="2026-01-07").when(WHAT, by="ana", at="2026-01-08")

    unclear.then(like(e.ClarificationAsked, waited_working_days=None)).then_state(clarifications=1)
    unclear.when_time_passes("2026-01-30")
    assert ("GoalExpired", at("2026-01-20")) == timer_events(unclear)[-1]


def test_a_question_asked_when_the_first_ones_time_is_over_is_the_second() -> None:
    unclear = requested_goal().when(WHAT, by="ana", at="2026-01-05T13:00").when(WHAT, by="ana", at="2026-01-13")

    unclear.then_state(clarifications=2, paused_working_days=5)
    unclear.when_time_passes("2026-01-30")
    assert ("GoalExpired", at("2026-01-27")) == timer_events(unclear)[-1]


def test_the_clock_is_stopped_twice_and_not_a_third_time() -> None:
    talk = requested_goal()
    for day, by in ((5, "ana"), (6, "sam"), (6, "ana"), (7, "sam"), (7, "ana")):
        talk.when(WHAT, by=by, at=f"2026-01-{day:02}T14:00")

    talk.then_state(clarifications=2, clarify_asked_at=None, paused_working_days=2)
    talk.when_time_passes("2026-01-30")
    assert ("GoalExpired", at("2026-01-15")) == timer_events(talk)[-1]


def test_days_of_waiting_are_the_organisations() -> None:
    """On Kiritimati it is Thursday already at 10:00 UTC on Wednesday: asked and answered on one day."""
    talk = requested_goal(at=f"{MONDAY}T02:00", zone="Pacific/Kiritimati").when(WHAT, by="ana", at="2026-01-07T11:00")

    talk.when(WHAT, by="sam", at="2026-01-08T09:00").then(like(e.ClarificationAsked, waited_working_days=0))


# --- the lapse -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "due", "lapses"),
    [
        ("UTC", "2026-03-27", "2026-03-31T00:00"),
        ("Pacific/Kiritimati", "2026-03-27", "2026-03-30T10:00"),
        ("Pacific/Niue", "2026-03-27", "2026-03-31T11:00"),
        # New York puts its clocks forward on 2026-03-08 and back on 2026-11-01.
        ("America/New_York", "2026-03-03", "2026-03-07T05:00"),
        ("America/New_York", "2026-03-05", "2026-03-09T04:00"),
        ("America/New_York", "2026-10-28", "2026-11-01T04:00"),
        ("America/New_York", "2026-10-29", "2026-11-02T05:00"),
        # Cairo has no 00:00 on 2026-04-24: its clocks go from 23:59:59 to 01:00.
        ("Africa/Cairo", "2026-04-20", "2026-04-23T22:00"),
    ],
)
def test_a_goal_lapses_as_the_third_day_of_grace_ends_where_the_organisation_is(
    zone: str, due: str, lapses: str
) -> None:
    goal = promised_goal(due, zone=zone)

    goal.when_time_passes(at(lapses) - timedelta(microseconds=1))
    assert "GoalLapsed" not in [name for name, _ in timer_events(goal)]
    goal.when_time_passes(at(lapses))
    assert [("GoalLapsed", at(lapses))] == timer_events(goal)
    local = at(lapses).astimezone(ZoneInfo(zone))
    assert date.fromisoformat(due) + timedelta(days=4) == local.date()


def test_a_promise_made_after_its_time_lapses_at_the_act_that_made_it() -> None:
    goal = given(says("ana", offer(due=date(2026, 3, 27)), at="2026-04-13"), says("sam", a.Accept(), at="2026-04-14"))

    goal.then_state(state="active")
    goal.when_time_passes("2026-04-20")
    assert [("GoalLapsed", instant("2026-04-14"))] == timer_events(goal)


def test_a_late_sweep_records_what_happened_when_it_happened() -> None:
    goal = promised_goal().when_time_passes("2027-01-01")

    assert ("GoalLapsed", at("2026-03-31")) == timer_events(goal)[-1]
    assert instant("2027-01-01") == goal.recorded[-1].recorded_at


def test_the_timers_run_before_the_act_that_comes_late() -> None:
    goal = promised_goal().when(a.DeclareComplete(reason=why()), by="ana", at="2026-04-20")

    goal.then(e.GoalLapsed(due=date(2026, 3, 27)), like(e.CompletionDeclared, late=True))
    assert [at("2026-03-31"), instant("2026-04-20")] == [r.occurred_at for r in goal.recorded]
    assert goal.state.delivery.lapsed


def test_a_timer_at_an_acts_own_instant_runs_before_it() -> None:
    promised_goal().when(a.DeclareComplete(reason=why()), by="ana", at=at("2026-03-31")).then(
        e.GoalLapsed, e.CompletionDeclared
    )
    promised_goal().when(
        a.DeclareComplete(reason=why()), by="ana", at=at("2026-03-31") - timedelta(microseconds=1)
    ).then(e.CompletionDeclared)


def test_no_timer_runs_between_two_acts_of_one_instant() -> None:
    """The rejected proposal arms the lapse at that very instant; the owner's next word comes first."""
    goal = promised_goal(policy={"change_timeout_working_days": 60})
    goal.when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-03-02")
    goal.when(a.RejectChange(reason=why()), by="sam", at="2026-04-20").then(e.ChangeRejected)

    goal.when(a.DeclareComplete(), by="ana", at="2026-04-20").then(like(e.CompletionDeclared, late=True))
    assert not goal.state.delivery.lapsed


def test_two_timers_of_one_instant_both_run_before_the_act_of_that_instant() -> None:
    """Proposed on Friday, 2026-03-20: its five working days and the grace of a due on 2026-03-24 end together."""
    goal = promised_goal("2026-03-24").when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-03-20")

    goal.when(a.CheckIn(note="on the way"), by="ana", at=at("2026-03-28"))
    assert {("GoalLapsed", at("2026-03-28")), ("ChangeTimedOut", at("2026-03-28"))} == set(timer_events(goal))
    goal.then_state(state="lapsed")


def test_a_timely_proposal_of_the_owner_keeps_the_lapse_away() -> None:
    goal = promised_goal(policy={"change_timeout_working_days": 60})
    goal.when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-03-02").then(
        like(e.ChangeProposed, in_time=True)
    )

    goal.when_time_passes("2026-05-01")
    assert "GoalLapsed" not in [name for name, _ in timer_events(goal)]


def test_a_late_one_does_not_and_the_lapse_is_told_once() -> None:
    goal = promised_goal(policy={"change_timeout_working_days": 60})
    goal.when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-03-26").then(
        like(e.ChangeProposed, in_time=False)
    )

    goal.when_time_passes("2026-05-01")
    assert [("GoalLapsed", at("2026-03-31"))] == timer_events(goal)
    assert ("change_proposed_by_owner", "lapsed") == (goal.state.state, goal.state.proposal.prior)
    goal.when_time_passes("2026-05-15").then()
    goal.when(a.RejectChange(reason=why()), by="sam").then_state(state="lapsed")


def test_a_sponsors_proposal_never_keeps_it_away() -> None:
    goal = promised_goal(policy={"change_timeout_working_days": 60})
    goal.when(a.ProposeChange(changes=LATER, reason=why()), by="sam", at="2026-02-02")

    goal.when_time_passes("2026-04-13")
    assert [("GoalLapsed", at("2026-03-31"))] == timer_events(goal)
    assert "lapsed" == goal.state.proposal.prior


def test_a_counter_to_a_timely_proposal_arms_the_lapse_when_it_is_made() -> None:
    goal = promised_goal(policy={"change_timeout_working_days": 60})
    goal.when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-03-02")
    goal.when(a.CounterChange(changes=a.Changes(effort_hours=3), reason=why()), by="sam", at="2026-04-10")

    goal.when_time_passes("2026-04-11")
    assert [("GoalLapsed", instant("2026-04-10"))] == timer_events(goal)


# --- the change's answer ---------------------------------------------------------------------------------------------


def test_a_proposal_waits_five_working_days() -> None:
    goal = promised_goal().when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-02-02")

    goal.when_time_passes("2026-02-10")
    assert [("ChangeTimedOut", at("2026-02-10"))] == timer_events(goal)
    goal.then_state(state="active", sponsor_missed_answer=True, proposal=None)


def test_a_lapse_after_the_sponsors_missed_answer_is_not_the_owners() -> None:
    goal = promised_goal().when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-03-09")

    goal.when_time_passes("2026-05-01")
    assert [True] == [r.data.sponsor_missed_answer for r in goal.recorded if type(r.data) is e.GoalLapsed]
    assert [
        e.ChangeTimedOut(silent="sponsor", sponsor_missed_answer=True)
    ] == [r.data for r in goal.recorded if type(r.data) is e.ChangeTimedOut]  # fmt: skip


def test_a_time_out_on_a_late_proposal_is_no_missed_answer() -> None:
    goal = promised_goal().when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-03-19")

    goal.when_time_passes("2026-03-27").then_state(state="active", sponsor_missed_answer=False)


def test_an_owners_silence_is_the_owners() -> None:
    goal = promised_goal().when(a.ProposeChange(changes=LATER, reason=why()), by="sam", at="2026-02-02")

    goal.when_time_passes("2026-02-10").then_state(state="active", sponsor_missed_answer=False)
    assert [e.ChangeTimedOut(silent="owner")] == [r.data for r in goal.recorded if type(r.data) is e.ChangeTimedOut]


def test_a_change_that_is_accepted_after_all_clears_the_missed_answer() -> None:
    goal = promised_goal().when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-02-02")
    goal.when_time_passes("2026-02-10")
    goal.when(a.ProposeChange(changes=LATER, reason=why()), by="ana").when(a.AcceptChange(), by="sam")

    goal.then_state(state="active", sponsor_missed_answer=False)


def test_a_new_sponsor_has_the_whole_time_to_answer() -> None:
    story = goal_in_state("change_proposed_by_owner")
    story.says("sam", DeclareAbsence(from_=date(2026, 1, 5), to=date(2026, 3, 6)))
    story.says("stella", a.ReassignSponsor(sponsor="ben", reason=why()), at="2026-02-02")

    goal = Scenario(story).when_time_passes("2026-02-12")
    assert [("ChangeTimedOut", at("2026-02-10"))] == timer_events(goal)


# --- absences --------------------------------------------------------------------------------------------------------


def absence(first: str, last: str) -> DeclareAbsence:
    return DeclareAbsence(from_=date.fromisoformat(first), to=date.fromisoformat(last))


def test_an_absence_stops_the_absent_partys_answer_until_two_working_days_after_the_return() -> None:
    goal = requested_goal()
    goal.story.says("ana", absence("2026-01-12", "2026-01-16"))

    # Back on Monday, the 19th; the second working day after the last absent one is Tuesday.
    goal.when_time_passes("2026-01-22")
    assert [("ResponseReminded", at("2026-01-09")), ("GoalExpired", at("2026-01-21"))] == timer_events(goal)


def test_the_other_partys_absence_stops_nothing() -> None:
    goal = requested_goal()
    goal.story.says("sam", absence("2026-01-05", "2026-01-30"))

    goal.when_time_passes("2026-01-22")
    assert ("GoalExpired", at("2026-01-13")) == timer_events(goal)[-1]


def test_nobodys_time_runs_out_before_the_reminder() -> None:
    goal = requested_goal()
    goal.story.says("ana", absence("2026-01-06", "2026-01-16"))

    goal.when_time_passes("2026-01-22")
    assert [("ResponseReminded", at("2026-01-21")), ("GoalExpired", at("2026-01-21"))] == timer_events(goal)


def test_an_absence_over_the_due_moves_the_lapse_and_one_before_it_does_not() -> None:
    away = promised_goal()
    away.story.says("ana", absence("2026-03-23", "2026-04-03"))
    back = promised_goal()
    back.story.says("ana", absence("2026-03-16", "2026-03-20"))

    assert ("GoalLapsed", at("2026-04-08")) == timer_events(away.when_time_passes("2026-05-01"))[-1]
    assert ("GoalLapsed", at("2026-03-31")) == timer_events(back.when_time_passes("2026-05-01"))[-1]


def test_an_absent_sponsor_misses_no_answer_before_the_return() -> None:
    goal = promised_goal().when(a.ProposeChange(changes=LATER, reason=why()), by="ana", at="2026-02-02")
    goal.story.says("sam", absence("2026-02-04", "2026-02-13"))

    goal.when_time_passes("2026-02-20")
    assert [("ChangeTimedOut", at("2026-02-18"))] == timer_events(goal)


def test_a_pause_and_an_absence_that_follow_each_other_both_hold() -> None:
    goal = promised_goal()
    pause = a.Pause(paused_from=date(2026, 3, 23), resume_on=date(2026, 4, 6))
    goal.when(a.ProposeChange(changes=a.Changes(pause=pause), reason=why()), by="ana", at="2026-02-02")
    goal.when(a.AcceptChange(), by="sam", at="2026-02-02")
    goal.story.says("ana", absence("2026-04-06", "2026-04-10"))

    assert ("GoalLapsed", at("2026-04-15")) == timer_events(goal.when_time_passes("2026-05-01"))[-1]


# --- verdicts, giving up, reminders ----------------------------------------------------------------------------------


def test_silence_about_a_delivery_means_nothing_unless_the_policy_says_so() -> None:
    quiet = promised_goal().when(a.DeclareComplete(), by="ana", at="2026-03-02").when_time_passes("2026-12-01")

    quiet.then().then_state(state="delivered")


def test_where_the_policy_says_so_ten_working_days_make_it_satisfied() -> None:
    quiet = promised_goal(policy={"deem_satisfied": True}).when(a.DeclareComplete(), by="ana", at="2026-03-02")

    quiet.when_time_passes("2026-12-01").then(e.DeemedSatisfied())
    quiet.then_state(state="satisfied", ended_at=at("2026-03-17"))


def test_a_dispute_is_not_deemed_away() -> None:
    quiet = promised_goal(policy={"deem_satisfied": True}).when(a.DeclareComplete(), by="ana", at="2026-03-02")
    quiet.when(a.Dispute(mediator="mia", decide_by=date(2026, 6, 30), reason=why()), by="sam", at="2026-03-03")

    quiet.when_time_passes("2026-12-01").then().then_state(state="delivered")


def test_a_lapsed_goal_is_given_up_only_where_the_policy_says_when() -> None:
    left = promised_goal().when_time_passes("2028-01-01")
    left.then_state(state="lapsed")

    closed = promised_goal(policy={"give_up_days": 30}).when_time_passes("2028-01-01")
    assert ("GivenUp", at("2026-05-01")) == timer_events(closed)[-1]
    closed.then_state(state="broken")


@pytest.mark.parametrize("by", ["ana", "sam"])
def test_contact_from_either_side_keeps_it_from_being_given_up(by: str) -> None:
    goal = promised_goal(policy={"give_up_days": 30})
    goal.when_time_passes("2026-04-01")
    goal.when(a.Feedback(text="let us talk"), by=by, at="2026-04-20")

    assert [("GivenUp", at("2026-05-21"))] == timer_events(goal.when_time_passes("2028-01-01"))


def test_a_machines_value_is_no_contact() -> None:
    story = goal_in_state("lapsed", act="give_up")
    story.says("ivy", a.RecordValue(value=3), at="2026-04-20")

    assert [("GivenUp", at("2026-05-01"))] == timer_events(Scenario(story).when_time_passes("2028-01-01"))


def test_the_owner_is_reminded_once_when_the_cadence_has_passed() -> None:
    goal = promised_goal().when_time_passes("2026-01-30")

    assert [at("2026-01-20")] == reminder_times(goal)
    assert goal.story.id("ana") == goal.event.to
    goal.when_time_passes("2026-02-03").then()
    goal.when(a.CheckIn(note="on the way"), by="ana", at="2026-03-02").when_time_passes("2026-03-20")
    assert [at("2026-03-17")] == reminder_times(goal)


@pytest.mark.parametrize("act", [a.Affirm(), a.CheckIn(note="on the way")])
def test_a_human_judgement_starts_the_cadence_anew(act: a.Act) -> None:
    goal = promised_goal().when(act, by="ana", at="2026-01-19").when_time_passes("2026-02-02T23:59")

    goal.then()
    assert [at("2026-02-03")] == reminder_times(goal.when_time_passes("2026-02-03"))


@pytest.mark.parametrize("act", [a.RecordValue(value=3), a.Feedback(text="well"), a.Retitle(title="The report")])
def test_neither_a_value_nor_feedback_nor_a_title_is_a_judgement(act: a.Act) -> None:
    goal = promised_goal().when(act, by="ana", at="2026-01-19").when_time_passes("2026-01-20")

    assert [at("2026-01-20")] == reminder_times(goal)


def test_nobody_is_reminded_while_paused_or_away() -> None:
    goal = promised_goal()
    pause = a.Pause(paused_from=date(2026, 1, 12), resume_on=date(2026, 2, 2))
    goal.when(a.ProposeChange(changes=a.Changes(pause=pause), reason=why()), by="ana", at=MONDAY)
    goal.when(a.AcceptChange(), by="sam", at=MONDAY)
    goal.story.says("ana", absence("2026-02-02", "2026-02-03"))

    assert [at("2026-02-06")] == reminder_times(goal.when_time_passes("2026-02-10"))


def test_a_reminder_is_no_move_of_the_agreement() -> None:
    goal = promised_goal().when_time_passes("2026-01-20")

    goal.then(e.CheckInDue).then_state(moved_at=instant(MONDAY), last_at=at("2026-01-20"))
    goal.when(a.Affirm(), by="ana", at="2026-01-19", learnt="2026-01-21").then(e.Affirmed)


def test_a_sweep_of_an_imported_past_reminds_nobody_of_years_ago() -> None:
    goal = promised_goal().when_time_passes("2026-03-20")

    assert [] == reminder_times(goal)


# --- policies and sweeps ---------------------------------------------------------------------------------------------


def sweep_lapses(days: int) -> list[tuple[str, datetime]]:
    """What becomes of a lapse when the grace is lengthened the day after it fell due, swept every so many days."""
    goal = promised_goal()
    told: list[RecordedEvent] = []
    day = date(2026, 3, 20)
    while day < date(2026, 4, 30):
        if day == date(2026, 4, 1):
            goal.story.says("stella", SetPolicy(policy={"lapse_grace_days": 20}), at=day)
        day += timedelta(days=1)
        if day.day % days == 0:
            told += goal.when_time_passes(datetime(day.year, day.month, day.day, tzinfo=UTC)).recorded
    return [(type(r.data).__name__, r.occurred_at) for r in told if type(r.data) is e.GoalLapsed]


def test_a_policy_changed_later_does_not_take_back_what_had_fallen_due() -> None:
    assert [("GoalLapsed", at("2026-03-31"))] == sweep_lapses(1) == sweep_lapses(15)


def test_a_policy_that_shortens_a_running_clock_rings_when_it_comes_into_force() -> None:
    goal = promised_goal(policy={"lapse_grace_days": 30})
    goal.story.says("stella", SetPolicy(policy={"lapse_grace_days": 3}), at="2026-04-10")

    assert ("GoalLapsed", instant("2026-04-10")) == timer_events(goal.when_time_passes("2026-05-20"))[-1]


@pytest.mark.parametrize("state", ["requested", "answer_deferred", "active", "change_proposed_by_owner", "lapsed"])
def test_the_index_never_looks_too_late_and_the_next_ring_is_told_exactly(state: str) -> None:
    story = goal_in_state(state, act="give_up" if state == "lapsed" else "")
    goal_id = story.state().id
    while (
        ring := timers.next_timer_at(story.state(), story.world(goal_id, story.now, source=Source.TIMER))
    ) is not None:
        bound = story.index_entry(goal_id).next_timer_at
        assert bound is not None
        assert bound <= ring
        before = len(story.stream())
        story.sweep(ring - timedelta(microseconds=1))
        assert before == len(story.stream())
        story.sweep(ring)
        assert [ring] == [r.occurred_at for r in story.stream()[before:]]
