"""Answers that one side of a goal owes the other: given, or missed when their time was over. The one definition."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from domain.goal import events as e
from domain.goal.state import Goal, Negotiating, Promised, Side
from domain.goal.timers import AWAITED_SIDE


class GoalAnswer(NamedTuple):
    """What became of one question: a request, an offer, a counter, a change proposed, or a delivery."""

    side: Side
    member: UUID
    #: The event that was to be answered.
    question: UUID
    kind: Literal["terms", "change", "delivery"]
    how: Literal["accepted", "countered", "declined", "missed"]
    since: datetime


_TERMS_ANSWERS: dict[type, Literal["accepted", "countered", "declined", "missed"]] = {
    e.GoalPromised: "accepted",
    e.GoalAccepted: "accepted",
    e.GoalCountered: "countered",
    e.GoalDeclined: "declined",
    e.GoalExpired: "missed",
}
_CHANGE_ANSWERS: dict[type, Literal["accepted", "countered", "declined", "missed"]] = {
    e.ChangeAccepted: "accepted",
    e.ChangeCountered: "countered",
    e.ChangeRejected: "declined",
    e.ChangeTimedOut: "missed",
}
_DELIVERY_ANSWERS: dict[type, Literal["accepted", "countered", "declined", "missed"]] = {
    e.SatisfactionDeclared: "accepted",
    e.DeliveryRejected: "declined",
    e.DeemedSatisfied: "missed",
}


def find_answer(before: Goal | None, data: Any) -> GoalAnswer | None:
    """The answer that this event is, or says to have been missed; None: it is none.

    Deferring and asking back are none: the question stays open. Nor is what one person says to itself, and what a
    steward accepts for one who is gone.
    """
    if not isinstance(before, Negotiating | Promised) or before.owner == before.sponsor:
        return None
    if isinstance(before, Negotiating):
        how = _TERMS_ANSWERS.get(type(data))
        side: Side = AWAITED_SIDE[before.state]
        return (
            None
            if how is None
            else GoalAnswer(side, _member_of(before, side), before.open, "terms", how, before.asked_at)
        )
    if before.proposal is not None and (how := _CHANGE_ANSWERS.get(type(data))) is not None:
        if isinstance(data, e.ChangeAccepted) and (data.self_accepted or data.for_departed):
            return None
        side = "sponsor" if before.proposal.by == "owner" else "owner"
        since = _since(before, side, before.proposal.proposed_at)
        return GoalAnswer(side, _member_of(before, side), before.proposal.id, "change", how, since)
    if before.delivery is not None and (how := _DELIVERY_ANSWERS.get(type(data))) is not None:
        since = _since(before, "sponsor", before.delivery.delivered_at)
        return GoalAnswer("sponsor", before.sponsor, before.delivery.id, "delivery", how, since)
    return None


def _member_of(goal: Negotiating | Promised, side: Side) -> UUID:
    return goal.owner if side == "owner" else goal.sponsor


def _since(goal: Promised, side: Side, at: datetime) -> datetime:
    """A sponsor who was put in later has the whole time to answer."""
    return max(at, goal.sponsor_since or at) if side == "sponsor" else at
