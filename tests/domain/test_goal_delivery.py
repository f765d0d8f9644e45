"""Completion and the ends: declared, judged, sent back, taken back, disputed, ruled on."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from domain.errors import ActNotAllowed, InvalidField, NotAParty, NotFound
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal.state import Ended
from domain.member.member import Leave
from tests.domain.goal_states import CAPACITY, goal_in_state
from tests.spec import Scenario, Story, given, instant, like, offer, says, why


def active(**policy: Any) -> Scenario:
    conditions = ["It is published", "It is read"]
    return given(says("ana", offer(conditions=conditions)), says("sam", a.Accept()), story=Story(policy=policy or None))


def delivered_goal(at: str = "2026-03-02", **policy: Any) -> Scenario:
    return active(**policy).when(a.DeclareComplete(), by="ana", at=at)


def lapse(goal: Scenario, until: str) -> list[Any]:
    goal.when_time_passes(until)
    return [r.occurred_at for r in goal.recorded if type(r.data) is e.GoalLapsed]


# --- declared --------------------------------------------------------------------------------------------------------


def test_completion_is_declared_with_evidence_for_a_condition() -> None:
    evidence = [a.EvidenceInput(condition="c2", text="42 readers", url="https://example.org/readers")]

    active().when(a.DeclareComplete(evidence=evidence), by="ana").then(
        e.CompletionDeclared(
            evidence=(e.Evidence(condition="c2", text="42 readers", url="https://example.org/readers"),)
        )
    )


def test_without_evidence_it_covers_all_and_says_so() -> None:
    active().when(a.DeclareComplete(), by="ana").then(e.CompletionDeclared(wholesale=True))


def test_evidence_is_for_a_condition_that_was_agreed() -> None:
    evidence = [a.EvidenceInput(condition="c1"), a.EvidenceInput(condition="c3")]

    active().when(a.DeclareComplete(evidence=evidence), by="ana").refused_with(
        InvalidField, pointer="/evidence/1/condition", allowed=("c1", "c2")
    )


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript://example.org/%0aalert(1)",
        "java\nscript:alert(1)",
        " https://example.org",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.org/a",
        "https://",
        "https:///path",
        "https:example.org",
        "//example.org/a",
        "example.org/a",
        "https://exa mple.org",
        "https:\\\\example.org",
        "http://[::1",
    ],
)
def test_evidence_is_seen_at_a_page_and_not_run(address: str) -> None:
    evidence = [a.EvidenceInput(condition="c1"), a.EvidenceInput(condition="c2", url=address)]

    active().when(a.DeclareComplete(evidence=evidence), by="ana").refused_with(
        InvalidField, pointer="/evidence/1/url", allowed=("https://...", "http://...")
    )


@pytest.mark.parametrize(
    "address", ["http://example.org", "HTTPS://example.org:8443/a?b=c#d", "https://bücher.example/ü"]
)
def test_evidence_may_name_any_page(address: str) -> None:
    evidence = [a.EvidenceInput(condition="c2", url=address)]

    active().when(a.DeclareComplete(evidence=evidence), by="ana").then(
        like(e.CompletionDeclared, evidence=(e.Evidence(condition="c2", url=address),))
    )


@pytest.mark.parametrize(("at", "late"), [("2026-03-27T23:59", False), ("2026-03-28T00:00", True)])
def test_a_delivery_is_late_when_the_due_day_is_over(at: str, late: bool) -> None:
    active().when(a.DeclareComplete(), by="ana", at=at).then(like(e.CompletionDeclared, late=late))


@pytest.mark.parametrize("prior", ["active", "lapsed"])
@pytest.mark.parametrize("side", ["owner", "sponsor"])
def test_a_goal_under_negotiation_is_delivered_on_its_old_terms(side: str, prior: str) -> None:
    story = goal_in_state(f"change_proposed_by_{side}", prior=prior)
    before = story.state().terms

    done = Scenario(story).when(a.DeclareComplete(), by="ana")
    done.then_state(state="delivered", terms=before, proposal=None)
    assert ("lapsed" == prior) == done.state.delivery.lapsed


def test_completion_is_not_a_judgement_of_how_it_stands() -> None:
    goal = active()
    judged = goal.state.judged_at

    goal.when(a.DeclareComplete(), by="ana", at="2026-03-02").then_state(judged_at=judged)


# --- judged ----------------------------------------------------------------------------------------------------------


def test_satisfaction_is_declared_by_the_sponsor_for_each_condition_or_for_all() -> None:
    verdicts = [a.VerdictInput(condition="c1", met=True, text="on time"), a.VerdictInput(condition="c2", met=True)]

    goal = delivered_goal()
    delivery = goal.state.delivery.id
    goal.when(a.DeclareSatisfied(verdicts=verdicts), by="sam").then(
        e.SatisfactionDeclared(
            answers=delivery,
            verdicts=(e.Verdict(condition="c1", met=True, text="on time"), e.Verdict(condition="c2", met=True)),
        )
    )
    delivered_goal().when(a.DeclareSatisfied(), by="sam").then(
        like(e.SatisfactionDeclared, wholesale=True, verdicts=())
    )
    delivered_goal().when(a.DeclareSatisfied(), by="ana").refused_with(NotAParty)


def test_a_condition_found_unmet_is_what_sending_back_is_for() -> None:
    verdicts = [a.VerdictInput(condition="c1", met=True), a.VerdictInput(condition="c2", met=False)]

    delivered_goal().when(a.DeclareSatisfied(verdicts=verdicts), by="sam").refused_with(
        InvalidField, pointer="/verdicts/1/met", allowed=("reject_delivery",)
    )
    unknown = [a.VerdictInput(condition="c9", met=True)]
    delivered_goal().when(a.DeclareSatisfied(verdicts=unknown), by="sam").refused_with(
        InvalidField, pointer="/verdicts/0/condition", allowed=("c1", "c2")
    )


def reject(rework_by: str, condition: str = "c2") -> a.RejectDelivery:
    return a.RejectDelivery(condition=condition, rework_by=date.fromisoformat(rework_by), reason=why())


def test_a_delivery_is_sent_back_for_an_agreed_condition_with_time_to_mend_it() -> None:
    goal = delivered_goal()
    delivery = goal.state.delivery.id

    goal.when(reject("2026-04-10", "c3"), by="sam").refused_with(
        InvalidField, pointer="/condition", allowed=("c1", "c2")
    )
    goal.when(reject("2026-03-01"), by="sam", at="2026-03-02T10:00").refused_with(InvalidField, pointer="/rework_by")
    assert delivered_goal().when(reject("2026-03-02"), by="sam", at="2026-03-02T10:00").refusal is None
    goal.when(reject("9999-12-31"), by="sam").refused_with(InvalidField, pointer="/rework_by")
    goal.when(reject("2026-04-10"), by="sam").then(
        e.DeliveryRejected(answers=delivery, condition="c2", rework_by=date(2026, 4, 10))
    )
    goal.then_state(state="active", delivery=None, lapse_due=date(2026, 4, 10))


@pytest.mark.parametrize(("rework_by", "lapses"), [("2026-04-10", "2026-04-14"), ("2026-03-06", "2026-03-31")])
def test_after_a_rejection_the_lapse_counts_from_the_later_of_due_and_rework(rework_by: str, lapses: str) -> None:
    goal = delivered_goal().when(reject(rework_by), by="sam", at="2026-03-03")

    assert [instant(f"{lapses}T00:00")] == lapse(goal, "2026-05-01")


def test_days_in_delivered_are_not_the_owners() -> None:
    goal = delivered_goal("2026-03-26")

    assert [] == lapse(goal, "2026-05-01")
    goal.when(reject("2026-05-08"), by="sam", at="2026-05-04")
    assert [instant("2026-05-12T00:00")] == lapse(goal, "2026-06-01")


# --- taken back ------------------------------------------------------------------------------------------------------

TAKE_BACK = a.RetractCompletion(reason=why("correction", "the second appendix is missing"))


def test_a_completion_is_taken_back_before_it_is_judged() -> None:
    goal = delivered_goal().when(TAKE_BACK, by="ana", at="2026-03-03")

    goal.then(e.CompletionRetracted()).then_state(state="active", delivery=None, lapse_due=date(2026, 3, 27))
    assert [instant("2026-03-31T00:00")] == lapse(goal, "2026-05-01")


def test_taken_back_after_the_due_it_lapses_at_once_and_not_earlier() -> None:
    goal = delivered_goal("2026-03-26").when(TAKE_BACK, by="ana", at="2026-04-20")

    goal.then_state(state="active")
    assert [instant("2026-04-20")] == lapse(goal, "2026-05-01")


def test_taking_back_keeps_the_time_that_was_given_for_rework() -> None:
    goal = delivered_goal().when(reject("2026-04-10"), by="sam", at="2026-03-03")
    goal.when(a.DeclareComplete(), by="ana", at="2026-04-01").when(TAKE_BACK, by="ana", at="2026-04-02")

    assert [instant("2026-04-14T00:00")] == lapse(goal, "2026-05-01")


def test_a_change_accepted_after_rework_counts_from_its_own_due() -> None:
    goal = delivered_goal().when(reject("2026-04-10"), by="sam", at="2026-03-03")
    goal.when(a.ProposeChange(changes=a.Changes(due=date(2026, 5, 1)), reason=why()), by="ana", at="2026-03-04")
    goal.when(a.AcceptChange(), by="sam", at="2026-03-05")

    assert [instant("2026-05-05T00:00")] == lapse(goal, "2026-06-01")


# --- disputed --------------------------------------------------------------------------------------------------------


def dispute(mediator: str = "mia", decide_by: str = "2026-04-30") -> a.Dispute:
    return a.Dispute(mediator=mediator, decide_by=date.fromisoformat(decide_by), reason=why())


@pytest.mark.parametrize("by", ["ana", "sam"])
def test_either_side_calls_a_mediator_for_a_time(by: str) -> None:
    goal = delivered_goal().when(dispute(), by=by)

    goal.then(
        e.DeliveryDisputed(
            by="owner" if by == "ana" else "sponsor", mediator=goal.story.id("mia"), decide_by=date(2026, 4, 30)
        )
    ).then_state(state="delivered")


@pytest.mark.parametrize("party", ["ana", "sam"])
def test_a_mediator_is_neither_party(party: str) -> None:
    delivered_goal().when(dispute(party), by="ana").refused_with(InvalidField, pointer="/mediator")


def test_a_mediator_is_there_and_has_time() -> None:
    goal = delivered_goal()
    goal.story.says("ben", Leave())

    goal.when(dispute("ben"), by="ana").refused_with(NotFound, pointer="/mediator")
    goal.when(dispute("nobody"), by="ana").refused_with(NotFound, pointer="/mediator")
    goal.when(dispute(decide_by="2026-03-01"), by="ana", at="2026-03-02T10:00").refused_with(
        InvalidField, pointer="/decide_by"
    )


def test_nobody_exchanges_the_mediator_before_the_time_is_over() -> None:
    goal = delivered_goal().when(dispute(decide_by="2026-03-20"), by="ana")

    goal.when(dispute("ben"), by="sam", at="2026-03-20T23:59").refused_with(ActNotAllowed)
    goal.when(dispute("ben"), by="sam", at="2026-03-21").then(e.DeliveryDisputed)


@pytest.mark.parametrize(
    ("ruling", "event", "end"),
    [
        (a.RuleSatisfied(reason=why()), e.RuledSatisfied, "satisfied"),
        (a.RuleBroken(reason=why()), e.RuledBroken, "broken"),
    ],
)
def test_the_mediator_alone_rules(ruling: a.Act, event: type[Any], end: str) -> None:
    goal = delivered_goal().when(dispute(), by="ana")

    for by in ("ana", "sam", "ben", "stella"):
        goal.when(ruling, by=by).refused_with(NotAParty)
    goal.when(ruling, by="mia").then(event).then_state(state=end)


def test_without_a_dispute_there_is_no_mediator() -> None:
    delivered_goal().when(a.RuleBroken(reason=why()), by="mia").refused_with(NotAParty, allowed=())


def test_a_disputed_delivery_can_still_be_settled_between_the_two() -> None:
    delivered_goal().when(dispute(), by="ana").when(a.DeclareSatisfied(), by="sam").then_state(state="satisfied")
    taken_back = delivered_goal().when(dispute(), by="sam").when(TAKE_BACK, by="ana")
    taken_back.when(a.DeclareComplete(), by="ana").when(a.RuleSatisfied(reason=why()), by="mia").refused_with(NotAParty)


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "act", "end"),
    [
        ("sam", a.Cancel(reason=why()), "cancelled"),
        ("sam", a.Release(reason=CAPACITY), "released"),
        ("ana", a.WithdrawPromise(reason=why()), "promise_withdrawn"),
    ],
)
def test_an_end_keeps_the_promise_as_it_stood(by: str, act: a.Act, end: str) -> None:
    goal = active()
    promise = goal.state
    goal.when(act, by=by)

    assert isinstance(goal.state, Ended)
    assert (end, goal.recorded[0].event_id) == (goal.state.state, goal.state.ended_by_event)
    assert goal.state.promised is not None
    assert (promise.terms, promise.promised_at) == (goal.state.promised.terms, goal.state.promised.promised_at)
    assert goal.story.index_entry(goal.state.id).listed_under is None


def test_a_promise_that_was_never_made_leaves_none_behind() -> None:
    declined = given(says("ana", offer())).when(a.Decline(reason=CAPACITY), by="sam")

    declined.then(like(e.GoalDeclined)).then_state(promised=None, state="declined")
    assert "The report is read" == declined.state.terms.outcome
    discarded = given(says("ana", a.Draft(title="A goal"))).when(a.Discard(), by="ana")
    discarded.then_state(state="withdrawn", terms=None, sponsor=None)
    declined.when(a.Feedback(text="a pity"), by="ana").refused_with(ActNotAllowed, allowed=())


def test_a_lapsed_goal_is_closed_as_broken_by_the_sponsor_in_words() -> None:
    story = goal_in_state("lapsed")

    Scenario(story).when(a.CloseBroken(reason=why()), by="ana").refused_with(NotAParty)
    closed = Scenario(story).when(a.CloseBroken(reason=why()), by="sam").then(e.ClosedBroken())
    assert instant("2026-03-31T00:00") == closed.state.promised.lapsed_at


def test_what_lapsed_and_was_cancelled_stays_lapsed_in_the_record() -> None:
    cancelled = Scenario(goal_in_state("lapsed")).when(a.Cancel(reason=why()), by="sam")

    cancelled.then_state(state="cancelled")
    assert instant("2026-03-31T00:00") == cancelled.state.promised.lapsed_at


def test_what_lies_outside_the_conditions_is_a_new_goal() -> None:
    goal = delivered_goal().when(a.DeclareSatisfied(), by="sam")
    more = msgspec.structs.replace(offer(), follow_up_of="goal")

    goal.when(more, by="ana", on="sequel").then(like(e.GoalOffered, follow_up_of=goal.state.id))


def test_the_mediator_of_an_open_dispute_does_not_become_a_party() -> None:
    story = Story()
    story.says("ana", offer(), at="2026-02-02")
    story.says("sam", a.Accept(), at="2026-02-02")
    story.says("ana", a.DeclareComplete(), at="2026-02-10")
    story.says(
        "ana",
        a.Dispute(mediator="mia", decide_by=date(2026, 3, 2), reason=why()),
        at="2026-02-11",
    )
    story.says("sam", Leave(), at="2026-02-12")

    scenario = given(story=story).when(a.ReassignSponsor(sponsor="mia", reason=why()), by="stella", at="2026-02-13")

    scenario.refused_with(InvalidField, pointer="/sponsor")
