"""A team: its name and its lead. Its members are in the members' own streams."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from domain.envelope import Event, RecordedEvent
from domain.references import Ref

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
