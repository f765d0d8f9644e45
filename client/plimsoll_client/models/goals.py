"""Models of goals. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID
from msgspec import Raw, Struct, field

from plimsoll_client.models.event_parts import Blocker
from plimsoll_client.models.event_parts import DraftTerms
from plimsoll_client.models.event_parts_bodies import PauseGoal
from plimsoll_client.models.event_parts_bodies import Priority
from plimsoll_client.models.shared import PurposeConsequence
from plimsoll_client.models.shared_bodies import Reason
from plimsoll_client.models.event_parts import Support
from plimsoll_client.models.event_parts import Terms
from plimsoll_client.models.event_parts import TermsDiff
from plimsoll_client.models.event_parts import TradeOff
from plimsoll_client.event_data import EventData


class ActPreview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The dry run of an act. Nothing was recorded."""

    after: GoalSummary | None
    before: GoalSummary | None
    load: list[OwnerLoad]
    load_if_accepted: list[OwnerLoad]
    would: list[PreviewedEvent]


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


class Delivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A declared completion that waits for the sponsor's verdict."""

    decide_by: date | None
    delivered_at: datetime
    id: UUID
    lapsed: bool
    mediator: UUID | None


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


class FieldChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field at two times, and the events in between that changed it."""

    after: Any
    before: Any
    events: list[UUID]
    field: str


class GoalDiff(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What differs between the two times, field by field, with the events that changed it."""

    changes: list[FieldChange]
    from_: str = field(name="from")
    to: str


class GoalDraft(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="draft"):
    """Written down; neither offered nor requested yet."""

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


class LoadWeek(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An owner's week, from today on where it has begun. Hours and ratio rounded to six decimals."""

    available_hours: float | None
    estimated: bool
    line: str | None
    planned_hours: float | None
    ratio: float | None
    week: date


class NegotiatedGoal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="asked"):
    """Requested, offered, countered or deferred: one side owes an answer."""

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


class OpenBlocker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A raised blocker that is not resolved; `id` is its event."""

    blocker: Blocker
    id: UUID
    raised_at: datetime


class OpenNeed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An unanswered need: the check-in's event id and its index there."""

    addressee: UUID | None
    answer_by: date | None
    check_in: UUID
    index: int
    raised_at: datetime


class OwnerLoad(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Twelve weeks of one owner, without and with the act."""

    after: list[LoadWeek]
    before: list[LoadWeek]
    member: UUID


class PreviewedEvent(EventData, frozen=True, kw_only=True, omit_defaults=True):
    """One fact that would be recorded: timers that fall due before the act come first."""

    data: Raw
    occurred_at: datetime
    reason: Reason | None = None
    type: str


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


class ToleratedChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A move of the due date without the other side's consent."""

    at: datetime
    days: int


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
