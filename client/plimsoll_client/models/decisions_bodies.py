"""Models of decisions_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from msgspec import UNSET, Struct, UnsetType

from plimsoll_client.models.event_parts_bodies import DecisionFallback
from plimsoll_client.models.event_parts_bodies import DecisionOption
from plimsoll_client.models.shared_bodies import Reason


class ConsentToOption(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decider says: no open objection, safe enough to try."""

    answers: str | UnsetType | None = UNSET
    do: Literal["consent"] | UnsetType = UNSET
    option: str


class DecideAsLead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The lead decides, where the deadline has passed and the fallback says so."""

    do: Literal["decide"] | UnsetType = UNSET
    option: str | UnsetType | None = UNSET


class DecisionTopic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of their own charter is asked about: a purpose as proposed, or a non-negotiable, perhaps yet to come."""

    non_negotiable: str | UnsetType | None = UNSET
    proposal: str | UnsetType | None = UNSET


class IntegrateObjection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The opener or the lead says how the option changes to meet an objection; consents to it are asked anew."""

    do: Literal["integrate_objection"] | UnsetType = UNSET
    how: str
    objection: str | UnsetType | None = UNSET


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


class RaiseObjection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say why an option is not safe enough to try."""

    do: Literal["raise_objection"] | UnsetType = UNSET
    option: str
    text: str


class ReopenDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask the same question again within a new time-box, for a reason."""

    deadline: datetime
    do: Literal["reopen"] | UnsetType = UNSET
    reason: Reason | UnsetType | None = UNSET


class ReviewDecision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Looked at again: it stands. Where it does not, reopen it."""

    do: Literal["review"] | UnsetType = UNSET
    next: date | UnsetType | None = UNSET
    note: str = ""


class SetDecisionReview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Name the day on which the decision is looked at again."""

    do: Literal["set_review"] | UnsetType = UNSET
    on: date


class SharePerspective(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say how it looks from where you stand; no vote, no objection."""

    do: Literal["share_perspective"] | UnsetType = UNSET
    option: str | UnsetType | None = UNSET
    text: str


class WithdrawObjection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The objector takes an objection back."""

    do: Literal["withdraw_objection"] | UnsetType = UNSET
    objection: str | UnsetType | None = UNSET
