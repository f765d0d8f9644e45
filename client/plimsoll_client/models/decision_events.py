"""Models of decision_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from msgspec import Struct

from plimsoll_client.models.event_parts_bodies import DecisionFallback
from plimsoll_client.models.event_parts_bodies import DecisionOption
from plimsoll_client.models.event_parts import DecisionSubject
from plimsoll_client.models.event_parts import Scope


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


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
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
}
