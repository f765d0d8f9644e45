"""Decisions: asked within a time-box, decided by consent, and looked up by those whose they are."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec

from domain.decision import acts
from domain.decision.decide import ACTS_BY_STATE
from domain.decision.state import Decision
from domain.envelope import Instant
from domain.errors import NotFound
from domain.scope import ORGANISATION
from ledger.commands import Receipt
from projections.as_of import AsOf
from projections.database.paging import MAX_PAGE_SIZE
from projections.decisions import decisions
from projections.decisions.decisions import Perspective
from projections.history import history
from projections.streams import load_stream_versions
from services.api.commands import act_routes, command_response, execute, new_stream_id, require_visible_stream
from services.api.context import RequestContext
from services.api.filters import DecisionState, MemberReference, ScopeReference, require_references
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
    build_visibility_filter,
    find_changed_after,
    history_response,
    next_link,
    read_response,
    requested_as_of,
)
from services.api.summaries import StreamSummary
from services.authorization import ACT, ADMIN, DECIDE, READ

_TAG = "decisions"
_PROBLEM_CODES = ("act_not_allowed", "reason_required", "answers_required", "answers_superseded", "out_of_order")


#: What a guest's key is for.
_GUEST_ACTS = (acts.SharePerspective, acts.RaiseObjection, acts.WithdrawObjection, acts.Consent)


class DecisionSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """A decision in a list, and after an act."""

    ref: str | None = None
    question: str
    state: Literal["open", "with_lead", "decided"]
    #: Empty: the organisation's own.
    team: UUID | None = None
    deadline: Instant
    #: Until when the lead decides, where that is the state.
    lead_until: Instant | None = None
    #: Deciders whose consent is not given (to any option).
    waiting_for: list[UUID] | None = None
    open_objections: int = 0
    #: The option decided on, its words, and how; no words where things stay as they are without such an option.
    decided: str | None = None
    decided_by: Literal["consent", "fallback", "lead"] | None = None
    in_favour: bool | None = None
    review_on: date | None = None
    reopened: int = 0


def decision_summary(
    decision: Decision, version: int, *, position: int | None = None, events: list[UUID] | None = None
) -> DecisionSummary:
    """The short form of a decision."""
    outcome = decision.decided
    words = {option.id: option.text for option in decision.options}
    return DecisionSummary(
        id=decision.id,
        version=version,
        position=position,
        events=events,
        ref=decision.ref,
        question=decision.question,
        state=decision.state,
        team=decision.of.team,
        deadline=decision.deadline,
        lead_until=decision.lead_until,
        waiting_for=list(decision.pending_deciders) if decision.state == "open" else None,
        open_objections=len(decision.open_objections),
        decided=words.get(outcome.option) if outcome is not None and outcome.option is not None else None,
        decided_by=outcome.by if outcome is not None else None,
        in_favour=outcome.in_favour if outcome is not None else None,
        review_on=decision.review_on,
        reopened=decision.reopen_count,
    )


# --- looking ---------------------------------------------------------------------------------------------------------


class DecisionsQuery(ListQuery, frozen=True, kw_only=True):
    """Which decisions: a team's or (the word `organisation`) the organisation's own, of a decider, in these states."""

    team: ScopeReference | None = None
    decider: MemberReference | None = None
    #: A decider who has consented to nothing yet.
    waiting_for: MemberReference | None = None
    state: Annotated[
        list[DecisionState],
        msgspec.Meta(max_length=20, description="Any of these states: open, with_lead, decided."),
    ] = msgspec.field(default_factory=list)
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] = 50


class DecisionList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of decisions, the latest asked first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    decisions: list[DecisionSummary]
    next: str | None


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with everything that was said about it."""

    id: UUID
    version: int
    state: Literal["open", "with_lead", "decided"]
    #: What can be said in this state; by whom is the act's business.
    acts: list[str]
    #: Option -> the event that gave it its present wording: what a consent's `answers` names.
    worded_by: dict[str, UUID]
    perspectives: list[Perspective]
    decision: Decision


@query_route(
    "/v1/decisions",
    Operation(
        id="listDecisions",
        weight=Weight.PAGE,
        summary="Decisions, a page at a time; pages stay consistent under writes",
        tag=_TAG,
        scopes=(READ,),
        query=DecisionsQuery,
        answer=DecisionList,
        reads_view=True,
    ),
)
def list_decisions(context: RequestContext) -> HttpResponse:
    query: DecisionsQuery = context.query
    view, database = requested_as_of(context), context.runtime.database
    page = decisions.load_decisions_page(
        database,
        view,
        _build_filters(context, query),
        cursor=query.cursor,
        limit=query.limit,
        visible=build_visibility_filter(context.viewer),
    )
    if not page.decisions:
        require_references(context)
    headers = next_link(context, query, cursor=page.next)
    versions = load_stream_versions(database, view.params, "decisions", [decision.id for decision in page.decisions])
    items = [decision_summary(decision, versions.get(decision.id, decision.version)) for decision in page.decisions]
    return read_response(context, DecisionList(decisions=items, next=page.next), view, headers=headers)


def _build_filters(context: RequestContext, query: DecisionsQuery) -> decisions.DecisionFilters:
    own = query.team == ORGANISATION
    return decisions.DecisionFilters(
        changed_after=find_changed_after(context),
        team=None if own or query.team is None else context.resolve_id("team", query.team),
        own=own,
        decider=context.resolve_id("member", query.decider) if query.decider is not None else None,
        waiting_for=context.resolve_id("member", query.waiting_for) if query.waiting_for is not None else None,
        states=tuple(query.state),
    )


def _resolve_decision(context: RequestContext, ref: str) -> UUID:
    """The decision that the path names; for a guest's key there is no other than its own."""
    decision_id = context.resolve_id("decision", decode_segment(ref))
    if context.viewer.guest_of not in (None, decision_id):
        raise NotFound("no such decision")
    return decision_id


def _load_decision(context: RequestContext, ref: str, view: AsOf) -> Decision:
    """The decision as of the question, for this viewer; raises `NotFound`, or `Forbidden`."""
    decision_id = require_visible_stream(context, "decision", _resolve_decision(context, ref))
    found = decisions.decision_at(context.runtime.database, view, decision_id)
    if found is None:
        raise NotFound("no such decision at that time")
    return found


@query_route(
    "/v1/decisions/{decision}",
    Operation(
        id="getDecision",
        summary="One decision, at any time, as known at any time",
        tag=_TAG,
        scopes=(READ, DECIDE),
        query=AsOfQuery,
        answer=DecisionView,
        reads_view=True,
    ),
)
def get_decision(context: RequestContext, decision: str) -> HttpResponse:
    query: AsOfQuery = context.query
    view = requested_as_of(context)
    found = _load_decision(context, decision, view)
    answer = DecisionView(
        id=found.id,
        version=found.version,
        state=found.state,
        acts=list(ACTS_BY_STATE[found.state]),
        worded_by={option.id: found.wording_event(option.id) for option in found.options},
        perspectives=decisions.load_perspectives(context.runtime.database, view, found.id),
        decision=found,
    )
    # Today's answer is a function of the version, so its tag is the one that `If-Match` takes.
    return read_response(context, answer, view, tag=format_version_etag(found.version) if query.is_now else None)


@query_route(
    "/v1/decisions/{decision}/history",
    Operation(
        id="getDecisionHistory",
        summary="Each event in plain words, with what it changed",
        tag=_TAG,
        scopes=(READ, DECIDE),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_decision_history(context: RequestContext, decision: str) -> HttpResponse:
    view = requested_as_of(context)
    found = _load_decision(context, decision, as_of_now(context))
    return history_response(context, view, found.id)


# --- saying ----------------------------------------------------------------------------------------------------------


def _respond(receipt: Receipt, *, created: bool = False) -> HttpResponse:
    summary = decision_summary(receipt.state, receipt.version, position=receipt.position, events=receipt.event_ids)
    return command_response(summary, receipt, created=created)


@command_route(
    "/v1/decisions",
    Operation(
        id="openDecision",
        summary="Ask a question with a time-box: who decides, by when, and what holds if no consent is found",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=acts.Open,
        answer=DecisionSummary,
        status=201,
        codes=("already_exists",),
        command=True,
        idempotent=True,
    ),
)
async def open_decision(context: RequestContext) -> HttpResponse:
    act: acts.Open = context.body
    decision_id = new_stream_id(context, "decision", act.ref)
    receipt = await execute(context, "decision", decision_id, act, creates=True)
    return _respond(receipt, created=True)


async def act_on_decision(context: RequestContext, decision: str) -> HttpResponse:
    """Record an act on a decision."""
    return _respond(await execute(context, "decision", _resolve_decision(context, decision), context.body))


ROUTES: list[Route] = [
    list_decisions,
    get_decision,
    get_decision_history,
    open_decision,
    *act_routes(
        "decision",
        (act for act in get_args(acts.DecisionAct) if act is not acts.Open),
        DecisionSummary,
        act_on_decision,
        codes=(*_PROBLEM_CODES, "version_conflict", "busy"),
        guest_acts=_GUEST_ACTS,
    ),
]
