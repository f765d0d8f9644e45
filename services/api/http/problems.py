"""Every error as `application/problem+json` (RFC 9457): one table from code to status, title and meaning.

`code` is the contract and `type` is `/problems/<code>`, which is served as a page. Refusals of the domain bring their
own words; everything else speaks from this table. No answer ever quotes an exception that we did not raise for it.
"""

from __future__ import annotations

import inspect
from asyncio import CancelledError
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
import structlog

from domain import errors
from domain.errors import Refusal, VersionConflict
from ledger.errors import CommandOutcome, LedgerBusy, LedgerUnavailable
from projections.database.database import DatabaseUnavailable
from services.api.http.responses import HttpResponse, encode

MEDIA_TYPE = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one field."""

    #: JSON pointer into the body (RFC 6901); for a query parameter or header its name behind a slash.
    pointer: str
    detail: str
    #: Where the field is, unless it is in the body.
    in_: str = msgspec.field(default="body", name="in")


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    #: The path of the request, without its query.
    instance: str = ""
    errors: tuple[FieldError, ...] = ()
    #: What the same caller could do instead: names of acts, roles, scopes, methods or values.
    allowed: tuple[str, ...] = ()
    #: For `answers_superseded`: the event id that is open now.
    open: str | None = None
    #: For `unavailable` and `overloaded`, of a command: surely not recorded, or not known to be.
    recorded: CommandOutcome | None = None
    #: Names the request in our logs.
    request_id: str = ""


class ProblemDefinition(msgspec.Struct, frozen=True):
    """One row of the table."""

    status: int
    #: What happened.
    title: str
    #: What to do about it.
    remedy: str


class ProblemError(Exception):
    """An error of the API itself, by its code in `KINDS`."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        allowed: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.detail = detail
        self.errors = errors
        self.allowed = allowed
        self.headers = dict(headers or {})
        super().__init__(detail or PROBLEM_DEFINITIONS[code].title)


def field_error(pointer: str, detail: str, *, where: str = "body") -> ProblemError:
    """A 422 about one field."""
    return ProblemError("invalid_field", detail, errors=(FieldError(pointer=pointer, detail=detail, in_=where),))


#: Refusals of the domain: which status each has. The title is the refusal's own docstring.
_REFUSAL_STATUSES: dict[type[errors.Refusal], int] = {
    errors.Refusal: 409,
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.NotAParty: 403,
    errors.ActNotAllowed: 409,
    errors.ReasonRequired: 422,
    errors.AnswersRequired: 422,
    errors.AnswersSuperseded: 409,
    errors.InvalidField: 422,
    errors.OutOfOrder: 409,
    errors.InTheFuture: 422,
    errors.LoadChanged: 409,
    errors.TradeOffRequired: 409,
    errors.PurposeRequired: 422,
    errors.NoPurpose: 409,
    errors.NonNegotiableCount: 409,
    errors.VersionSuperseded: 409,
    errors.DecisionRequired: 409,
    errors.DecisionUnfit: 409,
    errors.HandOverIncomplete: 409,
    errors.AlreadyExists: 409,
    errors.VersionConflict: 412,
    errors.IdempotencyMismatch: 422,
    errors.HandshakeRefused: 422,
}

_API_PROBLEMS: dict[str, ProblemDefinition] = {
    "malformed": ProblemDefinition(
        400,
        "The request is not well-formed.",
        "Send well-formed HTTP and JSON, a query string of at most 100 parameters, and each header once.",
    ),
    "unauthenticated": ProblemDefinition(
        401,
        "Send `Authorization: Bearer plim_...` with a key that is in force.",
        "Check the key: mistyped, expired or revoked ones all answer this.",
    ),
    "insufficient_scope": ProblemDefinition(
        403,
        "This key does not have the scope that the route asks for.",
        "Use a key with the scope named; a steward makes one.",
    ),
    "form_not_ours": ProblemDefinition(
        403,
        "This form was not made for this session; nothing was recorded.",
        "Open the page again and send the form that it shows: each is made for one session of one browser.",
    ),
    "unknown_route": ProblemDefinition(
        404,
        "There is no such route.",
        "See `/docs`.",
    ),
    "method_not_allowed": ProblemDefinition(
        405,
        "This route does not take that method.",
        "`allowed` names the methods.",
    ),
    "too_slow": ProblemDefinition(
        408,
        "The request did not come in time.",
        (
            "Send it again over a connection that carries it; the bounds are `PLIMSOLL_HEAD_WAIT_S` and"
            " `PLIMSOLL_BODY_WAIT_S`."
        ),
    ),
    "key_not_wanted": ProblemDefinition(
        400,
        "An answer to a pulse is sent without a key: a key says whose it is.",
        "Send it again without `Authorization`.",
    ),
    "pulse_key_missing": ProblemDefinition(
        503,
        "There is no key to seal answers with, or it is another than the pulse was opened with.",
        "Tell the operator: `PLIMSOLL_PULSE_KEY_FILE` names a file that every process reads.",
    ),
    "busy": ProblemDefinition(
        409,
        "Others kept changing the same thing; nothing was recorded. Try again.",
        "Wait as long as `Retry-After` says and send it again.",
    ),
    "body_too_large": ProblemDefinition(
        413,
        "The body is larger than this route takes.",
        "Send less at a time. Imports have a limit of their own.",
    ),
    "unsupported_media_type": ProblemDefinition(
        415,
        "This route does not take bodies of that media type.",
        "`allowed` names the media types.",
    ),
    "range_not_satisfiable": ProblemDefinition(
        416,
        "The file ends before the part that `Range` asks for.",
        "`Content-Range` says how many bytes there are.",
    ),
    "import_refused": ProblemDefinition(
        422,
        "Rows of this import were refused; nothing was kept. `errors` names each.",
        "Mend the rows that `errors` names; nothing was kept.",
    ),
    "head_too_large": ProblemDefinition(
        431,
        "The head of the request is too large.",
        "Send a shorter address, and fewer or shorter headers; `detail` names the limits.",
    ),
    "rate_limited": ProblemDefinition(
        429,
        "This key has used up its rate; wait as long as `Retry-After` says.",
        "Wait as long as `Retry-After` says.",
    ),
    "too_many_at_once": ProblemDefinition(
        429,
        "This key, or its organisation, has as many requests of this kind under way as it may have.",
        "Send fewer at a time; `detail` names the limit. Ask again after `Retry-After`.",
    ),
    "internal": ProblemDefinition(
        500,
        "Something went wrong on our side; it was logged, and no detail is given here.",
        "Tell the operator the `request_id`.",
    ),
    "format_unavailable": ProblemDefinition(
        501,
        "This server cannot write that format.",
        "Ask for one of `allowed`, or have the operator install what `detail` names.",
    ),
    "storage_full": ProblemDefinition(
        507,
        "The server's disk is full; nothing of the file was sent.",
        "Tell the operator; ask for less with `after`.",
    ),
    "unavailable": ProblemDefinition(
        503,
        "The store does not answer at the moment. Try again.",
        (
            "Ask again after `Retry-After`. Of a command, `recorded` is `no` (surely not recorded) or `unknown`: then "
            "repeat it with the same `Idempotency-Key`: its answer is the first one's, if there was one. `detail` says "
            "it in words."
        ),
    ),
    "overloaded": ProblemDefinition(
        503,
        "Too many requests are waiting; this one was not taken. Try again later.",
        "Ask again after `Retry-After`; of a command nothing was recorded (`recorded`: `no`).",
    ),
    "deadline_exceeded": ProblemDefinition(
        503,
        "This took longer than one request may; it was given up.",
        "Ask for less: one team, one member, a shorter window; send an import in parts. `detail` names the limit.",
    ),
    "not_caught_up": ProblemDefinition(
        503,
        "The read model has not reached `after_position` yet. Try again.",
        "Ask again; `GET /readyz` says how far the views are behind.",
    ),
    "not_ready": ProblemDefinition(
        503,
        "Something that serving depends on is not ready.",
        "`detail` names what is wrong.",
    ),
    "stopping": ProblemDefinition(
        503,
        "This server is stopping. Send it again: another takes it.",
        "Send it again, a command with the same `Idempotency-Key`; `recorded` is `unknown` where it was under way.",
    ),
    "epoch_changed": ProblemDefinition(
        410,
        "The log was restored from a copy: positions of its former epoch mean other events now. Begin anew.",
        "Read the feed from `after=0` with the epoch in `allowed`; events that you know have the ids that you know.",
    ),
}

#: Every code that an answer can carry.
PROBLEM_DEFINITIONS: dict[str, ProblemDefinition] = _API_PROBLEMS | {
    refusal.code: ProblemDefinition(status, inspect.cleandoc(refusal.__doc__ or ""), refusal.remedy)
    for refusal, status in _REFUSAL_STATUSES.items()
}


def type_uri(code: str) -> str:
    """The documented type of a problem, relative to the API's own address."""
    return f"/problems/{code}"


def build_problem(code: str, *, request_id: str = "", **fields: Any) -> Problem:
    """The body for a code; `fields` as in `Problem`."""
    kind = PROBLEM_DEFINITIONS[code]
    return Problem(
        type=type_uri(code), title=kind.title, status=kind.status, code=code, request_id=request_id, **fields
    )


def problem_head(code: str, *, detail: str, instance: str) -> dict[str, Any]:
    """The fields with which a refusal that has a body of its own begins as every problem does."""
    body = build_problem(code, detail=detail, instance=instance)
    names = ("type", "title", "status", "code", "detail", "instance")
    return {name: getattr(body, name) for name in names}


def problem_from_refusal(refusal: errors.Refusal, *, instance: str, request_id: str) -> Problem:
    """The body for a refusal of the domain. A code that this table does not know is a conflict."""
    code = refusal.code if refusal.code in PROBLEM_DEFINITIONS else errors.Refusal.code
    found = (FieldError(pointer=refusal.pointer, detail=refusal.detail),) if refusal.pointer else ()
    return build_problem(
        code,
        request_id=request_id,
        detail=refusal.detail,
        instance=instance,
        errors=found,
        allowed=tuple(str(name) for name in refusal.allowed),
        open=str(refusal.open_event) if refusal.open_event else None,
    )


_log = structlog.get_logger(__name__)

#: Whether a command was recorded, in words; of a read there is nothing to say.
_OUTCOME_SENTENCES: dict[CommandOutcome | None, str] = {
    "no": "Nothing was recorded.",
    "unknown": "Whether this was recorded is unknown: send it again with its `Idempotency-Key`; it is recorded once.",
    None: "",
}


#: A problem and the headers of its response.
_Answer = tuple[Problem, dict[str, str]]


class FailedRequest(Protocol):
    """The fields of a problem that describe its request."""

    path: str
    request_id: str
    problem: str

    def render_problem(self, problem: Problem, headers: dict[str, str], method: str) -> HttpResponse | None:
        """The page that answers it; None where JSON does."""


def error_response(error: BaseException, request: FailedRequest, method: str) -> HttpResponse:
    """The response to a request that `error` ended; its code is left in `request.problem`."""
    content, headers = _build_response_problem(error, request, method)
    request.problem = content.code
    page = request.render_problem(content, headers, method)
    if page is not None:
        return page
    return HttpResponse(body=encode(content), status=content.status, media_type=MEDIA_TYPE, headers=headers)


def _build_response_problem(error: BaseException, request: FailedRequest, method: str) -> _Answer:
    """The problem that stands for `error`, and its headers."""
    path, identity = request.path, request.request_id
    match error:
        case Refusal():
            headers = {"Cache-Control": "no-store"} if isinstance(error, VersionConflict) else {}
            return problem_from_refusal(error, instance=path, request_id=identity), headers
        case ProblemError():
            return problem_from_error(error, path, identity), error.headers
        case LedgerBusy():
            return _unavailable_problem("overloaded", error.recorded, path, identity)
        case LedgerUnavailable():
            _log.warning("store.unavailable", error=type(error).__name__, request_id=identity)
            return _unavailable_problem("unavailable", error.recorded, path, identity)
        case DatabaseUnavailable():
            _log.warning("store.unavailable", error=type(error).__name__, request_id=identity)
            return _unavailable_problem("unavailable", None, path, identity)
        case CancelledError():
            # The server stops, and this took longer than it waits.
            return _unavailable_problem("stopping", "unknown" if method == "POST" else None, path, identity)
    # 500: logged with everything but the body; the answer has no details.
    _log.error("request.failed", request_id=identity, path=path, method=method, exc_info=error)
    return build_problem("internal", instance=path, request_id=identity), {}


def _unavailable_problem(code: str, recorded: CommandOutcome | None, path: str, identity: str) -> _Answer:
    body = build_problem(
        code, instance=path, request_id=identity, detail=_OUTCOME_SENTENCES[recorded], recorded=recorded
    )
    return body, {"Retry-After": "1"}


def problem_from_error(error: ProblemError, path: str, identity: str) -> Problem:
    """The body for an error of the API."""
    return build_problem(
        error.code,
        request_id=identity,
        detail=error.detail,
        instance=path,
        errors=error.errors,
        allowed=error.allowed,
    )
