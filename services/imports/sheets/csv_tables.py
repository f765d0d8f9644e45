"""CSV as a table: its encoding, its delimiter, and rows whose broken characters are left to be found cell by cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ledger.cancellation import check_cancelled
from services.csv_text import guard_formula
from services.imports.sheets.tables import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_SHEET_ROWS, TableRow, UnreadableSheet

_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = (",", ";", "\t", "|")
#: What stands for bytes that are no character of the encoding: nothing that text can hold.
_BROKEN = "\ufffd"
#: Bytes and rows by which encoding and delimiter are recognised.
_LOOKED_AT_BYTES, _LOOKED_AT_ROWS = 400, 30
_LOOKED_AT_CHARACTERS = 200_000
_LARGEST_FIELD = 1_000_000
#: Of one row: as many as its cells may have, and more than cells of text hold by chance.
_MAX_ROW_CHARACTERS = MAX_COLUMNS * MAX_CELL_CHARACTERS
_MAX_ROW_DELIMITERS = 100_000


def read_csv(data: bytes, *, encoding: str | None, delimiter: str | None) -> Iterator[TableRow]:
    """The rows. A cell with broken characters holds U+FFFD or a lone surrogate (`is_broken`).

    Raises UnreadableSheet for a quote that does not end and for too many rows.
    """
    text = _open_text(data, encoding)
    first = text.readline(_LARGEST_FIELD)
    # As Excel writes and reads it: the first line says the delimiter, and is no row.
    is_said = delimiter is None and (said := first.strip().lower()).startswith("sep=") and len(said) == len("sep=,")
    if is_said:
        delimiter = first.strip()[-1]
    text.seek(0)
    delimiter = delimiter or _find_delimiter(text.read(_LOOKED_AT_CHARACTERS))
    text.seek(0)
    csv.field_size_limit(_LARGEST_FIELD)
    lines = _RowLines(text, delimiter)
    number = 0
    if is_said:
        number += 1
        text.readline()
        yield TableRow(number, ())
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        check_cancelled()
        number += 1
        lines.begin_row(number)
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableSheet(f"row {number} cannot be read ({error}): does a quote not end?") from None
        if number > MAX_SHEET_ROWS:
            raise UnreadableSheet(f"more than {MAX_SHEET_ROWS} rows, blank ones included; send it in parts")
        yield TableRow(number, tuple(_unguard(cell.strip()) for cell in cells[: MAX_COLUMNS + 1]))


class _RowLines:
    """The lines of a text, of which a row may have so many characters and delimiters.

    The reader takes a row in one step, for which no other thread runs: 20 MB of commas were 0.4 s, and 460 MB.
    """

    def __init__(self, text: io.TextIOWrapper, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self._number = self._characters = self._delimiters = 0

    def begin_row(self, number: int) -> None:
        self._number, self._characters, self._delimiters = number, 0, 0

    def __iter__(self) -> _RowLines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_MAX_ROW_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self._characters += len(line)
        self._delimiters += line.count(self._delimiter)
        if self._characters > _MAX_ROW_CHARACTERS or self._delimiters > _MAX_ROW_DELIMITERS:
            raise UnreadableSheet(f"row {self._number} is longer than that of any table: does a quote not end?")
        return line


def _unguard(text: str) -> str:
    """The text without the apostrophe that keeps it from being a formula: our own files come back."""
    return text[1:] if text.startswith("'") and guard_formula(text[1:]) == text else text


def is_broken(text: str) -> bool:
    """Whether characters were lost when this was decoded."""
    return _BROKEN in text or any("\ud800" <= character <= "\udfff" for character in text)


def _open_text(data: bytes, encoding: str | None) -> io.TextIOWrapper:
    """The file as text, which is decoded as it is read: a whole text of 20 MB took 200 MB."""
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    # A byte order mark takes precedence over the encoding that was given.
    encoding = marked or encoding or _guess_encoding(data)
    if encoding == "utf-16" and marked is None:
        encoding = "utf-16-be" if data[:1] == b"\x00" else "utf-16-le"
    # What is no character stays in its cell, so that its row can be named.
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return io.TextIOWrapper(io.BytesIO(data), encoding, errors, newline="")


def _guess_encoding(data: bytes) -> str:
    """UTF-16 where every other byte is NUL, as in Latin letters of it; else UTF-8. Code pages are asked for."""
    beginning = data[:_LOOKED_AT_BYTES]
    halves = beginning[0::2], beginning[1::2]
    return "utf-16" if any(len(half) > 1 and half.count(0) > len(half) * 0.7 for half in halves) else "utf-8"


def _find_delimiter(text: str) -> str:
    """The delimiter that parts the first rows into the most columns, in more rows than any other."""

    def rate(delimiter: str) -> tuple[int, int]:
        beginning = io.StringIO(text, newline="")
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
