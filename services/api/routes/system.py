"""What machines and newcomers ask the service itself: alive, ready, how it fares, what it offers. No key needed."""

from __future__ import annotations

from functools import cache, lru_cache

import msgspec

from services.api.context import PublicContext
from services.api.http.parsing import decode_segment
from services.api.http.problems import MEDIA_TYPE, PROBLEM_DEFINITIONS, ProblemError, build_problem, type_uri
from services.api.http.responses import HttpResponse, encode, response_with_etag
from services.api.operations import Operation, Route, Weight, query_route
from services.api.routes.events import EventType, build_published_schema, describe_event_types

_SCHEMA = "application/schema+json"
#: Prometheus text format.
METRICS = "text/plain; version=0.0.4"
_TAG = "service"
_CACHE_HEADERS = {"Cache-Control": "public, max-age=300"}


class Liveness(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether each thing that serving depends on works, and how far the slowest read model is behind."""

    status: str
    checks: dict[str, str]
    #: Events.
    lag: int
    #: Age of the first event that a read model has yet to follow.
    lag_seconds: float


class EventTypeList(msgspec.Struct, frozen=True, kw_only=True):
    """Every type of event."""

    event_types: list[EventType]


class ProblemType(msgspec.Struct, frozen=True, kw_only=True):
    """One documented type of problem."""

    type: str
    code: str
    status: int
    title: str
    remedy: str


class ProblemTypeList(msgspec.Struct, frozen=True, kw_only=True):
    """Every documented type of problem."""

    problems: list[ProblemType]


@query_route("/livez", Operation(id="livez", summary="The process answers", tag=_TAG, answer=Liveness))
def livez(_context: PublicContext) -> HttpResponse:
    return HttpResponse(body=encode(Liveness(status="alive")), headers={"Cache-Control": "no-store"})


@query_route(
    "/readyz",
    Operation(
        id="readyz",
        summary="Store, broker and read models work",
        tag=_TAG,
        answer=Readiness,
        codes=("not_ready",),
        weight=Weight.PROBE,
    ),
)
def readyz(context: PublicContext) -> HttpResponse:
    checks, lag, lag_seconds = context.api.metrics.check()
    headers = {"Cache-Control": "no-store"}
    if any(found != "ok" for found in checks.values()):
        words = "; ".join(f"{name}: {found}" for name, found in checks.items())
        return HttpResponse(
            body=encode(build_problem("not_ready", detail=words, instance="/readyz")),
            status=503,
            media_type=MEDIA_TYPE,
            headers=headers | {"Retry-After": "1"},
        )
    return HttpResponse(
        body=encode(Readiness(status="ready", checks=checks, lag=lag, lag_seconds=lag_seconds)), headers=headers
    )


@query_route(
    "/metrics",
    Operation(
        id="metrics",
        summary="Metrics in the text format of Prometheus",
        tag=_TAG,
        media=("text/plain",),
        weight=Weight.PROBE,
    ),
)
def metrics(context: PublicContext) -> HttpResponse:
    body = context.api.metrics.render()
    return HttpResponse(body=body, media_type=METRICS, headers={"Cache-Control": "no-store"})


@query_route("/openapi.json", Operation(id="openapi", summary="This document, as OpenAPI 3.1", tag=_TAG))
def openapi(context: PublicContext) -> HttpResponse:
    return response_with_etag(context.api.load_openapi(), headers=_CACHE_HEADERS)


@query_route(
    "/asyncapi.json",
    Operation(id="asyncapi", summary="What is sent (feed, stream, webhooks), as AsyncAPI 3.0", tag=_TAG),
)
def asyncapi(context: PublicContext) -> HttpResponse:
    return response_with_etag(context.api.load_asyncapi(), headers=_CACHE_HEADERS)


@query_route(
    "/v1/event-types",
    Operation(id="listEventTypes", summary="Every type of event", tag="events", answer=EventTypeList),
)
def list_event_types(_context: PublicContext) -> HttpResponse:
    return response_with_etag(_encode_event_types(), headers=_CACHE_HEADERS)


@cache
def _encode_event_types() -> bytes:
    return encode(EventTypeList(event_types=describe_event_types()))


@lru_cache(maxsize=512)
def _encode_schema(tag: str) -> bytes | None:
    """What takes milliseconds the first time; there are fewer types than are kept."""
    schema = build_published_schema(tag)
    return encode(schema) if schema is not None else None


@query_route(
    "/v1/schemas/{type}",
    Operation(
        id="getEventSchema",
        summary="JSON Schema of a type's data",
        tag="events",
        media=(_SCHEMA,),
        codes=("not_found",),
    ),
)
def get_event_schema(_context: PublicContext, type: str) -> HttpResponse:  # noqa: A002 - the path's word
    schema = _encode_schema(decode_segment(type))
    if schema is None:
        raise ProblemError("not_found", "no such type of event")
    return response_with_etag(schema, media_type=_SCHEMA, headers=_CACHE_HEADERS)


def _to_problem_type(code: str) -> ProblemType:
    kind = PROBLEM_DEFINITIONS[code]
    return ProblemType(type=type_uri(code), code=code, status=kind.status, title=kind.title, remedy=kind.remedy)


@query_route(
    "/problems", Operation(id="listProblems", summary="Every type of problem", tag=_TAG, answer=ProblemTypeList)
)
def list_problems(_context: PublicContext) -> HttpResponse:
    return response_with_etag(_encode_problems(), headers=_CACHE_HEADERS)


@cache
def _encode_problems() -> bytes:
    return encode(ProblemTypeList(problems=[_to_problem_type(code) for code in sorted(PROBLEM_DEFINITIONS)]))


@query_route(
    "/problems/{code}",
    Operation(
        id="getProblem", summary="What a type of problem means", tag=_TAG, answer=ProblemType, codes=("not_found",)
    ),
)
def get_problem(_context: PublicContext, code: str) -> HttpResponse:
    if decode_segment(code) not in PROBLEM_DEFINITIONS:
        raise ProblemError("not_found", "no such type of problem")
    return response_with_etag(encode(_to_problem_type(decode_segment(code))), headers=_CACHE_HEADERS)


ROUTES: list[Route] = [
    livez,
    readyz,
    metrics,
    openapi,
    asyncapi,
    list_event_types,
    get_event_schema,
    list_problems,
    get_problem,
]
