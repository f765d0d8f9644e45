"""Non-negotiables: 3 to 5 in force, acknowledged version by version; a breach is about an event and ends in a talk."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from domain.charter import acts as a
from domain.charter import events as e
from domain.charter.state import Acknowledgement
from domain.decision import acts as d
from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    DecisionUnfit,
    Forbidden,
    InvalidField,
    NonNegotiableCount,
    NoPurpose,
    NotAParty,
    NotFound,
    OutOfOrder,
    ReasonRequired,
    VersionSuperseded,
)
from domain.member.member import Join
from domain.team import team
from tests.domain.charters import THREE, adopt_non_negotiables, charter, part, story_with_charter, with_purpose
from tests.domain.decisions import consent, question
from tests.spec import Scenario, Story, given, like, offer, says, why

NEVER = UUID("00000000-0000-4000-8000-000000000000")


def adopt(name: str | None = "calm", text: str = "We are calm", **fields: object) -> a.AdoptNonNegotiable:
    return a.AdoptNonNegotiable(of="core", non_negotiable=name, text=text, **fields)  # type: ignore[arg-type]


def revise(name: str = "kind", text: str = "We are kind and clear", **fields: object) -> a.ReviseNonNegotiable:
    return a.ReviseNonNegotiable(non_negotiable=name, text=text, **{"reason": why(), **fields})  # type: ignore[arg-type]


def retire(name: str = "kind", **fields: object) -> a.RetireNonNegotiable:
    return a.RetireNonNegotiable(non_negotiable=name, **{"reason": why(), **fields})  # type: ignore[arg-type]


# --- 3 to 5 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [THREE, (*THREE, "calm"), (*THREE, "calm", "brief")])
def test_a_charter_comes_into_force_with_a_purpose_and_three_to_five(names: tuple[str, ...]) -> None:
    story = with_purpose()
    adopt_non_negotiables(story, *names)

    given(story=story).when(a.PutInForce(), by="lea").then(e.PutInForce)
    assert story.last_event("core", "charter").occurred_at == charter(story).in_force_since


def test_two_are_too_few_to_begin_with() -> None:
    story = with_purpose()
    adopt_non_negotiables(story, "tested", "kind")

    given(story=story).when(a.PutInForce(), by="lea").refused_with(
        NonNegotiableCount, allowed=("adopt_non_negotiable",)
    )


def test_without_a_purpose_there_is_nothing_to_be_in_force_for() -> None:
    story = Story()
    adopt_non_negotiables(story, *THREE)

    given(story=story).when(a.PutInForce(), by="lea").refused_with(NoPurpose, allowed=("adopt_purpose",))


def test_a_charter_is_put_in_force_once_and_by_who_leads() -> None:
    story = story_with_charter()

    given(story=story).when(a.PutInForce(), by="lea").refused_with(ActNotAllowed, allowed=("review",))
    given(story=story).when(a.PutInForce(), by="ana").refused_with(Forbidden)


@pytest.mark.parametrize("begun", ["in force", "before"])
def test_a_sixth_is_refused_and_told_what_would_be_taken(begun: str) -> None:
    five = (*THREE, "calm", "brief")
    story = story_with_charter(*five) if begun == "in force" else with_purpose()
    if begun == "before":
        adopt_non_negotiables(story, *five)

    sixth = given(story=story).when(adopt("sixth"), by="lea")

    sixth.refused_with(NonNegotiableCount, allowed=("retire_non_negotiable", "revise_non_negotiable"))


def test_a_charter_in_force_never_falls_below_three() -> None:
    story = story_with_charter()

    given(story=story).when(retire(), by="lea").refused_with(
        NonNegotiableCount, allowed=("adopt_non_negotiable", "revise_non_negotiable")
    )
    given(story=story).when(adopt(), by="lea").then(e.NonNegotiableAdopted)
    given(story=story).when(retire(), by="lea").then(e.NonNegotiableRetired)
    assert {"tested", "open", "calm"} == {n.ref for n in charter(story).non_negotiables_in_force}


def test_before_it_is_in_force_any_may_go() -> None:
    story = with_purpose()
    adopt_non_negotiables(story, "kind")

    given(story=story).when(retire(), by="lea").then(e.NonNegotiableRetired)
    assert () == charter(story).non_negotiables_in_force


# --- adopted, revised, retired ---------------------------------------------------------------------------------------


def test_one_that_gets_no_name_gets_an_id() -> None:
    story = Story()

    adopted = given(story=story).when(adopt(None), by="lea")

    adopted.then(like(e.NonNegotiableAdopted, version=1, text="We are calm", ref=None))
    given(story=story).when(revise(str(adopted.event.non_negotiable), "Calmer"), by="lea").then(
        like(e.NonNegotiableRevised, version=2, text="Calmer")
    )


def test_a_name_is_taken_for_good() -> None:
    story = story_with_charter(*THREE, "calm")
    story.says("lea", retire("calm"), on="core")

    given(story=story).when(adopt("kind"), by="lea").refused_with(AlreadyExists, pointer="/non_negotiable")
    given(story=story).when(adopt("calm"), by="lea").refused_with(AlreadyExists, pointer="/non_negotiable")
    given(story=story).when(revise("calm"), by="lea").refused_with(NotFound, pointer="/non_negotiable", allowed=THREE)


def test_revising_and_retiring_take_a_reason_in_words() -> None:
    story = story_with_charter(*THREE, "calm")

    for act in (revise(reason=None), retire(reason=None)):
        given(story=story).when(act, by="lea").refused_with(ReasonRequired, pointer="/reason")
    given(story=story).when(retire(reason=why("correction", "")), by="lea").refused_with(
        ReasonRequired, pointer="/reason/text"
    )
    given(story=story).when(revise(text="We are kind"), by="lea").refused_with(InvalidField, pointer="/text")
    given(story=story).when(revise(), by="lea").then(like(e.NonNegotiableRevised, version=2))


@pytest.mark.parametrize("act", [adopt(), revise(), retire()])
def test_a_member_alone_does_neither(act: a.CharterAct) -> None:
    given(story=story_with_charter()).when(act, by="ana").refused_with(Forbidden, allowed=("lead", "steward"))


def decide_on(story: Story, name: str, text: str) -> None:
    """Lea and ana decide that this shall stand."""
    asked = question(
        options=[text, "Leave it"],
        deciders=["lea", "ana"],
        about=d.DecisionSubjectInput(non_negotiable=name),
        deadline=story.now + timedelta(days=3),
    )
    story.says("ana", asked, on="whether")
    story.says("lea", consent(), on="whether")
    story.says("ana", consent(), on="whether")


def test_a_member_adopts_what_was_decided_in_the_words_decided() -> None:
    story = story_with_charter()
    decide_on(story, "calm", "We are calm")

    other = given(story=story).when(adopt(text="We are silent", decision="whether"), by="ben")
    other.refused_with(Forbidden)
    adopted = given(story=story).when(adopt(decision="whether"), by="ben")

    adopted.then(like(e.NonNegotiableAdopted, decision=story.id("whether", "decision")))
    assert story.state("whether", "decision").decided.event_id == adopted.recorded[-1].causation_id


def test_a_decision_is_carried_out_once() -> None:
    story = story_with_charter()
    decide_on(story, "calm", "We are calm")
    story.says("lea", adopt(decision="whether"), on="core")

    given(story=story).when(revise("calm", "Calmer", decision="whether"), by="lea").refused_with(
        DecisionUnfit, pointer="/decision"
    )


# --- acknowledged ----------------------------------------------------------------------------------------------------


def acknowledge(version: int = 1, name: str = "kind", **fields: object) -> a.Acknowledge:
    return a.Acknowledge(non_negotiable=name, version=version, **fields)  # type: ignore[arg-type]


def test_each_member_acknowledges_for_themselves() -> None:
    story = story_with_charter()

    said = given(story=story).when(acknowledge(member="ana"), by="ana")

    said.then(like(e.Acknowledged, member=story.id("ana"), non_negotiable=part(story, "non_negotiable", "kind")))
    [kind] = [n for n in charter(story).non_negotiables_in_force if n.ref == "kind"]
    assert (Acknowledgement(member=story.id("ana"), at=said.recorded[-1].occurred_at),) == kind.acknowledged
    given(story=story).when(acknowledge(member="ana"), by="ben").refused_with(NotAParty, pointer="/member")
    given(story=story).when(acknowledge(), by="ana").refused_with(AlreadyExists, pointer="/non_negotiable")


def test_an_old_version_is_refused_and_the_current_one_named() -> None:
    story = story_with_charter()
    story.says("lea", revise(), on="core")

    refused = given(story=story).when(acknowledge(1), by="ana")

    refused.refused_with(VersionSuperseded, pointer="/version", allowed=("2",))
    assert refused.refusal is not None
    assert "'We are kind and clear'" in refused.refusal.detail
    given(story=story).when(acknowledge(3), by="ana").refused_with(VersionSuperseded, allowed=("2",))


def test_a_new_version_is_acknowledged_anew() -> None:
    story = story_with_charter()
    story.says("ana", acknowledge(), on="core")

    story.says("lea", revise(), on="core")

    assert [()] == [n.acknowledged for n in charter(story).non_negotiables_in_force if n.ref == "kind"]
    given(story=story).when(acknowledge(2), by="ana").then(e.Acknowledged)


def test_a_steward_who_is_no_member_of_the_team_acknowledges_nothing() -> None:
    given(story=story_with_charter()).when(acknowledge(), by="stella").refused_with(Forbidden, allowed=("member",))


def test_everybody_acknowledges_what_the_organisation_asks() -> None:
    story = story_with_charter(of="organisation", by="stella")

    given(story=story).when(acknowledge(), by="ana", on="organisation").then(e.Acknowledged)
    given(story=story).when(acknowledge(), by="stella", on="organisation").then(e.Acknowledged)


def test_nobody_acknowledged_it_before_it_said_so() -> None:
    story = story_with_charter()
    since = next(n.since for n in charter(story).non_negotiables_in_force if n.ref == "kind")

    early = given(story=story).when(acknowledge(), by="ana", at=since - timedelta(seconds=1), learnt=story.now)

    early.refused_with(OutOfOrder, pointer="/at")
    given(story=story).when(acknowledge(), by="ana", at=since, learnt=story.now).then(e.Acknowledged)


def test_in_an_import_somebody_who_joins_later_in_the_file_may_have_acknowledged() -> None:
    story = story_with_charter()

    told = given(story=story).when(acknowledge(), by="nora", at=story.now, learnt="2026-06-01")

    told.then(like(e.Acknowledged, member=story.id("nora")))
    story.says("stella", Join(name="Nora", ref="nora"), on="nora")
    given(story=story).when(acknowledge(name="open"), by="nora", learnt="2026-06-02").refused_with(Forbidden)


# --- breach and repair -----------------------------------------------------------------------------------------------


def breach(about: a.EventReference | None = None, name: str = "kind", **fields: object) -> a.RaiseBreach:
    return a.RaiseBreach(
        non_negotiable=name,
        about=about or a.EventReference(goal="goal"),
        text="It went out without a word to the clients",
        **fields,  # type: ignore[arg-type]
    )


@pytest.fixture
def charter_with_offer() -> Story:
    """A charter in force, and a goal that was offered."""
    story = story_with_charter()
    story.says("ana", offer())
    return story


def raise_breach(story: Story, by: str = "ben", **fields: object) -> UUID:
    return story.says(by, breach(**fields), on="core")[-1].event_id  # type: ignore[arg-type]


def test_a_breach_is_about_the_last_thing_that_happened_there_or_the_event_named(charter_with_offer: Story) -> None:
    offered = charter_with_offer.last_event().event_id
    scenario = given(story=charter_with_offer)

    scenario.when(breach(), by="ben").then(like(e.BreachRaised, about=offered, version=1))
    scenario.when(breach(a.EventReference(goal="goal", event=offered)), by="ben").then(
        like(e.BreachRaised, about=offered)
    )
    own = charter_with_offer.stream("core", "charter")[0].event_id
    scenario.when(breach(a.EventReference(charter="core", event=own)), by="ben").then(like(e.BreachRaised, about=own))
    assert [offered, offered, own] == [b.about for b in charter(charter_with_offer).breaches]


@pytest.mark.parametrize(
    ("about", "pointer", "error"),
    [
        (a.EventReference(), "/about", InvalidField),
        (a.EventReference(goal="goal", charter="core"), "/about", InvalidField),
        (a.EventReference(event=NEVER), "/about", InvalidField),
        (a.EventReference(goal="nothing"), "/about/goal", NotFound),
        (a.EventReference(goal="goal", event=NEVER), "/about/event", NotFound),
        (a.EventReference(charter="organisation"), "/about/charter", NotFound),
    ],
)
def test_a_breach_of_nothing_that_happened_is_refused(
    charter_with_offer: Story, about: a.EventReference, pointer: str, error: type[InvalidField]
) -> None:
    given(story=charter_with_offer).when(breach(about), by="ben").refused_with(error, pointer=pointer)


def test_an_event_of_another_stream_is_none_of_this_one(charter_with_offer: Story) -> None:
    joined = charter_with_offer.last_event("ana", "member").event_id

    given(story=charter_with_offer).when(breach(a.EventReference(goal="goal", event=joined)), by="ben").refused_with(
        NotFound, pointer="/about/event"
    )


def test_only_what_stands_can_be_broken_and_only_members_say_so(charter_with_offer: Story) -> None:
    charter_with_offer.says("stella", team.Create(name="Other", lead="ben", ref="other"), on="other")
    charter_with_offer.says("stella", Join(team="other", name="Ned", ref="ned"), on="ned")

    given(story=charter_with_offer).when(breach(name="gone"), by="ben").refused_with(
        NotFound, pointer="/non_negotiable"
    )
    given(story=charter_with_offer).when(breach(), by="ned").refused_with(Forbidden)


def test_who_stood_by_what_stands_no_longer_is_in_the_history_alone() -> None:
    story = story_with_charter(*THREE, "calm")
    said = story.says("ana", acknowledge(name="calm"), on="core")[-1]
    story.says("lea", retire("calm"), on="core")

    given(says("ben", acknowledge(), on="core"), story=story)

    gone = next(n for n in charter(story).non_negotiables if n.ref == "calm")
    assert (True, ()) == (gone.retired_at is not None, gone.acknowledged)
    assert said in story.stream("core", "charter")
    assert [story.id("ben")] == [v.member for n in charter(story).non_negotiables_in_force for v in n.acknowledged]


def test_a_repair_talk_closes_it(charter_with_offer: Story) -> None:
    named = raise_breach(charter_with_offer)
    agreed = a.AgreeRepair(breach=str(named), text="We tell them before we ship")

    given(story=charter_with_offer).when(agreed, by="ana").then(like(e.RepairAgreed, breach=named))
    assert ((), 1) == (charter(charter_with_offer).breaches, charter(charter_with_offer).breaches_repaired)
    given(story=charter_with_offer).when(agreed, by="ana").refused_with(NotFound, pointer="/breach", allowed=())


def test_the_breach_that_is_meant_is_named(charter_with_offer: Story) -> None:
    first, second = raise_breach(charter_with_offer), raise_breach(charter_with_offer, ref="second")
    talked = a.AgreeRepair(text="We talked")

    scenario = given(story=charter_with_offer)
    scenario.when(talked, by="ana").refused_with(InvalidField, pointer="/breach", allowed=(str(first), str(second)))
    scenario.when(breach(ref="second"), by="ben").refused_with(AlreadyExists, pointer="/ref")
    scenario.when(msgspec.structs.replace(talked, breach="second"), by="ana").then(like(e.RepairAgreed, breach=second))
    scenario.when(talked, by="ana", learnt="2026-06-01").then(like(e.RepairAgreed, breach=first))


def test_no_talk_was_held_before_the_breach_was_raised(charter_with_offer: Story) -> None:
    named = raise_breach(charter_with_offer)
    earlier = charter(charter_with_offer).breaches[0].at - timedelta(seconds=1)

    given(story=charter_with_offer).when(
        a.AgreeRepair(breach=str(named), text="We talked"), by="ana", at=earlier, learnt=charter_with_offer.now
    ).refused_with(OutOfOrder, pointer="/at")


def test_a_blank_word_mends_nothing(charter_with_offer: Story) -> None:
    raise_breach(charter_with_offer)

    given(story=charter_with_offer).when(a.AgreeRepair(text="  "), by="ana", learnt="2026-06-01").refused_with(
        InvalidField, pointer="/text"
    )


# --- looked at as a whole --------------------------------------------------------------------------------------------


def test_a_review_says_that_it_still_holds() -> None:
    story = story_with_charter()

    reviewed: Scenario = given(story=story).when(a.Review(), by="lea", at="2026-03-02")

    reviewed.then(e.Reviewed)
    assert reviewed.recorded[-1].occurred_at == charter(story).reviewed_at
    given(story=story).when(a.Review(), by="ana").refused_with(Forbidden)


def test_an_empty_charter_has_nothing_to_be_reviewed() -> None:
    given().when(a.Review(of="core"), by="lea").refused_with(ActNotAllowed)


def test_told_late_a_review_does_not_make_it_younger() -> None:
    story = story_with_charter()
    looked = charter(story).reviewed_at
    assert looked is not None

    given(says("lea", a.Review(), at=looked - timedelta(days=1), learnt=story.now), story=story)

    assert looked == charter(story).reviewed_at
