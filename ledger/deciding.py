"""One command: timers first, then the act. Pure but for the states it reads; a refusal leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.aggregates import AggregateType
from domain.envelope import NewEvent, RecordedEvent, Source
from domain.errors import InTheFuture, NotFound, VersionConflict
from domain.standing import NOT_INDEXED
from domain.world import DecisionContext
from ledger.commands import Command
from ledger.reader import StateReader
from ledger.states import BatchStates, StateChange, StreamState, index_entry

#: Timers that may run in a row on one stream; more would be a rule that never comes to rest.
_MAX_TIMERS_IN_A_ROW = 100


class DecidedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What a command comes to: its events, not yet stored, and the state after them."""

    organisation_id: UUID
    stream: str
    #: Timers that ran first, then the act's own.
    facts: list[NewEvent]
    events: list[RecordedEvent]
    #: How many of them are timers.
    timers: int
    before: StreamState
    change: StateChange


class CommandDecider:
    """Decides commands one after another, each on the states that the former ones left."""

    def __init__(
        self,
        states: BatchStates,
        *,
        now: datetime,
        new_id: Callable[[], UUID],
        log_position: int,
        position: Callable[[UUID], int],
    ) -> None:
        self.states = states
        self.now = now
        self.log_position = log_position
        #: Organisations' positions (by the id as an integer) after what was kept.
        self.positions: dict[int, int] = {}
        self._stored_position = position
        self._reader = StateReader(states, new_id)

    def decide(self, command: Command) -> DecidedCommand:
        """Timers up to the act's time, then the act; raises the `Refusal` of the first rule that it breaks."""
        entry = self._entry(command)
        if command.must_exist and not entry.version:
            raise NotFound(f"no such {command.kind}")
        if command.expected_version is not None and command.expected_version != entry.version:
            raise VersionConflict(f"the stream is at version {entry.version}, not {command.expected_version}")
        at = command.occurred_at or self.now
        if at > self.now:
            raise InTheFuture(pointer="/at")
        draft = _StreamDecision(self, command, entry)
        world = self._world(command, at, party=None)
        timers = draft.run_timers(world)
        world.party = command.party
        for fact in draft.aggregate.decide(draft.state, command.act, world):
            draft.record(fact)
        return draft.decision(timers)

    def run_timers(self, command: Command) -> DecidedCommand:
        """The timers alone, up to now; `command` names the stream, of whatever kind it is, and carries no act."""
        kind = self.states.entry(command.organisation_id, command.stream_id).kind
        if kind:
            command = msgspec.structs.replace(command, kind=kind)
        draft = _StreamDecision(self, command, self._entry(command))
        return draft.decision(draft.run_timers(self.timer_context(command)))

    def timer_context(self, command: Command) -> DecisionContext:
        """The surroundings in which reminders ring too: nobody acts, it is only late."""
        return self._world(command, self.now, party=None)

    def accept(self, decision: DecidedCommand) -> None:
        """Let the commands after this one see it."""
        self.states.record(decision.change)
        self.log_position += len(decision.events)
        organisation_id = decision.organisation_id
        self.positions[organisation_id.int] = self.position(organisation_id) + len(decision.events)

    def position(self, organisation_id: UUID) -> int:
        """The organisation's position after what was kept."""
        known = self.positions.get(organisation_id.int)
        if known is None:
            known = self.positions[organisation_id.int] = self._stored_position(organisation_id)
        return known

    def _entry(self, command: Command) -> StreamState:
        """The stream's state; one of another organisation or kind is not there for this command."""
        organisation_id, stream_id = command.organisation_id, command.stream_id
        entry = self.states.entry(organisation_id, stream_id)
        wrong = (
            entry.kind != command.kind
            if entry.kind
            else self.states.source.belongs_to_other_tenant(organisation_id, stream_id)
        )
        if wrong or (command.kind == "organisation" and stream_id != organisation_id):
            raise NotFound(f"no such {command.kind}")
        return entry

    def _world(self, command: Command, at: datetime, *, party: UUID | None) -> DecisionContext:
        return DecisionContext(
            reader=self._reader,
            organisation_id=command.organisation_id,
            stream_id=command.stream_id,
            at=at,
            now=self.now,
            party=party,
            source=command.source,
            roles=command.roles,
        )


class _StreamDecision:
    """The stream of one command while it is being decided."""

    def __init__(self, desk: CommandDecider, command: Command, before: StreamState) -> None:
        self._desk = desk
        self._command = command
        self._before = before
        self._stream = f"{command.kind}/{command.stream_id}"
        self._correlation = command.correlation_id
        self._causation = command.causation_id
        self._position = desk.position(command.organisation_id)
        self.aggregate: AggregateType = desk.states.aggregates[command.kind]
        self.state: Any = before.state
        self.facts: list[NewEvent] = []
        self.recorded: list[RecordedEvent] = []

    def run_timers(self, world: DecisionContext) -> int:
        """Record every timer due at `world.at`, earliest first; their number."""
        for ran in range(_MAX_TIMERS_IN_A_ROW):
            fact = self.aggregate.next_due_timer(self.state, world)
            if fact is None:
                return ran
            self.record(fact)
        raise RuntimeError(f"timers of {self._stream} do not come to rest")

    def record(self, fact: NewEvent) -> None:
        """Give the fact its envelope and fold it."""
        timer = fact.source is Source.TIMER
        number = len(self.recorded) + 1
        if not timer and self._correlation is None:
            self._correlation = fact.event_id
        recorded = RecordedEvent(
            event_id=fact.event_id,
            organisation_id=self._command.organisation_id,
            stream=self._stream,
            version=self._before.version + number,
            type=str(type(fact.data).__struct_config__.tag),
            occurred_at=fact.occurred_at,
            recorded_at=self._desk.now,
            actor=None if timer else self._command.actor,
            on_behalf_of=None if timer else self._command.on_behalf_of,
            source=fact.source or self._command.source,
            causation_id=fact.causation_id or (None if timer else self._causation),
            correlation_id=fact.event_id if timer or self._correlation is None else self._correlation,
            reason=fact.reason,
            position=self._position + number,
            log_position=self._desk.log_position + number,
            data=fact.data,
        )
        if not timer:
            # A second event of the same act follows from its first.
            self._causation = self._causation or fact.event_id
        self.state = self.aggregate.evolve(self.state, recorded)
        self.facts.append(fact)
        self.recorded.append(recorded)

    def decision(self, timers: int) -> DecidedCommand:
        command, aggregates = self._command, self._desk.states.aggregates
        version = self._before.version + len(self.recorded)
        before = index_entry(self._before, aggregates)
        after = self.aggregate.index_entry(self.state) if version else NOT_INDEXED
        entry = StreamState(command.kind, version, self.state, after) if version else self._before
        return DecidedCommand(
            organisation_id=command.organisation_id,
            stream=self._stream,
            facts=self.facts,
            events=self.recorded,
            timers=timers,
            before=self._before,
            change=StateChange(
                organisation_id=command.organisation_id,
                stream_id=command.stream_id,
                entry=entry,
                before=before,
                after=after,
            ),
        )
