"""The outermost layer: request ids, paths as sent, HEAD, security headers, one log line and metrics per request.

No body, query or header is ever logged.
"""

from __future__ import annotations

import re
import time
from functools import cache
from random import getrandbits
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
from litestar import Litestar
from litestar.types import Message, Receive, Send

from services.api.answers import Answer
from services.api.failures import answer_to
from services.api.lane import Route, travel
from services.api.paths import routed
from services.api.problems import ProblemError
from services.logging import requests

if TYPE_CHECKING:
    from services.api.measuring import Metrics

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
    (b"cache-control", b"private, no-cache"),
)
_ALWAYS_NAMES = frozenset(name for name, _ in _ALWAYS)
_NOT_MODIFIED = 304


class Api(Litestar):
    """Litestar behind the edge, and the lane beside it."""

    #: The state as plain attributes; each look into Litestar's own is a call.
    _door: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        door = self._door = self._door or SimpleNamespace(**self.state.dict())
        # A copy: the server goes on reading the method from its own.
        scope = {**scope}
        exchange = Exchange(scope, receive, send, door.methods)
        try:
            scope["path"] = routed((scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0])
        except ProblemError as error:
            await exchange.answer(answer_to(error, scope | {"path": ""}))
        else:
            if scope["method"] == "HEAD":
                # RFC 9110, 9.3.2: as GET, without the body.
                exchange.method, scope["method"] = "HEAD", "GET"
            found = door.lane.find(scope["method"], scope["path"])
            if found is None:
                await super().__call__(scope, exchange.receive, exchange.send)
            else:
                await self._travel(found, scope, exchange)
        exchange.finish(door.metrics)

    async def _travel(self, found: tuple[Route, dict[str, str]], scope: Any, exchange: Exchange) -> None:
        route, values = found
        scope["path_template"] = route.template
        try:
            answer = await travel(route, values, self._door, scope, exchange.receive)
        except Exception as error:  # noqa: BLE001 - whatever it is, its answer is a problem
            answer = answer_to(error, scope)
        await exchange.answer(answer)


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
        self._state: dict[str, Any] = scope.setdefault("state", {})
        # Decoded once for all who ask; the server has made the names small.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._state["headers"] = headers
        given = headers.get("x-request-id", "")
        self.request_id = given if given and _REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"
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
            if self._unread:
                await self._drain()
            self.status = message["status"]
            message["headers"] = self._headers(list(message.get("headers", ())))
        elif message["type"] == "http.response.body" and self.method == "HEAD":
            message["body"] = b""
        await self._send(message)

    async def answer(self, answer: Answer) -> None:
        """Send an answer that is whole."""
        if self._unread:
            await self._drain()
        self.status = answer.status
        headers = [(_small(name), value.encode("latin-1")) for name, value in answer.headers.items()]
        headers.append((b"content-type", _content_type(answer.media_type)))
        bare = answer.status == _NOT_MODIFIED
        if not bare:
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": self._headers(headers)})
        body = b"" if bare or self.method == "HEAD" else answer.body
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _headers(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in headers}
        if b"allow" in names:
            # Litestar's own answer to OPTIONS knows only the method that was registered first.
            allowed = self._methods.get(str(self._scope.get("path_template")))
            headers = [(n, allowed.encode() if allowed and n.lower() == b"allow" else value) for n, value in headers]
        headers += _ALWAYS if names.isdisjoint(_ALWAYS_NAMES) else [pair for pair in _ALWAYS if pair[0] not in names]
        headers.append((b"x-request-id", self.request_id.encode()))
        rate: dict[str, str] | None = self._state.get("rate")
        if rate:
            for name, value in rate.items():
                lower = _small(name)
                if lower not in names:
                    headers.append((lower, value.encode()))
        return headers

    def finish(self, metrics: Metrics) -> None:
        """Count and log. The route's template, not the path: ids are nobody's business in a log."""
        seconds = time.perf_counter() - self._began
        route = str(self._scope.get("path_template") or "unknown")
        metrics.count(self.method, route, self.status, seconds)
        viewer = self._state.get("viewer")
        requests.add(
            {
                "method": self.method,
                "route": route,
                "status": self.status,
                "ms": round(seconds * 1000, 2),
                "request_id": self.request_id,
                "organisation": viewer.organisation_id if viewer else None,
                "member": viewer.member_id if viewer else None,
            }
        )


@cache
def _small(name: str) -> bytes:
    """A header's name as it is sent. Names are ours, and few."""
    return name.lower().encode("latin-1")


@cache
def _content_type(media_type: str) -> bytes:
    """Texts are UTF-8, and say so."""
    text = media_type.startswith("text/") and "charset" not in media_type
    return f"{media_type}; charset=utf-8".encode() if text else media_type.encode()
