"""Members and teams: who is there, who leads, declared capacity, absences (dates only) and roles."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, get_args

import msgspec

from domain.errors import NotFound
from domain.member import member as members
from domain.member.member import Member
from domain.references import as_uuid
from domain.team import team as teams
from domain.team.team import Team
from ledger.commands import Receipt
from projections.as_of import AsOf
from projections.database.paging import ALL_ROWS
from projections.history import history
from projections.people import load_members_page, load_teams_page, member_at, teams_and_leads_at
from projections.streams import load_versions_at
from services.api.commands import act_routes, command_response, execute, new_stream_id, require_stream
from services.api.context import RequestContext
from services.api.filters import TeamReference, require_references
from services.api.http.parsing import decode_segment
from services.api.http.responses import HttpResponse
from services.api.operations import (
    AsOfQuery,
    HistoryQuery,
    ListQuery,
    Operation,
    Route,
    Weight,
    command_route,
    query_route,
)
from services.api.queries import (
    as_of_now,
    find_changed_after,
    history_response,
    next_link,
    parse_id_cursor,
    read_response,
    record_person_read,
    requested_as_of,
)
from services.api.summaries import MemberSummary, TeamSummary, member_summary, team_summary
from services.authorization import ACT, ADMIN, READ
from services.visibility.policy import can_see_person, require_person

LARGEST_PAGE = 500


class MembersQuery(ListQuery, frozen=True, kw_only=True):
    """Joined members, by id."""

    team: TeamReference | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=36, description="The id after which the page begins.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = 100


class MemberList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of members."""

    members: list[MemberSummary]
    next: str | None


class TeamList(msgspec.Struct, frozen=True, kw_only=True):
    """The teams of the organisation, or a page of them."""

    teams: list[TeamSummary]
    next: str | None = None


def _summarise_members(context: RequestContext, view: AsOf, found: Sequence[Member]) -> list[MemberSummary]:
    versions = load_versions_at(context.runtime.database, view, "members", [member.id for member in found])
    personal = {member.id for member in found if can_see_person(context.viewer, member.id, member)}
    if personal - {context.viewer.member_id}:
        record_person_read(context, view, "members")
    return [member_summary(m, versions.get(m.id, 0), personal=m.id in personal) for m in found]


@query_route(
    "/v1/members",
    Operation(
        id="listMembers",
        weight=Weight.PAGE,
        summary="Joined members; capacity, absences and roles only of those whose figures you may see",
        tag="members",
        scopes=(READ,),
        query=MembersQuery,
        answer=MemberList,
        reads_view=True,
    ),
)
def list_members(context: RequestContext) -> HttpResponse:
    query: MembersQuery = context.query
    view = requested_as_of(context)
    found = load_members_page(
        context.runtime.database,
        view,
        after=parse_id_cursor(query.cursor, "member"),
        limit=query.limit + 1,
        team=context.resolve_id("team", query.team) if query.team is not None else None,
        changed_after=find_changed_after(context),
    )
    page = found[: query.limit]
    last = str(page[-1].id) if len(found) > query.limit else None
    if not page:
        require_references(context)
    headers = next_link(context, query, cursor=last)
    answer = MemberList(members=_summarise_members(context, view, page), next=last)
    return read_response(context, answer, view, headers=headers)


def _load_member(context: RequestContext, ref: str, view: AsOf) -> Member:
    found = member_at(context.runtime.database, view, context.resolve_id("member", decode_segment(ref)))
    if found is None:
        raise NotFound("no such member")
    return found


@query_route(
    "/v1/members/{member}",
    Operation(
        id="getMember",
        summary="One member of the organisation",
        tag="members",
        scopes=(READ,),
        query=AsOfQuery,
        answer=MemberSummary,
        reads_view=True,
    ),
)
def get_member(context: RequestContext, member: str) -> HttpResponse:
    view = requested_as_of(context)
    return read_response(context, _summarise_members(context, view, [_load_member(context, member, view)])[0], view)


def _respond_with_member(context: RequestContext, receipt: Receipt, *, created: bool = False) -> HttpResponse:
    member: Member = receipt.state
    summary = member_summary(
        member,
        receipt.version,
        personal=can_see_person(context.viewer, member.id, member),
        position=receipt.position,
        events=receipt.event_ids,
    )
    return command_response(summary, receipt, created=created)


@command_route(
    "/v1/members",
    Operation(
        id="joinMember",
        summary="A member joins the organisation, and a team where one is named",
        tag="members",
        scopes=(ACT, ADMIN),
        body=members.Join,
        answer=MemberSummary,
        status=201,
        codes=("already_exists",),
        command=True,
        idempotent=True,
    ),
)
async def join_member(context: RequestContext) -> HttpResponse:
    act: members.Join = context.body
    member_id = new_stream_id(context, "member", act.ref)
    receipt = await execute(context, "member", member_id, act, creates=True)
    return _respond_with_member(context, receipt, created=True)


@query_route(
    "/v1/members/{member}/history",
    Operation(
        id="getMemberHistory",
        summary="Each event of a member in plain words, for viewers with sight of the member's figures",
        tag="members",
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_member_history(context: RequestContext, member: str) -> HttpResponse:
    found = _load_member(context, member, as_of_now(context))
    require_person(context.viewer, found.id, found)
    view = requested_as_of(context)
    if found.id != context.viewer.member_id:
        record_person_read(context, view, "members/history", member=found.id)
    return history_response(context, view, found.id)


class TeamsQuery(ListQuery, frozen=True, kw_only=True):
    """Teams, by id."""

    archived: bool | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=36, description="The id after which the page begins.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] | None = None


@query_route(
    "/v1/teams",
    Operation(
        id="listTeams",
        weight=Weight.PAGE,
        summary="Every team of the organisation; with `limit` a page at a time",
        tag="teams",
        scopes=(READ,),
        query=TeamsQuery,
        answer=TeamList,
        reads_view=True,
    ),
)
def list_teams(context: RequestContext) -> HttpResponse:
    query: TeamsQuery = context.query
    view = requested_as_of(context)
    limit = query.limit or ALL_ROWS
    found = load_teams_page(
        context.runtime.database,
        view,
        after=parse_id_cursor(query.cursor, "team"),
        limit=limit + 1,
        archived=query.archived,
        changed_after=find_changed_after(context),
    )
    page = found[:limit]
    last = str(page[-1][0].id) if len(found) > limit else None
    versions = load_versions_at(context.runtime.database, view, "teams", [team.id for team, _ in page])
    teams_ = [team_summary(team, versions.get(team.id, 0), lead_left=lead_left) for team, lead_left in page]
    headers = next_link(context, query, cursor=last)
    return read_response(context, TeamList(teams=teams_, next=last), view, headers=headers)


@query_route(
    "/v1/teams/{team}",
    Operation(
        id="getTeam",
        summary="One team and the ids of its members",
        tag="teams",
        scopes=(READ,),
        query=AsOfQuery,
        answer=TeamSummary,
        reads_view=True,
    ),
)
def get_team(context: RequestContext, team: str) -> HttpResponse:
    view = requested_as_of(context)
    team_id = context.resolve_id("team", decode_segment(team))
    known = teams_and_leads_at(context.runtime.database, view, team=team_id)
    if not known:
        raise NotFound("no such team")
    found, lead_left = known[0]
    version = load_versions_at(context.runtime.database, view, "teams", [found.id]).get(found.id, 0)
    members_of_team = load_members_page(context.runtime.database, view, team=found.id, limit=ALL_ROWS)
    belonging = [member.id for member in members_of_team]
    return read_response(context, team_summary(found, version, lead_left=lead_left, members=belonging), view)


@query_route(
    "/v1/teams/{team}/history",
    Operation(
        id="getTeamHistory",
        summary="Each event of a team in plain words: names, leads, archived and brought back",
        tag="teams",
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_team_history(context: RequestContext, team: str) -> HttpResponse:
    team_id = context.resolve_id("team", decode_segment(team))
    if not teams_and_leads_at(context.runtime.database, as_of_now(context), team=team_id):
        raise NotFound("no such team")
    return history_response(context, requested_as_of(context), team_id)


def _respond_with_team(receipt: Receipt, *, created: bool = False) -> HttpResponse:
    team: Team = receipt.state
    summary = team_summary(team, receipt.version, position=receipt.position, events=receipt.event_ids)
    return command_response(summary, receipt, created=created)


@command_route(
    "/v1/teams",
    Operation(
        id="createTeam",
        summary="Create a team",
        tag="teams",
        scopes=(ADMIN,),
        body=teams.Create,
        answer=TeamSummary,
        status=201,
        codes=("already_exists",),
        command=True,
        idempotent=True,
    ),
)
async def create_team(context: RequestContext) -> HttpResponse:
    act: teams.Create = context.body
    await asyncio.to_thread(_require_known_lead, context, act.lead)
    team_id = new_stream_id(context, "team", act.ref)
    receipt = await execute(context, "team", team_id, act, creates=True)
    return _respond_with_team(receipt, created=True)


def _require_known_lead(context: RequestContext, lead: str) -> None:
    """The member's id: an id must exist in this organisation; a reference may name somebody who is yet to join."""
    if as_uuid(lead) is not None:
        try:
            require_stream(context, "member", context.resolve_id("member", lead))
        except NotFound:
            raise NotFound("no such member", pointer="/lead") from None


async def act_on_member(context: RequestContext, ref: str) -> HttpResponse:
    """Record an act on a member."""
    receipt = await execute(context, "member", context.resolve_id("member", decode_segment(ref)), context.body)
    return _respond_with_member(context, receipt)


async def act_on_team(context: RequestContext, ref: str) -> HttpResponse:
    """Record an act on a team."""
    return _respond_with_team(
        await execute(context, "team", context.resolve_id("team", decode_segment(ref)), context.body)
    )


_REFUSED = ("act_not_allowed", "already_exists", "version_conflict", "busy")


ROUTES: list[Route] = [
    list_members,
    get_member,
    get_member_history,
    join_member,
    list_teams,
    get_team,
    get_team_history,
    create_team,
    *act_routes("member", get_args(members.MemberAct), MemberSummary, act_on_member, codes=_REFUSED, parameter="ref"),
    *act_routes(
        "team",
        (act for act in get_args(teams.TeamAct) if act is not teams.Create),
        TeamSummary,
        act_on_team,
        codes=_REFUSED,
        parameter="ref",
    ),
]
