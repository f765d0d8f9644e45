"""The `AsOf` of a read, from its query; and the answer of a read, with its freshness and ETag."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import structlog

from domain.errors import NotFound
from domain.instants import format_instant
from domain.references import as_uuid
from ledger.person_reads import PersonRead, ReadSubject
from projections.as_of import AsOf, NotFollowed, resolve_as_of
from projections.history.history import load_history_page
from projections.streams import VisibilityFilter, find_changed_streams
from services.api.context import RequestContext, to_log_position
from services.api.http.parsing import encode_path, parse_as_of, parse_instant
from services.api.http.problems import ProblemError, field_error
from services.api.http.responses import JSON, HttpResponse, encode_large, response_with_etag
from services.api.operations import AsOfQuery, HistoryQuery, ListQuery
from services.authorization import AUDITOR, LEAD, STEWARD, Capability, Viewer, can_see_everything, may
from services.visibility.policy import is_narrowed_team
from services.visibility.sight import ViewerSight

#: Whether a list that is asked for changes shows this id.
ChangedFilter = Callable[[UUID], bool]

_log = structlog.get_logger(__name__)


def as_of_now(
    context: RequestContext, *, as_of: date | datetime | None = None, recorded_as_of: datetime | None = None
) -> AsOf:
    """The `AsOf` of the viewer's organisation; raises ProblemError 503 where the views do not know it yet."""
    try:
        return resolve_as_of(
            context.runtime.database,
            context.runtime.ledger,
            context.viewer.organisation_id,
            as_of=as_of,
            recorded_as_of=recorded_as_of,
            now=context.now,
            known=context.freshness.known if context.freshness is not None else None,
            may_cache=context.freshness is not None and not context.freshness.degraded,
        )
    except (NotFound, NotFollowed):
        raise ProblemError("not_caught_up", headers={"Retry-After": "1"}) from None


def requested_as_of(context: RequestContext) -> AsOf:
    """The `AsOf` of the query's `as_of` and `recorded_as_of`."""
    query: AsOfQuery = context.query
    recorded = parse_instant(query.recorded_as_of, "recorded_as_of") if query.recorded_as_of is not None else None
    if recorded is not None and recorded > _latest_instant(context):
        # What will have been recorded by then is not known, so the answer could not be given twice.
        raise field_error("/recorded_as_of", "an instant that is yet to come", where="query")
    as_of = parse_as_of(query.as_of, "as_of") if query.as_of is not None else None
    return as_of_now(context, as_of=as_of, recorded_as_of=recorded)


def is_of_present(context: RequestContext, view: AsOf) -> bool:
    """Whether the query asks for now, with all that is known.

    The end of today is another time: a promise that is due by then is in one answer late, and in the other open.
    """
    query: AsOfQuery = context.query
    known = context.freshness.known.log_position if context.freshness is not None else None
    return query.as_of is None and (query.recorded_as_of is None or view.known_position == known)


def _latest_instant(context: RequestContext) -> datetime:
    """Now, or the last instant of the log where that is later: instants differ there even if the clock stands."""
    known = context.freshness.known.recorded_at if context.freshness is not None else None
    return max(context.now, known or context.now)


def sight_of(context: RequestContext, view: AsOf, *, goal: UUID | None = None) -> ViewerSight:
    """What the viewer may see of names and histories, beyond a `goal` that is visible. `view`: the question's."""
    query = context.query
    is_now = not isinstance(query, AsOfQuery) or query.is_now
    return ViewerSight(
        context.runtime.ledger,
        context.runtime.database,
        context.viewer,
        lambda: view if is_now else as_of_now(context),
        goal=goal,
    )


def build_visibility_filter(viewer: Viewer) -> VisibilityFilter | None:
    """What of a list of decisions or experiments the viewer sees; None: all."""
    if can_see_everything(viewer):
        return None
    return VisibilityFilter(member=viewer.member_id, teams=viewer.teams | viewer.leads)


def find_changed_after(context: RequestContext) -> int | msgspec.UnsetType:
    """The log position of the list query's `changed_after`; UNSET where it has none. Raises ProblemError 422."""
    query: ListQuery = context.query
    if query.changed_after is None:
        return msgspec.UNSET
    if query.changed_after == 0:
        return 0
    organisation = context.viewer.organisation_id
    return to_log_position(context.runtime, organisation, query.changed_after, pointer="/changed_after")


def load_changed(context: RequestContext, view: AsOf, table: Literal["charters"]) -> ChangedFilter:
    """Which ids of a list that is not selected by the store have an event behind the query's `changed_after`."""
    after = find_changed_after(context)
    if after is msgspec.UNSET:
        return lambda _: True
    return find_changed_streams(context.runtime.database, view, table, after).__contains__


def parse_id_cursor(text: str, what: str) -> str:
    """The id after which a page begins, in its one form; raises ProblemError 422 for what no page has named."""
    if not text:
        return ""
    known = as_uuid(text)
    if known is None:
        raise field_error("/cursor", f"the id of a {what}, as the page before named it", where="query")
    return str(known)


def next_page_url(context: RequestContext, query: msgspec.Struct, **where: str | int) -> str:
    """The address of the next page: the same question from `where` on; `after_position` has done its duty."""
    given = {
        name: value
        for name, value in msgspec.to_builtins(query).items()
        if value not in (None, "", []) and name != "after_position"
    }
    return f"{encode_path(context.path)}?{urlencode(given | where, doseq=True)}"


def next_link(context: RequestContext, query: msgspec.Struct, **where: str | int | None) -> dict[str, str]:
    """The `Link` header (RFC 8288) to the next page, which begins at `where`; none where that is None."""
    begins = {name: value for name, value in where.items() if value is not None}
    return {"Link": f'<{next_page_url(context, query, **begins)}>; rel="next"'} if begins else {}


def record_person_read(
    context: RequestContext, view: AsOf, what: str, *, team: UUID | None = None, member: UUID | None = None
) -> None:
    """Keep that the viewer read other people's figures, for those whom it concerns, and log it; never the figures.

    Nothing is kept of a viewer who sees no other person. Raises `LedgerUnavailable` where it cannot be kept.
    """
    viewer = context.viewer
    if viewer.co_determination or (team is not None and is_narrowed_team(viewer, team)):
        return
    if may(viewer, Capability.SEE_PERSON):
        role = next((role for role in (STEWARD, AUDITOR) if role in viewer.roles), viewer.roles[0])
        subjects = [_subject_of(viewer, team, member)]
    else:
        role = LEAD
        # Of what is about more than the teams that the viewer leads, their persons are shown.
        shown = sorted((each for each in viewer.leads if not is_narrowed_team(viewer, each)), key=str)
        led = [team] if team is not None and team in viewer.leads else shown
        subjects = [(ReadSubject.MEMBER, member)] if member is not None else [(ReadSubject.TEAM, each) for each in led]
    subjects = [(subject, of) for subject, of in subjects if of != viewer.member_id]
    if not subjects:
        return
    organisation = viewer.organisation_id
    context.runtime.person_reads.add(
        PersonRead(organisation, subject, of, viewer.member_id, role, what) for subject, of in subjects
    )
    whom = {"team": team, "member": member}
    _log.info(
        "person_level.read",
        viewer=str(viewer.member_id),
        key=str(viewer.key_id),
        role=role,
        path=context.path,
        as_of=view.as_of_text,
        **{name: str(value) for name, value in whom.items() if value is not None},
    )


def _subject_of(viewer: Viewer, team: UUID | None, member: UUID | None) -> tuple[ReadSubject, UUID]:
    if member is not None:
        return ReadSubject.MEMBER, member
    return (ReadSubject.ORGANISATION, viewer.organisation_id) if team is None else (ReadSubject.TEAM, team)


def read_response(
    context: RequestContext,
    value: Any,
    view: AsOf,
    *,
    tag: str | None = None,
    media_type: str = JSON,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """A read's answer: 200 or 304, with its freshness in headers. `value`: bytes as they are, or Structs."""
    all_headers = {
        **(headers or {}),
        "Plimsoll-As-Of": view.as_of_text,
        "Plimsoll-Recorded-As-Of": format_instant(view.recorded_as_of),
        "Plimsoll-Position": str(view.position),
    }
    if context.freshness is not None:
        all_headers |= context.freshness.headers
    body = value if isinstance(value, bytes) else encode_large(value)
    return response_with_etag(body, tag=tag, media_type=media_type, headers=all_headers)


def history_response(context: RequestContext, view: AsOf, stream_id: UUID, *, goal: UUID | None = None) -> HttpResponse:
    """A page of one stream's history, as a `HistoryQuery` asks for it; `goal`: it is visible to the viewer."""
    query: HistoryQuery = context.query
    sight = sight_of(context, view, goal=goal)
    page = load_history_page(
        context.runtime.database, view, stream_id, sight=sight, after=query.after, limit=query.limit
    )
    return read_response(context, page, view, headers=next_link(context, query, after=page.next))
