"""A member: joined, left, declared capacity, absences (dates only, never why), roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, TypeVar
from uuid import UUID

import msgspec

from domain.business_order import (
    DatedFact,
    TakenBack,
    TimelineState,
    evolve_in_business_order,
    state_at,
    timeline_of,
)
from domain.envelope import Event, RecordedEvent
from domain.index import NOT_INDEXED, IndexEntry
from domain.personal import PersonalOfMember, Value
from domain.quantities import Number, Quantity
from domain.references import FactId, Ref


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


class Departure(Value, frozen=True, kw_only=True):
    """From when to when a member did not belong to the organisation."""

    left_at: datetime
    #: None: not yet.
    returned_at: datetime | None = None


class Member(TimelineState, frozen=True, kw_only=True):
    """A member's state. Never joined: a placeholder that others may already name."""

    ref: str | None = None
    name: str = ""
    joined_at: datetime | None = None
    #: None: present, or never joined.
    left_at: datetime | None = None
    #: Every time that the member left, oldest first; of many the last.
    departures: tuple[Departure, ...] = ()
    teams: tuple[UUID, ...] = ()
    #: In order of `from`; the last one that began applies.
    capacities: tuple[Capacity, ...] = ()
    absences: tuple[Absence, ...] = ()
    #: By first and last day (`2026-03-02/2026-03-06`): the event by which it was declared.
    absence_events: dict[str, UUID] = msgspec.field(default_factory=dict)
    roles: tuple[Role, ...] = ()

    @property
    def is_present(self) -> bool:
        """Joined and not left."""
        return self.joined_at is not None and self.left_at is None

    def has_left_since(self, instant: datetime, until: datetime | None = None) -> bool:
        """Whether the member left at or after an instant (and by `until`), whether or not they have returned."""
        return any(instant <= d.left_at and (until is None or d.left_at <= until) for d in self.departures)

    def end_of(self, created_at: datetime) -> datetime | None:
        """When what was given to the member at `created_at`, such as a key, ended with a leave; None: it did not."""
        ended = (d for d in self.departures if d.returned_at is None or d.returned_at > created_at)
        return next((max(d.left_at, created_at) for d in ended), None)

    def absence_event(self, absence: Absence) -> UUID | None:
        """The event by which this absence was declared."""
        return self.absence_events.get(_to_key(absence))


def _to_key(absence: Absence) -> str:
    return f"{absence.from_}/{absence.to}"


# --- acts --------------------------------------------------------------------------------------------------------


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something a member does about membership."""

    #: Whether it carries authority (`domain.authority`).
    is_authoritative: ClassVar[bool] = True


class Join(Act, tag="join", frozen=True, kw_only=True):
    """Join the organisation, or one more of its teams."""

    team: Ref | None = None
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    ref: Ref | None = None


class Leave(Act, tag="leave", frozen=True, kw_only=True):
    """Leave the organisation."""


class LeaveTeam(Act, tag="leave_team", frozen=True, kw_only=True):
    """Leave one team; the member stays in the organisation and in the other teams."""

    team: Ref


class ChangeTeam(Act, tag="change_team", frozen=True, kw_only=True):
    """Leave one team and join another at the same instant; a steward does."""

    #: None: the only team that the member is in.
    leave: Ref | None = None
    join: Ref


class RenameMember(Act, tag="rename", frozen=True, kw_only=True):
    """Give the member another name; id and references stay."""

    is_authoritative: ClassVar[bool] = False

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class DeclareCapacity(Act, tag="capacity", frozen=True, kw_only=True):
    """Declare hours a week, from a day on."""

    is_authoritative: ClassVar[bool] = False

    hours_per_week: Number
    from_: date = msgspec.field(name="from")
    #: An earlier declaration that was wrong: this one holds in its place.
    corrects: FactId | None = None


class DeclareAbsence(Act, tag="absence", frozen=True, kw_only=True):
    """Declare an absence: first and last day, never why."""

    is_authoritative: ClassVar[bool] = False

    from_: date = msgspec.field(name="from")
    to: date
    #: An earlier declaration that was wrong: this one holds in its place.
    corrects: FactId | None = None


class GrantRole(Act, tag="grant_role", frozen=True, kw_only=True):
    """Grant a role; a steward does."""

    role: Role
    #: An earlier grant that was wrong: this one holds in its place.
    corrects: FactId | None = None


class RevokeRole(Act, tag="revoke_role", frozen=True, kw_only=True):
    """Take a role back; a steward does."""

    role: Role
    #: An earlier revocation that was wrong: this one holds in its place.
    corrects: FactId | None = None


class TakeBackFact(Act, tag="take_back", frozen=True, kw_only=True):
    """Take back a capacity, an absence, a role's grant or revocation, or a leave of a team that was wrong."""

    corrects: FactId


MemberAct = (
    Join
    | Leave
    | LeaveTeam
    | ChangeTeam
    | RenameMember
    | DeclareCapacity
    | DeclareAbsence
    | GrantRole
    | RevokeRole
    | TakeBackFact
)


# --- events ------------------------------------------------------------------------------------------------------


class Joined(Event, tag="member.joined.v1", frozen=True, kw_only=True):
    """A member joined the organisation, or one more of its teams."""

    team: UUID | None = None
    name: PersonalOfMember[str] = ""
    ref: str | None = None


class Left(Event, tag="member.left.v1", frozen=True, kw_only=True):
    """A member left the organisation: keys, roles and leads end, and do not rise again with a return."""


class TeamLeft(Event, tag="member.team_left.v1", frozen=True, kw_only=True):
    """A member left one team and stays in the organisation; goals, keys and roles stay as they are."""

    team: UUID


class MemberRenamed(Event, tag="member.renamed.v1", frozen=True, kw_only=True):
    """A member was given another name."""

    name: PersonalOfMember[str]


class CapacityDeclared(Event, tag="member.capacity_declared.v1", frozen=True, kw_only=True):
    """A member declared hours a week, from a day on; with `corrects` in the place of that event."""

    capacity: Capacity
    #: The event in whose place this one holds.
    corrects: UUID | None = None


class AbsenceDeclared(Event, tag="member.absence_declared.v1", frozen=True, kw_only=True):
    """A member declared an absence: dates, never why."""

    absence: Absence
    #: The event in whose place this one holds.
    corrects: UUID | None = None


class RoleGranted(Event, tag="member.role_granted.v1", frozen=True, kw_only=True):
    """A steward granted a role."""

    role: Role
    #: The event in whose place this one holds.
    corrects: UUID | None = None


class RoleRevoked(Event, tag="member.role_revoked.v1", frozen=True, kw_only=True):
    """A steward revoked a role."""

    role: Role
    #: The event in whose place this one holds.
    corrects: UUID | None = None


class FactTakenBack(TakenBack, tag="member.fact_taken_back.v1", frozen=True, kw_only=True):
    """A capacity, an absence, a role's grant or revocation, or a leave of a team was wrong: it holds no more."""


MemberEvent = (
    Joined
    | Left
    | TeamLeft
    | MemberRenamed
    | CapacityDeclared
    | AbsenceDeclared
    | RoleGranted
    | RoleRevoked
    | FactTakenBack
)

#: Of what a member declared so much may lie ahead, of each sort; every event of theirs writes all of it anew.
MAX_UPCOMING_DECLARATIONS = 100
#: And so much of what was over is kept: clocks and loads look back a little, reports have the history.
MAX_PAST_DECLARATIONS = 100
S = TypeVar("S", Capacity, Absence)


def evolve(member: Member | None, recorded: RecordedEvent) -> Member | None:
    """The state after `recorded`; never fails on a recorded event."""
    return evolve_in_business_order(member, recorded, _apply, _trim)


def member_at(member: Member | None, at: datetime) -> Member | None:
    """The member as of an instant of business time."""
    return state_at(member, at, _apply)


#: Under this, the ledger's index lists members who have been in several teams; under a team, those of that team alone.
SEVERAL_TEAMS = UUID("5f0a1c38-6f5e-4d0b-9d57-2a7b8c1e4f60")


def index_entry(member: Member | None) -> IndexEntry:
    """Where the index lists the member, so that those of a team are found: also who has left it since."""
    teams = all_teams(member) if member is not None else frozenset[UUID]()
    if len(teams) > 1:
        return IndexEntry(listed_under=SEVERAL_TEAMS)
    return IndexEntry(listed_under=next(iter(teams))) if teams else NOT_INDEXED


def all_teams(member: Member) -> frozenset[UUID]:
    """Every team that the member has joined, as far back as single facts are kept."""
    timeline = timeline_of(member)
    before = timeline.base.teams if timeline.base is not None else ()
    joined = (fact.data.team for fact in timeline.facts if isinstance(fact.data, Joined))
    return frozenset(team for team in (*before, *joined) if team is not None)


def is_in_team_from(member: Member, team: UUID, at: datetime) -> bool:
    """Whether the member is in the team at this instant, or joins it later, by all that is recorded."""
    then = member_at(member, at)
    if then is not None and team in then.teams:
        return True
    later = (fact.data for fact in timeline_of(member).facts if fact.at > at)
    return any(isinstance(event, Joined) and event.team == team for event in later)


def _apply(member: Member | None, fact: DatedFact, stream_id: UUID) -> Member:
    event, state = fact.data, member or Member(id=stream_id)
    match event:
        case Joined():
            return _join(state, event, fact.at)
        case Left() if state.is_present:
            departures = (*state.departures, Departure(left_at=fact.at))[-MAX_PAST_DECLARATIONS:]
            return msgspec.structs.replace(state, left_at=fact.at, departures=departures, teams=(), roles=())
        case TeamLeft():
            return msgspec.structs.replace(state, teams=tuple(team for team in state.teams if team != event.team))
        case MemberRenamed():
            return msgspec.structs.replace(state, name=event.name)
        case CapacityDeclared():
            capacities = [*(c for c in state.capacities if c.from_ != event.capacity.from_), event.capacity]
            return msgspec.structs.replace(state, capacities=tuple(sorted(capacities, key=lambda c: c.from_)))
        case AbsenceDeclared():
            key = _to_key(event.absence)
            return msgspec.structs.replace(
                state,
                absences=tuple(sorted({*state.absences, event.absence}, key=lambda a: (a.from_, a.to))),
                absence_events={**state.absence_events, key: fact.event_id},
            )
        # Roles end with a leave: one that was granted in a time that a leave, recorded later, made an absence is none.
        case RoleGranted() if state.left_at is None:
            return msgspec.structs.replace(state, roles=tuple(sorted({*state.roles, event.role})))
        case RoleRevoked():
            return msgspec.structs.replace(state, roles=tuple(r for r in state.roles if r != event.role))
    return state


def _join(state: Member, event: Joined, at: datetime) -> Member:
    departures = state.departures
    if state.left_at is not None:
        departures = (*departures[:-1], msgspec.structs.replace(departures[-1], returned_at=at))
    return msgspec.structs.replace(
        state,
        joined_at=state.joined_at or at,
        left_at=None,
        departures=departures,
        name=event.name or state.name,
        ref=event.ref or state.ref,
        teams=(*state.teams, event.team) if event.team and event.team not in state.teams else state.teams,
    )


def _trim(member: Member, recorded_at: datetime) -> Member:
    today = recorded_at.date()
    capacities = _still_relevant(member.capacities, lambda c: (c.from_, c.from_), today)
    absences = _still_relevant(member.absences, lambda a: (a.to, a.from_), today)
    if len(capacities) == len(member.capacities) and len(absences) == len(member.absences):
        return member
    by_first_day = tuple(sorted(absences, key=lambda a: (a.from_, a.to)))
    return msgspec.structs.replace(
        member,
        capacities=tuple(capacities),
        absences=by_first_day,
        absence_events={key: member.absence_events[key] for key in map(_to_key, by_first_day)},
    )


def _still_relevant(said: Iterable[S], last_and_first: Callable[[S], tuple[date, date]], today: date) -> list[S]:
    """What lies ahead of the day on which the last of it was recorded, and the last of what was over by then."""
    ordered = sorted(said, key=last_and_first)
    over = sum(last_and_first(each)[0] < today for each in ordered)
    return ordered[max(0, over - MAX_PAST_DECLARATIONS) :]
