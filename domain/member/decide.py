"""The rules of what members declare and of who joins, leaves and has a role."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from domain.context import DecisionContext
from domain.corrections import find_corrected, require_reachable
from domain.envelope import Event, NewEvent, Source
from domain.errors import ActNotAllowed, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.instants import format_instant
from domain.member.member import (
    MAX_UPCOMING_DECLARATIONS,
    Absence,
    AbsenceDeclared,
    Capacity,
    CapacityDeclared,
    ChangeTeam,
    DeclareAbsence,
    DeclareCapacity,
    FactTakenBack,
    GrantRole,
    Join,
    Leave,
    LeaveTeam,
    Left,
    Member,
    MemberAct,
    MemberEvent,
    MemberRenamed,
    RenameMember,
    RevokeRole,
    Role,
    RoleGranted,
    RoleRevoked,
    TakeBackFact,
    TeamLeft,
    member_at,
)
from domain.member.membership import (
    decide_change_of_team,
    decide_join,
    decide_leave_of_team,
    require_not_archived_since,
)
from domain.quantities import parse_quantity
from domain.terms import check_date

_MAX_ABSENCE_DAYS = 366 * 2
_HOURS_PER_WEEK = 168


#: Acts that may correct an earlier fact -> the event in whose place theirs holds.
_CORRECTING: dict[type[MemberAct], type[Event]] = {
    DeclareCapacity: CapacityDeclared,
    DeclareAbsence: AbsenceDeclared,
    GrantRole: RoleGranted,
    RevokeRole: RoleRevoked,
}
#: What only a steward takes back.
_STEWARDS_EVENTS = (RoleGranted, RoleRevoked, TeamLeft)


def decide(member: Member | None, act: MemberAct, world: DecisionContext) -> list[NewEvent]:
    """The events that `act` leads to; raises a `Refusal` where a rule forbids it."""
    require_reachable(member, world.at)
    events: Sequence[MemberEvent]
    match act:
        case Join():
            events = (decide_join(member, act, world),)
        case LeaveTeam():
            events = (decide_leave_of_team(member, act, world),)
        case ChangeTeam():
            events = decide_change_of_team(member, act, world)
        case _:
            events = (_decide_event(member, act, world),)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at) for event in events]


def _decide_event(member: Member | None, act: MemberAct, world: DecisionContext) -> MemberEvent:
    """An act that is recorded late is judged by the member's state at its own time."""
    # In an import a member who joins only later in the file may have acted already; the state at its end counts.
    placeholder = world.source is Source.IMPORT and isinstance(act, DeclareCapacity | DeclareAbsence)
    if (member is None or member.joined_at is None) and not placeholder:
        raise NotFound("no such member has joined")
    _check_authority(act, world)
    corrects = _find_corrected(member, act, world)
    then = member_at(member, world.at)
    if then is not None and then.left_at is not None and corrects is None:
        raise ActNotAllowed("this member has left", allowed=("join",))
    match act:
        case RenameMember():
            return MemberRenamed(name=act.name)
        case DeclareCapacity():
            return CapacityDeclared(capacity=_parse_capacity(act, member, corrects, world), corrects=corrects)
        case DeclareAbsence():
            return AbsenceDeclared(absence=_parse_absence(act, member, corrects, world), corrects=corrects)
        case GrantRole():
            return RoleGranted(role=act.role, corrects=corrects)
        case RevokeRole():
            held = then.roles if then else ()
            if act.role not in held and corrects is None:
                raise ActNotAllowed(f"the member does not have the role {act.role}", allowed=held)
            return RoleRevoked(role=act.role, corrects=corrects)
        case TakeBackFact() if corrects is not None:
            return FactTakenBack(corrects=corrects)
        case Leave() if member is not None and member.joined_at is not None and world.at < member.joined_at:
            raise OutOfOrder(pointer="/at", allowed=(f">= {format_instant(member.joined_at)}",))
    return Left()


def _check_authority(act: MemberAct, world: DecisionContext) -> None:
    steward = Role.STEWARD in world.roles
    if isinstance(act, GrantRole | RevokeRole) and not steward:
        raise Forbidden("only a steward grants or revokes roles", allowed=("steward",))
    if not (steward or world.party == world.stream_id):
        raise Forbidden("only the member or a steward may do that", allowed=("member", "steward"))


def _find_corrected(member: Member | None, act: MemberAct, world: DecisionContext) -> UUID | None:
    """The event that the act corrects or takes back; None where it stands by itself."""
    named = getattr(act, "corrects", None)
    if named is None:
        return None
    of = _CORRECTING.get(type(act))
    fact = find_corrected(member, named, (*_CORRECTING.values(), TeamLeft) if of is None else (of,), world)
    if isinstance(fact.data, _STEWARDS_EVENTS) and Role.STEWARD not in world.roles:
        raise Forbidden("only a steward takes back a role's grant or revocation, or a leave", allowed=("steward",))
    if isinstance(fact.data, TeamLeft):
        require_not_archived_since(fact.data.team, fact.at, world)
    return fact.event_id


def _parse_capacity(
    act: DeclareCapacity, member: Member | None, corrects: UUID | None, world: DecisionContext
) -> Capacity:
    hours = parse_quantity(act.hours_per_week, "/hours_per_week", low=0, high=_HOURS_PER_WEEK, places=2)
    capacity = Capacity(hours_per_week=hours, from_=check_date(act.from_, "/from"))
    others = [held.from_ for held in member.capacities if held.from_ != capacity.from_] if member else []
    if corrects is None:
        _require_room(others, capacity.from_, "changes of capacity", world)
    return capacity


def _parse_absence(
    act: DeclareAbsence, member: Member | None, corrects: UUID | None, world: DecisionContext
) -> Absence:
    first, last = check_date(act.from_, "/from"), check_date(act.to, "/to")
    if not 0 <= (last - first).days <= _MAX_ABSENCE_DAYS:
        raise InvalidField("an absence ends on or after its first day, within two years", pointer="/to")
    absence = Absence(from_=first, to=last)
    others = [held.to for held in member.absences if held != absence] if member else []
    if corrects is None:
        _require_room(others, last, "absences", world)
    return absence


def _require_room(others: Sequence[date], last: date, what: str, world: DecisionContext) -> None:
    """Raise `InvalidField` where too many lie ahead of the day of recording, whatever the act's date."""
    today = world.now.astimezone(world.zone).date()
    ahead = [each for each in others if each >= today]
    if last >= today and len(ahead) >= MAX_UPCOMING_DECLARATIONS:
        raise InvalidField(
            f"{len(ahead)} {what} lie ahead, {MAX_UPCOMING_DECLARATIONS} at most: "
            f"say more when the first is over, after {min(ahead)}",
            pointer="/from",
        )
