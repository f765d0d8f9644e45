"""Cycles as versions: each as it stood at any business time, as believed at any log position."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.cycle import events as e
from domain.cycle.decide import possible_ends
from domain.cycle.evolve import evolve
from domain.cycle.state import Closed, Cycle, Running
from domain.goal.state import Goal, Promised
from projections.as_of import AsOf
from projections.database.database import (
    Database,
    Row,
    named_statements,
    query_by_ids,
    to_id,
    to_optional_id,
)
from projections.database.paging import (
    ALL_ROWS,
    Order,
    RowSelection,
    page_sql,
    query_digest_of,
)
from projections.database.sql import in_clause, without_nul
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection
from projections.figures import EventRef, MemberRef, SubjectCycle, SubjectGoal, TeamRef
from projections.streams import load_row, query_page

_SQL = "cycles"


def _fields(state: Cycle) -> tuple[Any, ...]:
    return (
        state.ref,
        None if state.of.team is None else str(state.of.team),
        without_nul(state.name),
        state_of(state),
        state.starts.isoformat(),
        state.ends.isoformat(),
        " ".join(sorted(str(held.goal) for held in state.goals)),
    )


CYCLES = VersionedProjection(
    name="cycles",
    version=3,
    kind="cycle",
    evolve=evolve,
    columns=(
        Column("ref", "text", "The source's own id of the cycle.", nullable=True),
        Column("team", "uuid", "The team whose cycle it is; empty: the organisation's own.", nullable=True),
        Column("name", "text", "What the cycle is called."),
        Column("state", "text", "open or closed."),
        Column("starts", "date", "Its first day, in the organisation's zone."),
        Column("ends", "date", "Its last day, as planned."),
        Column("goals", "text", "Ids of the goals in it, ascending, parted by spaces."),
    ),
    fields=_fields,
    latest_indexes=(("starts", "stream_id"), ("team", "starts", "stream_id"), ("state", "starts")),
    comment="Cycles: the purpose restated, goals and what became of them, improvements, learning (in body).",
)

_CYCLE: msgspec.json.Decoder[Cycle] = msgspec.json.Decoder(Cycle)
_GOAL: msgspec.json.Decoder[Goal] = msgspec.json.Decoder(Goal)


def state_of(cycle: Cycle) -> Literal["open", "closed"]:
    """Open or closed."""
    return "closed" if isinstance(cycle, Closed) else "open"


def cycles_at(database: Database, as_of: AsOf) -> list[Cycle]:
    """Every cycle, the latest beginning first; `version` is that of the state shown."""
    return [_CYCLE.decode(row.body) for row in database.query(named_statements(_SQL)["cycles"], as_of.params)]


def open_cycles_at(database: Database, as_of: AsOf, *, naming: UUID) -> list[Running]:
    """The cycles that are open and name this member, the latest beginning first; one of each subject at most."""
    selection = RowSelection(table="cycles", where=["body LIKE :member"], few_of=["state = 'open'"])
    sql = page_sql(selection, as_of.disjoint_predicates, Order(key="starts", descending=True, number=False))
    rows = database.query(sql, {**as_of.params, "member": f"%{naming}%", "rows": ALL_ROWS})
    found = (_CYCLE.decode(row.body) for row in rows)
    return [cycle for cycle in found if isinstance(cycle, Running)]


def cycle_at(database: Database, as_of: AsOf, cycle_id: UUID) -> Cycle | None:
    """One cycle; None where there is none (yet, at that time). Its `version` counts all its events known by then."""
    row = load_row(database, as_of, "cycles", cycle_id)
    return None if row is None else msgspec.structs.replace(_CYCLE.decode(row.body), version=row.stream_version)


class CycleFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which cycles to list; all that are given must hold."""

    #: Only those with an event behind this log position. Unset it is no part of a cursor's question.
    changed_after: int | msgspec.UnsetType = msgspec.UNSET
    team: UUID | None = None
    #: The organisation's own, and no team's.
    own: bool = False
    state: Literal["open", "closed"] | None = None


class CyclePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some cycles, the latest beginning first, and the cursor that leads on; None: these were the last."""

    cycles: list[Cycle]
    next: str | None


def load_cycles_page(
    database: Database,
    as_of: AsOf,
    filters: CycleFilters,
    *,
    cursor: str | None = None,
    limit: int = 50,
    visible: frozenset[UUID] | None = None,
) -> CyclePage:
    """One page: the organisation's own and those of the `visible` teams (None: all).

    Later pages see the same moment as the first. Raises `InvalidField` for a limit outside 1..200, or a cursor that
    another question gave.
    """
    where, params = _build_where(filters)
    any_of, few_of, seen = list[str](), list[str](), dict[str, Any]()
    if visible is not None:
        marks, seen = in_clause("seen", sorted(visible, key=str))
        any_of, few_of = ["team IS NULL"], [f"team IN ({marks})"]
    elif filters.team is not None:
        few_of = ["team = :team"]
    rows, following = query_page(
        database,
        as_of,
        RowSelection(table="cycles", where=where, any_of=any_of, few_of=few_of),
        {**params, **seen},
        Order(key="starts", descending=True, number=False),
        changed_after=filters.changed_after,
        question=query_digest_of("cycles", filters),
        cursor=cursor,
        limit=limit,
    )
    return CyclePage(cycles=[_CYCLE.decode(row.body) for row in rows], next=following)


def _build_where(filters: CycleFilters) -> tuple[list[str], dict[str, Any]]:
    where, params = list[str](), dict[str, Any]()
    if filters.team is not None:
        where.append("team = :team")
        params["team"] = str(filters.team)
    if filters.own:
        where.append("team IS NULL")
    if filters.state is not None:
        where.append("state = :state")
        params["state"] = filters.state
    return where, params


def load_cycle_goals(database: Database, as_of: AsOf, goals: Iterable[UUID]) -> dict[UUID, Goal]:
    """These goals as of the question."""
    found = (_GOAL.decode(row.body) for row in _query_cycles(database, as_of, "goals", goals))
    return {goal.id: goal for goal in found}


def _query_cycles(database: Database, as_of: AsOf, statement: str, ids: Iterable[UUID]) -> list[Row]:
    wanted = sorted(map(str, set(ids)))
    return query_by_ids(database, _SQL, {statement: wanted}, as_of.params)[statement]


def find_undecided_goals(cycle: Cycle, goals: dict[UUID, Goal]) -> list[Promised]:
    """The live goals of an open cycle that have no valid disposition yet: they keep it open."""
    if not isinstance(cycle, Running):
        return []
    found = ((held, goals.get(held.goal)) for held in cycle.goals)
    return [g for held, g in found if isinstance(g, Promised) and held.how not in possible_ends(g, cycle)]


# --- reflections and contributions - ----------------------------------------------------------------------


class CyclePart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Part of a cycle; `team` empty: the organisation's own."""

    cycle: SubjectCycle
    team: TeamRef | None


class ReflectionEntry(CyclePart, frozen=True, kw_only=True, omit_defaults=True):
    """Personal: what a member said in looking back."""

    event: EventRef
    by: MemberRef | None
    worked: str = ""
    improve: str = ""


class ContributionEntry(CyclePart, frozen=True, kw_only=True, omit_defaults=True):
    """Personal: who did what for a goal, and who said so."""

    event: EventRef
    goal: SubjectGoal
    contributor: MemberRef
    by: MemberRef | None
    text: str


def cycle_key(cycle: Cycle) -> dict[str, Any]:
    """The fields of `CyclePart`."""
    return {"cycle": cycle.id, "team": cycle.of.team}


#: Tag -> the facts that are listed one by one or named as evidence.
_EVENTS: dict[str, type] = {
    str(cls.__struct_config__.tag): cls
    for cls in (
        e.ReflectionShared,
        e.ContributionCredited,
        e.ImprovementAgreed,
        e.ImprovementDone,
        e.ImprovementDropped,
        e.CycleClosed,
    )
}


class CycleNotes:
    """The facts of some cycles by then, in the order of their streams."""

    def __init__(self, database: Database, as_of: AsOf, cycles: Iterable[Cycle]) -> None:
        self._cycles = {cycle.id: cycle for cycle in cycles}
        self.reflections: list[ReflectionEntry] = []
        self.contributions: list[ContributionEntry] = []
        #: Improvement -> the events that made it what it is.
        self.improvements: dict[UUID, list[UUID]] = {}
        self.closings: list[UUID] = []
        for row in _query_cycles(database, as_of, "said", self._cycles):
            self._add(row)

    def _add(self, row: Row) -> None:
        """Add one fact."""
        cycle = self._cycles[to_id(row.stream_id)]
        event_id, by = to_id(row.event_id), to_optional_id(row.party)
        event = _EVENTS.get(row.type)
        if event is None:
            return
        said: Any = msgspec.json.decode(row.data, type=event)
        match said:
            case e.ReflectionShared():
                entry = ReflectionEntry(
                    **cycle_key(cycle), event=event_id, by=by, worked=said.worked, improve=said.improve
                )
                self.reflections.append(entry)
            case e.ContributionCredited():
                self.contributions.append(
                    ContributionEntry(
                        **cycle_key(cycle),
                        event=event_id,
                        goal=said.goal,
                        contributor=said.member,
                        by=by,
                        text=said.text,
                    )
                )
            case e.CycleClosed():
                self.closings.append(event_id)
            case e.ImprovementAgreed() | e.ImprovementDone() | e.ImprovementDropped():
                self.improvements.setdefault(said.improvement, []).append(event_id)
