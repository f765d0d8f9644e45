"""Litestar's part: the answers to requests that no route of ours takes, such as 404, 405 and OPTIONS.

A module of its own, imported with the first such request: loading Litestar and registering every route with it takes
about as much processor time as everything else that a server does before its first answer (0033).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from services.api.context import RequestState
from services.api.endpoint import call_operation
from services.api.http.problems import ProblemError, error_response
from services.api.http.responses import HttpResponse
from services.api.operations import Route

_AnyRequest = Request[Any, Any, Any]

#: Statuses that Litestar itself may answer with -> our code.
_CODES: dict[int, str] = {
    400: "malformed",
    404: "unknown_route",
    405: "method_not_allowed",
    413: "body_too_large",
}


def create_litestar(routes: Sequence[Route]) -> Litestar:
    """Every route, registered with Litestar. It holds nothing of a runtime, so a process needs one."""
    return Litestar(
        route_handlers=[_to_handler(route) for route in routes],
        # Exceptions of our handlers never reach it: `call_operation` answers them.
        exception_handlers={HTTPException: _handle_http_exception, Exception: _handle_exception},
        openapi_config=None,
        # Ours: a line per request without bodies (services.api.pipeline); bodies are bounded as they are read.
        logging_config=None,
        request_max_body_size=None,
    )


def _to_handler(route: Route) -> HTTPRouteHandler:
    """The route as Litestar has it, to answer for methods (405, OPTIONS) and for paths with empty segments."""

    async def endpoint(request: _AnyRequest) -> HttpResponse:
        scope: Any = request.scope
        state: RequestState = scope["state"]["request"]
        # Litestar has left the empty steps out; links in the response name the path that it routed.
        state.path = scope["path"]
        # Either is an ASGI application, which is all that Litestar asks of it.
        return cast("HttpResponse", await call_operation(route, scope["path_params"], state, scope, request.receive))

    path = route.path.replace("}", ":str}")
    method = cast("Literal['GET', 'POST']", route.method)
    return HTTPRouteHandler(path, http_method=method, status_code=route.operation.status)(endpoint)


class _ReadyResponse(Response[None]):
    """Our response as Litestar takes it from an exception handler, which may return nothing but a `Response`."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(None)
        self._ready = response

    def to_asgi_response(self, *_: Any, **__: Any) -> HttpResponse:  # type: ignore[override]  # an ASGI application too
        return self._ready


def _handle_http_exception(request: _AnyRequest, error: HTTPException) -> Response[None]:
    """Answer one of Litestar's own refusals. Its words may quote the request, so ours are used."""
    code = _CODES.get(error.status_code)
    if code is None:
        return _handle_exception(request, error)
    headers = dict(error.headers or {})
    allowed = tuple(sorted(m for m in headers.get("allow", "").split(", ") if m and m != "OPTIONS"))
    if "GET" in allowed:
        headers["allow"] += ", HEAD"
    named = {name.title(): value for name, value in headers.items()}
    return _handle_exception(request, ProblemError(code, allowed=allowed, headers=named))


def _handle_exception(request: _AnyRequest, error: Exception) -> Response[None]:
    return _ReadyResponse(error_response(error, request.scope["state"]["request"], request.scope["method"]))
