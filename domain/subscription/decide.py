"""Who subscribes to events, and who pauses, resumes and ends that."""

from __future__ import annotations

from domain.context import DecisionContext
from domain.envelope import NewEvent, Source
from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound
from domain.participation import require_not_left
from domain.subscription.subscription import (
    MAX_SUBSCRIPTIONS,
    CreateSubscription,
    DisableSubscription,
    PauseSubscription,
    RemoveSubscription,
    ReplayRequested,
    ReplaySubscription,
    ResumeSubscription,
    RotateSecret,
    SecretRotated,
    Subscription,
    SubscriptionAct,
    SubscriptionCreated,
    SubscriptionDisabled,
    SubscriptionEvent,
    SubscriptionPaused,
    SubscriptionRemoved,
    SubscriptionResumed,
    overlap,
    subscriptions_key,
)
from domain.subscription.target import parse_target

#: State -> what a member may do then.
ACTS_BY_STATE: dict[str, tuple[str, ...]] = {
    "active": ("pause", "replay", "rotate_secret", "remove"),
    "paused": ("resume", "rotate_secret", "remove"),
    "disabled": ("resume", "rotate_secret", "remove"),
    "removed": (),
}


def decide(subscription: Subscription | None, act: SubscriptionAct, world: DecisionContext) -> list[NewEvent]:
    """The events that `act` leads to; raises a `Refusal` where a rule forbids it."""
    if isinstance(act, CreateSubscription):
        event: SubscriptionEvent = _create(subscription, act, world)
    elif subscription is None:
        raise NotFound("no such subscription")
    elif isinstance(act, DisableSubscription):
        if world.source is not Source.WORKER:
            raise Forbidden("only the worker says that deliveries have ended")
        if subscription.state not in ("active", "paused"):
            raise ActNotAllowed(f"the subscription is {subscription.state}")
        event = SubscriptionDisabled(reason=act.reason, failing_since=act.failing_since)
    else:
        event = _change(subscription, act, world)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]


def _create(before: Subscription | None, act: CreateSubscription, world: DecisionContext) -> SubscriptionCreated:
    if before is not None:
        raise AlreadyExists("this subscription exists already")
    require_not_left(world)
    if world.party is None:
        raise Forbidden("a subscription is a member's")
    parse_target(act.url)
    team = world.id_of("team", act.team) if act.team is not None else None
    if team is not None and world.team(team) is None:
        raise NotFound(f"no team {act.team!r}", pointer="/team")
    if len(world.list_streams(subscriptions_key(world.organisation_id))) >= MAX_SUBSCRIPTIONS:
        raise InvalidField(f"an organisation has at most {MAX_SUBSCRIPTIONS} subscriptions: remove one", pointer="/url")
    return SubscriptionCreated(
        owner=world.party,
        url=act.url,
        name=act.name,
        types=tuple(sorted(set(act.types))),
        subject=_stream_named_by(act.subject, world),
        team=team,
        payload=act.payload,
        ordering=act.ordering,
    )


def _stream_named_by(subject: str | None, world: DecisionContext) -> str | None:
    """The stream in the form in which events name it; whether it exists was checked before."""
    if subject is None:
        return None
    kind, _, ref = subject.partition("/")
    if not kind or not ref:
        raise InvalidField("a stream: goal/<id or reference>, member/..., team/...", pointer="/subject")
    return f"{kind}/{world.id_of(kind, ref)}"


def _change(before: Subscription, act: SubscriptionAct, world: DecisionContext) -> SubscriptionEvent:
    if "steward" not in world.roles and world.party != before.owner:
        raise Forbidden("this subscription is another member's", allowed=("owner", "steward"))
    name = str(act.__struct_config__.tag)
    allowed = ACTS_BY_STATE[before.state]
    if name not in allowed:
        raise ActNotAllowed(f"the subscription is {before.state}", allowed=allowed)
    match act:
        case PauseSubscription():
            return SubscriptionPaused()
        case ResumeSubscription():
            _require_owner_present(before, world)
            return SubscriptionResumed()
        case RotateSecret():
            return SecretRotated(former_until=world.at + overlap(act))
        case ReplaySubscription(after=after):
            return ReplayRequested(after=after)
        case RemoveSubscription():
            return SubscriptionRemoved()
    raise ActNotAllowed(f"no such act: {name}", allowed=allowed)


def _require_owner_present(subscription: Subscription, world: DecisionContext) -> None:
    """A leave of the member ends what was subscribed before it, and a return does not bring it back."""
    owner = world.member(subscription.owner)
    if owner is not None and owner.end_of(subscription.created_at) is not None:
        raise ActNotAllowed(
            "the member on whose behalf events were sent has left: remove it, and let another subscribe",
            allowed=("remove",),
        )
