"""How one live goal drifts at one `as_of`: how long it went unjudged, how far it moved, which links are unaffirmed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
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
from projections.paused_time import Span, absent_spans, merge_spans, paused_spans, running_micros, to_days

_NO_SPAN = Fraction(0)
_MICROSECOND = timedelta(microseconds=1)


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


class GoalClocks:
    """The clocks of live goals at one `as_of`."""

    def __init__(self, facts: DriftFacts, as_of: AsOf) -> None:
        self._facts = facts
        self._now = as_of.at
        self._at = to_micros(as_of.at)
        self._today = as_of.today
        self._zone = as_of.tzinfo
        self._policy = as_of.policy.policy
        self._limit = timedelta(days=self._policy.cadence_days + self._policy.stale_grace_days)

    def count_idle_micros(self, goal: AnyPromise) -> int | None:
        """From the last judgement to `as_of`, less pauses and the owner's absences (see `paused_time`).

        None while it is paused.
        """
        if _is_paused(goal, self._today):
            return None
        return running_micros(to_micros(goal.judged_at), self._at, self._list_stops(goal))

    def _list_stops(self, goal: AnyPromise) -> list[Span]:
        stops = self._facts.absences.get(goal.owner, [])
        if self._facts.pauses and (pauses := self._facts.pauses.get(goal.id)):
            return merge_spans([*paused_spans(pauses, self._zone), *stops])
        return stops

    def count_silent_days(self, goal: AnyPromise) -> int | None:
        """Of a lapsed goal: days since the last word, where they are more than the policy has."""
        if goal.state != "lapsed":
            return None
        return count_silent_days(goal.silent_since, self._today, self._zone, self._policy)

    def is_stale(self, goal: AnyPromise) -> bool | None:
        """Whether it went unjudged for longer than the policy has; None while it is paused, or abandoned."""
        if goal.pause is not None and _is_paused(goal, self._today):
            return None
        if goal.state == "lapsed" and self.count_silent_days(goal) is not None:
            return None
        # Pauses and absences only shorten the time: within the limit they need not be looked at. Most goals have none.
        if self._now - goal.judged_at <= self._limit:
            return False
        stops = self._list_stops(goal)
        return not stops or running_micros(to_micros(goal.judged_at), self._at, stops) > self._limit // _MICROSECOND

    def find_stops(self, goal: AnyPromise) -> Iterator[UUID]:
        """The events of pauses that reach beyond the last judgement, of what ended them, and of such absences."""
        judged_at, pauses = to_micros(goal.judged_at), self._facts.pauses.get(goal.id, [])
        for number, pause in enumerate(pauses):
            ends = [end for _, end in paused_spans(pauses[number : number + 2], self._zone)][:1]
            if pause.resume_on is not None and ends and ends[0] > judged_at:
                yield from (event for record in pauses[number : number + 2] for event in record.events)
        owner = self._facts.owners.get(goal.owner)
        for absence in owner.absences if owner else ():
            ((begin, end),) = absent_spans([absence], self._zone)
            event = owner.absence_event(absence) if owner else None
            if end > judged_at and begin < self._at and event is not None:
                yield event


def compute_goal_drift(
    goal: AnyPromise, facts: DriftFacts, clocks: GoalClocks, as_of: AsOf, *, explain: bool = False
) -> GoalDrift:
    """How one live goal drifts at `as_of`; with what stopped its clock where that is to be explained."""
    links = facts.links.get(goal.id, [])
    return GoalDrift(
        goal=goal,
        behind=(goal.team, goal.owner),
        idle_micros=clocks.count_idle_micros(goal),
        judged=goal.judged_by_event,
        stale=clocks.is_stale(goal) is True,
        stopped_by=list(clocks.find_stops(goal)) if explain else [],
        silent_days=clocks.count_silent_days(goal),
        moves=facts.moves.get(goal.id, []),
        link_events=[link.event_id for link in links],
        unaffirmed=list(find_unaffirmed_links(links, facts, as_of)),
    )


def _is_paused(goal: AnyPromise, today: date) -> bool:
    return goal.pause is not None and goal.pause.paused_from <= today < goal.pause.resume_on


def find_unaffirmed_links(links: Iterable[Link], facts: DriftFacts, as_of: AsOf) -> Iterator[Unaffirmed]:
    """Those of the links whose parents moved on after their owner last affirmed them."""
    for link in links:
        unaffirmed = find_unaffirmed_link(link, facts.material.get(link.parent, []), as_of)
        if unaffirmed is not None:
            yield unaffirmed
