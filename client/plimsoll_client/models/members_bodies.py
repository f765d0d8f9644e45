"""Models of members_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal
from msgspec import UNSET, Struct, UnsetType, field

from plimsoll_client.models.event_parts_bodies import Role


class ChangeTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Leave one team and join another at the same instant; a steward does."""

    do: Literal["change_team"] | UnsetType = UNSET
    join: str
    leave: str | UnsetType | None = UNSET


class DeclareAbsence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Declare an absence: first and last day, never why."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["absence"] | UnsetType = UNSET
    from_: date = field(name="from")
    to: date


class DeclareCapacity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Declare hours a week, from a day on."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["capacity"] | UnsetType = UNSET
    from_: date = field(name="from")
    hours_per_week: int | float | str


class GrantRole(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Grant a role; a steward does."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["grant_role"] | UnsetType = UNSET
    role: Role


class JoinOrganisation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Join the organisation, or one more of its teams."""

    do: Literal["join"] | UnsetType = UNSET
    name: str = ""
    ref: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET


class LeaveOrganisation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Leave the organisation."""

    do: Literal["leave"] | UnsetType = UNSET


class LeaveTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Leave one team; the member stays in the organisation and in the other teams."""

    do: Literal["leave_team"] | UnsetType = UNSET
    team: str


class RenameMember(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give the member another name; id and references stay."""

    do: Literal["rename"] | UnsetType = UNSET
    name: str


class RevokeRole(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Take a role back; a steward does."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["revoke_role"] | UnsetType = UNSET
    role: Role


class TakeBackFact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Take back a capacity, an absence, a role's grant or revocation, or a leave of a team that was wrong."""

    corrects: str
    do: Literal["take_back"] | UnsetType = UNSET
