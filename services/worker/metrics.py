"""What a worker counts. One registry per process: an embedded worker's figures appear on the API's `/metrics`."""

from __future__ import annotations

import time
from typing import Any

import dramatiq
from prometheus_client import Counter, Gauge, Histogram

PROJECTED_EVENTS = Counter("plimsoll_projected_events", "Events that this process applied to the views.")
PROJECTOR_FAILURES = Counter("plimsoll_projector_failures", "Rounds of the projector loop that ended in an error.")
PROJECTOR_LAST_RUN = Gauge("plimsoll_projector_ran_seconds", "Former name of ..._last_run_timestamp_seconds.")
PROJECTOR_LAST_RUN_TIMESTAMP = Gauge(
    "plimsoll_projector_last_run_timestamp_seconds", "Unix time at which the projector last looked for events."
)
SWEPT_GOALS = Counter("plimsoll_swept_goals", "Goals whose timers a sweep handed to the workers.")
JOBS = Counter("plimsoll_jobs", "Jobs run, by name and outcome.", ["job", "outcome"])
JOB_SECONDS = Histogram("plimsoll_job_seconds", "How long jobs ran.", ["job"])


class JobMetrics(dramatiq.Middleware):
    """Counts jobs. The library's own middleware opens port 9191 to the world and empties a shared directory instead."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}

    def before_process_message(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:
        self._started[message.message_id] = time.monotonic()

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        began = self._started.pop(message.message_id, time.monotonic())
        JOB_SECONDS.labels(message.actor_name).observe(time.monotonic() - began)
        JOBS.labels(message.actor_name, "done" if exception is None else "failed").inc()

    def after_skip_message(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:
        self._started.pop(message.message_id, None)
        JOBS.labels(message.actor_name, "skipped").inc()
