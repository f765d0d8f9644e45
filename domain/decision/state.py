"""What a decision is at one moment."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.charter.state import DecisionSubject
from domain.decision.events import Fallback, Option
from domain.scope import Scope

STATES = ("open", "with_lead", "decided")


class GivenConsent(msgspec.Struct, frozen=True, kw_only=True):
    """A decider's consent to an option in its present wording."""

    decider: UUID
    option: str
    at: datetime
    event_id: UUID


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """Why an option is not safe enough to try, and what became of it; `id` is its event."""

    id: UUID
    by: UUID | None
    option: str
    text: str
    raised_at: datetime
    #: In which asking of the question, 0 the first.
    round: int
    #: None: it is open.
    settled: Literal["integrated", "withdrawn"] | None = None
    #: The event that settled it.
    settled_by: UUID | None = None
    how: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided."""

    event_id: UUID
    #: None: things stay as they are, and no option says so.
    option: str | None
    #: Something changes: not the option that leaves things as they are.
    in_favour: bool
    at: datetime
    by: Literal["consent", "fallback", "lead"]
    inside_time_box: bool


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One asking of the question that is over, as it was asked again."""

    opened_event: UUID
    time_box_from: datetime
    deadline: datetime
    outcome: Outcome
    reopened_event: UUID
    reopened_at: datetime


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision's state."""

    id: UUID
    version: int
    #: `with_lead`: the deadline has passed and the lead decides.
    state: Literal["open", "with_lead", "decided"]
    question: str
    options: tuple[Option, ...]
    status_quo: str | None
    deciders: tuple[UUID, ...]
    deadline: datetime
    fallback: Fallback
    of: Scope
    about: DecisionSubject | None
    opened_by: UUID | None
    opened_at: datetime
    #: The event that opened it, or reopened it last, and when: its time-box begins there.
    opened_event: UUID
    time_box_from: datetime
    consents: tuple[GivenConsent, ...] = ()
    objections: tuple[Objection, ...] = ()
    #: Option -> the event that last changed its wording; absent: worded as opened.
    amended: dict[str, UUID] = {}
    perspectives: int = 0
    #: Until when the lead decides (before any absence), where that is the state.
    lead_until: datetime | None = None
    decided: Outcome | None = None
    review_on: date | None = None
    reviewed_at: datetime | None = None
    #: The askings before this one, oldest first.
    rounds: tuple[Round, ...] = ()
    ref: str | None = None
    #: Business time of the last event that moves it (a timer's too), of the last act that does, and of the last event.
    moved_at: datetime
    acted_at: datetime
    last_at: datetime

    def wording_event(self, option: str) -> UUID:
        """The event that gave an option its present wording: what a consent answers."""
        return self.amended.get(option, self.opened_event)

    @property
    def pending_deciders(self) -> tuple[UUID, ...]:
        """Deciders who have consented to no option, while they can."""
        given = {consent.decider for consent in self.consents}
        return tuple(d for d in self.deciders if d not in given) if self.state == "open" else ()

    @property
    def reopen_count(self) -> int:
        """How often it was asked again."""
        return len(self.rounds)

    @property
    def open_objections(self) -> tuple[Objection, ...]:
        """Those that were neither integrated nor taken back."""
        return tuple(o for o in self.objections if o.settled is None)
