"""A member: joined, left, declared capacity, absences (dates only, never why), roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec

from domain.context import DecisionContext, require_own_reference
from domain.envelope import Event, NewEvent, RecordedEvent, Source
from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.personal import PersonalOfMember, Value
from domain.quantities import Number, Quantity, quantity
from domain.references import Ref
from domain.terms import day


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
    def present(self) -> bool:
        """Joined and not left."""
        return self.joined_at is not None and self.left_at is None


# --- acts --------------------------------------------------------------------------------------------------------


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something a member does about membership."""


class Join(Act, tag="join", frozen=True, kw_only=True):
    team: Ref | None = None
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    ref: Ref | None = None


class Leave(Act, tag="leave", frozen=True, kw_only=True):
    pass


class DeclareCapacity(Act, tag="capacity", frozen=True, kw_only=True):
    hours_per_week: Number
    from_: date = msgspec.field(name="from")


class DeclareAbsence(Act, tag="absence", frozen=True, kw_only=True):
    from_: date = msgspec.field(name="from")
    to: date


class GrantRole(Act, tag="grant_role", frozen=True, kw_only=True):
    role: Role


class RevokeRole(Act, tag="revoke_role", frozen=True, kw_only=True):
    role: Role


MemberAct = Join | Leave | DeclareCapacity | DeclareAbsence | GrantRole | RevokeRole


# --- events ------------------------------------------------------------------------------------------------------


class Joined(Event, tag="member.joined.v1", frozen=True, kw_only=True):
    team: UUID | None = None
    name: PersonalOfMember[str] = ""
    ref: str | None = None


class Left(Event, tag="member.left.v1", frozen=True, kw_only=True):
    pass


class CapacityDeclared(Event, tag="member.capacity_declared.v1", frozen=True, kw_only=True):
    capacity: Capacity


class AbsenceDeclared(Event, tag="member.absence_declared.v1", frozen=True, kw_only=True):
    absence: Absence


class RoleGranted(Event, tag="member.role_granted.v1", frozen=True, kw_only=True):
    role: Role


class RoleRevoked(Event, tag="member.role_revoked.v1", frozen=True, kw_only=True):
    role: Role


MemberEvent = Joined | Left | CapacityDeclared | AbsenceDeclared | RoleGranted | RoleRevoked

#: Of what a member declared so much may lie ahead, of each sort; every event of theirs writes all of it anew.
MOST_AHEAD = 100
#: And so much of what was over is kept: clocks and loads look back a little, reports have the history.
MOST_OVER = 100
_LONGEST_ABSENCE_DAYS = 366 * 2
_HOURS_OF_A_WEEK = 168
S = TypeVar("S", Capacity, Absence)


def decide(member: Member | None, act: MemberAct, world: DecisionContext) -> list[NewEvent]:
    """The events that `act` leads to; raises a `Refusal` where a rule forbids it."""
    event = _decided(member, act, world)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]


def _decided(member: Member | None, act: MemberAct, world: DecisionContext) -> MemberEvent:
    steward = Role.STEWARD in world.roles
    myself = world.party == world.stream_id
    if isinstance(act, Join):
        return _joined(member, act, world, allowed=steward)
    # In an import somebody who joins only later in the file may have said so already; the file's end is what counts.
    placeholder = world.source is Source.IMPORT and isinstance(act, DeclareCapacity | DeclareAbsence)
    if (member is None or member.joined_at is None) and not placeholder:
        raise NotFound("no such member has joined")
    if isinstance(act, GrantRole | RevokeRole) and not steward:
        raise Forbidden("only a steward grants or revokes roles", allowed=("steward",))
    if not (steward or myself):
        raise Forbidden("only the member or a steward may do that", allowed=("member", "steward"))
    if member is not None and member.left_at is not None:
        raise ActNotAllowed("this member has left", allowed=("join",))
    match act:
        case DeclareCapacity():
            return CapacityDeclared(capacity=_capacity(act, member, world))
        case DeclareAbsence():
            return AbsenceDeclared(absence=_absence(act, member, world))
        case GrantRole():
            return RoleGranted(role=act.role)
        case RevokeRole():
            held = member.roles if member else ()
            if act.role not in held:
                raise ActNotAllowed(f"the member does not have the role {act.role}", allowed=held)
            return RoleRevoked(role=act.role)
        case Leave():
            if member is not None and member.joined_at is not None and world.at < member.joined_at:
                raise OutOfOrder(pointer="/at", allowed=(f">= {member.joined_at.isoformat()}",))
            return Left()


def _capacity(act: DeclareCapacity, member: Member | None, world: DecisionContext) -> Capacity:
    hours = quantity(act.hours_per_week, "/hours_per_week", low=0, high=_HOURS_OF_A_WEEK, places=2)
    capacity = Capacity(hours_per_week=hours, from_=day(act.from_, "/from"))
    others = [held.from_ for held in member.capacities if held.from_ != capacity.from_] if member else []
    _room(others, capacity.from_, "changes of capacity", world)
    return capacity


def _absence(act: DeclareAbsence, member: Member | None, world: DecisionContext) -> Absence:
    first, last = day(act.from_, "/from"), day(act.to, "/to")
    if not 0 <= (last - first).days <= _LONGEST_ABSENCE_DAYS:
        raise InvalidField("an absence ends on or after its first day, within two years", pointer="/to")
    absence = Absence(from_=first, to=last)
    _room([held.to for held in member.absences if held != absence] if member else [], last, "absences", world)
    return absence


def _room(others: Sequence[date], last: date, what: str, world: DecisionContext) -> None:
    """Raise `InvalidField` where too many lie ahead of the day on which this is said, whenever it is dated to."""
    today = world.now.astimezone(world.zone).date()
    ahead = [each for each in others if each >= today]
    if last >= today and len(ahead) >= MOST_AHEAD:
        raise InvalidField(
            f"{len(ahead)} {what} lie ahead, {MOST_AHEAD} at most: say more when the first is over, after {min(ahead)}",
            pointer="/from",
        )


def _joined(member: Member | None, act: Join, world: DecisionContext, *, allowed: bool) -> Joined:
    team = world.team(world.id_of("team", act.team)) if act.team else None
    if act.team and team is None:
        raise NotFound(f"no team {act.team!r}", pointer="/team")
    if not (allowed or (team is not None and team.lead == world.party)):
        raise Forbidden("a steward or the team's lead adds members", allowed=("steward", "lead"))
    if not allowed and member is not None and member.joined_at is not None:
        # A lead sees the persons of the team: nobody makes themselves the lead of whom they want to look at.
        raise Forbidden(
            "a lead brings in newcomers; who has joined before is the steward's to add", allowed=("steward",)
        )
    if member is not None and member.present and (team is None or team.id in member.teams):
        raise AlreadyExists("this member has joined already")
    return Joined(team=team.id if team else None, name=act.name, ref=require_own_reference(act.ref, "member", world))


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
    return ordered[max(0, over - MOST_OVER) :]


#: How a member's role reads in the role table.
RoleName = Literal["member", "lead", "steward", "auditor", "integration"]
