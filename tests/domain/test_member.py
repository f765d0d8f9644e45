"""Members: who belongs, since when, with how many hours, away on which days, in which roles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.member import member
from domain.member.member import (
    Absence,
    Capacity,
    DeclareAbsence,
    DeclareCapacity,
    GrantRole,
    Join,
    Leave,
    RevokeRole,
    Role,
)
from domain.team import team
from tests.spec import Scenario, Story, given, instant, says

NEW = Join(name="Nora", ref="nora", team="core")


def hours(value: Any, first: str = "2026-02-02") -> DeclareCapacity:
    return DeclareCapacity(hours_per_week=value, from_=date.fromisoformat(first))


def away(first: str, last: str) -> DeclareAbsence:
    return DeclareAbsence(from_=date.fromisoformat(first), to=date.fromisoformat(last))


def of(scenario: Scenario, name: str = "ana") -> member.Member:
    state: member.Member = scenario.story.state(name, "member")
    return state


# --- joining and leaving ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["stella", "lea"])
def test_a_steward_or_the_teams_lead_adds_a_member(by: str) -> None:
    joined = given().when(NEW, by=by, on="nora", at="2026-02-02")

    joined.then(member.Joined(team=joined.story.id("core", "team"), name="Nora", ref="nora"))
    assert of(joined, "nora").is_present
    assert (instant("2026-02-02"), (joined.story.id("core", "team"),)) == (
        of(joined, "nora").joined_at,
        of(joined, "nora").teams,
    )


def test_nobody_else_adds_a_member() -> None:
    alone = msgspec.structs.replace(NEW, team=None)

    given().when(NEW, by="ana", on="nora").refused_with(Forbidden, allowed=("steward", "lead"))
    given().when(alone, by="lea", on="nora").refused_with(Forbidden)
    given().when(alone, by="nora", on="nora").refused_with(Forbidden)


def test_a_lead_does_not_become_the_lead_of_whoever_is_here_or_has_left() -> None:
    # given a lead who would see the hours and absences of everybody in the team
    story = Story()
    story.says("stella", team.Create(name="Other", lead="lea", ref="other"), on="other")
    into = Join(team="other")

    given(says("stella", NEW, on="nora"), story=story).when(into, by="lea", on="nora").refused_with(Forbidden)
    given(says("nora", Leave(), on="nora"), story=story).when(into, by="lea", on="nora").refused_with(Forbidden)
    given(story=story).when(into, by="stella", on="nora").then(member.Joined(team=story.id("other", "team")))


def test_the_team_must_be_there_and_the_reference_be_the_members_own() -> None:
    given().when(msgspec.structs.replace(NEW, team="?"), by="stella", on="nora").refused_with(NotFound, pointer="/team")
    given().when(NEW, by="stella", on="norma").refused_with(InvalidField, pointer="/ref")


def test_one_joins_a_team_once_and_several_teams() -> None:
    story = Story()
    story.says("stella", team.Create(name="Other", lead="lea", ref="other"), on="other")
    ana = given(story=story).when(Join(team="core"), by="stella", on="ana")

    ana.refused_with(AlreadyExists)
    ana.when(Join(), by="stella", on="ana").refused_with(AlreadyExists)
    ana.when(Join(team="other"), by="stella", on="ana").then(member.Joined)
    assert (story.id("core", "team"), story.id("other", "team")) == of(ana).teams
    assert "Ana" == of(ana).name


def test_who_leaves_keeps_no_team_and_no_role_and_may_come_back() -> None:
    left = given(says("stella", GrantRole(role=Role.AUDITOR), on="ana")).when(Leave(), by="ana", at="2026-02-02")

    assert (instant("2026-02-02"), (), (), False) == (
        of(left).left_at,
        of(left).teams,
        of(left).roles,
        of(left).is_present,
    )
    left.when(hours(30), by="ana").refused_with(ActNotAllowed, allowed=("join",))
    left.when(Join(team="core"), by="stella", on="ana").then(member.Joined)
    assert of(left).is_present


def test_a_member_need_not_be_in_a_team() -> None:
    joined = given().when(msgspec.structs.replace(NEW, team=None), by="stella", on="nora")

    assert (True, ()) == (of(joined, "nora").is_present, of(joined, "nora").teams)


def test_nobody_leaves_before_having_joined() -> None:
    given().when(Leave(), by="ana", at="2026-01-04", learnt="2026-02-02").refused_with(OutOfOrder, pointer="/at")


# --- what one says about oneself -------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [hours(30), away("2026-03-02", "2026-03-06"), Leave()])
def test_one_speaks_for_oneself_or_a_steward_does(act: member.Act) -> None:
    given().when(act, by="ben", on="ana").refused_with(Forbidden, allowed=("member", "steward"))
    given().when(act, by="lea", on="ana").refused_with(Forbidden)
    assert given().when(act, by="stella", on="ana").refusal is None
    assert given().when(act, by="ana", on="ana").refusal is None
    given().when(act, by="stella", on="nobody").refused_with(NotFound)


def test_hours_are_declared_from_a_day_on() -> None:
    ana = given(says("ana", hours(30, "2026-03-02")), says("ana", hours(20.5, "2026-02-02")))

    first, second = of(ana).capacities
    assert Capacity(hours_per_week="20.5", from_=date(2026, 2, 2)) == first
    assert Capacity(hours_per_week="30", from_=date(2026, 3, 2)) == second
    ana.when(hours(25, "2026-03-02"), by="ana")
    assert ["20.5", "25"] == [c.hours_per_week for c in of(ana).capacities]


@pytest.mark.parametrize("value", [-1, 169, "NaN", "1E+999999", float("inf"), 7.125, "many"])
def test_a_week_has_so_many_hours(value: Any) -> None:
    given().when(hours(value), by="ana").refused_with(InvalidField, pointer="/hours_per_week")


@pytest.mark.parametrize("value", [0, 168])
def test_none_and_all_of_them_are_hours_too(value: int) -> None:
    given().when(hours(value), by="ana").then(member.CapacityDeclared)


def test_an_absence_is_dates_only() -> None:
    ana = given(says("ana", away("2026-03-09", "2026-03-09")), says("ana", away("2026-03-02", "2026-03-06")))

    ana.when(away("2026-03-02", "2026-03-06"), by="ana")
    assert (
        Absence(from_=date(2026, 3, 2), to=date(2026, 3, 6)),
        Absence(from_=date(2026, 3, 9), to=date(2026, 3, 9)),
    ) == of(ana).absences
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"do": "absence", "from": "2026-03-02", "to": "2026-03-06", "why": "ill"}, member.MemberAct)


@pytest.mark.parametrize(
    ("first", "last", "pointer"),
    [
        ("2026-03-06", "2026-03-05", "/to"),
        ("2026-03-06", "2028-03-10", "/to"),
        ("1969-12-31", "1970-01-02", "/from"),
        ("2199-12-31", "2200-01-01", "/to"),
    ],
)
def test_an_absence_ends_after_it_begins_and_within_two_years(first: str, last: str, pointer: str) -> None:
    given().when(away(first, last), by="ana").refused_with(InvalidField, pointer=pointer)


DECLARED = [
    pytest.param(lambda first: away(first.isoformat(), first.isoformat()), "absences", id="absences"),
    pytest.param(lambda first: hours(30, first.isoformat()), "capacities", id="capacities"),
]
Declares = Callable[[date], DeclareAbsence | DeclareCapacity]


def declare_days(first: date, count: int, declares: Declares, story: Story | None = None, **when: Any) -> Story:
    """So much was said by ana, of as many days in a row."""
    told = story or Story()
    for number in range(count):
        told.says("ana", declares(first + timedelta(days=number)), on="ana", **when)
    return told


@pytest.mark.parametrize(("declares", "held"), DECLARED)
def test_only_so_much_lies_ahead_at_a_time(declares: Declares, held: str) -> None:
    story = declare_days(date(2026, 6, 1), member.MAX_UPCOMING_DECLARATIONS, declares)
    more = declares(date(2027, 1, 1))

    full = given(story=story).when(more, by="ana")

    full.refused_with(InvalidField, pointer="/from")
    assert "100 at most: say more when the first is over, after 2026-06-01" in str(full.refusal)
    # What is there already, what is over, and what comes once the first of them is over is said as ever.
    assert given(story=story).when(declares(date(2026, 6, 1)), by="ana").refusal is None
    assert given(story=story).when(declares(date(2025, 6, 1)), by="ana").refusal is None
    assert given(story=story).when(more, by="ana", at="2026-06-02").refusal is None


@pytest.mark.parametrize(("declares", "held"), DECLARED)
def test_of_what_is_over_the_last_is_kept_and_of_what_lies_ahead_all(declares: Declares, held: str) -> None:
    story = declare_days(date(2025, 1, 1), member.MAX_PAST_DECLARATIONS + 50, declares)
    declare_days(date(2026, 6, 1), 3, declares, story)

    kept = [each.from_ for each in getattr(story.state("ana", "member"), held)]

    first, last = (
        date(2025, 1, 1) + timedelta(days=50),
        date(2025, 1, 1) + timedelta(days=member.MAX_PAST_DECLARATIONS + 49),
    )
    assert (member.MAX_PAST_DECLARATIONS + 3, first, last) == (len(kept), kept[0], kept[-4])
    assert [date(2026, 6, n) for n in (1, 2, 3)] == kept[-3:]


@pytest.mark.parametrize(("declares", "held"), DECLARED)
def test_a_past_that_is_told_late_is_not_what_lies_ahead(declares: Declares, held: str) -> None:
    story = declare_days(
        date(2026, 2, 1), member.MAX_UPCOMING_DECLARATIONS + 1, declares, at="2026-01-05", learnt="2026-12-01"
    )

    assert member.MAX_PAST_DECLARATIONS == len(getattr(story.state("ana", "member"), held))


def test_a_capacity_of_a_year_far_off_is_a_slip() -> None:
    given().when(hours(30, "9999-01-01"), by="ana").refused_with(InvalidField, pointer="/from")


@pytest.mark.parametrize("act", [hours(30), away("2026-03-02", "2026-03-06")])
def test_in_an_import_one_who_joins_only_later_may_have_spoken_already(act: member.Act) -> None:
    early = given().when(act, by="nora", on="nora", at="2026-02-02", learnt="2026-12-01")

    assert early.refusal is None
    assert not of(early, "nora").is_present
    early.when(NEW, by="stella", on="nora", at="2026-02-03", learnt="2026-12-01").then(member.Joined)
    assert of(early, "nora").is_present
    assert 1 == len(of(early, "nora").capacities) + len(of(early, "nora").absences)
    given().when(act, by="stella", on="nora").refused_with(NotFound)


# --- roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [GrantRole(role=Role.STEWARD), RevokeRole(role=Role.STEWARD)])
def test_only_a_steward_grants_and_revokes_roles(act: member.Act) -> None:
    for by in ("ana", "lea"):
        given().when(act, by=by, on="ana").refused_with(Forbidden, allowed=("steward",))


def test_a_role_is_granted_once_and_revoked() -> None:
    ana = given(says("stella", GrantRole(role=Role.AUDITOR), on="ana"))
    ana.when(GrantRole(role=Role.AUDITOR), by="stella", on="ana")

    assert (Role.AUDITOR,) == of(ana).roles
    ana.when(RevokeRole(role=Role.INTEGRATION), by="stella", on="ana").refused_with(
        ActNotAllowed, allowed=(Role.AUDITOR,)
    )
    ana.when(RevokeRole(role=Role.AUDITOR), by="stella", on="ana").then(member.RoleRevoked(role=Role.AUDITOR))
    assert () == of(ana).roles
