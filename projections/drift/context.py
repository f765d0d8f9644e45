"""What a drift report needs besides its goals: whose charters apply, who leads, and of whom something is expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from domain.charter.state import charter_id
from domain.member.member import Member, Role
from domain.team.team import Team
from projections.as_of import AsOf
from projections.database.database import Database
from projections.drift.expectation_drift import CharterSnapshot, ExpectationFacts, load_charters
from projections.drift.purpose_drift import find_reachable_charters
from projections.figures import ReportScope
from projections.goals import AnyPromise
from projections.people import is_led_by, member_at, members_at, teams_at


class DriftContext(msgspec.Struct, frozen=True, kw_only=True):
    """Charters, teams and people around the goals of one report."""

    scope: ReportScope
    #: The charters that the report is about, by their ids.
    frameworks: Mapping[UUID, CharterSnapshot]
    #: The organisation's joined members.
    present: Mapping[UUID, Member]
    #: Team -> its lead, where it has one who has not left.
    leads: Mapping[UUID, UUID]
    #: Charter -> its team, of every team.
    teams: Mapping[UUID, Team]
    #: A steward, who speaks for the organisation.
    steward: UUID | None
    expectations: ExpectationFacts
    #: Whether there is any purpose that the goals could lead to.
    purposes: bool

    def lead_of(self, charter: UUID) -> UUID | None:
        """Who speaks for a charter: its team's lead; a steward for the organisation's."""
        team = self.teams.get(charter)
        return self.leads.get(team.id) if team is not None else self.steward

    def charter_owner_name(self, charter: UUID) -> str:
        """Whose charter it is, in words."""
        team = self.teams.get(charter)
        return f"“{team.name}”" if team is not None else "the organisation"


def load_context(database: Database, as_of: AsOf, scope: ReportScope, goals: Iterable[AnyPromise]) -> DriftContext:
    """What the report needs of charters and people; one team's report reads that team's and the organisation's."""
    teams = teams_at(database, as_of)
    everybody = members_at(database, as_of)
    present = {member.id: member for member in everybody}
    leads = {team.id: team.lead for team in teams if is_led_by(team, present.get(team.lead))}
    person = None if scope.member is None else _find_member(database, as_of, scope.member, everybody)
    # What stands in an archived team's charter asks nobody for anything, nor for a review.
    running = [team for team in teams if team.archived_at is None]
    wanted = _select_teams(scope, person, goals, leads, running)
    frameworks = load_charters(database, as_of, wanted)
    if scope.member is not None:
        members = [m for m in everybody if m.id == scope.member]
    elif scope.team is not None:
        members = [m for m in everybody if scope.team in m.teams or m.id == leads.get(scope.team)]
    else:
        members = everybody
    applicable = _select_applicable_charters(scope, frameworks, members, leads)
    of_team = scope.team is not None and any(framework.team == scope.team for framework in applicable)
    reached = find_reachable_charters(scope.team, frameworks, as_of) if scope.team else frameworks.values()
    return DriftContext(
        scope=scope,
        frameworks=frameworks,
        present=present,
        leads=leads,
        teams={charter_id(as_of.organisation_id, team.id): team for team in teams},
        steward=min((m.id for m in everybody if Role.STEWARD in m.roles), key=lambda i: i.int, default=None),
        expectations=ExpectationFacts(
            as_of=as_of,
            scope=scope,
            frameworks=applicable,
            members=members,
            everybody=members if of_team else everybody,
            leads=leads,
        ),
        purposes=any(applicable.purpose is not None for applicable in reached),
    )


def _find_member(database: Database, as_of: AsOf, member: UUID, everybody: Iterable[Member]) -> Member | None:
    """This member; one who has left is not among everybody, and is read."""
    return next((m for m in everybody if m.id == member), None) or member_at(database, as_of, member)


def _select_teams(
    scope: ReportScope,
    person: Member | None,
    goals: Iterable[AnyPromise],
    leads: Mapping[UUID, UUID],
    teams: Iterable[Team],
) -> list[UUID]:
    """The teams whose charters may count."""
    if scope.team is not None:
        return [scope.team]
    if scope.member is None:
        return [team.id for team in teams]
    own = {*(person.teams if person else ()), *(team for team, lead in leads.items() if lead == scope.member)}
    return sorted(own | {goal.team for goal in goals if goal.team is not None}, key=lambda team: team.int)


def _select_applicable_charters(
    scope: ReportScope,
    frameworks: Mapping[UUID, CharterSnapshot],
    members: Iterable[Member],
    leads: Mapping[UUID, UUID],
) -> list[CharterSnapshot]:
    """The charters whose expectations count: a team's own, else the organisation's; otherwise all that apply."""
    there = {framework.team: framework for framework in frameworks.values() if framework.has_content}
    if scope.team is not None:
        framework = there.get(scope.team) or there.get(None)
        return [framework] if framework is not None else []
    if scope.member is None:
        return list(there.values())
    led = {team for team, lead in leads.items() if lead == scope.member}
    own = {None, *led, *(team for member in members for team in member.teams)}
    return [framework for team, framework in there.items() if team in own]
