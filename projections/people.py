"""Members, teams and the organisation itself, as versions; and the names by which people are spoken of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from domain.member import member as members
from domain.member.member import Member
from domain.organisation import organisation as organisations
from domain.organisation.organisation import Organisation
from domain.team import team as teams
from domain.team.team import Team
from projections.as_of import AsOf
from projections.database.database import Database, named_statements, query_by_ids
from projections.database.sql import without_nul
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection

_SQL = "people"


def _member_fields(state: Member) -> tuple[Any, ...]:
    present = 1 if state.is_present else 0
    return (state.ref, without_nul(state.name), present, " ".join(sorted(map(str, state.teams))))


MEMBERS = VersionedProjection(
    name="members",
    version=2,
    kind="member",
    evolve=members.evolve,
    columns=(
        Column("ref", "text", "The source's own id of the member.", nullable=True),
        Column("name", "text", "Personal: the member's name; empty where none was given."),
        Column("present", "integer", "1: joined and not left."),
        Column("teams", "text", "Ids of the member's teams, ascending, parted by spaces."),
    ),
    fields=_member_fields,
    comment="Members: who joined, with which capacity, absences and roles (in body).",
)
TEAMS = VersionedProjection(
    name="teams",
    version=3,
    kind="team",
    evolve=teams.evolve,
    columns=(
        Column("ref", "text", "The source's own id of the team.", nullable=True),
        Column("name", "text", "What the team is called."),
        Column("lead", "uuid", "The member who leads it."),
    ),
    fields=lambda state: (state.ref, without_nul(state.name), str(state.lead)),
    # Asked by every request: which teams does its sender lead?
    indexes=(("organisation_id", "lead"),),
    comment="Teams and their leads.",
)
ORGANISATIONS = VersionedProjection(
    name="organisations",
    version=2,
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


def teams_at(database: Database, as_of: AsOf) -> list[Team]:
    """Every team, by id."""
    return [_TEAM.decode(row.body) for row in database.query(named_statements(_SQL)["teams"], as_of.params)]


def team_at(database: Database, as_of: AsOf, team_id: UUID) -> Team | None:
    """One team; None where there is none of that id."""
    rows = database.query(named_statements(_SQL)["team"], {**as_of.params, "stream_id": str(team_id)})
    return _TEAM.decode(rows[0].body) if rows else None


def teams_led(database: Database, organisation_id: UUID, member_id: UUID) -> frozenset[UUID]:
    """The teams that a member leads, as the views know it now: what the member may see follows from it."""
    params = {"organisation_id": str(organisation_id), "lead": str(member_id)}
    return frozenset(UUID(row.stream_id) for row in database.query(named_statements(_SQL)["teams_led"], params))


def teams_etag(database: Database, organisation_id: UUID) -> tuple[int, int]:
    """Differs from what it was whenever the view of the organisation's teams, and with it `teams_led`, may differ."""
    row = database.query(named_statements(_SQL)["teams_mark"], {"organisation_id": str(organisation_id)})[0]
    return int(row.versions), int(row.newest)


def organisation_at(database: Database, as_of: AsOf) -> Organisation | None:
    """The organisation itself; None before it was created (an import reaches further back)."""
    rows = database.query(named_statements(_SQL)["organisation"], as_of.params)
    return _ORGANISATION.decode(rows[0].body) if rows else None


def load_names(database: Database, organisation_id: UUID, ids: Iterable[UUID | str | None]) -> dict[str, str]:
    """Id -> how people call it today: a member's or team's name, a goal's title, else its reference.

    Names are resolved when read, whatever the business time: who was renamed is still the same person. An id that
    nothing is known of is left out.
    """
    wanted = sorted({str(i) for i in ids if i is not None})
    rows = query_by_ids(database, _SQL, {"names": wanted}, {"organisation_id": str(organisation_id)})["names"]
    return {row.id: row.name for row in rows if row.name}
