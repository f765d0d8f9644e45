"""`POST /mcp`: an assistant's calls, over Streamable HTTP of the Model Context Protocol, without sessions."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import SplitResult, urlsplit

from services.api.assistants import InnerServer
from services.api.context import RequestContext, RequestState
from services.api.http.problems import ProblemError
from services.api.http.responses import DelegatedResponse
from services.api.operations import Operation, Route, Weight, command_route
from services.authorization import READ

#: Names of this machine: where the server is one of them, it is all of them.
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@command_route(
    "/mcp",
    Operation(
        id="callAssistantTools",
        summary="Tools and resources for assistants",
        tag="assistants",
        scopes=(READ,),
        weight=Weight.WAIT,
        carries_calls=True,
    ),
)
async def call_assistant_tools(context: RequestContext) -> DelegatedResponse:
    require_origin(context.headers.get("origin"), context.runtime.settings.base_url)
    resources = AsyncExitStack()
    await resources.enter_async_context(context.hold(Weight.WAIT))

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        state: RequestState = scope["state"]["request"]
        server = InnerServer(scope["app"], context.api_key, state.request_id, scope.get("client"))
        await state.api.assistants.answer(server, scope, _replay(context.body, receive), send)

    return DelegatedResponse(application=answer, resources=resources)


def require_origin(origin: str | None, base_url: str) -> None:
    """Raise ProblemError 403 for a page of another origin.

    The protocol asks for it: a name that a browser was led to rebind must not reach a server that only its user may.
    """
    if origin is None:
        return
    ours = urlsplit(base_url)
    hosts = _LOOPBACK if ours.hostname in _LOOPBACK else (ours.hostname,)
    try:
        theirs = urlsplit(origin)
        is_ours = (theirs.scheme, _port_of(theirs)) == (ours.scheme, _port_of(ours)) and theirs.hostname in hosts
    except ValueError:
        is_ours = False
    if not is_ours:
        raise ProblemError("forbidden", "a page of another origin may not call this", allowed=(base_url,))


def _port_of(url: SplitResult) -> int | None:
    return url.port or _DEFAULT_PORTS.get(url.scheme)


def _replay(body: bytes, receive: Any) -> Any:
    """The messages of the request, its body again first."""
    unread = True

    async def receive_again() -> Any:
        nonlocal unread
        if unread:
            unread = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return receive_again


ROUTES: list[Route] = [call_assistant_tools]
