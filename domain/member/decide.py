"""The rules of what members declare and of who joins, leaves and has a role."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from domain.context import DecisionContext, require_own_reference
from domain.envelope import NewEvent, Source
from domain.errors import ActNotAllowed, AlreadyExists, Forbidden, InvalidField, NotFound, OutOfOrder
from domain.member.member import (
    MAX_UPCOMING_DECLARATIONS,
    Absence,
    AbsenceDeclared,
    Capacity,
    CapacityDeclared,
    DeclareAbsence,
    DeclareCapacity,
    GrantRole,
    Join,
    Joined,
    Leave,
    Left,
    Member,
    MemberAct,
    MemberEvent,
    RevokeRole,
    Role,
    RoleGranted,
    RoleRevoked,
)
from domain.quantities import parse_quantity
from domain.terms import check_date

_MAX_ABSENCE_DAYS = 366 * 2
_HOURS_PER_WEEK = 168


def decide(member: Member | None, act: MemberAct, world: DecisionContext) -> list[NewEvent]:
    """The events that `act` leads to; raises a `Refusal` where a rule forbids it."""
    event = _decide_event(member, act, world)
    return [NewEvent(event_id=world.next_id(), data=event, occurred_at=world.at)]


def _decide_event(member: Member | None, act: MemberAct, world: DecisionContext) -> MemberEvent:
    steward = Role.STEWARD in world.roles
    myself = world.party == world.stream_id
    if isinstance(act, Join):
        return _decide_join(member, act, world, allowed=steward)
    # In an import a member who joins only later in the file may have acted already; the state at its end counts.
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
            return CapacityDeclared(capacity=_parse_capacity(act, member, world))
        case DeclareAbsence():
            return AbsenceDeclared(absence=_parse_absence(act, member, world))
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


def _parse_capacity(act: DeclareCapacity, member: Member | None, world: DecisionContext) -> Capacity:
    hours = parse_quantity(act.hours_per_week, "/hours_per_week", low=0, high=_HOURS_PER_WEEK, places=2)
    capacity = Capacity(hours_per_week=hours, from_=check_date(act.from_, "/from"))
    others = [held.from_ for held in member.capacities if held.from_ != capacity.from_] if member else []
    _require_room(others, capacity.from_, "changes of capacity", world)
    return capacity


def _parse_absence(act: DeclareAbsence, member: Member | None, world: DecisionContext) -> Absence:
    first, last = check_date(act.from_, "/from"), check_date(act.to, "/to")
    if not 0 <= (last - first).days <= _MAX_ABSENCE_DAYS:
        raise InvalidField("an absence ends on or after its first day, within two years", pointer="/to")
    absence = Absence(from_=first, to=last)
    _require_room([held.to for held in member.absences if held != absence] if member else [], last, "absences", world)
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


def _decide_join(member: Member | None, act: Join, world: DecisionContext, *, allowed: bool) -> Joined:
    team = world.team(world.id_of("team", act.team)) if act.team else None
    if act.team and team is None:
        raise NotFound(f"no team {act.team!r}", pointer="/team")
    if not (allowed or (team is not None and team.lead == world.party)):
        raise Forbidden("a steward or the team's lead adds members", allowed=("steward", "lead"))
    if not allowed and member is not None and member.joined_at is not None:
        # A lead sees the persons of the team, so a lead cannot add just anybody.
        raise Forbidden(
            "a lead brings in newcomers; who has joined before is the steward's to add", allowed=("steward",)
        )
    if member is not None and member.is_present and (team is None or team.id in member.teams):
        raise AlreadyExists("this member has joined already")
    return Joined(team=team.id if team else None, name=act.name, ref=require_own_reference(act.ref, "member", world))
