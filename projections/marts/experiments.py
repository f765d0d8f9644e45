"""`fact_experiment`: one row for each time that a tension was taken up, as it stands."""

from __future__ import annotations

from typing import Any

from domain.experiment.state import Experiment
from domain.instants import to_micros
from projections.database.sql import without_nul
from projections.engine.stream_events import PreparedEvent, to_column_value
from projections.marts.columns import DELETED, POSITION, Mart, MartColumn, instant_column, member_column
from projections.marts.goal_step import micros_of
from projections.marts.rows import RowWriter, Wording

FACT_EXPERIMENT = Mart(
    name="fact_experiment",
    comment="One row per experiment, as it is.",
    use="Which tensions were taken up, by what, and what came of it.",
    key=("experiment_id",),
    subject="experiment",
    subject_column="experiment_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that last changed the row."),
        MartColumn("experiment_id", "uuid", "The experiment."),
        MartColumn("ref", "text", "The source's own id of the experiment.", nullable=True),
        MartColumn("team_id", "uuid", "The team whose it is; empty: the organisation's own.", nullable=True),
        MartColumn("tension", "text", "Name of the tension that it takes up."),
        MartColumn("hypothesis", "text", "What is tried.", personal="words"),
        MartColumn("measure", "text", "How one would tell.", personal="words"),
        MartColumn("state", "text", "proposed, running, kept, dropped, declined or withdrawn."),
        member_column("owner_id", "The member who sees to it."),
        member_column("proposed_by", "The member who proposed it."),
        instant_column("proposed_at", "When it was proposed.", nullable=False),
        instant_column("agreed_at", "When its owner agreed; empty: not yet, or never."),
        MartColumn("review_on", "date", "The day on which it is looked at; empty: none is named.", nullable=True),
        MartColumn("findings", "integer", "How often it was looked at.", unit="looks"),
        instant_column("ended_at", "When it was kept, dropped, declined or withdrawn; empty: it is open."),
        DELETED,
    ),
)


def write_experiment(state: Experiment, prepared: PreparedEvent, writer: RowWriter) -> None:
    """The row of an experiment after an event."""
    identity = str(to_column_value(state.id))
    values = _describe_experiment(state)
    writer.write(prepared, [Wording(FACT_EXPERIMENT, (identity,), (prepared.event_id, identity, *values))])


def _describe_experiment(state: Experiment) -> tuple[Any, ...]:
    team, owner, proposed_by, review_on = to_column_value(
        (state.of.team, state.owner, state.proposed_by, state.review_on)
    )
    return (
        *(state.ref, team, str(state.tension), without_nul(state.hypothesis), without_nul(state.measure)),
        *(state.state, owner, proposed_by, to_micros(state.proposed_at), micros_of(state.agreed_at)),
        *(review_on, len(state.findings), micros_of(state.ended_at)),
    )
