"""One event of a goal, as the marts look at it: what was before it, what after, and what they remember."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from domain.goal.state import Ended, Goal, Negotiating, Promised
from domain.instants import to_micros
from projections.engine.stream_events import PreparedEvent, to_column_value
from projections.marts.rows import RowWriter


def promise_of(goal: Goal | None) -> Promised | None:
    """The promise that stands, or that stood when the goal ended; None where none was made."""
    if isinstance(goal, Ended):
        return goal.promised
    return goal if isinstance(goal, Promised) else None


class GoalStep:
    """One event, in the order of the log."""

    def __init__(self, before: Goal | None, goal: Goal, prepared: PreparedEvent, writer: RowWriter) -> None:
        self.before = before
        self.goal = goal
        self.prepared = prepared
        self.writer = writer
        self.recorded = prepared.event
        self.data: Any = prepared.event.data
        self.event_id = prepared.event_id
        #: Microseconds UTC.
        self.at = prepared.occurred_micros
        self.recorded_at = prepared.recorded_micros

    @cached_property
    def party(self) -> str | None:
        """The member whose act it was; None for a timer."""
        return text_of(self.recorded.on_behalf_of or self.recorded.actor)

    @cached_property
    def goal_id(self) -> str:
        """The goal's id."""
        return str(to_column_value(self.goal.id))

    @cached_property
    def parties(self) -> tuple[str | None, str | None, str | None]:
        """Owner, sponsor and team after the event."""
        owner, sponsor, team = to_column_value((self.goal.owner, self.goal.sponsor, self.goal.team))
        return owner, sponsor, team

    @cached_property
    def reason_code(self) -> str | None:
        """Why, as a code."""
        reason = self.recorded.reason
        return None if reason is None else str(reason.code)

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
