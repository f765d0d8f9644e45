"""A team: its name and its lead. Who belongs to it is said by its members' own streams."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from domain.context import DecisionContext, require_own_reference
from domain.envelope import Event, NewEvent, RecordedEvent
from domain.errors import AlreadyExists, Forbidden, InvalidField, NotFound
from domain.references import Ref
from domain.scope import ORGANISATION

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A team's state."""

    id: UUID
    name: str
    lead: UUID
    ref: str | None = None


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done about a team."""


class Create(Act, tag="create", frozen=True, kw_only=True):
    name: Name
    lead: Ref
    ref: Ref | None = None


class Rename(Act, tag="rename", frozen=True, kw_only=True):
    name: Name


class AppointLead(Act, tag="appoint_lead", frozen=True, kw_only=True):
    lead: Ref


TeamAct = Create | Rename | AppointLead


class Created(Event, tag="team.created.v1", frozen=True, kw_only=True):
    name: str
    lead: UUID
    ref: str | None = None


class Renamed(Event, tag="team.renamed.v1", frozen=True, kw_only=True):
    name: str


class LeadAppointed(Event, tag="team.lead_appointed.v1", frozen=True, kw_only=True):
    lead: UUID


TeamEvent = Created | Renamed | LeadAppointed


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
                event = LeadAppointed(lead=world.present_member(act.lead, "/lead").id)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]


def evolve(team: Team | None, recorded: RecordedEvent) -> Team | None:
    """The state after `recorded`; never fails on a recorded event."""
    event = recorded.data
    match event:
        case Created():
            return Team(id=recorded.stream_id, name=event.name, lead=event.lead, ref=event.ref)
        case Renamed() if team is not None:
            return msgspec.structs.replace(team, name=event.name)
        case LeadAppointed() if team is not None:
            return msgspec.structs.replace(team, lead=event.lead)
    return team
