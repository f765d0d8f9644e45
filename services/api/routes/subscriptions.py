"""Subscriptions: events sent to an address by POST; who has them sent, paused, resumed and ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec

from domain.envelope import Instant
from domain.errors import Forbidden, InvalidField, NotFound
from domain.references import as_uuid
from domain.registry import AGGREGATES
from domain.subscription import subscription as acts
from domain.subscription.subscription import Disablement, Ordering, Payload, State, Subscription
from domain.subscription.target import parse_target
from ledger.commands import Receipt
from projections.database.paging import ALL_ROWS, MAX_PAGE_SIZE
from projections.history import history
from projections.streams import load_stream_versions
from projections.subscriptions import load_subscriptions_page
from services.api.commands import command_response, execute
from services.api.context import RequestContext, reject_idempotency_key
from services.api.http.parsing import decode_segment
from services.api.http.responses import HttpResponse, json_response
from services.api.operations import AsOfQuery, HistoryQuery, Operation, Route, command_route, query_route
from services.api.queries import history_response, next_link, parse_id_cursor, read_response, requested_as_of
from services.api.summaries import StreamSummary
from services.authorization import ACT, ADMIN, READ, Capability, may
from services.event_filter import TYPE_PATTERNS
from services.visibility.events import EventVisibility
from services.webhooks.addresses import AddressPolicy, require_target
from services.webhooks.signatures import (
    generate_secret,
    parse_secret,
)

if TYPE_CHECKING:
    from services.webhooks.client import WebhookClient

TAG = "subscriptions"
PROBLEM_CODES = ("act_not_allowed", "version_conflict", "busy")
#: An answer that holds a secret must not be cached.
NO_STORE = {"Cache-Control": "no-store"}
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
    """The subscriptions that the key may manage, by id, or a page of them."""

    subscriptions: list[SubscriptionSummary]
    next: str | None = None


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


def summarise(
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


def summarise_receipt(receipt: Receipt) -> SubscriptionSummary:
    return summarise(receipt.state, receipt.version, position=receipt.position, events=receipt.event_ids)


# --- whose it is -----------------------------------------------------------------------------------------------------


def _may_see(context: RequestContext, subscription: Subscription) -> bool:
    """Its owner, and who sees every person."""
    return subscription.owner == context.viewer.member_id or may(context.viewer, Capability.SEE_PERSON)


def require_management(context: RequestContext, subscription: Subscription) -> None:
    """Raise `Forbidden` for who is neither its owner nor a steward."""
    is_owner = subscription.owner == context.viewer.member_id
    if not is_owner and not may(context.viewer, Capability.MANAGE_SUBSCRIPTIONS):
        raise Forbidden("this subscription is another member's", allowed=("owner", "steward"))


def load_subscription(context: RequestContext, ref: str) -> tuple[Subscription, int]:
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


class SubscriptionsQuery(AsOfQuery, frozen=True, kw_only=True):
    """Which page of them."""

    cursor: Annotated[str, msgspec.Meta(max_length=36, description="The id after which the page begins.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] | None = None


@query_route(
    "/v1/subscriptions",
    Operation(
        id="listSubscriptions",
        summary="Subscriptions: one's own; for stewards and auditors every one",
        tag=TAG,
        scopes=(READ,),
        query=SubscriptionsQuery,
        answer=SubscriptionList,
        reads_view=True,
    ),
)
def list_subscriptions(context: RequestContext) -> HttpResponse:
    query: SubscriptionsQuery = context.query
    view, database, viewer = requested_as_of(context), context.runtime.database, context.viewer
    limit = query.limit or ALL_ROWS
    found = load_subscriptions_page(
        database,
        view,
        owner=None if may(viewer, Capability.SEE_PERSON) else viewer.member_id,
        after=parse_id_cursor(query.cursor, "subscription"),
        limit=limit + 1,
    )
    page = found[:limit]
    last = str(page[-1].id) if len(found) > limit else None
    versions = load_stream_versions(database, view.params, "subscriptions", [each.id for each in page])
    shown = [summarise(each, versions.get(each.id, 0)) for each in page if _may_see(context, each)]
    headers = next_link(context, query, cursor=last)
    return read_response(context, SubscriptionList(subscriptions=shown, next=last), view, headers=headers)


@query_route(
    "/v1/subscriptions/{subscription}",
    Operation(
        id="getSubscription",
        summary="One subscription, and how far its events were sent",
        tag=TAG,
        scopes=(READ,),
        answer=SubscriptionView,
        codes=("not_found",),
    ),
)
def get_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    found, version = load_subscription(context, subscription)
    view = SubscriptionView(subscription=summarise(found, version), progress=_load_progress(context, found))
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
        tag=TAG,
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_subscription_history(context: RequestContext, subscription: str) -> HttpResponse:
    found, _ = load_subscription(context, subscription)
    view = requested_as_of(context)
    return history_response(context, view, found.id)


# --- acting ----------------------------------------------------------------------------------------------------------


@command_route(
    "/v1/subscriptions",
    Operation(
        id="createSubscription",
        summary="Have events sent to an address; the secret is answered this once",
        tag=TAG,
        scopes=(ACT, ADMIN),
        body=Subscribe,
        answer=CreatedSubscription,
        status=201,
        codes=("not_found", "handshake_refused", "busy"),
    ),
)
async def create_subscription(context: RequestContext) -> HttpResponse:
    asked: Subscribe = context.body
    reject_idempotency_key(context.headers)
    if asked.secret is not None:
        parse_secret(asked.secret)
    await asyncio.to_thread(_require_visible_target, context, asked)
    await _shake_hands(context, asked)
    runtime, organisation = context.runtime, context.viewer.organisation_id
    subscription_id, secret = runtime.new_id(), asked.secret or generate_secret()
    act = acts.CreateSubscription(**{name: getattr(asked, name) for name in acts.CreateSubscription.__struct_fields__})
    await asyncio.to_thread(runtime.deliveries.begin, organisation, subscription_id, secret)
    try:
        receipt = await execute(context, "subscription", subscription_id, act, creates=True)
    except BaseException:
        await asyncio.to_thread(runtime.deliveries.forget, subscription_id)
        raise
    await asyncio.to_thread(runtime.deliveries.wake, subscription_id)
    runtime.wakeups.publish()
    answer = CreatedSubscription(subscription=summarise_receipt(receipt), secret=secret)
    response = command_response(answer, receipt, created=True)
    return msgspec.structs.replace(response, headers=response.headers | NO_STORE)


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


async def open_client(context: RequestContext, url: str) -> WebhookClient:
    """A client for one target, bound by the settings."""
    # Few processes ever subscribe anything, and it takes 50 ms to import.
    from services.webhooks.client import WebhookClient, build_ssl_context  # noqa: PLC0415

    settings = context.runtime.settings
    return WebhookClient(
        url,
        policy=AddressPolicy.from_settings(settings),
        tls=await asyncio.to_thread(build_ssl_context, settings.webhook_ca_file),
        timeout_s=min(_PROBE_TIMEOUT_S, settings.webhook_timeout_s),
    )


async def _shake_hands(context: RequestContext, asked: Subscribe) -> None:
    """Ask the target, or (without a handshake) see at least that its address is one that may be connected to."""
    from services.webhooks.handshake import shake_hands  # noqa: PLC0415 - as above

    async with await open_client(context, asked.url) as client:
        outcome = await shake_hands(client, origin=_origin(context), required=asked.handshake)
    outcome.require()


def _origin(context: RequestContext) -> str:
    """The name by which targets know this deployment."""
    return context.runtime.settings.base_url.partition("://")[2].partition("/")[0] or "plimsoll"


async def execute_act(context: RequestContext, ref: str, act: Any) -> Receipt:
    found, _ = await asyncio.to_thread(load_subscription, context, ref)
    return await execute(context, "subscription", found.id, act)


def respond(receipt: Receipt) -> HttpResponse:
    return command_response(summarise_receipt(receipt), receipt)


def act_operation(name: str, summary: str, body: Any) -> Operation:
    return Operation(
        id=f"subscription.{name}",
        summary=summary,
        tag=TAG,
        scopes=(ACT, ADMIN),
        body=body,
        answer=SubscriptionSummary,
        codes=(*PROBLEM_CODES, "not_found"),
        command=True,
        idempotent=True,
    )


@command_route(
    "/v1/subscriptions/{subscription}/pause",
    act_operation("pause", "Send nothing until it is resumed", acts.PauseSubscription),
)
async def pause_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    return respond(await execute_act(context, subscription, context.body))


@command_route(
    "/v1/subscriptions/{subscription}/resume",
    act_operation("resume", "Send again, from where it stopped; also after it was disabled", acts.ResumeSubscription),
)
async def resume_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    receipt = await execute_act(context, subscription, context.body)
    await asyncio.to_thread(context.runtime.deliveries.resume, receipt.state.id)
    context.runtime.wakeups.publish()
    return respond(receipt)


@command_route(
    "/v1/subscriptions/{subscription}/remove",
    act_operation("remove", "End it for good", acts.RemoveSubscription),
)
async def remove_subscription(context: RequestContext, subscription: str) -> HttpResponse:
    receipt = await execute_act(context, subscription, context.body)
    await asyncio.to_thread(context.runtime.deliveries.forget, receipt.state.id)
    return respond(receipt)


@command_route(
    "/v1/subscriptions/{subscription}/rotate-secret",
    Operation(
        id="subscription.rotate_secret",
        summary="A new secret, answered this once; the former one signs too until the overlap is over",
        tag=TAG,
        scopes=(ACT, ADMIN),
        body=acts.RotateSecret,
        answer=RotatedSecret,
        codes=(*PROBLEM_CODES, "not_found"),
    ),
)
async def rotate_secret(context: RequestContext, subscription: str) -> HttpResponse:
    reject_idempotency_key(context.headers)
    receipt = await execute_act(context, subscription, context.body)
    secret = generate_secret()
    until = context.now + acts.overlap(context.body)
    await asyncio.to_thread(context.runtime.deliveries.rotate_secret, receipt.state.id, secret, until)
    response = command_response(RotatedSecret(subscription=summarise_receipt(receipt), secret=secret), receipt)
    return msgspec.structs.replace(response, headers=response.headers | NO_STORE)


ROUTES: list[Route] = [
    list_subscriptions,
    get_subscription,
    get_subscription_history,
    create_subscription,
    pause_subscription,
    resume_subscription,
    remove_subscription,
    rotate_secret,
]
