"""The application: every route in one table, behind one pipeline."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from services.api.admission import Admission
from services.api.assistants import Assistants
from services.api.auth.key_cache import KeyCache
from services.api.auth.rate_limits import RateLimits
from services.api.console import problem_pages
from services.api.console import routes as console
from services.api.context import ApiState
from services.api.http.responses import encode
from services.api.live.live_feed import LiveFeed
from services.api.metrics import Metrics
from services.api.openapi import build_openapi_document
from services.api.operations import Route
from services.api.pipeline import HttpPipeline
from services.api.probes import Probes
from services.api.router import Router
from services.api.routes import (
    assistants,
    charters,
    cycles,
    decisions,
    deliveries,
    digest,
    documentation,
    events,
    experiments,
    exports,
    goal_queries,
    goals,
    history_search,
    imports,
    inbox,
    keys,
    lineage,
    looked_at,
    organisation,
    people,
    pulses,
    recognitions,
    reports,
    resources,
    sheets,
    subscriptions,
    system,
)
from services.api.waits import FollowedPosition, Waits

if TYPE_CHECKING:
    from litestar import Litestar

    from services.runtime import Runtime

ROUTES: list[Route] = [
    *goals.ROUTES,
    *goal_queries.ROUTES,
    *lineage.ROUTES,
    *charters.ROUTES,
    *cycles.ROUTES,
    *decisions.ROUTES,
    *experiments.ROUTES,
    *pulses.ROUTES,
    *recognitions.ROUTES,
    *people.ROUTES,
    *organisation.ROUTES,
    *imports.ROUTES,
    *sheets.ROUTES,
    *reports.ROUTES,
    *inbox.ROUTES,
    *looked_at.ROUTES,
    *digest.ROUTES,
    *events.ROUTES,
    *history_search.ROUTES,
    *resources.ROUTES,
    *exports.ROUTES,
    *keys.ROUTES,
    *subscriptions.ROUTES,
    *deliveries.ROUTES,
    *documentation.ROUTES,
    *system.ROUTES,
]
#: With what the OpenAPI document does not describe: another protocol's endpoint, and pages.
_ALL_ROUTES = [*ROUTES, *assistants.ROUTES, *console.ROUTES]


@cache
def encode_openapi_document() -> bytes:
    """The OpenAPI document: a function of the code alone."""
    return encode(build_openapi_document(ROUTES))


@cache
def encode_asyncapi_document() -> bytes:
    """The AsyncAPI document, likewise."""
    # With its module, as all of it: no caller waits for it at the start.
    from services.api.asyncapi import build_asyncapi_document  # noqa: PLC0415

    return encode(build_asyncapi_document(ROUTES))


@cache
def allowed_methods() -> dict[str, str]:
    """Path template -> the value of `Allow`."""
    methods: dict[str, set[str]] = {}
    for route in _ALL_ROUTES:
        methods.setdefault(route.path, {"OPTIONS"}).update({"GET", "HEAD"} if route.method == "GET" else {route.method})
    return {path: ", ".join(sorted(names)) for path, names in methods.items()}


@cache
def router() -> Router:
    """Every route, by method and path."""
    return Router(_ALL_ROUTES)


@cache
def litestar() -> Litestar:
    """Litestar, which answers what no route takes."""
    from services.api.unrouted import create_litestar  # noqa: PLC0415 - the first such request loads it, no start

    return create_litestar(_ALL_ROUTES)


def create_app(runtime: Runtime) -> HttpPipeline:
    """The ASGI application on a running Plimsoll. Its owner closes the runtime."""
    settings = runtime.settings
    key_cache, metrics = KeyCache(runtime), Metrics(runtime)
    state = ApiState(
        runtime=runtime,
        rate_limits=RateLimits(settings.rate_limit_per_minute, settings.redis_url),
        metrics=metrics,
        admission=Admission(settings),
        probes=Probes(),
        key_cache=key_cache,
        waits=Waits(),
        followed=FollowedPosition(runtime),
        live=LiveFeed(runtime, key_cache, metrics),
        assistants=Assistants(),
        allowed_methods=allowed_methods(),
        load_openapi=encode_openapi_document,
        load_asyncapi=encode_asyncapi_document,
        render_problem=problem_pages.render_problem,
    )
    return HttpPipeline(router(), litestar, state)
