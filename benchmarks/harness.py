"""What every suite is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Literal

import msgspec

from benchmarks.machine import CpuMonitor
from benchmarks.stores import Store

#: Share of the machine that others may use before a round counts as disturbed.
MAX_FOREIGN_SHARE = 0.15

Unit = Literal["s", "ms", "MB", "1/s"]


class Sample(msgspec.Struct, frozen=True):
    """What one contender did in one round, in the case's unit; `beside` holds other figures (p99, counts)."""

    value: float
    beside: dict[str, float] = {}


class Contender(msgspec.Struct, frozen=True):
    """One side. `run` prepares untimed, measures, and answers for one round."""

    name: str
    run: Callable[[], Sample]


class Absent(msgspec.Struct, frozen=True):
    """A peer that could not take part: the table names it, with the reason."""

    name: str
    why: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What must be reached: by our own figure, or by its ratio to a peer (unnamed: the first)."""

    limit: float
    of: Literal["value", "ratio"] = "value"
    peer: str = ""


class TargetResult(msgspec.Struct, frozen=True, kw_only=True):
    """A target and what became of it: by the median, and by the worst round."""

    limit: float
    of: Literal["value", "ratio"]
    peer: str
    #: None where the peer was not measured.
    median: bool | None
    worst: bool | None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    suite: str
    name: str
    store: str
    unit: Unit
    ours: Contender
    peers: Sequence[Contender] = ()
    absent: Sequence[Absent] = ()
    targets: Sequence[Target] = ()
    #: At most so many rounds, where a round is long and steady.
    most_rounds: int | None = None

    @property
    def more_is_better(self) -> bool:
        """A rate: more is better. All other units: less is better."""
        return self.unit == "1/s"


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One contender's rounds."""

    name: str
    values: list[float]
    median: float
    #: The least favourable round.
    worst: float
    beside: dict[str, float] = {}
    #: Ours to this peer, round by round; absent for ours.
    ratio: float | None = None
    worst_ratio: float | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One case as measured."""

    suite: str
    name: str
    store: str
    unit: Unit
    ours: Series
    peers: list[Series]
    absent: list[Absent]
    targets: list[TargetResult]
    #: Share of the machine that other processes used, by round kept, and by round measured again.
    others: list[float]
    disturbed: list[float]


class Round(msgspec.Struct, frozen=True):
    """Ours first, then the peers, and how much of the machine others had meanwhile."""

    samples: list[Sample]
    others: float


def measure(case: Case, rounds: int, report: Callable[[str], None] = lambda _: None) -> Result:
    """Let the contenders take turns. A disturbed round is repeated, at most as many times as there are rounds.

    A peer that fails takes no further part and is listed as absent; where ours fails, its error is raised.
    """
    wanted = min(rounds, case.most_rounds or rounds)
    measured: list[Round] = []
    while len(measured) < 2 * wanted and sum(r.others <= MAX_FOREIGN_SHARE for r in measured) < wanted:
        report(f"{case.suite}: {case.name} ({case.store}), round {len(measured) + 1}")
        case, measured = _run_round(case, measured)
    # The calmest rounds, in the order in which they were measured: chosen by the machine's state, never by outcome.
    calmest = sorted(range(len(measured)), key=lambda n: measured[n].others)[:wanted]
    kept = [measured[n] for n in sorted(calmest)]
    left = [measured[n] for n in sorted(set(range(len(measured))) - set(calmest))]
    return build_result(case, kept, left)


def _run_round(case: Case, measured: list[Round]) -> tuple[Case, list[Round]]:
    """One more round; without the peers that failed in it, here and in the rounds before."""
    failed: dict[int, str] = {}
    with CpuMonitor() as watch:
        samples = [case.ours.run()]
        for place, peer in enumerate(case.peers, 1):
            try:
                samples.append(peer.run())
            except Exception as error:  # noqa: BLE001 - whatever a peer breaks of, ours is still to be measured
                failed[place] = f"{type(error).__name__}: {error}"[:300]
                samples.append(Sample(0.0))
    measured = [*measured, Round(samples, watch.others)]
    if not failed:
        return case, measured
    gone = [Absent(case.peers[place - 1].name, why) for place, why in failed.items()]
    peers = [peer for place, peer in enumerate(case.peers, 1) if place not in failed]
    case = msgspec.structs.replace(case, peers=peers, absent=[*case.absent, *gone])
    return case, [Round([s for n, s in enumerate(r.samples) if n not in failed], r.others) for r in measured]


def build_result(case: Case, kept: Sequence[Round], left: Sequence[Round] = ()) -> Result:
    """What the kept rounds come to."""
    worst = min if case.more_is_better else max
    ours = [r.samples[0].value for r in kept]
    peers = [_build_series(case, place, name, kept, ours) for place, name in _number_peers(case)]
    own = Series(
        name=case.ours.name,
        values=ours,
        median=median(ours),
        worst=worst(ours),
        beside=_median_figures(r.samples[0] for r in kept),
    )
    return Result(
        suite=case.suite,
        name=case.name,
        store=case.store,
        unit=case.unit,
        ours=own,
        peers=peers,
        absent=list(case.absent),
        targets=[_check_target(case, target, own, peers) for target in case.targets],
        others=[round(r.others, 3) for r in kept],
        disturbed=[round(r.others, 3) for r in left],
    )


def _number_peers(case: Case) -> Iterator[tuple[int, str]]:
    return ((place, peer.name) for place, peer in enumerate(case.peers, 1))


def _build_series(case: Case, place: int, name: str, kept: Sequence[Round], ours: Sequence[float]) -> Series:
    worst = min if case.more_is_better else max
    values = [r.samples[place].value for r in kept]
    ratios = [own / value for own, value in zip(ours, values, strict=True)]
    return Series(
        name=name,
        values=values,
        median=median(values),
        worst=worst(values),
        beside=_median_figures(r.samples[place] for r in kept),
        ratio=median(ratios),
        worst_ratio=worst(ratios),
    )


def _median_figures(samples: Iterator[Sample]) -> dict[str, float]:
    figures = [sample.beside for sample in samples]
    return {name: median(one[name] for one in figures) for name in figures[0]}


def _check_target(case: Case, target: Target, ours: Series, peers: Sequence[Series]) -> TargetResult:
    """By the median and by the worst round."""
    name = target.peer or (case.peers[0].name if case.peers else "")
    found = next((peer for peer in peers if peer.name == name), None)
    figures = (ours.median, ours.worst)
    if target.of == "ratio":
        figures = (found.ratio or 0, found.worst_ratio or 0) if found else (0, 0)
    reached = [figure >= target.limit if case.more_is_better else figure <= target.limit for figure in figures]
    unknown = target.of == "ratio" and found is None
    return TargetResult(
        limit=target.limit,
        of=target.of,
        peer=name if target.of == "ratio" else "",
        median=None if unknown else reached[0],
        worst=None if unknown else reached[1],
    )


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


def measure_seconds(work: Callable[[], object]) -> Sample:
    """Seconds that the work takes."""
    began = perf_counter()
    work()
    return Sample(perf_counter() - began)


def measure_latency(ask: Callable[[], object], times: int) -> Sample:
    """The median and the 99th percentile of so many calls in ms, after a warm-up."""
    for _ in range(5):
        ask()
    taken = []
    for _ in range(times):
        began = perf_counter()
        ask()
        taken.append((perf_counter() - began) * 1000)
    taken.sort()
    return Sample(taken[len(taken) // 2], {"p99_ms": taken[int(len(taken) * 0.99)]})
