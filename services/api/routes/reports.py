"""Reports: who is overloaded, what has drifted. What of them a viewer sees is decided here, by the role table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from domain.charter.state import charter_id
from domain.errors import Forbidden, NotFound
from domain.references import Ref
from projections.alignment import report as alignment_report
from projections.as_of import AsOf
from projections.charters import rituals
from projections.cycles import review
from projections.decisions import report as decisions_report
from projections.drift import report as drift_report
from projections.figures import Figure, Report
from projections.lineage.links import goals_by_id
from projections.overload import report as overload_report
from projections.people import members_at, names
from projections.support import report as support_report
from services.api.auth.visibility import require_person, sees_goal, sees_person, sees_scope
from services.api.context import RequestContext
from services.api.http.responses import HttpResponse
from services.api.operations import AsOfQuery, Operation, Route, query_route
from services.api.queries import log_person_read, read_response, requested_as_of
from services.authorization import READ, AccessSubject, Capability, Viewer, may, sees_group

CSV = "text/csv"
#: A status of a figure that is there but not for this viewer.
WITHHELD = "withheld"

#: Said of a link to a goal that this viewer may not see.
_PARENT_UNSEEN = "What this goal supports has moved on: does it still serve it, should it change, or let go?"
#: Fields of a report that hold the id of a member, team, goal or cycle.
_NAMED = frozenset(
    {
        *("member", "team", "goal", "requester", "parent", "from", "to", "asker", "helper", "acts_next"),
        *("charter", "cycle", "owner", "contributor", "by"),
    }
)


class ReportQuery(AsOfQuery, frozen=True, kw_only=True):
    """Whose report, when, and how much of it."""

    team: Ref | None = None
    member: Ref | None = None
    window: Annotated[int, msgspec.Meta(ge=1, le=366, description="Days that end with the day asked about.")] = 28
    explain: Annotated[bool, msgspec.Meta(description="Name the events behind each figure.")] = False
    names: Annotated[bool, msgspec.Meta(description="Say how the members, teams and goals are called.")] = False
    format: Literal["json", "csv"] = "json"


REPORTS: dict[str, tuple[Callable[..., Report], type[Report], str]] = {
    "overload": (
        overload_report.report,
        overload_report.OverloadReport,
        "Who is overloaded, by what, and what would relieve them",
    ),
    "drift": (
        drift_report.report,
        drift_report.DriftReport,
        "What has drifted, and who could say one sentence to whom to mend it",
    ),
    "alignment": (
        alignment_report.report,
        alignment_report.AlignmentReport,
        "What serves which purpose and how far it has come; what hangs in the air, and what hangs on one person",
    ),
    "cycles": (
        review.report,
        review.CyclesReport,
        "What worked, what to improve, what came of it, and which goals went on",
    ),
    "decisions": (
        decisions_report.report,
        decisions_report.DecisionsReport,
        "How long decisions take, whether their time-box holds, and what is asked again",
    ),
    "rituals": (
        rituals.report,
        rituals.RitualsReport,
        "How many minutes a week the charters' rituals ask of each member, together and async",
    ),
    "support": (
        support_report.report,
        support_report.SupportReport,
        "Who needs what of whom, what is in the way, what was heard",
    ),
}


def _route(name: str) -> Route:
    compute, answer, summary = REPORTS[name]

    @query_route(
        f"/v1/reports/{name}",
        Operation(
            id=f"{name}Report",
            summary=summary,
            tag="reports",
            scopes=(READ,),
            query=ReportQuery,
            answer=answer,
            media=("application/json", "text/csv"),
            reads_view=True,
        ),
    )
    def get_report(call: RequestContext) -> HttpResponse:
        query: ReportQuery = call.query
        view = requested_as_of(call)
        team = _require_reference(call, "team", query.team)
        member = _require_reference(call, "member", query.member)
        _require(call, view, team, member)
        database = call.runtime.database
        report = compute(database, view, team=team, member=member, window=query.window, explain=query.explain)
        told = _ReportRedaction(call, view, team, member).apply(report)
        if query.format == "csv":
            return read_response(call, as_csv(told["figures"]), view, media_type=CSV)
        if query.names:
            told["names"] = names(database, call.viewer.organisation_id, sorted(set(_ids(told))))
        return read_response(call, told, view)

    return get_report


def _require_reference(call: RequestContext, kind: str, ref: str | None) -> UUID | None:
    """The id behind a reference; raises `NotFound`: a report on nobody would look like good news."""
    if ref is None:
        return None
    found = call.id_of(kind, ref)
    if call.runtime.ledger.load(call.viewer.organisation_id, kind, found) is None:
        raise NotFound(f"no such {kind}", pointer=f"/{kind}")
    return found


def _require(call: RequestContext, view: AsOf, team: UUID | None, member: UUID | None) -> None:
    """Raise `Forbidden` for another team's or another person's report; note who looked at whom."""
    viewer = call.viewer
    if member is not None:
        require_person(viewer, member, call.runtime.ledger.load(viewer.organisation_id, "member", member))
    if team is not None and not _sees_team(viewer, team):
        raise Forbidden(
            "this team's figures are for its members, its lead, stewards and auditors",
            allowed=("member of the team", "lead", "steward", "auditor"),
        )
    if member not in (None, viewer.member_id) or (member is None and may(viewer, Capability.SEE_TEAM)):
        log_person_read(call, view, team=team, member=member)


def _sees_team(viewer: Viewer, team: UUID) -> bool:
    return team in viewer.teams or may(viewer, Capability.SEE_TEAM, AccessSubject(teams=frozenset({team})))


class _ReportRedaction:
    """A report cut down to what its viewer may see: own and led persons, visible goals, groups of five or more."""

    def __init__(self, call: RequestContext, view: AsOf, team: UUID | None, member: UUID | None) -> None:
        self._call = call
        self._view = view
        viewer = call.viewer
        self._everything = may(viewer, Capability.SEE_GOAL) and may(viewer, Capability.SEE_PERSON)
        if self._everything:
            return
        database = call.runtime.database
        people = members_at(database, view)
        self._persons = {str(p.id) for p in people if sees_person(viewer, p.id, p)} | {str(viewer.member_id)}
        self._goals: set[str] = set()
        size = sum(1 for p in people if team is None or team in p.teams)
        self._group = member is not None or sees_group(viewer, team, size=size, outside=len(people) - size)
        # Of a figure that is about one charter, its team is the group.
        sizes = {t: sum(t is None or t in p.teams for p in people) for t in (None, *viewer.teams, *viewer.leads)}
        self._charters = {
            str(charter_id(viewer.organisation_id, t))
            for t, of in sizes.items()
            if sees_group(viewer, t, size=of, outside=len(people) - of)
        }

    def apply(self, report: Report) -> dict[str, Any]:
        """The report as plain data. A group's figure that is withheld says so; a person's is left out."""
        told: dict[str, Any] = msgspec.to_builtins(report, builtin_types=())
        if self._everything:
            return told
        named = {UUID(goal) for goal in _ids(told, frozenset({"goal", "parent"}))}
        found = goals_by_id(self._call.runtime.database, self._view, named)
        self._goals = {str(goal) for goal, state in found.items() if sees_goal(self._call.viewer, state)}
        return {name: self._part(value) if isinstance(value, list) else value for name, value in told.items()}

    def _part(self, rows: list[Any]) -> list[Any]:
        return [self._row(row) for row in rows if not isinstance(row, dict) or self._shows(row)]

    def _row(self, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        group = self._group and row.get("charter") in (None, *self._charters)
        if not group and "name" in row and not {"member", "goal", "cycle"} & row.keys():
            kept = {key: row[key] for key in ("name", "team", "charter", "week", "negotiated") if key in row}
            return {**kept, "value": None, "status": WITHHELD}
        if row.get("parent") not in (None, *self._goals):
            # Its title stands in the sentence.
            row = {**row, "parent": None, "sentence": _PARENT_UNSEEN}
        return {name: self._part(value) if isinstance(value, list) else value for name, value in row.items()}

    def _shows(self, row: dict[str, Any]) -> bool:
        if "cycle" in row and not sees_scope(self._call.viewer, UUID(row["team"]) if row["team"] else None):
            return False
        member, goal = row.get("member"), row.get("goal")
        return (member is None or member in self._persons) and (goal is None or goal in self._goals)


def _ids(told: Any, fields: frozenset[str] = _NAMED) -> Iterator[str]:
    """Every id of a member, team or goal that is told: each is a value of its own, under its field's name."""
    if isinstance(told, dict):
        for name, value in told.items():
            if name in fields and isinstance(value, UUID | str):
                yield str(value)
            else:
                yield from _ids(value, fields)
    elif isinstance(told, list):
        for value in told:
            yield from _ids(value, fields)


def as_csv(figures: list[dict[str, Any]]) -> bytes:
    """The figures as a table, a column for each field that a figure can have; lists parted by spaces."""
    columns = [field.encode_name for field in msgspec.structs.fields(Figure)]
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\r\n")
    table.writeheader()
    table.writerows({name: _cell(value) for name, value in figure.items()} for figure in figures)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value


ROUTES: list[Route] = [_route(name) for name in REPORTS]
