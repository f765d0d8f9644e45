"""From whatever went wrong to a problem: the one place where exceptions become answers."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import ExceptionHandlersMap

from domain.errors import Refusal, VersionConflict
from ledger.errors import LedgerBusy, LedgerUnavailable
from projections.database import DatabaseUnavailable
from services.api.answers import HttpResponse, LitestarResponse, encode
from services.api.problems import MEDIA_TYPE, Problem, ProblemError, problem, refused

AnyRequest = Request[Any, Any, Any]

_log = structlog.get_logger(__name__)

#: Statuses that Litestar itself may answer with -> our code.
_LITESTAR: dict[int, str] = {400: "malformed", 404: "unknown_route", 405: "method_not_allowed", 413: "body_too_large"}

_NOTHING = "Nothing was recorded."
_UNKNOWN = "Whether this was recorded is unknown: send it again with the same `Idempotency-Key`, which tells."


def error_response(error: Exception, scope: Any) -> HttpResponse:
    """What is answered where `error` ended the request of this ASGI scope."""
    path, identity = scope["path"], str(scope["state"].get("request_id", ""))
    match error:
        case Refusal():
            headers = {"Cache-Control": "no-store"} if isinstance(error, VersionConflict) else {}
            return _answer(refused(error, instance=path, request_id=identity), headers)
        case ProblemError():
            return _answer(problem_of(error, path, identity), error.headers)
        case LedgerBusy():
            told = problem("overloaded", instance=path, request_id=identity, detail=_NOTHING)
            return _answer(told, {"Retry-After": "1"})
        case LedgerUnavailable() | DatabaseUnavailable():
            _log.warning("store.unavailable", error=type(error).__name__, request_id=identity)
            told = problem("unavailable", instance=path, request_id=identity, detail=_whether_recorded(error))
            return _answer(told, {"Retry-After": "1"})
        case HTTPException() if error.status_code in _LITESTAR:
            return _http(error, path, identity)
    # 500: logged with everything but the body, told with nothing.
    _log.error("request.failed", request_id=identity, path=path, method=scope["method"], exc_info=error)
    return _answer(problem("internal", instance=path, request_id=identity), {})


def _whether_recorded(error: Exception) -> str:
    """The ledger says so itself, beside words that are not for our callers."""
    if "is unknown" in str(error):
        return _UNKNOWN
    return _NOTHING if "nothing was recorded" in str(error) else ""


def _answer(told: Problem, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(body=encode(told), status=told.status, media_type=MEDIA_TYPE, headers=headers)


def problem_of(error: ProblemError, path: str, identity: str) -> Problem:
    """The body for an error of the API."""
    return problem(
        error.code,
        request_id=identity,
        detail=error.detail,
        instance=path,
        errors=error.errors,
        allowed=error.allowed,
    )


def _http(error: HTTPException, path: str, identity: str) -> HttpResponse:
    """Litestar's own refusals. Their words may quote the request, so ours are used."""
    headers = dict(error.headers or {})
    allowed = tuple(sorted(m for m in headers.get("allow", "").split(", ") if m and m != "OPTIONS"))
    if "GET" in allowed:
        headers["allow"] += ", HEAD"
    told = problem(_LITESTAR[error.status_code], instance=path, request_id=identity, allowed=allowed)
    return _answer(told, {name.title(): value for name, value in headers.items()})


def _handle(request: AnyRequest, error: Exception) -> Response[Any]:
    return LitestarResponse(error_response(error, request.scope))


HANDLERS: ExceptionHandlersMap = {
    Refusal: _handle,
    ProblemError: _handle,
    LedgerUnavailable: _handle,
    DatabaseUnavailable: _handle,
    NotFoundException: _handle,
    MethodNotAllowedException: _handle,
    HTTPException: _handle,
    Exception: _handle,
}
