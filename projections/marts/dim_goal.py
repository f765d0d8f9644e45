"""`dim_goal`: what each goal was, by business time and by when that was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.goal import events as e
from domain.goal.state import Goal, Negotiating, Promised, promise_of
from domain.instants import encode_json
from projections.database.sql import without_nul
from projections.engine.stream_events import to_column_value
from projections.marts.columns import (
    DELETED,
    POSITION,
    TEAM_ID,
    VALIDITY,
    Mart,
    MartColumn,
    instant_column,
    member_column,
)
from projections.marts.goal_step import GoalStep, micros_of
from projections.marts.rows import Change, Wording

DIM_GOAL = Mart(
    name="dim_goal",
    comment="One row per goal and version of what describes it (a slowly changing dimension of type 2).",
    use="What a goal was at a fact's instant: `valid_from <= t` and (`valid_to` empty or `t < valid_to`). Of two events"
    " at one instant the first has an empty stretch and is never found so.",
    key=("goal_id", "version"),
    subject="goal",
    subject_column="goal_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that brought this version."),
        MartColumn("goal_id", "uuid", "The goal."),
        MartColumn("version", "integer", "Version of the goal's stream at that event, from 1."),
        *VALIDITY,
        MartColumn("is_current", "boolean", "The last version."),
        MartColumn("ref", "text", "The source's own id of the goal.", nullable=True),
        MartColumn("title", "text", "What it is called.", personal="words"),
        TEAM_ID,
        member_column("owner", "The member who promises."),
        member_column("sponsor", "The member to whom it is promised."),
        MartColumn("state", "text", "The agreement's name of the state."),
        MartColumn("kind", "text", "outcome or task.", nullable=True),
        MartColumn("priority", "text", "critical, important or useful.", nullable=True),
        MartColumn("start", "date", "First day of the terms in force.", nullable=True),
        MartColumn("due", "date", "Last day of the terms in force.", nullable=True),
        MartColumn("first_due", "date", "The due date as first promised.", nullable=True),
        MartColumn("effort_hours", "decimal", "Stated effort; empty: none is stated.", nullable=True, unit="hours"),
        MartColumn("measure_kind", "text", "binary, milestone, number or range.", nullable=True),
        MartColumn("measure_unit", "text", "The measure's unit.", nullable=True, personal="words"),
        MartColumn("baseline", "decimal", "Of a measured number: from where.", nullable=True, unit="the measure's"),
        MartColumn(
            "target", "decimal", "Of a measured number: what is to be reached.", nullable=True, unit="the measure's"
        ),
        MartColumn("conditions", "integer", "Conditions of satisfaction.", nullable=True, unit="conditions"),
        MartColumn(
            "terms_version", "integer", "1 at the promise, and 1 more with each accepted change.", nullable=True
        ),
        instant_column("promised_at", "When it was promised; empty: it is not."),
        MartColumn("requested_by", "text", "Which side began: owner or sponsor.", nullable=True),
        MartColumn("imposed", "boolean", "It began as an imposed request.", nullable=True),
        MartColumn("self_set", "boolean", "Owner and sponsor were one person at the promise.", nullable=True),
        MartColumn("follow_up_of", "uuid", "The goal that it follows up.", nullable=True),
        MartColumn("external_source", "text", "The tracker or file that it came from.", nullable=True),
        MartColumn("tags", "json", "Its tags, a list of texts.", personal="words"),
        DELETED,
    ),
)

#: They change nothing that describes the goal.
_SILENT = frozenset(
    (
        *(e.CheckedIn, e.CheckInDue, e.FeedbackGiven, e.ValueRecorded, e.StatementTakenBack, e.NeedAnswered),
        *(e.BlockerRaised, e.BlockerResolved, e.Affirmed, e.LinkAffirmed, e.ApproachChosen, e.ResponseReminded),
        *(e.ClarificationAsked, e.HandOverJoined, e.DeliveryDisputed),
    )
)
#: Places in a row's values: `valid_to`, `recorded_to`, `is_current`, and where the attributes begin.
_VALID_TO, _RECORDED_TO, _IS_CURRENT, _ATTRIBUTES = 4, 6, 7, 8


def extract_goal_version(step: GoalStep) -> Iterator[Change]:
    """The version that this event ends and the one that it brings, where it changes what describes the goal."""
    if type(step.data) in _SILENT:
        return
    attributes = _describe(step.goal)
    for key, values in step.writer.find_open(DIM_GOAL).items():
        if values[_ATTRIBUTES:] == attributes:
            return
        ended = list(values)
        ended[_VALID_TO], ended[_RECORDED_TO], ended[_IS_CURRENT] = step.at, step.recorded_at, 0
        yield Wording(DIM_GOAL, key, tuple(ended), is_last=True)
    version = step.recorded.version
    began = (step.event_id, step.goal_id, version, step.at, None, step.recorded_at, None, 1)
    yield Wording(DIM_GOAL, (step.goal_id, version), (*began, *attributes))


def _describe(goal: Goal) -> tuple[Any, ...]:
    terms, promised = goal.terms, promise_of(goal)
    dates = (None, None, None, None) if terms is None else (terms.kind, terms.priority, terms.start, terms.due)
    first_due = None if promised is None else promised.first_terms.due
    # In one call: each has a cost of its own.
    team, owner, sponsor, follow_up_of, *named = to_column_value(
        (goal.team, goal.owner, goal.sponsor, goal.follow_up_of, *dates, first_due)
    )
    return (
        *(goal.ref, without_nul(goal.title), team, owner, sponsor, goal.state, *named),
        *(_NO_MEASURE if terms is None else (terms.effort_hours, *_describe_measure(terms.measure))),
        len(terms.conditions) if terms is not None and terms.conditions is not None else None,
        *_describe_promise(goal, promised),
        follow_up_of,
        goal.external_source,
        encode_json(goal.tags).decode() if goal.tags else "[]",
    )


_NO_MEASURE = (None,) * 5
_NO_PROMISE = (None,) * 5


def _describe_measure(measure: Any) -> tuple[Any, ...]:
    """Kind, unit, baseline and target."""
    if measure is None:
        return _NO_MEASURE[1:]
    return measure.kind, without_nul(measure.unit), measure.baseline, measure.target


def _describe_promise(goal: Goal, promised: Promised | None) -> tuple[Any, ...]:
    """Terms' version, when it was promised, which side began, imposed and self-set."""
    if promised is not None:
        when, began = micros_of(promised.promised_at), promised.requested_by
        return promised.terms_version, when, began, int(promised.imposed), int(promised.self_set)
    if isinstance(goal, Negotiating):
        return None, None, goal.requested_by, int(goal.imposed), None
    return _NO_PROMISE
