"""Metrics that are read when they are asked for: of the store, of the build, and of processes that share a port."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ledger.deliveries import Lag
from ledger.errors import LedgerUnavailable
from projections.database.database import DatabaseUnavailable
from services.version import read_version
from services.view_health import ViewHealth, load_view_health

if TYPE_CHECKING:
    from services.runtime import Runtime

#: Of more subscriptions than this, those furthest behind are shown: a label has few values.
MAX_SUBSCRIPTIONS_SHOWN = 500
_VIEW_LABELS = ("projection",)
_NOT_SUMMED = ("process_start_time_seconds", "process_max_fds")


class StoreCollector(Collector):
    """The log and the views. It is the same for every process on one store, so any of them may answer."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        #: Of the last time that the store answered.
        self._head = 0
        self._views: list[ViewHealth] = []
        self._webhooks: list[Lag] = []

    def collect(self) -> Iterable[Metric]:
        """The families; those of a store that is away keep their last values."""
        try:
            self._head = self._runtime.ledger.head()
            self._views = load_view_health(self._runtime)
            self._webhooks = self._runtime.deliveries.measure_lag(MAX_SUBSCRIPTIONS_SHOWN)
        except (LedgerUnavailable, DatabaseUnavailable):
            pass
        settings = self._runtime.settings
        build = GaugeMetricFamily("plimsoll_build_info", "Always 1.", labels=("version", "python"))
        build.add_metric((read_version(), platform.python_version()), 1)
        yield build
        yield GaugeMetricFamily("plimsoll_log_head", "Last log position.", self._head)
        yield self._of_views("lag_events", "Events a read model has yet to follow.", lambda view: view.lag)
        description = "Age of the first event that a read model has yet to follow."
        yield self._of_views("lag_seconds", description, lambda view: view.lag_seconds)
        yield self._of_views("held_events", "Events of streams that are held back.", lambda view: view.status.held)
        yield self._of_views("missing_events", "Must be 0: events lost.", lambda view: view.status.missing)
        yield from self._collect_webhooks()
        limits = {"events": settings.lag_limit_events, "seconds": settings.lag_limit_s}
        for unit, limit in limits.items():
            yield GaugeMetricFamily(f"plimsoll_projection_lag_limit_{unit}", "A larger lag is not healthy.", limit)

    def _collect_webhooks(self) -> Iterable[Metric]:
        """How far subscriptions are behind; of a great many only those furthest behind."""
        lag = GaugeMetricFamily(
            "plimsoll_webhook_lag_events", "Events that a subscription has yet to look at.", labels=("subscription",)
        )
        pending = GaugeMetricFamily(
            "plimsoll_webhook_pending_deliveries", "Deliveries to be tried again.", labels=("subscription",)
        )
        for measured in self._webhooks:
            lag.add_metric((str(measured.subscription_id),), measured.events)
            pending.add_metric((str(measured.subscription_id),), measured.pending)
        yield lag
        yield pending
        now = self._runtime.clock()
        oldest = max(((now - m.oldest).total_seconds() for m in self._webhooks if m.oldest is not None), default=0.0)
        description = "Age of the oldest event that was not delivered to a subscription."
        yield GaugeMetricFamily("plimsoll_webhook_oldest_undelivered_seconds", description, max(0.0, oldest))

    def _of_views(self, name: str, description: str, value: Callable[[ViewHealth], float]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(f"plimsoll_projection_{name}", description, labels=_VIEW_LABELS)
        for view in self._views:
            family.add_metric((view.status.name,), value(view))
        return family


class ProcessesCollector(Collector):
    """`process_*` of all API processes that share a port: each figure is the sum, the start the earliest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """The families of the process collector, one sample each."""
        totals: dict[str, Metric] = {}
        values: dict[str, list[float]] = {}
        for pid in self._list_processes():
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                totals[metric.name] = metric
                values.setdefault(metric.name, []).extend(sample.value for sample in metric.samples)
        for name, metric in totals.items():
            value = min(values[name]) if name in _NOT_SUMMED else sum(values[name])
            kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
            yield kind(name, metric.documentation, value=value)

    def _list_processes(self) -> Iterator[int]:
        """Of those that have counted something, the ones that live."""
        for pid in {int(path.stem.rpartition("_")[2]) for path in self._folder.glob("*.db")}:
            if Path(f"/proc/{pid}").exists() and pid != os.getppid():
                yield pid
