"""XLSX as a table: values as they were last computed, within bounds; nothing in it is run."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook

from ledger.cancellation import WorkCancelled, check_cancelled
from services.imports.sheets.tables import (
    MAX_COLUMNS,
    MAX_SHEET_ROWS,
    MAX_UNPACKED_BYTES,
    Cell,
    Percent,
    TableRow,
    UnreadableSheet,
)
from services.imports.sheets.workbook_bounds import require_bounded_parts

_MAX_PARTS = 2_000


def read_workbook(data: bytes, *, worksheet: str | None) -> Iterator[TableRow]:
    """The rows of one worksheet: the named one, or the first that shows.

    Raises UnreadableSheet for what is no workbook, for one that unpacks to too much, and for too many rows.
    """
    _require_bounded(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001 - what a broken archive leads to is the library's own matter
        raise UnreadableSheet(f"no workbook (XLSX) that can be read: {type(error).__name__}") from None
    try:
        yield from _iter_rows(_find_sheet(book, worksheet))
    except (UnreadableSheet, WorkCancelled):
        raise
    except Exception as error:  # noqa: BLE001 - as above; a broken part shows only when its rows are asked for
        raise UnreadableSheet(f"the worksheet cannot be read: {type(error).__name__}") from None
    finally:
        book.close()


def _require_bounded(data: bytes) -> None:
    """Look at the directory first: a part is never unpacked beyond the size that stands there."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise UnreadableSheet(f"a workbook unpacks to {MAX_UNPACKED_BYTES} bytes in {_MAX_PARTS} parts at most")
            require_bounded_parts(archive)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, OSError, EOFError):
        raise UnreadableSheet("no workbook (XLSX) that can be read: the archive is broken") from None


def _find_sheet(book: Any, worksheet: str | None) -> Any:
    sheets = list(book.worksheets)
    if worksheet is not None:
        found = next((sheet for sheet in sheets if sheet.title == worksheet), None)
        if found is None:
            raise UnreadableSheet(
                f"no worksheet is called {worksheet!r}", pointer="/worksheet", allowed=tuple(s.title for s in sheets)
            )
        return found
    shown = [sheet for sheet in sheets if sheet.sheet_state == "visible"] or sheets
    if not shown:
        raise UnreadableSheet("the workbook has no worksheet")
    return shown[0]


def _iter_rows(sheet: Any) -> Iterator[TableRow]:
    # The stated extent may be the whole grid: each row would be filled up to it.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), 1):
        check_cancelled()
        if number > MAX_SHEET_ROWS:
            raise UnreadableSheet(f"more than {MAX_SHEET_ROWS} rows, blank ones included; send it in parts")
        cells = [_read_cell(cell) for cell in row[: MAX_COLUMNS + 1]]
        while cells and cells[-1] == "":
            del cells[-1]
        yield TableRow(number, tuple(cells))


def _read_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        number = Decimal(repr(value)) if value == value and abs(value) < 10**15 else None  # noqa: PLR0124 - not NaN
        if number is None:
            return str(value)
        return Percent(number) if "%" in (cell.number_format or "") else number
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, date):
        return value
    if isinstance(value, time | timedelta):
        return str(value)
    return str(value).strip()
