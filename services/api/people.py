"""Members and teams: who is there, who leads, declared capacity, absences (dates only) and roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, get_args

import msgspec
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from domain import member as members
from domain import team as teams
from domain.errors import NotFound
from domain.member import Member
from domain.references import Ref, as_uuid, external, resolve
from domain.team import Team
from ledger.commands import Receipt
from projections.lens import Lens
from projections.people import member_at, members_at, team_at, teams_at
from services.access import ACT, ADMIN, READ
from services.api.answers import Answer
from services.api.call import Call
from services.api.looking import asked, following, note_person_read, shown, versions_at
from services.api.operations import AsOfQuery, Operation, posts, reads
from services.api.paths import decoded
from services.api.recording import existing, record, recorded
from services.api.summaries import MemberSummary, TeamSummary, of_member, of_team
from services.api.visible import sees_person

LARGEST_PAGE = 500


class MembersQuery(AsOfQuery, frozen=True, kw_only=True):
    """Joined members, by id."""

    team: Ref | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=36, description="The id after which the page begins.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = 100


class MemberList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of members."""

    members: list[MemberSummary]
    next: str | None


class TeamList(msgspec.Struct, frozen=True, kw_only=True):
    """Every team."""

    teams: list[TeamSummary]


def _listed(call: Call, view: Lens, found: Sequence[Member]) -> list[MemberSummary]:
    versions = versions_at(call, view, "members")
    personal = {member.id for member in found if sees_person(call.viewer, member.id, member)}
    if personal - {call.viewer.member_id}:
        note_person_read(call, view, members=len(personal))
    return [of_member(m, versions.get(str(m.id), 0), personal=m.id in personal) for m in found]


@reads(
    "/v1/members",
    Operation(
        id="listMembers",
        summary="Joined members; capacity, absences and roles only of those whose figures you may see",
        tag="members",
        scopes=(READ,),
        query=MembersQuery,
        answer=MemberList,
        fresh=True,
    ),
)
def list_members(call: NamedDependency[Call]) -> Answer:
    query: MembersQuery = call.query
    view = asked(call)
    team = call.id_of("team", query.team) if query.team is not None else None
    found = [m for m in members_at(call.runtime.database, view, team=team) if str(m.id) > query.cursor]
    page = found[: query.limit]
    last = str(page[-1].id) if len(found) > query.limit else None
    headers = {"Link": f'<{following(call, query, cursor=last)}>; rel="next"'} if last else {}
    answer = MemberList(members=_listed(call, view, page), next=last)
    return shown(call, answer, view, headers=headers)


def _member(call: Call, ref: str, view: Lens) -> Member:
    found = member_at(call.runtime.database, view, call.id_of("member", decoded(ref)))
    if found is None:
        raise NotFound("no such member")
    return found


@reads(
    "/v1/members/{member:str}",
    Operation(
        id="getMember",
        summary="One member",
        tag="members",
        scopes=(READ,),
        query=AsOfQuery,
        answer=MemberSummary,
        fresh=True,
    ),
)
def get_member(member: FromPath[str], call: NamedDependency[Call]) -> Answer:
    view = asked(call)
    return shown(call, _listed(call, view, [_member(call, member, view)])[0], view)


def _member_answer(call: Call, receipt: Receipt, *, status: int = 200, location: str | None = None) -> Answer:
    member: Member = receipt.state
    summary = of_member(
        member,
        receipt.version,
        personal=sees_person(call.viewer, member.id, member),
        position=receipt.position,
        events=receipt.event_ids,
    )
    return recorded(summary, receipt, status=status, location=location)


@posts(
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
async def join_member(call: NamedDependency[Call]) -> Answer:
    act: members.Join = call.body
    organisation = call.viewer.organisation_id
    member_id = resolve(organisation, "member", external(act.ref)) if act.ref else call.runtime.new_id()
    receipt = await record(call, "member", member_id, act, creates=True)
    location = f"/v1/members/{receipt.stream.partition('/')[2]}"
    return _member_answer(call, receipt, status=201, location=location)


@reads(
    "/v1/teams",
    Operation(
        id="listTeams",
        summary="Every team of the organisation",
        tag="teams",
        scopes=(READ,),
        query=AsOfQuery,
        answer=TeamList,
        fresh=True,
    ),
)
def list_teams(call: NamedDependency[Call]) -> Answer:
    view = asked(call)
    versions = versions_at(call, view, "teams")
    found = [of_team(team, versions.get(str(team.id), 0)) for team in teams_at(call.runtime.database, view)]
    return shown(call, TeamList(teams=found), view)


@reads(
    "/v1/teams/{team:str}",
    Operation(
        id="getTeam",
        summary="One team and the ids of its members",
        tag="teams",
        scopes=(READ,),
        query=AsOfQuery,
        answer=TeamSummary,
        fresh=True,
    ),
)
def get_team(team: FromPath[str], call: NamedDependency[Call]) -> Answer:
    view = asked(call)
    found = team_at(call.runtime.database, view, call.id_of("team", decoded(team)))
    if found is None:
        raise NotFound("no such team")
    version = versions_at(call, view, "teams").get(str(found.id), 0)
    belonging = [member.id for member in members_at(call.runtime.database, view, team=found.id)]
    return shown(call, of_team(found, version, members=belonging), view)


def _team_answer(receipt: Receipt, *, status: int = 200, location: str | None = None) -> Answer:
    team: Team = receipt.state
    summary = of_team(team, receipt.version, position=receipt.position, events=receipt.event_ids)
    return recorded(summary, receipt, status=status, location=location)


@posts(
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
async def create_team(call: NamedDependency[Call]) -> Answer:
    act: teams.Create = call.body
    await sync_to_thread(_known_lead, call, act.lead)
    organisation = call.viewer.organisation_id
    team_id = resolve(organisation, "team", external(act.ref)) if act.ref else call.runtime.new_id()
    receipt = await record(call, "team", team_id, act, creates=True)
    return _team_answer(receipt, status=201, location=f"/v1/teams/{receipt.stream.partition('/')[2]}")


def _known_lead(call: Call, lead: str) -> None:
    """An id names somebody of this organisation, or nobody; a reference may name somebody who is yet to join."""
    if as_uuid(lead) is not None:
        try:
            existing(call, "member", call.id_of("member", lead))
        except NotFound:
            raise NotFound("no such member", pointer="/lead") from None


def _act_route(kind: str, act: type[Any]) -> HTTPRouteHandler:
    """`POST /v1/members/{member}/<act>` or `/v1/teams/{team}/<act>`."""
    name = str(act.__struct_config__.tag)
    words = (act.__doc__ or "").strip().partition("\n")[0]
    operation = Operation(
        id=f"{kind}.{name}",
        summary=f"{name.replace('_', ' ').capitalize()}. {words}".strip(),
        tag=f"{kind}s",
        scopes=(ACT, ADMIN),
        body=act,
        answer=MemberSummary if kind == "member" else TeamSummary,
        codes=("act_not_allowed", "already_exists", "version_conflict", "busy"),
        command=True,
        idempotent=True,
    )

    @posts(f"/v1/{kind}s/{{ref:str}}/{name.replace('_', '-')}", operation)
    async def act_on(ref: FromPath[str], call: NamedDependency[Call]) -> Answer:
        receipt = await record(call, kind, call.id_of(kind, decoded(ref)), call.body)
        return _member_answer(call, receipt) if kind == "member" else _team_answer(receipt)

    return act_on


ROUTES: list[HTTPRouteHandler] = [
    list_members,
    get_member,
    join_member,
    list_teams,
    get_team,
    create_team,
    *(_act_route("member", act) for act in get_args(members.MemberAct)),
    *(_act_route("team", act) for act in get_args(teams.TeamAct) if act is not teams.Create),
]
