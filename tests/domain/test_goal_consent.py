"""Nobody consents to what they have not seen, old terms hold until a change is accepted, and nobody decides alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from domain.errors import (
    ActNotAllowed,
    AnswersRequired,
    AnswersSuperseded,
    InTheFuture,
    InvalidField,
    NotAParty,
    OutOfOrder,
)
from domain.goal import acts as a
from domain.goal import events as e
from domain.terms import TermsInput
from tests.domain.goal_states import CAPACITY, NEVER, act_for, goal_in_state
from tests.spec import Scenario, Story, given, instant, like, offer, request, says, terms, why

#: Every act that answers something, where it is possible, and by whom.
ANSWERS = [
    ("requested", "promise", "ana"),
    ("requested", "counter", "ana"),
    ("requested", "decline", "ana"),
    ("offered", "accept", "sam"),
    ("change_proposed_by_owner", "accept_change", "sam"),
    ("change_proposed_by_owner", "reject_change", "sam"),
    ("change_proposed_by_owner", "counter_change", "sam"),
    ("change_proposed_by_owner", "withdraw_change", "ana"),
    ("delivered", "declare_satisfied", "sam"),
    ("delivered", "reject_delivery", "sam"),
]


def open_event_id(story: Story) -> str:
    """The event id of what is open."""
    goal = story.state()
    standing = getattr(goal, "open", None) or (goal.proposal or goal.delivery).id
    return str(standing)


def test_these_are_the_acts_that_answer_something() -> None:
    assert {act for _, act, _ in ANSWERS} == {n for n, cls in a.ACTS.items() if "answers" in cls.__struct_fields__}


@pytest.mark.parametrize(("state", "act", "by"), ANSWERS)
def test_an_answer_names_what_it_answers(state: str, act: str, by: str) -> None:
    story = goal_in_state(state)

    Scenario(story).when(act_for(act, story, why()), by=by, as_written=True).refused_with(
        AnswersRequired, pointer="/answers", open_event=open_event_id(story), allowed=(open_event_id(story),)
    )


@pytest.mark.parametrize(("state", "act", "by"), ANSWERS)
def test_an_answer_to_what_is_no_longer_open_is_refused_with_what_is(state: str, act: str, by: str) -> None:
    story = goal_in_state(state)
    stale = msgspec.structs.replace(act_for(act, story, why()), answers=NEVER)

    Scenario(story).when(stale, by=by).refused_with(
        AnswersSuperseded, pointer="/answers", open_event=open_event_id(story), allowed=(open_event_id(story),)
    )


@pytest.mark.parametrize(("state", "act", "by"), ANSWERS)
def test_an_answer_is_named_by_an_event_id(state: str, act: str, by: str) -> None:
    story = goal_in_state(state)
    garbled = msgspec.structs.replace(act_for(act, story, why()), answers="x" * 36)

    Scenario(story).when(garbled, by=by).refused_with(InvalidField, pointer="/answers")


@pytest.mark.parametrize(("state", "act", "by"), ANSWERS)
def test_an_import_row_without_answers_takes_the_open_one(state: str, act: str, by: str) -> None:
    story = goal_in_state(state)
    open_before = open_event_id(story)
    at = story.now

    taken = Scenario(story)
    taken.when(act_for(act, story, why()), by=by, at=at, learnt="2026-12-01", as_written=True)

    assert open_before == str(taken.event.answers)


def test_an_imports_stale_answer_is_refused_too() -> None:
    story = goal_in_state("offered")

    Scenario(story).when(a.Accept(answers=NEVER), by="sam", at=story.now, learnt="2026-12-01").refused_with(
        AnswersSuperseded
    )


def test_a_retry_never_crosses_a_counter() -> None:
    """The sponsor accepts what was offered; meanwhile, in another window, the sponsor has countered."""
    story = goal_in_state("offered")
    seen = open_event_id(story)
    story.says("sam", a.Counter(terms=TermsInput(effort_hours=2), reason=CAPACITY))

    Scenario(story).when(a.Accept(answers=seen), by="sam").refused_with(
        AnswersSuperseded, open_event=open_event_id(story)
    )


def test_a_proposal_made_anew_is_another_one() -> None:
    story = goal_in_state("change_proposed_by_owner")
    seen = open_event_id(story)
    story.says("ana", a.WithdrawChange())
    story.says("ana", a.ProposeChange(changes=a.Changes(due=date(2026, 7, 1)), reason=why()))

    Scenario(story).when(a.AcceptChange(answers=seen), by="sam").refused_with(AnswersSuperseded)


def test_a_stranger_learns_nothing_of_what_is_open() -> None:
    story = goal_in_state("offered")

    Scenario(story).when(a.Accept(answers=NEVER), by="ben").refused_with(NotAParty, open_event=None, allowed=())


# --- old terms hold --------------------------------------------------------------------------------------------------


def test_old_terms_hold_until_a_change_is_accepted() -> None:
    story = goal_in_state("active")
    before = story.state().terms
    changes = a.Changes(due=date(2026, 5, 29), effort_hours=20)
    proposed = Scenario(story).when(a.ProposeChange(changes=changes, reason=why(), trigger="blocker"), by="ana")

    proposed.then(like(e.ChangeProposed, by="owner", trigger="blocker", in_time=True, retroactive=False))
    proposed.then_state(terms=before, terms_version=1)
    proposed.when(a.AcceptChange(), by="sam").then(like(e.ChangeAccepted, by="sponsor", self_accepted=False))

    after = msgspec.structs.replace(before, due=date(2026, 5, 29), effort_hours="20")
    proposed.then_state(terms=after, terms_version=2, first_terms=before, lapse_due=date(2026, 5, 29))


@pytest.mark.parametrize(("act", "by"), [("reject_change", "sam"), ("withdraw_change", "ana")])
def test_what_is_rejected_or_withdrawn_leaves_no_trace_in_the_terms(act: str, by: str) -> None:
    story = goal_in_state("change_proposed_by_owner")
    before = story.state().terms

    Scenario(story).when(act_for(act, story, why()), by=by).then_state(terms=before, terms_version=1, proposal=None)


def test_a_counter_replaces_the_open_proposal_and_keeps_where_it_began() -> None:
    story = goal_in_state("change_proposed_by_owner", prior="lapsed")
    countered = Scenario(story).when(act_for("counter_change", story, why()), by="sam")

    assert ("change_proposed_by_sponsor", "lapsed") == (countered.state.state, countered.state.proposal.prior)
    countered.when(a.AcceptChange(), by="ana").then_state(state="active")
    assert date(2026, 6, 12) == countered.state.terms.due


def test_a_change_that_changes_nothing_is_none() -> None:
    story = goal_in_state("active")
    goal = story.state()

    for changes in (a.Changes(), a.Changes(due=goal.terms.due, owner="ana", sponsor="sam")):
        Scenario(story).when(a.ProposeChange(changes=changes, reason=why()), by="ana").refused_with(
            InvalidField, pointer="/changes"
        )


def test_title_description_and_tags_are_cosmetic() -> None:
    story = goal_in_state("active")
    before = story.state()
    named = a.Retitle(title="The report, read", description="by the board", tags=["board"])

    retitled = Scenario(story).when(named, by="sam")

    retitled.then(e.Retitled(title="The report, read", description="by the board", tags=("board",)))
    retitled.then_state(title="The report, read", description="by the board", tags=("board",), terms=before.terms)
    retitled.when(a.Retitle(tags=[]), by="ana").then_state(title="The report, read", tags=())
    retitled.when(a.Retitle(), by="ana").refused_with(InvalidField, pointer="/title")
    retitled.when(a.Retitle(title=" "), by="ana").refused_with(InvalidField, pointer="/title")


def test_the_approach_is_the_owners_freedom_and_changes_nothing() -> None:
    story = goal_in_state("active")
    before = story.state()
    chosen = Scenario(story).when(a.ChooseApproach(text="by hand first"), by="ana")

    chosen.then(e.ApproachChosen(text="by hand first")).then_state(terms=before.terms, judged_at=before.judged_at)
    chosen.when(a.ChooseApproach(text=" "), by="ana").refused_with(InvalidField, pointer="/text")


# --- one person in both roles ----------------------------------------------------------------------------------------


def self_set(story: Story | None = None, **fields: Any) -> Scenario:
    return given(says("ana", offer("ana", "ana", **fields)), story=story)


def test_a_self_set_goal_is_offered_and_accepted_in_one_command() -> None:
    offered = given().when(offer("ana", "ana"), by="ana")

    offered.then(e.GoalOffered, e.GoalAccepted).then_state(state="active", self_set=True)
    first, second = offered.recorded
    assert (first.event_id, first.correlation_id) == (offered.event.answers, second.correlation_id)


def test_a_self_set_goals_change_is_accepted_in_one_command() -> None:
    changed = self_set().when(a.ProposeChange(changes=a.Changes(due=date(2026, 4, 10)), reason=why()), by="ana")

    changed.then(e.ChangeProposed, like(e.ChangeAccepted, by="sponsor", self_accepted=True))
    changed.then_state(state="active", terms_version=2)


def test_a_request_to_oneself_is_promised_by_oneself() -> None:
    asked = given(says("ana", request("ana", "ana")))

    asked.then_state(state="requested")
    asked.when(a.Promise(), by="ana").then_state(state="active", self_set=True)


def test_as_names_the_role_and_the_default_is_owner() -> None:
    by_default = self_set().when(a.Feedback(text="well done"), by="ana")
    as_sponsor = self_set().when(a.Feedback(text="well done", as_="sponsor"), by="ana")

    by_default.then(like(e.FeedbackGiven, by="owner"))
    as_sponsor.then(like(e.FeedbackGiven, by="sponsor"))


def test_as_names_a_role_that_one_has() -> None:
    story = goal_in_state("active")

    Scenario(story).when(a.Feedback(text="well done", as_="sponsor"), by="ana").refused_with(NotAParty, pointer="/as")


def test_a_role_named_is_the_only_one_taken() -> None:
    delivered = self_set().when(a.DeclareComplete(), by="ana")

    delivered.when(a.DeclareSatisfied(as_="owner"), by="ana").refused_with(NotAParty)
    delivered.when(a.DeclareSatisfied(as_="sponsor"), by="ana").then_state(state="satisfied")


def test_a_self_set_goal_handed_over_waits_for_the_new_owner() -> None:
    proposed = self_set().when(a.ProposeChange(changes=a.Changes(owner="ben"), reason=why()), by="ana")

    proposed.then(e.ChangeProposed).then_state(state="change_proposed_by_owner")


def test_an_imports_redundant_acceptance_of_a_self_set_goal_records_nothing() -> None:
    story = Story()
    story.says("ana", offer("ana", "ana"), at="2026-01-06", learnt="2026-12-01")

    assert [] == story.says("ana", a.Accept(), at="2026-01-06", learnt="2026-12-01")
    story.says("ana", a.ProposeChange(changes=a.Changes(due=date(2026, 4, 10)), reason=why()), at="2026-02-02",
               learnt="2026-12-01")  # fmt: skip
    assert [] == story.says("ana", a.AcceptChange(), at="2026-02-02", learnt="2026-12-01")


def test_the_redundant_acceptance_is_only_an_imports_and_only_the_partys() -> None:
    story = Story()
    self_set(story)

    Scenario(story).when(a.Accept(answers=NEVER), by="ana").refused_with(ActNotAllowed)
    Scenario(story).when(a.Accept(), by="ben", at=story.now, learnt="2026-12-01").refused_with(ActNotAllowed)


def test_what_two_people_agreed_on_is_not_accepted_twice() -> None:
    story = goal_in_state("active")

    Scenario(story).when(a.Accept(), by="sam", at=story.now, learnt="2026-12-01").refused_with(ActNotAllowed)


# --- the order of time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["check_in", "feedback", "record_value"])
def test_a_fact_may_be_told_late(act: str) -> None:
    story = goal_in_state("active")
    story.says("ana", a.Affirm(), at="2026-02-10")

    told = Scenario(story).when(act_for(act, story), by="ana", at="2026-02-03", learnt="2026-02-11")

    assert [instant("2026-02-03")] == [r.occurred_at for r in told.recorded]
    told.then_state(moved_at=instant("2026-02-10"), last_at=instant("2026-02-10"))


@pytest.mark.parametrize(
    "act", ["affirm", "retitle", "raise_blocker", "choose_approach", "propose_change", "declare_complete", "cancel"]
)
def test_a_moving_act_before_the_last_one_is_out_of_order(act: str) -> None:
    story = goal_in_state("active")
    story.says("ana", a.Affirm(), at="2026-02-10")
    by = "sam" if act == "cancel" else "ana"

    Scenario(story).when(act_for(act, story, why()), by=by, at="2026-02-09T23:59", learnt="2026-02-11").refused_with(
        OutOfOrder, pointer="/at", allowed=(">= 2026-02-10T09:00:00.000000Z",)
    )
    Scenario(story).when(act_for(act, story, why()), by=by, at="2026-02-10", learnt="2026-02-11").then_state(
        moved_at=instant("2026-02-10")
    )


def test_a_moving_act_may_be_told_behind_a_fact() -> None:
    story = goal_in_state("active")
    story.says("ana", a.CheckIn(note="on the way"), at="2026-02-10")

    Scenario(story).when(a.Affirm(), by="ana", at="2026-02-03", learnt="2026-02-11").then(e.Affirmed)


def test_a_fact_is_no_older_than_the_promise_that_it_is_about() -> None:
    story = Story()
    active = given(says("ana", offer()), says("sam", a.Accept(), at="2026-01-12"), story=story)

    active.when(a.CheckIn(note="before"), by="ana", at="2026-01-11", learnt="2026-01-13").refused_with(
        OutOfOrder, pointer="/at"
    )
    active.when(a.CheckIn(note="at once"), by="ana", at="2026-01-12", learnt="2026-01-13").then(e.CheckedIn)


def test_feedback_from_before_the_end_may_come_after_it() -> None:
    story = goal_in_state("satisfied")

    Scenario(story).when(a.Feedback(text="thank you"), by="sam", at="2026-01-05T12:00", learnt="2026-02-11").then(
        e.FeedbackGiven
    )


def test_nothing_has_happened_after_now() -> None:
    story = goal_in_state("active")

    Scenario(story).when(a.Affirm(), by="ana", at="2026-03-01", learnt="2026-02-28").refused_with(
        InTheFuture, pointer="/at"
    )


# --- afterwards ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["satisfied", "broken", "released", "promise_withdrawn", "cancelled"])
def test_an_end_never_reopens_but_both_sides_can_speak(state: str) -> None:
    story = goal_in_state(state)
    end = story.state()

    for by in ("ana", "sam"):
        Scenario(story).when(a.Feedback(text="thank you", on="inputs"), by=by).then(e.FeedbackGiven)
    assert (end.state, end.ended_at, end.promised) == (
        story.state().state,
        story.state().ended_at,
        story.state().promised,
    )
    Scenario(story).when(a.Request(title="Again", owner="ana", terms=terms(), reason=why()), by="sam").refused_with(
        ActNotAllowed, allowed=("feedback",)
    )
