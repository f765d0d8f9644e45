"""Requests of imports. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations


from plimsoll_client import models as m
from plimsoll_client.request import Request, build_request


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
