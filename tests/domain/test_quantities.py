"""Quantities are exact: decimal strings in, the same out, and nothing that is not a number."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.errors import InvalidField
from domain.quantities import (
    parse_json_number,
    parse_quantity,
    to_decimal_text,
    to_fraction,
    to_percent,
    to_rounded_float,
)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (0, "0"),
        (-0.0, "0"),
        ("-0", "0"),
        (1.5, "1.5"),
        ("1.50", "1.5"),
        ("+7", "7"),
        ("007", "7"),
        (1e3, "1000"),
        ("1E+2", "100"),
        (1e-06, "0.000001"),
        (10**15 - 1, "999999999999999"),
        (-3, "-3"),
    ],
)
def test_a_number_is_kept_in_plain_notation(written: Any, stored: str) -> None:
    assert stored == parse_quantity(written, "/value")


@pytest.mark.parametrize(
    "written",
    [
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1E+999999",
        "1E+999999999999999999",
        "1E-999999999999999999",
        "1E-7",
        0.1 + 0.2,
        10**15,
        10**5000,
        -(10**15),
        "9" * 1_000_000,
        "",
        " 1",
        "1_000",
        "1,5",
        "0x10",
        "١٢",
        "one",
        True,
        float("nan"),
        float("inf"),
    ],
    ids=lambda x: repr(x)[:20] if not isinstance(x, int) else f"{'-' * (x < 0)}{x.bit_length()} bits",
)
def test_what_is_no_finite_number_of_six_decimals_is_refused_at_its_field(written: Any) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_quantity(written, "/here")

    assert "/here" == refused.value.pointer
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize("written", [None, [], [1], {}, {"a": 1}, b"1", date(2026, 3, 2)])
def test_what_is_neither_a_number_nor_a_text_is_refused_at_its_field(written: Any) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_quantity(written, "/here")

    assert "/here" == refused.value.pointer


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        *(("0.1", "0.1"), ("0.10", "0.1"), ("1e2", "100"), ("12.5E-1", "1.25"), ("-0.0", "0"), ("0e-400", "0")),
        *(("123456789012345.123456", "123456789012345.123456"), ("0.100000000000000000000000000000", "0.1")),
    ],
)
def test_a_number_of_json_is_the_decimal_that_it_spells(text: str, stored: str) -> None:
    assert stored == parse_quantity(parse_json_number(text), "/value")


@pytest.mark.parametrize(
    "text",
    [
        *("0.1000000000000000055511151231257827", "0.1234567", "1e999", "-1e999", "1e-999", "1e99999999999999999999"),
        *("1e-99999999999999999999", f"1.{'0' * 35}1", f"1.{'0' * 1000}1", f"{'1' * 1000}.5"),
    ],
)
def test_a_number_of_json_that_no_quantity_has_is_refused(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_quantity(parse_json_number(text), "/value")

    assert len(refused.value.detail) < 200


@for_any(st.decimals(min_value=-(10**14), max_value=10**14, allow_nan=False, places=9))
def test_a_number_of_json_is_kept_exactly_or_refused(number: Decimal) -> None:
    text = f"{number:f}"
    written = parse_json_number(text) if "." in text else int(text)
    exact = Fraction(text)

    if (exact * 10**6).denominator == 1:
        assert exact == to_fraction(parse_quantity(written, "/value"))
    else:
        with pytest.raises(InvalidField):
            parse_quantity(written, "/value")


def test_bounds_are_included() -> None:
    assert ["0", "1"] == [parse_quantity(x, "/share", low=0, high=1) for x in (0, 1)]
    for outside in (-0.000001, 1.000001):
        with pytest.raises(InvalidField):
            parse_quantity(outside, "/share", low=0, high=1)


@for_any(st.decimals(min_value=-(10**14), max_value=10**14, places=6, allow_nan=False))
def test_what_was_stored_is_exactly_what_was_written(written: Any) -> None:
    stored = parse_quantity(str(written), "/value")

    assert Fraction(written) == to_fraction(stored)
    assert stored == parse_quantity(stored, "/value")


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        (Fraction(1, 3), "0.333333"),
        (Fraction(2, 3), "0.666667"),
        (Fraction(1, 2_000_000), "0"),
        (Fraction(3, 2_000_000), "0.000002"),
        (Fraction(-1, 3), "-0.333333"),
        (Fraction(5), "5"),
    ],
)
def test_a_calculated_number_is_rounded_half_to_even_only_when_written(value: Fraction, spelt: str) -> None:
    assert spelt == to_decimal_text(value)
    assert float(spelt) == to_rounded_float(value)


def test_what_is_not_known_stays_unknown() -> None:
    assert to_rounded_float(None) is None


@pytest.mark.parametrize(("share", "percent"), [("0.996", 99), (0.004, 1), ("0", 0), (1, 100), (Fraction(1, 2), 50)])
def test_a_percentage_is_whole_or_nothing_only_of_the_whole_or_nothing(share: Any, percent: int) -> None:
    assert percent == to_percent(share)
