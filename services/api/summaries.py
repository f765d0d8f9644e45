"""What an answer says about a goal, member, team or the policies: short, and a function of the stream's version."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from uuid import UUID

import msgspec

from domain.envelope import Instant
from domain.goal.agreement import TRANSITIONS
from domain.goal.state import Goal, find_open_event, promise_of
from domain.member.member import Absence, Capacity, Member
from domain.organisation.organisation import Organisation, PolicyVersion
from domain.team.team import Team
from domain.terms import Priority


class StreamSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """After an act: where the stream and the organisation stand. `position` is what `after_position` takes."""

    id: UUID
    version: int
    position: int | None = None
    #: The events that the act recorded.
    events: list[UUID] | None = None


class GoalSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """A goal in a list, and after an act; only that it was recorded, to a machine that may not see the goal."""

    ref: str | None = None
    title: str | msgspec.UnsetType = msgspec.UNSET
    #: The agreement's name of the state.
    state: str | msgspec.UnsetType = msgspec.UNSET
    team: UUID | None = None
    owner: UUID | None = None
    sponsor: UUID | None = None
    start: date | None = None
    due: date | None = None
    priority: Priority | None = None
    effort_hours: str | None = None
    progress: str | None = None
    confidence: str | None = None
    terms_version: int | None = None
    #: The request, offer, counter, proposal or delivery that waits for an answer: what `answers` names.
    open: UUID | None = None
    #: The tracker or file that it came from; in lists the watermark up to which its clocks have run, if it sets one.
    source: str | None = None
    clock_at: Instant | None = None
    #: Role -> acts that the agreement has from this state.
    acts: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET


class MemberSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """A member as everybody in the organisation may know them; the rest is for those with person-level rights."""

    ref: str | None = None
    name: str
    present: bool
    teams: tuple[UUID, ...]
    roles: tuple[str, ...] | None = None
    capacities: tuple[Capacity, ...] | None = None
    absences: tuple[Absence, ...] | None = None


class TeamSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """A team; `members` where one team is asked for."""

    ref: str | None = None
    name: str
    #: The member who was appointed last.
    lead: UUID
    #: The lead has left since: the team has no lead until one is appointed, even where they have returned.
    lead_left: bool = False
    #: Nothing new begins in it since then, and it has neither members nor a lead.
    archived_at: Instant | None = None
    members: list[UUID] | None = None


class PolicyValues(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the policies with every dial, also those that stand as they always did."""

    version: int
    since: Instant | None
    policy: dict[str, int | bool | str | None]


class PolicySummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """The policies in force and every version before."""

    in_force: PolicyValues
    versions: list[PolicyValues]


@cache
def allowed_acts_by_role(state: str) -> dict[str, list[str]]:
    """Role -> acts that the agreement lets it take from this state, timers left out."""
    acts: dict[str, list[str]] = {}
    for transition in TRANSITIONS:
        if transition.origin == state:
            for role in transition.by:
                if role != "timer":
                    acts.setdefault(role, []).append(transition.act)
    return acts


def goal_summary(
    goal: Goal, *, clock_at: datetime | None = None, position: int | None = None, events: list[UUID] | None = None
) -> GoalSummary:
    """The short form of a goal."""
    promised = promise_of(goal)
    terms = goal.terms
    return GoalSummary(
        id=goal.id,
        version=goal.version,
        position=position,
        events=events,
        ref=goal.ref,
        title=goal.title,
        state=goal.state,
        team=goal.team,
        owner=goal.owner,
        sponsor=goal.sponsor,
        start=terms.start if terms else None,
        due=terms.due if terms else None,
        priority=terms.priority if terms else None,
        effort_hours=terms.effort_hours if terms else None,
        progress=promised.progress if promised else None,
        confidence=promised.confidence if promised else None,
        terms_version=promised.terms_version if promised else None,
        open=find_open_event(goal),
        source=goal.external_source,
        clock_at=clock_at,
        acts=allowed_acts_by_role(goal.state),
    )


def member_summary(
    member: Member, version: int, *, personal: bool, position: int | None = None, events: list[UUID] | None = None
) -> MemberSummary:
    """The short form of a member; capacity, absences and roles only where `personal`."""
    return MemberSummary(
        id=member.id,
        version=version,
        position=position,
        events=events,
        ref=member.ref,
        name=member.name,
        present=member.is_present,
        teams=member.teams,
        roles=tuple(str(role) for role in member.roles) if personal else None,
        capacities=member.capacities if personal else None,
        absences=member.absences if personal else None,
    )


def team_summary(
    team: Team,
    version: int,
    *,
    lead_left: bool = False,
    members: list[UUID] | None = None,
    position: int | None = None,
    events: list[UUID] | None = None,
) -> TeamSummary:
    """The short form of a team."""
    return TeamSummary(
        id=team.id,
        version=version,
        position=position,
        events=events,
        ref=team.ref,
        name=team.name,
        lead=team.lead,
        lead_left=lead_left,
        archived_at=team.archived_at,
        members=members,
    )


def policy_summary(
    organisation: Organisation,
    in_force: PolicyVersion,
    version: int,
    *,
    position: int | None = None,
    events: list[UUID] | None = None,
) -> PolicySummary:
    """All policy versions, and the one in force."""
    return PolicySummary(
        id=organisation.id,
        version=version,
        position=position,
        events=events,
        in_force=to_policy_values(in_force),
        versions=[to_policy_values(found) for found in organisation.policies],
    )


def to_policy_values(found: PolicyVersion) -> PolicyValues:
    """One version of the policies with every dial."""
    return PolicyValues(version=found.version, since=found.since, policy=msgspec.structs.asdict(found.policy))
