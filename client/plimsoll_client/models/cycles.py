"""Models of cycles. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.shared import ContributionEntry
from plimsoll_client.models.event_parts import GoalAtClose
from plimsoll_client.models.event_parts import Lesson
from plimsoll_client.models.shared import ReflectionEntry
from plimsoll_client.models.event_parts import RestatedPurpose
from plimsoll_client.models.event_parts import Scope


class ClosedCycle(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="closed"):
    """Looked back upon and left; nothing is said in it any more."""

    at_close: list[GoalAtClose] = []
    closed_at: datetime
    contributions: int = 0
    ends: date
    follows: UUID | None = None
    goals: list[GoalInCycle] = []
    id: UUID
    improvements: list[CycleImprovement] = []
    last_at: datetime
    learned: list[Lesson] = []
    learnings: list[CycleLearning] = []
    name: str
    of: Scope
    opened_at: datetime
    purpose: RestatedPurpose
    ref: str | None = None
    reflected: list[UUID] = []
    reflections: int = 0
    starts: date
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    version: int


class CycleImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something agreed to be done better; `id` stays the same in every cycle that it is carried into."""

    carried: bool = False
    due: date
    ended_at: datetime | None = None
    id: UUID
    owner: UUID
    state: str = "open"
    text: str


class CycleLearning(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was learnt in this cycle; `id` is its event."""

    goal: UUID | None = None
    id: UUID
    text: str


class CycleList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of cycles, the latest beginning first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    cycles: list[CycleSummary]
    next: str | None


class CycleSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cycle in a list, and after an act: then `position` is what `after_position` takes."""

    ends: date
    events: list[UUID] | None = None
    follows: UUID | None = None
    goals: int
    id: UUID
    improvements_open: int
    name: str
    position: int | None = None
    purpose_version: int
    ref: str | None = None
    reflections: int
    starts: date
    state: str
    team: UUID | None = None
    version: int


class CycleView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cycle with everything that was said in it."""

    contributions: list[ContributionEntry]
    cycle: RunningCycle | ClosedCycle
    id: UUID
    reflections: list[ReflectionEntry]
    state: str
    undecided: list[UndecidedGoal]
    version: int


class GoalInCycle(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal of the cycle, and what was said to become of it; the last word counts."""

    goal: UUID
    how: str | None = None
    included_at: datetime
    settled_at: datetime | None = None


class RunningCycle(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="open"):
    """Opened and not closed."""

    contributions: int = 0
    ends: date
    follows: UUID | None = None
    goals: list[GoalInCycle] = []
    id: UUID
    improvements: list[CycleImprovement] = []
    last_at: datetime
    learned: list[Lesson] = []
    learnings: list[CycleLearning] = []
    name: str
    of: Scope
    opened_at: datetime
    purpose: RestatedPurpose
    ref: str | None = None
    reflected: list[UUID] = []
    reflections: int = 0
    starts: date
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    version: int


class UndecidedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A live goal that keeps the cycle open, and what can be said of it now."""

    goal: UUID
    possible: list[str]
    state: str
