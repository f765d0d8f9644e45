"""Models of teams_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal
from msgspec import UNSET, Struct, UnsetType


class AppointLead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give the team another lead."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["appoint_lead"] | UnsetType = UNSET
    lead: str


class ArchiveTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Archive the team: nothing new begins in it. A steward does, when its members have left it."""

    do: Literal["archive"] | UnsetType = UNSET


class CreateTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Create a team with its lead; a steward does."""

    do: Literal["create"] | UnsetType = UNSET
    lead: str
    name: str
    ref: str | UnsetType | None = UNSET


class RenameTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give the team another name."""

    do: Literal["rename"] | UnsetType = UNSET
    name: str


class RestoreTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Bring an archived team back, with a lead; a steward does."""

    do: Literal["restore"] | UnsetType = UNSET
    lead: str


class TakeBackAppointment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Take back an appointment of a lead that was wrong: the lead before it leads on."""

    corrects: str
    do: Literal["take_back"] | UnsetType = UNSET
