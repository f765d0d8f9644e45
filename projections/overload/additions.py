"""The window's additions: which were absorbed, what gave way for each, and what of that came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Literal
from uuid import UUID

import msgspec

from domain.load import WeekLoad
from domain.terms import Priority
from projections.figures import EventRef, MemberRef, SubjectGoal, SubjectMember, TeamRef, event_ids, round_for_report
from projections.overload.facts import ANY_DROP
from projections.overload.pairing import (
    REVERSAL_WITHIN_DAYS,
    Addition,
    Allocation,
    Pairing,
    PairingGraph,
    TradeOffFact,
    pair,
)
from projections.overload.queries import OverloadFacts
from projections.overload.rows import Reversal, decode_sources

Paired = Literal["named", "inferred"]


class TradeOffEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What gave way for an addition; `came_back`: the event by which it is there again, so that it pays no more."""

    event: EventRef
    goal: SubjectGoal | None = None
    kinds: list[str]
    day: date
    hours: float | None
    inferred: bool = False
    came_back: EventRef | None = None


class AdditionEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One addition of the window: what it added, how full the owner then was, and what gave way."""

    event: EventRef
    goal: SubjectGoal
    member: SubjectMember
    team: TeamRef | None = None
    requester: MemberRef
    kind: str
    day: date
    added_hours: float | None
    estimated: bool = False
    freed_hours: float | None
    paired: Paired | None = None
    #: The fullest week stayed at or under the amber line: nothing had to give.
    absorbed: bool = False
    worst_week: date | None = None
    #: Null: no capacity at all in that week.
    worst_ratio: float | None
    trade_offs: list[TradeOffEntry] = []


class RequesterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """How many additions one member asked of another, and how many of them came without a trade-off."""

    requester: MemberRef
    member: SubjectMember
    #: Additions without a trade-off, out of `n`; absorbed ones are separate.
    count: int
    n: int
    absorbed: int
    added_hours: float | None


class AdditionAnalysis:
    """The additions of the window and their pairing over all history.

    `undone`: with older ones whose trade-offs may have come back, and what critical goals gave way to. The window's own
    pairing does not depend on them.
    """

    def __init__(self, evidence: OverloadFacts, *, undone: bool = True) -> None:
        self._evidence = evidence
        self._absorbed: dict[UUID, bool] = {}
        connected = self._connect(undone=undone)
        while cut := evidence.find_cut_owners([*connected, *self._connected_trade_offs]):
            evidence.read_whole(cut)
            connected = self._connect(undone=undone)
        self._connected_additions = {
            a.event: evidence.with_hours(a) for a in sorted(connected, key=lambda a: (a.at, a.position))
        }
        self.window_additions = [a for a in self._connected_additions.values() if a.event in self._window]
        # An older one is asked about only where a trade-off might be inferred for it.
        evidence.read_held(self._connected_additions.values())

    def _connect(self, *, undone: bool) -> list[Addition]:
        """The additions that the figures are about, and all that could take hours from what pays for them."""
        evidence = self._evidence
        self._trade_offs_by_event = {g.event: g for g in evidence.trade_offs}
        own = [a for a in evidence.additions if evidence.is_in_scope(a.owner, a.team)]
        seeds = [a for a in own if a.at >= evidence.since]
        self._window = {a.event for a in seeds}
        links = PairingGraph(evidence.additions, evidence.trade_offs)
        if undone:
            # A critical goal of the group may have given way to another team's: what it paid for decides too.
            seeds += [a for slip in self._critical_slips for a in links.find_additions(slip)]
            seeds += self._find_reversible_additions(own)
        connected, self._connected_trade_offs = links.find_connected(seeds)
        return connected

    # --- what came back -----------------------------------------------------------------------------------------

    @cached_property
    def reversals(self) -> dict[UUID, Reversal]:
        """Trade-off -> the first return that takes it back, within 60 days."""
        reversals: dict[UUID, Reversal] = {}
        dropped: dict[tuple[UUID | None, UUID], list[TradeOffFact]] = defaultdict(list)
        for giving in self._trade_offs_by_event.values():
            if ANY_DROP in giving.kinds:
                dropped[giving.goal, giving.owner].append(giving)
        for back in self._evidence.reversals:
            candidates = dropped[back.goal, back.owner] if back.giving == ANY_DROP else self._find_deferral(back)
            for giving in candidates:
                if (back.at, back.position) > (giving.at, giving.position) and (
                    back.day - giving.day
                ).days <= REVERSAL_WITHIN_DAYS:
                    reversals.setdefault(giving.event, back)
        return reversals

    def _find_deferral(self, back: Reversal) -> list[TradeOffFact]:
        giving = self._trade_offs_by_event.get(UUID(back.giving))
        return [] if giving is None else [giving]

    def _find_reversible_additions(self, own: list[Addition]) -> list[Addition]:
        """Older additions of the group whose trade-offs may have come back within the window."""
        recent = [g for g in self._trade_offs_by_event.values() if g.day >= self._reversible_since]
        near = PairingGraph(own, recent)
        return [a for a in own if near.find_named(a) or near.find_near(a)]

    @property
    def _reversible_since(self) -> date:
        first = self._evidence.first_day.toordinal() - REVERSAL_WITHIN_DAYS
        return date.fromordinal(max(date.min.toordinal(), first))

    # --- pairing ------------------------------------------------------------------------------------------------

    def find_worst_week(self, addition: Addition) -> WeekLoad | None:
        """The owner's fullest week at the instant after the act."""
        return self._evidence.find_worst_week(addition)

    def is_absorbed(self, addition: Addition) -> bool:
        """The fullest week stays at or under the amber line."""
        if addition.event not in self._absorbed:
            self._absorbed[addition.event] = self._evidence.is_absorbed(addition)
        return self._absorbed[addition.event]

    @cached_property
    def pairing(self) -> Pairing:
        """Who pays for what, without the trade-offs that came back."""
        standing = [g for g in self._connected_trade_offs if g.event not in self.reversals]
        return self._pair(self._connected_additions.values(), standing)

    @cached_property
    def _undone_allocations(self) -> list[Allocation]:
        """What each trade-off that came back had paid for until then."""
        back = [g for g in self._connected_trade_offs if g.event in self.reversals]
        return [use for giving in back for use in self._list_allocations_until(giving, self.reversals[giving.event])]

    def _list_allocations_until(self, giving: TradeOffFact, back: Reversal) -> list[Allocation]:
        """What the trade-off paid for just before its return, by what had happened and not come back by then."""

        def is_earlier(fact: Addition | TradeOffFact | Reversal) -> bool:
            return (fact.at, fact.event.int) < (back.at, back.event.int)

        additions = [a for a in self._connected_additions.values() if a.owner == giving.owner and is_earlier(a)]
        standing = [
            g
            for g in self._connected_trade_offs
            if g.owner == giving.owner and is_earlier(g)
            if g.event not in self.reversals or not is_earlier(self.reversals[g.event])
        ]
        return [use for use in self._pair(additions, standing).uses if use.giving == giving.event]

    def _pair(self, additions: Iterable[Addition], givings: Iterable[TradeOffFact]) -> Pairing:
        return pair(additions, givings, self._evidence.freed_hours, lambda a: not self.is_absorbed(a))

    @cached_property
    def absorbed_additions(self) -> list[Addition]:
        """Additions of the window that needed no trade-off."""
        return [a for a in self.window_additions if self.is_absorbed(a)]

    @cached_property
    def counted_additions(self) -> list[Addition]:
        """The others: what both ratios are about."""
        absorbed = {a.event for a in self.absorbed_additions}
        return [a for a in self.window_additions if a.event not in absorbed]

    @cached_property
    def _past_allocations(self) -> list[Allocation]:
        """What pays, and what paid until it came back."""
        return [*self.pairing.uses, *self._undone_allocations]

    @cached_property
    def _group_allocations(self) -> list[tuple[Allocation, TradeOffFact]]:
        """Trade-offs that pay or paid for an addition of the group."""
        uses = [use for use in self._past_allocations if self._is_of_group(use.addition)]
        return [(use, self._trade_offs_by_event[use.giving]) for use in uses]

    def _is_of_group(self, event: UUID) -> bool:
        addition = self._connected_additions[event]
        return self._evidence.is_in_scope(addition.owner, addition.team)

    @cached_property
    def reversible_trade_offs(self) -> dict[UUID, tuple[UUID | None, UUID]]:
        """Trade-offs that paid for something and were young enough to come back within the window.

        Each with the team of an addition that it paid for, and its owner.
        """
        young = [(use, giving) for use, giving in self._group_allocations if giving.day >= self._reversible_since]
        return {g.event: (self._connected_additions[use.addition].team, g.owner) for use, g in young}

    @cached_property
    def window_reversals(self) -> list[Reversal]:
        """What came back within the window and had paid for something."""
        served = {giving.event for _, giving in self._group_allocations}
        backs = {event: back for event, back in self.reversals.items() if event in served}
        return [back for back in backs.values() if back.day >= self._evidence.first_day]

    def list_reversal_event_ids(self) -> list[UUID]:
        """The returns of the window, what they took back and what that had paid for."""
        backs = {back.event for back in self.window_reversals}
        undone = {event for event, back in self.reversals.items() if back.event in backs}
        paid = {use.addition for use, giving in self._group_allocations if giving.event in undone}
        return event_ids([*backs, *(undone & {g.event for _, g in self._group_allocations}), *paid])

    def list_event_ids(self, additions: Iterable[Addition]) -> list[UUID]:
        """The additions and what gave way for them, with the events that say what was agreed and what was there."""
        wanted = {a.event: a for a in additions}
        given = [self._trade_offs_by_event[use.giving] for use in self.pairing.uses if use.addition in wanted]
        facts: list[Addition | TradeOffFact] = [*wanted.values(), *given]
        return event_ids(event for fact in facts for event in (fact.event, *decode_sources(fact.sources)))

    @property
    def _critical_slips(self) -> list[TradeOffFact]:
        """Accepted changes of the window that moved the due of one of the group's critical goals out."""
        evidence = self._evidence
        return [
            giving
            for giving in self._trade_offs_by_event.values()
            if giving.priority == Priority.CRITICAL
            and giving.new_due > giving.old_due
            and giving.day >= evidence.first_day
            and evidence.is_in_scope(giving.owner, giving.team)
        ]

    def find_displacements(self) -> list[TradeOffFact]:
        """The slips of critical goals that were set off by an addition, whosever it is and whichever names the other.

        One that names an addition to another owner's load, or is named by one, frees nothing there and counts as well.
        """
        paying = {use.giving for use in self._past_allocations}
        unpaid = [slip for slip in self._critical_slips if slip.event not in paying]
        named = self._evidence.find_named_slips(unpaid)
        return [slip for slip in self._critical_slips if slip.event in paying or slip.event in named]

    # --- as listed -----------------------------------------------------------------------------------------------

    def build_addition_entries(self) -> list[AdditionEntry]:
        """Every addition of the window, absorbed ones too, in order of time."""
        return [self._build_addition_entry(addition) for addition in self.window_additions]

    def _build_addition_entry(self, addition: Addition) -> AdditionEntry:
        worst = self.find_worst_week(addition)
        return AdditionEntry(
            event=addition.event,
            goal=addition.goal,
            member=addition.owner,
            team=addition.team,
            requester=addition.requester,
            kind=addition.kind,
            day=addition.day,
            added_hours=round_for_report(addition.hours),
            estimated=addition.estimated,
            freed_hours=round_for_report(self.pairing.freed.get(addition.event, Fraction(0))),
            paired=self.pairing.paired.get(addition.event),
            absorbed=self.is_absorbed(addition),
            worst_week=worst.week if worst else None,
            worst_ratio=round_for_report(worst.ratio) if worst else None,
            trade_offs=[self._build_trade_off_entry(use) for uses in self.list_allocations(addition) for use in uses],
        )

    def list_allocations(self, addition: Addition) -> tuple[list[Allocation], list[Allocation]]:
        """What pays for it now, and what did until it came back."""
        back = [use for use in self._undone_allocations if use.addition == addition.event]
        return self.pairing.allocations_of(addition.event), back

    def find_trade_off(self, use: Allocation) -> TradeOffFact:
        """The act that gave way."""
        return self._trade_offs_by_event[use.giving]

    def _build_trade_off_entry(self, use: Allocation) -> TradeOffEntry:
        giving = self.find_trade_off(use)
        back = self.reversals.get(giving.event)
        return TradeOffEntry(
            event=giving.event,
            goal=giving.goal,
            kinds=sorted(giving.kinds),
            day=giving.day,
            hours=round_for_report(use.hours),
            inferred=use.inferred,
            came_back=back.event if back else None,
        )

    def build_requester_entries(self) -> list[RequesterEntry]:
        """Who loads whom, by id of both, never by rank."""
        pairs: dict[tuple[UUID, UUID], list[Addition]] = defaultdict(list)
        for addition in self.window_additions:
            pairs[addition.requester, addition.owner].append(addition)
        return [
            self._build_requester_entry(requester, member, pairs[requester, member])
            for requester, member in sorted(pairs, key=lambda p: (p[0].int, p[1].int))
        ]

    def _build_requester_entry(self, requester: UUID, member: UUID, additions: list[Addition]) -> RequesterEntry:
        counted = [a for a in additions if not self.is_absorbed(a)]
        return RequesterEntry(
            requester=requester,
            member=member,
            count=sum(a.event not in self.pairing.paired for a in counted),
            n=len(counted),
            absorbed=len(additions) - len(counted),
            added_hours=round_for_report(sum((a.hours for a in additions), Fraction(0))),
        )


def analyse_additions(evidence: OverloadFacts) -> AdditionAnalysis:
    """The window's additions as evidence."""
    return AdditionAnalysis(evidence)
