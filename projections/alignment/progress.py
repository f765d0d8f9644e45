"""Tangible progress: from the value between baseline and target, else as last said, else from the goals below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from uuid import UUID

from domain.goal.evolve import compute_progress
from domain.goal.state import PROMISED_STATES, Ended
from projections.goals import AnyPromise, AnyPromisedGoal, ReportedEnd

#: The end that keeps a promise.
KEPT_STATE = "satisfied"


def find_promise(goal: AnyPromisedGoal) -> AnyPromise | None:
    """The promise of a goal that stands or was kept; None for every other."""
    if isinstance(goal, ReportedEnd | Ended):
        return goal.promised if goal.state == KEPT_STATE else None
    return goal if goal.state in PROMISED_STATES else None


class ProgressCalculator:
    """The progress of goals, each computed once; goals in a cycle of support count by their own statements.

    `below` names none but `goals`.
    """

    def __init__(self, goals: Mapping[UUID, AnyPromisedGoal], below: Mapping[UUID, Sequence[UUID]]) -> None:
        self._goals = goals
        self._supporters_by_goal = below
        self._progress_by_goal: dict[UUID, Fraction] = {}

    def compute(self, goal: UUID) -> Fraction:
        """0..1. Asks depth first, without recursion: a chain may be as long as it likes."""
        waiting, open_ = [goal], set[UUID]()
        while waiting:
            one = waiting[-1]
            if one in self._progress_by_goal:
                waiting.pop()
                continue
            own = _own_progress(self._goals[one])
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


def _own_progress(goal: AnyPromisedGoal) -> Fraction | None:
    """The progress that the goal itself states; None where none was stated or measured."""
    if goal.state == KEPT_STATE:
        return Fraction(1)
    promised = find_promise(goal)
    if promised is None:
        return Fraction(0)
    if promised.value is not None:
        progress = compute_progress(promised.value, promised.terms.measure)
        if progress is not None:
            return progress
    return promised.share_done if promised.progress_at is not None else None


def mean(values: Iterable[Fraction]) -> Fraction | None:
    """None of none."""
    known = list(values)
    return sum(known, Fraction(0)) / len(known) if known else None
