"""The call of one operation: from a request whose route is known to the response of its handler."""

from __future__ import annotations

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
    operation, context = route.operation, None
    try:
        if not operation.scopes:
            public = await build_public_context(state, scope, receive, operation)
            response: Response = await _call_without_key(route, public, receive, parameters)
        else:
            context = await build_context(state, scope, receive, operation)
            if route.blocking:
                response = await context.run_in_thread(route.weight, partial(_answer, route, context, parameters))
            else:
                # A handler that never blocks, such as every command's: it reads no view.
                response = await route.handler(context, **parameters)
    except ClientDisconnected:
        state.problem = "client_disconnected"
        return HttpResponse(body=b"", status=CLIENT_DISCONNECTED)
    except Exception as error:  # noqa: BLE001 - every exception has its problem
        is_late = isinstance(error, DeadlineExceeded) and context is not None
        return error_response(_deadline_error(route, error) if is_late else error, state, scope["method"])
    finally:
        if context is not None and context.body_file is not None:
            context.body_file.close()
    return revalidate(response, state.headers.get("if-none-match")) if route.method == "GET" else response


def _deadline_error(route: Route, error: Exception) -> Exception:
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


def _answer(route: Route, context: RequestContext, parameters: dict[str, str]) -> Response:
    """What the read models contain, then the question itself: both ask the store, so they share a thread."""
    response: Response = route.handler(with_freshness(context), **parameters)
    return response
