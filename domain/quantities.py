"""Exact quantities: decimal strings and integers, never floats, never NaN."""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec

from domain.errors import InvalidField

#: A decimal in plain notation, as stored and as sent: "12.5".
Quantity = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$")]

if TYPE_CHECKING:
    #: What a person may write for one: a JSON number or such a string.
    Number: TypeAlias = int | float | Decimal | str
else:
    # Decoded as it stands: as `float`, a JSON number would lose its digits before `parse_quantity` sees it.
    Number = Annotated[
        Any,
        msgspec.Meta(extra_json_schema={"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "string"}]}),
    ]

#: A decimal as JSON or a person writes it, short enough to be one.
_WRITTEN = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)

_LARGEST = 10**15
_PLACES = 6
#: Characters of a refused number that its refusal repeats.
_QUOTED = 60
#: More digits than `_WRITTEN` takes: nothing is rounded before it is looked at.
_EXACT = Context(prec=100)
#: A tuple: `int | str` in the call would be built anew each time.
_NUMBERS = (int, float, Decimal, str)


def parse_quantity(
    value: Number, pointer: str, *, low: int | None = None, high: int | None = None, places: int = _PLACES
) -> str:
    """`value` as a plain decimal string, normalised ("1.50" -> "1.5").

    Raises `InvalidField` for anything but a finite number of at most `places` decimals within [low, high].
    """
    if not isinstance(value, _NUMBERS):
        raise InvalidField("a number, or a decimal number as a string", pointer=pointer)
    return _parse_quantity(value, pointer, low, high, places)


# By type too: 1 is a quantity and True is not. The same few values recur.
@lru_cache(maxsize=4096, typed=True)
def _parse_quantity(value: Number, pointer: str, low: int | None, high: int | None, places: int) -> str:
    number = _parse_number(value)
    if number is None or not number.is_finite() or abs(number) >= _LARGEST:
        raise InvalidField("not a finite decimal number below 10^15", pointer=pointer)
    number = number.normalize(_EXACT)
    # Decimal's exponent of a finite number is an int; "1E+2" has a positive one and is fine.
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        most = f"has more than {places} decimals" if places else "is no whole number"
        raise InvalidField(f"{str(value)[:_QUOTED]} {most}", pointer=pointer)
    if (low is not None and number < low) or (high is not None and number > high):
        text = f"{str(value)[:_QUOTED]} is outside {low}..{high if high is not None else ''}"
        raise InvalidField(text, pointer=pointer)
    text = format(number, "f")
    return "0" if text in ("-0", "") else text


def _parse_number(value: Number) -> Decimal | None:
    """What was written, if it is a number at all; nothing is calculated with an exponent that no quantity has."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) >= _LARGEST):
        return None
    text = str(value)
    return Decimal(text) if _WRITTEN.fullmatch(text) else None


def parse_json_number(text: str) -> float | Decimal:
    """A JSON number with a fraction or an exponent, exactly: as a float where that spells it, else as a Decimal.

    Floats stay floats: the digests that an earlier version made of requests and rows stay the same.
    """
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")  # an exponent beyond all numbers
    number = float(text)
    return number if exact == Decimal(repr(number)) else exact


@lru_cache(maxsize=4096)
def to_fraction(value: str) -> Fraction:
    """The number that a stored quantity spells. Reports spell the same few over and over."""
    return Fraction(value)


def to_decimal_text(value: Fraction) -> str:
    """A calculated number as a stored quantity: half-even to 6 decimals."""
    whole = round(value * 10**_PLACES)
    return parse_quantity(str(Decimal(whole).scaleb(-_PLACES)), "")


def to_percent(share: str | float | Fraction) -> int:
    """The nearest whole per cent, for print only: 100 only of the whole or more, 0 only of nothing."""
    exact = Fraction(str(share))
    percent = round(exact * 100)
    return min(max(percent, 1), 99) if 0 < exact < 1 else percent


def to_rounded_float(value: Fraction | None, places: int = _PLACES) -> float | None:
    """For print only: half-even to `places` decimals. The comparison with a line uses the exact ratio instead."""
    if value is None:
        return None
    scale = 10**places
    whole = int(round(value * scale, 0))
    return float(Fraction(whole, scale))
