"""The read model of all marts that are folded from one stream at a time, in the order of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from domain.charter.evolve import evolve as evolve_charter
from domain.cycle.evolve import evolve as evolve_cycle
from domain.decision.evolve import evolve as evolve_decision
from domain.envelope import RecordedEvent
from domain.experiment.evolve import evolve as evolve_experiment
from domain.goal import events as e
from domain.goal.evolve import evolve as evolve_goal
from domain.goal.state import Goal
from domain.organisation.organisation import evolve as evolve_organisation
from domain.pulse.pulse import evolve as evolve_pulse
from domain.recognition.recognition import evolve as evolve_recognition
from projections.database.tables import Table
from projections.engine.stream_events import PreparedEvent, StreamEvents
from projections.marts.changes import FACT_GOAL_CHANGE, Proposer, extract_changes
from projections.marts.columns import identity_places, identity_table_of, table_of
from projections.marts.conversation import (
    FACT_BLOCKER,
    FACT_CHECK_IN,
    FACT_NEED,
    extract_blockers,
    extract_check_in,
    extract_needs,
)
from projections.marts.dim_goal import DIM_GOAL, extract_goal_version
from projections.marts.experiments import FACT_EXPERIMENT, write_experiment
from projections.marts.frameworks import (
    DIM_CHARTER,
    DIM_CYCLE,
    FACT_DECISION,
    write_charter,
    write_cycle,
    write_decision,
)
from projections.marts.goal_events import FACT_GOAL_EVENT, extract_goal_event
from projections.marts.goal_step import GoalStep
from projections.marts.links import BRIDGE_GOAL_SUPPORT, FACT_ALIGNMENT, extract_alignment, extract_supports
from projections.marts.outcomes import FACT_DELIVERY, extract_delivery
from projections.marts.people import BRIDGE_MEMBER_TEAM, DIM_MEMBER, DIM_TEAM, is_about_time, write_member, write_team
from projections.marts.policies import DIM_POLICY, write_organisation
from projections.marts.pulses import FACT_PULSE, write_pulse
from projections.marts.recognitions import FACT_RECOGNITION, write_recognition
from projections.marts.rows import Change, OpenRows, RowsByName, RowWriter
from projections.reliability.outcomes import PromiseRecord, update_record

#: The marts that are folded so.
FOLDED_MARTS = (
    FACT_GOAL_EVENT,
    FACT_GOAL_CHANGE,
    FACT_CHECK_IN,
    FACT_NEED,
    FACT_BLOCKER,
    FACT_DELIVERY,
    FACT_ALIGNMENT,
    FACT_DECISION,
    FACT_EXPERIMENT,
    FACT_RECOGNITION,
    FACT_PULSE,
    DIM_GOAL,
    DIM_MEMBER,
    DIM_TEAM,
    DIM_CYCLE,
    DIM_CHARTER,
    DIM_POLICY,
    BRIDGE_GOAL_SUPPORT,
    BRIDGE_MEMBER_TEAM,
)
TABLES: dict[str, Table] = {mart.name: table_of(mart) for mart in FOLDED_MARTS}
#: Names and references of members, apart from what describes them: of marts that have such columns.
IDENTITY_TABLES: dict[str, Table] = {
    mart.name: table for mart in FOLDED_MARTS if (table := identity_table_of(mart)) is not None
}


class _GoalMemory(NamedTuple):
    """What a goal's later events need of its earlier ones."""

    goal: Goal | None = None
    proposer: Proposer = Proposer()
    #: What set off the proposal that was made last.
    cause: UUID | None = None
    record: PromiseRecord = PromiseRecord()


class _Memory(NamedTuple):
    """What going on needs of a stream: its open rows, and its state (of a member or team: nothing)."""

    open_rows: OpenRows
    state: Any = None


_Writer = Callable[[Any, PreparedEvent, RowWriter], None]
#: Kinds whose rows follow from the state after each event.
_FRAMEWORKS: dict[str, tuple[Callable[[Any, RecordedEvent], Any], _Writer]] = {
    "charter": (evolve_charter, write_charter),
    "cycle": (evolve_cycle, write_cycle),
    "decision": (evolve_decision, write_decision),
    "experiment": (evolve_experiment, write_experiment),
    "organisation": (evolve_organisation, write_organisation),
    "pulse": (evolve_pulse, write_pulse),
    "recognition": (evolve_recognition, write_recognition),
}
#: Kinds whose facts count from their own time, however late they are recorded: their whole stream is needed.
_PEOPLE: dict[str, Callable[[StreamEvents, RowWriter, int], None]] = {"member": write_member, "team": write_team}


class MartsProjection:
    """The projection: streams to the tables of the marts."""

    name = "marts"
    version = 4
    kinds = frozenset({"goal", *_FRAMEWORKS, *_PEOPLE})
    tables = (*TABLES.values(), *IDENTITY_TABLES.values())

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> RowsByName:
        """The rows of one stream that an event behind log position `after` opened or ended."""
        if not stream:
            return {}
        return _split(self._fold_whole(StreamEvents.of(stream))[0], after)

    def fold_whole(self, stream: Sequence[RecordedEvent]) -> RowsByName:
        """Every row of one stream by mart, with what names people."""
        return self._fold_whole(StreamEvents.of(stream))[0].rows() if stream else {}

    def state_after(self, stream: StreamEvents) -> _Memory:
        """What going on needs after a whole stream."""
        return self._fold_whole(stream)[1]

    def _fold_whole(self, stream: StreamEvents) -> tuple[RowWriter, _Memory]:
        """Folded once for its rows and for what is remembered of it."""
        folded = stream.memoize(self.name, lambda: self._fold(stream, _Memory({})))
        return cast("tuple[RowWriter, _Memory]", folded)

    def apply(self, memory: _Memory, events: StreamEvents) -> tuple[RowsByName, _Memory] | None:
        """The rows of a stream's next events, and what to remember; None where the whole stream is needed."""
        if events.kind in _PEOPLE:
            untouched = events.kind == "member" and all(map(is_about_time, events.prepared))
            return ({}, memory) if untouched else None
        writer, memory = self._fold(events, memory)
        return _split(writer, 0), memory

    def _fold(self, events: StreamEvents, memory: _Memory) -> tuple[RowWriter, _Memory]:
        writer = RowWriter(events.row_prefix, memory.open_rows)
        state = memory.state
        if events.kind == "goal":
            state = _fold_goal(events, writer, state or _GoalMemory())
        elif events.kind in _FRAMEWORKS:
            evolve, write = _FRAMEWORKS[events.kind]
            for prepared in events.prepared:
                state = prepared.evolve_once(state, evolve)
                if state is not None:
                    write(state, prepared, writer)
        else:
            _PEOPLE[events.kind](events, writer, 0)
        return writer, _Memory(writer.open_rows, state)


def _fold_goal(events: StreamEvents, writer: RowWriter, memory: _GoalMemory) -> _GoalMemory:
    for prepared in events.prepared:
        goal = prepared.evolve_once(memory.goal, evolve_goal)
        if goal is None:
            continue
        step = GoalStep(memory.goal, goal, prepared, writer)
        record = update_record(memory.record, memory.goal, step.data, step.recorded.event_id, step.at)
        writer.write(prepared, _list_changes(step, memory, record))
        memory = _remember(step, memory, record)
    return memory


_Extract = Callable[[GoalStep], Iterable[Change]]
_EVERY_EVENT: tuple[_Extract, ...] = (extract_goal_event,)
_STATEMENT = (*_EVERY_EVENT, extract_check_in)
#: What the commonest events can change: of these no other extractor need be called.
_EXTRACTORS: dict[type, tuple[_Extract, ...]] = {
    e.CheckedIn: (*_STATEMENT, extract_needs, extract_blockers),
    e.StatementTakenBack: (*_STATEMENT, extract_needs, extract_blockers),
    e.ValueRecorded: _STATEMENT,
    e.Affirmed: _STATEMENT,
    e.NeedAnswered: (*_EVERY_EVENT, extract_needs),
    e.BlockerRaised: (*_EVERY_EVENT, extract_blockers),
    e.BlockerResolved: (*_EVERY_EVENT, extract_blockers),
    **dict.fromkeys((e.CheckInDue, e.FeedbackGiven, e.ResponseReminded, e.ApproachChosen), _EVERY_EVENT),
    **dict.fromkeys((e.ClarificationAsked, e.HandOverJoined, e.DeliveryDisputed), _EVERY_EVENT),
}
#: All others move the agreement, or a link of it.
_MOVING: tuple[_Extract, ...] = (*_EVERY_EVENT, extract_goal_version, extract_supports)
#: What an end closes too.
_ENDING = (*_MOVING, extract_needs, extract_blockers)


def _list_changes(step: GoalStep, memory: _GoalMemory, record: PromiseRecord) -> list[Change]:
    extractors = _EXTRACTORS.get(type(step.data))
    changes = [change for extract in extractors or _select_moving_extractors(step) for change in extract(step)]
    if extractors is None:
        changes += extract_changes(step, memory.proposer)
        changes += extract_alignment(step, memory.cause)
        delivery = extract_delivery(step, record)
        if delivery is not None:
            changes.append(delivery)
    return changes


def _select_moving_extractors(step: GoalStep) -> tuple[_Extract, ...]:
    if step.has_ended:
        return _ENDING
    return _STATEMENT if type(step.data) is e.LinkAffirmed else _MOVING


def _remember(step: GoalStep, memory: _GoalMemory, record: PromiseRecord) -> _GoalMemory:
    proposer, cause = memory.proposer, memory.cause
    if isinstance(step.data, e.ChangeProposed | e.ChangeCountered):
        proposer = Proposer(step.party, step.reason_code)
        # What set off a proposal set off the counter to it.
        inherited = cause if isinstance(step.data, e.ChangeCountered) else None
        cause = step.recorded.causation_id or inherited
    return _GoalMemory(goal=step.goal, proposer=proposer, cause=cause, record=record)


def _split(writer: RowWriter, after: int) -> RowsByName:
    """The rows by table: what names people is in a table of its own."""
    found: RowsByName = {}
    for mart, rows in writer.rows(after).items():
        apart = _IDENTITY_PLACES.get(mart)
        if apart is None:
            found[TABLES[mart].name] = rows
            continue
        plain, named = apart
        found[TABLES[mart].name] = [tuple(row[place] for place in plain) for row in rows]
        found[IDENTITY_TABLES[mart].name] = [tuple(row[place] for place in named) for row in rows]
    return found


_IDENTITY_PLACES = {mart.name: places for mart in FOLDED_MARTS if (places := identity_places(mart)) is not None}
MARTS_PROJECTION = MartsProjection()
