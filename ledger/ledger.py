"""The ledger: `handle` and `bulk` record events; everything else reads them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from eventsourcing.persistence import ProgrammingError
from eventsourcing.utils import strtobool

from domain.charter.sight import NARROWING_CHARTERS, NO_LIMITS, SightLimits
from domain.envelope import RecordedEvent, Source
from domain.instants import from_micros, to_micros
from domain.member.member import SEVERAL_TEAMS
from domain.references import register_former_ids
from domain.registry import AGGREGATES, EVENTS
from ledger import idempotency
from ledger.bulk.append import BulkAppend, BulkLimits
from ledger.commands import Command, EventPosition, Preview, Receipt
from ledger.commit.committer import CommitLimits, CommitStats, Committer
from ledger.commit.queue import Outcome
from ledger.commit.unit_of_work import WriterContext
from ledger.commit.writer import Writer
from ledger.decider import CommandDecider
from ledger.errors import LedgerMisconfigured, LedgerNotMigrated
from ledger.event_sources import LogSource
from ledger.idempotency import MAX_CACHED_RECEIPTS, RecentReceipts
from ledger.serialization import LogRecord, Mapper, Upcast, decode_events, read_records
from ledger.states import BatchStates, ReadCache, StateCache, StreamState, fold
from ledger.storage.migrations import latest_migration
from ledger.storage.opening import open_recorder
from ledger.storage.protocol import Head, LogStore, row_uuid

_NO_LIMIT = 2**63 - 1
_NO_EVENT = EventPosition(position=0, log_position=0, recorded_at=None)
_LIMITS = CommitLimits()
_BULK_LIMITS = BulkLimits()


class Ledger:
    """The event log of all organisations. Safe to use from many threads and many processes at once.

    Every method raises `LedgerUnavailable` within a bounded time where the store is away; the next call connects again.
    """

    def __init__(
        self,
        recorder: LogStore,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        upcasts: Mapping[str, Upcast] | None = None,
        limits: CommitLimits = _LIMITS,
    ) -> None:
        self.recorder = recorder
        self.clock = clock
        self.new_id = new_id
        self._limits = limits
        self._identity: tuple[str, str] | None = None
        self._mapper = Mapper(EVENTS, upcasts)
        self._read_cache = ReadCache(recorder, self._mapper, AGGREGATES, limits.cached_states)
        context = WriterContext(
            cache=StateCache(limits.cached_states),
            receipts=RecentReceipts(MAX_CACHED_RECEIPTS),
            mapper=self._mapper,
            aggregates=AGGREGATES,
            clock=clock,
            new_id=new_id,
        )
        self._committer = Committer(recorder, Writer(context, self._read_cache), limits)

    @classmethod
    def open(
        cls,
        database_url: str,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        environment: Mapping[str, str] = os.environ,
        limits: CommitLimits = _LIMITS,
    ) -> Self:
        """Connect to a migrated database; runs no DDL. `clock` gives aware instants.

        `limits`: how many commands may wait in this process, how long, what one transaction and the caches hold.

        Raises `LedgerMisconfigured` where POSTGRES_ENABLE_DB_FUNCTIONS is set: with it the event sourcing library
        inserts without any lock, and a tailing reader loses committed events. Raises `LedgerNotMigrated`.
        """
        if strtobool(environment.get("POSTGRES_ENABLE_DB_FUNCTIONS") or "no"):
            raise LedgerMisconfigured(
                "POSTGRES_ENABLE_DB_FUNCTIONS is set: inserts through database functions lose events; unset it"
            )
        recorder = open_recorder(database_url)
        try:
            _check_migrated(recorder, database_url)
            _register_former_ids(recorder)
        except BaseException:
            recorder.close()
            raise
        ledger = cls(recorder, clock=clock, new_id=new_id, limits=limits)
        # Now, so that no event loop queries the store for it.
        ledger._load_identity()
        return ledger

    # --- writing ------------------------------------------------------------------------------------------------

    def handle(self, command: Command) -> Receipt:
        """Decide the command at the head of the log and record its events, or raise its `Refusal`.

        One transaction, shared with the other queued commands: timers due before the act, the act's events, the index,
        the idempotency key, the import row. Raises `LedgerUnavailable`, whose `recorded` says whether something may
        have been recorded (sending the command again with its key shows it), and `LedgerBusy` where too many wait.
        """
        receipt = _receipt_or_raise(self._committer.handle(command))
        return receipt if receipt.state is not None else self._restore_state(command.organisation_id, receipt)

    async def handle_async(self, command: Command) -> Receipt:
        """`handle` for an event loop: no thread waits. A call that is cancelled while it is queued is not recorded."""
        receipt = _receipt_or_raise(await self._committer.handle_async(command))
        if receipt.state is not None:
            return receipt
        return await asyncio.to_thread(self._restore_state, command.organisation_id, receipt)

    def commit_stats(self) -> CommitStats:
        """How many commands are queued in this process, and what it has committed, by mode."""
        return self._committer.stats()

    def run_timers(self, organisation_id: UUID, goal_id: UUID) -> Receipt | None:
        """Record the timers of a goal, reminders included, that are due by now; None where nothing was.

        Safe to run twice, and in any process: what is due is decided at the head. Afterwards the index has the time
        of the next check.
        """
        command = Command(
            organisation_id=organisation_id, kind="goal", stream_id=goal_id, act=None, actor=None, source=Source.TIMER
        )
        outcome = self._committer.handle(command)
        return None if outcome is None else _receipt_or_raise(outcome)

    def recheck_timers(self, organisation_id: UUID) -> None:
        """Have the next sweeps look at each goal whose clocks may run: what had kept some of them back has moved."""
        with self.recorder.write() as session:
            session.run("recheck", organisation_id=organisation_id, now=to_micros(self.clock()))

    def bulk(self, limits: BulkLimits = _BULK_LIMITS) -> BulkAppend:
        """For an import: decided on a staging copy, appended in slices. A context manager; see `ledger.bulk.append`."""
        return BulkAppend(
            self.recorder,
            mapper=self._mapper,
            aggregates=AGGREGATES,
            clock=self.clock,
            new_id=self.new_id,
            limits=limits,
        )

    def find_imported_rows(self, organisation_id: UUID, rows: Collection[str]) -> set[str]:
        """Those of some identities of import rows that were imported before."""
        with self.recorder.read() as session:
            found = session.query("imported", wanted=[(organisation_id, row) for row in rows])
        return {row for _, row in found}

    def purge_idempotency_keys(self) -> int:
        """Delete the keys older than `ledger.idempotency.RETENTION`; their number."""
        with self.recorder.write() as session:
            return idempotency.purge(session, to_micros(self.clock()))

    def _restore_state(self, organisation_id: UUID, receipt: Receipt) -> Receipt:
        """A replayed receipt with the state that it had: folded here, where no other command waits for it."""
        stream_id = UUID(receipt.stream.partition("/")[2])
        entry = self._read_cache.load_current(organisation_id, stream_id)
        if entry.version != receipt.version:
            events = self.events(organisation_id, stream_id)
            entry = fold([event for event in events if event.version <= receipt.version], AGGREGATES)
        return msgspec.structs.replace(receipt, state=entry.state)

    # --- preview ------------------------------------------------------------------------------------------------

    def preview(self, command: Command) -> Preview:
        """What `handle` would record now, or its `Refusal`; nothing is recorded, and no other command waits for it."""
        with self.recorder.read(snapshot=True) as session:
            head = Head(*session.query("head")[0])
            states = BatchStates(StateCache(self._limits.cached_states), LogSource(session, self._mapper), AGGREGATES)
            decider = CommandDecider(
                states,
                head,
                now=max(self.clock(), from_micros(head.recorded_at)),
                new_id=self.new_id,
                position=lambda _organisation: 0,
            )
            decision = decider.decide(command)
        return Preview(facts=decision.facts, before=decision.before.state, after=decision.change.entry.state)

    # --- reading ------------------------------------------------------------------------------------------------

    def load(
        self,
        organisation_id: UUID,
        kind: str,
        stream_id: UUID,
        *,
        as_of: datetime | None = None,
        recorded_as_of: datetime | None = None,
    ) -> Any:  # noqa: ANN401  # each kind has its own union of states
        """A stream's state, or None where this organisation has no such stream of this kind (by then).

        `as_of`: as it stood at that instant of business time, back-dated facts in their place. `recorded_as_of`: as
        it was known at that instant. Both inclusive.
        """
        events = self.events(organisation_id, stream_id)
        if not events or events[0].kind != kind:
            return None
        if recorded_as_of is not None:
            events = [event for event in events if event.recorded_at <= recorded_as_of]
        if as_of is not None:
            events = [event for event in events if event.occurred_at <= as_of]
        return fold(events, AGGREGATES).state

    def load_current(self, organisation_id: UUID, kind: str, stream_id: UUID) -> StreamState | None:
        """A stream's last version and state, or None where this organisation has no such stream of this kind.

        Costs one query of an index, however long the stream is: only events since the last call are folded.
        """
        entry = self._read_cache.load_current(organisation_id, stream_id)
        return entry if entry.kind == kind else None

    def load_all_current(self, organisation_id: UUID, stream_ids: Collection[UUID]) -> dict[UUID, StreamState]:
        """The last versions and states of many streams, of those that there are, for one query."""
        return self._read_cache.load_all_current(organisation_id, stream_ids)

    def events(self, organisation_id: UUID, stream_id: UUID) -> list[RecordedEvent]:
        """A whole stream by version; empty for a stream of another organisation."""
        with self.recorder.read() as session:
            return LogSource(session, self._mapper).load_stream(organisation_id, stream_id)

    def read_log(self, after: int, limit: int) -> list[RecordedEvent]:
        """The next events of all organisations behind a log position, in commit order: for projectors."""
        return self._query("read", after=after, limit=limit)

    def read_streams(self, stream_ids: Sequence[UUID], upto: int) -> dict[UUID, list[RecordedEvent]]:
        """Whole streams up to a log position, by id: for projectors."""
        found: dict[UUID, list[RecordedEvent]] = {}
        for event in self._query("streams", stream_ids=list(stream_ids), upto=upto):
            found.setdefault(event.stream_id, []).append(event)
        return found

    def list_streams(self, organisation_id: UUID, upto: int) -> dict[str, list[UUID]]:
        """Kind -> the organisation's streams that had begun by a position, in the order in which they did."""
        with self.recorder.read() as session:
            rows = session.query("streams_begun", organisation_id=organisation_id, upto=upto)
        found: dict[str, list[UUID]] = {}
        for stream_id, topic in rows:
            found.setdefault(topic.partition(".")[0], []).append(row_uuid(stream_id))
        return found

    def read_feed(
        self,
        organisation_id: UUID,
        after: int,
        limit: int,
        types: Sequence[str] = (),
        subject: UUID | None = None,
        *,
        upto: int = _NO_LIMIT,
    ) -> list[RecordedEvent]:
        """One organisation's events behind a position and up to another, in order.

        Of some tags, of one stream, where they are named.
        """
        return [
            record.decode() for record in self.read_records(organisation_id, after, limit, types, subject, upto=upto)
        ]

    def read_records(
        self,
        organisation_id: UUID,
        after: int,
        limit: int,
        types: Sequence[str] = (),
        subject: UUID | None = None,
        *,
        upto: int = _NO_LIMIT,
    ) -> list[LogRecord]:
        """The events of `read_feed` as they are stored."""
        with self.recorder.read() as session:
            rows = session.query(
                "feed",
                organisation_id=organisation_id,
                after=after,
                upto=upto,
                limit=limit,
                any_type=not types,
                types=list(types),
                any_subject=subject is None,
                subject=subject,
            )
        return read_records(rows, self._mapper)

    def read_events_at(self, organisation_id: UUID, positions: Sequence[int]) -> list[RecordedEvent]:
        """An organisation's events at some positions, in order."""
        return [record.decode() for record in self.read_records_at(organisation_id, positions)]

    def read_records_at(self, organisation_id: UUID, positions: Sequence[int]) -> list[LogRecord]:
        """The events of `read_events_at` as they are stored."""
        if not positions:
            return []
        with self.recorder.read() as session:
            rows = session.query("events_at", organisation_id=organisation_id, positions=list(positions))
        return read_records(rows, self._mapper)

    def list_streams_at(self, organisation_id: UUID, after: int, upto: int) -> list[tuple[str, UUID]]:
        """Kind and id of the stream at each of an organisation's positions behind one, up to another."""
        with self.recorder.read() as session:
            rows = session.query("streams_at", organisation_id=organisation_id, after=after, upto=upto)
        return [(topic.partition(".")[0], row_uuid(stream_id)) for stream_id, topic in rows]

    @property
    def epoch(self) -> str:
        """The log's epoch, 32 hex digits: another one once the log was restored from a copy. Read once a process."""
        return self._load_identity()[1]

    @property
    def deployment(self) -> UUID:
        """The namespace of this deployment's organisations, for good. Read once a process."""
        return UUID(self._load_identity()[0])

    def read_epoch(self) -> str:
        """The epoch as it is stored now, for a process that outlives a restore."""
        return self._read_identity()[1]

    def _load_identity(self) -> tuple[str, str]:
        if self._identity is None:
            self._identity = self._read_identity()
        return self._identity

    def _read_identity(self) -> tuple[str, str]:
        with self.recorder.read() as session:
            deployment, epoch = session.query("identity")[0]
        return str(deployment), str(epoch)

    def head(self) -> int:
        """The last log position."""
        with self.recorder.read() as session:
            return int(session.query("head")[0][0])

    def load_sight_limits(self, organisation_id: UUID) -> SightLimits:
        """To whom the organisation's charters narrow the figures of members; one query where none of them does."""
        narrowing = self._list_indexed(organisation_id, [NARROWING_CHARTERS])
        if not narrowing:
            return NO_LIMITS
        charters = self.load_all_current(organisation_id, narrowing).values()
        teams = {entry.state.of.team: entry.state.persons for entry in charters}
        listed = self._list_indexed(organisation_id, [*teams, SEVERAL_TEAMS])
        found = self.load_all_current(organisation_id, listed).values()
        return SightLimits.build(teams, [entry.state for entry in found if entry.kind == "member"])

    def _list_indexed(self, organisation_id: UUID, keys: Sequence[UUID]) -> frozenset[UUID]:
        """The streams that the index lists under these."""
        with self.recorder.read() as session:
            source = LogSource(session, self._mapper)
            return frozenset[UUID]().union(*(source.find_listed_streams(organisation_id, key) for key in keys))

    def find_changed_streams(self, after: int, limit: int) -> tuple[int, frozenset[tuple[UUID, UUID]] | None]:
        """The head, and the streams but goals that have grown behind a log position, each with its organisation.

        None where more than `limit` events did. What is loaded after this call contains at least all up to that head.
        """
        with self.recorder.read() as session:
            head = int(session.query("head")[0][0])
            if not 0 <= head - after <= limit:
                return head, None
            rows = session.query("changed_but_goals", after=after) if head > after else []
        return head, frozenset((row_uuid(organisation), row_uuid(stream)) for organisation, stream in rows)

    def count(self) -> int:
        """How many events there are. Equal to `head()`: the log misses nothing."""
        with self.recorder.read() as session:
            return int(session.query("count")[0][0])

    def position(self, organisation_id: UUID) -> int:
        """The organisation's last position; 0 where it has no event."""
        with self.recorder.read() as session:
            return int(session.query("position", organisation_id=organisation_id)[0][0] or 0)

    def positions_of(self, organisation_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last position of each of these organisations, in one statement; 0 where one has no event."""
        with self.recorder.read() as session:
            rows = session.query("positions_of", wanted=[(organisation_id,) for organisation_id in organisation_ids])
        return {row_uuid(organisation_id): int(position or 0) for organisation_id, position in rows}

    def positions(self, organisation_id: UUID) -> tuple[EventPosition, int]:
        """The organisation's last event and the last log position, at one moment."""
        with self.recorder.read() as session:
            *last, head = session.query("positions", organisation_id=organisation_id)[0]
        return _event_position(last), int(head)

    def last_known(
        self, organisation_id: UUID, followed: int, *, recorded_as_of: datetime | None = None
    ) -> EventPosition:
        """The organisation's last event that is known to who has followed the log up to `followed`.

        What was recorded at one instant is known together or not at all, so that the instant alone says what is known.
        `recorded_as_of`: the last one recorded by then, followed or not.
        """
        if recorded_as_of is not None:
            return self._last_event(organisation_id, _NO_LIMIT, to_micros(recorded_as_of))[0]
        last, is_split = self._last_event(organisation_id, followed, _NO_LIMIT)
        if is_split and last.recorded_at is not None:
            return self._last_event(organisation_id, _NO_LIMIT, to_micros(last.recorded_at) - 1)[0]
        return last

    def _last_event(self, organisation_id: UUID, upto: int, instant: int) -> tuple[EventPosition, bool]:
        """The last event up to a log position and an instant, and whether the next one was recorded with it."""
        with self.recorder.read() as session:
            rows = session.query("last_event", organisation_id=organisation_id, upto=upto, instant=instant)
        return (_event_position(rows[0][:3]), bool(rows[0][3])) if rows else (_NO_EVENT, False)

    def event_position(self, organisation_id: UUID, position: int, *, whole: bool = False) -> EventPosition | None:
        """The event at an organisation's position; None where it is not reached.

        `whole`: the last one that was recorded with it.
        """
        with self.recorder.read() as session:
            rows = session.query("event_at", organisation_id=organisation_id, position=position)
        if not rows:
            return None
        found, is_split = _event_position(rows[0][:3]), bool(rows[0][3])
        if whole and is_split:
            return self.last_known(organisation_id, _NO_LIMIT, recorded_as_of=found.recorded_at)
        return found

    def find_streams_with_due_timers(self, until: datetime, limit: int) -> list[tuple[UUID, UUID]]:
        """(organisation, stream) of the streams whose next timer may be due by `until`, earliest first."""
        with self.recorder.read() as session:
            rows = session.query("due", until=to_micros(until), limit=limit)
        return [(row_uuid(organisation_id), row_uuid(stream_id)) for organisation_id, stream_id in rows]

    def count_connections(self) -> tuple[int, int]:
        """Connections of this process to the log: in use, and idle."""
        return self.recorder.count_connections()

    def close(self) -> None:
        """Commit what is queued, accept no more commands, close every connection. Twice does no harm."""
        self._committer.close()
        self.recorder.close()

    def _query(self, name: str, **params: object) -> list[RecordedEvent]:
        with self.recorder.read() as session:
            rows = session.query(name, **params)
        return decode_events(rows, self._mapper)


def _event_position(row: Sequence[Any]) -> EventPosition:
    position, log_position, recorded_at = row
    if position is None:
        return _NO_EVENT
    return EventPosition(
        position=int(position), log_position=int(log_position), recorded_at=from_micros(int(recorded_at))
    )


def _receipt_or_raise(outcome: Outcome) -> Receipt:
    if isinstance(outcome, Receipt):
        return outcome
    raise outcome if outcome is not None else TypeError("a command without an act")


def _register_former_ids(recorder: LogStore) -> None:
    with recorder.read() as session:
        register_former_ids({row_uuid(name): row_uuid(stream) for name, stream in session.query("former_ids")})


def _check_migrated(recorder: LogStore, database_url: str) -> None:
    dialect = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    try:
        with recorder.read() as session:
            number = session.query("migrated")[0][0]
    except ProgrammingError:
        number = None
    if number is None or number < latest_migration(dialect):
        raise LedgerNotMigrated(f"this database has no ledger of this version yet: run `plimsoll migrate` ({number})")
