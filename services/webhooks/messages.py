"""What a message holds: the event as a CloudEvent, whole or its envelope alone, under an id that never changes."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid5

import msgspec

from domain.envelope import RecordedEvent
from domain.instants import encode_json, to_micros
from domain.subscription.subscription import Subscription
from ledger.serialization import personal_fields
from services.cloud_events import to_cloud_event
from services.version import read_version

MEDIA_TYPE = "application/cloudevents+json"
#: What a thin message leaves out: what happened in words and figures, and people's words about it.
_NOT_THIN = frozenset({"data", "datacontenttype", "reasontext"})
#: Streams that are about one person.
_PERSONAL_KINDS = frozenset({"member"})


def message_id(subscription_id: UUID, event_id: UUID) -> str:
    """The `webhook-id` of an event for a subscription: the same whenever and however often it is sent."""
    return f"msg_{uuid5(subscription_id, str(event_id)).hex}"


def is_about_persons(event: RecordedEvent) -> bool:
    """Whether an event is of a member's stream, or of a type that may hold people's words."""
    return event.kind in _PERSONAL_KINDS or bool(personal_fields(type(event.data)).paths)


def is_thin(event: RecordedEvent, subscription: Subscription) -> bool:
    """Whether the subscription is sent the event's envelope alone."""
    return subscription.payload == "thin" or (subscription.payload == "auto" and is_about_persons(event))


def build_body(event: RecordedEvent, base_url: str, epoch: str, *, thin: bool) -> bytes:
    """The message's body: CloudEvents 1.0.2, structured JSON."""
    whole = to_cloud_event(event, base_url, epoch)
    if not thin:
        return encode_json(whole)
    envelope: dict[str, Any] = msgspec.structs.asdict(whole)
    return encode_json({name: value for name, value in envelope.items() if value and name not in _NOT_THIN})


@cache
def _user_agent() -> str:
    # The version is read from the installed package's files: a third of a message's time.
    return f"Plimsoll-Webhooks/{read_version()}"


def build_headers(subscription_id: UUID, signature: dict[str, str]) -> dict[str, str]:
    """The headers of a message; `Host` and `Content-Length` are the connection's."""
    return {
        "content-type": MEDIA_TYPE,
        "user-agent": _user_agent(),
        "accept-encoding": "identity",
        "plimsoll-subscription": str(subscription_id),
        **signature,
    }


def build_test_body(subscription: Subscription, now: datetime, base_url: str) -> bytes:
    """The body of a test: a CloudEvent that stands for no event."""
    return encode_json(
        {
            "specversion": "1.0",
            "id": f"test-{to_micros(now)}",
            "source": f"/organisations/{subscription.organisation_id}",
            "type": "webhook.test",
            "subject": f"subscription/{subscription.id}",
            "time": now,
            "datacontenttype": "application/json",
            "data": {"subscription": f"{base_url}/v1/subscriptions/{subscription.id}"},
        }
    )
