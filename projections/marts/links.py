"""What goals are for: `fact_alignment`, statements about links, and `bridge_goal_support`, the links by validity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from domain.goal.state import Promised
from projections.drift.facts import LINKS, MATERIAL_CHANGES, extract_event_facts
from projections.marts.columns import (
    DELETED,
    POSITION,
    VALIDITY,
    Mart,
    MartColumn,
    instant_column,
    member_column,
)
from projections.marts.goal_step import GoalStep, stands_with_terms
from projections.marts.rows import Change, Fact, Wording

FACT_ALIGNMENT = Mart(
    name="fact_alignment",
    comment="One row per statement about a link between a goal and what it supports, or move of what is supported.",
    use="Which links were affirmed since what they lead to moved on: compare the last row of a link with the last"
    " `moved` or `ended` row of its `parent_id`.",
    key=("event_id", "parent_id"),
    subject="goal",
    subject_column="goal_id",
    is_final=True,
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event."),
        MartColumn("parent_id", "uuid", "The goal, or the charter whose purpose, that is supported, or that moved."),
        MartColumn("parent_kind", "text", "goal or purpose."),
        MartColumn("goal_id", "uuid", "The goal that supports it; empty: the row is about the parent.", nullable=True),
        member_column("owner", "The owner of that goal, or of the parent that moved."),
        MartColumn("team_id", "uuid", "The team of that goal, or of the parent that moved.", nullable=True),
        MartColumn("how", "text", "promised, affirmed, renegotiated, unlinked; of the parent moved or ended."),
        instant_column("occurred_at", "Business time.", nullable=False),
        MartColumn("trigger", "text", "What set a renegotiation off: parent, purpose, ...", nullable=True),
        MartColumn("cause_event_id", "uuid", "The event that the owner named as the cause.", nullable=True),
        MartColumn(
            "what", "text", "What moved: the terms, parted by commas; or the state that ended it.", nullable=True
        ),
        DELETED,
    ),
)

BRIDGE_GOAL_SUPPORT = Mart(
    name="bridge_goal_support",
    comment="One row per stretch of time in which a goal's terms supported another goal or a purpose.",
    use="From goals to what they are for, as of any instant.",
    key=("goal_id", "parent_id", "event_id"),
    subject="goal",
    subject_column="goal_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that began it."),
        MartColumn("goal_id", "uuid", "The goal that supports."),
        MartColumn("parent_id", "uuid", "The goal, or the charter whose purpose, that is supported."),
        MartColumn("parent_kind", "text", "goal or purpose."),
        *VALIDITY,
        DELETED,
    ),
)


def extract_alignment(step: GoalStep, cause: UUID | None) -> Iterator[Change]:
    """Links of which this event says something, and whether the goal itself moved."""
    owner, _, team = step.parties
    for table, values in extract_event_facts(step.before, step.goal, step.recorded, cause):
        if table == LINKS.name:
            parent, purpose, _, how, trigger, named, _ = values
            kind = "purpose" if purpose else "goal"
            who = (step.goal_id, owner, team, how, step.at, trigger, named, None)
            yield Fact(FACT_ALIGNMENT, (step.event_id, parent, kind, *who))
        elif table == MATERIAL_CHANGES.name:
            what: str = values[0]
            how, what = ("ended", what.removeprefix("ended:")) if what.startswith("ended:") else ("moved", what)
            moved = (None, owner, team, how, step.at, None, None, what)
            yield Fact(FACT_ALIGNMENT, (step.event_id, step.goal_id, "goal", *moved))


def extract_supports(step: GoalStep) -> Iterator[Change]:
    """Links that begin or end with this event."""
    before, goal = step.before, step.goal
    if not stands_with_terms(goal) or (before is not None and before.terms is goal.terms):
        return
    wanted = _parents_of(goal)
    open_links = step.writer.find_open(BRIDGE_GOAL_SUPPORT)
    present = {key[1] for key in open_links}
    for key, values in open_links.items():
        if key[1] not in wanted:
            ended = (*values[:5], step.at, values[6], step.recorded_at)
            yield Wording(BRIDGE_GOAL_SUPPORT, key, ended, is_last=True)
    for parent, kind in wanted.items():
        if parent not in present:
            values = (step.event_id, step.goal_id, parent, kind, step.at, None, step.recorded_at, None)
            yield Wording(BRIDGE_GOAL_SUPPORT, (step.goal_id, parent, step.event_id), values)


def _parents_of(goal: Any) -> dict[str, str]:
    assert isinstance(goal, Promised) or goal.terms is not None  # noqa: S101 - `stands_with_terms`
    supports = goal.terms.supports or ()
    return {str(s.goal or s.purpose): "goal" if s.goal is not None else "purpose" for s in supports}
