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
from projections.inbox.digest import Digest, digest
from projections.people import names, team_at
from services.api.auth.visibility import require_scope
from services.api.context import RequestContext
from services.api.http.parsing import decode_segment, parse_as_of
from services.api.http.problems import field_error
from services.api.http.responses import HttpResponse
from services.api.operations import AsOfQuery, Operation, Route, When, query_route
from services.api.queries import read_response, requested_as_of
from services.authorization import READ

#: Days that a digest looks back where nobody says since when: the day asked about and the six before it.
DAYS_BACK = 7


class DigestQuery(AsOfQuery, frozen=True, kw_only=True):
    """Since when, and how much of it."""

    since: Annotated[
        When | None,
        msgspec.Meta(description=f"A day (from its beginning) or an RFC 3339 instant; {DAYS_BACK} days where unsaid."),
    ] = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100, description="Items of each list; what there is, is counted.")] = 20
    names: Annotated[bool, msgspec.Meta(description="Say how members, goals and charters are called.")] = False


@query_route(
    "/v1/teams/{team}/digest",
    Operation(
        id="getDigest",
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
    found = team_at(database, view, context.id_of("team", decode_segment(team)))
    if found is None:
        raise NotFound("no such team")
    require_scope(viewer, found.id)
    told = digest(database, view, found.id, since=_since(query, view), limit=query.limit)
    if query.names:
        told = replace(told, names=names(database, viewer.organisation_id, sorted(map(str, set(_ids(told))))))
    return read_response(context, told, view)


def _since(query: DigestQuery, view: AsOf) -> datetime:
    """Raises ProblemError 422 for a time after the one asked about."""
    if query.since is None:
        return _begins(view.today - timedelta(days=DAYS_BACK - 1), view)
    told = parse_as_of(query.since, "since")
    since = told if isinstance(told, datetime) else _begins(told, view)
    if since > view.at:
        raise field_error("/since", "since lies after the time that is asked about", where="query")
    return since


def _begins(day: date, view: AsOf) -> datetime:
    try:
        return end_of_day(day - timedelta(days=1), view.tzinfo)
    except OverflowError:
        raise field_error("/since", "that day is too far away", where="query") from None


def _ids(told: Digest) -> Iterator[UUID]:
    for part in (told.needs, told.blockers, told.answers, told.quiet, told.links):
        for ask in part.items:
            yield from (named for named in (ask.goal, ask.whom, ask.parent) if named is not None)
    for steady in told.unchanged.items:
        yield from (steady.goal, steady.owner)


ROUTES: list[Route] = [get_digest]
