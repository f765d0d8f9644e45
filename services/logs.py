"""Structured logs to stderr: one line per event, never a request's or a row's body.

Lines are written by a thread of their own. A logging call enqueues its line and returns: a slow disk or pipe stops no
request, and no request's thread releases the interpreter lock to write. Lines of a process that ends are written still;
where the reader of the log stands still, lines beyond a bound are dropped and counted.
"""

from __future__ import annotations

import atexit
import logging
import sys
from collections import deque
from datetime import UTC, datetime
from functools import partial
from threading import Event, Lock, Thread
from typing import IO, TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
import structlog

if TYPE_CHECKING:
    from services.settings import Settings

#: Libraries whose lines at `info` are of interest only when something is wrong with them.
_NOISY_LOGGERS = ("dramatiq", "uvicorn.access", "httpx", "eventsourcing")
#: Lines that wait to be written; more are dropped, and their number is logged.
MAX_QUEUED_LINES = 50_000
#: Lines that come within this time are written together (seconds).
_FLUSH_INTERVAL_S = 0.02
_FLUSH_SECONDS = 2.0

#: The fields that structlog adds to a line.
_STRUCTURED = ("level", "logger", "timestamp")

_encode = msgspec.json.Encoder().encode


class LogWriter:
    """Lines on their way to a stream."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._queue: deque[str | RequestLogLine] = deque()
        self._dropped = 0
        self._wake_event = Event()
        self._closing = Event()
        self._start_lock = Lock()
        self._thread: Thread | None = None

    def add(self, line: str | RequestLogLine) -> None:
        """Enqueue a line; a request's is encoded when it is written."""
        if len(self._queue) >= MAX_QUEUED_LINES:
            self._dropped += 1
            return
        self._queue.append(line)
        if not self._wake_event.is_set():
            self._wake_event.set()
            if self._thread is None:
                self._start()

    def close(self) -> None:
        """Write what waits, within `_FLUSH_SECONDS`; lines that come later are written as they come."""
        self._closing.set()
        self._wake_event.set()
        if self._thread is not None:
            self._thread.join(_FLUSH_SECONDS)
            self._thread = None

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None:
                self._closing.clear()
                self._thread = Thread(target=self._run, name="plimsoll-log", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake_event.wait()
            self._closing.wait(_FLUSH_INTERVAL_S)
            self._wake_event.clear()
            self._write()

    def _write(self) -> None:
        waiting = [self._queue.popleft() for _ in range(len(self._queue))]
        lines = [line if isinstance(line, str) else _encode(line).decode() for line in waiting]
        if self._dropped:
            lines.append(_encode({"event": "log.dropped", "level": "warning", "lines": self._dropped}).decode())
            self._dropped = 0
        if lines:
            try:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                # The log's reader is gone; there is nowhere to report it.
                return


class _Handler(logging.Handler):
    def __init__(self, lines: LogWriter) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.add(self.format(record))


class RequestLogLine(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged of one request."""

    event: Literal["request"] = "request"
    level: Literal["info"] = "info"
    logger: Literal["plimsoll.request"] = "plimsoll.request"
    timestamp: datetime = msgspec.field(default_factory=partial(datetime.now, UTC))
    method: str
    #: The route's template, not the path: ids do not belong in a log.
    route: str
    status: int
    ms: float
    request_id: str
    organisation: UUID | None
    member: UUID | None
    #: The API key, and the address that the connection came from: the proxy's, where there is one.
    key: UUID | None = None
    address: str | None = None


class RequestLog:
    """One line per request, made without the processors of all other lines: it is what is logged most."""

    def __init__(self) -> None:
        self._lines: LogWriter | None = None
        self._structured = structlog.get_logger("plimsoll.request")
        self._silent = False

    def configure(self, lines: LogWriter | None, *, silent: bool) -> None:
        """Where lines go; None: wherever structlog sends them."""
        self._lines, self._silent = lines, silent

    def add(self, answered: RequestLogLine) -> None:
        """Log one request."""
        if self._silent:
            return
        if self._lines is not None:
            self._lines.add(answered)
            return
        fields = msgspec.structs.asdict(answered)
        values = {name: str(value) if isinstance(value, UUID) else value for name, value in fields.items()}
        self._structured.info(values.pop("event"), **{name: values[name] for name in values if name not in _STRUCTURED})


request_log = RequestLog()
_writers: list[LogWriter] = []


def configure(settings: Settings) -> None:
    """Send our log lines and those of the libraries through one formatter; may be called again."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    while _writers:
        _writers.pop().close()
    lines = LogWriter(sys.stderr)
    _writers.append(lines)
    handler = _Handler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    request_log.configure(lines if settings.log_format == "json" else None, silent=root.level > logging.INFO)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


@atexit.register
def flush() -> None:
    """Write what waits to be written."""
    for lines in _writers:
        lines.close()
