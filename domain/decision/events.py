"""What is recorded about a decision."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from domain.charter.state import DecisionSubject
from domain.envelope import Event, Instant
from domain.personal import Personal, Value
from domain.scope import Scope
from domain.terms import ConditionId, Text

#: Names an option within its decision.
OptionId = ConditionId
OptionalText = Annotated[str, msgspec.Meta(max_length=2000)]
FallbackRule = Literal["status_quo", "option", "lead_decides"]


class Option(Value, frozen=True, kw_only=True):
    """One way that the question can be answered."""

    id: OptionId
    text: Text


class Fallback(Value, frozen=True, kw_only=True):
    """What holds where the deadline comes before consent does."""

    rule: FallbackRule
    #: The option that is taken, where the rule is `option`.
    option: OptionId | None = None


class Opened(Event, tag="decision.opened.v1", frozen=True, kw_only=True):
    """A question was asked: options, who decides, until when, and what holds else."""

    question: str
    options: tuple[Option, ...]
    deciders: tuple[UUID, ...]
    #: The end of the time-box: what happens at this instant happens after it.
    deadline: Instant
    fallback: Fallback
    of: Scope
    #: What of a charter it is to adopt; the charter's own act then names the decision.
    about: DecisionSubject | None = None
    #: The option that leaves things as they are; None: not among the options.
    status_quo: str | None = None
    review_on: date | None = None
    ref: str | None = None


class PerspectiveShared(Event, tag="decision.perspective_shared.v1", frozen=True, kw_only=True):
    """A decider described how it looks from their place."""

    text: Personal[str]
    option: str | None = None


class ObjectionRaised(Event, tag="decision.objection_raised.v1", frozen=True, kw_only=True):
    """An option is not safe enough to try, and why; the event's id names the objection."""

    option: str
    text: Personal[str]


class ObjectionIntegrated(Event, tag="decision.objection_integrated.v1", frozen=True, kw_only=True):
    """The option changed to meet an objection; consents to it are asked anew."""

    objection: UUID
    how: Personal[str]


class ObjectionWithdrawn(Event, tag="decision.objection_withdrawn.v1", frozen=True, kw_only=True):
    """The objector took it back."""

    objection: UUID


class Consented(Event, tag="decision.consented.v1", frozen=True, kw_only=True):
    """A decider consented to an option as worded by the event `answers`."""

    option: str
    #: The event that gave the option the wording consented to: opening, reopening or the last integration.
    answers: UUID


class PassedToLead(Event, tag="decision.passed_to_lead.v1", frozen=True, kw_only=True):
    """The deadline passed, and the lead decides until then."""

    until: Instant


class Decided(Event, tag="decision.decided.v1", frozen=True, kw_only=True):
    """It was decided: by consent, by the lead, or at the deadline by the fallback.

    Without an option things stay as they are.
    """

    option: str | None
    by: Literal["consent", "fallback", "lead"]
    inside_time_box: bool


class ReviewSet(Event, tag="decision.review_set.v1", frozen=True, kw_only=True):
    """It is to be looked at again on this day."""

    on: date


class Reviewed(Event, tag="decision.reviewed.v1", frozen=True, kw_only=True):
    """It was looked at again, and stands."""

    note: Personal[str] = ""
    next: date | None = None


class Reopened(Event, tag="decision.reopened.v1", frozen=True, kw_only=True):
    """The question is asked again, within a new time-box."""

    deadline: Instant


DecisionEvent = (
    Opened
    | PerspectiveShared
    | ObjectionRaised
    | ObjectionIntegrated
    | ObjectionWithdrawn
    | Consented
    | PassedToLead
    | Decided
    | ReviewSet
    | Reviewed
    | Reopened
)
