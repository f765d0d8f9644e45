"""The staging copy of a bulk import: the log as it stood, and on top of it what has been decided so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.envelope import RecordedEvent
from domain.instants import to_micros
from ledger.decider import DecidedCommand
from ledger.event_sources import LogSource
from ledger.serialization import Mapper, decode_events
from ledger.storage.protocol import LogStore, Row, row_uuid
from ledger.storage.sqlite import ScratchFile

#: Organisation, stream, version, topic, state; ids as 32 digits.
StagedEvent = tuple[str, str, int, str, bytes]

#: RFC 9562: made from a namespace and a name.
_NAME_BASED_VERSION = 5
_PAGE_SIZE = 5000

#: Decisions that wait in memory to be written together: one at a time, their rows cost three times as much.
_WRITTEN_TOGETHER = 256

_TABLES = """
CREATE TABLE events (
    number INTEGER PRIMARY KEY, organisation_id TEXT, stream_id TEXT, version INTEGER, topic TEXT, state BLOB
);
CREATE INDEX events_by_stream ON events (stream_id, version);
CREATE TABLE standing (
    organisation_id TEXT, goal_id TEXT, live_owner TEXT, next_timer INTEGER, PRIMARY KEY (organisation_id, goal_id)
) WITHOUT ROWID;
CREATE INDEX standing_by_owner ON standing (organisation_id, live_owner);
CREATE TABLE standing_changes (
    change INTEGER PRIMARY KEY, number INTEGER, organisation_id TEXT, goal_id TEXT, live_owner TEXT, next_timer INTEGER
);
CREATE INDEX standing_changes_by_number ON standing_changes (number);
CREATE TABLE import_rows (
    organisation_id TEXT, import_row TEXT, number INTEGER, PRIMARY KEY (organisation_id, import_row)
) WITHOUT ROWID;
CREATE INDEX import_rows_by_number ON import_rows (number);
CREATE TABLE decisions (last_number INTEGER PRIMARY KEY);
CREATE TABLE imported_below (
    organisation_id TEXT, import_row TEXT, PRIMARY KEY (organisation_id, import_row)
) WITHOUT ROWID;
CREATE TABLE streams_below (stream_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE live_below (
    organisation_id TEXT, live_owner TEXT, goal_id TEXT, PRIMARY KEY (organisation_id, live_owner, goal_id)
) WITHOUT ROWID;
CREATE TABLE streams_read (
    organisation_id TEXT, stream_id TEXT, PRIMARY KEY (organisation_id, stream_id)
) WITHOUT ROWID;
CREATE TABLE books_read (
    organisation_id TEXT, owner TEXT, PRIMARY KEY (organisation_id, owner)
) WITHOUT ROWID;
"""

_ADD_EVENTS = "INSERT INTO events (organisation_id, stream_id, version, topic, state) VALUES (?, ?, ?, ?, ?)"
_ADD_DECISIONS = "INSERT OR IGNORE INTO decisions VALUES (?)"
_ADD_STANDING = "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?)"
_ADD_STANDING_CHANGES = (
    "INSERT INTO standing_changes (organisation_id, goal_id, live_owner, next_timer, number) VALUES (?, ?, ?, ?, ?)"
)
_ADD_IMPORT_ROWS = "INSERT INTO import_rows VALUES (?, ?, ?)"


class _Waiting:
    """Rows that are not in the file yet."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {
            _ADD_EVENTS: [],
            _ADD_DECISIONS: [],
            _ADD_STANDING: [],
            _ADD_STANDING_CHANGES: [],
            _ADD_IMPORT_ROWS: [],
        }
        #: The streams, and the owners on both sides of a change, that these rows are about.
        self.touched: set[UUID] = set()
        self.import_rows: set[tuple[UUID, str]] = set()


class StagingStore:
    """Implements `ledger.states.StateSource` over a private file and, below it, the log up to position `base`."""

    def __init__(self, recorder: LogStore, mapper: Mapper, *, base: int, listed_events: int) -> None:
        self._file = ScratchFile()
        #: Number of the last staged event.
        self._last_number = 0
        self._recorder = recorder
        self._mapper = mapper
        self._base = base
        self._listed_events = listed_events
        self._base_positions: dict[UUID, int] = {}
        #: Organisation -> whether rows of it were imported before.
        self._imports_listed: dict[UUID, bool] = {}
        self._live_listed: set[UUID] = set()
        self._waiting = _Waiting()
        self._streams_listed: dict[UUID, bool] = {}
        for statement in _TABLES.split(";"):
            self._file.execute(statement)
        # One transaction from the first to the last: the file is private and need not survive anything.
        self._file.execute("BEGIN")

    def close(self) -> None:
        self._file.close()

    # --- ledger.states.StateSource ------------------------------------------------------------------------------

    def load_stream(self, organisation_id: UUID, stream_id: UUID) -> list[RecordedEvent]:
        self._file.execute("INSERT OR IGNORE INTO streams_read VALUES (?, ?)", organisation_id, stream_id)
        events: list[RecordedEvent] = []
        if self._may_exist_in_log(organisation_id, stream_id):
            with self._recorder.read() as session:
                events = LogSource(session, self._mapper, self._base).load_stream(organisation_id, stream_id)
        self._flush_if_touched(stream_id)
        staged = self._file.execute(
            "SELECT stream_id, version, topic, state FROM events WHERE stream_id = ? AND organisation_id = ?"
            " ORDER BY version",
            stream_id,
            organisation_id,
        )
        return events + decode_events(staged, self._mapper)

    def find_event_id(self, organisation_id: UUID, stream_id: UUID, event_id: UUID | None) -> UUID | None:
        ids = [recorded.event_id for recorded in self.load_stream(organisation_id, stream_id)]
        return next((each for each in reversed(ids) if event_id in (None, each)), None)

    def belongs_to_other_tenant(self, organisation_id: UUID, stream_id: UUID) -> bool:
        # An id made from the organisation's own and a reference belongs to no other, unless it was sent as an id on
        # purpose: then the commit's unique key refuses it. All others are looked up.
        if stream_id.version == _NAME_BASED_VERSION:
            return False
        with self._recorder.read() as session:
            return LogSource(session, self._mapper).belongs_to_other_tenant(organisation_id, stream_id)

    def find_listed_streams(self, organisation_id: UUID, listed_under: UUID) -> frozenset[UUID]:
        self._file.execute("INSERT OR IGNORE INTO books_read VALUES (?, ?)", organisation_id, listed_under)
        self._flush_if_touched(listed_under)
        stored = {
            stream
            for stream in self._find_stored(organisation_id, listed_under)
            if not self._has_index_row(organisation_id, stream)
        }
        staged = self._file.execute(
            "SELECT goal_id FROM standing WHERE organisation_id = ? AND live_owner = ?", organisation_id, listed_under
        )
        return frozenset(stored | {UUID(row[0]) for row in staged})

    def _find_stored(self, organisation_id: UUID, listed_under: UUID) -> frozenset[UUID]:
        """What the log's index lists under this: all of a small organisation's is read once, instead of looked up."""
        position = self.base_position(organisation_id)
        if not position:
            return frozenset()
        if position > self._listed_events:
            with self._recorder.read() as session:
                return LogSource(session, self._mapper).find_listed_streams(organisation_id, listed_under)
        if organisation_id not in self._live_listed:
            self._live_listed.add(organisation_id)
            with self._recorder.read() as session:
                rows = session.query("listed", organisation_id=organisation_id)
            for found, goal in rows:
                self._file.execute(
                    "INSERT INTO live_below VALUES (?, ?, ?)", organisation_id, row_uuid(found), row_uuid(goal)
                )
        below = self._file.execute(
            "SELECT goal_id FROM live_below WHERE organisation_id = ? AND live_owner = ?", organisation_id, listed_under
        )
        return frozenset(UUID(row[0]) for row in below)

    def _has_index_row(self, organisation_id: UUID, goal_id: UUID) -> bool:
        """Whether the staged index has a row that overrides the log's."""
        self._flush_if_touched(goal_id)
        return self._exists(
            "SELECT 1 FROM standing WHERE organisation_id = ? AND goal_id = ?", organisation_id, goal_id
        )

    # --- what lies below ----------------------------------------------------------------------------------------

    def base_position(self, organisation_id: UUID) -> int:
        """The organisation's position when the staging began; 0: there is nothing below to read."""
        if organisation_id not in self._base_positions:
            with self._recorder.read() as session:
                rows = session.query("position_at", organisation_id=organisation_id, upto=self._base)
            self._base_positions[organisation_id] = int(rows[0][0] or 0)
        return self._base_positions[organisation_id]

    def _may_exist_in_log(self, organisation_id: UUID, stream_id: UUID) -> bool:
        """Whether the log may hold the stream: of a small organisation all are listed once, instead of looked up."""
        if organisation_id not in self._streams_listed:
            position = self.base_position(organisation_id)
            self._streams_listed[organisation_id] = position <= self._listed_events
            if position <= self._listed_events:
                with self._recorder.read() as session:
                    rows = session.query("stream_ids", organisation_id=organisation_id, upto=position)
                for row in rows:
                    self._file.execute("INSERT INTO streams_below VALUES (?)", row_uuid(row[0]))
        if not self._streams_listed[organisation_id]:
            return True
        return self._exists("SELECT 1 FROM streams_below WHERE stream_id = ?", stream_id)

    def is_imported(self, organisation_id: UUID, import_row: str) -> bool:
        """Whether the row was imported, before or in this staging."""
        any_before = self._imports_listed.get(organisation_id)
        if any_before is None:
            any_before = self._imports_listed[organisation_id] = self._copy_imports(organisation_id)
        if (organisation_id, import_row) in self._waiting.import_rows:
            return True
        return any(
            self._exists(
                f"SELECT 1 FROM {table} WHERE organisation_id = ? AND import_row = ?", organisation_id, import_row
            )
            for table in (("imported_below", "import_rows") if any_before else ("import_rows",))
        )

    def _copy_imports(self, organisation_id: UUID) -> bool:
        """Copy the identities of all rows imported before, page by page: a query for each would cost a round trip.

        Whether there are any.
        """
        after = ""
        while True:
            with self._recorder.read() as session:
                rows = session.query("imports", organisation_id=organisation_id, after=after, limit=_PAGE_SIZE)
            for row in rows:
                self._file.execute("INSERT INTO imported_below VALUES (?, ?)", organisation_id, row[0])
            if len(rows) < _PAGE_SIZE:
                return bool(after or rows)
            after = rows[-1][0]

    def _exists(self, sql: str, *params: object) -> bool:
        return self._file.execute(sql, *params).fetchone() is not None

    # --- what is staged -----------------------------------------------------------------------------------------

    def add(self, stored: Sequence[StoredEvent], decision: DecidedCommand) -> None:
        """Stage a decision's events, and its row in the index where that changed."""
        organisation_id, stream_id = decision.change.organisation_id, decision.change.stream_id
        waiting, organisation, stream = self._waiting, organisation_id.hex, stream_id.hex
        waiting.touched.add(stream_id)
        waiting.rows[_ADD_EVENTS] += [
            (organisation, stream, event.originator_version, event.topic, event.state) for event in stored
        ]
        self._last_number += len(stored)
        waiting.rows[_ADD_DECISIONS].append((self._last_number,))
        before, after = decision.change.before, decision.change.after
        if after != before:
            waiting.touched.update(owner for owner in (before.listed_under, after.listed_under) if owner is not None)
            timer = to_micros(after.next_timer_at) if after.next_timer_at else None
            row = (organisation, stream, after.listed_under.hex if after.listed_under else None, timer)
            waiting.rows[_ADD_STANDING].append(row)
            waiting.rows[_ADD_STANDING_CHANGES].append((*row, self._last_number))
        if len(waiting.rows[_ADD_DECISIONS]) >= _WRITTEN_TOGETHER:
            self.flush()

    def add_import_row(self, organisation_id: UUID, import_row: str) -> None:
        """Stage the identity of the row that was decided last."""
        self._waiting.rows[_ADD_IMPORT_ROWS].append((organisation_id.hex, import_row, self._last_number))
        self._waiting.import_rows.add((organisation_id, import_row))

    def _flush_if_touched(self, id_: UUID) -> None:
        if id_ in self._waiting.touched:
            self.flush()

    def flush(self) -> None:
        """Write what waits to the file, where what follows reads it."""
        for statement, rows in self._waiting.rows.items():
            if rows:
                self._file.execute_many(statement, rows)
        self._waiting = _Waiting()

    @property
    def last_number(self) -> int:
        """The number of the last staged event: how many there are."""
        return self._last_number

    def end_of_slice(self, after: int, events: int) -> int:
        """The number of the last event of a slice of so many: no decision is parted."""
        row = self._file.execute(
            "SELECT MIN(last_number) FROM decisions WHERE last_number >= ?", after + events
        ).fetchone()
        return int(row[0]) if row[0] is not None else self._last_number

    def list_organisations(self) -> list[UUID]:
        """The organisations whose events are staged."""
        return [UUID(row[0]) for row in self._file.execute("SELECT DISTINCT organisation_id FROM events")]

    def read_events(self, after: int, upto: int) -> list[StagedEvent]:
        """The events of a slice, in the order of the decisions."""
        return self._file.execute(
            "SELECT organisation_id, stream_id, version, topic, state FROM events WHERE number > ? AND number <= ?"
            " ORDER BY number",
            after,
            upto,
        ).fetchall()

    def index_rows(self, after: int, upto: int) -> list[Row]:
        """The rows of the index as the events of a slice leave them."""
        rows = self._file.execute(
            # Of the other columns SQLite gives those of the row with the greatest change.
            "SELECT organisation_id, goal_id, live_owner, next_timer, MAX(change) FROM standing_changes"
            " WHERE number > ? AND number <= ? GROUP BY organisation_id, goal_id",
            after,
            upto,
        )
        return [
            (UUID(organisation_id), UUID(goal_id), UUID(owner) if owner else None, timer)
            for organisation_id, goal_id, owner, timer, _ in rows
        ]

    def import_rows(self, after: int, upto: int) -> list[Row]:
        """The identities of the rows of a slice, in their order: neighbours are in one page of the index."""
        return self._file.execute(
            "SELECT organisation_id, import_row FROM import_rows WHERE number > ? AND number <= ?"
            " ORDER BY organisation_id, import_row",
            after,
            upto,
        ).fetchall()

    # --- what was read ------------------------------------------------------------------------------------------

    def has_read(self, organisation_id: UUID, stream_id: UUID) -> bool:
        """Whether a decision here looked at the stream, even to find that it does not exist."""
        return self._exists(
            "SELECT 1 FROM streams_read WHERE organisation_id = ? AND stream_id = ?", organisation_id, stream_id
        )

    def has_read_listed_streams(self, organisation_id: UUID, listed_under: UUID) -> bool:
        """Whether a decision here depends on what the index lists under this."""
        return self._exists(
            "SELECT 1 FROM books_read WHERE organisation_id = ? AND owner = ?", organisation_id, listed_under
        )
