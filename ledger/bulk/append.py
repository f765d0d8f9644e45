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
from typing import Self
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
_LEAST_SLICE, _LARGEST_SLICE = 50, 10_000


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
        self._organisations: list[UUID] = []

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
        self._organisations = self._staging.list_organisations()
        after, events = _BEFORE_FIRST, self._limits.slice_events
        while True:
            upto = self._staging.end_of_slice(max(after, 0), events)
            began = monotonic()
            self._append_slice(after, upto)
            took = monotonic() - began
            self.appended_rows = self._staging.count_import_rows(upto)
            if upto >= self._staging.last_number:
                return upto
            after = upto
            events = self._limits.adapt_slice(events, took)
            # The lock is taken again by who asks first: others were refused it as long as this took.
            sleep(min(took, self._limits.longest_pause_s))

    def _append_slice(self, after: int, upto: int) -> None:
        """Append the events behind one number up to another, with their rows, in one transaction."""
        # Read before the lock is taken: others wait for what is done under it.
        staged = self._staging.read_events(max(after, 0), upto)
        index_rows, import_rows = self._staging.index_rows(after, upto), self._staging.import_rows(after, upto)

        def batch(session: LogSession, head: Head) -> Append | None:
            if head.log_position != self._seen_position:
                self._check_for_conflicts(session)
            now = head.next_recorded_at(max(self._clock(), self._now))
            # Read before the rows are copied: a connection in a COPY runs no query.
            positions = {each: _load_position(session, each) for each in self._organisations}
            self._seen_position = head.log_position + len(staged)
            rows = (
                (EVENTS, _place_events(staged, head, now, positions)),
                (STREAM_INDEX, index_rows),
                (IMPORT_ROWS, import_rows),
            )
            return Append(events=len(staged), recorded_at=to_micros(now), rows=rows, bulk=True)

        try:
            self._recorder.append_locked(batch)
        except IntegrityError as error:
            raise VersionConflict(_CONFLICT_MESSAGE) from error

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
            if self._staging.has_read(organisation_id, stream_id):
                raise VersionConflict(_CONFLICT_MESSAGE)
            goals.setdefault(organisation_id, []).append(stream_id)
        for organisation_id, changed in goals.items():
            for (owner,) in session.query("owners", organisation_id=organisation_id, goal_ids=changed):
                if self._staging.has_read_live_goals(organisation_id, row_uuid(owner)):
                    raise VersionConflict(_CONFLICT_MESSAGE)


def _place_events(
    staged: Sequence[StagedEvent], head: Head, now: datetime, positions: dict[UUID, int]
) -> Iterator[Row]:
    """Staged events of a slice with the places that they take in the log."""
    recorded_at, log_position = to_micros(now), head.log_position
    places = {organisation_id.hex: position for organisation_id, position in positions.items()}
    for organisation_id, stream_id, version, topic, state in staged:
        places[organisation_id] = position = places[organisation_id] + 1
        log_position += 1
        placed = with_log_position(state, recorded_at=now, position=position, log_position=log_position)
        yield stream_id, version, topic, placed, log_position, organisation_id, position, recorded_at


def _load_position(session: LogSession, organisation_id: UUID) -> int:
    return int(session.query("position", organisation_id=organisation_id)[0][0] or 0)
