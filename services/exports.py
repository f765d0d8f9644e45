"""Marts as files: NDJSON or CSV (RFC 4180), whole or not at all, incremental by position."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from domain.errors import InvalidField, NotFound
from projections.as_of import AsOf, resolve_as_of
from projections.marts import MARTS, Mart, MartColumn

if TYPE_CHECKING:
    from uuid import UUID

    from services.runtime import Runtime

FORMATS = ("ndjson", "csv")
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"^[+-]?[0-9]+(\.[0-9]+)?$")
_NEW_FILE_MODE = 0o666


class ExportSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What an export wrote."""

    mart: str
    rows: int
    #: The `after` of the next export.
    position: int
    output: str | None = None


def export_mart(
    runtime: Runtime, organisation_id: UUID, mart: str, *, form: str, after: int = 0, output: Path | None = None
) -> ExportSummary:
    """Write a mart's rows behind position `after` to `output` (None: stdout), as the views know them now.

    The file appears under its name only when it is whole. Raises `NotFound` for no such mart or organisation,
    `InvalidField` for a position that is not reached, and `OSError` where the file cannot be written.
    """
    view = resolve_as_of(runtime.database, runtime.ledger, organisation_id, now=runtime.clock())
    described = MARTS.get(mart)
    if described is None:
        raise NotFound(f"no mart {mart!r}", allowed=tuple(MARTS))
    position = view.position
    if not 0 <= after <= position:
        # Taken as it is, an export from another store's position would say that nothing is new, and that for good.
        detail = f"this organisation has not reached position {after}; it is at {position}"
        raise InvalidField(detail, pointer="/after", allowed=(f"0..{position}",))
    rows = 0
    with _open_output(output) as file:
        for part in encode_rows(described, described.rows(runtime.database, view, after), form=form):
            file.write(part)
            rows += 1
    rows -= form == "csv"
    return ExportSummary(mart=mart, rows=rows, position=position, output=None if output is None else str(output))


def stream_mart(runtime: Runtime, view: AsOf, mart: str, *, form: str, after: int) -> Iterator[bytes]:
    """The same, line by line, for an answer that is streamed. Raises `NotFound` for no such mart."""
    described = MARTS.get(mart)
    if described is None:
        raise NotFound(f"no mart {mart!r}", allowed=tuple(MARTS))
    return encode_rows(described, described.rows(runtime.database, view, after), form=form)


def encode_rows(mart: Mart, rows: Iterable[tuple[Any, ...]], *, form: str) -> Iterator[bytes]:
    """One part per row; CSV has a part with the names before them."""
    names = [column.name for column in mart.columns]
    if form == "csv":
        yield _format_csv_line(names)
        for row in rows:
            yield _format_csv_line(
                [_format_cell(value, column) for value, column in zip(row, mart.columns, strict=True)]
            )
    else:
        encoder = msgspec.json.Encoder()
        for row in rows:
            yield encoder.encode(dict(zip(names, row, strict=True))) + b"\n"


def _format_csv_line(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode()


def _format_cell(value: Any, column: MartColumn) -> str:
    """A cell's text; what a spreadsheet would run as a formula begins with an apostrophe, as it would have typed it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if column.type in ("text", "json") and text.startswith(_FORMULA_PREFIXES) and not _NUMBER.match(text):
        return f"'{text}"
    return text


@contextmanager
def _open_output(output: Path | None) -> Iterator[BinaryIO]:
    """A file that takes its name when it is complete and on disk; whatever had the name before stays until then."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    descriptor, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is its maker's alone; an exported one is as readable as any other new file.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(_NEW_FILE_MODE & ~mask)
        Path(name).replace(output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
