"""The load line at the moment of taking on: computed under the append's lock, recorded with the act.

`slack` (worst week at or under the amber line), `within_line`, and over it: `relief` (the act does not add),
`trade_off` (named, and it suffices), `overload_accepted` (by an earlier act of the sponsor) or `unpriced`.
A trade-off suffices when the goals it names hold at least half of the hours that the act adds, in the same days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

from domain.context import DecisionContext
from domain.errors import LoadChanged, TradeOffRequired
from domain.goal.acts import Pause
from domain.goal.events import LoadClass, TakenAs, TradeOff
from domain.goal.state import Negotiating, Promised, Side
from domain.load import Commitment, WeekLoad, available_hours, planned_hours, week_loads, worst_week
from domain.member.member import Capacity, Member
from domain.quantities import to_decimal_text, to_fraction
from domain.terms import GoalKind, Terms

#: Share of the added hours that a trade-off has to free; the same half that pairs additions in the report.
MIN_FREED_SHARE = Fraction(1, 2)

#: How far back a declaration of capacity still counts as made for the addition; the days by which the report pairs too.
CAPACITY_DECLARED_WITHIN = timedelta(days=7)


def to_commitment(goal: object) -> Commitment | None:
    """A live promise as the load sees it; None for a goal without one."""
    if not isinstance(goal, Promised):
        return None
    return Commitment(
        goal=goal.id,
        effort_hours=goal.terms.effort_hours,
        start=goal.terms.start,
        due=goal.terms.due,
        progress=goal.progress,
        blocked=goal.blocked,
        pause=goal.pause,
        weightless=goal.terms.kind is GoalKind.OUTCOME,
        delivered=goal.state == "delivered",
    )


def classify_load(
    *,
    owner: UUID,
    terms: Terms,
    current: Negotiating | Promised,
    trade_offs: Sequence[TradeOff],
    overload_accepted_by: UUID | None,
    activated_by: Side,
    world: DecisionContext,
    pause: Pause | None = None,
) -> TakenAs:
    """How the owner's load stands to the line if `terms` hold from now on.

    Raises `LoadChanged` where the sponsor's act would activate a promise whose named trade-off no longer suffices, and
    `TradeOffRequired` where the policy refuses an unpriced overload.
    """
    # A trade-off that only names the addition for which *this* act pays (`for`) does not promise that more gives.
    trade_offs = [t for t in trade_offs if t.goal is not None or t.kind == "capacity"]
    others = tuple(c for c in world.reader.live_commitments(world.organisation_id, owner) if c.goal != current.id)
    before = to_commitment(current) if isinstance(current, Promised) and current.owner == owner else None
    after = _commitment_with(terms, current, pause)
    worst = _find_worst_week((*others, after), owner, terms, world)
    how = _classify_week(worst, world)
    # Only over the line does it matter how full the weeks were before.
    if how == "unpriced" and _is_no_worse(
        worst, _find_worst_week((*others, before) if before else others, owner, terms, world)
    ):
        how = "relief"
    accepted_by = None
    if how == "unpriced":
        if trade_offs and _is_sufficient(trade_offs, others, before, after, owner, world):
            how = "trade_off"
        elif overload_accepted_by is not None:
            how, accepted_by = "overload_accepted", overload_accepted_by
        elif trade_offs and activated_by == "sponsor":
            raise LoadChanged(pointer="/answers", allowed=("counter", "decline", "counter_change", "reject_change"))
        elif world.policy.policy.require_trade_off:
            raise TradeOffRequired(pointer="/trade_offs", allowed=("trade_offs", "accept_overload by the sponsor"))
    return TakenAs(
        how=how,
        worst_ratio=None if worst is None or worst.ratio is None else to_decimal_text(worst.ratio),
        worst_week=worst.week if worst else None,
        accepted_by=accepted_by,
    )


def _commitment_with(terms: Terms, current: Negotiating | Promised, pause: Pause | None) -> Commitment:
    """The promise as it would be with these terms."""
    held = current if isinstance(current, Promised) else None
    return Commitment(
        goal=current.id,
        effort_hours=terms.effort_hours,
        start=terms.start,
        due=terms.due,
        progress=held.progress if held else "0",
        blocked=held is not None and held.blocked,
        pause=pause,
        weightless=terms.kind is GoalKind.OUTCOME,
    )


def _find_worst_week(
    commitments: Sequence[Commitment], owner: UUID, terms: Terms, world: DecisionContext
) -> WeekLoad | None:
    """The highest week of those that meet [today, due]; a due that has passed asks from today on."""
    member = world.member(owner)
    loads = week_loads(
        commitments,
        capacities=member.capacities if member else (),
        absences=member.absences if member else (),
        policy=world.policy.policy,
        today=world.today,
    )
    return worst_week(loads, world.today, max(terms.due, world.today))


def _classify_week(worst: WeekLoad | None, world: DecisionContext) -> LoadClass:
    """Slack, within the line, or (for now) unpriced. No capacity with work planned is over any line."""
    policy = world.policy.policy
    if worst is None:
        return "slack"
    if worst.ratio is not None and worst.ratio <= to_fraction(policy.load_amber):
        return "slack"
    if worst.ratio is not None and worst.ratio <= to_fraction(policy.load_red):
        return "within_line"
    return "unpriced"


def _is_no_worse(worst: WeekLoad | None, earlier: WeekLoad | None) -> bool:
    if worst is None or earlier is None:
        return False
    if worst.ratio is None or earlier.ratio is None:
        return worst.planned <= earlier.planned and earlier.ratio is None
    return worst.ratio <= earlier.ratio


def _is_sufficient(
    trade_offs: Sequence[TradeOff],
    others: Sequence[Commitment],
    before: Commitment | None,
    after: Commitment,
    owner: UUID,
    world: DecisionContext,
) -> bool:
    """Whether what gives holds at least half of the added hours in [today, the addition's due].

    Added capacity gives the hours that were really declared for those days, within the last week or from a day to come.
    """
    member = world.member(owner)
    absences = member.absences if member else ()
    last = max(after.due, world.today)

    def hours(held: Commitment) -> Fraction:
        return planned_hours(
            held, first=world.today, last=last, today=world.today, absences=absences, policy=world.policy.policy
        )

    added = hours(after) - (hours(before) if before else 0)
    named = {t.goal for t in trade_offs}
    freed = sum((hours(held) for held in others if held.goal in named), Fraction(0))
    if member is not None and any(t.kind == "capacity" for t in trade_offs):
        freed += _added_capacity_hours(member, last, world)
    return freed >= added * MIN_FREED_SHARE


def _added_capacity_hours(member: Member, last: date, world: DecisionContext) -> Fraction:
    """Hours in [today, last] that the member's fresh declarations add to what had been declared before them."""

    def available(capacities: Sequence[Capacity]) -> Fraction:
        return available_hours(
            world.today, last, capacities=capacities, absences=member.absences, policy=world.policy.policy
        )

    since = world.today - CAPACITY_DECLARED_WITHIN
    before = [c for c in member.capacities if c.from_ < since]
    return max(Fraction(0), available(member.capacities) - available(before))
