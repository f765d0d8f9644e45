"""What every suite is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import msgspec

from benchmarks.harness import Case, Sample
from benchmarks.stores import Store


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """One run: its stores, its history, how long it may take."""

    home: Path
    stores: Sequence[Store]
    #: NDJSON, plain or gzipped.
    history: Path
    quick: bool
    #: Of the largest import; None: a million, or 50,000 for a quick look.
    acts: int | None = None

    @property
    def requests(self) -> int:
        """Requests of one round of a latency case."""
        return 40 if self.quick else 200

    @property
    def seconds(self) -> float:
        """How long one round of a rate case lasts."""
        return 1.0 if self.quick else 3.0

    @property
    def most_acts(self) -> int:
        """About how many acts the largest import has."""
        return self.acts or (50_000 if self.quick else 1_000_000)

    @property
    def copies(self) -> int:
        """How often the history is repeated where memory must not grow with it."""
        return 4 if self.quick else 20


Suite = Callable[[Bench], Iterator[Case]]


def timed(work: Callable[[], object]) -> Sample:
    """Seconds that the work takes."""
    began = perf_counter()
    work()
    return Sample(perf_counter() - began)


def latency(ask: Callable[[], object], times: int) -> Sample:
    """The median of so many calls in ms, after a warm-up; beside it the 99th percentile."""
    for _ in range(5):
        ask()
    taken = []
    for _ in range(times):
        began = perf_counter()
        ask()
        taken.append((perf_counter() - began) * 1000)
    taken.sort()
    return Sample(taken[len(taken) // 2], {"p99_ms": taken[int(len(taken) * 0.99)]})
