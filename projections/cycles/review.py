"""The review of cycles: what worked, what to improve, what came of it, and which goals went on. Docs: reports.md.

Reviewed are the cycles open by then, those closed within the window, and of each team (and of the organisation
itself) the last closed one, so that there is always something to learn from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from domain.calendar import local_date
from domain.cycle.acts import GoalEnding
from domain.cycle.decide import possible_ends
from domain.cycle.state import Closed, Cycle, Improvement, Running
from projections.as_of import AsOf
from projections.cycles.approaches import ApproachEntry, FreedomEntry, load_approaches, load_freedoms
from projections.cycles.cycles import (
    ContributionEntry,
    CycleNotes,
    CyclePart,
    ReflectionEntry,
    cycle_key,
    cycles_at,
    find_undecided_goals,
    load_cycle_goals,
)
from projections.database.database import Database
from projections.figures import (
    WHOLE_ORGANISATION,
    EventRef,
    Figure,
    GroupFigure,
    MemberRef,
    PartRef,
    Report,
    ReportScope,
    SubjectGoal,
    build_share,
    event_ids,
    finish_report,
    of_group,
)
from projections.people import members_at


class CycleEntry(CyclePart, frozen=True, kw_only=True, omit_defaults=True):
    """One cycle under review."""

    name: str
    state: Literal["open", "closed"]
    starts: date
    ends: date
    closed_at: datetime | None = None
    #: Open, and its last day is over.
    overdue: bool = False
    goals: int
    #: Live goals without a disposition.
    undecided: int = 0
    #: Members who have reflected.
    reflected: int


class CycleGoalEntry(CyclePart, frozen=True, kw_only=True, omit_defaults=True):
    """A goal of a cycle: at its close, or of an open one as it stands."""

    goal: SubjectGoal
    #: The agreement's word.
    state: str
    how: GoalEnding | None = None
    #: Of a goal that keeps its cycle open: the dispositions that it may get.
    possible: tuple[GoalEnding, ...] = ()


class ImprovementEntry(CyclePart, frozen=True, kw_only=True, omit_defaults=True):
    """An improvement, in the last cycle that has it."""

    improvement: PartRef
    text: str
    owner: MemberRef
    due: date
    state: Literal["open", "done", "dropped"]
    #: Open, and its due is over.
    overdue: bool = False
    carried: bool = False


class LearningEntry(CyclePart, frozen=True, kw_only=True, omit_defaults=True):
    """What was learnt, or (without words) a goal that was not kept and has no lesson yet."""

    event: EventRef | None = None
    goal: SubjectGoal | None = None
    #: How that goal ended, where it was not kept.
    ended: str | None = None
    text: str = ""
    #: From the cycle before.
    brought: bool = False


class CyclesReport(Report, frozen=True, kw_only=True):
    """The cycles under review, the latest beginning first, and their facts."""

    cycles: list[CycleEntry]
    goals: list[CycleGoalEntry]
    reflections: list[ReflectionEntry]
    improvements: list[ImprovementEntry]
    learning: list[LearningEntry]
    contributions: list[ContributionEntry]
    #: How owners went about the goals while the cycles ran, and which freedoms they had.
    approaches: list[ApproachEntry]
    freedoms: list[FreedomEntry]


def build_report(database: Database, as_of: AsOf, scope: ReportScope = WHOLE_ORGANISATION) -> CyclesReport:
    """The review of one team's cycles, of all; or what one member saw to, contributed and said in them."""
    review = CycleReview(database, as_of, team=scope.team, window=scope.window)
    if scope.member is not None:
        review.restrict_to(scope.member)
    group = scope.group
    figures: list[Figure | GroupFigure] = [
        *_improvement_figures(review, group),
        *_goal_figures(review, group),
        *_note_figures(review, group),
    ]
    if scope.member is None:
        figures.append(_reflection_share(review, database, group))
    return finish_report(
        CyclesReport,
        as_of,
        scope,
        figures,
        cycles=[review.cycle_entry(cycle) for cycle in review.cycles],
        goals=review.goals,
        reflections=review.reflections,
        improvements=review.improvements,
        learning=review.learning,
        contributions=review.contributions,
        approaches=review.approaches,
        freedoms=review.freedoms,
    )


class CycleReview:
    """The cycles under review as of the question."""

    def __init__(self, database: Database, as_of: AsOf, *, team: UUID | None, window: int) -> None:
        self.as_of = as_of
        self._since = as_of.today - timedelta(days=window - 1)
        self.cycles = self._select_cycles([c for c in cycles_at(database, as_of) if team is None or c.of.team == team])
        self._goals_now = load_cycle_goals(database, as_of, (held.goal for c in self.cycles for held in c.goals))
        self.notes = CycleNotes(database, as_of, self.cycles)
        self.reflections, self.contributions = self.notes.reflections, self.notes.contributions
        self.goals = [goal for cycle in self.cycles for goal in self._goal_entries(cycle)]
        self.improvements = sorted(self._improvement_entries(), key=lambda i: (i.due, i.improvement.int))
        self.approaches = load_approaches(database, as_of, self.cycles, self._goals_now)
        self.freedoms = load_freedoms(database, as_of, self.cycles, self.approaches)
        self.learning = [lesson for cycle in self.cycles for lesson in _learning_entries(cycle)]

    def _select_cycles(self, cycles: Sequence[Cycle]) -> list[Cycle]:
        last: dict[UUID | None, Closed] = {}
        for cycle in (c for c in cycles if isinstance(c, Closed)):
            known = last.get(cycle.of.team)
            if known is None or (cycle.closed_at, cycle.id) > (known.closed_at, known.id):
                last[cycle.of.team] = cycle
        return [c for c in cycles if isinstance(c, Running) or c in last.values() or self._is_recent(c)]

    def _is_recent(self, cycle: Closed) -> bool:
        return local_date(cycle.closed_at, self.as_of.tzinfo) >= self._since

    def restrict_to(self, member: UUID) -> None:
        """Reduce to what this member finished, shared or contributed."""
        self.improvements = [i for i in self.improvements if i.owner == member]
        self.reflections = [r for r in self.reflections if r.by == member]
        self.contributions = [c for c in self.contributions if c.contributor == member]
        theirs = {goal for goal, state in self._goals_now.items() if state.owner == member}
        self.goals = [g for g in self.goals if g.goal in theirs]
        self.approaches = [a for a in self.approaches if a.goal in theirs]
        self.learning, self.freedoms = [], []
        kept = {x.cycle for x in (*self.improvements, *self.reflections, *self.contributions, *self.goals)}
        self.cycles = [c for c in self.cycles if c.id in kept]

    def owners_of(self, goals: Iterable[CycleGoalEntry]) -> list[tuple[UUID | None, UUID | None]]:
        """The team of each goal's cycle, and the goal's owner."""
        states = self._goals_now
        return [(g.team, states[g.goal].owner if g.goal in states else None) for g in goals]

    def _goal_entries(self, cycle: Cycle) -> Iterator[CycleGoalEntry]:
        if isinstance(cycle, Closed):
            for at in cycle.at_close:
                yield CycleGoalEntry(**cycle_key(cycle), goal=at.goal, state=at.state, how=at.how)
            return
        waiting = {goal.id for goal in find_undecided_goals(cycle, self._goals_now)}
        for held in cycle.goals:
            goal = self._goals_now.get(held.goal)
            if goal is not None:
                possible = possible_ends(goal, cycle) if goal.id in waiting else ()
                yield CycleGoalEntry(
                    **cycle_key(cycle), goal=goal.id, state=goal.state, how=held.how, possible=possible
                )

    def _improvement_entries(self) -> Iterator[ImprovementEntry]:
        """Each once, as it stands in the last cycle that has it."""
        seen: dict[UUID, tuple[Cycle, Improvement]] = {}
        for cycle in sorted(self.cycles, key=lambda c: (c.opened_at, c.id)):
            seen.update({held.id: (cycle, held) for held in cycle.improvements})
        for cycle, held in seen.values():
            yield ImprovementEntry(
                **cycle_key(cycle),
                improvement=held.id,
                text=held.text,
                owner=held.owner,
                due=held.due,
                state=held.state,
                overdue=held.state == "open" and held.due < self.as_of.today,
                carried=held.carried,
            )

    def cycle_entry(self, cycle: Cycle) -> CycleEntry:
        closed = cycle.closed_at if isinstance(cycle, Closed) else None
        return CycleEntry(
            **cycle_key(cycle),
            name=cycle.name,
            state="open" if closed is None else "closed",
            starts=cycle.starts,
            ends=cycle.ends,
            closed_at=closed,
            overdue=closed is None and cycle.ends < self.as_of.today,
            goals=len(cycle.goals),
            undecided=len(find_undecided_goals(cycle, self._goals_now)),
            reflected=len(cycle.reflected),
        )


def _learning_entries(cycle: Cycle) -> Iterator[LearningEntry]:
    ended = {g.goal: g.state for g in cycle.at_close if g.state != "satisfied"} if isinstance(cycle, Closed) else {}
    for lesson in cycle.learned:
        yield LearningEntry(
            **cycle_key(cycle),
            event=lesson.learning,
            goal=lesson.goal,
            ended=lesson.ended,
            text=lesson.text,
            brought=True,
        )
    for learnt in cycle.learnings:
        how = ended.get(learnt.goal) if learnt.goal is not None else None
        yield LearningEntry(**cycle_key(cycle), event=learnt.id, goal=learnt.goal, ended=how, text=learnt.text)


# --- figures ---------------------------------------------------------------------------------------------------------


def _improvement_figures(review: CycleReview, group: dict[str, Any]) -> Iterator[GroupFigure]:
    every = review.improvements

    def counted(name: str, of: Sequence[ImprovementEntry], holds: Callable[[ImprovementEntry], bool]) -> GroupFigure:
        found = [i for i in of if holds(i)]
        events = event_ids(event for i in of for event in review.notes.improvements.get(i.improvement, []))
        share = build_share(name, len(found), len(of), census=True, events=events, **group)
        return of_group(share, [(i.team, i.owner) for i in of])

    yield counted("improvements_done", every, lambda i: i.state == "done")
    yield counted("improvements_dropped", every, lambda i: i.state == "dropped")
    yield counted("improvements_open", every, lambda i: i.state == "open")
    yield counted("improvements_overdue", [i for i in every if i.state == "open"], lambda i: i.overdue)


def _goal_figures(review: CycleReview, group: dict[str, Any]) -> Iterator[GroupFigure]:
    """Of the goals of closed cycles: what became of them; of open ones: how many are undecided."""
    closed = {c.id for c in review.cycles if isinstance(c, Closed)}
    events = event_ids(review.notes.closings)
    ends = [g for g in review.goals if g.cycle in closed]
    counts = {
        "goals_carried_on": sum(g.how == "carried_on" and _is_carried_on(g) for g in ends),
        "goals_renegotiated": sum(g.how == "renegotiated" and _is_carried_on(g) for g in ends),
        "goals_kept": sum(g.state == "satisfied" for g in ends),
        "goals_dropped": sum(g.state != "satisfied" and not _is_carried_on(g) for g in ends),
    }
    for name, count in counts.items():
        yield of_group(build_share(name, count, len(ends), events=events, **group), review.owners_of(ends))
    undecided = [g for g in review.goals if g.possible]
    figure = Figure(name="goals_undecided", value=len(undecided), **group)
    yield of_group(figure, review.owners_of(undecided))


def _is_carried_on(goal: CycleGoalEntry) -> bool:
    """Still promised when its cycle closed."""
    return goal.state in ("active", "change_proposed_by_owner", "change_proposed_by_sponsor", "lapsed", "delivered")


def _note_figures(review: CycleReview, group: dict[str, Any]) -> Iterator[GroupFigure]:
    reflections = review.reflections
    events = event_ids(r.event for r in reflections)
    figure = Figure(name="reflections", value=len(reflections), events=events, **group)
    yield of_group(figure, [(r.team, r.by) for r in reflections])
    credited = review.contributions
    events = event_ids(c.event for c in credited)
    figure = Figure(name="contributions", value=len(credited), events=events, **group)
    yield of_group(figure, [(c.team, c.contributor) for c in credited])
    chosen = review.approaches
    events = event_ids(a.event for a in chosen)
    figure = Figure(name="approaches_chosen", value=len(chosen), events=events, **group)
    yield of_group(figure, [(a.team, a.by) for a in chosen])
    if "member" not in group:
        used = {(f.cycle, f.freedom) for f in review.freedoms if f.uses}
        behind = [(a.team, a.by) for a in chosen if (a.cycle, a.freedom) in used]
        share = build_share("freedoms_used", len(used), len(review.freedoms), census=True, events=events, **group)
        yield of_group(share, behind)
        learnt = [lesson.event for lesson in review.learning if not lesson.brought]
        # What was learnt is the cycle's: nobody is behind it.
        yield of_group(Figure(name="lessons", value=len(learnt), events=event_ids(learnt), **group))


def _reflection_share(review: CycleReview, database: Database, group: dict[str, Any]) -> GroupFigure:
    """Members of today who have reflected, of those whose cycles they are; before the first one none is expected."""
    people = members_at(database, review.as_of)
    asked = spoken = 0
    behind: list[tuple[UUID | None, UUID]] = []
    for cycle in (c for c in review.cycles if isinstance(c, Closed) or c.reflections or c.ends < review.as_of.today):
        theirs = [p.id for p in people if cycle.of.team is None or cycle.of.team in p.teams]
        asked += len(theirs)
        behind += [(cycle.of.team, person) for person in theirs]
        spoken += len(set(theirs) & set(cycle.reflected))
    events = event_ids(r.event for r in review.reflections)
    return of_group(build_share("reflection_share", spoken, asked, census=True, events=events, **group), behind)
