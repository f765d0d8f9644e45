"""A process of its own that imports one file: `python -m benchmarks.memory_probe URL FILE`; JSON to stdout."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.history import imported, lines
from benchmarks.stores import organisation


def main(url: str, history: str) -> None:
    """Import; then tell acts, seconds and the peak of this process' resident memory."""
    with organisation(url) as (runtime, founded):
        began = perf_counter()
        result = imported(runtime, founded, lines(Path(history)))
        seconds = perf_counter() - began
    # Kilobytes on Linux, bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(json.dumps({"acts": result.accepted, "seconds": round(seconds, 2), "peak_mb": round(peak, 1)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
