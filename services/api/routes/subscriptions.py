"""Subscriptions: events sent to an address by POST. How far they were sent, and what was answered, is here too."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar.concurrency import sync_to_thread

from domain.envelope import Instant
from domain.errors import Forbidden, InvalidField, NotFound
from domain.references import as_uuid
from domain.registry import AGGREGATES
from domain.subscription import subscription as acts
from domain.subscription.subscription import Disablement, Ordering, Payload, State, Subscription
from domain.subscription.target import parse_target
from ledger.commands import Receipt
from ledger.deliveries import Attempt, Delivery, DeliveryState, require_position
from projections.history import history
from projections.subscriptions import load_stream_versions, subscriptions_at
from services.api.commands import command_response, execute
from services.api.context import PublicContext, RequestContext
from services.api.http.parsing import decode_segment, parse_instant
from services.api.http.problems import field_error
from services.api.http.responses import HttpResponse, json_response
from services.api.operations import AsOfQuery, NoQuery, Operation, Route, command_route, query_route
from services.api.queries import next_link, read_response, requested_as_of
from services.api.routes.goal_queries import HistoryQuery
from services.api.summaries import StreamSummary
from services.authorization import ACT, ADMIN, READ, Capability, may
from services.event_filter import TYPE_PATTERNS
from services.visibility.events import EventVisibility
from services.webhooks.addresses import AddressPolicy, require_target
from services.webhooks.client import WebhookClient, build_ssl_context
from services.webhooks.handshake import Handshake, shake_hands
from services.webhooks.messages import build_headers, build_test_body
from services.webhooks.signatures import (
    PublicKey,
    Signer,
    generate_secret,
    load_signer,
    load_signing_keys,
    parse_secret,
    to_public_key,
)

_TAG = "subscriptions"
_CODES = ("act_not_allowed", "version_conflict", "busy")
#: An answer that holds a secret must not be cached.
_NO_STORE = {"Cache-Control": "no-store"}
_MAX_ATTEMPTS_LISTED = 50
_MAX_POSITION = 2**62
#: Seconds that a target has for a handshake, and for a test: its sender waits for both.
_PROBE_TIMEOUT_S = 10.0

# --- shapes ----------------------------------------------------------------------------------------------------------


class SubscriptionSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """A subscription in a list, and after an act."""

    url: str
    name: str = ""
    owner: UUID
    state: State
    types: tuple[str, ...] = ()
    subject: str | None = None
    team: UUID | None = None
    payload: Payload = msgspec.field(default_factory=lambda: "auto")
    ordering: Ordering = msgspec.field(default_factory=lambda: "strict")
    created_at: Instant
    disabled: Disablement | None = None


class SubscriptionList(msgspec.Struct, frozen=True, kw_only=True):
    """Every subscription that the key may manage, by id."""

    subscriptions: list[SubscriptionSummary]


class DeliveryProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the events were sent."""

    #: Every event of the organisation up to here was sent, or has a delivery that says what became of it.
    position: int
    #: Events of the organisation behind it.
    behind: int
    pending: int
    delivered: int
    dead: int
    withheld: int
    held: int
    failing_since: Instant | None
    #: Failed attempts since the last that succeeded.
    failures: int
    next_attempt_at: Instant | None


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription, and how far it was sent."""

    subscription: SubscriptionSummary
    #: None: nothing is sent for it.
    progress: DeliveryProgress | None


class CreatedSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """The subscription and its secret, this once."""

    subscription: SubscriptionSummary
    #: What messages are signed with (v1): `whsec_` and base64.
    secret: str


class RotatedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """The new secret, this once."""

    subscription: SubscriptionSummary
    secret: str


class Subscribe(acts.CreateSubscription, tag="create", frozen=True, kw_only=True):
    """Have events sent to an address from now on, as far as the key's member sees them."""

    #: One's own, `whsec_` and base64 of 24 to 64 bytes; made here where left out.
    secret: Annotated[str, msgspec.Meta(max_length=120)] | None = None
    #: Ask the target first whether it wants messages from here (CloudEvents webhooks: OPTIONS).
    handshake: bool = True


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


class SendTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No fields: one message of the type `webhook.test`, signed as any other, is sent at once."""


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
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

    deliveries: list[Delivery]


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery and its last attempts, the latest first."""

    delivery: Delivery
    attempts: list[Attempt]


class WebhookKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The public keys that messages are signed with (v1a), the newest first: a JSON Web Key Set (RFC 7517)."""

    keys: list[PublicKey]


def _summarise(
    subscription: Subscription, version: int, *, position: int | None = None, events: list[UUID] | None = None
) -> SubscriptionSummary:
    return SubscriptionSummary(
        id=subscription.id,
        version=version,
        position=position,
        events=events,
        url=subscription.url,
        name=subscription.name,
        owner=subscription.owner,
        state=subscription.state,
        types=subscription.types,
        subject=subscription.subject,
        team=subscription.team,
        payload=subscription.payload,
        ordering=subscription.ordering,
        created_at=subscription.created_at,
        disabled=subscription.disabled,
    )


def _summarise_receipt(receipt: Receipt) -> SubscriptionSummary:
    return _summarise(receipt.state, receipt.version, position=receipt.position, events=receipt.event_ids)


# --- whose it is -----------------------------------------------------------------------------------------------------


def _may_see(context: RequestContext, subscription: Subscription) -> bool:
    """Its owner, and who sees every person."""
    return subscription.owner == context.viewer.member_id or may(context.viewer, Capability.SEE_PERSON)


def _require_management(context: RequestContext, subscription: Subscription) -> None:
    """Raise `Forbidden` for who is neither its owner nor a steward."""
    is_owner = subscription.owner == context.viewer.member_id
    if not is_owner and not may(context.viewer, Capability.MANAGE_SUBSCRIPTIONS):
        raise Forbidden("this subscription is another member's", allowed=("owner", "steward"))


def _load(context: RequestContext, ref: str) -> tuple[Subscription, int]:
    """The subscription and its version. Raises `NotFound`, also for one that is another member's."""
    subscription_id = as_uuid(decode_segment(ref))
    found = (
        context.runtime.ledger.load_current(context.viewer.organisation_id, "subscription", subscription_id)
        if subscription_id is not None
        else None
    )
    if found is None or found.state is None or not _may_see(context, found.state):
        raise NotFound("no such subscription")
    return found.state, found.version


# --- looking ---------------------------------------------------------------------------------------------------------


@query_route(
    "/v1/subscriptions",
    Operation(
        id="listSubscriptions",
        summary="Subscriptions: one's own; for stewards and auditors every one",
        tag=_TAG,
        scopes=(READ,),
        query=AsOfQuery,
        answer=SubscriptionList,
        reads_view=True,
    ),
)
def list_subscriptions(context: RequestContext) -> HttpResponse:
    view, database = requested_as_of(context), context.runtime.database
    versions = load_stream_versions(database, view)
    found = [
        _summarise(each, versions.get(each.id, 0))
        for each in subscriptions_at(database, view)
        if _may_see(context, each)
    ]
    return read_response(context, SubscriptionList(subscriptions=found), view)


@query_route(
    "/v1/subscriptions/{subscription}",
    Operation(
        id="getSubscription",
        summary="One subscription, and how far its events were sent",
        tag=_TAG,
        scopes=(READ,),
        answer=SubscriptionView,
        codes=("not_found",),
    ),
)
def get_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    found, version = _load(context, subscription)
    view = SubscriptionView(subscription=_summarise(found, version), progress=_load_progress(context, found))
    return json_response(view)


def _load_progress(context: RequestContext, subscription: Subscription) -> DeliveryProgress | None:
    deliveries = context.runtime.deliveries
    cursor = deliveries.load_cursors([subscription.id]).get(subscription.id)
    if cursor is None:
        return None
    counts = deliveries.count(subscription.id)
    head = context.runtime.ledger.position(subscription.organisation_id)
    return DeliveryProgress(
        position=cursor.position,
        behind=max(0, head - cursor.position),
        failing_since=cursor.failing_since,
        failures=cursor.failures,
        next_attempt_at=cursor.next_due,
        **{state: counts.get(state, 0) for state in ("pending", "delivered", "dead", "withheld", "held")},
    )


@query_route(
    "/v1/subscriptions/{subscription}/history",
    Operation(
        id="getSubscriptionHistory",
        summary="Each event in plain words, with what it changed",
        tag=_TAG,
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_subscription_history(context: RequestContext, subscription: str) -> HttpResponse:
    query: HistoryQuery = context.query
    found, _ = _load(context, subscription)
    view = requested_as_of(context)
    page = history.load_history_page(context.runtime.database, view, found.id, after=query.after, limit=query.limit)
    return read_response(context, page, view, headers=next_link(context, query, after=page.next))


@query_route(
    "/v1/subscriptions/{subscription}/deliveries",
    Operation(
        id="listDeliveries",
        summary="What became of events for this subscription, the latest first",
        tag=_TAG,
        scopes=(READ,),
        query=DeliveriesQuery,
        answer=DeliveryList,
        codes=("not_found",),
    ),
)
def list_deliveries(context: RequestContext, subscription: str) -> HttpResponse:
    query: DeliveriesQuery = context.query
    found, _ = _load(context, subscription)
    page = context.runtime.deliveries.load_page(found.id, before=query.before, limit=query.limit, state=query.state)
    last = page[-1].position if len(page) == query.limit else None
    return json_response(DeliveryList(deliveries=page), headers=next_link(context, query, before=last))


@query_route(
    "/v1/subscriptions/{subscription}/deliveries/{event}",
    Operation(
        id="getDelivery",
        summary="One event's delivery: every attempt, and the beginning of what was answered",
        tag=_TAG,
        scopes=(READ,),
        answer=DeliveryView,
        codes=("not_found",),
    ),
)
def get_delivery(context: RequestContext, subscription: str, event: str) -> HttpResponse:
    found, _ = _load(context, subscription)
    event_id = as_uuid(decode_segment(event))
    if event_id is None:
        raise NotFound("no delivery of this event")
    delivery = context.runtime.deliveries.load_delivery(found.id, event_id)
    attempts = context.runtime.deliveries.load_attempts(found.id, event_id, _MAX_ATTEMPTS_LISTED)
    return json_response(DeliveryView(delivery=delivery, attempts=attempts))


@query_route(
    "/.well-known/webhook-keys",
    Operation(
        id="getWebhookKeys", summary="The public keys that webhooks are signed with", tag=_TAG, answer=WebhookKeys
    ),
)
def get_webhook_keys(context: PublicContext) -> HttpResponse:
    keys = load_signing_keys(context.api.runtime.deliveries)
    public = [to_public_key(key.key_id, key.private_key) for key in keys]
    return json_response(WebhookKeys(keys=public), headers={"Cache-Control": "public, max-age=300"})


# --- acting ----------------------------------------------------------------------------------------------------------


def _reject_idempotency_key(context: RequestContext) -> None:
    if context.idempotency_key is not None:
        raise field_error("/Idempotency-Key", "this answer holds a secret and is never replayed", where="header")


@command_route(
    "/v1/subscriptions",
    Operation(
        id="createSubscription",
        summary="Have events sent to an address; the secret is answered this once",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=Subscribe,
        answer=CreatedSubscription,
        status=201,
        codes=("not_found", "handshake_refused", "busy"),
    ),
)
async def create_subscription(context: RequestContext) -> HttpResponse:
    asked: Subscribe = context.body
    _reject_idempotency_key(context)
    if asked.secret is not None:
        parse_secret(asked.secret)
    await sync_to_thread(_require_visible_target, context, asked)
    await _shake_hands(context, asked)
    runtime, organisation = context.runtime, context.viewer.organisation_id
    subscription_id, secret = runtime.new_id(), asked.secret or generate_secret()
    act = acts.CreateSubscription(**{name: getattr(asked, name) for name in acts.CreateSubscription.__struct_fields__})
    await sync_to_thread(runtime.deliveries.begin, organisation, subscription_id, secret)
    try:
        receipt = await execute(context, "subscription", subscription_id, act, creates=True)
    except BaseException:
        await sync_to_thread(runtime.deliveries.forget, subscription_id)
        raise
    await sync_to_thread(runtime.deliveries.wake, subscription_id)
    runtime.wakeups.publish()
    answer = CreatedSubscription(subscription=_summarise_receipt(receipt), secret=secret)
    location = f"/v1/subscriptions/{subscription_id}"
    response = command_response(answer, receipt, status=201, location=location)
    return msgspec.structs.replace(response, headers=response.headers | _NO_STORE)


def _require_visible_target(context: RequestContext, asked: Subscribe) -> None:
    """Raise for an address that no message may go to, unknown types, and a stream that the viewer may not see."""
    if READ not in context.viewer.scopes:
        raise Forbidden("a subscription shows what its key may read: it needs the scope read", allowed=(READ,))
    require_target(AddressPolicy.from_settings(context.runtime.settings), parse_target(asked.url))
    for index, pattern in enumerate(asked.types):
        if pattern not in TYPE_PATTERNS:
            raise InvalidField(f"no type of event is called {pattern!r}", pointer=f"/types/{index}")
    if asked.subject is not None:
        kind, _, ref = asked.subject.partition("/")
        sight = EventVisibility(context.runtime.ledger, context.viewer)
        if kind not in AGGREGATES or not ref or not sight.includes(kind, context.resolve_id(kind, ref)):
            raise NotFound("no such stream", pointer="/subject")


async def _open_client(context: RequestContext, url: str) -> WebhookClient:
    settings = context.runtime.settings
    return WebhookClient(
        url,
        policy=AddressPolicy.from_settings(settings),
        tls=await sync_to_thread(build_ssl_context, settings.webhook_ca_file),
        timeout_s=min(_PROBE_TIMEOUT_S, settings.webhook_timeout_s),
    )


async def _shake_hands(context: RequestContext, asked: Subscribe) -> None:
    """Ask the target, or (without a handshake) see at least that its address is one that may be connected to."""
    async with await _open_client(context, asked.url) as client:
        outcome: Handshake = await shake_hands(client, origin=_origin(context), required=asked.handshake)
    outcome.require()


def _origin(context: RequestContext) -> str:
    """The name by which targets know this deployment."""
    return context.base_url.partition("://")[2].partition("/")[0] or "plimsoll"


async def _execute(context: RequestContext, ref: str, act: Any) -> Receipt:
    found, _ = await sync_to_thread(_load, context, ref)
    return await execute(context, "subscription", found.id, act)


def _respond(receipt: Receipt) -> HttpResponse:
    return command_response(_summarise_receipt(receipt), receipt)


def _act_operation(name: str, summary: str, body: Any) -> Operation:
    return Operation(
        id=f"subscription.{name}",
        summary=summary,
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=body,
        answer=SubscriptionSummary,
        codes=(*_CODES, "not_found"),
        command=True,
        idempotent=True,
    )


@command_route(
    "/v1/subscriptions/{subscription}/pause",
    _act_operation("pause", "Send nothing until it is resumed", acts.PauseSubscription),
)
async def pause_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    return _respond(await _execute(context, subscription, context.body))


@command_route(
    "/v1/subscriptions/{subscription}/resume",
    _act_operation("resume", "Send again, from where it stopped; also after it was disabled", acts.ResumeSubscription),
)
async def resume_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    receipt = await _execute(context, subscription, context.body)
    await sync_to_thread(context.runtime.deliveries.resume, receipt.state.id)
    context.runtime.wakeups.publish()
    return _respond(receipt)


@command_route(
    "/v1/subscriptions/{subscription}/remove",
    _act_operation("remove", "End it for good", acts.RemoveSubscription),
)
async def remove_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    receipt = await _execute(context, subscription, context.body)
    await sync_to_thread(context.runtime.deliveries.forget, receipt.state.id)
    return _respond(receipt)


@command_route(
    "/v1/subscriptions/{subscription}/replay",
    _act_operation("replay", "Send again what was recorded after a position or an instant, under the same ids", Replay),
)
async def replay_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    after = await sync_to_thread(_resolve_replay, context, context.body)
    receipt = await _execute(context, subscription, acts.ReplaySubscription(after=after))
    await sync_to_thread(context.runtime.deliveries.replay, receipt.state.id, after)
    context.runtime.wakeups.publish()
    return _respond(receipt)


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
    "/v1/subscriptions/{subscription}/rotate-secret",
    Operation(
        id="subscription.rotate_secret",
        summary="A new secret, answered this once; the former one signs too until the overlap is over",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=acts.RotateSecret,
        answer=RotatedSecret,
        codes=(*_CODES, "not_found"),
    ),
)
async def rotate_secret(context: RequestContext, subscription: str) -> HttpResponse:
    _reject_idempotency_key(context)
    receipt = await _execute(context, subscription, context.body)
    secret = generate_secret()
    until = context.now + acts.overlap(context.body)
    await sync_to_thread(context.runtime.deliveries.rotate_secret, receipt.state.id, secret, until)
    response = command_response(RotatedSecret(subscription=_summarise_receipt(receipt), secret=secret), receipt)
    return msgspec.structs.replace(response, headers=response.headers | _NO_STORE)


@command_route(
    "/v1/subscriptions/{subscription}/redeliver",
    Operation(
        id="redeliver",
        summary="Send again one event, or all that were given up",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=Redeliver,
        answer=Redelivery,
        codes=("not_found",),
    ),
)
def redeliver(context: RequestContext, subscription: str) -> HttpResponse:
    asked: Redeliver = context.body
    found, _ = _load(context, subscription)
    _require_management(context, found)
    if (asked.event is None) == (asked.state is None):
        raise field_error("/event", "either one event (`event`) or all in a state (`state`)")
    deliveries = context.runtime.deliveries
    if asked.state is not None:
        if asked.state not in ("dead", "held"):
            raise InvalidField("only what was given up is sent again so", pointer="/state", allowed=("dead", "held"))
        answer = Redelivery(deliveries=deliveries.redeliver(found.id, (asked.state,)))
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
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=SendTest,
        answer=TestResult,
        codes=("not_found",),
    ),
)
async def test_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    found, _ = await sync_to_thread(_load, context, subscription)
    _require_management(context, found)
    signer: Signer = await sync_to_thread(load_signer, context.runtime.deliveries, found.id)
    webhook_id = f"msg_{context.runtime.new_id().hex}"
    body = build_test_body(found, context.now, context.base_url)
    headers = build_headers(found.id, signer.sign(webhook_id, int(context.now.timestamp()), body))
    began = context.runtime.clock()
    async with await _open_client(context, found.url) as client:
        answer = await client.send("POST", headers, body)
    return json_response(
        TestResult(
            delivered=answer.is_success,
            status=answer.status,
            error=answer.error,
            answer=answer.body,
            webhook_id=webhook_id,
            duration_ms=int((context.runtime.clock() - began).total_seconds() * 1000),
        )
    )


ROUTES: list[Route] = [
    list_subscriptions,
    get_subscription,
    get_subscription_history,
    list_deliveries,
    get_delivery,
    get_webhook_keys,
    create_subscription,
    pause_subscription,
    resume_subscription,
    remove_subscription,
    replay_subscription,
    rotate_secret,
    redeliver,
    test_subscription,
]
