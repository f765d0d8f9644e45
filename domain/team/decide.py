"""Who creates, renames, leads, archives and restores a team."""

from __future__ import annotations

from domain.business_order import timeline_of
from domain.context import DecisionContext, require_own_reference
from domain.corrections import find_corrected, require_reachable
from domain.envelope import NewEvent
from domain.errors import AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.instants import format_instant
from domain.participation import lead_of, require_not_archived
from domain.scope import ORGANISATION
from domain.team.archiving import decide_archive, decide_restore
from domain.team.team import (
    AppointLead,
    AppointmentTakenBack,
    Archive,
    Create,
    Created,
    LeadAppointed,
    Rename,
    Renamed,
    Restore,
    TakeBackAppointment,
    Team,
    TeamAct,
    TeamEvent,
    team_at,
)


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
            event = decide_archive(*_require_team(team, world), world)
        case Restore():
            event = decide_restore(*_require_team(team, world), act, world)
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
