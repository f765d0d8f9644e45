"""Models of recognitions. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from msgspec import Struct


class RecognitionList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of recognitions, the latest first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    next: str | None
    recognitions: list[RecognitionSummary]


class RecognitionSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A recognition in a list, and after an act."""

    acts: list[str]
    cycle: UUID | None = None
    events: list[UUID] | None = None
    given_at: datetime
    giver: UUID
    goal: UUID | None = None
    id: UUID
    kind: str
    member: UUID
    position: int | None = None
    ref: str | None = None
    state: str
    team: UUID | None = None
    text: str
    version: int
