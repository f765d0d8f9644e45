"""Models of team_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID
from msgspec import Struct


class TeamAppointmentTakenBackV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.appointment_taken_back.v1"
):
    """An appointment was made wrongly: the lead before it leads on."""

    corrects: UUID


class TeamArchivedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.archived.v1"):
    """A team was archived: its lead's task ended and nothing new begins in it; goals under way go on."""


class TeamCreatedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.created.v1"):
    """A team was created, with its lead."""

    lead: UUID
    name: str
    ref: str | None = None


class TeamLeadAppointedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.lead_appointed.v1"
):
    """A team was given another lead; with `corrects` in the place of that appointment."""

    corrects: UUID | None = None
    lead: UUID


class TeamRenamedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.renamed.v1"):
    """A team was given another name."""

    name: str


class TeamRestoredV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.restored.v1"):
    """An archived team was brought back, with a lead."""

    lead: UUID


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "team.appointment_taken_back.v1": TeamAppointmentTakenBackV1,
    "team.archived.v1": TeamArchivedV1,
    "team.created.v1": TeamCreatedV1,
    "team.lead_appointed.v1": TeamLeadAppointedV1,
    "team.renamed.v1": TeamRenamedV1,
    "team.restored.v1": TeamRestoredV1,
}
