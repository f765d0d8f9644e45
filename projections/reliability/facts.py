"""What reliability is made of: promises as they stand, and what both sides answered, from one goal's stream.

`reliability_promises` are versions, one for each event after which a promise reads otherwise. `reliability_answers`
are facts: requests, what kind of answer each question got and when, pushback, and renegotiations with their notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeGuard

import msgspec

from domain.envelope import RecordedEvent
from domain.goal import events as e
from domain.goal.evolve import evolve
from domain.goal.state import Ended, Goal, Promised, promise_of
from domain.instants import to_micros
from projections.database.tables import (
    END_OF_TIME,
    SYSTEM_TIME,
    VALID_TIME,
    VERSION_CLOSING,
    VERSION_KEY,
    Column,
    Table,
)
from projections.engine.stream_events import PreparedEvent, StreamEvents, to_column_value
from projections.reliability.answers import find_answer
from projections.reliability.outcomes import JUDGED_EVENTS, PromiseRecord, judge_promise, list_events, update_record

PROMISES = Table(
    name="reliability_promises",
    columns=(
        *SYSTEM_TIME,
        *VALID_TIME,
        Column("owner", "uuid", "The owner, or the last one."),
        Column("sponsor", "uuid", "The sponsor, or the last one."),
        Column("team", "uuid", "The team whose goal it is.", nullable=True),
        Column("self_set", "integer", "1: owner and sponsor are one person."),
        Column("due", "date", "The due date in force, or last in force."),
        Column("deliver_by", "date", "The due date, or a later day that a rejection gave for rework."),
        Column("kept", "text", "kept_as_promised, kept_as_renegotiated, late_or_broken, open or left_out."),
        Column("missed_answer", "integer", "1: left out, as the sponsor did not answer a timely proposal."),
        Column("awaits", "text", "Whose answer is open: owner or sponsor.", nullable=True),
        Column("awaits_what", "text", "verdict, or timely_change: one that was proposed in time.", nullable=True),
        Column("awaits_since", "integer", "Since when, microseconds UTC.", nullable=True),
        Column("missed_at", "integer", "When an event made it late or broken before its due.", nullable=True),
        Column("warned_at", "integer", "When its owner first proposed a change in time.", nullable=True),
        Column("events", "json", "The events from which this follows, in log order."),
    ),
    key=VERSION_KEY,
    closing=VERSION_CLOSING,
    indexes=(("organisation_id", "due"), ("organisation_id", "team", "due"), ("organisation_id", "owner", "due")),
    comment="Every promise with what became of it, version by version.",
)
ANSWERS = Table(
    name="reliability_answers",
    columns=(
        *SYSTEM_TIME,
        Column("event_id", "uuid", "The event that is this fact."),
        Column("occurred_at", "integer", "Business time of the fact, microseconds UTC."),
        Column("kind", "text", "request, pushback, answer or renegotiation."),
        Column("team", "uuid", "The team whose goal it is.", nullable=True),
        Column("owner", "uuid", "The goal's owner then."),
        Column("side", "text", "Of an answer: which side owed it, owner or sponsor.", nullable=True),
        Column("member", "uuid", "Of an answer: who owed it.", nullable=True),
        Column("how", "text", "Of an answer: accepted, countered, declined, or missed.", nullable=True),
        Column("since", "integer", "When it was asked, or the change proposed, microseconds UTC.", nullable=True),
        Column("due", "date", "Of a renegotiation: the due date in force before it.", nullable=True),
        Column("question", "uuid", "The event that was answered: request, offer, counter, proposal, delivery."),
    ),
    key=("organisation_id", "stream_id", "event_id", "kind"),
    indexes=(("organisation_id", "occurred_at"),),
    comment="Requests, answers of both sides and missed ones, pushback, and accepted changes with their notice.",
)

Rows = dict[str, list[tuple[Any, ...]]]


class _FoldState(NamedTuple):
    """What a goal's later events need of its earlier ones."""

    goal: Goal | None = None
    record: PromiseRecord = PromiseRecord()
    #: The version that stands: its row behind organisation and stream.
    standing: tuple[Any, ...] | None = None


class ReliabilityProjection:
    """The projection: a goal's stream to the two tables."""

    name = "reliability"
    version = 3
    kinds = frozenset({"goal"})
    tables = (PROMISES, ANSWERS)

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> Rows:
        """The rows of one stream that an event behind log position `after` opened or closed."""
        if not stream:
            return {}
        rows, _ = _fold(StreamEvents.of(stream), _FoldState())
        return {t.name: [row for row in rows[t.name] if t.is_changed(row, after)] for t in self.tables}

    def state_after(self, stream: StreamEvents) -> _FoldState:
        """What going on needs after a whole stream."""
        return _fold(stream, _FoldState())[1]

    def apply(self, memory: _FoldState, events: StreamEvents) -> tuple[Rows, _FoldState] | None:
        """The rows of a stream's next events, and what to remember."""
        return _fold(events, memory)


def _fold(stream: StreamEvents, memory: _FoldState) -> tuple[Rows, _FoldState]:
    rows: Rows = {PROMISES.name: [], ANSWERS.name: []}
    head, stood = stream.row_prefix, memory.standing
    for prepared in stream.prepared:
        before, data = memory.goal, prepared.event.data
        goal = prepared.evolve_once(before, evolve)
        memory = memory._replace(goal=goal)
        if goal is None or type(data) in _SILENT_EVENTS:
            continue
        for fact in _list_answer_facts(before, goal, prepared):
            rows[ANSWERS.name].append((*head, prepared.event.log_position, END_OF_TIME, *fact))
        memory = _judge(head, prepared, before, memory, rows[PROMISES.name])
    if memory.standing is not None and memory.standing is not stood:
        rows[PROMISES.name].append((*head, *memory.standing))
    return rows, memory


#: The commonest events, after which nothing here reads otherwise.
_SILENT_EVENTS = frozenset(
    {
        *(e.CheckedIn, e.ValueRecorded, e.StatementTakenBack, e.FeedbackGiven, e.CheckInDue, e.ResponseReminded),
        *(e.Affirmed, e.LinkAffirmed, e.Unlinked, e.BlockerRaised, e.BlockerResolved, e.NeedAnswered),
        *(e.ApproachChosen, e.Retitled, e.Resumed, e.ClarificationAsked),
    }
)


# --- promises ----------------------------------------------------------------------------------------------------


def _judge(
    head: tuple[str, str], prepared: PreparedEvent, before: Goal | None, memory: _FoldState, rows: list[tuple[Any, ...]]
) -> _FoldState:
    """The memory after an event, with the rows of the version that it ends."""
    goal, event = memory.goal, prepared.event
    has_ended = isinstance(goal, Ended) and not isinstance(before, Ended)
    record = update_record(memory.record, before, event.data, event.event_id, prepared.occurred_micros)
    if has_ended and type(event.data) not in JUDGED_EVENTS:
        record = record._replace(events=(*record.events, event.event_id))
    promise = promise_of(goal)
    if goal is None or promise is None or (isinstance(before, Ended) and not has_ended):
        return memory._replace(record=record)
    columns = _promise_columns(goal, promise, prepared, record)
    standing = memory.standing
    if standing is not None:
        if standing[len(_TIMES) :] == columns:
            return memory._replace(record=record)
        ended = list(standing)
        ended[_VALID_TO], ended[_TO_POSITION] = prepared.occurred_micros, event.log_position
        rows.append((*head, *ended))
    standing = (
        *(event.log_position, END_OF_TIME, event.version, prepared.occurred_micros, END_OF_TIME, END_OF_TIME),
        *(prepared.recorded_micros, END_OF_TIME, prepared.event_id, *columns),
    )
    return _FoldState(goal=goal, record=record, standing=standing)


#: What stands behind organisation and stream, before the promise's own columns.
_TIMES = (*SYSTEM_TIME[2:], *VALID_TIME)
_VALID_TO, _TO_POSITION = ([column.name for column in _TIMES].index(name) for name in ("valid_to", "to_position"))


def _promise_columns(goal: Goal, promise: Promised, prepared: PreparedEvent, record: PromiseRecord) -> tuple[Any, ...]:
    outcome = judge_promise(goal, promise, prepared.event.data, record)
    awaits = _find_open_answer(goal)
    late_since = record.late_since
    if outcome.kept == "late_or_broken" and outcome.state in ("promise_withdrawn", "cancelled", "released", "broken"):
        late_since = prepared.occurred_micros if late_since is None else late_since
    owner, sponsor, team, due, deliver_by = to_column_value(
        (promise.owner, promise.sponsor, promise.team, promise.terms.due, promise.lapse_due)
    )
    return (
        *(owner, sponsor, team, int(promise.self_set), due, deliver_by, outcome.kept),
        int(promise.sponsor_missed_answer),
        *awaits,
        late_since,
        record.warned_at,
        msgspec.json.encode(list_events(record, goal)).decode(),
    )


def _find_open_answer(goal: Goal) -> tuple[str | None, str | None, int | None]:
    """Whose answer is open, to what, since when: to a delivery, or to a change that was proposed in time."""
    if not isinstance(goal, Promised):
        return None, None, None
    if goal.delivery is not None:
        return "sponsor", "verdict", to_micros(goal.delivery.delivered_at)
    if goal.proposal is not None and goal.proposal.in_time:
        side = "sponsor" if goal.proposal.by == "owner" else "owner"
        return side, "timely_change", to_micros(goal.proposal.proposed_at)
    return None, None, None


# --- answers -----------------------------------------------------------------------------------------------------


def _list_answer_facts(before: Goal | None, goal: Goal, prepared: PreparedEvent) -> Iterator[tuple[Any, ...]]:
    """The facts that this event is, behind `SYSTEM_TIME`."""
    data, event = prepared.event.data, prepared.event_id
    head = (event, prepared.occurred_micros)
    parties = goal if before is None or isinstance(data, e.GoalRequested) else before
    team, owner = to_column_value((goal.team, parties.owner))
    if isinstance(data, e.GoalRequested) and data.owner != data.sponsor:
        yield *head, "request", team, owner, None, None, None, None, None, event
    if owner is None or before is None:
        return
    answer = find_answer(before, data)
    if answer is not None:
        member, question = to_column_value((answer.member, answer.question))
        since = to_micros(answer.since)
        yield *head, "answer", team, owner, answer.side, member, answer.how, since, None, question
    if _is_pushback(before, data):
        yield *head, "pushback", team, owner, None, None, None, None, None, str(getattr(before, "opened_event", event))
    if isinstance(data, e.ChangeAccepted) and _is_between_two(before) and before.proposal is not None:
        since, due = to_micros(before.proposal.proposed_at), before.terms.due.isoformat()
        yield *head, "renegotiation", team, owner, None, None, None, since, due, str(before.proposal.id)


def _is_between_two(goal: Goal) -> TypeGuard[Promised]:
    """Whether owner and sponsor are two members. The changes of a self-set goal are no renegotiations."""
    return isinstance(goal, Promised) and goal.owner != goal.sponsor


def _is_pushback(before: Goal, data: Any) -> bool:
    """Whether the owner declined, countered or deferred what it was asked for."""
    if getattr(before, "requested_by", None) != "sponsor" or before.owner == before.sponsor:
        return False
    if isinstance(data, e.GoalCountered):
        return data.by == "owner"
    if isinstance(data, e.GoalDeclined):
        # A sponsor declines what the owner has countered with.
        return before.state in ("requested", "answer_deferred", "countered_by_sponsor")
    return isinstance(data, e.AnswerDeferred)


RELIABILITY = ReliabilityProjection()
