"""Quantities are exact: decimal strings in, the same out, and nothing that is not a number."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.errors import InvalidField
from domain.quantities import parse_quantity, to_decimal_text, to_fraction, to_rounded_float


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
