"""How the API fares: requests by route and status, problems by code, queue, pools, and whether it can serve."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from ledger.errors import LedgerUnavailable
from projections.database.database import DatabaseUnavailable
from services.api.store_metrics import ProcessesCollector, StoreCollector
from services.view_health import ViewHealth, load_view_health

if TYPE_CHECKING:
    from services.runtime import Runtime

#: Where several processes that share a port count together; set before prometheus_client is imported.
SHARED_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_OK = "ok"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COUNTER_LABELS = ("method", "route", "status")
_DURATION_LABELS = ("method", "route")


class Metrics:
    """One application's metrics, in a registry of its own: two applications in one process do not meet."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._store = StoreCollector(runtime)
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "plimsoll_http_requests", "Requests answered, by route template.", _COUNTER_LABELS, registry=registry
        )
        description = "Seconds from a request's head to its answer's end."
        self._seconds = Histogram(
            "plimsoll_http_request_seconds", description, _DURATION_LABELS, buckets=_BUCKETS, registry=registry
        )
        self._problems = Counter("plimsoll_problems", "Requests answered with a problem.", ("code",), registry=registry)
        #: Method, route, status -> where they are counted. Routes are templates, methods and statuses few.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        live_sum = partial(Gauge, registry=registry, multiprocess_mode="livesum")
        self._queue = live_sum("plimsoll_commit_queue_commands", "Commands that wait to be committed.")
        self._streams = live_sum("plimsoll_live_streams", "Streams of events that are open.")
        self._ended_streams = Counter(
            "plimsoll_live_streams_ended", "Streams that ended, by why.", ("reason",), registry=registry
        )
        self._connections = live_sum("plimsoll_database_connections", "Connections to the database.", ("pool", "state"))

    def count(self, method: str, route: str, status: int, seconds: float, problem: str = "") -> None:
        """One request was answered; `problem` is the code of the problem that it was answered with."""
        # Looking a child up by its labels costs more than counting does.
        children = self._children.get((method, route, status))
        if children is None:
            child = (self._requests.labels(method, route, str(status)), self._seconds.labels(method, route))
            children = self._children[method, route, status] = child
        children[0].inc()
        children[1].observe(seconds)
        if problem:
            self._problems.labels(problem).inc()

    def set_streams(self, number: int) -> None:
        """So many streams are open in this process."""
        self._streams.set(number)

    def count_ended_stream(self, reason: str) -> None:
        """One stream ended: its reader went, or was cut off, its key ended, the server stops."""
        self._ended_streams.labels(reason).inc()

    def sample(self) -> None:
        """Note how this process's queue and pools are now. A server that shares its port does it every second."""
        self._queue.set(self._runtime.ledger.commit_stats().queued)
        pools = {
            "log": self._runtime.ledger.count_connections(),
            "views": self._runtime.database.count_connections(),
        }
        for pool, numbers in pools.items():
            for state, number in zip(("in_use", "idle"), numbers, strict=True):
                self._connections.labels(pool, state).set(number)

    def render(self) -> bytes:
        """All metrics in Prometheus' text format: of every process that shares this one's port."""
        self.sample()
        shared = os.environ.get(SHARED_METRICS_VARIABLE)
        store = CollectorRegistry()
        store.register(self._store)
        if shared is None:
            # The process's own, and an embedded worker's, are in the library's registry.
            return b"".join(map(generate_latest, (self.registry, store, REGISTRY)))
        store.register(ProcessesCollector(Path(shared)))
        MultiProcessCollector(store, shared)  # type: ignore[no-untyped-call]
        return generate_latest(store)

    def check(self) -> tuple[dict[str, str], int, float]:
        """What serving depends on -> "ok" or what is wrong; the slowest read model's lag in events and in seconds."""
        checks = {"store": _OK, "views": _OK, "broker": _OK}
        views: list[ViewHealth] = []
        try:
            self._runtime.ledger.head()
        except LedgerUnavailable:
            checks["store"] = "unavailable"
        try:
            views = load_view_health(self._runtime) if checks["store"] == _OK else []
        except (DatabaseUnavailable, LedgerUnavailable):
            checks["views"] = "unavailable"
        # What no view is without, such as a migration, is said once.
        faults: dict[str, list[str]] = {}
        for view in views:
            faults.setdefault(view.fault, []).append(view.status.name)
        faults.pop("", None)
        if faults:
            checks["views"] = "; ".join(f"{fault} ({', '.join(names)})" for fault, names in faults.items())
        if not self._runtime.wakeups.is_reachable():
            checks["broker"] = "unavailable"
        lags = [(view.lag, round(view.lag_seconds, 3)) for view in views]
        return checks, max((events for events, _ in lags), default=0), max((s for _, s in lags), default=0.0)
