"""Every fact of a cycle's life, one Struct each, tagged with its version."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.cycle.acts import GoalEnding
from domain.envelope import Event
from domain.personal import Personal, Value
from domain.scope import Scope


class PurposeVersion(Value, frozen=True, kw_only=True):
    """A purpose as it stood: whose, and which version of it."""

    charter: UUID
    version: int


class CarriedImprovement(Value, frozen=True, kw_only=True):
    """An improvement that the cycle before left open; under the id that it has had from the beginning."""

    improvement: UUID
    text: str
    owner: UUID
    due: date


class Lesson(Value, frozen=True, kw_only=True):
    """What the cycle before learnt; of a goal that was dropped or broken also without a lesson."""

    #: The event in which it was written down; None: a goal ended so, and nothing was learnt from it yet.
    learning: UUID | None = None
    goal: UUID | None = None
    #: How that goal had ended, in the agreement's word, where it was not kept.
    ended: str | None = None
    text: str = ""


class GoalAtClose(Value, frozen=True, kw_only=True):
    """How a goal of the cycle stood when it closed."""

    goal: UUID
    #: In the agreement's word.
    state: str
    #: What was said of it; None: it had ended by itself.
    how: GoalEnding | None = None


class CycleOpened(Event, tag="cycle.opened.v1", frozen=True, kw_only=True):
    """A cycle began: the purpose restated, goals in, and what the cycle before had left open."""

    name: str
    of: Scope
    starts: date
    ends: date
    purpose: PurposeVersion
    to_team: str
    to_clients: str
    to_organisation: str
    to_stakeholders: str = ""
    to_society: str = ""
    ref: str | None = None
    follows: UUID | None = None
    goals: tuple[UUID, ...] = ()
    carried: tuple[CarriedImprovement, ...] = ()
    learned: tuple[Lesson, ...] = ()


class GoalIncluded(Event, tag="cycle.goal_included.v1", frozen=True, kw_only=True):
    """A live goal was put into the cycle."""

    goal: UUID


class ContributionCredited(Event, tag="cycle.contribution_credited.v1", frozen=True, kw_only=True):
    """Who did what for a goal of the cycle."""

    goal: UUID
    #: Who did it.
    member: UUID
    text: Personal[str]


class ReflectionShared(Event, tag="cycle.reflection_shared.v1", frozen=True, kw_only=True):
    """A member said what worked and what can improve."""

    worked: Personal[str] = ""
    improve: Personal[str] = ""


class ImprovementAgreed(Event, tag="cycle.improvement_agreed.v1", frozen=True, kw_only=True):
    """Something will be done better: by whom, until when."""

    #: Its id from now on, also in the cycles that it is carried into.
    improvement: UUID
    text: str
    owner: UUID
    due: date


class ImprovementDone(Event, tag="cycle.improvement_done.v1", frozen=True, kw_only=True):
    """An improvement is done."""

    improvement: UUID


class ImprovementDropped(Event, tag="cycle.improvement_dropped.v1", frozen=True, kw_only=True):
    """An improvement is not pursued any more."""

    improvement: UUID


class LearningRecorded(Event, tag="cycle.learning_recorded.v1", frozen=True, kw_only=True):
    """What was learnt, of a goal or in general."""

    text: str
    goal: UUID | None = None


class GoalSettled(Event, tag="cycle.goal_settled.v1", frozen=True, kw_only=True):
    """What becomes of a goal: `carried_on`, `renegotiated` or `dropped`."""

    goal: UUID
    how: GoalEnding


class CycleClosed(Event, tag="cycle.closed.v1", frozen=True, kw_only=True):
    """The cycle ended, every goal of it decided."""

    goals: tuple[GoalAtClose, ...] = ()


CycleEvent = (
    CycleOpened | GoalIncluded | ContributionCredited | ReflectionShared | ImprovementAgreed | ImprovementDone
    | ImprovementDropped | LearningRecorded | GoalSettled | CycleClosed
)  # fmt: skip
