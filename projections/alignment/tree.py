"""The tree of an alignment report: purposes, the goals that serve them, what supports those, as deep as promises go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec

from domain.instants import from_micros, to_micros
from domain.terms import GoalKind
from projections.alignment.progress import ProgressCalculator, find_promise
from projections.as_of import AsOf
from projections.drift.expectation_drift import CharterSnapshot
from projections.figures import CharterRef, MemberRef, SubjectGoal, TeamRef, round_for_report
from projections.goals import PromisedGoal, ReportedEnd
from projections.lineage.links import Link, MaterialChange, find_unaffirmed_link

#: Goals in one tree, steps from its purpose, and entries of each list.
MAX_NODES, MAX_TREE_DEPTH, MAX_LISTED = 500, 20, 200


class GoalNode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal below a purpose or below another goal."""

    goal: SubjectGoal
    title: str
    kind: GoalKind
    state: str
    owner: MemberRef
    #: 0..1.
    progress: float | None
    #: What it supports here moved on since, and its owner has not said yet whether it still does.
    unaffirmed_since: datetime | None = None
    overdue: bool = False
    #: Of an outcome: how many people's goals support it.
    contributors: int | None = None
    #: Told above already: what supports it stands there.
    again: bool = False
    goals: list[GoalNode] = []


class PurposeNode(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose as it is worded now, and the goals that name it."""

    charter: CharterRef
    #: Null: the organisation's.
    team: TeamRef | None
    version: int
    text: str
    goals: list[GoalNode]


class TreeBuilder(msgspec.Struct, kw_only=True):
    """Grows the trees: each goal once with all that supports it, then only by name."""

    as_of: AsOf
    #: Those whose promise stands or was kept.
    goals: Mapping[UUID, PromisedGoal]
    links: Mapping[UUID, Sequence[Link]]
    #: By charter: the goals that name its purpose.
    serving: Mapping[UUID, Sequence[tuple[UUID, Link]]]
    below: Mapping[UUID, Sequence[UUID]]
    moved: Mapping[UUID, Sequence[MaterialChange]]
    progress: ProgressCalculator
    contributors: Mapping[UUID, int]
    purposes: list[PurposeNode] = []
    more: bool = False
    visited: set[UUID] = set()
    nodes: int = 0

    def build_trees(self, purposes: Iterable[CharterSnapshot]) -> Self:
        """One tree per purpose."""
        for framework in purposes:
            if framework.purpose is not None:
                direct = find_goals_serving(framework, self.serving, self.goals)
                tree = PurposeNode(
                    charter=framework.id,
                    team=framework.team,
                    version=framework.purpose.version,
                    text=framework.purpose.text,
                    goals=self._build_nodes([goal for goal, _ in direct], framework.id, 1),
                )
                self.purposes = [*self.purposes, tree]
        return self

    def _build_nodes(self, goals: Iterable[UUID], parent: UUID, depth: int) -> list[GoalNode]:
        nodes = []
        for goal in goals:
            if self.nodes >= MAX_NODES or depth > MAX_TREE_DEPTH:
                self.more = True
                break
            self.nodes += 1
            nodes.append(self._build_node(goal, parent, depth))
        return nodes

    def _build_node(self, goal: UUID, parent: UUID, depth: int) -> GoalNode:
        state = self.goals[goal]
        promised = find_promise(state)
        assert promised is not None  # noqa: S101 - `goals` holds promises only
        again = goal in self.visited
        self.visited.add(goal)
        [link] = [link for link in self.links[goal] if link.parent == parent]
        waits = (
            None
            if isinstance(state, ReportedEnd)
            else find_unaffirmed_link(link, self.moved.get(parent, ()), self.as_of)
        )
        return GoalNode(
            goal=goal,
            title=state.title,
            kind=promised.terms.kind,
            state=state.state,
            owner=promised.owner,
            progress=round_for_report(self.progress.compute(goal)),
            unaffirmed_since=from_micros(waits.since[0].at) if waits else None,
            overdue=waits.overdue if waits else False,
            contributors=self.contributors.get(goal, 0) if promised.terms.kind is GoalKind.OUTCOME else None,
            again=again,
            goals=[] if again else self._build_nodes(self.below.get(goal, ()), goal, depth + 1),
        )


def due_sort_key(goal: PromisedGoal) -> tuple[str, int]:
    """The order in which goals are listed."""
    due = goal.terms.due if goal.terms is not None else None
    return (due.isoformat() if due is not None else "", goal.id.int)


def find_goals_serving(
    framework: CharterSnapshot, serving: Mapping[UUID, Sequence[tuple[UUID, Link]]], goals: Mapping[UUID, PromisedGoal]
) -> list[tuple[UUID, Link]]:
    """The goals that name a purpose and whose promise stands, or was kept since its version in force began."""
    since = framework.purpose.at if framework.purpose is not None else 0

    def counts(goal: PromisedGoal) -> bool:
        return not isinstance(goal, ReportedEnd) or to_micros(goal.ended_at) >= since

    found = [(goal, link) for goal, link in serving.get(framework.id, ()) if goal in goals and counts(goals[goal])]
    return sorted(found, key=lambda one: due_sort_key(goals[one[0]]))
