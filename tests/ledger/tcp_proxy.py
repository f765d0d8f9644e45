"""A wire to a real server that a test can cut and mend: bytes are passed on as they come."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit, urlunsplit

#: Bytes of the message that ends an answer: the server is ready for the next query.
_READY_BYTES = 6


class TcpProxy:
    """Listens on a port of its own and forwards to the server of `database_url`."""

    def __init__(self, database_url: str) -> None:
        parts = urlsplit(database_url)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        #: Bytes of a message to the server that break its connection, once.
        self._break_message: bytes | None = None
        self._answered = True
        self._rows = False
        #: Servers' ends of connections whose next answer is lost.
        self._muted: set[socket.socket] = set()
        self.url = urlunsplit(parts._replace(netloc=f"postgres@127.0.0.1:{self._port}"))

    def __enter__(self) -> Self:
        self._accept()
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def disconnect(self) -> None:
        """Nobody is there any more, and whoever was connected is not."""
        # A thread that waits in accept keeps the port open until it is woken.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._sockets.clear()

    def reconnect(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._accept()

    def break_at(self, message: bytes, *, answered: bool, rows: bool = False) -> None:
        """Break the one connection on which `message` comes next: before it, or after the server has acted on it.

        Either way the sender learns nothing; with `rows` it is told all but the end of the answer.
        """
        self._break_message, self._answered, self._rows = message, answered, rows

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if one in self._muted:
                    # The server has acted, and says so to nobody.
                    if self._rows:
                        other.sendall(data[:-_READY_BYTES])
                    break
                if self._break_message is not None and self._break_message in data:
                    self._break_message = None
                    if not self._answered:
                        break
                    self._muted.add(other)
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        listener = self._listener

        def run() -> None:
            with suppress(OSError):
                while True:
                    near, _ = listener.accept()
                    far = socket.create_connection(self._server)
                    self._sockets += [near, far]
                    for one, other in ((near, far), (far, near)):
                        threading.Thread(target=self._forward, args=(one, other), daemon=True).start()

        threading.Thread(target=run, daemon=True).start()
