"""Rows of a sheet as records: each cell read as what its column holds, with the problems of those that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from domain.errors import InvalidField
from domain.organisation.column_map import ColumnMap, RowStatus, SheetField
from services.imports.sheets.csv_tables import is_broken
from services.imports.sheets.headings import (
    PRIORITIES,
    STATUSES,
    find_column,
    guess_effort_unit,
    normalise_word,
)
from services.imports.sheets.tables import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    Cell,
    TableRow,
    cell_text,
    format_number,
)
from services.imports.sheets.values import (
    Ambiguous,
    DateReader,
    ShareReader,
    Unreadable,
    read_effort,
    read_number,
)

F = SheetField
DATES = (F.START, F.DUE, F.AGREED, F.UPDATED, F.CLOSED)
_KINDS = {
    **dict.fromkeys(("outcome", "objective", "goal"), "outcome"),
    **dict.fromkeys(("task", "key result", "initiative", "project", "epic", "story"), "task"),
}
_MAX_CONDITIONS = 7


class CellProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a row cannot be taken, and in which column."""

    #: The column's heading; None: of the row as a whole, or no column holds it.
    column: str | None = None
    field: SheetField | None = None
    code: str
    detail: str
    #: What would have been taken instead.
    allowed: tuple[str, ...] = ()
    #: The setting of the map that decides, where the cell can be read in two ways.
    setting: str | None = None
    #: The word that nothing says the meaning of.
    word: str | None = None


class Record(msgspec.Struct, gc=False):
    """One row below the headings."""

    number: int
    cells: tuple[Cell, ...]
    #: Field -> what its cell or default says, read; nothing for an empty one.
    values: dict[SheetField, Any] = {}
    problems: list[CellProblem] = []
    #: The goal's reference.
    ref: str = ""

    def get(self, field: SheetField) -> Any:
        return self.values.get(field)

    @property
    def status(self) -> RowStatus:
        status: RowStatus = self.values.get(F.STATUS, RowStatus.OPEN)
        return status


class RecordReader:
    """Reads rows by a map. What depends on a whole column (dates, shares) is looked at first."""

    def __init__(self, chosen: ColumnMap, headings: Sequence[str], rows: Sequence[TableRow], zone: ZoneInfo) -> None:
        """Raises InvalidField for a column that the sheet does not have, and for a format that is none."""
        self._map = chosen
        self._columns = {field: _require_column(headings, field, heading) for field, heading in chosen.columns.items()}
        self._statuses = STATUSES | {normalise_word(word): status for word, status in chosen.statuses.items()}
        self._priorities = PRIORITIES | {normalise_word(word): value for word, value in chosen.priorities.items()}
        effort = chosen.columns.get(F.EFFORT)
        self._effort_in = chosen.effort_in or (guess_effort_unit(effort) if effort else None)
        self._above: dict[SheetField, Cell] = {}
        self._readers: dict[SheetField, Callable[[Cell], Any]] = {
            **{field: self._date_reader(field, rows, zone) for field in DATES},
            **{field: self._share_reader(field, rows) for field in (F.PROGRESS, F.CONFIDENCE)},
            **dict.fromkeys((F.BASELINE, F.TARGET, F.CURRENT), self._read_quantity),
            F.EFFORT: lambda cell: format_number(
                read_effort(cell, self._effort_in, chosen.hours_per_day, chosen.decimal)
            ),
            F.STATUS: lambda cell: _find_word(cell, self._statuses, [s.value for s in RowStatus]),
            F.PRIORITY: lambda cell: _find_word(cell, self._priorities, ["critical", "important", "useful"]),
            F.KIND: lambda cell: _find_word(cell, _KINDS, ["outcome", "task"]),
            F.CONDITIONS: self._split_conditions,
            F.TAGS: lambda cell: _split(cell_text(cell), ",", ";"),
        }

    def read(self, row: TableRow) -> Record:
        """The row's record; whatever is wrong with a cell is among its problems."""
        record = Record(row.number, row.cells, {}, [])
        if len(row.cells) > MAX_COLUMNS:
            record.problems.append(CellProblem(code="invalid_field", detail=f"more than {MAX_COLUMNS} columns"))
            return record
        for field in F:
            cell = self._find_cell(field, row)
            if cell != "":
                self._read_cell(record, field, cell)
        return record

    def _find_cell(self, field: SheetField, row: TableRow) -> Cell:
        """The cell, the one above where it was merged, or the default."""
        index = self._columns.get(field)
        cell: Cell = row.cells[index] if index is not None and index < len(row.cells) else ""
        if field in self._map.fill_down:
            cell = self._above[field] = cell if cell != "" else self._above.get(field, "")
        return cell if cell != "" else self._map.defaults.get(field, "")

    def _read_cell(self, record: Record, field: SheetField, cell: Cell) -> None:
        column = self._map.columns.get(field)
        try:
            _require_text(cell)
            record.values[field] = self._readers.get(field, cell_text)(cell)
        except Ambiguous as error:
            record.problems.append(
                CellProblem(
                    column=column,
                    field=field,
                    code="ambiguous",
                    detail=str(error),
                    allowed=error.allowed,
                    setting=error.setting,
                )
            )
        except _UnknownWord as error:
            record.problems.append(
                CellProblem(
                    column=column,
                    field=field,
                    code="invalid_field",
                    detail=str(error),
                    allowed=error.allowed,
                    word=error.word,
                )
            )
        except Unreadable as error:
            record.problems.append(CellProblem(column=column, field=field, code="invalid_field", detail=str(error)))

    def _cells_of(self, field: SheetField, rows: Iterable[TableRow]) -> list[Cell]:
        index = self._columns.get(field)
        return [] if index is None else [row.cells[index] for row in rows if index < len(row.cells)]

    def _date_reader(self, field: SheetField, rows: Sequence[TableRow], zone: ZoneInfo) -> Callable[[Cell], Any]:
        form = self._map.date_formats.get(field, self._map.date_format)
        try:
            return DateReader(form, self._cells_of(field, rows), zone).read
        except Unreadable as error:
            raise InvalidField(str(error), pointer="/date_format") from None

    def _share_reader(self, field: SheetField, rows: Sequence[TableRow]) -> Callable[[Cell], Any]:
        reader = ShareReader(self._map.progress_in, self._cells_of(field, rows), self._map.decimal)
        return lambda cell: format_number(reader.read(cell))

    def _read_quantity(self, cell: Cell) -> str:
        return format_number(read_number(cell, self._map.decimal))

    def _split_conditions(self, cell: Cell) -> list[str]:
        found = _split(cell_text(cell), "\n", self._map.conditions_by)
        if len(found) > _MAX_CONDITIONS:
            raise Unreadable(f"{len(found)} conditions: a goal has {_MAX_CONDITIONS} at most")
        return found


class _UnknownWord(Unreadable):
    """A word that nothing says the meaning of."""

    def __init__(self, word: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"nothing says what {word!r} means here")
        self.word = word
        self.allowed = allowed


def _require_column(headings: Sequence[str], field: SheetField, heading: str) -> int:
    found = find_column(headings, heading)
    if found is None:
        raise InvalidField(
            f"the sheet has no column {heading!r}",
            pointer=f"/columns/{field}",
            allowed=tuple(name[:200] for name in headings[:MAX_COLUMNS] if name),
        )
    return found


def _require_text(cell: Cell) -> None:
    if not isinstance(cell, str):
        return
    if len(cell) > MAX_CELL_CHARACTERS:
        raise Unreadable(f"longer than {MAX_CELL_CHARACTERS} characters; does a quote not end?")
    if "\x00" in cell:
        raise Unreadable("the text holds the character NUL")
    if is_broken(cell):
        raise Ambiguous(
            "characters that are none in this encoding: in which one was the file saved?",
            "encoding",
            ("cp1252", "utf-8", "utf-16"),
        )


def _find_word(cell: Cell, words: dict[str, Any], allowed: Sequence[str]) -> Any:
    word = normalise_word(cell_text(cell))
    if word not in words:
        raise _UnknownWord(word[:60], tuple(allowed))
    return words[word]


def _split(text: str, *separators: str) -> list[str]:
    for separator in separators:
        text = text.replace(separator, "\n")
    return [part.strip() for part in text.splitlines() if part.strip()]
