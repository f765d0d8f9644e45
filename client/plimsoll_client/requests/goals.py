"""Requests of goals. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal
from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def begin_goal(
    body: m.BeginDraft | m.BeginRequest | m.BeginOffer, *, idempotency_key: str | None = None
) -> Request[m.GoalSummary]:
    """Begin a goal: draft it, request it as sponsor, or offer it as owner."""
    return build_command("/v1/goals", m.GoalSummary, body, idempotency_key)


def diff_goal(
    goal: str | UUID,
    *,
    after_position: int | None = None,
    from_: str | None = None,
    to: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.GoalDiff]:
    """What changed between two times."""
    return build_request(
        "GET",
        "/v1/goals/{goal}/diff",
        m.GoalDiff,
        path_values={"goal": goal},
        query={"after_position": after_position, "from": from_, "to": to},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_goal(
    goal: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.GoalView]:
    """One goal, at any time, as known at any time."""
    return build_request(
        "GET",
        "/v1/goals/{goal}",
        m.GoalView,
        path_values={"goal": goal},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_goal_history(
    goal: str | UUID,
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
        "/v1/goals/{goal}/history",
        m.HistoryPage,
        path_values={"goal": goal},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_goal_links(
    goal: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.GoalLinks]:
    """What a goal supports and what supports it: affirmed since when, or waiting until when."""
    return build_request(
        "GET",
        "/v1/goals/{goal}/links",
        m.GoalLinks,
        path_values={"goal": goal},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def list_goals(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    team: str | None = None,
    owner: str | None = None,
    sponsor: str | None = None,
    state: Sequence[
        Literal[
            "active",
            "answer_deferred",
            "broken",
            "cancelled",
            "change_proposed_by_owner",
            "change_proposed_by_sponsor",
            "countered_by_owner",
            "countered_by_sponsor",
            "declined",
            "delivered",
            "draft",
            "expired",
            "lapsed",
            "offered",
            "promise_withdrawn",
            "released",
            "requested",
            "satisfied",
            "withdrawn",
        ]
    ]
    | None = None,
    supports: str | None = None,
    cycle: str | None = None,
    q: str | None = None,
    due_from: date | None = None,
    due_to: date | None = None,
    id_prefix: str | None = None,
    sort: Literal["-due", "-title", "-updated", "due", "title", "updated"] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    names: bool | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.GoalList]:
    """Goals, a page at a time; pages stay consistent under writes."""
    return build_request(
        "GET",
        "/v1/goals",
        m.GoalList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "team": team,
            "owner": owner,
            "sponsor": sponsor,
            "state": state,
            "supports": supports,
            "cycle": cycle,
            "q": q,
            "due_from": due_from,
            "due_to": due_to,
            "id_prefix": id_prefix,
            "sort": sort,
            "cursor": cursor,
            "limit": limit,
            "names": names,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def preview_act(
    goal: str | UUID,
    body: m.DraftGoal
    | m.ReviseDraft
    | m.RequestGoal
    | m.OfferGoal
    | m.DiscardDraft
    | m.PromiseGoal
    | m.AcceptGoal
    | m.CounterGoal
    | m.DeferAnswer
    | m.DeclineGoal
    | m.WithdrawGoal
    | m.ClarifyGoal
    | m.CheckIn
    | m.GiveFeedback
    | m.RaiseBlocker
    | m.ResolveBlocker
    | m.AnswerNeed
    | m.RecordValue
    | m.TakeBackStatement
    | m.ProposeChange
    | m.AcceptChange
    | m.RejectChange
    | m.CounterChange
    | m.WithdrawChange
    | m.JoinHandOver
    | m.RefuseHandOver
    | m.DeclareComplete
    | m.DeclareSatisfied
    | m.RejectDelivery
    | m.RetractCompletion
    | m.DisputeDelivery
    | m.RuleSatisfied
    | m.RuleBroken
    | m.CancelGoal
    | m.ReleaseGoal
    | m.WithdrawPromise
    | m.CloseBroken
    | m.ReassignSponsor
    | m.ReleaseDeparted
    | m.ChooseApproach
    | m.RetitleGoal
    | m.AffirmGoal
    | m.AffirmLink
    | m.UnlinkGoal
    | m.ResumeGoal,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.ActPreview]:
    """What an act would record and do to the owner's load; nothing is recorded."""
    return build_command("/v1/goals/{goal}/preview", m.ActPreview, body, idempotency_key, if_match, goal=goal)


def why_is_it(
    goal: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    field: Literal[
        "conditions",
        "confidence",
        "description",
        "due",
        "effort_hours",
        "kind",
        "measure",
        "outcome",
        "owner",
        "pause",
        "priority",
        "progress",
        "sponsor",
        "start",
        "state",
        "supports",
        "tags",
        "team",
        "title",
        "value",
    ]
    | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.WhyAnswer]:
    """Why a field has its value: change, reason, trigger, trade-offs, who consented, and so on upstream."""
    return build_request(
        "GET",
        "/v1/goals/{goal}/why",
        m.WhyAnswer,
        path_values={"goal": goal},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of, "field": field},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )
