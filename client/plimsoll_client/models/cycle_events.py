"""Models of cycle_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts import GoalAtClose
from plimsoll_client.models.event_parts import Lesson
from plimsoll_client.models.event_parts import RestatedPurpose
from plimsoll_client.models.event_parts import Scope


class CarriedImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An improvement that the cycle before left open; under the id that it has had from the beginning."""

    due: date
    improvement: UUID
    owner: UUID
    text: str


class CycleClosedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.closed.v1"):
    """The cycle ended, every goal of it decided."""

    goals: list[GoalAtClose] = []


class CycleContributionCreditedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.contribution_credited.v1"
):
    """Who did what for a goal of the cycle."""

    goal: UUID
    member: UUID
    text: str


class CycleGoalIncludedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.goal_included.v1"
):
    """A live goal was put into the cycle."""

    goal: UUID


class CycleGoalSettledV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.goal_settled.v1"
):
    """What becomes of a goal: `carried_on`, `renegotiated` or `dropped`."""

    goal: UUID
    how: str


class CycleImprovementAgreedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.improvement_agreed.v1"
):
    """Something will be done better: by whom, until when."""

    due: date
    improvement: UUID
    owner: UUID
    text: str


class CycleImprovementDoneV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.improvement_done.v1"
):
    """An improvement is done."""

    improvement: UUID


class CycleImprovementDroppedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.improvement_dropped.v1"
):
    """An improvement is not pursued any more."""

    improvement: UUID


class CycleLearningRecordedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.learning_recorded.v1"
):
    """What was learnt, of a goal or in general."""

    goal: UUID | None = None
    text: str


class CycleOpenedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.opened.v1"):
    """A cycle began: the purpose restated, goals in, and what the cycle before had left open."""

    carried: list[CarriedImprovement] = []
    ends: date
    follows: UUID | None = None
    goals: list[UUID] = []
    learned: list[Lesson] = []
    name: str
    of: Scope
    purpose: RestatedPurpose
    ref: str | None = None
    starts: date
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str


class CycleReflectionSharedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.reflection_shared.v1"
):
    """A member said what worked and what can improve."""

    improve: str = ""
    worked: str = ""


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "cycle.closed.v1": CycleClosedV1,
    "cycle.contribution_credited.v1": CycleContributionCreditedV1,
    "cycle.goal_included.v1": CycleGoalIncludedV1,
    "cycle.goal_settled.v1": CycleGoalSettledV1,
    "cycle.improvement_agreed.v1": CycleImprovementAgreedV1,
    "cycle.improvement_done.v1": CycleImprovementDoneV1,
    "cycle.improvement_dropped.v1": CycleImprovementDroppedV1,
    "cycle.learning_recorded.v1": CycleLearningRecordedV1,
    "cycle.opened.v1": CycleOpenedV1,
    "cycle.reflection_shared.v1": CycleReflectionSharedV1,
}
