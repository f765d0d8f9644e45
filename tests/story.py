"""Many acts by several members, decided by the ledger's own decider on a log in memory.

Nothing stays of a refused act; the clock and the ids are the test's. See `tests.spec`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from domain.charter import acts as charter_acts
from domain.charter.state import resolve_charter_id
from domain.context import DecisionContext
from domain.cycle import acts as cycle_acts
from domain.decision import acts as decision_acts
from domain.envelope import Event, NewEvent, RecordedEvent, Source
from domain.experiment import acts as experiment_acts
from domain.goal import acts as goal_acts
from domain.goal.state import Negotiating, Promised
from domain.index import IndexEntry
from domain.instants import to_micros
from domain.member import member
from domain.organisation import organisation
from domain.recognition import recognition
from domain.references import resolve_stream_id
from domain.registry import AGGREGATES, AggregateType
from domain.subscription import subscription
from domain.team import team
from ledger.commands import Command, EventPosition
from ledger.decider import BatchStateReader, CommandDecider, DecidedCommand
from ledger.states import BatchStates, StateCache, index_entry
from ledger.storage.protocol import Head

if TYPE_CHECKING:
    from domain.load import Commitment

Act = (
    goal_acts.Act
    | cycle_acts.Act
    | charter_acts.Act
    | decision_acts.Act
    | experiment_acts.Act
    | member.Act
    | team.Act
    | organisation.Act
    | recognition.Act
    | subscription.Act
)
When = datetime | date | str | None

_KINDS: tuple[tuple[type[Any], str], ...] = (
    (goal_acts.Act, "goal"),
    (cycle_acts.Act, "cycle"),
    (member.Act, "member"),
    (team.Act, "team"),
    (organisation.Act, "organisation"),
    (charter_acts.Act, "charter"),
    (decision_acts.Act, "decision"),
    (experiment_acts.Act, "experiment"),
    (recognition.Act, "recognition"),
    (subscription.Act, "subscription"),
)
_MINUTE = timedelta(minutes=1)
#: Streams: no test has more, and what is not cached would be folded again.
_CACHED_STREAMS = 1_000_000


def instant(when: datetime | date | str) -> datetime:
    """`when` as an aware UTC instant; a day alone means 09:00."""
    if isinstance(when, str):
        when = datetime.fromisoformat(when) if "T" in when else date.fromisoformat(when)
    if not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day, 9, tzinfo=UTC)
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


class _Nothing(msgspec.Struct):
    """No act."""


class MemoryLog:
    """The log of one organisation in memory, as the decider's `ledger.states.StateSource`."""

    def __init__(self) -> None:
        #: In order; `log_position` and `position` count from 1.
        self.events: list[RecordedEvent] = []
        self.cache = StateCache(_CACHED_STREAMS)

    def load_stream(self, _organisation_id: UUID, stream_id: UUID) -> list[RecordedEvent]:
        # Not by `stream_id`, which parses a UUID for each event of the log.
        suffix = f"/{stream_id}"
        return [recorded for recorded in self.events if recorded.stream.endswith(suffix)]

    def find_event_id(self, organisation_id: UUID, stream_id: UUID, event_id: UUID | None) -> UUID | None:
        ids = [recorded.event_id for recorded in self.load_stream(organisation_id, stream_id)]
        if event_id is None:
            return ids[-1] if ids else None
        return event_id if event_id in ids else None

    def belongs_to_other_tenant(self, _organisation_id: UUID, _stream_id: UUID) -> bool:
        return False

    def find_listed_streams(self, _organisation_id: UUID, listed_under: UUID) -> frozenset[UUID]:
        entries = self.cache.entries.items()
        return frozenset(
            UUID(int=stream_id)
            for (_, stream_id), entry in entries
            if entry.version and index_entry(entry, AGGREGATES).listed_under == listed_under
        )


class Story:
    """Many acts by several members at given times; `events` is their log. To projections it is a ledger."""

    def __init__(
        self, *, zone: str = "UTC", begins: When = "2026-01-05", seed: int = 1, policy: dict[str, Any] | None = None
    ) -> None:
        self.seed = seed
        self.organisation_id = UUID(f"{seed:08x}-0000-7000-8000-ffffffffffff")
        self.now = instant(begins or "2026-01-05")
        self._log = MemoryLog()
        self._ids = 0
        self._create_organisation(zone, policy)

    @property
    def events(self) -> list[RecordedEvent]:
        """The whole log, in order."""
        return self._log.events

    def _create_organisation(self, zone: str, policy: dict[str, Any] | None) -> None:
        steward = frozenset({"steward"})
        self.says("stella", organisation.Create(name="Plimsoll", zone=zone), roles=steward)
        if policy:
            self.says("stella", organisation.SetPolicy(policy=policy), roles=steward)
        self.says("stella", team.Create(name="Core", lead="lea", ref="core"), roles=steward)
        for name in ("lea", "ana", "ben", "sam", "mia"):
            self.says("stella", member.Join(team="core", name=name.title(), ref=name), on=name, roles=steward)
        self.says("stella", member.Join(name="Stella", ref="stella"), roles=steward)
        self.says("stella", member.GrantRole(role=member.Role.STEWARD), roles=steward)

    # --- saying things ------------------------------------------------------------------------------------------

    def says(
        self,
        by: str,
        act: Act,
        *,
        on: str | None = None,
        at: When = None,
        learnt: When = None,
        roles: frozenset[str] | None = None,
        as_written: bool = False,
    ) -> list[RecordedEvent]:
        """What the act recorded, timers that ran before it included; raises its `Refusal` and then nothing stays.

        `on` names the stream by reference ("goal" where nothing is said; a member speaks about herself). `learnt` makes
        it an import: said at `at`, recorded at `learnt`, by stella on behalf of `by`. An act that answers something
        answers what is open, unless it names it or is taken `as_written`.
        """
        kind = next(name for base, name in _KINDS if isinstance(act, base))
        stream_id = self.id(on or {"member": by, "team": "core", "charter": "core"}.get(kind, kind), kind)
        said_at = self.now + _MINUTE if at is None else instant(at)
        known_at = said_at if learnt is None else instant(learnt)
        imported = known_at != said_at
        principal = self.id("stella" if imported else by)
        command = Command(
            organisation_id=self.organisation_id,
            kind=kind,
            stream_id=stream_id,
            act=act if as_written else self._with_answers(act, stream_id),
            actor=principal,
            on_behalf_of=self.id(by) if imported else None,
            roles=self._roles_of(principal) if roles is None else roles,
            source=Source.IMPORT if imported else Source.API,
            occurred_at=said_at if imported else None,
        )
        return self._record(known_at, lambda decider: decider.decide(command))

    def record_event(self, event: Event, *, on: str = "goal", at: When = None, by: str | None = None) -> RecordedEvent:
        """Put an event into the log undecided, as history written under other rules."""
        kind = str(type(event).__struct_config__.tag).partition(".")[0]
        said_at = self.now + _MINUTE if at is None else instant(at)
        fact = NewEvent(event_id=self.next_id(), data=event, occurred_at=said_at)
        undecided = msgspec.structs.replace(AGGREGATES[kind], decide=lambda *_: [fact], next_due_timer=lambda *_: None)
        command = Command(
            organisation_id=self.organisation_id,
            kind=kind,
            stream_id=self.id(on, kind),
            act=_Nothing(),
            actor=self.id(by) if by else None,
        )
        aggregates = {**AGGREGATES, kind: undecided}
        (recorded,) = self._record(said_at, lambda decider: decider.decide(command), aggregates)
        return recorded

    def sweep(self, at: When) -> list[RecordedEvent]:
        """The clock alone: every timer of every goal that falls due at or before `at`, goal by goal."""
        until = instant(at) if at is not None else self.now
        start = len(self.events)
        for kind, stream_id in sorted(self.states_by_stream()):
            due = self.index_entry(stream_id).next_timer_at
            if due is not None and due <= until:
                command = Command(
                    organisation_id=self.organisation_id,
                    kind=kind,
                    stream_id=stream_id,
                    act=None,
                    actor=None,
                    source=Source.TIMER,
                )
                self._record(until, partial(CommandDecider.run_timers, command=command))
        self.now = max(self.now, until)
        return self.events[start:]

    def _record(
        self,
        now: datetime,
        decide: Callable[[CommandDecider], DecidedCommand],
        aggregates: dict[str, AggregateType] = AGGREGATES,
    ) -> list[RecordedEvent]:
        """Append what was decided; the log and its states stay as they were when that raises."""
        states = BatchStates(self._log.cache, self._log, aggregates)
        last = to_micros(self.events[-1].recorded_at) if self.events else 0
        decider = CommandDecider(
            states,
            Head(log_position=len(self.events), recorded_at=last),
            now=now,
            new_id=self.next_id,
            position=lambda _organisation_id: len(self.events),
        )
        decision = decide(decider)
        decider.accept(decision)
        states.flush_to_cache()
        self.events.extend(decision.events)
        self.now = max(self.now, now)
        return decision.events

    @property
    def reader(self) -> BatchStateReader:
        """What a decision may read, as things stand."""
        return BatchStateReader(BatchStates(self._log.cache, self._log, AGGREGATES), self.next_id)

    def world(
        self,
        stream_id: UUID,
        at: datetime,
        *,
        party: UUID | None = None,
        source: Source = Source.API,
    ) -> DecisionContext:
        """The surroundings of a decision at `at`."""
        return DecisionContext(
            reader=self.reader,
            organisation_id=self.organisation_id,
            stream_id=stream_id,
            at=at,
            now=at,
            party=party,
            source=source,
            roles=self._roles_of(party) if party else frozenset(),
        )

    def _roles_of(self, member_id: UUID) -> frozenset[str]:
        held = self.reader.state(self.organisation_id, "member", member_id)
        return frozenset(held.roles) if held else frozenset()

    def _with_answers(self, act: Act, stream_id: UUID) -> Act:
        """The act naming what is open now, where it answers something and names nothing."""
        if getattr(act, "answers", "no such field") is not None:
            return act
        opened: UUID | None = None
        match self._state(stream_id):
            case Negotiating() as asked:
                opened = asked.open
            case Promised(proposal=proposal, delivery=delivery):
                waiting = proposal or delivery
                opened = waiting.id if waiting else None
        return msgspec.structs.replace(act, answers=str(opened)) if opened else act

    # --- looking ------------------------------------------------------------------------------------------------

    def id(self, ref: str, kind: str = "member") -> UUID:
        """The id that a reference names."""
        if kind == "organisation":
            return self.organisation_id
        if kind == "charter":
            return resolve_charter_id(self.organisation_id, ref)
        return resolve_stream_id(self.organisation_id, kind, ref)

    def state(self, ref: str = "goal", kind: str = "goal") -> Any:
        """The folded state, None where nothing was ever said."""
        return self._state(self.id(ref, kind))

    def states(self, kind: str = "goal") -> list[Any]:
        """The folded states of a kind, in order of their beginning."""
        return [state for (of, _), state in self.states_by_stream().items() if of == kind]

    def states_by_stream(self) -> dict[tuple[str, UUID], Any]:
        """Every stream's kind and id, in order of their beginning, and its folded state."""
        streams = dict.fromkeys((recorded.kind, recorded.stream_id) for recorded in self.events)
        return {(kind, stream_id): self._state(stream_id) for kind, stream_id in streams}

    def _state(self, stream_id: UUID) -> Any:
        entry = self._log.cache.entries.get((self.organisation_id.int, stream_id.int))
        return entry.state if entry else None

    def stream(self, ref: str = "goal", kind: str = "goal") -> list[RecordedEvent]:
        """The events of one stream, in log order."""
        stream_id = self.id(ref, kind)
        return [e for e in self.events if e.stream_id == stream_id]

    def last_event(self, ref: str = "goal", kind: str = "goal") -> RecordedEvent:
        """The latest event of one stream."""
        return self.stream(ref, kind)[-1]

    def index_entry(self, stream_id: UUID) -> IndexEntry:
        """The ledger's index row of this stream."""
        return index_entry(self._log.cache.entries[self.organisation_id.int, stream_id.int], AGGREGATES)

    def live_commitments(self, ref: str) -> tuple[Commitment, ...]:
        """The live promises that this member owns."""
        return self.reader.promises(self.organisation_id, self.id(ref)).list_commitments()

    def next_id(self) -> UUID:
        self._ids += 1
        return UUID(f"{self.seed:08x}-0000-7000-8000-{self._ids:012x}")

    # --- what projections read of a ledger ----------------------------------------------------------------------

    def read_log(self, after: int, limit: int) -> list[RecordedEvent]:
        return self.events[after : after + limit]

    def read_streams(self, stream_ids: Sequence[UUID], upto: int) -> dict[UUID, list[RecordedEvent]]:
        found: dict[UUID, list[RecordedEvent]] = {stream_id: [] for stream_id in stream_ids}
        for recorded in self.events[:upto]:
            if recorded.stream_id in found:
                found[recorded.stream_id].append(recorded)
        return found

    def head(self) -> int:
        return len(self.events)

    def log_position_at(self, at: datetime) -> int:
        return sum(recorded.recorded_at <= at for recorded in self.events)

    def last_known(
        self, organisation_id: UUID, followed: int, *, recorded_as_of: datetime | None = None
    ) -> EventPosition:
        return last_known(self.events, organisation_id, followed, recorded_as_of)


def last_known(
    events: Sequence[RecordedEvent], organisation_id: UUID, followed: int, recorded_as_of: datetime | None
) -> EventPosition:
    """What `Ledger.last_known` answers of a log in memory."""
    own = [event for event in events if event.organisation_id == organisation_id]
    if recorded_as_of is not None:
        known = [event for event in own if event.recorded_at <= recorded_as_of]
    else:
        unknown = [event.recorded_at for event in own if event.log_position > followed]
        known = [event for event in own if not unknown or event.recorded_at < unknown[0]]
    if not known:
        return EventPosition(position=0, log_position=0, recorded_at=None)
    last = known[-1]
    return EventPosition(position=last.position, log_position=last.log_position, recorded_at=last.recorded_at)
