"""A cycle after each of its events; folding never fails on a recorded event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from domain.cycle import events as e
from domain.cycle.state import Closed, Cycle, GoalInCycle, Improvement, Learning, Running, _Cycle
from domain.envelope import RecordedEvent


def evolve(cycle: Cycle | None, recorded: RecordedEvent) -> Cycle | None:
    """The cycle after `recorded`; never fails on a recorded event."""
    event = recorded.data
    if isinstance(event, e.CycleOpened):
        return _opened(event, recorded)
    if cycle is None:
        return None
    cycle = replace(cycle, version=recorded.version, last_at=max(cycle.last_at, recorded.occurred_at))
    fold = _HANDLERS.get(type(event))
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
    if cycle.find_goal(event.goal) is not None:
        return cycle
    return replace(cycle, goals=(*cycle.goals, GoalInCycle(goal=event.goal, included_at=recorded.occurred_at)))


def _reflected(cycle: Cycle, _event: e.ReflectionShared, recorded: RecordedEvent) -> Cycle:
    party = recorded.party
    known = cycle.reflected if party is None or party in cycle.reflected else (*cycle.reflected, party)
    return replace(cycle, reflected=known, reflections=cycle.reflections + 1)


def _agreed(cycle: Cycle, event: e.ImprovementAgreed, _recorded: RecordedEvent) -> Cycle:
    agreed = Improvement(id=event.improvement, text=event.text, owner=event.owner, due=event.due)
    return replace(cycle, improvements=(*cycle.improvements, agreed))


def _improvement_ended(cycle: Cycle, event: e.ImprovementDone | e.ImprovementDropped, recorded: RecordedEvent) -> Cycle:
    state = "done" if isinstance(event, e.ImprovementDone) else "dropped"
    after = (
        replace(held, state=state, ended_at=recorded.occurred_at) if held.id == event.improvement else held
        for held in cycle.improvements
    )
    return replace(cycle, improvements=tuple(after))


def _learning_recorded(cycle: Cycle, event: e.LearningRecorded, recorded: RecordedEvent) -> Cycle:
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


_HANDLERS: dict[type, Callable[[Any, Any, RecordedEvent], Cycle]] = {
    e.GoalIncluded: _included,
    e.ContributionCredited: lambda cycle, _event, _recorded: replace(cycle, contributions=cycle.contributions + 1),
    e.ReflectionShared: _reflected,
    e.ImprovementAgreed: _agreed,
    e.ImprovementDone: _improvement_ended,
    e.ImprovementDropped: _improvement_ended,
    e.LearningRecorded: _learning_recorded,
    e.GoalSettled: _settled,
    e.CycleClosed: _closed,
}
