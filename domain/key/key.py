"""An API key's acts, events and state. Neither its secret nor a digest of it is ever among them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from domain.envelope import Event, Instant, RecordedEvent

KeyName = Annotated[str, msgspec.Meta(max_length=200)]


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key's state. One that was made before keys were facts is known from its first change on."""

    id: UUID
    member: UUID
    #: Empty: it was made before keys were facts.
    scopes: tuple[str, ...] = ()
    name: str = ""
    #: The member who made it; None: an operator, or not known.
    made_by: UUID | None = None
    made_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class KeyAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Something done about a key; a steward does it, or an operator at the command line."""


class MakeKey(KeyAct, tag="make", frozen=True, kw_only=True):
    """Make a key that acts for a member."""

    member: UUID
    scopes: tuple[str, ...]
    expires_at: Instant
    name: KeyName = ""
    #: The key in whose place it is made.
    replaces: UUID | None = None


class ReplaceKey(KeyAct, tag="replace", frozen=True, kw_only=True):
    """End a key, for another that takes its place."""

    member: UUID
    replaced_by: UUID
    #: When it ends.
    expires_at: Instant


class EndKey(KeyAct, tag="end", frozen=True, kw_only=True):
    """End a key now."""

    member: UUID


AnyKeyAct = MakeKey | ReplaceKey | EndKey


class KeyMade(Event, tag="key.made.v1", frozen=True, kw_only=True):
    """A key was made that acts for a member."""

    member: UUID
    scopes: tuple[str, ...]
    expires_at: Instant
    name: str = ""
    #: The key in whose place it was made.
    replaces: UUID | None = None


class KeyReplaced(Event, tag="key.replaced.v1", frozen=True, kw_only=True):
    """Another key took its place; this one works until it ends."""

    member: UUID
    replaced_by: UUID
    expires_at: Instant


class KeyRevoked(Event, tag="key.revoked.v1", frozen=True, kw_only=True):
    """A key was ended."""

    member: UUID


KeyEvent = KeyMade | KeyReplaced | KeyRevoked


def evolve(key: ApiKey | None, recorded: RecordedEvent) -> ApiKey | None:
    """The state after `recorded`; never fails on a recorded event."""
    match recorded.data:
        case KeyMade(member=member, scopes=scopes, expires_at=expires_at, name=name):
            return ApiKey(
                id=recorded.stream_id,
                member=member,
                scopes=scopes,
                name=name,
                made_by=recorded.actor,
                made_at=recorded.occurred_at,
                expires_at=expires_at,
            )
        case KeyReplaced(member=member, expires_at=expires_at):
            known = key or ApiKey(id=recorded.stream_id, member=member)
            return msgspec.structs.replace(known, expires_at=expires_at)
        case KeyRevoked(member=member):
            known = key or ApiKey(id=recorded.stream_id, member=member)
            return msgspec.structs.replace(known, revoked_at=known.revoked_at or recorded.occurred_at)
    return key
