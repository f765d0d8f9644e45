"""uvicorn's protocol where it is told what is whole: a body that is all here is taken, an answer is one write.

uvicorn writes an answer's head and body one after the other, a system call each, and two packets also wake the client
twice. It looks at each header of each answer with two patterns, and makes and cancels a timer for each request. On a
machine that the client shares with the server all that costs both of them more than making the answer did.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

#: The ASGI extension under which a scope has its request's `Wire`.
CONNECTION_EXTENSION = "plimsoll.wire"

_FORWARDED = frozenset({b"x-forwarded-proto", b"x-forwarded-for"})


class RequestConnection:
    """One request at its connection, without the messages in between."""

    __slots__ = ("_cycle", "_protocol")

    def __init__(self, protocol: SingleWriteProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle

    def buffered_body(self) -> bytes | None:
        """The request's body where all of it is here; None: it is yet to be received."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or cycle.waiting_for_100_continue:
            return None
        cycle.flow.resume_reading()
        body, cycle.body = bytes(cycle.body), bytearray()
        return body

    async def write_response(self, status: int, head: bytes, body: bytes) -> None:
        """Send the whole answer. `head`: its header lines, each with its end, as they go out."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        ended = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        self._protocol.coalescing_transport.write_now(
            b"".join((STATUS_LINE[status], self._protocol.default_header_lines(), head, ended, body))
        )
        # Whoever waits for the rest of the request need not.
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()


class SingleWriteProtocol(HttpToolsProtocol):
    """uvicorn's protocol, on a transport that gathers, with a `Wire` for each request."""

    #: When the last answer was sent, on the loop's clock; None while a request is under way.
    _idle_since: float | None = None
    #: The server's own headers, and as they go out; it makes a new list each second.
    _always: tuple[list[tuple[bytes, bytes]] | None, bytes] = (None, b"")

    coalescing_transport: CoalescingTransport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's, as it is
        self.coalescing_transport = CoalescingTransport(transport, self.loop)
        super().connection_made(self.coalescing_transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def default_header_lines(self) -> bytes:
        """The server's own header lines."""
        headers = self.server_state.default_headers
        if self._always[0] is not headers:
            SingleWriteProtocol._always = (headers, b"".join(b"%s: %s\r\n" % pair for pair in headers))
        return self._always[1]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        scope: Any = cycle.scope
        scope["extensions"] = {CONNECTION_EXTENSION: RequestConnection(self, cycle)}
        if isinstance(app, ProxyHeadersMiddleware) and _FORWARDED.isdisjoint(dict(scope["headers"])):
            # It would look at who sent this, and at each header, to find that no proxy did.
            app = app.app
        super()._start_asgi_task(cycle, app)

    # --- a connection that says nothing is closed: one timer for each, not one for each request -------------------

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch(left)
        else:
            super().timeout_keep_alive_handler()

    def _watch(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)


class CoalescingTransport(asyncio.Transport):
    """What is written in one turn of the loop is sent in one write, in its order."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[Any] = []

    def write(self, data: Any) -> None:
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def write_now(self, data: bytes) -> None:
        """Write what nothing will follow: at once, unless something waits to go before it."""
        if self._parts:
            self._parts.append(data)
        elif not self._transport.is_closing():
            self._transport.write(data)

    def _send(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts) if len(parts) > 1 else parts[0])

    def close(self) -> None:
        """Once all is sent."""
        self._send()
        self._transport.close()

    def abort(self) -> None:
        self._parts.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size() + sum(map(len, self._parts))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)
