"""Models of subscription_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from msgspec import Struct


class SubscriptionCreatedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.created.v1"
):
    """A member had events sent to an address."""

    name: str = ""
    ordering: str = "strict"
    owner: UUID
    payload: str = "auto"
    subject: str | None = None
    team: UUID | None = None
    types: list[str] = []
    url: str


class SubscriptionDisabledV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.disabled.v1"
):
    """Deliveries ended by themselves: the target is gone, failed for too long, or the member has left."""

    failing_since: datetime | None = None
    reason: str


class SubscriptionPausedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.paused.v1"
):
    """Nothing is sent until it is resumed."""


class SubscriptionRemovedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.removed.v1"
):
    """The subscription ended for good."""


class SubscriptionReplayRequestedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.replay_requested.v1"
):
    """What was recorded after this position is sent again."""

    after: int


class SubscriptionResumedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.resumed.v1"
):
    """Events are sent again, from where it stopped."""


class SubscriptionSecretRotatedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.secret_rotated.v1"
):
    """Messages are signed with a new secret, and until then with the former one too."""

    former_until: datetime


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "subscription.created.v1": SubscriptionCreatedV1,
    "subscription.disabled.v1": SubscriptionDisabledV1,
    "subscription.paused.v1": SubscriptionPausedV1,
    "subscription.removed.v1": SubscriptionRemovedV1,
    "subscription.replay_requested.v1": SubscriptionReplayRequestedV1,
    "subscription.resumed.v1": SubscriptionResumedV1,
    "subscription.secret_rotated.v1": SubscriptionSecretRotatedV1,
}
