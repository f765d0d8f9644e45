"""Who makes and ends keys."""

from __future__ import annotations

from domain.context import DecisionContext
from domain.envelope import NewEvent
from domain.errors import AlreadyExists, Forbidden
from domain.key.key import AnyKeyAct, ApiKey, KeyEvent, KeyMade, KeyReplaced, KeyRevoked, MakeKey, ReplaceKey


def decide(key: ApiKey | None, act: AnyKeyAct, world: DecisionContext) -> list[NewEvent]:
    """The event that `act` leads to; raises a `Refusal` where a rule forbids it."""
    if "steward" not in world.roles:
        raise Forbidden("keys are the stewards' business", allowed=("steward",))
    event: KeyEvent
    match act:
        case MakeKey():
            if key is not None:
                raise AlreadyExists("this key exists already")
            event = KeyMade(
                member=act.member,
                scopes=act.scopes,
                expires_at=act.expires_at,
                name=act.name,
                replaces=act.replaces,
            )
        case ReplaceKey():
            event = KeyReplaced(member=act.member, replaced_by=act.replaced_by, expires_at=act.expires_at)
        case _:
            event = KeyRevoked(member=act.member)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]
