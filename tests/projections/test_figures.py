"""How a figure is made and shown."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.figures import (
    Figure,
    build_share,
    event_ids,
    has_enough_people,
    line_of_limit,
    line_of_ratio,
    ratio_for_report,
    round_for_report,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("count", "n", "interval"),
    [
        # Recomputed by hand from Wilson's formula; 5/10 and 0/10 are also in Newcombe (1998).
        (5, 10, (0.236593, 0.763407)),
        (0, 10, (0.0, 0.277533)),
        (10, 10, (0.722467, 1.0)),
        (1, 1, (0.206549, 1.0)),
        (0, 0, (0.0, 1.0)),
    ],
)
def test_the_interval_is_wilson_s(count: int, n: int, interval: tuple[float, float]) -> None:
    assert interval == wilson_interval(count, n)


@given(st.integers(1, 5000), st.data())
def test_an_interval_holds_its_ratio_and_stays_between_nothing_and_all(n: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, n))
    low, high = wilson_interval(count, n)

    assert 0 <= low <= round(count / n, 6) <= high <= 1


@given(st.fractions(min_value=-1000, max_value=1000))
def test_what_is_printed_is_rounded_half_to_even_at_the_sixth_decimal(value: Fraction) -> None:
    # 40 digits are more than the half can hide behind, as the denominators drawn are small.
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if value.denominator < 10**9:
        assert float(exact.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)) == round_for_report(value)


def test_a_half_goes_to_the_even_neighbour() -> None:
    assert [0.000002, 0.000002, 0.000004] == [ratio_for_report(n, 2 * 10**6) for n in (3, 5, 7)]
    assert round_for_report(None) is None


def test_a_line_is_crossed_by_the_exact_ratio_not_by_the_printed_one() -> None:
    hair = Fraction(3, 10) + Fraction(1, 10**12)
    amber, red = Fraction(3, 10), Fraction(6, 10)

    assert [None, "amber", "amber", "red"] == [
        line_of_ratio(ratio, amber=amber, red=red) for ratio in (amber, hair, red, red + hair)
    ]
    assert [None, "over"] == [line_of_limit(amber, amber), line_of_limit(hair, amber)]


def test_nine_cases_draw_no_line_and_ten_do() -> None:
    nine = build_share("imposed_share", 9, 9, limit=Fraction(1, 2))
    ten = build_share("imposed_share", 10, 10, limit=Fraction(1, 2))

    assert (True, None) == (nine.small_sample, nine.line)
    assert (False, "over") == (ten.small_sample, ten.line)


def test_a_share_of_nothing_has_no_value_and_says_why() -> None:
    empty = msgspec.to_builtins(build_share("imposed_share", 0, 0, team=UUID(int=1)))

    assert {
        "name": "imposed_share",
        "team": str(UUID(int=1)),
        "count": 0,
        "n": 0,
        "value": None,
        "status": "no_data",
        "small_sample": True,
    } == empty


def test_a_figure_always_tells_its_value_and_nothing_that_it_does_not_have() -> None:
    assert b'{"name":"wip_ratio","value":null}' == msgspec.json.encode(Figure(name="wip_ratio", value=None))


@pytest.mark.parametrize(
    ("group", "whole", "shown"), [(5, 5, True), (4, 4, False), (5, 9, False), (5, 10, True), (4, 100, False)]
)
def test_neither_a_group_nor_its_complement_may_be_fewer_than_five(group: int, whole: int, *, shown: bool) -> None:
    assert shown == has_enough_people(group, whole)


def test_events_are_told_once_and_in_the_order_of_the_log() -> None:
    first, second = UUID(int=1), UUID(int=2)

    assert [first, second] == event_ids([second, None, first, second])
