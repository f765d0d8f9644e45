"""How the API fares: requests by route and status, log and read models, and whether it is ready to serve."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import redis
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ledger.errors import LedgerUnavailable
from projections.database.database import DatabaseUnavailable
from services.view_health import ViewHealth, load_view_health

if TYPE_CHECKING:
    from services.runtime import Runtime

_OK = "ok"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COUNTER_LABELS = ("method", "route", "status")
_DURATION_LABELS = ("method", "route")
_PROJECTION_LABELS = ("projection",)


class Metrics:
    """One application's metrics, in a registry of its own: two applications in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        gauge = partial(Gauge, registry=self.registry)
        self._requests = Counter(
            "plimsoll_http_requests", "Requests answered, by route template.", _COUNTER_LABELS, registry=self.registry
        )
        description = "Seconds from a request's head to its answer's end."
        self._seconds = Histogram(
            "plimsoll_http_request_seconds", description, _DURATION_LABELS, buckets=_BUCKETS, registry=self.registry
        )
        #: Method, route, status -> where they are counted. Routes are templates, methods and statuses few.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._head = gauge("plimsoll_log_head", "Last log position.")
        self._lag = gauge(
            "plimsoll_projection_lag_events", "Events a read model has yet to follow.", _PROJECTION_LABELS
        )
        self._lag_seconds = gauge(
            "plimsoll_projection_lag_seconds",
            "Age of the first event that a read model has yet to follow.",
            _PROJECTION_LABELS,
        )
        self._lag_limit_events = gauge("plimsoll_projection_lag_limit_events", "PLIMSOLL_LAG_LIMIT_EVENTS.")
        self._lag_limit_seconds = gauge("plimsoll_projection_lag_limit_seconds", "PLIMSOLL_LAG_LIMIT_S.")
        self._held = gauge(
            "plimsoll_projection_held_events", "Events of streams that are held back.", _PROJECTION_LABELS
        )
        self._missing = gauge("plimsoll_projection_missing_events", "Must be 0: events lost.", _PROJECTION_LABELS)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        # Looking a child up by its labels costs more than counting does.
        children = self._children.get((method, route, status))
        if children is None:
            child = (self._requests.labels(method, route, str(status)), self._seconds.labels(method, route))
            children = self._children[method, route, status] = child
        children[0].inc()
        children[1].observe(seconds)

    def render(self, runtime: Runtime) -> bytes:
        """All metrics in Prometheus' text format; those of a store that is away keep their last values."""
        self._lag_limit_events.set(runtime.settings.lag_limit_events)
        self._lag_limit_seconds.set(runtime.settings.lag_limit_s)
        try:
            self._head.set(runtime.ledger.head())
            for view in load_view_health(runtime):
                status = view.status
                self._lag.labels(status.name).set(view.lag)
                self._lag_seconds.labels(status.name).set(view.lag_seconds)
                self._held.labels(status.name).set(status.held)
                self._missing.labels(status.name).set(status.missing)
        except (LedgerUnavailable, DatabaseUnavailable):
            pass
        return generate_latest(self.registry)

    def check(self, runtime: Runtime) -> tuple[dict[str, str], int, float]:
        """What serving depends on -> "ok" or what is wrong; the slowest read model's lag in events and in seconds."""
        checks = {"store": _OK, "views": _OK, "broker": _OK}
        views: list[ViewHealth] = []
        try:
            runtime.ledger.head()
        except LedgerUnavailable:
            checks["store"] = "unavailable"
        try:
            views = load_view_health(runtime) if checks["store"] == _OK else []
        except (DatabaseUnavailable, LedgerUnavailable):
            checks["views"] = "unavailable"
        # What no view is without, such as a migration, is said once.
        faults: dict[str, list[str]] = {}
        for view in views:
            faults.setdefault(view.fault, []).append(view.status.name)
        faults.pop("", None)
        if faults:
            checks["views"] = "; ".join(f"{fault} ({', '.join(names)})" for fault, names in faults.items())
        if not _is_broker_reachable(runtime):
            checks["broker"] = "unavailable"
        lags = [(view.lag, round(view.lag_seconds, 3)) for view in views]
        return checks, max((events for events, _ in lags), default=0), max((s for _, s in lags), default=0.0)


def _is_broker_reachable(runtime: Runtime) -> bool:
    """The embedded broker is this process; a Redis one has a client to ask."""
    client = getattr(runtime.broker, "client", None)
    try:
        return client is None or bool(client.ping())
    except redis.RedisError:
        return False
