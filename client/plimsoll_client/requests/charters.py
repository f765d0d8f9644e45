"""Requests of charters. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def charter_acknowledge(
    of: str | UUID, body: m.Acknowledge, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Acknowledge. A member has read this version of a non-negotiable and stands by it."""
    return build_command("/v1/charters/{of}/acknowledge", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_adopt_non_negotiable(
    of: str | UUID, body: m.AdoptNonNegotiable, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Adopt non negotiable. One more standing expectation: by the lead, or by a decision."""
    return build_command(
        "/v1/charters/{of}/adopt-non-negotiable", m.CharterSummary, body, idempotency_key, if_match, of=of
    )


def charter_adopt_purpose(
    of: str | UUID,
    body: m.AdoptPurpose | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Adopt purpose. A proposal becomes the purpose: by a decision, or by the lead once its time-box is over."""
    return build_command("/v1/charters/{of}/adopt-purpose", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_agree_repair(
    of: str | UUID, body: m.AgreeRepair, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Agree repair. The repair talk was held; what was agreed closes the breach."""
    return build_command("/v1/charters/{of}/agree-repair", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_change_ritual(
    of: str | UUID, body: m.ChangeRitual, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Change ritual. Another name, mode, cadence or length."""
    return build_command("/v1/charters/{of}/change-ritual", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_end_ritual(
    of: str | UUID, body: m.EndRitual, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """End ritual. A ritual is held no more."""
    return build_command("/v1/charters/{of}/end-ritual", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_grant_freedom(
    of: str | UUID, body: m.GrantFreedom, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Grant freedom. The team decides this for itself, in the service of the purpose; again: anchored anew."""
    return build_command("/v1/charters/{of}/grant-freedom", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_propose_purpose(
    of: str | UUID, body: m.ProposePurpose, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Propose purpose. A member says why the work matters; where there is a purpose already, with the reason to revise
    it."""
    return build_command("/v1/charters/{of}/propose-purpose", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_put_in_force(
    of: str | UUID, body: m.PutInForce | None = None, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Put in force. From now on there are always 3 to 5 non-negotiables."""
    return build_command("/v1/charters/{of}/put-in-force", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_raise_breach(
    of: str | UUID, body: m.RaiseBreach, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Raise breach. A non-negotiable was not kept at some event: about what happened, not about a person."""
    return build_command("/v1/charters/{of}/raise-breach", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_retire_non_negotiable(
    of: str | UUID, body: m.RetireNonNegotiable, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Retire non negotiable. A standing expectation stands no longer."""
    return build_command(
        "/v1/charters/{of}/retire-non-negotiable", m.CharterSummary, body, idempotency_key, if_match, of=of
    )


def charter_review(
    of: str | UUID,
    body: m.ReviewCharter | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CharterSummary]:
    """Review. The charter was looked at as a whole, and still holds."""
    return build_command("/v1/charters/{of}/review", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_revise_non_negotiable(
    of: str | UUID, body: m.ReviseNonNegotiable, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Revise non negotiable. New words for a standing expectation: a new version, which everybody acknowledges anew."""
    return build_command(
        "/v1/charters/{of}/revise-non-negotiable", m.CharterSummary, body, idempotency_key, if_match, of=of
    )


def charter_set_ritual(
    of: str | UUID, body: m.SetRitual, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Set ritual. A recurring check-in, standup or async update."""
    return build_command("/v1/charters/{of}/set-ritual", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_set_sight(
    of: str | UUID, body: m.SetSight, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Set sight. Narrow who sees figures of the team's members; widened again up to what the roles allow, with a
    reason."""
    return build_command("/v1/charters/{of}/set-sight", m.CharterSummary, body, idempotency_key, if_match, of=of)


def charter_withdraw_freedom(
    of: str | UUID, body: m.WithdrawFreedom, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CharterSummary]:
    """Withdraw freedom. A freedom is taken back, with the reason."""
    return build_command("/v1/charters/{of}/withdraw-freedom", m.CharterSummary, body, idempotency_key, if_match, of=of)


def get_charter(
    of: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CharterSummary]:
    """One charter: purpose, non-negotiables, freedoms, rituals, and the goals that serve its purpose."""
    return build_request(
        "GET",
        "/v1/charters/{of}",
        m.CharterSummary,
        path_values={"of": of},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_charter_history(
    of: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event in plain words; who acknowledged and what was not kept only to those whose charter it is."""
    return build_request(
        "GET",
        "/v1/charters/{of}/history",
        m.HistoryPage,
        path_values={"of": of},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_purpose_consequences(
    of: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    version: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.PurposeConsequences]:
    """What each revision of the purpose caused below: links affirmed, renegotiated, unlinked or waiting."""
    return build_request(
        "GET",
        "/v1/charters/{of}/consequences",
        m.PurposeConsequences,
        path_values={"of": of},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of, "version": version},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_charters(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CharterList]:
    """Every charter that has begun: the organisation's own, then the teams'."""
    return build_request(
        "GET",
        "/v1/charters",
        m.CharterList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )
