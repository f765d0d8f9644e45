"""Tangible progress: from the value between baseline and target, else as last said, else from the goals below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from uuid import UUID

from domain.goal.evolve import compute_progress
from projections.goals import AnyPromise, KeptGoal

#: Most goals of an organisation were kept: their progress is found by identity.
_DONE = Fraction(1)


class ProgressCalculator:
    """The progress of goals, each computed once; goals in a cycle of support count by their own statements.

    `below` names none but `goals`.
    """

    def __init__(self, goals: Mapping[UUID, AnyPromise | KeptGoal], below: Mapping[UUID, Sequence[UUID]]) -> None:
        self._promises = {goal.id: goal for goal in goals.values() if not isinstance(goal, KeptGoal)}
        self._supporters_by_goal = below
        self._progress_by_goal = {goal.id: _DONE for goal in goals.values() if isinstance(goal, KeptGoal)}

    def compute(self, goal: UUID) -> Fraction:
        """0..1. Asks depth first, without recursion: a chain may be as long as it likes."""
        waiting, open_ = [goal], set[UUID]()
        while waiting:
            one = waiting[-1]
            if one in self._progress_by_goal:
                waiting.pop()
                continue
            own = _own_progress(self._promises[one])
            missing = (
                [] if own is not None else [b for b in self._list_supporters(one) if b not in self._progress_by_goal]
            )
            missing = [b for b in missing if b not in open_]
            if missing and one not in open_:
                open_.add(one)
                waiting += missing
                continue
            waiting.pop()
            open_.add(one)
            parts = [self._progress_by_goal[b] for b in self._list_supporters(one) if b in self._progress_by_goal]
            self._progress_by_goal[one] = own if own is not None else mean(parts) or Fraction(0)
        return self._progress_by_goal[goal]

    def _list_supporters(self, goal: UUID) -> Sequence[UUID]:
        return self._supporters_by_goal.get(goal, ())


def _own_progress(goal: AnyPromise) -> Fraction | None:
    """The progress that the goal itself states; None where none was stated or measured."""
    if goal.value is not None:
        progress = compute_progress(goal.value, goal.terms.measure)
        if progress is not None:
            return progress
    return goal.share_done if goal.progress_at is not None else None


def mean(values: Iterable[Fraction]) -> Fraction | None:
    """None of none."""
    known = list(values)
    parts = [value for value in known if value is not _DONE]
    return sum(parts, Fraction(len(known) - len(parts))) / len(known) if known else None
