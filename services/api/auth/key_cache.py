"""Keys, members and leads as this process has cached them, refreshed from the store by one look for many keys.

A request is authenticated from memory. Entries in use are refreshed `REFRESH_AFTER_S` after their last look, and no
request is let in by anything older than `MAX_STALENESS_S`: a key revoked, a member who left or a role withdrawn by
another process is refused within that time; what this very process changed counts at once. One look serves every
request that waits for one, in three queries however many they are, and costs no request a thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import structlog

from domain.charter.sight import SightLimits
from domain.member.member import Member
from ledger.api_keys import LAST_USED_GRANULARITY, KeyHolder, digest_of, is_well_formed
from ledger.errors import LedgerUnavailable
from ledger.sessions import is_session_token
from ledger.states import RecentlyUsed
from projections.database.database import DatabaseUnavailable
from projections.people import teams_etag, teams_led
from services.authorization import Viewer
from services.person_figures import is_co_determined
from services.visibility.viewers import build_viewer, has_ended, last_leave

if TYPE_CHECKING:
    from services.runtime import Runtime

#: A request by an entry older than this has all entries in use refreshed, and is still served.
REFRESH_AFTER_S = 0.25
#: Seconds between two looks at least, unless a key that is not remembered waits: each look hands the interpreter lock
#: to a thread and back. Looked up a few at a time, as they fell due, the keys of 32 clients made 14 a second, not 3.
_LOOK_PAUSE_S = 0.05
#: Older than this, it serves no request before it was looked at again.
MAX_STALENESS_S = 1.0
#: Keys, and members, that are remembered; the least recently used go first.
MAX_CACHED_KEYS = 20_000
#: More events than this since the last look, and forgetting every member is cheaper than finding whom they touched.
_MAX_CHANGED_STREAMS = 5_000
#: Seconds that a request waits for its key to be looked up; its command may then wait as long again.
_KEY_WAIT_S = 10.0
#: Keys in one look.
_MAX_KEYS_PER_REFRESH = 1_000

_log = structlog.get_logger(__name__)
_MemberKey = tuple[UUID, UUID]


class CachedKey(msgspec.Struct, frozen=True):
    """One key as it was found at the last look."""

    #: None: the key is unknown or revoked.
    holder: KeyHolder | None
    #: None as well where the key ended with a leave of its member.
    viewer: Viewer | None
    #: `time.monotonic()` before the store was asked.
    refreshed_at: float
    #: What this process had changed by then.
    changes: int
    #: Whose rate its requests count against.
    rate: str = ""

    def is_valid(self, now: datetime) -> bool:
        """Whether the key opens anything at all at this instant."""
        return self.holder is not None and self.holder.expires_at > now


class KeyCache:
    """For one application and its event loop."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._loader = _PrincipalLoader(runtime)
        self._entries = RecentlyUsed[str, CachedKey](MAX_CACHED_KEYS)
        self._pending: dict[str, asyncio.Future[CachedKey]] = {}
        #: Keys that were used since they were looked up: the next look is for all of them.
        self._used: set[str] = set()
        #: One of them is due, and a look is on its way.
        self._is_look_due = False
        self._refreshing: asyncio.Task[None] | None = None
        # A thread of its own each: a look waits for no other work, nor for a store that takes no write just now.
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="plimsoll-keys")
        self._recording = ThreadPoolExecutor(1, thread_name_prefix="plimsoll-key-use")
        #: Keys whose use is being written.
        self._being_recorded: set[UUID] = set()

    async def authenticate(self, text: str) -> CachedKey | None:
        """What is known of this key or session's token; None for a text that is neither. Raises `LedgerUnavailable`."""
        digest = digest_of(text)
        found = self._entries.get(digest)
        if found is None:
            if not (is_well_formed(text) or is_session_token(text)):
                return None
        elif found.changes == self._runtime.auth_epoch:
            age = time.monotonic() - found.refreshed_at
            if age <= MAX_STALENESS_S:
                self._used.add(digest)
                if age > REFRESH_AFTER_S and not self._is_look_due:
                    self._is_look_due = True
                    asyncio.get_running_loop().call_later(_LOOK_PAUSE_S, self._schedule_refresh)
                return found
        future = self._pending.get(digest)
        if future is None:
            future = self._pending[digest] = asyncio.get_running_loop().create_future()
        self._schedule_refresh()
        try:
            return await asyncio.wait_for(asyncio.shield(future), min(_KEY_WAIT_S, self._runtime.settings.store_wait_s))
        except TimeoutError:
            raise LedgerUnavailable("the store did not say whose key that is") from None

    def _schedule_refresh(self) -> None:
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())

    async def _refresh(self) -> None:
        """Look up the waiting keys until none is left; keys that arrive meanwhile are in the next query."""
        while self._pending or self._is_look_due:
            digests = [*self._pending, *(self._used - self._pending.keys())][:_MAX_KEYS_PER_REFRESH]
            self._used.difference_update(digests)
            waiting = {digest: self._pending.pop(digest) for digest in digests if digest in self._pending}
            try:
                found = await asyncio.get_running_loop().run_in_executor(self._looking, self._loader.load, digests)
            except Exception as error:  # noqa: BLE001 - raised in each request that waits for it
                if not waiting:
                    _log.warning("admission.failed", error=type(error).__name__)
                for future in waiting.values():
                    future.set_exception(error)
                    # An abandoned request has cancelled its future.
                    future.exception()
                continue
            finally:
                # Not before: requests that come during the look would have their keys looked up once more.
                self._is_look_due = False
            self._record_use(found.values())
            for digest, admitted in found.items():
                self._entries.put(digest, admitted)
            for digest, future in waiting.items():
                if not future.done():
                    future.set_result(found[digest])

    def _record_use(self, found: Iterable[CachedKey]) -> None:
        """Have written when these keys were last used, once in a while for each."""
        now = self._runtime.clock()
        due = {
            each.holder.principal.key_id
            for each in found
            if each.holder is not None
            and each.holder.expires_at > now
            and (each.holder.last_used_at is None or each.holder.last_used_at < now - LAST_USED_GRANULARITY)
        } - self._being_recorded
        if due:
            self._being_recorded |= due
            self._recording.submit(_write_use, self._runtime, due, now).add_done_callback(
                lambda _: self._being_recorded.difference_update(due)
            )


def _write_use(runtime: Runtime, due: set[UUID], now: datetime) -> None:
    try:
        runtime.keys.record_use(due, now)
    except (LedgerUnavailable, DatabaseUnavailable) as error:
        # A store that takes no write just now is no reason to refuse a read.
        _log.warning("key_use.not_noted", error=type(error).__name__)


class _PrincipalLoader:
    """Members and leads as of the last look. Used by one look at a time, in a thread: it queries the store."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        #: Log position up to which `_members` are right.
        self._synced = -1
        self._members = RecentlyUsed[_MemberKey, Member | None](MAX_CACHED_KEYS)
        #: Organisation -> whether it shows person level to the person alone; forgotten when the organisation changes.
        self._co_determined: dict[UUID, bool] = {}
        #: Organisation -> to whom its charters narrow figures of persons; forgotten with any change: members count too.
        self._sight_limits: dict[UUID, SightLimits] = {}
        #: Organisation -> mark of its teams, and the leads found under that mark.
        self._leads: dict[UUID, tuple[object, dict[tuple[UUID, datetime | None], frozenset[UUID]]]] = {}

    def load(self, digests: list[str]) -> dict[str, CachedKey]:
        """Each key as it stands now. Raises `LedgerUnavailable`, `DatabaseUnavailable`."""
        runtime = self._runtime
        began, changes = time.monotonic(), runtime.auth_epoch
        holders = runtime.keys.find_holders(digests)
        self._synchronise()
        organisations = {holder.principal.organisation_id for holder in holders.values()}
        for organisation_id in organisations:
            mark = teams_etag(runtime.database, organisation_id)
            if self._leads.get(organisation_id, (None, {}))[0] != mark:
                self._leads[organisation_id] = (mark, {})
        found = {}
        for digest in digests:
            holder = holders.get(digest)
            viewer = self._build_viewer(holder) if holder is not None else None
            rate = f"key:{holder.principal.key_id}" if holder is not None else ""
            found[digest] = CachedKey(holder, viewer, began, changes, rate)
        return found

    def _synchronise(self) -> None:
        """Forget the members that have changed since the last look: what is loaded after this is as new as the log."""
        head, changed = self._runtime.ledger.find_changed_streams(self._synced, _MAX_CHANGED_STREAMS)
        if changed is None:
            self._members.clear()
            self._co_determined.clear()
            self._sight_limits.clear()
        elif changed:
            for organisation_id, stream_id in changed:
                self._sight_limits.pop(organisation_id, None)
                if stream_id == organisation_id:
                    self._co_determined.pop(organisation_id, None)
            for person in changed & self._members.keys():
                del self._members[person]
        self._synced = head

    def _build_viewer(self, holder: KeyHolder) -> Viewer | None:
        """Where the key's member stands. A key ends when its member leaves, and a return does not revive it."""
        principal = holder.principal
        person = (principal.organisation_id, principal.member_id)
        if person not in self._members:
            entry = self._runtime.ledger.load_current(person[0], "member", person[1])
            self._members.put(person, entry.state if entry is not None else None)
        member = self._members[person]
        if has_ended(member, holder.created_at):
            return None
        last_left = last_leave(member)
        leads, key = self._leads[person[0]][1], (person[1], last_left)
        if key not in leads:
            leads[key] = teams_led(self._runtime.database, *person, last_left)
        if person[0] not in self._co_determined:
            self._co_determined[person[0]] = is_co_determined(self._runtime.ledger, person[0])
        if person[0] not in self._sight_limits:
            self._sight_limits[person[0]] = self._runtime.ledger.load_sight_limits(person[0])
        return build_viewer(
            principal,
            member,
            leads[key],
            co_determination=self._co_determined[person[0]],
            sight_limits=self._sight_limits[person[0]],
        )
