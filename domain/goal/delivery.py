"""Completion and the ends: declared by the owner, judged by the sponsor, or ended early with a reason.

Each rule raises the `Refusal` of what it forbids.
"""

from __future__ import annotations

from domain.context import DecisionContext
from domain.envelope import Event
from domain.errors import ActNotAllowed, InvalidField
from domain.goal import acts as a
from domain.goal import events as e
from domain.goal import opening
from domain.goal.change import is_timely
from domain.goal.state import Delivery, Promised, Side
from domain.participation import is_unavailable
from domain.terms import check_date
from domain.text import check_web_address, is_visible


def declare_completion(goal: Promised, act: a.DeclareComplete, world: DecisionContext) -> e.CompletionDeclared:
    """The owner declares it done, with evidence per condition or for all."""
    for i, evidence in enumerate(act.evidence):
        _check_condition(goal, evidence.condition, f"/evidence/{i}/condition")
        if evidence.url:
            check_web_address(evidence.url, f"/evidence/{i}/url")
    return e.CompletionDeclared(
        evidence=tuple(e.Evidence(condition=x.condition, text=x.text, url=x.url) for x in act.evidence),
        wholesale=not act.evidence,
        late=world.today > goal.terms.due,
        within_rework=goal.terms.due < world.today <= goal.lapse_due,
    )


def declare_satisfaction(goal: Promised, act: a.DeclareSatisfied) -> e.SatisfactionDeclared:
    """The sponsor is satisfied; a condition found unmet is what `reject_delivery` is for."""
    for i, verdict in enumerate(act.verdicts):
        _check_condition(goal, verdict.condition, f"/verdicts/{i}/condition")
        if not verdict.met:
            raise InvalidField(
                "a condition found unmet sends the delivery back",
                pointer=f"/verdicts/{i}/met",
                allowed=("reject_delivery",),
            )
    return e.SatisfactionDeclared(
        answers=require_open_delivery(goal).id,
        verdicts=tuple(e.Verdict(condition=v.condition, met=v.met, text=v.text) for v in act.verdicts),
        wholesale=not act.verdicts,
    )


def reject_delivery(goal: Promised, act: a.RejectDelivery, world: DecisionContext) -> e.DeliveryRejected:
    """The sponsor sends it back: which agreed condition is unmet, and until when rework has time."""
    _check_condition(goal, act.condition, "/condition")
    check_date(act.rework_by, "/rework_by")
    if act.rework_by < world.today:
        raise InvalidField("rework needs a day that has not passed", pointer="/rework_by")
    return e.DeliveryRejected(answers=require_open_delivery(goal).id, condition=act.condition, rework_by=act.rework_by)


def dispute_delivery(goal: Promised, act: a.Dispute, by: Side, world: DecisionContext) -> e.DeliveryDisputed:
    """A third member rules within a time-box."""
    if goal.delivery is not None and goal.delivery.decide_by is not None and world.today <= goal.delivery.decide_by:
        raise ActNotAllowed(f"a mediator has been named and has until {goal.delivery.decide_by} to rule")
    mediator = opening.require_member(act.mediator, "/mediator", world)
    if mediator in (goal.owner, goal.sponsor):
        raise InvalidField("a mediator is neither party", pointer="/mediator")
    check_date(act.decide_by, "/decide_by")
    if act.decide_by < world.today:
        raise InvalidField("the time-box ends in the future", pointer="/decide_by")
    return e.DeliveryDisputed(by=by, mediator=mediator, decide_by=act.decide_by)


def require_open_delivery(goal: Promised) -> Delivery:
    """The delivery that waits for a verdict; raises `ActNotAllowed` where there is none."""
    if goal.delivery is None:
        raise ActNotAllowed("nothing has been delivered", allowed=("declare_complete",))
    return goal.delivery


def withdraw_promise(goal: Promised, act: a.WithdrawPromise, world: DecisionContext) -> e.PromiseWithdrawn:
    """The owner revokes the promise: in time or late, with a mitigation or without."""
    return e.PromiseWithdrawn(
        in_time=is_timely(goal, world),
        mitigation=act.mitigation,
        wholesale=not is_visible(act.mitigation),
        trade_offs=opening.parse_trade_offs(act.trade_offs, world),
    )


def free_owner(goal: Promised, act: a.Cancel | a.Release, world: DecisionContext) -> e.GoalCancelled | e.GoalReleased:
    """The sponsor ends it: the need is gone, or the owner is freed. Of a self-set goal that revokes the promise."""
    ended = e.GoalCancelled if isinstance(act, a.Cancel) else e.GoalReleased
    return ended(
        trade_offs=opening.parse_trade_offs(act.trade_offs, world),
        in_time=is_timely(goal, world) if goal.self_set else None,
    )


def reassign_sponsor(goal: Promised, act: a.ReassignSponsor, world: DecisionContext) -> e.SponsorReassigned:
    """A steward names another sponsor for one who left or is absent beyond policy."""
    if not is_unavailable(world.member(goal.sponsor), world):
        raise ActNotAllowed("the sponsor is here: a sponsor changes by an accepted change", allowed=("propose_change",))
    sponsor = opening.require_member(act.sponsor, "/sponsor", world)
    if sponsor == goal.sponsor:
        raise InvalidField("that is the sponsor already", pointer="/sponsor")
    if goal.delivery is not None and sponsor == goal.delivery.mediator:
        raise InvalidField("a mediator is neither party", pointer="/sponsor")
    return e.SponsorReassigned(sponsor=sponsor, former=goal.sponsor)


def release_departed(goal: Promised, world: DecisionContext) -> Event:
    """A steward frees a goal whose owner left or is absent beyond policy."""
    if not is_unavailable(world.member(goal.owner), world):
        raise ActNotAllowed("the owner is here: the sponsor releases or cancels", allowed=("release", "cancel"))
    return e.DepartedReleased()


def _check_condition(goal: Promised, condition: str, pointer: str) -> None:
    have = tuple(c.id for c in goal.terms.conditions)
    if condition not in have:
        raise InvalidField(f"the terms have no condition {condition!r}", pointer=pointer, allowed=have)
