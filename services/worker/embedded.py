"""A server's runtime and, where no worker runs elsewhere, the worker inside its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.runtime import Runtime

if TYPE_CHECKING:
    from services.settings import Settings


def start_runtime(settings: Settings) -> Runtime:
    """`Runtime.open` and, when embedded, the worker: jobs and scheduler in this process, the views' engine in a child.

    PostgreSQL ends a reading statement after `store_wait_s` seconds.
    """
    runtime = Runtime.open(settings, statement_timeout_s=settings.store_wait_s)
    if settings.is_embedded:
        try:
            _start_worker(runtime)
        except BaseException:
            runtime.close()
            raise
    return runtime


def _start_worker(runtime: Runtime) -> None:
    # The broker takes a tenth of a server's start, which one with workers elsewhere is spared.
    from services.worker.engine_process import EngineProcess  # noqa: PLC0415
    from services.worker.worker import Worker  # noqa: PLC0415

    engine = EngineProcess(runtime.settings)
    runtime.close_first(engine.close)
    worker = Worker(runtime, scheduler=True, engine=engine)
    runtime.close_first(worker.stop)
    worker.start()
