"""Members who leave one team or change to another: who may say so, what it does, and what is recorded late."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder, Refusal
from domain.member import member
from domain.member.member import ChangeTeam, Join, Leave, LeaveTeam, TakeBackFact, member_at
from domain.registry import AGGREGATES
from domain.team import team
from tests.spec import Story, given, instant, like, offer, says

LEAVES = LeaveTeam(team="core")
MOVES = ChangeTeam(leave="core", join="data")


def two_teams() -> Story:
    """Besides core there is `data`, led by sam, who is in core."""
    story = Story()
    story.says("stella", team.Create(name="Data", lead="sam", ref="data"), on="data")
    return story


def teams_of(story: Story, name: str = "ana") -> tuple[UUID, ...]:
    state: member.Member = story.state(name, "member")
    return state.teams


# --- leaving one team ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["ana", "lea", "stella"])
def test_a_member_the_lead_or_a_steward_ends_a_membership_in_a_team(by: str) -> None:
    left = given().when(LEAVES, by=by, on="ana")

    left.then(member.TeamLeft(team=left.story.id("core", "team")))
    assert () == teams_of(left.story)
    assert left.story.state("ana", "member").is_present


@pytest.mark.parametrize("by", ["ben", "sam"])
def test_no_other_member_ends_it(by: str) -> None:
    given(story=two_teams()).when(LEAVES, by=by, on="ana").refused_with(
        Forbidden, allowed=("member", "lead", "steward")
    )


def test_other_teams_keys_roles_and_promises_stay() -> None:
    story = two_teams()
    story.says("stella", Join(team="data"), on="ana")
    story.says("ana", offer())
    before = story.state("ana", "member")

    story.says("ana", LEAVES)

    after = story.state("ana", "member")
    assert (story.id("data", "team"),) == after.teams
    assert (before.roles, before.departures, before.joined_at) == (after.roles, after.departures, after.joined_at)
    assert story.id("ana") == story.state().owner
    assert story.id("core", "team") == story.state().team


def test_a_team_that_the_member_is_not_in_is_refused_and_those_that_they_are_in_are_named() -> None:
    given(story=two_teams()).when(LeaveTeam(team="data"), by="ana").refused_with(
        ActNotAllowed, pointer="/team", allowed=("core",)
    )
    given(says("ana", LEAVES)).when(LEAVES, by="ana").refused_with(ActNotAllowed, pointer="/team", allowed=())
    given().when(LeaveTeam(team="nowhere"), by="ana").refused_with(NotFound, pointer="/team")


@pytest.mark.parametrize(("act", "pointer"), [(LEAVES, "/team"), (MOVES, "/leave")])
def test_a_lead_does_not_leave_the_team_without_one(act: member.MemberAct, pointer: str) -> None:
    led = given(story=two_teams())

    led.when(act, by="stella", on="lea").refused_with(ActNotAllowed, pointer=pointer, allowed=("appoint_lead",))
    led.story.says("stella", team.AppointLead(lead="ana"))
    led.when(act, by="stella", on="lea")

    assert led.story.id("core", "team") not in teams_of(led.story, "lea")


def test_one_who_never_joined_or_has_left_leaves_no_team() -> None:
    given().when(LEAVES, by="stella", on="nora").refused_with(NotFound)
    given(says("ana", Leave())).when(LEAVES, by="stella", on="ana").refused_with(ActNotAllowed, allowed=("join",))


# --- changing teams --------------------------------------------------------------------------------------------------


def test_a_change_of_teams_is_a_leave_and_a_join_at_one_instant() -> None:
    moved = given(story=two_teams()).when(MOVES, by="stella", on="ana", at="2026-02-02")
    core, data = (moved.story.id(ref, "team") for ref in ("core", "data"))

    moved.then(member.TeamLeft(team=core), member.Joined(team=data))
    assert {instant("2026-02-02")} == {event.occurred_at for event in moved.recorded}
    assert (data,) == teams_of(moved.story)


def test_the_only_team_need_not_be_named() -> None:
    one = given(story=two_teams()).when(ChangeTeam(join="data"), by="stella", on="ana")
    one.then(member.TeamLeft, like(member.Joined, team=one.story.id("data", "team")))

    one.story.says("stella", team.Create(name="Third", lead="mia", ref="third"), on="third")
    one.story.says("stella", Join(team="core"), on="ana")
    one.when(ChangeTeam(join="third"), by="stella", on="ana").refused_with(
        InvalidField, pointer="/leave", allowed=("data", "core")
    )
    none = given(says("mia", LEAVES), story=two_teams())
    none.when(ChangeTeam(join="data"), by="stella", on="mia").refused_with(ActNotAllowed, allowed=("join",))


@pytest.mark.parametrize("by", ["ana", "lea", "sam"])
def test_nobody_but_a_steward_moves_a_member_in_front_of_another_lead(by: str) -> None:
    given(story=two_teams()).when(MOVES, by=by, on="ana").refused_with(Forbidden, allowed=("steward",))


def test_a_change_to_a_team_that_is_not_there_or_that_the_member_is_in_does_nothing() -> None:
    here = given(story=two_teams())

    here.when(ChangeTeam(leave="core", join="nowhere"), by="stella", on="ana").refused_with(NotFound, pointer="/join")
    here.when(ChangeTeam(leave="data", join="core"), by="stella", on="ana").refused_with(
        ActNotAllowed, pointer="/leave", allowed=("core",)
    )
    here.when(ChangeTeam(leave="core", join="core"), by="stella", on="ana").refused_with(AlreadyExists, pointer="/join")
    assert (here.story.id("core", "team"),) == teams_of(here.story)


# --- recorded late ---------------------------------------------------------------------------------------------------


def test_a_move_that_is_recorded_late_takes_its_place_in_time() -> None:
    story = two_teams()
    story.says("stella", MOVES, on="ana", at="2026-02-02", learnt="2026-05-01")

    state = story.state("ana", "member")
    core, data = story.id("core", "team"), story.id("data", "team")
    assert [(core,), (data,)] == [
        then.teams for day in ("2026-02-01", "2026-02-02") if (then := member_at(state, instant(day))) is not None
    ]
    assert (data,) == state.teams


def test_it_is_judged_by_the_teams_of_its_own_time() -> None:
    # given a member who left core in April
    story = two_teams()
    story.says("ana", LEAVES, at="2026-04-01")

    # then in March they could still change, and afterwards could not leave again
    given(story=story).when(LEAVES, by="stella", on="ana", at="2026-04-02", learnt="2026-05-01").refused_with(
        ActNotAllowed, pointer="/team"
    )
    given(story=story).when(MOVES, by="stella", on="ana", at="2026-03-01", learnt="2026-05-02").then(
        member.TeamLeft, member.Joined
    )
    given(story=story).when(LEAVES, by="stella", on="ana", at="2026-01-01", learnt="2026-05-03").refused_with(
        OutOfOrder, pointer="/at"
    )


def test_an_import_moves_members_only_with_a_stewards_powers() -> None:
    late = {"at": "2026-02-02", "learnt": "2026-05-01", "roles": frozenset[str]()}

    given().when(LEAVES, by="ana", **late).refused_with(Forbidden, allowed=("steward",))
    given(story=two_teams()).when(MOVES, by="stella", on="ana", **late).refused_with(Forbidden, allowed=("steward",))


def test_a_leave_that_was_wrong_is_taken_back_by_a_steward_and_never_held() -> None:
    story = Story()
    [wrong] = story.says("ana", LEAVES, at="2026-02-02")
    back = TakeBackFact(corrects=str(wrong.event_id))

    given(story=story).when(back, by="ana").refused_with(Forbidden, allowed=("steward",))
    given(story=story).when(back, by="stella", on="ana").then(member.FactTakenBack(corrects=wrong.event_id))

    state = story.state("ana", "member")
    assert [(story.id("core", "team"),)] * 2 == [
        then.teams for day in ("2026-02-03", "2027-01-01") if (then := member_at(state, instant(day))) is not None
    ]


# --- how they are found ----------------------------------------------------------------------------------------------


def listed_under(story: Story, name: str) -> UUID | None:
    return AGGREGATES["member"].index_entry(story.state(name, "member")).listed_under


def test_the_index_lists_members_under_their_team_and_those_of_several_together() -> None:
    story = two_teams()
    core = story.id("core", "team")
    assert (core, None) == (listed_under(story, "ana"), listed_under(story, "stella"))

    story.says("ana", LEAVES)
    assert core == listed_under(story, "ana")

    story.says("stella", Join(team="data"), on="ana")
    assert member.SEVERAL_TEAMS == listed_under(story, "ana")
    found = {m.ref for m in story.world(story.id("data", "team"), story.now).members_of(story.id("data", "team"))}
    assert "ana" in found


def test_who_is_in_a_team_from_an_instant_on_counts_those_who_join_later() -> None:
    story = two_teams()
    story.says("stella", MOVES, on="ana", at="2026-03-02")
    state, data, core = story.state("ana", "member"), story.id("data", "team"), story.id("core", "team")

    def inside(team_id: UUID, day: str) -> bool:
        return member.is_in_team_from(state, team_id, instant(day))

    assert (True, True, True) == (inside(data, "2026-02-01"), inside(data, "2026-04-01"), inside(core, "2026-02-01"))
    assert not inside(core, "2026-04-01")


def test_a_refused_move_leaves_no_event() -> None:
    story = two_teams()
    before = list(story.events)

    for act in (ChangeTeam(leave="core", join="nowhere"), ChangeTeam(leave="core", join="core")):
        with pytest.raises(Refusal):
            story.says("stella", act, on="ana")

    assert before == story.events
