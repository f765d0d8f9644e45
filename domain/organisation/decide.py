"""Who creates an organisation and sets its policies."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from domain.context import DecisionContext
from domain.envelope import NewEvent
from domain.errors import AlreadyExists, Forbidden, InvalidField, NotFound
from domain.organisation.organisation import (
    MAX_POLICY_VERSIONS,
    Create,
    Created,
    Organisation,
    OrganisationAct,
    OrganisationEvent,
    OrganisationRenamed,
    PolicySet,
    RenameOrganisation,
    SetPolicy,
)
from domain.policy import Policy
from domain.quantities import to_fraction


def decide(organisation: Organisation | None, act: OrganisationAct, world: DecisionContext) -> list[NewEvent]:
    """The events that `act` leads to; raises a `Refusal` where a rule forbids it."""
    event: OrganisationEvent
    match act:
        case Create():
            if organisation is not None:
                raise AlreadyExists("this organisation exists already")
            event = Created(name=act.name, zone=_check_zone(act.zone))
        case RenameOrganisation():
            if organisation is None:
                raise NotFound("no such organisation")
            if "steward" not in world.roles:
                raise Forbidden("only a steward renames the organisation", allowed=("steward",))
            event = OrganisationRenamed(name=act.name)
        case SetPolicy():
            if organisation is None:
                raise NotFound("no such organisation")
            if "steward" not in world.roles:
                raise Forbidden("only a steward sets policies", allowed=("steward",))
            if len(organisation.policies) > MAX_POLICY_VERSIONS:
                detail = f"an organisation has {MAX_POLICY_VERSIONS} policy versions at most, and this one has them all"
                raise InvalidField(detail, pointer="/policy")
            event = PolicySet(policy=_merge_policy(organisation.policy_at(world.at).policy, act.policy))
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidField(f"{name!r} is not an IANA time zone", pointer="/zone") from None
    return name


def _merge_policy(current: Policy, changes: dict[str, Any]) -> Policy:
    dials = Policy.__struct_fields__
    for name, value in changes.items():
        if name not in dials:
            raise InvalidField(f"no dial is called {name!r}", pointer=f"/policy/{name}", allowed=dials)
        try:
            msgspec.convert({name: value}, Policy)
        except msgspec.ValidationError as error:
            raise InvalidField(str(error).partition(" - at ")[0], pointer=f"/policy/{name}") from None
    policy = msgspec.convert({**msgspec.to_builtins(current), **changes}, Policy)
    if to_fraction(policy.load_amber) > to_fraction(policy.load_red):
        raise InvalidField("the amber line is at or under the red one", pointer="/policy/load_amber")
    return policy
