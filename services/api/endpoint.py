"""The call of one operation: from a request that Litestar has routed to the response of its handler.

Litestar only routes (decision 0015): its dependency injection and response encoding cost a command about a fifth of
its processor time, so each route is one plain handler that takes the request and returns a response that is ready.
"""

from __future__ import annotations

import asyncio
from inspect import iscoroutinefunction
from typing import Any, Literal, cast

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler

from projections.database.database import DatabaseUnavailable
from services.api.context import PublicContext, RequestContext, RequestState, build_context, with_freshness
from services.api.http.problems import error_response
from services.api.http.responses import HttpResponse
from services.api.operations import Route


def litestar_handler(route: Route) -> HTTPRouteHandler:
    """The route as Litestar registers it."""
    call = _call_on_loop if iscoroutinefunction(route.handler) else _call_in_thread
    if not route.operation.scopes:
        call = _call_public

    async def endpoint(request: Request[Any, Any, Any]) -> HttpResponse:
        scope: Any = request.scope
        state: RequestState = scope["state"]["request"]
        if "//" in state.path:
            # Litestar routes a path with empty segments without them: links in the response name the path routed.
            state.path = scope["path"]
        try:
            return await call(route, state, scope, request.receive)
        except Exception as error:  # noqa: BLE001 - every exception has its problem
            return error_response(error, state, scope["method"])

    path = route.path.replace("}", ":str}")
    method = cast("Literal['GET', 'POST']", route.method)
    return HTTPRouteHandler(path, http_method=method, status_code=route.operation.status)(endpoint)


async def _call_on_loop(route: Route, state: RequestState, scope: Any, receive: Any) -> HttpResponse:
    """Run a handler that never blocks, such as every command's."""
    context = await build_context(state, scope, receive, route.operation)
    if route.operation.reads_view:
        context = await sync_to_thread(with_freshness, context)
    response: HttpResponse = await route.handler(context, **scope["path_params"])
    return response


async def _call_in_thread(route: Route, state: RequestState, scope: Any, receive: Any) -> HttpResponse:
    """Run a handler that asks the store; a read is given up after `store_wait_s`."""
    context = await build_context(state, scope, receive, route.operation)
    answering = asyncio.get_running_loop().run_in_executor(None, _answer, route, context, scope["path_params"])
    if not route.operation.reads_view:
        return await answering
    try:
        return await asyncio.wait_for(answering, context.runtime.settings.store_wait_s)
    except TimeoutError:
        # The thread is occupied for as long as the store takes; its client is not.
        raise DatabaseUnavailable("the store did not answer in time") from None


def _answer(route: Route, context: RequestContext, parameters: dict[str, str]) -> HttpResponse:
    """What the read models contain, then the question itself: both ask the store, so they share a thread."""
    response: HttpResponse = route.handler(with_freshness(context), **parameters)
    return response


async def _call_public(route: Route, state: RequestState, scope: Any, receive: Any) -> HttpResponse:  # noqa: ARG001 - called as the two above
    """Run the handler of a route without a key."""
    context = PublicContext(api=state.api, headers=state.headers)
    response: HttpResponse = await sync_to_thread(route.handler, context, **scope["path_params"])
    return response
