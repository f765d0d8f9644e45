"""Keeping in communication: check-ins, blockers, needs, feedback, affirmations, links, values."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from domain.errors import InvalidField, NotAParty, NotFound
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal.state import LIVE_STATES
from domain.member.member import Leave
from domain.terms import MeasureInput, Support, SupportInput
from tests.domain.goal_states import CAPACITY, NEVER, goal_in_state, story_with_everybody
from tests.spec import Scenario, given, instant, like, offer, says, why

FAR = MeasureInput(kind="number", baseline=100, target=200)


def active(**terms: Any) -> Scenario:
    return given(says("ana", offer(**terms)), says("sam", a.Accept()))


# --- check-ins -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [*LIVE_STATES, "delivered"])
def test_a_check_in_is_never_refused_for_being_unwelcome(state: str) -> None:
    said = Scenario(goal_in_state(state)).when(a.CheckIn(note="behind, and sorry"), by="ana")

    said.then(like(e.CheckedIn, note="behind, and sorry")).then_state(state=state)
    assert said.recorded[0].event_id == said.state.judged_by_event == said.state.last_check_in


def test_a_check_in_says_something() -> None:
    active().when(a.CheckIn(), by="ana").refused_with(InvalidField, pointer="/note")
    active().when(a.CheckIn(blockers=[]), by="ana").then(like(e.CheckedIn, blockers=()))
    active().when(a.CheckIn(ideas=["ask the board"]), by="ana").then(like(e.CheckedIn, ideas=("ask the board",)))
    active().when(a.CheckIn(ideas=[" "]), by="ana").refused_with(InvalidField, pointer="/ideas/0")


@pytest.mark.parametrize("field", ["progress", "confidence"])
@pytest.mark.parametrize("value", [-0.01, 1.01, "NaN", "1E+999999", float("nan"), float("inf"), "half", 0.1234567])
def test_progress_and_confidence_are_shares(field: str, value: Any) -> None:
    act = msgspec.structs.replace(a.CheckIn(note="so far"), **{field: value})

    active().when(act, by="ana").refused_with(InvalidField, pointer=f"/{field}")


@pytest.mark.parametrize(("value", "stored"), [(0, "0"), (1, "1"), ("0.50", "0.5"), (1e-05, "0.00001")])
def test_shares_are_kept_exactly(value: Any, stored: str) -> None:
    active().when(a.CheckIn(progress=value, confidence=value), by="ana").then_state(progress=stored, confidence=stored)


@pytest.mark.parametrize(("now", "note", "fine"), [(0.71, "", True), (0.7, "", False), (0.7, " ", False),
                                                   (0.7, "the key is late", True), (1, "", True)])  # fmt: skip
def test_a_fall_of_confidence_by_a_fifth_is_worth_a_sentence(now: float, note: str, fine: bool) -> None:
    goal = active().when(a.CheckIn(confidence=0.9), by="ana").when(a.CheckIn(confidence=now, note=note), by="ana")

    if fine:
        goal.then(e.CheckedIn)
    else:
        goal.refused_with(InvalidField, pointer="/note")


def test_a_first_confidence_may_be_low_and_one_told_late_falls_from_nothing() -> None:
    goal = active().when(a.CheckIn(confidence=0.1), by="ana")
    goal.then(e.CheckedIn).when(a.CheckIn(confidence=0.9), by="ana", at="2026-02-10").then(e.CheckedIn)

    goal.when(a.CheckIn(confidence=0.2), by="ana", at="2026-02-09", learnt="2026-02-11").then(e.CheckedIn)
    goal.then_state(confidence="0.9")


def test_the_latest_word_by_business_time_counts() -> None:
    goal = active().when(a.CheckIn(progress=0.5, confidence=0.8, blockers=[]), by="ana", at="2026-02-10")
    before = goal.state
    late = a.CheckIn(progress=0.2, confidence=0.3, blockers=[a.BlockerInput(text="no key")])
    goal.when(late, by="ana", at="2026-02-03", learnt="2026-02-11")

    goal.then_state(
        progress="0.5",
        confidence="0.8",
        blocked_in_check_in=False,
        judged_at=before.judged_at,
        last_check_in=before.last_check_in,
    )


def test_of_two_words_of_one_instant_the_later_told_counts() -> None:
    goal = active().when(a.CheckIn(progress=0.5, value=5), by="ana", at="2026-02-10")
    goal.when(a.CheckIn(progress=0.4, value=4), by="ana", at="2026-02-10")

    goal.then_state(progress="0.4", value="4", judged_by_event=goal.recorded[0].event_id)


def test_what_a_check_in_does_not_speak_about_stays() -> None:
    goal = active().when(a.CheckIn(progress=0.5, confidence=0.8, blockers=[a.BlockerInput(text="no key")]), by="ana")

    goal.when(a.CheckIn(note="nothing new"), by="ana").then_state(progress="0.5", confidence="0.8", blocked=True)
    goal.when(a.CheckIn(blockers=[]), by="ana").then_state(blocked=False)


def test_a_correction_is_a_new_event_that_names_the_old_one() -> None:
    goal = active().when(a.CheckIn(progress=0.9, confidence=0.9), by="ana")
    first = goal.state.last_check_in
    goal.when(a.CheckIn(note="a slip", progress=0.6, corrects=str(first)), by="ana")

    goal.then(like(e.CheckedIn, corrects=first)).then_state(progress="0.6", confidence="0.9")
    goal.when(a.CheckIn(note="again", progress=0.7, corrects=str(first)), by="ana").then_state(progress="0.7")
    assert ["0.9", "0.6", "0.7"] == [r.data.progress for r in goal.story.stream() if type(r.data) is e.CheckedIn]


def test_a_correction_of_an_older_check_in_does_not_take_back_a_newer_one() -> None:
    goal = active().when(a.CheckIn(progress=0.2), by="ana")
    first = str(goal.state.last_check_in)
    goal.when(a.CheckIn(progress=0.5), by="ana")

    goal.when(a.CheckIn(note="it was a little more", progress=0.3, corrects=first), by="ana").then(e.CheckedIn)
    goal.then_state(progress="0.5")


def test_a_correction_corrects_something() -> None:
    active().when(a.CheckIn(note="so", corrects=NEVER), by="ana").refused_with(NotFound, pointer="/corrects")
    spoken = active().when(a.CheckIn(note="so"), by="ana")
    spoken.when(a.CheckIn(note="so", corrects="x" * 36), by="ana").refused_with(
        NotFound, pointer="/corrects", allowed=(str(spoken.state.last_check_in),)
    )


# --- the measure -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "progress"), [(150, "0.5"), (100, "0"), (90, "0"), (250, "1"), ("133.333333", "0.333333")]
)
def test_a_value_means_progress_from_the_baseline_to_the_target(value: Any, progress: str) -> None:
    active(measure=FAR).when(a.RecordValue(value=value), by="ana").then_state(progress=progress, value=str(value))
    active(measure=FAR).when(a.CheckIn(value=value), by="ana").then_state(progress=progress, value=str(value))


def test_a_target_below_the_baseline_is_reached_downwards() -> None:
    falling = active(measure=MeasureInput(kind="number", baseline=80, target=40))

    falling.when(a.RecordValue(value=50), by="ana").then_state(progress="0.75")


def test_a_measure_without_a_span_says_nothing_about_progress() -> None:
    still = active(measure=MeasureInput(kind="number", baseline=5, target=5)).when(a.CheckIn(progress=0.3), by="ana")

    still.when(a.RecordValue(value=5), by="ana").then_state(progress="0.3", value="5")


def test_a_stated_progress_is_above_the_one_that_the_value_means() -> None:
    active(measure=FAR).when(a.CheckIn(value=150, progress=0.4), by="ana").then_state(progress="0.4", value="150")


def test_the_latest_value_by_business_time_counts() -> None:
    goal = active().when(a.RecordValue(value=8), by="ana", at="2026-02-10")

    goal.when(a.RecordValue(value=5), by="ana", at="2026-02-03", learnt="2026-02-11").then_state(value="8")


def test_an_integration_records_values_and_is_no_human_judgement() -> None:
    story = goal_in_state("active")
    judged = story.state().judged_at
    told = Scenario(story).when(a.RecordValue(value=3), by="ivy", at="2026-02-03")

    told.then(e.ValueRecorded(value="3")).then_state(judged_at=judged, value="3", last_at=instant("2026-02-03"))
    told.when(a.CheckIn(note="beep"), by="ivy").refused_with(NotAParty, allowed=("record_value", "take_back"))


@pytest.mark.parametrize("value", ["NaN", "1E+999999", "1E+999999999999", 10**15, "", "1_000", "१"])
def test_a_value_is_a_plain_number(value: Any) -> None:
    active().when(a.RecordValue(value=value), by="ana").refused_with(InvalidField, pointer="/value")


# --- needs -----------------------------------------------------------------------------------------------------------


def test_a_need_has_an_addressee_who_alone_answers_it() -> None:
    need = a.NeedInput(text="a review", addressee="lea", answer_by=date(2026, 2, 20))
    goal = active().when(a.CheckIn(needs=[need]), by="ana", at="2026-02-10")
    (open_,) = goal.state.needs
    named = f"{goal.state.last_check_in}/0"
    assert (goal.story.id("lea"), date(2026, 2, 20), 0) == (open_.addressee, open_.answer_by, open_.index)

    for other in ("ana", "sam", "ben"):
        goal.when(a.AnswerNeed(need=named, text="no"), by=other).refused_with(NotAParty)
    goal.when(a.AnswerNeed(need=named, text=" "), by="lea").refused_with(InvalidField, pointer="/text")
    goal.when(a.AnswerNeed(need=named, text="on Monday"), by="lea").then(
        e.NeedAnswered(check_in=open_.check_in, need=0, text="on Monday")
    )
    goal.then_state(needs=())


def test_a_need_to_nobody_in_particular_is_the_sponsors_to_answer() -> None:
    goal = active().when(a.CheckIn(needs=[a.NeedInput(text="time")]), by="ana")

    goal.when(a.AnswerNeed(need=f"{goal.state.last_check_in}/0", text="take it"), by="sam").then(e.NeedAnswered)


def test_an_unknown_need_is_told_with_those_that_one_could_answer() -> None:
    goal = active().when(
        a.CheckIn(needs=[a.NeedInput(text="time"), a.NeedInput(text="a review", addressee="lea")]), by="ana"
    )
    check_in = goal.state.last_check_in

    for by, mine in (("sam", (f"{check_in}/0",)), ("lea", (f"{check_in}/1",)), ("ben", ())):
        goal.when(a.AnswerNeed(need=f"{check_in}/2", text="?"), by=by).refused_with(
            NotFound, pointer="/need", allowed=mine
        )


def test_a_need_asks_somebody_who_is_there_for_a_day_that_lies_ahead() -> None:
    goal = given(says("mia", Leave()), says("ana", offer()), says("sam", a.Accept()))

    def asks(**fields: Any) -> a.CheckIn:
        return a.CheckIn(needs=[a.NeedInput(text="a review", **fields)])

    goal.when(asks(addressee="mia"), by="ana").refused_with(NotFound, pointer="/needs/0/addressee")
    goal.when(asks(answer_by=date(2026, 2, 9)), by="ana", at="2026-02-10").refused_with(
        InvalidField, pointer="/needs/0/answer_by"
    )
    goal.when(asks(answer_by=date(9999, 2, 9)), by="ana").refused_with(InvalidField, pointer="/needs/0/answer_by")
    goal.when(a.CheckIn(needs=[a.NeedInput(text=" ")]), by="ana").refused_with(InvalidField, pointer="/needs/0/text")


# --- blockers --------------------------------------------------------------------------------------------------------

STUCK = a.BlockerInput(text="no key", type="access", acts_next="lea", next_action="order one")


@pytest.mark.parametrize("by", ["ana", "sam"])
def test_either_side_raises_a_blocker_and_says_who_acts_next(by: str) -> None:
    goal = active().when(a.RaiseBlocker(blocker=STUCK), by=by)

    goal.then(
        e.BlockerRaised(
            blocker=e.Blocker(text="no key", type="access", acts_next=goal.story.id("lea"), next_action="order one")
        )
    )
    goal.then_state(blocked=True)


@pytest.mark.parametrize("by", ["ana", "sam", "lea"])
def test_a_blocker_is_resolved_by_a_side_or_by_whom_it_waits_for(by: str) -> None:
    goal = active().when(a.RaiseBlocker(blocker=STUCK), by="ana")
    (open_,) = goal.state.blockers

    goal.when(a.ResolveBlocker(blocker=str(open_.id), resolution="here it is"), by="ben").refused_with(NotAParty)
    goal.when(a.ResolveBlocker(blocker=str(open_.id), resolution=" "), by=by).refused_with(
        InvalidField, pointer="/resolution"
    )
    goal.when(a.ResolveBlocker(blocker=str(open_.id), resolution="here it is"), by=by).then(
        e.BlockerResolved(blocker=open_.id, resolution="here it is")
    )
    goal.then_state(blocked=False, blockers=())


def test_an_unknown_blocker_is_told_with_those_that_one_could_resolve() -> None:
    goal = active().when(a.RaiseBlocker(blocker=STUCK), by="ana").when(
        a.RaiseBlocker(blocker=a.BlockerInput(text="no time")), by="ana"
    )  # fmt: skip
    access, time = (str(b.id) for b in goal.state.blockers)

    for named in (NEVER, "that one, you know, the one with the key"):
        for by, mine in (("ana", (access, time)), ("sam", (access, time)), ("lea", (access,)), ("ben", ())):
            goal.when(a.ResolveBlocker(blocker=named, resolution="done"), by=by).refused_with(
                NotFound, pointer="/blocker", allowed=mine
            )


def test_a_raised_blocker_blocks_until_it_is_resolved_whatever_a_check_in_says() -> None:
    goal = active().when(a.RaiseBlocker(blocker=STUCK), by="ana")

    goal.when(a.CheckIn(blockers=[]), by="ana").then_state(blocked=True)


def test_a_blocker_says_what_it_is_and_waits_for_somebody_who_is_there() -> None:
    nobody = a.BlockerInput(text="no key", acts_next="nobody")

    active().when(a.RaiseBlocker(blocker=a.BlockerInput(text=" ")), by="ana").refused_with(
        InvalidField, pointer="/blocker/text"
    )
    active().when(a.RaiseBlocker(blocker=nobody), by="ana").refused_with(NotFound, pointer="/blocker/acts_next")
    active().when(a.CheckIn(blockers=[nobody]), by="ana").refused_with(NotFound, pointer="/blockers/0/acts_next")


# --- feedback, affirmation, links ------------------------------------------------------------------------------------


def test_feedback_goes_both_ways_and_is_no_judgement() -> None:
    goal = active()
    judged = goal.state.judged_at
    goal.when(a.Feedback(text="the brief was clear", on="clarity"), by="ana").then(
        e.FeedbackGiven(by="owner", text="the brief was clear", on="clarity")
    )

    goal.when(a.Feedback(text="it reads well"), by="sam").then(like(e.FeedbackGiven, by="sponsor", on="other"))
    goal.then_state(judged_at=judged).when(a.Feedback(text=" "), by="sam").refused_with(InvalidField, pointer="/text")


def test_an_affirmation_is_a_judgement_and_changes_nothing_else() -> None:
    goal = active().when(a.Affirm(note="still right"), by="ana", at="2026-02-10")

    goal.then(e.Affirmed(note="still right")).then_state(judged_at=instant("2026-02-10"), terms_version=1)


PARENT = [SupportInput(goal="parent")]


def supporting_goal() -> Scenario:
    story = story_with_everybody()
    story.says("lea", offer("lea", "mia"), on="other")
    return given(says("ana", offer(supports=["parent", "other"])), says("sam", a.Accept()), story=story)


def affirmations(goal: Scenario) -> dict[str, Any]:
    names = {goal.story.id(ref, "goal"): ref for ref in ("parent", "other")}
    return {names[link.support.goal]: link.affirmed_at for link in goal.state.links}


def test_a_link_is_affirmed_by_the_promise_by_its_owner_and_by_renegotiating() -> None:
    goal = supporting_goal()
    promised_at = goal.state.promised_at
    assert {"parent": promised_at, "other": promised_at} == affirmations(goal)

    goal.when(a.AffirmLink(supports=PARENT), by="ana", at="2026-02-10").then(e.LinkAffirmed)
    assert {"parent": instant("2026-02-10"), "other": promised_at} == affirmations(goal)

    goal.when(a.ProposeChange(changes=a.Changes(effort_hours=3), reason=why()), by="ana", at="2026-02-11")
    goal.when(a.AcceptChange(), by="sam", at="2026-02-12")
    assert {"parent": instant("2026-02-12"), "other": instant("2026-02-12")} == affirmations(goal)


def test_a_support_is_withdrawn_by_its_owner_with_a_reason() -> None:
    goal = supporting_goal()
    parent, other = (Support(goal=goal.story.id(ref, "goal")) for ref in ("parent", "other"))

    goal.when(a.Unlink(supports=PARENT, reason=CAPACITY), by="ana").then(e.Unlinked(supports=(parent,)))
    assert {"other"} == affirmations(goal).keys()
    assert (other,) == goal.state.terms.supports
    assert (parent, other) == goal.state.first_terms.supports


@pytest.mark.parametrize("act", [a.AffirmLink, a.Unlink])
def test_only_a_support_that_the_goal_has_is_affirmed_or_withdrawn(act: Any) -> None:
    goal = given(says("ana", offer(supports=["parent"])), says("sam", a.Accept()), story=story_with_everybody())
    goal.story.says("lea", offer("lea", "mia"), on="other")

    goal.when(act(supports=[SupportInput(goal="other")], reason=why()), by="ana").refused_with(
        InvalidField, pointer="/supports/0"
    )
    goal.when(act(supports=[], reason=why()), by="ana").refused_with(InvalidField, pointer="/supports")
    goal.when(act(supports=[SupportInput(goal="?")], reason=why()), by="ana").refused_with(
        NotFound, pointer="/supports/0/goal"
    )
