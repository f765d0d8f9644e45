"""Requests of experiments. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def experiment_agree(
    experiment: str | UUID,
    body: m.AgreeToExperiment | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.ExperimentSummary]:
    """Agree. The owner agrees to see to it: from now on it runs."""
    return build_command(
        "/v1/experiments/{experiment}/agree",
        m.ExperimentSummary,
        body,
        idempotency_key,
        if_match,
        experiment=experiment,
    )


def experiment_decline(
    experiment: str | UUID,
    body: m.DeclineExperiment | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.ExperimentSummary]:
    """Decline. The owner does not agree; a code is enough."""
    return build_command(
        "/v1/experiments/{experiment}/decline",
        m.ExperimentSummary,
        body,
        idempotency_key,
        if_match,
        experiment=experiment,
    )


def experiment_drop(
    experiment: str | UUID,
    body: m.DropExperiment | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.ExperimentSummary]:
    """Drop. End it, for a reason; also before its day, where it does harm."""
    return build_command(
        "/v1/experiments/{experiment}/drop", m.ExperimentSummary, body, idempotency_key, if_match, experiment=experiment
    )


def experiment_keep(
    experiment: str | UUID, body: m.KeepExperiment, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.ExperimentSummary]:
    """Keep. It helped, and stays. Only what was looked at can be kept."""
    return build_command(
        "/v1/experiments/{experiment}/keep", m.ExperimentSummary, body, idempotency_key, if_match, experiment=experiment
    )


def experiment_review(
    experiment: str | UUID, body: m.ReviewExperiment, *, idempotency_key: str | None = None, if_match: str | None = None
) -> Request[m.ExperimentSummary]:
    """Review. Say what was found, and when it is looked at again; without a day it is to be kept or dropped next."""
    return build_command(
        "/v1/experiments/{experiment}/review",
        m.ExperimentSummary,
        body,
        idempotency_key,
        if_match,
        experiment=experiment,
    )


def experiment_withdraw(
    experiment: str | UUID,
    body: m.WithdrawExperiment | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.ExperimentSummary]:
    """Withdraw. Take the proposal back before its owner has answered."""
    return build_command(
        "/v1/experiments/{experiment}/withdraw",
        m.ExperimentSummary,
        body,
        idempotency_key,
        if_match,
        experiment=experiment,
    )


def get_experiment(
    experiment: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.ExperimentView]:
    """One experiment, at any time, as known at any time."""
    return build_request(
        "GET",
        "/v1/experiments/{experiment}",
        m.ExperimentView,
        path_values={"experiment": experiment},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_experiment_history(
    experiment: str | UUID,
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
        "/v1/experiments/{experiment}/history",
        m.HistoryPage,
        path_values={"experiment": experiment},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_experiments(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    team: str | None = None,
    owner: str | None = None,
    tension: Literal[
        "imposed_goals",
        "meeting_fatigue",
        "monitoring",
        "purpose_lost",
        "results_only",
        "rigid_structure",
        "silent_drift",
        "slow_consensus",
        "static_goals",
        "unsupported",
        "vague_expectations",
        "yes_and",
    ]
    | None = None,
    state: Sequence[Literal["declined", "dropped", "kept", "proposed", "running", "withdrawn"]] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.ExperimentList]:
    """Experiments, a page at a time; pages stay consistent under writes."""
    return build_request(
        "GET",
        "/v1/experiments",
        m.ExperimentList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "team": team,
            "owner": owner,
            "tension": tension,
            "state": state,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def propose_experiment(
    body: m.ProposeExperiment, *, idempotency_key: str | None = None
) -> Request[m.ExperimentSummary]:
    """Take up a tension: what is to be tried, how one would tell, when it is looked at, who sees to it."""
    return build_command("/v1/experiments", m.ExperimentSummary, body, idempotency_key)
