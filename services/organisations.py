"""The first acts of an organisation: itself, a steward, the steward's key; no member exists yet to authorise them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from domain.errors import NotFound
from domain.key.key import AnyKeyAct, EndKey, KeyMade, KeyRevoked, MakeKey, ReplaceKey
from domain.member import member
from domain.organisation import organisation
from domain.references import derive_organisation_id, resolve_stream_id
from ledger.api_keys import KeyAction, KeyRecord, NewKey
from ledger.commands import Command

if TYPE_CHECKING:
    from services.runtime import Runtime

#: What a steward's first key may do: everything a steward may.
STEWARD_SCOPES = frozenset({"read", "act", "import", "admin"})

_STEWARD_ROLES = frozenset({"steward"})


class CreatedOrganisation(msgspec.Struct, frozen=True, kw_only=True):
    """A new organisation, its steward, and the steward's key: its text is shown this once."""

    organisation: str
    organisation_id: UUID
    steward_id: UUID
    api_key: str


def list_keys(
    runtime: Runtime, organisation_id: UUID, *, after: UUID | None = None, limit: int | None = None
) -> list[KeyRecord]:
    """The organisation's keys, oldest first, those included that ended with a leave of their members.

    With who issued and revoked each, as its events say. `after`: those behind that key; `limit` None: all.
    """
    page = {} if limit is None else {"limit": limit}
    records = runtime.keys.list(organisation_id, after=after, **page)
    facts = runtime.ledger.read_streams([record.key_id for record in records], runtime.ledger.head()) if records else {}
    return [
        msgspec.structs.replace(
            record,
            ended_at=_find_key_end(runtime, organisation_id, record),
            issued=_find_action(facts.get(record.key_id, ()), KeyMade),
            revoked=_find_action(facts.get(record.key_id, ()), KeyRevoked),
        )
        for record in records
    ]


def _find_action(facts: Sequence[RecordedEvent], kind: type[KeyMade | KeyRevoked]) -> KeyAction | None:
    """Who recorded the first of these facts that is of this kind."""
    found = next((fact for fact in facts if isinstance(fact.data, kind)), None)
    return None if found is None else KeyAction(at=found.recorded_at, by=found.actor, by_key=found.key_id)


class KeySteward(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes and ends keys: a member with a key of its own, or (neither) an operator at the command line."""

    member_id: UUID | None = None
    key_id: UUID | None = None
    roles: frozenset[str] = _STEWARD_ROLES


OPERATOR = KeySteward()


def create_key(  # noqa: PLR0913 - what a key is
    runtime: Runtime,
    organisation_id: UUID,
    member_id: UUID,
    scopes: Collection[str],
    *,
    by: KeySteward,
    expires_at: datetime | None = None,
    name: str = "",
) -> str:
    """A new key, recorded as a fact before it works; see `Keys.create`."""
    record = partial(_record_key, runtime, by)
    return runtime.keys.create(organisation_id, member_id, scopes, expires_at, name, record=record)


def rotate_key(
    runtime: Runtime, key_id: UUID, overlap: timedelta, *, by: KeySteward, organisation_id: UUID | None = None
) -> str:
    """A key in the place of another, which ends after `overlap`; see `Keys.rotate`.

    Raises `NotFound` as well for a key that ended with a leave of its member.
    """
    tenant, record = runtime.keys.find(key_id, organisation_id)
    if _find_key_end(runtime, tenant, record) is not None:
        raise NotFound("this key ended when its member left; create another")
    return runtime.keys.rotate(
        key_id, overlap, organisation_id=organisation_id, record=partial(_record_key, runtime, by)
    )


def revoke_key(runtime: Runtime, key_id: UUID, *, by: KeySteward, organisation_id: UUID | None = None) -> KeyRecord:
    """End a key now, and then record it: one that is to end does not wait for the log. The key as it is.

    Calling again after a crash records what is missing, and once only. Raises `NotFound`.
    """
    runtime.keys.revoke(key_id, organisation_id=organisation_id)
    tenant, record = runtime.keys.find(key_id, organisation_id)
    known = runtime.ledger.load_current(tenant, "key", key_id)
    if known is None or known.state is None or known.state.revoked_at is None:
        _record_key_act(runtime, by, tenant, key_id, EndKey(member=record.member_id))
    return record


def _record_key(runtime: Runtime, by: KeySteward, new: NewKey) -> None:
    made = MakeKey(
        member=new.member_id,
        scopes=tuple(sorted(new.scopes)),
        expires_at=new.expires_at,
        name=new.name,
        replaces=new.replaces,
    )
    _record_key_act(runtime, by, new.organisation_id, new.key_id, made)
    if new.replaces is not None and new.replaced_until is not None:
        ended = ReplaceKey(member=new.member_id, replaced_by=new.key_id, expires_at=new.replaced_until)
        _record_key_act(runtime, by, new.organisation_id, new.replaces, ended)


def _record_key_act(runtime: Runtime, by: KeySteward, organisation_id: UUID, key_id: UUID, act: AnyKeyAct) -> None:
    runtime.handle(
        Command(
            organisation_id=organisation_id,
            kind="key",
            stream_id=key_id,
            act=act,
            actor=by.member_id,
            key_id=by.key_id,
            roles=by.roles,
        )
    )


def _find_key_end(runtime: Runtime, organisation_id: UUID, record: KeyRecord) -> datetime | None:
    current = runtime.ledger.load_current(organisation_id, "member", record.member_id)
    return current.state.end_of(record.created_at) if current is not None else None


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
        runtime.keys.list(organisation_key, limit=1)
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
    key = create_key(
        runtime, organisation_key, steward_id, STEWARD_SCOPES, by=KeySteward(member_id=steward_id), name="first key"
    )
    return CreatedOrganisation(
        organisation=name.strip(), organisation_id=organisation_key, steward_id=steward_id, api_key=key
    )
