"""Terms of a promise, their conditions, and the diff that a renegotiation proposes."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from domain.errors import InvalidField
from domain.personal import Value
from domain.quantities import Number, Quantity
from domain.references import Ref

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
ShortText = Annotated[str, msgspec.Meta(max_length=64)]
ConditionId = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9_.-]+$")]
FIRST_YEAR, LAST_YEAR = 1970, 2199
MIN_CONDITIONS, MAX_CONDITIONS = 1, 7


def check_date(value: date, pointer: str) -> date:
    """`value`; raises `InvalidField` outside 1970..2199: a year 9999 is a slip, not a plan."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise InvalidField(f"{value} is outside the years {FIRST_YEAR}..{LAST_YEAR}", pointer=pointer)
    return value


class GoalKind(StrEnum):
    """An outcome is what a team pursues, owned by its lead; a task is what a person does for it."""

    OUTCOME = "outcome"
    TASK = "task"


class Priority(StrEnum):
    """How much hangs on it."""

    CRITICAL = "critical"
    IMPORTANT = "important"
    USEFUL = "useful"


class Measure(Value, frozen=True, kw_only=True):
    """How one would tell. Quantities are decimal strings."""

    kind: Literal["binary", "milestone", "number", "range"]
    unit: ShortText = ""
    baseline: Quantity | None = None
    target: Quantity | None = None
    low: Quantity | None = None
    high: Quantity | None = None


class Condition(Value, frozen=True, kw_only=True):
    """One condition of satisfaction: an agreed standard of completion."""

    id: ConditionId
    text: Text


class Support(Value, frozen=True, kw_only=True):
    """What this goal is for: another goal, or a purpose: the current one of the charter with this id."""

    goal: UUID | None = None
    purpose: UUID | None = None


class Terms(Value, frozen=True, kw_only=True):
    """What is promised, in one version. Dates are the organisation's; a due date ends at 24:00 there."""

    outcome: Text
    measure: Measure
    conditions: tuple[Condition, ...]
    start: date
    due: date
    kind: GoalKind = GoalKind.TASK
    #: Decimal string, hours; None: not stated, estimated in reports.
    effort_hours: Quantity | None = None
    priority: Priority = Priority.IMPORTANT
    supports: tuple[Support, ...] = ()


# --- what people write -------------------------------------------------------------------------------------------


class MeasureInput(Value, frozen=True, kw_only=True):
    """A measure as written: quantities as numbers or decimal strings."""

    kind: Literal["binary", "milestone", "number", "range"]
    unit: ShortText = ""
    baseline: Number | None = None
    target: Number | None = None
    low: Number | None = None
    high: Number | None = None


class SupportInput(Value, frozen=True, kw_only=True):
    """A goal by id or external reference, or a purpose."""

    goal: Ref | None = None
    purpose: Ref | None = None


Conditions = Annotated[list[Text | Condition], msgspec.Meta(min_length=MIN_CONDITIONS, max_length=MAX_CONDITIONS)]
Supports = Annotated[list[SupportInput], msgspec.Meta(max_length=20)]


class TermsInput(Value, frozen=True, kw_only=True):
    """Terms as written; plain strings are accepted as conditions and get ids.

    All optional: a draft may be half done, a change is a diff. What must be there is a rule of the act.
    """

    outcome: Text | None = None
    measure: MeasureInput | None = None
    conditions: Conditions | None = None
    start: date | None = None
    due: date | None = None
    kind: GoalKind | None = None
    effort_hours: Number | None = None
    priority: Priority | None = None
    supports: Supports | None = None
