"""Models of experiments_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal
from msgspec import UNSET, Struct, UnsetType

from plimsoll_client.models.shared_bodies import Reason
from plimsoll_client.models.event_parts_bodies import Tension


class AgreeToExperiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The owner agrees to see to it: from now on it runs."""

    do: Literal["agree"] | UnsetType = UNSET


class DeclineExperiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The owner does not agree; a code is enough."""

    do: Literal["decline"] | UnsetType = UNSET
    reason: Reason | UnsetType | None = UNSET


class DropExperiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """End it, for a reason; also before its day, where it does harm."""

    do: Literal["drop"] | UnsetType = UNSET
    outcome: str = ""
    reason: Reason | UnsetType | None = UNSET


class KeepExperiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """It helped, and stays. Only what was looked at can be kept."""

    do: Literal["keep"] | UnsetType = UNSET
    outcome: str


class ProposeExperiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Take up a tension: what is to be tried, how one would tell, when it is looked at, and who sees to it."""

    do: Literal["propose"] | UnsetType = UNSET
    hypothesis: str
    measure: str
    owner: str | UnsetType | None = UNSET
    ref: str | UnsetType | None = UNSET
    review_on: date | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET
    tension: Tension


class ReviewExperiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say what was found, and when it is looked at again; without a day it is to be kept or dropped next."""

    do: Literal["review"] | UnsetType = UNSET
    finding: str
    next: date | UnsetType | None = UNSET


class WithdrawExperiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Take the proposal back before its owner has answered."""

    do: Literal["withdraw"] | UnsetType = UNSET
