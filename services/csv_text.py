"""Rows of CSV (RFC 4180) that a spreadsheet shows as they are: no text of ours is run as a formula."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable

#: What begins a formula, once full-width and small forms are folded.
_FORMULA_SIGNS = frozenset("=+-@")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
#: Letters and symbols that show nothing: fillers, and the empty Braille cell.
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def format_csv_row(cells: Iterable[str]) -> bytes:
    """One line; each cell guarded against formulas."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([guard_formula(cell) for cell in cells])
    return line.getvalue().encode()


def guard_formula(text: str) -> str:
    """The text, after an apostrophe where a spreadsheet would take it for a formula; a number stays one.

    Blanks and what cannot be seen before the sign hide a formula from a reader, not from a spreadsheet; and a control
    character at the beginning may part the cell.
    """
    first = next((character for character in text if not _is_invisible(character)), "")
    is_formula = unicodedata.normalize("NFKC", first)[:1] in _FORMULA_SIGNS if first else False
    if (is_formula or unicodedata.category(text[:1] or "a") == "Cc") and _NUMBER.fullmatch(text) is None:
        return f"'{text}"
    return text


def _is_invisible(character: str) -> bool:
    """Separators, controls and formats, marks without a letter, and fillers."""
    return unicodedata.category(character)[0] in "ZCM" or character in _FILLERS
