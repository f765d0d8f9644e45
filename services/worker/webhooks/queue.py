"""What one subscription has to send: which delivery may go next, and which waits for another or for its time."""

from __future__ import annotations

import heapq
from collections import deque
from datetime import datetime
from uuid import UUID

from ledger.deliveries import EventDelivery
from services.worker.webhooks.source import OutgoingEvent


class OpenDelivery:
    """An event that was neither delivered nor given up."""

    __slots__ = (
        "attempts",
        "body",
        "due",
        "event_id",
        "is_saved",
        "loaded_at",
        "opened_at",
        "position",
        "subject",
        "tries",
    )

    def __init__(self, event_id: UUID, position: int, subject: str, *, opened_at: float) -> None:
        self.event_id = event_id
        self.position = position
        self.subject = subject
        #: Monotonic; when it was taken up, and when its body was made.
        self.opened_at = self.loaded_at = opened_at
        #: None: to be made when it is sent.
        self.body: bytes | None = None
        #: When to send it (again); None: at once.
        self.due: datetime | None = None
        self.attempts = self.tries = 0
        #: The store has a row of it.
        self.is_saved = False

    @classmethod
    def of_event(cls, event: OutgoingEvent, now: float) -> OpenDelivery:
        made = cls(event.event_id, event.position, event.subject, opened_at=now)
        made.body = event.body
        return made

    @classmethod
    def of_row(cls, row: EventDelivery, now: float) -> OpenDelivery:
        made = cls(row.event_id, row.position, row.subject, opened_at=now)
        made.due, made.attempts, made.tries, made.is_saved = row.next_attempt_at, row.attempts, row.tries, True
        return made


class DeliveryQueue:
    """All open deliveries of one subscription. `strict`: of each subject only the first may be sent."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._ready: deque[OpenDelivery] = deque()
        self._timers: list[tuple[datetime, int, OpenDelivery]] = []
        #: Subject -> those that wait behind the one that is being sent.
        self._behind: dict[str, deque[OpenDelivery]] = {}
        self.open: dict[UUID, OpenDelivery] = {}

    def __len__(self) -> int:
        return len(self.open)

    @property
    def ready(self) -> int:
        """How many may be sent now."""
        return len(self._ready)

    def add(self, delivery: OpenDelivery) -> None:
        """Take one up; those of a subject come in the order of the log."""
        self.open[delivery.event_id] = delivery
        if self._strict:
            behind = self._behind.get(delivery.subject)
            if behind is not None:
                behind.append(delivery)
                return
            self._behind[delivery.subject] = deque()
        self._schedule(delivery)

    def take(self) -> OpenDelivery | None:
        """The next that may be sent; it stays open until it is retried or finished."""
        return self._ready.popleft() if self._ready else None

    def retry(self, delivery: OpenDelivery, due: datetime) -> None:
        """Send it again then; its subject waits for it."""
        delivery.due = due
        self._schedule(delivery)

    def finish(self, delivery: OpenDelivery) -> None:
        """It was delivered or given up: the next of its subject may go."""
        del self.open[delivery.event_id]
        if not self._strict:
            return
        behind = self._behind[delivery.subject]
        if behind:
            self._schedule(behind.popleft())
        else:
            del self._behind[delivery.subject]

    def release_due(self, now: datetime) -> None:
        """Make those deliveries ready whose time has come."""
        while self._timers and self._timers[0][0] <= now:
            self._ready.append(heapq.heappop(self._timers)[2])

    def release_all(self, now: datetime) -> None:
        """Make all deliveries ready: the target takes messages again."""
        self.release_due(max((due for due, _, _ in self._timers), default=now))

    def next_due(self) -> datetime | None:
        """When the next one's time comes; None: none waits for its time."""
        return self._timers[0][0] if self._timers else None

    def _schedule(self, delivery: OpenDelivery) -> None:
        if delivery.due is None:
            self._ready.append(delivery)
        else:
            heapq.heappush(self._timers, (delivery.due, delivery.position, delivery))
