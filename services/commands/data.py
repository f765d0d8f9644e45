"""`plimsoll import`, `plimsoll seed` and `plimsoll export`: histories in, marts out."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

import msgspec

from ledger.api_keys import Principal
from ledger.errors import LedgerNotMigrated
from services import runtime as composition
from services.commands import sheets
from services.commands.store import DEFAULT_ORGANISATION, find_organisation
from services.console import CommandFailed
from services.exports.errors import FolderRefused, FormatUnavailable
from services.exports.exporting import ExportQuery, export_mart
from services.exports.folder import export_folder
from services.imports.importer import ImportResult, build_import_receipt, import_lines
from services.imports.rows import iter_lines
from services.imports.sheets.tables import WORKBOOK_MAGIC
from services.organisations import create_organisation, list_keys
from services.runtime import Runtime
from services.seed.scale import parse_scale, scale_rows

if TYPE_CHECKING:
    from uuid import UUID

    from services.console import Console
    from services.settings import Settings

#: Of the folder of a dry run's throw-away store; its process' id follows.
_DRY_RUN_PREFIX = "plimsoll-dry-run-"
#: Reference of the steward whom an import into an empty store joins.
DEFAULT_STEWARD = "steward"
#: Bad rows that are listed in words; `--json` lists all.
_MAX_SHOWN_ERRORS = 50


def import_file(
    settings: Settings,
    console: Console,
    *,
    file: str,
    organisation: str | None,
    source: str | None,
    partial: bool,
    dry_run: bool,
    sheet: dict[str, Any],
) -> int:
    """Import NDJSON, plain or gzipped, or a spreadsheet: all rows or none, unless `partial`.

    Exit code 1 where a row was refused. `sheet`: the options that say how a spreadsheet is read.
    """
    with _open_input(file) as opened:
        how = _ImportOptions(organisation, source, partial=partial, dry_run=dry_run)
        if sheets.is_sheet(file, opened.peek(len(WORKBOOK_MAGIC)), sheet):
            return _import_sheet(settings, console, opened, how, sheet)
        # The first line is read before the store is touched: a file that holds no acts founds nothing.
        return _import(settings, console, _read_ahead(iter_lines(opened)), how)


def seed(
    settings: Settings, console: Console, *, scale: str, today: date | None, organisation: str | None, rows: bool
) -> int:
    """Import a made-up organisation whose history ends on the eve of `today` (UTC), or print its rows.

    Raises `InvalidField` for a scale that is none.
    """
    found = scale_rows(parse_scale(scale), today or datetime.now(UTC).date())
    lines = (msgspec.json.encode(row) for row in found)
    if not rows:
        return _import(settings, console, lines, _ImportOptions(organisation))
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
    return 0


class _ImportOptions(NamedTuple):
    organisation: str | None
    source: str | None = None
    partial: bool = False
    dry_run: bool = False


def _import(settings: Settings, console: Console, lines: Iterable[bytes], how: _ImportOptions) -> int:
    with _open_store(settings, dry_run=how.dry_run) as runtime:
        tenant = _resolve_organisation(runtime, console, how.organisation, quiet=how.dry_run)
        with console.progress("importing") as progress:
            result = import_lines(
                runtime,
                tenant,
                lines,
                principal=_find_importer(runtime, tenant),
                is_operator=True,
                source=how.source,
                partial=how.partial,
                dry_run=how.dry_run,
                progress=progress,
            )
        receipt = build_import_receipt(runtime, tenant, result)
    console.print_result(receipt, _format_result(result))
    return 1 if result.refused else 0


def _import_sheet(
    settings: Settings, console: Console, opened: BinaryIO, how: _ImportOptions, options: dict[str, Any]
) -> int:
    with _open_store(settings, dry_run=how.dry_run) as runtime:
        tenant = _resolve_organisation(runtime, console, how.organisation, quiet=how.dry_run)
        # Members and teams are found by their names, as the read models know them.
        runtime.engine.catch_up()
        return sheets.import_file(
            runtime,
            console,
            opened,
            principal=_find_importer(runtime, tenant),
            options=options,
            source=how.source,
            partial=how.partial,
            dry_run=how.dry_run,
        )


def _read_ahead(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The same lines, the first of which has been read."""
    return chain(list(islice(lines, 1)), lines)


@contextmanager
def _open_input(file: str) -> Iterator[BufferedReader]:
    if file == "-":
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    try:
        source = Path(file).open("rb")  # noqa: SIM115 - closed below; only opening it may fail like this
    except OSError as error:
        raise CommandFailed(f"cannot read {file}: {error.strerror}") from None
    with source:
        yield source


@contextmanager
def _open_store(settings: Settings, *, dry_run: bool) -> Iterator[Runtime]:
    """The store, migrated where it is empty; a dry run on an empty store takes a throw-away one instead."""
    remove_leftovers()
    with tempfile.TemporaryDirectory(prefix=f"{_DRY_RUN_PREFIX}{os.getpid()}-") as scratch:
        try:
            opened = Runtime.open(settings)
        except LedgerNotMigrated:
            if dry_run:
                settings = msgspec.structs.replace(settings, database_url=f"sqlite:///{scratch}/store", redis_url=None)
            composition.migrate(settings)
            opened = Runtime.open(settings)
        with opened as runtime:
            yield runtime


def remove_leftovers() -> None:
    """Remove the throw-away stores of dry runs that were killed: they hold the rows as plain text."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_DRY_RUN_PREFIX}*"):
        pid = folder.name.removeprefix(_DRY_RUN_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _resolve_organisation(runtime: Runtime, console: Console, organisation: str | None, *, quiet: bool) -> UUID:
    """The organisation to import into; an empty store gets it founded."""
    if runtime.ledger.head() > 0:
        return find_organisation(runtime, organisation)
    founded = create_organisation(runtime, organisation or DEFAULT_ORGANISATION, steward=DEFAULT_STEWARD)
    if not quiet:
        console.print_note(f"created organisation {founded.organisation}; its steward's key, shown this once:")
        console.print_note(founded.api_key)
    return founded.organisation_id


def _find_importer(runtime: Runtime, organisation_id: UUID) -> Principal:
    """Who imports: the holder of the oldest valid key with the import scope, of one with `admin` before others."""
    now = runtime.clock()
    for key in sorted(list_keys(runtime, organisation_id), key=lambda key: ("admin" not in key.scopes, key.created_at)):
        if "import" in key.scopes and key.revoked_at is None and key.ended_at is None and key.expires_at > now:
            return Principal(
                key_id=key.key_id,
                organisation_id=organisation_id,
                member_id=key.member_id,
                scopes=frozenset(key.scopes),
            )
    raise CommandFailed("no valid key has the scope `import`; make one with: plimsoll keys create --scope import")


def _format_result(result: ImportResult) -> str:
    verb = "would be accepted" if result.dry_run else "accepted"
    lines = [f"{result.accepted} {verb}, {result.already} already there, {result.refused} refused"]
    if result.refused and not result.accepted:
        lines[0] += ": nothing was kept"
    for error in result.errors[:_MAX_SHOWN_ERRORS]:
        where = f" {error.field}" if error.field else ""
        allowed = f" (allowed: {', '.join(error.allowed)})" if error.allowed else ""
        lines.append(f"line {error.line}{where}: {error.code}: {error.detail}{allowed}")
    if result.refused > _MAX_SHOWN_ERRORS:
        lines.append(f"... and {result.refused - _MAX_SHOWN_ERRORS} more; --json lists them")
    return "\n".join(lines)


def export(settings: Settings, console: Console, query: ExportQuery, *, organisation: str | None, output: str) -> int:
    """Write one mart, from the views brought up to date, to a file (whole or not at all) or to stdout."""
    with _open_followed(settings, console) as runtime, _export_failures():
        tenant = find_organisation(runtime, organisation)
        target = None if output == "-" else Path(output)
        summary = export_mart(runtime, tenant, query, output=target)
    words = f"{summary.rows} rows of {summary.mart} up to position {summary.position}"
    if output == "-":
        console.print_note(words)
    else:
        console.print_result(summary, f"{words} in {output}")
    return 0


def export_all(
    settings: Settings, console: Console, query: ExportQuery, *, organisation: str | None, folder: str
) -> int:
    """Write every mart, all of one position, to a folder that others read as one database."""
    with _open_followed(settings, console) as runtime, _export_failures():
        tenant = find_organisation(runtime, organisation)
        with console.progress("exporting") as progress:
            summary = export_folder(runtime, tenant, query, Path(folder), progress=progress)
    rows = sum(mart.rows for mart in summary.marts)
    words = f"{len(summary.marts)} marts, {rows} rows, at position {summary.position} in {folder}. With DuckDB try:"
    console.print_result(summary, f"{words}\n\n{summary.try_}")
    return 0


@contextmanager
def _open_followed(settings: Settings, console: Console) -> Iterator[Runtime]:
    """The store, with its views brought up to date."""
    with Runtime.open(settings) as runtime:
        with console.progress("following the log"):
            runtime.engine.catch_up()
        yield runtime


@contextmanager
def _export_failures() -> Iterator[None]:
    try:
        yield
    except (FormatUnavailable, FolderRefused) as error:
        raise CommandFailed(str(error)) from None
