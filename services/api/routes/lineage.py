"""What led to what, as far as this viewer may see: why, a goal's links, and what a purpose's revisions caused."""

from __future__ import annotations

from typing import Annotated

import msgspec

from projections.history import history
from projections.lineage.downstream import PurposeConsequences, find_purpose_consequences
from projections.lineage.goal_links import GoalLinks, LinkView, load_goal_links
from projections.lineage.upstream import Upstream
from projections.lineage.why import Why, explain_field
from services.api.context import RequestContext
from services.api.filters import GoalField, missing_stream
from services.api.http.responses import HttpResponse
from services.api.operations import AsOfQuery, Operation, Route, Weight, query_route
from services.api.queries import as_of_now, read_response, requested_as_of, sight_of
from services.api.routes.charters import load_charter
from services.api.routes.goal_queries import load_goal
from services.authorization import READ
from services.visibility.policy import can_see_scope
from services.visibility.sight import ViewerSight


def redact_why(context: RequestContext, sight: ViewerSight, answer: Why) -> Why:
    """The answer without goals that the viewer may not see, and without decisions of other teams."""
    goals = [up.goal for up in answer.upstream if up.goal is not None]
    sees = sight.build_filter([*goals, *(down.goal for down in answer.downstream)])

    def shows(up: Upstream) -> bool:
        if up.goal is not None:
            return sees(up.goal)
        return up.decision is None or can_see_scope(context.viewer, up.team)

    return msgspec.structs.replace(
        answer,
        upstream=[up for up in answer.upstream if shows(up)],
        downstream=[down for down in answer.downstream if sees(down.goal)],
    )


class WhyQuery(AsOfQuery, frozen=True, kw_only=True):
    """Which field's value is to be explained."""

    field: Annotated[GoalField, msgspec.Meta(description=f"One of {', '.join(history.FIELDS)}.")]


@query_route(
    "/v1/goals/{goal}/why",
    Operation(
        id="whyIsIt",
        weight=Weight.PAGE,
        summary="Why a field has its value: change, reason, trigger, trade-offs, who consented, and so on upstream",
        tag="goals",
        scopes=(READ,),
        query=WhyQuery,
        answer=Why,
        reads_view=True,
    ),
)
def get_why(context: RequestContext, goal: str) -> HttpResponse:
    query: WhyQuery = context.query
    view = requested_as_of(context)
    found = load_goal(context, goal, view)
    sight = sight_of(context, view, goal=found.id)
    answer = explain_field(context.runtime.database, view, found.id, query.field, sight=sight)
    return read_response(context, redact_why(context, sight, answer), view)


@query_route(
    "/v1/goals/{goal}/links",
    Operation(
        id="getGoalLinks",
        weight=Weight.PAGE,
        summary="What a goal supports and what supports it: affirmed since when, or waiting until when",
        tag="goals",
        scopes=(READ,),
        query=AsOfQuery,
        answer=GoalLinks,
        reads_view=True,
    ),
)
def get_links(context: RequestContext, goal: str) -> HttpResponse:
    view = requested_as_of(context)
    found = load_goal(context, goal, view)
    sight = sight_of(context, view, goal=found.id)
    loaded = load_goal_links(context.runtime.database, view, found.id, sight=sight)
    sees = sight.build_filter(link.goal for link in (*loaded.supports, *loaded.supported_by) if link.goal is not None)

    def veiled(link: LinkView) -> LinkView:
        # That it supports something stands in the goal's own terms; what became of that does not.
        if link.goal is None or sees(link.goal):
            return link
        return msgspec.structs.replace(link, title="", state=None, events=[])

    below = [link for link in loaded.supported_by if link.goal is None or sees(link.goal)]
    loaded = msgspec.structs.replace(loaded, supports=[veiled(link) for link in loaded.supports], supported_by=below)
    return read_response(context, loaded, view)


class ConsequencesQuery(AsOfQuery, frozen=True, kw_only=True):
    """Of every version, or of one."""

    version: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None


@query_route(
    "/v1/charters/{of}/consequences",
    Operation(
        id="getPurposeConsequences",
        weight=Weight.PAGE,
        summary="What each revision of the purpose caused below: links affirmed, renegotiated, unlinked or waiting",
        tag="charters",
        scopes=(READ,),
        query=ConsequencesQuery,
        answer=PurposeConsequences,
        reads_view=True,
    ),
)
def get_consequences(context: RequestContext, of: str) -> HttpResponse:
    query: ConsequencesQuery = context.query
    view = requested_as_of(context)
    charter = load_charter(context, of, as_of_now(context)).charter
    if query.version is not None and query.version > (charter.purpose.version if charter.purpose else 0):
        raise missing_stream("version", ["version of the purpose"])
    sight = sight_of(context, view)
    loaded = find_purpose_consequences(context.runtime.database, view, charter.id, sight=sight, version=query.version)
    sees = sight.build_filter([down.goal for down in loaded.downstream])
    shown = [down for down in loaded.downstream if sees(down.goal)]
    loaded = msgspec.structs.replace(loaded, downstream=shown)
    return read_response(context, loaded, view)


ROUTES: list[Route] = [get_why, get_links, get_consequences]
