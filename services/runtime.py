"""The composition root: settings in, one running Plimsoll out.

Scale and laptop differ in three choices, all made here: which database (by the URL's scheme, inside `Ledger.open` and
`Database.open`), which broker, and which wake-ups. Everything else is the same code.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import UUID, uuid4

import msgspec

from domain.policy import Policy
from ledger.api_keys import Keys
from ledger.commands import Command, Receipt
from ledger.deliveries import Deliveries
from ledger.ledger import Ledger
from ledger.person_reads import PersonReadStore
from ledger.pulses import PULSES_COMPARED, PulseStore
from ledger.sessions import Sessions
from ledger.storage import migrations
from ledger.uploads import Uploads
from projections.catalogue import PROJECTIONS
from projections.database.database import Database
from projections.engine.engine import Engine
from projections.marts.snapshots import migrate_snapshots
from services.bi import create_views, drop_outdated_views
from services.clock import TimeOrderedIds, utc_now
from services.database_roles import grant_rights
from services.person_reads import PersonReads, kept_from
from services.visibility.feed import Feed
from services.wakeups.local import LocalWakeups, Wakeups

if TYPE_CHECKING:
    from services.pulses import Pulses
    from services.settings import Settings


#: Two exports at a time, each with a connection for its rows and one for what it looks up.
_EXPORT_CONNECTIONS = 4
#: Threads of an API process for look-ups: of commands, keys and probes.
_LOOKUP_THREADS = 12


class Runtime:
    """Connections, caches and wake-ups: what outlives a request. Make one with `open`; close it when done."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
        new_id: Callable[[], UUID] | None = None,
        statement_timeout_s: float = 0,
    ) -> None:
        self.settings = settings
        self._auth_changes = 0
        #: Set by a request that waits for the views to reach a position: a projector of this process then runs at once.
        self.readers_waiting = threading.Event()
        #: Now, UTC.
        self.clock = clock
        #: A new UUIDv7, greater than all before it in this process.
        self.new_id = new_id or TimeOrderedIds()
        with ExitStack() as opened:
            self.ledger = Ledger.open(settings.database_url, clock=self.clock, new_id=self.new_id)
            opened.callback(self.ledger.close)
            # Every thread of the API and of the worker may ask the views at once, and the projector writes them.
            self.database = Database.open(
                settings.views_database_url or settings.database_url,
                connections=_count_reading_threads(settings) + settings.worker_threads + 1,
                statement_timeout_s=statement_timeout_s,
                row_security=bool(settings.views_database_url),
            )
            opened.callback(self.database.close)
            #: What each viewer sees of the log, in pages.
            self.feed = Feed(self.ledger)
            self.keys = Keys(self.ledger)
            self.sessions = Sessions(self.ledger)
            self.uploads = Uploads(self.ledger)
            self.deliveries = Deliveries(self.ledger)
            self.person_reads = PersonReads(PersonReadStore(self.ledger.recorder), self.clock)
            opened.callback(self.person_reads.close)
            self.pulse_store = PulseStore(self.ledger.recorder)
            self.engine = Engine(self.ledger, self.database, PROJECTIONS)
            self.wakeups = _create_wakeups(settings)
            opened.callback(self.wakeups.close)
            self._exit_stack = opened.pop_all()

    @classmethod
    def open(cls, settings: Settings, *, statement_timeout_s: float = 0) -> Self:
        """Connections only: no thread of ours runs. Never runs DDL.

        `statement_timeout_s`: PostgreSQL ends a reading statement after so many seconds; 0: never.
        """
        return cls(settings, statement_timeout_s=statement_timeout_s)

    def close_first(self, close: Callable[[], None]) -> None:
        """Call this when the runtime is closed, before what was opened until now is."""
        self._exit_stack.callback(close)

    def handle(self, command: Command) -> Receipt:
        """Record one command's events and wake the projector: the wake-up follows every commit, by construction.

        Raises what `Ledger.handle` raises.
        """
        receipt = self.ledger.handle(command)
        self._after_commit(command)
        return receipt

    async def handle_async(self, command: Command) -> Receipt:
        """`handle` for an event loop: no thread waits for the answer."""
        receipt = await self.ledger.handle_async(command)
        self._after_commit(command)
        return receipt

    def _after_commit(self, command: Command) -> None:
        if command.kind != "goal":
            self._auth_changes += 1
        self.wakeups.publish()

    def notify_committed(self) -> None:
        """Notify the projectors of a commit, and invalidate cached members and keys."""
        self._auth_changes += 1
        self.wakeups.publish()

    @property
    def auth_epoch(self) -> int:
        """Grows with whatever this process changes about keys, members and teams."""
        return self._auth_changes + self.keys.epoch + self.sessions.epoch

    def run_housekeeping(self) -> None:
        """Delete what has outlived its use: idempotency keys, sessions, uploads, deliveries, reads of figures.

        Each after its own time.
        """
        self.ledger.purge_idempotency_keys()
        self.sessions.purge(self.clock())
        self.uploads.purge(self.clock())
        self.deliveries.purge(self.clock() - timedelta(days=self.settings.webhook_log_days))
        self.person_reads.store.purge(self.reads_kept_from)
        self.pulse_store.purge(self.clock() - PULSES_COMPARED)

    def close_due_pulses(self) -> int:
        """Close the pulses whose time is over; how many."""
        return self.pulses.close_due() if self.pulse_store.find_due(self.clock(), 1) else 0

    @cached_property
    def pulses(self) -> Pulses:
        """Tokens and answers of pulses; what signs and seals them is imported when they are first asked for."""
        from services.pulses import Pulses  # noqa: PLC0415 - as in `jobs`

        return Pulses(self.pulse_store, self.ledger, self.handle, self.settings, self.clock)

    def reads_kept_from(self, organisation_id: UUID) -> int:
        """The first day (`ledger.person_reads.day_of`) whose reads of figures the organisation keeps."""
        now = self.clock()
        entry = self.ledger.load_current(organisation_id, "organisation", organisation_id)
        policy = entry.state.policy_at(now).policy if entry is not None else Policy()
        return kept_from(now, policy.looked_at_days)

    def close(self) -> None:
        """Stop what was started and close what was opened, in reverse order. May be called twice."""
        self._exit_stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _count_reading_threads(settings: Settings) -> int:
    """Threads of an API process that may ask the views at once: of every weight class, and some for look-ups."""
    pages = settings.api_threads // 4 + 1
    whole = settings.reports_at_once + settings.imports_at_once + _EXPORT_CONNECTIONS
    return settings.api_threads + pages + whole + _LOOKUP_THREADS


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """What `migrate` changed."""

    #: Numbers of the ledger's migrations.
    applied: list[int]
    #: Views that begin anew and fill from the log.
    views: list[str]
    #: Events that they have yet to follow.
    events: int
    #: The log was restored from a copy and has an epoch of its own from now on.
    restored: bool
    #: Schema `bi`: made anew, current, or why there is none.
    bi: str


def migrate(settings: Settings, *, restored: bool = False) -> Migration:
    """Bring ledger and views to this version's shape; what was changed.

    Idempotent, safe from several processes at once. `restored`: the database is a copy that takes the place of a log
    which had gone on; where the views show that, it need not be said.
    """
    applied = migrations.migrate(settings.database_url)
    # One role changes the shape of both.
    with Runtime.open(msgspec.structs.replace(settings, views_database_url="")) as runtime:
        drop_outdated_views(settings.database_url, tables_change=runtime.engine.empties_views())
        views = runtime.engine.migrate()
        migrate_snapshots(runtime.database)
        events = runtime.ledger.head() if views.begun else 0
    grant_rights(settings.database_url)
    analysts = create_views(settings.database_url)
    # A database that gets its epoch now has no other one to give up.
    restored = restored or (views.is_log_restored and not applied)
    if restored:
        migrations.renew_epoch(settings.database_url, uuid4())
    return Migration(applied=applied, views=views.begun, events=events, restored=restored, bi=analysts)


def _create_wakeups(settings: Settings) -> Wakeups:
    if settings.redis_url is None:
        return LocalWakeups()
    # A laptop without Redis need not import its client at every start.
    from services.wakeups.redis import RedisWakeups  # noqa: PLC0415

    return RedisWakeups(settings.redis_url)
