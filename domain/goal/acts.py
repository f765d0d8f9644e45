"""Everything a party can say about a goal: each Struct is a request body and an import row's act."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec

from domain.personal import Value
from domain.quantities import Number
from domain.reasons import Reason
from domain.references import FactId, Ref
from domain.terms import ConditionId, Conditions, MeasureInput, Priority, ShortText, Supports, TermsInput, Text, Title

EventId = Annotated[str, msgspec.Meta(min_length=36, max_length=36)]
Note = Annotated[str, msgspec.Meta(max_length=4000)]
Tags = Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=40)]], msgspec.Meta(max_length=20)]
RoleInGoal = Literal["owner", "sponsor"]


class TradeOffInput(Value, frozen=True, kw_only=True):
    """What gives. On an addition `goal` is what gives; on the giving act `for` is the goal it pays for."""

    kind: Literal["drop", "defer", "rescope", "hand_over", "pause", "capacity"]
    goal: Ref | None = None
    for_: Ref | None = msgspec.field(default=None, name="for")


TradeOffs = Annotated[list[TradeOffInput], msgspec.Meta(max_length=20)]


class Pause(Value, frozen=True, kw_only=True):
    """No load, no lapse, no staleness from the first day until the day on which work resumes."""

    paused_from: date
    resume_on: date


class Changes(Value, frozen=True, kw_only=True):
    """A diff of terms: only what is to change."""

    outcome: Text | None = None
    measure: MeasureInput | None = None
    conditions: Conditions | None = None
    start: date | None = None
    due: date | None = None
    effort_hours: Number | None = None
    priority: Priority | None = None
    supports: Supports | None = None
    owner: Ref | None = None
    sponsor: Ref | None = None
    pause: Pause | None = None


class EvidenceInput(Value, frozen=True, kw_only=True):
    """What shows that a condition is met."""

    condition: ConditionId
    text: Note = ""
    url: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class VerdictInput(Value, frozen=True, kw_only=True):
    """Whether the sponsor finds a condition met."""

    condition: ConditionId
    met: bool
    text: Note = ""


class BlockerInput(Value, frozen=True, kw_only=True):
    """What stands in the way, and who acts next."""

    text: Note
    type: ShortText = ""
    acts_next: Ref | None = None
    next_action: Note = ""


class NeedInput(Value, frozen=True, kw_only=True):
    """A request for support: to whom, until when."""

    text: Note
    addressee: Ref | None = None
    answer_by: date | None = None


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something a party says. `as` names the role where one person holds both; the agreement asks for reasons."""

    #: A party commits itself, ends a promise or judges it by those that say so; the others state facts, or ask
    #: (`domain.authority`).
    is_authoritative: ClassVar[bool] = False

    #: Fields that only a row of an import may leave out: an imported history has no event ids.
    needed: ClassVar[tuple[str, ...]] = ()

    as_: RoleInGoal | None = msgspec.field(default=None, name="as")
    reason: Reason | None = None


class _Opening(Act, frozen=True, kw_only=True):
    """Shared by the three ways a goal begins."""

    title: Title | None = None
    owner: Ref | None = None
    sponsor: Ref | None = None
    team: Ref | None = None
    terms: TermsInput | None = None
    description: Note = ""
    tags: Tags = []
    ref: Ref | None = None
    #: The goal that this one follows up: what lies outside its conditions, or what was dropped and comes back.
    follow_up_of: Ref | None = None


class Draft(_Opening, tag="draft", frozen=True, kw_only=True):
    """Write a goal down without asking or offering anything yet."""


class ReviseDraft(_Opening, tag="revise_draft", frozen=True, kw_only=True):
    """Change a draft; its author only."""


class Request(_Opening, tag="request", frozen=True, kw_only=True):
    """The sponsor asks. Assigning is a request marked `imposed`: it still needs the owner's promise."""

    imposed: bool = False
    trade_offs: TradeOffs = []
    #: The sponsor knows that this may take the owner over the line, and accepts that.
    accept_overload: bool = False


class Offer(_Opening, tag="offer", frozen=True, kw_only=True):
    """The owner offers."""

    is_authoritative: ClassVar[bool] = True

    trade_offs: TradeOffs = []


class Discard(Act, tag="discard", frozen=True, kw_only=True):
    """Throw a draft away; its author only."""


class _Answer(Act, frozen=True, kw_only=True):
    """Answers something that is open, named by its event id."""

    needed: ClassVar[tuple[str, ...]] = ("answers",)

    answers: EventId | None = None


class Promise(_Answer, tag="promise", frozen=True, kw_only=True):
    """The owner promises: only the owner can, and only what is open."""

    is_authoritative: ClassVar[bool] = True

    trade_offs: TradeOffs = []


class Accept(_Answer, tag="accept", frozen=True, kw_only=True):
    """The sponsor accepts an offer or counter, and may say what the sponsor promises back."""

    is_authoritative: ClassVar[bool] = True

    promises_back: Note = ""


class Counter(_Answer, tag="counter", frozen=True, kw_only=True):
    """Other terms: only what differs."""

    is_authoritative: ClassVar[bool] = True

    terms: TermsInput
    trade_offs: TradeOffs = []
    accept_overload: bool = False


class DeferAnswer(Act, tag="defer_answer", frozen=True, kw_only=True):
    """Promise to answer by a day, within the policy's maximum."""

    answer_by: date


class Decline(_Answer, tag="decline", frozen=True, kw_only=True):
    """Say no; a code is enough, "capacity" among them, and it cannot be overridden."""


class Withdraw(Act, tag="withdraw", frozen=True, kw_only=True):
    """Take back what was asked or offered, before it became a promise."""


class Clarify(Act, tag="clarify", frozen=True, kw_only=True):
    """Ask or answer a question; the other side's clock waits, at most twice."""

    text: Note


class CheckIn(Act, tag="check_in", frozen=True, kw_only=True):
    """Progress, confidence, blockers, ideas, needs: support, not surveillance. Ratios are 0..1."""

    note: Note = ""
    progress: Number | None = None
    confidence: Number | None = None
    #: The measure's current value.
    value: Number | None = None
    blockers: Annotated[list[BlockerInput], msgspec.Meta(max_length=20)] | None = None
    ideas: Annotated[list[Note], msgspec.Meta(max_length=20)] = []
    needs: Annotated[list[NeedInput], msgspec.Meta(max_length=20)] = []
    #: An earlier check-in that was wrong: what this one says holds in its place.
    corrects: FactId | None = None


class Feedback(Act, tag="feedback", frozen=True, kw_only=True):
    """Feedback both ways: on progress, on inputs and clarity."""

    text: Note
    on: Literal["progress", "inputs", "clarity", "other"] = "other"


class RaiseBlocker(Act, tag="raise_blocker", frozen=True, kw_only=True):
    """Say what stands in the way and who acts next."""

    blocker: BlockerInput


class ResolveBlocker(Act, tag="resolve_blocker", frozen=True, kw_only=True):
    """Say how a blocker was resolved."""

    needed: ClassVar[tuple[str, ...]] = ("blocker",)

    #: A row of an import may leave it out: the oldest open one that its party may resolve.
    blocker: EventId | None = None
    resolution: Note


class AnswerNeed(Act, tag="answer_need", frozen=True, kw_only=True):
    """The helper's side of a need."""

    needed: ClassVar[tuple[str, ...]] = ("need",)

    #: "<check-in event id>/<index of the need, from 0>". A row of an import may leave it out: the oldest open one that
    #: asks its party.
    need: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    text: Note


class RecordValue(Act, tag="record_value", frozen=True, kw_only=True):
    """A reading of the measure; a machine's never resets staleness."""

    value: Number
    #: An earlier reading that was wrong: this one holds in its place.
    corrects: FactId | None = None


class TakeBackStatement(Act, tag="take_back", frozen=True, kw_only=True):
    """Take back a check-in or a reading of the measure that was wrong: what was said before it holds again."""

    corrects: FactId


class ProposeChange(Act, tag="propose_change", frozen=True, kw_only=True):
    """Renegotiate: what would change and why, and what gives; old terms hold until it is accepted."""

    is_authoritative: ClassVar[bool] = True

    changes: Changes
    trigger: Literal["blocker", "need", "parent", "purpose", "other"] = "other"
    trade_offs: TradeOffs = []
    accept_overload: bool = False
    conflict_with: Note = ""


class AcceptChange(_Answer, tag="accept_change", frozen=True, kw_only=True):
    """Agree to the open proposal; an owner who takes on more may name what gives."""

    is_authoritative: ClassVar[bool] = True

    trade_offs: TradeOffs = []


class RejectChange(_Answer, tag="reject_change", frozen=True, kw_only=True):
    """The old terms stand."""


class CounterChange(_Answer, tag="counter_change", frozen=True, kw_only=True):
    """Yes, if: the other side's version of the open proposal."""

    is_authoritative: ClassVar[bool] = True

    changes: Changes
    trade_offs: TradeOffs = []
    accept_overload: bool = False


class WithdrawChange(_Answer, tag="withdraw_change", frozen=True, kw_only=True):
    """Take one's own proposal back."""


class Join(Act, tag="join", frozen=True, kw_only=True):
    """The member named as new owner or sponsor agrees; a new owner may name what gives."""

    is_authoritative: ClassVar[bool] = True

    trade_offs: TradeOffs = []


class Refuse(Act, tag="refuse", frozen=True, kw_only=True):
    """The member named as new owner or sponsor declines; the hand-over falls."""


class DeclareComplete(Act, tag="declare_complete", frozen=True, kw_only=True):
    """The owner says it is done, with evidence per condition or wholesale."""

    evidence: Annotated[list[EvidenceInput], msgspec.Meta(max_length=7)] = []


class DeclareSatisfied(_Answer, tag="declare_satisfied", frozen=True, kw_only=True):
    """The sponsor says the conditions are met."""

    is_authoritative: ClassVar[bool] = True

    verdicts: Annotated[list[VerdictInput], msgspec.Meta(max_length=7)] = []


class RejectDelivery(_Answer, tag="reject_delivery", frozen=True, kw_only=True):
    """The sponsor sends it back: which condition is unmet, and until when to rework."""

    condition: ConditionId
    rework_by: date


class RetractCompletion(Act, tag="retract_completion", frozen=True, kw_only=True):
    """The owner takes a delivery back; the days in delivery do not count."""


class Dispute(Act, tag="dispute", frozen=True, kw_only=True):
    """Name a mediator, neither party, and a time-box."""

    mediator: Ref
    decide_by: date


class RuleSatisfied(Act, tag="rule_satisfied", frozen=True, kw_only=True):
    """The mediator finds the conditions met."""

    is_authoritative: ClassVar[bool] = True


class RuleBroken(Act, tag="rule_broken", frozen=True, kw_only=True):
    """The mediator finds the promise broken."""

    is_authoritative: ClassVar[bool] = True


class Cancel(Act, tag="cancel", frozen=True, kw_only=True):
    """The sponsor's need is gone."""

    is_authoritative: ClassVar[bool] = True

    trade_offs: TradeOffs = []


class Release(Act, tag="release", frozen=True, kw_only=True):
    """The sponsor frees the owner; the need stays."""

    is_authoritative: ClassVar[bool] = True

    trade_offs: TradeOffs = []


class WithdrawPromise(Act, tag="withdraw_promise", frozen=True, kw_only=True):
    """The owner revokes the promise, with a mitigation if there is one."""

    is_authoritative: ClassVar[bool] = True

    mitigation: Note = ""
    trade_offs: TradeOffs = []


class CloseBroken(Act, tag="close_broken", frozen=True, kw_only=True):
    """The sponsor closes a lapsed goal, in neutral words."""

    is_authoritative: ClassVar[bool] = True


class ReassignSponsor(Act, tag="reassign_sponsor", frozen=True, kw_only=True):
    """A steward names another sponsor for one who left or is long absent."""

    is_authoritative: ClassVar[bool] = True

    sponsor: Ref


class ReleaseDeparted(Act, tag="release_departed", frozen=True, kw_only=True):
    """A steward frees a goal whose owner left."""

    is_authoritative: ClassVar[bool] = True


class ChooseApproach(Act, tag="choose_approach", frozen=True, kw_only=True):
    """The owner's freedom: how. Never gated."""

    text: Note
    #: A freedom of the charter of the goal's team, or of the organisation's, that it makes use of.
    freedom: Ref | None = None


class Retitle(Act, tag="retitle", frozen=True, kw_only=True):
    """Title, description, tags: cosmetic."""

    title: Title | None = None
    description: Note | None = None
    tags: Tags | None = None


class Affirm(Act, tag="affirm", frozen=True, kw_only=True):
    """Nothing changed, still right."""

    note: Note = ""


class AffirmLink(Act, tag="affirm_link", frozen=True, kw_only=True):
    """What this goal supports has changed, and it still supports it."""

    supports: Supports


class Unlink(Act, tag="unlink", frozen=True, kw_only=True):
    """This goal no longer supports that."""

    supports: Supports


class Resume(Act, tag="resume", frozen=True, kw_only=True):
    """Work resumes before the agreed day."""


GoalAct = (
    Draft | ReviseDraft | Request | Offer | Discard | Promise | Accept | Counter | DeferAnswer | Decline | Withdraw
    | Clarify | CheckIn | Feedback | RaiseBlocker | ResolveBlocker | AnswerNeed | RecordValue
    | TakeBackStatement | ProposeChange
    | AcceptChange | RejectChange | CounterChange | WithdrawChange | Join | Refuse | DeclareComplete
    | DeclareSatisfied | RejectDelivery | RetractCompletion | Dispute | RuleSatisfied | RuleBroken | Cancel | Release
    | WithdrawPromise | CloseBroken | ReassignSponsor | ReleaseDeparted | ChooseApproach | Retitle | Affirm
    | AffirmLink | Unlink | Resume
)  # fmt: skip

#: Act name (as in the agreement) -> its Struct.
ACTS: dict[str, type[Act]] = {str(cls.__struct_config__.tag): cls for cls in GoalAct.__args__}


#: Acts that may be recorded behind a stream's last event: facts, not moves.
BACK_DATABLE_ACTS = (CheckIn, Feedback, RecordValue, TakeBackStatement)
