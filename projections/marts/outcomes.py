"""`fact_delivery`: what became of each promise: kept as promised, kept as renegotiated in time, or late or broken."""

from __future__ import annotations

from domain.goal.state import Ended, promise_of
from projections.engine.stream_events import to_column_value
from projections.marts.columns import (
    DELETED,
    GOAL_ID,
    GOAL_REF,
    POSITION,
    TEAM_ID,
    Mart,
    MartColumn,
    instant_column,
    member_column,
)
from projections.marts.goal_step import GoalStep, micros_of
from projections.marts.rows import Wording
from projections.reliability.outcomes import JUDGED_EVENTS, PromiseRecord, judge_promise

FACT_DELIVERY = Mart(
    name="fact_delivery",
    comment="One row per promise, with what became of it so far.",
    use="Promise keeping as a triple (`kept`), never as one score: for a window count the rows whose `due` lies in it.",
    key=("goal_id",),
    subject="goal",
    subject_column="goal_id",
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that set `outcome`."),
        GOAL_ID,
        GOAL_REF,
        TEAM_ID,
        member_column("owner", "The owner, or the last one.", nullable=False),
        member_column("sponsor", "The sponsor, or the last one.", nullable=False),
        MartColumn("self_set", "boolean", "Owner and sponsor are one person, or were last."),
        MartColumn("imposed", "boolean", "It began as an imposed request."),
        MartColumn("requested_by", "text", "Which side began: owner or sponsor."),
        instant_column("promised_at", "When it was promised.", nullable=False),
        MartColumn("first_due", "date", "The due date as first promised."),
        MartColumn("due", "date", "The due date in force, or last in force."),
        MartColumn("changes", "integer", "Accepted changes so far.", unit="changes"),
        MartColumn("late_changes", "integer", "Of these proposed after the notice had run out.", unit="changes"),
        MartColumn(
            "outcome",
            "text",
            "open, awaiting (delivered, no verdict yet), lapsed, satisfied, broken, promise_withdrawn, cancelled or"
            " released.",
        ),
        MartColumn(
            "kept",
            "text",
            "kept_as_promised, kept_as_renegotiated (each change in time, or the promise revoked in time; a self-set"
            " goal is revoked by cancelling or releasing it), late_or_broken, open, or left_out (cancelled or released"
            " before a lapse, the owner has left, or the sponsor missed an answer).",
        ),
        MartColumn(
            "awaiting", "boolean", "Delivered, and the sponsor has not answered; `kept` says how it would count."
        ),
        MartColumn("late", "boolean", "Delivered after the due and any time for rework, or lapsed before that."),
        MartColumn("lapsed", "boolean", "It lapsed at some time."),
        MartColumn("sponsor_missed_answer", "boolean", "A timely proposal of the owner was not answered in time."),
        instant_column("delivered_at", "When it was last declared complete."),
        instant_column("ended_at", "When it ended; empty: it has not."),
        DELETED,
    ),
)


def extract_delivery(step: GoalStep, record: PromiseRecord) -> Wording | None:
    """The row of the goal's promise, where this event may have changed it."""
    goal = promise_of(step.goal)
    if goal is None or not (step.has_ended or type(step.data) in JUDGED_EVENTS):
        return None
    outcome, kept, late = judge_promise(step.goal, goal, step.data, record)
    owner, sponsor, team, first_due, due = to_column_value(
        (goal.owner, goal.sponsor, goal.team, goal.first_terms.due, goal.terms.due)
    )
    values = (
        *(step.event_id, step.goal_id, goal.ref, team, owner, sponsor),
        *(int(goal.self_set), int(goal.imposed), goal.requested_by, micros_of(goal.promised_at), first_due, due),
        *(record.changes, record.late_changes, outcome, kept),
        int(outcome == "awaiting"),
        int(late),
        int(record.has_lapsed),
        int(goal.sponsor_missed_answer),
        record.delivered_at,
        micros_of(step.goal.ended_at) if isinstance(step.goal, Ended) else None,
    )
    return Wording(FACT_DELIVERY, (step.goal_id,), values, is_last=isinstance(step.goal, Ended))
