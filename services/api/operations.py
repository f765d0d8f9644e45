"""What one route takes, answers and refuses, declared once: requests are checked by it, OpenAPI is printed from it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from inspect import iscoroutinefunction
from typing import Annotated, Any

import msgspec

from projections.database.paging import MAX_PAGE_SIZE

#: A position of the organisation's log. (msgspec takes constraints on the number, not on "number or null".)
Position = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
#: The place at which a list's next page begins, as the page before named it.
Cursor = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
#: A day or an RFC 3339 instant, read by `services.api.http.parsing`.
TimeText = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class NoQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A route without parameters in its query."""


class ReadQuery(NoQuery, frozen=True, kw_only=True):
    """What every read of a read model takes."""

    after_position: Annotated[
        Position | None,
        msgspec.Meta(description="Wait (bounded) until the read model contains the event at this position."),
    ] = None


class AsOfQuery(ReadQuery, frozen=True, kw_only=True):
    """A read of the past: the state of the world at a time, as it was known at a time."""

    as_of: Annotated[
        TimeText | None, msgspec.Meta(description="Business time: a day (its end) or an RFC 3339 instant (included).")
    ] = None
    recorded_as_of: Annotated[
        TimeText | None, msgspec.Meta(description="Only what had been recorded by this RFC 3339 instant.")
    ] = None

    @property
    def is_now(self) -> bool:
        """Whether it asks for the present, as all that is known shows it."""
        return self.as_of is None and self.recorded_as_of is None


class HistoryQuery(AsOfQuery, frozen=True, kw_only=True):
    """A part of a history."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**53, description="Only events after this version.")] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] = 100


class ListQuery(AsOfQuery, frozen=True, kw_only=True):
    """What every list takes that shows states of streams."""

    changed_after: Annotated[
        Position | None,
        msgspec.Meta(
            description="Only what has an event behind this position: `Plimsoll-Position` of the last answer, or 0."
        ),
    ] = None


class Weight(StrEnum):
    """What a request costs the process that answers it; `services.api.admission` bounds each class by itself."""

    #: Answered from memory, on the event loop.
    FREE = "free"
    #: The state of the whole service; one answer serves all who ask at once.
    PROBE = "probe"
    #: Decided by the commit queue, which is bounded, and fair between organisations.
    COMMAND = "command"
    #: One stream, or a list that does not grow with the organisation.
    LIGHT = "light"
    #: A list that is selected from all that the organisation has.
    PAGE = "page"
    #: Computed from all that the organisation has.
    REPORT = "report"
    IMPORT = "import"
    #: A mart as a file, which may be as large as the log.
    EXPORT = "export"
    #: The body of an import on its way in; no route's own.
    UPLOAD = "upload"
    #: A connection that waits: a long poll, a stream.
    WAIT = "wait"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One route in the OpenAPI document."""

    #: `operationId`.
    id: str
    summary: str
    tag: str
    #: Scopes of which a key needs one; empty: open to everybody.
    scopes: tuple[str, ...] = ()
    query: type[NoQuery] = NoQuery
    #: Type of the JSON body; None: the route takes no body.
    body: Any = None
    #: Type of the JSON answer; None: described by `media` alone.
    answer: Any = None
    #: Type of a 422 with members beyond those of RFC 9457.
    refusal: Any = None
    status: int = 200
    media: tuple[str, ...] = ("application/json",)
    #: Codes of problems beyond those that every route has.
    codes: tuple[str, ...] = ()
    #: Records events of one stream: takes `If-Match`, answers `ETag`.
    command: bool = False
    #: Takes `Idempotency-Key`.
    idempotent: bool = False
    #: Answers from a read model: takes `Plimsoll-After-Position`, answers freshness headers and an ETag.
    reads_view: bool = False
    #: Media type of a body that is not JSON and is read by the handler.
    body_media: str = "application/json"
    #: Other media types that it takes, what such a body is, and its size where less than an import's is taken.
    other_body_media: tuple[str, ...] = ("application/octet-stream",)
    body_words: str = "One act a line, as JSON; plain or gzipped."
    body_limit_bytes: int | None = None
    #: Whether its requests are logged; not where who asks and what is asked for must not be put together.
    is_logged: bool = True
    #: Of a route without a key FREE, of an async handler COMMAND, of the others LIGHT, unless it is declared.
    weight: Weight | None = None
    #: A page of the console: authenticated by the session in the browser's cookie, by no key; problems are pages too.
    is_page: bool = False
    #: Its body, which the handler is given as it came, carries calls of another protocol: each is authorised by itself.
    carries_calls: bool = False


#: What answers an operation: a sync one runs in a thread, an async one (every command) on the event loop. It is called
#: with its `RequestContext` (`PublicContext` where no key is needed) and the path's parameters; it returns an
#: `HttpResponse`.
Handler = Callable[..., Any]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path, and the function that answers it."""

    method: str
    #: With its parameters: `/v1/goals/{goal}`. Metrics and logs name a route so.
    path: str
    operation: Operation
    handler: Handler
    #: The handler is a plain function: it runs in a thread.
    blocking: bool
    weight: Weight


RouteDecorator = Callable[[Handler], Route]


def query_route(path: str, operation: Operation) -> RouteDecorator:
    """Declare the function below as a GET."""
    return lambda handler: _route("GET", path, operation, handler)


def command_route(path: str, operation: Operation) -> RouteDecorator:
    """Declare the function below as a POST."""
    return lambda handler: _route("POST", path, operation, handler)


def _route(method: str, path: str, operation: Operation, handler: Handler) -> Route:
    blocking = not iscoroutinefunction(handler)
    weight = operation.weight or _default_weight(operation, blocking=blocking)
    operation = msgspec.structs.replace(operation, weight=weight)
    return Route(method=method, path=path, operation=operation, handler=handler, blocking=blocking, weight=weight)


def _default_weight(operation: Operation, *, blocking: bool) -> Weight:
    if not operation.scopes:
        return Weight.FREE
    return Weight.LIGHT if blocking else Weight.COMMAND
