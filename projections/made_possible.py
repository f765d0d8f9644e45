"""What one member has made possible: for that person alone, by time, and in no list of persons.

Three ways: credited by others in a cycle; a goal of one's own that was kept and supports a team outcome that was
reached; help that was given to a goal that was kept. Nothing is counted: it is a list to look back on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.cycle.events import ContributionCredited
from domain.goal.state import Ended, Goal
from domain.instants import from_micros
from domain.terms import GoalKind
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements
from projections.figures import EventRef, MemberRef, QuotedGoal
from projections.goals import goals_at
from projections.lineage.links import load_goals_by_id

#: The end that keeps a promise.
_KEPT = "satisfied"
MAX_LISTED = 200


class MadePossibleEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that would not be so without this person."""

    how: Literal["credited", "supported", "helped"]
    #: The goal that was made possible: of `supported` the team outcome.
    goal: QuotedGoal
    #: How that goal stands, in the agreement's word.
    state: str
    at: datetime
    #: The credit, the answer to the need, or the end of one's own goal.
    event: EventRef
    #: Of `supported`: one's own goal.
    own_goal: QuotedGoal | None = None
    #: Of `credited`: who said so, and in which words.
    by: MemberRef | None = None
    text: str = ""


class MadePossible(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one member has made possible by then, the latest first."""

    as_of: str
    recorded_as_of: datetime
    entries: list[MadePossibleEntry]
    #: There is more than is listed.
    more: bool = False
    names: dict[str, str] = {}


def load_made_possible(database: Database, as_of: AsOf, member: UUID) -> MadePossible:
    """The member's own list at `as_of`; at most 200 entries."""
    own = goals_at(database, as_of, owners=[member], states=[_KEPT])
    params = {**as_of.params, "member": str(member), "quoted_member": f'%"{member}"%'}
    statements = named_statements("made_possible")
    credited, helped = database.query_many([(statements[name], params) for name in ("credited", "helped")])
    said = [(row, msgspec.json.decode(row.data, type=ContributionCredited)) for row in credited]
    wanted = {credit.goal for _, credit in said} | {UUID(row.stream_id) for row in helped}
    wanted |= {support.goal for goal in own if goal.terms for support in goal.terms.supports or () if support.goal}
    goals = load_goals_by_id(database, as_of, wanted)
    entries = [
        *(_build_credit(row, credit, goals[credit.goal]) for row, credit in said if _is_about(credit, member, goals)),
        *_list_supported(own, goals),
        *_list_helped(helped, goals),
    ]
    entries.sort(key=lambda entry: (entry.at, entry.event.int, entry.goal.int), reverse=True)
    return MadePossible(
        as_of=as_of.as_of_text,
        recorded_as_of=as_of.recorded_as_of,
        entries=entries[:MAX_LISTED],
        more=len(entries) > MAX_LISTED,
    )


def _is_about(credit: ContributionCredited, member: UUID, goals: Mapping[UUID, Goal]) -> bool:
    """Whether it credits this member: the text that was searched may name the member elsewhere."""
    return credit.member == member and credit.goal in goals


def _build_credit(row: Row, credit: ContributionCredited, goal: Goal) -> MadePossibleEntry:
    return MadePossibleEntry(
        how="credited",
        goal=credit.goal,
        state=goal.state,
        at=from_micros(row.occurred_at),
        event=UUID(row.event_id),
        by=UUID(row.party) if row.party else None,
        text=credit.text,
    )


def _list_helped(answers: Iterable[Row], goals: Mapping[UUID, Goal]) -> Iterator[MadePossibleEntry]:
    """The answers to needs of goals that were kept."""
    for row in answers:
        goal = goals.get(UUID(row.stream_id))
        if goal is not None and goal.state == _KEPT:
            at, event = from_micros(row.occurred_at), UUID(row.event_id)
            yield MadePossibleEntry(how="helped", goal=goal.id, state=goal.state, at=at, event=event)


def _list_supported(own: list[Goal], goals: Mapping[UUID, Goal]) -> Iterator[MadePossibleEntry]:
    """The team outcomes that were reached and that a kept goal of one's own supports."""
    for goal in own:
        for support in (goal.terms.supports if goal.terms else None) or ():
            outcome = goals.get(support.goal) if support.goal is not None else None
            if isinstance(goal, Ended) and outcome is not None and _is_reached_outcome(outcome):
                yield MadePossibleEntry(
                    how="supported",
                    goal=outcome.id,
                    state=outcome.state,
                    at=goal.ended_at,
                    event=goal.ended_by_event,
                    own_goal=goal.id,
                )


def _is_reached_outcome(goal: Goal) -> bool:
    return goal.state == _KEPT and goal.terms is not None and goal.terms.kind is GoalKind.OUTCOME
