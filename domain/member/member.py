"""A member: joined, left, declared capacity, absences (dates only, never why), roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec

from domain.envelope import Event, RecordedEvent
from domain.personal import PersonalOfMember, Value
from domain.quantities import Number, Quantity
from domain.references import Ref


class Role(StrEnum):
    """What a member may do beyond acting as a party. `lead` comes from the team, not from here."""

    STEWARD = "steward"
    AUDITOR = "auditor"
    INTEGRATION = "integration"


class Capacity(Value, frozen=True, kw_only=True):
    """Hours a week that the person declares, from a date on."""

    hours_per_week: Quantity
    from_: date = msgspec.field(name="from")


class Absence(Value, frozen=True, kw_only=True):
    """First and last day away, both included."""

    from_: date = msgspec.field(name="from")
    to: date


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member's state. Never joined: a placeholder that others may already name."""

    id: UUID
    ref: str | None = None
    name: str = ""
    joined_at: datetime | None = None
    left_at: datetime | None = None
    teams: tuple[UUID, ...] = ()
    #: In order of `from`; the last one that began applies.
    capacities: tuple[Capacity, ...] = ()
    absences: tuple[Absence, ...] = ()
    roles: tuple[Role, ...] = ()
    last_at: datetime | None = None

    @property
    def is_present(self) -> bool:
        """Joined and not left."""
        return self.joined_at is not None and self.left_at is None


# --- acts --------------------------------------------------------------------------------------------------------


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something a member does about membership."""


class Join(Act, tag="join", frozen=True, kw_only=True):
    """Join the organisation, or one more of its teams."""

    team: Ref | None = None
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    ref: Ref | None = None


class Leave(Act, tag="leave", frozen=True, kw_only=True):
    """Leave the organisation."""


class DeclareCapacity(Act, tag="capacity", frozen=True, kw_only=True):
    """Declare hours a week, from a day on."""

    hours_per_week: Number
    from_: date = msgspec.field(name="from")


class DeclareAbsence(Act, tag="absence", frozen=True, kw_only=True):
    """Declare an absence: first and last day, never why."""

    from_: date = msgspec.field(name="from")
    to: date


class GrantRole(Act, tag="grant_role", frozen=True, kw_only=True):
    """Grant a role; a steward does."""

    role: Role


class RevokeRole(Act, tag="revoke_role", frozen=True, kw_only=True):
    """Take a role back; a steward does."""

    role: Role


MemberAct = Join | Leave | DeclareCapacity | DeclareAbsence | GrantRole | RevokeRole


# --- events ------------------------------------------------------------------------------------------------------


class Joined(Event, tag="member.joined.v1", frozen=True, kw_only=True):
    """A member joined the organisation, or one more of its teams."""

    team: UUID | None = None
    name: PersonalOfMember[str] = ""
    ref: str | None = None


class Left(Event, tag="member.left.v1", frozen=True, kw_only=True):
    """A member left the organisation."""


class CapacityDeclared(Event, tag="member.capacity_declared.v1", frozen=True, kw_only=True):
    """A member declared hours a week, from a day on."""

    capacity: Capacity


class AbsenceDeclared(Event, tag="member.absence_declared.v1", frozen=True, kw_only=True):
    """A member declared an absence: dates, never why."""

    absence: Absence


class RoleGranted(Event, tag="member.role_granted.v1", frozen=True, kw_only=True):
    """A steward granted a role."""

    role: Role


class RoleRevoked(Event, tag="member.role_revoked.v1", frozen=True, kw_only=True):
    """A steward revoked a role."""

    role: Role


MemberEvent = Joined | Left | CapacityDeclared | AbsenceDeclared | RoleGranted | RoleRevoked

#: Of what a member declared so much may lie ahead, of each sort; every event of theirs writes all of it anew.
MAX_UPCOMING_DECLARATIONS = 100
#: And so much of what was over is kept: clocks and loads look back a little, reports have the history.
MAX_PAST_DECLARATIONS = 100
S = TypeVar("S", Capacity, Absence)


def evolve(member: Member | None, recorded: RecordedEvent) -> Member:
    """The state after `recorded`; never fails on a recorded event."""
    event = recorded.data
    state = msgspec.structs.replace(member or Member(id=recorded.stream_id), last_at=recorded.occurred_at)
    match event:
        case Joined():
            return msgspec.structs.replace(
                state,
                joined_at=state.joined_at or recorded.occurred_at,
                left_at=None,
                name=event.name or state.name,
                ref=event.ref or state.ref,
                teams=(*state.teams, event.team) if event.team and event.team not in state.teams else state.teams,
            )
        case Left():
            return msgspec.structs.replace(state, left_at=recorded.occurred_at, teams=(), roles=())
        case CapacityDeclared():
            capacities = [*(c for c in state.capacities if c.from_ != event.capacity.from_), event.capacity]
            kept = _still_relevant(capacities, lambda c: (c.from_, c.from_), recorded)
            return msgspec.structs.replace(state, capacities=tuple(sorted(kept, key=lambda c: c.from_)))
        case AbsenceDeclared():
            away = _still_relevant({*state.absences, event.absence}, lambda a: (a.to, a.from_), recorded)
            return msgspec.structs.replace(state, absences=tuple(sorted(away, key=lambda a: (a.from_, a.to))))
        case RoleGranted():
            return msgspec.structs.replace(state, roles=tuple(sorted({*state.roles, event.role})))
        case RoleRevoked():
            return msgspec.structs.replace(state, roles=tuple(r for r in state.roles if r != event.role))
    return state


def _still_relevant(
    said: Iterable[S], last_and_first: Callable[[S], tuple[date, date]], recorded: RecordedEvent
) -> list[S]:
    """What lies ahead of the day on which it was recorded, and the last of what was over by then."""
    ordered = sorted(said, key=last_and_first)
    over = sum(last_and_first(each)[0] < recorded.recorded_at.date() for each in ordered)
    return ordered[max(0, over - MAX_PAST_DECLARATIONS) :]


#: How a member's role reads in the role table.
RoleName = Literal["member", "lead", "steward", "auditor", "integration"]
