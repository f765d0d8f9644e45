"""The application: every route, one door for all that need a key, one map from failures to problems."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from services.api.auth.key_cache import KeyCache
from services.api.auth.rate_limits import RateLimits
from services.api.context import context_dependency
from services.api.endpoint import Router
from services.api.http.problems import HANDLERS
from services.api.http.responses import encode
from services.api.metrics import Metrics
from services.api.openapi import openapi_document
from services.api.pipeline import HttpPipeline
from services.api.routes import (
    charters,
    cycles,
    decisions,
    digest,
    events,
    goal_queries,
    goals,
    imports,
    inbox,
    keys,
    lineage,
    organisation,
    people,
    reports,
    system,
)

if TYPE_CHECKING:
    from services.runtime import Runtime

ROUTES: list[HTTPRouteHandler] = [
    *goals.ROUTES,
    *goal_queries.ROUTES,
    *lineage.ROUTES,
    *charters.ROUTES,
    *cycles.ROUTES,
    *decisions.ROUTES,
    *people.ROUTES,
    *organisation.ROUTES,
    *imports.ROUTES,
    *reports.ROUTES,
    *inbox.ROUTES,
    *digest.ROUTES,
    *events.ROUTES,
    *keys.ROUTES,
    *system.ROUTES,
]


@cache
def openapi_bytes() -> bytes:
    """The OpenAPI document: a function of the code alone."""
    return encode(openapi_document(ROUTES))


def _methods() -> dict[str, str]:
    """Path template -> what `Allow` says of it."""
    found: dict[str, set[str]] = {}
    for handler in ROUTES:
        for path in handler.paths:
            found.setdefault(path.replace(":str}", "}"), {"OPTIONS"}).update(handler.http_methods)
    for methods in found.values():
        if "GET" in methods:
            methods.add("HEAD")
    return {path: ", ".join(sorted(methods)) for path, methods in found.items()}


def build_state(runtime: Runtime) -> State:
    """All that an application holds of one running Plimsoll; the rest of it is a function of the code alone."""
    settings = runtime.settings
    return State(
        {
            "runtime": runtime,
            "limits": RateLimits(settings.rate_limit_per_minute, settings.redis_url),
            "metrics": Metrics(),
            "admission": KeyCache(runtime),
            "lane": Router(ROUTES),
            "methods": _methods(),
            "document": openapi_bytes(),
        }
    )


def create_app(runtime: Runtime) -> HttpPipeline:
    """The ASGI application on a running Plimsoll. Closing the runtime is its owner's business."""
    return HttpPipeline(
        route_handlers=ROUTES,
        dependencies={"call": Provide(context_dependency)},
        exception_handlers=HANDLERS,
        openapi_config=None,
        # Ours: a line per request without bodies (services.api.edge); bodies are bounded as they are read.
        logging_config=None,
        request_max_body_size=None,
        state=build_state(runtime),
    )
