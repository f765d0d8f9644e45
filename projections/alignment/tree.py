"""The tree of an alignment report: purposes, the goals that serve them, what supports those, as deep as promises go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

import msgspec

from domain.instants import from_micros, to_micros
from domain.terms import GoalKind
from projections.alignment.progress import ProgressCalculator
from projections.as_of import AsOf
from projections.drift.expectation_drift import CharterSnapshot
from projections.figures import CharterRef, MemberRef, SubjectGoal, TeamRef, round_for_report
from projections.goals import KeptGoal, ReportedEnd, StandingOrKept
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


class _Place(NamedTuple):
    """Where a goal stands in a tree."""

    goal: UUID
    #: The purpose or the goal above it.
    parent: UUID
    again: bool
    below: list[_Place]


class TreeBuilder(msgspec.Struct, kw_only=True):
    """Grows the trees: each goal once with all that supports it, then only by name."""

    as_of: AsOf
    #: Those whose promise stands or was kept.
    goals: Mapping[UUID, StandingOrKept]
    #: Of those that stand.
    links: Mapping[UUID, Sequence[Link]]
    #: By charter: the goals that serve its purpose.
    serving: Mapping[UUID, Sequence[UUID]]
    #: The whole states of kept goals, which are read of those that the trees show.
    load_ends: Callable[[set[UUID]], Mapping[UUID, ReportedEnd]]
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
        placed = [
            (framework, framework.purpose, self._place_goals(self.serving[framework.id], framework.id, 1))
            for framework in purposes
            if framework.purpose is not None
        ]
        ends = self.load_ends({goal for goal in self.visited if isinstance(self.goals[goal], KeptGoal)})
        self.purposes = [
            PurposeNode(
                charter=framework.id,
                team=framework.team,
                version=purpose.version,
                text=purpose.text,
                goals=[self._build_node(place, ends) for place in places],
            )
            for framework, purpose, places in placed
        ]
        return self

    def _place_goals(self, goals: Iterable[UUID], parent: UUID, depth: int) -> list[_Place]:
        places = []
        for goal in goals:
            if self.nodes >= MAX_NODES or depth > MAX_TREE_DEPTH:
                self.more = True
                break
            self.nodes += 1
            again = goal in self.visited
            self.visited.add(goal)
            below = [] if again else self._place_goals(self.below.get(goal, ()), goal, depth + 1)
            places.append(_Place(goal, parent, again, below))
        return places

    def _build_node(self, place: _Place, ends: Mapping[UUID, ReportedEnd]) -> GoalNode:
        goal, state = place.goal, self.goals[place.goal]
        kind = _find_kind(state, ends)
        waits = None
        if not isinstance(state, KeptGoal):
            [link] = [link for link in self.links[goal] if link.parent == place.parent]
            waits = find_unaffirmed_link(link, self.moved.get(place.parent, ()), self.as_of)
        return GoalNode(
            goal=goal,
            title=state.title,
            kind=kind,
            state=state.state,
            owner=state.owner,
            progress=round_for_report(self.progress.compute(goal)),
            unaffirmed_since=from_micros(waits.since[0].at) if waits else None,
            overdue=waits.overdue if waits else False,
            contributors=self.contributors.get(goal, 0) if kind is GoalKind.OUTCOME else None,
            again=place.again,
            goals=[self._build_node(below, ends) for below in place.below],
        )


def _find_kind(goal: StandingOrKept, ends: Mapping[UUID, ReportedEnd]) -> GoalKind:
    if not isinstance(goal, KeptGoal):
        return goal.terms.kind
    promised = ends[goal.id].promised
    assert promised is not None  # noqa: S101 - what was kept had been promised
    return promised.terms.kind


def due_sort_key(goal: StandingOrKept) -> tuple[str, int]:
    """The order in which goals are listed."""
    return goal.due if isinstance(goal, KeptGoal) else goal.terms.due.isoformat(), goal.id.int


def find_goals_serving(
    framework: CharterSnapshot,
    serving: Mapping[UUID, Sequence[tuple[UUID, Link]]],
    goals: Mapping[UUID, StandingOrKept],
    ends: Mapping[UUID, ReportedEnd],
) -> list[tuple[UUID, Link]]:
    """The goals that name a purpose and whose promise stands, or was kept since its version in force began."""
    since = framework.purpose.at if framework.purpose is not None else 0

    def counts(goal: StandingOrKept) -> bool:
        return not isinstance(goal, KeptGoal) or to_micros(ends[goal.id].ended_at) >= since

    found = [(goal, link) for goal, link in serving.get(framework.id, ()) if goal in goals and counts(goals[goal])]
    return sorted(found, key=lambda one: due_sort_key(goals[one[0]]))
