"""From whatever went wrong to a problem: the one place where exceptions become answers."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import ExceptionHandlersMap

from domain.errors import Refusal, VersionConflict
from ledger.errors import LedgerUnavailable
from projections.database import DatabaseUnavailable
from services.api.answers import encode
from services.api.problems import MEDIA_TYPE, Problem, ProblemError, problem, refused

AnyRequest = Request[Any, Any, Any]

_log = structlog.get_logger(__name__)

#: Statuses that Litestar itself may answer with -> our code.
_LITESTAR: dict[int, str] = {400: "malformed", 404: "unknown_route", 405: "method_not_allowed", 413: "body_too_large"}


def _answer(told: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(encode(told), status_code=told.status, media_type=MEDIA_TYPE, headers=headers)


def request_id(request: AnyRequest) -> str:
    """The id under which this request is logged."""
    return str(request.scope["state"].get("request_id", ""))


def _refusal(request: AnyRequest, error: Refusal) -> Response[bytes]:
    told = refused(error, instance=request.scope["path"], request_id=request_id(request))
    if isinstance(error, VersionConflict):
        return _answer(told, {"Cache-Control": "no-store"})
    return _answer(told)


def _problem(request: AnyRequest, error: ProblemError) -> Response[bytes]:
    return _answer(of(error, request.scope["path"], request_id(request)), error.headers)


def of(error: ProblemError, path: str, identity: str) -> Problem:
    """The body for an error of the API."""
    return problem(
        error.code,
        request_id=identity,
        detail=error.detail,
        instance=path,
        errors=error.errors,
        allowed=error.allowed,
    )


def _unavailable(request: AnyRequest, error: Exception) -> Response[bytes]:
    _log.warning("store.unavailable", error=type(error).__name__, request_id=request_id(request))
    told = problem("unavailable", instance=request.scope["path"], request_id=request_id(request))
    return _answer(told, {"Retry-After": "1"})


def _http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Litestar's own refusals. Their words may quote the request, so ours are used."""
    code = _LITESTAR.get(error.status_code)
    if code is None:
        return _unforeseen(request, error)
    headers = dict(error.headers or {})
    allowed = tuple(sorted(m for m in headers.get("allow", "").split(", ") if m and m != "OPTIONS"))
    if "GET" in allowed:
        headers["allow"] += ", HEAD"
    told = problem(code, instance=request.scope["path"], request_id=request_id(request), allowed=allowed)
    return _answer(told, {name.title(): value for name, value in headers.items()})


def _unforeseen(request: AnyRequest, error: Exception) -> Response[bytes]:
    """500: logged with everything but the body, told with nothing."""
    _log.error(
        "request.failed",
        request_id=request_id(request),
        path=request.scope["path"],
        method=request.method,
        exc_info=error,
    )
    return _answer(problem("internal", instance=request.scope["path"], request_id=request_id(request)))


HANDLERS: ExceptionHandlersMap = {
    Refusal: _refusal,
    ProblemError: _problem,
    LedgerUnavailable: _unavailable,
    DatabaseUnavailable: _unavailable,
    NotFoundException: _http,
    MethodNotAllowedException: _http,
    HTTPException: _http,
    Exception: _unforeseen,
}
