"""What support is made of: needs and their answers, blockers and their resolutions, words both ways.

Three tables, each row one event of one goal's stream and nothing else: no row depends on another, or on today.
`support_needs`: a need raised, an answer to one. `support_blockers`: a blocker raised, resolved, listed in a check-in,
or none any more; who is named to join a goal, or to mediate, and so acts next. `support_words`: feedback, the
confidence of a check-in, reminders, delivery and its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from domain.envelope import RecordedEvent
from domain.goal import events as e
from projections.database.tables import END_OF_TIME, SYSTEM_TIME, Column, Table
from projections.engine.stream_events import StreamEvents, to_column_value

_FACT_COLUMNS = (
    *SYSTEM_TIME,
    Column("event_id", "uuid", "The event that is this fact."),
    Column("occurred_at", "integer", "Business time of the fact, microseconds UTC."),
)

NEEDS = Table(
    name="support_needs",
    columns=(
        *_FACT_COLUMNS,
        Column("kind", "text", "raised or answered."),
        Column("check_in", "uuid", "The check-in in which the need was raised."),
        Column("need", "integer", "Its place there, from 0."),
        Column("party", "uuid", "Who asked, or who answered.", nullable=True),
        Column("addressee", "uuid", "Of whom it is asked; empty: of the goal's sponsor.", nullable=True),
        Column("answer_by", "date", "Last day for the answer, in the organisation's zone.", nullable=True),
    ),
    key=("organisation_id", "stream_id", "event_id", "need"),
    indexes=(
        ("organisation_id", "occurred_at"),
        ("organisation_id", "addressee"),
        ("organisation_id", "party", "kind", "occurred_at"),
    ),
    comment="Needs raised in check-ins, and the answers to them.",
)
BLOCKERS = Table(
    name="support_blockers",
    columns=(
        *_FACT_COLUMNS,
        Column("kind", "text", "raised, resolved; listed or cleared: what a check-in says of blockers; named."),
        Column("blocker", "uuid", "The event that raised it, or the check-in that lists it; of `named` that event."),
        Column("place", "integer", "Its place in the check-in, from 0."),
        Column(
            "acts_next",
            "uuid",
            "Who acts next; empty: the goal's owner. Of `named`: who is to join the goal, or to mediate.",
            nullable=True,
        ),
        Column("corrects", "uuid", "The check-in that this one corrects.", nullable=True),
    ),
    key=("organisation_id", "stream_id", "event_id", "place"),
    indexes=(("organisation_id", "occurred_at"), ("organisation_id", "acts_next")),
    comment="What stands in the way of goals, since when, and who acts next.",
)
FEEDBACK = Table(
    name="support_words",
    columns=(
        *_FACT_COLUMNS,
        Column(
            "kind", "text", "feedback, check_in, taken_back, check_in_due, response_reminded, delivered or reopened."
        ),
        Column("party", "uuid", "Who said it; of a reminder, to whom it went.", nullable=True),
        Column("by_side", "text", "Of feedback: owner or sponsor.", nullable=True),
        Column("confidence", "text", "Of a check-in: 0..1, decimal.", nullable=True),
        Column("corrects", "uuid", "The check-in that this one corrects or takes back.", nullable=True),
    ),
    key=("organisation_id", "stream_id", "event_id"),
    indexes=(("organisation_id", "occurred_at"), ("organisation_id", "party", "kind", "occurred_at")),
    comment="Feedback both ways, stated confidence, reminders, and the time in which a goal waited for its verdict.",
)

Rows = dict[str, list[tuple[Any, ...]]]
_Fact = tuple[str, tuple[Any, ...]]


class SupportProjection:
    """The projection: three tables of facts from one goal's stream."""

    name = "support"
    version = 4
    kinds = frozenset({"goal"})
    tables = (NEEDS, BLOCKERS, FEEDBACK)

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> Rows:
        """The facts behind log position `after`, by table."""
        rows: Rows = {table.name: [] for table in self.tables}
        if not stream:
            return rows
        whole = StreamEvents.of(stream)
        for prepared in whole.prepared:
            recorded = prepared.event
            extract = _EXTRACTORS.get(type(recorded.data))
            if extract is None or recorded.log_position <= after:
                continue
            fact = (*whole.row_prefix, recorded.log_position, END_OF_TIME, prepared.event_id, prepared.occurred_micros)
            for table, values in extract(recorded.data, recorded):
                rows[table].append((*fact, *values))
        return rows

    def state_after(self, _stream: StreamEvents) -> bool:
        """Each fact follows from its event alone: there is nothing to remember but that."""
        return True

    def apply(self, memory: object, events: StreamEvents) -> tuple[Rows, object] | None:
        """The facts of a stream's next events."""
        return self.rows(events), memory


def _checked_in(event: e.CheckedIn, recorded: RecordedEvent) -> Iterator[_Fact]:
    check_in, party, corrects = (
        to_column_value(recorded.event_id),
        to_column_value(recorded.party),
        to_column_value(event.corrects),
    )
    for place, need in enumerate(event.needs):
        yield (
            NEEDS.name,
            ("raised", check_in, place, party, to_column_value(need.addressee), to_column_value(need.answer_by)),
        )
    if event.blockers is not None:
        for place, blocker in enumerate(event.blockers):
            yield BLOCKERS.name, ("listed", check_in, place, to_column_value(blocker.acts_next), corrects)
        if not event.blockers:
            yield BLOCKERS.name, ("cleared", check_in, 0, None, corrects)
    yield FEEDBACK.name, ("check_in", party, None, event.confidence, corrects)


def _statement_taken_back(event: e.StatementTakenBack, recorded: RecordedEvent) -> Iterator[_Fact]:
    party, corrects = to_column_value(recorded.party), to_column_value(event.corrects)
    yield FEEDBACK.name, ("taken_back", party, None, None, corrects)


def _need_answered(event: e.NeedAnswered, recorded: RecordedEvent) -> Iterator[_Fact]:
    yield NEEDS.name, ("answered", str(event.check_in), event.need, to_column_value(recorded.party), None, None)


def _blocker_raised(event: e.BlockerRaised, recorded: RecordedEvent) -> Iterator[_Fact]:
    yield (
        BLOCKERS.name,
        ("raised", to_column_value(recorded.event_id), 0, to_column_value(event.blocker.acts_next), None),
    )


def _blocker_resolved(event: e.BlockerResolved, _recorded: RecordedEvent) -> Iterator[_Fact]:
    yield BLOCKERS.name, ("resolved", str(event.blocker), 0, None, None)


def _proposed(event: e.ChangeProposed | e.ChangeCountered, recorded: RecordedEvent) -> Iterator[_Fact]:
    return _named(recorded, event.changes.owner, event.changes.sponsor)


def _disputed(event: e.DeliveryDisputed, recorded: RecordedEvent) -> Iterator[_Fact]:
    return _named(recorded, event.mediator)


def _named(recorded: RecordedEvent, *members: UUID | None) -> Iterator[_Fact]:
    """Those of whom the goal asks something from now on, though they are no side of it yet."""
    for place, member in enumerate(members):
        if member is not None:
            named = to_column_value(member)
            yield BLOCKERS.name, ("named", to_column_value(recorded.event_id), place, named, None)


def _feedback_given(event: e.FeedbackGiven, recorded: RecordedEvent) -> Iterator[_Fact]:
    yield FEEDBACK.name, ("feedback", to_column_value(recorded.party), event.by, None, None)


def _reminder_extractor(kind: str) -> Callable[[Any, RecordedEvent], Iterator[_Fact]]:
    return lambda event, _recorded: iter([(FEEDBACK.name, (kind, str(event.to), None, None, None))])


def _party_extractor(kind: str) -> Callable[[Any, RecordedEvent], Iterator[_Fact]]:
    return lambda _event, recorded: iter([(FEEDBACK.name, (kind, to_column_value(recorded.party), None, None, None))])


_EXTRACTORS: dict[type, Callable[[Any, RecordedEvent], Iterator[_Fact]]] = {
    e.CheckedIn: _checked_in,
    e.StatementTakenBack: _statement_taken_back,
    e.NeedAnswered: _need_answered,
    e.BlockerRaised: _blocker_raised,
    e.ChangeProposed: _proposed,
    e.ChangeCountered: _proposed,
    e.DeliveryDisputed: _disputed,
    e.BlockerResolved: _blocker_resolved,
    e.FeedbackGiven: _feedback_given,
    e.CheckInDue: _reminder_extractor("check_in_due"),
    e.ResponseReminded: _reminder_extractor("response_reminded"),
    e.CompletionDeclared: _party_extractor("delivered"),
    e.DeliveryRejected: _party_extractor("reopened"),
    e.CompletionRetracted: _party_extractor("reopened"),
}

SUPPORT = SupportProjection()
