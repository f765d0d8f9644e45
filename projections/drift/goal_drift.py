"""How one live goal drifts at a lens: how long nobody judged it, how far it moved, which of its links are loose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.calendar import RETURN_GRACE_WORKING_DAYS, add_working_days, end_of_day
from domain.goal.state import Promised
from domain.instants import to_micros
from domain.member.member import Absence
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.drift.queries import DriftFacts, Judgement, Move, PauseFact
from projections.lineage.links import Link, Unaffirmed, unaffirmed_link

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


class GoalDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One live goal and how it drifts."""

    goal: Promised
    #: Days without a human judgement; None while paused.
    idle: Fraction | None
    judged: UUID
    stale: bool
    moves: list[Move]
    links: int
    unaffirmed: list[Unaffirmed]

    @property
    def first_duration(self) -> int:
        """Days from the first start to the first due of the promised terms."""
        return max(0, (self.goal.first_terms.due - self.goal.first_terms.start).days)

    @property
    def first_span(self) -> Fraction:
        """What was first promised, in units of the measure: |target - baseline|; 0 where they are not both stated."""
        measure = self.goal.first_terms.measure
        if measure.target is None or measure.baseline is None:
            return Fraction(0)
        return abs(to_fraction(measure.target) - to_fraction(measure.baseline))


def goal_drift(goal: Promised, facts: DriftFacts, as_of: AsOf) -> GoalDrift:
    """How one live goal drifts at the lens."""
    policy = as_of.policy.policy
    judged = facts.judged.get(goal.id) or Judgement(goal.judged_by_event, to_micros(goal.judged_at))
    idle = None if _paused(goal, as_of.today) else idle_days(goal, judged.at, facts, as_of)
    links = facts.links.get(goal.id, [])
    return GoalDrift(
        goal=goal,
        idle=idle,
        judged=judged.event_id,
        stale=idle is not None and idle > policy.cadence_days + policy.stale_grace_days,
        moves=facts.moves.get(goal.id, []),
        links=len(links),
        unaffirmed=list(_unaffirmed(links, facts, as_of)),
    )


def _paused(goal: Promised, today: date) -> bool:
    return goal.pause is not None and goal.pause.paused_from <= today < goal.pause.resume_on


def idle_days(goal: Promised, judged_at: int, facts: DriftFacts, as_of: AsOf) -> Fraction:
    """Days from the last judgement to the lens, less pauses and the owner's absences.

    An absence stops the clock from its first day to the end of the second working day after it.
    """
    owner = facts.owners.get(goal.owner)
    stops = [
        *_paused_spans(facts.pauses.get(goal.id, []), as_of.tzinfo),
        *_absent_spans(owner.absences if owner else (), as_of.tzinfo),
    ]
    until = to_micros(as_of.at)
    stopped, reached = 0, judged_at
    for start, end in sorted(stops):
        begin, stop = max(start, reached), min(end, until)
        if stop > begin:
            stopped += stop - begin
            reached = stop
    return Fraction(until - judged_at - stopped, _DAY // _MICROSECOND)


def _paused_spans(pauses: Sequence[PauseFact], zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Microseconds UTC; a pause ends on its day, when work resumes, or when another pause takes its place."""
    for number, pause in enumerate(pauses):
        if pause.paused_from is not None and pause.resume_on is not None:
            cut = [later.at for later in pauses[number + 1 : number + 2]]
            yield _midnight(pause.paused_from, zone), min([_midnight(pause.resume_on, zone), *cut])


def _absent_spans(absences: Iterable[Absence], zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    for absence in absences:
        back = end_of_day(add_working_days(absence.to, RETURN_GRACE_WORKING_DAYS), zone)
        yield _midnight(absence.from_, zone), to_micros(back)


def _midnight(day: date, zone: ZoneInfo) -> int:
    """The day's 00:00 in the zone, microseconds UTC."""
    return to_micros(end_of_day(day - _DAY, zone))


def _unaffirmed(links: Iterable[Link], facts: DriftFacts, as_of: AsOf) -> Iterator[Unaffirmed]:
    for link in links:
        told = unaffirmed_link(link, facts.material.get(link.parent, []), as_of)
        if told is not None:
            yield told
