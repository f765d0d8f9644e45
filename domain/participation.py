"""Who takes part in what people agree on: present members, and no machines."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.calendar import absence_span
from domain.context import DecisionContext
from domain.envelope import Source
from domain.errors import ActNotAllowed, Forbidden
from domain.instants import format_instant
from domain.member.member import Member
from domain.team.team import Team, team_at


def has_left(member_id: UUID, world: DecisionContext, *, at: datetime | None = None) -> bool:
    """Whether this member had left the organisation by `at` (UTC; by default the act's time)."""
    member = world.member(member_id)
    return member is not None and member.left_at is not None and member.left_at <= (at or world.at)


def require_not_left(world: DecisionContext) -> None:
    """Raise `Forbidden` for a party that has left; one that no event names yet may act."""
    member = None if world.party is None else world.member(world.party)
    if member is not None and member.left_at is not None and member.left_at <= world.at:
        raise Forbidden("who has left the organisation no longer acts in it")


def lead_of(team: Team, world: DecisionContext) -> UUID | None:
    """Who leads the team at the act's time; None where it is archived, or the lead has left since being appointed.

    A return does not make them lead again: for that they are appointed anew.
    """
    then = team_at(team, world.at) or team
    if then.archived_at is not None:
        return None
    member = world.member(then.lead)
    return None if member is not None and member.has_left_since(then.lead_since, world.at) else then.lead


def require_not_archived(team: Team, world: DecisionContext, pointer: str | None) -> None:
    """Raise `ActNotAllowed` where the team was archived at the act's time: nothing new begins in it."""
    then = team_at(team, world.at)
    if then is not None and then.archived_at is not None:
        since = format_instant(then.archived_at)
        raise ActNotAllowed(
            f"the team {then.name!r} is archived since {since}: nothing new begins in it",
            pointer=pointer,
            allowed=("restore",),
        )


def is_machine(world: DecisionContext, *roles: str) -> bool:
    """Whether the principal has one of these roles and is neither a steward nor importing what people did."""
    return bool(world.roles & {*roles}) and "steward" not in world.roles and world.source is not Source.IMPORT


def is_unavailable(member: Member | None, world: DecisionContext) -> bool:
    """Left by now, or away today for longer than the policy's days without a break."""
    if member is None:
        return False
    if member.left_at is not None and member.left_at <= world.at:
        return True
    away = absence_span(world.today, member.absences)
    return away is not None and away > world.policy.policy.absent_beyond_days
