"""A team that is archived: what is settled first, what no longer begins in it, what goes on, and how it comes back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.charter import acts as charters
from domain.errors import ActNotAllowed, Forbidden, NotFound, OutOfOrder
from domain.goal import acts as goals
from domain.member.member import ChangeTeam, Join, Leave, LeaveTeam, TakeBackFact
from domain.participation import lead_of
from domain.team import team
from tests.domain.cycles import open_act, story_with_cycle
from tests.domain.decisions import question
from tests.spec import Story, given, instant, offer, terms, why

ARCHIVE, RESTORE = team.Archive(), team.Restore(lead="eva")


def story_of_an_empty_team(at: str = "2026-02-02") -> Story:
    """Team `old`, led by `eva` from without; ned was in it and has left."""
    story = Story()
    story.says("stella", Join(name="Eva", ref="eva"), on="eva")
    story.says("stella", team.Create(name="Old", lead="eva", ref="old"), on="old")
    story.says("stella", Join(name="Ned", ref="ned", team="old"), on="ned")
    story.says("stella", ChangeTeam(join="core"), on="ned", at=at)
    return story


def archived(at: str = "2026-03-02") -> Story:
    story = story_of_an_empty_team()
    story.says("stella", ARCHIVE, on="old", at=at)
    return story


# --- first -----------------------------------------------------------------------------------------------------------


def test_a_steward_archives_a_team_whose_members_have_left_it() -> None:
    story = story_of_an_empty_team()

    given(story=story).when(ARCHIVE, by="stella", on="old", at="2026-03-02").then(team.Archived())

    assert instant("2026-03-02") == story.state("old", "team").archived_at
    assert lead_of(story.state("old", "team"), story.world(story.id("old", "team"), story.now)) is None


@pytest.mark.parametrize("by", ["eva", "ana"])
def test_nobody_else_archives_or_restores_one(by: str) -> None:
    given(story=story_of_an_empty_team()).when(ARCHIVE, by=by, on="old").refused_with(Forbidden, allowed=("steward",))
    given(story=archived()).when(RESTORE, by=by, on="old").refused_with(Forbidden, allowed=("steward",))


def test_members_who_are_still_in_it_are_named_with_what_they_can_do() -> None:
    core = given().when(ARCHIVE, by="stella", on="core")

    core.refused_with(ActNotAllowed, allowed=("leave_team", "change_team"))
    assert core.refusal is not None
    assert "ana, ben, lea, mia, sam are in this team" in core.refusal.detail


def test_one_who_has_been_in_several_teams_is_found_as_well() -> None:
    story = story_of_an_empty_team()
    story.says("stella", Join(team="old"), on="ned")

    found = given(story=story).when(ARCHIVE, by="stella", on="old")

    found.refused_with(ActNotAllowed, allowed=("leave_team", "change_team"))
    assert found.refusal is not None
    assert "ned is in this team" in found.refusal.detail


def test_one_who_left_the_organisation_is_in_no_team() -> None:
    story = story_of_an_empty_team()
    story.says("stella", Join(team="old"), on="ned")
    story.says("stella", Leave(), on="ned")

    given(story=story).when(ARCHIVE, by="stella", on="old").then(team.Archived())


def test_its_open_cycle_is_closed_first() -> None:
    given(story=story_with_cycle()).when(ARCHIVE, by="stella", on="core").refused_with(
        ActNotAllowed, allowed=("close",)
    )


def test_a_team_that_is_not_there_or_is_archived_is_refused() -> None:
    given().when(ARCHIVE, by="stella", on="nowhere").refused_with(NotFound)
    given(story=archived()).when(ARCHIVE, by="stella", on="old").refused_with(ActNotAllowed, allowed=("restore",))


# --- while it is archived --------------------------------------------------------------------------------------------

BEGINNINGS: dict[str, tuple[str, str, Any]] = {
    "goal": ("ana", "goal", goals.Offer(title="A", sponsor="sam", team="old", terms=terms(), reason=why())),
    "request": ("sam", "goal", goals.Request(title="A", owner="ana", team="old", terms=terms(), reason=why())),
    "draft": ("ana", "goal", goals.Draft(title="A", team="old")),
    "cycle": ("stella", "cycle", open_act(team="old")),
    "decision": ("stella", "decision", question(team="old", deadline=datetime(2026, 5, 1, tzinfo=UTC))),
    "ritual": (
        "stella",
        "old",
        charters.SetRitual(of="old", ritual="standup", name="Standup", cadence_days=1, mode="sync", minutes=10),
    ),
    "member": ("stella", "nora", Join(name="Nora", ref="nora", team="old")),
    "mover": ("stella", "ana", ChangeTeam(join="old")),
    "lead": ("stella", "old", team.AppointLead(lead="ana")),
}


@pytest.mark.parametrize("what", BEGINNINGS)
def test_nothing_new_begins_in_it_and_the_way_back_is_named(what: str) -> None:
    by, on, act = BEGINNINGS[what]

    given(story=archived()).when(act, by=by, on=on, at="2026-04-01").refused_with(ActNotAllowed, allowed=("restore",))


@pytest.mark.parametrize("what", sorted(BEGINNINGS.keys() - {"cycle", "member", "mover", "lead"}))
def test_what_happened_before_is_recorded_late_as_it_was(what: str) -> None:
    by, on, act = BEGINNINGS[what]
    story = archived()

    given(story=story).when(act, by=by, on=on, at="2026-02-20", learnt="2026-05-01")

    assert story.state(on, {"decision": "decision", "old": "charter"}.get(on, "goal")) is not None


@pytest.mark.parametrize("act", [Join(team="old"), ChangeTeam(join="old")])
def test_no_late_fact_puts_a_member_into_it(act: Any) -> None:
    given(story=archived()).when(act, by="stella", on="ana", at="2026-02-20", learnt="2026-05-01").refused_with(
        OutOfOrder, pointer="/at"
    )


def test_its_goals_go_on_between_their_parties() -> None:
    story = story_of_an_empty_team()
    story.says("ana", goals.Offer(title="A", sponsor="sam", team="old", terms=terms(), reason=why()), at="2026-02-20")
    story.says("stella", ARCHIVE, on="old", at="2026-02-21")

    story.says("sam", goals.Accept(), at="2026-02-23")
    story.says("ana", goals.CheckIn(progress="0.5", confidence="0.8"), at="2026-02-25")

    assert ("active", story.id("old", "team")) == (story.state().state, story.state().team)


def test_it_can_still_be_renamed() -> None:
    given(story=archived()).when(team.Rename(name="Old (closed)"), by="stella", on="old").then(
        team.Renamed(name="Old (closed)")
    )


# --- and back --------------------------------------------------------------------------------------------------------


def test_it_comes_back_with_a_lead_and_takes_everything_again() -> None:
    story = archived()

    given(story=story).when(RESTORE, by="stella", on="old", at="2026-04-01").then(team.Restored(lead=story.id("eva")))

    assert story.state("old", "team").archived_at is None
    assert story.id("eva") == lead_of(story.state("old", "team"), story.world(story.id("old", "team"), story.now))
    given(story=story).when(Join(team="old"), by="stella", on="ana", at="2026-04-02")
    assert story.id("old", "team") in story.state("ana", "member").teams
    given(story=story).when(offer(), by="ana", at="2026-04-03")


def test_only_an_archived_one_comes_back_and_only_with_a_lead_who_is_there() -> None:
    given(story=story_of_an_empty_team()).when(RESTORE, by="stella", on="old").refused_with(ActNotAllowed)
    given(story=archived()).when(team.Restore(lead="nora"), by="stella", on="old").refused_with(
        NotFound, pointer="/lead"
    )


def test_archiving_that_is_recorded_late_is_judged_by_who_was_in_it_then() -> None:
    story = story_of_an_empty_team(at="2026-02-02")

    # ned was in it until the second of February
    given(story=story).when(ARCHIVE, by="stella", on="old", at="2026-01-20", learnt="2026-05-01").refused_with(
        ActNotAllowed, allowed=("leave_team", "change_team")
    )
    given(story=story).when(ARCHIVE, by="stella", on="old", at="2026-02-03", learnt="2026-05-02").then(team.Archived())
    given(story=story).when(RESTORE, by="stella", on="old", at="2026-02-02", learnt="2026-05-03").refused_with(
        ActNotAllowed
    )


def test_archiving_before_a_lead_was_appointed_is_out_of_order() -> None:
    story = story_of_an_empty_team()
    story.says("stella", team.AppointLead(lead="ana"), on="old", at="2026-04-01")

    given(story=story).when(ARCHIVE, by="stella", on="old", at="2026-03-01", learnt="2026-05-01").refused_with(
        OutOfOrder, pointer="/at"
    )


def test_a_leave_is_not_taken_back_once_the_team_was_archived() -> None:
    story = story_of_an_empty_team()
    story.says("stella", Join(team="old"), on="ned", at="2026-02-10")
    [left] = story.says("ned", LeaveTeam(team="old"), at="2026-02-20")
    story.says("stella", ARCHIVE, on="old", at="2026-03-02")

    given(story=story).when(TakeBackFact(corrects=str(left.event_id)), by="stella", on="ned").refused_with(
        OutOfOrder, pointer="/at"
    )
