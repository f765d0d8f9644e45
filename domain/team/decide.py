"""Who creates, renames and leads a team."""

from __future__ import annotations

from domain.context import DecisionContext, require_own_reference
from domain.envelope import NewEvent
from domain.errors import AlreadyExists, Forbidden, InvalidField, NotFound
from domain.scope import ORGANISATION
from domain.team.team import AppointLead, Create, Created, LeadAppointed, Rename, Renamed, Team, TeamAct, TeamEvent


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
        case Rename() | AppointLead():
            if team is None:
                raise NotFound("no such team")
            if not (steward or world.party == team.lead):
                raise Forbidden("only the team's lead or a steward may do that", allowed=("lead", "steward"))
            if isinstance(act, Rename):
                event = Renamed(name=act.name)
            else:
                event = LeadAppointed(lead=world.require_present_member(act.lead, "/lead").id)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]
