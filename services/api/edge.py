"""The outermost layer: request ids, paths as sent, HEAD, security headers, one log line and metrics per request.

No body, query or header is ever logged.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio
import structlog
from litestar import Litestar
from litestar.types import Message, Receive, Send

from services.api.answers import encode
from services.api.failures import of
from services.api.paths import routed
from services.api.problems import MEDIA_TYPE, ProblemError

if TYPE_CHECKING:
    from services.api.measuring import Metrics

_log = structlog.get_logger("plimsoll.request")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_DRAINED_BYTES = 16 * 1024 * 1024
_DRAINED_SECONDS = 5
#: The documentation page runs its own script and nothing else runs at all.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    b" frame-ancestors 'none'; base-uri 'none'"
)
#: Answers are one viewer's, and never run as anything but what they say they are.
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        _POLICY,
    ),
    (b"vary", b"Authorization"),
)
_CACHE = (b"cache-control", b"private, no-cache")


class Api(Litestar):
    """Litestar behind the edge."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        # A copy: the server goes on reading the method from its own.
        scope = {**scope}
        exchange = Exchange(scope, receive, send, self.state.methods)
        try:
            scope["path"] = routed((scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0])
        except ProblemError as error:
            await exchange.refuse(error)
        else:
            if scope["method"] == "HEAD":
                # RFC 9110, 9.3.2: as GET, without the body.
                exchange.method, scope["method"] = "HEAD", "GET"
            await super().__call__(scope, exchange.receive, exchange.send)
        metrics: Metrics = self.state.metrics
        exchange.finish(metrics)


class Exchange:
    """One request and its answer, as far as the edge cares."""

    def __init__(self, scope: Any, receive: Receive, send: Send, methods: dict[str, str]) -> None:
        self._scope = scope
        self._methods = methods
        self._receive = receive
        self._send = send
        self._unread = scope["method"] in _WITH_BODY
        self._began = time.perf_counter()
        self.method: str = scope["method"]
        self.status = 0
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})
        self._state: dict[str, Any] = scope["state"]
        self._state["request_id"] = self.request_id

    async def receive(self) -> Any:
        """The request on its way in."""
        message = await self._receive()
        if not (message["type"] == "http.request" and message.get("more_body")):
            self._unread = False
        return message

    async def _drain(self) -> None:
        """Take the rest of a body that nobody wanted, up to a bound.

        A client that is still sending when its connection is closed loses the answer that would say why.
        """
        left = _DRAINED_BYTES
        with anyio.move_on_after(_DRAINED_SECONDS):
            while self._unread and left > 0:
                left -= len((await self.receive()).get("body", b""))

    async def send(self, message: Message) -> None:
        """The answer on its way out."""
        if message["type"] == "http.response.start":
            await self._drain()
            self.status = message["status"]
            message["headers"] = self._headers(list(message.get("headers", ())))
        elif message["type"] == "http.response.body" and self.method == "HEAD":
            message["body"] = b""
        await self._send(message)

    def _headers(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        allowed = self._methods.get(str(self._scope.get("path_template")))
        if allowed is not None:
            # Litestar's own answer to OPTIONS knows only the method that was registered first.
            headers = [(n, allowed.encode() if n.lower() == b"allow" else value) for n, value in headers]
        names = {name.lower() for name, _ in headers}
        added = [pair for pair in (*_ALWAYS, _CACHE) if pair[0] not in names]
        added.append((b"x-request-id", self.request_id.encode()))
        rate: dict[str, str] = self._state.get("rate") or {}
        added += [
            (name.lower().encode(), value.encode())
            for name, value in rate.items()
            if name.lower().encode() not in names
        ]
        return [*headers, *added]

    async def refuse(self, error: ProblemError) -> None:
        """Answer before there is a route."""
        told = of(error, "", self.request_id)
        headers = [(b"content-type", MEDIA_TYPE.encode())]
        await self.send({"type": "http.response.start", "status": told.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": encode(told), "more_body": False})

    def finish(self, metrics: Metrics) -> None:
        """Count and log. The route's template, not the path: ids are nobody's business in a log."""
        seconds = time.perf_counter() - self._began
        route = str(self._scope.get("path_template") or "unknown")
        metrics.count(self.method, route, self.status, seconds)
        viewer = self._state.get("viewer")
        _log.info(
            "request",
            method=self.method,
            route=route,
            status=self.status,
            ms=round(seconds * 1000, 2),
            request_id=self.request_id,
            organisation=str(viewer.organisation_id) if viewer else None,
            member=str(viewer.member_id) if viewer else None,
        )
