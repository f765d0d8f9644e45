"""Models of pulses_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID
from msgspec import UNSET, Struct, UnsetType


class ClosePulse(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """End the wave: what may be known of it is published, and the answers are deleted."""

    do: Literal["close"] | UnsetType = UNSET


class OpenPulse(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask the persons of a team, or of the organisation, how it stands with them."""

    closes_on: date
    do: Literal["open"] | UnsetType = UNSET
    ref: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET


class PulseAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rating of each item, and a token that this pulse signed without seeing it. Sent without a key."""

    cell: UUID
    ratings: list[int]
    signature: str
    token: str


class TakePulseToken(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A blinded token that is to be signed: the only one that you get, and the same again if it is sent again."""

    blinded: str
