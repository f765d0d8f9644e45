"""A process of its own that imports one file: `python -m benchmarks.memory_probe URL FILE`; JSON to stdout."""

from __future__ import annotations

import json
import re
import resource
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.import_history import import_history, read_lines
from benchmarks.stores import open_organisation


def main(url: str, history: str) -> None:
    """Import; then print acts, seconds and the peak of this process' resident memory."""
    with open_organisation(url) as (runtime, founded):
        began = perf_counter()
        result = import_history(runtime, founded, read_lines(Path(history)))
        seconds = perf_counter() - began
    print(json.dumps({"acts": result.accepted, "seconds": round(seconds, 2), "peak_mb": round(measure_peak_mb(), 1)}))


def measure_peak_mb() -> float:
    """Peak resident memory since this program began.

    Linux counts the parent's memory into `ru_maxrss` of a process that it started; the high-water mark of the address
    space begins anew with the program. Elsewhere there is only `ru_maxrss` (kilobytes; bytes on macOS).
    """
    status = Path("/proc/self/status")
    if status.exists() and (mark := re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)):
        return int(mark[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
