"""What a drift report knows besides its goals: whose charters apply, who leads, and of whom something is expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from domain.charter.state import charter_id
from domain.goal.state import Promised
from domain.member import Member, Role
from domain.team import Team
from projections.database import Database
from projections.drift_expectations import Expectations
from projections.drift_framework import Framework, frameworks_at
from projections.drift_purpose import within_reach
from projections.lens import Lens
from projections.people import member_at, members_at, teams_at


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose report: a team's, a member's, or (neither) the organisation's."""

    lens: Lens
    team: UUID | None
    member: UUID | None
    #: Days.
    window: int

    @property
    def group(self) -> dict[str, Any]:
        """The keys of a group's figures."""
        return {"member": self.member} if self.member else {"team": self.team} if self.team else {}


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """Charters, teams and people around the goals of one report."""

    #: The charters that the report is about, by their ids.
    frameworks: Mapping[UUID, Framework]
    #: Team -> its lead.
    leads: Mapping[UUID, UUID]
    #: Charter -> its team, of every team.
    teams: Mapping[UUID, Team]
    #: A steward, who speaks for the organisation.
    steward: UUID | None
    expectations: Expectations
    #: Whether there is any purpose that the goals could lead to.
    purposes: bool

    def lead_of(self, charter: UUID) -> UUID | None:
        """Who speaks for a charter: its team's lead; a steward for the organisation's."""
        team = self.teams.get(charter)
        return team.lead if team is not None else self.steward

    def whose(self, charter: UUID) -> str:
        """Whose charter it is, in words."""
        team = self.teams.get(charter)
        return f"“{team.name}”" if team is not None else "the organisation"


def surroundings(database: Database, asked: Asked, goals: Iterable[Promised]) -> Around:
    """What the report needs of charters and people; one team's report reads that team's and the organisation's."""
    lens = asked.lens
    teams = teams_at(database, lens)
    leads = {team.id: team.lead for team in teams}
    person = None if asked.member is None else member_at(database, lens, asked.member)
    everybody = members_at(database, lens)
    wanted = _teams(asked, person, goals, leads)
    frameworks = frameworks_at(database, lens, wanted)
    if asked.member is not None:
        members = [m for m in everybody if m.id == asked.member]
    elif asked.team is not None:
        members = [m for m in everybody if asked.team in m.teams or m.id == leads.get(asked.team)]
    else:
        members = everybody
    held = _speaking(asked, frameworks, members, leads)
    of_team = asked.team is not None and any(framework.team == asked.team for framework in held)
    reached = within_reach(asked.team, frameworks, lens) if asked.team else frameworks.values()
    return Around(
        frameworks=frameworks,
        leads=leads,
        teams={charter_id(lens.organisation_id, team.id): team for team in teams},
        steward=min((m.id for m in everybody if Role.STEWARD in m.roles), key=lambda i: i.int, default=None),
        expectations=Expectations(
            lens=lens,
            frameworks=held,
            members=members,
            everybody=members if of_team else everybody,
            leads=leads,
            window=asked.window,
            personal=asked.member is not None,
        ),
        purposes=any(held.purpose is not None for held in reached),
    )


def _teams(asked: Asked, person: Member | None, goals: Iterable[Promised], leads: Mapping[UUID, UUID]) -> list[UUID]:
    """The teams whose charters may count."""
    if asked.team is not None:
        return [asked.team]
    if asked.member is None:
        return list(leads)
    own = {*(person.teams if person else ()), *(team for team, lead in leads.items() if lead == asked.member)}
    return sorted(own | {goal.team for goal in goals if goal.team is not None}, key=lambda team: team.int)


def _speaking(
    asked: Asked, frameworks: Mapping[UUID, Framework], members: Iterable[Member], leads: Mapping[UUID, UUID]
) -> list[Framework]:
    """The charters whose expectations count: a team's own, else the organisation's; otherwise all that apply."""
    there = {held.team: held for held in frameworks.values() if held.is_there}
    if asked.team is not None:
        held = there.get(asked.team) or there.get(None)
        return [held] if held is not None else []
    if asked.member is None:
        return list(there.values())
    led = {team for team, lead in leads.items() if lead == asked.member}
    own = {None, *led, *(team for member in members for team in member.teams)}
    return [held for team, held in there.items() if team in own]
