"""Requests of cycles. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def cycle_agree_improvement(
    cycle: str | UUID, body: m.AgreeImprovement, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CycleSummary]:
    """Agree improvement. Agree what will be done better, who sees to it, and until when."""
    return build_command(
        "/v1/cycles/{cycle}/agree-improvement", m.CycleSummary, body, idempotency_key, if_match, cycle=cycle
    )


def cycle_close(
    cycle: str | UUID,
    body: m.CloseCycle | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Close. End the cycle, once every live goal of it is settled and a member has reflected."""
    return build_command("/v1/cycles/{cycle}/close", m.CycleSummary, body, idempotency_key, if_match, cycle=cycle)


def cycle_credit_contribution(
    cycle: str | UUID, body: m.CreditContribution, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CycleSummary]:
    """Credit contribution. Say who did what for a goal of the cycle."""
    return build_command(
        "/v1/cycles/{cycle}/credit-contribution", m.CycleSummary, body, idempotency_key, if_match, cycle=cycle
    )


def cycle_drop_improvement(
    cycle: str | UUID, body: m.DropImprovement, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CycleSummary]:
    """Drop improvement. An improvement is not pursued any more, and why."""
    return build_command(
        "/v1/cycles/{cycle}/drop-improvement", m.CycleSummary, body, idempotency_key, if_match, cycle=cycle
    )


def cycle_finish_improvement(
    cycle: str | UUID, body: m.FinishImprovement, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CycleSummary]:
    """Finish improvement. An improvement is done."""
    return build_command(
        "/v1/cycles/{cycle}/finish-improvement", m.CycleSummary, body, idempotency_key, if_match, cycle=cycle
    )


def cycle_include_goal(
    cycle: str | UUID, body: m.IncludeGoal, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CycleSummary]:
    """Include goal. Put a live goal into the cycle."""
    return build_command(
        "/v1/cycles/{cycle}/include-goal", m.CycleSummary, body, idempotency_key, if_match, cycle=cycle
    )


def cycle_record_learning(
    cycle: str | UUID, body: m.RecordLearning, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CycleSummary]:
    """Record learning. Write down what was learnt, of a goal of the cycle or in general."""
    return build_command(
        "/v1/cycles/{cycle}/record-learning", m.CycleSummary, body, idempotency_key, if_match, cycle=cycle
    )


def cycle_settle_goal(
    cycle: str | UUID, body: m.SettleGoal, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.CycleSummary]:
    """Settle goal. Say what becomes of a goal beyond the cycle: carried on, renegotiated or dropped."""
    return build_command("/v1/cycles/{cycle}/settle-goal", m.CycleSummary, body, idempotency_key, if_match, cycle=cycle)


def cycle_share_reflection(
    cycle: str | UUID,
    body: m.ShareReflection | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.CycleSummary]:
    """Share reflection. What worked, and what can improve; either may stay empty, not both."""
    return build_command(
        "/v1/cycles/{cycle}/share-reflection", m.CycleSummary, body, idempotency_key, if_match, cycle=cycle
    )


def get_cycle(
    cycle: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CycleView]:
    """One cycle: the purpose restated, its goals and what became of them, improvements, learning."""
    return build_request(
        "GET",
        "/v1/cycles/{cycle}",
        m.CycleView,
        path_values={"cycle": cycle},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_cycle_history(
    cycle: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.HistoryPage]:
    """Each event in plain words."""
    return build_request(
        "GET",
        "/v1/cycles/{cycle}/history",
        m.HistoryPage,
        path_values={"cycle": cycle},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_cycles(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    team: str | None = None,
    state: Literal["closed", "open"] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.CycleList]:
    """The cycles that you may see, a page at a time: your teams' and the organisation's own."""
    return build_request(
        "GET",
        "/v1/cycles",
        m.CycleList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "team": team,
            "state": state,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def open_cycle(body: m.OpenCycle, *, idempotency_key: str | None = None) -> Request[m.CycleSummary]:
    """Open a cycle: restate the purpose, and take along what the cycle before left open."""
    return build_command("/v1/cycles", m.CycleSummary, body, idempotency_key)
