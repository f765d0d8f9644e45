"""`fact_delivery`: what became of each promise: kept as promised, kept as renegotiated in time, or late or broken."""

from __future__ import annotations

from typing import Any, NamedTuple

from domain.goal import events as e
from domain.goal.state import Ended, Promised
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
from projections.marts.goal_step import GoalStep, micros_of, promise_of
from projections.marts.rows import Wording

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
        MartColumn("self_set", "boolean", "Owner and sponsor were one person when it was promised."),
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
            "kept_as_promised, kept_as_renegotiated (each change in time, or the promise revoked in time),"
            " late_or_broken, open, or left_out (cancelled or released before a lapse, or the sponsor missed an"
            " answer).",
        ),
        MartColumn(
            "awaiting", "boolean", "Delivered, and the sponsor has not answered; `kept` says how it would count."
        ),
        MartColumn("late", "boolean", "Delivered after the due, or lapsed before that."),
        MartColumn("lapsed", "boolean", "It lapsed at some time."),
        MartColumn("sponsor_missed_answer", "boolean", "A timely proposal of the owner was not answered in time."),
        instant_column("delivered_at", "When it was last declared complete."),
        instant_column("ended_at", "When it ended; empty: it has not."),
        DELETED,
    ),
)

#: After these the row may read otherwise.
_RELEVANT = frozenset(
    {
        *(e.GoalPromised, e.GoalAccepted, e.ChangeAccepted, e.ChangeTimedOut, e.SponsorReassigned, e.GoalLapsed),
        *(e.CompletionDeclared, e.DeliveryRejected, e.CompletionRetracted),
    }
)
_LEFT_OUT = ("cancelled", "released")


class PromiseRecord(NamedTuple):
    """What the promise's own state does not hold."""

    changes: int = 0
    late_changes: int = 0
    has_lapsed: bool = False
    delivered_at: int | None = None
    was_late: bool = False


def update_record(record: PromiseRecord, step: GoalStep) -> PromiseRecord:
    """The record after this event."""
    data = step.data
    if type(data) not in _RELEVANT:
        return record
    if isinstance(data, e.ChangeAccepted) and isinstance(step.before, Promised) and step.before.proposal is not None:
        late = 0 if step.before.proposal.in_time else 1
        return record._replace(changes=record.changes + 1, late_changes=record.late_changes + late)
    if isinstance(data, e.GoalLapsed):
        return record._replace(has_lapsed=True)
    if isinstance(data, e.CompletionDeclared):
        return record._replace(delivered_at=step.at, was_late=data.late or _was_lapsed(step.before))
    if isinstance(data, e.DeliveryRejected | e.CompletionRetracted):
        return record._replace(delivered_at=None, was_late=False)
    return record


def _was_lapsed(goal: Any) -> bool:
    if not isinstance(goal, Promised):
        return False
    return goal.state == "lapsed" or (goal.proposal is not None and goal.proposal.prior == "lapsed")


def extract_delivery(step: GoalStep, record: PromiseRecord) -> Wording | None:
    """The row of the goal's promise, where this event may have changed it."""
    goal = promise_of(step.goal)
    if goal is None or not (step.has_ended or type(step.data) in _RELEVANT):
        return None
    outcome = _outcome_of(step.goal, goal)
    kept, late = _judge(step, goal, record, outcome)
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


def _outcome_of(state: Any, goal: Promised) -> str:
    if isinstance(state, Ended):
        return state.state
    if goal.delivery is not None:
        return "awaiting"
    return "lapsed" if _was_lapsed(goal) else "open"


def _judge(step: GoalStep, goal: Promised, record: PromiseRecord, outcome: str) -> tuple[str, bool]:
    """Which part of the triple it counts in, and whether it was late."""
    late = (
        record.was_late
        if record.delivered_at is not None
        else outcome == "lapsed" or (outcome in ("broken", *_LEFT_OUT) and record.has_lapsed)
    )
    if goal.sponsor_missed_answer:
        return "left_out", late
    if outcome == "open":
        return "open", late
    if outcome in _LEFT_OUT:
        return "late_or_broken" if record.has_lapsed else "left_out", late
    if outcome == "promise_withdrawn":
        revoked_in_time = isinstance(step.data, e.PromiseWithdrawn) and step.data.in_time
        return "kept_as_renegotiated" if revoked_in_time else "late_or_broken", late
    if outcome in ("broken", "lapsed") or late or record.late_changes:
        return "late_or_broken", late
    return "kept_as_renegotiated" if record.changes else "kept_as_promised", late
