"""How one live goal drifts at one `as_of`: how long it went unjudged, how far it moved, which links are unaffirmed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from uuid import UUID

import msgspec

from domain.instants import to_micros
from domain.load import count_silent_days
from domain.quantities import to_fraction
from projections.as_of import AsOf
from projections.drift.queries import DriftFacts, Move
from projections.goals import AnyPromise
from projections.lineage.links import Link, Unaffirmed, find_unaffirmed_link
from projections.paused_time import DAY_MICROS, absent_spans, merge_spans, paused_spans, running_micros, to_days

_NO_SPAN = Fraction(0)


class GoalDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One live goal and how it drifts."""

    goal: AnyPromise
    #: Its team and its owner, who are behind each figure that counts it.
    behind: tuple[UUID | None, UUID]
    #: Microseconds without a human judgement; None while paused.
    idle_micros: int | None
    #: The event of the last one.
    judged: UUID
    stale: bool
    #: When explained: the events of the pauses and absences that stopped its clock since, or stop it now.
    stopped_by: list[UUID]
    #: Of a lapsed goal: days since the last word, where they are more than the policy has.
    silent_days: int | None
    moves: list[Move]
    #: The events that last affirmed each of its links.
    link_events: list[UUID]
    unaffirmed: list[Unaffirmed]

    @property
    def idle(self) -> Fraction | None:
        """Days without a human judgement; None while paused."""
        return None if self.idle_micros is None else to_days(self.idle_micros)

    @property
    def first_duration(self) -> int:
        """Days from the first start to the first due of the promised terms."""
        return max(0, (self.goal.first_terms.due - self.goal.first_terms.start).days)

    @property
    def first_span(self) -> Fraction:
        """What was first promised, in units of the measure: |target - baseline|; 0 where they are not both stated."""
        measure = self.goal.first_terms.measure
        if measure.target is None or measure.baseline is None:
            return _NO_SPAN
        return abs(to_fraction(measure.target) - to_fraction(measure.baseline))


def compute_goal_drift(goal: AnyPromise, facts: DriftFacts, as_of: AsOf, *, explain: bool = False) -> GoalDrift:
    """How one live goal drifts at `as_of`; with what stopped its clock where that is to be explained."""
    policy = as_of.policy.policy
    judged_at = to_micros(goal.judged_at)
    idle = None if _is_paused(goal, as_of.today) else _compute_idle_micros(goal, judged_at, facts, as_of)
    limit = (policy.cadence_days + policy.stale_grace_days) * DAY_MICROS
    silent_days = count_silent_days(goal.silent_since, as_of.today, as_of.tzinfo, policy)
    links = facts.links.get(goal.id, [])
    return GoalDrift(
        goal=goal,
        behind=(goal.team, goal.owner),
        idle_micros=idle,
        judged=goal.judged_by_event,
        stale=silent_days is None and idle is not None and idle > limit,
        stopped_by=list(_find_stops(goal, judged_at, facts, as_of)) if explain else [],
        silent_days=silent_days,
        moves=facts.moves.get(goal.id, []),
        link_events=[link.event_id for link in links],
        unaffirmed=list(_find_unaffirmed_links(links, facts, as_of)),
    )


def _is_paused(goal: AnyPromise, today: date) -> bool:
    return goal.pause is not None and goal.pause.paused_from <= today < goal.pause.resume_on


def _compute_idle_micros(goal: AnyPromise, judged_at: int, facts: DriftFacts, as_of: AsOf) -> int:
    """From the last judgement to `as_of`, less pauses and the owner's absences (see `paused_time`)."""
    stops = facts.absences.get(goal.owner, [])
    if pauses := facts.pauses.get(goal.id):
        stops = merge_spans([*paused_spans(pauses, as_of.tzinfo), *stops])
    return running_micros(judged_at, to_micros(as_of.at), stops)


def _find_stops(goal: AnyPromise, judged_at: int, facts: DriftFacts, as_of: AsOf) -> Iterator[UUID]:
    """The events of pauses that reach beyond the last judgement, of what ended them, and of such absences."""
    pauses = facts.pauses.get(goal.id, [])
    for number, pause in enumerate(pauses):
        ends = [end for _, end in paused_spans(pauses[number : number + 2], as_of.tzinfo)][:1]
        if pause.resume_on is not None and ends and ends[0] > judged_at:
            yield from (event for record in pauses[number : number + 2] for event in record.events)
    owner = facts.owners.get(goal.owner)
    for absence in owner.absences if owner else ():
        ((begin, end),) = absent_spans([absence], as_of.tzinfo)
        event = owner.absence_event(absence) if owner else None
        if end > judged_at and begin < to_micros(as_of.at) and event is not None:
            yield event


def _find_unaffirmed_links(links: Iterable[Link], facts: DriftFacts, as_of: AsOf) -> Iterator[Unaffirmed]:
    for link in links:
        unaffirmed = find_unaffirmed_link(link, facts.material.get(link.parent, []), as_of)
        if unaffirmed is not None:
            yield unaffirmed
