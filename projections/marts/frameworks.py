"""What goals belong to: `dim_cycle`, `dim_charter`, and `fact_decision` with one row for each asking of a question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.charter.events import PurposeRevised
from domain.charter.state import Charter
from domain.cycle.state import Closed, Cycle
from domain.decision.state import Decision
from domain.instants import to_micros
from projections.database.sql import without_nul
from projections.decisions.decisions import DecisionRound, rounds_of
from projections.engine.stream_events import PreparedEvent, to_column_value
from projections.marts.columns import (
    DELETED,
    POSITION,
    VALIDITY,
    Mart,
    MartColumn,
    instant_column,
    member_column,
)
from projections.marts.goal_step import micros_of, text_of
from projections.marts.links import FACT_ALIGNMENT
from projections.marts.rows import Change, Fact, RowWriter, Wording

_MINUTE_MICROS = 60 * 10**6
_OWN_TEAM = MartColumn("team_id", "uuid", "The team whose it is; empty: the organisation's own.", nullable=True)

DIM_CYCLE = Mart(
    name="dim_cycle",
    comment="One row per cycle, as it is.",
    use="Quarters and projects, and how many goals, improvements and reflections are in each.",
    key=("cycle_id",),
    subject="cycle",
    subject_column="cycle_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that last changed the row."),
        MartColumn("cycle_id", "uuid", "The cycle."),
        MartColumn("ref", "text", "The source's own id of the cycle.", nullable=True),
        _OWN_TEAM,
        MartColumn("name", "text", "What it is called.", personal="words"),
        MartColumn("state", "text", "open or closed."),
        MartColumn("starts", "date", "Its first day, in the organisation's zone."),
        MartColumn("ends", "date", "Its last day, as planned."),
        instant_column("opened_at", "When it was opened.", nullable=False),
        instant_column("closed_at", "When it was closed; empty: it is open."),
        MartColumn("follows", "uuid", "The cycle before it.", nullable=True),
        MartColumn("charter_id", "uuid", "The charter whose purpose it restates."),
        MartColumn("purpose_version", "integer", "Which version of that purpose."),
        MartColumn("goals", "integer", "Goals in it.", unit="goals"),
        MartColumn("improvements", "integer", "Improvements agreed or carried into it.", unit="improvements"),
        MartColumn("improvements_done", "integer", "Of these done.", unit="improvements"),
        MartColumn("reflections", "integer", "Reflections shared.", unit="reflections"),
        MartColumn("contributions", "integer", "Contributions credited.", unit="contributions"),
        DELETED,
    ),
)

DIM_CHARTER = Mart(
    name="dim_charter",
    comment="One row per charter and version of what it stands for (a slowly changing dimension of type 2).",
    use="Which purpose and how many non-negotiables were in force when.",
    key=("charter_id", "version"),
    subject="charter",
    subject_column="charter_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that began it."),
        MartColumn("charter_id", "uuid", "The charter."),
        MartColumn("version", "integer", "Version of the charter's stream at that event, from 1."),
        *VALIDITY,
        MartColumn("is_current", "boolean", "The last version."),
        _OWN_TEAM,
        MartColumn("purpose_version", "integer", "The purpose in force; empty: none yet.", nullable=True),
        MartColumn("purpose", "text", "Its words.", nullable=True, personal="words"),
        instant_column("purpose_since", "Since when it is in force."),
        MartColumn("in_force", "boolean", "The charter is in force."),
        MartColumn("non_negotiables", "integer", "Non-negotiables in force.", unit="non-negotiables"),
        MartColumn("freedoms", "integer", "Freedoms granted.", unit="freedoms"),
        MartColumn("rituals", "integer", "Rituals set.", unit="rituals"),
        DELETED,
    ),
)

FACT_DECISION = Mart(
    name="fact_decision",
    comment="One row per asking of a question: one that is asked again has another row.",
    use="How long decisions take, whether their time-box holds, and what becomes of objections.",
    key=("event_id",),
    subject="decision",
    subject_column="decision_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that asked it."),
        MartColumn("decision_id", "uuid", "The decision."),
        MartColumn("ref", "text", "The source's own id of the decision.", nullable=True),
        _OWN_TEAM,
        MartColumn("asking", "integer", "1 the first, 2 where it was asked again, ..."),
        member_column("opened_by", "The member who asked first."),
        instant_column("opened_at", "When it was asked.", nullable=False),
        instant_column("deadline", "The end of its time-box.", nullable=False),
        MartColumn("deciders", "integer", "Members who decide.", unit="members"),
        MartColumn("objections", "integer", "Objections raised.", unit="objections"),
        MartColumn("objections_integrated", "integer", "Of these the ones that changed an option.", unit="objections"),
        instant_column("decided_at", "When it was decided; empty: it is open."),
        MartColumn("decided_by", "text", "consent, fallback or lead; empty: it is open.", nullable=True),
        MartColumn("decision_event_id", "uuid", "The event that decided it.", nullable=True),
        MartColumn("inside_time_box", "boolean", "Decided before its deadline; empty: it is open.", nullable=True),
        MartColumn("in_favour", "boolean", "Something changes by it; empty: it is open.", nullable=True),
        MartColumn("decision_minutes", "integer", "From `opened_at` to `decided_at`.", nullable=True, unit="minutes"),
        instant_column("reopened_at", "When it was asked again; empty: it was not."),
        DELETED,
    ),
)


def write_cycle(state: Cycle, prepared: PreparedEvent, writer: RowWriter) -> None:
    """The row of a cycle after an event."""
    identity = str(to_column_value(state.id))
    before = writer.find_open(DIM_CYCLE).get((identity,))
    values = _describe_cycle(state)
    if before is None or before[1:] != (identity, *values):
        writer.write(prepared, [Wording(DIM_CYCLE, (identity,), (prepared.event_id, identity, *values))])


def _describe_cycle(state: Cycle) -> tuple[Any, ...]:
    team, starts, ends, follows, charter = to_column_value(
        (state.of.team, state.starts, state.ends, state.follows, state.purpose.charter)
    )
    closed = isinstance(state, Closed)
    return (
        *(state.ref, team, without_nul(state.name), "closed" if closed else "open", starts, ends),
        to_micros(state.opened_at),
        to_micros(state.closed_at) if isinstance(state, Closed) else None,
        *(follows, charter, state.purpose.version, len(state.goals), len(state.improvements)),
        sum(improvement.state == "done" for improvement in state.improvements),
        *(state.reflections, state.contributions),
    )


def write_charter(state: Charter, prepared: PreparedEvent, writer: RowWriter) -> None:
    """The version of a charter that an event brings; a revised purpose moves the links to it."""
    identity, data = str(to_column_value(state.id)), prepared.event.data
    attributes = _describe_charter(state)
    changes: list[Change] = []
    if isinstance(data, PurposeRevised):
        moved = ("moved", prepared.occurred_micros, None, None, f"purpose:{data.version}")
        about = (prepared.event_id, identity, "purpose", None, None, attributes[0])
        changes.append(Fact(FACT_ALIGNMENT, (*about, *moved)))
    before = writer.find_open(DIM_CHARTER)
    if all(values[8:] != attributes for values in before.values()):
        changes += _end_versions(before, prepared)
        version = prepared.event.version
        began = (prepared.occurred_micros, None, prepared.recorded_micros, None, 1)
        values = (prepared.event_id, identity, version, *began, *attributes)
        changes.append(Wording(DIM_CHARTER, (identity, version), values))
    writer.write(prepared, changes)


def _end_versions(before: dict[Any, tuple[Any, ...]], prepared: PreparedEvent) -> Iterator[Change]:
    for key, values in before.items():
        ended = (*values[:4], prepared.occurred_micros, values[5], prepared.recorded_micros, 0, *values[8:])
        yield Wording(DIM_CHARTER, key, ended, is_last=True)


def _describe_charter(state: Charter) -> tuple[Any, ...]:
    purpose = state.purpose
    return (
        text_of(state.of.team),
        None if purpose is None else purpose.version,
        None if purpose is None else without_nul(purpose.why.text),
        None if purpose is None else to_micros(purpose.since),
        int(state.in_force_since is not None),
        len(state.non_negotiables_in_force),
        len(state.freedoms),
        len(state.rituals),
    )


def write_decision(state: Decision, prepared: PreparedEvent, writer: RowWriter) -> None:
    """The rows of a decision's askings after an event."""
    changes = []
    for number, asking in enumerate(rounds_of(state), 1):
        key = (str(to_column_value(asking.opened_event)),)
        is_over = number <= len(state.rounds)
        if is_over and key not in writer.find_open(FACT_DECISION):
            continue
        changes.append(Wording(FACT_DECISION, key, _describe_round(state, asking, number), is_last=is_over))
    writer.write(prepared, changes)


def _describe_round(state: Decision, asking: DecisionRound, number: int) -> tuple[Any, ...]:
    event, decision, team, opened_by = to_column_value((asking.opened_event, state.id, state.of.team, state.opened_by))
    outcome = asking.outcome
    decided = None if outcome is None else to_micros(outcome.at)
    return (
        *(event, decision, state.ref, team, number, opened_by, to_micros(asking.opened_at), to_micros(asking.deadline)),
        *(len(state.deciders), len(asking.objections)),
        sum(objection.settled == "integrated" for objection in asking.objections),
        decided,
        None if outcome is None else outcome.by,
        None if outcome is None else text_of(outcome.event_id),
        None if outcome is None else int(outcome.inside_time_box),
        None if outcome is None else int(outcome.in_favour),
        None if decided is None else (decided - to_micros(asking.opened_at)) // _MINUTE_MICROS,
        micros_of(asking.reopened_at),
    )
