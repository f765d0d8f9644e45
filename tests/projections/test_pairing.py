"""Which trade-off pays for which addition: small cases by hand, and properties over random histories."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.load import Commitment
from projections.overload.pairing import Addition, Pairing, PairingGraph, TradeOffFact, pair

START = date(2026, 3, 2)
ANA, BEN = UUID(int=1), UUID(int=2)


def build_addition(number: int, day: int, hours: int, owner: UUID = ANA, **more: Any) -> Addition:
    taken = START + timedelta(days=day)
    goal = UUID(int=100 + number)
    return Addition(
        event=UUID(int=1000 + number),
        goal=goal,
        owner=owner,
        team=None,
        requester=BEN,
        kind="promise",
        at=day * 10**6 + number,
        day=taken,
        due=taken + timedelta(days=60),
        load=Commitment(goal=goal, effort_hours=str(hours), start=taken, due=taken),
        hours=Fraction(hours),
        **more,
    )


def build_trade_off(number: int, day: int, kind: str = "drop", owner: UUID = ANA, **more: Any) -> TradeOffFact:
    return TradeOffFact(
        event=UUID(int=2000 + number),
        goal=UUID(int=200 + number),
        owner=owner,
        kinds=frozenset({kind}),
        at=day * 10**6 + number,
        day=START + timedelta(days=day),
        **more,
    )


def pair_with_hours(
    additions: list[Addition], givings: dict[TradeOffFact, int] | list[tuple[TradeOffFact, int]]
) -> Pairing:
    """Each trade-off frees as many hours as it is given here, whatever it pays for; nothing is absorbed."""
    frees = dict(givings)
    return pair(additions, frees, lambda _, g: Fraction(frees[g]), lambda _: True)


def list_allocations(pairing: Pairing) -> list[tuple[int, int, int, bool]]:
    """(addition, trade-off, hours, inferred), by their numbers."""
    return [(u.addition.int - 1000, u.giving.int - 2000, int(u.hours), u.inferred) for u in pairing.uses]


# --- by hand -----------------------------------------------------------------------------------------------------


def test_a_trade_off_that_names_the_addition_pairs_it_when_it_frees_half() -> None:
    add = build_addition(1, 0, 20)

    assert {add.event: "named"} == pair_with_hours([add], {build_trade_off(1, 3, paid_for=(add.goal,)): 10}).paired


def test_a_named_trade_off_that_frees_less_than_half_does_not_pair_but_its_hours_count() -> None:
    add = build_addition(1, 0, 20)
    outcome = pair_with_hours([add], {build_trade_off(1, 3, paid_for=(add.goal,)): 9})

    assert {} == outcome.paired
    assert {add.event: Fraction(9)} == outcome.freed


def test_an_addition_that_says_what_gives_is_paired_once_that_has_happened() -> None:
    gone = build_trade_off(1, 12)
    add = build_addition(1, 0, 20, named=(("drop", gone.goal),))

    assert {} == pair_with_hours([add], {}).paired
    assert {add.event: "named"} == pair_with_hours([add], {gone: 30}).paired


def test_what_an_addition_names_must_give_in_the_way_it_said() -> None:
    deferred = build_trade_off(1, 12, "defer")
    add = build_addition(1, 0, 20, named=(("drop", deferred.goal),))

    assert {} == pair_with_hours([add], {deferred: 30}).paired


def test_what_gave_way_long_before_was_not_for_the_addition_that_names_it() -> None:
    gone = build_trade_off(1, 0)

    assert {} == pair_with_hours([build_addition(1, 8, 20, named=(("drop", gone.goal),))], {gone: 30}).paired


def test_a_trade_off_within_seven_days_is_inferred_before_and_after() -> None:
    for day in (0, 14):
        add = build_addition(1, 7, 20)
        assert {add.event: "inferred"} == pair_with_hours([add], {build_trade_off(1, day): 10}).paired


def test_a_trade_off_eight_days_away_is_not_inferred() -> None:
    for day in (0, 16):
        assert [] == pair_with_hours([build_addition(1, 8, 20)], {build_trade_off(1, day): 30}).uses


def test_an_inferred_trade_off_that_frees_less_than_half_is_none_at_all() -> None:
    outcome = pair_with_hours([build_addition(1, 0, 20)], {build_trade_off(1, 3): 9})

    assert ([], {}) == (outcome.uses, outcome.paired)


def test_trade_offs_add_up() -> None:
    add = build_addition(1, 0, 20)
    outcome = pair_with_hours([add], {build_trade_off(1, 2): 4, build_trade_off(2, 3): 7})

    assert [(1, 1, 4, True), (1, 2, 7, True)] == list_allocations(outcome)
    assert {add.event: "inferred"} == outcome.paired


def test_freed_hours_are_used_once_by_the_earlier_addition() -> None:
    first, second = build_addition(1, 0, 20), build_addition(2, 1, 20)
    outcome = pair_with_hours([second, first], {build_trade_off(1, 3): 25})

    assert [(1, 1, 20, True)] == list_allocations(outcome)
    assert {first.event: "inferred"} == outcome.paired


def test_what_one_addition_does_not_need_is_there_for_the_next() -> None:
    first, second = build_addition(1, 0, 20), build_addition(2, 1, 20)
    outcome = pair_with_hours([first, second], {build_trade_off(1, 3): 30})

    assert [(1, 1, 20, True), (2, 1, 10, True)] == list_allocations(outcome)


def test_named_comes_before_inferred_even_for_a_later_addition() -> None:
    first, second = build_addition(1, 0, 20), build_addition(2, 1, 20)
    outcome = pair_with_hours([first, second], {build_trade_off(1, 3, paid_for=(second.goal,)): 40})

    assert [(2, 1, 20, False)] == list_allocations(outcome)
    assert {second.event: "named"} == outcome.paired


def test_a_trade_off_that_an_addition_names_is_never_inferred_for_another() -> None:
    gone = build_trade_off(1, 3)
    first, second = build_addition(1, 0, 20), build_addition(2, 1, 4, named=(("drop", gone.goal),))

    assert [(2, 1, 4, False)] == list_allocations(pair_with_hours([first, second], {gone: 40}))


def test_only_the_owner_s_own_load_can_give_way() -> None:
    add = build_addition(1, 0, 20)

    assert (
        []
        == pair_with_hours(
            [add], {build_trade_off(1, 1, owner=BEN): 30, build_trade_off(2, 1, owner=BEN, paid_for=(add.goal,)): 30}
        ).uses
    )


def test_a_capacity_is_named_without_a_goal() -> None:
    more = build_trade_off(1, 30, "capacity")
    add = build_addition(1, 0, 20, named=(("capacity", None),))

    assert {add.event: "named"} == pair_with_hours([add], {more: 12}).paired


def test_nothing_is_inferred_for_an_addition_that_fits_and_only_asked_where_there_is_something() -> None:
    asked = []

    def needs(add: Addition) -> bool:
        asked.append(add.event.int - 1000)
        return False

    outcome = pair(
        [build_addition(1, 0, 20), build_addition(2, 50, 20)],
        [build_trade_off(1, 3)],
        lambda _a, _g: Fraction(30),
        needs,
    )

    assert ([], [1]) == (outcome.uses, asked)


# --- properties --------------------------------------------------------------------------------------------------

NUMBERS = st.integers(0, 5)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Addition], dict[TradeOffFact, int]]:
    owners = st.sampled_from([ANA, BEN])
    days = st.integers(0, 60)
    additions = [
        build_addition(n, draw(days), draw(st.integers(0, 40)), draw(owners), named=draw(_named_goals()))
        for n in range(draw(NUMBERS))
    ]
    goals = [a.goal for a in additions]
    paid_for = st.lists(st.sampled_from(goals), max_size=2, unique=True) if goals else st.just([])
    kinds = st.sampled_from(["drop", "defer"])
    givings = {
        build_trade_off(n, draw(days), draw(kinds), draw(owners), paid_for=tuple(draw(paid_for))): draw(
            st.integers(0, 50)
        )
        for n in range(draw(NUMBERS))
    }
    return additions, givings


def _named_goals() -> st.SearchStrategy[tuple[tuple[str, UUID], ...]]:
    one = st.tuples(st.sampled_from(["drop", "defer"]), NUMBERS.map(lambda n: UUID(int=200 + n)))
    return st.lists(one, max_size=2, unique=True).map(tuple)


@given(histories())
def test_no_hour_is_used_twice_and_no_addition_gets_more_than_it_added(
    history: tuple[list[Addition], dict[TradeOffFact, int]],
) -> None:
    additions, givings = history
    outcome = pair_with_hours(additions, givings)
    by_giving: dict[UUID, Fraction] = defaultdict(Fraction)
    by_addition: dict[UUID, Fraction] = defaultdict(Fraction)
    for use in outcome.uses:
        by_giving[use.giving] += use.hours
        by_addition[use.addition] += use.hours

    assert all(by_giving[g.event] <= hours for g, hours in givings.items())
    assert all(by_addition[a.event] == outcome.freed[a.event] <= a.hours for a in additions)


@given(histories())
def test_paired_means_that_at_least_half_was_freed_by_the_same_owner(
    history: tuple[list[Addition], dict[TradeOffFact, int]],
) -> None:
    additions, givings = history
    outcome = pair_with_hours(additions, givings)
    owners = {g.event: g.owner for g in givings}

    assert all(2 * outcome.freed[a.event] >= a.hours for a in additions if a.event in outcome.paired)
    assert all(owners[u.giving] == a.owner for a in additions for u in outcome.allocations_of(a.event))


@given(histories())
def test_the_order_in_which_they_are_told_does_not_matter(
    history: tuple[list[Addition], dict[TradeOffFact, int]],
) -> None:
    additions, givings = history
    turned = dict(reversed(givings.items()))

    assert list_allocations(pair_with_hours(additions, givings)) == list_allocations(
        pair_with_hours(additions[::-1], turned)
    )


@given(histories(), NUMBERS)
def test_the_chain_that_leads_to_an_addition_decides_about_it_as_all_history_does(
    history: tuple[list[Addition], dict[TradeOffFact, int]], number: int
) -> None:
    additions, givings = history
    seeds = [a for a in additions if a.event == UUID(int=1000 + number)]
    near, reached = PairingGraph(additions, givings).find_connected(seeds)
    whole, part = pair_with_hours(additions, givings), pair_with_hours(near, {g: givings[g] for g in reached})

    for seed in seeds:
        assert whole.allocations_of(seed.event) == part.allocations_of(seed.event)
        assert whole.paired.get(seed.event) == part.paired.get(seed.event)
