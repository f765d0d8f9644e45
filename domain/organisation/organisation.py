"""The organisation (tenant): its time zone and its policies. Its stream's id is the organisation's own id."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from domain.envelope import Event, Instant, RecordedEvent
from domain.policy import Policy

#: None of them can be left out: an act of long ago, recorded late, is decided by the policy of its own day.
MAX_POLICY_VERSIONS = 500


class PolicyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A policy and the instant from which it applies; version 0 are the defaults."""

    version: int
    since: Instant | None
    policy: Policy


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's state."""

    id: UUID
    name: str
    zone: str = "UTC"
    #: Ascending by version; the first is version 0 with no beginning.
    policies: tuple[PolicyVersion, ...] = (PolicyVersion(version=0, since=None, policy=Policy()),)

    def policy_at(self, at: datetime) -> PolicyVersion:
        """The policy in force at an instant: the latest version that had begun."""
        return next(p for p in reversed(self.policies) if p.since is None or p.since <= at)


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done about the organisation itself."""


class Create(Act, tag="create", frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    zone: Annotated[str, msgspec.Meta(max_length=64)] = "UTC"


class SetPolicy(Act, tag="set_policy", frozen=True, kw_only=True):
    #: Only the dials that change; unknown names and bad values are refused.
    policy: dict[str, Any]


OrganisationAct = Create | SetPolicy


class Created(Event, tag="organisation.created.v1", frozen=True, kw_only=True):
    name: str
    zone: str = "UTC"


class PolicySet(Event, tag="organisation.policy_set.v1", frozen=True, kw_only=True):
    policy: Policy


OrganisationEvent = Created | PolicySet


def evolve(organisation: Organisation | None, recorded: RecordedEvent) -> Organisation | None:
    """The state after `recorded`; never fails on a recorded event.

    Sorted by business time, an imported policy may come before the organisation that was created today.
    """
    event = recorded.data
    known = organisation or Organisation(id=recorded.stream_id, name="")
    match event:
        case Created():
            return msgspec.structs.replace(known, name=event.name, zone=event.zone)
        case PolicySet():
            return msgspec.structs.replace(known, policies=_insert_policy(known, event.policy, recorded.occurred_at))
    return organisation


def _insert_policy(known: Organisation, policy: Policy, since: datetime) -> tuple[PolicyVersion, ...]:
    """All versions in the order in which they began, numbered so; one recorded late takes its place."""
    dated_policies = [(p.since, p.policy) for p in known.policies if p.since is not None]
    dated_policies = sorted([*dated_policies, (since, policy)], key=lambda entry: entry[0])
    return (
        known.policies[0],
        *(PolicyVersion(version=n, since=begun, policy=p) for n, (begun, p) in enumerate(dated_policies, start=1)),
    )
