"""Requests of pulses. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_request


def answer_pulse(pulse: str | UUID, body: m.PulseAnswer) -> Request[m.TakenPulseAnswer]:
    """Answer, with a token and without a key: nothing that is sent says who you are."""
    return build_request(
        "POST", "/v1/pulses/{pulse}/answers", m.TakenPulseAnswer, path_values={"pulse": pulse}, body=body
    )


def get_pulse(
    pulse: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.PulseView]:
    """One pulse: what is asked, the keys of its cells, and what may be known of it."""
    return build_request(
        "GET",
        "/v1/pulses/{pulse}",
        m.PulseView,
        path_values={"pulse": pulse},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_pulse_history(
    pulse: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event in plain words, with what it changed."""
    return build_request(
        "GET",
        "/v1/pulses/{pulse}/history",
        m.HistoryPage,
        path_values={"pulse": pulse},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_pulses(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.PulseList]:
    """Pulses of the organisation, a page at a time."""
    return build_request(
        "GET",
        "/v1/pulses",
        m.PulseList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def open_pulse(body: m.OpenPulse) -> Request[m.PulseSummary]:
    """Ask the persons of a team, or of the organisation, how it stands with them."""
    return build_request("POST", "/v1/pulses", m.PulseSummary, body=body)


def pulse_close(pulse: str | UUID, body: m.ClosePulse | None = None) -> Request[m.PulseSummary]:
    """Close. End the wave: what may be known of it is published, and the answers are deleted."""
    return build_request("POST", "/v1/pulses/{pulse}/close", m.PulseSummary, path_values={"pulse": pulse}, body=body)


def take_pulse_token(pulse: str | UUID, body: m.TakePulseToken) -> Request[m.SignedPulseToken]:
    """Have your one token signed, blinded: the server sees neither it nor its signature."""
    return build_request(
        "POST", "/v1/pulses/{pulse}/token", m.SignedPulseToken, path_values={"pulse": pulse}, body=body
    )
