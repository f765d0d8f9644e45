"""What the figures were measured on, and how much of it others were using meanwhile."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
#: What in a command line shows which side it is.
_SIDE_MARKS = {
    "api": (b"services.cli serve",),
    "worker": (b"services.cli worker", b"services.worker.engine_child"),
    "store": (b"bin/postgres ", b"postgres: "),
    "redis": (b"redis-server",),
}
_PACKAGES = ("eventsourcing", "litestar", "msgspec", "psycopg", "uvicorn")


class CpuMonitor:
    """Within the block: `others` becomes the share (0..1) of all processors that processes not ours used.

    Ours are this process and its descendants. 0 where the system does not show it (no /proc).
    """

    others = 0.0

    def __enter__(self) -> Self:
        self._began, self._busy_before, self._own_before = time.monotonic(), _count_busy_seconds(), _count_own_seconds()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        foreign = (_count_busy_seconds() - self._busy_before) - (_count_own_seconds() - self._own_before)
        self.others = max(0.0, min(1.0, foreign / seconds)) if seconds else 0.0


def _count_busy_seconds() -> float:
    """Processor seconds that the machine has worked since it was started, stolen time included."""
    try:
        fields = (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
    except OSError:
        return 0.0
    user, nice, system, _idle, _iowait, irq, soft, steal = map(int, fields)
    return (user + nice + system + irq + soft + steal) / _TICKS


def _count_own_seconds() -> float:
    """Processor seconds of this process and its descendants, those that have ended included."""
    return sum(_count_own_ticks().values()) / _TICKS


def _count_own_ticks() -> dict[int, int]:
    """Ticks of this process and of each of its descendants, by process id."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in _PROC.glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except OSError:
            continue
        # The name, in parentheses, may hold anything; what follows it starts with the state.
        fields = text.rpartition(")")[2].split()
        pid = int(entry.parent.name)
        parents[pid] = int(fields[1])
        ticks[pid] = sum(map(int, fields[11:15]))
    me = os.getpid()
    return {pid: used for pid, used in ticks.items() if _is_descendant(pid, me, parents)}


class CpuShares:
    """Within the block: `by_side` becomes the share of one processor that each of our sides used."""

    by_side: Mapping[str, float] = MappingProxyType({})

    def __enter__(self) -> Self:
        self._began, self._before = time.monotonic(), _count_seconds_by_side()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds, after = time.monotonic() - self._began, _count_seconds_by_side()
        # A process of ours that ended meanwhile would count as less than nothing.
        spent = {side: max(0.0, used - self._before.get(side, 0.0)) for side, used in after.items()}
        self.by_side = {f"{side}_share": round(used / seconds, 3) for side, used in spent.items()}


def _count_seconds_by_side() -> dict[str, float]:
    found: dict[str, float] = {}
    for pid, used in _count_own_ticks().items():
        try:
            command = (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        for side, marks in _SIDE_MARKS.items():
            if any(mark in command for mark in marks):
                found[side] = found.get(side, 0.0) + used / _TICKS
    return found


def _is_descendant(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid not in (ancestor, 0):
        pid = parents.get(pid, 0)
    return pid == ancestor


def describe_machine(directory: Path) -> dict[str, Any]:
    """The machine and the versions of everything measured; `directory`: where the stores live."""
    return {
        "processor": _find_value(_PROC / "cpuinfo", "model name") or platform.processor(),
        "processors": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "filesystem": find_filesystem(directory),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: version(name) for name in _PACKAGES},
        "commit": _describe_commit(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def find_filesystem(directory: Path) -> str:
    """The type of the file system that holds a directory: on `tmpfs` an fsync costs nothing and proves nothing."""
    try:
        mounts = [line.split()[1:3] for line in (_PROC / "mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    holding = [(point, kind) for point, kind in mounts if directory.resolve().is_relative_to(point)]
    return max(holding, key=lambda mount: len(mount[0]), default=("", "unknown"))[1]


def _find_value(path: Path, name: str) -> str:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _describe_commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
