"""A team: its load week by week, ways out, what drifts, help, what it agreed on, and its rhythm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from domain.errors import Forbidden, NotFound
from projections.inbox.digest import Digest
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, page
from services.api.console.report_blocks import ReportBlock, ReportQuestion, ask_report
from services.api.operations import AsOfQuery, ReadQuery, Route, Weight
from services.api.routes.charters import CharterSummary, get_charter
from services.api.routes.digest import DigestQuery, get_digest
from services.api.routes.people import TeamList, TeamsQuery, list_teams
from services.api.summaries import TeamSummary
from services.authorization import Viewer

#: Reports of the page, in its order, with their headings and the tables that are shown.
_BLOCKS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("overload", "Load, week by week", ("weeks", "additions", "requesters", "relief")),
    ("drift", "What drifts, and who could say it to whom", ("mend",)),
    ("support", "Help and what stands in the way", ("needs", "blockers")),
    ("rituals", "Rituals", ("rituals",)),
    ("cycles", "Looking back", ("cycles", "improvements", "learning")),
)
_DIGEST_ITEMS = 10
_Text = Annotated[str, msgspec.Meta(max_length=200)]


class TeamPageQuery(ReadQuery, frozen=True, kw_only=True):
    """Which team, and as of when; a field that was left empty is not asked."""

    team: _Text = ""
    as_of: _Text = ""
    recorded_as_of: _Text = ""


class _Block(msgspec.Struct, frozen=True, kw_only=True):
    heading: str
    block: ReportBlock


@page(
    "/console/team",
    title="Team",
    template="team.html",
    query=TeamPageQuery,
    weight=Weight.REPORT,
    entry=NavigationEntry(name="Team", section=NavigationSection.TOGETHER, order=10),
)
def show_team(request: PageRequest) -> Mapping[str, Any]:
    query: TeamPageQuery = request.query
    then = AsOfQuery(as_of=query.as_of or None, recorded_as_of=query.recorded_as_of or None)
    teams: TeamList = request.ask(
        list_teams, TeamsQuery(as_of=then.as_of, recorded_as_of=then.recorded_as_of, archived=False)
    )
    team = _choose_team(request.viewer, teams.teams, query.team)
    values: dict[str, Any] = {"teams": teams.teams, "team": team, "query": query, "blocks": [], "refused": ""}
    if team is None:
        return values | {"charter": None, "digest": None}
    try:
        values["blocks"] = _ask_reports(request, team, query)
        values["digest"] = _ask_digest(request, team, then)
    except Forbidden as error:
        # What a team agreed on is for everybody, its figures are not.
        values |= {"blocks": [], "digest": None, "refused": str(error)}
    return values | {"title": team.name, "charter": _ask_charter(request, team, then)}


def _choose_team(viewer: Viewer, teams: Sequence[TeamSummary], wanted: str) -> TeamSummary | None:
    """The team that is asked for; where none is, one that the viewer leads or belongs to. Raises `NotFound`."""
    if wanted:
        found = next((team for team in teams if wanted in (str(team.id), team.ref)), None)
        if found is None:
            raise NotFound("no such team")
        return found
    mine = [team for team in teams if team.id in viewer.leads] or [team for team in teams if team.id in viewer.teams]
    return min(mine or teams, key=lambda team: team.name.casefold(), default=None)


def _ask_reports(request: PageRequest, team: TeamSummary, query: TeamPageQuery) -> list[_Block]:
    question = ReportQuestion(team=str(team.id), as_of=query.as_of, recorded_as_of=query.recorded_as_of)
    return [
        _Block(heading=heading, block=ask_report(request, name, question, sections=tables))
        for name, heading, tables in _BLOCKS
    ]


def _ask_digest(request: PageRequest, team: TeamSummary, then: AsOfQuery) -> Digest:
    digest: Digest = request.ask(
        get_digest,
        DigestQuery(as_of=then.as_of, recorded_as_of=then.recorded_as_of, limit=_DIGEST_ITEMS, names=True),
        team=str(team.id),
    )
    return digest


def _ask_charter(request: PageRequest, team: TeamSummary, then: AsOfQuery) -> CharterSummary | None:
    """What the team agreed on; None before it has agreed on anything."""
    try:
        charter: CharterSummary = request.ask(get_charter, then, of=str(team.id))
    except NotFound:
        return None
    return charter


ROUTES: list[Route] = [show_team]
