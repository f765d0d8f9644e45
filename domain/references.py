"""An id, or the source's own external id: one pure function turns either into the stream's id."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated
from uuid import UUID, uuid5

import msgspec

from domain.errors import InvalidField

#: A team, member or goal as people and imports name it: its id, or its external reference.
Ref = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
#: The event that a correction names; in an import also the `id` of the row that said it.
FactId = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


#: Characters of a UUID as people write it.
_UUID_LENGTH = 36


def as_uuid(ref: str) -> UUID | None:
    """The UUID that `ref` spells in its canonical 36-character form, or None."""
    if len(ref) != _UUID_LENGTH:
        return None
    try:
        return UUID(ref)
    except ValueError:
        return None


@lru_cache(maxsize=16_384)
def resolve_stream_id(organisation_id: UUID, kind: str, ref: str) -> UUID:
    """The stream id that `ref` names within the organisation.

    A UUID names itself. Anything else is an external reference and maps to a name-based id (RFC 9562, version 5), so
    the mapping needs no table, survives replays and knows a member that is only going to join later in a file.
    """
    return as_uuid(ref) or uuid5(organisation_id, f"{kind}:{ref}")


def require_external_reference(ref: str, pointer: str = "/ref") -> str:
    """`ref` where it may become an external reference; raise `InvalidField` where it looks like an id or is blank."""
    if as_uuid(ref) is not None or not ref.strip() or ref != ref.strip() or not ref.isprintable():
        raise InvalidField(
            f"{ref!r} cannot be an external reference: printable, trimmed and not a UUID", pointer=pointer
        )
    return ref
