"""A process that does one kind of work on request: `{"clients": 32, "seconds": 3}` in, its figures out.

The loop is the same for every contender that is measured in process, ours included: so many clients, each starting the
next piece of work when the last one is durable, a warm-up that is not counted. Standard library only: it runs in every
environment.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import perf_counter
from typing import Any

#: Of the seconds asked for, this share is not counted.
WARM_UP = 0.1

#: Does one piece of work; raises where it fails.
Work = Callable[[], object]
AsyncWork = Callable[[], Awaitable[object]]


def compute_figures(ended: Iterable[Sequence[tuple[float, float]]], began: float, seconds: float) -> dict[str, float]:
    """What the pieces of work, each (started, ended), come to between the warm-up and the end: rate and latencies."""
    return compute_figures_between(ended, began + WARM_UP * seconds, began + seconds)


def compute_figures_between(
    ended: Iterable[Sequence[tuple[float, float]]], first: float, last: float
) -> dict[str, float]:
    """The same of what ended between two instants. Raises RuntimeError where nothing did."""
    times = sorted((end - start) * 1000 for one in ended for start, end in one if first <= end <= last)
    if not times:
        raise RuntimeError("nothing was done in the time that there was")
    return {
        "rate": len(times) / (last - first),
        "mean_ms": sum(times) / len(times),
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[int(len(times) * 0.99)],
        "longest_ms": times[-1],
    }


def run_threads(works: Sequence[Work], seconds: float, done: Callable[[], object] = lambda: None) -> dict[str, float]:
    """One thread for each of `works`, which calls `done` at its end. Raises what a thread raised."""
    ended: list[list[tuple[float, float]]] = [[] for _ in works]
    failed: list[BaseException] = []
    began = perf_counter()

    def loop(work: Work, times: list[tuple[float, float]]) -> None:
        try:
            while (start := perf_counter()) < began + seconds and not failed:
                work()
                times.append((start, perf_counter()))
        except BaseException as error:  # noqa: BLE001 - raised by the main thread
            failed.append(error)
        finally:
            done()

    threads = [threading.Thread(target=loop, args=pair) for pair in zip(works, ended, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return compute_figures(ended, began, seconds)


async def run_async(works: Sequence[AsyncWork], seconds: float) -> dict[str, float]:
    """One task for each of `works`, in this loop. Raises what a task raised."""
    ended: list[list[tuple[float, float]]] = [[] for _ in works]
    began = perf_counter()

    async def loop(work: AsyncWork, times: list[tuple[float, float]]) -> None:
        while (start := perf_counter()) < began + seconds:
            await work()
            times.append((start, perf_counter()))

    await asyncio.gather(*(loop(*pair) for pair in zip(works, ended, strict=True)))
    return compute_figures(ended, began, seconds)


def serve_stdin(work: Callable[[dict[str, Any]], dict[str, float]]) -> None:
    """Answer each line of standard input, until there is none. The first line out says that we are ready."""
    # What was made to get ready is not looked through again and again while we are measured.
    gc.collect()
    gc.freeze()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(work(json.loads(line))), flush=True)


def serve_stdin_with_threads(make: Callable[[int], Sequence[Work]], done: Callable[[], object] = lambda: None) -> None:
    """`serve_stdin` with so many threads as there are clients; what `make` made for a number of clients is kept."""
    made: dict[int, Sequence[Work]] = {}

    def work(task: dict[str, Any]) -> dict[str, float]:
        clients = task["clients"]
        if clients not in made:
            made[clients] = make(clients)
        return run_threads(made[clients], task["seconds"], done)

    serve_stdin(work)
