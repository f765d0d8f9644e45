"""Models of imports. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID
from msgspec import Struct, field

from plimsoll_client.models.event_parts_bodies import ColumnMap
from plimsoll_client.models.event_parts_bodies import SheetField


class ColumnMapKept(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column map that was kept."""

    events: list[UUID] | None = None
    id: UUID
    map: ColumnMap
    name: str
    position: int | None = None
    version: int


class ColumnMaps(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The column maps that the organisation keeps."""

    maps: list[KeptColumnMap]


class ImportRefused(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem (RFC 9457) with an import's counts; `errors` names every bad row by line, field and rule."""

    accepted: int
    already: int
    code: str
    detail: str
    dry_run: bool = False
    errors: list[ImportRowError]
    instance: str
    refused: int
    status: int
    title: str
    type: str


class ImportResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an import's rows, and from where on a read contains them."""

    accepted: int
    already: int
    dry_run: bool = False
    errors: list[ImportRowError] = []
    position: int | None = None
    refused: int = 0


class ImportRowError(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why one line was not taken."""

    allowed: list[str] = []
    code: str
    detail: str
    field: str | None = None
    line: int


class KeptColumnMap(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one of the organisation's spreadsheets is read, by a name."""

    map: ColumnMap
    name: str


class SheetCellProblem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a row cannot be taken, and in which column."""

    allowed: list[str] = []
    code: str
    column: str | None = None
    detail: str
    field: SheetField | None = None
    setting: str | None = None
    word: str | None = None


class SheetQuestion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the map has to say before some cells can be read."""

    allowed: list[str] = []
    column: str | None = None
    detail: str
    field: SheetField | None = None
    rows: int
    setting: str


class SheetRefused(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem (RFC 9457) with a sheet's verdicts: those of refused rows say what is wrong, by column."""

    accepted: int
    changed: int
    code: str
    detail: str
    dry_run: bool = False
    headings: list[str]
    instance: str
    kept: bool
    map: ColumnMap
    new: int
    position: int | None = None
    questions: list[SheetQuestion] = []
    refused: int
    rows: int
    skipped: int
    status: int
    title: str
    type: str
    unchanged: int
    verdicts: list[SheetRowVerdict] = []


class SheetResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a sheet, row by row."""

    accepted: int
    changed: int
    dry_run: bool = False
    headings: list[str]
    kept: bool
    map: ColumnMap
    new: int
    position: int | None = None
    questions: list[SheetQuestion] = []
    refused: int
    rows: int
    skipped: int
    unchanged: int
    verdicts: list[SheetRowVerdict] = []


class SheetRowVerdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of one row."""

    acts: list[str] = []
    goal: str | None = None
    not_taken: list[SheetField] = []
    problems: list[SheetCellProblem] = []
    row: int
    verdict: SheetVerdict


SheetVerdict = str
