"""API keys, for stewards. A key's secret is shown once, in the answer that creates it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from domain.envelope import Instant
from domain.errors import Forbidden, NotFound
from domain.member.member import Member
from domain.references import Ref, as_uuid
from ledger.api_keys import GUEST_SCOPE_PREFIX, KeyRecord
from services import organisations
from services.api.context import RequestContext, reject_idempotency_key
from services.api.http.parsing import decode_segment
from services.api.http.problems import field_error
from services.api.http.responses import HttpResponse, encode, json_response
from services.api.operations import NoQuery, Operation, Route, command_route, query_route
from services.api.queries import next_link, parse_id_cursor
from services.authorization import ADMIN, SCOPES, Capability, may, roles_for_command

_TAG = "keys"
_MAX_OVERLAP_HOURS = 24 * 31
_LARGEST_PAGE = 200
#: An answer that holds a secret must not be cached.
_NO_STORE = {"Cache-Control": "no-store"}


class CreateKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key for a member: it never sees or does more than that member, nor more than its scopes."""

    member: Ref
    scopes: Annotated[
        list[
            Annotated[
                str,
                msgspec.Meta(
                    max_length=50,
                    description=(
                        f"Of {', '.join(SCOPES)}; or, alone, {GUEST_SCOPE_PREFIX}<id of a decision>: a guest's."
                    ),
                ),
            ]
        ],
        msgspec.Meta(min_length=1, max_length=len(SCOPES)),
    ]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    #: At most, and by default, a year from now.
    expires_at: Instant | None = None


class RotateKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the old key stays in force after the new one is created."""

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=_MAX_OVERLAP_HOURS)] = 24


class RevokeKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No fields: a key ends now, and ending it twice does no harm."""


class CreatedKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key's text, this once."""

    key: str


class KeysQuery(NoQuery, frozen=True, kw_only=True):
    """Which page of them, the oldest first."""

    cursor: Annotated[str, msgspec.Meta(max_length=36, description="The id of the key after which it begins.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=_LARGEST_PAGE)] | None = None


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation's keys, ended ones too, or a page of them; who issued and revoked each; never their texts."""

    keys: list[KeyRecord]
    next: str | None = None


def _require_key_management(context: RequestContext) -> None:
    if not may(context.viewer, Capability.MANAGE_KEYS):
        raise Forbidden("keys are the stewards' business", allowed=("steward",))


def _steward(context: RequestContext) -> organisations.KeySteward:
    viewer = context.viewer
    return organisations.KeySteward(member_id=viewer.member_id, key_id=viewer.key_id, roles=roles_for_command(viewer))


@query_route(
    "/v1/keys",
    Operation(
        id="listKeys",
        summary="Every key: who issued and revoked it, when it ends and when it was last used",
        tag=_TAG,
        scopes=(ADMIN,),
        query=KeysQuery,
        answer=KeyList,
    ),
)
def list_keys(context: RequestContext) -> HttpResponse:
    _require_key_management(context)
    query: KeysQuery = context.query
    after = parse_id_cursor(query.cursor, "key")
    limit = None if query.limit is None else query.limit + 1
    try:
        found = organisations.list_keys(
            context.runtime, context.viewer.organisation_id, after=UUID(after) if after else None, limit=limit
        )
    except NotFound:
        raise field_error("/cursor", "the id of a key, as the page before named it", where="query") from None
    page = found[: query.limit]
    last = str(page[-1].key_id) if len(page) < len(found) else None
    return json_response(KeyList(keys=page, next=last), headers=next_link(context, query, cursor=last))


@command_route(
    "/v1/keys",
    Operation(
        id="createKey",
        summary="Create a key for a member; its text is answered this once",
        tag=_TAG,
        scopes=(ADMIN,),
        body=CreateKey,
        answer=CreatedKey,
        status=201,
    ),
)
def create_key(context: RequestContext) -> HttpResponse:
    _require_key_management(context)
    reject_idempotency_key(context.headers)
    asked: CreateKey = context.body
    organisation = context.viewer.organisation_id
    member_id = context.resolve_id("member", asked.member)
    member = context.runtime.ledger.load(organisation, "member", member_id)
    if not isinstance(member, Member) or not member.is_present:
        raise NotFound(f"no member {asked.member!r} has joined", pointer="/member")
    for scope in asked.scopes:
        decision = as_uuid(scope.removeprefix(GUEST_SCOPE_PREFIX)) if scope.startswith(GUEST_SCOPE_PREFIX) else None
        if decision is not None and context.runtime.ledger.load(organisation, "decision", decision) is None:
            raise NotFound(f"no decision {decision}", pointer="/scopes")
    text = organisations.create_key(
        context.runtime,
        organisation,
        member_id,
        asked.scopes,
        by=_steward(context),
        expires_at=asked.expires_at,
        name=asked.name,
    )
    return HttpResponse(body=encode(CreatedKey(key=text)), status=201, headers=_NO_STORE)


def _resolve_key(context: RequestContext, ref: str) -> UUID:
    """The id of a key of this organisation; another organisation's key is not found."""
    _require_key_management(context)
    key_id = as_uuid(decode_segment(ref))
    if key_id is None:
        raise NotFound("no such key")
    context.runtime.keys.find(key_id, context.viewer.organisation_id)
    return key_id


@command_route(
    "/v1/keys/{key}/rotate",
    Operation(
        id="rotateKey",
        summary="A new key like this one; the old one ends after the overlap",
        tag=_TAG,
        scopes=(ADMIN,),
        body=RotateKey,
        answer=CreatedKey,
    ),
)
def rotate_key(context: RequestContext, key: str) -> HttpResponse:
    key_id = _resolve_key(context, key)
    reject_idempotency_key(context.headers)
    overlap = timedelta(hours=context.body.overlap_hours)
    organisation = context.viewer.organisation_id
    text = organisations.rotate_key(
        context.runtime, key_id, overlap, by=_steward(context), organisation_id=organisation
    )
    return HttpResponse(body=encode(CreatedKey(key=text)), headers=_NO_STORE)


class RevokedKey(msgspec.Struct, frozen=True, kw_only=True):
    """When the key ended."""

    key_id: UUID
    revoked_at: datetime


@command_route(
    "/v1/keys/{key}/revoke",
    Operation(
        id="revokeKey",
        summary="End a key now",
        tag=_TAG,
        scopes=(ADMIN,),
        body=RevokeKey,
        answer=RevokedKey,
        idempotent=True,
    ),
)
def revoke_key(context: RequestContext, key: str) -> HttpResponse:
    key_id = _resolve_key(context, key)
    organisation = context.viewer.organisation_id
    record = organisations.revoke_key(context.runtime, key_id, by=_steward(context), organisation_id=organisation)
    return HttpResponse(body=encode(RevokedKey(key_id=key_id, revoked_at=record.revoked_at or context.now)))


ROUTES: list[Route] = [list_keys, create_key, rotate_key, revoke_key]
