"""Every fact of a goal's life, one Struct each, tagged with its version."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from domain.business_order import TakenBack
from domain.envelope import Event
from domain.goal.acts import Pause
from domain.personal import Personal, PersonFigure, Value
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
    worst_ratio: PersonFigure[Quantity | None]
    worst_week: PersonFigure[date | None]
    #: The sponsor's earlier act that accepted the overload, where `how` says so.
    accepted_by: UUID | None = None
    #: Whose load it is. None in events of before: the goal's owner after the event, or who joined.
    of: UUID | None = None
    #: Never stored: ratio and week are that person's own figures, which this viewer may not see.
    withheld: bool = False


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
    """What stands in the way, and who acts next."""

    text: Personal[str]
    type: str = ""
    acts_next: UUID | None = None
    next_action: Personal[str] = ""


class Need(Value, frozen=True, kw_only=True):
    """A request for support: of whom, until when."""

    text: Personal[str]
    addressee: UUID | None = None
    answer_by: date | None = None


class Evidence(Value, frozen=True, kw_only=True):
    """What shows that a condition is met."""

    condition: str
    text: Personal[str] = ""
    url: str = ""


class Verdict(Value, frozen=True, kw_only=True):
    """Whether the sponsor finds a condition met."""

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
    """A goal was written down; no party was asked yet."""

    author: UUID
    owner: UUID | None = None
    sponsor: UUID | None = None
    terms: DraftTerms


class DraftRevised(_Opened, tag="goal.draft_revised.v1", frozen=True, kw_only=True):
    """A draft was changed by its author."""

    owner: UUID | None = None
    sponsor: UUID | None = None
    terms: DraftTerms


class GoalDiscarded(Event, tag="goal.discarded.v1", frozen=True, kw_only=True):
    """A draft was thrown away."""


class GoalRequested(_Opened, tag="goal.requested.v1", frozen=True, kw_only=True):
    """The sponsor asked the owner for a promise."""

    owner: UUID
    sponsor: UUID
    terms: Terms
    imposed: bool = False
    trade_offs: tuple[TradeOff, ...] = ()
    accept_overload: bool = False


class GoalOffered(_Opened, tag="goal.offered.v1", frozen=True, kw_only=True):
    """The owner offered a promise to the sponsor."""

    owner: UUID
    sponsor: UUID
    terms: Terms
    trade_offs: tuple[TradeOff, ...] = ()
    #: Whether what is named so far would have sufficed at this event: only then can the load have changed since.
    trade_offs_suffice: bool = False


class GoalCountered(Event, tag="goal.countered.v1", frozen=True, kw_only=True):
    """One side answered with other terms."""

    by: Literal["owner", "sponsor"]
    answers: UUID
    #: The whole terms as they would stand.
    terms: Terms
    trade_offs: tuple[TradeOff, ...] = ()
    #: Whether what is named so far would have sufficed at this event: only then can the load have changed since.
    trade_offs_suffice: bool = False
    accept_overload: bool = False


class AnswerDeferred(Event, tag="goal.answer_deferred.v1", frozen=True, kw_only=True):
    """The owner promised to answer by a day."""

    answer_by: date


class ClarificationAsked(Event, tag="goal.clarification_asked.v1", frozen=True, kw_only=True):
    """One side asked a question before answering."""

    by: Literal["owner", "sponsor"]
    text: Personal[str]
    #: Working days for which an earlier question had stopped the response clock until now, 5 at most. None: the clock
    #: was running, or stands still on.
    waited_working_days: int | None = None


class GoalDeclined(Event, tag="goal.declined.v1", frozen=True, kw_only=True):
    """The request, offer or counter was declined."""

    answers: UUID


class GoalWithdrawn(Event, tag="goal.withdrawn.v1", frozen=True, kw_only=True):
    """The request, offer or counter was taken back."""


class GoalExpired(Event, tag="goal.expired.v1", frozen=True, kw_only=True):
    """No answer came in time; `silent` says which side owed it."""

    #: Whose silence it was.
    silent: Literal["owner", "sponsor"]


class ResponseReminded(Event, tag="goal.response_reminded.v1", frozen=True, kw_only=True):
    """The party that owes an answer was reminded."""

    to: UUID


class GoalPromised(Event, tag="goal.promised.v1", frozen=True, kw_only=True):
    """The owner promised: the goal is active."""

    answers: UUID
    taken_as: TakenAs
    trade_offs: tuple[TradeOff, ...] = ()
    #: Some hours of the week that `taken_as` names rest on an effort that was not stated.
    load_estimated: bool = False
    #: `unpriced`: what was named as giving, and is not enough.
    insufficient: tuple[TradeOff, ...] = ()


class GoalAccepted(Event, tag="goal.accepted.v1", frozen=True, kw_only=True):
    """The sponsor accepted the owner's offer or counter: the goal is active."""

    answers: UUID
    taken_as: TakenAs
    promises_back: Personal[str] = ""
    load_estimated: bool = False
    #: `unpriced`: what was named as giving, and is not enough.
    insufficient: tuple[TradeOff, ...] = ()


# --- in communication --------------------------------------------------------------------------------------------


class CheckedIn(Event, tag="goal.checked_in.v1", frozen=True, kw_only=True):
    """The owner said how it goes: progress, confidence, blockers, ideas, needs."""

    note: Personal[str] = ""
    progress: Quantity | None = None
    confidence: Quantity | None = None
    value: Quantity | None = None
    #: None: not spoken about. Empty: none any more.
    blockers: tuple[Blocker, ...] | None = None
    ideas: tuple[Personal[str], ...] = ()
    needs: tuple[Need, ...] = ()
    #: The check-in in whose place this one holds.
    corrects: UUID | None = None


class CheckInDue(Event, tag="goal.check_in_due.v1", frozen=True, kw_only=True):
    """The owner was reminded that the cadence had passed without a word."""

    to: UUID


class FeedbackGiven(Event, tag="goal.feedback_given.v1", frozen=True, kw_only=True):
    """One party gave the other feedback."""

    by: Literal["owner", "sponsor"]
    text: Personal[str]
    on: str = "other"


class BlockerRaised(Event, tag="goal.blocker_raised.v1", frozen=True, kw_only=True):
    """Something stands in the way."""

    blocker: Blocker


class BlockerResolved(Event, tag="goal.blocker_resolved.v1", frozen=True, kw_only=True):
    """What stood in the way is gone."""

    blocker: UUID
    resolution: Personal[str]


class NeedAnswered(Event, tag="goal.need_answered.v1", frozen=True, kw_only=True):
    """A request for support was answered."""

    check_in: UUID
    need: int
    text: Personal[str]


class ValueRecorded(Event, tag="goal.value_recorded.v1", frozen=True, kw_only=True):
    """The measure was read; never resets staleness."""

    value: Quantity
    #: The reading in whose place this one holds.
    corrects: UUID | None = None


class StatementTakenBack(TakenBack, tag="goal.statement_taken_back.v1", frozen=True, kw_only=True):
    """A check-in or a reading (`of`) was said wrongly: what was said before it holds again."""

    of: Literal["check_in", "value"]


class Affirmed(Event, tag="goal.affirmed.v1", frozen=True, kw_only=True):
    """The owner affirmed that nothing has changed."""

    note: Personal[str] = ""


class LinkAffirmed(Event, tag="goal.link_affirmed.v1", frozen=True, kw_only=True):
    """The owner affirmed the support of a goal that had moved on."""

    supports: tuple[Support, ...]


class Unlinked(Event, tag="goal.unlinked.v1", frozen=True, kw_only=True):
    """The goal no longer supports another."""

    supports: tuple[Support, ...]


class ApproachChosen(Event, tag="goal.approach_chosen.v1", frozen=True, kw_only=True):
    """The owner chose how to go about it."""

    text: Personal[str]
    #: The freedom of a charter that it makes use of.
    freedom: UUID | None = None


class Retitled(Event, tag="goal.retitled.v1", frozen=True, kw_only=True):
    """Title, description or tags were changed."""

    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None


class Resumed(Event, tag="goal.resumed.v1", frozen=True, kw_only=True):
    """An agreed pause was ended early."""

    by: Literal["owner", "sponsor"]


# --- renegotiation -----------------------------------------------------------------------------------------------


class ChangeProposed(Event, tag="goal.change_proposed.v1", frozen=True, kw_only=True):
    """One side proposed other terms; the old ones hold."""

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
    """The other side proposed something else instead."""

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
    """The proposal was accepted: its terms hold from here on."""

    by: Literal["owner", "sponsor"]
    #: The proposal or counter that now holds.
    answers: UUID
    taken_as: TakenAs
    #: Accepted by the proposer in the other role, in the same command (self-set goal).
    self_accepted: bool = False
    #: A hand-over that a steward accepted: the party whose place is taken has left, or is absent beyond the policy.
    for_departed: bool = False
    trade_offs: tuple[TradeOff, ...] = ()
    load_estimated: bool = False
    #: `unpriced`: what was named as giving, and is not enough.
    insufficient: tuple[TradeOff, ...] = ()


class ChangeRejected(Event, tag="goal.change_rejected.v1", frozen=True, kw_only=True):
    """The proposal was rejected; the old terms stand."""

    by: Literal["owner", "sponsor"]
    answers: UUID


class ChangeWithdrawn(Event, tag="goal.change_withdrawn.v1", frozen=True, kw_only=True):
    """The proposal was taken back."""

    answers: UUID


class ChangeTimedOut(Event, tag="goal.change_timed_out.v1", frozen=True, kw_only=True):
    """No answer to the proposal came in time; the old terms stand."""

    silent: Literal["owner", "sponsor"]
    #: The owner's proposal had been in time: a later lapse is not the owner's break.
    sponsor_missed_answer: bool = False


class HandOverJoined(Event, tag="goal.hand_over_joined.v1", frozen=True, kw_only=True):
    """The member named in a hand-over agreed to it."""

    member: UUID
    role: Literal["owner", "sponsor"]
    taken_as: TakenAs | None = None
    #: What gives on the new owner's side, in addition to what the proposal names.
    trade_offs: tuple[TradeOff, ...] = ()
    #: Whether what is named so far would have sufficed at this event: only then can the load have changed since.
    trade_offs_suffice: bool = False
    load_estimated: bool = False
    #: `unpriced`: what was named as giving, and is not enough.
    insufficient: tuple[TradeOff, ...] = ()


class HandOverRefused(Event, tag="goal.hand_over_refused.v1", frozen=True, kw_only=True):
    """The member named in a hand-over did not want to."""

    member: UUID


# --- completion and ends -----------------------------------------------------------------------------------------


class CompletionDeclared(Event, tag="goal.completion_declared.v1", frozen=True, kw_only=True):
    """The owner declared it complete."""

    evidence: tuple[Evidence, ...] = ()
    #: No evidence per condition was given: it covers all.
    wholesale: bool = False
    #: After the due.
    late: bool = False
    #: After the due, and within the time that a rejection gave for rework.
    within_rework: bool = False


class SatisfactionDeclared(Event, tag="goal.satisfaction_declared.v1", frozen=True, kw_only=True):
    """The sponsor declared satisfaction: the end."""

    answers: UUID
    verdicts: tuple[Verdict, ...] = ()
    wholesale: bool = False


class DeliveryRejected(Event, tag="goal.delivery_rejected.v1", frozen=True, kw_only=True):
    """The sponsor sent it back, citing an unmet condition."""

    answers: UUID
    condition: str
    rework_by: date


class CompletionRetracted(Event, tag="goal.completion_retracted.v1", frozen=True, kw_only=True):
    """The owner took the delivery back."""


class DeliveryDisputed(Event, tag="goal.delivery_disputed.v1", frozen=True, kw_only=True):
    """A mediator was named to rule on the delivery."""

    by: Literal["owner", "sponsor"]
    mediator: UUID
    decide_by: date


class RuledSatisfied(Event, tag="goal.ruled_satisfied.v1", frozen=True, kw_only=True):
    """The mediator ruled that the conditions are met: the end."""


class RuledBroken(Event, tag="goal.ruled_broken.v1", frozen=True, kw_only=True):
    """The mediator ruled that the promise is broken: the end."""


class DeemedSatisfied(Event, tag="goal.deemed_satisfied.v1", frozen=True, kw_only=True):
    """The sponsor's time for a verdict passed: deemed satisfied, the end."""


class GoalCancelled(Event, tag="goal.cancelled.v1", frozen=True, kw_only=True):
    """The sponsor cancelled it, the need being gone: the end."""

    trade_offs: tuple[TradeOff, ...] = ()
    #: Of a self-set goal, whose owner so revokes the promise: early enough. None: both sides are not one person.
    in_time: bool | None = None


class GoalReleased(Event, tag="goal.released.v1", frozen=True, kw_only=True):
    """The sponsor freed the owner: the end."""

    trade_offs: tuple[TradeOff, ...] = ()
    #: As in `GoalCancelled`.
    in_time: bool | None = None


class PromiseWithdrawn(Event, tag="goal.promise_withdrawn.v1", frozen=True, kw_only=True):
    """The owner revoked the promise: the end."""

    in_time: bool
    mitigation: Personal[str] = ""
    #: Neither mitigation nor another owner was named.
    wholesale: bool = False
    trade_offs: tuple[TradeOff, ...] = ()


class GoalLapsed(Event, tag="goal.lapsed.v1", frozen=True, kw_only=True):
    """Due date and grace passed."""

    #: The due date whose grace has passed.
    due: date
    #: The owner had proposed in time and the sponsor never answered.
    sponsor_missed_answer: bool = False


class ClosedBroken(Event, tag="goal.closed_broken.v1", frozen=True, kw_only=True):
    """The sponsor closed a lapsed goal as broken: the end."""


class GivenUp(Event, tag="goal.given_up.v1", frozen=True, kw_only=True):
    """A lapsed goal without a word for long was closed: the end."""


class SponsorReassigned(Event, tag="goal.sponsor_reassigned.v1", frozen=True, kw_only=True):
    """A steward named another sponsor for one who is gone."""

    sponsor: UUID
    former: UUID


class DepartedReleased(Event, tag="goal.departed_released.v1", frozen=True, kw_only=True):
    """A steward freed a goal whose owner is gone: the end."""


GoalEvent = (
    GoalDrafted | DraftRevised | GoalDiscarded | GoalRequested | GoalOffered | GoalCountered | AnswerDeferred
    | ClarificationAsked | GoalDeclined | GoalWithdrawn | GoalExpired | ResponseReminded | GoalPromised | GoalAccepted
    | CheckedIn | CheckInDue | FeedbackGiven | BlockerRaised | BlockerResolved | NeedAnswered | ValueRecorded
    | StatementTakenBack
    | Affirmed | LinkAffirmed | Unlinked | ApproachChosen | Retitled | Resumed | ChangeProposed | ChangeCountered
    | ChangeAccepted | ChangeRejected | ChangeWithdrawn | ChangeTimedOut | HandOverJoined | HandOverRefused
    | CompletionDeclared | SatisfactionDeclared | DeliveryRejected | CompletionRetracted | DeliveryDisputed
    | RuledSatisfied | RuledBroken | DeemedSatisfied | GoalCancelled | GoalReleased | PromiseWithdrawn | GoalLapsed
    | ClosedBroken | GivenUp | SponsorReassigned | DepartedReleased
)  # fmt: skip

#: Facts only: may be recorded behind a stream's last event. Everything else moves the agreement.
BACK_DATABLE = (CheckedIn, FeedbackGiven, ValueRecorded, StatementTakenBack)
