"""`plimsoll import` of a spreadsheet: the map that is named and what options say otherwise; verdicts in words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from domain.errors import InvalidField
from domain.organisation.column_map import ColumnMap
from domain.organisation.organisation import KeepColumnMap, Organisation
from ledger.api_keys import Principal
from ledger.commands import Command
from services.console import CommandFailed, WrongUsage
from services.imports.sheets.importing import ImportedSheet, SheetOptions, import_sheet, parse_watermark, read_sheet
from services.imports.sheets.tables import MAX_FILE_BYTES, WORKBOOK_MAGIC
from services.imports.sheets.verdicts import SheetResult, SheetVerdict, describe_problem

if TYPE_CHECKING:
    from services.console import Console
    from services.runtime import Runtime

#: What a table of acts has besides others.
_ACT_HEADINGS = {"at", "do"}
_NO_NAME = re.compile(r"[^\w.]+")
_SUFFIXES = (".csv", ".tsv", ".xlsx")
#: Rows that are listed in words; `--json` lists all.
_MAX_SHOWN_ROWS = 50
_PAIRS = {"column": "columns", "default": "defaults"}
_NOT_OF_THE_MAP = ("map", "keep_map", "watermark", "refused", *_PAIRS)


def is_sheet(file: str, beginning: bytes, options: dict[str, Any]) -> bool:
    """Whether the file is to be read as a spreadsheet: by its name, its beginning, or because options say how.

    A table whose rows are acts is none: it holds no goals.
    """
    if not options and set(_NO_NAME.split(beginning.partition(b"\n")[0].decode(errors="replace"))) >= _ACT_HEADINGS:
        return False
    return bool(options) or Path(file).suffix.lower() in _SUFFIXES or beginning.startswith(WORKBOOK_MAGIC)


def import_file(  # noqa: PLR0913 - a file, who imports it, and how
    runtime: Runtime,
    console: Console,
    opened: BinaryIO,
    *,
    principal: Principal,
    options: dict[str, Any],
    source: str | None,
    partial: bool,
    dry_run: bool,
) -> int:
    """Import a sheet and print what became of its rows. Exit code 1 where a row was refused."""
    organisation = runtime.ledger.load(principal.organisation_id, "organisation", principal.organisation_id)
    chosen = _build_map(organisation, options, source)
    sheet = read_sheet(opened.read(MAX_FILE_BYTES + 1), chosen)
    try:
        watermark = parse_watermark(options.get("watermark"))
    except InvalidField as error:
        raise WrongUsage(f"--watermark {options['watermark']}: {error.detail}") from None
    how = SheetOptions(dry_run=dry_run, partial=partial, watermark=watermark)
    with console.progress("importing") as progress:
        done = import_sheet(
            runtime,
            principal.organisation_id,
            sheet,
            principal=principal,
            options=how,
            is_operator=True,
            progress=progress,
        )
    if "keep_map" in options and not dry_run:
        _keep_map(runtime, principal, options["keep_map"], done.result.map)
    if "refused" in options:
        _write_refused_rows(Path(options["refused"]), done)
    console.print_result(done.result, _format_result(done.result))
    return 1 if done.result.refused else 0


def _build_map(organisation: Organisation | None, options: dict[str, Any], source: str | None) -> ColumnMap:
    """The map that was named, with what options say otherwise. Raises WrongUsage, CommandFailed."""
    given: dict[str, Any] = _read_map(organisation, options["map"]) if "map" in options else {}
    given |= {name: value for name, value in options.items() if name not in _NOT_OF_THE_MAP}
    for name, setting in _PAIRS.items():
        pairs = dict(_parse_pair(name, text) for text in options.get(name, ()))
        if pairs:
            given[setting] = given.get(setting, {}) | pairs
    if source is not None:
        given["source"] = source
    try:
        return msgspec.convert(given, ColumnMap)
    except msgspec.ValidationError as error:
        raise WrongUsage(f"the column map: {error}") from None


def _read_map(organisation: Organisation | None, named: str) -> dict[str, Any]:
    kept = organisation.column_map(named) if organisation is not None else None
    if kept is not None:
        found: dict[str, Any] = msgspec.to_builtins(kept)
        return found
    try:
        text = Path(named).read_bytes()
    except OSError:
        names = [each.name for each in organisation.column_maps] if organisation is not None else []
        known = f" (kept: {', '.join(names)})" if names else ""
        raise CommandFailed(f"no file and no kept column map is called {named!r}{known}") from None
    try:
        found = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{named} is no column map: {error}") from None
    return found


def _parse_pair(option: str, text: str) -> tuple[str, str]:
    field, equals, value = text.partition("=")
    if not equals:
        raise WrongUsage(f"--{option} {text}: FIELD=TEXT, such as due=Deadline")
    return field.strip(), value


def _keep_map(runtime: Runtime, principal: Principal, name: str, chosen: ColumnMap) -> None:
    runtime.handle(
        Command(
            organisation_id=principal.organisation_id,
            kind="organisation",
            stream_id=principal.organisation_id,
            act=KeepColumnMap(name=name, map=chosen),
            actor=principal.member_id,
            key_id=principal.key_id,
            roles=frozenset({"steward"}),
        )
    )


def _write_refused_rows(path: Path, done: ImportedSheet) -> None:
    try:
        path.write_bytes(done.format_refused_rows())
    except OSError as error:
        raise CommandFailed(f"cannot write {path}: {error.strerror}") from None


def _format_result(result: SheetResult) -> str:
    would = "would be " if result.dry_run else ""
    counted = f"{result.rows} rows: {result.new} {would}new, {result.changed} {would}changed"
    lines = [f"{counted}, {result.unchanged} unchanged, {result.skipped} skipped, {result.refused} refused"]
    if result.refused and not result.kept and not result.dry_run:
        lines[0] += ": nothing was kept"
    columns = ", ".join(f"{field}={heading}" for field, heading in result.map.columns.items())
    lines.append(f"columns: {columns}")
    lines += [
        f"asked: --{each.setting.replace('_', '-')} {'|'.join(each.allowed)}".rstrip()
        + f": {each.detail} ({each.rows} rows)"
        for each in result.questions
    ]
    refused = [each for each in result.verdicts if each.verdict is SheetVerdict.REFUSED]
    for each in refused[:_MAX_SHOWN_ROWS]:
        lines += [f"row {each.row}: {describe_problem(problem)}" for problem in each.problems]
    if len(refused) > _MAX_SHOWN_ROWS:
        lines.append(f"... and {len(refused) - _MAX_SHOWN_ROWS} more; --json and --refused list them")
    untaken = [each for each in result.verdicts if each.not_taken]
    for each in untaken[:_MAX_SHOWN_ROWS]:
        lines.append(f"row {each.row}: not taken: {', '.join(each.not_taken)} (not promised yet, or over)")
    return "\n".join(lines)
