"""The first acts of an organisation: itself, a steward, the steward's key; no member exists yet to authorise them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import msgspec

from domain.member import member
from domain.organisation import organisation
from domain.references import as_uuid, resolve_stream_id
from ledger.commands import Command

if TYPE_CHECKING:
    from services.runtime import Runtime

#: Under which names became ids before a deployment had a namespace of its own: equal names had equal ids everywhere.
_FORMER_NAMESPACE = UUID("8f6b3c1e-5d0a-5e57-9a44-706c696d736f")

#: What a steward's first key may do: everything a steward may.
STEWARD_SCOPES = frozenset({"read", "act", "import", "admin"})

_STEWARD_ROLES = frozenset({"steward"})


class CreatedOrganisation(msgspec.Struct, frozen=True, kw_only=True):
    """A new organisation, its steward, and the steward's key: its text is shown this once."""

    organisation: str
    organisation_id: UUID
    steward_id: UUID
    api_key: str


def derive_organisation_id(name: str, deployment: UUID = _FORMER_NAMESPACE) -> UUID:
    """The id that a name has in a deployment, so that `--organisation NAME` needs no table; an id names itself."""
    return as_uuid(name.strip()) or uuid5(deployment, name.strip())


def find_organisation_id(runtime: Runtime, name: str) -> UUID:
    """The id of the organisation called `name`, or that it would have: what was created under a former id keeps it."""
    former = derive_organisation_id(name)
    if runtime.ledger.load(former, "organisation", former) is not None:
        return former
    return derive_organisation_id(name, runtime.ledger.deployment)


def create_organisation(runtime: Runtime, name: str, *, steward: str, zone: str = "UTC") -> CreatedOrganisation:
    """Create the organisation with its first steward (an external reference, such as an e-mail address) and key.

    Raises `AlreadyExists` for a name in use and `InvalidField` for an unknown time zone. A crash between the acts is
    mended by calling again: what is there is left alone, and only a whole organisation counts as existing.
    """
    organisation_key = find_organisation_id(runtime, name)
    steward_id = resolve_stream_id(organisation_key, "member", steward)
    known = runtime.ledger.load(organisation_key, "member", steward_id)
    half_founded = runtime.ledger.load(organisation_key, "organisation", organisation_key) is not None and not (
        runtime.keys.list(organisation_key)
    )

    def record(kind: str, stream_id: UUID, act: organisation.OrganisationAct | member.MemberAct) -> None:
        runtime.handle(
            Command(
                organisation_id=organisation_key,
                kind=kind,
                stream_id=stream_id,
                act=act,
                actor=steward_id,
                roles=_STEWARD_ROLES,
            )
        )

    if not half_founded:
        record("organisation", organisation_key, organisation.Create(name=name.strip(), zone=zone))
    if known is None or not known.is_present:
        record("member", steward_id, member.Join(name=steward, ref=steward))
    if known is None or member.Role.STEWARD not in known.roles:
        record("member", steward_id, member.GrantRole(role=member.Role.STEWARD))
    key = runtime.keys.create(organisation_key, steward_id, STEWARD_SCOPES, name="first key")
    return CreatedOrganisation(
        organisation=name.strip(), organisation_id=organisation_key, steward_id=steward_id, api_key=key
    )
