"""Required pace: how much faster a measured goal would have to move than it lately did, to arrive by its due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from domain.policy import Policy
from domain.quantities import to_fraction
from projections.figures import Figure, event_ids, over_limit, round_for_report
from projections.overload_evidence import OverloadFacts, Reading
from projections.overload_facts import PromiseFact


def pace(held: PromiseFact, readings: Sequence[Reading], evidence: OverloadFacts) -> Figure:
    """((target - value) / days left) / trailing velocity; over the line also where it stands still or goes back.

    Trailing velocity: the value's move per day over the window's days; for a goal that began within them, from its
    baseline on the day it began (the later of start and promise), or from its first reading.
    """
    target = to_fraction(held.target or "0")
    told: dict[str, Any] = {"name": "required_pace", "goal": held.commitment.goal, "n": len(readings)}
    if evidence.question.explain:
        told["events"] = event_ids([*(r.event for r in readings), *held.events])
    moved = _moved(held, readings, evidence)
    if moved is None:
        return Figure(**told, value=None, status="no_data")
    value, (change, days) = readings[-1].value, moved
    direction = 1 if target >= (to_fraction(held.baseline) if held.baseline else value - change) else -1
    left = (target - value) * direction
    if left <= 0:
        return Figure(**told, value=0.0)
    days_left = (held.commitment.due - evidence.today).days
    if days_left <= 0:
        return Figure(**told, value=None, status="overdue", line="over")
    velocity = Fraction(change * direction, days)
    if velocity <= 0:
        return Figure(**told, value=None, status="no_progress", line="over")
    ratio = left / days_left / velocity
    return Figure(**told, value=round_for_report(ratio), line=over_limit(ratio, _limit(evidence.policy)))


def _limit(policy: Policy) -> Fraction:
    return to_fraction(policy.pace_line)


def _moved(held: PromiseFact, readings: Sequence[Reading], evidence: OverloadFacts) -> tuple[Fraction, int] | None:
    """How far the value moved, and within how many days; None where that cannot be told."""
    if not readings:
        return None
    since = evidence.first_day - timedelta(days=1)
    before = [r for r in readings if r.day <= since]
    began = max(held.commitment.start, evidence.day(held.promised_at))
    anchor: tuple[Fraction, date]
    if before:
        anchor = before[-1].value, since
    elif held.baseline is not None:
        anchor = to_fraction(held.baseline), max(since, min(began, evidence.today))
    else:
        anchor = readings[0].value, readings[0].day
    days = (evidence.today - anchor[1]).days
    return (readings[-1].value - anchor[0], days) if days > 0 else None
