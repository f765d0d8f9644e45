"""`plimsoll serve` and `plimsoll worker`: processes that run until they are stopped."""

from __future__ import annotations

import asyncio
import math
import os
import resource
import signal
import socket as sockets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any, cast

import msgspec
import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services import logs
from services.api.admission import LOOKUP_THREADS
from services.api.app import ROUTES, create_app
from services.api.http.connections import Connections, GuardedProtocol, read_connection_limits
from services.api.metrics import SHARED_METRICS_VARIABLE
from services.api.openapi import build_openapi_document
from services.api.pipeline import HttpPipeline
from services.console import CommandFailed
from services.runtime import Runtime
from services.worker.embedded import start_runtime
from services.worker.engine_child import tune_interpreter

if TYPE_CHECKING:
    from services.console import Console
    from services.settings import Settings


#: What a process is stopped by.
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: How often a parent looks at its children, and they at it; how long one that has ended is missed (seconds).
_WATCH_SECONDS = 0.2
_RESPAWN_DELAY_S = 1.0
#: How long sent bytes may wait to be acknowledged, or for room at the client.
_UNACKNOWLEDGED_MS = 60_000
#: Of uvicorn's main loop.
_TICKS_PER_SECOND = 10


class StopRequest:
    """Whether the process was asked to stop by a signal.

    Not a `threading.Event`: a signal that comes while the main thread is inside its lock would wait for itself.
    """

    def __init__(self) -> None:
        self.requested = False

    def wait(self, seconds: float = math.inf) -> bool:
        """Wait until asked to stop, at most so long; whether it was asked."""
        end = time.monotonic() + seconds
        while not self.requested and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _WATCH_SECONDS))
        return self.requested


class _NotifyingServer(uvicorn.Server):
    """A server that calls back once it accepts connections: only then is READY printed."""

    def __init__(self, app: HttpPipeline, config: uvicorn.Config, ready: Callable[[], None], stop: StopRequest) -> None:
        super().__init__(config)
        self._app = app
        self._ready = ready
        self._stop = stop

    async def startup(self, sockets: list[socket] | None = None) -> None:
        # For look-ups of commands; what is admitted by weight has threads of its own.
        executor = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="plimsoll-lookup")
        asyncio.get_running_loop().set_default_executor(executor)
        await super().startup(sockets)
        if self._stop.requested:
            # The signal came before uvicorn handled signals: it would not be delivered again.
            self.should_exit = True
        elif self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_PER_SECOND == 0:
            self._app.state.metrics.sample()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._app.end_waits()
        await super().shutdown(sockets)


def serve_until_stopped(
    runtime: Runtime, ready: Callable[[str], None], *, stop: StopRequest, listener: socket | None = None
) -> None:
    """Answer HTTP until SIGINT or SIGTERM; `ready` is called with the base URL once requests are answered.

    `stop` is what `handle_stop_signals` gave, entered before anything was opened: a signal that arrives while starting
    stops once started.

    Running requests may finish (at most `shutdown_seconds`). Without a `listener` it is made here, which raises
    CommandFailed where the port cannot be bound.
    """
    listener = listener or listen(runtime.settings)
    # Of a free port that was asked for, the one that was taken.
    settings = runtime.settings = msgspec.structs.replace(runtime.settings, port=listener.getsockname()[1])
    app = create_app(runtime)
    _raise_file_limit()
    config = build_server_config(app, settings)
    local = msgspec.structs.replace(settings, public_url="").base_url
    tune_interpreter()
    with listener:
        _NotifyingServer(app, config, lambda: ready(local), stop).run([listener])


def build_server_config(app: HttpPipeline, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application: its protocol behind ours, which keeps the bounds."""
    connections = Connections(read_connection_limits(settings))

    def create_protocol(config: uvicorn.Config, **arguments: Any) -> asyncio.Protocol:
        def create_inner(counted: Any) -> asyncio.Protocol:
            own = copy(config)
            own.loaded_app = counted
            return HttpToolsProtocol(config=own, **arguments)

        return GuardedProtocol(connections).guard(config.loaded_app, create_inner)

    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=cast("type[asyncio.Protocol]", create_protocol),
        ws="none",
        log_config=None,
        # Its warnings are of what clients send: a client could write our log.
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


def _raise_file_limit() -> None:
    """Let the process have as many files, connections among them, as it may: the usual 1,024 are soon taken."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def listen(settings: Settings) -> socket:
    """The socket that a server answers on, bound by us: uvicorn would leave with a log line where the port is taken.

    Raises CommandFailed.
    """
    host, port = settings.host, settings.port
    try:
        # `create_server` reuses an address in TIME_WAIT: a restarted server gets its port back at once.
        listener = sockets.create_server((host, port), family=sockets.AF_INET6 if ":" in host else sockets.AF_INET)
    except OSError as error:
        raise CommandFailed(f"cannot listen on {host} port {port}: {error.strerror or error}") from None
    if hasattr(sockets, "TCP_USER_TIMEOUT"):
        # Linux; its connections inherit it: what a client does not take, as where its stream was cut off, is dropped.
        listener.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
    return listener


@contextmanager
def handle_stop_signals() -> Iterator[StopRequest]:
    """Within the block SIGINT and SIGTERM are noted instead of ending the process.

    uvicorn, once stopped, raises the signal again that stopped it; with the default handlers in place that would end
    the process before the worker and the database are closed.
    """
    stop = StopRequest()

    def noted(*_: object) -> None:
        stop.requested = True

    former = {number: signal.signal(number, noted) for number in _STOP_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def serve(settings: Settings, console: Console, *, processes: int = 1) -> int:
    """`plimsoll serve`: the API and, without Redis, the worker inside the same process."""
    logs.configure(settings)
    # Before anything of ours runs: a second server on a taken port must not have swept timers meanwhile.
    with listen(settings) as listener, handle_stop_signals() as stop:
        if processes == 1:
            _serve_one(settings, console, listener, stop)
            return 0
        if settings.is_embedded:
            raise CommandFailed(
                "several processes need Redis between them: set PLIMSOLL_REDIS_URL, run `plimsoll worker`"
            )
        return _serve_many(settings, console, listener, stop, processes)


def _serve_one(settings: Settings, console: Console, listener: socket, stop: StopRequest) -> None:
    with start_runtime(settings) as runtime:
        where = "with the worker inside" if settings.is_embedded else "workers run elsewhere"
        ready: Callable[[str], None] = lambda url: console.print_note(f"Plimsoll answers at {url} ({where})")  # noqa: E731
        serve_until_stopped(runtime, ready, stop=stop, listener=listener)


def _serve_many(settings: Settings, console: Console, listener: socket, stop: StopRequest, processes: int) -> int:
    """Children on one socket; one that ends by itself is replaced. The parent only watches: no thread is forked."""
    children = {_fork_server(settings, console, listener, stop) for _ in range(processes)}
    while not stop.wait(_WATCH_SECONDS):
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended:
            children.discard(ended)
            if os.environ.get(SHARED_METRICS_VARIABLE):
                mark_process_dead(ended)  # type: ignore[no-untyped-call]
            console.print_note(
                f"API process {ended} ended ({os.waitstatus_to_exitcode(status)}); another takes its place"
            )
            if not stop.wait(_RESPAWN_DELAY_S):
                children.add(_fork_server(settings, console, listener, stop))
    listener.close()
    for child in children:
        os.kill(child, signal.SIGTERM)
    return max((os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children), default=0)


def _fork_server(settings: Settings, console: Console, listener: socket, stop: StopRequest) -> int:
    """Fork a process that serves until a signal stops it or its parent is gone; returns its id.

    It keeps the parent's way of noting signals, in a `stop` of its own, from its first moment on.
    """
    parent = os.getpid()
    # A fork begins by forgetting the signals that came for it meanwhile: they wait until it has.
    former = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
        return child
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
        threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
        _serve_one(settings, console, listener, stop)
        code = 0
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported here or nowhere
        console.print_note(f"API process {os.getpid()}: {' '.join(str(error).split()) or type(error).__name__}")
    finally:
        logs.flush()
        os._exit(code)


def _exit_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def run_worker(settings: Settings, console: Console, *, scheduler: bool) -> int:
    """`plimsoll worker`: projector, jobs and, unless switched off, the scheduler."""
    # A server imports it only where the worker is inside.
    from services.worker.worker import Worker, serve_metrics  # noqa: PLC0415

    logs.configure(settings)
    # Requests go before the read models, which catch up when there is time.
    os.nice(settings.worker_niceness)
    tune_interpreter()
    serve_metrics(settings.worker_metrics_host, settings.worker_metrics_port)
    with handle_stop_signals() as stop, Runtime.open(settings) as runtime:
        worker = Worker(runtime, scheduler=scheduler)
        worker.start()
        console.print_note("worker started")
        stop.wait()
        worker.stop()
    return 0


def openapi(console: Console, *, output: str) -> int:
    """`plimsoll openapi`: the document that a running server answers at `/openapi.json`."""
    text = msgspec.json.format(msgspec.json.encode(build_openapi_document(ROUTES)), indent=2) + b"\n"
    if output == "-":
        sys.stdout.buffer.write(text)
    else:
        Path(output).write_bytes(text)
        console.print_note(f"wrote {output}")
    return 0
