"""Alignment: the tree from purposes over goals to tasks with tangible progress, what hangs in the air or on one person.

A report is a pure function of what `as_of` shows. The tree is made of the goals asked about and of those above them.
Formulas and limits: docs/reports.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from uuid import UUID

import msgspec

from domain.terms import GoalKind
from projections.alignment.progress import ProgressCalculator, mean
from projections.alignment.tree import MAX_LISTED, PurposeNode, TreeBuilder, due_sort_key, find_goals_serving
from projections.as_of import AsOf
from projections.database.database import Database, IdTable, Row, to_id
from projections.drift.context import DriftContext, load_context
from projections.drift.expectation_drift import CharterSnapshot
from projections.drift.purpose_drift import (
    SupportGraph,
    compute_purpose_drift,
    find_reachable_charters,
    load_graph_above,
)
from projections.figures import (
    WHOLE_ORGANISATION,
    Figure,
    GroupFigure,
    MemberRef,
    Report,
    ReportScope,
    SubjectGoal,
    build_share,
    finish_report,
    of_group,
    round_for_report,
)
from projections.goals import (
    STANDING_OR_KEPT_STATES,
    AnyPromise,
    KeptGoal,
    ReportedEnd,
    ReportedPromise,
    StandingOrKept,
    standing_or_kept_goals_at,
    to_promised_goal,
    to_standing_or_kept,
)
from projections.lineage.links import (
    Link,
    group_links,
    links_at,
    load_material_changes,
    load_standing_links,
    parents_at,
    query_facts,
    select_standing_links,
)


class UnlinkedGoal(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that stands and leads nowhere."""

    goal: SubjectGoal
    title: str
    owner: MemberRef


class AlignmentReport(Report, frozen=True, kw_only=True):
    """The tree, and what is not in it."""

    tree: list[PurposeNode]
    #: Goals that lead to no purpose, although there is one within reach.
    unlinked: list[UnlinkedGoal]
    #: Tasks that lead to no team outcome.
    untied: list[UnlinkedGoal]
    #: There is more than is listed: 500 goals in the tree, 20 steps deep, 200 in each list.
    more: bool


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> AlignmentReport:
    """How the goals of a team, of one owner or of the organisation hang together. The window changes nothing."""
    own = standing_or_kept_goals_at(database, as_of, team=scope.team, owners=scope.owners)
    builder = _ReportBuilder(database, as_of, scope, own)
    figures = [*builder.progress_figures(), builder.untied_share_figure(), *builder.contributor_figures()]
    trees, unlinked, untied = builder.build_trees(), builder.unlinked, builder.untied
    return finish_report(
        AlignmentReport,
        as_of,
        scope,
        figures,
        tree=trees.purposes,
        unlinked=_build_unlinked_entries(unlinked),
        untied=_build_unlinked_entries(untied),
        more=trees.more or max(len(unlinked), len(untied)) > MAX_LISTED,
    )


def _build_unlinked_entries(goals: Sequence[AnyPromise]) -> list[UnlinkedGoal]:
    return [UnlinkedGoal(goal=g.id, title=g.title, owner=g.owner) for g in goals[:MAX_LISTED]]


class _ReportBuilder:
    """What the report is made of, read once."""

    def __init__(self, database: Database, as_of: AsOf, scope: ReportScope, own: list[StandingOrKept]) -> None:
        self.database = database
        self.as_of = as_of
        self.scope = scope
        self.promises = [g for g in own if isinstance(g, ReportedPromise)]
        self.context = load_context(database, as_of, scope, self.promises)
        # Of an organisation the links are read whole: those of nearly all of its goals are asked for.
        standing = load_standing_links(database, as_of) if scope.team is None and scope.member is None else None
        self.goals = {g.id: g for g in own}
        links, leaves = _load_links(database, as_of, self.goals, standing)
        parents = {link.parent for of_goal in links.values() for link in of_goal if not link.purpose}
        self.graph = load_graph_above(database, as_of, links, parents_at(database, as_of, parents))
        if standing is None:
            self.goals |= _load_goals_by_id(database, as_of, self.graph.links.keys() - self.goals.keys())
        self.supporters_by_goal = _group_supporters(self.graph, leaves, self.goals)
        self.progress = ProgressCalculator(self.goals, self.supporters_by_goal)
        drifts = compute_purpose_drift(self.promises, self.graph, self.context.frameworks, as_of)
        self.unlinked = [drift.goal for drift in drifts if drift.how == "none"]
        self.tasks = [g for g in self.promises if g.terms.kind is GoalKind.TASK]
        self.outcomes = [g for g in self.promises if g.terms.kind is GoalKind.OUTCOME]
        self.untied = _find_tasks_without_outcome(self.tasks, self.graph, self.goals)
        outcomes = {g.id for g in self.outcomes}
        if standing is None or scope.explain:
            linked = _load_supporters(database, as_of, outcomes, standing)
        else:
            # All that supports them is at hand; the events that say so are not asked for.
            linked = [(outcome, goal, "") for outcome in outcomes for goal in self.supporters_by_goal.get(outcome, ())]
        others = {goal for _, goal, _ in linked} - self.goals.keys() if standing is None else ()
        known = self.goals | _load_goals_by_id(database, as_of, others) if others else self.goals
        self.contributors = _find_contributors(outcomes, linked, known)
        self.purposes = _select_purposes(self.context, as_of, scope)
        self.serving = self._find_goals_serving()

    def _find_goals_serving(self) -> dict[UUID, list[tuple[UUID, Link]]]:
        """Purpose -> the goals that serve it, each with its link."""
        serving = self.graph.by_parent.purposes
        named = {goal for purpose in self.purposes for goal, _ in serving.get(purpose.id, ())}
        ends = self._load_ends({goal for goal in named if isinstance(self.goals.get(goal), KeptGoal)})
        return {purpose.id: find_goals_serving(purpose, serving, self.goals, ends) for purpose in self.purposes}

    def _load_ends(self, goals: AbstractSet[UUID]) -> dict[UUID, ReportedEnd]:
        """The whole states of these kept goals."""
        rows = query_facts(self.database, self.as_of, "states", goals) if goals else ()
        ends = (to_promised_goal(row.body) for row in rows)
        return {end.id: end for end in ends if isinstance(end, ReportedEnd)}

    def build_trees(self) -> TreeBuilder:
        """The goals below each purpose."""
        moved = {link.parent for of_goal in self.graph.links.values() for link in of_goal}
        return TreeBuilder(
            as_of=self.as_of,
            goals=self.goals,
            links=self.graph.links,
            serving={purpose: [goal for goal, _ in direct] for purpose, direct in self.serving.items()},
            load_ends=self._load_ends,
            below=self.supporters_by_goal,
            moved=load_material_changes(self.database, self.as_of, moved),
            progress=self.progress,
            contributors={outcome: len(owners) for outcome, (owners, _) in self.contributors.items()},
        ).build_trees(self.purposes)

    def progress_figures(self) -> Iterator[GroupFigure]:
        """`purpose_progress`: the mean over the goals that serve it and stand, or were kept since its version began."""
        if not self.purposes:
            yield of_group(Figure(name="purpose_progress", value=None, status="no_charter", **self.scope.group))
        for framework in self.purposes:
            direct = self.serving[framework.id]
            value = mean(self.progress.compute(goal) for goal, _ in direct)
            figure = Figure(
                name="purpose_progress",
                charter=framework.id,
                n=len(direct),
                value=round_for_report(value),
                status=None if direct else "no_data",
                events=self.scope.list_events(link.event_id for _, link in direct),
                **self.scope.group,
            )
            yield of_group(figure, [_to_contribution(self.goals[goal]) for goal, _ in direct])

    def untied_share_figure(self) -> GroupFigure:
        """`untied_share`: tasks that lead to no team outcome / tasks."""
        links = (link.event_id for link in self.graph.list_links_above(task.id for task in self.tasks))
        events = self.scope.list_events(chain((task.terms_event for task in self.tasks), links))
        share = build_share(
            "untied_share", len(self.untied), len(self.tasks), census=True, events=events, **self.scope.group
        )
        return of_group(share, map(_to_contribution, self.tasks))

    def contributor_figures(self) -> Iterator[Figure | GroupFigure]:
        """`single_contributor_share`, and for each outcome how many owners of goals support it."""
        alone = [g for g in self.outcomes if len(self.contributors[g.id][0]) == 1]
        share = build_share(
            "single_contributor_share",
            len(alone),
            len(self.outcomes),
            census=True,
            events=self.scope.list_events(self._list_outcome_events()),
            **self.scope.group,
        )
        behind = [(g.team, person) for g in self.outcomes for person in (g.owner, *self.contributors[g.id][0])]
        yield of_group(share, behind)
        for goal in self.outcomes:
            owners, events = self.contributors[goal.id]
            yield Figure(
                name="contributors", goal=goal.id, value=len(owners), events=self.scope.list_events(map(to_id, events))
            )

    def _list_outcome_events(self) -> Iterator[UUID]:
        """Of each outcome what it is, and the links of the goals that support it."""
        for goal in self.outcomes:
            yield goal.terms_event
            yield from map(to_id, self.contributors[goal.id][1])


def _to_contribution(goal: StandingOrKept) -> tuple[UUID | None, UUID | None]:
    return goal.team, goal.owner


def _select_purposes(around: DriftContext, as_of: AsOf, scope: ReportScope) -> list[CharterSnapshot]:
    """The purposes that the report is about: a team's and the organisation's; else all that were asked about."""
    if scope.team is not None:
        return find_reachable_charters(scope.team, around.frameworks, as_of)
    with_purpose = [framework for framework in around.frameworks.values() if framework.purpose is not None]
    return sorted(with_purpose, key=lambda framework: (framework.team is not None, framework.id.int))


def _group_supporters(
    graph: SupportGraph, leaves: Iterable[tuple[UUID, UUID]], goals: Mapping[UUID, StandingOrKept]
) -> dict[UUID, list[UUID]]:
    """Goal -> those that support it, of the goals at hand, by due date."""
    below: dict[UUID, list[UUID]] = {}
    links = ((child, link.parent) for child, of_goal in graph.links.items() for link in of_goal)
    for child, parent in chain(links, leaves):
        if child in goals and parent in goals:
            below.setdefault(parent, []).append(child)
    return {parent: sorted(children, key=lambda goal: due_sort_key(goals[goal])) for parent, children in below.items()}


def _find_tasks_without_outcome(
    tasks: Iterable[ReportedPromise], graph: SupportGraph, goals: Mapping[UUID, StandingOrKept]
) -> list[ReportedPromise]:
    """The tasks with no way, through promises that stand, to a team outcome that stands."""
    tied: set[UUID] = set()
    below = graph.by_parent.goals
    reached = [g.id for g in goals.values() if isinstance(g, ReportedPromise) and g.terms.kind is GoalKind.OUTCOME]
    for goal in reached:
        for child, _ in below.get(goal, ()):
            if child not in tied:
                tied.add(child)
                if isinstance(goals.get(child), ReportedPromise):
                    reached.append(child)
    return [task for task in tasks if task.id not in tied]


def _load_goals_by_id(database: Database, as_of: AsOf, goals: Iterable[UUID]) -> dict[UUID, StandingOrKept]:
    """Those of these goals whose promise stands or was kept."""
    rows = query_facts(database, as_of, "states", goals) if goals else ()
    found = (to_standing_or_kept(row, IdTable()) for row in rows if row.state in STANDING_OR_KEPT_STATES)
    return {goal.id: goal for goal in found}


#: Outcome -> owners of the goals that support it, whichever team's, and the events that say so, as they are spelled.
Contributors = dict[UUID, tuple[set[UUID], list[str]]]


def _load_links(
    database: Database, as_of: AsOf, goals: Mapping[UUID, StandingOrKept], standing: Sequence[Row] | None
) -> tuple[dict[UUID, list[Link]], list[tuple[UUID, UUID]]]:
    """What these goals support, and, of those of an organisation, which kept goal supports which other.

    Most of an organisation's goals are kept ones that nothing supports and that serve no purpose: no path leads through
    them, and of their links only both ends are needed.
    """
    if standing is None:
        return links_at(database, as_of, goals), []
    ids = {str(goal): goal for goal in goals}
    above = {row.parent for row in standing}
    linked, leaves = list[Row](), list[tuple[UUID, UUID]]()
    for row in standing:
        goal = ids.get(row.stream_id)
        if goal is None:
            continue
        if row.purpose == 1 or row.stream_id in above or not isinstance(goals[goal], KeptGoal):
            linked.append(row)
        elif (parent := ids.get(row.parent)) is not None:
            leaves.append((goal, parent))
    return group_links(linked), leaves


def _load_supporters(
    database: Database, as_of: AsOf, outcomes: AbstractSet[UUID], standing: Sequence[Row] | None
) -> list[tuple[UUID, UUID, str]]:
    """Outcome, goal that supports it, whichever team's, and the event that says so, as it is spelled."""
    if standing is None:
        standing = select_standing_links(query_facts(database, as_of, "linked", outcomes))
    asked, ids = {str(outcome): outcome for outcome in outcomes}, IdTable()
    return [(asked[row.parent], ids[row.stream_id], row.event_id) for row in standing if row.parent in asked]


def _find_contributors(
    outcomes: Iterable[UUID], linked: Iterable[tuple[UUID, UUID, str]], goals: Mapping[UUID, StandingOrKept]
) -> Contributors:
    contributors: Contributors = {outcome: (set(), []) for outcome in outcomes}
    for outcome, goal, event in linked:
        supporter = goals.get(goal)
        if supporter is not None:
            contributors[outcome][0].add(supporter.owner)
            contributors[outcome][1].append(event)
    return contributors
