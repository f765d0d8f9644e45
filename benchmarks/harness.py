"""One harness: ours and the peers take turns (A-B-A-B) in the same run, round after round.

A machine is never quite the same twice, so only ratios within one round mean much; the median and the *worst* round
are told. A round during which other processes used the machine is measured again, whatever it showed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Literal

import msgspec

from benchmarks.machine import Watch

#: Share of the machine that others may use before a round counts as disturbed.
CALM = 0.15

Unit = Literal["s", "ms", "MB", "1/s"]


class Sample(msgspec.Struct, frozen=True):
    """What one contender did in one round, in the case's unit; `beside` holds other figures (p99, counts)."""

    value: float
    beside: dict[str, float] = {}


class Contender(msgspec.Struct, frozen=True):
    """One side. `run` prepares untimed, measures, and answers for one round."""

    name: str
    run: Callable[[], Sample]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What must be reached: by our own figure, or by its ratio to the first peer."""

    limit: float
    of: Literal["value", "ratio"] = "value"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    suite: str
    name: str
    store: str
    unit: Unit
    ours: Contender
    peers: Sequence[Contender] = ()
    target: Target | None = None
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
    target: Target | None
    #: None where there is no target.
    reached: bool | None
    #: Share of the machine that other processes used, by round kept, and by round measured again.
    others: list[float]
    disturbed: list[float]


class Round(msgspec.Struct, frozen=True):
    """Ours first, then the peers, and how much of the machine others had meanwhile."""

    samples: list[Sample]
    others: float


def measure(case: Case, rounds: int, told: Callable[[str], None] = lambda _: None) -> Result:
    """Let the contenders take turns. A disturbed round is repeated, at most as many times as there are rounds."""
    wanted = min(rounds, case.most_rounds or rounds)
    contenders = [case.ours, *case.peers]
    measured: list[Round] = []
    while len(measured) < 2 * wanted and sum(r.others <= CALM for r in measured) < wanted:
        told(f"{case.suite}: {case.name} ({case.store}), round {len(measured) + 1}")
        with Watch() as watch:
            samples = [contender.run() for contender in contenders]
        measured.append(Round(samples, watch.others))
    # The calmest rounds, in the order in which they were measured: chosen by the machine's state, never by outcome.
    calmest = sorted(range(len(measured)), key=lambda n: measured[n].others)[:wanted]
    kept = [measured[n] for n in sorted(calmest)]
    left = [measured[n] for n in sorted(set(range(len(measured))) - set(calmest))]
    return result(case, kept, left)


def result(case: Case, kept: Sequence[Round], left: Sequence[Round] = ()) -> Result:
    """What the kept rounds come to."""
    worst = min if case.more_is_better else max
    ours = [r.samples[0].value for r in kept]
    peers = [_series(case, place, name, kept, ours) for place, name in _named(case)]
    own = Series(
        name=case.ours.name,
        values=ours,
        median=median(ours),
        worst=worst(ours),
        beside=_beside(r.samples[0] for r in kept),
    )
    return Result(
        suite=case.suite,
        name=case.name,
        store=case.store,
        unit=case.unit,
        ours=own,
        peers=peers,
        target=case.target,
        reached=_reached(case, own, peers),
        others=[round(r.others, 3) for r in kept],
        disturbed=[round(r.others, 3) for r in left],
    )


def _named(case: Case) -> Iterator[tuple[int, str]]:
    return ((place, peer.name) for place, peer in enumerate(case.peers, 1))


def _series(case: Case, place: int, name: str, kept: Sequence[Round], ours: Sequence[float]) -> Series:
    worst = min if case.more_is_better else max
    values = [r.samples[place].value for r in kept]
    ratios = [own / value for own, value in zip(ours, values, strict=True)]
    return Series(
        name=name,
        values=values,
        median=median(values),
        worst=worst(values),
        beside=_beside(r.samples[place] for r in kept),
        ratio=median(ratios),
        worst_ratio=worst(ratios),
    )


def _beside(samples: Iterator[Sample]) -> dict[str, float]:
    told = [sample.beside for sample in samples]
    return {name: median(one[name] for one in told) for name in told[0]}


def _reached(case: Case, ours: Series, peers: Sequence[Series]) -> bool | None:
    """By the median; what the worst round was is told beside it."""
    if case.target is None:
        return None
    figure = ours.median if case.target.of == "value" else peers[0].ratio
    assert figure is not None
    return figure >= case.target.limit if case.more_is_better else figure <= case.target.limit
