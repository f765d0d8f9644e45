"""Models of event_parts_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal
from msgspec import UNSET, Struct, UnsetType


class ColumnMap(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which column of a sheet holds what, and how its dates, numbers and words are meant."""

    changes: Literal["agree", "ignore", "propose"] = "propose"
    columns: dict[str, str] = {}
    conditions_by: str = ";"
    create_members: bool = False
    create_teams: bool = False
    date_format: str | UnsetType | None = UNSET
    date_formats: dict[str, str] = {}
    decimal: Literal[",", "."] | UnsetType | None = UNSET
    defaults: dict[str, str] = {}
    delimiter: Literal["\t", ",", ";", "|"] | UnsetType | None = UNSET
    effort_in: Literal["days", "hours"] | UnsetType | None = UNSET
    encoding: Literal["cp1252", "utf-16", "utf-8"] | UnsetType | None = UNSET
    fill_down: list[SheetField] = []
    heading_row: int | UnsetType | None = UNSET
    hours_per_day: int = 8
    leads: dict[str, str] = {}
    opens_as: Literal["active", "draft", "requested"] = "requested"
    priorities: dict[str, Priority] = {}
    progress_in: Literal["fraction", "percent"] | UnsetType | None = UNSET
    source: str | UnsetType | None = UNSET
    statuses: dict[str, SheetRowStatus] = {}
    worksheet: str | UnsetType | None = UNSET


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


SheetField = str


SheetRowStatus = Literal["active", "cancelled", "delivered", "draft", "open", "requested", "satisfied", "skip"]


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
