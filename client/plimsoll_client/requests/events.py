"""Requests of events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_request


def get_event_schema(type: str | UUID) -> Request[bytes]:
    """JSON Schema of a type's data."""
    return build_request("GET", "/v1/schemas/{type}", bytes, path_values={"type": type})


def get_snapshot(
    *,
    position: int | None = None,
    kinds: Sequence[Literal["charter", "cycle", "decision", "experiment", "goal", "member", "organisation", "team"]]
    | None = None,
) -> Request[bytes]:
    """Everything that you may see at one position of the log, a line each; then follow the feed from there."""
    return build_request("GET", "/v1/snapshot", bytes, query={"position": position, "kinds": kinds})


def list_event_types() -> Request[m.EventTypes]:
    """Every type of event."""
    return build_request("GET", "/v1/event-types", m.EventTypes)


def pull_events(
    *,
    types: Sequence[str] | None = None,
    subject: str | None = None,
    team: str | None = None,
    epoch: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    include: Sequence[Literal["state"]] | None = None,
    timeout: float | None = None,
) -> Request[list[m.CloudEvent]]:
    """The organisation's events in commit order; with `timeout` the pull waits for news."""
    return build_request(
        "GET",
        "/v1/events",
        list[m.CloudEvent],
        query={
            "types": types,
            "subject": subject,
            "team": team,
            "epoch": epoch,
            "after": after,
            "limit": limit,
            "include": include,
            "timeout": timeout,
        },
    )
