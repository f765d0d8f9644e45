"""One turn at the log head: a batch of commands decided in order, and the one append that they come to.

`Ledger.handle` takes its turn with a single command. A group commit takes one with all that are waiting: a later
command sees the events of an earlier one, and a refused one leaves nothing and harms no neighbour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain.aggregates import Aggregate
from domain.envelope import Recorded
from domain.errors import Refusal
from domain.standing import IDLE, Standing
from ledger.commands import Command, IdempotencyKey, Receipt
from ledger.deciding import Decision, Desk
from ledger.idempotency import answer_row, check_digest, find_answer
from ledger.mapper import Mapper
from ledger.recorders import (
    ANSWERS,
    EVENTS,
    IMPORT_ROWS,
    STANDING,
    Append,
    Head,
    Row,
    Session,
    as_uuid,
    micros,
    moment,
)
from ledger.source import StoredSource
from ledger.states import Cache, States, fold

#: A live goal is looked at this often even when no clock of it is running: a policy may have set one going.
LOOK_AGAIN = timedelta(days=1)
#: More foreign events than this, and forgetting everything is cheaper than forgetting stream by stream.
_FORGET_ALL = 1000


class Turn:
    """Holds the head; the cache may be used until the transaction ends."""

    def __init__(
        self,
        session: Session,
        head: Head,
        *,
        cache: Cache,
        mapper: Mapper,
        aggregates: Mapping[str, Aggregate],
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._session = session
        self._mapper = mapper
        self._cache = cache
        self._synchronise(head)
        #: Never before what is recorded already, even when the machine's clock was put back.
        self.now = max(clock(), moment(head.recorded_at))
        self.states = States(cache, StoredSource(session, mapper), aggregates)
        self._desk = Desk(
            self.states, now=self.now, new_id=new_id, log_position=head.log_position, position=self._stored_position
        )
        self._recorded: list[Recorded] = []
        self._standings: dict[UUID, Row] = {}
        self._answers: dict[tuple[UUID, str, str], tuple[IdempotencyKey, Receipt]] = {}
        self._import_rows: set[tuple[UUID, str]] = set()

    def answer(self, command: Command) -> Receipt | Refusal:
        """The command's receipt, or why it was refused."""
        try:
            return self._repeated(command) or self._decided(command)
        except Refusal as refusal:
            return refusal

    def sweep(self, command: Command) -> Receipt | None:
        """Run what is due on one goal and say when to look again; the receipt, or None where nothing was due."""
        decision = self._desk.sweep(command)
        self._keep(decision)
        entry, after = decision.move.entry, decision.move.after
        rings: datetime | None = None
        if after != IDLE:
            aggregate = self.states.aggregates[entry.kind]
            look = self.now + LOOK_AGAIN
            rings = min(aggregate.next_ring(entry.state, self._desk.sweep_world(command)) or look, look)
        self._stand(decision, Standing(live_owner=after.live_owner, next_timer=rings))
        if not decision.recorded:
            return None
        ids = [recorded.event_id for recorded in decision.recorded]
        return msgspec.structs.replace(self._receipt(decision), event_ids=ids, already=False)

    def append(self) -> Append | None:
        """Everything that the batch comes to; None: nothing to store."""
        answers = [
            answer_row(organisation_id, key, receipt, micros(self.now))
            for (organisation_id, _, _), (key, receipt) in self._answers.items()
        ]
        events = [self._event_row(recorded) for recorded in self._recorded]
        rows = (
            (EVENTS, events),
            (STANDING, list(self._standings.values())),
            (ANSWERS, answers),
            (IMPORT_ROWS, list(self._import_rows)),
        )
        written = [(target, some) for target, some in rows if some]
        return Append(events=len(events), recorded_at=micros(self.now), rows=written) if written else None

    def settle(self) -> None:
        """The transaction is committed; still under the process's lock, the cache takes over what it stored."""
        self.states.settle()
        self._cache.synced = self._desk.log_position

    def _synchronise(self, head: Head) -> None:
        synced = self._cache.synced
        if synced != head.log_position:
            if synced is None or head.log_position - synced > _FORGET_ALL:
                self._cache.clear()
            else:
                changed = self._session.query("changed", after=synced)
                self._cache.forget((as_uuid(organisation), as_uuid(stream)) for organisation, stream in changed)
            self._cache.synced = head.log_position

    def _repeated(self, command: Command) -> Receipt | None:
        """The receipt where this very request, or import row, has been answered before."""
        key, organisation_id = command.idempotency, command.organisation_id
        if key is not None:
            earlier = self._answers.get((organisation_id, key.scope, key.key))
            if earlier is not None:
                check_digest(key, earlier[0].digest)
                return msgspec.structs.replace(earlier[1], replayed=True)
            found = find_answer(self._session, organisation_id, key, micros(self.now))
            if found is not None:
                return self._with_state(found, organisation_id)
        row = command.import_row
        if row is not None and (
            (organisation_id, row) in self._import_rows
            or self._session.query("imported", organisation_id=organisation_id, import_row=row)
        ):
            return self._already(command)
        return None

    def _decided(self, command: Command) -> Receipt:
        decision = self._desk.decide(command)
        self._keep(decision)
        if decision.move.before != decision.move.after:
            self._stand(decision, decision.move.after)
        receipt = self._receipt(decision)
        if command.idempotency is not None:
            key = command.idempotency
            self._answers[command.organisation_id, key.scope, key.key] = (key, receipt)
        if command.import_row is not None:
            self._import_rows.add((command.organisation_id, command.import_row))
        return receipt

    def _keep(self, decision: Decision) -> None:
        self._desk.keep(decision)
        self._recorded.extend(decision.recorded)

    def _stand(self, decision: Decision, standing: Standing) -> None:
        organisation_id, goal_id = decision.move.key
        timer = micros(standing.next_timer) if standing.next_timer else None
        self._standings[goal_id] = (organisation_id, goal_id, standing.live_owner, timer)

    def _receipt(self, decision: Decision) -> Receipt:
        return Receipt(
            event_ids=[recorded.event_id for recorded in decision.recorded[decision.timers :]],
            stream=decision.stream,
            version=decision.move.entry.version,
            position=self._desk.position(decision.organisation_id),
            log_position=self._desk.log_position,
            # An act that says again what is so already records nothing.
            already=len(decision.recorded) == decision.timers,
            state=decision.move.entry.state,
        )

    def _already(self, command: Command) -> Receipt:
        entry = self.states.entry(command.organisation_id, command.stream_id)
        return Receipt(
            event_ids=[],
            stream=f"{command.kind}/{command.stream_id}",
            version=entry.version,
            position=self._desk.position(command.organisation_id),
            log_position=self._desk.log_position,
            already=True,
            state=entry.state,
        )

    def _with_state(self, receipt: Receipt, organisation_id: UUID) -> Receipt:
        stream_id = UUID(receipt.stream.partition("/")[2])
        events = self.states.source.stream(organisation_id, stream_id)
        entry = fold([event for event in events if event.version <= receipt.version], self.states.aggregates)
        return msgspec.structs.replace(receipt, state=entry.state)

    def _stored_position(self, organisation_id: UUID) -> int:
        return int(self._session.query("position", organisation_id=organisation_id)[0][0] or 0)

    def _event_row(self, recorded: Recorded) -> Row:
        stored = self._mapper.to_stored_event(recorded)
        return (
            stored.originator_id,
            stored.originator_version,
            stored.topic,
            stored.state,
            recorded.log_position,
            recorded.organisation_id,
            recorded.position,
            micros(recorded.recorded_at),
        )
