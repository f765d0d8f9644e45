"""One worker: the projector's thread, the broker's threads and, where wanted, the scheduler's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import dramatiq
import prometheus_client
import structlog

from services.worker.broker import create_broker
from services.worker.jobs import Jobs
from services.worker.mart_refresher import MartRefresher
from services.worker.projector_loop import CatchUpEngine, Projector
from services.worker.scheduler import Scheduler

if TYPE_CHECKING:
    from services.runtime import Runtime

#: How long threads of ours are waited for beyond the settings' grace (seconds): one poll and one batch.
_JOIN_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Worker:
    """Started and stopped as one; the same class in a worker process and inside an embedded server.

    `engine`: what the projector asks to catch up; without one the runtime's own.
    """

    def __init__(self, runtime: Runtime, *, scheduler: bool, engine: CatchUpEngine | None = None) -> None:
        self._runtime = runtime
        self._stopping = threading.Event()
        settings = runtime.settings
        self.jobs = Jobs(create_broker(settings), runtime)
        self._job_runner = dramatiq.Worker(self.jobs.broker, worker_timeout=100, worker_threads=settings.worker_threads)
        projector = Projector(
            engine or runtime.engine,
            runtime.wakeups,
            poll_seconds=settings.projector_poll_ms / 1000,
            batch=settings.projector_batch,
            awaited=runtime.readers_waiting,
        )
        self._threads = [
            self._create_thread("projector", projector.run),
            self._create_thread("webhooks", self._send_webhooks),
        ]
        if scheduler:
            sweeper = Scheduler(
                runtime.ledger,
                self.jobs.run_timers.send,
                runtime.clock,
                every_seconds=settings.sweep_seconds,
                batch=settings.sweep_batch,
                housekeeping=runtime.run_housekeeping,
                close_due=runtime.close_due_pulses,
            )
            self._threads.append(self._create_thread("scheduler", sweeper.run))
        if scheduler and settings.mart_seconds and runtime.database.dialect == "postgresql":
            refresher = MartRefresher(
                runtime.database, runtime.ledger, runtime.clock, every_seconds=settings.mart_seconds
            )
            self._threads.append(self._create_thread("marts", refresher.run))

    def _create_thread(self, name: str, run: Callable[[threading.Event], None]) -> threading.Thread:
        return threading.Thread(target=run, args=(self._stopping,), name=f"plimsoll-{name}", daemon=True)

    def _send_webhooks(self, stopping: threading.Event) -> None:
        # Its HTTP client takes a tenth of a second to import, which a command that starts no worker is spared.
        from services.worker.webhooks.dispatcher import Dispatcher  # noqa: PLC0415

        Dispatcher(self._runtime).run(stopping)

    def start(self) -> None:
        """Begin; returns at once."""
        self._job_runner.start()
        for thread in self._threads:
            thread.start()
        _log.info("worker.started", threads=[thread.name for thread in self._threads])

    def stop(self) -> None:
        """Let running jobs end (at most `shutdown_seconds`), then stop all threads. May be called twice."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._runtime.wakeups.publish()
        self._job_runner.stop(timeout=self._runtime.settings.shutdown_seconds * 1000)
        end = time.monotonic() + _JOIN_SECONDS
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, end - time.monotonic()))
        self.jobs.broker.close()
        _log.info("worker.stopped")


def serve_metrics(host: str, port: int) -> None:
    """Answer Prometheus on this address for as long as the process lives; port 0: not at all."""
    if port:
        prometheus_client.start_http_server(port, host)
