"""Models of imports. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from msgspec import Struct, field


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
