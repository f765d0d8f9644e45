"""Requests of subscriptions. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def create_subscription(body: m.Subscribe) -> Request[m.CreatedSubscription]:
    """Have events sent to an address; the secret is answered this once."""
    return build_request("POST", "/v1/subscriptions", m.CreatedSubscription, body=body)


def get_delivery(subscription: str | UUID, event: str | UUID) -> Request[m.DeliveryView]:
    """One event's delivery: every attempt, and the beginning of what was answered."""
    return build_request(
        "GET",
        "/v1/subscriptions/{subscription}/deliveries/{event}",
        m.DeliveryView,
        path_values={"subscription": subscription, "event": event},
    )


def get_subscription(subscription: str | UUID) -> Request[m.SubscriptionView]:
    """One subscription, and how far its events were sent."""
    return build_request(
        "GET", "/v1/subscriptions/{subscription}", m.SubscriptionView, path_values={"subscription": subscription}
    )


def get_subscription_history(
    subscription: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event in plain words, with what it changed."""
    return build_request(
        "GET",
        "/v1/subscriptions/{subscription}/history",
        m.HistoryPage,
        path_values={"subscription": subscription},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_deliveries(
    subscription: str | UUID,
    *,
    state: Literal["dead", "delivered", "held", "pending", "withheld"] | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Request[m.DeliveryList]:
    """What became of events for this subscription, the latest first."""
    return build_request(
        "GET",
        "/v1/subscriptions/{subscription}/deliveries",
        m.DeliveryList,
        path_values={"subscription": subscription},
        query={"state": state, "before": before, "limit": limit},
    )


def list_subscriptions(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.SubscriptionList]:
    """Subscriptions: one's own; for stewards and auditors every one."""
    return build_request(
        "GET",
        "/v1/subscriptions",
        m.SubscriptionList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def redeliver(subscription: str | UUID, body: m.Redeliver | None = None) -> Request[m.Redelivery]:
    """Send again one event, or all that were given up."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/redeliver",
        m.Redelivery,
        path_values={"subscription": subscription},
        body=body,
    )


def subscription_pause(
    subscription: str | UUID,
    body: m.PauseSubscription | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.SubscriptionSummary]:
    """Send nothing until it is resumed."""
    return build_command(
        "/v1/subscriptions/{subscription}/pause",
        m.SubscriptionSummary,
        body,
        idempotency_key,
        if_match,
        subscription=subscription,
    )


def subscription_remove(
    subscription: str | UUID,
    body: m.RemoveSubscription | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.SubscriptionSummary]:
    """End it for good."""
    return build_command(
        "/v1/subscriptions/{subscription}/remove",
        m.SubscriptionSummary,
        body,
        idempotency_key,
        if_match,
        subscription=subscription,
    )


def subscription_replay(
    subscription: str | UUID,
    body: m.ReplaySubscription | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.SubscriptionSummary]:
    """Send again what was recorded after a position or an instant, under the same ids."""
    return build_command(
        "/v1/subscriptions/{subscription}/replay",
        m.SubscriptionSummary,
        body,
        idempotency_key,
        if_match,
        subscription=subscription,
    )


def subscription_resume(
    subscription: str | UUID,
    body: m.ResumeSubscription | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.SubscriptionSummary]:
    """Send again, from where it stopped; also after it was disabled."""
    return build_command(
        "/v1/subscriptions/{subscription}/resume",
        m.SubscriptionSummary,
        body,
        idempotency_key,
        if_match,
        subscription=subscription,
    )


def subscription_rotate_secret(
    subscription: str | UUID, body: m.RotateSecret | None = None
) -> Request[m.RotatedSecret]:
    """A new secret, answered this once; the former one signs too until the overlap is over."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/rotate-secret",
        m.RotatedSecret,
        path_values={"subscription": subscription},
        body=body,
    )


def test_subscription(subscription: str | UUID, body: m.SendWebhookTest | None = None) -> Request[m.WebhookTestResult]:
    """Send one message of the type `webhook.test` now, and say what was answered."""
    return build_request(
        "POST",
        "/v1/subscriptions/{subscription}/test",
        m.WebhookTestResult,
        path_values={"subscription": subscription},
        body=body,
    )
