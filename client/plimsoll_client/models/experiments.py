"""Models of experiments. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts import Scope
from plimsoll_client.models.event_parts_bodies import Tension


class Experiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An experiment's state."""

    agreed_at: datetime | None
    ended_at: datetime | None
    ended_event: UUID | None
    findings: list[ExperimentFinding]
    hypothesis: str
    id: UUID
    last_at: datetime
    measure: str
    of: Scope
    outcome: str
    owner: UUID
    proposed_at: datetime
    proposed_by: UUID | None
    proposed_event: UUID
    ref: str | None
    review_on: date | None
    state: str
    tension: Tension
    version: int


class ExperimentFinding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one look at it found; `id` is its event."""

    at: datetime
    by: UUID | None
    id: UUID
    text: str


class ExperimentList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of experiments, the latest proposed first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    experiments: list[ExperimentSummary]
    next: str | None


class ExperimentSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An experiment in a list, and after an act."""

    ended_at: datetime | None = None
    events: list[UUID] | None = None
    findings: int = 0
    hypothesis: str
    id: UUID
    owner: UUID
    position: int | None = None
    ref: str | None = None
    review_on: date | None = None
    state: str
    team: UUID | None = None
    tension: Tension
    version: int


class ExperimentView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An experiment with everything that was found of it."""

    acts: list[str]
    experiment: Experiment
    id: UUID
    state: str
    version: int
