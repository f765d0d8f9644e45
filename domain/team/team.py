"""A team: its name and its lead. Its members are in the members' own streams."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from domain.business_order import DatedFact, TakenBack, TimelineState, evolve_in_business_order, state_at
from domain.envelope import Event, RecordedEvent
from domain.references import FactId, Ref

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Team(TimelineState, frozen=True, kw_only=True):
    """A team's state."""

    name: str
    #: The member who was appointed last; a leave of theirs ended it (`domain.participation.lead_of`).
    lead: UUID
    lead_since: datetime
    ref: str | None = None
    #: Since when nothing new begins in it, and it has neither members nor a lead; None: it is not archived.
    archived_at: datetime | None = None


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done about a team."""

    #: Whether it carries authority (`domain.authority`).
    is_authoritative: ClassVar[bool] = True


class Create(Act, tag="create", frozen=True, kw_only=True):
    """Create a team with its lead; a steward does."""

    name: Name
    lead: Ref
    ref: Ref | None = None


class Rename(Act, tag="rename", frozen=True, kw_only=True):
    """Give the team another name."""

    name: Name


class AppointLead(Act, tag="appoint_lead", frozen=True, kw_only=True):
    """Give the team another lead."""

    lead: Ref
    #: An earlier appointment that was wrong: this one holds in its place.
    corrects: FactId | None = None


class TakeBackAppointment(Act, tag="take_back", frozen=True, kw_only=True):
    """Take back an appointment of a lead that was wrong: the lead before it leads on."""

    corrects: FactId


class Archive(Act, tag="archive", frozen=True, kw_only=True):
    """Archive the team: nothing new begins in it. A steward does, when its members have left it."""


class Restore(Act, tag="restore", frozen=True, kw_only=True):
    """Bring an archived team back, with a lead; a steward does."""

    lead: Ref


TeamAct = Create | Rename | AppointLead | TakeBackAppointment | Archive | Restore


class Created(Event, tag="team.created.v1", frozen=True, kw_only=True):
    """A team was created, with its lead."""

    name: str
    lead: UUID
    ref: str | None = None


class Renamed(Event, tag="team.renamed.v1", frozen=True, kw_only=True):
    """A team was given another name."""

    name: str


class LeadAppointed(Event, tag="team.lead_appointed.v1", frozen=True, kw_only=True):
    """A team was given another lead; with `corrects` in the place of that appointment."""

    lead: UUID
    #: The event in whose place this one holds.
    corrects: UUID | None = None


class AppointmentTakenBack(TakenBack, tag="team.appointment_taken_back.v1", frozen=True, kw_only=True):
    """An appointment was made wrongly: the lead before it leads on."""


class Archived(Event, tag="team.archived.v1", frozen=True, kw_only=True):
    """A team was archived: its lead's task ended and nothing new begins in it; goals under way go on."""


class Restored(Event, tag="team.restored.v1", frozen=True, kw_only=True):
    """An archived team was brought back, with a lead."""

    lead: UUID


TeamEvent = Created | Renamed | LeadAppointed | AppointmentTakenBack | Archived | Restored


def evolve(team: Team | None, recorded: RecordedEvent) -> Team | None:
    """The state after `recorded`; never fails on a recorded event."""
    return evolve_in_business_order(team, recorded, _apply, _trim)


def team_at(team: Team | None, at: datetime) -> Team | None:
    """The team as of an instant of business time; None before it was created."""
    return state_at(team, at, _apply)


def _apply(team: Team | None, fact: DatedFact, stream_id: UUID) -> Team | None:
    match fact.data:
        case Created(name=name, lead=lead, ref=ref):
            return Team(id=stream_id, name=name, lead=lead, lead_since=fact.at, ref=ref)
        case Renamed(name=name) if team is not None:
            return msgspec.structs.replace(team, name=name)
        case LeadAppointed(lead=lead) if team is not None:
            return msgspec.structs.replace(team, lead=lead, lead_since=fact.at)
        case Archived() if team is not None:
            return msgspec.structs.replace(team, archived_at=team.archived_at or fact.at)
        case Restored(lead=lead) if team is not None:
            return msgspec.structs.replace(team, lead=lead, lead_since=fact.at, archived_at=None)
    return team


def _trim(team: Team, _recorded_at: datetime) -> Team:
    return team
