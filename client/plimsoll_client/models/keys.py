"""Models of keys. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from msgspec import Struct


class CreatedKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The key's text, this once."""

    key: str


class KeyAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who issued or revoked a key, and when, as its event says."""

    at: datetime
    by: UUID | None
    by_key: UUID | None


class KeyList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The organisation's keys, ended ones too, or a page of them; who issued and revoked each; never their texts."""

    keys: list[KeyRecord]
    next: str | None


class KeyRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be shown of a key; the key itself is known to its holder alone."""

    created_at: datetime
    ended_at: datetime | None
    expires_at: datetime
    issued: KeyAction | None
    key_id: UUID
    last_used_at: datetime | None
    member_id: UUID
    name: str
    revoked: KeyAction | None
    revoked_at: datetime | None
    scopes: list[str]


class RevokedKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When the key ended."""

    key_id: UUID
    revoked_at: datetime
