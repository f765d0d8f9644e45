"""How a goal begins: drafts, requests, offers, and the terms that they must have."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    Forbidden,
    InvalidField,
    NotAParty,
    NotFound,
    PurposeRequired,
    ReasonRequired,
)
from domain.goal import acts as a
from domain.goal import events as e
from domain.member.member import Leave
from domain.organisation.organisation import SetPolicy
from domain.reasons import Reason, ReasonCode
from domain.team import team
from domain.terms import Condition, GoalKind, Measure, MeasureInput, Priority, Support, SupportInput, TermsInput
from tests.domain.goal_states import CAPACITY, NEVER
from tests.spec import Story, given, instant, like, offer, request, says, terms, why

DRAFT = a.Draft(title="A goal")


# --- drafts ----------------------------------------------------------------------------------------------------------


def test_a_draft_may_be_half_done_and_binds_nobody() -> None:
    story = Story()

    given(story=story).when(DRAFT, by="ana").then(
        e.GoalDrafted(title="A goal", team=None, author=story.id("ana"), owner=story.id("ana"), terms=e.DraftTerms())
    ).then_state(state="draft", owner=story.id("ana"), sponsor=None)
    assert story.index_entry(story.state().id).listed_under is None


def test_an_author_who_is_the_sponsor_may_leave_the_owner_open() -> None:
    story = Story()

    given(story=story).when(a.Draft(title="A goal", sponsor="ana"), by="ana").then_state(
        owner=None, sponsor=story.id("ana"), author=story.id("ana")
    )


def test_a_draft_is_written_by_one_of_its_parties() -> None:
    given().when(a.Draft(title="A goal", owner="ben", sponsor="sam"), by="ana").refused_with(
        NotAParty, pointer="/owner"
    )


@pytest.mark.parametrize("act", [a.ReviseDraft(title="Mine now"), a.Discard(), offer(), request()])
@pytest.mark.parametrize("other", ["sam", "ben", "stella"])
def test_only_its_author_touches_a_draft(act: a.Act, other: str) -> None:
    drafted = given(says("ana", a.Draft(title="A goal", owner="ana", sponsor="sam", terms=terms())))

    drafted.when(act, by=other).refused_with(NotAParty)


def test_a_draft_is_revised_word_by_word_and_then_offered_as_it_stands() -> None:
    story = Story()
    drafted = given(says("ana", a.Draft(title="A goal", terms=TermsInput(conditions=["It is read"]))), story=story)

    drafted.when(a.ReviseDraft(sponsor="sam", terms=TermsInput(due=date(2026, 3, 27))), by="ana").then(e.DraftRevised)
    drafted.when(a.Offer(reason=why(), terms=TermsInput(effort_hours=8)), by="ana").then(
        like(e.GoalOffered, title="A goal", owner=story.id("ana"), sponsor=story.id("sam"))
    )

    assert (Condition(id="c1", text="It is read"),) == drafted.state.terms.conditions
    assert ("8", date(2026, 3, 27)) == (drafted.state.terms.effort_hours, drafted.state.terms.due)


def test_a_drafts_description_and_tags_stay_until_others_are_said() -> None:
    drafted = given(says("ana", a.Draft(title="A goal", sponsor="sam", description="for the board", tags=["board"])))

    drafted.when(a.ReviseDraft(terms=terms()), by="ana").then_state(description="for the board", tags=("board",))
    drafted.when(a.ReviseDraft(title="The goal", description="for all", tags=["all"]), by="ana").then_state(
        title="The goal", description="for all", tags=("all",)
    )
    drafted.when(a.Offer(reason=why()), by="ana").then_state(title="The goal", description="for all", tags=("all",))


def test_an_author_cannot_turn_an_offer_of_theirs_into_a_request_to_themselves() -> None:
    drafted = given(says("ana", a.Draft(title="A goal", owner="ana", sponsor="sam", terms=terms())))

    drafted.when(request("ana", "sam"), by="ana").refused_with(NotAParty, allowed=("offer", "discard", "revise_draft"))


def test_a_goal_needs_a_title() -> None:
    given().when(a.Draft(), by="ana").refused_with(InvalidField, pointer="/title")
    given().when(a.Draft(title="  "), by="ana").refused_with(InvalidField, pointer="/title")


# --- requests and offers ---------------------------------------------------------------------------------------------


def test_assigning_is_a_request_marked_imposed_that_still_needs_the_owners_promise() -> None:
    imposed = given().when(request(imposed=True), by="sam").then(like(e.GoalRequested, imposed=True))

    imposed.then_state(state="requested", imposed=True)
    imposed.when(a.Promise(), by="ana").then_state(state="active", imposed=True, requested_by="sponsor")


def test_nobody_promises_for_another() -> None:
    given().when(offer("ana", "sam"), by="sam").refused_with(NotAParty, pointer="/owner", allowed=("request",))
    given().when(offer("ana", "sam"), by="lea").refused_with(NotAParty, pointer="/owner", allowed=("request",))


def test_nobody_requests_for_another() -> None:
    given().when(request("ana", "sam"), by="ben").refused_with(NotAParty, pointer="/sponsor")


def test_whoever_asks_or_offers_need_not_name_themselves() -> None:
    story = Story()

    given(story=story).when(a.Request(title="A goal", owner="ana", terms=terms(), reason=why()), by="sam").then_state(
        owner=story.id("ana"), sponsor=story.id("sam")
    )


def test_the_other_side_must_be_named() -> None:
    asked = a.Request(title="A goal", terms=terms(), reason=why())
    offered = a.Offer(title="A goal", terms=terms(), reason=why())

    given().when(asked, by="sam").refused_with(InvalidField, pointer="/owner")
    given().when(offered, by="ana").refused_with(InvalidField, pointer="/sponsor")


@pytest.mark.parametrize("role", ["owner", "sponsor"])
def test_a_party_must_have_joined_and_not_left(role: str) -> None:
    gone = given(says("mia", Leave()))
    by, act = ("ana", offer(sponsor="mia")) if role == "sponsor" else ("sam", request(owner="mia"))
    unknown = msgspec.structs.replace(act, **{role: "nobody"})

    gone.when(act, by=by).refused_with(NotFound, pointer=f"/{role}")
    gone.when(unknown, by=by).refused_with(NotFound, pointer=f"/{role}")


def test_who_has_left_no_longer_acts() -> None:
    asked = given(says("sam", request()), says("ana", Leave()))

    asked.when(a.Decline(reason=CAPACITY), by="ana").refused_with(Forbidden)
    asked.when(offer(), by="ana", on="another").refused_with(Forbidden)


def test_the_team_must_be_there() -> None:
    given().when(a.Draft(title="A goal", team="nowhere"), by="ana").refused_with(NotFound, pointer="/team")


@pytest.mark.parametrize("act", [offer(), request()])
def test_asking_needs_a_reason_in_words(act: a.Offer | a.Request) -> None:
    by = "ana" if isinstance(act, a.Offer) else "sam"

    given().when(msgspec.structs.replace(act, reason=None), by=by).refused_with(ReasonRequired, pointer="/reason")
    given().when(msgspec.structs.replace(act, reason=CAPACITY), by=by).refused_with(
        ReasonRequired, pointer="/reason/text"
    )


@pytest.mark.parametrize("text", ["", "x" * 19, " " * 30])
def test_the_reason_other_is_explained_in_twenty_characters(text: str) -> None:
    asked = given(says("sam", request()))
    other = Reason(code=ReasonCode.OTHER, text=text)

    asked.when(a.Decline(reason=other), by="ana").refused_with(InvalidField, pointer="/reason/text")
    asked.when(a.Clarify(text="what?", reason=other), by="ana").refused_with(InvalidField, pointer="/reason/text")


def test_twenty_characters_explain_other() -> None:
    other = Reason(code=ReasonCode.OTHER, text="x" * 20)

    given(says("sam", request())).when(a.Decline(reason=other), by="ana").then(e.GoalDeclined)


def test_capacity_alone_is_enough_to_decline() -> None:
    given(says("sam", request(imposed=True))).when(a.Decline(reason=CAPACITY), by="ana").then_state(state="declined")


def test_a_reference_names_its_own_goal() -> None:
    named = msgspec.structs.replace(offer(), ref="report-1")

    given().when(named, by="ana", on="report-1").then(like(e.GoalOffered, ref="report-1"))
    given().when(named, by="ana", on="report-2").refused_with(InvalidField, pointer="/ref")
    given().when(msgspec.structs.replace(offer(), ref=NEVER), by="ana").refused_with(InvalidField, pointer="/ref")


def test_the_same_reference_is_not_begun_twice() -> None:
    offered = given(says("ana", offer()))

    offered.when(DRAFT, by="ana").refused_with(AlreadyExists)
    offered.when(offer(), by="ana").refused_with(ActNotAllowed, allowed=("withdraw", "clarify", "retitle"))


def test_a_follow_up_names_an_earlier_goal() -> None:
    story = Story()
    earlier = given(says("ana", offer(), on="first"), story=story)
    follow = msgspec.structs.replace(offer(), follow_up_of="first")

    earlier.when(follow, by="ana").then(like(e.GoalOffered, follow_up_of=story.id("first", "goal")))
    earlier.when(follow, by="ana", on="first-b").then_state(follow_up_of=story.id("first", "goal"))
    earlier.when(msgspec.structs.replace(offer(), follow_up_of="nothing"), by="ana", on="third").refused_with(
        NotFound, pointer="/follow_up_of"
    )
    earlier.when(msgspec.structs.replace(offer(), follow_up_of="third"), by="ana", on="third").refused_with(
        InvalidField, pointer="/follow_up_of"
    )


# --- terms -----------------------------------------------------------------------------------------------------------


def check_refused(pointer: str, error: type[Any] = InvalidField, **fields: Any) -> None:
    """An offer with these terms, and a counter with them, are refused there."""
    given().when(offer(**fields), by="ana").refused_with(error, pointer=pointer)
    changed = msgspec.structs.replace(TermsInput(), **_inputs(fields))
    given(says("ana", offer())).when(a.Counter(terms=changed, reason=CAPACITY), by="sam").refused_with(
        error, pointer=pointer
    )


def _inputs(fields: dict[str, Any]) -> dict[str, Any]:
    return {n: [SupportInput(goal=s) for s in v] if n == "supports" else v for n, v in fields.items()}


def test_what_is_not_said_has_a_plain_meaning() -> None:
    least = a.Offer(
        title="A goal",
        sponsor="sam",
        terms=TermsInput(conditions=["It is read"], due=date(2026, 3, 27)),
        reason=why(),
    )

    promised = given().when(least, by="ana", at="2026-01-07").state.terms

    assert ("A goal", Measure(kind="binary"), date(2026, 1, 7)) == (promised.outcome, promised.measure, promised.start)
    assert (GoalKind.TASK, Priority.IMPORTANT, None, ()) == (
        promised.kind,
        promised.priority,
        promised.effort_hours,
        promised.supports,
    )


def test_at_least_one_condition_and_a_due_date_are_asked_for() -> None:
    def written(**fields: Any) -> a.Offer:
        return a.Offer(title="A goal", sponsor="sam", terms=TermsInput(**fields), reason=why())

    given().when(written(due=date(2026, 3, 27)), by="ana").refused_with(InvalidField, pointer="/terms/conditions")
    given().when(written(conditions=["It is read"]), by="ana").refused_with(InvalidField, pointer="/terms/due")
    given().when(a.Offer(title="A goal", sponsor="sam", reason=why()), by="ana").refused_with(
        InvalidField, pointer="/terms/conditions"
    )


@pytest.mark.parametrize("count", [0, 8])
def test_a_goal_has_one_to_seven_conditions(count: int) -> None:
    conditions = [f"number {i}" for i in range(count)]

    check_refused("/terms/conditions", conditions=conditions)
    with pytest.raises(msgspec.ValidationError, match="conditions"):
        msgspec.convert({"do": "offer", "terms": {"conditions": conditions}}, a.GoalAct)


def test_seven_conditions_get_ids_by_their_place() -> None:
    offered = given().when(offer(conditions=[f"number {i}" for i in range(7)]), by="ana")

    assert [f"c{i}" for i in range(1, 8)] == [c.id for c in offered.state.terms.conditions]


def test_conditions_are_told_apart() -> None:
    check_refused("/terms/conditions", conditions=[Condition(id="c2", text="This"), "That"])
    check_refused("/terms/conditions/1", conditions=["This", "  "])


def test_a_blank_outcome_is_none() -> None:
    check_refused("/terms/outcome", outcome=" ")


def test_first_terms_are_due_after_they_start_and_a_day_is_enough() -> None:
    check_refused("/terms/due", start=date(2026, 3, 28), due=date(2026, 3, 27))
    given().when(offer(start=date(2026, 3, 27), due=date(2026, 3, 27)), by="ana").then(e.GoalOffered)


@pytest.mark.parametrize("year", [1969, 2200, 9999])
def test_a_year_far_off_is_a_slip(year: int) -> None:
    check_refused("/terms/due", due=date(year, 1, 1))
    check_refused("/terms/start", start=date(year, 1, 1))


@pytest.mark.parametrize("effort", [-1, "-0.5", 100_001, "NaN", "1E+999999", float("inf"), 0.125, "a lot"])
def test_effort_is_a_plain_number_of_hours(effort: Any) -> None:
    check_refused("/terms/effort_hours", effort_hours=effort)


@pytest.mark.parametrize(("written", "stored"), [(0, "0"), (8, "8"), ("7.50", "7.5"), (1e2, "100"), (0.25, "0.25")])
def test_effort_is_kept_exactly(written: Any, stored: str) -> None:
    assert stored == given().when(offer(effort_hours=written), by="ana").state.terms.effort_hours


def test_a_number_has_a_target_and_a_range_its_two_ends() -> None:
    check_refused("/terms/measure/target", measure=MeasureInput(kind="number", baseline=1))
    check_refused("/terms/measure/low", measure=MeasureInput(kind="range", high=2))
    check_refused("/terms/measure/low", measure=MeasureInput(kind="range", low=3, high=2))
    check_refused("/terms/measure/target", measure=MeasureInput(kind="number", target="NaN"))

    point = MeasureInput(kind="range", low=2, high=2)
    assert "2" == given().when(offer(measure=point), by="ana").state.terms.measure.low
    kept = given().when(offer(measure=MeasureInput(kind="number", unit="%", baseline=0, target="99.90")), by="ana")
    assert Measure(kind="number", unit="%", baseline="0", target="99.9") == kept.state.terms.measure


# --- supports --------------------------------------------------------------------------------------------------------


def test_a_goal_may_support_nothing_and_is_then_unlinked() -> None:
    assert () == given().when(offer(), by="ana").state.terms.supports


def test_a_goal_supports_goals_that_are_there_and_not_itself() -> None:
    story = Story()
    parent = given(says("lea", offer("lea", "mia"), on="parent"), story=story)

    parent.when(offer(supports=["parent", "parent"]), by="ana").then(e.GoalOffered)
    assert (Support(goal=story.id("parent", "goal")),) == parent.state.terms.supports

    check_refused("/terms/supports/0/goal", NotFound, supports=["nothing"])
    check_refused("/terms/supports/0/goal", supports=["goal"])


def test_a_support_names_one_thing() -> None:
    given().when(offer(supports=[SupportInput()]), by="ana").refused_with(InvalidField, pointer="/terms/supports/0")
    both = SupportInput(goal="parent", purpose=NEVER)
    given().when(offer(supports=[both]), by="ana").refused_with(InvalidField, pointer="/terms/supports/0")
    loose = SupportInput(purpose="growth")
    given().when(offer(supports=[loose]), by="ana").refused_with(NotFound, pointer="/terms/supports/0/purpose")
    given().when(offer(supports=[SupportInput(purpose=NEVER)]), by="ana").then(e.GoalOffered)


def test_a_policy_may_ask_every_goal_for_a_purpose() -> None:
    story = Story(policy={"require_purpose": True})

    given(story=story).when(offer(), by="ana").refused_with(PurposeRequired, pointer="/terms/supports")
    given(story=story).when(offer(supports=[SupportInput(purpose=NEVER)]), by="ana").then(e.GoalOffered)
    given(story=story).when(a.Counter(terms=TermsInput(supports=[]), reason=CAPACITY), by="sam").refused_with(
        PurposeRequired, pointer="/terms/supports"
    )


def test_where_a_purpose_is_asked_for_neither_a_change_nor_the_owner_drops_the_last_one() -> None:
    story = Story(policy={"require_purpose": True})
    aim = SupportInput(purpose=NEVER)
    active = given(says("ana", offer(supports=[aim])), says("sam", a.Accept()), story=story)
    none_left = a.ProposeChange(changes=a.Changes(supports=[]), reason=why())

    active.when(none_left, by="ana").refused_with(PurposeRequired, pointer="/changes/supports")
    active.when(a.Unlink(supports=[aim], reason=CAPACITY), by="ana").refused_with(PurposeRequired, pointer="/supports")
    active.when(a.ProposeChange(changes=a.Changes(effort_hours=3), reason=why()), by="ana").then(e.ChangeProposed)


def test_a_goal_from_before_the_policy_can_still_be_renegotiated() -> None:
    story = Story()
    before = given(says("ana", offer()), says("sam", a.Accept()), story=story)
    story.says("stella", SetPolicy(policy={"require_purpose": True}))

    before.when(a.ProposeChange(changes=a.Changes(effort_hours=3), reason=why()), by="ana").then(e.ChangeProposed)


# --- outcomes --------------------------------------------------------------------------------------------------------


def test_a_team_outcome_is_owned_by_the_lead_and_has_no_effort_of_its_own() -> None:
    story = Story()
    outcome = {"kind": GoalKind.OUTCOME}

    given(story=story).when(offer("ana", **outcome), by="ana").refused_with(
        InvalidField, pointer="/owner", allowed=(str(story.id("lea")),)
    )
    given(story=story).when(offer("lea", **outcome, effort_hours=1), by="lea").refused_with(
        InvalidField, pointer="/terms/effort_hours"
    )
    loose = msgspec.structs.replace(offer("lea", **outcome), team=None)
    given(story=story).when(loose, by="lea").refused_with(InvalidField, pointer="/team")
    given(story=story).when(offer("lea", **outcome), by="lea").then(e.GoalOffered)


def test_an_outcome_stays_without_effort_and_goes_only_to_the_lead() -> None:
    story = Story()
    outcome = given(says("lea", offer("lea", kind=GoalKind.OUTCOME)), says("sam", a.Accept()), story=story)

    def change(**fields: Any) -> a.ProposeChange:
        return a.ProposeChange(changes=a.Changes(**fields), reason=why())

    outcome.when(change(effort_hours=1), by="lea").refused_with(InvalidField, pointer="/changes/effort_hours")
    outcome.when(change(owner="ana"), by="lea").refused_with(
        InvalidField, pointer="/changes/owner", allowed=(str(story.id("lea")),)
    )
    story.says("stella", team.AppointLead(lead="ana"), on="core")
    outcome.when(change(due=date(2026, 4, 10)), by="lea").then(e.ChangeProposed)
    outcome.when(a.WithdrawChange(), by="lea").then(e.ChangeWithdrawn)
    outcome.when(change(owner="ana"), by="lea").then(e.ChangeProposed)


# --- before the promise ----------------------------------------------------------------------------------------------


def test_a_counter_says_what_differs_and_becomes_the_terms_that_are_promised() -> None:
    story = Story()
    offered = given(says("ana", offer(effort_hours=8)), story=story)

    offered.when(a.Counter(terms=TermsInput(effort_hours="8.0"), reason=CAPACITY), by="sam").refused_with(
        InvalidField, pointer="/terms"
    )
    offered.when(a.Counter(terms=TermsInput(effort_hours=6), reason=CAPACITY), by="sam").then(
        like(e.GoalCountered, by="sponsor")
    )
    offered.when(a.Promise(), by="ana").then_state(state="active", terms_version=1)
    assert "6" == offered.state.terms.effort_hours == offered.state.first_terms.effort_hours


def test_an_answer_is_deferred_by_the_policys_maximum_at_most() -> None:
    asked = given(says("sam", request(), at="2026-01-12"))

    def until(day: str) -> a.DeferAnswer:
        return a.DeferAnswer(answer_by=date.fromisoformat(day), reason=CAPACITY)

    asked.when(until("2026-01-27"), by="ana").refused_with(
        InvalidField, pointer="/answer_by", allowed=("<= 2026-01-26",)
    )
    asked.when(until("2026-01-11"), by="ana").refused_with(InvalidField, pointer="/answer_by")
    asked.when(until("2026-01-26"), by="ana").then(e.AnswerDeferred(answer_by=date(2026, 1, 26)))


def test_the_sponsor_may_say_what_the_sponsor_promises_back() -> None:
    accepted = given(says("ana", offer())).when(a.Accept(promises_back="a review within two days"), by="sam")

    accepted.then(like(e.GoalAccepted, promises_back="a review within two days"))
    assert instant("2026-01-05") < accepted.state.promised_at
