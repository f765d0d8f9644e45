"""Models of goal_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts import Blocker
from plimsoll_client.models.event_parts import DraftTerms
from plimsoll_client.models.event_parts import Support
from plimsoll_client.models.event_parts import Terms
from plimsoll_client.models.event_parts import TermsDiff
from plimsoll_client.models.event_parts import TradeOff


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What shows that a condition is met."""

    condition: str
    text: str = ""
    url: str = ""


class GoalAcceptedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.accepted.v1"):
    """The sponsor accepted the owner's offer or counter: the goal is active."""

    answers: UUID
    insufficient: list[TradeOff] = []
    load_estimated: bool = False
    promises_back: str = ""
    taken_as: TakenAs


class GoalAffirmedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.affirmed.v1"):
    """The owner affirmed that nothing has changed."""

    note: str = ""


class GoalAnswerDeferredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.answer_deferred.v1"
):
    """The owner promised to answer by a day."""

    answer_by: date


class GoalApproachChosenV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.approach_chosen.v1"
):
    """The owner chose how to go about it."""

    freedom: UUID | None = None
    text: str


class GoalBlockerRaisedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.blocker_raised.v1"
):
    """Something stands in the way."""

    blocker: Blocker


class GoalBlockerResolvedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.blocker_resolved.v1"
):
    """What stood in the way is gone."""

    blocker: UUID
    resolution: str


class GoalCancelledV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.cancelled.v1"):
    """The sponsor cancelled it, the need being gone: the end."""

    in_time: bool | None = None
    trade_offs: list[TradeOff] = []


class GoalChangeAcceptedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.change_accepted.v1"
):
    """The proposal was accepted: its terms hold from here on."""

    answers: UUID
    by: str
    for_departed: bool = False
    insufficient: list[TradeOff] = []
    load_estimated: bool = False
    self_accepted: bool = False
    taken_as: TakenAs
    trade_offs: list[TradeOff] = []


class GoalChangeCounteredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.change_countered.v1"
):
    """The other side proposed something else instead."""

    accept_overload: bool = False
    answers: UUID
    by: str
    changes: TermsDiff
    in_time: bool
    retroactive: bool = False
    trade_offs: list[TradeOff] = []
    trade_offs_suffice: bool = False


class GoalChangeProposedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.change_proposed.v1"
):
    """One side proposed other terms; the old ones hold."""

    accept_overload: bool = False
    by: str
    changes: TermsDiff
    conflict_with: str = ""
    in_time: bool
    retroactive: bool = False
    trade_offs: list[TradeOff] = []
    trade_offs_suffice: bool = False
    trigger: str = "other"


class GoalChangeRejectedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.change_rejected.v1"
):
    """The proposal was rejected; the old terms stand."""

    answers: UUID
    by: str


class GoalChangeTimedOutV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.change_timed_out.v1"
):
    """No answer to the proposal came in time; the old terms stand."""

    silent: str
    sponsor_missed_answer: bool = False


class GoalChangeWithdrawnV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.change_withdrawn.v1"
):
    """The proposal was taken back."""

    answers: UUID


class GoalCheckInDueV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.check_in_due.v1"
):
    """The owner was reminded that the cadence had passed without a word."""

    to: UUID


class GoalCheckedInV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.checked_in.v1"
):
    """The owner said how it goes: progress, confidence, blockers, ideas, needs."""

    blockers: list[Blocker] | None = None
    confidence: str | None = None
    corrects: UUID | None = None
    ideas: list[str] = []
    needs: list[Need] = []
    note: str = ""
    progress: str | None = None
    value: str | None = None


class GoalClarificationAskedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.clarification_asked.v1"
):
    """One side asked a question before answering."""

    by: str
    text: str
    waited_working_days: int | None = None


class GoalClosedBrokenV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.closed_broken.v1"
):
    """The sponsor closed a lapsed goal as broken: the end."""


class GoalCompletionDeclaredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.completion_declared.v1"
):
    """The owner declared it complete."""

    evidence: list[Evidence] = []
    late: bool = False
    wholesale: bool = False
    within_rework: bool = False


class GoalCompletionRetractedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.completion_retracted.v1"
):
    """The owner took the delivery back."""


class GoalCounteredV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.countered.v1"):
    """One side answered with other terms."""

    accept_overload: bool = False
    answers: UUID
    by: str
    terms: Terms
    trade_offs: list[TradeOff] = []
    trade_offs_suffice: bool = False


class GoalDeclinedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.declined.v1"):
    """The request, offer or counter was declined."""

    answers: UUID


class GoalDeemedSatisfiedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.deemed_satisfied.v1"
):
    """The sponsor's time for a verdict passed: deemed satisfied, the end."""


class GoalDeliveryDisputedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.delivery_disputed.v1"
):
    """A mediator was named to rule on the delivery."""

    by: str
    decide_by: date
    mediator: UUID


class GoalDeliveryRejectedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.delivery_rejected.v1"
):
    """The sponsor sent it back, citing an unmet condition."""

    answers: UUID
    condition: str
    rework_by: date


class GoalDepartedReleasedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.departed_released.v1"
):
    """A steward freed a goal whose owner is gone: the end."""


class GoalDiscardedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.discarded.v1"):
    """A draft was thrown away."""


class GoalDraftRevisedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.draft_revised.v1"
):
    """A draft was changed by its author."""

    description: str = ""
    follow_up_of: UUID | None = None
    owner: UUID | None = None
    ref: str | None = None
    sponsor: UUID | None = None
    tags: list[str] = []
    team: UUID | None
    terms: DraftTerms
    title: str


class GoalDraftedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.drafted.v1"):
    """A goal was written down; no party was asked yet."""

    author: UUID
    description: str = ""
    follow_up_of: UUID | None = None
    owner: UUID | None = None
    ref: str | None = None
    sponsor: UUID | None = None
    tags: list[str] = []
    team: UUID | None
    terms: DraftTerms
    title: str


class GoalExpiredV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.expired.v1"):
    """No answer came in time; `silent` says which side owed it."""

    silent: str


class GoalFeedbackGivenV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.feedback_given.v1"
):
    """One party gave the other feedback."""

    by: str
    on: str = "other"
    text: str


class GoalGivenUpV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.given_up.v1"):
    """A lapsed goal without a word for long was closed: the end."""


class GoalHandOverJoinedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.hand_over_joined.v1"
):
    """The member named in a hand-over agreed to it."""

    insufficient: list[TradeOff] = []
    load_estimated: bool = False
    member: UUID
    role: str
    taken_as: TakenAs | None = None
    trade_offs: list[TradeOff] = []
    trade_offs_suffice: bool = False


class GoalHandOverRefusedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.hand_over_refused.v1"
):
    """The member named in a hand-over did not want to."""

    member: UUID


class GoalLapsedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.lapsed.v1"):
    """Due date and grace passed."""

    due: date
    sponsor_missed_answer: bool = False


class GoalLinkAffirmedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.link_affirmed.v1"
):
    """The owner affirmed the support of a goal that had moved on."""

    supports: list[Support]


class GoalNeedAnsweredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.need_answered.v1"
):
    """A request for support was answered."""

    check_in: UUID
    need: int
    text: str


class GoalOfferedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.offered.v1"):
    """The owner offered a promise to the sponsor."""

    description: str = ""
    follow_up_of: UUID | None = None
    owner: UUID
    ref: str | None = None
    sponsor: UUID
    tags: list[str] = []
    team: UUID | None
    terms: Terms
    title: str
    trade_offs: list[TradeOff] = []
    trade_offs_suffice: bool = False


class GoalPromiseWithdrawnV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.promise_withdrawn.v1"
):
    """The owner revoked the promise: the end."""

    in_time: bool
    mitigation: str = ""
    trade_offs: list[TradeOff] = []
    wholesale: bool = False


class GoalPromisedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.promised.v1"):
    """The owner promised: the goal is active."""

    answers: UUID
    insufficient: list[TradeOff] = []
    load_estimated: bool = False
    taken_as: TakenAs
    trade_offs: list[TradeOff] = []


class GoalReleasedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.released.v1"):
    """The sponsor freed the owner: the end."""

    in_time: bool | None = None
    trade_offs: list[TradeOff] = []


class GoalRequestedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.requested.v1"):
    """The sponsor asked the owner for a promise."""

    accept_overload: bool = False
    description: str = ""
    follow_up_of: UUID | None = None
    imposed: bool = False
    owner: UUID
    ref: str | None = None
    sponsor: UUID
    tags: list[str] = []
    team: UUID | None
    terms: Terms
    title: str
    trade_offs: list[TradeOff] = []


class GoalResponseRemindedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.response_reminded.v1"
):
    """The party that owes an answer was reminded."""

    to: UUID


class GoalResumedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.resumed.v1"):
    """An agreed pause was ended early."""

    by: str


class GoalRetitledV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.retitled.v1"):
    """Title, description or tags were changed."""

    description: str | None = None
    tags: list[str] | None = None
    title: str | None = None


class GoalRuledBrokenV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.ruled_broken.v1"
):
    """The mediator ruled that the promise is broken: the end."""


class GoalRuledSatisfiedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.ruled_satisfied.v1"
):
    """The mediator ruled that the conditions are met: the end."""


class GoalSatisfactionDeclaredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.satisfaction_declared.v1"
):
    """The sponsor declared satisfaction: the end."""

    answers: UUID
    verdicts: list[Verdict] = []
    wholesale: bool = False


class GoalSponsorReassignedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.sponsor_reassigned.v1"
):
    """A steward named another sponsor for one who is gone."""

    former: UUID
    sponsor: UUID


class GoalStatementTakenBackV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.statement_taken_back.v1"
):
    """A check-in or a reading (`of`) was said wrongly: what was said before it holds again."""

    corrects: UUID
    of: str


class GoalUnlinkedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.unlinked.v1"):
    """The goal no longer supports another."""

    supports: list[Support]


class GoalValueRecordedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.value_recorded.v1"
):
    """The measure was read; never resets staleness."""

    corrects: UUID | None = None
    value: str


class GoalWithdrawnV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.withdrawn.v1"):
    """The request, offer or counter was taken back."""


class Need(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request for support: of whom, until when."""

    addressee: UUID | None = None
    answer_by: date | None = None
    text: str


class TakenAs(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an act stood to the load line when it was taken, computed under the append's lock."""

    accepted_by: UUID | None = None
    how: str
    of: UUID | None = None
    withheld: bool = False
    worst_ratio: str | None
    worst_week: date | None


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether the sponsor finds a condition met."""

    condition: str
    met: bool
    text: str = ""


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "goal.accepted.v1": GoalAcceptedV1,
    "goal.affirmed.v1": GoalAffirmedV1,
    "goal.answer_deferred.v1": GoalAnswerDeferredV1,
    "goal.approach_chosen.v1": GoalApproachChosenV1,
    "goal.blocker_raised.v1": GoalBlockerRaisedV1,
    "goal.blocker_resolved.v1": GoalBlockerResolvedV1,
    "goal.cancelled.v1": GoalCancelledV1,
    "goal.change_accepted.v1": GoalChangeAcceptedV1,
    "goal.change_countered.v1": GoalChangeCounteredV1,
    "goal.change_proposed.v1": GoalChangeProposedV1,
    "goal.change_rejected.v1": GoalChangeRejectedV1,
    "goal.change_timed_out.v1": GoalChangeTimedOutV1,
    "goal.change_withdrawn.v1": GoalChangeWithdrawnV1,
    "goal.check_in_due.v1": GoalCheckInDueV1,
    "goal.checked_in.v1": GoalCheckedInV1,
    "goal.clarification_asked.v1": GoalClarificationAskedV1,
    "goal.closed_broken.v1": GoalClosedBrokenV1,
    "goal.completion_declared.v1": GoalCompletionDeclaredV1,
    "goal.completion_retracted.v1": GoalCompletionRetractedV1,
    "goal.countered.v1": GoalCounteredV1,
    "goal.declined.v1": GoalDeclinedV1,
    "goal.deemed_satisfied.v1": GoalDeemedSatisfiedV1,
    "goal.delivery_disputed.v1": GoalDeliveryDisputedV1,
    "goal.delivery_rejected.v1": GoalDeliveryRejectedV1,
    "goal.departed_released.v1": GoalDepartedReleasedV1,
    "goal.discarded.v1": GoalDiscardedV1,
    "goal.draft_revised.v1": GoalDraftRevisedV1,
    "goal.drafted.v1": GoalDraftedV1,
    "goal.expired.v1": GoalExpiredV1,
    "goal.feedback_given.v1": GoalFeedbackGivenV1,
    "goal.given_up.v1": GoalGivenUpV1,
    "goal.hand_over_joined.v1": GoalHandOverJoinedV1,
    "goal.hand_over_refused.v1": GoalHandOverRefusedV1,
    "goal.lapsed.v1": GoalLapsedV1,
    "goal.link_affirmed.v1": GoalLinkAffirmedV1,
    "goal.need_answered.v1": GoalNeedAnsweredV1,
    "goal.offered.v1": GoalOfferedV1,
    "goal.promise_withdrawn.v1": GoalPromiseWithdrawnV1,
    "goal.promised.v1": GoalPromisedV1,
    "goal.released.v1": GoalReleasedV1,
    "goal.requested.v1": GoalRequestedV1,
    "goal.response_reminded.v1": GoalResponseRemindedV1,
    "goal.resumed.v1": GoalResumedV1,
    "goal.retitled.v1": GoalRetitledV1,
    "goal.ruled_broken.v1": GoalRuledBrokenV1,
    "goal.ruled_satisfied.v1": GoalRuledSatisfiedV1,
    "goal.satisfaction_declared.v1": GoalSatisfactionDeclaredV1,
    "goal.sponsor_reassigned.v1": GoalSponsorReassignedV1,
    "goal.statement_taken_back.v1": GoalStatementTakenBackV1,
    "goal.unlinked.v1": GoalUnlinkedV1,
    "goal.value_recorded.v1": GoalValueRecordedV1,
    "goal.withdrawn.v1": GoalWithdrawnV1,
}
