"""Purpose: proposed by a member, adopted by a decision or, after its time-box, by the lead; revised with a reason."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.charter import acts as a
from domain.charter import events as e
from domain.charter.state import PurposeText, charter_id
from domain.decision import acts as d
from domain.errors import (
    AlreadyExists,
    DecisionRequired,
    DecisionUnfit,
    Forbidden,
    InvalidField,
    NotFound,
    OutOfOrder,
    ReasonRequired,
)
from domain.goal.events import GoalOffered
from domain.instants import format_instant
from domain.member.member import GrantRole, Leave, Role
from domain.scope import Scope
from domain.team import team
from domain.terms import Support, SupportInput
from tests.domain.charters import (
    AFTER,
    UNTIL,
    WHY,
    charter,
    proposal,
    propose_purpose,
    revise_purpose,
    story_with_charter,
    with_purpose,
)
from tests.domain.decisions import consent, question
from tests.spec import Scenario, Story, given, like, offer, says, why

NEVER = "00000000-0000-4000-8000-000000000000"


# --- whose it is -----------------------------------------------------------------------------------------------------


def test_the_first_act_begins_the_charter_of_a_team() -> None:
    story = Story()

    given(story=story).when(proposal(), by="ana").then(
        e.PurposeProposed(of=Scope(team=story.id("core", "team")), text="Money back, fast", **WHY, until=UNTIL)
    )
    assert charter_id(story.organisation_id, story.id("core", "team")) == charter(story).id


def test_the_organisation_has_one_of_its_own() -> None:
    story = with_purpose(of="organisation", by="stella")

    assert (None, 1) == (charter(story, "organisation").of.team, charter(story, "organisation").purpose.version)  # type: ignore[union-attr]
    assert charter_id(story.organisation_id, None) == charter(story, "organisation").id


def test_an_act_that_begins_a_charter_says_whose_it_is() -> None:
    given().when(proposal(of=None), by="ana").refused_with(InvalidField, pointer="/of")
    given().when(proposal(of="organisation"), by="ana").refused_with(InvalidField, pointer="/of")
    given().when(proposal(of="nowhere"), by="ana", on="nowhere").refused_with(NotFound, pointer="/of")


def test_afterwards_nobody_needs_to_say_it_again() -> None:
    given(says("ana", proposal())).when(proposal("Another", of=None), by="ben").then(e.PurposeProposed)


# --- proposing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["ana", "lea", "stella"])
def test_members_the_lead_and_stewards_propose(by: str) -> None:
    given().when(proposal(), by=by).then(e.PurposeProposed)


def test_a_stranger_to_the_team_does_not_but_may_for_the_organisation() -> None:
    story = Story()
    story.says("stella", team.Create(name="Other", lead="ben", ref="other"), on="other")

    given(story=story).when(proposal(of="other"), by="ana", on="other").refused_with(Forbidden)
    given(story=story).when(proposal(of="other"), by="ben", on="other").then(e.PurposeProposed)
    given(story=story).when(proposal(of="organisation"), by="ana", on="organisation").then(e.PurposeProposed)


def test_neither_who_has_left_nor_a_machine_has_a_part_in_it() -> None:
    given(says("ana", Leave())).when(proposal(), by="ana").refused_with(Forbidden)

    machine = given(says("stella", GrantRole(role=Role.INTEGRATION), on="ben"))
    machine.when(proposal(), by="ben").refused_with(Forbidden)


def test_a_time_box_ends_from_today_within_three_months() -> None:
    today = Story().now.date()
    for until in (today - timedelta(days=1), today + timedelta(days=93)):
        given().when(proposal(until=until), by="ana").refused_with(InvalidField, pointer="/until")
    given().when(proposal(until=today), by="ana").then(like(e.PurposeProposed, until=today))
    given().when(proposal(until=today + timedelta(days=92)), by="ana").then(e.PurposeProposed)


def test_a_time_box_that_nobody_names_is_as_long_as_an_answer_may_be_put_off() -> None:
    today = Story().now.date()

    given().when(proposal(until=None), by="ana").then(like(e.PurposeProposed, until=today + timedelta(days=14)))


@pytest.mark.parametrize("field", ["text", "to_team", "to_clients", "to_organisation"])
def test_a_purpose_says_why_to_each(field: str) -> None:
    given().when(proposal(**{field: "  "}) if field != "text" else proposal(" "), by="ana").refused_with(
        InvalidField, pointer=f"/{field}"
    )


def test_another_purpose_than_the_one_in_force_is_proposed_with_a_reason() -> None:
    story = with_purpose()
    until = story.now.date()

    given(story=story).when(proposal("Another", until=until), by="ana").refused_with(ReasonRequired, pointer="/reason")
    bare = why("better_idea", "")
    given(story=story).when(proposal("Another", until=until, reason=bare), by="ana").refused_with(
        ReasonRequired, pointer="/reason/text"
    )
    given(story=story).when(proposal("Another", until=until, reason=why()), by="ana").then(e.PurposeProposed)
    given(story=story).when(proposal(until=until, reason=why()), by="ana").refused_with(InvalidField, pointer="/text")


def test_a_reference_names_one_open_proposal() -> None:
    first = given(says("ana", proposal(ref="p1")))

    first.when(proposal("Another", ref="p1"), by="ben").refused_with(AlreadyExists, pointer="/ref")
    first.when(proposal("Another", ref="p2"), by="ben").then(like(e.PurposeProposed, ref="p2"))


def test_there_is_an_end_to_proposals() -> None:
    story = Story()
    for n in range(20):
        propose_purpose(story, text=f"Purpose {n}")

    given(story=story).when(proposal("One more"), by="ana").refused_with(InvalidField, pointer="/text")


# --- by the lead, after the time-box ---------------------------------------------------------------------------------


def when_adopting(story: Story, at: str, *, by: str = "lea", **fields: object) -> Scenario:
    named = propose_purpose(story)
    return given(story=story).when(a.AdoptPurpose(proposal=str(named), **fields), by=by, at=at)  # type: ignore[arg-type]


def test_once_the_time_box_is_over_the_lead_adopts() -> None:
    story = Story()

    adopted = when_adopting(story, AFTER)

    assert 1 == adopted.event.version
    assert adopted.event.why == PurposeText(text="Money back, fast", **WHY)
    state = charter(story)
    assert state.purpose is not None
    assert (1, adopted.recorded[-1].occurred_at, ()) == (state.purpose.version, state.purpose.since, state.proposals)


def test_before_it_is_over_only_a_decision_does() -> None:
    refused = when_adopting(Story(), "2026-01-12T23:59")

    refused.refused_with(DecisionRequired, pointer="/decision", allowed=("decision", f"after {UNTIL}"))


def test_the_time_box_ends_at_midnight_where_the_organisation_is() -> None:
    when_adopting(Story(zone="America/New_York"), "2026-01-13T04:59").refused_with(DecisionRequired)
    when_adopting(Story(zone="America/New_York"), "2026-01-13T05:00").then(e.PurposeAdopted)


@pytest.mark.parametrize("by", ["ana", "sam"])
def test_nobody_but_the_lead_adopts_alone(by: str) -> None:
    when_adopting(Story(), AFTER, by=by).refused_with(Forbidden, allowed=("lead", "steward"))


def test_the_purpose_of_the_organisation_is_adopted_by_a_steward() -> None:
    story = Story()
    named = str(propose_purpose(story, "ana", of="organisation"))
    act = a.AdoptPurpose(of="organisation", proposal=named)

    given(story=story).when(act, by="lea", on="organisation", at=AFTER).refused_with(Forbidden, allowed=("steward",))
    given(story=story).when(act, by="stella", on="organisation", at=AFTER).then(e.PurposeAdopted)


def test_a_proposal_is_named() -> None:
    story = Story()
    named = propose_purpose(story)

    scenario = given(story=story)
    scenario.when(a.AdoptPurpose(), by="lea", at=AFTER).refused_with(
        InvalidField, pointer="/proposal", allowed=(str(named),)
    )
    scenario.when(a.AdoptPurpose(proposal=NEVER), by="lea", at=AFTER).refused_with(NotFound, pointer="/proposal")


def test_an_import_means_the_only_one() -> None:
    story = Story()
    propose_purpose(story)
    adopt = {"by": "lea", "at": AFTER, "learnt": "2026-06-01"}

    given(story=story).when(a.AdoptPurpose(), **adopt).then(e.PurposeAdopted)

    several = Story()
    first, second = propose_purpose(several), propose_purpose(several, text="Another", ref="second")
    given(story=several).when(a.AdoptPurpose(), **adopt).refused_with(
        InvalidField, pointer="/proposal", allowed=(str(first), str(second))
    )
    given(story=several).when(a.AdoptPurpose(proposal="second"), **adopt).then(like(e.PurposeAdopted, proposal=second))


def test_what_was_proposed_beside_it_is_overtaken() -> None:
    story = Story()
    other = propose_purpose(story, text="Another")
    when_adopting(story, AFTER).then(e.PurposeAdopted)

    given(story=story).when(a.AdoptPurpose(proposal=str(other)), by="lea").refused_with(NotFound, allowed=())


# --- revising --------------------------------------------------------------------------------------------------------


def test_a_revision_is_the_next_version_and_keeps_its_reason() -> None:
    story = with_purpose()

    revise_purpose(story)

    told = story.last_event("core", "charter")
    assert isinstance(told.data, e.PurposeRevised)
    assert (2, why("better_idea")) == (told.data.version, told.reason)
    assert charter(story).purpose.since == told.occurred_at  # type: ignore[union-attr]


def test_nothing_moves_a_charter_before_it_last_moved() -> None:
    story = story_with_charter()
    moved = charter(story).moved_at
    assert moved is not None

    refused = given(story=story).when(
        proposal("Another", reason=why()), by="ana", at=moved - timedelta(seconds=1), learnt=story.now
    )

    refused.refused_with(OutOfOrder, pointer="/at", allowed=(f">= {format_instant(moved)}",))


# --- by a decision ---------------------------------------------------------------------------------------------------


def decide_on(story: Story, named: UUID, *, option: str = "o1", decision: str = "why", **fields: object) -> Story:
    """Lea and ana decide about this proposal before its time-box is over."""
    about = d.DecisionSubjectInput(proposal=str(named))
    options = ["Adopt it", "Leave it"]
    asked = question(
        options=options, deciders=["lea", "ana"], about=about, deadline=fields.pop("deadline", None) or _DEADLINE
    )
    story.says("ana", asked, on=decision)
    story.says("lea", consent(option), on=decision)
    story.says("ana", consent(option), on=decision)
    return story


_DEADLINE = Story().now + timedelta(days=5)


def test_a_decision_in_favour_adopts_within_the_time_box_and_is_its_cause() -> None:
    story = Story()
    named = propose_purpose(story)
    decide_on(story, named)

    adopted = given(story=story).when(a.AdoptPurpose(proposal=str(named), decision="why"), by="ben")

    adopted.then(like(e.PurposeAdopted, version=1, proposal=named, decision=story.id("why", "decision")))
    outcome = story.state("why", "decision").decided
    assert outcome.event_id == adopted.recorded[-1].causation_id


def test_a_decision_that_is_open_carries_nothing() -> None:
    story = Story()
    named = propose_purpose(story)
    asked = question(
        options=["Yes", "No"],
        deciders=["lea", "ana"],
        about=d.DecisionSubjectInput(proposal=str(named)),
        deadline=_DEADLINE,
    )
    story.says("ana", asked, on="why")

    given(story=story).when(a.AdoptPurpose(proposal=str(named), decision="why"), by="lea").refused_with(
        DecisionUnfit, pointer="/decision"
    )


def test_a_decision_to_leave_things_as_they_are_carries_nothing() -> None:
    story = Story()
    named = propose_purpose(story)
    decide_on(story, named, option="o2")

    given(story=story).when(a.AdoptPurpose(proposal=str(named), decision="why"), by="lea").refused_with(
        DecisionUnfit, pointer="/decision"
    )


def test_a_decision_about_something_else_carries_nothing() -> None:
    story = Story()
    one, other = propose_purpose(story), propose_purpose(story, text="Another")
    decide_on(story, one)

    given(story=story).when(a.AdoptPurpose(proposal=str(other), decision="why"), by="lea").refused_with(
        DecisionUnfit, pointer="/decision"
    )


def test_how_another_teams_decision_stands_is_not_told_by_a_refusal() -> None:
    story = Story()
    named = propose_purpose(story)
    about_it = question(
        options=["Yes", "No"],
        deciders=["lea", "ana"],
        about=d.DecisionSubjectInput(proposal=str(named)),
        deadline=_DEADLINE,
    )
    story.says("ana", about_it, on="why")
    story.says("ana", question(deadline=_DEADLINE), on="another")
    proposed_elsewhere = proposal("Of all", of="organisation")
    [told] = story.says("stella", proposed_elsewhere, on="organisation")

    for decision in ("why", "another"):
        act = a.AdoptPurpose(of="organisation", proposal=str(told.event_id), decision=decision)
        refused = given(story=story).when(act, by="stella", on="organisation")

        refused.refused_with(DecisionUnfit, pointer="/decision")
        assert "this decision is about something else" == getattr(refused.refusal, "detail", None)


def test_a_decision_that_is_not_there_carries_nothing() -> None:
    story = Story()
    named = propose_purpose(story)

    given(story=story).when(a.AdoptPurpose(proposal=str(named), decision="none"), by="lea").refused_with(
        NotFound, pointer="/decision"
    )


def test_an_outsider_does_not_carry_out_what_others_decided() -> None:
    story = Story()
    story.says("stella", team.Create(name="Other", lead="ben", ref="other"), on="other")
    named = propose_purpose(story, "ben", of="other")
    asked = question(
        options=["Yes", "No"],
        deciders=["ben"],
        about=d.DecisionSubjectInput(proposal=str(named)),
        deadline=_DEADLINE,
        team="other",
    )
    story.says("ben", asked, on="why")
    story.says("ben", consent(), on="why")

    given(story=story).when(a.AdoptPurpose(proposal=str(named), decision="why"), by="ana", on="other").refused_with(
        Forbidden
    )


# --- goals that serve it ---------------------------------------------------------------------------------------------


def test_a_goal_serves_a_purpose_by_whose_it_is() -> None:
    story = with_purpose()
    serves = offer(supports=[SupportInput(purpose="core")])

    offered = given(story=story).when(serves, by="ana")

    assert (Support(purpose=story.id("core", "charter")),) == offered.state.terms.supports


@pytest.mark.parametrize("name", ["the team's id", "the charter's id"])
def test_ids_name_it_too(name: str) -> None:
    story = with_purpose()
    ref = str(story.id("core", "team" if name == "the team's id" else "charter"))

    offered = given(story=story).when(offer(supports=[SupportInput(purpose=ref)]), by="ana")

    assert (Support(purpose=story.id("core", "charter")),) == offered.state.terms.supports


def test_the_organisation_s_own_is_served_too() -> None:
    story = Story()

    offered = given(story=story).when(offer(supports=[SupportInput(purpose="organisation")]), by="ana")

    assert (Support(purpose=charter_id(story.organisation_id, None)),) == offered.state.terms.supports


def test_an_import_may_name_a_purpose_whose_team_comes_later() -> None:
    story = Story()
    act = offer(supports=[SupportInput(purpose="later")])

    given(story=story).when(act, by="ana").refused_with(NotFound, pointer="/terms/supports/0/purpose")
    given(story=story).when(act, by="ana", learnt="2026-06-01").then(GoalOffered)
