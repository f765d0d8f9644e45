"""What became of a promise, event by event: the one definition for the report and the marts.

A promise is kept as first promised, kept as renegotiated in time (or revoked in time), or late or broken. Pure; an
event is looked at in the order of the log, which is that of business time for every event that matters here: only
check-ins, readings and feedback may be recorded late.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple
from uuid import UUID

from domain.calendar import is_in_time
from domain.goal import events as e
from domain.goal.state import Ended, Goal, Negotiating, Promised, promise_of
from domain.instants import to_micros

Kept = Literal["kept_as_promised", "kept_as_renegotiated", "late_or_broken", "open", "left_out"]

#: After these, and after the goal's end, a promise may have to be judged anew.
JUDGED_EVENTS = frozenset(
    {
        *(e.GoalPromised, e.GoalAccepted, e.ChangeAccepted, e.ChangeTimedOut, e.SponsorReassigned, e.GoalLapsed),
        *(e.CompletionDeclared, e.DeliveryRejected, e.CompletionRetracted),
    }
)
_FREED = ("cancelled", "released")


class PromiseRecord(NamedTuple):
    """What the promise's own state does not hold."""

    changes: int = 0
    late_changes: int = 0
    has_lapsed: bool = False
    delivered_at: int | None = None
    was_late: bool = False
    #: When the owner first proposed a change in time, and when the first late change that was accepted was proposed.
    warned_at: int | None = None
    late_since: int | None = None
    #: The events from which all of it follows, in log order.
    events: tuple[UUID, ...] = ()


class PromiseOutcome(NamedTuple):
    """What has become of a promise so far."""

    #: open, awaiting (delivered, no verdict yet), lapsed, or how it ended.
    state: str
    kept: Kept
    #: Delivered after the due or the time for rework, or lapsed before that.
    late: bool


def update_record(record: PromiseRecord, before: Goal | None, data: Any, event: UUID, at: int) -> PromiseRecord:
    """The record after this event; `at`: its business time, microseconds UTC."""
    if isinstance(data, e.ChangeProposed | e.ChangeCountered):
        if data.by == "owner" and data.in_time and record.warned_at is None:
            return record._replace(warned_at=at, events=(*record.events, event))
        return record
    if isinstance(data, e.ChangeRejected | e.ChangeWithdrawn | e.HandOverRefused):
        # What ends a proposal is named where the proposal is.
        return record._replace(events=(*record.events, event)) if _proposal_of(before) in record.events else record
    if isinstance(before, Negotiating) and isinstance(data, e.GoalPromised | e.GoalAccepted):
        asked = dict.fromkeys(each for each in (before.opened_event, before.open) if each is not None)
        record = record._replace(events=(*asked, *record.events))
    if type(data) in JUDGED_EVENTS:
        record = record._replace(events=(*record.events, event))
    if isinstance(data, e.ChangeAccepted):
        return _count_change(record, before)
    if isinstance(data, e.GoalLapsed):
        return record._replace(has_lapsed=True)
    if isinstance(data, e.CompletionDeclared):
        return record._replace(
            delivered_at=at, was_late=(data.late and not data.within_rework) or _has_lapsed_by_now(before)
        )
    if isinstance(data, e.DeliveryRejected | e.CompletionRetracted):
        return record._replace(delivered_at=None, was_late=False)
    return record


def _count_change(record: PromiseRecord, before: Goal | None) -> PromiseRecord:
    proposal = before.proposal if isinstance(before, Promised) else None
    if proposal is None:
        return record
    record = record._replace(changes=record.changes + 1, events=(*record.events[:-1], proposal.id, record.events[-1]))
    if proposal.in_time:
        return record
    since = to_micros(proposal.proposed_at) if record.late_since is None else record.late_since
    return record._replace(late_changes=record.late_changes + 1, late_since=since)


def _proposal_of(goal: Goal | None) -> UUID | None:
    return goal.proposal.id if isinstance(goal, Promised) and goal.proposal is not None else None


def list_events(record: PromiseRecord, goal: Goal) -> tuple[UUID, ...]:
    """The events from which the outcome follows, in log order: those of the record and the proposal that is open."""
    proposal = _proposal_of(goal)
    return record.events if proposal is None or proposal in record.events else (*record.events, proposal)


def _has_lapsed_by_now(goal: Goal | None) -> bool:
    if not isinstance(goal, Promised):
        return False
    return goal.state == "lapsed" or (goal.proposal is not None and goal.proposal.prior == "lapsed")


def judge_promise(goal: Goal, promise: Promised, data: Any, record: PromiseRecord) -> PromiseOutcome:
    """What has become of the promise after the event `data`, which led to `goal`."""
    state = _state_of(goal, promise)
    if record.delivered_at is not None:
        late = record.was_late
    else:
        late = state == "lapsed" or (state in ("broken", *_FREED) and record.has_lapsed)
    return PromiseOutcome(state, _classify(goal, state, data, record, late=late), late)


def _state_of(goal: Goal, promise: Promised) -> str:
    if isinstance(goal, Ended):
        return goal.state
    if promise.delivery is not None:
        return "awaiting"
    return "lapsed" if _has_lapsed_by_now(promise) else "open"


def _classify(goal: Goal, state: str, data: Any, record: PromiseRecord, *, late: bool) -> Kept:
    """In which part of the triple it counts."""
    promise = promise_of(goal)
    # Who has left cannot keep anything: out, however late it was by then.
    if promise is None or promise.sponsor_missed_answer or isinstance(data, e.DepartedReleased):
        return "left_out"
    if state == "open":
        return "open"
    if state in _FREED and not promise.self_set:
        return "late_or_broken" if record.has_lapsed else "left_out"
    if state == "promise_withdrawn" or state in _FREED:
        return "kept_as_renegotiated" if _is_revoked_in_time(goal, promise, data) else "late_or_broken"
    if state in ("broken", "lapsed") or late or record.late_changes:
        return "late_or_broken"
    return "kept_as_renegotiated" if record.changes else "kept_as_promised"


def _is_revoked_in_time(goal: Goal, promise: Promised, data: Any) -> bool:
    """Whether it was revoked early enough; by cancelling or releasing it where both sides are one person."""
    if not isinstance(data, e.PromiseWithdrawn | e.GoalCancelled | e.GoalReleased):
        return False
    if data.in_time is not None:
        return data.in_time
    # Events of before do not say it: then days of UTC do.
    return is_in_time(goal.last_at.date(), promise.promised_at.date(), promise.terms.due)
