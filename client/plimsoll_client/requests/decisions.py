"""Requests of decisions. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def decision_consent(
    decision: str | UUID, body: m.ConsentToOption, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.DecisionSummary]:
    """Consent. A decider says: no open objection, safe enough to try."""
    return build_command(
        "/v1/decisions/{decision}/consent", m.DecisionSummary, body, idempotency_key, if_match, decision=decision
    )


def decision_decide(
    decision: str | UUID,
    body: m.DecideAsLead | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Decide. The lead decides, where the deadline has passed and the fallback says so."""
    return build_command(
        "/v1/decisions/{decision}/decide", m.DecisionSummary, body, idempotency_key, if_match, decision=decision
    )


def decision_integrate_objection(
    decision: str | UUID, body: m.IntegrateObjection, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.DecisionSummary]:
    """Integrate objection. The opener or the lead says how the option changes to meet an objection; consents to it are
    asked anew."""
    return build_command(
        "/v1/decisions/{decision}/integrate-objection",
        m.DecisionSummary,
        body,
        idempotency_key,
        if_match,
        decision=decision,
    )


def decision_raise_objection(
    decision: str | UUID, body: m.RaiseObjection, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.DecisionSummary]:
    """Raise objection. Say why an option is not safe enough to try."""
    return build_command(
        "/v1/decisions/{decision}/raise-objection",
        m.DecisionSummary,
        body,
        idempotency_key,
        if_match,
        decision=decision,
    )


def decision_reopen(
    decision: str | UUID, body: m.ReopenDecision, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.DecisionSummary]:
    """Reopen. Ask the same question again within a new time-box, for a reason."""
    return build_command(
        "/v1/decisions/{decision}/reopen", m.DecisionSummary, body, idempotency_key, if_match, decision=decision
    )


def decision_review(
    decision: str | UUID,
    body: m.ReviewDecision | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Review. Looked at again: it stands. Where it does not, reopen it."""
    return build_command(
        "/v1/decisions/{decision}/review", m.DecisionSummary, body, idempotency_key, if_match, decision=decision
    )


def decision_set_review(
    decision: str | UUID, body: m.SetDecisionReview, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.DecisionSummary]:
    """Set review. Name the day on which the decision is looked at again."""
    return build_command(
        "/v1/decisions/{decision}/set-review", m.DecisionSummary, body, idempotency_key, if_match, decision=decision
    )


def decision_share_perspective(
    decision: str | UUID, body: m.SharePerspective, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.DecisionSummary]:
    """Share perspective. Say how it looks from where you stand; no vote, no objection."""
    return build_command(
        "/v1/decisions/{decision}/share-perspective",
        m.DecisionSummary,
        body,
        idempotency_key,
        if_match,
        decision=decision,
    )


def decision_withdraw_objection(
    decision: str | UUID,
    body: m.WithdrawObjection | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.DecisionSummary]:
    """Withdraw objection. The objector takes an objection back."""
    return build_command(
        "/v1/decisions/{decision}/withdraw-objection",
        m.DecisionSummary,
        body,
        idempotency_key,
        if_match,
        decision=decision,
    )


def get_decision(
    decision: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.DecisionView]:
    """One decision, at any time, as known at any time."""
    return build_request(
        "GET",
        "/v1/decisions/{decision}",
        m.DecisionView,
        path_values={"decision": decision},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_decision_history(
    decision: str | UUID,
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
        "/v1/decisions/{decision}/history",
        m.HistoryPage,
        path_values={"decision": decision},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_decisions(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    team: str | None = None,
    decider: str | None = None,
    waiting_for: str | None = None,
    state: Sequence[Literal["decided", "open", "with_lead"]] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.DecisionList]:
    """Decisions, a page at a time; pages stay consistent under writes."""
    return build_request(
        "GET",
        "/v1/decisions",
        m.DecisionList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "team": team,
            "decider": decider,
            "waiting_for": waiting_for,
            "state": state,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def open_decision(body: m.OpenDecision, *, idempotency_key: str | None = None) -> Request[m.DecisionSummary]:
    """Ask a question with a time-box: who decides, by when, and what holds if no consent is found."""
    return build_command("/v1/decisions", m.DecisionSummary, body, idempotency_key)
