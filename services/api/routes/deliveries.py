"""What became of a subscription's events: the log of deliveries, sending again, and a message to try it with."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from domain.errors import InvalidField, NotFound
from domain.references import as_uuid
from domain.subscription import subscription as acts
from ledger.deliveries import Attempt, DeliveryState, EventDelivery, require_position
from services.api.context import PublicContext, RequestContext
from services.api.http.parsing import decode_segment, parse_instant
from services.api.http.problems import field_error
from services.api.http.responses import HttpResponse, json_response
from services.api.operations import NoQuery, Operation, Route, command_route, query_route
from services.api.queries import next_link
from services.api.routes.subscriptions import (
    TAG,
    act_operation,
    execute_act,
    load_subscription,
    open_client,
    require_management,
    respond,
)
from services.authorization import ACT, ADMIN, READ
from services.webhooks.messages import build_headers, build_test_body
from services.webhooks.signatures import PublicKey, Signer, load_signer, load_signing_keys, to_public_key

_MAX_ATTEMPTS_LISTED = 50
_MAX_POSITION = 2**62


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where to send again: a position, or an instant."""

    after: Annotated[int, msgspec.Meta(ge=0, le=_MAX_POSITION)] | None = None
    #: What was recorded after this instant.
    since: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None


class Redeliver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to send again: one event, or all that were given up (`dead`), or not sent after a restore (`held`)."""

    event: UUID | None = None
    state: Annotated[DeliveryState, msgspec.Meta(extra_json_schema={"enum": ["dead", "held"]})] | None = None


class Redelivery(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries will be sent again."""

    deliveries: int


class SendWebhookTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No fields: one message of the type `webhook.test`, signed as any other, is sent at once."""


class WebhookTestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the target answered."""

    delivered: bool
    status: int | None
    error: str
    answer: str
    webhook_id: str
    duration_ms: int


class DeliveriesQuery(NoQuery, frozen=True, kw_only=True):
    """Which deliveries, the latest events first."""

    state: DeliveryState | None = None
    before: Annotated[
        int, msgspec.Meta(ge=1, le=_MAX_POSITION, description="Only deliveries of events before this position.")
    ] = _MAX_POSITION
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of deliveries."""

    deliveries: list[EventDelivery]


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery and its last attempts, the latest first."""

    delivery: EventDelivery
    attempts: list[Attempt]


class WebhookKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The public keys that messages are signed with (v1a), the newest first: a JSON Web Key Set (RFC 7517)."""

    keys: list[PublicKey]


# --- looking ---------------------------------------------------------------------------------------------------------


@query_route(
    "/v1/subscriptions/{subscription}/deliveries",
    Operation(
        id="listDeliveries",
        summary="What became of events for this subscription, the latest first",
        tag=TAG,
        scopes=(READ,),
        query=DeliveriesQuery,
        answer=DeliveryList,
        codes=("not_found",),
    ),
)
def list_deliveries(context: RequestContext, subscription: str) -> HttpResponse:
    query: DeliveriesQuery = context.query
    found, _ = load_subscription(context, subscription)
    page = context.runtime.deliveries.load_page(found.id, before=query.before, limit=query.limit, state=query.state)
    last = page[-1].position if len(page) == query.limit else None
    return json_response(DeliveryList(deliveries=page), headers=next_link(context, query, before=last))


@query_route(
    "/v1/subscriptions/{subscription}/deliveries/{event}",
    Operation(
        id="getDelivery",
        summary="One event's delivery: every attempt, and the beginning of what was answered",
        tag=TAG,
        scopes=(READ,),
        answer=DeliveryView,
        codes=("not_found",),
    ),
)
def get_delivery(context: RequestContext, subscription: str, event: str) -> HttpResponse:
    found, _ = load_subscription(context, subscription)
    event_id = as_uuid(decode_segment(event))
    if event_id is None:
        raise NotFound("no delivery of this event")
    delivery = context.runtime.deliveries.load_delivery(found.id, event_id)
    attempts = context.runtime.deliveries.load_attempts(found.id, event_id, _MAX_ATTEMPTS_LISTED)
    return json_response(DeliveryView(delivery=delivery, attempts=attempts))


@query_route(
    "/.well-known/webhook-keys",
    Operation(
        id="getWebhookKeys", summary="The public keys that webhooks are signed with", tag=TAG, answer=WebhookKeys
    ),
)
def get_webhook_keys(context: PublicContext) -> HttpResponse:
    keys = load_signing_keys(context.api.runtime.deliveries)
    public = [to_public_key(key.key_id, key.private_key) for key in keys]
    return json_response(WebhookKeys(keys=public), headers={"Cache-Control": "public, max-age=300"})


# --- sending again ---------------------------------------------------------------------------------------------------


@command_route(
    "/v1/subscriptions/{subscription}/replay",
    act_operation("replay", "Send again what was recorded after a position or an instant, under the same ids", Replay),
)
async def replay_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    after = await asyncio.to_thread(_resolve_replay, context, context.body)
    receipt = await execute_act(context, subscription, acts.ReplaySubscription(after=after))
    await asyncio.to_thread(context.runtime.deliveries.replay, receipt.state.id, after)
    context.runtime.wakeups.publish()
    return respond(receipt)


def _resolve_replay(context: RequestContext, asked: Replay) -> int:
    if (asked.after is None) == (asked.since is None):
        raise field_error("/after", "either a position (`after`) or an instant (`since`)")
    ledger, organisation = context.runtime.ledger, context.viewer.organisation_id
    head = ledger.position(organisation)
    if asked.after is not None:
        require_position(asked.after, head)
        return asked.after
    since: datetime = parse_instant(asked.since or "", "since")
    return ledger.last_known(organisation, head, recorded_as_of=since).position


@command_route(
    "/v1/subscriptions/{subscription}/redeliver",
    Operation(
        id="redeliver",
        summary="Send again one event, or all that were given up",
        tag=TAG,
        scopes=(ACT, ADMIN),
        body=Redeliver,
        answer=Redelivery,
        codes=("not_found",),
    ),
)
def redeliver(context: RequestContext, subscription: str) -> HttpResponse:
    asked: Redeliver = context.body
    found, _ = load_subscription(context, subscription)
    require_management(context, found)
    if (asked.event is None) == (asked.state is None):
        raise field_error("/event", "either one event (`event`) or all in a state (`state`)")
    deliveries = context.runtime.deliveries
    if asked.state is not None:
        if asked.state not in ("dead", "held"):
            raise InvalidField("only what was given up is sent again so", pointer="/state", allowed=("dead", "held"))
        answer = Redelivery(deliveries=deliveries.redeliver(found.id, asked.state))
    else:
        delivery = deliveries.load_delivery(found.id, asked.event or found.id)
        deliveries.redeliver_event(found.id, delivery.event_id, delivery.position, delivery.subject)
        answer = Redelivery(deliveries=1)
    context.runtime.wakeups.publish()
    return json_response(answer)


@command_route(
    "/v1/subscriptions/{subscription}/test",
    Operation(
        id="testSubscription",
        summary="Send one message of the type `webhook.test` now, and say what was answered",
        tag=TAG,
        scopes=(ACT, ADMIN),
        body=SendWebhookTest,
        answer=WebhookTestResult,
        codes=("not_found",),
    ),
)
async def test_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    found, _ = await asyncio.to_thread(load_subscription, context, subscription)
    require_management(context, found)
    signer: Signer = await asyncio.to_thread(load_signer, context.runtime.deliveries, found.id)
    webhook_id = f"msg_{context.runtime.new_id().hex}"
    body = build_test_body(found, context.now, context.runtime.settings.base_url)
    headers = build_headers(found.id, signer.sign(webhook_id, int(context.now.timestamp()), body))
    began = context.runtime.clock()
    async with await open_client(context, found.url) as client:
        answer = await client.send("POST", headers, body)
    return json_response(
        WebhookTestResult(
            delivered=answer.is_success,
            status=answer.status,
            error=answer.error,
            answer=answer.body,
            webhook_id=webhook_id,
            duration_ms=int((context.runtime.clock() - began).total_seconds() * 1000),
        )
    )


ROUTES: list[Route] = [
    list_deliveries,
    get_delivery,
    get_webhook_keys,
    replay_subscription,
    redeliver,
    test_subscription,
]
