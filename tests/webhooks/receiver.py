"""A real receiver on this machine: it keeps what came, and answers as a test says."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec

#: What the settings of a test list, so that a receiver on this machine may be reached.
LOOPBACK = "127.0.0.0/8"


class Received(NamedTuple):
    """One message."""

    #: Names in lower case.
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        decoded: dict[str, Any] = msgspec.json.decode(self.body)
        return decoded


class Reply(NamedTuple):
    """What is answered."""

    status: int = 204
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Receiver:
    """Where messages go. `answer` says what is answered to each."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[Received] = []
        self.origins: list[str] = []
        self.grants = "*"
        self.answer: Callable[[Received], Reply] = lambda _message: Reply()

    def wait(self, count: int, seconds: float = 20.0) -> list[Received]:
        """The messages, once there are so many."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.received) >= count, f"{len(self.received)} of {count} messages came"
        return list(self.received)


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_OPTIONS(self) -> None:
            receiver.origins.append(self.headers.get("webhook-request-origin", ""))
            self._reply(Reply(200, {"WebHook-Allowed-Origin": receiver.grants} if receiver.grants else {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if len(body) < int(self.headers["content-length"]):
                # Its sender was killed: what came of it is no message.
                self.close_connection = True
                return
            message = Received({name.lower(): value for name, value in self.headers.items()}, body)
            receiver.received.append(message)
            self._reply(receiver.answer(message))

        def _reply(self, reply: Reply) -> None:
            head = f"HTTP/1.1 {reply.status} X\r\nContent-Length: {len(reply.body)}\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
            self.wfile.write(head.encode() + b"\r\n" + reply.body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

        def log_error(self, *_words: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed, or refused our certificate, is what a test is about."""


@contextmanager
def run_receiver(tls: ssl.SSLContext | None = None, name: str = "127.0.0.1") -> Iterator[Receiver]:
    """A receiver on a port of its own, by https where a context is given."""
    receiver = Receiver("")
    server = _Server(("127.0.0.1", 0), _handler_of(receiver))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.url = f"http{'s' if tls is not None else ''}://{name}:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
