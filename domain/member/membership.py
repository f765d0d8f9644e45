"""Who joins a team, leaves it, and changes from one to another. Each rule raises the `Refusal` of what it forbids."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from domain.business_order import timeline_of
from domain.context import DecisionContext, require_own_reference
from domain.envelope import Source
from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.instants import format_instant
from domain.member.member import ChangeTeam, Join, Joined, LeaveTeam, Member, Role, TeamLeft, member_at
from domain.participation import lead_of, require_not_archived
from domain.team.team import Archived, Team


def decide_join(member: Member | None, act: Join, world: DecisionContext) -> Joined:
    """A member joins the organisation, or one more team."""
    steward = Role.STEWARD in world.roles
    team = _require_team(act.team, "/team", world) if act.team else None
    if not (steward or (team is not None and lead_of(team, world) == world.party)):
        raise Forbidden("a steward or the team's lead adds members", allowed=("steward", "lead"))
    if not steward and member is not None and member.joined_at is not None:
        # A lead sees the persons of the team, so a lead cannot add just anybody.
        raise Forbidden(
            "a lead brings in newcomers; who has joined before is the steward's to add", allowed=("steward",)
        )
    if team is not None:
        _require_open(team, "/team", world)
    then = member_at(member, world.at)
    if then is not None and then.is_present and (team is None or team.id in then.teams):
        raise AlreadyExists("this member has joined already")
    return Joined(team=team.id if team else None, name=act.name, ref=require_own_reference(act.ref, "member", world))


def decide_leave_of_team(member: Member | None, act: LeaveTeam, world: DecisionContext) -> TeamLeft:
    """A member leaves one team: said by the member, the team's lead or a steward; in an import by a steward's alone."""
    then = _require_present(member, world)
    team = _require_team(act.team, "/team", world)
    steward = Role.STEWARD in world.roles
    if not steward and world.source is Source.IMPORT:
        raise Forbidden("an import moves members where its key has a steward's powers", allowed=("steward",))
    if not (steward or world.party in (world.stream_id, lead_of(team, world))):
        raise Forbidden(
            "only the member, the team's lead or a steward may do that", allowed=("member", "lead", "steward")
        )
    return _leave(then, team, "/team", world)


def decide_change_of_team(member: Member | None, act: ChangeTeam, world: DecisionContext) -> tuple[TeamLeft, Joined]:
    """Leave and join at one instant. A steward decides: whom the member's figures are shown to changes with it."""
    then = _require_present(member, world)
    if Role.STEWARD not in world.roles:
        raise Forbidden("only a steward moves a member to another team", allowed=("steward",))
    if not then.teams:
        raise ActNotAllowed("the member is in no team", allowed=("join",))
    left = act.leave
    if left is None and len(then.teams) != 1:
        raise InvalidField(
            f"the member is in {len(then.teams)} teams: name the one to leave",
            pointer="/leave",
            allowed=_list_references(then.teams, world),
        )
    old = _require_team(left or str(then.teams[0]), "/leave", world)
    new = _require_team(act.join, "/join", world)
    leave = _leave(then, old, "/leave", world)
    if new.id in then.teams:
        raise AlreadyExists(f"the member is in the team {act.join!r} already", pointer="/join")
    _require_open(new, "/join", world)
    return leave, Joined(team=new.id)


def require_not_archived_since(team_id: UUID, at: datetime, world: DecisionContext) -> None:
    """Raise `OutOfOrder` where the team was archived at this instant or later: its members had left it by then."""
    archived = [f.at for f in timeline_of(world.team(team_id)).facts if isinstance(f.data, Archived) and f.at >= at]
    if archived:
        since = format_instant(max(archived))
        raise OutOfOrder(
            "the team was archived later, when its members had left it", pointer="/at", allowed=(f"> {since}",)
        )


def _leave(then: Member, team: Team, pointer: str, world: DecisionContext) -> TeamLeft:
    if team.id not in then.teams:
        raise ActNotAllowed(
            "the member is not in this team", pointer=pointer, allowed=_list_references(then.teams, world)
        )
    if lead_of(team, world) == then.id:
        raise ActNotAllowed(
            "the member leads this team: appoint another lead first", pointer=pointer, allowed=("appoint_lead",)
        )
    return TeamLeft(team=team.id)


def _require_present(member: Member | None, world: DecisionContext) -> Member:
    """The member as of the act's time; raises where they had not joined yet, or had left."""
    if member is None or member.joined_at is None:
        raise NotFound("no such member has joined")
    then = member_at(member, world.at)
    if then is None or then.joined_at is None:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(member.joined_at)}",))
    if then.left_at is not None:
        raise ActNotAllowed("this member has left", allowed=("join",))
    return then


def _require_team(ref: str, pointer: str, world: DecisionContext) -> Team:
    team = world.team(world.id_of("team", ref))
    if team is None:
        raise NotFound(f"no team {ref!r}", pointer=pointer)
    return team


def _require_open(team: Team, pointer: str, world: DecisionContext) -> None:
    """Raise where the team is archived at the act's time, or was later: a late fact would put a member into it."""
    require_not_archived(team, world, pointer)
    require_not_archived_since(team.id, world.at, world)


def _list_references(teams: Iterable[UUID], world: DecisionContext) -> tuple[str, ...]:
    """How these teams are named in acts."""
    known = ((team_id, world.team(team_id)) for team_id in teams)
    return tuple(team.ref if team is not None and team.ref else str(team_id) for team_id, team in known)
