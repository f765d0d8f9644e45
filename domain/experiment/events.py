"""What is recorded about an experiment."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.envelope import Event
from domain.personal import Personal
from domain.scope import Scope


class Tension(StrEnum):
    """The patterns of purpose against performance that have a name. `projections.tensions` says when each shows."""

    VAGUE_EXPECTATIONS = "vague_expectations"
    RIGID_STRUCTURE = "rigid_structure"
    YES_AND = "yes_and"
    SILENT_DRIFT = "silent_drift"
    IMPOSED_GOALS = "imposed_goals"
    UNSUPPORTED = "unsupported"
    MONITORING = "monitoring"
    PURPOSE_LOST = "purpose_lost"
    RESULTS_ONLY = "results_only"
    MEETING_FATIGUE = "meeting_fatigue"
    SLOW_CONSENSUS = "slow_consensus"
    STATIC_GOALS = "static_goals"


class ExperimentProposed(Event, tag="experiment.proposed.v1", frozen=True, kw_only=True):
    """Something was proposed to be tried about a tension, to be looked at on a day, and by whom."""

    tension: Tension
    hypothesis: str
    #: How one would tell whether it helped.
    measure: str
    review_on: date
    #: Who sees to it, and has to agree.
    owner: UUID
    of: Scope
    ref: str | None = None


class ExperimentAgreed(Event, tag="experiment.agreed.v1", frozen=True, kw_only=True):
    """Its owner agreed: it runs."""


class ExperimentDeclined(Event, tag="experiment.declined.v1", frozen=True, kw_only=True):
    """Who was asked to see to it did not agree."""


class ExperimentWithdrawn(Event, tag="experiment.withdrawn.v1", frozen=True, kw_only=True):
    """The proposal was taken back before its owner had answered."""


class ExperimentReviewed(Event, tag="experiment.reviewed.v1", frozen=True, kw_only=True):
    """It was looked at: what was found, and when it is looked at again; without a day it is to be kept or dropped."""

    finding: Personal[str]
    next: date | None = None


class ExperimentKept(Event, tag="experiment.kept.v1", frozen=True, kw_only=True):
    """It helped, and stays: what came of it."""

    outcome: Personal[str]


class ExperimentDropped(Event, tag="experiment.dropped.v1", frozen=True, kw_only=True):
    """It is over, for a reason: what came of it."""

    outcome: Personal[str] = ""


ExperimentEvent = (
    ExperimentProposed
    | ExperimentAgreed
    | ExperimentDeclined
    | ExperimentWithdrawn
    | ExperimentReviewed
    | ExperimentKept
    | ExperimentDropped
)
