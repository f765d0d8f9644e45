"""Which of a goal's events may be folded after others that happened later."""

from __future__ import annotations

from domain.envelope import RecordedEvent
from domain.goal import events as e
from domain.goal.state import Ended, Goal, promise_of, statements_of


def can_fold_late(goal: Goal | None, recorded: RecordedEvent) -> bool:
    """Whether `domain.goal.evolve` gives the same with this event last as in its place in business time.

    What is said of a promise between two moving acts; most of what an import records late is that. Statements, needs,
    contacts and judgements are kept in business order. Not a correction, nor what was said before one: which statement
    is the one before depends on all of them. Nor what may come before a reminder: that is of the judgement before it.
    """
    said, at = recorded.data, recorded.occurred_at
    if not isinstance(said, e.BACK_DATABLE) or getattr(said, "corrects", None) is not None:
        return False
    if isinstance(goal, Ended) and at >= goal.ended_at:
        return False
    promised = promise_of(goal)
    if promised is None:
        return False
    corrected_at = statements_of(promised).corrected_at
    return (
        at >= promised.moved_at
        and (corrected_at is None or at >= corrected_at)
        and promised.reminded_of is None
        and recorded.external_source in (None, promised.external_source)
    )
