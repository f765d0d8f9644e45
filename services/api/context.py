"""One request: its state in the pipeline, and what a handler is given once its sender is authenticated.

`build_context` checks key, rate, scope, query and body, and waits (bounded) for `after_position`, in that order.
Nothing in it blocks the event loop: keys and members are cached (`services.api.auth.key_cache`), and what asks a store
does so in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.references import resolve_stream_id
from domain.text import check_texts
from ledger.api_keys import PREFIX
from ledger.commands import EventPosition
from ledger.sessions import is_session_token
from services.api.admission import Admission, Share
from services.api.assistants import Assistants
from services.api.auth.key_cache import KeyCache
from services.api.auth.rate_limits import RateLimits
from services.api.http.bodies import read_body, spool_body
from services.api.http.cookies import read_session_token
from services.api.http.parsing import FORM, parse_body, parse_query
from services.api.http.problems import Problem, ProblemError, field_error
from services.api.http.responses import JSON, HttpResponse
from services.api.live.live_feed import LiveFeed
from services.api.metrics import Metrics
from services.api.operations import Operation, ReadQuery, Weight
from services.api.probes import Probes
from services.api.waits import FollowedPosition, Waits
from services.authorization import IMPORT, Viewer, may_act
from services.runtime import Runtime

T = TypeVar("T")


#: The request, what it ended with, the headers of that, and the method.
ProblemRenderer = Callable[["RequestState", Problem, dict[str, str], str], HttpResponse | None]


class ApiState(msgspec.Struct, frozen=True, kw_only=True):
    """What one application holds of one running Plimsoll."""

    runtime: Runtime
    rate_limits: RateLimits
    metrics: Metrics
    admission: Admission
    probes: Probes
    key_cache: KeyCache
    waits: Waits
    followed: FollowedPosition
    live: LiveFeed
    assistants: Assistants
    #: Path template -> the value of `Allow`.
    allowed_methods: dict[str, str]
    #: Builds the OpenAPI document when it is first asked for.
    load_openapi: Callable[[], bytes]
    #: The AsyncAPI document, made when it is first asked for.
    load_asyncapi: Callable[[], bytes]
    #: What answers a problem of a request for a page, in place of JSON; None for any other request.
    render_problem: ProblemRenderer


class RequestState(msgspec.Struct, kw_only=True):
    """What is known of a request while it is answered; in the ASGI scope's state as `request`.

    It refers to no scope, so that a request leaves no reference cycle for the garbage collector.
    """

    api: ApiState
    request_id: str
    #: Names in lower case.
    headers: dict[str, str]
    #: Decoded but for `%2F` and `%25`; empty where it cannot be decoded.
    path: str = ""
    #: As it came.
    query_string: bytes = b""
    #: A HEAD, which is answered as a GET without its body.
    is_head: bool = False
    #: Once the key is known.
    viewer: Viewer | None = None
    #: Code of the problem that it is answered with.
    problem: str = ""
    #: `RateLimit` headers of the response.
    rate: dict[str, str] = {}

    def render_problem(self, problem: Problem, headers: dict[str, str], method: str) -> HttpResponse | None:
        """The page that answers the problem; None where JSON does."""
        return self.api.render_problem(self, problem, headers, method)


class PublicContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the handler of a route without a key is given."""

    api: ApiState
    headers: dict[str, str]
    #: The decoded query: an instance of the operation's `query`; None where it takes no body, and is no page.
    query: Any = None
    #: The decoded body: an instance of the operation's `body`; None where it takes none. Of a page the form as it came.
    body: Any = None


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where the read models have followed the log."""

    #: The organisation's last event that every read model contains, with all that was recorded with it.
    known: EventPosition
    #: Events of the whole log that the slowest read model has yet to follow.
    lag: int
    #: Read models that hold back a stream of this organisation.
    degraded: tuple[str, ...] = ()
    #: Whether they contain all that the organisation had recorded.
    is_whole: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """The response headers, without those of the `AsOf` that it answers for."""
        headers = {"Plimsoll-Lag": str(self.lag)}
        return headers | ({"Plimsoll-Degraded": ", ".join(self.degraded)} if self.degraded else {})


def load_freshness(runtime: Runtime, organisation_id: UUID) -> Freshness:
    """The freshness of the read models now. Call it before the query, so that the response surely contains it."""
    known, head = runtime.ledger.positions(organisation_id)
    followed, held = runtime.engine.freshness_for(organisation_id)
    is_whole = followed >= known.log_position
    if not is_whole:
        known = runtime.ledger.last_known(organisation_id, followed)
    return Freshness(known=known, lag=max(0, head - followed), degraded=held, is_whole=is_whole and not held)


def to_log_position(runtime: Runtime, organisation_id: UUID, position: int, *, pointer: str = "/after_position") -> int:
    """The log position that the views must have followed to answer with the event at an organisation's position.

    Raises ProblemError 422 for a position that this organisation has not reached: no wait for it would end.
    """
    event = runtime.ledger.event_position(organisation_id, position, whole=True)
    if event is None:
        raise field_error(pointer, "this organisation has not reached that position", where="query")
    return event.log_position


_MAX_IDEMPOTENCY_KEY_LENGTH = 255


class RequestContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the handler of a route with a key is given."""

    runtime: Runtime
    waits: Waits
    admission: Admission
    #: The rest of the request's messages: that its client has gone.
    receive: Any
    live: LiveFeed
    viewer: Viewer
    operation: Operation
    now: datetime
    #: The decoded query: an instance of `operation.query`.
    query: Any
    #: The decoded body: an instance of `operation.body`.
    body: Any
    #: The body as it came, for routes that read it themselves: a file without a name, closed with the request.
    body_file: BinaryIO | None
    headers: dict[str, str]
    #: The `Idempotency-Key` header of an idempotent operation.
    idempotency_key: str | None
    path: str
    freshness: Freshness | None

    def resolve_id(self, kind: str, ref: str) -> UUID:
        """The stream that an id or an external reference names in the viewer's organisation."""
        return resolve_stream_id(self.viewer.organisation_id, kind, ref)

    async def run_in_thread(self, weight: Weight, function: Callable[..., T], *args: Any) -> T:
        """What the function returns, called in a thread of this class; raises what `Admission.run` raises."""
        return await self.admission.run(weight, share_of(self.viewer), self.receive, function, *args)

    def hold(self, weight: Weight) -> AbstractAsyncContextManager[None]:
        """A place of this class while the block runs; raises what `Admission.hold` raises."""
        return self.admission.hold(weight, share_of(self.viewer))

    @property
    def session_token(self) -> str:
        """The token of the console's session by which the request was authenticated; empty for a key."""
        return read_session_token(self.headers, self.runtime.settings.base_url) if self.operation.is_page else ""

    @property
    def api_key(self) -> str:
        """The key by which the request was authenticated."""
        return parse_api_key(self.headers)

    async def authenticate_again(self) -> RequestContext:
        """The same for the viewer as they stand now, after a wait; raises ProblemError 401 where the key has ended."""
        viewer = await self.live.find_viewer(self.api_key)
        if viewer is None:
            raise ProblemError("unauthenticated", headers={"WWW-Authenticate": "Bearer"})
        return replace(self, viewer=viewer)


def share_of(viewer: Viewer) -> Share:
    """Whose share of a process the viewer's requests use."""
    return viewer.organisation_id, str(viewer.key_id)


def parse_api_key(headers: dict[str, str]) -> str:
    """The bearer token of `Authorization`; empty where there is none."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" and text.isascii() else ""


def parse_idempotency_key(headers: dict[str, str]) -> str | None:
    """The `Idempotency-Key` header; raises ProblemError 422 where it is not 1..255 visible characters."""
    key = headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= _MAX_IDEMPOTENCY_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise field_error("/Idempotency-Key", "1 to 255 printable ASCII characters", where="header")
    return key


def reject_idempotency_key(headers: dict[str, str]) -> None:
    """Raise ProblemError 422 for a request that would be repeated: its secret cannot be shown again."""
    if parse_idempotency_key(headers) is not None:
        raise field_error("/Idempotency-Key", "this answer holds a secret and is never replayed", where="header")


async def build_context(state: RequestState, scope: Any, receive: Any, operation: Operation) -> RequestContext:
    """The context of a request for `operation`. Raises ProblemError.

    The viewer and the rate are left in `state` for the log line and the response's headers.
    """
    runtime = state.api.runtime
    now = runtime.clock()
    headers = state.headers
    viewer = state.viewer = await _authenticate(state, scope, now, operation)
    if viewer.scopes.isdisjoint(operation.scopes):
        raise ProblemError(
            "insufficient_scope", f"this route asks for one of: {', '.join(operation.scopes)}", allowed=operation.scopes
        )
    is_post = scope["method"] == "POST"
    is_act = is_post and not (operation.carries_calls or operation.is_page)
    if is_act and not may_act(viewer) and IMPORT not in operation.scopes:
        raise ProblemError("forbidden", "an auditor reads everything and acts on nothing", allowed=("read",))
    query = parse_query(scope["query_string"], operation.query, of_form=operation.is_page)
    is_file = operation.body_media not in (JSON, FORM)
    body_file = await _receive_file(state.api, viewer, receive, headers, operation) if is_file else None
    body = await _receive_json(runtime, receive, headers, operation) if is_post and not is_file else None
    idempotency_key = parse_idempotency_key(headers) if operation.idempotent else None
    if operation.reads_view:
        await _wait_for_position(state.api, viewer, query, headers, receive)
    return RequestContext(
        runtime=runtime,
        waits=state.api.waits,
        admission=state.api.admission,
        receive=receive,
        live=state.api.live,
        viewer=viewer,
        operation=operation,
        now=now,
        query=query,
        body=body,
        body_file=body_file,
        headers=headers,
        idempotency_key=idempotency_key,
        path=state.path,
        freshness=None,
    )


async def build_public_context(state: RequestState, scope: Any, receive: Any, operation: Operation) -> PublicContext:
    """The context of a request without a key; with a body it counts against its address's rate. Raises ProblemError."""
    context = PublicContext(api=state.api, headers=state.headers)
    if operation.is_page:
        context = replace(context, query=parse_query(scope["query_string"], operation.query, of_form=True))
    if operation.body is None and scope["method"] != "POST":
        return context
    client = scope.get("client")
    await state.api.rate_limits.consume(f"address:{client[0] if client else 'unknown'}")
    parse_query(scope["query_string"], operation.query)
    return replace(context, body=await _receive_json(state.api.runtime, receive, state.headers, operation))


def with_freshness(context: RequestContext) -> RequestContext:
    """The context with its freshness, where the route reads a view. It queries the store: call it in a thread."""
    if not context.operation.reads_view:
        return context
    return replace(context, freshness=load_freshness(context.runtime, context.viewer.organisation_id))


async def _receive_json(runtime: Runtime, receive: Any, headers: dict[str, str], operation: Operation) -> Any:
    """The decoded body; None where the route takes none."""
    raw = await read_body(receive, headers, runtime.settings.body_limit_bytes, runtime.settings.body_wait_s)
    if operation.carries_calls or operation.body_media == FORM:
        return raw
    if operation.body is None:
        return None
    body = parse_body(raw, operation.body, media_type=headers.get("content-type", ""))
    if not operation.command:
        # A command's texts are looked at when it is decided: a repeated one is answered as it was.
        check_texts(body)
    return body


async def _receive_file(
    api: ApiState, viewer: Viewer, receive: Any, headers: dict[str, str], operation: Operation
) -> BinaryIO:
    """The body of an import, in a file; few of them are received at once, so that none fills the disk."""
    settings = api.runtime.settings
    most = min(settings.import_limit_bytes, operation.body_limit_bytes or settings.import_limit_bytes)
    async with api.admission.hold(Weight.UPLOAD, share_of(viewer)):
        return await spool_body(receive, headers, most, idle_s=settings.body_wait_s, total_s=settings.import_seconds)


async def _authenticate(state: RequestState, scope: Any, now: datetime, operation: Operation) -> Viewer:
    """Authenticate, and count the request against its key's rate (a bad key's against its address).

    A page takes no key, and a call no session: neither is taken for the other.
    """
    limits = state.api.rate_limits
    if operation.is_page:
        key = read_session_token(state.headers, state.api.runtime.settings.base_url)
        key = key if is_session_token(key) else ""
    else:
        key = parse_api_key(state.headers)
        key = key if key.startswith(PREFIX) else ""
    known = await state.api.key_cache.authenticate(key) if key else None
    if known is None or not known.is_valid(now):
        client = scope.get("client")
        rate = await limits.consume(f"address:{client[0] if client else 'unknown'}")
        raise ProblemError("unauthenticated", headers={**rate, "WWW-Authenticate": 'Bearer realm="plimsoll"'})
    # A key that ended with a leave costs a look-up like any other.
    rate = await limits.consume(known.rate)
    if known.viewer is None:
        detail = "this key ended when its member left: a steward creates another for whoever returns"
        raise ProblemError("unauthenticated", detail, headers={**rate, "WWW-Authenticate": "Bearer"})
    state.rate = rate
    return known.viewer


async def _wait_for_position(api: ApiState, viewer: Viewer, query: Any, headers: dict[str, str], receive: Any) -> None:
    """Wait for `after_position` (query or header) where it is given."""
    given = headers.get("plimsoll-after-position")
    if given is not None and not (given.isascii() and given.isdecimal() and len(given) < 19):  # noqa: PLR2004 - digits of 2^63
        raise field_error("/Plimsoll-After-Position", "a position: a whole number", where="header")
    in_query = query.after_position if isinstance(query, ReadQuery) else None
    after = in_query if in_query is not None else int(given or 0)
    if after:
        await _wait_until_followed(api, viewer, after, receive)


async def _wait_until_followed(api: ApiState, viewer: Viewer, after: int, receive: Any) -> None:
    runtime, organisation_id = api.runtime, viewer.organisation_id
    target = await api.admission.run(
        Weight.LIGHT, share_of(viewer), receive, to_log_position, runtime, organisation_id, after
    )
    try:
        async with api.waits.limit(runtime.settings.position_wait_s):
            await api.followed.wait_for(target)
    except TimeoutError:
        raise ProblemError("not_caught_up", headers={"Retry-After": "1"}) from None
