"""The import of many commands: decided against a staging copy without holding the log head, then appended in slices.

What was decided lies in a private SQLite file, so memory does not grow with the import. Everything that a decision read
is noted; at the commit of each slice, under the head's lock, none of it may have changed since: then the decisions are
what they would have been if they had been made there. Between two slices others write. A small import is one slice: all
of it is kept, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from time import monotonic, sleep
from types import TracebackType
from typing import NamedTuple, Self
from uuid import UUID

import msgspec
from eventsourcing.persistence import IntegrityError

from domain.errors import VersionConflict
from domain.instants import from_micros, to_micros
from domain.registry import AggregateType
from ledger.bulk.staging import StagedEvent, StagingStore
from ledger.commands import Command, Receipt
from ledger.decider import CommandDecider, DecidedCommand
from ledger.serialization import Mapper, with_log_position
from ledger.states import BatchStates, StateCache
from ledger.storage.protocol import EVENTS, IMPORT_ROWS, STREAM_INDEX, Append, Head, LogSession, LogStore, Row, row_uuid

_CONFLICT_MESSAGE = "while this import was being decided, others changed what it builds on: run it again"


#: Before the number of the first event, to which rows without events belong.
_BEFORE_FIRST = -1
#: The largest is read into memory before the lock is taken, and takes 25 ms on an idle machine.
_LEAST_SLICE, _LARGEST_SLICE = 50, 500


class BulkLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What an import keeps in memory."""

    #: States kept folded while deciding; the rest is folded again from the staging file.
    cached_states: int = 1024
    #: The streams of an organisation with at most so many events are listed once; of a larger one each is looked up.
    listed_events: int = 50_000
    #: Events of the first slice of a commit. The following ones are as many as take `slice_s`.
    slice_events: int = 500
    #: Seconds that a slice may hold the head: others wait so long, and the slice of another import beside.
    slice_s: float = 0.05
    #: Seconds between two slices, at most; they are as long as the slice was.
    longest_pause_s: float = 0.2

    def adapt_slice(self, events: int, took: float) -> int:
        """The size of the next slice, where one of so many events took so many seconds."""
        return max(_LEAST_SLICE, min(round(events * self.slice_s / max(took, 0.001)), 2 * events, _LARGEST_SLICE))


class _Slice(NamedTuple):
    """What one transaction of a commit appends."""

    #: The number of its last event.
    upto: int
    events: list[StagedEvent]
    index_rows: list[Row]
    import_rows: list[Row]


class BulkAppend:
    """`with ledger.bulk() as bulk:` handle many commands, then `commit()`. Without it nothing is kept.

    For one thread. A refused command leaves what was decided before it as it was, and does not stop the next one.
    """

    def __init__(
        self,
        recorder: LogStore,
        *,
        mapper: Mapper,
        aggregates: Mapping[str, AggregateType],
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        limits: BulkLimits,
    ) -> None:
        self._recorder = recorder
        self._mapper = mapper
        self._aggregates = aggregates
        self._clock = clock
        self._new_id = new_id
        self._limits = limits
        self._is_open = False
        #: Rows that `commit` has appended.
        self.appended_rows = 0
        #: Of each organisation whose events are staged its last position; None: to be looked up.
        self._positions: dict[UUID, int | None] = {}

    def __enter__(self) -> Self:
        with self._recorder.read() as session:
            self._base_head = Head(*session.query("head")[0])
        #: The log position up to which nothing that was read here has changed, or only by this.
        self._seen_position = self._base_head.log_position
        self._staging = StagingStore(
            self._recorder,
            self._mapper,
            base=self._base_head.log_position,
            listed_events=self._limits.listed_events,
        )
        self._is_open = True
        self._states = BatchStates(StateCache(self._limits.cached_states), self._staging, self._aggregates)
        self._now = max(self._clock(), from_micros(self._base_head.recorded_at))
        self._decider = CommandDecider(
            self._states,
            self._base_head,
            now=self._now,
            new_id=self._new_id,
            position=self._staging.base_position,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_open:
            self._staging.close()
            self._is_open = False

    def handle(self, command: Command) -> Receipt:
        """Decide one command on what is staged so far, or raise its `Refusal` and stage nothing of it.

        The receipt's positions are what they would be if no other process wrote before the commit.
        """
        row = command.import_row
        if row is not None and self._staging.is_imported(command.organisation_id, row):
            # A row that was imported before is not loaded: no version, no state.
            return Receipt(
                event_ids=[],
                stream=f"{command.kind}/{command.stream_id}",
                version=0,
                position=self._decider.position(command.organisation_id),
                log_position=self._decider.log_position,
                already=True,
            )
        decision = self._decider.decide(command)
        self._stage(decision, command)
        return Receipt(
            event_ids=[recorded.event_id for recorded in decision.events[decision.timers :]],
            stream=decision.stream,
            version=decision.change.entry.version,
            position=self._decider.position(command.organisation_id),
            log_position=self._decider.log_position,
            already=len(decision.events) == decision.timers,
            state=decision.change.entry.state,
        )

    def commit(self) -> int:
        """Append all that was staged, in slices between which others may write; the number of events.

        Raises `VersionConflict` where anything that a decision here was based on has changed since: of what was not
        appended by then nothing is kept. The same rows can simply be handled again in a new bulk, which finds those of
        `appended_rows` again.
        """
        self._staging.flush()
        self._positions = dict.fromkeys(self._staging.list_organisations())
        upto, events, pause = _BEFORE_FIRST, self._limits.slice_events, 0.0
        while True:
            began = monotonic()
            staged = self._read_slice(upto, events)
            # The lock is taken again by who asks first: others were refused it as long as the slice before took.
            sleep(max(0.0, pause - (monotonic() - began)))
            took = self._append_slice(staged)
            self.appended_rows += len(staged.import_rows)
            upto = staged.upto
            if upto >= self._staging.last_number:
                return upto
            events = self._limits.adapt_slice(len(staged.events), took)
            pause = min(took, self._limits.longest_pause_s)
            # Not held beside the next one.
            del staged

    def _read_slice(self, after: int, events: int) -> _Slice:
        upto = self._staging.end_of_slice(max(after, 0), events)
        return _Slice(
            upto,
            self._staging.read_events(max(after, 0), upto),
            self._staging.index_rows(after, upto),
            self._staging.import_rows(after, upto),
        )

    def _append_slice(self, staged: _Slice) -> float:
        """Append events with their rows, in one transaction; the seconds for which it held the log's head."""
        locked = monotonic()

        def batch(session: LogSession, head: Head) -> Append | None:
            nonlocal locked
            locked = monotonic()
            if head.log_position != self._seen_position:
                self._check_for_conflicts(session)
            now = head.next_recorded_at(max(self._clock(), self._now))
            # Read before the rows are copied: a connection in a COPY runs no query.
            self._positions = {
                each: known if known is not None else _load_position(session, each)
                for each, known in self._positions.items()
            }
            self._seen_position = head.log_position + len(staged.events)
            rows = (
                (EVENTS, self._place_events(staged.events, head, now)),
                (STREAM_INDEX, staged.index_rows),
                (IMPORT_ROWS, staged.import_rows),
            )
            return Append(events=len(staged.events), recorded_at=to_micros(now), rows=rows, bulk=True)

        try:
            self._recorder.append_locked(batch)
        except IntegrityError as error:
            raise VersionConflict(_CONFLICT_MESSAGE) from error
        return monotonic() - locked

    def _stage(self, decision: DecidedCommand, command: Command) -> None:
        self._decider.accept(decision)
        self._staging.add([self._mapper.to_stored_event(recorded) for recorded in decision.events], decision)
        if command.import_row is not None:
            self._staging.add_import_row(command.organisation_id, command.import_row)
        self._states.flush_to_cache()

    def _check_for_conflicts(self, session: LogSession) -> None:
        """Refuse the commit where a stream, or an owner's live promises, that was read here has changed since."""
        goals: dict[UUID, list[UUID]] = {}
        for organisation, stream in session.query("changed", after=self._seen_position):
            organisation_id, stream_id = row_uuid(organisation), row_uuid(stream)
            if organisation_id not in self._positions:
                continue
            if self._staging.has_read(organisation_id, stream_id):
                raise VersionConflict(_CONFLICT_MESSAGE)
            goals.setdefault(organisation_id, []).append(stream_id)
        for organisation_id, changed in goals.items():
            self._positions[organisation_id] = None
            for (owner,) in session.query("owners", organisation_id=organisation_id, goal_ids=changed):
                if self._staging.has_read_listed_streams(organisation_id, row_uuid(owner)):
                    raise VersionConflict(_CONFLICT_MESSAGE)

    def _place_events(self, staged: Sequence[StagedEvent], head: Head, now: datetime) -> Iterator[Row]:
        """Staged events of a slice with the places that they take in the log."""
        recorded_at, log_position = to_micros(now), head.log_position
        places = {each.hex: known or 0 for each, known in self._positions.items()}
        for organisation_id, stream_id, version, topic, state in staged:
            places[organisation_id] = position = places[organisation_id] + 1
            log_position += 1
            placed = with_log_position(state, recorded_at=now, position=position, log_position=log_position)
            yield stream_id, version, topic, placed, log_position, organisation_id, position, recorded_at
        self._positions = {each: places[each.hex] for each in self._positions}


def _load_position(session: LogSession, organisation_id: UUID) -> int:
    return int(session.query("position", organisation_id=organisation_id)[0][0] or 0)
