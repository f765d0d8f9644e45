"""A table as it was read: rows of cells with their numbers in the sheet."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from domain.errors import InvalidField

#: Rows below the headings that one import takes; blank ones do not count.
MAX_ROWS = 20_000
#: All rows of a sheet, blank ones too.
MAX_SHEET_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 10_000
#: Of the file as it is sent; of a workbook also what its parts come to once unpacked.
MAX_FILE_BYTES = 20_000_000
MAX_UNPACKED_BYTES = 100_000_000
#: How a workbook (XLSX) begins, as every ZIP archive.
WORKBOOK_MAGIC = b"PK\x03\x04"


class UnreadableSheet(InvalidField):
    """The file is no table that can be read."""


class Percent(NamedTuple):
    """A number that a workbook shows with a per cent sign: 0.3 for 30 %."""

    share: Decimal


#: A text as it was typed, or what a workbook says of the cell's type.
Cell: TypeAlias = str | Decimal | date | Percent


class TableRow(NamedTuple):
    """One row: its number in the sheet, from 1, and its cells."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def is_blank(self) -> bool:
        return not any(cell if isinstance(cell, str) else True for cell in self.cells)


def cell_text(cell: Cell) -> str:
    """What the cell says, as a text."""
    if isinstance(cell, Percent):
        return f"{format_number(cell.share * 100)}%"
    if isinstance(cell, Decimal):
        return format_number(cell)
    return cell if isinstance(cell, str) else cell.isoformat()


def format_number(number: Decimal) -> str:
    text = format(number.normalize(), "f")
    return "0" if text == "-0" else text
