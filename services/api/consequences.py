"""What an act would do: the facts it would record, the state it would lead to, its owner's weeks before and after."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.aggregates import commitment
from domain.goal.state import Goal
from domain.load import WeekLoad, line_crossed, week_loads
from domain.member import Member
from domain.quantities import rounded
from domain.reasons import Reason
from ledger.commands import Command
from projections.goals import goals_at
from projections.lens import AsOf
from services.api.call import RequestContext
from services.api.looking import as_of_now
from services.api.summaries import GoalSummary, goal_summary
from services.api.visible import sees_person


class PreviewedEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact that would be recorded: timers that fall due before the act come first."""

    type: str
    occurred_at: datetime
    reason: Reason | None = None
    data: Any


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """An owner's week, from today on where it has begun. Hours and ratio rounded to six decimals."""

    week: date
    planned_hours: float | None
    available_hours: float | None
    ratio: float | None
    line: str | None


class OwnerLoad(msgspec.Struct, frozen=True, kw_only=True):
    """Twelve weeks of one owner, without and with the act."""

    member: UUID
    before: list[Week]
    after: list[Week]


class ActPreview(msgspec.Struct, frozen=True, kw_only=True):
    """The dry run of an act. Nothing was recorded."""

    would: list[PreviewedEvent]
    before: GoalSummary | None
    after: GoalSummary | None
    #: Of those owners whose person-level figures the asker may see.
    load: list[OwnerLoad]


def consequences(call: RequestContext, command: Command) -> ActPreview:
    """Decide the command without recording anything. Raises the refusal that the command itself would meet."""
    found = call.runtime.ledger.preview(command)
    as_of = as_of_now(call)
    owners = sorted({s.owner for s in (found.before, found.after) if s is not None and s.owner is not None}, key=str)
    return ActPreview(
        would=[
            PreviewedEvent(
                type=str(type(fact.data).__struct_config__.tag),
                occurred_at=fact.occurred_at,
                reason=fact.reason,
                data=msgspec.to_builtins(fact.data),
            )
            for fact in found.facts
        ],
        before=goal_summary(found.before) if found.before is not None else None,
        after=goal_summary(found.after) if found.after is not None else None,
        load=[load for owner in owners if (load := _load(call, as_of, owner, found.after)) is not None],
    )


def _load(call: RequestContext, as_of: AsOf, owner: UUID, after: Goal | None) -> OwnerLoad | None:
    member = call.runtime.ledger.load(call.viewer.organisation_id, "member", owner)
    if not isinstance(member, Member) or not sees_person(call.viewer, owner, member):
        return None
    goals = goals_at(call.runtime.database, as_of, owners=[owner])
    others = [goal for goal in goals if after is None or goal.id != after.id]
    mine = [after] if after is not None and after.owner == owner else []
    return OwnerLoad(member=owner, before=_weeks(goals, member, as_of), after=_weeks([*others, *mine], member, as_of))


def _weeks(goals: list[Goal], member: Member, as_of: AsOf) -> list[Week]:
    policy = as_of.policy.policy
    book = [found for goal in goals if (found := commitment(goal)) is not None]
    loads = week_loads(book, member.capacities, member.absences, policy, as_of.today)
    return [_week(load, line_crossed(load.ratio, policy)) for load in loads if not load.skipped]


def _week(load: WeekLoad, crossed: str | None) -> Week:
    return Week(
        week=load.week,
        planned_hours=rounded(load.planned),
        available_hours=rounded(load.available),
        ratio=rounded(load.ratio),
        line=crossed,
    )
