"""Many acts by several members, decided and folded in memory exactly as the ledger does it.

Timers first, then the act, nothing kept of a refused one; the clock and the ids are the test's. See `tests.spec`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.charter import acts as charter_acts
from domain.charter.state import Charter, resolve_charter_id
from domain.context import DecisionContext
from domain.cycle import acts as cycle_acts
from domain.decision import acts as decision_acts
from domain.envelope import Event, NewEvent, RecordedEvent, Source, by_business_time
from domain.errors import Refusal
from domain.experiment import acts as experiment_acts
from domain.goal import acts as goal_acts
from domain.goal.state import Goal, Negotiating, Promised
from domain.index import IndexEntry
from domain.member import member
from domain.member.member import Member
from domain.organisation import organisation
from domain.organisation.organisation import PolicyVersion
from domain.references import resolve_stream_id
from domain.registry import AGGREGATES, AggregateType, to_commitment
from domain.subscription import subscription
from domain.team import team
from ledger.commands import EventPosition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.cycle.state import Cycle
    from domain.decision.state import Decision
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
    (subscription.Act, "subscription"),
)
_MINUTE = timedelta(minutes=1)
#: More timers than this in a row before one act: they do not come to an end.
_MAX_TIMERS = 50


def instant(when: datetime | date | str) -> datetime:
    """`when` as an aware UTC instant; a day alone means 09:00."""
    if isinstance(when, str):
        when = datetime.fromisoformat(when) if "T" in when else date.fromisoformat(when)
    if not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day, 9, tzinfo=UTC)
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


class Story:
    """Many acts by several members at given times; `events` is their log. It is a `domain.context.Reader`,
    and to projections a ledger.
    """

    def __init__(
        self, *, zone: str = "UTC", begins: When = "2026-01-05", seed: int = 1, policy: dict[str, Any] | None = None
    ) -> None:
        self.seed = seed
        self.organisation_id = UUID(f"{seed:08x}-0000-7000-8000-ffffffffffff")
        self.now = instant(begins or "2026-01-05")
        #: The whole log, in order; `log_position` and `position` count from 1.
        self.events: list[RecordedEvent] = []
        self._ids = 0
        self._versions: Counter[tuple[str, UUID]] = Counter()
        self._states: dict[tuple[str, UUID], Any] = {}
        self._create_organisation(zone, policy)

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
        party = self.id(by)
        world = self.world(stream_id, said_at, party=party, now=known_at, roles=roles)
        written = act if as_written else self._with_answers(act, stream_id)
        with self._rollback_on_refusal():
            start = len(self.events)
            aggregate = AGGREGATES[kind]
            self._run_timers(aggregate, world)
            command = self.next_id()
            for fact in aggregate.decide(self._states.get((kind, stream_id)), written, world):
                self._record(aggregate, world, fact, command)
        return self.events[start:]

    def record_event(self, event: Event, *, on: str = "goal", at: When = None, by: str | None = None) -> RecordedEvent:
        """Put an event into the log undecided, as history written under other rules."""
        kind = str(type(event).__struct_config__.tag).partition(".")[0]
        said_at = self.now + _MINUTE if at is None else instant(at)
        world = self.world(self.id(on, kind), said_at, party=self.id(by) if by else None)
        fact = NewEvent(event_id=self.next_id(), data=event, occurred_at=world.at)
        return self._record(AGGREGATES[kind], world, fact, self.next_id())

    def sweep(self, at: When) -> list[RecordedEvent]:
        """The clock alone: every timer of every goal that falls due at or before `at`, goal by goal."""
        until = instant(at) if at is not None else self.now
        start = len(self.events)
        for kind, stream_id in sorted(self._states):
            rings = AGGREGATES[kind].index_entry(self._states[kind, stream_id]).next_timer_at
            if rings is not None and rings <= until:
                self._run_timers(AGGREGATES[kind], self.world(stream_id, until, source=Source.TIMER))
        self.now = max(self.now, until)
        return self.events[start:]

    def world(
        self,
        stream_id: UUID,
        at: datetime,
        *,
        party: UUID | None = None,
        now: datetime | None = None,
        roles: frozenset[str] | None = None,
        source: Source = Source.API,
    ) -> DecisionContext:
        """The surroundings of one command; roles are those the acting principal holds."""
        imported = now is not None and now != at
        principal = self.id("stella") if imported else party
        held = self.member(self.organisation_id, principal) if principal else None
        return DecisionContext(
            reader=self,
            organisation_id=self.organisation_id,
            stream_id=stream_id,
            at=at,
            now=now or at,
            party=party,
            source=Source.IMPORT if imported else source,
            roles=roles if roles is not None else frozenset(held.roles if held else ()),
        )

    def _with_answers(self, act: Act, stream_id: UUID) -> Act:
        """The act naming what is open now, where it answers something and names nothing."""
        if getattr(act, "answers", "no such field") is not None:
            return act
        opened: UUID | None = None
        match self._states.get(("goal", stream_id)):
            case Negotiating() as asked:
                opened = asked.open
            case Promised(proposal=proposal, delivery=delivery):
                waiting = proposal or delivery
                opened = waiting.id if waiting else None
        return msgspec.structs.replace(act, answers=str(opened)) if opened else act

    def _run_timers(self, aggregate: AggregateType, world: DecisionContext) -> None:
        command = self.next_id()
        for _ in range(_MAX_TIMERS):
            fact = aggregate.next_due_timer(self._states.get((aggregate.kind, world.stream_id)), world)
            if fact is None:
                return
            self._record(aggregate, world, fact, command)
        raise AssertionError(f"timers without end on {aggregate.kind}/{world.stream_id}: {fact}")

    def _record(self, aggregate: AggregateType, world: DecisionContext, fact: NewEvent, command: UUID) -> RecordedEvent:
        key = (aggregate.kind, world.stream_id)
        timer = fact.source is Source.TIMER
        imported = world.source is Source.IMPORT and not timer
        recorded = RecordedEvent(
            event_id=fact.event_id,
            organisation_id=self.organisation_id,
            stream=f"{aggregate.kind}/{world.stream_id}",
            version=self._versions[key] + 1,
            type=str(type(fact.data).__struct_config__.tag),
            occurred_at=fact.occurred_at,
            recorded_at=max(world.now, self.events[-1].recorded_at if self.events else world.now),
            actor=None if timer else self.id("stella") if imported else world.party,
            on_behalf_of=world.party if imported else None,
            source=fact.source or world.source,
            causation_id=fact.causation_id,
            correlation_id=command,
            reason=fact.reason,
            position=len(self.events) + 1,
            log_position=len(self.events) + 1,
            data=fact.data,
        )
        self._states[key] = aggregate.evolve(self._states.get(key), recorded)
        self._versions[key] += 1
        self.events.append(recorded)
        self.now = max(self.now, world.now)
        return recorded

    @contextmanager
    def _rollback_on_refusal(self) -> Iterator[None]:
        kept = (len(self.events), dict(self._states), self._versions.copy(), self.now)
        try:
            yield
        except Refusal:
            length, self._states, self._versions, self.now = kept
            del self.events[length:]
            raise

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
        return self._states.get((kind, self.id(ref, kind)))

    def states(self, kind: str = "goal") -> list[Any]:
        """The folded states of a kind, in order of their beginning."""
        return [state for (of, _), state in self._states.items() if of == kind]

    def stream(self, ref: str = "goal", kind: str = "goal") -> list[RecordedEvent]:
        """The events of one stream, in log order."""
        stream_id = self.id(ref, kind)
        return [e for e in self.events if e.stream_id == stream_id]

    def last_event(self, ref: str = "goal", kind: str = "goal") -> RecordedEvent:
        """The latest event of one stream."""
        return self.stream(ref, kind)[-1]

    def index_entry(self, stream_id: UUID) -> IndexEntry:
        """What the ledger would keep in its index for this goal."""
        return AGGREGATES["goal"].index_entry(self._states[("goal", stream_id)])

    # --- domain.world.Reader ------------------------------------------------------------------------------------

    def member(self, organisation_id: UUID, member_id: UUID) -> member.Member | None:
        state: member.Member | None = self._states.get(("member", member_id))
        return state

    def team(self, organisation_id: UUID, team_id: UUID) -> team.Team | None:
        state: team.Team | None = self._states.get(("team", team_id))
        return state

    def policy(self, organisation_id: UUID, at: datetime) -> PolicyVersion:
        return self._organisation.policy_at(at)

    def zone(self, organisation_id: UUID) -> ZoneInfo:
        return ZoneInfo(self._organisation.zone)

    @property
    def _organisation(self) -> organisation.Organisation:
        state: organisation.Organisation = self._states[("organisation", self.organisation_id)]
        return state

    def goal(self, organisation_id: UUID, goal_id: UUID) -> Goal | None:
        state: Goal | None = self._states.get(("goal", goal_id))
        return state

    def charter(self, organisation_id: UUID, charter_id: UUID) -> Charter | None:
        state: Charter | None = self._states.get(("charter", charter_id))
        return state

    def find_event(self, organisation_id: UUID, kind: str, stream_id: UUID, event_id: UUID | None) -> UUID | None:
        ids = [e.event_id for e in self.events if e.stream == f"{kind}/{stream_id}"]
        if event_id is None:
            return ids[-1] if ids else None
        return event_id if event_id in ids else None

    def watermark(self, organisation_id: UUID, source: str) -> datetime | None:
        state = self._states.get(("organisation", organisation_id))
        return state.watermark_of(source) if state else None

    def state_at(self, organisation_id: UUID, kind: str, stream_id: UUID, at: datetime) -> Any:  # noqa: ANN401
        state: Any = None
        earlier = [r for r in self.events if r.stream == f"{kind}/{stream_id}" and r.occurred_at <= at]
        for recorded in sorted(earlier, key=by_business_time):
            state = AGGREGATES[kind].evolve(state, recorded)
        return state

    def goal_exists(self, organisation_id: UUID, goal_id: UUID) -> bool:
        return ("goal", goal_id) in self._states

    def decision(self, organisation_id: UUID, decision_id: UUID) -> Decision | None:
        state: Decision | None = self._states.get(("decision", decision_id))
        return state

    def live_commitments(self, organisation_id: UUID, owner: UUID) -> tuple[Commitment, ...]:
        live = [s for s in self.states() if AGGREGATES["goal"].index_entry(s).listed_under == owner]
        return tuple(c for c in map(to_commitment, live) if c is not None)

    def cycle(self, organisation_id: UUID, cycle_id: UUID) -> Cycle | None:
        state: Cycle | None = self._states.get(("cycle", cycle_id))
        return state

    def open_cycle(self, organisation_id: UUID, charter_id: UUID) -> Cycle | None:
        held: list[Cycle] = self.states("cycle")
        return next((c for c in held if AGGREGATES["cycle"].index_entry(c).listed_under == charter_id), None)

    def members_of(self, organisation_id: UUID, team_id: UUID) -> tuple[Member, ...]:
        listed = (team_id, member.SEVERAL_TEAMS)
        people: list[Member] = self.states("member")
        return tuple(m for m in people if AGGREGATES["member"].index_entry(m).listed_under in listed)

    def successor_of(self, organisation_id: UUID, cycle_id: UUID) -> Cycle | None:
        held: list[Cycle] = self.states("cycle")
        return next((c for c in held if AGGREGATES["cycle"].index_entry(c).listed_under == cycle_id), None)

    def count_listed(self, organisation_id: UUID, listed_under: UUID) -> int:
        entries = (AGGREGATES["subscription"].index_entry(held) for held in self.states("subscription"))
        return sum(entry.listed_under == listed_under for entry in entries)

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
