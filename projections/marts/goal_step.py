"""One event of a goal, as the marts look at it: what was before it, what after, and what they remember."""

from __future__ import annotations

from typing import Any

from domain.goal.state import Ended, Goal, Negotiating, Promised
from domain.instants import to_micros
from projections.engine.stream_events import PreparedEvent, to_column_value
from projections.marts.rows import RowWriter


class GoalStep:
    """One event, in the order of the log."""

    __slots__ = (
        *("actor", "at", "before", "data", "event_id", "goal", "goal_id", "parties", "party", "prepared"),
        *("reason_code", "recorded", "recorded_at", "writer"),
    )

    def __init__(self, before: Goal | None, goal: Goal, prepared: PreparedEvent, writer: RowWriter) -> None:
        self.before = before
        self.goal = goal
        self.prepared = prepared
        self.writer = writer
        recorded = self.recorded = prepared.event
        self.data: Any = recorded.data
        self.event_id = prepared.event_id
        #: Microseconds UTC.
        self.at = prepared.occurred_micros
        self.recorded_at = prepared.recorded_micros
        ids = (recorded.on_behalf_of, recorded.actor, goal.id, goal.owner, goal.sponsor, goal.team)
        # In one call: each has a cost of its own.
        party, actor, goal_id, owner, sponsor, team = to_column_value(ids)
        #: The member whose act it was, and the member who recorded it; None for a timer.
        self.party: str | None = party or actor
        self.actor: str | None = actor
        self.goal_id: str = goal_id
        #: Owner, sponsor and team after the event.
        self.parties: tuple[str | None, str | None, str | None] = (owner, sponsor, team)
        #: Why, as a code.
        self.reason_code = None if recorded.reason is None else str(recorded.reason.code)

    @property
    def has_ended(self) -> bool:
        """This event ended the goal."""
        return isinstance(self.goal, Ended) and not isinstance(self.before, Ended)


def text_of(value: object) -> str | None:
    """An id, a date or a word as its column holds it."""
    return None if value is None else str(to_column_value(value))


def micros_of(instant: Any) -> int | None:
    """Microseconds UTC; None as None."""
    return None if instant is None else to_micros(instant)


def stands_with_terms(goal: Goal | None) -> bool:
    """Whether the goal has whole terms that are asked for or promised."""
    return isinstance(goal, Negotiating | Promised)
