"""Models of organisation. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from msgspec import Struct


class CurrentMember(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The key's member, and what follows from it."""

    leads: list[UUID]
    member: UUID
    organisation: UUID
    organisation_name: str
    roles: list[str]
    scopes: list[str]
    teams: list[UUID]
    zone: str


class Look(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The reads of one day by one member, in one role, of one kind of figures that are (also) mine."""

    about: ReadSubject
    first_at: datetime
    last_at: datetime
    role: str
    team: UUID | None = None
    times: int
    viewer: UUID
    what: str


class LookedAt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The latest reads of my figures by others. Kept for `kept_days` days, by policy; written within a second or so."""

    kept_days: int
    looks: list[Look]
    more: bool
    names: dict[str, str] = {}


class OrganisationSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the organisation is called, and the time zone in which its dates are meant."""

    events: list[UUID] | None = None
    id: UUID
    name: str
    position: int | None = None
    version: int
    zone: str


class PolicySummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The policies in force and every version before."""

    events: list[UUID] | None = None
    id: UUID
    in_force: PolicyValues
    position: int | None = None
    version: int
    versions: list[PolicyValues]


class PolicyValues(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of the policies with every dial, also those that stand as they always did."""

    policy: dict[str, int | bool | str | None]
    since: datetime | None
    version: int


ReadSubject = str
