"""Goals of a team whose owners are not in it: how many, and the hours that they ask for in the weeks ahead.

No figure of the team's members shows their owners' load. The figure names no person: the goals themselves name
their owners, to viewers who may see them.
"""

from __future__ import annotations

from fractions import Fraction

from domain.goal.state import LIVE_STATES
from domain.instants import to_micros
from domain.load import place, weeks_ahead
from projections.figures import GroupFigure, build_share, event_ids, of_group, round_for_report
from projections.overload.facts import PromiseFact
from projections.overload.queries import OverloadFacts


def build_outside_figure(evidence: OverloadFacts) -> GroupFigure:
    """`owned_outside`: the team's live goals whose owners are none of its members / its live goals."""
    scope, members = evidence.scope, set(evidence.members)
    live = [h for h in evidence.promises if h.state in LIVE_STATES and h.team == scope.team]
    outside = [h for h in live if h.owner not in members]
    hours = [(h.commitment.effort_hours is None, _compute_hours(h, evidence)) for h in outside]
    planned = sum((hour for _, hour in hours), Fraction(0))
    estimated = sum((hour for unstated, hour in hours if unstated), Fraction(0))
    share = build_share(
        "owned_outside",
        len(outside),
        len(live),
        census=True,
        planned_hours=round_for_report(planned),
        estimated_share=round_for_report(estimated / planned if planned else Fraction(0)),
        estimated=estimated > 0,
        events=event_ids(e for h in live for e in h.events) if scope.explain else None,
        **scope.group,
    )
    # Hours of few owners would be those of each.
    return of_group(share, *([(h.team, h.owner) for h in of] for of in (live, outside)))


def _compute_hours(promise: PromiseFact, evidence: OverloadFacts) -> Fraction:
    """What the goal asks of its owner in the 12 weeks ahead."""
    presence = evidence.availability_of(promise.owner).availability_at(to_micros(evidence.as_of.at)).presence
    commitment = evidence.with_estimate(promise.commitment, promise.team)
    placed = place([commitment], evidence.today, presence, evidence.policy)
    last = weeks_ahead(evidence.today)[-1][1]
    return sum((laid.spread.hours_within(evidence.today, last, presence) for laid in placed), Fraction(0))
