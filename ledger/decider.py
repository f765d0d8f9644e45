"""One command: timers first, then the act. Pure except for the states that it reads; a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.context import DecisionContext
from domain.envelope import NewEvent, RecordedEvent, Source
from domain.errors import InTheFuture, NotFound, VersionConflict
from domain.index import NOT_INDEXED
from domain.promise_book import PromiseBook
from domain.registry import AggregateType
from domain.text import check_texts
from ledger.commands import Command
from ledger.states import BatchStates, StateChange, StreamState, fold, index_entry
from ledger.storage.protocol import Head


class BatchStateReader:
    """Implements `domain.context.StateReader`. A stream of another organisation, or of another kind, is not there."""

    def __init__(self, states: BatchStates, new_id: Callable[[], UUID]) -> None:
        self._states = states
        self.next_id = new_id

    def state(self, organisation_id: UUID, kind: str, stream_id: UUID) -> Any:  # noqa: ANN401 - each kind has its own
        entry = self._states.entry(organisation_id, stream_id)
        return entry.state if entry.kind == kind else None

    def state_at(self, organisation_id: UUID, kind: str, stream_id: UUID, at: datetime) -> Any:  # noqa: ANN401 - as above
        """Folded anew from the log: rare, as only an import records what happened in the past."""
        if self.state(organisation_id, kind, stream_id) is None:
            return None
        earlier = [r for r in self._states.load_stream(organisation_id, stream_id) if r.occurred_at <= at]
        return fold(earlier, self._states.aggregates).state

    def find_event(self, organisation_id: UUID, kind: str, stream_id: UUID, event_id: UUID | None) -> UUID | None:
        """Read from the log: events that this batch is about to record are not found."""
        if self.state(organisation_id, kind, stream_id) is None:
            return None
        return self._states.source.find_event_id(organisation_id, stream_id, event_id)

    def list_streams(self, organisation_id: UUID, listed_under: UUID) -> list[UUID]:
        return self._states.list_streams(organisation_id, listed_under)

    def promises(self, organisation_id: UUID, owner: UUID) -> PromiseBook:
        return self._states.promises(organisation_id, owner)


#: Timers that may run in a row on one stream; more would be a rule that never ends.
_MAX_TIMERS_IN_A_ROW = 100


class DecidedCommand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a command comes to: its events, not yet stored, and the state after them."""

    organisation_id: UUID
    stream: str
    #: Timers that ran first, then the act's own.
    facts: list[NewEvent]
    events: list[RecordedEvent]
    #: How many of them are timers.
    timers: int
    #: The organisation's position after them.
    position: int
    before: StreamState
    change: StateChange


class CommandDecider:
    """Decides commands one after another, each on the states that the earlier ones left."""

    def __init__(
        self,
        states: BatchStates,
        head: Head,
        *,
        now: datetime,
        new_id: Callable[[], UUID],
        position: Callable[[UUID], int],
    ) -> None:
        self.states = states
        self.now = now
        self.recorded_at = head.next_recorded_at(now)
        self.log_position = head.log_position
        #: Organisations' positions (by the id as an integer) after the accepted decisions.
        self.positions: dict[int, int] = {}
        self._load_position = position
        self._reader = BatchStateReader(states, new_id)

    def decide(self, command: Command) -> DecidedCommand:
        """Timers up to the act's time, then the act; raises the `Refusal` of the first rule that it breaks."""
        entry = self._entry(command)
        if command.must_exist and not entry.version:
            raise NotFound(f"no such {command.kind}")
        if command.expected_versions is not None and entry.version not in command.expected_versions:
            expected = " or ".join(map(str, command.expected_versions)) or "one that was named"
            raise VersionConflict(f"the stream is at version {entry.version}, not {expected}")
        at = command.occurred_at or self.now
        if at > self.now:
            raise InTheFuture(pointer="/at")
        check_texts(command.act)
        draft = _StreamDecision(self, command, entry)
        world = self.context(command, at)
        timers = draft.run_timers(world)
        world.party = command.party
        for fact in draft.aggregate.decide(draft.state, command.act, world):
            draft.record(fact)
        return draft.to_decided_command(timers)

    def run_timers(self, command: Command) -> DecidedCommand:
        """The timers alone, up to now; `command` names the stream, of whatever kind it is, and carries no act."""
        kind = self.states.entry(command.organisation_id, command.stream_id).kind
        if kind:
            command = msgspec.structs.replace(command, kind=kind)
        draft = _StreamDecision(self, command, self._entry(command))
        return draft.to_decided_command(draft.run_timers(self.context(command, self.now)))

    def accept(self, decision: DecidedCommand) -> None:
        """Let the commands after this one see it."""
        self.states.record(decision.change, decision.events)
        self.log_position += len(decision.events)
        self.positions[decision.organisation_id.int] = decision.position

    def position(self, organisation_id: UUID) -> int:
        """The organisation's position after the accepted decisions."""
        known = self.positions.get(organisation_id.int)
        if known is None:
            known = self.positions[organisation_id.int] = self._load_position(organisation_id)
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

    def context(self, command: Command, at: datetime) -> DecisionContext:
        """The context of the timers that are due at an instant (UTC); the act's, once it has its party."""
        return DecisionContext(
            reader=self._reader,
            organisation_id=command.organisation_id,
            stream_id=command.stream_id,
            at=at,
            now=self.now,
            party=None,
            source=command.source,
            roles=command.roles,
            act=command.act,
            external_source=command.external_source,
        )


class _StreamDecision:
    """The stream of one command while it is being decided."""

    def __init__(self, decider: CommandDecider, command: Command, before: StreamState) -> None:
        self._decider = decider
        self._command = command
        self._before = before
        self._stream = f"{command.kind}/{command.stream_id}"
        self._correlation = command.correlation_id
        self._causation = command.causation_id
        self._position = decider.position(command.organisation_id)
        self.aggregate: AggregateType = decider.states.aggregates[command.kind]
        self.state: Any = before.state
        self._last_at = before.last_at
        self.facts: list[NewEvent] = []
        self.events: list[RecordedEvent] = []

    def run_timers(self, world: DecisionContext) -> int:
        """Record every timer due at `world.at`, earliest first; their number."""
        for ran in range(_MAX_TIMERS_IN_A_ROW):
            fact = self.aggregate.next_due_timer(self.state, world)
            if fact is None:
                return ran
            self.record(fact)
        raise RuntimeError(f"timers of {self._stream} do not end")

    def record(self, fact: NewEvent) -> None:
        """Give the fact its envelope and fold it, in its place in business time."""
        timer = fact.source is Source.TIMER
        number = len(self.events) + 1
        if not timer and self._correlation is None:
            self._correlation = fact.event_id
        recorded = RecordedEvent(
            event_id=fact.event_id,
            organisation_id=self._command.organisation_id,
            stream=self._stream,
            version=self._before.version + number,
            type=str(type(fact.data).__struct_config__.tag),
            occurred_at=fact.occurred_at,
            recorded_at=self._decider.recorded_at,
            actor=None if timer else self._command.actor,
            on_behalf_of=None if timer else self._command.on_behalf_of,
            source=fact.source or self._command.source,
            causation_id=fact.causation_id or (None if timer else self._causation),
            correlation_id=fact.event_id if timer or self._correlation is None else self._correlation,
            reason=fact.reason,
            external_source=None if timer else self._command.external_source,
            key_id=None if timer else self._command.key_id,
            position=self._position + number,
            log_position=self._decider.log_position + number,
            data=fact.data,
        )
        if not timer:
            # A second event of the same act follows from its first.
            self._causation = self._causation or fact.event_id
        self.facts.append(fact)
        self.events.append(recorded)
        if self._last_at is None or recorded.occurred_at >= self._last_at:
            self._last_at = recorded.occurred_at
        elif not self.aggregate.can_fold_late(self.state, recorded):
            self.state = self._fold_anew()
            return
        self.state = self.aggregate.evolve(self.state, recorded)

    def _fold_anew(self) -> Any:  # noqa: ANN401
        """The state that all events make, each in its place in business time."""
        states, command = self._decider.states, self._command
        stream = states.load_stream(command.organisation_id, command.stream_id)
        return fold([*stream, *self.events], states.aggregates).state

    def to_decided_command(self, timers: int) -> DecidedCommand:
        command, aggregates = self._command, self._decider.states.aggregates
        version = self._before.version + len(self.events)
        before = index_entry(self._before, aggregates)
        after = self.aggregate.index_entry(self.state) if version else NOT_INDEXED
        entry = StreamState(command.kind, version, self.state, after, self._last_at) if version else self._before
        return DecidedCommand(
            organisation_id=command.organisation_id,
            stream=self._stream,
            facts=self.facts,
            events=self.events,
            timers=timers,
            position=self._position + len(self.events),
            before=self._before,
            change=StateChange(
                organisation_id=command.organisation_id,
                stream_id=command.stream_id,
                entry=entry,
                before=before,
                after=after,
            ),
        )
