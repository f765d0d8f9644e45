"""Which trade-off pays for which addition: pure, over all history, in a fixed order.

Named before inferred, each by time of the addition, then of the trade-off. Freed hours are used once, and trade-offs
add up. An addition is paired when what was freed for it is at least half of its effort.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Literal
from uuid import UUID

import msgspec

from domain.load import Commitment
from domain.member.member import Capacity

#: A trade-off that names nothing counts for an addition this many days before or after it.
INFERRED_WITHIN_DAYS = 7
#: What had given way and is back after at most this many days un-pairs what it paid for.
REVERSAL_WITHIN_DAYS = 60
#: The part of an addition's effort that has to give way.
SUFFICIENT_SHARE = Fraction(1, 2)

_ZERO = Fraction(0)
PairingKind = Literal["named", "inferred"]


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """A promise, or an accepted change that adds effort. `day` is the day on which it was taken."""

    event: UUID
    goal: UUID
    owner: UUID
    team: UUID | None
    requester: UUID
    #: promise, hand_over or change.
    kind: str
    #: Microseconds UTC, the log position of the event, and the day that it is in the organisation's zone.
    at: int
    position: int = 0
    day: date
    due: date
    #: The commitment as it was taken on; the effort before, where a change raised it.
    load: Commitment
    old_effort_hours: str | None = None
    #: What it adds, in hours, once measured; `estimated` where it was not stated.
    hours: Fraction = _ZERO
    estimated: bool = False
    imposed: bool = False
    #: Kind of trade-off and the goal that gives (None: a capacity).
    named: tuple[tuple[str, UUID | None], ...] = ()
    #: Events that say what was asked and agreed, as JSON: only what is explained is read.
    sources: str = "[]"


class TradeOffFact(msgspec.Struct, frozen=True, kw_only=True):
    """An act by which a commitment gave way, or by which the owner declared more hours."""

    event: UUID
    #: None: a capacity.
    goal: UUID | None
    owner: UUID
    team: UUID | None = None
    kinds: frozenset[str]
    at: int
    position: int = 0
    day: date
    #: The commitment just before the act and just after it, as JSON: only the few that pay for something are read.
    before: str | None = None
    #: None: nothing of it is left.
    after: str | None = None
    #: Of a capacity: what had been declared before, and what then held.
    capacities: tuple[tuple[Capacity, ...], tuple[Capacity, ...]] = ((), ())
    #: Goals that the act names as paid for by it.
    paid_for: tuple[UUID, ...] = ()
    priority: str = ""
    old_due: date = date.max
    new_due: date = date.max
    #: Events that say what was there before and what was proposed, as JSON.
    sources: str = "[]"


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of one trade-off that pay for one addition."""

    addition: UUID
    giving: UUID
    hours: Fraction
    inferred: bool


class Pairing(msgspec.Struct, kw_only=True):
    """The outcome: who pays for what."""

    uses: list[Allocation] = []
    #: Addition -> hours freed for it, at most its own.
    freed: dict[UUID, Fraction] = {}
    #: Additions for which enough gave way.
    paired: dict[UUID, PairingKind] = {}

    def allocations_of(self, addition: UUID) -> list[Allocation]:
        """The trade-offs of one addition."""
        return [use for use in self.uses if use.addition == addition]


FreedHours = Callable[[Addition, TradeOffFact], Fraction]


def pair(
    additions: Iterable[Addition],
    givings: Iterable[TradeOffFact],
    freed: FreedHours,
    needs: Callable[[Addition], bool],
) -> Pairing:
    """Pair them. `freed` gives the owner's hours that a trade-off frees inside an addition's days.

    `needs` is whether a trade-off may be inferred for an addition: one that fits within the line needs none. It is
    only asked where there is one to infer.
    """
    links = PairingGraph(additions, givings)
    pairing = Pairing()
    used: dict[UUID, Fraction] = defaultdict(Fraction)
    for addition in links.additions:
        named = links.find_named(addition)
        _allocate(addition, named, freed, used, pairing, inferred=False)
        if named and _is_enough(addition, pairing.freed[addition.event]):
            pairing.paired[addition.event] = "named"
    for addition in links.additions:
        near = [(g, left) for g in links.find_near(addition) if (left := freed(addition, g) - used[g.event]) > 0]
        if not near or pairing.freed[addition.event] >= addition.hours > 0 or not needs(addition):
            continue
        if _is_enough(addition, pairing.freed[addition.event] + sum((left for _, left in near), _ZERO)):
            _allocate(addition, [g for g, _ in near], freed, used, pairing, inferred=True)
            pairing.paired.setdefault(addition.event, "inferred")
    return pairing


def _is_enough(addition: Addition, hours: Fraction) -> bool:
    return hours >= addition.hours * SUFFICIENT_SHARE


def _allocate(  # noqa: PLR0913 - what is taken, from whom, and the books in which it is written
    addition: Addition,
    givings: Sequence[TradeOffFact],
    freed: FreedHours,
    used: dict[UUID, Fraction],
    pairing: Pairing,
    *,
    inferred: bool,
) -> None:
    got = pairing.freed.get(addition.event, _ZERO)
    for giving in givings:
        hours = min(addition.hours - got, max(_ZERO, freed(addition, giving) - used[giving.event]))
        # A named trade-off is listed even where it freed nothing; an inferred one is none then.
        if hours > 0 or not inferred or addition.hours == 0:
            pairing.uses.append(
                Allocation(addition=addition.event, giving=giving.event, hours=hours, inferred=inferred)
            )
        got += hours
        used[giving.event] += hours
    pairing.freed[addition.event] = got


class PairingGraph:
    """Which additions and trade-offs have to do with each other. Only within one owner's load."""

    def __init__(self, additions: Iterable[Addition], givings: Iterable[TradeOffFact]) -> None:
        self.additions = sorted(additions, key=lambda a: (a.at, a.position, a.event.int))
        self.trade_offs = sorted(givings, key=lambda g: (g.at, g.position, g.event.int))
        self._trade_offs_by_owner: dict[UUID, list[TradeOffFact]] = defaultdict(list)
        for giving in self.trade_offs:
            self._trade_offs_by_owner[giving.owner].append(giving)
        self._additions_by_owner: dict[UUID, list[Addition]] = defaultdict(list)
        for addition in self.additions:
            self._additions_by_owner[addition.owner].append(addition)
        # One that names an addition, or is named by one, is never inferred for another.
        self._named_trade_offs = {g.event for g in self.trade_offs if g.paid_for}
        self._named_trade_offs |= {g.event for a in self.additions if a.named for g in self.find_named(a)}

    def find_named(self, addition: Addition) -> list[TradeOffFact]:
        """The trade-offs that name the addition, or that it names and that then happened."""
        return [giving for giving in self._trade_offs_by_owner[addition.owner] if _is_named(addition, giving)]

    def find_near(self, addition: Addition) -> list[TradeOffFact]:
        """The trade-offs that name no addition and lie within a week of this one."""
        return [giving for giving in self._trade_offs_by_owner[addition.owner] if self._is_near(addition, giving)]

    def find_additions(self, giving: TradeOffFact) -> list[Addition]:
        """The additions that the trade-off could pay for."""
        return [addition for addition in self._additions_by_owner[giving.owner] if self._is_related(addition, giving)]

    def find_connected(self, seeds: Iterable[Addition]) -> tuple[list[Addition], list[TradeOffFact]]:
        """The seeds and all that could take hours from what pays for them, however far the chain leads."""
        additions = {addition.event: addition for addition in seeds}
        reached: dict[UUID, TradeOffFact] = {}
        waiting = list(additions.values())
        while waiting:
            addition = waiting.pop()
            for giving in self._trade_offs_by_owner[addition.owner]:
                if giving.event in reached or not self._is_related(addition, giving):
                    continue
                reached[giving.event] = giving
                for other in self._additions_by_owner[giving.owner]:
                    if other.event not in additions and self._is_related(other, giving):
                        additions[other.event] = other
                        waiting.append(other)
        return list(additions.values()), list(reached.values())

    def _is_near(self, addition: Addition, giving: TradeOffFact) -> bool:
        near = abs((giving.day - addition.day).days) <= INFERRED_WITHIN_DAYS
        return near and giving.event not in self._named_trade_offs and giving.event != addition.event

    def _is_related(self, addition: Addition, giving: TradeOffFact) -> bool:
        return self._is_near(addition, giving) or _is_named(addition, giving)


def _is_named(addition: Addition, giving: TradeOffFact) -> bool:
    """Either names the other. What an addition names counts from a week before it: an older act was not for it."""
    if giving.event == addition.event:
        return False
    if addition.goal in giving.paid_for:
        return True
    if (addition.day - giving.day).days > INFERRED_WITHIN_DAYS:
        return False
    return any(kind in giving.kinds and (kind == "capacity" or goal == giving.goal) for kind, goal in addition.named)
