"""An id, or the source's own external id: one pure function turns either into the stream's id."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated
from uuid import UUID, uuid5

import msgspec

from domain.errors import InvalidField
from domain.text import compose, is_visible

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


#: Names of organisations become ids under this namespace: `--organisation NAME` needs no table.
ORGANISATIONS = UUID("8f6b3c1e-5d0a-5e57-9a44-706c696d736f")

#: Streams that began before references were composed: the id of a spelling -> the id that its stream has.
_former_ids: dict[UUID, UUID] = {}


def register_former_ids(ids: Mapping[UUID, UUID]) -> None:
    """Let references find the streams of this store that began under another spelling, from now on in this process."""
    _former_ids.update(ids)
    resolve_stream_id.cache_clear()


@lru_cache(maxsize=16_384)
def resolve_stream_id(organisation_id: UUID, kind: str, ref: str) -> UUID:
    """The stream id that `ref` names within the organisation.

    A UUID names itself. Anything else is an external reference and maps to a name-based id (RFC 9562, version 5) of its
    composed form, so the mapping needs no table, survives replays and has an id for a member that joins only later in
    a file. A stream that began before references were composed keeps its id (`register_former_ids`).
    """
    identity = as_uuid(ref)
    if identity is not None:
        return identity
    composed = name_based_id(organisation_id, kind, compose(ref))
    return _keep_former(name_based_id(organisation_id, kind, ref), composed) if _former_ids else composed


def derive_organisation_id(name: str, deployment: UUID = ORGANISATIONS) -> UUID:
    """The id that a name has in a deployment, so that `--organisation NAME` needs no table; an id names itself.

    Without `deployment`: the id of before deployments had a namespace of their own, the same everywhere.
    """
    spelling = name.strip()
    identity = as_uuid(spelling)
    if identity is not None:
        return identity
    return _keep_former(uuid5(deployment, spelling), uuid5(deployment, compose(spelling)))


def _keep_former(spelt: UUID, composed: UUID) -> UUID:
    """The id of the stream that began under this spelling, or under another of the same name; else the composed one."""
    return _former_ids.get(spelt) or _former_ids.get(composed, composed)


def name_based_id(namespace: UUID, kind: str, ref: str) -> UUID:
    """The id of a reference in just this spelling."""
    return uuid5(namespace, f"{kind}:{ref}")


def require_external_reference(ref: str, pointer: str = "/ref") -> str:
    """`ref`, composed, where it may become an external reference.

    Raises `InvalidField` where it looks like an id, or is nothing that can be seen.
    """
    if as_uuid(ref) is not None or not is_visible(ref) or ref != ref.strip() or not ref.isprintable():
        raise InvalidField(
            f"{ref!r} cannot be an external reference: printable, trimmed and not a UUID", pointer=pointer
        )
    return compose(ref)
