"""Dates and numbers as people type them: what can be read in two ways is asked about, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.imports.sheets.tables import Cell, Percent, cell_text

DATE_FORMATS = ("DD/MM/YYYY", "MM/DD/YYYY")
#: Days since the end of 1899, as a workbook counts them.
EXCEL = "excel"
_EXCEL_ZERO = date(1899, 12, 30)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MAX_QUOTED = 60

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_CLOCK = re.compile(r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?)?", re.ASCII)
_NUMERIC = re.compile(r"(\d{1,2})[./-] ?(\d{1,2})[./-] ?(\d{4})", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2}", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[. -]* ?([A-Za-z]{3,9})[.,]?[ -]*(\d{4})", re.ASCII)
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})[. ]+ ?(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})", re.ASCII)
_TOKEN = re.compile(r"YYYY|YY|MMMM|MMM|MM|M|DD|D")
_TOKEN_PATTERNS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short>\d{2})",
    "MMMM": r"(?P<name>[A-Za-z]{3,9})",
    "MMM": r"(?P<name>[A-Za-z]{3,9})",
    "MM": r"(?P<month>\d{1,2})",
    "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "D": r"(?P<day>\d{1,2})",
}
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_GROUPED = re.compile(r"([+-]?)(\d[\d.,]{0,30})", re.ASCII)
_EFFORT = re.compile(r"(.*?) ?(h|hrs?|hours?|d|days?)?", re.IGNORECASE)


class Unreadable(ValueError):
    """The text is no such value."""


class Ambiguous(ValueError):
    """The text can be read in two ways; `allowed` says them."""

    def __init__(self, words: str, setting: str, allowed: tuple[str, ...]) -> None:
        super().__init__(words)
        #: The setting of the map that decides.
        self.setting = setting
        self.allowed = allowed


class DateReader:
    """Dates of one column, in the format that was named, or as far as each can be read in one way only."""

    def __init__(self, form: str | None, cells: Iterable[Cell], zone: ZoneInfo) -> None:
        """Raises Unreadable for a format that is none."""
        self._form = form
        self._zone = zone
        self._pattern = None if form in (None, EXCEL) else compile_date_format(form or "")
        orders = set() if form else {_order(cell) for cell in cells if isinstance(cell, str)}
        #: Days and months come first here and there: then none is sure.
        self._is_mixed = {"day", "month"} <= orders

    def read(self, cell: Cell) -> date:
        """The day. Raises Ambiguous or Unreadable."""
        if isinstance(cell, date):
            return cell
        text = cell_text(cell)
        try:
            return self._read(text, is_number=isinstance(cell, Decimal))
        except (ValueError, OverflowError) as error:
            if isinstance(error, Ambiguous | Unreadable):
                raise
            raise Unreadable(f"{text[:_MAX_QUOTED]!r} is no day of the calendar") from None

    def _read(self, text: str, *, is_number: bool) -> date:
        if found := _read_iso(text, self._zone):
            return found
        if self._form == EXCEL:
            if not _PLAIN_NUMBER.fullmatch(text.partition(".")[0]):
                raise Unreadable(f"{text[:_MAX_QUOTED]!r} is no number of days")
            return _EXCEL_ZERO + timedelta(days=int(text.partition(".")[0]))
        if self._pattern is not None:
            return _read_with(self._pattern, text, str(self._form))
        if is_number or _PLAIN_NUMBER.fullmatch(text):
            raise Ambiguous(f"{text[:_MAX_QUOTED]} is a number: are dates counted in days?", "date_format", (EXCEL,))
        if found := _read_named_month(text):
            return found
        return self._read_numeric(text)

    def _read_numeric(self, text: str) -> date:
        if _match(_SHORT_YEAR, text):
            forms = ("DD/MM/YY", "MM/DD/YY", "YY/MM/DD")
            raise Ambiguous(f"{text[:_MAX_QUOTED]}: which of them is the year?", "date_format", forms)
        numeric = _match(_NUMERIC, text)
        if numeric is None:
            raise Unreadable(f"{text[:_MAX_QUOTED]!r} is no date; such as 2026-03-04")
        first, second, year = map(int, numeric.groups())
        if first == second:
            return date(year, first, second)
        if self._is_mixed or (first <= len(_MONTHS) and second <= len(_MONTHS)):
            sign = next(character for character in text if not character.isdigit())
            raise Ambiguous(
                f"{text[:_MAX_QUOTED]}: is the day or the month first?",
                "date_format",
                tuple(form.replace("/", sign) for form in DATE_FORMATS),
            )
        return date(year, second, first) if first > len(_MONTHS) else date(year, first, second)


@lru_cache(maxsize=128)
def compile_date_format(form: str) -> re.Pattern[str]:
    """A pattern of a format such as D.M.YYYY. Raises Unreadable."""
    tokens = _TOKEN.findall(form)
    kinds = sorted({"YYYY": "y", "YY": "y"}.get(token, token[0].lower()) for token in tokens)
    rest = _TOKEN.sub("", form)
    if kinds != ["d", "m", "y"] or any(character.isalnum() for character in rest):
        raise Unreadable(f"{form!r} is no format of dates; such as DD/MM/YYYY, MM/DD/YYYY, D.M.YY, D MMM YYYY or excel")
    parts = _TOKEN.split(form)
    pattern = re.escape(parts[0])
    for token, literal in zip(tokens, parts[1:], strict=True):
        pattern += _TOKEN_PATTERNS[token] + re.escape(literal)
    return re.compile(pattern, re.ASCII)


def _read_with(pattern: re.Pattern[str], text: str, form: str) -> date:
    found = _match(pattern, text)
    if found is None:
        raise Unreadable(f"{text[:_MAX_QUOTED]!r} is no date as {form}")
    parts = found.groupdict()
    year = int(parts["year"]) if parts.get("year") else 2000 + int(parts["short"])
    month = _month_number(parts["name"]) if parts.get("name") else int(parts["month"])
    if month is None:
        raise Unreadable(f"{parts['name']!r} is no month")
    return date(year, month, int(parts["day"]))


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The date at the beginning of the text, where nothing but a time of day follows."""
    found = pattern.match(text)
    return found if found and _CLOCK.fullmatch(text[found.end() :]) else None


def _read_iso(text: str, zone: ZoneInfo) -> date | None:
    """A day as 2026-03-04; of an instant with an offset the organisation's day."""
    found = _ISO.match(text)
    if found is None:
        return None
    if _CLOCK.fullmatch(text[found.end() :]):
        return date(*map(int, found.groups()))
    return datetime.fromisoformat(text).astimezone(zone).date()


def _read_named_month(text: str) -> date | None:
    if (found := _match(_DAY_FIRST, text)) and (month := _month_number(found.group(2))):
        return date(int(found.group(3)), month, int(found.group(1)))
    if (found := _match(_MONTH_FIRST, text)) and (month := _month_number(found.group(1))):
        return date(int(found.group(3)), month, int(found.group(2)))
    return None


def _month_number(name: str) -> int | None:
    beginning = name[:3].lower()
    return _MONTHS.index(beginning) + 1 if beginning in _MONTHS else None


def _order(cell: str) -> str | None:
    """Which comes first in a numeric date, where it can be only one of them."""
    found = _match(_NUMERIC, cell)
    if found is None:
        return None
    first, second = int(found.group(1)), int(found.group(2))
    if first > len(_MONTHS) >= second:
        return "day"
    return "month" if second > len(_MONTHS) >= first else None


def read_number(cell: Cell, decimal: str | None) -> Decimal:
    """The number. Raises Ambiguous for 1,200 where nothing says what its comma is, Unreadable."""
    if isinstance(cell, Decimal):
        return cell
    if isinstance(cell, Percent):
        return cell.share * 100
    text = "".join(cell_text(cell).split()).replace("'", "").replace("\u2019", "")
    if _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text)
    found = _GROUPED.fullmatch(text)
    if found is None:
        raise Unreadable(f"{text[:_MAX_QUOTED]!r} is no number")
    sign, digits = found.groups()
    point = decimal or _find_point(digits)
    whole, _, fraction = digits.partition(point)
    group = "," if point == "." else "."
    if not fraction.isdecimal() and point in digits:
        raise Unreadable(f"{text[:_MAX_QUOTED]!r} is no number with the decimal {point!r}")
    groups = whole.split(group)
    if not all(part.isdecimal() for part in groups) or any(len(part) != 3 for part in groups[1:]):  # noqa: PLR2004
        raise Unreadable(f"{text[:_MAX_QUOTED]!r} is no number with the decimal {point!r}")
    return Decimal(f"{sign}{''.join(groups)}.{fraction or '0'}")


def _find_point(digits: str) -> str:
    """What parts the fraction. Raises Ambiguous."""
    signs = [character for character in digits if character in ".,"]
    if len(set(signs)) > 1:
        return signs[-1]
    sign = signs[0]
    if len(signs) > 1:
        return "," if sign == "." else "."
    whole, _, fraction = digits.partition(sign)
    if len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0"):  # noqa: PLR2004 - a group of thousands
        words = f"{digits}: does {sign!r} part thousands or the fraction?"
        raise Ambiguous(words, "decimal", (".", ","))
    return sign


class ShareReader:
    """Shares of one column, from 0 to 1: 30 %, 0.3 and 0,3 say the same; a bare 1 only beside others."""

    def __init__(self, unit: str | None, cells: Iterable[Cell], decimal: str | None) -> None:
        self._decimal = decimal
        bare = set() if unit else {number for cell in cells if (number := self._read_bare(cell)) is not None}
        if unit is None and any(number > 1 for number in bare):
            unit = "percent"
        if unit is None and any(0 < number < 1 for number in bare):
            unit = "fraction"
        self._unit = unit

    def read(self, cell: Cell) -> Decimal:
        """Raises Ambiguous or Unreadable."""
        if isinstance(cell, Percent):
            return _require_share(cell.share)
        if isinstance(cell, str) and "%" in cell:
            return _require_share(read_number(cell.replace("%", "", 1), self._decimal) / 100)
        number = read_number(cell, self._decimal)
        if self._unit is None and number != 0:
            raise Ambiguous(f"{cell_text(cell)}: is 1 all of it, or 1 %?", "progress_in", ("fraction", "percent"))
        return _require_share(number / 100 if self._unit == "percent" else number)

    def _read_bare(self, cell: Cell) -> Decimal | None:
        if cell == "" or isinstance(cell, Percent) or (isinstance(cell, str) and "%" in cell):
            return None
        try:
            return read_number(cell, self._decimal)
        except (Ambiguous, Unreadable):
            return None


def _require_share(share: Decimal) -> Decimal:
    if not 0 <= share <= 1:
        raise Unreadable(f"{share * 100:f} % is outside 0 to 100 %")
    return round(share, 6)


def read_effort(cell: Cell, unit: str | None, hours_per_day: int, decimal: str | None) -> Decimal:
    """Hours: 40, 40 h, 5 d. Raises Ambiguous where neither cell nor map says hours or days, Unreadable."""
    said = None
    if isinstance(cell, str):
        found = _EFFORT.fullmatch(cell)
        number, said = (found.group(1), found.group(2)) if found else (cell, None)
        cell = number
    value = read_number(cell, decimal)
    unit = {"h": "hours", "d": "days"}[said[0].lower()] if said else unit
    if unit is None:
        raise Ambiguous(f"{cell_text(cell)}: hours or days?", "effort_in", ("hours", "days"))
    return value * hours_per_day if unit == "days" else value
