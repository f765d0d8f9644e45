"""Marts as files: NDJSON or CSV (RFC 4180), whole or not at all, incremental by position."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from domain.errors import InvalidField, NotFound
from domain.instants import encode_json
from projections.as_of import AsOf, resolve_as_of
from projections.marts import MARTS, Mart, MartColumn
from services.csv_text import format_csv_row

if TYPE_CHECKING:
    from uuid import UUID

    from services.runtime import Runtime

FORMATS = ("ndjson", "csv")
_NEW_FILE_MODE = 0o666


class ExportSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What an export wrote."""

    mart: str
    rows: int
    #: The `after` of the next export.
    position: int
    #: When the event at that position was recorded, UTC.
    recorded_as_of: datetime
    output: str | None = None


def export_mart(
    runtime: Runtime,
    organisation_id: UUID,
    mart: str,
    *,
    form: str,
    after: int = 0,
    at: int | None = None,
    output: Path | None = None,
) -> ExportSummary:
    """Write a mart's rows behind position `after` to `output` (None: stdout), as they were known at position `at`.

    `at`: None for what the views know now; with one for several marts, all of them are of one moment.

    The file appears under its name only when it is whole. Raises `NotFound` for no such mart or organisation,
    `InvalidField` for a position that is not reached, and `OSError` where the file cannot be written.
    """
    described = MARTS.get(mart)
    if described is None:
        raise NotFound(f"no mart {mart!r}", allowed=tuple(MARTS))
    view = _resolve_position(runtime, organisation_id, at)
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
    return ExportSummary(
        mart=mart,
        rows=rows,
        position=position,
        recorded_as_of=view.recorded_as_of,
        output=None if output is None else str(output),
    )


def _resolve_position(runtime: Runtime, organisation_id: UUID, at: int | None) -> AsOf:
    """What the views knew at a position; raises `InvalidField` where they have not reached it."""
    now = resolve_as_of(runtime.database, runtime.ledger, organisation_id, now=runtime.clock())
    if at is None:
        return now
    event = runtime.ledger.event_position(organisation_id, at) if 0 < at <= now.position else None
    if event is None or event.recorded_at is None:
        detail = f"this organisation has not reached position {at}; it is at {now.position}"
        raise InvalidField(detail, pointer="/at", allowed=(f"1..{now.position}",))
    return msgspec.structs.replace(
        now, known_position=event.log_position, position=at, recorded_as_of=event.recorded_at
    )


def encode_rows(mart: Mart, rows: Iterable[tuple[Any, ...]], *, form: str) -> Iterator[bytes]:
    """One part per row; CSV has a part with the names before them."""
    names = [column.name for column in mart.columns]
    if form == "csv":
        yield format_csv_row(names)
        for row in rows:
            yield format_csv_row(_format_cell(value, column) for value, column in zip(row, mart.columns, strict=True))
    else:
        encoder = msgspec.json.Encoder()
        for row in rows:
            yield encoder.encode(dict(zip(names, row, strict=True))) + b"\n"


def _format_cell(value: Any, column: MartColumn) -> str:
    """A cell's text: of a `json` column always JSON, of any other column nothing where there is no value."""
    if column.type == "json":
        return encode_json(value).decode()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


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
