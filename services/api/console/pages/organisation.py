"""The organisation: what it is for, what serves that, who asks whom, what was decided, and which tensions show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec

from domain.errors import NotFound
from projections.overload.additions import AdditionEntry
from projections.overload.report import OverloadReport
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, page
from services.api.console.report_blocks import ReportQuestion, ask_report, find_report
from services.api.operations import AsOfQuery, ReadQuery, Route, Weight
from services.api.routes.charters import CharterSummary, get_charter
from services.api.routes.decisions import DecisionsQuery, list_decisions
from services.api.routes.organisation import OrganisationSummary, get_organisation
from services.api.routes.people import MembersQuery, TeamList, TeamsQuery, list_members, list_teams
from services.pictures.heat_map import HeatCell, HeatRow, draw_heat_map

#: The organisation's own charter, as `/v1/charters` names it.
_OWN = "organisation"
_LATEST_DECISIONS = 20
_Text = Annotated[str, msgspec.Meta(max_length=200)]


class OrganisationPageQuery(ReadQuery, frozen=True, kw_only=True):
    """As of when; a field that was left empty is not asked."""

    as_of: _Text = ""
    recorded_as_of: _Text = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What members of one team asked of another, in the window of the report."""

    asking: str
    asked: str
    #: Additions without a trade-off, of all that were asked.
    count: int
    n: int


@page(
    "/console/organisation",
    title="Organisation",
    template="organisation.html",
    query=OrganisationPageQuery,
    weight=Weight.REPORT,
    entry=NavigationEntry(name="Organisation", section=NavigationSection.TOGETHER, order=20),
)
def show_organisation(request: PageRequest) -> Mapping[str, Any]:
    query: OrganisationPageQuery = request.query
    then: dict[str, Any] = {"as_of": query.as_of or None, "recorded_as_of": query.recorded_as_of or None}
    question = ReportQuestion(as_of=query.as_of, recorded_as_of=query.recorded_as_of)
    organisation: OrganisationSummary = request.ask(get_organisation, AsOfQuery(**then))
    teams: TeamList = request.ask(list_teams, TeamsQuery(**then))
    names = {str(team.id): team.name for team in teams.teams}
    overload = find_report(request, "overload", question).report
    assert isinstance(overload, OverloadReport)  # noqa: S101 - the report of this name
    loads = list_asked(overload.additions, _find_teams(request, then), names)
    return {
        "title": organisation.name,
        "query": query,
        "charter": _ask_charter(request, AsOfQuery(**then)),
        "alignment": ask_report(request, "alignment", question, sections=("tree", "unlinked")),
        "tensions": ask_report(request, "tensions", question, sections=("tensions",)),
        "loads": loads,
        "loads_picture": draw_asked(loads),
        "decisions": request.ask(list_decisions, DecisionsQuery(limit=_LATEST_DECISIONS, **then)).decisions,
        "names": names,
    }


def _ask_charter(request: PageRequest, then: AsOfQuery) -> CharterSummary | None:
    """What the organisation agreed on; None before it has agreed on anything."""
    try:
        charter: CharterSummary = request.ask(get_charter, then, of=_OWN)
    except NotFound:
        return None
    return charter


def _find_teams(request: PageRequest, then: Mapping[str, Any]) -> dict[UUID, tuple[UUID, ...]]:
    """Member -> their teams."""
    found: dict[UUID, tuple[UUID, ...]] = {}
    cursor: str | None = ""
    while cursor is not None:
        members = request.ask(list_members, MembersQuery(limit=200, cursor=cursor, **then))
        found |= {member.id: member.teams for member in members.members}
        cursor = members.next
    return found


def list_asked(
    additions: Iterable[AdditionEntry], teams_of: Mapping[UUID, Sequence[UUID]], names: Mapping[str, str]
) -> list[Asked]:
    """Of the additions that the viewer sees: which teams asked of which, by name. Within one team is not listed.

    Someone of two teams asks for both; what has no team is asked of "no team".
    """
    counts: Counter[tuple[str, str]] = Counter()
    unpaid: Counter[tuple[str, str]] = Counter()
    for addition in additions:
        asked = names.get(str(addition.team), "no team")
        for asking in _names_of(teams_of.get(addition.requester, ()), names):
            counts[asking, asked] += 1
            unpaid[asking, asked] += not addition.absorbed and addition.paired is None
    ordered = sorted(counts, key=lambda pair: (pair[0].casefold(), pair[1].casefold()))
    return [Asked(asking=a, asked=b, count=unpaid[a, b], n=counts[a, b]) for a, b in ordered if a != b]


def _names_of(teams: Sequence[UUID], names: Mapping[str, str]) -> Iterator[str]:
    if not teams:
        yield "no team"
    yield from (names.get(str(team), "no team") for team in teams)


def draw_asked(loads: Sequence[Asked]) -> str:
    """Teams that ask x teams that are asked, with how many of the additions came without a trade-off."""
    if not loads:
        return ""
    columns = sorted({one.asked for one in loads}, key=str.casefold)
    cells = {(one.asking, one.asked): one for one in loads}
    rows = [
        HeatRow(asking, [_asked_cell(cells.get((asking, asked))) for asked in columns])
        for asking in sorted({one.asking for one in loads}, key=str.casefold)
    ]
    return draw_heat_map(
        "loads",
        "Which team asks which",
        "A row for each team that asks, a column for each that is asked; in the cells how many of the additions came"
        " without a trade-off.",
        columns=columns,
        rows=rows,
        legend=[("low", "all with a trade-off, or absorbed"), ("amber", "some without")],
    )


def _asked_cell(asked: Asked | None) -> HeatCell | None:
    return None if asked is None else HeatCell(f"{asked.count} of {asked.n}", "amber" if asked.count else "low")


ROUTES: list[Route] = [show_organisation]
