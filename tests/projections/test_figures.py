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


@pytest.mark.parametrize(
    ("count", "n", "line"),
    [
        # Wilson's lower ends by hand: 6/6 .6097, 5/5 .5655, 8/9 .5650, 3/3 .4385, 2/2 .3424, 1/1 .2065.
        (6, 6, "red"),
        (5, 5, "amber"),
        (8, 9, "amber"),
        (2, 2, "amber"),
        (1, 1, None),
        (4, 9, None),
        (6, 10, "amber"),
        (7, 10, "red"),
        (3, 10, None),
        (0, 6, None),
        (0, 0, None),
    ],
)
def test_fewer_than_ten_draw_a_line_where_all_of_the_interval_is_over_it(count: int, n: int, line: str | None) -> None:
    figure = build_share("yes_and_ratio", count, n, amber=Fraction(3, 10), red=Fraction(6, 10))

    assert (line, n < 10) == (figure.line, figure.small_sample)


@given(st.integers(1, 9), st.data(), st.fractions(min_value=Fraction(1, 100), max_value=Fraction(99, 100)))
def test_a_line_of_few_is_drawn_exactly_where_the_lower_end_is_over_it(
    n: int, data: st.DataObject, limit: Fraction
) -> None:
    count = data.draw(st.integers(0, n))
    z, share = Decimal("1.959963984540054"), Decimal(count) / n
    # The lower end by Wilson's formula, in decimals that no float rounds.
    reach = z * (share * (1 - share) / n + z * z / (4 * n * n)).sqrt()
    low = (share + z * z / (2 * n) - reach) / (1 + z * z / n)
    at = Decimal(limit.numerator) / Decimal(limit.denominator)
    if abs(low - at) > Decimal("1e-12"):
        assert ("over" if low > at else None) == build_share("imposed_share", count, n, limit=limit).line


def test_a_census_has_no_interval_and_draws_its_line_from_ten_on() -> None:
    nine, ten = (build_share("purpose_drift", n, n, limit=Fraction(1, 5), census=True) for n in (9, 10))

    assert (None, None, True) == (nine.interval, nine.line, nine.small_sample)
    assert (None, "over", False) == (ten.interval, ten.line, ten.small_sample)


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


def test_events_are_told_once_and_in_the_order_of_the_log() -> None:
    first, second = UUID(int=1), UUID(int=2)

    assert [first, second] == event_ids([second, None, first, second])
