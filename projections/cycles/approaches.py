"""Flexible execution within cycles: how owners went about it and what that led to; which freedoms they made use of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from domain.charter.state import Charter, charter_id
from domain.cycle.state import Closed, Cycle
from domain.goal.events import ApproachChosen
from domain.goal.state import Goal, promise_of
from domain.instants import from_micros, to_micros
from projections.as_of import AsOf
from projections.cycles.cycles import CyclePart, cycle_key
from projections.database.database import Database, Row, query_by_ids
from projections.database.tables import END_OF_TIME
from projections.figures import EventRef, MemberRef, PartRef, SubjectGoal, round_for_report

_SQL = "cycles"
_CHARTER = msgspec.json.Decoder(Charter)


class ApproachEntry(CyclePart, frozen=True, kw_only=True, omit_defaults=True):
    """Personal: how an owner chose to go about a goal while the cycle ran, and what that led to."""

    event: EventRef
    goal: SubjectGoal
    by: MemberRef | None
    at: datetime
    text: str
    #: The freedom of a charter that it makes use of.
    freedom: PartRef | None = None
    #: Another approach was chosen for this goal since.
    replaced: bool = False
    #: How the goal stands now, in the agreement's word, and how far it has come, 0..1.
    state: str
    progress: float


class FreedomEntry(CyclePart, frozen=True, kw_only=True, omit_defaults=True):
    """A freedom that stands in the charter of the cycle's team, or of the organisation where the cycle is its own."""

    freedom: PartRef
    text: str
    #: Approaches of this cycle's goals that make use of it.
    uses: int = 0


def load_approaches(
    database: Database, as_of: AsOf, cycles: Sequence[Cycle], goals: Mapping[UUID, Goal]
) -> list[ApproachEntry]:
    """The approaches that were chosen for goals of these cycles while they ran, by cycle, then by time."""
    rows = query_by_ids(database, _SQL, {"approaches": sorted(map(str, goals))}, as_of.params)["approaches"]
    last = {row.stream_id: row.event_id for row in rows}
    return [
        _build_entry(row, cycle, goals[UUID(row.stream_id)], replaced=last[row.stream_id] != row.event_id)
        for cycle in cycles
        for row in _select_rows(rows, cycle, goals)
    ]


def _select_rows(rows: Sequence[Row], cycle: Cycle, goals: Mapping[UUID, Goal]) -> list[Row]:
    held = {str(included.goal) for included in cycle.goals if included.goal in goals}
    begun = to_micros(cycle.opened_at)
    until = to_micros(cycle.closed_at) if isinstance(cycle, Closed) else END_OF_TIME
    found = [row for row in rows if row.stream_id in held and begun <= row.occurred_at <= until]
    return sorted(found, key=lambda row: (row.occurred_at, row.event_id))


def _build_entry(row: Row, cycle: Cycle, goal: Goal, *, replaced: bool) -> ApproachEntry:
    chosen = msgspec.json.decode(row.data, type=ApproachChosen)
    promised = promise_of(goal)
    return ApproachEntry(
        **cycle_key(cycle),
        event=UUID(row.event_id),
        goal=goal.id,
        by=UUID(row.party) if row.party else None,
        at=from_micros(row.occurred_at),
        text=chosen.text,
        freedom=chosen.freedom,
        replaced=replaced,
        state=goal.state,
        progress=(round_for_report(promised.share_done) or 0.0) if promised is not None else 0.0,
    )


def load_freedoms(
    database: Database, as_of: AsOf, cycles: Sequence[Cycle], approaches: Sequence[ApproachEntry]
) -> list[FreedomEntry]:
    """The freedoms that stand by now for each of these cycles, with how often each was made use of."""
    ids = {cycle.id: str(charter_id(as_of.organisation_id, cycle.of.team)) for cycle in cycles}
    rows = query_by_ids(database, _SQL, {"charters": sorted(set(ids.values()))}, as_of.params)["charters"]
    charters = {row.stream_id: _CHARTER.decode(row.body) for row in rows}
    uses = Counter((entry.cycle, entry.freedom) for entry in approaches)
    return [entry for cycle in cycles for entry in _list_freedoms(cycle, charters.get(ids[cycle.id]), uses)]


def _list_freedoms(
    cycle: Cycle, charter: Charter | None, uses: Mapping[tuple[UUID, UUID | None], int]
) -> Iterator[FreedomEntry]:
    for freedom in charter.freedoms if charter is not None else ():
        count = uses.get((cycle.id, freedom.id), 0)
        yield FreedomEntry(**cycle_key(cycle), freedom=freedom.id, text=freedom.text, uses=count)
