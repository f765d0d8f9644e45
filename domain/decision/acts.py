"""What can be said about a decision: each Struct is a request body and an import row's act."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

import msgspec

from domain.decision.events import Fallback, Option, OptionalText, OptionId
from domain.envelope import Instant
from domain.personal import Value
from domain.reasons import Reason
from domain.references import Ref
from domain.terms import Text

MIN_OPTIONS, MAX_OPTIONS = 2, 10
MAX_DECIDERS = 50

Options = Annotated[list[Text | Option], msgspec.Meta(min_length=MIN_OPTIONS, max_length=MAX_OPTIONS)]
Deciders = Annotated[list[Ref], msgspec.Meta(min_length=1, max_length=MAX_DECIDERS)]
EventId = Annotated[str, msgspec.Meta(min_length=36, max_length=36)]


class DecisionSubjectInput(Value, frozen=True, kw_only=True):
    """What of their own charter is asked about: a purpose as proposed, or a non-negotiable, perhaps yet to come."""

    #: The open proposal's event id or reference.
    proposal: Ref | None = None
    non_negotiable: Ref | None = None


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done about a decision."""

    #: Whether it carries authority (`domain.authority`).
    is_authoritative: ClassVar[bool] = True


class Open(Act, tag="open", frozen=True, kw_only=True):
    """Ask a question with a time-box: who decides, by when, and what holds if no consent is found."""

    question: Text
    #: Plain strings get the ids o1, o2, ... by their place.
    options: Options
    deciders: Deciders
    deadline: Instant
    fallback: Fallback
    #: Whose decision it is; without a name: the organisation's own.
    team: Ref | None = None
    #: Id of the option that leaves things as they are.
    status_quo: OptionId | None = None
    about: DecisionSubjectInput | None = None
    review_on: date | None = None
    ref: Ref | None = None


class SharePerspective(Act, tag="share_perspective", frozen=True, kw_only=True):
    """Say how it looks from where you stand; no vote, no objection."""

    text: Text
    option: OptionId | None = None


class RaiseObjection(Act, tag="raise_objection", frozen=True, kw_only=True):
    """Say why an option is not safe enough to try."""

    option: OptionId
    text: Text


class IntegrateObjection(Act, tag="integrate_objection", frozen=True, kw_only=True):
    """The opener or the lead says how the option changes to meet an objection; consents to it are asked anew."""

    how: Text
    #: The objection's event id, or who raised it; nothing named: the one that is open.
    objection: Ref | None = None


class WithdrawObjection(Act, tag="withdraw_objection", frozen=True, kw_only=True):
    """The objector takes an objection back."""

    #: The objection's event id; nothing named: one's own that is open.
    objection: Ref | None = None


class Consent(Act, tag="consent", frozen=True, kw_only=True):
    """A decider says: no open objection, safe enough to try."""

    option: OptionId
    #: The event that gave the option its present wording; needed once an objection was integrated into it.
    answers: EventId | None = None


class Decide(Act, tag="decide", frozen=True, kw_only=True):
    """The lead decides, where the deadline has passed and the fallback says so."""

    #: Null: things stay as they are.
    option: OptionId | None = None


class SetReview(Act, tag="set_review", frozen=True, kw_only=True):
    """Name the day on which the decision is looked at again."""

    on: date


class Review(Act, tag="review", frozen=True, kw_only=True):
    """Looked at again: it stands. Where it does not, reopen it."""

    note: OptionalText = ""
    next: date | None = None


class Reopen(Act, tag="reopen", frozen=True, kw_only=True):
    """Ask the same question again within a new time-box, for a reason."""

    deadline: Instant
    reason: Reason | None = None


DecisionAct = (
    Open
    | SharePerspective
    | RaiseObjection
    | IntegrateObjection
    | WithdrawObjection
    | Consent
    | Decide
    | SetReview
    | Review
    | Reopen
)
