"""What every request passes around its route: request id, path, HEAD, default headers, one log line and metrics.

No body, query or header is ever logged.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from random import getrandbits
from typing import TYPE_CHECKING, Any

from services.api.context import ApiState, RequestState
from services.api.endpoint import call_operation
from services.api.http.parsing import decode_path
from services.api.http.problems import ProblemError, error_response
from services.api.http.responses import with_default_headers
from services.api.metrics import Metrics
from services.api.operations import Route
from services.api.router import Router
from services.logs import RequestLogLine, request_log

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Send

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_LIST_HEADERS = frozenset({b"if-match", b"if-none-match"})
#: What may stand in a request once; two lines of it are no list.
_SINGLE_HEADERS = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"plimsoll-after-position",
        b"x-request-id",
    }
)
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MAX_DRAINED_BYTES = 16 * 1024 * 1024
_MAX_DRAIN_S = 5
#: Seconds between two parts of refused bodies, each of some 64 kB.
_DRAIN_PAUSE_S = 0.002


class HttpPipeline:
    """The ASGI application: finds a request's route, and does what each request needs before and after its call.

    Every route is found here and called by `call_operation`. Litestar answers the requests that have none: 404, 405,
    OPTIONS; the first of them loads it.
    """

    def __init__(self, router: Router, load_litestar: Callable[[], ASGIApp], state: ApiState) -> None:
        self._router = router
        self._load_litestar = load_litestar
        self._litestar: ASGIApp | None = None
        self._litestar_loading = asyncio.Lock()
        self.state = state

    def end_waits(self) -> None:
        """Answer at once the requests that wait for news or a position: the server stops."""
        self.state.waits.end()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _acknowledge_lifespan(receive, send)
            return
        if scope["type"] != "http":
            await self._answer_unrouted(scope, receive, send)
            return
        # A copy: uvicorn goes on reading the method from its own.
        scope = {**scope, "app": self}
        exchange = RequestResponse(scope, receive, send, self.state)
        try:
            found = self._find_route(scope, exchange)
            if found is None:
                await self._answer_unrouted(scope, exchange.receive, exchange.send)
            else:
                try:
                    response = await call_operation(*found, exchange.state, scope, exchange.receive)
                except asyncio.CancelledError as error:
                    if not self.state.waits.is_stopping:
                        raise
                    response = error_response(error, exchange.state, scope["method"])
                await response(scope, exchange.receive, exchange.send)
        except Exception as error:
            # Whatever it is, it has its problem: a server's own answer would be plain text, without a line in the log.
            problem = error_response(error, exchange.state, exchange.method)
            if exchange.has_begun:
                exchange.finish(self.state.metrics)
                raise
            await problem(scope, exchange.receive, exchange.send)
        exchange.finish(self.state.metrics)

    def _find_route(self, scope: Any, exchange: RequestResponse) -> tuple[Route, dict[str, str]] | None:
        """The route and its path's parameters; None where no route answers. Raises ProblemError for a bad head."""
        path = decode_path((scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0])
        scope["path"] = exchange.state.path = path
        exchange.state.query_string = scope["query_string"]
        if len(exchange.state.headers) < len(scope["headers"]):
            _reject_repeated_headers(scope["headers"])
        if scope["method"] == "HEAD":
            # RFC 9110, 9.3.2: as GET, without the body.
            scope["method"] = "GET"
            exchange.state.is_head = True
        found = self._router.find(scope["method"], path)
        if found is not None:
            scope["path_template"] = found[0].path
            exchange.is_logged = found[0].operation.is_logged
        return found

    async def _answer_unrouted(self, scope: Any, receive: Receive, send: Send) -> None:
        if self._litestar is None:
            async with self._litestar_loading:
                if self._litestar is None:
                    # In a thread: it takes most of a second, and other requests go on.
                    self._litestar = await asyncio.to_thread(self._load_litestar)
        await self._litestar(scope, receive, send)


async def _acknowledge_lifespan(receive: Any, send: Any) -> None:
    """Nothing is to be started or stopped: the runtime has an owner, and Litestar is shared by the applications."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def _reject_repeated_headers(pairs: list[tuple[bytes, bytes]]) -> None:
    """Raise ProblemError 400 for two lines of a header that means one thing: which of them counts would be a guess."""
    seen = set()
    for name, _ in pairs:
        if name in seen:
            raise ProblemError("malformed", f"the header {name.decode()} is given more than once")
        if name in _SINGLE_HEADERS:
            seen.add(name)


def _join_lists(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The list headers that are read, each as one: several lines of one mean the same (RFC 9110, 5.3)."""
    lines: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in _LIST_HEADERS:
            lines.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in lines.items()}


class RequestResponse:
    """One request and its response: its messages as they pass, and what is known of it afterwards."""

    def __init__(self, scope: Any, receive: Receive, send: Send, api: ApiState) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self.method: str = scope["method"]
        self._body_unread = self.method in _METHODS_WITH_BODY
        self._started_at = time.perf_counter()
        self._status = 0
        #: Of the route, once it is known.
        self.is_logged = True
        # Decoded once; uvicorn has made the names lower case.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if len(headers) < len(scope["headers"]):
            headers |= _join_lists(scope["headers"])
        given = headers.get("x-request-id", "")
        request_id = given if given and _REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"
        self.state = RequestState(api=api, request_id=request_id, headers=headers)
        scope.setdefault("state", {})["request"] = self.state

    @property
    def has_begun(self) -> bool:
        """Whether the response's head was sent."""
        return self._status != 0

    async def receive(self) -> Any:
        """The next message of the request."""
        message = await self._receive()
        if not (message["type"] == "http.request" and message.get("more_body")):
            self._body_unread = False
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the response, with the headers that every response has."""
        if message["type"] == "http.response.start":
            if self._body_unread:
                await self._drain_body()
            # Another application may give an `HTTPStatus`, which prints otherwise.
            self._status = int(message["status"])
            # Litestar's response to OPTIONS names only the method that was registered first.
            template = str(self._scope.get("path_template")) if self.method == "OPTIONS" else ""
            allowed = self.state.api.allowed_methods.get(template)
            message["headers"] = with_default_headers(
                message.get("headers", ()), self.state.request_id, self.state.rate, allowed
            )
        elif message["type"] == "http.response.body" and self.method == "HEAD":
            message["body"] = b""
        await self._send(message)

    async def _drain_body(self) -> None:
        """Read the rest of a body that no handler asked for, up to a bound.

        A client that is still sending when its connection is closed loses the response that would say why.
        """
        waits, left = self.state.api.waits, _MAX_DRAINED_BYTES
        with suppress(TimeoutError):
            async with waits.limit(_MAX_DRAIN_S):
                while self._body_unread and left > 0:
                    left -= len((await self.receive()).get("body", b""))
                    if self._body_unread:
                        # All of them together: sixteen clients that go on sending what is refused would otherwise
                        # have the event loop read 100 MB a second for nothing.
                        async with waits.draining:
                            await asyncio.sleep(_DRAIN_PAUSE_S)

    def finish(self, metrics: Metrics) -> None:
        """Count the request and log it, unless its route is not logged, by its route's template.

        A path holds ids, which do not belong in a log.
        """
        seconds = time.perf_counter() - self._started_at
        route = str(self._scope.get("path_template") or "unknown")
        metrics.count(self.method, route, self._status, seconds, self.state.problem)
        if not self.is_logged:
            return
        viewer, client = self.state.viewer, self._scope.get("client")
        request_log.add(
            RequestLogLine(
                method=self.method,
                route=route,
                status=self._status,
                ms=round(seconds * 1000, 2),
                request_id=self.state.request_id,
                organisation=viewer.organisation_id if viewer else None,
                member=viewer.member_id if viewer else None,
                key=viewer.key_id if viewer else None,
                address=client[0] if client else None,
            )
        )
