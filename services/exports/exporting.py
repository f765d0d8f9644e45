"""One mart to one file: which rows, in which form, and what the file came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, cast, get_args
from uuid import UUID

import msgspec

from domain.errors import InvalidField, NotFound
from domain.instants import encode_json
from projections.as_of import AsOf, resolve_as_of
from projections.marts.columns import Mart
from projections.marts.reading import copy_rows, read_rows, read_rows_as_of
from projections.marts.registry import MARTS
from services.exports.columnar import load_pyarrow, write_copied, write_rows
from services.exports.files import DigestingFile, open_output
from services.exports.text_formats import encode_rows
from services.person_figures import find_withheld

if TYPE_CHECKING:
    from services.runtime import Runtime

Format = Literal["ndjson", "csv", "parquet", "arrow"]
FORMATS: tuple[Format, ...] = get_args(Format)
COLUMNAR_FORMATS: frozenset[str] = frozenset({"parquet", "arrow"})
#: (kind of stream, its id) -> whether the rows about it may be shown.
Sight = Callable[[str, UUID], bool]
#: What is beside an exported file: the file's name and this.
MANIFEST_SUFFIX = ".manifest.json"


class ExportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be exported."""

    mart: str
    form: Format = "ndjson"
    #: Only what came behind this position.
    after: int = 0
    #: As it was known at this position; None: as the views know it.
    at: int | None = None
    #: Only what had happened by then; None: all.
    as_of: date | datetime | None = None
    #: With the names of members.
    names: bool = False


class ExportSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What an export wrote: its manifest."""

    mart: str
    rows: int
    #: The `after` of the next export.
    position: int
    #: When the event at that position was recorded, UTC.
    recorded_as_of: datetime
    output: str | None = None
    format: str = "ndjson"
    #: The rows are those behind this position.
    after: int = 0
    #: Version of the mart's columns.
    schema_version: int = 1
    #: Only what had happened by then.
    as_of: str | None = None
    bytes: int = 0
    #: Of the bytes, 64 hex digits.
    sha256: str = ""
    #: With the names of members.
    names: bool = False
    organisation: UUID | None = None
    #: The log's: another one where it was restored from a copy, whose positions are not these.
    epoch: str = ""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """An export that was found to be possible: nothing is written yet."""

    mart: Mart
    query: ExportQuery
    view: AsOf


def prepare_export(runtime: Runtime, organisation_id: UUID, query: ExportQuery) -> Export:
    """The export that a query means.

    Raises `NotFound` for no such mart or organisation, `InvalidField` for a position that is not reached or for `after`
    with `as_of`, and `FormatUnavailable`.
    """
    mart = MARTS.get(query.mart)
    if mart is None:
        raise NotFound(f"no mart {query.mart!r}", allowed=tuple(MARTS))
    if query.form in COLUMNAR_FORMATS:
        load_pyarrow()
    view = resolve_position(runtime, organisation_id, query.at, query.as_of)
    if not 0 <= query.after <= view.position:
        # Taken as it is, an export from another store's position would say that nothing is new, and that for good.
        detail = f"this organisation has not reached position {query.after}; it is at {view.position}"
        raise InvalidField(detail, pointer="/after", allowed=(f"0..{view.position}",))
    if query.after and query.as_of is not None:
        raise InvalidField("what had happened by `as_of` is exported whole", pointer="/after", allowed=("0",))
    return Export(mart=mart, query=query, view=view)


def resolve_position(
    runtime: Runtime, organisation_id: UUID, at: int | None, as_of: date | datetime | None = None
) -> AsOf:
    """What the views knew at a position; raises `InvalidField` where they have not reached it."""
    now = resolve_as_of(runtime.database, runtime.ledger, organisation_id, as_of=as_of, now=runtime.clock())
    if at is None:
        return now
    event = runtime.ledger.event_position(organisation_id, at) if 0 < at <= now.position else None
    if event is None or event.recorded_at is None:
        detail = f"this organisation has not reached position {at}; it is at {now.position}"
        raise InvalidField(detail, pointer="/at", allowed=(f"1..{now.position}",))
    return msgspec.structs.replace(
        now, known_position=event.log_position, position=at, recorded_as_of=event.recorded_at
    )


def write_export(runtime: Runtime, export: Export, file: IO[bytes], *, sight: Sight | None = None) -> ExportSummary:
    """Write its rows to an open file. `sight`: only those that it lets through."""
    mart, query, view = export.mart, export.query, export.view
    output = DigestingFile(file)
    if query.form in COLUMNAR_FORMATS:
        rows = _write_columns(runtime, export, cast("Any", output), sight)
    else:
        rows = -1 if query.form == "csv" else 0
        for part in encode_rows(mart, _load_rows(runtime, export, sight), form=query.form):
            output.write(part)
            rows += 1
    return ExportSummary(
        mart=mart.name,
        rows=rows,
        position=view.position,
        recorded_as_of=view.recorded_as_of,
        format=query.form,
        after=query.after,
        schema_version=mart.version,
        as_of=None if query.as_of is None else view.as_of_text,
        bytes=output.size,
        sha256=output.sha256,
        names=query.names,
        organisation=view.organisation_id,
        epoch=runtime.ledger.epoch,
    )


def _write_columns(runtime: Runtime, export: Export, file: Any, sight: Sight | None) -> int:
    mart, query = export.mart, export.query
    if sight is None and query.as_of is None:
        copied = copy_rows(runtime.database, export.view, mart, after=query.after, names=query.names)
        if copied is not None:
            return write_copied(mart, copied, file, form=query.form)
    return write_rows(mart, _load_rows(runtime, export, sight), file, form=query.form)


def _load_rows(runtime: Runtime, export: Export, sight: Sight | None) -> Iterator[tuple[Any, ...]]:
    mart, query = export.mart, export.query
    withheld: frozenset[UUID] | None = frozenset()
    if sight is None and mart.is_person_level:
        # An operator does not see either what is for few.
        withheld = find_withheld(runtime.ledger, export.view.organisation_id)
    if query.as_of is None:
        rows = read_rows(runtime.database, export.view, mart, after=query.after, names=query.names)
    else:
        rows = read_rows_as_of(runtime.ledger, runtime.database, export.view, mart, names=query.names)
    return mart.without(rows, withheld) if sight is None else _filter_rows(mart, rows, sight)


def _filter_rows(mart: Mart, rows: Iterable[tuple[Any, ...]], sight: Sight) -> Iterator[tuple[Any, ...]]:
    """The rows about what may be seen; each id is asked about once."""
    if mart.subject is None:
        yield from rows
        return
    seen: dict[tuple[str, str], bool] = {}
    for row in rows:
        subject = mart.subject_of(row)
        if subject not in seen:
            seen[subject] = sight(subject[0], UUID(subject[1]))
        if seen[subject]:
            yield row


def export_mart(
    runtime: Runtime, organisation_id: UUID, query: ExportQuery, *, output: Path | None = None, beside: bool = True
) -> ExportSummary:
    """Write a mart to a file, which appears under its name only when it is whole, and its manifest `beside` it.

    `output` None: stdout. Raises what `prepare_export` raises, and `OSError` where the file cannot be written.
    """
    export = prepare_export(runtime, organisation_id, query)
    with open_output(output) as file:
        summary = write_export(runtime, export, file)
    if output is None:
        return summary
    summary = msgspec.structs.replace(summary, output=str(output))
    if beside:
        write_manifest(output.with_name(output.name + MANIFEST_SUFFIX), summary)
    return summary


def write_manifest(path: Path, content: msgspec.Struct) -> None:
    """Write what a file came to, whole or not at all."""
    with open_output(path) as file:
        file.write(msgspec.json.format(encode_json(content), indent=2) + b"\n")
