"""One authenticated request: who asks, what was sent, and what the read models had seen when it began.

`enter` is the door: rate, key, scope, query, body, and the bounded wait for `after_position`, in that order. Nothing in
it blocks the loop: keys and members are cached (`services.api.auth.key_cache`); what asks a store does so in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from services.api.http.problems import field_error

if TYPE_CHECKING:
    from services.runtime import Runtime


import asyncio
import time
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import replace

from domain.references import resolve
from services.api.auth.key_cache import KeyCache, is_valid
from services.api.auth.rate_limits import RateLimits
from services.api.http.parsing import parse_body, parse_query
from services.api.http.problems import ProblemError
from services.api.http.responses import JSON
from services.api.operations import OPERATION, Operation, ReadQuery
from services.authorization import IMPORT, Viewer, may_act
from services.runtime import Runtime


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer from the read models contains."""

    #: Position of the organisation's last event that is surely in it.
    position: int
    #: Events of the whole log that the slowest read model has yet to follow.
    lag: int
    #: Log position that every read model has followed.
    followed: int
    #: Read models that hold back a stream of this organisation.
    degraded: tuple[str, ...] = ()

    @property
    def headers(self) -> dict[str, str]:
        """As response headers; `Plimsoll-As-Of` is the answer's own business."""
        told = {"Plimsoll-Position": str(self.position), "Plimsoll-Lag": str(self.lag)}
        return told | ({"Plimsoll-Degraded": ", ".join(self.degraded)} if self.degraded else {})


def current_freshness(runtime: Runtime, organisation_id: UUID) -> Freshness:
    """Taken before the question is asked, so that what it promises is surely in the answer."""
    position, head = runtime.ledger.positions(organisation_id)
    followed, held = runtime.engine.freshness_for(organisation_id)
    if followed < head:
        position = min(position, runtime.ledger.position_at(organisation_id, followed))
    return Freshness(position=position, lag=max(0, head - followed), followed=followed, degraded=held)


def to_log_position(runtime: Runtime, organisation_id: UUID, position: int) -> int:
    """The log position behind an organisation's position.

    Raises ProblemError 422 for a position that this organisation has not reached: waiting for it would be in vain.
    """
    found = runtime.ledger.read_feed(organisation_id, position - 1, 1)
    if not found:
        raise field_error("/after_position", "this organisation has not reached that position", where="query")
    return found[0].log_position


AnyRequest = Request[Any, Any, Any]

#: Between two looks at the projector's checkpoint while waiting for it.
_LOOK_AGAIN_SECONDS = 0.01
_LONGEST_IDEMPOTENCY_KEY = 255


class RequestContext(msgspec.Struct, frozen=True, kw_only=True):
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
    raw_body: bytes
    headers: dict[str, str]
    path: str
    freshness: Freshness | None
    #: As the request came in: "http" or "https".
    scheme: str = "http"

    @property
    def base_url(self) -> str:
        """Base of absolute addresses, without a slash at its end."""
        return self.runtime.settings.public_url.rstrip("/") or f"{self.scheme}://{self.headers.get('host', '')}"

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


async def context_dependency(request: AnyRequest) -> RequestContext:
    """The call behind a request that Litestar routed: one that no lane took. Raises ProblemError."""
    handler = request.route_handler
    assert isinstance(handler, HTTPRouteHandler)  # noqa: S101 - narrows the type; only HTTP routes depend on this
    call = await build_context(request.app.state, request.scope, request.receive, handler.opt[OPERATION])
    return await sync_to_thread(with_freshness, call)


async def build_context(door: Any, scope: Any, receive: Any, operation: Operation) -> RequestContext:
    """The call behind a request for `operation`. Raises ProblemError.

    `door`: the application's state. What is known of the sender is left in the scope's state for the edge.
    """
    runtime: Runtime = door.runtime
    now = runtime.clock()
    known = scope["state"]
    headers: dict[str, str] = known["headers"]
    viewer = known["viewer"] = await _authenticate(door, scope, headers, now)
    if viewer.scopes.isdisjoint(operation.scopes):
        raise ProblemError(
            "insufficient_scope", f"this route asks for one of: {', '.join(operation.scopes)}", allowed=operation.scopes
        )
    posted = scope["method"] == "POST"
    if posted and not may_act(viewer) and IMPORT not in operation.scopes:
        raise ProblemError("forbidden", "an auditor reads everything and acts on nothing", allowed=("read",))
    query = parse_query(scope["query_string"], operation.query)
    raw = await _read(receive, known.get("body"), headers, *_body_limits(runtime, operation)) if posted else b""
    body = None
    if operation.body is not None:
        body = parse_body(raw, operation.body, media_type=headers.get("content-type", ""))
    if operation.idempotent:
        idempotency_key(headers)
    if operation.reads_view:
        await _wait_for_position(runtime, viewer, query, headers)
    return RequestContext(
        runtime=runtime,
        viewer=viewer,
        operation=operation,
        now=now,
        query=query,
        body=body,
        raw_body=raw,
        headers=headers,
        path=scope["path"],
        freshness=None,
        scheme=scope["scheme"],
    )


def with_freshness(call: RequestContext) -> RequestContext:
    """The call with what the read models have seen, where its route tells that. It asks the store: only for threads."""
    if not call.operation.reads_view:
        return call
    return replace(call, freshness=current_freshness(call.runtime, call.viewer.organisation_id))


def _body_limits(runtime: Runtime, operation: Operation) -> tuple[int, float | None]:
    """Bytes that a body of this route may have, and seconds that it may take."""
    settings = runtime.settings
    if operation.body_media == JSON:
        return settings.body_limit_bytes, settings.body_wait_s
    return settings.import_limit_bytes, None


async def _read(
    receive: Any, whole: bytes | None, headers: dict[str, str], largest: int, patience: float | None
) -> bytes:
    """The body; `whole`: as the edge has it, where it has all of it.

    Raises ProblemError: 413 as soon as it is known to be too large, whatever its header says; 408 where it is not
    there within `patience` seconds (None: an import takes as long as it takes).
    """
    told = headers.get("content-length", "")
    if told.isdecimal() and int(told) > largest:
        raise ProblemError("body_too_large", f"at most {largest} bytes")
    more = False
    if whole is None:
        message = await _next(receive)
        whole, more = message.get("body", b""), message.get("more_body", False)
    if not more:
        if len(whole) > largest:
            raise ProblemError("body_too_large", f"at most {largest} bytes")
        return whole
    try:
        async with asyncio.timeout(patience):
            return await _rest_of(receive, whole, largest)
    except TimeoutError:
        raise ProblemError("too_slow", f"at most {patience:g} s for a body") from None


async def _rest_of(receive: Any, whole: bytes, largest: int) -> bytes:
    chunks, size, more = [whole], len(whole), True
    while more:
        if size > largest:
            raise ProblemError("body_too_large", f"at most {largest} bytes")
        message = await _next(receive)
        chunks.append(message.get("body", b""))
        size, more = size + len(chunks[-1]), message.get("more_body", False)
    return b"".join(chunks)


async def _next(receive: Any) -> Any:
    """The next part of the body. A client that hung up has sent none, which is not the same as an empty one."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ProblemError("malformed", "the body ended early")
    return message


async def _authenticate(door: Any, scope: Any, headers: dict[str, str], now: datetime) -> Viewer:
    """Authenticate, and count the request against its key's rate (a bad key's against its address)."""
    admission: KeyCache = door.admission
    limits: RateLimits = door.limits
    scheme, _, text = headers.get("authorization", "").partition(" ")
    admitted = await admission.authenticate(text.strip()) if scheme.lower() == "bearer" and text.isascii() else None
    if admitted is None or admitted.holder is None or not is_valid(admitted, now):
        client = scope.get("client")
        rate = await limits.consume(f"address:{client[0] if client else 'unknown'}")
        raise ProblemError("unauthenticated", headers={**rate, "WWW-Authenticate": 'Bearer realm="plimsoll"'})
    if admitted.viewer is None:
        raise ProblemError("unauthenticated", "the member of this key has left", headers={"WWW-Authenticate": "Bearer"})
    scope["state"]["rate"] = await limits.consume(admitted.rate)
    return admitted.viewer


async def _wait_for_position(runtime: Runtime, viewer: Viewer, query: Any, headers: dict[str, str]) -> None:
    """Wait for `after_position` (query or header) where one is asked for."""
    told = headers.get("plimsoll-after-position")
    if told is not None and not (told.isascii() and told.isdecimal() and len(told) < 19):  # noqa: PLR2004 - digits of 2^63
        raise field_error("/Plimsoll-After-Position", "a position: a whole number", where="header")
    asked = query.after_position if isinstance(query, ReadQuery) else None
    after = asked if asked is not None else int(told or 0)
    if after:
        await _wait(runtime, viewer.organisation_id, after)


async def _wait(runtime: Runtime, organisation_id: UUID, after: int) -> None:
    deadline = time.monotonic() + runtime.settings.position_wait_s
    target = await sync_to_thread(to_log_position, runtime, organisation_id, after)
    while await sync_to_thread(runtime.engine.position) < target:
        if time.monotonic() > deadline:
            raise ProblemError("not_caught_up", headers={"Retry-After": "1"})
        runtime.readers_waiting.set()
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
