"""Requests of organisation. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations


from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def get_looked_at(*, limit: int | None = None, names: bool | None = None) -> Request[m.LookedAt]:
    """Who read my figures, in which role, which, and when; my own reads apart."""
    return build_request("GET", "/v1/me/looked-at", m.LookedAt, query={"limit": limit, "names": names})


def get_organisation(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.OrganisationSummary]:
    """What the organisation is called, or was at any time."""
    return build_request(
        "GET",
        "/v1/organisation",
        m.OrganisationSummary,
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_organisation_history(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event of the organisation itself in plain words: names, policies, sources."""
    return build_request(
        "GET",
        "/v1/organisation/history",
        m.HistoryPage,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_policies(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.PolicySummary]:
    """The policies in force, and every version before."""
    return build_request(
        "GET",
        "/v1/policies",
        m.PolicySummary,
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def rename_organisation(
    body: m.RenameOrganisation, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.OrganisationSummary]:
    """Give the organisation another name; its id and references stay."""
    return build_command("/v1/organisation/rename", m.OrganisationSummary, body, idempotency_key, if_match)


def set_policies(
    body: m.SetPolicy, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.PolicySummary]:
    """Change policies: a new version from now on; name only the dials that change."""
    return build_command("/v1/policies", m.PolicySummary, body, idempotency_key, if_match)


def who_am_i() -> Request[m.CurrentMember]:
    """Who this key speaks for, and its roles."""
    return build_request("GET", "/v1/me", m.CurrentMember)
