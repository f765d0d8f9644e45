"""What a cycle is at one moment: running or closed, each with just what its acts and its review need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.cycle import events as e
from domain.cycle.acts import GoalEnding
from domain.envelope import RecordedEvent
from domain.index import NOT_INDEXED, IndexEntry
from domain.scope import Scope


class GoalInCycle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal of the cycle, and what was said to become of it; the last word counts."""

    goal: UUID
    included_at: datetime
    how: GoalEnding | None = None
    settled_at: datetime | None = None


class Improvement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something agreed to be done better; `id` stays the same in every cycle that it is carried into."""

    id: UUID
    text: str
    owner: UUID
    due: date
    state: Literal["open", "done", "dropped"] = "open"
    #: It came along from the cycle before.
    carried: bool = False
    ended_at: datetime | None = None


class Learning(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was learnt in this cycle; `id` is its event."""

    id: UUID
    text: str
    goal: UUID | None = None


class _Cycle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Shared by both states."""

    id: UUID
    version: int
    name: str
    of: Scope
    starts: date
    ends: date
    purpose: e.PurposeVersion
    to_team: str
    to_clients: str
    to_organisation: str
    to_stakeholders: str = ""
    to_society: str = ""
    ref: str | None = None
    follows: UUID | None = None
    opened_at: datetime
    #: Business time of the last event.
    last_at: datetime
    goals: tuple[GoalInCycle, ...] = ()
    improvements: tuple[Improvement, ...] = ()
    #: What the cycle before had learnt.
    learned: tuple[e.Lesson, ...] = ()
    learnings: tuple[Learning, ...] = ()
    #: Members who have reflected, each once, in that order; their words are in the history.
    reflected: tuple[UUID, ...] = ()
    reflections: int = 0
    contributions: int = 0

    def included(self, goal: UUID) -> GoalInCycle | None:
        """The goal as this cycle holds it; None: it is not in it."""
        return next((held for held in self.goals if held.goal == goal), None)

    def improvement(self, improvement: UUID) -> Improvement | None:
        return next((held for held in self.improvements if held.id == improvement), None)


class Running(_Cycle, frozen=True, kw_only=True, tag="open"):
    """Opened and not closed."""


class Closed(_Cycle, frozen=True, kw_only=True, tag="closed"):
    """Looked back upon and left; nothing is said in it any more."""

    closed_at: datetime
    #: How each of its goals stood then.
    at_close: tuple[e.GoalAtClose, ...] = ()


Cycle = Running | Closed


def standing(cycle: Cycle | None) -> IndexEntry:
    """Where the ledger finds a cycle: while it is open, under the charter whose purpose it restates.

    Closed, under the cycle that it followed, which nothing else follows from then on.
    """
    match cycle:
        case Running():
            return IndexEntry(listed_under=cycle.purpose.charter)
        case Closed(follows=UUID()):
            return IndexEntry(listed_under=cycle.follows)
    return NOT_INDEXED


def evolve(cycle: Cycle | None, recorded: RecordedEvent) -> Cycle | None:
    """The cycle after `recorded`; never fails on a recorded event."""
    event = recorded.data
    if isinstance(event, e.CycleOpened):
        return _opened(event, recorded)
    if cycle is None:
        return None
    cycle = replace(cycle, version=recorded.version, last_at=max(cycle.last_at, recorded.occurred_at))
    fold = _FOLDS.get(type(event))
    return fold(cycle, event, recorded) if fold is not None else cycle


def _opened(event: e.CycleOpened, recorded: RecordedEvent) -> Running:
    at = recorded.occurred_at
    brought = [
        Improvement(id=c.improvement, text=c.text, owner=c.owner, due=c.due, carried=True) for c in event.carried
    ]
    return Running(
        id=recorded.stream_id,
        version=recorded.version,
        name=event.name,
        of=event.of,
        starts=event.starts,
        ends=event.ends,
        purpose=event.purpose,
        to_team=event.to_team,
        to_clients=event.to_clients,
        to_organisation=event.to_organisation,
        to_stakeholders=event.to_stakeholders,
        to_society=event.to_society,
        ref=event.ref,
        follows=event.follows,
        opened_at=at,
        last_at=at,
        goals=tuple(GoalInCycle(goal=goal, included_at=at) for goal in event.goals),
        improvements=tuple(brought),
        learned=event.learned,
    )


def _included(cycle: Cycle, event: e.GoalIncluded, recorded: RecordedEvent) -> Cycle:
    if cycle.included(event.goal) is not None:
        return cycle
    return replace(cycle, goals=(*cycle.goals, GoalInCycle(goal=event.goal, included_at=recorded.occurred_at)))


def _reflected(cycle: Cycle, _event: e.ReflectionShared, recorded: RecordedEvent) -> Cycle:
    party = recorded.party
    known = cycle.reflected if party is None or party in cycle.reflected else (*cycle.reflected, party)
    return replace(cycle, reflected=known, reflections=cycle.reflections + 1)


def _agreed(cycle: Cycle, event: e.ImprovementAgreed, _recorded: RecordedEvent) -> Cycle:
    agreed = Improvement(id=event.improvement, text=event.text, owner=event.owner, due=event.due)
    return replace(cycle, improvements=(*cycle.improvements, agreed))


def _improved(cycle: Cycle, event: e.ImprovementDone | e.ImprovementDropped, recorded: RecordedEvent) -> Cycle:
    state = "done" if isinstance(event, e.ImprovementDone) else "dropped"
    after = (
        replace(held, state=state, ended_at=recorded.occurred_at) if held.id == event.improvement else held
        for held in cycle.improvements
    )
    return replace(cycle, improvements=tuple(after))


def _learnt(cycle: Cycle, event: e.LearningRecorded, recorded: RecordedEvent) -> Cycle:
    learning = Learning(id=recorded.event_id, text=event.text, goal=event.goal)
    return replace(cycle, learnings=(*cycle.learnings, learning))


def _settled(cycle: Cycle, event: e.GoalSettled, recorded: RecordedEvent) -> Cycle:
    after = (
        replace(held, how=event.how, settled_at=recorded.occurred_at) if held.goal == event.goal else held
        for held in cycle.goals
    )
    return replace(cycle, goals=tuple(after))


def _closed(cycle: Cycle, event: e.CycleClosed, recorded: RecordedEvent) -> Cycle:
    held = {name: getattr(cycle, name) for name in _Cycle.__struct_fields__}
    return Closed(**held, closed_at=recorded.occurred_at, at_close=event.goals)


_FOLDS: dict[type, Callable[[Any, Any, RecordedEvent], Cycle]] = {
    e.GoalIncluded: _included,
    e.ContributionCredited: lambda cycle, _event, _recorded: replace(cycle, contributions=cycle.contributions + 1),
    e.ReflectionShared: _reflected,
    e.ImprovementAgreed: _agreed,
    e.ImprovementDone: _improved,
    e.ImprovementDropped: _improved,
    e.LearningRecorded: _learnt,
    e.GoalSettled: _settled,
    e.CycleClosed: _closed,
}
