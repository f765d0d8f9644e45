"""What the API takes and sends, a Struct each. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType, field

from plimsoll_client.event_data import EventData


class Absence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """First and last day away, both included."""

    from_: date = field(name="from")
    to: date


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


class Acknowledge(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member has read this version of a non-negotiable and stands by it."""

    do: Literal["acknowledge"] | UnsetType = UNSET
    member: str | UnsetType | None = UNSET
    non_negotiable: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    version: int


class Acknowledgement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member has read this version and stands by it."""

    at: datetime
    member: UUID


class ActPreview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The dry run of an act. Nothing was recorded."""

    after: GoalSummary | None
    before: GoalSummary | None
    load: list[OwnerLoad]
    would: list[PreviewedEvent]


class AdditionEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One addition of the window: what it added, how full the owner then was, and what gave way."""

    absorbed: bool = False
    added_hours: float | None
    day: date
    estimated: bool = False
    event: UUID
    freed_hours: float | None
    goal: UUID
    kind: str
    member: UUID
    paired: str | None = None
    requester: UUID
    team: UUID | None = None
    trade_offs: list[TradeOffEntry] = []
    worst_ratio: float | None
    worst_week: date | None = None


class AdoptNonNegotiable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One more standing expectation: by the lead, or by a decision."""

    decision: str | UnsetType | None = UNSET
    do: Literal["adopt_non_negotiable"] | UnsetType = UNSET
    non_negotiable: str | UnsetType | None = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    text: str


class AdoptPurpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A proposal becomes the purpose: by a decision, or by the lead once its time-box is over."""

    decision: str | UnsetType | None = UNSET
    do: Literal["adopt_purpose"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    proposal: str
    reason: Reason | UnsetType | None = UNSET


class AffirmGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="affirm"):
    """Nothing changed, still right."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    note: str = ""
    reason: Reason | UnsetType | None = UNSET


class AffirmGoals(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing changed, still right: for each goal that is named, or (`all`) for each active one that I own."""

    all: bool = False
    goals: list[str] = []
    note: str = ""
    seen: int | UnsetType | None = UNSET


class AffirmLink(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="affirm_link"):
    """What this goal supports has changed, and it still supports it."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    supports: list[SupportInput]


class Affirmations(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of each goal, in the order in which they were named (`all`: by id)."""

    affirmed: list[AffirmedGoal]
    position: int | None
    refused: list[NotAffirmedGoal]


class AffirmedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal that was affirmed: a judgement of its own, with the terms that it is about."""

    due: date
    event: UUID
    goal: UUID
    replayed: bool = False
    title: str
    version: int


class AgreeImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Agree what will be done better, who sees to it, and until when."""

    do: Literal["agree_improvement"] | UnsetType = UNSET
    due: date
    improvement: str | UnsetType | None = UNSET
    owner: str
    text: str


class AgreeRepair(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The repair talk was held; what was agreed closes the breach."""

    breach: str
    do: Literal["agree_repair"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    text: str


class AlignmentReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The tree, and what is not in it."""

    as_of: str
    figures: list[Figure]
    more: bool
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    tree: list[PurposeNode]
    unlinked: list[UnlinkedGoal]
    untied: list[UnlinkedGoal]


class AnswerNeed(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="answer_need"):
    """The helper's side of a need."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    need: str
    reason: Reason | UnsetType | None = UNSET
    text: str


class AppointLead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give the team another lead."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["appoint_lead"] | UnsetType = UNSET
    lead: str


class ArchiveTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Archive the team: nothing new begins in it. A steward does, when its members have left it."""

    do: Literal["archive"] | UnsetType = UNSET


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


class Blocker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in the way, and who acts next."""

    acts_next: UUID | None = None
    next_action: str = ""
    text: str
    type: str = ""


class BlockerEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in a goal's way, for how long, and who acts next."""

    acts_next: UUID
    age_days: float
    blocker: UUID
    goal: UUID
    listed: bool = False


class BlockerInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in the way, and who acts next."""

    acts_next: str | UnsetType | None = UNSET
    next_action: str = ""
    text: str
    type: str = ""


class Breach(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event at which a non-negotiable was not kept, until a repair talk closes it. Its id is its event's."""

    about: UUID
    at: datetime
    by: UUID | None
    id: UUID
    non_negotiable: UUID
    ref: str | None
    text: str
    version: int


class BreachTopic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event: what it happened to, and its id (by default the last thing that happened there)."""

    charter: str | UnsetType | None = UNSET
    cycle: str | UnsetType | None = UNSET
    decision: str | UnsetType | None = UNSET
    event: UUID | UnsetType | None = UNSET
    goal: str | UnsetType | None = UNSET


class Calibration(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One member's calibration, by what was stated by then. Under `FEWEST_CASES` only how many cases there are."""

    as_of: str
    figures: list[Figure]
    policy_version: int
    recorded_as_of: datetime
    tenths: list[ConfidenceBucket]


class CancelGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="cancel"):
    """The sponsor's need is gone."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class Capacity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hours a week that the person declares, from a date on."""

    from_: date = field(name="from")
    hours_per_week: str


class CarriedImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An improvement that the cycle before left open; under the id that it has had from the beginning."""

    due: date
    improvement: UUID
    owner: UUID
    text: str


class ChangeProposal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The open change proposal; old terms hold until it is accepted."""

    by: str
    changes: TermsDiff
    id: UUID
    in_time: bool
    joined: list[UUID]
    overload_accepted_by: UUID | None
    prior: str
    proposed_at: datetime
    retroactive: bool
    trade_offs: list[TradeOff]
    trade_offs_suffice: bool
    trigger: str


class ChangeRitual(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another name, mode, cadence or length."""

    cadence_days: int | UnsetType | None = UNSET
    do: Literal["change_ritual"] | UnsetType = UNSET
    minutes: int | UnsetType | None = UNSET
    mode: Literal["async", "sync"] | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ritual: str


class ChangeTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Leave one team and join another at the same instant; a steward does."""

    do: Literal["change_team"] | UnsetType = UNSET
    join: str
    leave: str | UnsetType | None = UNSET


class ChangedSection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The latest changes, the newest first, and how many there were."""

    count: int
    items: list[DigestChange]


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


class CharterAcknowledgedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.acknowledged.v1"
):
    """A member stands by this version of a non-negotiable."""

    member: UUID
    non_negotiable: UUID
    of: Scope
    version: int


class CharterBreachRaisedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.breach_raised.v1"
):
    """A non-negotiable was not kept at the event `about`; open until a repair talk."""

    about: UUID
    non_negotiable: UUID
    of: Scope
    ref: str | None = None
    text: str
    version: int


class CharterFreedomGrantedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.freedom_granted.v1"
):
    """The team decides this for itself, in the service of this purpose version; or again, anchored anew."""

    freedom: UUID
    of: Scope
    purpose_version: int
    ref: str | None = None
    text: str


class CharterFreedomWithdrawnV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.freedom_withdrawn.v1"
):
    """A freedom was taken back."""

    freedom: UUID
    of: Scope


class CharterList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The organisation's own charter first, then the teams'."""

    charters: list[CharterSummary]


class CharterNonNegotiableAdoptedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.non_negotiable_adopted.v1"
):
    """One more standing expectation."""

    decision: UUID | None = None
    non_negotiable: UUID
    of: Scope
    ref: str | None = None
    text: str
    version: int


class CharterNonNegotiableRetiredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.non_negotiable_retired.v1"
):
    """An expectation stands no longer."""

    non_negotiable: UUID
    of: Scope


class CharterNonNegotiableRevisedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.non_negotiable_revised.v1"
):
    """A standing expectation has new words, a new version."""

    decision: UUID | None = None
    non_negotiable: UUID
    of: Scope
    text: str
    version: int


class CharterPurposeAdoptedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.purpose_adopted.v1"
):
    """The first purpose is in force."""

    decision: UUID | None = None
    of: Scope
    proposal: UUID
    text: str
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    version: int


class CharterPurposeProposedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.purpose_proposed.v1"
):
    """A member proposed why the work matters, with a time-box."""

    of: Scope
    ref: str | None = None
    text: str
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    until: date


class CharterPurposeRevisedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.purpose_revised.v1"
):
    """Another purpose is in force: what serves it is to be affirmed anew."""

    decision: UUID | None = None
    of: Scope
    proposal: UUID
    text: str
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    version: int


class CharterPutInForceV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.put_in_force.v1"
):
    """From here on there are always 3 to 5 non-negotiables."""

    of: Scope


class CharterRepairAgreedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.repair_agreed.v1"
):
    """A repair talk closed the breach."""

    breach: UUID
    of: Scope
    text: str


class CharterReviewedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.reviewed.v1"
):
    """The charter was looked at as a whole and still holds."""

    of: Scope


class CharterRitualChangedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.ritual_changed.v1"
):
    """A ritual has another name, mode, cadence or length."""

    cadence_days: int
    minutes: int
    mode: str
    name: str
    of: Scope
    ritual: UUID


class CharterRitualEndedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.ritual_ended.v1"
):
    """A ritual is held no more."""

    of: Scope
    ritual: UUID


class CharterRitualSetV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="charter.ritual_set.v1"
):
    """A ritual begins, with its cadence and length."""

    cadence_days: int
    minutes: int
    mode: str
    name: str
    of: Scope
    ref: str | None = None
    ritual: UUID


class CharterSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charter. `position` and `events` come after an act."""

    breaches: list[Breach] | None = None
    breaches_repaired: int | None = None
    events: list[UUID] | None = None
    freedoms: list[FreedomSummary]
    id: UUID
    in_force: bool
    in_force_since: datetime | None = None
    linked_goals: LinkedGoals | None = None
    minutes_a_week: dict[str, float]
    non_negotiables: list[NonNegotiableSummary]
    position: int | None = None
    proposals: list[ProposalSummary]
    purpose: Purpose | None = None
    reviewed_at: datetime | None = None
    rituals: list[RitualSummary]
    team: UUID | None = None
    version: int


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


class CloseCycle(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """End the cycle, once every live goal of it is settled and a member has reflected."""

    do: Literal["close"] | UnsetType = UNSET


class ClosedCycle(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="closed"):
    """Looked back upon and left; nothing is said in it any more."""

    at_close: list[GoalAtClose] = []
    closed_at: datetime
    contributions: int = 0
    ends: date
    follows: UUID | None = None
    goals: list[GoalInCycle] = []
    id: UUID
    improvements: list[CycleImprovement] = []
    last_at: datetime
    learned: list[Lesson] = []
    learnings: list[CycleLearning] = []
    name: str
    of: Scope
    opened_at: datetime
    purpose: RestatedPurpose
    ref: str | None = None
    reflected: list[UUID] = []
    reflections: int = 0
    starts: date
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    version: int


class CloudEvent(EventData, frozen=True, kw_only=True, omit_defaults=True):
    """CloudEvents 1.0.2, structured: the event's Struct as `data`, its envelope as attributes."""

    authid: UUID | None = None
    authtype: str
    causationid: UUID | None = None
    correlationid: UUID
    data: Raw
    datacontenttype: str
    dataschema: str
    deprecated: bool | None = None
    deprecationfrom: datetime | None = None
    deprecationmigration: str | None = None
    deprecationsunset: datetime | None = None
    epoch: str
    id: UUID
    keyid: UUID | None = None
    onbehalfof: UUID | None = None
    partitionkey: str
    reasoncode: str | None = None
    reasontext: str | None = None
    recordedtime: datetime
    recordsource: str
    sequence: str
    source: str
    specversion: str
    streamversion: int
    subject: str
    time: datetime
    type: str


class Condition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One condition of satisfaction: an agreed standard of completion."""

    id: str
    text: str


class ConfidenceBucket(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All statements of one tenth: how many there were, and how many of their promises were kept."""

    confidence: float
    kept: int
    n: int


class ConsentToOption(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decider says: no open objection, safe enough to try."""

    answers: str | UnsetType | None = UNSET
    do: Literal["consent"] | UnsetType = UNSET
    option: str


class ContributionEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Personal: who did what for a goal, and who said so."""

    by: UUID | None
    contributor: UUID
    cycle: UUID
    event: UUID
    goal: UUID
    team: UUID | None
    text: str


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


class CreateKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key for a member: it never sees or does more than that member, nor more than its scopes."""

    expires_at: datetime | UnsetType | None = UNSET
    member: str
    name: str = ""
    scopes: list[str]


class CreateTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Create a team with its lead; a steward does."""

    do: Literal["create"] | UnsetType = UNSET
    lead: str
    name: str
    ref: str | UnsetType | None = UNSET


class CreatedKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The key's text, this once."""

    key: str


class CreatedSubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The subscription and its secret, this once."""

    secret: str
    subscription: SubscriptionSummary


class CreditContribution(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say who did what for a goal of the cycle."""

    do: Literal["credit_contribution"] | UnsetType = UNSET
    goal: str
    member: str
    text: str


class CurrentMember(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The key's member, and what follows from it."""

    leads: list[UUID]
    member: UUID
    organisation: UUID
    organisation_name: str
    roles: list[str]
    scopes: list[str]
    teams: list[UUID]
    zone: str


class CycleClosedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.closed.v1"):
    """The cycle ended, every goal of it decided."""

    goals: list[GoalAtClose] = []


class CycleContributionCreditedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.contribution_credited.v1"
):
    """Who did what for a goal of the cycle."""

    goal: UUID
    member: UUID
    text: str


class CycleEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cycle under review."""

    closed_at: datetime | None = None
    cycle: UUID
    ends: date
    goals: int
    name: str
    overdue: bool = False
    reflected: int
    starts: date
    state: str
    team: UUID | None
    undecided: int = 0


class CycleGoalEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal of a cycle: at its close, or of an open one as it stands."""

    cycle: UUID
    goal: UUID
    how: str | None = None
    possible: list[str] = []
    state: str
    team: UUID | None


class CycleGoalIncludedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.goal_included.v1"
):
    """A live goal was put into the cycle."""

    goal: UUID


class CycleGoalSettledV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.goal_settled.v1"
):
    """What becomes of a goal: `carried_on`, `renegotiated` or `dropped`."""

    goal: UUID
    how: str


class CycleImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something agreed to be done better; `id` stays the same in every cycle that it is carried into."""

    carried: bool = False
    due: date
    ended_at: datetime | None = None
    id: UUID
    owner: UUID
    state: str = "open"
    text: str


class CycleImprovementAgreedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.improvement_agreed.v1"
):
    """Something will be done better: by whom, until when."""

    due: date
    improvement: UUID
    owner: UUID
    text: str


class CycleImprovementDoneV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.improvement_done.v1"
):
    """An improvement is done."""

    improvement: UUID


class CycleImprovementDroppedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.improvement_dropped.v1"
):
    """An improvement is not pursued any more."""

    improvement: UUID


class CycleLearning(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was learnt in this cycle; `id` is its event."""

    goal: UUID | None = None
    id: UUID
    text: str


class CycleLearningRecordedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.learning_recorded.v1"
):
    """What was learnt, of a goal or in general."""

    goal: UUID | None = None
    text: str


class CycleList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of cycles, the latest beginning first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    cycles: list[CycleSummary]
    next: str | None


class CycleOpenedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.opened.v1"):
    """A cycle began: the purpose restated, goals in, and what the cycle before had left open."""

    carried: list[CarriedImprovement] = []
    ends: date
    follows: UUID | None = None
    goals: list[UUID] = []
    learned: list[Lesson] = []
    name: str
    of: Scope
    purpose: RestatedPurpose
    ref: str | None = None
    starts: date
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str


class CycleReflectionSharedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="cycle.reflection_shared.v1"
):
    """A member said what worked and what can improve."""

    improve: str = ""
    worked: str = ""


class CycleSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cycle in a list, and after an act: then `position` is what `after_position` takes."""

    ends: date
    events: list[UUID] | None = None
    follows: UUID | None = None
    goals: int
    id: UUID
    improvements_open: int
    name: str
    position: int | None = None
    purpose_version: int
    ref: str | None = None
    reflections: int
    starts: date
    state: str
    team: UUID | None = None
    version: int


class CycleView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cycle with everything that was said in it."""

    contributions: list[ContributionEntry]
    cycle: RunningCycle | ClosedCycle
    id: UUID
    reflections: list[ReflectionEntry]
    state: str
    undecided: list[UndecidedGoal]
    version: int


class CyclesReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The cycles under review, the latest beginning first, and their facts."""

    as_of: str
    contributions: list[ContributionEntry]
    cycles: list[CycleEntry]
    figures: list[Figure]
    goals: list[CycleGoalEntry]
    improvements: list[ImprovementEntry]
    learning: list[LearningEntry]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    reflections: list[ReflectionEntry]


class DecideAsLead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The lead decides, where the deadline has passed and the fallback says so."""

    do: Literal["decide"] | UnsetType = UNSET
    option: str | UnsetType | None = UNSET


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision's state."""

    about: DecisionSubject | None
    acted_at: datetime
    amended: dict[str, UUID]
    consents: list[GivenConsent]
    deadline: datetime
    decided: DecisionOutcome | None
    deciders: list[UUID]
    fallback: DecisionFallback
    id: UUID
    last_at: datetime
    lead_until: datetime | None
    moved_at: datetime
    objections: list[Objection]
    of: Scope
    opened_at: datetime
    opened_by: UUID | None
    opened_event: UUID
    options: list[DecisionOption]
    perspectives: int
    question: str
    ref: str | None
    review_on: date | None
    reviewed_at: datetime | None
    rounds: list[DecisionRound]
    state: str
    status_quo: str | None
    time_box_from: datetime
    version: int


class DecisionConsentedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.consented.v1"
):
    """A decider consented to an option as worded by the event `answers`."""

    answers: UUID
    option: str


class DecisionDecidedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.decided.v1"
):
    """It was decided: by consent, by the lead, or at the deadline by the fallback. Without an option things stay as
    they are."""

    by: str
    inside_time_box: bool
    option: str | None


class DecisionFallback(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What holds where the deadline comes before consent does."""

    option: str | UnsetType | None = UNSET
    rule: Literal["lead_decides", "option", "status_quo"]


class DecisionList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of decisions, the latest asked first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    decisions: list[DecisionSummary]
    next: str | None


class DecisionObjectionIntegratedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.objection_integrated.v1"
):
    """The option changed to meet an objection; consents to it are asked anew."""

    how: str
    objection: UUID


class DecisionObjectionRaisedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.objection_raised.v1"
):
    """An option is not safe enough to try, and why; the event's id names the objection."""

    option: str
    text: str


class DecisionObjectionWithdrawnV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.objection_withdrawn.v1"
):
    """The objector took it back."""

    objection: UUID


class DecisionOpenedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.opened.v1"
):
    """A question was asked: options, who decides, until when, and what holds else."""

    about: DecisionSubject | None = None
    deadline: datetime
    deciders: list[UUID]
    fallback: DecisionFallback
    of: Scope
    options: list[DecisionOption]
    question: str
    ref: str | None = None
    review_on: date | None = None
    status_quo: str | None = None


class DecisionOption(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way that the question can be answered."""

    id: str
    text: str


class DecisionOutcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was decided."""

    at: datetime
    by: str
    event_id: UUID
    in_favour: bool
    inside_time_box: bool
    option: str | None


class DecisionPassedToLeadV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.passed_to_lead.v1"
):
    """The deadline passed, and the lead decides until then."""

    until: datetime


class DecisionPerspectiveSharedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.perspective_shared.v1"
):
    """A decider described how it looks from their place."""

    option: str | None = None
    text: str


class DecisionReopenedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.reopened.v1"
):
    """The question is asked again, within a new time-box."""

    deadline: datetime


class DecisionReviewSetV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.review_set.v1"
):
    """It is to be looked at again on this day."""

    on: date


class DecisionReviewedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="decision.reviewed.v1"
):
    """It was looked at again, and stands."""

    next: date | None = None
    note: str = ""


class DecisionRound(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One asking of the question that is over, as it was asked again."""

    deadline: datetime
    opened_event: UUID
    outcome: DecisionOutcome
    reopened_at: datetime
    reopened_event: UUID
    time_box_from: datetime


class DecisionSubject(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a charter a decision is about: one purpose proposal, or one non-negotiable (perhaps a coming one)."""

    charter: UUID
    non_negotiable: UUID | None = None
    proposal: UUID | None = None


class DecisionSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision in a list, and after an act."""

    deadline: datetime
    decided: str | None = None
    decided_by: str | None = None
    events: list[UUID] | None = None
    id: UUID
    in_favour: bool | None = None
    lead_until: datetime | None = None
    open_objections: int = 0
    position: int | None = None
    question: str
    ref: str | None = None
    reopened: int = 0
    review_on: date | None = None
    state: str
    team: UUID | None = None
    version: int
    waiting_for: list[UUID] | None = None


class DecisionTopic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of their own charter is asked about: a purpose as proposed, or a non-negotiable, perhaps yet to come."""

    non_negotiable: str | UnsetType | None = UNSET
    proposal: str | UnsetType | None = UNSET


class DecisionView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision with everything that was said about it."""

    acts: list[str]
    decision: Decision
    id: UUID
    perspectives: list[Perspective]
    state: str
    version: int
    worded_by: dict[str, UUID]


class DecisionsReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of decisions."""

    as_of: str
    figures: list[Figure]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime


class DeclareAbsence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Declare an absence: first and last day, never why."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["absence"] | UnsetType = UNSET
    from_: date = field(name="from")
    to: date


class DeclareCapacity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Declare hours a week, from a day on."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["capacity"] | UnsetType = UNSET
    from_: date = field(name="from")
    hours_per_week: int | float | str


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
    """Say no; a code is enough, "capacity" among them, and nobody overrides it."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class DeferAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="defer_answer"):
    """Promise to answer by a day, within the policy's maximum."""

    answer_by: date
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class Delivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A declared completion that waits for the sponsor's verdict."""

    decide_by: date | None
    delivered_at: datetime
    id: UUID
    lapsed: bool
    mediator: UUID | None


class DeliveryAttempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request, and what was answered."""

    answer: str
    at: datetime
    attempt: int
    duration_us: int
    error: str
    status: int | None


class DeliveryList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of deliveries."""

    deliveries: list[EventDelivery]


class DeliveryProgress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the events were sent."""

    behind: int
    dead: int
    delivered: int
    failing_since: datetime | None
    failures: int
    held: int
    next_attempt_at: datetime | None
    pending: int
    position: int
    withheld: int


class DeliveryView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One delivery and its last attempts, the latest first."""

    attempts: list[DeliveryAttempt]
    delivery: EventDelivery


class Digest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One team between two times."""

    answers: RequestSection
    as_of: str
    blockers: RequestSection
    changed: ChangedSection
    links: RequestSection
    names: dict[str, str] = {}
    needs: RequestSection
    policy_version: int
    quiet: RequestSection
    recorded_as_of: datetime
    since: datetime
    team: UUID
    unchanged: UnchangedGoals


class DigestChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened, in a sentence that names its subject; names as they were at the time asked about."""

    at: datetime
    event: UUID
    subject: str
    text: str
    type: str


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


class DraftTerms(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Terms as far as a draft has them."""

    conditions: list[Condition] | None = None
    due: date | None = None
    effort_hours: str | None = None
    kind: GoalKind | None = None
    measure: Measure | None = None
    outcome: str | None = None
    priority: Priority | None = None
    start: date | None = None
    supports: list[Support] | None = None


class DriftReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The five figures of drift, and what could be said about each drifting goal."""

    as_of: str
    figures: list[Figure]
    mend: list[Suggestion]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime


class DropImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An improvement is not pursued any more, and why."""

    do: Literal["drop_improvement"] | UnsetType = UNSET
    improvement: str
    reason: Reason | UnsetType | None = UNSET


class EndRitual(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ritual is held no more."""

    do: Literal["end_ritual"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ritual: str


class EndedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ended"):
    """Any terminal state: it never reopens; feedback stays possible where a promise had been made."""

    acted_at: datetime
    description: str = ""
    ended_at: datetime
    ended_by_event: UUID
    external_source: str | None = None
    follow_up_of: UUID | None = None
    id: UUID
    last_at: datetime
    moved_at: datetime
    opened_at: datetime
    owner: UUID | None
    promised: PromisedGoal | None = None
    ref: str | None = None
    sponsor: UUID | None
    state: str
    tags: list[str] = []
    team: UUID | None
    terms: Terms | None
    title: str
    version: int


class EventDelivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event for one subscription."""

    attempts: int
    event_id: UUID
    next_attempt_at: datetime | None
    position: int
    state: str
    subject: str
    tries: int
    updated_at: datetime


class EventType(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One type of event and where its schema is."""

    dataschema: str
    deprecated_since: date | None = None
    description: str
    successor: str | None = None
    sunset: date | None = None
    type: str


class EventTypes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every type of event."""

    event_types: list[EventType]


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What shows that a condition is met."""

    condition: str
    text: str = ""
    url: str = ""


class EvidenceInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What shows that a condition is met."""

    condition: str
    text: str = ""
    url: str = ""


class FieldChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field at two times, and the events in between that changed it."""

    after: Any
    before: Any
    events: list[UUID]
    field: str


class FieldError(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one field."""

    detail: str
    in_: str = field(default="body", name="in")
    pointer: str


class Figure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One number of a report. `value` is always there, null where there is nothing to measure (`status` says why)."""

    absorbed: int | None = None
    available_hours: float | None = None
    charter: UUID | None = None
    count: int | None = None
    estimated: bool = False
    estimated_share: float | None = None
    events: list[UUID] | None = None
    goal: UUID | None = None
    inferred: int | None = None
    interval: tuple[float, float] | None = None
    line: str | None = None
    member: UUID | None = None
    n: int | None = None
    name: str
    negotiated: bool | None = None
    no_capacity: bool = False
    overdue: int | None = None
    planned_hours: float | None = None
    ratio: float | None = None
    retroactive: bool = False
    rule: WithheldBy | None = None
    small_sample: bool = False
    status: str | None = None
    team: UUID | None = None
    value: float | int | None
    week: date | None = None
    window: int | None = None


class FinishImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An improvement is done."""

    do: Literal["finish_improvement"] | UnsetType = UNSET
    improvement: str


class FreedomSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is decided by those whose charter it is."""

    anchored: bool
    id: UUID
    purpose_version: int
    ref: str | None = None
    since: datetime
    text: str


class GiveFeedback(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="feedback"):
    """Feedback both ways: on progress, on inputs and clarity."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    on: Literal["clarity", "inputs", "other", "progress"] = "other"
    reason: Reason | UnsetType | None = UNSET
    text: str


class GivenConsent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decider's consent to an option in its present wording."""

    at: datetime
    decider: UUID
    event_id: UUID
    option: str


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

    text: str


class GoalAtClose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a goal of the cycle stood when it closed."""

    goal: UUID
    how: str | None = None
    state: str


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
    """Nobody answered the proposal in time; the old terms stand."""

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


class GoalDiff(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What differs between the two times, field by field, with the events that changed it."""

    changes: list[FieldChange]
    from_: str = field(name="from")
    to: str


class GoalDiscardedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.discarded.v1"):
    """A draft was thrown away."""


class GoalDraft(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="draft"):
    """Written down; nobody has been asked."""

    acted_at: datetime
    author: UUID
    description: str = ""
    external_source: str | None = None
    follow_up_of: UUID | None = None
    id: UUID
    last_at: datetime
    moved_at: datetime
    opened_at: datetime
    owner: UUID | None
    ref: str | None = None
    sponsor: UUID | None
    state: str
    tags: list[str] = []
    team: UUID | None
    terms: DraftTerms
    title: str
    version: int


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
    """Nobody answered in time; `silent` says which side."""

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


class GoalInCycle(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal of the cycle, and what was said to become of it; the last word counts."""

    goal: UUID
    how: str | None = None
    included_at: datetime
    settled_at: datetime | None = None


GoalKind = Literal["outcome", "task"]


class GoalLapsedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.lapsed.v1"):
    """Due date and grace passed."""

    due: date
    sponsor_missed_answer: bool = False


class GoalLinkAffirmedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.link_affirmed.v1"
):
    """The owner affirmed the support of a goal that had moved on."""

    supports: list[Support]


class GoalLinks(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Up and down, by id; of the goals below only promises that stand."""

    goal: UUID
    more: bool
    supported_by: list[LinkView]
    supports: list[LinkView]


class GoalList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of goals; the next one's cursor, also as `Link: <...>; rel="next"` (RFC 8288)."""

    goals: list[GoalSummary]
    names: dict[str, str] = {}
    next: str | None


class GoalNeedAnsweredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.need_answered.v1"
):
    """A request for support was answered."""

    check_in: UUID
    need: int
    text: str


class GoalNode(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal below a purpose or below another goal."""

    again: bool = False
    contributors: int | None = None
    goal: UUID
    goals: list[GoalNode] = []
    kind: GoalKind
    overdue: bool = False
    owner: UUID
    progress: float | None
    state: str
    title: str
    unaffirmed_since: datetime | None = None


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


class GoalSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal in a list, and after an act; only that it was recorded, to a machine that may not see the goal."""

    acts: dict[str, list[str]] | None = None
    clock_at: datetime | None = None
    confidence: str | None = None
    due: date | None = None
    effort_hours: str | None = None
    events: list[UUID] | None = None
    id: UUID
    open: UUID | None = None
    owner: UUID | None = None
    position: int | None = None
    priority: Priority | None = None
    progress: str | None = None
    ref: str | None = None
    source: str | None = None
    sponsor: UUID | None = None
    start: date | None = None
    state: str | None = None
    team: UUID | None = None
    terms_version: int | None = None
    title: str | None = None
    version: int


class GoalUnlinkedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.unlinked.v1"):
    """The goal no longer supports another."""

    supports: list[Support]


class GoalValueRecordedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.value_recorded.v1"
):
    """The measure was read; never resets staleness."""

    corrects: UUID | None = None
    value: str


class GoalView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal with everything that is known of it. `goal.type` tells the stage; its fields are that stage's."""

    acts: dict[str, list[str]]
    clock_at: datetime | None
    goal: GoalDraft | NegotiatedGoal | PromisedGoal | EndedGoal
    id: UUID
    open: UUID | None
    source: str | None
    state: str
    version: int


class GoalWithdrawnV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="goal.withdrawn.v1"):
    """The request, offer or counter was taken back."""


class GrantFreedom(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The team decides this for itself, in the service of the purpose; again: anchored anew."""

    do: Literal["grant_freedom"] | UnsetType = UNSET
    freedom: str | UnsetType | None = UNSET
    of: str | UnsetType | None = UNSET
    purpose_version: int | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    text: str


class GrantRole(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Grant a role; a steward does."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["grant_role"] | UnsetType = UNSET
    role: Role


class HistoryEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event in plain words."""

    actor: UUID | None
    after: dict[str, Any]
    before: dict[str, Any]
    causation_id: UUID | None
    event_id: UUID
    key_id: UUID | None
    occurred_at: datetime
    on_behalf_of: UUID | None
    position: int
    reason: Reason | None
    recorded_at: datetime
    source: str
    text: str
    type: str
    version: int


class HistoryPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Entries in log order, and the version after which the next page begins; None: these were the last."""

    entries: list[HistoryEntry]
    next: int | None


class ImportRefused(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem (RFC 9457) with an import's counts; `errors` names every bad row by line, field and rule."""

    accepted: int
    already: int
    code: str
    detail: str
    dry_run: bool = False
    errors: list[ImportRowError]
    instance: str
    refused: int
    status: int
    title: str
    type: str


class ImportResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an import's rows, and from where on a read contains them."""

    accepted: int
    already: int
    dry_run: bool = False
    errors: list[ImportRowError] = []
    position: int | None = None
    refused: int = 0


class ImportRowError(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why one line was not taken."""

    allowed: list[str] = []
    code: str
    detail: str
    field: str | None = None
    line: int


class ImprovementEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An improvement, in the last cycle that has it."""

    carried: bool = False
    cycle: UUID
    due: date
    improvement: UUID
    overdue: bool = False
    owner: UUID
    state: str
    team: UUID | None
    text: str


class Inbox(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What waits for one member. `count` entries in all, `rest` of them beyond those that are listed."""

    as_of: str
    count: int
    entries: list[InboxEntry]
    names: dict[str, str] = {}
    overdue: int
    policy_version: int
    recorded_as_of: datetime
    reminders: Reminders
    rest: int


class InboxEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal (or decision, cycle, charter) that waits for the member, and what it asks."""

    asks: list[OpenRequest]
    goal: UUID | None = None
    more: int = 0
    overdue: bool = False
    state: str
    subject: str
    team: UUID | None = None
    title: str
    until: datetime | None


class IncludeGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Put a live goal into the cycle."""

    do: Literal["include_goal"] | UnsetType = UNSET
    goal: str


class IntegrateObjection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The opener or the lead says how the option changes to meet an objection; consents to it are asked anew."""

    do: Literal["integrate_objection"] | UnsetType = UNSET
    how: str
    objection: str | UnsetType | None = UNSET


class JoinHandOver(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="join"):
    """The member named as new owner or sponsor agrees; a new owner may name what gives."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class JoinOrganisation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Join the organisation, or one more of its teams."""

    do: Literal["join"] | UnsetType = UNSET
    name: str = ""
    ref: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET


class KeyList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every key of the organisation, ended ones too; never their texts."""

    keys: list[KeyRecord]


class KeyMadeV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="key.made.v1"):
    """A key was made that acts for a member."""

    expires_at: datetime
    member: UUID
    name: str = ""
    replaces: UUID | None = None
    scopes: list[str]


class KeyRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be shown of a key; the key itself is known to its holder alone."""

    created_at: datetime
    ended_at: datetime | None
    expires_at: datetime
    key_id: UUID
    last_used_at: datetime | None
    member_id: UUID
    name: str
    revoked_at: datetime | None
    scopes: list[str]


class KeyReplacedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="key.replaced.v1"):
    """Another key took its place; this one works until it ends."""

    expires_at: datetime
    member: UUID
    replaced_by: UUID


class KeyRevokedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="key.revoked.v1"):
    """A key was ended."""

    member: UUID


class LearningEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was learnt, or (without words) a goal that was not kept and has no lesson yet."""

    brought: bool = False
    cycle: UUID
    ended: str | None = None
    event: UUID | None = None
    goal: UUID | None = None
    team: UUID | None
    text: str = ""


class LeaveOrganisation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Leave the organisation."""

    do: Literal["leave"] | UnsetType = UNSET


class LeaveTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Leave one team; the member stays in the organisation and in the other teams."""

    do: Literal["leave_team"] | UnsetType = UNSET
    team: str


class Lesson(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the cycle before learnt; of a goal that was dropped or broken also without a lesson."""

    ended: str | None = None
    goal: UUID | None = None
    learning: UUID | None = None
    text: str = ""


class LinkState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One support and when its owner last said that it still holds."""

    affirmed_at: datetime
    support: Support


class LinkView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One link, seen from one of its ends."""

    affirmed_at: datetime
    affirmed_by: UUID
    charter: UUID | None
    events: list[UUID]
    goal: UUID | None
    kind: str
    overdue: bool
    state: str | None
    title: str
    unaffirmed_since: datetime | None
    until: datetime | None


class LinkedGoals(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The live goals that serve this purpose, and how many of their owners have affirmed it since it was revised."""

    affirmed: int
    links: int
    purpose_version: int
    unaffirmed: int
    until: datetime | None


class Liveness(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The process answers."""

    status: str


class LoadWeek(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An owner's week, from today on where it has begun. Hours and ratio rounded to six decimals."""

    available_hours: float | None
    estimated: bool
    line: str | None
    planned_hours: float | None
    ratio: float | None
    week: date


class Look(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The reads of one day by one member, in one role, of one kind of figures that are (also) mine."""

    about: ReadSubject
    first_at: datetime
    last_at: datetime
    role: str
    team: UUID | None = None
    times: int
    viewer: UUID
    what: str


class LookedAt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The latest reads of my figures by others. Kept for `kept_days` days, by policy; written within a second or so."""

    kept_days: int
    looks: list[Look]
    more: bool
    names: dict[str, str] = {}


class Measure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one would tell. Quantities are decimal strings."""

    baseline: str | None = None
    high: str | None = None
    kind: str
    low: str | None = None
    target: str | None = None
    unit: str = ""


class MeasureInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A measure as written: quantities as numbers or decimal strings."""

    baseline: int | float | str | UnsetType | None = UNSET
    high: int | float | str | UnsetType | None = UNSET
    kind: Literal["binary", "milestone", "number", "range"]
    low: int | float | str | UnsetType | None = UNSET
    target: int | float | str | UnsetType | None = UNSET
    unit: str = ""


class MemberAbsenceDeclaredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.absence_declared.v1"
):
    """A member declared an absence: dates, never why."""

    absence: Absence
    corrects: UUID | None = None


class MemberCapacityDeclaredV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.capacity_declared.v1"
):
    """A member declared hours a week, from a day on; with `corrects` in the place of that event."""

    capacity: Capacity
    corrects: UUID | None = None


class MemberFactTakenBackV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.fact_taken_back.v1"
):
    """A capacity, an absence, a role's grant or revocation, or a leave of a team was wrong: it holds no more."""

    corrects: UUID


class MemberJoinedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.joined.v1"):
    """A member joined the organisation, or one more of its teams."""

    name: str = ""
    ref: str | None = None
    team: UUID | None = None


class MemberLeftV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.left.v1"):
    """A member left the organisation: keys, roles and leads end, and do not rise again with a return."""


class MemberList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of members."""

    members: list[MemberSummary]
    next: str | None


class MemberRenamedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.renamed.v1"):
    """A member was given another name."""

    name: str


class MemberRoleGrantedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.role_granted.v1"
):
    """A steward granted a role."""

    corrects: UUID | None = None
    role: Role


class MemberRoleRevokedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.role_revoked.v1"
):
    """A steward revoked a role."""

    corrects: UUID | None = None
    role: Role


class MemberSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member as everybody in the organisation may know them; the rest is for those with person-level rights."""

    absences: list[Absence] | None = None
    capacities: list[Capacity] | None = None
    events: list[UUID] | None = None
    id: UUID
    name: str
    position: int | None = None
    present: bool
    ref: str | None = None
    roles: list[str] | None = None
    teams: list[UUID]
    version: int


class MemberTeamLeftV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member.team_left.v1"
):
    """A member left one team and stays in the organisation; goals, keys and roles stay as they are."""

    team: UUID


class Need(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request for support: of whom, until when."""

    addressee: UUID | None = None
    answer_by: date | None = None
    text: str


class NeedEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A need that waits for its answer. Its words stand in the goal's history."""

    answer_by: date | None
    asker: UUID
    goal: UUID
    helper: UUID
    need: str
    open_days: float
    overdue: bool = False


class NeedInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request for support: to whom, until when."""

    addressee: str | UnsetType | None = UNSET
    answer_by: date | UnsetType | None = UNSET
    text: str


class NegotiatedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="asked"):
    """Requested, offered, countered or deferred: somebody owes an answer."""

    acted_at: datetime
    answer_by: date | None = None
    asked_at: datetime
    clarifications: int = 0
    clarify_asked_at: datetime | None = None
    clarify_by: str | None = None
    description: str = ""
    external_source: str | None = None
    follow_up_of: UUID | None = None
    id: UUID
    imposed: bool = False
    last_at: datetime
    moved_at: datetime
    open: UUID
    opened_at: datetime
    opened_event: UUID | None = None
    overload_accepted_by: UUID | None = None
    owner: UUID
    paused_working_days: int = 0
    ref: str | None = None
    reminded: bool = False
    requested_by: str
    rounds: int = 0
    sponsor: UUID
    state: str
    tags: list[str] = []
    team: UUID | None
    terms: Terms
    title: str
    trade_offs: list[TradeOff] = []
    trade_offs_suffice: bool = False
    version: int


class NonNegotiableSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A standing expectation and, for those whose charter it is, how many stand by its words, and who."""

    acknowledged: list[Acknowledgement] | None = None
    acknowledgements: int | None = None
    decision: UUID | None = None
    id: UUID
    ref: str | None = None
    since: datetime
    text: str
    version: int


class NotAffirmedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal that was not, and why: the code of the refusal as for a single act."""

    allowed: list[str] = []
    code: str
    detail: str
    goal: str


class Objection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an option is not safe enough to try, and what became of it; `id` is its event."""

    by: UUID | None
    how: str
    id: UUID
    option: str
    raised_at: datetime
    round: int
    settled: str | None
    settled_by: UUID | None
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


class OpenBlocker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A raised blocker that is not resolved; `id` is its event."""

    blocker: Blocker
    id: UUID
    raised_at: datetime


class OpenCycle(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Begin a cycle: why the work matters is said again, and what the last cycle left open comes along."""

    do: Literal["open"] | UnsetType = UNSET
    ends: date
    follows: str | UnsetType | None = UNSET
    goals: list[str] = []
    name: str
    purpose: int | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    starts: date
    team: str | UnsetType | None = UNSET
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str


class OpenDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask a question with a time-box: who decides, by when, and what holds if no consent is found."""

    about: DecisionTopic | UnsetType | None = UNSET
    deadline: datetime
    deciders: list[str]
    do: Literal["open"] | UnsetType = UNSET
    fallback: DecisionFallback
    options: list[str | DecisionOption]
    question: str
    ref: str | UnsetType | None = UNSET
    review_on: date | UnsetType | None = UNSET
    status_quo: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET


class OpenNeed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An unanswered need: the check-in's event id and its index there."""

    addressee: UUID | None
    answer_by: date | None
    check_in: UUID
    index: int
    raised_at: datetime


class OpenRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question to one member, mostly about a goal."""

    acts: list[str]
    event: UUID | None = None
    goal: UUID | None = None
    kind: str
    need: str | None = None
    overdue: bool = False
    parent: UUID | None = None
    place: int = 0
    reminded: bool = False
    since: datetime
    text: str | None = None
    until: datetime | None
    version: int | None = None
    whom: UUID


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


class OrganisationCreatedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.created.v1"
):
    """The organisation was founded."""

    name: str
    zone: str = "UTC"


class OrganisationPolicySetV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.policy_set.v1"
):
    """A new version of all policies is in force."""

    policy: Policy


class OrganisationRenamedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.renamed.v1"
):
    """The organisation was given another name."""

    name: str


class OrganisationSourceAddedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.source_added.v1"
):
    """The first goals of a tracker or file were imported."""

    source: str


class OrganisationState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The organisation and every version of its policies, the last one in force."""

    name: str
    policies: list[PolicyValues]
    zone: str


class OrganisationSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the organisation is called, and the time zone in which its dates are meant."""

    events: list[UUID] | None = None
    id: UUID
    name: str
    position: int | None = None
    version: int
    zone: str


class OrganisationWatermarkSetV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="organisation.watermark_set.v1"
):
    """A source has reported everything up to this instant: timers of its goals run up to it."""

    source: str
    watermark: datetime


class OverloadReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Figures, the window's additions with what paid for them, who asks whom, and ways out for the overloaded."""

    additions: list[AdditionEntry]
    as_of: str
    figures: list[Figure]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    relief: list[Relief]
    requesters: list[RequesterEntry]


class OwnerLoad(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Twelve weeks of one owner, without and with the act."""

    after: list[LoadWeek]
    before: list[LoadWeek]
    member: UUID


class PauseGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """No load, no lapse, no staleness from the first day until the day on which work resumes."""

    paused_from: date
    resume_on: date


class PauseSubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Send nothing until it is resumed; what is recorded meanwhile is sent then."""

    do: Literal["pause"] | UnsetType = UNSET


class Perspective(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it looks from one decider's place."""

    at: datetime
    event_id: UUID
    member: UUID | None
    option: str | None
    text: str


class Policy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of all dials. Days are calendar days unless named working days; ratios are decimal strings."""

    absent_beyond_days: int = 28
    acknowledgement_line: str = "0.2"
    alignment_line: str = "0.2"
    answer_by_days: int = 14
    blocked_share: str = "0.5"
    breach_line: str = "5"
    cadence_days: int = 14
    change_timeout_working_days: int = 5
    deem_satisfied: bool = False
    default_effort: str = "4"
    default_hours: str = "40"
    focus: str = "0.8"
    give_up_days: int | None = None
    history_until: date | None = None
    lapse_grace_days: int = 3
    load_amber: str = "0.85"
    load_red: str = "1"
    looked_at_days: int = 90
    pace_line: str = "1.5"
    purpose_line: str = "0.2"
    reminder_working_days: int = 3
    require_purpose: bool = False
    require_trade_off: bool = False
    response_working_days: int = 5
    review_days: int = 183
    scope_line: str = "0.5"
    silent_lapse_days: int = 56
    stale_grace_days: int = 3
    tolerance_days: int = 0
    unaffirmed_days: int = 14
    unrepaired_line: str = "0.2"
    verdict_working_days: int = 10
    wip_limit: int = 5
    yes_and_amber: str = "0.3"
    yes_and_red: str = "0.6"


class PolicySummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The policies in force and every version before."""

    events: list[UUID] | None = None
    id: UUID
    in_force: PolicyValues
    position: int | None = None
    version: int
    versions: list[PolicyValues]


class PolicyValues(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of the policies with every dial, also those that stand as they always did."""

    policy: dict[str, int | bool | str | None]
    since: datetime | None
    version: int


class PreviewedEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact that would be recorded: timers that fall due before the act come first."""

    data: Raw
    occurred_at: datetime
    reason: Reason | None = None
    type: str


Priority = Literal["critical", "important", "useful"]


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error."""

    allowed: list[str] = []
    code: str
    detail: str = ""
    errors: list[FieldError] = []
    instance: str = ""
    open: str | None = None
    recorded: str | None = None
    request_id: str = ""
    status: int
    title: str
    type: str


class ProblemKind(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One documented type of problem."""

    code: str
    remedy: str
    status: int
    title: str
    type: str


class ProblemKinds(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every documented type of problem."""

    problems: list[ProblemKind]


class PromiseGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="promise"):
    """The owner promises: only the owner can, and only what is open."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


class PromisedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="promised"):
    """Active, change proposed, delivered or lapsed: the promise stands."""

    acted_at: datetime
    armed_at: datetime
    blocked_in_check_in: bool = False
    blockers: list[OpenBlocker] = []
    blockers_told_at: datetime | None = None
    changed_at: datetime | None = None
    confidence: str | None = None
    contact_at: datetime
    contact_event: UUID | None = None
    delivery: Delivery | None = None
    description: str = ""
    exact_progress: str | None = None
    external_source: str | None = None
    first_terms: Terms
    follow_up_of: UUID | None = None
    id: UUID
    imposed: bool = False
    judged_at: datetime
    judged_by_event: UUID
    lapse_due: date
    lapsed_at: datetime | None = None
    last_at: datetime
    last_check_in: UUID | None = None
    last_check_in_at: datetime | None = None
    last_words: list[UUID] = []
    links: list[LinkState] = []
    moved_at: datetime
    needs: list[OpenNeed] = []
    offer_event: UUID | None = None
    opened_at: datetime
    owner: UUID
    pause: PauseGoal | None = None
    progress: str = "0"
    progress_at: datetime | None = None
    promise_event: UUID
    promised_at: datetime
    proposal: ChangeProposal | None = None
    ref: str | None = None
    reminded_of: UUID | None = None
    requested_by: str
    self_set: bool = False
    sources: dict[str, list[UUID]] = {}
    sponsor: UUID
    sponsor_missed_answer: bool = False
    sponsor_since: datetime | None = None
    state: str
    tags: list[str] = []
    team: UUID | None
    terms: Terms
    terms_event: UUID
    terms_version: int = 1
    title: str
    tolerance_used_days: int = 0
    tolerated: list[ToleratedChange] = []
    value: str | None = None
    value_at: datetime | None = None
    version: int


class ProposalSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A purpose that has been proposed: `id` is what `adopt-purpose` names as its `proposal`."""

    by: UUID | None
    id: UUID
    reason: Reason | None = None
    ref: str | None = None
    until: date
    why: PurposeText


class ProposeChange(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="propose_change"):
    """Renegotiate: what would change and why, and what gives; old terms hold until it is accepted."""

    accept_overload: bool = False
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    changes: ChangesInput
    conflict_with: str = ""
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []
    trigger: Literal["blocker", "need", "other", "parent", "purpose"] = "other"


class ProposePurpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member says why the work matters; where there is a purpose already, with the reason to revise it."""

    do: Literal["propose_purpose"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    text: str
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    until: date | UnsetType | None = UNSET


class Purpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The purpose in force."""

    decision: UUID | None
    proposal: UUID
    since: datetime
    version: int
    why: PurposeText


class PurposeConsequence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One link that an event above left unaffirmed."""

    above: UUID
    at: datetime | None
    became: str
    because: str | None
    by: UUID | None
    depth: int
    event: UUID
    goal: UUID
    overdue: bool
    since: datetime
    title: str
    until: datetime


class PurposeConsequences(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every version of a purpose, the newest first, and what its revisions caused."""

    charter: UUID
    downstream: list[PurposeConsequence]
    more: bool
    versions: list[UpstreamPurpose]


class PurposeNode(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A purpose as it is worded now, and the goals that name it."""

    charter: UUID
    goals: list[GoalNode]
    team: UUID | None
    text: str
    version: int


class PurposeText(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why the work matters, and to whom."""

    text: str
    to_clients: str
    to_organisation: str
    to_society: str
    to_stakeholders: str
    to_team: str


class PutInForce(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From now on there are always 3 to 5 non-negotiables."""

    do: Literal["put_in_force"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET


class RaiseBlocker(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="raise_blocker"):
    """Say what stands in the way and who acts next."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    blocker: BlockerInput
    reason: Reason | UnsetType | None = UNSET


class RaiseBreach(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A non-negotiable was not kept at some event: about what happened, not about a person."""

    about: BreachTopic
    do: Literal["raise_breach"] | UnsetType = UNSET
    non_negotiable: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    text: str


class RaiseObjection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say why an option is not safe enough to try."""

    do: Literal["raise_objection"] | UnsetType = UNSET
    option: str
    text: str


ReadSubject = str


class Readiness(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether each thing that serving depends on works, and how far the slowest read model is behind."""

    checks: dict[str, str]
    lag: int
    lag_seconds: float
    status: str


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an act was taken: a code, and words where the agreement asks for them."""

    code: ReasonCode
    text: str = ""


ReasonCode = Literal[
    "better_idea",
    "capacity",
    "correction",
    "dependency_slipped",
    "estimate_wrong",
    "external_change",
    "new_information",
    "new_need",
    "non_negotiable_conflict",
    "other",
    "purpose_changed",
    "risk_or_safety",
    "scope_misread",
]


class ReassignSponsor(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="reassign_sponsor"):
    """A steward names another sponsor for one who left or is long absent."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    sponsor: str


class RecordLearning(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Write down what was learnt, of a goal of the cycle or in general."""

    do: Literal["record_learning"] | UnsetType = UNSET
    goal: str | UnsetType | None = UNSET
    text: str


class RecordValue(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="record_value"):
    """A reading of the measure; a machine's never resets staleness."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    corrects: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    value: int | float | str


class Redeliver(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to send again: one event, or all that were given up (`dead`), or not sent after a restore (`held`)."""

    event: UUID | UnsetType | None = UNSET
    state: Literal["dead", "delivered", "held", "pending", "withheld"] | UnsetType | None = UNSET


class Redelivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many deliveries will be sent again."""

    deliveries: int


class ReflectionEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Personal: what a member said in looking back."""

    by: UUID | None
    cycle: UUID
    event: UUID
    improve: str = ""
    team: UUID | None
    worked: str = ""


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


class Relief(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One overloaded member: the load as it is, and after each way out. Goals by id, not by rank."""

    line: str | None = None
    member: UUID
    options: list[ReliefOption]
    ratios: list[float | None]
    weeks: list[date]
    worst_ratio: float | None
    worst_week: date


class ReliefOption(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One goal giving way in one way, and the member's load after it."""

    act: str
    goal: UUID
    line: str | None = None
    ratios: list[float | None]
    weeks: int | None = None
    worst_ratio: float | None
    worst_week: date


class Reminder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A silence of which the member was reminded, dated to when the reminder fell due."""

    at: datetime
    event: UUID
    goal: UUID
    kind: str


class Reminders(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The day's reminders that still stand: one for a goal, `REMINDERS_A_DAY` at most."""

    day: date
    goals: list[Reminder]
    rest: int


class RemoveSubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """End it for good."""

    do: Literal["remove"] | UnsetType = UNSET


class RenameMember(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give the member another name; id and references stay."""

    do: Literal["rename"] | UnsetType = UNSET
    name: str


class RenameOrganisation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give the organisation another name; its id and references stay."""

    do: Literal["rename"] | UnsetType = UNSET
    name: str


class RenameTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give the team another name."""

    do: Literal["rename"] | UnsetType = UNSET
    name: str


class ReopenDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask the same question again within a new time-box, for a reason."""

    deadline: datetime
    do: Literal["reopen"] | UnsetType = UNSET
    reason: Reason | UnsetType | None = UNSET


class ReplaySubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From where to send again: a position, or an instant."""

    after: int | UnsetType | None = UNSET
    since: str | UnsetType | None = UNSET


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


class RequestSection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Questions of one sort by deadline, and how many there are."""

    count: int
    items: list[OpenRequest]
    overdue: int


class RequesterEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many additions one member asked of another, and how many of them came without a trade-off."""

    absorbed: int
    added_hours: float | None
    count: int
    member: UUID
    n: int
    requester: UUID


class ResolveBlocker(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="resolve_blocker"):
    """Say how a blocker was resolved."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    blocker: str
    reason: Reason | UnsetType | None = UNSET
    resolution: str


class Resource(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stream at one version. The field that is named as `kind` holds it."""

    charter: CharterSummary | None = None
    cycle: RunningCycle | ClosedCycle | None = None
    decision: Decision | None = None
    goal: GoalDraft | NegotiatedGoal | PromisedGoal | EndedGoal | None = None
    id: UUID
    kind: str
    member: MemberSummary | None = None
    organisation: OrganisationState | None = None
    state: str | None = None
    team: TeamSummary | None = None
    version: int


class RestatedPurpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A purpose as it stood: whose, and which version of it."""

    charter: UUID
    version: int


class RestoreTeam(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Bring an archived team back, with a lead; a steward does."""

    do: Literal["restore"] | UnsetType = UNSET
    lead: str


class ResumeGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="resume"):
    """Work resumes before the agreed day."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class ResumeSubscription(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Send again, from where it stopped; also after it was disabled."""

    do: Literal["resume"] | UnsetType = UNSET


class RetireNonNegotiable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A standing expectation stands no longer."""

    do: Literal["retire_non_negotiable"] | UnsetType = UNSET
    non_negotiable: str
    of: str | UnsetType | None = UNSET
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


class ReviewCharter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The charter was looked at as a whole, and still holds."""

    do: Literal["review"] | UnsetType = UNSET
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET


class ReviewDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Looked at again: it stands. Where it does not, reopen it."""

    do: Literal["review"] | UnsetType = UNSET
    next: date | UnsetType | None = UNSET
    note: str = ""


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


class ReviseNonNegotiable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """New words for a standing expectation: a new version, which everybody acknowledges anew."""

    decision: str | UnsetType | None = UNSET
    do: Literal["revise_non_negotiable"] | UnsetType = UNSET
    non_negotiable: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    text: str


class RevokeKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """No fields: a key ends now, and ending it twice does no harm."""


class RevokeRole(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Take a role back; a steward does."""

    corrects: str | UnsetType | None = UNSET
    do: Literal["revoke_role"] | UnsetType = UNSET
    role: Role


class RevokedKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When the key ended."""

    key_id: UUID
    revoked_at: datetime


class RitualEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ritual that counts, and whose it is."""

    cadence_days: int
    minutes: int
    minutes_a_week: float
    mode: str
    ritual: UUID
    team: UUID | None = None
    title: str


class RitualSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ritual and what it asks of each, in minutes a week."""

    cadence_days: int
    id: UUID
    minutes: int
    minutes_a_week: float
    mode: str
    name: str
    ref: str | None = None
    since: datetime


class RitualsReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What meetings ask of each member, and what could be async."""

    as_of: str
    figures: list[Figure]
    names: dict[str, str] = {}
    policy_version: int
    recorded_as_of: datetime
    rituals: list[RitualEntry]


Role = Literal["auditor", "integration", "steward"]


class RotateKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How long the old key stays in force after the new one is created."""

    overlap_hours: int = 24


class RotateSecret(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sign with a new secret; with the former one too until the overlap is over."""

    do: Literal["rotate_secret"] | UnsetType = UNSET
    overlap_hours: int = 24


class RotatedSecret(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The new secret, this once."""

    secret: str
    subscription: SubscriptionSummary


class RuleBroken(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="rule_broken"):
    """The mediator finds the promise broken."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class RuleSatisfied(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="rule_satisfied"):
    """The mediator finds the conditions met."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class RunningCycle(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="open"):
    """Opened and not closed."""

    contributions: int = 0
    ends: date
    follows: UUID | None = None
    goals: list[GoalInCycle] = []
    id: UUID
    improvements: list[CycleImprovement] = []
    last_at: datetime
    learned: list[Lesson] = []
    learnings: list[CycleLearning] = []
    name: str
    of: Scope
    opened_at: datetime
    purpose: RestatedPurpose
    ref: str | None = None
    reflected: list[UUID] = []
    reflections: int = 0
    starts: date
    to_clients: str
    to_organisation: str
    to_society: str = ""
    to_stakeholders: str = ""
    to_team: str
    version: int


class Scope(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A team, or (None) the organisation itself."""

    team: UUID | None


class SendWebhookTest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """No fields: one message of the type `webhook.test`, signed as any other, is sent at once."""


class SetDecisionReview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Name the day on which the decision is looked at again."""

    do: Literal["set_review"] | UnsetType = UNSET
    on: date


class SetPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Change the policies that are named; the others stay as they are."""

    do: Literal["set_policy"] | UnsetType = UNSET
    policy: dict[str, Any]


class SetRitual(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A recurring check-in, standup or async update."""

    cadence_days: int
    do: Literal["set_ritual"] | UnsetType = UNSET
    minutes: int
    mode: Literal["async", "sync"]
    name: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET
    ritual: str | UnsetType | None = UNSET


class SettleGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say what becomes of a goal beyond the cycle: carried on, renegotiated or dropped."""

    do: Literal["settle_goal"] | UnsetType = UNSET
    goal: str
    how: Literal["carried_on", "dropped", "renegotiated"]


class SharePerspective(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say how it looks from where you stand; no vote, no objection."""

    do: Literal["share_perspective"] | UnsetType = UNSET
    option: str | UnsetType | None = UNSET
    text: str


class ShareReflection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What worked, and what can improve; either may stay empty, not both."""

    do: Literal["share_reflection"] | UnsetType = UNSET
    improve: str = ""
    worked: str = ""


class SnapshotEnd(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last line of a snapshot: one that lacks it is not whole."""

    position: int
    resources: int


class SnapshotHead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of a snapshot: of which log, and at which position, everything behind it is."""

    epoch: str
    organisation: UUID
    position: int
    recorded_as_of: datetime | None


class SnapshotLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line, of the kind that its only field names."""

    end: SnapshotEnd | None = None
    resource: Resource | None = None
    snapshot: SnapshotHead | None = None


class Subscribe(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Have events sent to an address from now on, as far as the key's member sees them."""

    do: Literal["create"] | UnsetType = UNSET
    handshake: bool = True
    name: str = ""
    ordering: Literal["none", "strict"] = "strict"
    payload: Literal["auto", "full", "thin"] = "auto"
    secret: str | UnsetType | None = UNSET
    subject: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET
    types: list[str] = []
    url: str


class SubscriptionCreatedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.created.v1"
):
    """A member had events sent to an address."""

    name: str = ""
    ordering: str = "strict"
    owner: UUID
    payload: str = "auto"
    subject: str | None = None
    team: UUID | None = None
    types: list[str] = []
    url: str


class SubscriptionDisabledV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.disabled.v1"
):
    """Deliveries ended by themselves: the target is gone, failed for too long, or the member has left."""

    failing_since: datetime | None = None
    reason: str


class SubscriptionDisablement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why and when deliveries ended by themselves."""

    at: datetime
    event_id: UUID
    failing_since: datetime | None
    reason: str


class SubscriptionList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every subscription that the key may manage, by id."""

    subscriptions: list[SubscriptionSummary]


class SubscriptionPausedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.paused.v1"
):
    """Nothing is sent until it is resumed."""


class SubscriptionRemovedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.removed.v1"
):
    """The subscription ended for good."""


class SubscriptionReplayRequestedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.replay_requested.v1"
):
    """What was recorded after this position is sent again."""

    after: int


class SubscriptionResumedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.resumed.v1"
):
    """Events are sent again, from where it stopped."""


class SubscriptionSecretRotatedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription.secret_rotated.v1"
):
    """Messages are signed with a new secret, and until then with the former one too."""

    former_until: datetime


class SubscriptionSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A subscription in a list, and after an act."""

    created_at: datetime
    disabled: SubscriptionDisablement | None = None
    events: list[UUID] | None = None
    id: UUID
    name: str = ""
    ordering: str | None = None
    owner: UUID
    payload: str | None = None
    position: int | None = None
    state: str
    subject: str | None = None
    team: UUID | None = None
    types: list[str] = []
    url: str
    version: int


class SubscriptionView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One subscription, and how far it was sent."""

    progress: DeliveryProgress | None
    subscription: SubscriptionSummary


class Suggestion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way in which something drifts, and the one sentence that would mend it."""

    charter: UUID | None = None
    events: list[UUID] | None = None
    from_: UUID = field(name="from")
    goal: UUID | None = None
    kind: str
    member: UUID | None = None
    overdue: bool = False
    parent: UUID | None = None
    sentence: str
    to: UUID | None
    until: datetime | None = None


class Support(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What this goal is for: another goal, or a purpose: the current one of the charter with this id."""

    goal: UUID | None = None
    purpose: UUID | None = None


class SupportInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A goal by id or external reference, or a purpose."""

    goal: str | UnsetType | None = UNSET
    purpose: str | UnsetType | None = UNSET


class SupportReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of support, the needs that wait by answer-by, and the open blockers by age."""

    as_of: str
    blockers: list[BlockerEntry]
    figures: list[Figure]
    names: dict[str, str] = {}
    needs: list[NeedEntry]
    policy_version: int
    recorded_as_of: datetime


class TakeBackAppointment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Take back an appointment of a lead that was wrong: the lead before it leads on."""

    corrects: str
    do: Literal["take_back"] | UnsetType = UNSET


class TakeBackFact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Take back a capacity, an absence, a role's grant or revocation, or a leave of a team that was wrong."""

    corrects: str
    do: Literal["take_back"] | UnsetType = UNSET


class TakeBackStatement(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="take_back"):
    """Take back a check-in or a reading of the measure that was wrong: what was said before it holds again."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    corrects: str
    reason: Reason | UnsetType | None = UNSET


class TakenAs(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an act stood to the load line when it was taken, computed under the append's lock."""

    accepted_by: UUID | None = None
    how: str
    of: UUID | None = None
    withheld: bool = False
    worst_ratio: str | None
    worst_week: date | None


class TeamAppointmentTakenBackV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.appointment_taken_back.v1"
):
    """An appointment was made wrongly: the lead before it leads on."""

    corrects: UUID


class TeamArchivedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.archived.v1"):
    """A team was archived: its lead's task ended and nothing new begins in it; goals under way go on."""


class TeamCreatedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.created.v1"):
    """A team was created, with its lead."""

    lead: UUID
    name: str
    ref: str | None = None


class TeamLeadAppointedV1(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.lead_appointed.v1"
):
    """A team was given another lead; with `corrects` in the place of that appointment."""

    corrects: UUID | None = None
    lead: UUID


class TeamList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every team of the organisation."""

    teams: list[TeamSummary]


class TeamRenamedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.renamed.v1"):
    """A team was given another name."""

    name: str


class TeamRestoredV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="team.restored.v1"):
    """An archived team was brought back, with a lead."""

    lead: UUID


class TeamSummary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A team; `members` where one team is asked for."""

    archived_at: datetime | None = None
    events: list[UUID] | None = None
    id: UUID
    lead: UUID
    lead_left: bool = False
    members: list[UUID] | None = None
    name: str
    position: int | None = None
    ref: str | None = None
    version: int


class Terms(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is promised, in one version. Dates are the organisation's; a due date ends at 24:00 there."""

    conditions: list[Condition]
    due: date
    effort_hours: str | None = None
    kind: GoalKind | None = None
    measure: Measure
    outcome: str
    priority: Priority | None = None
    start: date
    supports: list[Support] = []


class TermsDiff(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Changes as resolved: ids instead of references, conditions with their ids."""

    conditions: list[Condition] | None = None
    due: date | None = None
    effort_hours: str | None = None
    measure: Measure | None = None
    outcome: str | None = None
    owner: UUID | None = None
    pause: PauseGoal | None = None
    priority: Priority | None = None
    sponsor: UUID | None = None
    start: date | None = None
    supports: list[Support] | None = None


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


class ToleratedChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A move of the due date without the other side's consent."""

    at: datetime
    days: int


class TradeOff(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What gives, with ids. On an addition `goal` is what gives; on the giving act `for` is what it pays for."""

    for_: UUID | None = field(default=None, name="for")
    goal: UUID | None = None
    kind: str


class TradeOffEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What gave way for an addition; `came_back`: the event by which it is there again, so that it pays no more."""

    came_back: UUID | None = None
    day: date
    event: UUID
    goal: UUID | None = None
    hours: float | None
    inferred: bool = False
    kinds: list[str]


class TradeOffInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What gives. On an addition `goal` is what gives; on the giving act `for` is the goal it pays for."""

    for_: str | UnsetType | None = field(default=UNSET, name="for")
    goal: str | UnsetType | None = UNSET
    kind: Literal["capacity", "defer", "drop", "hand_over", "pause", "rescope"]


class UnchangedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A promise that nothing changed and that asks for nothing: its owner has lately said that it stands."""

    due: date
    goal: UUID
    judged_at: datetime
    owner: UUID
    title: str


class UnchangedGoals(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goals that stand as they were, by due, and how many they are."""

    count: int
    items: list[UnchangedGoal]


class UndecidedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A live goal that keeps the cycle open, and what can be said of it now."""

    goal: UUID
    possible: list[str]
    state: str


class UnlinkGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="unlink"):
    """This goal no longer supports that."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET
    supports: list[SupportInput]


class UnlinkedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A promise that stands and leads nowhere."""

    goal: UUID
    owner: UUID
    title: str


class UpstreamCause(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something above: a goal or a purpose that is supported, or the decision by which a purpose was adopted."""

    because: str | None
    below: UUID
    caused: bool
    changed_at: datetime | None
    changed_by: UUID | None
    charter: UUID | None
    decision: UUID | None
    depth: int
    goal: UUID | None
    kind: str
    state: str | None
    team: UUID | None
    text: str | None
    title: str
    version: int | None


class UpstreamPurpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a purpose, as it was adopted."""

    at: datetime
    decided: UUID | None
    decision: UUID | None
    event_id: UUID
    team: UUID | None
    text: str
    version: int
    words: str


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether the sponsor finds a condition met."""

    condition: str
    met: bool
    text: str = ""


class VerdictInput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether the sponsor finds a condition met."""

    condition: str
    met: bool
    text: str = ""


class WebhookKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The public half of a key pair, as a JSON Web Key (RFC 8037), and in the form of Standard Webhooks."""

    alg: str
    crv: str
    kid: str
    kty: str
    use: str
    webhook_key: str
    x: str


class WebhookKeys(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The public keys that messages are signed with (v1a), the newest first: a JSON Web Key Set (RFC 7517)."""

    keys: list[WebhookKey]


class WebhookTestResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the target answered."""

    answer: str
    delivered: bool
    duration_ms: int
    error: str
    status: int | None
    webhook_id: str


class WhyAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a field of a goal has its value: the steps back to the promise, what stands above, and what it led to."""

    chain: list[WhyStep]
    downstream: list[PurposeConsequence]
    field: str
    goal: UUID
    more: bool
    title: str
    upstream: list[UpstreamCause]
    value: Any


class WhyParty(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member and how people call them."""

    id: UUID
    name: str


class WhyProposal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A proposal, request, offer or counter: what was said before the consent."""

    at: datetime
    by: WhyParty | None
    causation_id: UUID | None
    event_id: UUID
    in_time: bool | None
    reason: Reason | None
    retroactive: bool | None
    text: str
    trade_offs: list[TradeOff]
    trigger: str | None
    type: str


class WhyStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of the chain. `by` is who said it; of a change or promise, who consented and so made it hold."""

    after: Any
    at: datetime
    before: Any
    by: WhyParty | None
    event_id: UUID
    joined: list[WhyParty]
    kind: str
    load_estimated: bool
    reason: Reason | None
    recorded_at: datetime
    said: WhyProposal | None
    self_accepted: bool
    taken_as: str | None
    text: str
    type: str


class WithdrawChange(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="withdraw_change"):
    """Take one's own proposal back."""

    answers: str
    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class WithdrawFreedom(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A freedom is taken back, with the reason."""

    do: Literal["withdraw_freedom"] | UnsetType = UNSET
    freedom: str
    of: str | UnsetType | None = UNSET
    reason: Reason | UnsetType | None = UNSET


class WithdrawGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="withdraw"):
    """Take back what was asked or offered, before it became a promise."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    reason: Reason | UnsetType | None = UNSET


class WithdrawObjection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The objector takes an objection back."""

    do: Literal["withdraw_objection"] | UnsetType = UNSET
    objection: str | UnsetType | None = UNSET


class WithdrawPromise(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="withdraw_promise"):
    """The owner revokes the promise, with a mitigation if there is one."""

    as_: Literal["owner", "sponsor"] | UnsetType | None = field(default=UNSET, name="as")
    mitigation: str = ""
    reason: Reason | UnsetType | None = UNSET
    trade_offs: list[TradeOffInput] = []


WithheldBy = str


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "charter.acknowledged.v1": CharterAcknowledgedV1,
    "charter.breach_raised.v1": CharterBreachRaisedV1,
    "charter.freedom_granted.v1": CharterFreedomGrantedV1,
    "charter.freedom_withdrawn.v1": CharterFreedomWithdrawnV1,
    "charter.non_negotiable_adopted.v1": CharterNonNegotiableAdoptedV1,
    "charter.non_negotiable_retired.v1": CharterNonNegotiableRetiredV1,
    "charter.non_negotiable_revised.v1": CharterNonNegotiableRevisedV1,
    "charter.purpose_adopted.v1": CharterPurposeAdoptedV1,
    "charter.purpose_proposed.v1": CharterPurposeProposedV1,
    "charter.purpose_revised.v1": CharterPurposeRevisedV1,
    "charter.put_in_force.v1": CharterPutInForceV1,
    "charter.repair_agreed.v1": CharterRepairAgreedV1,
    "charter.reviewed.v1": CharterReviewedV1,
    "charter.ritual_changed.v1": CharterRitualChangedV1,
    "charter.ritual_ended.v1": CharterRitualEndedV1,
    "charter.ritual_set.v1": CharterRitualSetV1,
    "cycle.closed.v1": CycleClosedV1,
    "cycle.contribution_credited.v1": CycleContributionCreditedV1,
    "cycle.goal_included.v1": CycleGoalIncludedV1,
    "cycle.goal_settled.v1": CycleGoalSettledV1,
    "cycle.improvement_agreed.v1": CycleImprovementAgreedV1,
    "cycle.improvement_done.v1": CycleImprovementDoneV1,
    "cycle.improvement_dropped.v1": CycleImprovementDroppedV1,
    "cycle.learning_recorded.v1": CycleLearningRecordedV1,
    "cycle.opened.v1": CycleOpenedV1,
    "cycle.reflection_shared.v1": CycleReflectionSharedV1,
    "decision.consented.v1": DecisionConsentedV1,
    "decision.decided.v1": DecisionDecidedV1,
    "decision.objection_integrated.v1": DecisionObjectionIntegratedV1,
    "decision.objection_raised.v1": DecisionObjectionRaisedV1,
    "decision.objection_withdrawn.v1": DecisionObjectionWithdrawnV1,
    "decision.opened.v1": DecisionOpenedV1,
    "decision.passed_to_lead.v1": DecisionPassedToLeadV1,
    "decision.perspective_shared.v1": DecisionPerspectiveSharedV1,
    "decision.reopened.v1": DecisionReopenedV1,
    "decision.review_set.v1": DecisionReviewSetV1,
    "decision.reviewed.v1": DecisionReviewedV1,
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
    "key.made.v1": KeyMadeV1,
    "key.replaced.v1": KeyReplacedV1,
    "key.revoked.v1": KeyRevokedV1,
    "member.absence_declared.v1": MemberAbsenceDeclaredV1,
    "member.capacity_declared.v1": MemberCapacityDeclaredV1,
    "member.fact_taken_back.v1": MemberFactTakenBackV1,
    "member.joined.v1": MemberJoinedV1,
    "member.left.v1": MemberLeftV1,
    "member.renamed.v1": MemberRenamedV1,
    "member.role_granted.v1": MemberRoleGrantedV1,
    "member.role_revoked.v1": MemberRoleRevokedV1,
    "member.team_left.v1": MemberTeamLeftV1,
    "organisation.created.v1": OrganisationCreatedV1,
    "organisation.policy_set.v1": OrganisationPolicySetV1,
    "organisation.renamed.v1": OrganisationRenamedV1,
    "organisation.source_added.v1": OrganisationSourceAddedV1,
    "organisation.watermark_set.v1": OrganisationWatermarkSetV1,
    "subscription.created.v1": SubscriptionCreatedV1,
    "subscription.disabled.v1": SubscriptionDisabledV1,
    "subscription.paused.v1": SubscriptionPausedV1,
    "subscription.removed.v1": SubscriptionRemovedV1,
    "subscription.replay_requested.v1": SubscriptionReplayRequestedV1,
    "subscription.resumed.v1": SubscriptionResumedV1,
    "subscription.secret_rotated.v1": SubscriptionSecretRotatedV1,
    "team.appointment_taken_back.v1": TeamAppointmentTakenBackV1,
    "team.archived.v1": TeamArchivedV1,
    "team.created.v1": TeamCreatedV1,
    "team.lead_appointed.v1": TeamLeadAppointedV1,
    "team.renamed.v1": TeamRenamedV1,
    "team.restored.v1": TeamRestoredV1,
}
