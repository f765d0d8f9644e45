"""Models of decisions. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts_bodies import DecisionFallback
from plimsoll_client.models.event_parts_bodies import DecisionOption
from plimsoll_client.models.event_parts import DecisionSubject
from plimsoll_client.models.event_parts import Scope


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


class DecisionList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of decisions, the latest asked first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    decisions: list[DecisionSummary]
    next: str | None


class DecisionOutcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was decided."""

    at: datetime
    by: str
    event_id: UUID
    in_favour: bool
    inside_time_box: bool
    option: str | None


class DecisionRound(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One asking of the question that is over, as it was asked again."""

    deadline: datetime
    opened_event: UUID
    outcome: DecisionOutcome
    reopened_at: datetime
    reopened_event: UUID
    time_box_from: datetime


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


class DecisionView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision with everything that was said about it."""

    acts: list[str]
    decision: Decision
    id: UUID
    perspectives: list[Perspective]
    state: str
    version: int
    worded_by: dict[str, UUID]


class GivenConsent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decider's consent to an option in its present wording."""

    at: datetime
    decider: UUID
    event_id: UUID
    option: str


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


class Perspective(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it looks from one decider's place."""

    at: datetime
    event_id: UUID
    member: UUID | None
    option: str | None
    text: str
