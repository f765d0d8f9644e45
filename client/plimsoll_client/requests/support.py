"""Requests of support. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def affirm_goals(body: m.AffirmGoals | None = None, *, idempotency_key: str | None = None) -> Request[m.Affirmations]:
    """Nothing changed, still right: affirm several goals of mine at once, each as a judgement of its own."""
    return build_command("/v1/affirmations", m.Affirmations, body, idempotency_key)


def get_calibration(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    explain: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.Calibration]:
    """How well my own stated confidence has matched what came; for the caller alone."""
    return build_request(
        "GET",
        "/v1/me/calibration",
        m.Calibration,
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of, "explain": explain},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_digest(
    team: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    since: str | None = None,
    limit: int | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.Digest]:
    """What changed in a team, what is needed of whom, and what is unchanged: to be read at any time."""
    return build_request(
        "GET",
        "/v1/teams/{team}/digest",
        m.Digest,
        path_values={"team": team},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "since": since,
            "limit": limit,
            "names": names,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_inbox(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    limit: int | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.Inbox]:
    """Everything that waits for me: one entry per goal, the nearest deadline first, and the day's reminders."""
    return build_request(
        "GET",
        "/v1/me/inbox",
        m.Inbox,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "limit": limit,
            "names": names,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_made_possible(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.MadePossible]:
    """What I made possible: credited to me, reached with a goal of mine, helped; for the caller alone."""
    return build_request(
        "GET",
        "/v1/me/made-possible",
        m.MadePossible,
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of, "names": names},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )
