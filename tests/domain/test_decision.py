"""A decision within a time-box: who may say what, and the moment at which it is decided."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.decision import acts as a
from domain.decision import events as e
from domain.decision.decide import MAX_OBJECTIONS, MAX_ROUNDS
from domain.decision.opening import MAX_TIME_BOX_DAYS
from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    AnswersRequired,
    AnswersSuperseded,
    Forbidden,
    InTheFuture,
    InvalidField,
    NotFound,
    OutOfOrder,
    ReasonRequired,
    Refusal,
)
from domain.member.member import GrantRole, Join, Leave, Role
from tests.domain.decisions import (
    ASKED_AT,
    DEADLINE,
    LATER,
    LEAD_DECIDES,
    STATUS_QUO,
    ask_question,
    consent,
    decision,
    objection,
    question,
)
from tests.spec import Story, given, like, says, why

STEWARD = frozenset({"steward"})

# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_question_opens_with_named_options_and_who_decides() -> None:
    scenario = given().when(question(), by="ana")

    opened = scenario.event
    assert [("o1", "In a call each Monday"), ("o2", "As we do now")] == [(o.id, o.text) for o in opened.options]
    assert (scenario.story.id("ana"), scenario.story.id("ben")) == opened.deciders
    assert scenario.story.id("core", "team") == opened.of.team
    state = decision(scenario.story)
    assert ("open", None, scenario.story.id("ana")) == (state.state, state.decided, state.opened_by)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"question": "  "}, "/question"),
        ({"options": ["A", " "]}, "/options/1"),
        ({"options": [e.Option(id="x", text="A"), e.Option(id="x", text="B")], "status_quo": "x"}, "/options"),
        ({"status_quo": "o3"}, "/status_quo"),
        ({"deciders": ["ana", "ana"]}, "/deciders/1"),
        ({"deadline": datetime(2026, 1, 12, 8, tzinfo=UTC)}, "/deadline"),
        ({"deadline": datetime(2026, 1, 12, 9, tzinfo=UTC) + timedelta(days=93)}, "/deadline"),
        ({"deadline": datetime(9999, 12, 31, 23, tzinfo=UTC)}, "/deadline"),
        ({"fallback": e.Fallback(rule="option")}, "/fallback/option"),
        ({"fallback": e.Fallback(rule="status_quo", option="o1")}, "/fallback/option"),
        ({"fallback": e.Fallback(rule="option", option="o7")}, "/fallback/option"),
        ({"review_on": date(2026, 1, 11)}, "/review_on"),
    ],
)
def test_a_question_that_cannot_be_decided_is_not_opened(fields: dict[str, Any], pointer: str) -> None:
    given().when(question(**fields), by="ana", at=ASKED_AT).refused_with(InvalidField, pointer=pointer)


@pytest.mark.parametrize(
    ("fields", "pointer"), [({"deciders": ["ana", "nobody"]}, "/deciders/1"), ({"team": "nowhere"}, "/team")]
)
def test_who_or_what_is_not_there_cannot_be_named(fields: dict[str, Any], pointer: str) -> None:
    given().when(question(**fields), by="ana").refused_with(NotFound, pointer=pointer)


def test_a_time_box_may_last_a_quarter() -> None:
    latest = datetime(2026, 1, 12, 9, tzinfo=UTC) + timedelta(days=MAX_TIME_BOX_DAYS)

    given().when(question(deadline=latest), by="ana", at=ASKED_AT).then(like(e.Opened, deadline=latest))


def test_only_those_whose_decision_it_is_open_one() -> None:
    story = Story()
    story.says("stella", Join(name="Gus", ref="gus"), on="gus")

    given(story=story).when(question(), by="gus").refused_with(Forbidden, allowed=("member", "lead", "steward"))


def test_every_member_opens_one_of_the_organisations_own() -> None:
    given().when(question(team=None), by="mia").then(like(e.Opened))


def test_an_integration_takes_no_part() -> None:
    given().when(question(), by="ana", roles=frozenset({"integration"})).refused_with(Forbidden)


def test_a_question_is_opened_once() -> None:
    given(ask_question()).when(question(), by="ana").refused_with(AlreadyExists, pointer="/ref")


def test_nothing_can_be_said_about_what_was_never_asked() -> None:
    given().when(consent(), by="ana").refused_with(NotFound)


def test_nobody_asks_tomorrow() -> None:
    given().when(question(), by="ana", at="2026-01-12", learnt="2026-01-11").refused_with(InTheFuture, pointer="/at")


def test_in_an_import_somebody_decides_who_joins_only_later() -> None:
    given().when(question(deciders=["ana", "zoe"]), by="ana", at=ASKED_AT, learnt="2026-02-02").then(like(e.Opened))


# --- consent ---------------------------------------------------------------------------------------------------------


def test_it_is_decided_the_moment_the_last_decider_consents() -> None:
    scenario = given(ask_question(), says("ana", consent())).when(consent(), by="ben")

    scenario.then(like(e.Consented, option="o1"), e.Decided(option="o1", by="consent", inside_time_box=True))
    outcome = decision(scenario.story).decided
    assert outcome is not None
    assert (scenario.recorded[-1].event_id, "o1", True) == (outcome.event_id, outcome.option, outcome.in_favour)


def test_consent_to_leave_things_as_they_are_is_not_in_favour() -> None:
    scenario = given(ask_question(), says("ana", consent("o2"))).when(consent("o2"), by="ben")

    outcome = decision(scenario.story).decided
    assert outcome is not None
    assert ("o2", False) == (outcome.option, outcome.in_favour)


def test_consents_to_different_options_decide_nothing() -> None:
    given(ask_question(), says("ana", consent("o1"))).when(consent("o2"), by="ben").then(e.Consented)


def test_who_consents_to_another_option_takes_the_first_word_back() -> None:
    history = [ask_question(), says("ana", consent("o1")), says("ana", consent("o2"))]

    given(*history).when(consent("o1"), by="ben").then(e.Consented)


def test_only_its_deciders_consent() -> None:
    given(ask_question()).when(consent(), by="sam").refused_with(Forbidden)


def test_an_option_that_is_none_cannot_be_consented_to() -> None:
    given(ask_question()).when(consent("o9"), by="ana").refused_with(
        InvalidField, pointer="/option", allowed=("o1", "o2")
    )


def test_who_has_left_is_not_waited_for() -> None:
    story = Story()
    given(ask_question(), story=story)
    story.says("stella", Leave(), on="ben", roles=STEWARD)

    given(story=story).when(consent(), by="ana").then(e.Consented, like(e.Decided, by="consent"))


def test_who_has_left_says_no_more() -> None:
    story = Story()
    given(ask_question(), story=story)
    story.says("stella", Leave(), on="ben", roles=STEWARD)

    given(story=story).when(consent(), by="ben").refused_with(Forbidden)


# --- objections ------------------------------------------------------------------------------------------------------


def test_an_open_objection_holds_it_open() -> None:
    history = [ask_question(), says("sam", objection()), says("ana", consent())]

    given(*history).when(consent(), by="ben").then(e.Consented)


def test_it_is_decided_when_the_last_objection_is_taken_back() -> None:
    history = [ask_question(), says("sam", objection()), says("ana", consent()), says("ben", consent())]

    given(*history).when(a.WithdrawObjection(), by="sam").then(
        e.ObjectionWithdrawn, e.Decided(option="o1", by="consent", inside_time_box=True)
    )


def test_an_objection_to_another_option_holds_nothing_up() -> None:
    history = [ask_question(), says("sam", objection(option="o2")), says("ana", consent())]

    given(*history).when(consent(), by="ben").then(e.Consented, like(e.Decided, option="o1"))


def test_who_objects_no_longer_consents() -> None:
    story = Story()
    given(ask_question(), says("ana", consent()), says("ana", objection()), story=story)
    story.says("ana", a.WithdrawObjection())

    given(story=story).when(consent(), by="ben").then(e.Consented)


def test_nobody_consents_over_their_own_objection() -> None:
    given(ask_question(), says("ben", objection())).when(consent(), by="ben").refused_with(
        ActNotAllowed, allowed=("withdraw_objection",)
    )


def test_only_deciders_and_those_whose_it_is_object() -> None:
    story = Story()
    story.says("stella", Join(name="Gus", ref="gus"), on="gus")

    given(ask_question(), story=story).when(objection(), by="gus").refused_with(
        Forbidden, allowed=("decider", "member")
    )


@pytest.mark.parametrize("act", [objection(), a.SharePerspective(text="As I see it")])
def test_a_steward_of_another_house_has_no_say_in_a_teams_decision(act: a.DecisionAct) -> None:
    given(ask_question()).when(act, by="stella").refused_with(Forbidden, allowed=("decider", "member"))


def test_in_an_import_too_only_those_whose_it_is_object() -> None:
    """The importing steward's powers are not those of whoever the row speaks for."""
    story = Story()
    story.says("stella", Join(name="Gus", ref="gus"), on="gus")
    given(ask_question(), story=story)

    given(story=story).when(objection(), by="gus", at="2026-01-13", learnt="2026-01-14").refused_with(Forbidden)


def test_a_decider_from_elsewhere_objects() -> None:
    story = Story()
    story.says("stella", Join(name="Gus", ref="gus"), on="gus")

    given(ask_question(deciders=["ana", "gus"]), story=story).when(objection(), by="gus").then(e.ObjectionRaised)


@pytest.mark.parametrize("by", ["ana", "lea", "stella"])
def test_who_opened_it_and_the_lead_integrate_an_objection(by: str) -> None:
    scenario = given(ask_question(), says("ben", objection())).when(a.IntegrateObjection(how="On Tuesdays then"), by=by)

    scenario.then(like(e.ObjectionIntegrated, how="On Tuesdays then"))
    [told] = decision(scenario.story).objections
    assert ("integrated", "On Tuesdays then") == (told.settled, told.how)


def test_nobody_else_integrates_an_objection() -> None:
    given(ask_question(), says("ben", objection())).when(a.IntegrateObjection(how="No"), by="ben").refused_with(
        Forbidden, allowed=("opener", "lead")
    )


def test_an_integration_asks_for_consent_anew() -> None:
    """Nobody consents to what they have not seen: the option means something else now."""
    history = [ask_question(), says("ana", consent()), says("ben", objection())]

    given(*history, says("ana", a.IntegrateObjection(how="Tuesdays"))).when(
        consent(), by="ben", as_written=True
    ).refused_with(AnswersRequired, pointer="/answers")


def test_a_consent_after_an_integration_names_what_it_has_seen() -> None:
    story = Story()
    given(ask_question(), says("ben", objection()), says("ana", a.IntegrateObjection(how="Tuesdays")), story=story)
    seen = str(story.last_event("decision", "decision").event_id)

    given(story=story).when(a.Consent(option="o1", answers=seen), by="ben").then(
        like(e.Consented, option="o1", answers=UUID(seen))
    )


def test_a_consent_to_words_that_have_changed_is_refused_with_the_new_ones() -> None:
    story = Story()
    given(ask_question(), says("ben", objection()), story=story)
    first = str(decision(story).opened_event)
    story.says("ana", a.IntegrateObjection(how="Tuesdays"))
    now = str(story.last_event("decision", "decision").event_id)

    given(story=story).when(a.Consent(option="o1", answers=first), by="ben").refused_with(
        AnswersSuperseded, open_event=now
    )


def test_an_objector_may_object_anew_to_what_was_made_of_it() -> None:
    history = [ask_question(), says("ben", objection()), says("ana", a.IntegrateObjection(how="Tuesdays"))]

    given(*history).when(objection("Tuesdays are no better"), by="ben").then(e.ObjectionRaised)


def test_an_objection_is_named_by_who_raised_it_where_several_are_open() -> None:
    story = Story()
    given(ask_question(), says("ben", objection()), says("sam", objection("Too early")), story=story)
    ids = tuple(str(o.id) for o in decision(story).open_objections)

    given(story=story).when(a.IntegrateObjection(how="Later"), by="ana").refused_with(
        InvalidField, pointer="/objection", allowed=ids
    )
    given(story=story).when(a.IntegrateObjection(how="Later", objection="sam"), by="ana").then(e.ObjectionIntegrated)
    assert ["ben"] == [n for n in ("ben", "sam") if story.id(n) in {o.by for o in decision(story).open_objections}]


def test_an_objection_that_is_not_open_cannot_be_settled() -> None:
    given(ask_question()).when(a.IntegrateObjection(how="Later"), by="ana").refused_with(NotFound, pointer="/objection")


def test_only_who_raised_an_objection_takes_it_back() -> None:
    story = Story()
    given(ask_question(), says("ben", objection()), story=story)
    [mine] = decision(story).open_objections

    given(story=story).when(a.WithdrawObjection(objection=str(mine.id)), by="sam").refused_with(Forbidden)


def test_objections_have_an_end() -> None:
    story = Story()
    given(ask_question(), *[says("sam", objection(f"No {n}")) for n in range(MAX_OBJECTIONS)], story=story)

    given(story=story).when(objection(), by="sam").refused_with(ActNotAllowed)


@pytest.mark.parametrize("act", [objection(" "), a.SharePerspective(text="\n")])
def test_a_blank_word_is_none(act: a.DecisionAct) -> None:
    given(ask_question()).when(act, by="ben").refused_with(InvalidField, pointer="/text")


def test_a_perspective_moves_nothing() -> None:
    scenario = given(ask_question(), says("ana", consent())).when(a.SharePerspective(text="I like both"), by="sam")

    scenario.then(like(e.PerspectiveShared, text="I like both"))
    assert (1, "open") == (decision(scenario.story).perspectives, decision(scenario.story).state)


# --- the deadline ----------------------------------------------------------------------------------------------------


def test_at_the_deadline_things_stay_as_they_are() -> None:
    scenario = given(ask_question(), says("ana", consent())).when_time_passes(LATER)

    scenario.then(e.Decided(option="o2", by="fallback", inside_time_box=False))
    assert DEADLINE == scenario.recorded[0].occurred_at
    assert "timer" == scenario.recorded[0].source


def test_at_the_deadline_things_stay_as_they_are_even_if_no_option_says_so() -> None:
    given(ask_question(status_quo=None)).when_time_passes(LATER).then(like(e.Decided, option=None, by="fallback"))


def test_at_the_deadline_the_named_option_holds() -> None:
    history = ask_question(fallback=e.Fallback(rule="option", option="o1"))

    given(history, says("ben", objection())).when_time_passes(LATER).then(like(e.Decided, option="o1", by="fallback"))


@pytest.mark.parametrize("fallback", [STATUS_QUO, LEAD_DECIDES, e.Fallback(rule="option", option="o2")])
def test_at_the_deadline_consent_decides_where_who_had_not_consented_has_left(fallback: e.Fallback) -> None:
    story = Story()
    given(ask_question(fallback=fallback), says("ana", consent()), story=story)
    story.says("stella", Leave(), on="ben", roles=STEWARD)

    scenario = given(story=story).when_time_passes(LATER)

    scenario.then(e.Decided(option="o1", by="consent", inside_time_box=False))
    assert DEADLINE == scenario.recorded[0].occurred_at


def test_at_the_deadline_an_open_objection_of_who_left_still_holds_consent_up() -> None:
    story = Story()
    given(ask_question(), says("ana", consent()), says("ben", objection()), story=story)
    story.says("stella", Leave(), on="ben", roles=STEWARD)

    given(story=story).when_time_passes(LATER).then(like(e.Decided, option="o2", by="fallback"))


def test_at_the_deadline_who_leaves_only_afterwards_was_waited_for() -> None:
    story = Story()
    given(ask_question(), says("ana", consent()), story=story)
    story.says("stella", Leave(), on="ben", roles=STEWARD, at=LATER)

    given(story=story).when_time_passes("2026-01-16T18:00").then(like(e.Decided, option="o2", by="fallback"))


def test_before_the_deadline_nothing_rings() -> None:
    given(ask_question()).when_time_passes("2026-01-16T11:59").then()


def test_consent_after_the_deadline_is_refused_and_says_what_is_allowed() -> None:
    scenario = given(ask_question(), says("ana", consent())).when(consent(), by="ben", at=LATER)

    scenario.refused_with(ActNotAllowed, allowed=("set_review", "review", "reopen"))
    assert scenario.refusal is not None
    assert "2026-01-16T12:00:00.000000Z" in scenario.refusal.detail


def test_consent_at_the_deadline_itself_comes_too_late() -> None:
    given(ask_question(), says("ana", consent())).when(consent(), by="ben", at=DEADLINE).refused_with(ActNotAllowed)


def test_consent_a_moment_before_the_deadline_decides() -> None:
    at = DEADLINE - timedelta(microseconds=1)

    given(ask_question(), says("ana", consent())).when(consent(), by="ben", at=at).then(
        e.Consented, like(e.Decided, by="consent", inside_time_box=True)
    )


def test_an_act_after_the_deadline_finds_its_timer_recorded_first() -> None:
    given(ask_question()).when(a.SetReview(on=date(2026, 4, 1)), by="ana", at=LATER).then(
        like(e.Decided, by="fallback"), e.ReviewSet(on=date(2026, 4, 1))
    )


def test_at_the_deadline_the_lead_is_asked_for_the_response_time_of_the_policy() -> None:
    """Friday noon and five working days: the end of the next Friday."""
    scenario = given(ask_question(fallback=LEAD_DECIDES)).when_time_passes(LATER)

    scenario.then(e.PassedToLead(until=datetime(2026, 1, 24, tzinfo=UTC)))
    assert DEADLINE == scenario.recorded[0].occurred_at
    assert "with_lead" == decision(scenario.story).state


@pytest.mark.parametrize("by", ["lea", "stella"])
def test_the_lead_decides_where_the_fallback_says_so(by: str) -> None:
    scenario = given(ask_question(fallback=LEAD_DECIDES)).when(a.Decide(option="o1"), by=by, at=LATER)

    scenario.then(e.PassedToLead, e.Decided(option="o1", by="lead", inside_time_box=False))


def test_nobody_else_decides_for_the_lead() -> None:
    given(ask_question(fallback=LEAD_DECIDES)).when(a.Decide(option="o1"), by="ana", at=LATER).refused_with(
        Forbidden, allowed=("lead", "steward")
    )


def test_the_lead_decides_nothing_while_the_time_box_lasts() -> None:
    given(ask_question(fallback=LEAD_DECIDES)).when(a.Decide(option="o1"), by="lea").refused_with(ActNotAllowed)


def test_consent_after_the_deadline_is_told_that_the_lead_decides_now() -> None:
    scenario = given(ask_question(fallback=LEAD_DECIDES), says("ana", consent())).when(consent(), by="lea", at=LATER)

    scenario.refused_with(ActNotAllowed, allowed=("share_perspective", "decide", "set_review"))


def test_a_lead_who_stays_silent_leaves_things_as_they_are() -> None:
    given(ask_question(fallback=LEAD_DECIDES)).when_time_passes("2026-01-26").then(
        e.PassedToLead, e.Decided(option="o2", by="fallback", inside_time_box=False)
    )


def test_an_absence_of_the_lead_stops_the_leads_clock() -> None:
    from domain.member.member import DeclareAbsence

    story = Story()
    story.says("lea", DeclareAbsence(from_=date(2026, 1, 19), to=date(2026, 1, 30)))
    given(ask_question(fallback=LEAD_DECIDES), story=story)

    given(story=story).when_time_passes("2026-02-03").then(e.PassedToLead)
    given(story=story).when_time_passes("2026-02-05").then(like(e.Decided, by="fallback"))
    assert datetime(2026, 2, 4, tzinfo=UTC) == story.last_event("decision", "decision").occurred_at


def test_the_leads_time_is_that_of_the_policy_at_the_deadline() -> None:
    story = Story(policy={"response_working_days": 1})

    given(ask_question(fallback=LEAD_DECIDES), story=story).when_time_passes(LATER).then(
        e.PassedToLead(until=datetime(2026, 1, 20, tzinfo=UTC))
    )


def test_who_does_not_decide_is_not_told_that_consenting_is_allowed() -> None:
    voices = ("share_perspective", "raise_objection", "withdraw_objection")

    given(ask_question()).when(consent(), by="sam").refused_with(Forbidden, allowed=voices)


# --- after it was decided --------------------------------------------------------------------------------------------

DECIDED = [ask_question(), says("ana", consent()), says("ben", consent())]


def test_it_is_asked_again_for_a_reason_within_a_new_time_box() -> None:
    again = a.Reopen(deadline=datetime(2026, 2, 6, 12, tzinfo=UTC), reason=why())
    scenario = given(*DECIDED).when(again, by="ben", at="2026-02-02")

    scenario.then(e.Reopened(deadline=again.deadline))
    state = decision(scenario.story)
    assert ("open", None, (), 1) == (state.state, state.decided, state.consents, state.reopen_count)


def test_after_a_reopening_everybody_consents_anew() -> None:
    again = a.Reopen(deadline=datetime(2026, 2, 6, 12, tzinfo=UTC), reason=why())

    given(*DECIDED, says("ben", again, at="2026-02-02"), says("ana", consent())).when(consent(), by="ben").then(
        e.Consented, like(e.Decided, by="consent")
    )


def test_it_is_not_asked_again_without_a_reason() -> None:
    again = a.Reopen(deadline=datetime(2026, 2, 6, 12, tzinfo=UTC))

    given(*DECIDED).when(again, by="ben", at="2026-02-02").refused_with(ReasonRequired, pointer="/reason")


def test_a_reason_needs_words_to_ask_again() -> None:
    again = a.Reopen(deadline=datetime(2026, 2, 6, 12, tzinfo=UTC), reason=why(text=""))

    given(*DECIDED).when(again, by="ben", at="2026-02-02").refused_with(ReasonRequired)


def test_a_new_time_box_has_its_bounds_too() -> None:
    again = a.Reopen(deadline=datetime(2026, 2, 1, 12, tzinfo=UTC), reason=why())

    given(*DECIDED).when(again, by="ben", at="2026-02-02").refused_with(InvalidField, pointer="/deadline")


def test_a_question_is_asked_so_often_and_then_it_is_another_one() -> None:
    again = a.Reopen(deadline=datetime(2026, 2, 6, 12, tzinfo=UTC), reason=why())
    told = [*DECIDED]
    for _ in range(MAX_ROUNDS - 1):
        told += [says("ben", again), says("ana", consent()), says("ben", consent())]

    given(*told).when(again, by="ben").refused_with(ActNotAllowed, allowed=("open",))


def test_what_is_open_cannot_be_reopened() -> None:
    again = a.Reopen(deadline=datetime(2026, 2, 6, 12, tzinfo=UTC), reason=why())

    given(ask_question()).when(again, by="ana").refused_with(ActNotAllowed)


def test_a_bystander_does_not_reopen_it() -> None:
    again = a.Reopen(deadline=datetime(2026, 2, 6, 12, tzinfo=UTC), reason=why())

    given(*DECIDED).when(again, by="sam", at="2026-02-02").refused_with(
        Forbidden, allowed=("opener", "lead", "decider")
    )


def test_it_is_looked_at_again_on_a_day_agreed() -> None:
    story = Story()
    given(*DECIDED, says("ana", a.SetReview(on=date(2026, 4, 1))), story=story)
    assert date(2026, 4, 1) == decision(story).review_on

    given(story=story).when(a.Review(note="It works"), by="ben", at="2026-04-01").then(e.Reviewed(note="It works"))
    assert decision(story).review_on is None


@pytest.mark.parametrize("act", [a.SetReview(on=date(2026, 1, 1)), a.Review(next=date(2026, 1, 1))])
def test_a_review_lies_ahead(act: a.DecisionAct) -> None:
    given(*DECIDED).when(act, by="ana").refused_with(InvalidField)


def test_what_is_open_is_not_reviewed() -> None:
    given(ask_question()).when(a.Review(), by="ana").refused_with(ActNotAllowed)


# --- what is told late -----------------------------------------------------------------------------------------------


def test_a_word_before_the_last_move_is_out_of_order() -> None:
    story = Story()
    given(ask_question(), says("ana", consent(), at="2026-01-14"), story=story)

    given(story=story).when(consent(), by="ben", at="2026-01-13", learnt="2026-01-15").refused_with(
        OutOfOrder, pointer="/at"
    )


def test_a_perspective_may_be_told_late() -> None:
    story = Story()
    given(*DECIDED, story=story)

    given(story=story).when(
        a.SharePerspective(text="Fine by me"), by="sam", at="2026-01-12T09:00:30", learnt="2026-01-20"
    ).then(e.PerspectiveShared)


def test_a_perspective_on_what_is_decided_comes_too_late() -> None:
    given(*DECIDED).when(a.SharePerspective(text="Hm"), by="sam").refused_with(ActNotAllowed)


def test_in_an_import_a_consent_takes_the_wording_that_stands() -> None:
    story = Story()
    given(ask_question(), says("ben", objection()), says("ana", a.IntegrateObjection(how="Tuesdays")), story=story)

    given(story=story).when(consent(), by="ben", at="2026-01-13", learnt="2026-01-20").then(e.Consented)


# --- about a charter -------------------------------------------------------------------------------------------------

NON_NEGOTIABLE = a.DecisionSubjectInput(non_negotiable="no-surprises")


def test_a_decision_about_a_charter_names_its_matter() -> None:
    from domain.charter.state import charter_id, part_id

    scenario = given().when(question(about=NON_NEGOTIABLE, deciders=["ana", "lea"]), by="ana")

    charter = charter_id(scenario.story.organisation_id, scenario.story.id("core", "team"))
    assert (charter, part_id(charter, "non_negotiable", "no-surprises")) == (
        scenario.event.about.charter,
        scenario.event.about.non_negotiable,
    )


@pytest.mark.parametrize(
    ("fields", "refused", "pointer"),
    [
        ({"about": a.DecisionSubjectInput()}, InvalidField, "/about"),
        ({"about": a.DecisionSubjectInput(proposal="p", non_negotiable="n")}, InvalidField, "/about"),
        ({"about": a.DecisionSubjectInput(proposal="p")}, NotFound, "/about/proposal"),
        ({"about": NON_NEGOTIABLE, "status_quo": None}, InvalidField, "/status_quo"),
        ({"about": NON_NEGOTIABLE, "fallback": e.Fallback(rule="option", option="o1")}, InvalidField, "/fallback"),
        ({"about": NON_NEGOTIABLE, "deciders": ["ana", "ben"]}, InvalidField, "/deciders"),
        ({"about": NON_NEGOTIABLE, "deciders": ["ana", "lea"], "team": None}, InvalidField, "/deciders"),
    ],
)
def test_no_charter_changes_unseen_by_silence_or_past_its_lead(
    fields: dict[str, Any], refused: type[Refusal], pointer: str
) -> None:
    given().when(question(**{"deciders": ["ana", "lea"], **fields}), by="ana").refused_with(refused, pointer=pointer)


def test_a_steward_among_the_deciders_stands_for_the_organisations_charter() -> None:
    story = Story()
    story.says("stella", GrantRole(role=Role.STEWARD), on="mia", roles=STEWARD)

    given(story=story).when(question(about=NON_NEGOTIABLE, deciders=["ana", "mia"], team=None), by="ana").then(
        like(e.Opened)
    )


def test_a_proposed_purpose_is_decided_about() -> None:
    from domain.charter.acts import ProposePurpose

    story = Story()
    proposal = ProposePurpose(text="Why", to_team="a", to_clients="b", to_organisation="c", ref="first", of="core")
    [told] = story.says("ana", proposal, on="core")

    scenario = given(story=story).when(
        question(about=a.DecisionSubjectInput(proposal="first"), deciders=["ana", "lea"], fallback=STATUS_QUO), by="ana"
    )

    assert told.event_id == scenario.event.about.proposal
