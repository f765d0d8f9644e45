"""Models of subscriptions. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from msgspec import Struct


class CreatedSubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The subscription and its secret, this once."""

    secret: str
    subscription: SubscriptionSummary


class DeliveryAttempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request, and what was answered."""

    answer: str
    at: datetime
    attempt: int
    duration_us: int
    error: str
    status: int | None


class DeliveryList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of deliveries."""

    deliveries: list[EventDelivery]


class DeliveryProgress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the events were sent."""

    behind: int
    dead: int
    delivered: int
    failing_since: datetime | None
    failures: int
    held: int
    next_attempt_at: datetime | None
    pending: int
    position: int
    withheld: int


class DeliveryView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One delivery and its last attempts, the latest first."""

    attempts: list[DeliveryAttempt]
    delivery: EventDelivery


class EventDelivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event for one subscription."""

    attempts: int
    event_id: UUID
    next_attempt_at: datetime | None
    position: int
    state: str
    subject: str
    tries: int
    updated_at: datetime


class Redelivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many deliveries will be sent again."""

    deliveries: int


class RotatedSecret(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The new secret, this once."""

    secret: str
    subscription: SubscriptionSummary


class SubscriptionDisablement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why and when deliveries ended by themselves."""

    at: datetime
    event_id: UUID
    failing_since: datetime | None
    reason: str


class SubscriptionList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The subscriptions that the key may manage, by id, or a page of them."""

    next: str | None
    subscriptions: list[SubscriptionSummary]


class SubscriptionSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A subscription in a list, and after an act."""

    created_at: datetime
    disabled: SubscriptionDisablement | None = None
    events: list[UUID] | None = None
    id: UUID
    name: str = ""
    ordering: str | None = None
    owner: UUID
    payload: str | None = None
    position: int | None = None
    state: str
    subject: str | None = None
    team: UUID | None = None
    types: list[str] = []
    url: str
    version: int


class SubscriptionView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One subscription, and how far it was sent."""

    progress: DeliveryProgress | None
    subscription: SubscriptionSummary


class WebhookTestResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the target answered."""

    answer: str
    delivered: bool
    duration_ms: int
    error: str
    status: int | None
    webhook_id: str
