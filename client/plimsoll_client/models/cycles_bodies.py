"""Models of cycles_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal
from msgspec import UNSET, Struct, UnsetType

from plimsoll_client.models.shared_bodies import Reason


class AgreeImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Agree what will be done better, who sees to it, and until when."""

    do: Literal["agree_improvement"] | UnsetType = UNSET
    due: date
    improvement: str | UnsetType | None = UNSET
    owner: str
    text: str


class CloseCycle(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """End the cycle, once every live goal of it is settled and a member has reflected."""

    do: Literal["close"] | UnsetType = UNSET


class CreditContribution(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say who did what for a goal of the cycle."""

    do: Literal["credit_contribution"] | UnsetType = UNSET
    goal: str
    member: str
    text: str


class DropImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An improvement is not pursued any more, and why."""

    do: Literal["drop_improvement"] | UnsetType = UNSET
    improvement: str
    reason: Reason | UnsetType | None = UNSET


class FinishImprovement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An improvement is done."""

    do: Literal["finish_improvement"] | UnsetType = UNSET
    improvement: str


class IncludeGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Put a live goal into the cycle."""

    do: Literal["include_goal"] | UnsetType = UNSET
    goal: str


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


class RecordLearning(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Write down what was learnt, of a goal of the cycle or in general."""

    do: Literal["record_learning"] | UnsetType = UNSET
    goal: str | UnsetType | None = UNSET
    text: str


class SettleGoal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say what becomes of a goal beyond the cycle: carried on, renegotiated or dropped."""

    do: Literal["settle_goal"] | UnsetType = UNSET
    goal: str
    how: Literal["carried_on", "dropped", "renegotiated"]


class ShareReflection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What worked, and what can improve; either may stay empty, not both."""

    do: Literal["share_reflection"] | UnsetType = UNSET
    improve: str = ""
    worked: str = ""
