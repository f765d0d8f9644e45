"""What led to what, as far as this viewer may see: why, a goal's links, and what a purpose's revisions caused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

import msgspec
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from projections.history import history
from projections.lineage.downstream import PurposeConsequences, purpose_consequences
from projections.lineage.goal_links import GoalLinks, LinkView, links
from projections.lineage.links import goals_by_id
from projections.lineage.upstream import Upstream
from projections.lineage.why import Why, why
from services.api.auth.visibility import GoalVisibility, sees_scope
from services.api.context import RequestContext
from services.api.http.responses import HttpResponse
from services.api.operations import AsOfQuery, Operation, query_route
from services.api.queries import as_of_now, read_response, requested_as_of
from services.api.routes.charters import found_charter
from services.api.routes.goal_queries import found_goal
from services.authorization import READ


def goal_visibility(call: RequestContext, goals: Iterable[UUID]) -> GoalVisibility:
    """Which of these goals the viewer may see: a matter of how they stand now, not of the time asked about."""
    return GoalVisibility(
        call.viewer, goals, lambda wanted: goals_by_id(call.runtime.database, as_of_now(call), wanted)
    )


def redact_why(call: RequestContext, answer: Why) -> Why:
    """The answer without goals that the viewer may not see, and without decisions of other teams."""
    goals = [up.goal for up in answer.upstream if up.goal is not None]
    visible = goal_visibility(call, [*goals, *(down.goal for down in answer.downstream)])

    def shows(up: Upstream) -> bool:
        if up.goal is not None:
            return visible.includes(up.goal)
        return up.decision is None or sees_scope(call.viewer, up.team)

    return msgspec.structs.replace(
        answer,
        upstream=[up for up in answer.upstream if shows(up)],
        downstream=[down for down in answer.downstream if visible.includes(down.goal)],
    )


class WhyQuery(AsOfQuery, frozen=True, kw_only=True):
    """Which field's value is to be explained."""

    field: Annotated[str, msgspec.Meta(max_length=40, description=f"One of {', '.join(history.FIELDS)}.")]


@query_route(
    "/v1/goals/{goal:str}/why",
    Operation(
        id="whyIsIt",
        summary="Why a field has its value: change, reason, trigger, trade-offs, who consented, and so on upstream",
        tag="goals",
        scopes=(READ,),
        query=WhyQuery,
        answer=Why,
        reads_view=True,
    ),
)
def get_why(goal: FromPath[str], call: NamedDependency[RequestContext]) -> HttpResponse:
    query: WhyQuery = call.query
    view = requested_as_of(call)
    found = found_goal(call, goal, view)
    answer = why(call.runtime.database, view, found.id, query.field)
    return read_response(call, redact_why(call, answer), view)


@query_route(
    "/v1/goals/{goal:str}/links",
    Operation(
        id="getGoalLinks",
        summary="What a goal supports and what supports it: affirmed since when, or waiting until when",
        tag="goals",
        scopes=(READ,),
        query=AsOfQuery,
        answer=GoalLinks,
        reads_view=True,
    ),
)
def get_links(goal: FromPath[str], call: NamedDependency[RequestContext]) -> HttpResponse:
    view = requested_as_of(call)
    found = found_goal(call, goal, view)
    told = links(call.runtime.database, view, found.id)
    visible = goal_visibility(
        call, [link.goal for link in (*told.supports, *told.supported_by) if link.goal is not None]
    )

    def veiled(link: LinkView) -> LinkView:
        # That it supports something stands in the goal's own terms; what became of that does not.
        if link.goal is None or visible.includes(link.goal):
            return link
        return msgspec.structs.replace(link, title="", state=None, events=[])

    below = [link for link in told.supported_by if link.goal is None or visible.includes(link.goal)]
    told = msgspec.structs.replace(told, supports=[veiled(link) for link in told.supports], supported_by=below)
    return read_response(call, told, view)


class ConsequencesQuery(AsOfQuery, frozen=True, kw_only=True):
    """Of every version, or of one."""

    version: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None


@query_route(
    "/v1/charters/{of:str}/consequences",
    Operation(
        id="getPurposeConsequences",
        summary="What each revision of the purpose caused below: links affirmed, renegotiated, unlinked or waiting",
        tag="charters",
        scopes=(READ,),
        query=ConsequencesQuery,
        answer=PurposeConsequences,
        reads_view=True,
    ),
)
def get_consequences(of: FromPath[str], call: NamedDependency[RequestContext]) -> HttpResponse:
    query: ConsequencesQuery = call.query
    view = requested_as_of(call)
    charter = found_charter(call, of, as_of_now(call)).charter
    told = purpose_consequences(call.runtime.database, view, charter.id, version=query.version)
    visible = goal_visibility(call, [down.goal for down in told.downstream])
    told = msgspec.structs.replace(told, downstream=[down for down in told.downstream if visible.includes(down.goal)])
    return read_response(call, told, view)


ROUTES: list[HTTPRouteHandler] = [get_why, get_links, get_consequences]
