"""Exact quantities: decimal strings and integers, never floats, never NaN."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated

import msgspec

from domain.errors import InvalidField

#: A decimal in plain notation, as stored and as sent: "12.5".
Quantity = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$")]

#: What a person may write for one: a JSON number or such a string.
Number = int | float | str

#: A decimal as JSON or a person writes it, short enough to be one.
_WRITTEN = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)

_LARGEST = 10**15
_PLACES = 6


# By type too: 1 is a quantity and True is not. The same few values recur.
@lru_cache(maxsize=4096, typed=True)
def parse_quantity(
    value: Number, pointer: str, *, low: int | None = None, high: int | None = None, places: int = _PLACES
) -> str:
    """`value` as a plain decimal string, normalised ("1.50" -> "1.5").

    Raises `InvalidField` for anything but a finite number of at most `places` decimals within [low, high].
    """
    number = _parse_number(value)
    if number is None or not number.is_finite() or abs(number) >= _LARGEST:
        raise InvalidField("not a finite decimal number below 10^15", pointer=pointer)
    # Decimal's exponent of a finite number is an int; "1E+2" has a positive one and is fine.
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        raise InvalidField(f"{value!r} has more than {places} decimals", pointer=pointer)
    if (low is not None and number < low) or (high is not None and number > high):
        raise InvalidField(f"{value!r} is outside {low}..{high if high is not None else ''}", pointer=pointer)
    text = format(number.normalize(), "f")
    return "0" if text in ("-0", "") else text


def _parse_number(value: Number) -> Decimal | None:
    """What was written, if it is a number at all; nothing is calculated with an exponent that no quantity has."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) >= _LARGEST):
        return None
    text = str(value)
    return Decimal(text) if _WRITTEN.fullmatch(text) else None


@lru_cache(maxsize=4096)
def to_fraction(value: str) -> Fraction:
    """The number that a stored quantity spells. Reports spell the same few over and over."""
    return Fraction(value)


def to_decimal_text(value: Fraction) -> str:
    """A calculated number as a stored quantity: half-even to 6 decimals."""
    whole = round(value * 10**_PLACES)
    return parse_quantity(str(Decimal(whole).scaleb(-_PLACES)), "")


def to_rounded_float(value: Fraction | None, places: int = _PLACES) -> float | None:
    """For print only: half-even to `places` decimals. The comparison with a line uses the exact ratio instead."""
    if value is None:
        return None
    scale = 10**places
    whole = int(round(value * scale, 0))
    return float(Fraction(whole, scale))
