"""Who leads a scope, and who belongs to it."""

from __future__ import annotations

from uuid import UUID

from domain.context import DecisionContext
from domain.envelope import Source
from domain.errors import Forbidden, NotFound
from domain.member.member import Member, member_at
from domain.participation import lead_of, require_not_archived
from domain.scope import ORGANISATION, Scope


def resolve_scope(ref: str, world: DecisionContext, pointer: str = "/of") -> Scope:
    """The team that `ref` names, or the organisation; raises `NotFound` for a team that is not there."""
    if ref == ORGANISATION:
        return Scope(team=None)
    team_id = world.id_of("team", ref)
    if world.team(team_id) is None:
        raise NotFound(f"no team {ref!r}", pointer=pointer)
    return Scope(team=team_id)


def require_not_closed(subject: Scope, world: DecisionContext, pointer: str | None) -> None:
    """Raise `ActNotAllowed` where it is that of an archived team: nothing new begins there."""
    team = world.team(subject.team) if subject.team is not None else None
    if team is not None:
        require_not_archived(team, world, pointer)


def is_lead(subject: Scope, world: DecisionContext) -> bool:
    """Whether the party may decide alone here: the team's lead, or a steward; the organisation's own: a steward."""
    if "steward" in world.roles:
        return True
    team = world.team(subject.team) if subject.team is not None else None
    return team is not None and world.party == lead_of(team, world)


def is_member(subject: Scope, member: Member | None, world: DecisionContext) -> bool:
    """Whether this member belongs to the owner: to the team (its lead included), or to the organisation.

    In an import a member who joins only later in the file may have taken part already; the state at its end counts.
    """
    if member is None or member.joined_at is None:
        return world.source is Source.IMPORT
    then = member_at(member, world.at)
    if then is None or then.joined_at is None:
        return world.source is Source.IMPORT
    if not then.is_present:
        return False
    if subject.team is None or subject.team in then.teams:
        return True
    team = world.team(subject.team)
    return team is not None and lead_of(team, world) == member.id


def require_lead(subject: Scope, world: DecisionContext) -> None:
    """Raise `Forbidden` unless the party leads here (see `is_lead`)."""
    if not is_lead(subject, world):
        if subject.team is None:
            raise Forbidden("only a steward may do that to the organisation's own", allowed=("steward",))
        raise Forbidden("only the team's lead or a steward may do that", allowed=("lead", "steward"))


def require_member(subject: Scope, world: DecisionContext) -> UUID:
    """The party, who belongs here or leads; raises `Forbidden` for any other."""
    member = world.member(world.party) if world.party is not None else None
    if world.party is None or not (is_member(subject, member, world) or is_lead(subject, world)):
        whose = "the organisation" if subject.team is None else "the team"
        raise Forbidden(f"only members of {whose} may do that", allowed=("member", "lead", "steward"))
    return world.party
