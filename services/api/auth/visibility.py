"""What of the organisation this viewer may see: the role table applied to goals, members, events and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.charter.events import Acknowledged, BreachRaised, CharterFact, RepairAgreed
from domain.charter.state import charter_id
from domain.cycle.events import (
    ContributionCredited,
    CycleClosed,
    CycleOpened,
    GoalIncluded,
    GoalSettled,
    LearningRecorded,
)
from domain.cycle.state import Closed, Cycle
from domain.decision.state import Decision
from domain.envelope import RecordedEvent
from domain.errors import Forbidden
from domain.goal.state import DraftGoal, Ended, Goal, Promised
from domain.member.member import Member
from ledger.states import StreamState
from projections.as_of import AsOf
from projections.database.database import Database
from projections.figures import Figure, IdKind, QuotesGoal, Report, ReportScope
from projections.lineage.links import load_goals_by_id
from projections.people import members_at
from services.authorization import READ, AccessSubject, Capability, Viewer, can_see_everything, can_see_group, may


def list_parties(goal: Goal) -> frozenset[UUID]:
    """Everybody whom the goal asks for something: both sides, a mediator, helpers, and members named to take over."""
    members: set[UUID | None] = {goal.owner, goal.sponsor}
    if isinstance(goal, DraftGoal):
        members.add(goal.author)
    promised = goal.promised if isinstance(goal, Ended) else goal
    if isinstance(promised, Promised):
        members |= {promised.owner, promised.sponsor}
        members |= {need.addressee for need in promised.needs} | {b.blocker.acts_next for b in promised.blockers}
        if promised.proposal is not None:
            members |= {promised.proposal.changes.owner, promised.proposal.changes.sponsor}
        if promised.delivery is not None:
            members.add(promised.delivery.mediator)
    return frozenset(member for member in members if member is not None)


def with_read_scope(viewer: Viewer) -> Viewer:
    """The viewer with a key that may read: what its member sees, whatever the key conveys."""
    return replace(viewer, scopes=viewer.scopes | {READ})


def can_see_goal(viewer: Viewer, goal: Goal) -> bool:
    """A party, the goal's team, or everything."""
    teams = frozenset({goal.team}) if goal.team is not None else frozenset[UUID]()
    return may(viewer, Capability.SEE_GOAL, AccessSubject(members=list_parties(goal), teams=teams))


def require_goal(viewer: Viewer, goal: Goal) -> None:
    """Raise `Forbidden` where the viewer may not see this goal of the same organisation."""
    if not can_see_goal(viewer, goal):
        raise Forbidden(
            "this goal belongs to a team that you are not in, and you are no party to it",
            allowed=("party", "member of the team", "steward", "auditor"),
        )


def can_see_person(viewer: Viewer, member_id: UUID, member: Member | None) -> bool:
    """The person, the lead of one of the person's teams, or everything."""
    teams = frozenset(member.teams) if member is not None else frozenset[UUID]()
    return may(viewer, Capability.SEE_PERSON, AccessSubject(members=frozenset({member_id}), teams=teams))


def require_person(viewer: Viewer, member_id: UUID, member: Member | None) -> None:
    """Raise `Forbidden` where this person's own figures are not for the viewer."""
    if not can_see_person(viewer, member_id, member):
        raise Forbidden(
            "person-level figures are for that person, their lead and stewards",
            allowed=("the member", "lead", "steward", "auditor"),
        )


#: Who acknowledged, what was not kept, and how that was mended: for those whose charter it is.
PRIVATE_CHARTER_EVENTS = frozenset(str(cls.__struct_config__.tag) for cls in (Acknowledged, BreachRaised, RepairAgreed))


def can_see_scope(viewer: Viewer, team: UUID | None) -> bool:
    """Whether the viewer is one of those whose it is: of the team (None: of the organisation), its lead, or all-seeing.

    As ever a token needs the scope to read.
    """
    if READ not in viewer.scopes:
        return False
    if team is None or team in viewer.teams:
        return True
    return may(viewer, Capability.SEE_TEAM, AccessSubject(teams=frozenset({team})))


def require_scope(viewer: Viewer, team: UUID | None) -> None:
    """Raise `Forbidden` where the viewer is none of those whose it is (see `sees_scope`)."""
    if not can_see_scope(viewer, team):
        raise Forbidden(
            "this is for the team's members, its lead, stewards and auditors",
            allowed=("member of the team", "lead", "steward", "auditor"),
        )


def can_see_decision(viewer: Viewer, decision: Decision) -> bool:
    """One of those whose it is, who opened it, or who decides."""
    may_read = READ in viewer.scopes or viewer.guest_of == decision.id
    taking_part = may_read and viewer.member_id in (decision.opened_by, *decision.deciders)
    return taking_part or can_see_scope(viewer, decision.of.team)


def require_decision(viewer: Viewer, decision: Decision) -> None:
    """Raise `Forbidden` where the viewer may not see this decision of the same organisation."""
    if not can_see_decision(viewer, decision):
        raise Forbidden(
            "this decision is another team's, and you are none of its deciders",
            allowed=("decider", "member of the team", "lead", "steward", "auditor"),
        )


# --- the goals of a cycle --------------------------------------------------------------------------------------------
#
# The organisation's own cycle holds goals of every team. An event about one of them is visible to members
# who see the goal; the cycle's beginning and end are visible to all, without the goals that they do not see.

GoalFilter = Callable[[UUID], bool]
#: Events about one goal of a cycle.
_GOAL_RELATED_EVENTS = (GoalIncluded, ContributionCredited, LearningRecorded, GoalSettled)


def goals_of_cycle(cycle: Cycle) -> frozenset[UUID]:
    """Every goal that the cycle's events mention, including those that ended in the cycle before it."""
    of = {lesson.goal for lesson in cycle.learned} | {learnt.goal for learnt in cycle.learnings}
    return frozenset({included.goal for included in cycle.goals} | {goal for goal in of if goal is not None})


def redact_cycle(cycle: Cycle, sees: GoalFilter) -> Cycle:
    """The cycle without the goals that are not seen: not that they are in it, what became or was learnt of them."""
    kept = replace(
        cycle,
        goals=tuple(included for included in cycle.goals if sees(included.goal)),
        learned=tuple(lesson for lesson in cycle.learned if lesson.goal is None or sees(lesson.goal)),
        learnings=tuple(learnt for learnt in cycle.learnings if learnt.goal is None or sees(learnt.goal)),
    )
    if isinstance(kept, Closed):
        return replace(kept, at_close=tuple(included for included in kept.at_close if sees(included.goal)))
    return kept


def redact_event(fact: Any, sees: GoalFilter) -> Any:
    """A cycle's event reduced to these visible goals; None where nothing of it is visible."""
    if isinstance(fact, _GOAL_RELATED_EVENTS):
        return fact if fact.goal is None or sees(fact.goal) else None
    if isinstance(fact, CycleOpened):
        learned = tuple(lesson for lesson in fact.learned if lesson.goal is None or sees(lesson.goal))
        return replace(fact, goals=tuple(filter(sees, fact.goals)), learned=learned)
    if isinstance(fact, CycleClosed):
        return replace(fact, goals=tuple(included for included in fact.goals if sees(included.goal)))
    return fact


# --- the log ---------------------------------------------------------------------------------------------------------


class CurrentStates(Protocol):
    """Where the last states of streams come from: the ledger, or a cache of a few moments for many viewers."""

    def load_current(self, organisation_id: UUID, kind: str, stream_id: UUID) -> StreamState | None:
        """A stream's last state, or None where this organisation has no such stream of this kind."""


class EventVisibility:
    """What one viewer sees of the log's events; each goal and member is looked up once."""

    def __init__(self, ledger: CurrentStates, viewer: Viewer) -> None:
        self._ledger = ledger
        self._viewer = viewer
        self._cache: dict[str, bool] = {}
        self.is_unrestricted = may(viewer, Capability.SEE_GOAL) and may(viewer, Capability.SEE_PERSON)

    def redact(self, event: RecordedEvent) -> RecordedEvent | None:
        """This event of the viewer's organisation as it may be shown; None: it may not."""
        if self.is_unrestricted:
            return event
        if isinstance(event.data, CharterFact):
            may_show = event.type not in PRIVATE_CHARTER_EVENTS or can_see_scope(self._viewer, event.data.of.team)
            return event if may_show else None
        if not self._can_see(event.kind, event.stream_id):
            return None
        if event.kind != "cycle":
            return event
        fact = redact_event(event.data, lambda goal: self._can_see("goal", goal))
        return None if fact is None else event if fact is event.data else replace(event, data=fact)

    def includes(self, kind: str, stream_id: UUID) -> bool:
        """Whether the viewer's organisation has this stream, and the viewer may be shown events of it."""
        if self.load_state(kind, stream_id) is None:
            return False
        return self.is_unrestricted or kind == "charter" or self._can_see(kind, stream_id)

    def load_state(self, kind: str, stream_id: UUID) -> Any:
        """The stream's last state; None where the organisation has no such stream."""
        entry = self._ledger.load_current(self._viewer.organisation_id, kind, stream_id)
        return entry.state if entry is not None else None

    def _can_see(self, kind: str, stream_id: UUID) -> bool:
        stream = f"{kind}/{stream_id}"
        if stream not in self._cache:
            self._cache[stream] = self._can_see_stream(kind, stream_id)
        return self._cache[stream]

    def _can_see_stream(self, kind: str, stream_id: UUID) -> bool:
        if kind in ("team", "organisation"):
            return True
        state = self.load_state(kind, stream_id)
        if state is None:
            return False
        if kind == "decision":
            return can_see_decision(self._viewer, state)
        if kind == "cycle":
            return can_see_scope(self._viewer, state.of.team)
        return can_see_goal(self._viewer, state) if kind == "goal" else can_see_person(self._viewer, stream_id, state)


# --- goals that an answer names --------------------------------------------------------------------------------------


class GoalVisibility:
    """Which of these goals the viewer may see; `load` reads those that have to be looked at."""

    def __init__(self, viewer: Viewer, goals: Iterable[UUID], load: Callable[[set[UUID]], Mapping[UUID, Goal]]) -> None:
        self._everything = can_see_everything(viewer)
        wanted = set() if self._everything else set(goals)
        loaded = load(wanted) if wanted else {}
        self._visible = {goal for goal, state in loaded.items() if can_see_goal(viewer, state)}

    def includes(self, goal: UUID) -> bool:
        """Whether this one of them may be shown."""
        return self._everything or goal in self._visible


# --- reports ---------------------------------------------------------------------------------------------------------
#
# The kind of each id is declared on its field (`IdKind`): the rules are applied to the typed report.

R = TypeVar("R", bound=Report)
S = TypeVar("S", bound=msgspec.Struct)
#: Kinds of ids that `names` of a report can name.
_NAMED_KINDS = frozenset(IdKind) - {IdKind.EVENT, IdKind.PART}
_GOAL_KINDS = frozenset({IdKind.SUBJECT_GOAL, IdKind.QUOTED_GOAL})


class RowFields(NamedTuple):
    """The fields of a report's Struct that hold ids, each with its kind, and those that hold rows."""

    ids: tuple[tuple[str, IdKind], ...]
    rows: tuple[str, ...]


@lru_cache(maxsize=256)
def row_fields(cls: type[msgspec.Struct]) -> RowFields:
    """What this Struct declares of its fields. A list of ids (events) has no rule of its own and is left out."""
    hints = get_type_hints(cls, include_extras=True)
    ids = [(name, kind) for name in cls.__struct_fields__ for kind in _id_kinds(hints[name])]
    lists = [name for name in cls.__struct_fields__ if get_origin(hints[name]) is list]
    rows = [name for name in lists if any(map(_is_row, get_args(hints[name])))]
    return RowFields(tuple(ids), tuple(rows))


def _id_kinds(hint: Any) -> Iterator[IdKind]:
    """The kind of `Id` or `Id | None`."""
    for part in (hint, *get_args(hint)):
        yield from (kind for kind in getattr(part, "__metadata__", ()) if isinstance(kind, IdKind))


def _is_row(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def named_ids(row: msgspec.Struct, kinds: frozenset[IdKind] = _NAMED_KINDS) -> Iterator[UUID]:
    """Every id of these kinds in a report or one of its rows, at any depth."""
    fields = row_fields(type(row))
    for name, kind in fields.ids:
        value = getattr(row, name)
        if kind in kinds and value is not None:
            yield value
    for name in fields.rows:
        for part in getattr(row, name):
            yield from named_ids(part, kinds)


class ReportVisibility:
    """What one viewer sees of a report: own and led persons, visible goals, groups of five or more."""

    def __init__(self, viewer: Viewer, database: Database, as_of: AsOf, scope: ReportScope) -> None:
        self._viewer = viewer
        self._load = lambda goals: load_goals_by_id(database, as_of, goals)
        self._goals = GoalVisibility(viewer, (), self._load)
        self._everything = may(viewer, Capability.SEE_GOAL) and may(viewer, Capability.SEE_PERSON)
        if self._everything:
            return
        team, people = scope.team, members_at(database, as_of)
        self._persons = {p.id for p in people if can_see_person(viewer, p.id, p)} | {viewer.member_id}
        size = sum(1 for p in people if team is None or team in p.teams)
        self._group = scope.member is not None or can_see_group(viewer, team, size=size, outside=len(people) - size)
        # Of a figure that is about one charter, its team is the group.
        sizes = {t: sum(t is None or t in p.teams for p in people) for t in (None, *viewer.teams, *viewer.leads)}
        self._charters = {
            charter_id(viewer.organisation_id, t)
            for t, of in sizes.items()
            if can_see_group(viewer, t, size=of, outside=len(people) - of)
        }

    def redact(self, report: R) -> R:
        """The report reduced. A group's withheld figure has the status `withheld`; a person's is left out."""
        if self._everything:
            return report
        self._goals = GoalVisibility(self._viewer, named_ids(report, _GOAL_KINDS), self._load)
        return self._visible_parts(report)

    def _visible_parts(self, row: S) -> S:
        changed: dict[str, Any] = {}
        for name in row_fields(type(row)).rows:
            if parts := getattr(row, name):
                # An empty tuple is written as `[]`; an empty list would be left out where it is the field's default.
                changed[name] = [self._redacted(part) for part in parts if self._sees(part)] or ()
        return replace(row, **changed) if changed else row

    def _sees(self, row: msgspec.Struct) -> bool:
        return all(self._sees_id(kind, getattr(row, name), row) for name, kind in row_fields(type(row)).ids)

    def _sees_id(self, kind: IdKind, value: UUID | None, row: Any) -> bool:
        if value is None:
            return True
        match kind:
            case IdKind.SUBJECT_GOAL:
                return self._goals.includes(value)
            case IdKind.SUBJECT_MEMBER:
                return value in self._persons
            case IdKind.SUBJECT_CYCLE:
                return can_see_scope(self._viewer, row.team)
        return True

    def _redacted(self, row: msgspec.Struct) -> msgspec.Struct:
        """A row that may be shown, without what of it may not."""
        if isinstance(row, Figure) and row.is_of_group and not self._sees_group(row):
            return row.as_withheld()
        quoted = (getattr(row, name) for name, kind in row_fields(type(row)).ids if kind is IdKind.QUOTED_GOAL)
        if not all(goal is None or self._goals.includes(goal) for goal in quoted):
            return self._visible_parts(cast("QuotesGoal", row).without_quoted_goal())
        return self._visible_parts(row)

    def _sees_group(self, figure: Figure) -> bool:
        return self._group and (figure.charter is None or figure.charter in self._charters)
