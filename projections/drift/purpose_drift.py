"""Purpose drift: which goals lead, through what they support, to a purpose as it is worded now.

A path goes from goal to goal along their supports, through promises that stand, and ends with a link to the purpose of
the goal's own team or of the organisation. It counts while that last link was stated at or after the revision that made
the current version. Cycles of goals that support each other lead nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from domain.charter.state import charter_id
from domain.goal.state import PROMISED_STATES
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.database.database import Database
from projections.drift.expectation_drift import CharterSnapshot
from projections.figures import Figure, GroupFigure, ReportScope, build_share, of_group
from projections.goals import AnyPromise
from projections.lineage.links import Link, SupportedGoal, links_at, load_all_links, parents_at

#: Levels of goals above that are asked for one by one.
_MAX_LEVELWISE_QUERIES = 8


class SupportGraph(msgspec.Struct, frozen=True, dict=True):
    """Goals with what they support, and everything above them."""

    links: dict[UUID, list[Link]]
    #: The goals above, as far as they are known.
    parents: dict[UUID, SupportedGoal]

    def is_promised(self, goal: UUID) -> bool:
        """Whether a path may lead through this goal above: its promise stands."""
        parent = self.parents.get(goal)
        return parent is not None and parent.state in PROMISED_STATES

    def list_links_above(self, goals: Iterable[UUID]) -> Iterator[Link]:
        """The links of these goals, and of all goals above them."""
        found = list(dict.fromkeys(goals))
        seen = set(found)
        for goal in found:
            for link in self.links.get(goal, ()):
                yield link
                if not link.purpose and link.parent not in seen:
                    seen.add(link.parent)
                    found.append(link.parent)

    @cached_property
    def by_parent(self) -> LinksByParent:
        """The links from above: one walk, however many purposes are asked about. For a graph that is loaded."""
        goals: dict[UUID, list[tuple[UUID, Link]]] = {}
        purposes: dict[UUID, list[tuple[UUID, Link]]] = {}
        for goal, links in self.links.items():
            for link in links:
                (purposes if link.purpose else goals).setdefault(link.parent, []).append((goal, link))
        return LinksByParent(goals, purposes)


class LinksByParent(NamedTuple):
    """The goals that support a goal, and those that serve a charter's purpose, each with its link."""

    goals: Mapping[UUID, Sequence[tuple[UUID, Link]]]
    purposes: Mapping[UUID, Sequence[tuple[UUID, Link]]]


def load_graph_above(
    database: Database, as_of: AsOf, links: Mapping[UUID, list[Link]], parents: Mapping[UUID, SupportedGoal]
) -> SupportGraph:
    """These goals' links and, level by level, those of every goal above them; what is further up is read at once."""
    graph = SupportGraph(dict(links), dict(parents))
    wanted = {link.parent for of_goal in links.values() for link in of_goal if not link.purpose} - graph.links.keys()
    for _ in range(_MAX_LEVELWISE_QUERIES):
        if not wanted:
            return graph
        found = links_at(database, as_of, wanted)
        graph.links.update({goal: found.get(goal, []) for goal in sorted(wanted, key=lambda g: g.int)})
        above = {link.parent for of_goal in found.values() for link in of_goal if not link.purpose}
        graph.parents.update(parents_at(database, as_of, above - graph.parents.keys()))
        wanted = above - graph.links.keys()
    every, called = load_all_links(database, as_of)
    while wanted:
        graph.links.update({goal: every.get(goal, []) for goal in sorted(wanted, key=lambda g: g.int)})
        above = {link.parent for goal in wanted for link in graph.links[goal] if not link.purpose}
        graph.parents.update({goal: called[goal] for goal in above if goal in called})
        wanted = above - graph.links.keys()
    return graph


class PurposePath(msgspec.Struct, frozen=True):
    """The goal's own link with which the shortest path to a purpose begins, and the goal whose link ends it."""

    link: Link
    last: UUID


def find_paths_to_purpose(
    graph: SupportGraph, by_parent: LinksByParent, framework: CharterSnapshot, *, current: bool
) -> dict[UUID, PurposePath]:
    """Which goals lead to this purpose; `current`: by a last link that its current version was affirmed by."""
    purpose = framework.purpose
    if purpose is None:
        return {}
    since = purpose.at if current and purpose.is_revised else None
    paths = {
        goal: PurposePath(link, goal)
        for goal, link in by_parent.purposes.get(framework.id, ())
        if since is None or link.at >= since
    }
    reached = list(paths)
    for goal in reached:
        if not graph.is_promised(goal) and goal in graph.parents:
            continue
        for child, link in by_parent.goals.get(goal, ()):
            if child not in paths:
                paths[child] = PurposePath(link, paths[goal].last)
                reached.append(child)
    return paths


class PurposeDrift(msgspec.Struct, frozen=True, kw_only=True):
    """How one goal stands to the purposes that it could serve."""

    goal: AnyPromise
    #: none: it leads to no purpose; unaffirmed: to one that was revised since; current: all is well.
    how: Literal["none", "unaffirmed", "current"]
    #: Where it is unaffirmed: which purpose, and the way to it.
    framework: CharterSnapshot | None = None
    way: PurposePath | None = None

    @property
    def events(self) -> list[UUID]:
        """The events that say so: what the goal is for, or the link that is older than the purpose as it is worded."""
        if self.way is None or self.framework is None or self.framework.purpose is None:
            return [self.goal.terms_event]
        return [self.way.link.event_id, self.framework.purpose.event_id]


def compute_purpose_drift(
    goals: Iterable[AnyPromise], graph: SupportGraph, frameworks: Mapping[UUID, CharterSnapshot], as_of: AsOf
) -> list[PurposeDrift]:
    """Each goal that has a purpose within reach: its team's or the organisation's."""
    by_parent = graph.by_parent
    paths: dict[tuple[UUID, bool], dict[UUID, PurposePath]] = {}
    reach: dict[UUID | None, list[CharterSnapshot]] = {}
    drifts = []
    for goal in goals:
        if goal.team not in reach:
            reach[goal.team] = find_reachable_charters(goal.team, frameworks, as_of)
        if reach[goal.team]:
            drifts.append(_compute_drift_of_goal(goal, reach[goal.team], graph, by_parent, paths))
    return drifts


def _compute_drift_of_goal(
    goal: AnyPromise,
    within: Iterable[CharterSnapshot],
    graph: SupportGraph,
    by_parent: LinksByParent,
    paths: dict[tuple[UUID, bool], dict[UUID, PurposePath]],
) -> PurposeDrift:
    """`paths`: what was found out before, by purpose and whether as it is worded now."""
    for current in (True, False):
        for framework in within:
            if (framework.id, current) not in paths:
                paths[framework.id, current] = find_paths_to_purpose(graph, by_parent, framework, current=current)
            way = paths[framework.id, current].get(goal.id)
            if way is not None:
                how: Literal["unaffirmed", "current"] = "current" if current else "unaffirmed"
                return PurposeDrift(goal=goal, how=how, framework=framework, way=way)
    return PurposeDrift(goal=goal, how="none")


def find_reachable_charters(
    team: UUID | None, frameworks: Mapping[UUID, CharterSnapshot], as_of: AsOf
) -> list[CharterSnapshot]:
    """The charters with a purpose that a goal of this team may lead to: the team's, then the organisation's."""
    ids = [charter_id(as_of.organisation_id, scope) for scope in dict.fromkeys((team, None))]
    return [
        framework for framework in map(frameworks.get, ids) if framework is not None and framework.purpose is not None
    ]


def build_purpose_figure(
    drifts: Sequence[PurposeDrift], graph: SupportGraph, line: str, scope: ReportScope, *, charter: bool
) -> GroupFigure:
    """`purpose_drift`: goals that do not lead to a current purpose / goals that have one within reach."""
    behind = [(drift.goal.team, drift.goal.owner) for drift in drifts]
    if not charter:
        return of_group(Figure(name="purpose_drift", value=None, status="no_charter", **scope.group), behind)
    share = build_share(
        "purpose_drift",
        sum(drift.how != "current" for drift in drifts),
        len(drifts),
        limit=to_fraction(line),
        census=True,
        events=scope.list_events(_list_events(drifts, graph)),
        **scope.group,
    )
    return of_group(share, behind)


def _list_events(drifts: Sequence[PurposeDrift], graph: SupportGraph) -> Iterator[UUID]:
    """Of each goal what it is for, the links that lead on from it, and the purpose's wording where one is reached."""
    for drift in drifts:
        yield drift.goal.terms_event
        yield from drift.events
    yield from (link.event_id for link in graph.list_links_above(drift.goal.id for drift in drifts))
