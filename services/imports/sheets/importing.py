"""The import of a spreadsheet: read, planned, decided by the import of acts, and a verdict for each row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from domain.errors import InvalidField
from domain.organisation.column_map import ColumnMap, RowStatus, SheetField
from domain.organisation.organisation import Organisation
from services.imports.importer import ImportResult, Progress, RowError, build_import_receipt, import_lines
from services.imports.rows import WATERMARK
from services.imports.sheets.acts import SheetAct
from services.imports.sheets.csv_tables import read_csv
from services.imports.sheets.headings import find_headings, guess_columns
from services.imports.sheets.identity import name_goals
from services.imports.sheets.planning import PlannedRow, Planner, SheetPlan
from services.imports.sheets.records import CellProblem, Record, RecordReader
from services.imports.sheets.tables import MAX_FILE_BYTES, MAX_ROWS, WORKBOOK_MAGIC, TableRow, UnreadableSheet
from services.imports.sheets.verdicts import (
    RowVerdict,
    SheetResult,
    SheetVerdict,
    collect_questions,
    count_verdicts,
    format_refused_rows,
)

if TYPE_CHECKING:
    from uuid import UUID

    from ledger.api_keys import Principal
    from services.runtime import Runtime

F = SheetField
_NEEDED = {F.TITLE: "which column holds the title?", F.OWNER: "which column says whose goal it is?"}


class Sheet(msgspec.Struct, frozen=True):
    """A sheet as it was read: its headings, its rows that are not blank, and the map by which it is read."""

    headings: tuple[str, ...]
    rows: tuple[TableRow, ...]
    map: ColumnMap


def parse_watermark(text: str | None) -> datetime | None:
    """The source's watermark as an instant; raises `InvalidField` for a text that is no instant with an offset."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidField("an RFC 3339 instant with its offset", pointer="/watermark")
    return found


class ImportedSheet(msgspec.Struct, frozen=True):
    """What became of a sheet, and the records that the refused rows are written from."""

    result: SheetResult
    records: tuple[Record, ...]

    def format_refused_rows(self) -> bytes:
        """The refused rows as CSV, each with what is wrong."""
        return format_refused_rows(self.result.headings, self.records, self.result.verdicts)


class SheetOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a sheet is imported."""

    dry_run: bool = False
    #: Keep the good rows, each with all of its acts or none.
    partial: bool = False
    #: The map's source has reported everything up to here.
    watermark: datetime | None = None


def read_sheet(data: bytes, chosen: ColumnMap) -> Sheet:
    """The sheet, with the columns that are recognised where the map names none.

    Raises UnreadableSheet for what is no table, and for more than the limits allow.
    """
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableSheet(f"larger than {MAX_FILE_BYTES} bytes; send it in parts")
    rows = _read_rows(data, chosen)
    headings, ahead = find_headings(rows, chosen)
    filled = [row for row in ahead if not row.is_blank]
    for row in rows:
        if row.is_blank:
            continue
        filled.append(row)
        if len(filled) > MAX_ROWS:
            raise UnreadableSheet(f"more than {MAX_ROWS} rows; send it in parts")
    if not chosen.columns:
        chosen = msgspec.structs.replace(chosen, columns=guess_columns(headings.names))
    return Sheet(headings.names, tuple(filled), chosen)


def _read_rows(data: bytes, chosen: ColumnMap) -> Iterator[TableRow]:
    if data.startswith(WORKBOOK_MAGIC):
        from services.imports.sheets.workbooks import read_workbook  # noqa: PLC0415 - 150 ms, for a workbook alone

        return read_workbook(data, worksheet=chosen.worksheet)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableSheet("an old Excel workbook (XLS): save it as XLSX or CSV")
    return read_csv(data, encoding=chosen.encoding, delimiter=chosen.delimiter)


def import_sheet(  # noqa: PLR0913 - who imports what, and how
    runtime: Runtime,
    organisation_id: UUID,
    sheet: Sheet,
    *,
    principal: Principal,
    options: SheetOptions,
    is_operator: bool = False,
    progress: Progress | None = None,
) -> ImportedSheet:
    """Import a sheet's rows as acts, by the same rules and rights as `import_lines`: all of them or none.

    Raises InvalidField for a map that does not fit the sheet; what is wrong with a row is in its verdict.
    """
    records, plan = _plan(runtime, organisation_id, sheet, options)
    run = _SheetRun(runtime, organisation_id, sheet.map, principal, is_operator=is_operator, progress=progress)
    done = run.run(plan, options)
    verdicts = tuple(sorted((_judge(row) for row in plan.rows), key=lambda each: each.row))
    receipt = build_import_receipt(runtime, organisation_id, done)
    is_kept = not options.dry_run and done.accepted > 0
    counts = count_verdicts(verdicts)
    result = SheetResult(
        rows=len(records),
        **counts,
        kept=is_kept,
        accepted=done.accepted,
        dry_run=options.dry_run,
        position=receipt.position,
        map=sheet.map,
        headings=sheet.headings,
        questions=collect_questions(verdicts),
        verdicts=verdicts,
    )
    return ImportedSheet(result, tuple(records))


def _plan(
    runtime: Runtime, organisation_id: UUID, sheet: Sheet, options: SheetOptions
) -> tuple[list[Record], SheetPlan]:
    for field, words in _NEEDED.items():
        if field not in sheet.map.columns and field not in sheet.map.defaults:
            allowed = tuple(name[:200] for name in sheet.headings if name)
            raise InvalidField(words, pointer=f"/columns/{field}", allowed=allowed)
    if options.watermark is not None and sheet.map.source is None:
        raise InvalidField("a watermark is a source's: name it", pointer="/source")
    organisation = runtime.ledger.load(organisation_id, "organisation", organisation_id)
    zone = ZoneInfo(organisation.zone if isinstance(organisation, Organisation) else "UTC")
    reader = RecordReader(sheet.map, sheet.headings, sheet.rows, zone)
    records = [reader.read(row) for row in sheet.rows]
    name_goals((record for record in records if record.status is not RowStatus.SKIP), sheet.map)
    planner = Planner(runtime, organisation_id, sheet.map, zone=zone, base=runtime.clock())
    return records, planner.plan(records)


class _Line(msgspec.Struct, frozen=True, gc=False):
    """One line of the import, and the rows that fall with it."""

    act: SheetAct
    rows: tuple[PlannedRow, ...]


class _SheetRun:
    """The import of a plan's acts."""

    def __init__(
        self,
        runtime: Runtime,
        organisation_id: UUID,
        chosen: ColumnMap,
        principal: Principal,
        *,
        is_operator: bool,
        progress: Progress | None,
    ) -> None:
        self._runtime = runtime
        self._organisation_id = organisation_id
        self._map = chosen
        self._principal = principal
        self._is_operator = is_operator
        self._progress = progress

    def run(self, plan: SheetPlan, options: SheetOptions) -> ImportResult:
        """Import what can be; problems that the rules find are added to the rows' records."""
        is_bad = any(row.record.problems for row in plan.rows)
        if not options.partial:
            done = self._import(plan, options, dry_run=options.dry_run or is_bad)
            # One row that cannot be read, and nothing is kept: the others were decided for their verdicts alone.
            return msgspec.structs.replace(done, accepted=0, already=0) if is_bad else done
        # A row is kept with all of its acts or with none: one with a refused act is left out, and what rests on it.
        while True:
            tried = self._import(plan, options, dry_run=True)
            if not tried.refused:
                break
        if options.dry_run:
            return tried
        return self._import(plan, options, dry_run=False)

    def _import(self, plan: SheetPlan, options: SheetOptions, *, dry_run: bool) -> ImportResult:
        lines = self._list_lines(plan, options)
        result = import_lines(
            self._runtime,
            self._organisation_id,
            (msgspec.json.encode(line.act.row) for line in lines),
            principal=self._principal,
            source=self._map.source,
            dry_run=dry_run,
            is_operator=self._is_operator,
            progress=self._progress,
            max_errors=len(lines),
        )
        for error in result.errors:
            line = lines[error.line - 1]
            for row in line.rows:
                # What follows in its row fails for the first refusal.
                if not row.record.problems:
                    row.record.problems.append(self._describe(error, line.act))
        return result

    def _list_lines(self, plan: SheetPlan, options: SheetOptions) -> list[_Line]:
        """The acts of the rows without problems, and the set-ups that these need."""
        good = {row.record.number: row for row in plan.rows if not row.record.problems}
        lines = [
            _Line(set_up.act, tuple(good[number] for number in sorted(set_up.rows) if number in good))
            for set_up in plan.set_ups
            if not set_up.rows.isdisjoint(good)
        ]
        lines += [_Line(act, (row,)) for row in plan.rows if not row.record.problems for act in row.acts]
        if options.watermark is not None:
            watermark = {"at": options.watermark.isoformat(), "do": WATERMARK, "source": self._map.source}
            lines.append(_Line(SheetAct(watermark, F.ID, None), ()))
        return lines

    def _describe(self, error: RowError, act: SheetAct) -> CellProblem:
        field = find_field(error.field or "", act)
        return CellProblem(
            column=self._map.columns.get(field) if field else None,
            field=field,
            code=error.code,
            detail=error.detail,
            allowed=error.allowed,
        )


def _judge(row: PlannedRow) -> RowVerdict:
    record = row.record
    ref = record.ref or None
    if record.problems:
        return RowVerdict(row=record.number, verdict=SheetVerdict.REFUSED, goal=ref, problems=tuple(record.problems))
    if record.status is RowStatus.SKIP:
        return RowVerdict(row=record.number, verdict=SheetVerdict.SKIPPED)
    verdict = SheetVerdict.UNCHANGED if not row.acts else SheetVerdict.CHANGED if row.is_known else SheetVerdict.NEW
    return RowVerdict(
        row=record.number,
        verdict=verdict,
        goal=ref,
        acts=tuple(act.row["do"] for act in row.acts),
        not_taken=tuple(row.not_taken),
    )


#: Where a refusal of an act points -> the field of the sheet that it came from.
_FIELDS = {
    "/title": F.TITLE,
    "/goal": F.ID,
    "/owner": F.OWNER,
    "/member": F.OWNER,
    "/sponsor": F.SPONSOR,
    "/lead": F.TEAM,
    "/team": F.TEAM,
    "/name": F.TEAM,
    "/description": F.DESCRIPTION,
    "/tags": F.TAGS,
    "/progress": F.PROGRESS,
    "/confidence": F.CONFIDENCE,
    "/note": F.NOTE,
    "/value": F.CURRENT,
    "/outcome": F.OUTCOME,
    "/conditions": F.CONDITIONS,
    "/measure/unit": F.MEASURE,
    "/measure/baseline": F.BASELINE,
    "/measure": F.TARGET,
    "/effort_hours": F.EFFORT,
    "/priority": F.PRIORITY,
    "/kind": F.KIND,
    "/supports": F.PARENT,
    "/start": F.START,
    "/due": F.DUE,
}


def find_field(pointer: str, act: SheetAct) -> SheetField | None:
    """The field that a refusal of this act is about; None where it is about the row as a whole."""
    if pointer == "/by":
        return act.by
    if pointer == "/at":
        return act.at
    if pointer == "/do":
        # Whether it may be said at all: of a goal that is its day of agreement, of a member or team who it is.
        return act.at if act.row["do"].startswith("goal.") else act.by
    pointer = pointer.removeprefix("/terms").removeprefix("/changes")
    return next(
        (field for start, field in _FIELDS.items() if pointer == start or pointer.startswith(f"{start}/")), None
    )
