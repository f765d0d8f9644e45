"""Every report as a page with its picture and its tables, and as files; marts as files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from projections.marts.registry import MARTS
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, page
from services.api.console.report_blocks import REPORT_ROUTES, ReportQuestion, ask_report, fetch_file, title_of
from services.api.http.parsing import decode_segment
from services.api.http.problems import ProblemError
from services.api.http.responses import HttpResponse
from services.api.operations import ReadQuery, Route, Weight
from services.api.routes.exports import ExportsQuery, export_mart
from services.api.routes.people import TeamList, TeamsQuery, list_teams
from services.api.routes.reports import REPORTS

_Text = Annotated[str, msgspec.Meta(max_length=200)]
_SUFFIXES = {"text": "txt"}


class ReportPageQuery(ReadQuery, frozen=True, kw_only=True):
    """Whose report, and as of when; a field that was left empty is not asked."""

    team: _Text = ""
    member: _Text = ""
    window: Annotated[int, msgspec.Meta(ge=1, le=366)] | None = None
    as_of: _Text = ""
    recorded_as_of: _Text = ""

    def as_question(self) -> ReportQuestion:
        """What is asked of the report."""
        return ReportQuestion(
            team=self.team,
            member=self.member,
            window=self.window,
            as_of=self.as_of,
            recorded_as_of=self.recorded_as_of,
        )


class ReportFileQuery(ReportPageQuery, frozen=True, kw_only=True):
    """The same, as a file."""

    format: Literal["json", "csv", "text", "html", "svg"] = "csv"


class MartFileQuery(ReadQuery, frozen=True, kw_only=True):
    """In which form."""

    format: Literal["csv", "ndjson", "parquet", "arrow"] = "csv"


@page(
    "/console/reports",
    title="Reports and files",
    template="reports.html",
    entry=NavigationEntry(name="Reports and files", section=NavigationSection.TOGETHER, order=30),
)
def show_reports(request: PageRequest) -> Mapping[str, Any]:
    del request
    return {
        "reports": [(f"/console/reports/{name}", title_of(name), kind.summary) for name, kind in REPORTS.items()],
        "marts": [(name, mart.comment) for name, mart in MARTS.items()],
    }


@page(
    "/console/reports/{report}",
    title="Report",
    template="report.html",
    query=ReportPageQuery,
    weight=Weight.REPORT,
)
def show_report(request: PageRequest, report: str) -> Mapping[str, Any]:
    name, question = _find_report(report), request.query.as_question()
    teams: TeamList = request.ask(list_teams, TeamsQuery())
    team = next((one for one in teams.teams if question.team in (str(one.id), one.ref)), None)
    block = ask_report(request, name, question)
    return {
        "title": title_of(name),
        "block": block,
        "question": question,
        "teams": teams.teams,
        "team": team,
        "takes_member": hasattr(REPORTS[name].query(), "member") and name != "pulse",
    }


@page(
    "/console/reports/{report}/file",
    title="Report as a file",
    template="report.html",
    query=ReportFileQuery,
    weight=Weight.REPORT,
)
def send_report(request: PageRequest, report: str) -> HttpResponse:
    name, form = _find_report(report), request.query.format
    query = msgspec.structs.replace(request.query.as_question().build_query(name), format=form, names=form == "json")
    return fetch_file(request, REPORT_ROUTES[name], query, f"{name}.{_SUFFIXES.get(form, form)}")


@page(
    "/console/files/{mart}",
    title="Mart as a file",
    template="report.html",
    query=MartFileQuery,
    weight=Weight.EXPORT,
)
def send_mart(request: PageRequest, mart: str) -> HttpResponse:
    form = request.query.format
    name = decode_segment(mart)
    if name not in MARTS:
        raise ProblemError("not_found", "no such mart", allowed=tuple(MARTS))
    return fetch_file(request, export_mart, ExportsQuery(format=form), f"{name}.{form}", mart=mart)


def _find_report(segment: str) -> str:
    name = decode_segment(segment)
    if name not in REPORTS:
        raise ProblemError("not_found", "no such report", allowed=tuple(REPORTS))
    return name


ROUTES: list[Route] = [show_reports, show_report, send_report, send_mart]
