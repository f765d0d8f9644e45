"""The front of the HTTP server: bounds on heads and connections, before a request is one.

A server's protocol knows no bound on the size of a head, on the time in which it has to be there, or on the connections
of one address. `GuardedProtocol` stands between the transport and any such protocol: it follows the bytes with a parser
of its own, passes them on, and answers, as a problem, what may not pass. It uses nothing of the server but
`asyncio.Protocol`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from random import getrandbits
from typing import TYPE_CHECKING, Any, cast

import httptools
import msgspec

from services.api.http.problems import MEDIA_TYPE, PROBLEM_DEFINITIONS, build_problem
from services.api.http.responses import DEFAULT_HEADERS, encode
from services.settings import Settings

if TYPE_CHECKING:
    from litestar.types import ASGIApp

#: Bytes of the largest request head, and the headers that it may have.
MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 100
#: Seconds that a client may leave an answer unread.
MAX_UNREAD_S = 60.0
_RETRY_AFTER_S = 5
#: What is refused is read and dropped for so long: a client that is still sending would lose the answer.
_LINGER_S = 1.0
_MAX_DROPPED_BYTES = 1_000_000


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections one process has, and how long each may be without a head."""

    per_process: int
    #: 0: as many as the process has, as behind a proxy.
    per_address: int
    #: Seconds from the first byte of a request, or from the connection, to the end of the head.
    head_s: float


class Connections:
    """The open connections of one process."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.open = 0
        self._by_address: Counter[str] = Counter()

    def add(self, address: str) -> str:
        """Count one; what speaks against it, empty where nothing does."""
        self.open += 1
        self._by_address[address] += 1
        limits = self.limits
        if self.open > limits.per_process:
            return f"this process has {limits.per_process} connections already"
        if limits.per_address and self._by_address[address] > limits.per_address:
            return f"this address has {limits.per_address} connections already"
        return ""

    def remove(self, address: str) -> None:
        """Count one less."""
        self.open -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


def read_connection_limits(settings: Settings) -> ConnectionLimits:
    """The limits as the settings have them."""
    return ConnectionLimits(
        per_process=settings.connection_limit,
        per_address=settings.connections_per_address,
        head_s=settings.head_wait_s,
    )


class GuardedProtocol(asyncio.Protocol):
    """One connection: bytes go to the server's protocol as long as they keep within the bounds."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._follower = _RequestFollower()
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._address = ""
        self._answered = 0
        #: What it is refused with; not yet sent while an earlier request is being answered.
        self._refusal: tuple[str, str] | None = None
        self._dropped_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    def guard(self, app: ASGIApp, create_inner: Callable[[ASGIApp], asyncio.Protocol]) -> GuardedProtocol:
        """Put this before the protocol that is created for the application; returns itself."""

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                self._answered += 1
                if self._refusal is not None:
                    self._send_refusal()

        self._inner = create_inner(counted)
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        # A Unix socket has no address: what comes through it is a proxy's.
        self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        objection = self._connections.add(self._address)
        if objection:
            self._inner = None
            self._refuse("overloaded", objection)
            return
        if self._inner is not None:
            self._inner.connection_made(transport)
        self._start_head_timer()

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None or self._inner is None:
            self._drop(data)
            return
        for start in range(0, len(data), MAX_HEAD_BYTES):
            piece = data if len(data) <= MAX_HEAD_BYTES else data[start : start + MAX_HEAD_BYTES]
            objection = self._follower.follow(piece)
            if objection is not None:
                self._refuse(*objection)
                return
            self._inner.data_received(piece)
        if not self._follower.is_within_head:
            if self._head_timer is not None:
                self._stop_head_timer()
        elif self._head_timer is None:
            self._start_head_timer()

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        self._unread_timer = asyncio.get_running_loop().call_later(MAX_UNREAD_S, self._abort)
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self._address)
        self._stop_head_timer()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.connection_lost(exc)
        # Objects that refer to each other are freed by the collector only: after 10,000 connections these were 30 MB.
        self._transport = None
        self._follower.close()

    def _start_head_timer(self) -> None:
        seconds = self._connections.limits.head_s
        detail = f"the head of a request has to be there within {seconds:g} s"
        self._head_timer = asyncio.get_running_loop().call_later(seconds, self._refuse, "too_slow", detail)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, code: str, detail: str) -> None:
        """Answer with a problem, once earlier requests are answered, and close."""
        self._refusal = (code, detail)
        self._stop_head_timer()
        if self._follower.is_within_body and self._inner is not None:
            # The rest of the body will not come: reading it ends as if the client had gone.
            self._inner.connection_lost(ConnectionAbortedError())
            self._inner = None
        self._send_refusal()

    def _send_refusal(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or self._refusal is None:
            return
        if self._answered < self._follower.heads:
            return
        transport.write(encode_refusal(*self._refusal))
        if transport.can_write_eof():
            transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER_S, transport.close)

    def _drop(self, data: bytes) -> None:
        """Read on for a while: what is not read when a connection is closed takes the answer with it."""
        self._dropped_bytes += len(data)
        if self._dropped_bytes > _MAX_DROPPED_BYTES:
            self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


#: Code of a problem and its detail.
_Objection = tuple[str, str]


class _RequestFollower:
    """Where the bytes of a connection stand: within a head, or beyond. Its other methods are the parser's callbacks."""

    def __init__(self) -> None:
        #: The parts of bodies in this piece. The parser appends to the list itself, which costs no function of ours.
        self._body_parts: list[bytes] = []
        self.on_body = self._body_parts.append
        self._parser = httptools.HttpRequestParser(self)
        #: Heads that were passed on.
        self.heads = 0
        #: Before the first request too: its head is waited for.
        self.is_within_head = True
        self.is_within_body = False
        self._is_upgraded = False
        self._unfinished_bytes = 0
        #: Bytes since the last one of a body: sizes of chunks with their extensions, and what follows the last chunk.
        self._framing_bytes = 0
        self._size = self._headers = 0
        self._url = b""
        self._objection: _Objection | None = None

    def follow(self, piece: bytes) -> _Objection | None:
        """What speaks against passing these bytes on; None where nothing does."""
        passed = self.heads, self.is_within_body
        if self._is_upgraded:
            return ("malformed", "this server speaks HTTP/1.1 alone: nothing may follow a request to change that")
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            # Answered as a request without that wish; the parser goes no further.
            self._is_upgraded = True
        except httptools.HttpParserError:
            self._objection = self._objection or ("malformed", "not HTTP/1.1")
        if self._objection is None and self.is_within_head:
            self._unfinished_bytes += len(piece)
            if self._unfinished_bytes > MAX_HEAD_BYTES:
                self._objection = _HEAD_TOO_LARGE
        elif self._objection is None:
            # Only a piece that is nothing else: beside a head, or a part of a body, it is less than one read.
            is_framing = passed == (self.heads, True) and self.is_within_body and not self._body_parts
            self._framing_bytes = self._framing_bytes + len(piece) if is_framing else 0
            if self._framing_bytes > MAX_HEAD_BYTES:
                self._objection = _FRAMING_TOO_LARGE
        self._body_parts.clear()
        if self._objection is not None:
            # The server sees nothing of this piece.
            self.heads, self.is_within_body = passed
        return self._objection

    def close(self) -> None:
        """Let go of the parser, which refers back to this."""
        del self._parser

    def on_message_begin(self) -> None:
        self.is_within_head = True
        self._url = b""
        self._unfinished_bytes = self._size = self._headers = 0

    def on_url(self, url: bytes) -> None:
        self._size += len(url)
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.is_within_head:
            # The server would add it to the headers of a request that is being answered.
            self._objection = self._objection or ("malformed", "no header is taken behind a body")
        self._headers += 1
        self._size += len(name) + len(value)

    def on_headers_complete(self) -> None:
        self.is_within_head = False
        if self._size > MAX_HEAD_BYTES or self._headers > MAX_HEADERS:
            self._objection = _HEAD_TOO_LARGE
            return
        try:
            # As the server will: what it cannot parse it would answer as plain text.
            httptools.parse_url(self._url)
        except httptools.HttpParserInvalidURLError:
            self._objection = ("malformed", "the target of the request is no path")
        if self._objection is None:
            self.heads += 1
            self.is_within_body = True

    def on_message_complete(self) -> None:
        self.is_within_body = False


_HEAD_TOO_LARGE: _Objection = (
    "head_too_large",
    f"at most {MAX_HEAD_BYTES} bytes and {MAX_HEADERS} headers",
)


_FRAMING_TOO_LARGE: _Objection = (
    "malformed",
    f"at most {MAX_HEAD_BYTES} bytes between two parts of a body, or behind it",
)


def encode_refusal(code: str, detail: str) -> bytes:
    """The response of a connection that is refused before any request of it was one."""
    kind = PROBLEM_DEFINITIONS[code]
    request_id = f"{getrandbits(128):032x}"
    body = encode(build_problem(code, detail=detail, request_id=request_id))
    headers = {
        **DEFAULT_HEADERS,
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        "connection": "close",
        "x-request-id": request_id,
    }
    if kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(_RETRY_AFTER_S)
    lines = [f"HTTP/1.1 {kind.status} {HTTPStatus(kind.status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
