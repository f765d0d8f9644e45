"""What an experiment is at one moment."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.experiment.events import Tension
from domain.scope import Scope

ExperimentState = Literal["proposed", "running", "kept", "dropped", "declined", "withdrawn"]
STATES: tuple[str, ...] = ("proposed", "running", "kept", "dropped", "declined", "withdrawn")


class ExperimentFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at it found; `id` is its event."""

    id: UUID
    text: str
    at: datetime
    by: UUID | None


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment's state."""

    id: UUID
    version: int
    state: ExperimentState
    tension: Tension
    hypothesis: str
    measure: str
    owner: UUID
    of: Scope
    proposed_by: UUID | None
    proposed_at: datetime
    #: The event that proposed it.
    proposed_event: UUID
    #: When it is looked at; None: it was, and is to be kept or dropped.
    review_on: date | None
    #: When it began to run; None: its owner has not agreed.
    agreed_at: datetime | None = None
    findings: tuple[ExperimentFinding, ...] = ()
    #: What came of it, once it is kept or dropped.
    outcome: str = ""
    ended_at: datetime | None = None
    ended_event: UUID | None = None
    ref: str | None = None
    #: Business time of the last event.
    last_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.state in ("proposed", "running")
