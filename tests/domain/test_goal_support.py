"""Support inside a check-in: whom a need asks, until when, and who may answer it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.errors import NotAParty, NotFound, OutOfOrder
from domain.goal import acts as a
from domain.goal import events as e
from tests.spec import Scenario, Story, given, offer, request, says


def active(**policy: Any) -> Scenario:
    """Ana's goal for Sam, promised on 2026-01-05."""
    return given(says("ana", offer()), says("sam", a.Accept()), story=Story(policy=policy or None))


def ask_for_help(**fields: Any) -> a.CheckIn:
    return a.CheckIn(needs=[a.NeedInput(text="a review", **fields)])


@pytest.mark.parametrize(
    ("policy", "on", "answer_by"),
    [
        ({}, "2026-02-10", date(2026, 2, 17)),  # five working days after a Tuesday
        ({}, "2026-02-14", date(2026, 2, 20)),  # asked on a Saturday
        ({"response_working_days": 2}, "2026-02-10", date(2026, 2, 12)),
        ({"response_working_days": 20}, "2026-02-10", date(2026, 2, 24)),  # never beyond the policy's 14 days
    ],
)
def test_a_need_that_names_no_day_has_the_organisations_response_time(policy: Any, on: str, answer_by: date) -> None:
    goal = active(**policy).when(ask_for_help(), by="ana", at=on)

    assert [answer_by] == [need.answer_by for need in goal.state.needs]
    assert answer_by == goal.event.needs[0].answer_by


def test_a_need_asks_a_joined_member_of_this_organisation_and_the_refusal_says_so() -> None:
    elsewhere = str(Story(seed=2).id("ben"))

    for nobody in (elsewhere, "nobody", str(Story().id("core", "team"))):
        active().when(ask_for_help(addressee=nobody), by="ana").refused_with(
            NotFound, pointer="/needs/0/addressee", allowed=("a joined member", "nobody: the sponsor")
        )


def test_an_answer_by_somebody_else_is_refused_saying_who_may() -> None:
    goal = active().when(ask_for_help(addressee="lea"), by="ana")
    named, lea = f"{goal.state.last_check_in}/0", str(goal.story.id("lea"))

    for other in ("ana", "sam", "ben", "stella"):
        goal.when(a.AnswerNeed(need=named, text="I do"), by=other).refused_with(NotAParty, pointer="/need")
        assert goal.refusal is not None
        assert f"answered by its addressee: {lea}" in str(goal.refusal.detail)


def test_a_need_to_nobody_is_the_sponsors_of_the_day_of_the_answer() -> None:
    goal = active().when(ask_for_help(), by="ana")
    named, sam = f"{goal.state.last_check_in}/0", str(goal.story.id("sam"))

    goal.when(a.AnswerNeed(need=named, text="I do"), by="mia").refused_with(NotAParty)
    assert goal.refusal is not None
    assert sam in str(goal.refusal.detail)
    goal.when(a.AnswerNeed(need=named, text="I do"), by="sam").then(e.NeedAnswered)


def test_an_answer_is_not_older_than_its_need() -> None:
    goal = active().when(ask_for_help(), by="ana", at="2026-02-10")
    named = f"{goal.state.last_check_in}/0"

    goal.when(a.AnswerNeed(need=named, text="yes"), by="sam", at="2026-02-09", learnt="2026-02-11").refused_with(
        OutOfOrder, pointer="/at"
    )


def test_a_blocker_is_resolved_by_those_who_may_and_the_refusal_names_them() -> None:
    stuck = a.BlockerInput(text="no key", acts_next="lea")
    goal = active().when(a.RaiseBlocker(blocker=stuck), by="ana")
    (blocker,) = goal.state.blockers

    goal.when(a.ResolveBlocker(blocker=str(blocker.id), resolution="done"), by="ben")

    goal.refused_with(NotAParty, pointer="/blocker", allowed=())
    assert goal.refusal is not None
    assert all(str(goal.story.id(name)) in str(goal.refusal.detail) for name in ("ana", "sam", "lea"))


def test_nobody_answers_a_need_before_there_is_a_promise() -> None:
    asked = given(says("sam", request()))

    asked.when(a.AnswerNeed(need="0" * 36 + "/0", text="yes"), by="ben").refused_with(NotAParty)


# --- a history without event ids -------------------------------------------------------------------------------------


def test_an_import_that_names_no_need_answers_the_oldest_that_asks_its_party() -> None:
    story = active().story
    needs = [a.NeedInput(text=text, addressee=whom) for text, whom in (("a", "ben"), ("b", "mia"), ("c", "mia"))]
    raised = story.says("ana", a.CheckIn(note="stuck", needs=needs))[-1].event_id
    later = (story.now + timedelta(hours=1), story.now + timedelta(days=1))

    given(story=story).when(a.AnswerNeed(text="here"), by="mia", at=later[0], learnt=later[1]).then(
        e.NeedAnswered(check_in=raised, need=1, text="here")
    )
    given(story=story).when(a.AnswerNeed(text="here"), by="sam", at=later[0], learnt=later[1]).refused_with(
        NotFound, pointer="/need", allowed=()
    )
    given(story=story).when(a.AnswerNeed(text="here"), by="mia").refused_with(
        NotFound, pointer="/need", allowed=(f"{raised}/2",)
    )


def test_an_import_that_names_no_blocker_resolves_the_oldest_that_its_party_may() -> None:
    story = active().story
    for acts_next in ("ben", "mia"):
        story.says("ana", a.RaiseBlocker(blocker=a.BlockerInput(text="no key", acts_next=acts_next)))
    second = story.state().blockers[1].id
    later = (story.now + timedelta(hours=1), story.now + timedelta(days=1))

    given(story=story).when(a.ResolveBlocker(resolution="found"), by="mia", at=later[0], learnt=later[1]).then(
        e.BlockerResolved(blocker=second, resolution="found")
    )
    given(story=story).when(a.ResolveBlocker(resolution="found"), by="mia").refused_with(NotFound, pointer="/blocker")
