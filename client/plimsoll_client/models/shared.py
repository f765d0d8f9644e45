"""Models of shared. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID
from msgspec import Struct, field

from plimsoll_client.models.shared_bodies import Reason


class ContributionEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Personal: who did what for a goal, and who said so."""

    by: UUID | None
    contributor: UUID
    cycle: UUID
    event: UUID
    goal: UUID
    team: UUID | None
    text: str


class FieldError(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one field."""

    detail: str
    in_: str = field(default="body", name="in")
    pointer: str


class Figure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One number of a report. `value` is always there, null where there is nothing to measure (`status` says why)."""

    absorbed: int | None = None
    available_hours: float | None = None
    charter: UUID | None = None
    count: int | None = None
    estimated: bool = False
    estimated_share: float | None = None
    events: list[UUID] | None = None
    goal: UUID | None = None
    inferred: int | None = None
    interval: tuple[float, float] | None = None
    line: str | None = None
    member: UUID | None = None
    n: int | None = None
    name: str
    negotiated: bool | None = None
    no_capacity: bool = False
    overdue: int | None = None
    planned_hours: float | None = None
    ratio: float | None = None
    retroactive: bool = False
    rule: WithheldBy | None = None
    small_sample: bool = False
    status: str | None = None
    team: UUID | None = None
    value: float | int | None
    week: date | None = None
    window: int | None = None


class HistoryEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event in plain words."""

    actor: UUID | None
    after: dict[str, Any]
    before: dict[str, Any]
    causation_id: UUID | None
    event_id: UUID
    key_id: UUID | None
    occurred_at: datetime
    on_behalf_of: UUID | None
    position: int
    reason: Reason | None
    recorded_at: datetime
    source: str
    text: str
    type: str
    version: int


class HistoryPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Entries in log order, and the version after which the next page begins; None: these were the last."""

    entries: list[HistoryEntry]
    next: int | None


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error."""

    allowed: list[str] = []
    code: str
    detail: str = ""
    errors: list[FieldError] = []
    instance: str = ""
    open: str | None = None
    recorded: str | None = None
    request_id: str = ""
    status: int
    title: str
    type: str


class PurposeConsequence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One link that an event above left unaffirmed."""

    above: UUID
    at: datetime | None
    became: str
    because: str | None
    by: UUID | None
    depth: int
    event: UUID
    goal: UUID
    overdue: bool
    since: datetime
    title: str
    until: datetime


class ReflectionEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Personal: what a member said in looking back."""

    by: UUID | None
    cycle: UUID
    event: UUID
    improve: str = ""
    team: UUID | None
    worked: str = ""


WithheldBy = str
