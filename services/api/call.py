"""One authenticated request: who asks, what was sent, and what the read models had seen when it began.

`authenticated` is the door: rate, key, scope, query, body, and the bounded wait for `after_position`, in that order.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler

from domain.member import Member
from domain.references import resolve
from ledger.keys import Principal
from projections.people import teams_led
from services.access import IMPORT, Viewer, acts_at_all
from services.api.answers import JSON
from services.api.freshness import Freshness, log_position_of, measure
from services.api.inputs import read_body, read_query
from services.api.limits import RateLimits
from services.api.operations import OPERATION, Operation, ReadQuery
from services.api.problems import ProblemError, field_error
from services.runtime import Runtime

AnyRequest = Request[Any, Any, Any]

#: Between two looks at the projector's checkpoint while waiting for it.
_LOOK_AGAIN_SECONDS = 0.01
_LONGEST_IDEMPOTENCY_KEY = 255


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler is given."""

    runtime: Runtime
    viewer: Viewer
    operation: Operation
    now: datetime
    #: The decoded query: an instance of `operation.query`.
    query: Any
    #: The decoded body: an instance of `operation.body`.
    body: Any
    #: The body as it came, for routes that read it themselves.
    raw: bytes
    headers: dict[str, str]
    #: Base of absolute addresses, without a slash at its end.
    base_url: str
    path: str
    fresh: Freshness | None

    def id_of(self, kind: str, ref: str) -> UUID:
        """The stream that an id or an external reference names in the viewer's organisation."""
        return resolve(self.viewer.organisation_id, kind, ref)

    @property
    def idempotency_key(self) -> str | None:
        """The `Idempotency-Key` header."""
        return idempotency_key(self.headers)


def idempotency_key(headers: dict[str, str]) -> str | None:
    """The `Idempotency-Key` header; raises ProblemError 422 where it is not 1..255 visible characters."""
    key = headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= _LONGEST_IDEMPOTENCY_KEY and key.isascii() and key.isprintable()):
        raise field_error("/Idempotency-Key", "1 to 255 printable ASCII characters", where="header")
    return key


async def authenticated(request: AnyRequest) -> Call:
    """The call behind a request to a route that needs a key. Raises ProblemError."""
    runtime: Runtime = request.app.state.runtime
    handler = request.route_handler
    assert isinstance(handler, HTTPRouteHandler)  # noqa: S101 - narrows the type; only HTTP routes depend on this
    operation: Operation = handler.opt[OPERATION]
    now = runtime.clock()
    viewer, rate = await sync_to_thread(_let_in, request, now)
    request.scope["state"]["rate"] = rate
    request.scope["state"]["viewer"] = viewer
    if not viewer.scopes & set(operation.scopes):
        raise ProblemError(
            "insufficient_scope", f"this route asks for one of: {', '.join(operation.scopes)}", allowed=operation.scopes
        )
    if request.method == "POST" and not acts_at_all(viewer) and IMPORT not in operation.scopes:
        raise ProblemError("forbidden", "an auditor reads everything and acts on nothing", allowed=("read",))
    query = read_query(request.scope["query_string"], operation.query)
    raw = await _read(request, _largest(runtime, operation)) if request.method == "POST" else b""
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = None
    if operation.body is not None:
        body = read_body(raw, operation.body, media_type=headers.get("content-type", ""))
    if operation.idempotent:
        idempotency_key(headers)
    fresh = await _freshness(runtime, viewer, query, headers) if operation.fresh else None
    return Call(
        runtime=runtime,
        viewer=viewer,
        operation=operation,
        now=now,
        query=query,
        body=body,
        raw=raw,
        headers=headers,
        base_url=runtime.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/"),
        path=request.scope["path"],
        fresh=fresh,
    )


def _largest(runtime: Runtime, operation: Operation) -> int:
    """Bytes that a body of this route may have."""
    settings = runtime.settings
    return settings.body_limit_bytes if operation.body_media == JSON else settings.import_limit_bytes


async def _read(request: AnyRequest, largest: int) -> bytes:
    """The body; raises ProblemError 413 as soon as it is known to be too large, whatever its header says."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > largest:
        raise ProblemError("body_too_large", f"at most {largest} bytes")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > largest:
            raise ProblemError("body_too_large", f"at most {largest} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _let_in(request: AnyRequest, now: datetime) -> tuple[Viewer, dict[str, str]]:
    """Authenticate, and count the request against its key's rate (a bad key's against its address)."""
    runtime: Runtime = request.app.state.runtime
    limits: RateLimits = request.app.state.limits
    principal = _principal(runtime, request.headers.get("authorization", ""), now)
    if principal is None:
        rate = limits.take(f"address:{request.client.host if request.client else 'unknown'}")
        raise ProblemError("unauthenticated", headers={**rate, "WWW-Authenticate": 'Bearer realm="plimsoll"'})
    return viewer_of(runtime, principal), limits.take(f"key:{principal.key_id}")


def _principal(runtime: Runtime, authorization: str, now: datetime) -> Principal | None:
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text.isascii():
        return None
    return runtime.keys.authenticate(text.strip(), now)


def viewer_of(runtime: Runtime, principal: Principal) -> Viewer:
    """Where the key's member stands now. Whoever has left sees and does nothing more; raises ProblemError 401."""
    member = runtime.ledger.load(principal.organisation_id, "member", principal.member_id)
    if isinstance(member, Member) and member.left_at is not None:
        raise ProblemError("unauthenticated", "the member of this key has left", headers={"WWW-Authenticate": "Bearer"})
    return Viewer(
        organisation_id=principal.organisation_id,
        key_id=principal.key_id,
        member_id=principal.member_id,
        scopes=principal.scopes,
        granted=frozenset(str(role) for role in member.roles) if member else frozenset(),
        teams=frozenset(member.teams) if member else frozenset(),
        leads=teams_led(runtime.database, principal.organisation_id, principal.member_id),
    )


async def _freshness(runtime: Runtime, viewer: Viewer, query: Any, headers: dict[str, str]) -> Freshness:
    """What the read models have seen, after waiting for `after_position` (query or header) where one is asked for."""
    told = headers.get("plimsoll-after-position")
    if told is not None and not (told.isascii() and told.isdecimal() and len(told) < 19):  # noqa: PLR2004 - digits of 2^63
        raise field_error("/Plimsoll-After-Position", "a position: a whole number", where="header")
    asked = query.after_position if isinstance(query, ReadQuery) else None
    after = asked if asked is not None else int(told or 0)
    if after:
        await _wait(runtime, viewer.organisation_id, after)
    return await sync_to_thread(measure, runtime, viewer.organisation_id)


async def _wait(runtime: Runtime, organisation_id: UUID, after: int) -> None:
    deadline = time.monotonic() + runtime.settings.position_wait_s
    target = await sync_to_thread(log_position_of, runtime, organisation_id, after)
    while await sync_to_thread(runtime.engine.position) < target:
        if time.monotonic() > deadline:
            raise ProblemError("not_caught_up", headers={"Retry-After": "1"})
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
