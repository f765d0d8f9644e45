"""Every fact of a goal's life, one Struct each, tagged with its version."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from domain.envelope import Event
from domain.goal.acts import Pause
from domain.personal import Personal, Value
from domain.quantities import Quantity
from domain.terms import Condition, GoalKind, Measure, Priority, Support, Terms

TradeOffKind = Literal["drop", "defer", "rescope", "hand_over", "pause", "capacity"]


LoadClass = Literal["slack", "within_line", "relief", "trade_off", "overload_accepted", "unpriced"]


class TradeOff(Value, frozen=True, kw_only=True):
    """What gives, with ids. On an addition `goal` is what gives; on the giving act `for` is what it pays for."""

    kind: TradeOffKind
    goal: UUID | None = None
    for_: UUID | None = msgspec.field(default=None, name="for")


class TakenAs(Value, frozen=True, kw_only=True):
    """How an act stood to the load line when it was taken, computed under the append's lock."""

    #: `relief`: over the line, but the act does not add to it.
    how: LoadClass
    #: Highest ratio of the weeks that meet [day taken, due], after the act; None: no capacity left at all.
    worst_ratio: Quantity | None
    worst_week: date | None
    #: The sponsor's earlier act that accepted the overload, where `how` says so.
    accepted_by: UUID | None = None


class Diff(Value, frozen=True, kw_only=True):
    """Changes as resolved: ids instead of references, conditions with their ids."""

    outcome: str | None = None
    measure: Measure | None = None
    conditions: tuple[Condition, ...] | None = None
    start: date | None = None
    due: date | None = None
    effort_hours: Quantity | None = None
    priority: Priority | None = None
    supports: tuple[Support, ...] | None = None
    owner: UUID | None = None
    sponsor: UUID | None = None
    pause: Pause | None = None


class DraftTerms(Value, frozen=True, kw_only=True):
    """Terms as far as a draft has them."""

    outcome: str | None = None
    measure: Measure | None = None
    conditions: tuple[Condition, ...] | None = None
    start: date | None = None
    due: date | None = None
    kind: GoalKind | None = None
    effort_hours: Quantity | None = None
    priority: Priority | None = None
    supports: tuple[Support, ...] | None = None


class Blocker(Value, frozen=True, kw_only=True):
    text: Personal[str]
    type: str = ""
    acts_next: UUID | None = None
    next_action: Personal[str] = ""


class Need(Value, frozen=True, kw_only=True):
    text: Personal[str]
    addressee: UUID | None = None
    answer_by: date | None = None


class Evidence(Value, frozen=True, kw_only=True):
    condition: str
    text: Personal[str] = ""
    url: str = ""


class Verdict(Value, frozen=True, kw_only=True):
    condition: str
    met: bool
    text: Personal[str] = ""


# --- beginning ---------------------------------------------------------------------------------------------------


class _Opened(Event, frozen=True, kw_only=True):
    title: str
    team: UUID | None
    description: str = ""
    tags: tuple[str, ...] = ()
    ref: str | None = None
    follow_up_of: UUID | None = None


class GoalDrafted(_Opened, tag="goal.drafted.v1", frozen=True, kw_only=True):
    author: UUID
    owner: UUID | None = None
    sponsor: UUID | None = None
    terms: DraftTerms


class DraftRevised(_Opened, tag="goal.draft_revised.v1", frozen=True, kw_only=True):
    owner: UUID | None = None
    sponsor: UUID | None = None
    terms: DraftTerms


class GoalDiscarded(Event, tag="goal.discarded.v1", frozen=True, kw_only=True):
    pass


class GoalRequested(_Opened, tag="goal.requested.v1", frozen=True, kw_only=True):
    owner: UUID
    sponsor: UUID
    terms: Terms
    imposed: bool = False
    trade_offs: tuple[TradeOff, ...] = ()
    accept_overload: bool = False


class GoalOffered(_Opened, tag="goal.offered.v1", frozen=True, kw_only=True):
    owner: UUID
    sponsor: UUID
    terms: Terms
    trade_offs: tuple[TradeOff, ...] = ()
    #: Whether what is named so far would have sufficed at this event: only then can the load have changed since.
    trade_offs_suffice: bool = False


class GoalCountered(Event, tag="goal.countered.v1", frozen=True, kw_only=True):
    by: Literal["owner", "sponsor"]
    answers: UUID
    #: The whole terms as they would stand.
    terms: Terms
    trade_offs: tuple[TradeOff, ...] = ()
    #: Whether what is named so far would have sufficed at this event: only then can the load have changed since.
    trade_offs_suffice: bool = False
    accept_overload: bool = False


class AnswerDeferred(Event, tag="goal.answer_deferred.v1", frozen=True, kw_only=True):
    answer_by: date


class ClarificationAsked(Event, tag="goal.clarification_asked.v1", frozen=True, kw_only=True):
    by: Literal["owner", "sponsor"]
    text: Personal[str]
    #: Working days for which an earlier question had stopped the response clock until now, 5 at most. None: the clock
    #: was running, or stands still on.
    waited_working_days: int | None = None


class GoalDeclined(Event, tag="goal.declined.v1", frozen=True, kw_only=True):
    answers: UUID


class GoalWithdrawn(Event, tag="goal.withdrawn.v1", frozen=True, kw_only=True):
    pass


class GoalExpired(Event, tag="goal.expired.v1", frozen=True, kw_only=True):
    #: Whose silence it was.
    silent: Literal["owner", "sponsor"]


class ResponseReminded(Event, tag="goal.response_reminded.v1", frozen=True, kw_only=True):
    to: UUID


class GoalPromised(Event, tag="goal.promised.v1", frozen=True, kw_only=True):
    """The owner's promise: the goal is active."""

    answers: UUID
    taken_as: TakenAs
    trade_offs: tuple[TradeOff, ...] = ()
    #: What was named as giving, where it is not enough and the act is `unpriced`.
    insufficient: tuple[TradeOff, ...] = ()


class GoalAccepted(Event, tag="goal.accepted.v1", frozen=True, kw_only=True):
    """The sponsor's acceptance of the owner's offer or counter: the goal is active."""

    answers: UUID
    taken_as: TakenAs
    promises_back: Personal[str] = ""
    #: What was named as giving, where it is not enough and the act is `unpriced`.
    insufficient: tuple[TradeOff, ...] = ()


# --- in communication --------------------------------------------------------------------------------------------


class CheckedIn(Event, tag="goal.checked_in.v1", frozen=True, kw_only=True):
    note: Personal[str] = ""
    progress: Quantity | None = None
    confidence: Quantity | None = None
    value: Quantity | None = None
    #: None: not spoken about. Empty: none any more.
    blockers: tuple[Blocker, ...] | None = None
    ideas: tuple[Personal[str], ...] = ()
    needs: tuple[Need, ...] = ()
    corrects: UUID | None = None


class CheckInDue(Event, tag="goal.check_in_due.v1", frozen=True, kw_only=True):
    """A reminder: the cadence has passed without a human judgement."""

    to: UUID


class FeedbackGiven(Event, tag="goal.feedback_given.v1", frozen=True, kw_only=True):
    by: Literal["owner", "sponsor"]
    text: Personal[str]
    on: str = "other"


class BlockerRaised(Event, tag="goal.blocker_raised.v1", frozen=True, kw_only=True):
    blocker: Blocker


class BlockerResolved(Event, tag="goal.blocker_resolved.v1", frozen=True, kw_only=True):
    blocker: UUID
    resolution: Personal[str]


class NeedAnswered(Event, tag="goal.need_answered.v1", frozen=True, kw_only=True):
    check_in: UUID
    need: int
    text: Personal[str]


class ValueRecorded(Event, tag="goal.value_recorded.v1", frozen=True, kw_only=True):
    """A machine's or person's reading of the measure; never resets staleness."""

    value: Quantity


class Affirmed(Event, tag="goal.affirmed.v1", frozen=True, kw_only=True):
    note: Personal[str] = ""


class LinkAffirmed(Event, tag="goal.link_affirmed.v1", frozen=True, kw_only=True):
    supports: tuple[Support, ...]


class Unlinked(Event, tag="goal.unlinked.v1", frozen=True, kw_only=True):
    supports: tuple[Support, ...]


class ApproachChosen(Event, tag="goal.approach_chosen.v1", frozen=True, kw_only=True):
    text: Personal[str]


class Retitled(Event, tag="goal.retitled.v1", frozen=True, kw_only=True):
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None


class Resumed(Event, tag="goal.resumed.v1", frozen=True, kw_only=True):
    by: Literal["owner", "sponsor"]


# --- renegotiation -----------------------------------------------------------------------------------------------


class ChangeProposed(Event, tag="goal.change_proposed.v1", frozen=True, kw_only=True):
    by: Literal["owner", "sponsor"]
    changes: Diff
    trigger: str = "other"
    #: Proposed early enough (domain.goal.notice); always said, so that a report need not recompute it.
    in_time: bool
    #: An import's new due that was already past on the act's day.
    retroactive: bool = False
    trade_offs: tuple[TradeOff, ...] = ()
    #: Whether what is named so far would have sufficed at this event: only then can the load have changed since.
    trade_offs_suffice: bool = False
    accept_overload: bool = False
    conflict_with: Personal[str] = ""


class ChangeCountered(Event, tag="goal.change_countered.v1", frozen=True, kw_only=True):
    by: Literal["owner", "sponsor"]
    answers: UUID
    changes: Diff
    in_time: bool
    retroactive: bool = False
    trade_offs: tuple[TradeOff, ...] = ()
    #: Whether what is named so far would have sufficed at this event: only then can the load have changed since.
    trade_offs_suffice: bool = False
    accept_overload: bool = False


class ChangeAccepted(Event, tag="goal.change_accepted.v1", frozen=True, kw_only=True):
    by: Literal["owner", "sponsor"]
    #: The proposal or counter that now holds.
    answers: UUID
    taken_as: TakenAs
    #: Accepted by the proposer in the other role, in the same command (self-set goal).
    self_accepted: bool = False
    #: A hand-over that a steward accepted: the party whose place is taken has left, or is absent beyond the policy.
    for_departed: bool = False
    trade_offs: tuple[TradeOff, ...] = ()
    #: What was named as giving, where it is not enough and the act is `unpriced`.
    insufficient: tuple[TradeOff, ...] = ()


class ChangeRejected(Event, tag="goal.change_rejected.v1", frozen=True, kw_only=True):
    by: Literal["owner", "sponsor"]
    answers: UUID


class ChangeWithdrawn(Event, tag="goal.change_withdrawn.v1", frozen=True, kw_only=True):
    answers: UUID


class ChangeTimedOut(Event, tag="goal.change_timed_out.v1", frozen=True, kw_only=True):
    silent: Literal["owner", "sponsor"]
    #: The owner's proposal had been in time: a later lapse is not the owner's break.
    sponsor_missed_answer: bool = False


class HandOverJoined(Event, tag="goal.hand_over_joined.v1", frozen=True, kw_only=True):
    member: UUID
    role: Literal["owner", "sponsor"]
    taken_as: TakenAs | None = None
    #: What gives on the new owner's side, beside what the proposal names.
    trade_offs: tuple[TradeOff, ...] = ()
    #: Whether what is named so far would have sufficed at this event: only then can the load have changed since.
    trade_offs_suffice: bool = False
    #: What was named as giving, where it is not enough and the act is `unpriced`.
    insufficient: tuple[TradeOff, ...] = ()


class HandOverRefused(Event, tag="goal.hand_over_refused.v1", frozen=True, kw_only=True):
    member: UUID


# --- completion and ends -----------------------------------------------------------------------------------------


class CompletionDeclared(Event, tag="goal.completion_declared.v1", frozen=True, kw_only=True):
    evidence: tuple[Evidence, ...] = ()
    #: No evidence per condition was given: it covers all.
    wholesale: bool = False
    #: After the due.
    late: bool = False


class SatisfactionDeclared(Event, tag="goal.satisfaction_declared.v1", frozen=True, kw_only=True):
    answers: UUID
    verdicts: tuple[Verdict, ...] = ()
    wholesale: bool = False


class DeliveryRejected(Event, tag="goal.delivery_rejected.v1", frozen=True, kw_only=True):
    answers: UUID
    condition: str
    rework_by: date


class CompletionRetracted(Event, tag="goal.completion_retracted.v1", frozen=True, kw_only=True):
    pass


class DeliveryDisputed(Event, tag="goal.delivery_disputed.v1", frozen=True, kw_only=True):
    by: Literal["owner", "sponsor"]
    mediator: UUID
    decide_by: date


class RuledSatisfied(Event, tag="goal.ruled_satisfied.v1", frozen=True, kw_only=True):
    pass


class RuledBroken(Event, tag="goal.ruled_broken.v1", frozen=True, kw_only=True):
    pass


class DeemedSatisfied(Event, tag="goal.deemed_satisfied.v1", frozen=True, kw_only=True):
    pass


class GoalCancelled(Event, tag="goal.cancelled.v1", frozen=True, kw_only=True):
    trade_offs: tuple[TradeOff, ...] = ()


class GoalReleased(Event, tag="goal.released.v1", frozen=True, kw_only=True):
    trade_offs: tuple[TradeOff, ...] = ()


class PromiseWithdrawn(Event, tag="goal.promise_withdrawn.v1", frozen=True, kw_only=True):
    in_time: bool
    mitigation: Personal[str] = ""
    #: Neither mitigation nor another owner was named.
    wholesale: bool = False
    trade_offs: tuple[TradeOff, ...] = ()


class GoalLapsed(Event, tag="goal.lapsed.v1", frozen=True, kw_only=True):
    #: The due date whose grace has passed.
    due: date
    #: The owner had proposed in time and the sponsor never answered.
    sponsor_missed_answer: bool = False


class ClosedBroken(Event, tag="goal.closed_broken.v1", frozen=True, kw_only=True):
    pass


class GivenUp(Event, tag="goal.given_up.v1", frozen=True, kw_only=True):
    pass


class SponsorReassigned(Event, tag="goal.sponsor_reassigned.v1", frozen=True, kw_only=True):
    sponsor: UUID
    former: UUID


class DepartedReleased(Event, tag="goal.departed_released.v1", frozen=True, kw_only=True):
    pass


GoalEvent = (
    GoalDrafted | DraftRevised | GoalDiscarded | GoalRequested | GoalOffered | GoalCountered | AnswerDeferred
    | ClarificationAsked | GoalDeclined | GoalWithdrawn | GoalExpired | ResponseReminded | GoalPromised | GoalAccepted
    | CheckedIn | CheckInDue | FeedbackGiven | BlockerRaised | BlockerResolved | NeedAnswered | ValueRecorded
    | Affirmed | LinkAffirmed | Unlinked | ApproachChosen | Retitled | Resumed | ChangeProposed | ChangeCountered
    | ChangeAccepted | ChangeRejected | ChangeWithdrawn | ChangeTimedOut | HandOverJoined | HandOverRefused
    | CompletionDeclared | SatisfactionDeclared | DeliveryRejected | CompletionRetracted | DeliveryDisputed
    | RuledSatisfied | RuledBroken | DeemedSatisfied | GoalCancelled | GoalReleased | PromiseWithdrawn | GoalLapsed
    | ClosedBroken | GivenUp | SponsorReassigned | DepartedReleased
)  # fmt: skip

#: Facts only: may be recorded behind a stream's last event. Everything else moves the agreement.
BACK_DATABLE = (CheckedIn, FeedbackGiven, ValueRecorded)
