"""An experiment with a tension: who may take it up, who has to agree, and how it ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.errors import (
    ActNotAllowed,
    AlreadyExists,
    Forbidden,
    InvalidField,
    NotFound,
    OutOfOrder,
    ReasonRequired,
)
from domain.experiment import acts as a
from domain.experiment import events as e
from domain.experiment.decide import MAX_FINDINGS, MAX_REVIEW_DAYS
from domain.member.member import GrantRole, Join, Leave, Role
from domain.team import team
from tests.spec import HistoryAct, Scenario, Story, given, like, says, why

#: Monday; the experiment is looked at three weeks later.
PROPOSED_ON, REVIEW_ON = "2026-01-12", date(2026, 2, 2)
STEWARD = frozenset({"steward"})


def proposal(**fields: Any) -> a.ProposeExperiment:
    """Team core tries something about its silent drift; name what differs."""
    written: dict[str, Any] = {
        "tension": e.Tension.SILENT_DRIFT,
        "hypothesis": "A line on Fridays is enough to know",
        "measure": "The stale share",
        "review_on": REVIEW_ON,
        "team": "core",
    }
    return a.ProposeExperiment(**{**written, **fields})


def propose(by: str = "ana", **fields: Any) -> HistoryAct:
    return says(by, proposal(**fields), at=PROPOSED_ON)


def running() -> HistoryAct:
    """Ana proposed what she herself sees to."""
    return propose()


def state_of(scenario: Scenario) -> Any:
    return scenario.story.state("experiment", "experiment")


# --- taking a tension up ---------------------------------------------------------------------------------------------


def test_who_proposes_what_they_see_to_themselves_has_agreed_in_the_same_act() -> None:
    scenario = given().when(proposal(), by="ana", at=PROPOSED_ON)

    scenario.then(like(e.ExperimentProposed, owner=scenario.story.id("ana"), review_on=REVIEW_ON), e.ExperimentAgreed())
    assert "running" == state_of(scenario).state


def test_another_owner_is_bound_by_nothing_before_agreeing() -> None:
    proposed = given().when(proposal(owner="ben"), by="ana", at=PROPOSED_ON).then(e.ExperimentProposed)
    assert "proposed" == state_of(proposed).state

    agreed = proposed.when(a.AgreeToExperiment(), by="ben").then(e.ExperimentAgreed())

    assert ("running", agreed.story.now) == (state_of(agreed).state, state_of(agreed).agreed_at)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"review_on": None}, "/review_on"),
        ({"review_on": date(2026, 1, 12)}, "/review_on"),
        ({"review_on": date(2025, 12, 1)}, "/review_on"),
        ({"review_on": date(2026, 1, 12) + timedelta(days=MAX_REVIEW_DAYS + 1)}, "/review_on"),
        ({"hypothesis": " \u200b"}, "/hypothesis"),
        ({"measure": "  "}, "/measure"),
        ({"ref": "another"}, "/ref"),
    ],
)
def test_an_experiment_without_a_day_ahead_or_without_words_is_refused(fields: dict[str, Any], pointer: str) -> None:
    given().when(proposal(**fields), by="ana", at=PROPOSED_ON).refused_with(InvalidField, pointer=pointer)


def test_the_last_day_that_may_be_named_is_half_a_year_ahead() -> None:
    last = date(2026, 1, 12) + timedelta(days=MAX_REVIEW_DAYS)

    given().when(proposal(review_on=last), by="ana", at=PROPOSED_ON).then(
        like(e.ExperimentProposed, review_on=last), e.ExperimentAgreed
    )


def test_an_owner_who_has_left_owns_nothing() -> None:
    story = Story()
    story.says("stella", Leave(), on="ben", roles=STEWARD)

    given(story=story).when(proposal(owner="ben"), by="ana", at=PROPOSED_ON).refused_with(
        InvalidField, pointer="/owner"
    )


def test_an_owner_who_never_joined_or_belongs_elsewhere_is_refused() -> None:
    story = Story()
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=STEWARD)
    story.says("stella", Join(team="edge", name="Eve", ref="eve"), on="eve", roles=STEWARD)

    given(story=story).when(proposal(owner="noone"), by="ana").refused_with(NotFound, pointer="/owner")
    given(story=story).when(proposal(owner="eve"), by="ana").refused_with(InvalidField, pointer="/owner")


def test_the_team_must_be_there_and_ones_own() -> None:
    story = Story()
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=STEWARD)

    given(story=story).when(proposal(team="nowhere"), by="ana").refused_with(NotFound, pointer="/team")
    given(story=story).when(proposal(team="edge"), by="ana").refused_with(Forbidden)


def test_nothing_begins_in_an_archived_team() -> None:
    story = Story()
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=STEWARD)
    story.says("stella", team.Archive(), on="edge", roles=STEWARD)

    given(story=story).when(proposal(team="edge"), by="stella").refused_with(ActNotAllowed, pointer="/team")


def test_an_integration_takes_no_part() -> None:
    story = Story()
    story.says("stella", GrantRole(role=Role.INTEGRATION), on="mia", roles=STEWARD)

    given(story=story).when(proposal(), by="mia").refused_with(Forbidden)


def test_one_experiment_begins_once() -> None:
    given(running()).when(proposal(), by="ana").refused_with(AlreadyExists, pointer="/ref")


# --- answering a proposal --------------------------------------------------------------------------------------------


def test_only_the_owner_answers_and_a_decline_needs_a_code_alone() -> None:
    scenario = given(propose(owner="ben"))

    scenario.when(a.AgreeToExperiment(), by="ana").refused_with(Forbidden)
    scenario.when(a.DeclineExperiment(), by="ben").refused_with(ReasonRequired, pointer="/reason")
    scenario.when(a.DeclineExperiment(reason=why("capacity", "")), by="ben").then(e.ExperimentDeclined())
    scenario.when(a.AgreeToExperiment(), by="ben").refused_with(ActNotAllowed, allowed=())


def test_a_proposal_is_taken_back_by_who_made_it_or_who_leads() -> None:
    scenario = given(propose(owner="ben"))

    scenario.when(a.WithdrawExperiment(), by="mia").refused_with(Forbidden)
    scenario.when(a.WithdrawExperiment(), by="lea").then(e.ExperimentWithdrawn())


def test_a_proposal_whose_day_has_passed_can_no_longer_be_agreed_to() -> None:
    scenario = given(propose(owner="ben"))

    scenario.when(a.AgreeToExperiment(), by="ben", at="2026-02-02").refused_with(ActNotAllowed, allowed=("decline",))


# --- looking at it, and how it ends ----------------------------------------------------------------------------------


def test_a_look_says_what_was_found_and_names_the_next_day() -> None:
    scenario = given(running()).when(a.ReviewExperiment(finding="Half of them wrote", next=date(2026, 3, 2)), by="ana")

    scenario.then(like(e.ExperimentReviewed, finding="Half of them wrote"))
    assert (date(2026, 3, 2), "Half of them wrote") == (
        state_of(scenario).review_on,
        state_of(scenario).findings[0].text,
    )


def test_what_was_looked_at_can_be_kept_and_nothing_is_said_after() -> None:
    scenario = given(running()).when(a.ReviewExperiment(finding="It helps"), by="ana").then(e.ExperimentReviewed)
    assert state_of(scenario).review_on is None

    scenario.when(a.KeepExperiment(outcome="It stays"), by="lea").then(e.ExperimentKept(outcome="It stays"))

    assert ("kept", "It stays") == (state_of(scenario).state, state_of(scenario).outcome)
    scenario.when(a.ReviewExperiment(finding="More"), by="ana").refused_with(ActNotAllowed, allowed=())


def test_nothing_is_kept_unseen() -> None:
    given(running()).when(a.KeepExperiment(outcome="It stays"), by="ana").refused_with(
        ActNotAllowed, allowed=("review", "drop")
    )


def test_what_does_harm_is_dropped_at_once_for_a_reason_in_words() -> None:
    scenario = given(running())

    scenario.when(a.DropExperiment(), by="ana").refused_with(ReasonRequired, pointer="/reason")
    scenario.when(a.DropExperiment(outcome="It hid bad news", reason=why("risk_or_safety")), by="ana").then(
        e.ExperimentDropped
    )
    assert "dropped" == state_of(scenario).state


def test_others_of_the_team_do_not_say_what_came_of_it() -> None:
    scenario = given(running())

    scenario.when(a.ReviewExperiment(finding="I think"), by="ben").refused_with(Forbidden)
    scenario.when(a.DropExperiment(reason=why()), by="ben").refused_with(Forbidden)


def test_who_leads_ends_what_a_departed_owner_left() -> None:
    story = Story()
    story.says("ana", proposal(), at=PROPOSED_ON)
    story.says("stella", Leave(), on="ana", roles=STEWARD)

    given(story=story).when(a.DropExperiment(reason=why()), by="lea").then(e.ExperimentDropped)
    given(story=story).when(a.ReviewExperiment(finding="x"), by="ana").refused_with(Forbidden)


def test_another_teams_experiment_is_none_of_ones_business() -> None:
    story = Story()
    story.says("stella", team.Create(name="Edge", lead="lea", ref="edge"), on="edge", roles=STEWARD)
    story.says("stella", Join(team="edge", name="Eve", ref="eve"), on="eve", roles=STEWARD)

    given(running(), story=story).when(a.KeepExperiment(outcome="x"), by="eve").refused_with(Forbidden)


def test_an_act_before_the_last_one_is_out_of_order() -> None:
    given(running()).when(a.ReviewExperiment(finding="x"), by="ana", at="2026-01-11").refused_with(
        OutOfOrder, pointer="/at"
    )


def test_looks_are_bounded() -> None:
    story = Story()
    story.says("ana", proposal(), at=PROPOSED_ON)
    for _ in range(MAX_FINDINGS):
        story.says("ana", a.ReviewExperiment(finding="not sure"))

    given(story=story).when(a.ReviewExperiment(finding="still not"), by="ana").refused_with(
        ActNotAllowed, allowed=("keep", "drop")
    )


def test_the_organisations_own_is_led_by_a_steward() -> None:
    scenario = given(propose(team=None)).when(a.DropExperiment(reason=why()), by="lea").refused_with(Forbidden)

    scenario.when(a.DropExperiment(reason=why()), by="stella").then(e.ExperimentDropped)
