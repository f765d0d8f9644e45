"""A subscription: which events are sent to which address, on behalf of which member, and whether that goes on.

The signing secret is in no event and no state: it is kept in a table of its own (`ledger.deliveries`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal
from uuid import UUID, uuid5

import msgspec

from domain.envelope import Event, Instant, RecordedEvent
from domain.index import NOT_INDEXED, IndexEntry
from domain.references import Ref

#: Subscriptions that one organisation has at a time; removed ones do not count.
MAX_SUBSCRIPTIONS = 100
MAX_URL_LENGTH = 2000
#: Hours in which a message is signed with the secret before the last one too.
MAX_OVERLAP_HOURS = 24 * 31

Name = Annotated[str, msgspec.Meta(max_length=200)]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URL_LENGTH)]
#: A type of event, `<kind>.<fact>.*` for each version of it, or `<kind>.*` for all of a kind.
TypePattern = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
#: "<kind>/<id>"; in an act also "<kind>/<reference>".
Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]
#: What is sent of an event: its envelope (`thin`), all of it (`full`), or (`auto`) all unless it is about persons.
Payload = Literal["auto", "thin", "full"]
#: `strict`: an event waits until those of its subject before it were delivered or given up.
Ordering = Literal["strict", "none"]
State = Literal["active", "paused", "disabled", "removed"]
#: Why deliveries ended by themselves: the target answered 410, failed for too long, or the member has left.
DisabledReason = Literal["gone", "failing", "owner_left"]


class Disablement(msgspec.Struct, frozen=True, kw_only=True):
    """Why and when deliveries ended by themselves."""

    reason: DisabledReason
    at: Instant
    #: The event that recorded it.
    event_id: UUID
    failing_since: Instant | None = None


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription's state."""

    id: UUID
    organisation_id: UUID
    #: The member on whose behalf events are sent: what they do not see is not sent.
    owner: UUID
    created_at: Instant
    url: str
    name: str = ""
    #: The types that are wanted; empty: all.
    types: tuple[str, ...] = ()
    #: The one stream that is wanted, "<kind>/<id>"; None: all.
    subject: str | None = None
    #: Only what belongs to this team; None: all.
    team: UUID | None = None
    payload: Payload = "auto"
    ordering: Ordering = "strict"
    state: State = "active"
    disabled: Disablement | None = None
    secret_rotated_at: Instant | None = None


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done about a subscription."""

    #: Whether it carries authority (`domain.authority`).
    is_authoritative: ClassVar[bool] = True


class CreateSubscription(Act, tag="create", frozen=True, kw_only=True):
    """Have events sent to an address from now on, as far as the sender's member sees them."""

    url: Url
    name: Name = ""
    types: Annotated[list[TypePattern], msgspec.Meta(max_length=100)] = []
    subject: Subject | None = None
    team: Ref | None = None
    payload: Payload = "auto"
    ordering: Ordering = "strict"


class PauseSubscription(Act, tag="pause", frozen=True, kw_only=True):
    """Send nothing until it is resumed; what is recorded meanwhile is sent then."""


class ResumeSubscription(Act, tag="resume", frozen=True, kw_only=True):
    """Send again, from where it stopped; also after it was disabled."""


class RotateSecret(Act, tag="rotate_secret", frozen=True, kw_only=True):
    """Sign with a new secret; with the former one too until the overlap is over."""

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=MAX_OVERLAP_HOURS)] = 24


def overlap(act: RotateSecret) -> timedelta:
    """How long the former secret signs too."""
    return timedelta(hours=act.overlap_hours)


class ReplaySubscription(Act, tag="replay", frozen=True, kw_only=True):
    """Send again what was recorded after a position; each event has the webhook-id that it had before."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class RemoveSubscription(Act, tag="remove", frozen=True, kw_only=True):
    """End it for good."""


class DisableSubscription(Act, tag="disable", frozen=True, kw_only=True):
    """Deliveries have ended by themselves; said by the worker alone."""

    reason: DisabledReason
    failing_since: Instant | None = None


SubscriptionAct = (
    CreateSubscription
    | PauseSubscription
    | ResumeSubscription
    | RotateSecret
    | ReplaySubscription
    | RemoveSubscription
    | DisableSubscription
)


class SubscriptionCreated(Event, tag="subscription.created.v1", frozen=True, kw_only=True):
    """A member had events sent to an address."""

    owner: UUID
    url: str
    name: str = ""
    types: tuple[str, ...] = ()
    subject: str | None = None
    team: UUID | None = None
    payload: Payload = "auto"
    ordering: Ordering = "strict"


class SubscriptionPaused(Event, tag="subscription.paused.v1", frozen=True, kw_only=True):
    """Nothing is sent until it is resumed."""


class SubscriptionResumed(Event, tag="subscription.resumed.v1", frozen=True, kw_only=True):
    """Events are sent again, from where it stopped."""


class SecretRotated(Event, tag="subscription.secret_rotated.v1", frozen=True, kw_only=True):
    """Messages are signed with a new secret, and until then with the former one too."""

    former_until: Instant


class ReplayRequested(Event, tag="subscription.replay_requested.v1", frozen=True, kw_only=True):
    """What was recorded after this position is sent again."""

    after: int


class SubscriptionDisabled(Event, tag="subscription.disabled.v1", frozen=True, kw_only=True):
    """Deliveries ended by themselves: the target is gone, failed for too long, or the member has left."""

    reason: DisabledReason
    failing_since: Instant | None = None


class SubscriptionRemoved(Event, tag="subscription.removed.v1", frozen=True, kw_only=True):
    """The subscription ended for good."""


SubscriptionEvent = (
    SubscriptionCreated
    | SubscriptionPaused
    | SubscriptionResumed
    | SecretRotated
    | ReplayRequested
    | SubscriptionDisabled
    | SubscriptionRemoved
)


def evolve(subscription: Subscription | None, recorded: RecordedEvent) -> Subscription | None:
    """The state after `recorded`; never fails on a recorded event."""
    event = recorded.data
    if isinstance(event, SubscriptionCreated):
        fields = {name: getattr(event, name) for name in event.__struct_fields__}
        return Subscription(
            id=recorded.stream_id, organisation_id=recorded.organisation_id, created_at=recorded.occurred_at, **fields
        )
    if subscription is None:
        return None
    replace = msgspec.structs.replace
    match event:
        case SubscriptionPaused():
            return replace(subscription, state="paused")
        case SubscriptionResumed():
            return replace(subscription, state="active", disabled=None)
        case SecretRotated():
            return replace(subscription, secret_rotated_at=recorded.occurred_at)
        case SubscriptionDisabled(reason=reason, failing_since=since):
            disablement = Disablement(
                reason=reason, at=recorded.occurred_at, event_id=recorded.event_id, failing_since=since
            )
            return replace(subscription, state="disabled", disabled=disablement)
        case SubscriptionRemoved():
            return replace(subscription, state="removed", disabled=None)
    return subscription


def subscriptions_key(organisation_id: UUID) -> UUID:
    """Under what the ledger's index lists the subscriptions of an organisation that are not removed."""
    return uuid5(organisation_id, "subscriptions")


def index_entry(subscription: Subscription | None) -> IndexEntry:
    """Listed until it is removed, so that there are never more than `MAX_SUBSCRIPTIONS`."""
    if subscription is None or subscription.state == "removed":
        return NOT_INDEXED
    return IndexEntry(listed_under=subscriptions_key(subscription.organisation_id))
