"""Additions and what gave way at earlier business times, as they are known at one: read once for all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from uuid import UUID

from domain.instants import to_micros
from projections.as_of import AsOf
from projections.overload.availability import AvailabilityHistory
from projections.overload.pairing import Addition, TradeOffFact
from projections.overload.queries import OverloadFacts
from projections.overload.rows import Reversal, WindowPromise


class RewoundFacts(OverloadFacts):
    """The facts of `later` at an earlier time, for shares of additions and of imposed goals.

    What an owner held right after an act is the same whenever it is looked at, and so is what a trade-off freed: it is
    computed once, under one policy, where it rests on no estimate. `later` must reach back to the window's begin.
    """

    def __init__(self, later: OverloadFacts, as_of: AsOf) -> None:
        super().__init__(later.database, as_of, later.scope)
        self._later = later
        self._at = to_micros(as_of.at)
        self.held = later.held
        self._computed = later.computed_under(as_of.policy.version)
        self._own_availability: dict[UUID, AvailabilityHistory] = {}

    def find_cut_owners(self, acts: Iterable[Addition | TradeOffFact]) -> set[UUID]:
        """Those of the facts that this is made of."""
        return self._later.find_cut_owners(acts)

    def read_whole(self, owners: Iterable[UUID]) -> None:
        """Read them into the facts that this is made of."""
        self._later.read_whole(owners)
        self._forget_acts()

    @cached_property
    def additions(self) -> list[Addition]:
        """Those that had been taken."""
        every = self._later.additions
        return every[: bisect_right(every, self._at, key=lambda addition: addition.at)]

    @cached_property
    def trade_offs(self) -> list[TradeOffFact]:
        """Those that had happened; added capacities as they had been corrected by then."""
        every = self._later.trade_offs
        found = every[: bisect_right(every, self._at, key=lambda giving: giving.at)]
        corrected = {g.owner for g in found if g.goal is None and self._is_corrected_later(g.owner)}
        if corrected:
            found = [giving for giving in found if giving.goal is not None or giving.owner not in corrected]
            found += [giving for member in corrected for giving in self._capacity_trade_offs(member)]
            found.sort(key=lambda giving: (giving.at, giving.position))
        return found

    def _is_corrected_later(self, member: UUID) -> bool:
        last = self._later.availability_of(member).last_corrected_at
        return last is not None and last > self._at

    @cached_property
    def reversals(self) -> list[Reversal]:
        """Those that had happened."""
        every = self._later.reversals
        return every[: bisect_right(every, self._at, key=lambda back: back.at)]

    @cached_property
    def window_promises(self) -> list[WindowPromise]:
        """The window's promises to the group's goals."""
        return [promise for promise in self._later.window_promises if self.since <= promise.at <= self._at]

    def availability_of(self, member: UUID) -> AvailabilityHistory:
        """As declared by then. What held at an instant follows from what had been declared up to it."""
        later = self._later.availability_of(member)
        if self.policy == self._later.policy and not self._is_corrected_later(member):
            return later
        if member not in self._own_availability:
            declared = [each for each in later.declarations if each.at <= self._at]
            self._own_availability[member] = AvailabilityHistory(declared, self.policy)
        return self._own_availability[member]
