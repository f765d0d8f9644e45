"""The ledger: `handle` is the one way for a fact to come in; everything else reads what was recorded."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Self, TypeVar
from uuid import UUID

from eventsourcing.persistence import ProgrammingError
from eventsourcing.utils import strtobool

from domain.aggregates import AGGREGATES, EVENTS
from domain.envelope import Recorded, Source
from domain.errors import Refusal
from ledger import idempotency
from ledger.bulk import Bulk
from ledger.commands import Command, Preview, Receipt
from ledger.deciding import Desk
from ledger.errors import LedgerMisconfigured, LedgerNotMigrated, LedgerUnavailable
from ledger.mapper import Mapper, Upcast
from ledger.migrations import newest
from ledger.recorders import Append, Head, LogRecorder, Session, as_uuid, micros, moment, open_recorder
from ledger.source import StoredSource, decoded
from ledger.states import Cache, States, fold
from ledger.turn import Turn

#: States (and owners' books) that the writer keeps folded.
CACHED_STATES = 4096
#: Seconds that a command waits for its turn within this process.
TURN_TIMEOUT_S = 10
T = TypeVar("T")


class Ledger:
    """The event log of all organisations. Safe to use from many threads and many processes at once.

    Every method raises `LedgerUnavailable` within a bounded time where the store is away; the next call connects again.
    """

    def __init__(
        self,
        recorder: LogRecorder,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        upcasts: Mapping[str, Upcast] | None = None,
    ) -> None:
        self.recorder = recorder
        self.clock = clock
        self.new_id = new_id
        self._mapper = Mapper(EVENTS, upcasts)
        self._cache = Cache(CACHED_STATES)
        self._turns = Lock()

    @classmethod
    def open(
        cls,
        database_url: str,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        environment: Mapping[str, str] = os.environ,
    ) -> Self:
        """Connect to a migrated database; runs no DDL. `clock` gives aware instants.

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
        except BaseException:
            recorder.close()
            raise
        return cls(recorder, clock=clock, new_id=new_id)

    # --- writing ------------------------------------------------------------------------------------------------

    def handle(self, command: Command) -> Receipt:
        """Decide the command under the head's lock and record what it comes to, or raise its `Refusal`.

        One transaction: timers due before the act, the act's events, the standing index, the idempotency key, the
        import row. `LedgerUnavailable` leaves open whether it was recorded; sending it again with its key tells.
        """
        answers = self._take_turn(lambda turn: [turn.answer(command)])
        answer = answers[0]
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def run_timers(self, organisation_id: UUID, stream_id: UUID) -> Receipt | None:
        """Record the timers of a stream of any kind, reminders included, that are due by now; None where nothing was.

        Safe to run twice, and anywhere: what is due is decided under the head's lock. Afterwards the index says when
        to look again.
        """
        command = Command(
            organisation_id=organisation_id, kind="goal", stream_id=stream_id, act=None, actor=None, source=Source.TIMER
        )
        return self._take_turn(lambda turn: turn.sweep(command))

    def bulk(self) -> Bulk:
        """An import's way in: decided aside, appended at once. Use as a context manager; see `ledger.bulk`."""
        return Bulk(self.recorder, mapper=self._mapper, aggregates=AGGREGATES, clock=self.clock, new_id=self.new_id)

    def purge_idempotency_keys(self) -> int:
        """Forget the keys older than `ledger.idempotency.KEPT`; their number."""
        with self.recorder.write() as session:
            return idempotency.purge(session, micros(self.clock()))

    def _take_turn(self, work: Callable[[Turn], T]) -> T:
        """Wait for this process's turn and the head, let `work` decide, store what it decided."""
        result: list[T] = []
        turns: list[Turn] = []

        def batch(session: Session, head: Head) -> Append | None:
            turn = Turn(
                session,
                head,
                cache=self._cache,
                mapper=self._mapper,
                aggregates=AGGREGATES,
                clock=self.clock,
                new_id=self.new_id,
            )
            turns.append(turn)
            result.append(work(turn))
            return turn.append()

        if not self._turns.acquire(timeout=TURN_TIMEOUT_S):
            raise LedgerUnavailable("the ledger is busy; try again")
        try:
            self.recorder.transact(batch)
            turns[0].settle()
        except BaseException:
            # Committed or not, we do not know: what is cached may be behind the log.
            self._cache.clear()
            raise
        finally:
            self._turns.release()
        return result[0]

    # --- asking what would be -----------------------------------------------------------------------------------

    def preview(self, command: Command) -> Preview:
        """What `handle` would record now, or its `Refusal`; nothing is recorded and nobody waits for it."""
        with self.recorder.read(snapshot=True) as session:
            head = Head(*session.query("head")[0])
            states = States(Cache(CACHED_STATES), StoredSource(session, self._mapper), AGGREGATES)
            desk = Desk(
                states,
                now=max(self.clock(), moment(head.recorded_at)),
                new_id=self.new_id,
                log_position=head.log_position,
                position=lambda _organisation: 0,
            )
            decision = desk.decide(command)
        return Preview(facts=decision.facts, before=decision.before.state, after=decision.move.entry.state)

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
            happened = [event for event in events if event.occurred_at <= as_of]
            events = sorted(happened, key=lambda event: (event.occurred_at, event.version))
        return fold(events, AGGREGATES).state

    def events(self, organisation_id: UUID, stream_id: UUID) -> list[Recorded]:
        """A whole stream by version; empty for a stream of another organisation."""
        with self.recorder.read() as session:
            return StoredSource(session, self._mapper).stream(organisation_id, stream_id)

    def read(self, after: int, limit: int) -> list[Recorded]:
        """The next events of all organisations behind a log position, in commit order: for projectors."""
        return self._query("read", after=after, limit=limit)

    def streams(self, stream_ids: Sequence[UUID], upto: int) -> dict[UUID, list[Recorded]]:
        """Whole streams up to a log position, by id: for projectors."""
        found: dict[UUID, list[Recorded]] = {}
        for event in self._query("streams", stream_ids=list(stream_ids), upto=upto):
            found.setdefault(event.stream_id, []).append(event)
        return found

    def feed(
        self,
        organisation_id: UUID,
        after: int,
        limit: int,
        types: Sequence[str] = (),
        subject: UUID | None = None,
    ) -> list[Recorded]:
        """One organisation's events behind a position, in order; of some tags, of one stream, where they are named."""
        return self._query(
            "feed",
            organisation_id=organisation_id,
            after=after,
            limit=limit,
            any_type=not types,
            types=list(types),
            any_subject=subject is None,
            subject=subject,
        )

    def head(self) -> int:
        """The last log position."""
        with self.recorder.read() as session:
            return int(session.query("head")[0][0])

    def changed(self, after: int, limit: int) -> tuple[int, frozenset[UUID] | None]:
        """The head, and the streams that have grown behind a log position; None where more than `limit` events did.

        What was loaded after asking contains at least all up to that head.
        """
        with self.recorder.read() as session:
            head = int(session.query("head")[0][0])
            if not 0 <= head - after <= limit:
                return head, None
            rows = session.query("changed", after=after) if head > after else []
        return head, frozenset(as_uuid(stream) for _, stream in rows)

    def count(self) -> int:
        """How many events there are. Equal to `head()`: the log misses nothing."""
        with self.recorder.read() as session:
            return int(session.query("count")[0][0])

    def position(self, organisation_id: UUID) -> int:
        """The organisation's last position; 0 where it has no event."""
        with self.recorder.read() as session:
            return int(session.query("position", organisation_id=organisation_id)[0][0] or 0)

    def positions(self, organisation_id: UUID) -> tuple[int, int]:
        """The organisation's last position and the last log position, at one moment."""
        with self.recorder.read() as session:
            position, head = session.query("positions", organisation_id=organisation_id)[0]
        return int(position or 0), int(head)

    def position_at(self, organisation_id: UUID, log_position: int) -> int:
        """The organisation's last position up to a log position."""
        with self.recorder.read() as session:
            rows = session.query("position_at", organisation_id=organisation_id, upto=log_position)
        return int(rows[0][0] or 0)

    def log_position_at(self, instant: datetime) -> int:
        """The last log position recorded at or before `instant`; 0 where nothing was."""
        with self.recorder.read() as session:
            rows = session.query("log_position_at", instant=micros(instant))
        return int(rows[0][0]) if rows else 0

    def due(self, until: datetime, limit: int) -> list[tuple[UUID, UUID]]:
        """(organisation, stream) of the streams whose next timer may ring by `until`, longest waiting first."""
        with self.recorder.read() as session:
            rows = session.query("due", until=micros(until), limit=limit)
        return [(as_uuid(organisation_id), as_uuid(stream_id)) for organisation_id, stream_id in rows]

    def close(self) -> None:
        """Close every connection. Closing twice does no harm."""
        self.recorder.close()

    def _query(self, name: str, **params: object) -> list[Recorded]:
        with self.recorder.read() as session:
            rows = session.query(name, **params)
        return decoded(rows, self._mapper)


def _check_migrated(recorder: LogRecorder, database_url: str) -> None:
    dialect = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    try:
        with recorder.read() as session:
            number = session.query("migrated")[0][0]
    except ProgrammingError:
        number = None
    if number is None or number < newest(dialect):
        raise LedgerNotMigrated(f"this database has no ledger of this version yet: run `plimsoll migrate` ({number})")
