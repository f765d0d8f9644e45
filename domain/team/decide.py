"""Who creates, renames, leads, archives and restores a team."""

from __future__ import annotations

from domain.business_order import timeline_of
from domain.charter.state import charter_id
from domain.context import DecisionContext, require_own_reference
from domain.corrections import find_corrected, require_reachable
from domain.envelope import NewEvent
from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.instants import format_instant
from domain.member.member import Member, is_in_team_from
from domain.participation import lead_of, require_not_archived
from domain.scope import ORGANISATION
from domain.team.team import (
    AppointLead,
    AppointmentTakenBack,
    Archive,
    Archived,
    Create,
    Created,
    LeadAppointed,
    Rename,
    Renamed,
    Restore,
    Restored,
    TakeBackAppointment,
    Team,
    TeamAct,
    TeamEvent,
    team_at,
)

#: Members that the refusal to archive a team names.
_MAX_NAMED = 10


def decide(team: Team | None, act: TeamAct, world: DecisionContext) -> list[NewEvent]:
    """The events that `act` leads to; raises a `Refusal` where a rule forbids it."""
    event: TeamEvent
    steward = "steward" in world.roles
    match act:
        case Create():
            if not steward:
                raise Forbidden("only a steward creates teams", allowed=("steward",))
            if team is not None:
                raise AlreadyExists("this team exists already")
            if act.ref == ORGANISATION:
                raise InvalidField(f"{act.ref!r} names the organisation itself; take another", pointer="/ref")
            lead = world.id_of("member", act.lead)
            event = Created(name=act.name, lead=lead, ref=require_own_reference(act.ref, "team", world))
        case Archive():
            event = _decide_archive(*_require_team(team, world), world)
        case Restore():
            event = _decide_restore(*_require_team(team, world), act, world)
        case Rename() | AppointLead() | TakeBackAppointment():
            event = _decide_change(team, act, world)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]


def _require_team(team: Team | None, world: DecisionContext) -> tuple[Team, Team]:
    """The team as it stands, and as of the act's time: an act that is recorded late is judged by that."""
    if team is None:
        raise NotFound("no such team")
    require_reachable(team, world.at)
    then = team_at(team, world.at)
    if then is None:
        created = timeline_of(team).facts[0].at
        raise OutOfOrder("the team did not exist then", pointer="/at", allowed=(f">= {format_instant(created)}",))
    return team, then


def _decide_change(
    team: Team | None, act: Rename | AppointLead | TakeBackAppointment, world: DecisionContext
) -> TeamEvent:
    team, then = _require_team(team, world)
    if not ("steward" in world.roles or world.party == lead_of(then, world)):
        raise Forbidden("only the team's lead or a steward may do that", allowed=("lead", "steward"))
    if isinstance(act, Rename):
        return Renamed(name=act.name)
    require_not_archived(team, world, None)
    corrects = None
    if act.corrects is not None:
        corrects = find_corrected(team, act.corrects, (LeadAppointed,), world).event_id
    if isinstance(act, TakeBackAppointment):
        return AppointmentTakenBack(corrects=corrects or team.id)
    return LeadAppointed(lead=world.require_present_member(act.lead, "/lead").id, corrects=corrects)


# --- archiving ---------------------------------------------------------------------------------------------------


def _decide_archive(team: Team, then: Team, world: DecisionContext) -> Archived:
    """Nothing new begins in the team. Its members have left it, and its cycle is closed; goals under way go on."""
    _require_steward(world)
    if then.archived_at is not None:
        raise ActNotAllowed(f"the team is archived since {format_instant(then.archived_at)}", allowed=("restore",))
    _require_latest(team, world)
    running = world.open_cycle(charter_id(world.organisation_id, team.id))
    if running is not None:
        raise ActNotAllowed(
            f"the cycle {running.ref or running.id} of this team is still open: close it first", allowed=("close",)
        )
    inside = [member for member in world.members_of(team.id) if is_in_team_from(member, team.id, world.at)]
    if inside:
        raise ActNotAllowed(
            f"{_list_members(inside)} in this team: have them leave it or change to another team first",
            allowed=("leave_team", "change_team"),
        )
    return Archived()


def _decide_restore(team: Team, then: Team, act: Restore, world: DecisionContext) -> Restored:
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


def _list_members(inside: list[Member]) -> str:
    named = sorted(member.ref or str(member.id) for member in inside)[:_MAX_NAMED]
    more = f" and {len(inside) - _MAX_NAMED} more" if len(inside) > _MAX_NAMED else ""
    return f"{', '.join(named)}{more} {'is' if len(inside) == 1 else 'are'}"
