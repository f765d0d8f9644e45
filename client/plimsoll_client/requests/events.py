"""Requests of events. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
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


def search_history(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    person: str | None = None,
    goal: str | None = None,
    types: Sequence[str] | None = None,
    reason: Sequence[
        Literal[
            "better_idea",
            "capacity",
            "correction",
            "dependency_slipped",
            "estimate_wrong",
            "external_change",
            "new_information",
            "new_need",
            "non_negotiable_conflict",
            "other",
            "purpose_changed",
            "risk_or_safety",
            "scope_misread",
        ]
    ]
    | None = None,
    words: str | None = None,
    from_: date | None = None,
    to: date | None = None,
    position: int | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistorySearchPage]:
    """Events of all streams in plain words, by person, goal, type, reason and day, the latest first."""
    return build_request(
        "GET",
        "/v1/history",
        m.HistorySearchPage,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "person": person,
            "goal": goal,
            "types": types,
            "reason": reason,
            "words": words,
            "from": from_,
            "to": to,
            "position": position,
            "cursor": cursor,
            "limit": limit,
            "names": names,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )
