"""Requests of teams. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def create_team(body: m.CreateTeam, *, idempotency_key: str | None = None) -> Request[m.TeamSummary]:
    """Create a team."""
    return build_command("/v1/teams", m.TeamSummary, body, idempotency_key)


def get_team(
    team: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.TeamSummary]:
    """One team and the ids of its members."""
    return build_request(
        "GET",
        "/v1/teams/{team}",
        m.TeamSummary,
        path_values={"team": team},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_team_history(
    team: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event of a team in plain words: names, leads, archived and brought back."""
    return build_request(
        "GET",
        "/v1/teams/{team}/history",
        m.HistoryPage,
        path_values={"team": team},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_teams(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    archived: bool | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.TeamList]:
    """Every team of the organisation; with `limit` a page at a time."""
    return build_request(
        "GET",
        "/v1/teams",
        m.TeamList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "archived": archived,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def team_appoint_lead(
    ref: str | UUID, body: m.AppointLead, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.TeamSummary]:
    """Appoint lead. Give the team another lead."""
    return build_command("/v1/teams/{ref}/appoint-lead", m.TeamSummary, body, idempotency_key, if_match, ref=ref)


def team_archive(
    ref: str | UUID,
    body: m.ArchiveTeam | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.TeamSummary]:
    """Archive. Archive the team: nothing new begins in it. A steward does, when its members have left it."""
    return build_command("/v1/teams/{ref}/archive", m.TeamSummary, body, idempotency_key, if_match, ref=ref)


def team_rename(
    ref: str | UUID, body: m.RenameTeam, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.TeamSummary]:
    """Rename. Give the team another name."""
    return build_command("/v1/teams/{ref}/rename", m.TeamSummary, body, idempotency_key, if_match, ref=ref)


def team_restore(
    ref: str | UUID, body: m.RestoreTeam, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.TeamSummary]:
    """Restore. Bring an archived team back, with a lead; a steward does."""
    return build_command("/v1/teams/{ref}/restore", m.TeamSummary, body, idempotency_key, if_match, ref=ref)


def team_take_back(
    ref: str | UUID, body: m.TakeBackAppointment, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.TeamSummary]:
    """Take back. Take back an appointment of a lead that was wrong: the lead before it leads on."""
    return build_command("/v1/teams/{ref}/take-back", m.TeamSummary, body, idempotency_key, if_match, ref=ref)
