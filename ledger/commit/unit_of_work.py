"""A unit of work at the log head: commands decided in order, and the one append that they come to.

A later command sees the events of an earlier one; one that is refused, or fails, leaves nothing and affects no other.
A unit of work is locked, holding the head's row lock, or optimistic: then it assumes that the log ends where this
process left it, and its append is conditional on that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from time import monotonic
from uuid import UUID

import msgspec
from eventsourcing.persistence import PersistenceError

from domain.errors import Refusal
from domain.index import NOT_INDEXED, IndexEntry
from domain.instants import from_micros, to_micros
from domain.registry import AggregateType
from ledger.commands import Command, Receipt
from ledger.decider import CommandDecider, DecidedCommand
from ledger.event_sources import PrefetchedSource
from ledger.idempotency import IdempotencyRecords, RecentReceipts
from ledger.serialization import Mapper, decode_events
from ledger.states import BatchStates, Key, StateCache, StreamState, stream_key
from ledger.storage.protocol import (
    EVENTS,
    IDEMPOTENCY_INSERT,
    IDEMPOTENCY_UPSERT,
    IMPORT_ROWS,
    STREAM_INDEX,
    Append,
    Head,
    LogSession,
    Row,
    row_uuid,
)

#: A live goal is checked this often even when none of its timers is running: a policy may have started one.
RECHECK_TIMERS_AFTER = timedelta(days=1)
#: With more foreign events than this, dropping the cache is cheaper than folding them.
_MAX_FOREIGN_EVENTS = 1000
#: Streams that are read ahead in one query; bounds the memory of reading long ones.
_PREFETCH_STREAMS = 32


class WriterContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a writer keeps between two units of work, and what it decides with."""

    cache: StateCache
    receipts: RecentReceipts
    mapper: Mapper
    aggregates: Mapping[str, AggregateType]
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]


class UnitOfWork:
    """Decides on cached states, which it alone may use until its transaction ends.

    Raises `CacheMiss` where it would need the store and the session has none.
    """

    def __init__(self, session: LogSession, head: Head, context: WriterContext, *, locked: bool) -> None:
        self._session = session
        self._locked = locked
        self._mapper = context.mapper
        self._cache = cache = context.cache
        #: No other process has written since this one did.
        self.no_foreign_writes = cache.synced_to == head.log_position
        self._catch_up_cache(head, context.aggregates)
        #: Never before the last recorded event, even when the machine's clock was put back.
        self.now = max(context.clock(), from_micros(head.recorded_at))
        self._now_micros = to_micros(self.now)
        #: The head's instant after the append.
        self._head_recorded_at = head.recorded_at
        self._source = PrefetchedSource(session, context.mapper)
        self.states = BatchStates(cache, self._source, context.aggregates)
        # No reference back to the unit of work: one reference cycle per batch caused 60 ms collector pauses (0011).
        position = partial(_load_position, cache, session)
        self._decider = CommandDecider(self.states, head, now=self.now, new_id=context.new_id, position=position)
        self._recorded_micros = to_micros(self._decider.recorded_at)
        #: Streams to be read from the store, in the order of the commands.
        self._to_prefetch: dict[Key, None] = {}
        self._idempotency_records = IdempotencyRecords(context.receipts, self._now_micros)
        self._already_imported_rows: set[tuple[UUID, str]] = set()
        self._event_rows: list[Row] = []
        self._index_rows: dict[Key, Row] = {}
        self._import_rows: set[tuple[UUID, str]] = set()

    def prefetch(self, commands: Sequence[Command]) -> None:
        """Read in one query each what these commands need of the store.

        An optimistic unit of work takes every idempotency key to be new: most are, and one that is not makes the append
        a conflict.
        """
        if self._locked:
            self._idempotency_records.load(self._session, commands)
        rows = {(each.organisation_id, each.import_row) for each in commands if each.import_row is not None}
        if rows:
            found = self._session.query("imported", wanted=list(rows))
            self._already_imported_rows = {(row_uuid(organisation_id), row) for organisation_id, row in found}
        unknown = {each.organisation_id.int for each in commands} - self._cache.positions.keys()
        if unknown:
            wanted = [(UUID(int=organisation),) for organisation in unknown]
            for organisation_id, position in self._session.query("positions_of", wanted=wanted):
                self._cache.positions.put(row_uuid(organisation_id).int, int(position or 0))
        self._to_prefetch = self._find_cache_misses(commands)

    def warm_up(self, commands: Sequence[Command], until: float) -> bool:
        """Cache the streams that these commands lack; whether that was enough for any. `until`: monotonic seconds."""
        cold = [command for command in commands if self._find_cache_misses([command])]
        self.prefetch(cold)
        for command in cold:
            self._prefetch_missing(command)
            if monotonic() > until:
                break
        return any(not self._find_cache_misses([command]) for command in cold)

    def decide(self, command: Command) -> Receipt | Exception | None:
        """The command's receipt, or why there is none; None for a sweep that found nothing due.

        A defect in a rule harms its own command alone. Raises only where the store failed, or the transaction with it.
        """
        if self._to_prefetch:
            self._prefetch_missing(command)
        try:
            return self._run_timers(command) if command.act is None else self._decide_act(command)
        except Refusal as refusal:
            return refusal
        except Exception as error:
            if isinstance(error, PersistenceError) or self._session.is_broken:
                raise
            return error

    def build_append(self, *, fence: bool = False) -> Append | None:
        """The rows that the batch comes to; None: nothing to store. `fence`: the head is moved even so."""
        rows = (
            (EVENTS, self._event_rows),
            (STREAM_INDEX, list(self._index_rows.values())),
            (IDEMPOTENCY_UPSERT if self._locked else IDEMPOTENCY_INSERT, self._idempotency_records.rows()),
            (IMPORT_ROWS, list(self._import_rows)),
        )
        written = [(target, some) for target, some in rows if some]
        if self._event_rows:
            self._head_recorded_at = self._recorded_micros
        elif fence:
            self._head_recorded_at += 1
        if not written and not fence:
            return None
        return Append(events=len(self._event_rows), recorded_at=self._head_recorded_at, rows=written, fence=fence)

    def apply_commit(self) -> dict[Key, StreamState]:
        """Move what the committed transaction stored into the cache; the streams that it changed."""
        changed = self.states.flush_to_cache()
        for organisation, position in self._decider.positions.items():
            self._cache.positions.put(organisation, position)
        self._cache.synced_to, self._cache.recorded_at = self._decider.log_position, self._head_recorded_at
        self._idempotency_records.apply_commit()
        return changed

    def _catch_up_cache(self, head: Head, aggregates: Mapping[str, AggregateType]) -> None:
        """Bring the cache to the head: other processes may have appended."""
        cache, synced = self._cache, self._cache.synced_to
        if synced == head.log_position:
            return
        if synced is None or not 0 < head.log_position - synced <= _MAX_FOREIGN_EVENTS:
            cache.clear()
        else:
            for *row, organisation_id, position in self._session.query("grown", after=synced):
                cache.positions.put(row_uuid(organisation_id).int, position)
                self._apply_foreign_event(stream_key(row_uuid(organisation_id), row_uuid(row[0])), row, aggregates)
        cache.synced_to, cache.recorded_at = head.log_position, head.recorded_at

    def _apply_foreign_event(self, key: Key, row: Row, aggregates: Mapping[str, AggregateType]) -> None:
        """Fold an event of another process onto the state that is cached, if one is."""
        if key not in self._cache.entries:
            self._cache.invalidate(key)
            return
        try:
            self._cache.apply_event(decode_events([row], self._mapper)[0], aggregates)
        except Exception:  # noqa: BLE001  # a command on this stream gets the error; the others are not concerned
            self._cache.invalidate(key)

    def _find_cache_misses(self, commands: Iterable[Command]) -> dict[Key, None]:
        """The streams that their decisions surely read and that are not cached; others are read when needed."""
        entries, missing = self._cache.entries, dict[Key, None]()
        for command in commands:
            organisation = command.organisation_id.int
            for stream_id in (command.stream_id, command.organisation_id, command.party):
                if stream_id is not None and (key := (organisation, stream_id.int)) not in entries:
                    missing[key] = None
        return missing

    def _prefetch_missing(self, command: Command) -> None:
        """Read the next streams that are not cached, as soon as the first of them is needed."""
        if self._find_cache_misses([command]).keys() & self._to_prefetch.keys():
            keys = list(islice(self._to_prefetch, _PREFETCH_STREAMS))
            self._source.prefetch(keys)
            for key in keys:
                # Folded and kept even if no decision needs it: else it would be missing, and read again, for each
                # batch. The command that needs a stream that cannot be folded gets the error.
                with suppress(Exception):
                    self.states.entry(UUID(int=key[0]), UUID(int=key[1]))
                del self._to_prefetch[key]

    def _decide_act(self, command: Command) -> Receipt:
        """The receipt; of a request, or an import row, that has been answered before the receipt of then."""
        organisation_id, key = command.organisation_id, command.idempotency
        earlier = None if key is None else self._idempotency_records.find_receipt(organisation_id, key)
        if earlier is not None:
            return earlier
        row = None if command.import_row is None else (organisation_id, command.import_row)
        if row is not None and (row in self._already_imported_rows or row in self._import_rows):
            return self._build_duplicate_row_receipt(command)
        decision = self._decider.decide(command)
        receipt = self._accept(decision, self._find_index_change(decision))
        if key is not None:
            self._idempotency_records.add(organisation_id, key, receipt)
        if row is not None:
            self._import_rows.add(row)
        return receipt

    def _find_index_change(self, decision: DecidedCommand) -> IndexEntry | None:
        """The new row in the index of live promises and timers; None where the present one still holds."""
        change = decision.change
        if change.after != NOT_INDEXED and any(recorded.occurred_at < self.now for recorded in decision.events):
            # Back-dated. A sweep may have found the reminder too late and gone on to the next timer, and this event
            # starts that timer again: it may fall due before the time that the index has.
            return change.after
        if change.before == change.after:
            return None
        postponed = self.states.aggregates[change.entry.kind].timer_only_postponed(
            decision.before.state, change.entry.state
        )
        return None if postponed else change.after

    def _run_timers(self, command: Command) -> Receipt | None:
        """Run the timers due on one goal, and store when to check again."""
        decision = self._decider.run_timers(command)
        entry, after = decision.change.entry, decision.change.after
        due_at: datetime | None = None
        if after != NOT_INDEXED:
            aggregate = self.states.aggregates[entry.kind]
            look = self.now + RECHECK_TIMERS_AFTER
            due_at = min(aggregate.next_timer_at(entry.state, self._decider.context(command, self.now)) or look, look)
        receipt = self._accept(decision, IndexEntry(listed_under=after.listed_under, next_timer_at=due_at))
        if not decision.events:
            return None
        ids = [recorded.event_id for recorded in decision.events]
        return msgspec.structs.replace(receipt, event_ids=ids, already=False)

    def _accept(self, decision: DecidedCommand, index_change: IndexEntry | None) -> Receipt:
        """Take the decision into the batch, whole: it is encoded before anything of it is kept."""
        organisation_id, stream_id = decision.organisation_id, decision.change.stream_id
        rows = [
            (
                stream_id,
                recorded.version,
                recorded.type,
                self._mapper.encode_state(recorded),
                recorded.log_position,
                organisation_id,
                recorded.position,
                self._recorded_micros,
            )
            for recorded in decision.events
        ]
        self._decider.accept(decision)
        self._event_rows.extend(rows)
        if index_change is not None:
            timer = to_micros(index_change.next_timer_at) if index_change.next_timer_at else None
            key = (organisation_id.int, stream_id.int)
            self._index_rows[key] = (organisation_id, stream_id, index_change.listed_under, timer)
        return Receipt(
            event_ids=[recorded.event_id for recorded in decision.events[decision.timers :]],
            stream=decision.stream,
            version=decision.change.entry.version,
            position=decision.position,
            log_position=self._decider.log_position,
            # An act that repeats what holds already records nothing.
            already=len(decision.events) == decision.timers,
            state=decision.change.entry.state,
        )

    def _build_duplicate_row_receipt(self, command: Command) -> Receipt:
        entry = self.states.entry(command.organisation_id, command.stream_id)
        return Receipt(
            event_ids=[],
            stream=f"{command.kind}/{command.stream_id}",
            version=entry.version,
            position=self._decider.position(command.organisation_id),
            log_position=self._decider.log_position,
            already=True,
            state=entry.state,
        )


def _load_position(cache: StateCache, session: LogSession, organisation_id: UUID) -> int:
    """The organisation's position at the head."""
    known = cache.positions.use(organisation_id.int)
    if known is None:
        known = int(session.query("position", organisation_id=organisation_id)[0][0] or 0)
    return known
