"""What machines and newcomers ask the service itself: alive, ready, how it fares, what it offers. No key needed."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from services.api.answers import Answer, encode, tagged
from services.api.events import EventType, event_schema, event_types
from services.api.operations import Operation, reads
from services.api.paths import decoded
from services.api.problems import KINDS, MEDIA_TYPE, ProblemError, problem, type_uri

AnyRequest = Request[Any, Any, Any]
_SCHEMA = "application/schema+json"
#: Prometheus text format.
METRICS = "text/plain; version=0.0.4"
_TAG = "service"
_CACHED = {"Cache-Control": "public, max-age=300"}


class Liveness(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether each thing that serving depends on works, and how far the slowest read model is behind."""

    status: str
    checks: dict[str, str]
    lag: int


class EventTypes(msgspec.Struct, frozen=True, kw_only=True):
    """Every type of event."""

    event_types: list[EventType]


class ProblemKind(msgspec.Struct, frozen=True, kw_only=True):
    """One documented type of problem."""

    type: str
    code: str
    status: int
    title: str


class ProblemKinds(msgspec.Struct, frozen=True, kw_only=True):
    """Every documented type of problem."""

    problems: list[ProblemKind]


@reads("/livez", Operation(id="livez", summary="The process answers", tag=_TAG, answer=Liveness))
def livez() -> Answer:
    return Answer(body=encode(Liveness(status="alive")), headers={"Cache-Control": "no-store"})


@reads(
    "/readyz",
    Operation(
        id="readyz", summary="Store, broker and read models work", tag=_TAG, answer=Readiness, codes=("not_ready",)
    ),
)
def readyz(state: State) -> Answer:
    checks, lag = state.metrics.check(state.runtime)
    headers = {"Cache-Control": "no-store"}
    if any(found != "ok" for found in checks.values()):
        words = "; ".join(f"{name}: {found}" for name, found in checks.items())
        return Answer(
            body=encode(problem("not_ready", detail=words, instance="/readyz")),
            status=503,
            media_type=MEDIA_TYPE,
            headers=headers | {"Retry-After": "1"},
        )
    return Answer(body=encode(Readiness(status="ready", checks=checks, lag=lag)), headers=headers)


@reads("/metrics", Operation(id="metrics", summary="Prometheus metrics", tag=_TAG, media=("text/plain",)))
def metrics(state: State) -> Answer:
    body = state.metrics.exposition(state.runtime)
    return Answer(body=body, media_type=METRICS, headers={"Cache-Control": "no-store"})


@reads("/openapi.json", Operation(id="openapi", summary="This document", tag=_TAG))
def openapi(request: AnyRequest, state: State) -> Answer:
    return tagged(state.document, if_none_match=request.headers.get("if-none-match"), headers=_CACHED)


_ASSETS = {
    "/docs": ("docs.html", "text/html"),
    "/docs.js": ("docs.js", "text/javascript"),
    "/docs.css": ("docs.css", "text/css"),
}


def _asset_route(path: str) -> HTTPRouteHandler:
    name, media_type = _ASSETS[path]
    body = files("services.api").joinpath("assets", name).read_bytes()
    operation = Operation(id=name, summary="Browsable documentation", tag=_TAG, media=(media_type.partition(";")[0],))

    @reads(path, operation)
    def asset(request: AnyRequest) -> Answer:
        return tagged(body, if_none_match=request.headers.get("if-none-match"), media_type=media_type, headers=_CACHED)

    return asset


@reads(
    "/v1/event-types",
    Operation(id="listEventTypes", summary="Every type of event", tag="events", answer=EventTypes),
)
def list_event_types() -> Answer:
    return tagged(encode(EventTypes(event_types=event_types())), headers=_CACHED)


@reads(
    "/v1/schemas/{type:str}",
    Operation(
        id="getEventSchema",
        summary="JSON Schema of a type's data",
        tag="events",
        media=(_SCHEMA,),
        codes=("not_found",),
    ),
)
def get_event_schema(type: FromPath[str]) -> Answer:  # noqa: A002 - the path's word
    schema = event_schema(decoded(type))
    if schema is None:
        raise ProblemError("not_found", "no such type of event")
    return tagged(encode(schema), media_type=_SCHEMA, headers=_CACHED)


def _kind(code: str) -> ProblemKind:
    kind = KINDS[code]
    return ProblemKind(type=type_uri(code), code=code, status=kind.status, title=kind.title)


@reads("/problems", Operation(id="listProblems", summary="Every type of problem", tag=_TAG, answer=ProblemKinds))
def list_problems() -> Answer:
    return tagged(encode(ProblemKinds(problems=[_kind(code) for code in sorted(KINDS)])), headers=_CACHED)


@reads(
    "/problems/{code:str}",
    Operation(
        id="getProblem", summary="What a type of problem means", tag=_TAG, answer=ProblemKind, codes=("not_found",)
    ),
)
def get_problem(code: FromPath[str]) -> Answer:
    if decoded(code) not in KINDS:
        raise ProblemError("not_found", "no such type of problem")
    return tagged(encode(_kind(decoded(code))), headers=_CACHED)


ROUTES: list[HTTPRouteHandler] = [
    livez,
    readyz,
    metrics,
    openapi,
    *(_asset_route(path) for path in _ASSETS),
    list_event_types,
    get_event_schema,
    list_problems,
    get_problem,
]
