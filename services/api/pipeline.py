"""The outermost layer: request ids, paths as sent, HEAD, security headers, one log line and metrics per request.

No body, query or header is ever logged.
"""

from __future__ import annotations

import re
import time
from random import getrandbits
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
from litestar import Litestar
from litestar.types import Message, Receive, Send

from services.api.endpoint import Route, dispatch
from services.api.http.parsing import decode_path
from services.api.http.problems import ProblemError, error_response
from services.api.http.responses import HttpResponse, add_default_headers, encode_headers, split_headers
from services.api.http.uvicorn_protocol import CONNECTION_EXTENSION, RequestConnection
from services.logs import RequestLogLine, requests

if TYPE_CHECKING:
    from services.api.metrics import Metrics

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_DRAINED_BYTES = 16 * 1024 * 1024
_DRAINED_SECONDS = 5
_NOT_MODIFIED = 304
_NONE: dict[str, Any] = {}


class HttpPipeline(Litestar):
    """Litestar behind the edge, and the lane beside it."""

    #: The state as plain attributes; each look into Litestar's own is a call.
    _api_state: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        door = self._api_state = self._api_state or SimpleNamespace(**self.state.dict())
        # A copy: the server goes on reading the method from its own.
        scope = {**scope}
        exchange = RequestResponse(scope, receive, send, door.methods)
        try:
            scope["path"] = decode_path((scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0])
        except ProblemError as error:
            await exchange.send_response(error_response(error, scope | {"path": ""}))
        else:
            if scope["method"] == "HEAD":
                # RFC 9110, 9.3.2: as GET, without the body.
                exchange.method, scope["method"] = "HEAD", "GET"
            found = door.lane.find(scope["method"], scope["path"])
            if found is None:
                await super().__call__(scope, exchange.receive, exchange.send)
            else:
                await self._dispatch(found, scope, exchange)
        exchange.finish(door.metrics)

    async def _dispatch(self, found: tuple[Route, dict[str, str]], scope: Any, exchange: RequestResponse) -> None:
        route, values = found
        scope["path_template"] = route.template
        try:
            answer = await dispatch(route, values, self._api_state, scope, exchange.receive)
        except Exception as error:  # noqa: BLE001 - whatever it is, its answer is a problem
            answer = error_response(error, scope)
        await exchange.send_response(answer)


class RequestResponse:
    """One request and its answer, as far as the edge cares."""

    def __init__(self, scope: Any, receive: Receive, send: Send, methods: dict[str, str]) -> None:
        self._scope = scope
        self._methods = methods
        self._receive = receive
        self._send = send
        # Where the server is ours. Taken out of the scope: what goes in a circle only a collection of garbage finds.
        self._wire: RequestConnection | None = scope.get("extensions", _NONE).pop(CONNECTION_EXTENSION, None)
        self._body_unread = scope["method"] in _WITH_BODY
        self._began = time.perf_counter()
        self.method: str = scope["method"]
        self.status = 0
        self._state: dict[str, Any] = scope.setdefault("state", {})
        # Decoded once for all who ask; the server has made the names small.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._state["headers"] = headers
        given = headers.get("x-request-id", "")
        self.request_id = given if given and _REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"
        self._state["request_id"] = self.request_id
        if self._wire is not None and self._body_unread:
            # A body that is here already needs no waiting for.
            self._state["body"] = body = self._wire.buffered_body()
            self._body_unread = body is None

    async def receive(self) -> Any:
        """The request on its way in."""
        message = await self._receive()
        if not (message["type"] == "http.request" and message.get("more_body")):
            self._body_unread = False
        return message

    async def drain_body(self) -> None:
        """Take the rest of a body that nobody wanted, up to a bound.

        A client that is still sending when its connection is closed loses the answer that would say why.
        """
        left = _DRAINED_BYTES
        with anyio.move_on_after(_DRAINED_SECONDS):
            while self._body_unread and left > 0:
                left -= len((await self.receive()).get("body", b""))

    async def send(self, message: Message) -> None:
        """The answer on its way out."""
        if message["type"] == "http.response.start":
            if self._body_unread:
                await self.drain_body()
            self.status = message["status"]
            allowed = self._methods.get(str(self._scope.get("path_template")))
            headers = [(name, value) for name, value in message.get("headers", ())]
            message["headers"] = add_default_headers(headers, self.request_id, self._state.get("rate"), allowed)
        elif message["type"] == "http.response.body" and self.method == "HEAD":
            message["body"] = b""
        await self._send(message)

    async def send_response(self, answer: HttpResponse) -> None:
        """Send an answer that is whole."""
        if self._body_unread:
            await self.drain_body()
        self.status = answer.status
        head = encode_headers(answer, self.request_id, self._state.get("rate"))
        body = b"" if answer.status == _NOT_MODIFIED or self.method == "HEAD" else answer.body
        if self._wire is not None:
            await self._wire.write_response(answer.status, head, body)
            return
        await self._send({"type": "http.response.start", "status": answer.status, "headers": split_headers(head)})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def finish(self, metrics: Metrics) -> None:
        """Count and log. The route's template, not the path: ids are nobody's business in a log."""
        seconds = time.perf_counter() - self._began
        route = str(self._scope.get("path_template") or "unknown")
        metrics.count(self.method, route, self.status, seconds)
        viewer = self._state.get("viewer")
        requests.add(
            RequestLogLine(
                method=self.method,
                route=route,
                status=self.status,
                ms=round(seconds * 1000, 2),
                request_id=self.request_id,
                organisation=viewer.organisation_id if viewer else None,
                member=viewer.member_id if viewer else None,
            )
        )
