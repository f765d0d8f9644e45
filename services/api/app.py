"""The application: every route in one table, behind one pipeline."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from litestar import Litestar

from services.api.auth.key_cache import KeyCache
from services.api.auth.rate_limits import RateLimits
from services.api.context import ApiState
from services.api.endpoint import litestar_handler
from services.api.http.problems import EXCEPTION_HANDLERS
from services.api.http.responses import encode
from services.api.metrics import Metrics
from services.api.openapi import build_openapi_document
from services.api.operations import Route
from services.api.pipeline import HttpPipeline
from services.api.router import Router
from services.api.routes import (
    charters,
    cycles,
    decisions,
    digest,
    events,
    exports,
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
from services.api.waits import Waits

if TYPE_CHECKING:
    from services.runtime import Runtime

ROUTES: list[Route] = [
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
    *exports.ROUTES,
    *keys.ROUTES,
    *system.ROUTES,
]


@cache
def encode_openapi_document() -> bytes:
    """The OpenAPI document: a function of the code alone."""
    return encode(build_openapi_document(ROUTES))


@cache
def allowed_methods() -> dict[str, str]:
    """Path template -> the value of `Allow`."""
    methods: dict[str, set[str]] = {}
    for route in ROUTES:
        methods.setdefault(route.path, {"OPTIONS"}).update({"GET", "HEAD"} if route.method == "GET" else {route.method})
    return {path: ", ".join(sorted(names)) for path, names in methods.items()}


@cache
def router() -> Router:
    """Every route, by method and path."""
    return Router(ROUTES)


@cache
def litestar() -> Litestar:
    """Every route, registered with Litestar: it holds nothing of a runtime, so a process needs one."""
    return Litestar(
        route_handlers=[litestar_handler(route) for route in ROUTES],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        # Ours: a line per request without bodies (services.api.pipeline); bodies are bounded as they are read.
        logging_config=None,
        request_max_body_size=None,
    )


def create_app(runtime: Runtime) -> HttpPipeline:
    """The ASGI application on a running Plimsoll. Its owner closes the runtime."""
    settings = runtime.settings
    state = ApiState(
        runtime=runtime,
        rate_limits=RateLimits(settings.rate_limit_per_minute, settings.redis_url),
        metrics=Metrics(runtime),
        key_cache=KeyCache(runtime),
        waits=Waits(),
        allowed_methods=allowed_methods(),
        openapi=encode_openapi_document(),
    )
    return HttpPipeline(router(), litestar(), state)
