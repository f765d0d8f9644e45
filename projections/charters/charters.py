"""Charters as versions, and the report of what meetings they ask of each member."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.charter.events import Acknowledged
from domain.charter.evolve import evolve
from domain.charter.state import Acknowledgement, Charter, charter_id
from domain.envelope import RecordedEvent
from domain.goal.state import LIVE_STATES
from domain.instants import from_micros, to_micros
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements, query_by_ids, to_id
from projections.database.sql import without_nul
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection
from projections.goals import GoalVisibilityFilter

_SQL = "charters"


def _fields(state: Charter) -> tuple[Any, ...]:
    purpose = state.purpose
    return (
        None if state.of.team is None else str(state.of.team),
        None if purpose is None else purpose.version,
        None if purpose is None else to_micros(purpose.since),
        None if purpose is None else without_nul(purpose.why.text),
        0 if state.in_force_since is None else 1,
        len(state.non_negotiables_in_force),
    )


def _evolve_without_acknowledgements(charter: Charter | None, recorded: RecordedEvent) -> Charter | None:
    """The fold but for who acknowledged: each such fact has a row of its own (`drift_expectations`).

    Every version holds the whole state. Were the voices in it, a thousand members would write a thousand times a
    thousand of them.
    """
    return charter if isinstance(recorded.data, Acknowledged) and charter is not None else evolve(charter, recorded)


CHARTERS = VersionedProjection(
    name="charters",
    version=4,
    kind="charter",
    evolve=_evolve_without_acknowledgements,
    columns=(
        Column("team", "uuid", "The team whose charter it is; empty: the organisation's own.", nullable=True),
        Column("purpose_version", "integer", "The purpose in force, from 1; empty before the first.", nullable=True),
        Column("purpose_since", "integer", "Since when, microseconds UTC.", nullable=True),
        Column("purpose", "text", "Its words.", nullable=True),
        Column("in_force", "integer", "1: the charter is in force."),
        Column("non_negotiables", "integer", "How many stand."),
    ),
    fields=_fields,
    comment="Charters: purpose, non-negotiables, freedoms, rituals, open breaches (in body); not who acknowledged.",
)

_CHARTER = msgspec.json.Decoder(Charter)


class CharterVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A charter as of a question, and its stream's version then."""

    charter: Charter
    version: int


def charters_at(database: Database, as_of: AsOf) -> list[CharterVersion]:
    """Every charter that has begun: the organisation's own first, then by team."""
    rows = database.query(named_statements(_SQL)["charters"], as_of.params)
    found = [_decode(row) for row in rows]
    return _add_acknowledgements(found, database.query(named_statements(_SQL)["voices"], as_of.params))


def charter_at(database: Database, as_of: AsOf, identity: UUID) -> CharterVersion | None:
    """One charter by its own id; None before its first act."""
    params = {**as_of.params, "stream_id": str(identity)}
    rows = database.query(named_statements(_SQL)["charter"], params)
    if not rows:
        return None
    said = database.query(named_statements(_SQL)["voices_of"], params)
    return _add_acknowledgements([_decode(rows[0])], said)[0]


def charters_of(
    database: Database, as_of: AsOf, teams: Sequence[UUID | None], *, voice: UUID
) -> dict[UUID | None, Charter]:
    """The charters of these teams (None: the organisation's own), by team; of the acknowledgements this member's alone.

    A member may lead hundreds of teams: one after the other they were as many round trips.
    """
    ids = [str(charter_id(as_of.organisation_id, team)) for team in teams]
    wanted = {"charters_of": ids, "voice": ids}
    rows = query_by_ids(database, _SQL, wanted, {**as_of.params, "member": str(voice)})
    found = _add_acknowledgements([_decode(row) for row in rows["charters_of"]], rows["voice"])
    return {held.charter.of.team: held.charter for held in found}


def _decode(row: Row) -> CharterVersion:
    return CharterVersion(charter=_CHARTER.decode(row.body), version=row.version)


def _add_acknowledgements(found: Sequence[CharterVersion], said: Sequence[Row]) -> list[CharterVersion]:
    """The charters with who acknowledged what stands, in the order in which they did."""
    voices: dict[tuple[str, int], list[Acknowledgement]] = {}
    for row in said:
        voice = Acknowledgement(member=to_id(row.member), at=from_micros(row.occurred_at))
        voices.setdefault((row.item, row.number), []).append(voice)
    visible = []
    for held in found:
        standing = tuple(
            # As in the domain's fold: what is retired has no acknowledgements.
            replace(n, acknowledged=tuple(voices.get((str(n.id), n.version), ()))) if n.retired_at is None else n
            for n in held.charter.non_negotiables
        )
        visible.append(replace(held, charter=replace(held.charter, non_negotiables=standing)))
    return visible


class LinkedGoals(msgspec.Struct, frozen=True, kw_only=True):
    """The live goals that serve this purpose, and how many of their owners have affirmed it since it was revised."""

    purpose_version: int
    links: int
    affirmed: int
    unaffirmed: int
    #: By when they are to be affirmed, renegotiated or unlinked (UTC); None where no revision asks for it.
    until: datetime | None


def count_linked_goals(
    database: Database, as_of: AsOf, charter: Charter, *, visible: GoalVisibilityFilter | None
) -> LinkedGoals | None:
    """Who serves the purpose in force; None where there is none. A link stated at its instant is of this version.

    `visible`: only goals that may be seen are counted; None: all.
    """
    purpose = charter.purpose
    if purpose is None:
        return None
    states = {f"state_{n}": state for n, state in enumerate(LIVE_STATES)}
    condition, seen = visible.to_sql() if visible is not None else ("1 = 1", {})
    sql = named_statements(_SQL)["serving"].replace(":states", ", ".join(f":{name}" for name in states))
    params = {**as_of.params, **states, **seen, "charter": str(charter.id)}
    rows = database.query(sql.replace(":visible", condition), params)
    revised = purpose.version > 1
    affirmed = sum(1 for row in rows if not revised or row.said_at >= to_micros(purpose.since))
    return LinkedGoals(
        purpose_version=purpose.version,
        links=len(rows),
        affirmed=affirmed,
        unaffirmed=len(rows) - affirmed,
        until=purpose.since + timedelta(days=as_of.policy.policy.unaffirmed_days) if revised else None,
    )
