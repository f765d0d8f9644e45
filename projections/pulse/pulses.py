"""Pulses as versions: each as it stood at any business time, as believed at any log position."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from domain.instants import to_micros
from domain.pulse.pulse import Pulse, evolve
from projections.as_of import AsOf
from projections.database.database import Database, named_statements, to_id
from projections.database.paging import Order, RowSelection, query_digest_of
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection
from projections.streams import load_row, load_stream_versions, query_page

_SQL = "pulses"


def _fields(state: Pulse) -> tuple[Any, ...]:
    team = None if state.team is None else str(state.team)
    closed = None if state.closed_at is None else to_micros(state.closed_at)
    return (state.ref, team, state.state, to_micros(state.opened_at), closed)


PULSES = VersionedProjection(
    name="pulses",
    version=2,
    kind="pulse",
    evolve=evolve,
    columns=(
        Column("ref", "text", "The source's own id of the pulse.", nullable=True),
        Column("team", "uuid", "The team that is asked; empty: the organisation.", nullable=True),
        Column("state", "text", "open or closed."),
        Column("opened_at", "integer", "When it was opened, microseconds UTC."),
        Column("closed_at", "integer", "When it was closed, microseconds UTC; empty: it is open.", nullable=True),
    ),
    fields=_fields,
    indexes=(("organisation_id", "closed_at"),),
    comment="Pulses: what was asked, and sums of five answers and more (in body).",
)

_PULSE = msgspec.json.Decoder(Pulse)


class PulseFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which pulses to list."""

    #: Only those with an event behind this log position. Unset it is no part of a cursor's question.
    changed_after: int | msgspec.UnsetType = msgspec.UNSET


def pulse_at(database: Database, as_of: AsOf, pulse_id: UUID) -> tuple[Pulse, int] | None:
    """One pulse and its stream's version; None where there is none (yet, at that time)."""
    row = load_row(database, as_of, "pulses", pulse_id)
    return None if row is None else (_PULSE.decode(row.body), row.stream_version)


def closed_pulses_at(database: Database, as_of: AsOf, limit: int) -> list[Pulse]:
    """The last ones that were closed by then, the latest first."""
    rows = database.query(named_statements(_SQL)["closed"], {**as_of.params, "rows": limit})
    return [_PULSE.decode(row.body) for row in rows]


def load_pulses_page(
    database: Database, as_of: AsOf, filters: PulseFilters, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[tuple[Pulse, int]], str | None]:
    """One page with each stream's version, the latest opened first, and the cursor of the next one.

    Raises `InvalidField` for a limit outside 1..200, or a cursor that another question gave.
    """
    rows, following = query_page(
        database,
        as_of,
        RowSelection(table="pulses"),
        {},
        Order(key="opened_at", descending=True, number=True),
        changed_after=filters.changed_after,
        question=query_digest_of("pulses", filters),
        cursor=cursor,
        limit=limit,
    )
    versions = load_stream_versions(database, as_of.params, _SQL, [to_id(row.stream_id) for row in rows])
    return [(_PULSE.decode(row.body), versions[to_id(row.stream_id)]) for row in rows], following
