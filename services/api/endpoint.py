"""The lane of the routes that need a key: from a path to its handler to the bytes of its answer, on the loop.

Litestar's own way (its routing, dependency injection and response objects) costs a request more than deciding and
recording a command does. The handlers are the same ones, declared with Litestar and documented from there; what no
route of the lane matches (another method, another path, the service's own routes) goes Litestar's way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from inspect import iscoroutinefunction, signature
from typing import Any

import msgspec
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from litestar.types import Receive

from projections.database.database import DatabaseUnavailable
from services.api.context import RequestContext, build_context, with_freshness
from services.api.http.responses import HttpResponse, LitestarResponse
from services.api.operations import OPERATION, Operation

_PARAMETER = ":str}"


class Route(msgspec.Struct, frozen=True):
    """One handler of the lane."""

    #: The path as metrics and logs name it: `/v1/goals/{goal}`.
    template: str
    #: Names of the path's parameters, in order.
    parameters: tuple[str, ...]
    operation: Operation
    function: Callable[..., Any]
    is_async: bool


class _Node:
    """One step of the paths."""

    __slots__ = ("literal", "parameter", "routes")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        #: Method -> route that ends here.
        self.routes: dict[str, Route] = {}


class Router:
    """Every route of the application whose handler takes a `call`."""

    def __init__(self, handlers: Iterable[HTTPRouteHandler]) -> None:
        self._root = _Node()
        for handler in handlers:
            function = handler.fn
            operation = handler.opt.get(OPERATION)
            if (
                operation is None
                or handler.response_class is not LitestarResponse
                or "call" not in signature(function).parameters
            ):
                continue
            for path in handler.paths:
                for method in handler.http_methods:
                    self._add(str(method), path, operation, function)

    def _add(self, method: str, path: str, operation: Operation, function: Callable[..., Any]) -> None:
        node, names = self._root, []
        for step in path.strip("/").split("/"):
            if step.endswith(_PARAMETER):
                names.append(step.removeprefix("{").removesuffix(_PARAMETER))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literal.setdefault(step, _Node())
        template = path.replace(_PARAMETER, "}")
        node.routes[method] = Route(template, tuple(names), operation, function, iscoroutinefunction(function))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and the values of its parameters, still percent-encoded where a slash was."""
        node, values = self._root, []
        for step in path.strip("/").split("/"):
            child = node.literal.get(step)
            if child is None:
                child = node.parameter
                if child is None or not step:
                    return None
                values.append(step)
            node = child
        route = node.routes.get(method)
        return (route, dict(zip(route.parameters, values, strict=True))) if route is not None else None


async def dispatch(route: Route, values: dict[str, str], door: Any, scope: Any, receive: Receive) -> HttpResponse:
    """Let the request in and have it answered. Raises what `services.api.http.problems` turns into answers."""
    call = await build_context(door, scope, receive, route.operation)
    if route.is_async:
        if route.operation.reads_view:
            call = await sync_to_thread(with_freshness, call)
        answer: HttpResponse = await route.function(**values, call=call)
        return answer
    # One thread for all that asks the store: what the read models have seen, then the question itself.
    answering = asyncio.get_running_loop().run_in_executor(None, _call_in_thread, route, values, call)
    if not route.operation.reads_view:
        return await answering
    try:
        return await asyncio.wait_for(answering, call.runtime.settings.store_wait_s)
    except TimeoutError:
        # The thread is lost for as long as the store keeps it; its client need not be.
        raise DatabaseUnavailable("the store did not answer in time") from None


def _call_in_thread(route: Route, values: dict[str, str], call: RequestContext) -> HttpResponse:
    answer: HttpResponse = route.function(**values, call=with_freshness(call))
    return answer
