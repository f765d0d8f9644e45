"""Exact quantities: decimal strings and integers, never floats, never NaN."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated

import msgspec

from domain.errors import InvalidField

#: A decimal in plain notation, as stored and as sent: "12.5".
Quantity = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$")]

#: What a person may write for one: a JSON number or such a string.
Number = int | float | str

_LARGEST = Decimal(10) ** 15


def quantity(value: Number, pointer: str, *, low: int | None = None, high: int | None = None, places: int = 6) -> str:
    """`value` as a plain decimal string, normalised ("1.50" -> "1.5").

    Raises `InvalidField` for anything but a finite number of at most `places` decimals within [low, high].
    """
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise InvalidField(f"{value!r} is not a decimal number", pointer=pointer) from None
    if isinstance(value, bool) or not number.is_finite() or abs(number) >= _LARGEST:
        raise InvalidField(f"{value!r} is not a finite number below 10^15", pointer=pointer)
    # Decimal's exponent of a finite number is an int; "1E+2" has a positive one and is fine.
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        raise InvalidField(f"{value!r} has more than {places} decimals", pointer=pointer)
    if (low is not None and number < low) or (high is not None and number > high):
        raise InvalidField(f"{value!r} is outside {low}..{high if high is not None else ''}", pointer=pointer)
    text = format(number.normalize(), "f")
    return "0" if text in ("-0", "") else text


def exact(value: str) -> Fraction:
    """The number that a stored quantity spells."""
    return Fraction(value)


def rounded(value: Fraction | None, places: int = 6) -> float | None:
    """For print only: half-even to `places` decimals. The comparison with a line uses the exact ratio instead."""
    if value is None:
        return None
    scale = 10**places
    whole = int(round(value * scale, 0))
    return float(Fraction(whole, scale))
