"""Models of keys_bodies. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from msgspec import UNSET, Struct, UnsetType


class CreateKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key for a member: it never sees or does more than that member, nor more than its scopes."""

    expires_at: datetime | UnsetType | None = UNSET
    member: str
    name: str = ""
    scopes: list[str]


class RevokeKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """No fields: a key ends now, and ending it twice does no harm."""


class RotateKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How long the old key stays in force after the new one is created."""

    overlap_hours: int = 24
