"""A team's digest: what changed, what is needed of whom, and what stands as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.calendar import end_of_day
from domain.errors import NotFound
from projections.as_of import AsOf
from projections.inbox.digest import Digest, load_digest
from projections.people import team_at
from services.api.context import RequestContext
from services.api.http.parsing import decode_segment, parse_as_of
from services.api.http.problems import field_error
from services.api.http.responses import HttpResponse
from services.api.operations import (
    AsOfQuery,
    Operation,
    Route,
    TimeText,
    Weight,
    query_route,
)
from services.api.queries import read_response, requested_as_of, sight_of
from services.authorization import READ
from services.visibility.policy import require_scope

#: Days that a digest looks back where `since` is missing: the day asked about and the six before it.
DAYS_BACK = 7


class DigestQuery(AsOfQuery, frozen=True, kw_only=True):
    """Since when, and how much of it."""

    since: Annotated[
        TimeText | None,
        msgspec.Meta(description=f"A day (from its beginning) or an RFC 3339 instant; {DAYS_BACK} days where unsaid."),
    ] = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100, description="Items of each list; what there is, is counted.")] = 20
    names: Annotated[bool, msgspec.Meta(description="Say how members, goals and charters are called.")] = False


@query_route(
    "/v1/teams/{team}/digest",
    Operation(
        id="getDigest",
        weight=Weight.PAGE,
        summary="What changed in a team, what is needed of whom, and what is unchanged: to be read at any time",
        tag="support",
        scopes=(READ,),
        query=DigestQuery,
        answer=Digest,
        reads_view=True,
    ),
)
def get_digest(context: RequestContext, team: str) -> HttpResponse:
    query: DigestQuery = context.query
    view = requested_as_of(context)
    database, viewer = context.runtime.database, context.viewer
    found = team_at(database, view, context.resolve_id("team", decode_segment(team)))
    if found is None:
        raise NotFound("no such team")
    require_scope(viewer, found.id)
    sight = sight_of(context, view)
    loaded = load_digest(database, view, found.id, since=_parse_since(query, view), sight=sight, limit=query.limit)
    if query.names:
        loaded = replace(loaded, names=dict(sight.load_names(database, view, _collect_ids(loaded))))
    return read_response(context, loaded, view)


def _parse_since(query: DigestQuery, view: AsOf) -> datetime:
    """Raises ProblemError 422 for a time after the one asked about."""
    if query.since is None:
        return _start_of_day(view.today - timedelta(days=DAYS_BACK - 1), view)
    loaded = parse_as_of(query.since, "since")
    since = loaded if isinstance(loaded, datetime) else _start_of_day(loaded, view)
    if since > view.at:
        raise field_error("/since", "since lies after the time that is asked about", where="query")
    return since


def _start_of_day(day: date, view: AsOf) -> datetime:
    try:
        return end_of_day(day - timedelta(days=1), view.tzinfo)
    except OverflowError:
        raise field_error("/since", "that day is too far away", where="query") from None


def _collect_ids(loaded: Digest) -> Iterator[UUID]:
    for part in (loaded.needs, loaded.blockers, loaded.answers, loaded.quiet, loaded.links):
        for ask in part.items:
            yield from (named for named in (ask.goal, ask.whom, ask.parent) if named is not None)
    for steady in loaded.unchanged.items:
        yield from (steady.goal, steady.owner)


ROUTES: list[Route] = [get_digest]
