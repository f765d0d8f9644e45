"""CSV as a table: its encoding, its delimiter, and rows whose broken characters are left to be found cell by cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ledger.cancellation import check_cancelled
from services.csv_text import guard_formula
from services.imports.sheets.tables import MAX_SHEET_ROWS, TableRow, UnreadableSheet

_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = (",", ";", "\t", "|")
#: What stands for bytes that are no character of the encoding: nothing that text can hold.
_BROKEN = "\ufffd"
#: Bytes and rows by which encoding and delimiter are recognised.
_LOOKED_AT_BYTES, _LOOKED_AT_ROWS = 400, 30
_LARGEST_FIELD = 1_000_000


def read_csv(data: bytes, *, encoding: str | None, delimiter: str | None) -> Iterator[TableRow]:
    """The rows. A cell with broken characters holds U+FFFD or a lone surrogate (`is_broken`).

    Raises UnreadableSheet for a quote that does not end and for too many rows.
    """
    text = _decode(data, encoding)
    first, _, rest = text.partition("\n")
    # As Excel writes and reads it: the first line says the delimiter, and is no row.
    if delimiter is None and (said := first.strip().lower()).startswith("sep=") and len(said) == len("sep=,"):
        delimiter, text = first.strip()[-1], f"\n{rest}"
    delimiter = delimiter or _find_delimiter(text)
    csv.field_size_limit(_LARGEST_FIELD)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 0
    while True:
        check_cancelled()
        number += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableSheet(f"row {number} cannot be read ({error}): does a quote not end?") from None
        if number > MAX_SHEET_ROWS:
            raise UnreadableSheet(f"more than {MAX_SHEET_ROWS} rows, blank ones included; send it in parts")
        yield TableRow(number, tuple(_unguard(cell.strip()) for cell in cells))


def _unguard(text: str) -> str:
    """The text without the apostrophe that keeps it from being a formula: our own files come back."""
    return text[1:] if text.startswith("'") and guard_formula(text[1:]) == text else text


def is_broken(text: str) -> bool:
    """Whether characters were lost when this was decoded."""
    return _BROKEN in text or any("\ud800" <= character <= "\udfff" for character in text)


def _decode(data: bytes, encoding: str | None) -> str:
    marked = next(((mark, name) for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if marked is not None:
        # What the file says of itself goes before what was said of it.
        mark, encoding = marked
        if encoding == "utf-8":
            data = data.removeprefix(mark)
    encoding = encoding or _guess_encoding(data)
    if encoding == "utf-16" and marked is None:
        encoding = "utf-16-be" if data[:1] == b"\x00" else "utf-16-le"
    # What is no character stays in its cell, so that its row can be named.
    errors = "surrogateescape" if encoding == "utf-8" else "replace"
    return data.decode(encoding, errors)


def _guess_encoding(data: bytes) -> str:
    """UTF-16 where every other byte is NUL, as in Latin letters of it; else UTF-8. Code pages are asked for."""
    beginning = data[:_LOOKED_AT_BYTES]
    halves = beginning[0::2], beginning[1::2]
    return "utf-16" if any(len(half) > 1 and half.count(0) > len(half) * 0.7 for half in halves) else "utf-8"


def _find_delimiter(text: str) -> str:
    """The delimiter that parts the first rows into the most columns, in more rows than any other."""

    def rate(delimiter: str) -> tuple[int, int]:
        beginning = io.StringIO(text[: 200 * _LARGEST_FIELD // 1000], newline="")
        widths = []
        try:
            for cells in csv.reader(beginning, delimiter=delimiter):
                if cells:
                    widths.append(len(cells))
                if len(widths) == _LOOKED_AT_ROWS:
                    break
        except csv.Error:
            return (0, 0)
        parted = [width for width in widths if width > 1]
        return (len(parted), max(parted, default=0))

    return max(_DELIMITERS, key=rate)
