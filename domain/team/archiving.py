"""When a team is archived and restored: what must be settled first."""

from __future__ import annotations

from domain.business_order import timeline_of
from domain.charter.state import charter_id
from domain.context import DecisionContext
from domain.errors import ActNotAllowed, Forbidden, OutOfOrder
from domain.instants import format_instant
from domain.member.member import Member, is_in_team_from
from domain.team.team import Archived, Renamed, Restore, Restored, Team

#: Members that the refusal names.
_MAX_NAMED = 10


def decide_archive(team: Team, then: Team, world: DecisionContext) -> Archived:
    """Nothing new begins in the team. Its members have left it, and its cycle is closed; goals under way go on."""
    _require_steward(world)
    if then.archived_at is not None:
        raise ActNotAllowed(f"the team is archived since {format_instant(then.archived_at)}", allowed=("restore",))
    _require_latest(team, world)
    running = world.reader.open_cycle(world.organisation_id, charter_id(world.organisation_id, team.id))
    if running is not None:
        raise ActNotAllowed(
            f"the cycle {running.ref or running.id} of this team is still open: close it first", allowed=("close",)
        )
    inside = [m for m in world.reader.members_of(world.organisation_id, team.id) if _is_inside(m, team, world)]
    if inside:
        raise ActNotAllowed(
            f"{_list_members(inside)} in this team: have them leave it or change to another team first",
            allowed=("leave_team", "change_team"),
        )
    return Archived()


def decide_restore(team: Team, then: Team, act: Restore, world: DecisionContext) -> Restored:
    """The team goes on under a lead; who was in it before joins anew."""
    _require_steward(world)
    if then.archived_at is None:
        raise ActNotAllowed("the team is not archived", allowed=("archive", "appoint_lead", "rename"))
    _require_latest(team, world)
    return Restored(lead=world.require_present_member(act.lead, "/lead").id)


def _require_steward(world: DecisionContext) -> None:
    if "steward" not in world.roles:
        raise Forbidden("only a steward archives and restores teams", allowed=("steward",))


def _require_latest(team: Team, world: DecisionContext) -> None:
    """Raise `OutOfOrder` where the team's lead or its archiving changed later: that was decided without this."""
    later = [f.at for f in timeline_of(team).facts if f.at > world.at and not isinstance(f.data, Renamed)]
    if later:
        raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(max(later))}",))


def _is_inside(member: Member, team: Team, world: DecisionContext) -> bool:
    return is_in_team_from(member, team.id, world.at)


def _list_members(inside: list[Member]) -> str:
    named = sorted(member.ref or str(member.id) for member in inside)[:_MAX_NAMED]
    more = f" and {len(inside) - _MAX_NAMED} more" if len(inside) > _MAX_NAMED else ""
    return f"{', '.join(named)}{more} {'is' if len(inside) == 1 else 'are'}"
