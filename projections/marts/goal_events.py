"""`fact_goal_event`: every event of a goal, with both parties, and whose answer is due until when."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from domain.envelope import Source
from domain.goal.check_ins import CLARIFY_WORKING_DAYS
from domain.goal.state import DraftGoal, Goal, Negotiating, Promised
from domain.goal.timers import AWAITED_SIDE
from domain.instants import to_micros
from projections.marts.columns import (
    DELETED,
    EVENT_ID,
    GOAL_ID,
    GOAL_REF,
    POSITION,
    TEAM_ID,
    Mart,
    MartColumn,
    instant_column,
    member_column,
)
from projections.marts.goal_step import GoalStep, text_of
from projections.marts.rows import Change, Fact

FACT_GOAL_EVENT = Mart(
    name="fact_goal_event",
    comment="One row per event of a goal's life.",
    use="Cycle times, how many goals were in which state, and from which side an answer is due since when.",
    key=("event_id",),
    subject="goal",
    subject_column="goal_id",
    version=2,
    is_final=True,
    columns=(
        POSITION,
        EVENT_ID,
        GOAL_ID,
        GOAL_REF,
        MartColumn("version", "integer", "Version of the goal at this event, from 1."),
        MartColumn("type", "text", "The event's tag with its version."),
        instant_column("occurred_at", "Business time; of a timer the instant at which it fell due.", nullable=False),
        instant_column("recorded_at", "When it was recorded.", nullable=False),
        member_column("party", "The member whose act it was; empty for a timer."),
        member_column("actor", "The member who recorded it; empty for a timer."),
        MartColumn("source", "text", "api, import, timer or worker."),
        MartColumn("reason_code", "text", "Why, as a code; the words stay inside.", nullable=True),
        MartColumn("old_state", "text", "State before, where the event changed it.", nullable=True),
        MartColumn("new_state", "text", "State after, where the event changed it.", nullable=True),
        MartColumn("state", "text", "State after the event, changed or not.", since=2),
        member_column("owner", "The owner after the event.", since=2),
        member_column("sponsor", "The sponsor after the event.", since=2),
        msgspec.structs.replace(TEAM_ID, since=2),
        MartColumn(
            "turn",
            "text",
            "Whose answer is due after the event: owner, sponsor, mediator or author (of a draft); empty: none is due.",
            nullable=True,
            since=2,
        ),
        member_column("turn_of", "The member whose answer is due.", since=2),
        instant_column("turn_since", "Since when it is due.", since=2),
        MartColumn(
            "turn_until",
            "date",
            "Last day for the answer in the organisation's zone, by the policy in force at the event; absences, which"
            " move it, are not counted. Empty: no day is set.",
            nullable=True,
            since=2,
        ),
        MartColumn(
            "turn_rule",
            "text",
            "What sets that day: response, change or verdict (days of the policy); answer_by or decide_by (named).",
            nullable=True,
            since=2,
        ),
        MartColumn(
            "turn_stopped_days",
            "integer",
            "Working days for which that clock stood, or stands, still while a question waits for its reply.",
            nullable=True,
            unit="working days",
            since=2,
        ),
        DELETED,
    ),
)


class _Turn(NamedTuple):
    """Whose answer is due."""

    side: str | None = None
    member: Any = None
    #: Microseconds UTC.
    since: int | None = None
    #: A day that is named.
    until: Any = None
    rule: str | None = None
    stopped_days: int | None = None


_NO_TURN = _Turn()
_SOURCES = {source: str(source) for source in Source}


def extract_goal_event(step: GoalStep) -> list[Change]:
    """The row of the event."""
    before, goal, event = step.before, step.goal, step.recorded
    old = None if before is None else before.state
    changed = old != goal.state
    turn = _find_turn(goal)
    values = (
        step.event_id,
        step.goal_id,
        goal.ref,
        event.version,
        event.type,
        step.at,
        step.recorded_at,
        step.party,
        step.actor,
        _SOURCES[event.source],
        step.reason_code,
        old if changed else None,
        goal.state if changed else None,
        goal.state,
        *step.parties,
        *(turn if turn is _NO_TURN else turn._replace(member=text_of(turn.member), until=text_of(turn.until))),
    )
    return [Fact(FACT_GOAL_EVENT, values)]


def _find_turn(goal: Goal) -> _Turn:
    """As the inbox has it (`domain.goal.timers.awaited_answer`); before anybody is asked, the draft's author."""
    if isinstance(goal, Promised):
        return _find_turn_in_promise(goal)
    if isinstance(goal, Negotiating):
        side = AWAITED_SIDE[goal.state]
        asked_at, named = to_micros(goal.asked_at), goal.answer_by if goal.state == "answer_deferred" else None
        if named is not None:
            return _Turn(side, getattr(goal, side), asked_at, named, "answer_by")
        stopped = goal.paused_working_days + (CLARIFY_WORKING_DAYS if goal.clarify_asked_at else 0)
        return _Turn(side, getattr(goal, side), asked_at, None, "response", stopped)
    if isinstance(goal, DraftGoal):
        return _Turn("author", goal.author, to_micros(goal.opened_at))
    return _NO_TURN


def _find_turn_in_promise(goal: Promised) -> _Turn:
    proposal, delivery = goal.proposal, goal.delivery
    if proposal is not None and proposal.by == "sponsor":
        return _Turn("owner", goal.owner, to_micros(proposal.proposed_at), None, "change", 0)
    if proposal is not None:
        return _Turn("sponsor", goal.sponsor, _sponsor_since(goal, proposal.proposed_at), None, "change", 0)
    if delivery is None:
        return _NO_TURN
    if delivery.mediator is not None and delivery.decide_by is not None:
        since = to_micros(delivery.delivered_at)
        return _Turn("mediator", delivery.mediator, since, delivery.decide_by, "decide_by")
    return _Turn("sponsor", goal.sponsor, _sponsor_since(goal, delivery.delivered_at), None, "verdict", 0)


def _sponsor_since(goal: Promised, at: datetime) -> int:
    """A sponsor who was put in later has the whole time to answer."""
    return to_micros(max(at, goal.sponsor_since or at))
