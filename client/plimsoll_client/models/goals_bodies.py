"""Models of goals_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal
from msgspec import UNSET, Struct, UnsetType, field

from plimsoll_client.models.event_parts_bodies import Condition
from plimsoll_client.models.event_parts_bodies import GoalKind
from plimsoll_client.models.event_parts_bodies import PauseGoal
from plimsoll_client.models.event_parts_bodies import Priority
from plimsoll_client.models.shared_bodies import Reason
from plimsoll_client.models.event_parts import Terms


class AcceptChange(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="accept_change"):
    """Agree to the open proposal; an owner who takes on more may name what gives."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class AcceptGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="accept"):
    """The sponsor accepts an offer or counter, and may say what the sponsor promises back."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    promises_back: str = ""
    reason: Reason | UnsetType | None = UNSET


class AffirmGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="affirm"):
    """Nothing changed, still right."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    note: str = ""
    reason: Reason | UnsetType | None = UNSET


class AffirmLink(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="affirm_link"):
    """What this goal supports has changed, and it still supports it."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    supports: list[SupportInput]


class AnswerNeed(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="answer_need"):
    """The helper's side of a need."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    need: str
    reason: Reason | UnsetType | None = UNSET
    text: str


class BeginDraft(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="draft"):
    """Write a goal down without asking or offering anything yet."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    description: str = ""
    follow_up_of: str | UnsetType | None = UNSET
    owner: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    sponsor: str | UnsetType | None = UNSET
    tags: list[str] = []
    team: str | UnsetType | None = UNSET
    terms: TermsInput | UnsetType | None = UNSET
    title: str


class BeginOffer(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="offer"):
    """The owner offers a promise to the sponsor."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    description: str = ""
    follow_up_of: str | UnsetType | None = UNSET
    owner: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    sponsor: str
    tags: list[str] = []
    team: str | UnsetType | None = UNSET
    terms: OpeningTerms
    title: str
    trade_offs: list[TradeOffInput] = []


class BeginRequest(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="request"):
    """The sponsor asks the owner for a promise. `imposed` marks an assignment: it still needs the owner's promise."""

    accept_overload: bool = False
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    description: str = ""
    follow_up_of: str | UnsetType | None = UNSET
    imposed: bool = False
    owner: str
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    sponsor: str | UnsetType | None = UNSET
    tags: list[str] = []
    team: str | UnsetType | None = UNSET
    terms: OpeningTerms
    title: str
    trade_offs: list[TradeOffInput] = []


class BlockerInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in the way, and who acts next."""

    acts_next: str | UnsetType | None = UNSET
    next_action: str = ""
    text: str
    type: str = ""


class CancelGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="cancel"):
    """The sponsor's need is gone."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class ChangesInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A diff of terms: only what is to change."""

    conditions: list[str | Condition] | UnsetType | None = UNSET
    due: date | UnsetType | None = UNSET
    effort_hours: int | float | str | UnsetType | None = UNSET
    measure: MeasureInput | UnsetType | None = UNSET
    outcome: str | UnsetType | None = UNSET
    owner: str | UnsetType | None = UNSET
    pause: PauseGoal | UnsetType | None = UNSET
    priority: Priority | UnsetType | None = UNSET
    sponsor: str | UnsetType | None = UNSET
    start: date | UnsetType | None = UNSET
    supports: list[SupportInput] | UnsetType | None = UNSET


class CheckIn(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="check_in"):
    """Progress, confidence, blockers, ideas, needs: support, not surveillance. Ratios are 0..1."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    blockers: list[BlockerInput] | UnsetType | None = UNSET
    confidence: int | float | str | UnsetType | None = UNSET
    corrects: str | UnsetType | None = UNSET
    ideas: list[str] = []
    needs: list[NeedInput] = []
    note: str = ""
    progress: int | float | str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    value: int | float | str | UnsetType | None = UNSET


class ChooseApproach(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="choose_approach"):
    """The owner's freedom: how. Never gated."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    freedom: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    text: str


class ClarifyGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="clarify"):
    """Ask or answer a question; the other side's clock waits, at most twice."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    text: str


class CloseBroken(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="close_broken"):
    """The sponsor closes a lapsed goal, in neutral words."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class CounterChange(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="counter_change"):
    """Yes, if: the other side's version of the open proposal."""

    accept_overload: bool = False
    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    changes: ChangesInput
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class CounterGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="counter"):
    """Other terms: only what differs."""

    accept_overload: bool = False
    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    terms: TermsInput
    trade_offs: list[TradeOffInput] = []


class DeclareComplete(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="declare_complete"):
    """The owner says it is done, with evidence per condition or wholesale."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    evidence: list[EvidenceInput] = []
    reason: Reason | UnsetType | None = UNSET


class DeclareSatisfied(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="declare_satisfied"):
    """The sponsor says the conditions are met."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    verdicts: list[VerdictInput] = []


class DeclineGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="decline"):
    """Say no; a code is enough, "capacity" among them, and it cannot be overridden."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class DeferAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="defer_answer"):
    """Promise to answer by a day, within the policy's maximum."""

    answer_by: date
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class DiscardDraft(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="discard"):
    """Throw a draft away; its author only."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class DisputeDelivery(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="dispute"):
    """Name a mediator, neither party, and a time-box."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    decide_by: date
    mediator: str
    reason: Reason | UnsetType | None = UNSET


class DraftGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="draft"):
    """Write a goal down without asking or offering anything yet."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    description: str = ""
    follow_up_of: str | UnsetType | None = UNSET
    owner: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    sponsor: str | UnsetType | None = UNSET
    tags: list[str] = []
    team: str | UnsetType | None = UNSET
    terms: TermsInput | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET


class EvidenceInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What shows that a condition is met."""

    condition: str
    text: str = ""
    url: str = ""


class GiveFeedback(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="feedback"):
    """Feedback both ways: on progress, on inputs and clarity."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    on: Literal["clarity", "inputs", "other", "progress"] = "other"
    reason: Reason | UnsetType | None = UNSET
    text: str


class JoinHandOver(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="join"):
    """The member named as new owner or sponsor agrees; a new owner may name what gives."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class MeasureInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A measure as written: quantities as numbers or decimal strings."""

    baseline: int | float | str | UnsetType | None = UNSET
    high: int | float | str | UnsetType | None = UNSET
    kind: Literal["binary", "milestone", "number", "range"]
    low: int | float | str | UnsetType | None = UNSET
    target: int | float | str | UnsetType | None = UNSET
    unit: str = ""


class NeedInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request for support: to whom, until when."""

    addressee: str | UnsetType | None = UNSET
    answer_by: date | UnsetType | None = UNSET
    text: str


class OfferGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="offer"):
    """The owner offers."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    description: str = ""
    follow_up_of: str | UnsetType | None = UNSET
    owner: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    sponsor: str | UnsetType | None = UNSET
    tags: list[str] = []
    team: str | UnsetType | None = UNSET
    terms: TermsInput | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class OpeningTerms(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The terms of a request or offer: what a draft may still leave open is said."""

    conditions: list[str | Condition]
    due: date
    effort_hours: int | float | str | UnsetType | None = UNSET
    kind: GoalKind | UnsetType | None = UNSET
    measure: MeasureInput | UnsetType | None = UNSET
    outcome: str | UnsetType | None = UNSET
    priority: Priority | UnsetType | None = UNSET
    start: date | UnsetType | None = UNSET
    supports: list[SupportInput] | UnsetType | None = UNSET


class PromiseGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="promise"):
    """The owner promises: only the owner can, and only what is open."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class ProposeChange(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="propose_change"):
    """Renegotiate: what would change and why, and what gives; old terms hold until it is accepted."""

    accept_overload: bool = False
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    changes: ChangesInput
    conflict_with: str = ""
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []
    trigger: Literal["blocker", "need", "other", "parent", "purpose"] = "other"


class RaiseBlocker(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="raise_blocker"):
    """Say what stands in the way and who acts next."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    blocker: BlockerInput
    reason: Reason | UnsetType | None = UNSET


class ReassignSponsor(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="reassign_sponsor"):
    """A steward names another sponsor for one who left or is long absent."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    sponsor: str


class RecordValue(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="record_value"):
    """A reading of the measure; a machine's never resets staleness."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    corrects: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    value: int | float | str


class RefuseHandOver(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="refuse"):
    """The member named as new owner or sponsor declines; the hand-over falls."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class RejectChange(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="reject_change"):
    """The old terms stand."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class RejectDelivery(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="reject_delivery"):
    """The sponsor sends it back: which condition is unmet, and until when to rework."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    condition: str
    reason: Reason | UnsetType | None = UNSET
    rework_by: date


class ReleaseDeparted(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="release_departed"):
    """A steward frees a goal whose owner left."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class ReleaseGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="release"):
    """The sponsor frees the owner; the need stays."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class RequestGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="request"):
    """The sponsor asks. Assigning is a request marked `imposed`: it still needs the owner's promise."""

    accept_overload: bool = False
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    description: str = ""
    follow_up_of: str | UnsetType | None = UNSET
    imposed: bool = False
    owner: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    sponsor: str | UnsetType | None = UNSET
    tags: list[str] = []
    team: str | UnsetType | None = UNSET
    terms: TermsInput | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class ResolveBlocker(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="resolve_blocker"):
    """Say how a blocker was resolved."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    blocker: str
    reason: Reason | UnsetType | None = UNSET
    resolution: str


class ResumeGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="resume"):
    """Work resumes before the agreed day."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class RetitleGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="retitle"):
    """Title, description, tags: cosmetic."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    description: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET


class RetractCompletion(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="retract_completion"
):
    """The owner takes a delivery back; the days in delivery do not count."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class ReviseDraft(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="revise_draft"):
    """Change a draft; its author only."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    description: str = ""
    follow_up_of: str | UnsetType | None = UNSET
    owner: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    sponsor: str | UnsetType | None = UNSET
    tags: list[str] = []
    team: str | UnsetType | None = UNSET
    terms: TermsInput | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET


class RuleBroken(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="rule_broken"):
    """The mediator finds the promise broken."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class RuleSatisfied(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="rule_satisfied"):
    """The mediator finds the conditions met."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class SupportInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal by id or external reference, or a purpose."""

    goal: str | UnsetType | None = UNSET
    purpose: str | UnsetType | None = UNSET


class TakeBackStatement(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="take_back"):
    """Take back a check-in or a reading of the measure that was wrong: what was said before it holds again."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    corrects: str
    reason: Reason | UnsetType | None = UNSET


class TermsInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Terms as written; plain strings are accepted as conditions and get ids. All optional: a draft may be half done,
    a change is a diff. What must be there is a rule of the act."""

    conditions: list[str | Condition] | UnsetType | None = UNSET
    due: date | UnsetType | None = UNSET
    effort_hours: int | float | str | UnsetType | None = UNSET
    kind: GoalKind | UnsetType | None = UNSET
    measure: MeasureInput | UnsetType | None = UNSET
    outcome: str | UnsetType | None = UNSET
    priority: Priority | UnsetType | None = UNSET
    start: date | UnsetType | None = UNSET
    supports: list[SupportInput] | UnsetType | None = UNSET


class TradeOffInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What gives. On an addition `goal` is what gives; on the giving act `for` is the goal it pays for."""

    for_: str | UnsetType | None = field(default=UNSET, name="for")
    goal: str | UnsetType | None = UNSET
    kind: Literal["capacity", "defer", "drop", "hand_over", "pause", "rescope"]


class UnlinkGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="unlink"):
    """This goal no longer supports that."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    supports: list[SupportInput]


class VerdictInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether the sponsor finds a condition met."""

    condition: str
    met: bool
    text: str = ""


class WithdrawChange(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="withdraw_change"):
    """Take one's own proposal back."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class WithdrawGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="withdraw"):
    """Take back what was asked or offered, before it became a promise."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class WithdrawPromise(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="withdraw_promise"):
    """The owner revokes the promise, with a mitigation if there is one."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    mitigation: str = ""
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []
