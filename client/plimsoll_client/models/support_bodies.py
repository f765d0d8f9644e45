"""Models of support_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class AffirmGoals(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing changed, still right: for each goal that is named, or (`all`) for each active one that I own."""

    all: bool = False
    goals: list[str] = []
    note: str = ""
    seen: int | UnsetType | None = UNSET
