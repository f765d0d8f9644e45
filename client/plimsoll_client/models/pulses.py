"""Models of pulses. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts import PulseCell
from plimsoll_client.models.event_parts import PulseItem
from plimsoll_client.models.event_parts import PulseResult
from plimsoll_client.models.event_parts import WithheldPulseResult


class PulseList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of pulses, the latest first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    next: str | None
    pulses: list[PulseSummary]


class PulseSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pulse in a list, and after an act."""

    closed_at: datetime | None = None
    closes_at: datetime
    events: list[UUID] | None = None
    id: UUID
    opened_at: datetime
    position: int | None = None
    ref: str | None = None
    state: str
    team: UUID | None = None
    version: int


class PulseView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One pulse: what is asked, the cells and their keys, and, once it is closed, what may be known of it."""

    cell: UUID | None = None
    cells: list[PulseCell] = []
    closed_at: datetime | None = None
    closes_at: datetime
    events: list[UUID] | None = None
    id: UUID
    items: list[PulseItem] = []
    opened_at: datetime
    position: int | None = None
    ref: str | None = None
    results: list[PulseResult] = []
    state: str
    team: UUID | None = None
    version: int
    withheld: list[WithheldPulseResult] = []


class SignedPulseToken(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The blind signature, and with which cell's key it was made."""

    cell: UUID
    signature: str


class TakenPulseAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """It was taken."""

    taken: bool
