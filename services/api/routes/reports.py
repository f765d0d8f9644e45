"""Reports: who is overloaded, what has drifted. What of them a viewer sees is decided here, by the role table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.errors import Forbidden
from domain.member.member import Member
from projections.alignment import report as alignment_report
from projections.as_of import AsOf
from projections.charters import rituals
from projections.cycles import review
from projections.database.database import Database
from projections.decisions import report as decisions_report
from projections.drift import report as drift_report
from projections.figures import WINDOW_DAYS, Figure, Report, ReportScope
from projections.overload import report as overload_report
from projections.pulse import report as pulse_report
from projections.recognition import report as recognition_report
from projections.reliability import report as reliability_report
from projections.support import report as support_report
from projections.tensions import report as tensions_report
from services.api.context import RequestContext
from services.api.filters import MemberReference, TeamReference, missing_stream
from services.api.http.responses import HttpResponse
from services.api.operations import AsOfQuery, Operation, Route, Weight, query_route
from services.api.queries import is_of_present, read_response, record_person_read, requested_as_of, sight_of
from services.authorization import READ, AccessSubject, Capability, Viewer, may
from services.csv_text import format_csv_row
from services.report_pages import HTML_POLICY, SVG_POLICY, render_html, render_svg
from services.report_text import render_report
from services.visibility.policy import require_person
from services.visibility.reports import ReportVisibility, named_ids

CSV, TEXT, HTML, SVG = "text/csv", "text/plain", "text/html", "image/svg+xml"


class GroupReportQuery(AsOfQuery, frozen=True, kw_only=True):
    """Which team's report (the organisation's where none is named), when, and how much of it."""

    team: TeamReference | None = None
    window: (
        Annotated[
            int,
            msgspec.Meta(
                ge=1,
                le=366,
                description="Days that end with the day asked about. Without it 28, and 84 for a team's shares of"
                " additions and of imposed goals and for tensions.",
            ),
        ]
        | None
    ) = None
    explain: Annotated[bool, msgspec.Meta(description="Name the events behind each figure.")] = False
    names: Annotated[bool, msgspec.Meta(description="Say how the members, teams and goals are called.")] = False
    format: Literal["json", "csv", "text", "html", "svg"] = "json"


class ReportQuery(GroupReportQuery, frozen=True, kw_only=True):
    """Whose report, when, and how much of it."""

    member: MemberReference | None = None


class _Kind(NamedTuple):
    """One report: how it is computed, what it answers, what it can be asked."""

    compute: Callable[[Database, AsOf, ReportScope], Report]
    answer: type[Report]
    summary: str
    query: type[GroupReportQuery] = ReportQuery
    #: Days of the window where none is asked for.
    window: int = WINDOW_DAYS


REPORTS: dict[str, _Kind] = {
    "overload": _Kind(
        overload_report.build_report,
        overload_report.OverloadReport,
        "Who is overloaded, by what, and what would relieve them",
    ),
    "drift": _Kind(
        drift_report.build_report,
        drift_report.DriftReport,
        "What has drifted, and who could say one sentence to whom to mend it",
    ),
    "alignment": _Kind(
        alignment_report.build_report,
        alignment_report.AlignmentReport,
        "What serves which purpose and how far it has come; what hangs in the air, and what hangs on one person",
    ),
    "cycles": _Kind(
        review.build_report,
        review.CyclesReport,
        "What worked, what to improve, what came of it, and which goals went on",
    ),
    "decisions": _Kind(
        decisions_report.build_report,
        decisions_report.DecisionsReport,
        "How long decisions take, whether their time-box holds, and what is asked again",
    ),
    "pulse": _Kind(
        pulse_report.build_report,
        pulse_report.PulseReport,
        "How safe it is to speak, as the last closed pulse has it: means of five answers and more",
    ),
    "reliability": _Kind(
        reliability_report.build_report,
        reliability_report.ReliabilityReport,
        "What became of promises, early renegotiation included, and how both sides answer",
    ),
    "recognition": _Kind(
        recognition_report.build_report,
        recognition_report.RecognitionReport,
        "Whether results and working together are both recognised, and whose help was not",
    ),
    "rituals": _Kind(
        rituals.build_report,
        rituals.RitualsReport,
        "How many minutes a week the charters' rituals ask of each member, together and async",
    ),
    "support": _Kind(
        support_report.build_report,
        support_report.SupportReport,
        "Who needs what of whom, what is in the way, what was heard",
    ),
    "tensions": _Kind(
        tensions_report.build_report,
        tensions_report.TensionsReport,
        "Which tensions of purpose and performance show, since when, and what was tried about them",
        query=GroupReportQuery,
        window=tensions_report.WINDOW_DAYS,
    ),
}


def _report_route(name: str) -> Route:
    kind = REPORTS[name]

    @query_route(
        f"/v1/reports/{name}",
        Operation(
            id=f"{name}Report",
            weight=Weight.REPORT,
            summary=kind.summary,
            tag="reports",
            scopes=(READ,),
            query=kind.query,
            answer=kind.answer,
            media=("application/json", CSV, TEXT, HTML, SVG),
            reads_view=True,
        ),
    )
    def get_report(call: RequestContext) -> HttpResponse:
        query: GroupReportQuery = call.query
        found = read_report(call, name, query)
        if query.format == "csv":
            return read_response(call, to_csv(found.report.figures), found.view, media_type=CSV)
        if query.format in RENDERED:
            render, media_type, headers = RENDERED[query.format]
            body = render(found.report, found.scope, found.load_names()).encode()
            return read_response(call, body, found.view, media_type=media_type, headers=headers)
        answer = _with_names(call, found.report, found.view) if query.names else found.report
        return read_response(call, answer, found.view)

    return get_report


#: Form for people -> what makes it, its media type, and the headers that it has in place of the usual ones.
RENDERED: dict[str, tuple[Callable[[Report, ReportScope, Mapping[str, str]], str], str, dict[str, str]]] = {
    "text": (render_report, TEXT, {}),
    "html": (render_html, HTML, {"Content-Security-Policy": HTML_POLICY}),
    "svg": (render_svg, SVG, {"Content-Security-Policy": SVG_POLICY}),
}


class FoundReport(NamedTuple):
    """A report as its viewer may see it, and what was asked."""

    call: RequestContext
    report: Report
    scope: ReportScope
    view: AsOf

    def load_names(self) -> Mapping[str, str]:
        """How the members, teams and goals that it mentions were called."""
        mentioned = {*named_ids(self.report), self.scope.team, self.scope.member}
        return sight_of(self.call, self.view).load_names(self.call.runtime.database, self.view, mentioned)


def read_report(call: RequestContext, name: str, query: GroupReportQuery) -> FoundReport:
    """The report of this name, reduced to what the viewer may see; who read whose figures is kept."""
    kind, view = REPORTS[name], requested_as_of(call)
    team, _ = _resolve_reference(call, "team", query.team)
    member, person = _resolve_reference(call, "member", getattr(query, "member", None))
    _require_access(call.viewer, team, member, person)
    record_person_read(call, view, f"reports/{name}", team=team, member=member)
    database = call.runtime.database
    scope = ReportScope.with_default_window(
        team=team, member=member, window=query.window, explain=query.explain, default_days=kind.window
    )
    sight = ReportVisibility(call.viewer, database, view, scope, is_present=is_of_present(call, view))
    # Figures of persons that the viewer may not see are not computed: of a large organisation they are most of the
    # work.
    report = sight.redact(kind.compute(database, view, replace(scope, persons=sight.persons)))
    return FoundReport(call, report, scope, view)


def _with_names(call: RequestContext, report: Report, view: AsOf) -> dict[str, Any]:
    """The report's sections, and last of them the names of what they mention."""
    sections = {field.encode_name: getattr(report, field.name) for field in msgspec.structs.fields(report)}
    del sections["names"]
    sections["names"] = sight_of(call, view).load_names(call.runtime.database, view, set(named_ids(report)))
    return sections


def _resolve_reference(call: RequestContext, kind: str, ref: str | None) -> tuple[UUID | None, Any]:
    """The id behind a reference and the state; raises ProblemError 404: an empty report would look like good news."""
    if ref is None:
        return None, None
    stream_id = call.resolve_id(kind, ref)
    entry = call.runtime.ledger.load_current(call.viewer.organisation_id, kind, stream_id)
    if entry is None or entry.state is None:
        raise missing_stream(kind, [kind])
    return stream_id, entry.state


def _require_access(viewer: Viewer, team: UUID | None, member: UUID | None, person: Member | None) -> None:
    """Raise `Forbidden` for another team's or another person's report."""
    if member is not None:
        require_person(viewer, member, person)
    if team is not None and not _can_see_team(viewer, team):
        raise Forbidden(
            "this team's figures are for its members, its lead, stewards and auditors",
            allowed=("member of the team", "lead", "steward", "auditor"),
        )


def _can_see_team(viewer: Viewer, team: UUID) -> bool:
    return team in viewer.teams or may(viewer, Capability.SEE_TEAM, AccessSubject(teams=frozenset({team})))


def to_csv(figures: Sequence[Figure]) -> bytes:
    """The figures as a table, a column for each field that a figure can have; lists parted by spaces."""
    columns = [field.encode_name for field in msgspec.structs.fields(Figure)]
    rows = ([_format_cell(figure.get(name)) for name in columns] for figure in msgspec.to_builtins(figures))
    return b"".join(map(format_csv_row, (columns, *rows)))


def _format_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


ROUTES: list[Route] = [_report_route(name) for name in REPORTS]
