"""Requests of recognitions. Generated: see `tests/contracts/client_source.py`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from plimsoll_client import models as m
from plimsoll_client.request import Request, build_command, build_request


def get_recognition(
    recognition: str | UUID,
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.RecognitionSummary]:
    """One recognition, at any time, as known at any time."""
    return build_request(
        "GET",
        "/v1/recognitions/{recognition}",
        m.RecognitionSummary,
        path_values={"recognition": recognition},
        query={"after_position": after_position, "as_of": as_of, "recorded_as_of": recorded_as_of},
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def get_recognition_history(
    recognition: str | UUID,
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
        "/v1/recognitions/{recognition}/history",
        m.HistoryPage,
        path_values={"recognition": recognition},
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "after": after,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def give_recognition(body: m.GiveRecognition, *, idempotency_key: str | None = None) -> Request[m.RecognitionSummary]:
    """Recognise what another member did for a goal or a cycle."""
    return build_command("/v1/recognitions", m.RecognitionSummary, body, idempotency_key)


def list_recognitions(
    *,
    after_position: int | None = None,
    as_of: str | None = None,
    recorded_as_of: str | None = None,
    changed_after: int | None = None,
    member: str | None = None,
    giver: str | None = None,
    goal: str | None = None,
    cycle: str | None = None,
    team: str | None = None,
    kind: Literal["relationship", "result"] | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    plimsoll_after_position: int | None = None,
) -> Request[m.RecognitionList]:
    """Recognitions that you gave or received, and those of teams that you lead, a page at a time."""
    return build_request(
        "GET",
        "/v1/recognitions",
        m.RecognitionList,
        query={
            "after_position": after_position,
            "as_of": as_of,
            "recorded_as_of": recorded_as_of,
            "changed_after": changed_after,
            "member": member,
            "giver": giver,
            "goal": goal,
            "cycle": cycle,
            "team": team,
            "kind": kind,
            "cursor": cursor,
            "limit": limit,
        },
        header={"Plimsoll-After-Position": plimsoll_after_position},
    )


def recognition_correct(
    recognition: str | UUID,
    body: m.CorrectRecognition | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.RecognitionSummary]:
    """Correct. Say it in other words, or as the other kind; what was said before stays in the history."""
    return build_command(
        "/v1/recognitions/{recognition}/correct",
        m.RecognitionSummary,
        body,
        idempotency_key,
        if_match,
        recognition=recognition,
    )


def recognition_take_back(
    recognition: str | UUID,
    body: m.TakeBackRecognition | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Request[m.RecognitionSummary]:
    """Take back. Take it back: it counts no longer, and stays in the history."""
    return build_command(
        "/v1/recognitions/{recognition}/take-back",
        m.RecognitionSummary,
        body,
        idempotency_key,
        if_match,
        recognition=recognition,
    )
