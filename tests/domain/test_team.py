"""Teams: a name and a lead."""

from __future__ import annotations

import pytest

from domain.errors import AlreadyExists, Forbidden, InvalidField, NotFound
from domain.member.member import Leave
from domain.team import team
from tests.spec import Story, given, says

OTHER = team.Create(name="Other", lead="ana", ref="other")


def test_a_steward_creates_a_team_with_its_lead() -> None:
    story = Story()

    given(story=story).when(OTHER, by="stella", on="other").then(
        team.Created(name="Other", lead=story.id("ana"), ref="other")
    )
    other = story.state("other", "team")
    assert ("Other", story.id("ana"), "other") == (other.name, other.lead, other.ref)


def test_a_lead_may_join_after_the_team_is_there() -> None:
    story = Story()
    story.says("stella", team.Create(name="Later", lead="nora"), on="later")

    assert story.id("nora") == story.state("later", "team").lead


@pytest.mark.parametrize("by", ["ana", "lea"])
def test_nobody_else_creates_a_team(by: str) -> None:
    given().when(OTHER, by=by, on="other").refused_with(Forbidden, allowed=("steward",))


def test_a_team_is_created_once_under_its_own_reference() -> None:
    given().when(OTHER, by="stella", on="core").refused_with(AlreadyExists)
    given().when(OTHER, by="stella", on="others").refused_with(InvalidField, pointer="/ref")


def test_no_team_takes_the_word_for_the_organisation_itself() -> None:
    act = team.Create(name="All", lead="ana", ref="organisation")

    given().when(act, by="stella", on="organisation").refused_with(InvalidField, pointer="/ref")


@pytest.mark.parametrize("by", ["lea", "stella"])
def test_a_team_is_renamed_and_handed_on_by_its_lead_or_a_steward(by: str) -> None:
    story = Story()

    given(story=story).when(team.Rename(name="Kernel"), by=by, on="core").then(team.Renamed(name="Kernel"))
    given(story=story).when(team.AppointLead(lead="ben"), by=by, on="core").then(
        team.LeadAppointed(lead=story.id("ben"))
    )
    assert ("Kernel", story.id("ben")) == (story.state("core", "team").name, story.state("core", "team").lead)


@pytest.mark.parametrize("act", [team.Rename(name="Kernel"), team.AppointLead(lead="ben")])
def test_nobody_else_does(act: team.Act) -> None:
    given().when(act, by="ben", on="core").refused_with(Forbidden, allowed=("lead", "steward"))
    given().when(act, by="stella", on="nowhere").refused_with(NotFound)


def test_a_former_lead_has_no_more_say() -> None:
    handed_on = given(says("lea", team.AppointLead(lead="ben")))

    handed_on.when(team.Rename(name="Kernel"), by="lea", on="core").refused_with(Forbidden)


def test_a_new_lead_is_somebody_who_is_there() -> None:
    given(says("ben", Leave())).when(team.AppointLead(lead="ben"), by="lea", on="core").refused_with(
        NotFound, pointer="/lead"
    )
