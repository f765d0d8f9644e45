"""Charters as versions, and the report of what meetings they ask of each member."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.charter.evolve import evolve
from domain.charter.state import Charter, charter_id
from domain.goal.state import LIVE_STATES
from projections.database import Database, statements
from projections.lens import Lens
from projections.tables import Column
from projections.timeline import StateView, micros

_SQL = "charters"


def _clean(text: str) -> str:
    # PostgreSQL's text cannot hold the character NUL, which JSON can.
    return text.replace("\x00", "\ufffd")


def _fields(state: Charter) -> tuple[Any, ...]:
    purpose = state.purpose
    return (
        None if state.of.team is None else str(state.of.team),
        None if purpose is None else purpose.version,
        None if purpose is None else micros(purpose.since),
        None if purpose is None else _clean(purpose.why.text),
        0 if state.in_force_since is None else 1,
        len(state.kept),
    )


CHARTERS = StateView(
    name="charters",
    version=1,
    kind="charter",
    evolve=evolve,
    columns=(
        Column("team", "uuid", "The team whose charter it is; empty: the organisation's own.", nullable=True),
        Column("purpose_version", "integer", "The purpose in force, from 1; empty before the first.", nullable=True),
        Column("purpose_since", "integer", "Since when, microseconds UTC.", nullable=True),
        Column("purpose", "text", "Its words.", nullable=True),
        Column("in_force", "integer", "1: the charter is in force."),
        Column("non_negotiables", "integer", "How many stand."),
    ),
    fields=_fields,
    comment="Charters: purpose, non-negotiables, freedoms, rituals, open breaches (in body).",
)

_CHARTER = msgspec.json.Decoder(Charter)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A charter as one lens shows it, and its stream's version then."""

    charter: Charter
    version: int


def charters_at(database: Database, lens: Lens) -> list[Held]:
    """Every charter that has begun: the organisation's own first, then by team."""
    rows = database.query(statements(_SQL)["charters"], lens.params)
    return [Held(charter=_CHARTER.decode(row.body), version=row.version) for row in rows]


def charter_at(database: Database, lens: Lens, identity: UUID) -> Held | None:
    """One charter by its own id; None before its first act."""
    rows = database.query(statements(_SQL)["charter"], {**lens.params, "stream_id": str(identity)})
    return Held(charter=_CHARTER.decode(rows[0].body), version=rows[0].version) if rows else None


def charter_of(database: Database, lens: Lens, team: UUID | None) -> Charter | None:
    """The charter of a team, or (None) the organisation's own."""
    held = charter_at(database, lens, charter_id(lens.organisation_id, team))
    return None if held is None else held.charter


class LinkedGoals(msgspec.Struct, frozen=True, kw_only=True):
    """The live goals that serve this purpose, and how many of their owners have said so since it was revised."""

    purpose_version: int
    links: int
    affirmed: int
    unaffirmed: int
    #: By when they are to be affirmed, renegotiated or unlinked (UTC); None where no revision asks for it.
    until: datetime | None


def linked_goals(database: Database, lens: Lens, charter: Charter) -> LinkedGoals | None:
    """Who serves the purpose in force; None where there is none. A link said at its very instant is of this version."""
    purpose = charter.purpose
    if purpose is None:
        return None
    states = {f"state_{n}": state for n, state in enumerate(LIVE_STATES)}
    sql = statements(_SQL)["serving"].replace(":states", ", ".join(f":{name}" for name in states))
    rows = database.query(sql, {**lens.params, **states, "charter": str(charter.id)})
    revised = purpose.version > 1
    affirmed = sum(1 for row in rows if not revised or row.said_at >= micros(purpose.since))
    return LinkedGoals(
        purpose_version=purpose.version,
        links=len(rows),
        affirmed=affirmed,
        unaffirmed=len(rows) - affirmed,
        until=purpose.since + timedelta(days=lens.policy.policy.unaffirmed_days) if revised else None,
    )
