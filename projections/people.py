"""Members, teams and the organisation itself, as versions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.instants import to_micros
from domain.member import member as members
from domain.member.member import Member
from domain.organisation import organisation as organisations
from domain.organisation.organisation import Organisation
from domain.team import team as teams
from domain.team.team import Team
from projections.as_of import AsOf
from projections.database.database import Database, named_statements, query_by_ids, to_id
from projections.database.paging import ALL_ROWS, RowSelection
from projections.database.sql import without_nul
from projections.database.tables import END_OF_TIME, Column
from projections.engine.versions import VersionedProjection
from projections.streams import query_by_id

_SQL = "people"


def _member_fields(state: Member) -> tuple[Any, ...]:
    present = 1 if state.is_present else 0
    last_left = to_micros(state.departures[-1].left_at) if state.departures else None
    teams = sorted(map(str, state.teams))
    first = teams[0] if teams else None
    return (state.ref, without_nul(state.name), present, " ".join(teams), last_left, first, len(teams))


def _team_fields(state: Team) -> tuple[Any, ...]:
    archived = None if state.archived_at is None else to_micros(state.archived_at)
    return (state.ref, without_nul(state.name), str(state.lead), to_micros(state.lead_since), archived)


MEMBERS = VersionedProjection(
    name="members",
    version=5,
    kind="member",
    evolve=members.evolve,
    columns=(
        Column("ref", "text", "The source's own id of the member.", nullable=True),
        Column("name", "text", "Personal: the member's name; empty where none was given."),
        Column("present", "integer", "1: joined and not left."),
        Column("teams", "text", "Ids of the member's teams, ascending, parted by spaces."),
        Column("last_left", "integer", "When the member last left, microseconds UTC.", nullable=True),
        # Almost everybody is in one team, if any: found by it, or by being in several.
        Column("first_team", "uuid", "The first of the member's teams.", nullable=True),
        Column("team_count", "integer", "In how many teams the member is."),
    ),
    fields=_member_fields,
    latest_indexes=(("present", "stream_id"), ("first_team", "stream_id"), ("team_count", "stream_id")),
    comment="Members: who joined, with which capacity, absences and roles (in body).",
)
TEAMS = VersionedProjection(
    name="teams",
    version=6,
    kind="team",
    evolve=teams.evolve,
    columns=(
        Column("ref", "text", "The source's own id of the team.", nullable=True),
        Column("name", "text", "What the team is called."),
        Column("lead", "uuid", "The member who was appointed last: its lead, unless that member has left since."),
        Column("lead_since", "integer", "When that was, microseconds UTC."),
        Column("archived_at", "integer", "Since when it is archived and has no lead, microseconds UTC.", nullable=True),
    ),
    fields=_team_fields,
    # Asked by every request: which teams does its sender lead? And whether that may have changed.
    indexes=(("organisation_id", "lead"), ("organisation_id", "known_from")),
    latest_indexes=(("stream_id",),),
    comment="Teams and their leads.",
)
ORGANISATIONS = VersionedProjection(
    name="organisations",
    version=5,
    kind="organisation",
    evolve=organisations.evolve,
    columns=(
        Column("name", "text", "What the organisation is called."),
        Column("zone", "text", "IANA time zone in which its dates are meant."),
    ),
    fields=lambda state: (without_nul(state.name), state.zone),
    comment="Organisations with their zone and every policy version (in body).",
)

_MEMBER = msgspec.json.Decoder(Member)
_TEAM = msgspec.json.Decoder(Team)
_ORGANISATION = msgspec.json.Decoder(Organisation)


def load_members_page(
    database: Database,
    as_of: AsOf,
    *,
    after: str = "",
    limit: int,
    team: UUID | None = None,
    changed_after: int | msgspec.UnsetType = msgspec.UNSET,
) -> list[Member]:
    """The joined members (of one team) behind an id, by id; `changed_after`: with an event behind that log position."""
    few_of, params = list[str](), dict[str, Any]()
    if team is not None:
        several = "team_count > 1 AND teams LIKE :teams"
        few_of, params = ["first_team = :team", several], {"team": str(team), "teams": f"%{team}%"}
    selection = RowSelection(table="members", where=["present = 1"], few_of=few_of)
    rows = query_by_id(database, as_of, selection, params, after=after, limit=limit, changed_after=changed_after)
    return [_MEMBER.decode(row.body) for row in rows]


def load_departed_members(database: Database, as_of: AsOf) -> list[Member]:
    """Those who have left, by id; not who never joined."""
    selection = RowSelection(table="members", where=["present = 0", "last_left IS NOT NULL"])
    rows = query_by_id(database, as_of, selection, {}, after="", limit=ALL_ROWS)
    return [_MEMBER.decode(row.body) for row in rows]


def load_members_by_id(database: Database, as_of: AsOf, ids: Iterable[UUID]) -> dict[UUID, Member]:
    """These members, departed ones too."""
    wanted = sorted({str(i) for i in ids})
    rows = query_by_ids(database, _SQL, {"members_by_id": wanted}, as_of.params)["members_by_id"]
    return {UUID(row.stream_id): _MEMBER.decode(row.body) for row in rows}


def members_at(database: Database, as_of: AsOf, *, team: UUID | None = None) -> list[Member]:
    """The joined members (of one team), by id."""
    if team is None:
        rows = database.query(named_statements(_SQL)["members"], as_of.params)
    else:
        rows = database.query(named_statements(_SQL)["members_of_team"], {**as_of.params, "team": f"%{team}%"})
    return [_MEMBER.decode(row.body) for row in rows]


def member_at(database: Database, as_of: AsOf, member_id: UUID) -> Member | None:
    """One member, also one who has left; None where there is none of this id."""
    rows = database.query(named_statements(_SQL)["member"], {**as_of.params, "stream_id": str(member_id)})
    return _MEMBER.decode(rows[0].body) if rows else None


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a member was there, and in these teams; instants in microseconds UTC, the end excluded."""

    begins: int
    ends: int
    teams: frozenset[UUID]


def load_memberships(database: Database, organisation_id: UUID, member_id: UUID) -> list[Membership]:
    """When the member was there and in which teams, as is known now, oldest first."""
    params = {"organisation_id": str(organisation_id), "stream_id": str(member_id), "still": END_OF_TIME}
    return [
        Membership(begins=row.valid_from, ends=row.valid_to, teams=frozenset(map(UUID, row.teams.split())))
        for row in database.query(named_statements(_SQL)["memberships"], params)
    ]


def load_teams_page(
    database: Database,
    as_of: AsOf,
    *,
    after: str = "",
    limit: int,
    archived: bool | None = None,
    changed_after: int | msgspec.UnsetType = msgspec.UNSET,
) -> list[tuple[Team, bool]]:
    """The teams behind an id, by id, and whether the lead of each has left since being appointed."""
    where = [] if archived is None else [f"archived_at IS {'NOT ' if archived else ''}NULL"]
    selection = RowSelection(table="teams", where=where)
    rows = query_by_id(database, as_of, selection, {}, after=after, limit=limit, changed_after=changed_after)
    found = [_TEAM.decode(row.body) for row in rows]
    leads = load_members_by_id(database, as_of, {team.lead for team in found})
    return [(team, team.lead in leads and leads[team.lead].has_left_since(team.lead_since)) for team in found]


def teams_at(database: Database, as_of: AsOf) -> list[Team]:
    """Every team, by id."""
    return [_TEAM.decode(row.body) for row in database.query(named_statements(_SQL)["teams"], as_of.params)]


def teams_and_leads_at(database: Database, as_of: AsOf, *, team: UUID | None = None) -> list[tuple[Team, bool]]:
    """Every team (or one), by id, and whether its lead has left since being appointed."""
    wanted, params = ("1 = 1", {}) if team is None else ("stream_id = :team", {"team": str(team)})
    sql = named_statements(_SQL)["teams_and_leads"].replace(":wanted", wanted)
    return [
        (_TEAM.decode(row.body), row.lead_last_left is not None and row.lead_last_left >= row.lead_since)
        for row in database.query(sql, {**as_of.params, **params})
    ]


def teams_led_at(database: Database, as_of: AsOf, member: Member) -> frozenset[UUID]:
    """The teams that this member leads."""
    rows = database.query(named_statements(_SQL)["teams_of_lead"], {**as_of.params, "lead": str(member.id)})
    return frozenset(team.id for team in (_TEAM.decode(row.body) for row in rows) if is_led_by(team, member))


def teams_without_lead_at(database: Database, as_of: AsOf) -> frozenset[UUID]:
    """The teams whose lead has left: what waits for a lead waits for stewards there."""
    rows = database.query(named_statements(_SQL)["teams_without_lead"], as_of.params)
    return frozenset(to_id(row.stream_id) for row in rows)


def is_led_by(team: Team, member: Member | None) -> bool:
    """Whether this member, who is there, leads the team: a leave ends that for good, and so does archiving the team."""
    if team.archived_at is not None:
        return False
    return member is not None and team.lead == member.id and not member.has_left_since(team.lead_since)


def team_at(database: Database, as_of: AsOf, team_id: UUID) -> Team | None:
    """One team; None where there is none of that id."""
    rows = database.query(named_statements(_SQL)["team"], {**as_of.params, "stream_id": str(team_id)})
    return _TEAM.decode(rows[0].body) if rows else None


def teams_led(
    database: Database, organisation_id: UUID, member_id: UUID, last_left: datetime | None
) -> frozenset[UUID]:
    """The teams that a member leads, as the views know it now: what the member may see follows from it.

    Those to whose lead the member was appointed after having left for the last time.
    """
    params = {
        "organisation_id": str(organisation_id),
        "lead": str(member_id),
        "last_left": -1 if last_left is None else to_micros(last_left),
    }
    return frozenset(to_id(row.stream_id) for row in database.query(named_statements(_SQL)["teams_led"], params))


def teams_etag(database: Database, organisation_id: UUID) -> int:
    """Differs from what it was whenever the view of the organisation's teams, and with it `teams_led`, may differ.

    The log position of the last event of a team that the view has followed.
    """
    row = database.query(named_statements(_SQL)["teams_mark"], {"organisation_id": str(organisation_id)})[0]
    return int(row.newest or 0)


def organisation_at(database: Database, as_of: AsOf) -> Organisation | None:
    """The organisation itself; None before it was created (an import reaches further back)."""
    rows = database.query(named_statements(_SQL)["organisation"], as_of.params)
    return _ORGANISATION.decode(rows[0].body) if rows else None


def find_organisations(database: Database, name: str) -> list[UUID]:
    """The organisations that are called so today; two at most."""
    rows = database.query(named_statements(_SQL)["organisations_called"], {"name": name})
    return [to_id(row.organisation_id) for row in rows]


def list_organisations(database: Database, limit: int) -> list[tuple[UUID, str]]:
    """Every organisation of the store with its name of today, by name; at most `limit`."""
    rows = database.query(named_statements(_SQL)["organisations"], {"rows": limit})
    return [(to_id(row.organisation_id), row.name) for row in rows]
