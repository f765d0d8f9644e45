"""Models of members. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts import Absence
from plimsoll_client.models.event_parts import Capacity


class MemberList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of members."""

    members: list[MemberSummary]
    next: str | None


class MemberSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member as everybody in the organisation may know them; the rest is for those with person-level rights."""

    absences: list[Absence] | None = None
    capacities: list[Capacity] | None = None
    events: list[UUID] | None = None
    id: UUID
    name: str
    position: int | None = None
    present: bool
    ref: str | None = None
    roles: list[str] | None = None
    teams: list[UUID]
    version: int
