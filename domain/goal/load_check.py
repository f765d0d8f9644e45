"""The load line at the moment of taking on: computed under the append's lock, recorded with the act.

`slack` (worst week at or under the amber line), `within_line`, and over it: `relief` (the act does not add),
`trade_off` (named, and it suffices), `overload_accepted` (by an earlier act of the sponsor) or `unpriced`.
A trade-off suffices when the goals it names hold at least half of the hours that the act adds, in the same days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from domain.context import DecisionContext
from domain.errors import LoadChanged, TradeOffRequired
from domain.goal.acts import Pause
from domain.goal.events import LoadClass, TakenAs, TradeOff
from domain.goal.evolve import apply_diff
from domain.goal.state import ChangeProposal, Goal, Negotiating, Promised, Side
from domain.load import (
    Commitment,
    WeekLoad,
    available_hours,
    mark_abandoned,
    planned_hours,
    worst_week,
)
from domain.member.member import Capacity, Member
from domain.promise_book import LoadBasis, PromiseBook
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
        progress=goal.exact_progress or goal.progress,
        blocked=goal.blocked,
        pause=goal.pause,
        weightless=goal.terms.kind is GoalKind.OUTCOME,
        delivered=goal.state == "delivered",
        silent_since=goal.silent_since,
    )


def to_accepted_commitment(goal: object) -> tuple[UUID, Commitment] | None:
    """The owner and the live promise that the goal would be once what is open were accepted; None: nothing is open."""
    match goal:
        case Promised(proposal=proposal) if proposal is not None:
            changes = proposal.changes
            accepted = replace(
                goal,
                state="active",
                owner=changes.owner or goal.owner,
                terms=apply_diff(goal.terms, changes),
                pause=changes.pause or goal.pause,
            )
            commitment = to_commitment(accepted)
            return (accepted.owner, commitment) if commitment is not None else None
        case Negotiating(terms=terms):
            promised = Commitment(
                goal=goal.id,
                effort_hours=terms.effort_hours,
                start=terms.start,
                due=terms.due,
                weightless=terms.kind is GoalKind.OUTCOME,
            )
            return goal.owner, promised
    return None


class LoadClassification(NamedTuple):
    """How an act is taken, and whether some hours of the week that decides rest on an effort that was not stated."""

    taken_as: TakenAs
    load_estimated: bool
    #: The trade-offs of an unpriced act, which were not enough.
    insufficient: tuple[TradeOff, ...]


def classify_load(
    *,
    owner: UUID,
    terms: Terms,
    current: Negotiating | Promised,
    answered: Negotiating | ChangeProposal,
    named: Sequence[TradeOff],
    activated_by: Side,
    world: DecisionContext,
    pause: Pause | None = None,
) -> LoadClassification:
    """How the owner's load stands to the line if `terms` hold from now on.

    Trade-offs are those of what is `answered` and those that this act has `named`. Raises `LoadChanged` where the
    sponsor's act would activate a promise whose trade-offs sufficed when they were named and no longer do, and
    `TradeOffRequired` where the policy refuses an unpriced overload.
    """
    trade_offs = _giving((*answered.trade_offs, *named))
    load = _weigh(owner, terms, current if isinstance(current, Promised) else None, pause, world)
    worst = load.find_worst_week(load.after, terms)
    how = _classify_week(worst, world)
    # Only over the line does it matter how full the weeks were before.
    if how == "unpriced" and _is_no_worse(worst, load.find_worst_week(load.before, terms)):
        how = "relief"
    accepted_by = None
    if how == "unpriced":
        if trade_offs and _is_sufficient(trade_offs, load, owner, world):
            how = "trade_off"
        elif answered.overload_accepted_by is not None:
            how, accepted_by = "overload_accepted", answered.overload_accepted_by
        elif answered.trade_offs_suffice and activated_by == "sponsor":
            raise LoadChanged(pointer="/answers", allowed=("counter", "decline", "counter_change", "reject_change"))
        elif world.policy.policy.require_trade_off:
            raise TradeOffRequired(pointer="/trade_offs", allowed=("trade_offs", "accept_overload by the sponsor"))
    taken_as = TakenAs(
        how=how,
        worst_ratio=None if worst is None or worst.ratio is None else to_decimal_text(worst.ratio),
        worst_week=worst.week if worst else None,
        accepted_by=accepted_by,
        of=owner,
    )
    return LoadClassification(
        taken_as, worst is not None and worst.estimated > 0, trade_offs if how == "unpriced" else ()
    )


def can_suffice(
    trade_offs: Sequence[TradeOff],
    *,
    owner: UUID,
    terms: Terms,
    current: Goal | None,
    world: DecisionContext,
    pause: Pause | None = None,
) -> bool:
    """Whether what is named frees enough of what these terms would add, as the owner's load is now."""
    named = _giving(trade_offs)
    if not named:
        return False
    held = current if isinstance(current, Promised) else None
    return _is_sufficient(named, _weigh(owner, terms, held, pause, world), owner, world)


def _giving(trade_offs: Sequence[TradeOff]) -> tuple[TradeOff, ...]:
    """Those that give: one that only says for which addition *this* act pays (`for`) names nothing else that will."""
    return tuple(t for t in trade_offs if t.goal is not None or t.kind == "capacity")


class _Weighed(NamedTuple):
    """The owner's promises on both sides of an act: those in the ledger, and the goal itself before it and after it."""

    book: PromiseBook
    goal: UUID
    #: None: not the owner's until now.
    before: Commitment | None
    after: Commitment
    basis: LoadBasis

    def find_worst_week(self, held: Commitment | None, terms: Terms) -> WeekLoad | None:
        """The fullest week that meets [today, due], the goal held so; a due that has passed asks from today on."""
        loads = self.book.week_loads(self.basis, without=self.goal, plus=held)
        return worst_week(loads, self.basis.today, max(terms.due, self.basis.today))

    def count_hours(self, held: Commitment) -> Fraction:
        """Its hours in [today, the addition's due]."""
        basis = self.basis
        return planned_hours(
            mark_abandoned(held, basis.today, basis.zone, basis.policy),
            first=basis.today,
            last=max(self.after.due, basis.today),
            today=basis.today,
            absences=basis.absences,
            policy=basis.policy,
        )


def _weigh(owner: UUID, terms: Terms, held: Promised | None, pause: Pause | None, world: DecisionContext) -> _Weighed:
    """The owner's promises, with these terms for the goal that is decided about; `held`: how it is promised now."""
    goal_id, member = world.stream_id, world.member(owner)
    return _Weighed(
        book=world.reader.promises(world.organisation_id, owner),
        goal=goal_id,
        before=to_commitment(held) if held is not None and held.owner == owner else None,
        after=Commitment(
            goal=goal_id,
            effort_hours=terms.effort_hours,
            start=terms.start,
            due=terms.due,
            progress=(held.exact_progress or held.progress) if held else "0",
            blocked=held is not None and held.blocked,
            pause=pause,
            weightless=terms.kind is GoalKind.OUTCOME,
        ),
        basis=LoadBasis(
            world.today,
            world.zone,
            world.policy.policy,
            member.capacities if member else (),
            member.absences if member else (),
        ),
    )


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


def _is_sufficient(trade_offs: Sequence[TradeOff], load: _Weighed, owner: UUID, world: DecisionContext) -> bool:
    """Whether what gives holds at least half of the added hours in [today, the addition's due].

    Added capacity gives the hours that were really declared for those days, within the last week or from a day to come.
    """
    added = load.count_hours(load.after) - (load.count_hours(load.before) if load.before else 0)
    named = {t.goal for t in trade_offs if t.goal is not None} - {load.goal}
    given = (load.book.get(goal) for goal in named)
    freed = sum((load.count_hours(held) for held in given if held is not None), Fraction(0))
    member, last = world.member(owner), max(load.after.due, world.today)
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
