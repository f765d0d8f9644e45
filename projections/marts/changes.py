"""`fact_goal_change`: what each settled proposal wanted to change, field by field, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from domain.goal import events as e
from domain.goal.state import ChangeProposal, Promised
from domain.instants import encode_json, to_micros
from domain.terms import Measure
from projections.database.sql import without_nul
from projections.engine.stream_events import to_column_value
from projections.history.history import goal_values
from projections.marts.columns import (
    DELETED,
    GOAL_ID,
    GOAL_REF,
    POSITION,
    Mart,
    MartColumn,
    instant_column,
    member_column,
)
from projections.marts.goal_step import GoalStep
from projections.marts.rows import Change, Fact

FACT_GOAL_CHANGE = Mart(
    name="fact_goal_change",
    comment="One row per field that a settled proposal was to change; `outcome` says whether it did.",
    use="How often and how far due dates move and why, who proposes and who consents, and what is refused.",
    key=("event_id", "field"),
    subject="goal",
    subject_column="goal_id",
    version=2,
    is_final=True,
    columns=(
        POSITION,
        MartColumn("event_id", "uuid", "The event that settled the proposal: of an accepted one its acceptance."),
        GOAL_ID,
        GOAL_REF,
        MartColumn("field", "text", "The field of the terms."),
        MartColumn("old", "json", "Its value before.", nullable=True, personal="words"),
        MartColumn("new", "json", "Its value from then on, or as proposed.", nullable=True, personal="words"),
        instant_column("accepted_at", "Business time of the acceptance; empty: not accepted."),
        MartColumn("proposal_id", "uuid", "The proposal or counter that was settled."),
        instant_column("proposed_at", "Business time of the proposal.", nullable=False),
        MartColumn("proposed_by", "text", "owner or sponsor."),
        member_column("proposer", "The member who proposed."),
        member_column("consenter", "The member who accepted; empty: not accepted."),
        MartColumn("reason_code", "text", "Why it was proposed, as a code.", nullable=True),
        MartColumn("in_time", "boolean", "Proposed before the notice ran out."),
        MartColumn("retroactive", "boolean", "Imported with a new due date that was past already."),
        MartColumn("old_date", "date", "`old` of `start` and `due`.", nullable=True),
        MartColumn("new_date", "date", "`new` of `start` and `due`.", nullable=True),
        MartColumn("old_number", "decimal", "`old` of `effort_hours`; of `measure` its target.", nullable=True),
        MartColumn("new_number", "decimal", "`new` of `effort_hours`; of `measure` its target.", nullable=True),
        MartColumn(
            "old_text",
            "text",
            "`old` of `outcome`, `priority`, `owner` and `sponsor`.",
            nullable=True,
            personal="words",
        ),
        MartColumn(
            "new_text",
            "text",
            "`new` of `outcome`, `priority`, `owner` and `sponsor`.",
            nullable=True,
            personal="words",
        ),
        MartColumn(
            "outcome",
            "text",
            "accepted, rejected, withdrawn, timed_out, countered, hand_over_refused, or overtaken (by a delivery or the"
            " goal's end).",
            since=2,
        ),
        instant_column("settled_at", "Business time of `event_id`.", nullable=False, since=2),
        member_column("settled_by", "The member whose act settled it; empty for a timer.", since=2),
        MartColumn(
            "negotiated",
            "boolean",
            "Accepted by the other side. false: retroactive, self-set, or within the tolerance. Empty: not accepted.",
            nullable=True,
            since=2,
        ),
        MartColumn("trigger", "text", "What set it off: blocker, need, parent, purpose or other.", since=2),
        MartColumn("trade_offs", "integer", "How many trade-offs it named.", unit="trade-offs", since=2),
        MartColumn("delta_days", "integer", "`new_date` less `old_date`.", nullable=True, unit="days", since=2),
        MartColumn("delta_number", "decimal", "`new_number` less `old_number`.", nullable=True, since=2),
        member_column("owner", "The owner before it was settled.", since=2),
        member_column("sponsor", "The sponsor before it was settled.", since=2),
        MartColumn("team_id", "uuid", "The team whose goal it is.", nullable=True, since=2),
        DELETED,
    ),
)

#: Material fields: what a change of terms can be about.
MATERIAL_FIELDS = (
    *("outcome", "measure", "conditions", "start", "due", "effort_hours", "priority", "supports"),
    *("owner", "sponsor", "pause"),
)
_DATES, _TEXTS = ("start", "due"), ("outcome", "priority", "owner", "sponsor")
_OUTCOMES: dict[type, str] = {
    e.ChangeAccepted: "accepted",
    e.ChangeRejected: "rejected",
    e.ChangeWithdrawn: "withdrawn",
    e.ChangeTimedOut: "timed_out",
    e.ChangeCountered: "countered",
    e.HandOverRefused: "hand_over_refused",
}


class Proposer(NamedTuple):
    """What the proposal's own state does not hold of the event that made it."""

    party: str | None = None
    reason_code: str | None = None


def extract_changes(step: GoalStep, proposer: Proposer) -> Iterator[Change]:
    """The rows of the proposal that this event settled, if it settled one."""
    before = step.before
    if not isinstance(before, Promised) or before.proposal is None:
        return
    after = step.goal.proposal if isinstance(step.goal, Promised) else None
    if after is not None and after.id == before.proposal.id:
        return
    outcome = _OUTCOMES.get(type(step.data), "overtaken")
    proposal = before.proposal
    head, tail = _shared_values(step, before, proposal, proposer, outcome)
    for field, old, new in _changed_fields(step, before, proposal, outcome):
        typed = _typed_values(field, old, new)
        yield Fact(
            FACT_GOAL_CHANGE,
            (*head[0], field, _json(old), _json(new), *head[1], *typed[0], *tail[0], *typed[1], *tail[1]),
        )


def _shared_values(
    step: GoalStep, before: Promised, proposal: ChangeProposal, proposer: Proposer, outcome: str
) -> tuple[tuple[tuple[Any, ...], tuple[Any, ...]], tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """What is the same in each row: before and behind `field`, `old`, `new`; before and behind the differences."""
    accepted = outcome == "accepted"
    proposal_id, owner, sponsor, team = to_column_value((proposal.id, before.owner, before.sponsor, before.team))
    negotiated = None
    if accepted:
        alone = proposal.retroactive or step.data.self_accepted or before.owner == before.sponsor
        negotiated = int(not alone)
    return (
        (
            (step.event_id, step.goal_id, step.goal.ref),
            (
                step.at if accepted else None,
                proposal_id,
                to_micros(proposal.proposed_at),
                proposal.by,
                proposer.party,
                step.party if accepted else None,
                proposer.reason_code,
                int(proposal.in_time),
                int(proposal.retroactive),
            ),
        ),
        (
            (outcome, step.at, step.party, negotiated, proposal.trigger, len(proposal.trade_offs)),
            (owner, sponsor, team),
        ),
    )


def _changed_fields(
    step: GoalStep, before: Promised, proposal: ChangeProposal, outcome: str
) -> Iterator[tuple[str, Any, Any]]:
    """Field, old and new: what was changed, or else what was to be."""
    old = goal_values(before)
    if outcome == "accepted":
        new = goal_values(step.goal)
        for field in MATERIAL_FIELDS:
            if old.get(field) != new.get(field):
                yield field, old.get(field), new.get(field)
        return
    for field in MATERIAL_FIELDS:
        value = getattr(proposal.changes, field)
        if value is not None:
            yield field, old.get(field), value


def _json(value: Any) -> str | None:
    # PostgreSQL's text cannot hold the character NUL, which JSON escapes.
    return None if value is None else encode_json(value).decode()


def _typed_values(field: str, old: Any, new: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The values in the columns of their type, and by how much they differ; lists are in `old` and `new` alone."""
    nothing: tuple[str | None, str | None] = (None, None)
    dates = numbers = texts = nothing
    days: int | None = None
    difference: str | None = None
    if field in _DATES:
        dates = (_plain(old), _plain(new))
        days = (new - old).days if isinstance(old, date) and isinstance(new, date) else None
    elif field in _TEXTS:
        texts = (_plain(old), _plain(new))
    elif field in ("effort_hours", "measure"):
        was, is_ = (old, new) if field == "effort_hours" else (_target(old), _target(new))
        numbers = (was, is_)
        difference = None if was is None or is_ is None else _subtract(is_, was)
    return (*dates, *numbers, *texts), (days, difference)


def _subtract(new: str, old: str) -> str:
    # Of quantities with at most 21 digits: exact in the decimals of Python.
    return format((Decimal(new) - Decimal(old)).normalize(), "f")


def _target(measure: Measure | None) -> str | None:
    return None if measure is None else measure.target


def _plain(value: Any) -> str | None:
    return None if value is None else without_nul(to_column_value(value))
