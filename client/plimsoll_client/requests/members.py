"""Requests of members. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def get_member(
    member: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.MemberSummary]:
    """One member of the organisation."""
    return build_request(
        "GET",
        "/v1/members/{member}",
        m.MemberSummary,
        path_values={"member": member},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_member_history(
    member: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event of a member in plain words, for viewers with sight of the member's figures."""
    return build_request(
        "GET",
        "/v1/members/{member}/history",
        m.HistoryPage,
        path_values={"member": member},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def join_member(
    body: m.JoinOrganisation | None = None, *, idempotency_key: str | None = None
) -> Request[m.MemberSummary]:
    """A member joins the organisation, and a team where one is named."""
    return build_command("/v1/members", m.MemberSummary, body, idempotency_key)


def list_members(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    team: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.MemberList]:
    """Joined members; capacity, absences and roles only of those whose figures you may see."""
    return build_request(
        "GET",
        "/v1/members",
        m.MemberList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "team": team,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def member_absence(
    ref: str | UUID, body: m.DeclareAbsence, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.MemberSummary]:
    """Absence. Declare an absence: first and last day, never why."""
    return build_command("/v1/members/{ref}/absence", m.MemberSummary, body, idempotency_key, if_match, ref=ref)


def member_capacity(
    ref: str | UUID, body: m.DeclareCapacity, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.MemberSummary]:
    """Capacity. Declare hours a week, from a day on."""
    return build_command("/v1/members/{ref}/capacity", m.MemberSummary, body, idempotency_key, if_match, ref=ref)


def member_change_team(
    ref: str | UUID, body: m.ChangeTeam, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.MemberSummary]:
    """Change team. Leave one team and join another at the same instant; a steward does."""
    return build_command("/v1/members/{ref}/change-team", m.MemberSummary, body, idempotency_key, if_match, ref=ref)


def member_grant_role(
    ref: str | UUID, body: m.GrantRole, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.MemberSummary]:
    """Grant role. Grant a role; a steward does."""
    return build_command("/v1/members/{ref}/grant-role", m.MemberSummary, body, idempotency_key, if_match, ref=ref)


def member_join(
    ref: str | UUID,
    body: m.JoinOrganisation | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Join. Join the organisation, or one more of its teams."""
    return build_command("/v1/members/{ref}/join", m.MemberSummary, body, idempotency_key, if_match, ref=ref)


def member_leave(
    ref: str | UUID,
    body: m.LeaveOrganisation | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.MemberSummary]:
    """Leave. Leave the organisation."""
    return build_command("/v1/members/{ref}/leave", m.MemberSummary, body, idempotency_key, if_match, ref=ref)


def member_leave_team(
    ref: str | UUID, body: m.LeaveTeam, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.MemberSummary]:
    """Leave team. Leave one team; the member stays in the organisation and in the other teams."""
    return build_command("/v1/members/{ref}/leave-team", m.MemberSummary, body, idempotency_key, if_match, ref=ref)


def member_rename(
    ref: str | UUID, body: m.RenameMember, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.MemberSummary]:
    """Rename. Give the member another name; id and references stay."""
    return build_command("/v1/members/{ref}/rename", m.MemberSummary, body, idempotency_key, if_match, ref=ref)


def member_revoke_role(
    ref: str | UUID, body: m.RevokeRole, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.MemberSummary]:
    """Revoke role. Take a role back; a steward does."""
    return build_command("/v1/members/{ref}/revoke-role", m.MemberSummary, body, idempotency_key, if_match, ref=ref)


def member_take_back(
    ref: str | UUID, body: m.TakeBackFact, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.MemberSummary]:
    """Take back. Take back a capacity, an absence, a role's grant or revocation, or a leave of a team that was wrong."""
    return build_command("/v1/members/{ref}/take-back", m.MemberSummary, body, idempotency_key, if_match, ref=ref)
