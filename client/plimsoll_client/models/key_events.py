"""Models of key_events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from msgspec import Struct


class KeyMadeV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="key.made.v1"):
    """A key was made that acts for a member."""

    expires_at: datetime
    member: UUID
    name: str = ""
    replaces: UUID | None = None
    scopes: list[str]


class KeyReplacedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="key.replaced.v1"):
    """Another key took its place; this one works until it ends."""

    expires_at: datetime
    member: UUID
    replaced_by: UUID


class KeyRevokedV1(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="key.revoked.v1"):
    """A key was ended."""

    member: UUID


#: Type of an event -> the Struct of its `data`.
EVENT_DATA: dict[str, type[Struct]] = {
    "key.made.v1": KeyMadeV1,
    "key.replaced.v1": KeyReplacedV1,
    "key.revoked.v1": KeyRevokedV1,
}
