"""Models of event_parts_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal
from msgspec import UNSET, Struct, UnsetType


class Condition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One condition of satisfaction: an agreed standard of completion."""

    id: str
    text: str


class DecisionFallback(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What holds where the deadline comes before consent does."""

    option: str | UnsetType | None = UNSET
    rule: Literal["lead_decides", "option", "status_quo"]


class DecisionOption(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way that the question can be answered."""

    id: str
    text: str


GoalKind = Literal["outcome", "task"]


class PauseGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """No load, no lapse, no staleness from the first day until the day on which work resumes."""

    paused_from: date
    resume_on: date


Priority = Literal["critical", "important", "useful"]


Role = Literal["auditor", "integration", "steward"]


Tension = Literal[
    "imposed_goals",
    "meeting_fatigue",
    "monitoring",
    "purpose_lost",
    "results_only",
    "rigid_structure",
    "silent_drift",
    "slow_consensus",
    "static_goals",
    "unsupported",
    "vague_expectations",
    "yes_and",
]
