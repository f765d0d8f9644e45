"""The projector's work in another process: following the log costs the interpreter as much as taking commands does.

The projector's loop, its rests, counters and log lines stay where they are; only the engine that it asks to catch up is
elsewhere. A process that has died is replaced by the next round, and nothing is lost with it: where the views stand is
in their store. Commands, timers and jobs are not its business, so the log keeps one writer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from services.worker.engine_child import CatchUpResult

if TYPE_CHECKING:
    from services.settings import Settings

#: Seconds in which a process that is not needed any more has to end, before it is killed; that does no harm.
_STOP_TIMEOUT_S = 2.0
_ROOT = Path(__file__).parents[2]


class EngineProcessFailed(Exception):  # noqa: N818 - a state of the world, named like the ledger's
    """A round in the other process came to nothing; the next one may."""


class EngineProcess:
    """An engine for the projector, in another process. Used by one thread; closed by any, also where that is stuck."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the process, where one is running."""
        return self._process.pid if self._process is not None else None

    def catch_up(self, limit: int | None = None) -> int:
        """As `Engine.catch_up`; raises `EngineProcessFailed` for whatever goes wrong."""
        process = self._process or self._start()
        line = b""
        with suppress(BrokenPipeError):
            _write(process, b"%d\n" % (limit or sys.maxsize))
            line = process.stdout.readline() if process.stdout is not None else b""
        if not line:
            raise EngineProcessFailed(
                f"the process that follows the log ended ({self._stop()}); another takes its place"
            )
        result = msgspec.json.decode(line, type=CatchUpResult)
        if result.error:
            raise EngineProcessFailed(result.error)
        return result.applied

    def close(self) -> None:
        """End the process. Twice does no harm."""
        self._closed = True
        self._stop()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise EngineProcessFailed("the process that follows the log was ended")
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        # Ctrl-C and a service manager signal the whole process group; the child ends with this process.
        former = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
                # -P: what lies in the working directory is not meant.
                [sys.executable, "-P", "-m", "services.worker.engine_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
        _write(self._process, msgspec.json.encode(self._settings) + b"\n")
        return self._process

    def _stop(self) -> int | None:
        """Let the process end, or end it; its exit code, None where there was none."""
        process, self._process = self._process, None
        if process is None:
            return None
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
        code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        return code


def _write(process: subprocess.Popen[bytes], line: bytes) -> None:
    if process.stdin is not None:
        process.stdin.write(line)
        process.stdin.flush()
