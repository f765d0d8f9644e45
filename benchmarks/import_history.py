"""The history that is imported: the made-up one, of a real one's size and shapes, or a file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.api_keys import Principal
from services.imports.importer import ImportResult, import_lines
from services.imports.rows import iter_lines
from services.organisations import CreatedOrganisation
from services.runtime import Runtime
from tests.fixtures import synthetic

#: Goals of the made-up history: as many as some years of a large volunteer project have, about 7,200 acts.
GOALS = 979

#: Where a row names a member, a team or a goal.
_REFERENCES = {
    "by", "member", "owner", "sponsor", "lead", "addressee", "acts_next", "mediator", "team", "goal", "for",
    "follow_up_of", "id",
}  # fmt: skip


def write_synthetic(path: Path, *, goals: int = GOALS) -> Path:
    """Write the made-up history; the same bytes every time."""
    synthetic.write(path, goals=goals)
    return path


def write_copies(history: Path, path: Path, copies: int) -> Path:
    """Write the history `copies` times, each under fresh references."""
    with gzip.open(path, "wb", compresslevel=1) as target:
        for copy in range(copies):
            for line in read_lines(history):
                row = json.loads(line)
                target.write(json.dumps(_prefix_references(row, f"c{copy}-")).encode() + b"\n")
    return path


def _prefix_references(value: Any, prefix: str) -> Any:
    if isinstance(value, list):
        return [_prefix_references(item, prefix) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: prefix + inner if name in _REFERENCES and isinstance(inner, str) else _prefix_references(inner, prefix)
        for name, inner in value.items()
    }


def read_lines(path: Path) -> Iterator[bytes]:
    """The history's lines, plain or gzipped."""
    with path.open("rb") as file:
        yield from iter_lines(file)


def import_history(runtime: Runtime, founded: CreatedOrganisation, lines: Iterator[bytes]) -> ImportResult:
    """Import all of it as the steward. Raises ValueError with the first rows that were refused."""
    principal = runtime.keys.authenticate(founded.api_key, runtime.clock())
    assert isinstance(principal, Principal)
    result = import_lines(runtime, founded.organisation_id, lines, principal=principal)
    if result.errors:
        raise ValueError(f"the history was refused: {result.errors[:3]}")
    return result
