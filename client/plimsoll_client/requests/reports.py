"""Requests of reports. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_request


def alignment_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.AlignmentReport]:
    """What serves which purpose and how far it has come; what hangs in the air, and what hangs on one person."""
    return build_request(
        "GET",
        "/v1/reports/alignment",
        m.AlignmentReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def cycles_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CyclesReport]:
    """What worked, what to improve, what came of it, and which goals went on."""
    return build_request(
        "GET",
        "/v1/reports/cycles",
        m.CyclesReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def decisions_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.DecisionsReport]:
    """How long decisions take, whether their time-box holds, and what is asked again."""
    return build_request(
        "GET",
        "/v1/reports/decisions",
        m.DecisionsReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def drift_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.DriftReport]:
    """What has drifted, and who could say one sentence to whom to mend it."""
    return build_request(
        "GET",
        "/v1/reports/drift",
        m.DriftReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def overload_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.OverloadReport]:
    """Who is overloaded, by what, and what would relieve them."""
    return build_request(
        "GET",
        "/v1/reports/overload",
        m.OverloadReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def pulse_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.PulseReport]:
    """How safe it is to speak, as the last closed pulse has it: means of five answers and more."""
    return build_request(
        "GET",
        "/v1/reports/pulse",
        m.PulseReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def recognition_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.RecognitionReport]:
    """Whether results and working together are both recognised, and whose help was not."""
    return build_request(
        "GET",
        "/v1/reports/recognition",
        m.RecognitionReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def reliability_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.ReliabilityReport]:
    """What became of promises, early renegotiation included, and how both sides answer."""
    return build_request(
        "GET",
        "/v1/reports/reliability",
        m.ReliabilityReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def rituals_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.RitualsReport]:
    """How many minutes a week the charters' rituals ask of each member, together and async."""
    return build_request(
        "GET",
        "/v1/reports/rituals",
        m.RitualsReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def support_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    member: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.SupportReport]:
    """Who needs what of whom, what is in the way, what was heard."""
    return build_request(
        "GET",
        "/v1/reports/support",
        m.SupportReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
            "member": member,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def tensions_report(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    team: str | None = None,
    window: int | None = None,
    explain: bool | None = None,
    names: bool | None = None,
    format: Literal["csv", "html", "json", "svg", "text"] | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.TensionsReport]:
    """Which tensions of purpose and performance show, since when, and what was tried about them."""
    return build_request(
        "GET",
        "/v1/reports/tensions",
        m.TensionsReport,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "team": team,
            "window": window,
            "explain": explain,
            "names": names,
            "format": format,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )
