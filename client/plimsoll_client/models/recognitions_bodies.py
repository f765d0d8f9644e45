"""Models of recognitions_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal
from msgspec import UNSET, Struct, UnsetType


class CorrectRecognition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say it in other words, or as the other kind; what was said before stays in the history."""

    do: Literal["correct"] | UnsetType = UNSET
    kind: Literal["relationship", "result"] | UnsetType | None = UNSET
    text: str | UnsetType | None = UNSET


class GiveRecognition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Recognise what another member did for a goal or a cycle."""

    cycle: str | UnsetType | None = UNSET
    do: Literal["give"] | UnsetType = UNSET
    goal: str | UnsetType | None = UNSET
    kind: Literal["relationship", "result"]
    member: str
    ref: str | UnsetType | None = UNSET
    text: str


class TakeBackRecognition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Take it back: it counts no longer, and stays in the history."""

    do: Literal["take_back"] | UnsetType = UNSET
