"""Everything that can be said about a cycle: each Struct is a request body and an import row's act."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec

from domain.reasons import Reason
from domain.references import Ref
from domain.terms import Text, Title

GoalEnding = Literal["carried_on", "renegotiated", "dropped"]

#: Text that may stay empty where another one is given.
OptionalText = Annotated[str, msgspec.Meta(max_length=2000)]


#: What a cycle carries with it from event to event stays short.
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something said about a cycle."""

    #: Whether it carries authority (`domain.authority`).
    is_authoritative: ClassVar[bool] = True


class Open(Act, tag="open", frozen=True, kw_only=True):
    """Begin a cycle: why the work matters is said again, and what the last cycle left open comes along."""

    name: Title
    #: Whose cycle it is; none: the organisation's own.
    team: Ref | None = None
    starts: date
    ends: date
    #: The purpose restated: why it matters to each of them.
    to_team: Text
    to_clients: Text
    to_organisation: Text
    to_stakeholders: OptionalText = ""
    to_society: OptionalText = ""
    #: The version of the purpose that is restated; none: the one in force.
    purpose: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    #: Goals that are in it from the beginning.
    goals: Annotated[list[Ref], msgspec.Meta(max_length=100)] = []
    #: The closed cycle that it follows.
    follows: Ref | None = None
    ref: Ref | None = None


class IncludeGoal(Act, tag="include_goal", frozen=True, kw_only=True):
    """Put a live goal into the cycle."""

    goal: Ref


class CreditContribution(Act, tag="credit_contribution", frozen=True, kw_only=True):
    """Say who did what for a goal of the cycle."""

    is_authoritative: ClassVar[bool] = False

    goal: Ref
    member: Ref
    text: Text


class ShareReflection(Act, tag="share_reflection", frozen=True, kw_only=True):
    """What worked, and what can improve; either may stay empty, not both."""

    is_authoritative: ClassVar[bool] = False

    worked: OptionalText = ""
    improve: OptionalText = ""


class AgreeImprovement(Act, tag="agree_improvement", frozen=True, kw_only=True):
    """Agree what will be done better, who sees to it, and until when."""

    #: Its own name, free of choice, as the imported source knows it; an id is given where there is none.
    improvement: Ref | None = None
    text: ShortText
    owner: Ref
    due: date


class FinishImprovement(Act, tag="finish_improvement", frozen=True, kw_only=True):
    """An improvement is done."""

    improvement: Ref


class DropImprovement(Act, tag="drop_improvement", frozen=True, kw_only=True):
    """An improvement is not pursued any more, and why."""

    improvement: Ref
    reason: Reason | None = None


class RecordLearning(Act, tag="record_learning", frozen=True, kw_only=True):
    """Write down what was learnt, of a goal of the cycle or in general."""

    is_authoritative: ClassVar[bool] = False

    text: ShortText
    goal: Ref | None = None


class SettleGoal(Act, tag="settle_goal", frozen=True, kw_only=True):
    """Say what becomes of a goal beyond the cycle: carried on, renegotiated or dropped."""

    goal: Ref
    how: GoalEnding


class Close(Act, tag="close", frozen=True, kw_only=True):
    """End the cycle, once every live goal of it is settled and a member has reflected."""


CycleAct = (
    Open | IncludeGoal | CreditContribution | ShareReflection | AgreeImprovement | FinishImprovement | DropImprovement
    | RecordLearning | SettleGoal | Close
)  # fmt: skip
