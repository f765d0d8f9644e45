"""What becomes of a sheet's rows, and what is asked before its cells can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from domain.organisation.column_map import ColumnMap, SheetField
from services.csv_text import format_csv_row
from services.imports.sheets.records import CellProblem, Record
from services.imports.sheets.tables import cell_text

_PROBLEM_HEADING = "Problem"


class SheetVerdict(StrEnum):
    """What becomes of a row."""

    #: Its goal begins.
    NEW = "new"
    #: Something is said of a goal that there is.
    CHANGED = "changed"
    #: It says nothing that was not said before.
    UNCHANGED = "unchanged"
    #: Its status says that it is left out.
    SKIPPED = "skipped"
    REFUSED = "refused"


class RowVerdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of one row."""

    #: Its number in the sheet, from 1, headings and blank rows included.
    row: int
    verdict: SheetVerdict
    #: The goal's reference.
    goal: str | None = None
    #: What is done, in order.
    acts: tuple[str, ...] = ()
    #: Fields of which the row says something that is not taken: the goal was not promised yet, or is over.
    not_taken: tuple[SheetField, ...] = ()
    problems: tuple[CellProblem, ...] = ()


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the map has to say before some cells can be read."""

    setting: str
    column: str | None = None
    field: SheetField | None = None
    #: Of the first cell.
    detail: str
    allowed: tuple[str, ...] = ()
    #: How many rows wait for it.
    rows: int


class SheetResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a sheet, row by row."""

    #: Rows below the headings that are not blank.
    rows: int
    new: int
    changed: int
    unchanged: int
    skipped: int
    refused: int
    #: Whether anything was recorded: no for a dry run, and where a row was refused and `partial` was not asked for.
    kept: bool
    #: Acts recorded, or of a dry run that would have been.
    accepted: int
    dry_run: bool = False
    #: A position of the organisation that holds all of them; None where nothing was kept.
    position: int | None = None
    #: The map as it was used, with the columns that were recognised.
    map: ColumnMap
    headings: tuple[str, ...]
    questions: tuple[Question, ...] = ()
    verdicts: tuple[RowVerdict, ...] = ()


def count_verdicts(verdicts: Iterable[RowVerdict]) -> dict[str, int]:
    """SheetVerdict -> how many rows have it, for each that there is."""
    counted = Counter(each.verdict for each in verdicts)
    return {verdict.value: counted[verdict] for verdict in SheetVerdict}


def collect_questions(verdicts: Iterable[RowVerdict]) -> tuple[Question, ...]:
    """What is asked, once for each setting and column."""
    first: dict[tuple[str, SheetField | None], CellProblem] = {}
    counted = Counter[tuple[str, SheetField | None]]()
    for verdict in verdicts:
        for problem in verdict.problems:
            if problem.setting is not None:
                key = (problem.setting, problem.field)
                first.setdefault(key, problem)
                counted[key] += 1
    return tuple(
        Question(
            setting=setting,
            column=problem.column,
            field=field,
            detail=problem.detail,
            allowed=problem.allowed,
            rows=counted[setting, field],
        )
        for (setting, field), problem in first.items()
    )


def format_refused_rows(headings: Sequence[str], records: Iterable[Record], verdicts: Iterable[RowVerdict]) -> bytes:
    """The refused rows as CSV, with what is wrong in a last column: to be mended and sent again."""
    refused = {each.row: each for each in verdicts if each.verdict is SheetVerdict.REFUSED}
    lines = [format_csv_row((*headings, _PROBLEM_HEADING))]
    for record in records:
        if record.number in refused:
            cells = [cell_text(cell) for cell in record.cells[: len(headings)]]
            cells += [""] * (len(headings) - len(cells))
            words = "; ".join(describe_problem(problem) for problem in refused[record.number].problems)
            lines.append(format_csv_row((*(clean(cell) for cell in cells), words)))
    return b"".join(lines)


def describe_problem(problem: CellProblem) -> str:
    """One line about a problem."""
    where = f"{problem.column}: " if problem.column else f"{problem.field}: " if problem.field else ""
    allowed = f" (allowed: {', '.join(problem.allowed)})" if problem.allowed else ""
    return f"{where}{problem.detail}{allowed}"


def clean(text: str) -> str:
    """The text without what no encoding has."""
    return text.encode("utf-8", "replace").decode()
