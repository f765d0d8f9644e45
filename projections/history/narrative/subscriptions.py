"""A subscription's history in plain words."""

from __future__ import annotations

from domain.subscription import subscription as s
from projections.history.narrative.context import NarrativeContext, Narrator
from projections.history.narrative.phrases import format_instant, join_list, quote

_REASONS = {
    "gone": "the target answered that it is gone",
    "failing": "no delivery had succeeded for too long",
    "owner_left": "the member on whose behalf events were sent has left",
}


def _created(event: s.SubscriptionCreated, _context: NarrativeContext) -> str:
    called = f" {quote(event.name)}" if event.name else ""
    wanted = f" ({join_list(list(event.types))})" if event.types else ""
    return f"subscribed{called} to events{wanted}, to be sent to {event.url}"


def _disabled(event: s.SubscriptionDisabled, _context: NarrativeContext) -> str:
    since = f" (since {format_instant(event.failing_since)})" if event.failing_since is not None else ""
    return f"deliveries were ended: {_REASONS[event.reason]}{since}"


SUBSCRIPTION_NARRATORS: dict[type, Narrator] = {
    s.SubscriptionCreated: _created,
    s.SubscriptionPaused: "paused the deliveries",
    s.SubscriptionResumed: "resumed the deliveries",
    s.SecretRotated: lambda x, _: f"gave it a new secret; the former one signs until {format_instant(x.former_until)}",
    s.ReplayRequested: lambda x, _: f"had everything after position {x.after} sent again",
    s.SubscriptionDisabled: _disabled,
    s.SubscriptionRemoved: "removed the subscription",
}
