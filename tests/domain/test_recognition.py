"""Who recognises whom for what, and who corrects that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.goal.acts import Accept, DeclareComplete, DeclareSatisfied
from domain.member import member
from domain.recognition.recognition import (
    CorrectRecognition,
    GiveRecognition,
    RecognitionCorrected,
    RecognitionGiven,
    RecognitionTakenBack,
    TakeBackRecognition,
)
from tests.domain.cycles import story_with_cycle
from tests.spec import Scenario, Story, given, like, offer, says

STEWARD = frozenset({"steward"})


def thanks(member: str = "ben", kind: str = "relationship", **fields: object) -> GiveRecognition:
    """What ana says of ben, for the goal "goal" unless `fields` say otherwise."""
    about = {"goal": "goal"} if "cycle" not in fields else {}
    return GiveRecognition(member=member, kind=kind, text="Stayed on the call.", **{**about, **fields})  # type: ignore[arg-type]


def promised(*more: object) -> Scenario:
    """Ana's goal, promised to sam."""
    return given(says("ana", offer()), says("sam", Accept()), *more)  # type: ignore[arg-type]


def satisfied() -> Scenario:
    """The same, with sam satisfied."""
    return promised(says("ana", DeclareComplete()), says("sam", DeclareSatisfied()))


def recognised(*more: object) -> Scenario:
    """Ana's recognition of ben, and what was said of it."""
    return promised(says("ana", thanks(), on="thanks"), *more)


def test_a_member_recognises_another_for_a_goal() -> None:
    scenario = promised()

    scenario.when(thanks(ref="thanks"), by="ana", on="thanks").then(
        RecognitionGiven(
            member=scenario.story.id("ben"),
            kind="relationship",
            text="Stayed on the call.",
            goal=scenario.story.id("goal", "goal"),
            team=scenario.story.id("core", "team"),
            ref="thanks",
        )
    )


def test_a_result_is_recognised_once_the_sponsor_is_satisfied() -> None:
    promised().when(thanks(kind="result"), by="sam", on="thanks").refused_with(
        ActNotAllowed, pointer="/kind", allowed=("relationship",)
    )
    satisfied().when(thanks("ana", kind="result"), by="sam", on="thanks").then(like(RecognitionGiven, kind="result"))


def test_a_cycles_results_are_recognised_by_its_members() -> None:
    story = story_with_cycle("goal")

    given(story=story).when(thanks(kind="result", cycle="cycle"), by="sam", on="thanks").then(
        like(RecognitionGiven, cycle=story.id("cycle", "cycle"), goal=None, team=story.id("core", "team"))
    )
    story.says("stella", member.Join(name="Zoe", ref="zoe"), on="zoe", roles=STEWARD)
    given(story=story).when(thanks(cycle="cycle"), by="zoe", on="others").refused_with(Forbidden)


@pytest.mark.parametrize(
    ("fields", "refusal", "pointer"),
    [
        ({"member": "ana"}, InvalidField, "/member"),
        ({"member": "nobody"}, NotFound, "/member"),
        # As an id of another organisation's member is: nothing here has it.
        ({"member": "01900000-0000-7000-8000-00000000abcd"}, NotFound, "/member"),
        ({"goal": "none"}, NotFound, "/goal"),
        ({"goal": None}, InvalidField, "/goal"),
        ({"goal": "goal", "cycle": "cycle"}, InvalidField, "/goal"),
        ({"goal": None, "cycle": "none"}, NotFound, "/cycle"),
        ({"text": "\u200b"}, InvalidField, "/text"),
    ],
)
def test_a_recognition_that_the_rules_forbid_is_refused(
    fields: dict[str, object], refusal: type[InvalidField], pointer: str
) -> None:
    act = GiveRecognition(**{"member": "ben", "kind": "relationship", "text": "Yes.", "goal": "goal", **fields})  # type: ignore[arg-type]

    promised().when(act, by="ana", on="thanks").refused_with(refusal, pointer=pointer)


def test_who_has_left_neither_gives_nor_receives_one() -> None:
    promised(says("ben", member.Leave())).when(thanks(), by="ana", on="thanks").refused_with(
        ActNotAllowed, pointer="/member"
    )
    promised(says("ben", member.Leave())).when(thanks("ana"), by="ben", on="thanks").refused_with(Forbidden)


def test_an_import_recognises_a_member_who_was_there_at_that_time() -> None:
    story = Story(begins="2026-01-05")
    story.says("ana", offer(), at="2026-02-02")
    story.says("ben", member.Leave(), at="2026-03-02")

    given(story=story).when(thanks(), by="ana", on="thanks", at="2026-02-03", learnt="2026-03-05").then(
        RecognitionGiven
    )


def test_machines_recognise_nobody() -> None:
    promised().when(thanks(), by="ana", on="thanks", roles=frozenset({"integration"})).refused_with(Forbidden)


def test_the_same_reference_begins_no_second_recognition() -> None:
    recognised().when(thanks(), by="ana", on="thanks").refused_with(AlreadyExists, pointer="/ref")


def test_its_giver_says_it_in_other_words() -> None:
    scenario = recognised()
    first = scenario.story.last_event("thanks", "recognition").event_id

    scenario.when(CorrectRecognition(text="Found the cause."), by="ana", on="thanks").then(
        RecognitionCorrected(corrects=first, kind="relationship", text="Found the cause.")
    )
    second = scenario.story.last_event("thanks", "recognition").event_id
    scenario.when(TakeBackRecognition(), by="ana", on="thanks").then(RecognitionTakenBack(corrects=second))
    assert ["recognition.given.v1", "recognition.corrected.v1", "recognition.taken_back.v1"] == [
        recorded.type for recorded in scenario.story.stream("thanks", "recognition")
    ]


def test_a_correction_says_what_is_different() -> None:
    same = CorrectRecognition(text="Stayed on the call.")

    recognised().when(CorrectRecognition(), by="ana", on="thanks").refused_with(InvalidField, pointer="/text")
    recognised().when(same, by="ana", on="thanks").refused_with(InvalidField, pointer="/text")


def test_a_correction_makes_no_result_of_a_goal_that_is_open() -> None:
    recognised().when(CorrectRecognition(kind="result"), by="ana", on="thanks").refused_with(
        ActNotAllowed, pointer="/kind"
    )


def test_only_its_giver_corrects_it_and_a_steward_may_take_it_back() -> None:
    recognised().when(CorrectRecognition(text="Less."), by="ben", on="thanks").refused_with(Forbidden)
    recognised().when(TakeBackRecognition(), by="ben", on="thanks").refused_with(Forbidden)
    recognised().when(CorrectRecognition(text="Less."), by="stella", on="thanks").refused_with(Forbidden)
    recognised().when(TakeBackRecognition(), by="stella", on="thanks").then(RecognitionTakenBack)


def test_what_was_taken_back_is_given_anew() -> None:
    gone = says("ana", TakeBackRecognition(), on="thanks")

    recognised(gone).when(CorrectRecognition(text="Less."), by="ana", on="thanks").refused_with(ActNotAllowed)
    recognised(gone).when(TakeBackRecognition(), by="ana", on="thanks").refused_with(ActNotAllowed)


def test_a_correction_is_not_older_than_what_it_corrects() -> None:
    scenario = recognised()
    early = scenario.story.events[0].occurred_at

    scenario.when(TakeBackRecognition(), by="ana", on="thanks", at=early, learnt=scenario.story.now).refused_with(
        OutOfOrder
    )


@pytest.mark.parametrize("kind", ["result", "relationship"])
def test_nobody_is_recognised_for_a_goal_before_it_began(kind: str) -> None:
    scenario = satisfied()
    began = next(event.occurred_at for event in scenario.story.events if event.kind == "goal")

    said: dict[str, Any] = {
        "by": "sam",
        "on": "thanks",
        "at": began - timedelta(minutes=1),
        "learnt": scenario.story.now,
    }

    scenario.when(thanks(kind=kind), **said).refused_with(OutOfOrder)


@pytest.mark.parametrize("act", [CorrectRecognition(text="More."), TakeBackRecognition()])
def test_nothing_is_corrected_that_was_never_given(act: CorrectRecognition | TakeBackRecognition) -> None:
    promised().when(act, by="ana", on="thanks").refused_with(NotFound)
