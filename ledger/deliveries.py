"""How far each subscription was sent, what became of each event for it, and what its messages are signed with.

Tables next to the log, in its store: a copy of the store holds both at one moment. A worker sends for a subscription
while it holds its lease; what it writes is refused once another holds it (`Deliveries.save`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from domain.errors import InvalidField, NotFound
from domain.instants import from_micros, to_micros
from ledger.storage.protocol import InsertTarget, LogSession, LogStore, row_uuid

#: `pending`: to be sent, or sent again; `delivered`; `dead`: given up after the last attempt; `withheld`: its member
#: did not see it any more when it was to be sent; `held`: not sent when the log was restored from a copy.
DeliveryState = Literal["pending", "delivered", "dead", "withheld", "held"]
#: How long a subscription that is not active is left alone, unless it is woken.
REST = timedelta(seconds=60)

_MAX_LIMIT = 2**31
_DELIVERIES = InsertTarget(
    "webhook_deliveries",
    {
        "subscription_id": "uuid",
        "event_id": "uuid",
        "position": "bigint",
        "subject": "text",
        "state": "text",
        "attempts": "bigint",
        "tries": "bigint",
        "next_attempt_at": "bigint",
        "updated_at": "bigint",
    },
    "ON CONFLICT (subscription_id, event_id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,"
    " tries = excluded.tries, next_attempt_at = excluded.next_attempt_at, updated_at = excluded.updated_at",
)
_ATTEMPTS = InsertTarget(
    "webhook_attempts",
    {
        "subscription_id": "uuid",
        "event_id": "uuid",
        "attempt": "bigint",
        "at": "bigint",
        "duration_us": "bigint",
        "status": "bigint",
        "error": "text",
        "answer": "text",
    },
    # A worker that was killed before it could say so has made this attempt already.
    "ON CONFLICT (subscription_id, event_id, attempt) DO UPDATE SET at = excluded.at,"
    " duration_us = excluded.duration_us, status = excluded.status, error = excluded.error, answer = excluded.answer",
)


class DeliveryCursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far one subscription was sent."""

    subscription_id: UUID
    organisation_id: UUID
    #: Every event up to here was sent, or has a delivery of its own.
    position: int
    #: The log's epoch when this was written.
    epoch: str
    next_due: datetime | None = None
    #: Since when no delivery has succeeded, and how many attempts have failed since.
    failing_since: datetime | None = None
    failures: int = 0
    created_at: datetime


class EventDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event for one subscription."""

    event_id: UUID
    position: int
    #: The event's stream, in whose order it is sent.
    subject: str
    state: DeliveryState
    #: Attempts since it was sent first, or again on demand: what the next one waits by.
    attempts: int
    #: All attempts there were.
    tries: int
    next_attempt_at: datetime | None
    updated_at: datetime


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and what was answered."""

    attempt: int
    at: datetime
    duration_us: int
    #: The HTTP status; None where there was no answer.
    status: int | None
    #: Why it did not succeed; empty where it did.
    error: str
    #: The beginning of the answer's body.
    answer: str


class DeliveryUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What the lease holder of a subscription writes at once."""

    before: DeliveryCursor
    after: DeliveryCursor
    #: Microseconds, UTC.
    lease_until: int
    deliveries: Sequence[EventDelivery] = ()
    attempts: Sequence[tuple[UUID, Attempt]] = ()


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How far one subscription is behind."""

    subscription_id: UUID
    #: Events of the organisation that were not looked at yet.
    events: int
    #: Deliveries that are to be tried again.
    pending: int
    #: When the oldest of all these was recorded; None: there is none.
    oldest: datetime | None


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key pair of this deployment."""

    key_id: str
    #: 32 bytes.
    private_key: bytes
    created_at: datetime
    #: When it signs no more, and is published no more; None: that is not decided.
    retired_at: datetime | None


class DeliveryStore(Protocol):
    """What deliveries need of the ledger."""

    recorder: LogStore

    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def epoch(self) -> str: ...
    def position(self, organisation_id: UUID) -> int: ...


class Deliveries:
    """The cursors, deliveries and secrets of all subscriptions. Raises `LedgerUnavailable` where the store is away."""

    def __init__(self, ledger: DeliveryStore) -> None:
        self._ledger = ledger
        self._recorder = ledger.recorder
        self._clock = ledger.clock

    # --- subscriptions --------------------------------------------------------------------------------------------

    def begin(self, organisation_id: UUID, subscription_id: UUID, secret: str) -> None:
        """A cursor at the organisation's end, and the first secret: before the subscription itself is recorded.

        Where that is refused, or never comes, `forget` undoes it.
        """
        position, now = self._ledger.position(organisation_id), to_micros(self._clock())
        with self._recorder.write() as session:
            session.run(
                "create_webhook_cursor",
                subscription_id=subscription_id,
                organisation_id=organisation_id,
                position=position,
                epoch=self._ledger.epoch,
                # A reader that is quicker than the command which records it would find no subscription.
                lease_until=now + REST // timedelta(microseconds=1),
                at=now,
            )
            session.run("add_webhook_secret", subscription_id=subscription_id, at=now, secret=secret)

    def forget(self, subscription_id: UUID) -> None:
        """Drop cursor and secrets; the log of deliveries stays until it is purged."""
        with self._recorder.write() as session:
            session.run("remove_webhook_cursor", subscription_id=subscription_id)
            session.run("remove_webhook_secrets", subscription_id=subscription_id)

    def wake(self, subscription_id: UUID) -> None:
        """Let any worker look at it now; a worker that holds its lease reads it anew."""
        with self._recorder.write() as session:
            session.run("wake_webhook_cursor", subscription_id=subscription_id, now=to_micros(self._clock()))

    def resume(self, subscription_id: UUID) -> None:
        """Count failures from zero again, and send at once what waits."""
        now = to_micros(self._clock())
        with self._recorder.write() as session:
            session.run("forgive_webhook_cursor", subscription_id=subscription_id, now=now)
            session.run("retry_webhook_deliveries", subscription_id=subscription_id, now=now)

    def replay(self, subscription_id: UUID, after: int) -> None:
        """Send again what was recorded after a position: the deliveries recorded of it are dropped."""
        with self._recorder.write() as session:
            session.run("forget_webhook_deliveries", subscription_id=subscription_id, after=after)
            session.run(
                "rewind_webhook_cursor", subscription_id=subscription_id, position=after, now=to_micros(self._clock())
            )

    def redeliver(self, subscription_id: UUID, state: DeliveryState) -> int:
        """Send again the deliveries in this state; how many."""
        now = to_micros(self._clock())
        with self._recorder.write() as session:
            found = session.run("revive_webhook_deliveries", subscription_id=subscription_id, state=state, now=now)
            session.run("forgive_webhook_cursor", subscription_id=subscription_id, now=now)
        return found

    def redeliver_event(self, subscription_id: UUID, event_id: UUID, position: int, subject: str) -> None:
        """Send one event again, whatever became of it before."""
        now = self._clock()
        with self._recorder.write() as session:
            rows = session.query("webhook_delivery", subscription_id=subscription_id, event_id=event_id)
            before = _delivery(rows[0]) if rows else None
            again = EventDelivery(
                event_id=event_id,
                position=position,
                subject=subject,
                state="pending",
                attempts=0,
                tries=before.tries if before is not None else 0,
                next_attempt_at=now,
                updated_at=now,
            )
            session.insert(_DELIVERIES, [_delivery_row(subscription_id, again)])
            session.run("forgive_webhook_cursor", subscription_id=subscription_id, now=to_micros(now))

    # --- secrets and keys -----------------------------------------------------------------------------------------

    def load_secrets(self, subscription_id: UUID) -> list[str]:
        """What messages are signed with now, the newest first."""
        now = to_micros(self._clock())
        with self._recorder.read() as session:
            rows = session.query("webhook_secrets", subscription_id=subscription_id, now=now)
        return [str(secret) for secret, _ in rows]

    def rotate_secret(self, subscription_id: UUID, secret: str, former_until: datetime) -> None:
        """Sign with this secret from now on, and with the one before it until then."""
        now = to_micros(self._clock())
        with self._recorder.write() as session:
            session.run("end_webhook_secrets", subscription_id=subscription_id, until=to_micros(former_until), now=now)
            session.run("add_webhook_secret", subscription_id=subscription_id, at=now, secret=secret)

    def load_signing_keys(self) -> list[SigningKey]:
        """The deployment's key pairs that sign now, the newest first."""
        with self._recorder.read() as session:
            rows = session.query("webhook_signing_keys", now=to_micros(self._clock()))
        return [
            SigningKey(
                key_id=str(key_id),
                private_key=bytes.fromhex(private_key),
                created_at=from_micros(created_at),
                retired_at=from_micros(retired_at) if retired_at is not None else None,
            )
            for key_id, private_key, created_at, retired_at in rows
        ]

    def add_signing_key(self, key_id: str, private_key: bytes, *, former_until: datetime | None = None) -> None:
        """Sign with this key pair from now on, and with those before it until then; None: no more."""
        now = to_micros(self._clock())
        until = now if former_until is None else to_micros(former_until)
        with self._recorder.write() as session:
            session.run("retire_webhook_signing_keys", until=until)
            session.run("add_webhook_signing_key", key_id=key_id, private_key=private_key.hex(), at=now)

    # --- the worker -----------------------------------------------------------------------------------------------

    def find_ready(
        self, organisations: Collection[UUID], now: datetime, limit: int, *, everywhere: bool = False
    ) -> list[UUID]:
        """Subscriptions without a lease: of these organisations, and those with something due.

        `everywhere`: also all that are behind, which looks at each of them.
        """
        at = to_micros(now)
        with self._recorder.read() as session:
            rows = session.query("webhook_cursors_due", now=at, limit=limit)
            if organisations:
                rows += session.query("webhook_cursors_of", organisations=list(organisations), now=at, limit=limit)
            if everywhere:
                rows += session.query("webhook_cursors_behind", now=at, epoch=self._ledger.epoch, limit=limit)
        return list(dict.fromkeys(row_uuid(row[0]) for row in rows))[:limit]

    def find_changes(self, after: int) -> tuple[int, set[UUID], set[UUID]]:
        """The log's head; behind a log position, the organisations that have events, and the streams that decide sight.

        These are the members, teams and subscriptions.
        """
        with self._recorder.read() as session:
            head = int(session.query("head")[0][0])
            if head <= after:
                return head, set(), set()
            organisations = session.query("organisations_after", after=after)
            streams = session.query("subscriptions_after", after=after)
        return head, {row_uuid(row[0]) for row in organisations}, {row_uuid(row[0]) for row in streams}

    def claim(self, ids: Collection[UUID], owner: str, now: datetime, until: datetime) -> list[DeliveryCursor]:
        """Take the leases of those that have none; their cursors."""
        if not ids:
            return []
        with self._recorder.write() as session:
            taken = [
                subscription_id
                for subscription_id in ids
                if session.run(
                    "claim_webhook_cursor",
                    subscription_id=subscription_id,
                    owner=owner,
                    until=to_micros(until),
                    now=to_micros(now),
                )
            ]
            rows = session.query("webhook_cursors", ids=taken) if taken else []
        return [_cursor(row) for row in rows]

    def renew(self, ids: Collection[UUID], owner: str, until: datetime) -> None:
        """Keep the leases that this owner has of these."""
        if ids:
            with self._recorder.write() as session:
                session.run("renew_webhook_leases", ids=list(ids), owner=owner, until=to_micros(until))

    def find_lost_leases(self, ids: Collection[UUID], owner: str, until: datetime) -> set[UUID]:
        """The subscriptions whose lease another owner holds by now; leases that had merely run out are renewed."""
        if not ids:
            return set()
        micros = to_micros(until)
        with self._recorder.write() as session:
            return {
                each for each in ids if not session.run("renew_webhook_leases", ids=[each], owner=owner, until=micros)
            }

    def release(self, subscription_id: UUID, owner: str, until: datetime | None = None) -> None:
        """Give a lease up; no worker takes it before `until`."""
        with self._recorder.write() as session:
            session.run(
                "release_webhook_lease",
                subscription_id=subscription_id,
                owner=owner,
                until=to_micros(until) if until is not None else 0,
            )

    def load_pending(self, subscription_id: UUID) -> list[EventDelivery]:
        """What is to be sent again, by position."""
        with self._recorder.read() as session:
            rows = session.query("pending_webhook_deliveries", subscription_id=subscription_id, limit=_MAX_LIMIT)
        return [
            _delivery((event_id, position, subject, "pending", attempts, tries, due, due))
            for event_id, position, subject, attempts, tries, due in rows
        ]

    def last_position(self, subscription_id: UUID) -> int:
        """The last position of which there is a delivery; 0: there is none."""
        with self._recorder.read() as session:
            rows = session.query("last_webhook_delivery", subscription_id=subscription_id)
        return int(rows[0][0] or 0)

    def find_existing(self, subscription_id: UUID, events: Collection[UUID]) -> set[UUID]:
        """Of these events, those that have a delivery already and so are not new."""
        if not events:
            return set()
        with self._recorder.read() as session:
            rows = session.query("webhook_deliveries_among", subscription_id=subscription_id, events=list(events))
        return {row_uuid(row[0]) for row in rows}

    def hold_pending(self, subscription_id: UUID) -> None:
        """Hold what was pending before the log was restored: only `redeliver` sends it."""
        with self._recorder.write() as session:
            session.run("hold_webhook_deliveries", subscription_id=subscription_id)

    def save(self, owner: str, batch: Sequence[DeliveryUpdate]) -> set[UUID]:
        """Write what became of deliveries, and how far the cursors are; the subscriptions whose lease was lost.

        Of these only what was delivered is written, which is true whichever worker sends now: the rest is another's, or
        is to be read anew.
        """
        lost: set[UUID] = set()
        with self._recorder.write() as session:
            for update in batch:
                if not _move(session, owner, update):
                    lost.add(update.before.subscription_id)
            deliveries, attempts = [], []
            for update in batch:
                subscription_id = update.before.subscription_id
                is_kept = subscription_id not in lost
                deliveries += [
                    _delivery_row(subscription_id, each)
                    for each in update.deliveries
                    if is_kept or each.state == "delivered"
                ]
                attempts += [_attempt_row(subscription_id, event, each) for event, each in update.attempts]
            if deliveries:
                session.insert(_DELIVERIES, deliveries)
            if attempts:
                session.insert(_ATTEMPTS, attempts)
        return lost

    # --- reading --------------------------------------------------------------------------------------------------

    def load_cursors(self, ids: Collection[UUID]) -> dict[UUID, DeliveryCursor]:
        """The cursors of these subscriptions that have one."""
        if not ids:
            return {}
        with self._recorder.read() as session:
            rows = session.query("webhook_cursors", ids=list(ids))
        return {cursor.subscription_id: cursor for cursor in map(_cursor, rows)}

    def count(self, subscription_id: UUID) -> dict[str, int]:
        """How many deliveries are in each state."""
        with self._recorder.read() as session:
            rows = session.query("count_webhook_deliveries", subscription_id=subscription_id)
        return {str(state): int(number) for state, number, _ in rows}

    def load_page(
        self, subscription_id: UUID, *, before: int, limit: int, state: DeliveryState | None = None
    ) -> list[EventDelivery]:
        """Deliveries of events before a position, the latest first."""
        with self._recorder.read() as session:
            rows = session.query(
                "webhook_deliveries",
                subscription_id=subscription_id,
                before=before,
                any_state=state is None,
                state=state or "",
                limit=limit,
            )
        return [_delivery(row) for row in rows]

    def load_delivery(self, subscription_id: UUID, event_id: UUID) -> EventDelivery:
        """What became of one event. Raises `NotFound`."""
        with self._recorder.read() as session:
            rows = session.query("webhook_delivery", subscription_id=subscription_id, event_id=event_id)
        if not rows:
            raise NotFound("no delivery of this event")
        return _delivery(rows[0])

    def load_attempts(self, subscription_id: UUID, event_id: UUID, limit: int) -> list[Attempt]:
        """The attempts to deliver one event, the latest first."""
        with self._recorder.read() as session:
            rows = session.query("webhook_attempts", subscription_id=subscription_id, event_id=event_id, limit=limit)
        return [
            Attempt(
                attempt=int(attempt),
                at=from_micros(at),
                duration_us=int(duration),
                status=int(status) if status is not None else None,
                error=str(error),
                answer=str(answer),
            )
            for attempt, at, duration, status, error, answer in rows
        ]

    def measure_lag(self, limit: int) -> list[Lag]:
        """How far subscriptions are behind, those furthest behind first."""
        with self._recorder.read() as session:
            rows = session.query("webhook_lag", limit=limit)
        return [
            Lag(
                subscription_id=row_uuid(subscription_id),
                events=max(0, int(events or 0)),
                pending=int(pending),
                oldest=from_micros(oldest) if oldest is not None else None,
            )
            for subscription_id, events, pending, oldest in rows
        ]

    def purge(self, before: datetime) -> None:
        """Drop what the log of deliveries says of older ones, and secrets that have ended."""
        with self._recorder.write() as session:
            session.run("purge_webhook_attempts", before=to_micros(before))
            session.run("purge_webhook_deliveries", before=to_micros(before))
            session.run("purge_webhook_secrets", now=to_micros(self._clock()))


def require_position(after: int, head: int, pointer: str = "/after") -> None:
    """Raise `InvalidField` for a position that the organisation has not reached."""
    if after > head:
        raise InvalidField(f"this organisation has not reached that position; it is at {head}", pointer=pointer)


def _move(session: LogSession, owner: str, progress: DeliveryUpdate) -> bool:
    before, after = progress.before, progress.after
    moved = session.run(
        "move_webhook_cursor",
        subscription_id=before.subscription_id,
        owner=owner,
        expected=before.position,
        position=after.position,
        epoch=after.epoch,
        next_due=_micros(after.next_due),
        failing_since=_micros(after.failing_since),
        failures=after.failures,
        lease_until=progress.lease_until,
    )
    return moved == 1


def _micros(instant: datetime | None) -> int | None:
    return None if instant is None else to_micros(instant)


def _cursor(row: Sequence[object]) -> DeliveryCursor:
    subscription_id, organisation_id, position, epoch, _, next_due, failing_since, failures, created_at = row
    return DeliveryCursor(
        subscription_id=row_uuid(subscription_id),
        organisation_id=row_uuid(organisation_id),
        position=_int(position),
        epoch=str(epoch),
        next_due=_instant(next_due),
        failing_since=_instant(failing_since),
        failures=_int(failures),
        created_at=from_micros(_int(created_at)),
    )


def _delivery(row: Sequence[object]) -> EventDelivery:
    event_id, position, subject, state, attempts, tries, next_attempt_at, updated_at = row
    return EventDelivery(
        event_id=row_uuid(event_id),
        position=_int(position),
        subject=str(subject),
        state=msgspec.convert(state, DeliveryState),
        attempts=_int(attempts),
        tries=_int(tries),
        next_attempt_at=_instant(next_attempt_at),
        updated_at=from_micros(_int(updated_at or 0)),
    )


def _int(value: object) -> int:
    return int(str(value))


def _instant(value: object) -> datetime | None:
    return None if value is None else from_micros(_int(value))


def _delivery_row(subscription_id: UUID, delivery: EventDelivery) -> tuple[object, ...]:
    return (
        subscription_id,
        delivery.event_id,
        delivery.position,
        delivery.subject,
        delivery.state,
        delivery.attempts,
        delivery.tries,
        _micros(delivery.next_attempt_at),
        to_micros(delivery.updated_at),
    )


def _attempt_row(subscription_id: UUID, event_id: UUID, attempt: Attempt) -> tuple[object, ...]:
    return (
        subscription_id,
        event_id,
        attempt.attempt,
        to_micros(attempt.at),
        attempt.duration_us,
        attempt.status,
        attempt.error,
        attempt.answer,
    )
