"""The call of one operation: from a request whose route is known to the response of its handler."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

from ledger.errors import OutcomeUnknown
from projections.database.database import DatabaseUnavailable
from services.api.admission import ClientDisconnected, DeadlineExceeded
from services.api.context import (
    PublicContext,
    RequestContext,
    RequestState,
    build_context,
    build_public_context,
    with_freshness,
)
from services.api.http.problems import ProblemError, error_response
from services.api.http.responses import HttpResponse, Response, revalidate
from services.api.operations import Route, Weight

#: Status of a request whose client went before its answer, in logs and metrics; it is never sent.
CLIENT_DISCONNECTED = 499


async def call_operation(
    route: Route, parameters: dict[str, str], state: RequestState, scope: Any, receive: Any
) -> Response:
    """The response of the route's handler, or the problem that stands for what was raised."""
    try:
        response = await _call_handler(route, parameters, state, scope, receive)
    except ClientDisconnected:
        state.problem = "client_disconnected"
        return HttpResponse(body=b"", status=CLIENT_DISCONNECTED)
    except Exception as error:  # noqa: BLE001 - every exception has its problem
        return error_response(error, state, scope["method"])
    return revalidate(response, state.headers.get("if-none-match")) if route.method == "GET" else response


async def _call_handler(
    route: Route, parameters: dict[str, str], state: RequestState, scope: Any, receive: Any
) -> Response:
    if not route.operation.scopes:
        public = await build_public_context(state, scope, receive, route.operation)
        return await _call_without_key(route, public, receive, parameters)
    context = await build_context(state, scope, receive, route.operation)
    try:
        if route.blocking:
            return await context.run_in_thread(route.weight, partial(_answer, route, context, parameters))
        return await _call_on_loop(route, context, parameters)
    except DeadlineExceeded as error:
        raise _deadline_error(route, error) from None
    finally:
        if context.body_file is not None:
            context.body_file.close()


def _deadline_error(route: Route, error: DeadlineExceeded) -> Exception:
    """What a request whose time is over is answered with."""
    if route.weight is Weight.IMPORT:
        detail = f"{error}; what was kept of it stands, and is found again when it is sent again"
        return ProblemError("deadline_exceeded", detail, headers={"Retry-After": "1"})
    if route.weight is Weight.REPORT:
        return ProblemError("deadline_exceeded", str(error), headers={"Retry-After": "1"})
    if route.method == "POST":
        return OutcomeUnknown(str(error))
    return DatabaseUnavailable("the store did not answer in time")


#: Whose share of a process requests without a key use, all together.
_NOBODY = (UUID(int=0), "")


async def _call_without_key(
    route: Route, context: PublicContext, receive: Any, parameters: dict[str, str]
) -> HttpResponse:
    """Most of what needs no key is answered from memory; the state of the service has threads of its own."""
    if route.weight is Weight.PROBE:
        return await context.api.probes.answer(route.path, lambda: route.handler(context, **parameters))
    if route.weight is Weight.LIGHT:
        # It asks the store: a thread of this class is taken as for any other request.
        answer = partial(route.handler, context, **parameters)
        return await context.api.admission.run(route.weight, _NOBODY, receive, answer)
    response: HttpResponse = route.handler(context, **parameters)
    return response


async def _call_on_loop(route: Route, context: RequestContext, parameters: dict[str, str]) -> Response:
    """Run a handler that never blocks, such as every command's."""
    if route.operation.reads_view:
        context = await asyncio.to_thread(with_freshness, context)
    response: Response = await route.handler(context, **parameters)
    return response


def _answer(route: Route, context: RequestContext, parameters: dict[str, str]) -> Response:
    """What the read models contain, then the question itself: both ask the store, so they share a thread."""
    response: Response = route.handler(with_freshness(context), **parameters)
    return response
