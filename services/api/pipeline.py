"""What every request passes around its route: request id, path, HEAD, default headers, one log line and metrics.

No body, query or header is ever logged.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from random import getrandbits
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Send

from services.api.context import ApiState, RequestState
from services.api.endpoint import call_operation
from services.api.http.parsing import decode_path
from services.api.http.problems import ProblemError, error_response
from services.api.http.responses import with_default_headers
from services.api.metrics import Metrics
from services.api.router import Router
from services.logs import RequestLogLine, request_log

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_LIST_HEADERS = frozenset({b"if-match", b"if-none-match"})
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MAX_DRAINED_BYTES = 16 * 1024 * 1024
_MAX_DRAIN_S = 5


class HttpPipeline:
    """The ASGI application: finds a request's route, and does what each request needs before and after its call.

    Every route is found here and called by `call_operation`. Litestar answers the requests that have none: 404, 405,
    OPTIONS.
    """

    def __init__(self, router: Router, litestar: ASGIApp, state: ApiState) -> None:
        self._router = router
        self._litestar = litestar
        self.state = state

    def end_waits(self) -> None:
        """Answer at once the requests that wait for news or a position: the server stops."""
        self.state.waits.end()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _acknowledge_lifespan(receive, send)
            return
        if scope["type"] != "http":
            await self._litestar(scope, receive, send)
            return
        # A copy: uvicorn goes on reading the method from its own.
        scope = {**scope}
        exchange = RequestResponse(scope, receive, send, self.state)
        try:
            path = decode_path((scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0])
        except ProblemError as error:
            await error_response(error, exchange.state, scope["method"])(scope, exchange.receive, exchange.send)
        else:
            scope["path"] = exchange.state.path = path
            if scope["method"] == "HEAD":
                # RFC 9110, 9.3.2: as GET, without the body.
                scope["method"] = "GET"
            found = self._router.find(scope["method"], path)
            if found is None:
                await self._litestar(scope, exchange.receive, exchange.send)
            else:
                route, parameters = found
                scope["path_template"] = route.path
                try:
                    response = await call_operation(route, parameters, exchange.state, scope, exchange.receive)
                except asyncio.CancelledError as error:
                    if not self.state.waits.is_stopping:
                        raise
                    response = error_response(error, exchange.state, scope["method"])
                await response(scope, exchange.receive, exchange.send)
        exchange.finish(self.state.metrics)


async def _acknowledge_lifespan(receive: Any, send: Any) -> None:
    """Nothing is to be started or stopped: the runtime has an owner, and Litestar is shared by the applications."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


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
        self._method: str = scope["method"]
        self._body_unread = self._method in _METHODS_WITH_BODY
        self._started_at = time.perf_counter()
        self._status = 0
        # Decoded once; uvicorn has made the names lower case.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if len(headers) < len(scope["headers"]):
            headers |= _join_lists(scope["headers"])
        given = headers.get("x-request-id", "")
        request_id = given if given and _REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"
        self.state = RequestState(api=api, request_id=request_id, headers=headers)
        scope.setdefault("state", {})["request"] = self.state

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
            self._status = message["status"]
            # Litestar's response to OPTIONS knows only the method that was registered first.
            template = str(self._scope.get("path_template")) if self._method == "OPTIONS" else ""
            allowed = self.state.api.allowed_methods.get(template)
            message["headers"] = with_default_headers(
                message.get("headers", ()), self.state.request_id, self.state.rate, allowed
            )
        elif message["type"] == "http.response.body" and self._method == "HEAD":
            message["body"] = b""
        await self._send(message)

    async def _drain_body(self) -> None:
        """Read the rest of a body that no handler asked for, up to a bound.

        A client that is still sending when its connection is closed loses the response that would say why.
        """
        left = _MAX_DRAINED_BYTES
        with suppress(TimeoutError):
            async with self.state.api.waits.limit(_MAX_DRAIN_S):
                while self._body_unread and left > 0:
                    left -= len((await self.receive()).get("body", b""))

    def finish(self, metrics: Metrics) -> None:
        """Count and log the request, by its route's template: a path holds ids, which do not belong in a log."""
        seconds = time.perf_counter() - self._started_at
        route = str(self._scope.get("path_template") or "unknown")
        metrics.count(self._method, route, self._status, seconds, self.state.problem)
        viewer, client = self.state.viewer, self._scope.get("client")
        request_log.add(
            RequestLogLine(
                method=self._method,
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
