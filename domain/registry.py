"""Every aggregate by its kind: its acts, its events, and the two functions that decide and fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, get_args

import msgspec
import msgspec.inspect

from domain.charter import acts as charter_acts
from domain.charter import events as charter_events
from domain.charter import sight as charter_sight
from domain.charter import state as charter_state
from domain.charter.decide import decide as decide_charter
from domain.charter.evolve import can_fold_late as can_fold_late_charter_event
from domain.charter.evolve import evolve as evolve_charter
from domain.context import DecisionContext
from domain.cycle import acts as cycle_acts
from domain.cycle import events as cycle_events
from domain.cycle import state as cycle_state
from domain.cycle.decide import decide as decide_cycle
from domain.cycle.evolve import evolve as evolve_cycle
from domain.decision import acts as decision_acts
from domain.decision import events as decision_events
from domain.decision import state as decision_state
from domain.decision import timers as decision_timers
from domain.decision.decide import decide as decide_decision
from domain.decision.evolve import evolve as evolve_decision
from domain.envelope import Event, NewEvent, RecordedEvent
from domain.experiment import acts as experiment_acts
from domain.experiment import events as experiment_events
from domain.experiment import state as experiment_state
from domain.experiment.decide import decide as decide_experiment
from domain.experiment.evolve import evolve as evolve_experiment
from domain.glossary.words import DOMAIN, describe_properties
from domain.goal import acts as goal_acts
from domain.goal import events as goal_events
from domain.goal import state as goal_state
from domain.goal.decide import decide as decide_goal
from domain.goal.evolve import evolve as evolve_goal
from domain.goal.late_events import can_fold_late as can_fold_late_goal_event
from domain.goal.load_check import to_commitment
from domain.goal.timers import index_entry as goal_index_entry
from domain.goal.timers import next_due_timer as due_goal
from domain.goal.timers import next_timer_at, timer_only_postponed
from domain.index import NOT_INDEXED, IndexEntry
from domain.key import key
from domain.key.decide import decide as decide_key
from domain.member import member
from domain.member.decide import decide as decide_member
from domain.organisation import organisation
from domain.organisation.decide import decide as decide_organisation
from domain.pulse import pulse
from domain.pulse.decide import decide as decide_pulse
from domain.recognition import recognition
from domain.recognition.decide import decide as decide_recognition
from domain.subscription import subscription
from domain.subscription.decide import decide as decide_subscription
from domain.team import team
from domain.team.decide import decide as decide_team


def _never_postponed(_before: Any, _after: Any) -> bool:
    return False


def _never_due(_state: Any, _world: DecisionContext) -> NewEvent | None:
    return None


def _no_timer(_state: Any, _world: DecisionContext) -> datetime | None:
    return None


def _not_indexed(_state: Any) -> IndexEntry:
    return NOT_INDEXED


def _folds_no_late_event(_state: Any, _recorded: RecordedEvent) -> bool:
    return False


def _folds_every_late_event(_state: Any, _recorded: RecordedEvent) -> bool:
    return True


class AggregateType(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of stream."""

    kind: str
    acts: Any
    events: Any
    state: Any
    decide: Callable[[Any, Any, DecisionContext], list[NewEvent]]
    evolve: Callable[[Any, RecordedEvent], Any]
    #: Whether `evolve` puts an event in its place in business time although the state has later ones; if not, the whole
    #: stream is folded again.
    can_fold_late: Callable[[Any, RecordedEvent], bool] = _folds_no_late_event
    #: The next timer fact due at or before `world.at`, or None.
    next_due_timer: Callable[[Any, DecisionContext], NewEvent | None] = _never_due
    index_entry: Callable[[Any], IndexEntry] = _not_indexed
    #: The instant after `world.at` at which the next timer falls due as things stand: when a sweep must look.
    next_timer_at: Callable[[Any, DecisionContext], datetime | None] = _no_timer
    #: Whether a lower bound of the next timer that held before still holds after: the index need not change.
    timer_only_postponed: Callable[[Any, Any], bool] = _never_postponed


AGGREGATES: dict[str, AggregateType] = {
    "goal": AggregateType(
        kind="goal",
        acts=goal_acts.GoalAct,
        events=goal_events.GoalEvent,
        state=goal_state.Goal,
        decide=decide_goal,
        evolve=evolve_goal,
        can_fold_late=can_fold_late_goal_event,
        next_due_timer=due_goal,
        index_entry=goal_index_entry,
        next_timer_at=next_timer_at,
        timer_only_postponed=timer_only_postponed,
    ),
    "decision": AggregateType(
        kind="decision",
        acts=decision_acts.DecisionAct,
        events=decision_events.DecisionEvent,
        state=decision_state.Decision,
        decide=decide_decision,
        evolve=evolve_decision,
        next_due_timer=decision_timers.next_due_timer,
        index_entry=decision_timers.index_entry,
        next_timer_at=decision_timers.next_timer_at,
    ),
    "member": AggregateType(
        kind="member",
        acts=member.MemberAct,
        events=member.MemberEvent,
        state=member.Member,
        decide=decide_member,
        evolve=member.evolve,
        can_fold_late=_folds_every_late_event,
        index_entry=member.index_entry,
    ),
    "team": AggregateType(
        kind="team",
        acts=team.TeamAct,
        events=team.TeamEvent,
        state=team.Team,
        decide=decide_team,
        evolve=team.evolve,
        can_fold_late=_folds_every_late_event,
    ),
    "charter": AggregateType(
        kind="charter",
        acts=charter_acts.CharterAct,
        events=charter_events.CharterEvent,
        state=charter_state.Charter,
        decide=decide_charter,
        evolve=evolve_charter,
        index_entry=charter_sight.index_entry,
        can_fold_late=can_fold_late_charter_event,
    ),
    "cycle": AggregateType(
        kind="cycle",
        acts=cycle_acts.CycleAct,
        events=cycle_events.CycleEvent,
        state=cycle_state.Cycle,
        decide=decide_cycle,
        evolve=evolve_cycle,
        index_entry=cycle_state.index_entry,
    ),
    "experiment": AggregateType(
        kind="experiment",
        acts=experiment_acts.ExperimentAct,
        events=experiment_events.ExperimentEvent,
        state=experiment_state.Experiment,
        decide=decide_experiment,
        evolve=evolve_experiment,
    ),
    "key": AggregateType(
        kind="key",
        acts=key.AnyKeyAct,
        events=key.KeyEvent,
        state=key.ApiKey,
        decide=decide_key,
        evolve=key.evolve,
    ),
    "organisation": AggregateType(
        kind="organisation",
        acts=organisation.OrganisationAct,
        events=organisation.OrganisationEvent,
        state=organisation.Organisation,
        decide=decide_organisation,
        evolve=organisation.evolve,
        can_fold_late=_folds_every_late_event,
    ),
    "pulse": AggregateType(
        kind="pulse",
        acts=pulse.PulseAct,
        events=pulse.PulseEvent,
        state=pulse.Pulse,
        decide=decide_pulse,
        evolve=pulse.evolve,
        index_entry=pulse.index_entry,
    ),
    "recognition": AggregateType(
        kind="recognition",
        acts=recognition.RecognitionAct,
        events=recognition.RecognitionEvent,
        state=recognition.Recognition,
        decide=decide_recognition,
        evolve=recognition.evolve,
    ),
    "subscription": AggregateType(
        kind="subscription",
        acts=subscription.SubscriptionAct,
        events=subscription.SubscriptionEvent,
        state=subscription.Subscription,
        decide=decide_subscription,
        evolve=subscription.evolve,
        index_entry=subscription.index_entry,
    ),
}

__all__ = [
    "AGGREGATES",
    "DEPRECATIONS",
    "EVENTS",
    "AggregateType",
    "Deprecation",
    "EventData",
    "event_schema",
    "to_commitment",
]

#: Any event: what the feed sends as `data`, discriminated by its tag.
EventData = (
    goal_events.GoalEvent
    | decision_events.DecisionEvent
    | member.MemberEvent
    | team.TeamEvent
    | charter_events.CharterEvent
    | cycle_events.CycleEvent
    | experiment_events.ExperimentEvent
    | key.KeyEvent
    | organisation.OrganisationEvent
    | pulse.PulseEvent
    | recognition.RecognitionEvent
    | subscription.SubscriptionEvent
)

#: Every event tag ever written -> its Struct.
EVENTS: dict[str, type[Event]] = {
    str(cls.__struct_config__.tag): cls for aggregate in AGGREGATES.values() for cls in get_args(aggregate.events)
}


class Deprecation(msgspec.Struct, frozen=True, kw_only=True):
    """Of a type of event: that another one takes its place."""

    #: The first day on which it was said.
    since: date
    #: The first day on which it is recorded no more; None: that is not decided. What was recorded stays.
    sunset: date | None = None
    #: The type that takes its place.
    successor: str | None = None

    def describe(self) -> str:
        """The same in a sentence."""
        until = f", recorded until {self.sunset.isoformat()}" if self.sunset is not None else ""
        return f"Deprecated since {self.since.isoformat()}{until}{f': see {self.successor}' if self.successor else ''}."


#: Type -> its deprecation. A type that is in here is still sent and read; a year passes from `since` to `sunset`.
DEPRECATIONS: dict[str, Deprecation] = {}

#: Names that value types have in published event schemas: a class may be renamed, a published name may not.
_PUBLISHED_NAMES = {"DecisionSubject": "Matter", "Scope": "Subject"}


_DEFINITION = "#/$defs/"


def event_schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's `data`, with its value types below `$defs` by their published names."""
    (schema,), components = msgspec.json.schema_components([event], ref_template=_DEFINITION + "{name}")
    for name, cls in _value_types(event):
        describe_properties(cls, components[name], (DOMAIN,), lambda ref: components[ref.removeprefix(_DEFINITION)])
    published: dict[str, Any] = _as_open(_with_published_names({**schema, "$defs": components}))
    return published


def _as_open(node: Any) -> Any:
    """The schema without what refuses unknown fields: readers ignore them, or no version could gain one (0043)."""
    if isinstance(node, dict):
        return {key: _as_open(value) for key, value in node.items() if (key, value) != ("additionalProperties", False)}
    return [_as_open(item) for item in node] if isinstance(node, list) else node


def _value_types(event: type[Event]) -> Iterator[tuple[str, type[Any]]]:
    """The event and the Structs within it, by their names."""
    waiting: list[Any] = [msgspec.inspect.type_info(event)]
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType):
            yield info.cls.__name__, info.cls
            waiting += [field.type for field in info.fields]
        for several in ("types", "item_types"):
            waiting += getattr(info, several, ())
        waiting += [getattr(info, one) for one in ("item_type", "type") if hasattr(info, one)]


def _with_published_names(node: Any) -> Any:
    if isinstance(node, dict):
        renamed = {_PUBLISHED_NAMES.get(key, key): _with_published_names(value) for key, value in node.items()}
        if isinstance(title := renamed.get("title"), str):
            renamed["title"] = _PUBLISHED_NAMES.get(title, title)
        if isinstance(ref := renamed.get("$ref"), str):
            base, _, name = ref.rpartition("/")
            renamed["$ref"] = f"{base}/{_PUBLISHED_NAMES.get(name, name)}"
        return renamed
    return [_with_published_names(item) for item in node] if isinstance(node, list) else node
