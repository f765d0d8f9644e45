"""Experiments: a tension taken up, looked at on an agreed day, kept or dropped; looked up by those whose they are."""

from __future__ import annotations

from datetime import date
from typing import Annotated, get_args
from uuid import UUID

import msgspec

from domain.envelope import Instant
from domain.errors import NotFound
from domain.experiment import acts
from domain.experiment.decide import ACTS_BY_STATE
from domain.experiment.events import Tension
from domain.experiment.state import Experiment
from domain.experiment.state import ExperimentState as State
from domain.scope import ORGANISATION
from ledger.commands import Receipt
from projections import experiments
from projections.as_of import AsOf
from projections.database.paging import MAX_PAGE_SIZE
from projections.history import history
from projections.streams import load_stream_versions
from services.api.commands import act_routes, command_response, execute, new_stream_id, require_visible_stream
from services.api.context import RequestContext
from services.api.filters import (
    ExperimentState,
    MemberReference,
    ScopeReference,
    TensionName,
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
    build_visibility_filter,
    find_changed_after,
    history_response,
    next_link,
    read_response,
    requested_as_of,
)
from services.api.summaries import StreamSummary
from services.authorization import ACT, ADMIN, READ

_TAG = "experiments"
_PROBLEM_CODES = ("act_not_allowed", "reason_required", "out_of_order")


class ExperimentSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """An experiment in a list, and after an act."""

    ref: str | None = None
    tension: Tension
    hypothesis: str
    state: State
    #: Empty: the organisation's own.
    team: UUID | None = None
    owner: UUID
    review_on: date | None = None
    #: How often it was looked at.
    findings: int = 0
    ended_at: Instant | None = None


def experiment_summary(
    experiment: Experiment, version: int, *, position: int | None = None, events: list[UUID] | None = None
) -> ExperimentSummary:
    """The short form of an experiment."""
    return ExperimentSummary(
        id=experiment.id,
        version=version,
        position=position,
        events=events,
        ref=experiment.ref,
        tension=experiment.tension,
        hypothesis=experiment.hypothesis,
        state=experiment.state,
        team=experiment.of.team,
        owner=experiment.owner,
        review_on=experiment.review_on,
        findings=len(experiment.findings),
        ended_at=experiment.ended_at,
    )


# --- looking ---------------------------------------------------------------------------------------------------------


class ExperimentsQuery(ListQuery, frozen=True, kw_only=True):
    """Which experiments: a team's or (the word `organisation`) the organisation's own, of an owner, a tension."""

    team: ScopeReference | None = None
    owner: MemberReference | None = None
    tension: TensionName | None = None
    state: Annotated[
        list[ExperimentState],
        msgspec.Meta(
            max_length=20,
            description="Any of these states: proposed, running, kept, dropped, declined, withdrawn.",
        ),
    ] = msgspec.field(default_factory=list)
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE_SIZE)] = 50


class ExperimentList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of experiments, the latest proposed first; the next one's cursor, also as `Link: <...>; rel="next"`."""

    experiments: list[ExperimentSummary]
    next: str | None


class ExperimentView(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment with everything that was found of it."""

    id: UUID
    version: int
    state: State
    #: What can be said in this state; by whom is the act's business.
    acts: list[str]
    experiment: Experiment


@query_route(
    "/v1/experiments",
    Operation(
        id="listExperiments",
        weight=Weight.PAGE,
        summary="Experiments, a page at a time; pages stay consistent under writes",
        tag=_TAG,
        scopes=(READ,),
        query=ExperimentsQuery,
        answer=ExperimentList,
        reads_view=True,
    ),
)
def list_experiments(context: RequestContext) -> HttpResponse:
    query: ExperimentsQuery = context.query
    view, database = requested_as_of(context), context.runtime.database
    page = experiments.load_experiments_page(
        database,
        view,
        _build_filters(context, query),
        cursor=query.cursor,
        limit=query.limit,
        visible=build_visibility_filter(context.viewer),
    )
    if not page.experiments:
        require_references(context)
    headers = next_link(context, query, cursor=page.next)
    versions = load_stream_versions(database, view.params, "experiments", [each.id for each in page.experiments])
    items = [experiment_summary(each, versions.get(each.id, each.version)) for each in page.experiments]
    return read_response(context, ExperimentList(experiments=items, next=page.next), view, headers=headers)


def _build_filters(context: RequestContext, query: ExperimentsQuery) -> experiments.ExperimentFilters:
    own = query.team == ORGANISATION
    return experiments.ExperimentFilters(
        changed_after=find_changed_after(context),
        team=None if own or query.team is None else context.resolve_id("team", query.team),
        own=own,
        owner=context.resolve_id("member", query.owner) if query.owner is not None else None,
        tension=query.tension,
        states=tuple(query.state),
    )


def _resolve_experiment(context: RequestContext, ref: str) -> UUID:
    return context.resolve_id("experiment", decode_segment(ref))


def _load_experiment(context: RequestContext, ref: str, view: AsOf) -> Experiment:
    """The experiment as of the question, for this viewer; raises `NotFound`, or `Forbidden`."""
    experiment_id = require_visible_stream(context, "experiment", _resolve_experiment(context, ref))
    found = experiments.experiment_at(context.runtime.database, view, experiment_id)
    if found is None:
        raise NotFound("no such experiment at that time")
    return found


@query_route(
    "/v1/experiments/{experiment}",
    Operation(
        id="getExperiment",
        summary="One experiment, at any time, as known at any time",
        tag=_TAG,
        scopes=(READ,),
        query=AsOfQuery,
        answer=ExperimentView,
        reads_view=True,
    ),
)
def get_experiment(context: RequestContext, experiment: str) -> HttpResponse:
    query: AsOfQuery = context.query
    view = requested_as_of(context)
    found = _load_experiment(context, experiment, view)
    answer = ExperimentView(
        id=found.id,
        version=found.version,
        state=found.state,
        acts=list(ACTS_BY_STATE[found.state]),
        experiment=found,
    )
    # Today's answer is a function of the version, so its tag is the one that `If-Match` takes.
    return read_response(context, answer, view, tag=format_version_etag(found.version) if query.is_now else None)


@query_route(
    "/v1/experiments/{experiment}/history",
    Operation(
        id="getExperimentHistory",
        summary="Each event in plain words, with what it changed",
        tag=_TAG,
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_experiment_history(context: RequestContext, experiment: str) -> HttpResponse:
    view = requested_as_of(context)
    found = _load_experiment(context, experiment, as_of_now(context))
    return history_response(context, view, found.id)


# --- saying ----------------------------------------------------------------------------------------------------------


def _respond(receipt: Receipt, *, created: bool = False) -> HttpResponse:
    summary = experiment_summary(receipt.state, receipt.version, position=receipt.position, events=receipt.event_ids)
    return command_response(summary, receipt, created=created)


@command_route(
    "/v1/experiments",
    Operation(
        id="proposeExperiment",
        summary="Take up a tension: what is to be tried, how one would tell, when it is looked at, who sees to it",
        tag=_TAG,
        scopes=(ACT, ADMIN),
        body=acts.ProposeExperiment,
        answer=ExperimentSummary,
        status=201,
        codes=("already_exists", "act_not_allowed"),
        command=True,
        idempotent=True,
    ),
)
async def propose_experiment(context: RequestContext) -> HttpResponse:
    act: acts.ProposeExperiment = context.body
    experiment_id = new_stream_id(context, "experiment", act.ref)
    receipt = await execute(context, "experiment", experiment_id, act, creates=True)
    return _respond(receipt, created=True)


async def act_on_experiment(context: RequestContext, experiment: str) -> HttpResponse:
    """Record an act on an experiment."""
    return _respond(await execute(context, "experiment", _resolve_experiment(context, experiment), context.body))


ROUTES: list[Route] = [
    list_experiments,
    get_experiment,
    get_experiment_history,
    propose_experiment,
    *act_routes(
        "experiment",
        (act for act in get_args(acts.ExperimentAct) if act is not acts.ProposeExperiment),
        ExperimentSummary,
        act_on_experiment,
        codes=(*_PROBLEM_CODES, "version_conflict", "busy"),
    ),
]
