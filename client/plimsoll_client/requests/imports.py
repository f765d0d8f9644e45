"""Requests of imports. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def import_acts(
    body: bytes,
    *,
    source: str | None = None,
    partial: bool | None = None,
    dry_run: bool | None = None,
    idempotency_key: str | None = None,
) -> Request[m.ImportResult]:
    """Import a history of acts, one JSON object a line; the same file twice adds nothing."""
    return build_request(
        "POST",
        "/v1/imports",
        m.ImportResult,
        query={"source": source, "partial": partial, "dry_run": dry_run},
        header={"Idempotency-Key": idempotency_key},
        body=body,
        media="application/octet-stream",
    )


def import_sheet(
    body: bytes,
    *,
    map: str | None = None,
    partial: bool | None = None,
    dry_run: bool | None = None,
    watermark: str | None = None,
    source: str | None = None,
    date_format: str | None = None,
    decimal: Literal[",", "."] | None = None,
    progress_in: Literal["fraction", "percent"] | None = None,
    effort_in: Literal["days", "hours"] | None = None,
    encoding: Literal["cp1252", "utf-16", "utf-8"] | None = None,
    worksheet: str | None = None,
    opens_as: Literal["active", "draft", "requested"] | None = None,
    create_members: bool | None = None,
    create_teams: bool | None = None,
    idempotency_key: str | None = None,
) -> Request[m.SheetResult]:
    """Import a spreadsheet of goals (CSV or XLSX): a verdict for each row; the same file twice adds nothing."""
    return build_request(
        "POST",
        "/v1/imports/sheets",
        m.SheetResult,
        query={
            "map": map,
            "partial": partial,
            "dry_run": dry_run,
            "watermark": watermark,
            "source": source,
            "date_format": date_format,
            "decimal": decimal,
            "progress_in": progress_in,
            "effort_in": effort_in,
            "encoding": encoding,
            "worksheet": worksheet,
            "opens_as": opens_as,
            "create_members": create_members,
            "create_teams": create_teams,
        },
        header={"Idempotency-Key": idempotency_key},
        body=body,
        media="application/octet-stream",
    )


def keep_column_map(
    body: m.KeepColumnMap, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.ColumnMapKept]:
    """Keep how a spreadsheet is read, by a name; one of that name is replaced."""
    return build_command("/v1/import-maps", m.ColumnMapKept, body, idempotency_key, if_match)


def list_column_maps() -> Request[m.ColumnMaps]:
    """The column maps by which spreadsheets are read."""
    return build_request("GET", "/v1/import-maps", m.ColumnMaps)
