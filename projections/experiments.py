"""Experiments as versions: each as it stood at any business time, as believed at any log position."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from domain.errors import InvalidField
from domain.experiment.evolve import evolve
from domain.experiment.state import STATES, Experiment
from domain.instants import to_micros
from projections.as_of import AsOf
from projections.database.database import Database, named_statements
from projections.database.paging import Order, RowSelection, query_digest_of
from projections.database.sql import in_clause, without_nul
from projections.database.tables import Column
from projections.engine.versions import VersionedProjection
from projections.streams import VisibilityFilter, load_row, query_page

_SQL = "experiments"


def _fields(state: Experiment) -> tuple[Any, ...]:
    return (
        state.ref,
        None if state.of.team is None else str(state.of.team),
        str(state.tension),
        without_nul(state.hypothesis),
        state.state,
        str(state.owner),
        None if state.proposed_by is None else str(state.proposed_by),
        to_micros(state.proposed_at),
        1 if state.is_open else 0,
    )


EXPERIMENTS = VersionedProjection(
    name="experiments",
    version=3,
    kind="experiment",
    evolve=evolve,
    columns=(
        Column("ref", "text", "The source's own id of the experiment.", nullable=True),
        Column("team", "uuid", "The team whose experiment it is; empty: the organisation's own.", nullable=True),
        Column("tension", "text", "Name of the tension that it takes up."),
        Column("hypothesis", "text", "What is tried."),
        Column("state", "text", "proposed, running, kept, dropped, declined or withdrawn."),
        Column("owner", "uuid", "Who sees to it."),
        Column("proposed_by", "uuid", "Who proposed it.", nullable=True),
        Column("proposed_at", "integer", "When it was proposed, microseconds UTC."),
        Column("is_open", "integer", "1: proposed or running."),
    ),
    fields=_fields,
    indexes=(("organisation_id", "is_open"), ("organisation_id", "team")),
    # Whose it is stands in the index: rows need not be read to be left out.
    latest_indexes=(
        ("proposed_at", "stream_id", "state", "team"),
        ("team", "proposed_at", "stream_id", "state"),
        ("owner", "proposed_at", "stream_id", "state"),
        ("proposed_by", "proposed_at", "stream_id", "state"),
    ),
    comment="Experiments: tension, hypothesis, measure, review day, findings and outcome (in body).",
)

_EXPERIMENT = msgspec.json.Decoder(Experiment)


class ExperimentFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which experiments to list; all that are given must hold."""

    #: Only those with an event behind this log position. Unset it is no part of a cursor's question.
    changed_after: int | msgspec.UnsetType = msgspec.UNSET
    team: UUID | None = None
    #: The organisation's own, and no team's.
    own: bool = False
    owner: UUID | None = None
    tension: str | None = None
    #: Any of these states.
    states: tuple[str, ...] = ()


class ExperimentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some experiments, the latest proposed first, and the cursor that leads on; None: these were the last."""

    experiments: list[Experiment]
    next: str | None


def experiment_at(database: Database, as_of: AsOf, experiment_id: UUID) -> Experiment | None:
    """One experiment; None where there is none (yet, at that time). Its `version` counts all its events by then."""
    row = load_row(database, as_of, "experiments", experiment_id)
    return None if row is None else msgspec.structs.replace(_EXPERIMENT.decode(row.body), version=row.stream_version)


def load_experiments(database: Database, as_of: AsOf, *, team: UUID | None = None) -> list[Experiment]:
    """The experiments of one team, or (None) of all and the organisation's own, in the order of their proposal."""
    condition, params = ("team = :team", {"team": str(team)}) if team is not None else ("1 = 1", {})
    sql = named_statements(_SQL)["of"].replace(":whose", condition)
    return [_EXPERIMENT.decode(row.body) for row in database.query(sql, {**as_of.params, **params})]


def load_open_experiments(
    database: Database, as_of: AsOf, member: UUID, teams: Iterable[UUID], *, own: bool
) -> list[Experiment]:
    """Those proposed or running that this member owns, and those of the `teams`; `own`: and the organisation's."""
    marks, params = in_clause("led", sorted(map(str, teams)))
    sql = named_statements(_SQL)["open"].replace(":teams", marks)
    sql = sql.replace(":own", "OR team IS NULL" if own else "")
    rows = database.query(sql, {**as_of.params, **params, "member": str(member)})
    return [_EXPERIMENT.decode(row.body) for row in rows]


def load_experiments_page(
    database: Database,
    as_of: AsOf,
    filters: ExperimentFilters,
    *,
    cursor: str | None = None,
    limit: int = 50,
    visible: VisibilityFilter | None = None,
) -> ExperimentPage:
    """One page. Later pages see the same moment as the first, whatever is written in between.

    `visible`: the organisation's own, those of the teams, and the member's; None: all.

    Raises `InvalidField` for an unknown state, a limit outside 1..200, or a cursor that another question gave.
    """
    if unknown := [state for state in filters.states if state not in STATES]:
        raise InvalidField(f"no experiment is {unknown[0]!r}", pointer="/state", allowed=STATES)
    where, params = _build_where(filters)
    few_of = ["team = :team"] if visible is None and filters.team is not None else []
    any_of, seen = list[str](), dict[str, Any]()
    if visible is not None:
        marks, teams = in_clause("seen", sorted(map(str, visible.teams)))
        any_of = ["team IS NULL", "owner = :viewer", "proposed_by = :viewer"]
        few_of = [f"team IN ({marks})"] if visible.teams else []
        seen = {"viewer": str(visible.member), **teams}
    rows, following = query_page(
        database,
        as_of,
        RowSelection(table="experiments", where=where, any_of=any_of, few_of=few_of),
        {**params, **seen},
        Order(key="proposed_at", descending=True, number=True),
        changed_after=filters.changed_after,
        question=query_digest_of("experiments", filters),
        cursor=cursor,
        limit=limit,
    )
    return ExperimentPage(experiments=[_EXPERIMENT.decode(row.body) for row in rows], next=following)


def _build_where(filters: ExperimentFilters) -> tuple[list[str], dict[str, Any]]:
    where, params = ["1 = 1"], dict[str, Any]()
    if filters.own:
        where.append("team IS NULL")
    for column, value in (("team", filters.team), ("owner", filters.owner), ("tension", filters.tension)):
        if value is not None:
            where.append(f"{column} = :{column}")
            params[column] = str(value)
    if filters.states:
        marks, values = in_clause("state", filters.states)
        where.append(f"state IN ({marks})")
        params |= values
    return where, params
