"""Models of teams. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from msgspec import Struct


class TeamList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The teams of the organisation, or a page of them."""

    next: str | None
    teams: list[TeamSummary]


class TeamSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A team; `members` where one team is asked for."""

    archived_at: datetime | None = None
    events: list[UUID] | None = None
    id: UUID
    lead: UUID
    lead_left: bool = False
    members: list[UUID] | None = None
    name: str
    position: int | None = None
    ref: str | None = None
    version: int
