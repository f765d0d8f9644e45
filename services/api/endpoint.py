"""The call of one operation: from a request whose route is known to the response of its handler."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, cast

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler

from projections.database.database import DatabaseUnavailable
from services.api.context import PublicContext, RequestContext, RequestState, build_context, with_freshness
from services.api.http.problems import error_response
from services.api.http.responses import Response, revalidate
from services.api.operations import Route


def litestar_handler(route: Route) -> HTTPRouteHandler:
    """The route as Litestar knows it, for its answers about methods (405, OPTIONS) and to a path with empty steps."""

    async def endpoint(request: Request[Any, Any, Any]) -> Response:
        scope: Any = request.scope
        state: RequestState = scope["state"]["request"]
        # Litestar has left the empty steps out; links in the response name the path that it routed.
        state.path = scope["path"]
        return await call_operation(route, scope["path_params"], state, scope, request.receive)

    path = route.path.replace("}", ":str}")
    method = cast("Literal['GET', 'POST']", route.method)
    return HTTPRouteHandler(path, http_method=method, status_code=route.operation.status)(endpoint)


async def call_operation(
    route: Route, parameters: dict[str, str], state: RequestState, scope: Any, receive: Any
) -> Response:
    """The response of the route's handler, or the problem that stands for what was raised."""
    try:
        response = await _call_handler(route, parameters, state, scope, receive)
    except Exception as error:  # noqa: BLE001 - every exception has its problem
        return error_response(error, state, scope["method"])
    return revalidate(response, state.headers.get("if-none-match")) if route.method == "GET" else response


async def _call_handler(
    route: Route, parameters: dict[str, str], state: RequestState, scope: Any, receive: Any
) -> Response:
    if not route.operation.scopes:
        public = PublicContext(api=state.api, headers=state.headers)
        response: Response = await sync_to_thread(route.handler, public, **parameters)
        return response
    context = await build_context(state, scope, receive, route.operation)
    if route.blocking:
        return await _call_in_thread(route, context, parameters)
    return await _call_on_loop(route, context, parameters)


async def _call_on_loop(route: Route, context: RequestContext, parameters: dict[str, str]) -> Response:
    """Run a handler that never blocks, such as every command's."""
    if route.operation.reads_view:
        context = await sync_to_thread(with_freshness, context)
    response: Response = await route.handler(context, **parameters)
    return response


async def _call_in_thread(route: Route, context: RequestContext, parameters: dict[str, str]) -> Response:
    """Run a handler that asks the store; a read is given up after `store_wait_s`."""
    answering = asyncio.get_running_loop().run_in_executor(None, _answer, route, context, parameters)
    if not route.operation.reads_view:
        return await answering
    try:
        return await asyncio.wait_for(answering, context.runtime.settings.store_wait_s)
    except TimeoutError:
        # The thread is occupied for as long as the store takes; its client is not.
        raise DatabaseUnavailable("the store did not answer in time") from None


def _answer(route: Route, context: RequestContext, parameters: dict[str, str]) -> Response:
    """What the read models contain, then the question itself: both ask the store, so they share a thread."""
    response: Response = route.handler(with_freshness(context), **parameters)
    return response
