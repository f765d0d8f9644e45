"""Requests of exports. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from plimsoll_client.request import Request, build_request


def export_mart(
    mart: str | UUID,
    *,
    after_position: int | None = None,
    format: Literal["arrow", "csv", "ndjson", "parquet"] | None = None,
    after: int | None = None,
    at: int | None = None,
    as_of: str | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[bytes]:
    """A mart's rows, as far as they are about what you may see."""
    return build_request(
        "GET",
        "/v1/exports/{mart}",
        bytes,
        path_values={"mart": mart},
        query={
            "after_position": after_position,
            "format": format,
            "after": after,
            "at": at,
            "as_of": as_of,
            "names": names,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )
