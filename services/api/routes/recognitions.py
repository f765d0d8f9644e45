"""Recognitions: given by one member to another for a goal or a cycle, corrected and taken back by their giver."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec

from domain.envelope import Instant
from domain.errors import NotFound
from domain.recognition import recognition as acts
from domain.recognition.decide import ACTS_BY_STATE
from domain.recognition.recognition import Recognition, RecognitionKind
from ledger.commands import Receipt
from projections.as_of import AsOf
from projections.database.paging import MAX_PAGE_SIZE
from projections.history import history
from projections.recognition import recognitions
from services.api.commands import act_routes, command_response, execute, new_stream_id, require_visible_stream
from services.api.context import RequestContext
from services.api.filters import (
    CycleReference,
    GoalReference,
    MemberReference,
    TeamReference,
    require_references,
)
from services.api.http.parsing import decode_segment
from services.api.http.responses import HttpResponse, format_version_etag
from services.api.operations import (
    AsOfQuery,
    Cursor,
    HistoryQuery,
    ListQuery,
    Operation,
    Route,
    Weight,
    command_route,
    query_route,
)
from services.api.queries import (
    as_of_now,
    find_changed_after,
    history_response,
    next_link,
    read_response,
    requested_as_of,
)
from services.api.summaries import StreamSummary
from services.authorization import ACT, ADMIN, READ
from services.visibility.policy import (
    is_unrestricted,
    require_goal,
    sees_everything_else,
    with_read_scope,
)

_TAG = "recognitions"
_PROBLEM_CODES = ("act_not_allowed", "out_of_order", "version_conflict", "busy")


class RecognitionSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """A recognition in a list, and after an act."""

    ref: str | None = None
    state: Literal["given", "taken_back"]
    kind: RecognitionKind
    giver: UUID
    member: UUID
    text: str
    #: One of the two.
    goal: UUID | None = None
    cycle: UUID | None = None
    #: Empty: the organisation's own.
    team: UUID | None = None
    given_at: Instant
    #: What its giver may do now.
    acts: list[str]


class RecognitionsQuery(ListQuery, frozen=True, kw_only=True):
    """Whose recognitions, and what for."""

    member: MemberReference | None = None
    giver: MemberReference | None = None
    goal: GoalReference | None = None
    cycle: CycleReference | None = None
    team: TeamReference | None = None
    kind: RecognitionKind | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] = 50


class RecognitionList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of recognitions, the latest first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    recognitions: list[RecognitionSummary]
    next: str | None


def recognition_summary(
    recognition: Recognition, version: int, *, position: int | None = None, events: list[UUID] | None = None
) -> RecognitionSummary:
    """The short form of a recognition: all of it but what it said before."""
    return RecognitionSummary(
        id=recognition.id,
        version=version,
        position=position,
        events=events,
        ref=recognition.ref,
        state=recognition.state,
        kind=recognition.kind,
        giver=recognition.giver,
        member=recognition.member,
        text=recognition.text,
        goal=recognition.goal,
        cycle=recognition.cycle,
        team=recognition.team,
        given_at=recognition.given_at,
        acts=list(ACTS_BY_STATE[recognition.state]),
    )


@query_route(
    "/v1/recognitions",
    Operation(
        id="listRecognitions",
        weight=Weight.PAGE,
        summary="Recognitions that you gave or received, and those of teams that you lead, a page at a time",
        tag=_TAG,
        scopes=(READ,),
        query=RecognitionsQuery,
        answer=RecognitionList,
        reads_view=True,
    ),
)
def list_recognitions(context: RequestContext) -> HttpResponse:
    query: RecognitionsQuery = context.query
    view = requested_as_of(context)
    page = recognitions.load_recognitions_page(
        context.runtime.database,
        view,
        _build_filters(context, query),
        cursor=query.cursor,
        limit=query.limit,
        visible=_build_visibility_filter(context),
    )
    if not page.recognitions:
        require_references(context)
    items = [recognition_summary(found, page.versions[found.id]) for found in page.recognitions]
    headers = next_link(context, query, cursor=page.next)
    return read_response(context, RecognitionList(recognitions=items, next=page.next), view, headers=headers)


def _build_filters(context: RequestContext, query: RecognitionsQuery) -> recognitions.RecognitionFilters:
    def named(kind: str, ref: str | None) -> UUID | None:
        return context.resolve_id(kind, ref) if ref is not None else None

    return recognitions.RecognitionFilters(
        changed_after=find_changed_after(context),
        giver=named("member", query.giver),
        member=named("member", query.member),
        goal=named("goal", query.goal),
        cycle=named("cycle", query.cycle),
        team=named("team", query.team),
        kind=query.kind,
    )


def _build_visibility_filter(context: RequestContext) -> recognitions.RecognitionVisibilityFilter | None:
    viewer = context.viewer
    if is_unrestricted(viewer):
        return None
    levels = viewer.sight_limits.members
    return recognitions.RecognitionVisibilityFilter(
        member=viewer.member_id,
        teams=None if sees_everything_else(viewer) else frozenset() if viewer.co_determination else viewer.leads,
        hidden=frozenset(member for member, level in levels.items() if level == "member"),
        hidden_but_from_lead=frozenset(member for member, level in levels.items() if level == "lead"),
        led=viewer.leads,
    )


def _load_recognition(context: RequestContext, ref: str, view: AsOf) -> tuple[Recognition, int]:
    """The recognition as of the question and its version, for this viewer; raises `NotFound`, or `Forbidden`."""
    recognition_id = require_visible_stream(
        context, "recognition", context.resolve_id("recognition", decode_segment(ref))
    )
    found = recognitions.recognition_at(context.runtime.database, view, recognition_id)
    if found is None:
        raise NotFound("no such recognition at that time")
    return found


@query_route(
    "/v1/recognitions/{recognition}",
    Operation(
        id="getRecognition",
        summary="One recognition, at any time, as known at any time",
        tag=_TAG,
        scopes=(READ,),
        query=AsOfQuery,
        answer=RecognitionSummary,
        reads_view=True,
    ),
)
def get_recognition(context: RequestContext, recognition: str) -> HttpResponse:
    query: AsOfQuery = context.query
    view = requested_as_of(context)
    found, version = _load_recognition(context, recognition, view)
    tag = format_version_etag(version) if query.is_now else None
    return read_response(context, recognition_summary(found, version), view, tag=tag)


@query_route(
    "/v1/recognitions/{recognition}/history",
    Operation(
        id="getRecognitionHistory",
        summary="Each event in plain words, with what it changed",
        tag=_TAG,
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_recognition_history(context: RequestContext, recognition: str) -> HttpResponse:
    view = requested_as_of(context)
    found, _ = _load_recognition(context, recognition, as_of_now(context))
    return history_response(context, view, found.id)


# --- saying ----------------------------------------------------------------------------------------------------------


def _respond(receipt: Receipt, *, created: bool = False) -> HttpResponse:
    summary = recognition_summary(receipt.state, receipt.version, position=receipt.position, events=receipt.event_ids)
    return command_response(summary, receipt, created=created)


@command_route(
    "/v1/recognitions",
    Operation(
        id="giveRecognition",
        summary="Recognise what another member did for a goal or a cycle",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=acts.GiveRecognition,
        answer=RecognitionSummary,
        status=201,
        codes=("already_exists", "act_not_allowed", "out_of_order"),
        command=True,
        idempotent=True,
    ),
)
async def give_recognition(context: RequestContext) -> HttpResponse:
    act: acts.GiveRecognition = context.body
    if act.goal is not None:
        # What is said of a goal that the giver may not see would tell how it stands.
        await asyncio.to_thread(_require_goal, context, act.goal)
    recognition_id = new_stream_id(context, "recognition", act.ref)
    receipt = await execute(context, "recognition", recognition_id, act, creates=True)
    return _respond(receipt, created=True)


def _require_goal(context: RequestContext, ref: str) -> None:
    entry = context.runtime.ledger.load_current(context.viewer.organisation_id, "goal", context.resolve_id("goal", ref))
    if entry is None or entry.state is None:
        raise NotFound(f"no goal {ref!r}", pointer="/goal")
    require_goal(with_read_scope(context.viewer), entry.state)


async def act_on_recognition(context: RequestContext, recognition: str) -> HttpResponse:
    """Record an act on a recognition."""
    recognition_id = context.resolve_id("recognition", decode_segment(recognition))
    return _respond(await execute(context, "recognition", recognition_id, context.body))


ROUTES: list[Route] = [
    list_recognitions,
    get_recognition,
    get_recognition_history,
    give_recognition,
    *act_routes(
        "recognition",
        (act for act in get_args(acts.RecognitionAct) if act is not acts.GiveRecognition),
        RecognitionSummary,
        act_on_recognition,
        codes=_PROBLEM_CODES,
    ),
]
