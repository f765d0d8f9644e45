"""A report as a part of a page: its sentences, its picture, its tables, and where it can be had as a file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from services.api.console.page import PageRequest
from services.api.http.problems import ProblemError
from services.api.http.responses import HttpResponse
from services.api.operations import NoQuery, Route
from services.api.routes import reports
from services.api.routes.reports import REPORTS, FoundReport, GroupReportQuery, read_report
from services.report_pages import ReportPage, ReportParts, build_report_page, render_parts
from services.report_pages.tables import MOST_ROWS

#: Below it each goal has its page.
GOALS = "/console/goals"
REPORT_ROUTES: dict[str, Route] = dict(zip(REPORTS, reports.ROUTES, strict=True))
#: Rows of a table beside those of other reports: each report's own page has more.
SHORT_TABLE = 12
#: What each report is called, and the forms in which it is a file.
TITLES = {"cycles": "Review of cycles"}
FILE_FORMS = ("csv", "json", "html", "svg", "text")


class ReportQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a page asks of its reports; an empty text is not asked."""

    team: str = ""
    member: str = ""
    window: int | None = None
    as_of: str = ""
    recorded_as_of: str = ""

    def build_query(self, name: str) -> GroupReportQuery:
        """As the report takes it; raises ProblemError 422 for a member where it has no figures of one."""
        given: dict[str, Any] = {field: getattr(self, field) or None for field in self.__struct_fields__}
        if not hasattr(REPORTS[name].query(), "member"):
            given.pop("member")
        return REPORTS[name].query(**given, names=True)

    def as_text(self, **more: str) -> str:
        """The question as the query of an address."""
        given: dict[str, Any] = {field: getattr(self, field) for field in self.__struct_fields__}
        return urlencode({name: value for name, value in (given | more).items() if value})


class ReportBlock(msgspec.Struct, frozen=True, kw_only=True):
    """One report on a page."""

    name: str
    title: str
    summary: str
    page: ReportPage
    parts: ReportParts
    #: The report's own page, and its files.
    path: str
    files: list[tuple[str, str]]


def title_of(name: str) -> str:
    """What a report is called."""
    return TITLES.get(name, name.capitalize())


def ask_report(
    request: PageRequest, name: str, question: ReportQuestion, *, sections: Collection[str] | None = None
) -> ReportBlock:
    """The report as `/v1/reports` answers it. Raises what that raises.

    `sections`: the tables that a page of several reports has, cut short; None: all.
    """
    found = find_report(request, name, question)
    most = MOST_ROWS if sections is None else SHORT_TABLE
    page = build_report_page(found.report, found.scope, found.load_names(), sections=sections, most=most)
    path = f"/console/reports/{name}"
    return ReportBlock(
        name=name,
        title=title_of(name),
        summary=REPORTS[name].summary,
        page=page,
        parts=render_parts(page, goals=GOALS),
        path=f"{path}?{question.as_text()}".rstrip("?"),
        files=[(form, f"{path}/file?{question.as_text(format=form)}") for form in FILE_FORMS],
    )


def find_report(request: PageRequest, name: str, question: ReportQuestion) -> FoundReport:
    """The report that the route of this name answers with, not encoded: of a large team that is a tenth of a page."""
    operation, query = REPORT_ROUTES[name].operation, question.build_query(name)
    return read_report(replace(request.context, operation=operation, query=query), name, query)


def fetch_file(request: PageRequest, route: Route, query: NoQuery, name: str, **parameters: str) -> HttpResponse:
    """What a GET of `/v1` answers, to be kept as a file. Raises what the route raises."""
    scopes = route.operation.scopes
    if request.viewer.scopes.isdisjoint(scopes):
        raise ProblemError("insufficient_scope", f"this asks for one of: {', '.join(scopes)}", allowed=scopes)
    context = replace(request.context, operation=route.operation, query=query)
    response: HttpResponse = route.handler(context, **parameters)
    headers = {
        **response.headers,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
        "Vary": "Cookie",
    }
    return replace(response, headers=headers)
