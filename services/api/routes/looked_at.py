"""Who looked at my figures: reads of person-level figures by others, for the one whom they concern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from domain.instants import to_micros
from ledger.person_reads import ReadSubject, StoredRead
from projections.people import Membership, load_memberships
from services.api.context import RequestContext
from services.api.http.responses import HttpResponse, json_response
from services.api.operations import NoQuery, Operation, Route, query_route
from services.api.queries import as_of_now, sight_of
from services.authorization import READ

#: Entries of one answer; the latest are there.
MAX_LOOKS = 500


class LookedAtQuery(NoQuery, frozen=True, kw_only=True):
    """How many of the latest reads."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LOOKS)] = 100
    names: Annotated[bool, msgspec.Meta(description="Say how the readers and teams are called.")] = False


class Look(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The reads of one day by one member, in one role, of one kind of figures that are (also) mine."""

    #: Who read.
    viewer: UUID
    #: What allowed it: lead, steward or auditor.
    role: str
    #: Which figures, as the API names them.
    what: str
    #: member: mine alone were asked for; team or organisation: I was one of those.
    about: ReadSubject
    team: UUID | None = None
    first_at: datetime
    last_at: datetime
    times: int


class LookedAt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The latest reads of my figures by others. Kept for `kept_days` days, by policy; written within a second or so."""

    looks: list[Look]
    kept_days: int
    #: There are more than `limit`.
    more: bool
    #: Id -> how the readers and teams are called; only when asked for.
    names: Mapping[str, str] = {}


@query_route(
    "/v1/me/looked-at",
    Operation(
        id="getLookedAt",
        summary="Who read my figures, in which role, which, and when; my own reads apart",
        tag="organisation",
        scopes=(READ,),
        query=LookedAtQuery,
        answer=LookedAt,
    ),
)
def get_looked_at(context: RequestContext) -> HttpResponse:
    query: LookedAtQuery = context.query
    viewer, runtime = context.viewer, context.runtime
    organisation = viewer.organisation_id
    view = as_of_now(context)
    # What was read in this very process waits for the store; it is to be seen at once.
    runtime.person_reads.flush()
    memberships = load_memberships(runtime.database, organisation, viewer.member_id)
    teams = frozenset[UUID]().union(*(membership.teams for membership in memberships))
    found = runtime.person_reads.store.load(
        organisation,
        {viewer.member_id, organisation, *teams},
        reader=viewer.member_id,
        since=runtime.reads_kept_from(organisation),
        # Some of a team's or the organisation's were before I came, or after I left.
        limit=MAX_LOOKS * 4,
    )
    mine = [look for look in found if _concerns(look, memberships)]
    looks = [_to_look(look) for look in mine[: query.limit]]
    ids = {i for x in looks for i in (x.viewer, x.team)}
    names = sight_of(context, view).load_names(runtime.database, view, ids) if query.names else {}
    kept_days = view.policy.policy.looked_at_days
    return json_response(LookedAt(looks=looks, kept_days=kept_days, more=len(mine) > query.limit, names=dict(names)))


def _concerns(look: StoredRead, memberships: Sequence[Membership]) -> bool:
    """Whether I was one of those whose figures were read, at one time of that day."""
    if look.subject is ReadSubject.MEMBER:
        return True
    first, last = to_micros(look.first_at), to_micros(look.last_at)
    return any(
        membership.begins <= last and first < membership.ends
        for membership in memberships
        if look.subject is ReadSubject.ORGANISATION or look.subject_id in membership.teams
    )


def _to_look(look: StoredRead) -> Look:
    return Look(
        viewer=look.viewer,
        role=look.role,
        what=look.what,
        about=look.subject,
        team=look.subject_id if look.subject is ReadSubject.TEAM else None,
        first_at=look.first_at,
        last_at=look.last_at,
        times=look.times,
    )


ROUTES: list[Route] = [get_looked_at]
