"""Every mart of one position in one folder, which DuckDB and others read as a database.

The folder is made aside and takes its place when it is whole; an unfinished one is resumed where it is
of the same position.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from projections.marts.registry import MARTS
from services.exports.errors import FolderRefused
from services.exports.exporting import (
    ExportQuery,
    ExportSummary,
    export_mart,
    prepare_export,
    write_manifest,
)

if TYPE_CHECKING:
    from services.runtime import Runtime

MANIFEST = "manifest.json"
_MAX_MANIFEST_BYTES = 1 << 20
_READERS = {"parquet": "read_parquet", "csv": "read_csv", "ndjson": "read_json"}
#: What is printed to be tried: how late the due dates of each quarter were moved, and why.
_EXAMPLE = """\
SELECT date_trunc('quarter', accepted_at) AS quarter, reason_code, count(*) AS moves, sum(delta_days) AS days
FROM {read}('{folder}/fact_goal_change.{suffix}')
WHERE field = 'due' AND outcome = 'accepted'
GROUP BY ALL ORDER BY quarter, days DESC;"""


class FolderManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the folder."""

    organisation: UUID
    #: The log's: another one where it was restored from a copy.
    epoch: str
    #: All marts are of this position.
    position: int
    recorded_as_of: datetime
    format: str
    marts: list[ExportSummary]
    #: A query for DuckDB.
    try_: str = msgspec.field(default="", name="try")


def export_folder(
    runtime: Runtime,
    organisation_id: UUID,
    query: ExportQuery,
    folder: Path,
    *,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> FolderManifest:
    """Write all marts to `folder`, in the place of an earlier export there.

    Raises `FolderRefused` for a folder that holds anything else, and what `export_mart` raises.
    """
    folder = folder.absolute()
    _check_folder(folder)
    first = prepare_export(runtime, organisation_id, msgspec.structs.replace(query, mart=next(iter(MARTS))))
    staging = folder.with_name(f".{folder.name}.partial")
    staging.mkdir(parents=True, exist_ok=True)
    done: list[ExportSummary] = []
    for number, mart in enumerate(MARTS):
        progress(number, len(MARTS))
        wanted = msgspec.structs.replace(query, mart=mart, at=first.view.position)
        done.append(_export_once(runtime, organisation_id, wanted, staging))
    read = _READERS.get(query.form, "read_parquet")
    manifest = FolderManifest(
        organisation=organisation_id,
        epoch=runtime.ledger.epoch,
        position=first.view.position,
        recorded_as_of=first.view.recorded_as_of,
        format=query.form,
        marts=done,
        try_=_EXAMPLE.format(read=read, folder=str(folder).replace("'", "''"), suffix=query.form),
    )
    write_manifest(staging / MANIFEST, manifest)
    _swap(staging, folder)
    progress(len(MARTS), len(MARTS))
    return manifest


def _check_folder(folder: Path) -> None:
    if not folder.parent.is_dir():
        raise FolderRefused(f"{folder.parent} is no directory")
    if folder.exists() and not folder.is_dir():
        raise FolderRefused(f"{folder} is a file")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise FolderRefused(f"{folder} holds something else than an export; name an empty or a new directory")


def _export_once(runtime: Runtime, organisation_id: UUID, query: ExportQuery, staging: Path) -> ExportSummary:
    """One mart, unless the file is there already: of this position, this version of the mart, and whole."""
    output = staging / f"{query.mart}.{query.form}"
    note = staging / f".{query.mart}.json"
    before = _read_note(note)
    if before is not None and _is_same(runtime, organisation_id, query, before) and _has_digest(output, before.sha256):
        return before
    summary = export_mart(runtime, organisation_id, query, output=output, beside=False)
    summary = msgspec.structs.replace(summary, output=output.name)
    write_manifest(note, summary)
    return summary


def _read_note(note: Path) -> ExportSummary | None:
    try:
        return msgspec.json.decode(note.read_bytes()[:_MAX_MANIFEST_BYTES], type=ExportSummary)
    except (OSError, msgspec.MsgspecError):
        return None


def _is_same(runtime: Runtime, organisation_id: UUID, query: ExportQuery, before: ExportSummary) -> bool:
    wanted = (organisation_id, runtime.ledger.epoch, query.at, query.form, MARTS[query.mart].version, None, query.names)
    found = (before.organisation, before.epoch, before.position, before.format, before.schema_version)
    return wanted == (*found, before.as_of, before.names) and query.as_of is None


def _has_digest(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _swap(staging: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one; one that a crash left between the two is taken up first."""
    for note in staging.glob(".*.json"):
        note.unlink()
    former = folder.with_name(f".{folder.name}.former")
    if former.exists():
        shutil.rmtree(former)
    if folder.exists():
        folder.rename(former)
    staging.rename(folder)
    if former.exists():
        shutil.rmtree(former)
