"""The protocol of both stores, an append's form, and the SQL texts.

An append is either locked or conditional. `append_locked` locks the log head (one counter row), has a batch of commands
decided under that lock, and writes events, index rows and keys in the same transaction. `append_if_head` writes them in
one statement on the condition that the head has not moved. Either way positions are gapless and in commit order: a
reader that has seen position n has seen all before it.
"""

from __future__ import annotations

import re
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec
from eventsourcing.persistence import (
    ConnectionPoolClosedError,
    InterfaceError,
    InternalError,
    OperationalError,
    StoredEvent,
)

from domain.instants import from_micros
from ledger.errors import LedgerUnavailable, OutcomeUnknown
from ledger.storage.named_sql import load_statements

#: A row as the driver gives it and takes it.
Row = Sequence[Any]


class Head(msgspec.Struct, frozen=True):
    """Where the log ends."""

    log_position: int
    #: Microseconds, UTC; never falls.
    recorded_at: int

    def next_recorded_at(self, now: datetime) -> datetime:
        """When the next transaction is recorded: later than the last one, also where the clock stands or was put back.

        So an instant tells what had been recorded by then from what was recorded afterwards.
        """
        return max(now, from_micros(self.recorded_at + 1))


class InsertTarget(msgspec.Struct, frozen=True, eq=False):
    """A table that an append writes to. Equal to itself alone, so that statements are cached by it."""

    table: str
    #: Column -> PostgreSQL type.
    columns: dict[str, str]
    #: What follows the values: what is done about a row that exists already.
    conflict: str = ""


EVENTS = InsertTarget(
    "stored_events",
    {
        "originator_id": "uuid",
        "originator_version": "bigint",
        "topic": "text",
        "state": "bytea",
        "notification_id": "bigint",
        "organisation_id": "uuid",
        "position": "bigint",
        "recorded_at": "bigint",
    },
)
STREAM_INDEX = InsertTarget(
    "ledger_standing",
    {"organisation_id": "uuid", "goal_id": "uuid", "live_owner": "uuid", "next_timer": "bigint"},
    "ON CONFLICT (organisation_id, goal_id) DO UPDATE "
    "SET live_owner = excluded.live_owner, next_timer = excluded.next_timer",
)
IDEMPOTENCY_UPSERT = InsertTarget(
    "ledger_idempotency",
    {
        "organisation_id": "uuid",
        "scope": "text",
        "key": "text",
        "digest": "text",
        "answer": "text",
        "created_at": "bigint",
    },
    # Only an expired row can be there: a valid one is found, under the same lock, before anything is decided.
    "ON CONFLICT (organisation_id, scope, key) DO UPDATE "
    "SET digest = excluded.digest, answer = excluded.answer, created_at = excluded.created_at",
)
#: The same where the keys were not looked up: a row that exists makes the append a conflict.
IDEMPOTENCY_INSERT = msgspec.structs.replace(IDEMPOTENCY_UPSERT, conflict="")
IMPORT_ROWS = InsertTarget("ledger_import_rows", {"organisation_id": "uuid", "import_row": "text"})
#: Reads of the same day, by the same viewer, of the same figures are one row.
PERSON_READS = InsertTarget(
    "ledger_person_reads",
    {
        "organisation_id": "uuid",
        "day": "bigint",
        "subject_id": "uuid",
        "subject": "text",
        "viewer": "uuid",
        "role": "text",
        "what": "text",
        "first_at": "bigint",
        "last_at": "bigint",
        "times": "bigint",
    },
    "ON CONFLICT (organisation_id, day, subject_id, viewer, role, what) DO UPDATE"
    " SET times = ledger_person_reads.times + excluded.times, last_at ="
    " CASE WHEN excluded.last_at > ledger_person_reads.last_at THEN excluded.last_at"
    " ELSE ledger_person_reads.last_at END",
)
#: What an event loop appends to: what commands come to, all but import rows.
OPTIMISTIC_TARGETS = (EVENTS, STREAM_INDEX, IDEMPOTENCY_INSERT)


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction adds. `rows` may be lazy: a bulk append is written as it is produced."""

    #: How many events; they take the positions right after the head.
    events: int
    #: Microseconds, UTC, of the last event: the head's from then on.
    recorded_at: int
    rows: Sequence[tuple[InsertTarget, Iterable[Row]]]
    #: Many rows: COPY where there is one.
    bulk: bool = False
    #: Move the head even where there is no event: an optimistic statement that may still be in flight then finds
    #: another head than it expects.
    fence: bool = False

    @property
    def moves_head(self) -> bool:
        return self.events > 0 or self.fence

    @property
    def is_optimistic(self) -> bool:
        """Whether event loops have a statement for it."""
        return self.events > 0 and all(target in OPTIMISTIC_TARGETS for target, _ in self.rows)


class LogSession(Protocol):
    """One open transaction of either database."""

    @property
    def is_broken(self) -> bool:
        """Whether the transaction, or its connection, is lost: every further query will fail."""

    def query(self, name: str, /, **params: object) -> list[Row]:
        """The rows of a named query. UUIDs come back as the driver has them: pass them through `row_uuid`."""

    def run(self, name: str, /, **params: object) -> int:
        """The number of rows that a named statement changed."""

    def insert(self, target: InsertTarget, rows: Iterable[Row], *, bulk: bool = False) -> None: ...


class LogStore(Protocol):
    """What the ledger needs of a store; both are also the library's `ApplicationRecorder`."""

    def count_connections(self) -> tuple[int, int]:
        """Connections of this process: in use, and idle."""

    def read(self, *, snapshot: bool = False) -> AbstractContextManager[LogSession]:
        """For queries; with `snapshot` all of them see one state of the log."""

    def write(self) -> AbstractContextManager[LogSession]:
        """A transaction on other tables than the log's (keys, purges); never for events."""

    def append_locked(self, batch: Callable[[LogSession, Head], Append | None]) -> None:
        """Run `batch` under the head's lock and write what it returns; an exception from it leaves nothing.

        Raises `OutcomeUnknown` where the store is lost at the commit, and `LedgerUnavailable` where it is before.
        """

    def lock_exclusively(self, name: str, seconds: float) -> AbstractContextManager[None]:
        """Hold a named lock, one process of all that have this store open; it ends with the process.

        For work outside the store: a process whose connection breaks loses the lock without notice. Raises
        `TimeoutError` where it is not free within `seconds`, and `LedgerUnavailable`.
        """

    def open_async_appender(self, loop: AbstractEventLoop) -> AsyncAppender:
        """Open a connection for an event loop's own appends; the calling thread waits for the server.

        Raises `LedgerUnavailable`.
        """

    def close(self) -> None: ...


#: None: it was written (or the head is as expected). `HeadConflict`: the head is another, or a key is not new.
DoneCallback = Callable[[BaseException | None], None]


class AsyncAppender(Protocol):
    """Conditional appends of an event loop, one at a time: see `ledger.storage.postgres_async`."""

    is_alive: bool

    def append_if_head(self, head: Head, append: Append | None, on_done: DoneCallback) -> None:
        """Write it if the log ends at `head`, or (None) check whether it does; the loop calls `on_done`, once.

        Raises where it cannot be encoded: then nothing was sent.
        """

    def close(self) -> None:
        """Close the connection; `on_done` is not called any more. Twice does no harm."""


class MigrationSession(Protocol):
    """A transaction for DDL."""

    dialect: str

    def execute(self, sql: str) -> None: ...
    def fetch(self, sql: str) -> list[Row]: ...


@contextmanager
def outcome_unknown_on_disconnect() -> Iterator[None]:
    """Raise `OutcomeUnknown` where the store is lost while it commits."""
    try:
        with unavailable_on_disconnect():
            yield
    except LedgerUnavailable as error:
        raise OutcomeUnknown(str(error)) from error


@contextmanager
def unavailable_on_disconnect() -> Iterator[None]:
    """Raise `LedgerUnavailable` where the store is away, full, locked or has disconnected; other errors pass."""
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, ConnectionPoolClosedError) as error:
        raise LedgerUnavailable(f"the event store is not available: {error}") from error


class TupleListParam(msgspec.Struct, frozen=True):
    """A parameter that is a list of tuples, by its columns' types."""

    name: str
    types: tuple[str, ...]


#: `EACH(:wanted uuid text)`, with `:wanted` already in the driver's form.
TUPLE_LIST_MACRO = re.compile(r"EACH\((?P<mark>\S+) (?P<types>[a-z ]+)\)")


@cache
def find_tuple_list_param(name: str) -> TupleListParam | None:
    """The list of tuples that a named query takes, if it takes one."""
    found = TUPLE_LIST_MACRO.search(load_queries()[name])
    return TupleListParam(found["mark"].removeprefix(":"), tuple(found["types"].split())) if found else None


def load_queries() -> dict[str, str]:
    """Every named statement of `sql/queries.sql`."""
    return load_statements("ledger", "storage", "sql", "queries.sql")


def append_library_events(store: LogStore, stored: Sequence[StoredEvent]) -> list[int]:
    """The library's own append (`insert_events`): events of no organisation, as its test cases write them."""
    ids: list[int] = []

    def build(_session: LogSession, head: Head) -> Append:
        ids.extend(range(head.log_position + 1, head.log_position + 1 + len(stored)))
        rows = [
            (e.originator_id, e.originator_version, e.topic, e.state, position, None, None, head.recorded_at)
            for e, position in zip(stored, ids, strict=True)
        ]
        return Append(events=len(rows), recorded_at=head.recorded_at, rows=[(EVENTS, rows)])

    store.append_locked(build)
    return ids


def row_uuid(value: object) -> UUID:
    """The UUID in a row: PostgreSQL gives one, SQLite its 32 digits."""
    return value if isinstance(value, UUID) else UUID(str(value))
