"""Assistants over HTTP: the tools of `plimsoll mcp`, which call this server from within.

A tool's requests pass the whole pipeline with the caller's key: authentication, rate, admission, sight, log and metrics
are theirs as if they had come by the network. The SDK is loaded with the first call (0033, 0061).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.request import Request

from services.api.http.problems import ProblemError
from services.client.server import Answer, NoAnswer, Server
from services.settings import ClientSettings

if TYPE_CHECKING:
    from services.client.assistants import StreamableHttp

#: A tool's requests name no host: they reach no network.
_URL = "http://plimsoll"


class Assistants:
    """The endpoint of one application."""

    def __init__(self) -> None:
        self._loading = asyncio.Lock()
        self._endpoint: StreamableHttp | None = None

    async def answer(self, server: InnerServer, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request of an assistant. Raises ProblemError 404 where the SDK is not installed."""
        async with self._loading:
            if self._endpoint is None:
                self._endpoint = await asyncio.to_thread(_load)
        await self._endpoint.answer(server, scope, receive, send)


def _load() -> StreamableHttp:
    try:
        from services.client.assistants import StreamableHttp  # noqa: PLC0415 - an extra, and a second to import
    except ModuleNotFoundError:
        raise ProblemError("unknown_route", "this server was installed without the extra `mcp`") from None
    return StreamableHttp()


class InnerServer(Server):
    """The application itself, asked from a tool's thread."""

    def __init__(self, app: Any, key: str, request_id: str, client: Any) -> None:
        super().__init__(ClientSettings(url=_URL, key=key))
        self._app = app
        self._loop = asyncio.get_running_loop()
        #: Of the assistant's request: the lines of the log belong together.
        self._request_id = request_id
        self._client = client

    def exchange(self, request: Request) -> Answer:
        """One request, through the pipeline. Raises NoAnswer."""
        calling = asyncio.run_coroutine_threadsafe(self._call(request), self._loop)
        try:
            return calling.result(self._timeout_s)
        except TimeoutError as error:
            calling.cancel()
            raise NoAnswer(f"no answer within {self._timeout_s:.0f} s") from error

    async def _call(self, request: Request) -> Answer:
        body = request.data if isinstance(request.data, bytes) else b""
        path, _, query = request.selector.partition("?")
        headers = {name.lower(): value for name, value in request.header_items()}
        headers |= {"x-request-id": self._request_id, "content-length": str(len(body))}
        scope = {
            "type": "http",
            "method": request.get_method(),
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            "client": self._client,
        }
        exchange = _Exchange(body)
        await self._app(scope, exchange.receive, exchange.send)
        return Answer(exchange.status, exchange.headers, bytes(exchange.body))


class _Exchange:
    """The messages of one ASGI call: a body that is there at once, and an answer that is collected."""

    def __init__(self, sent: bytes) -> None:
        self._sent: bytes | None = sent
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    async def receive(self) -> Any:
        if self._sent is None:
            # The caller stays: nothing more is to come.
            await asyncio.Event().wait()
        body, self._sent = self._sent, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode("latin-1").title(): value.decode("latin-1") for name, value in message["headers"]
            }
        else:
            self.body += message.get("body", b"")
