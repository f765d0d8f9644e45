"""What drift is made of: facts derived from one stream alone, each with the event that it is.

Five tables. `drift_clock`: human judgements, pauses and resumptions. `drift_moves`: each accepted change of a due date
or a target. `drift_links`: which goal supports which other or which purpose, and when its owner last affirmed it.
`drift_material`: when a goal changed materially or ended, or a purpose was revised. `drift_expectations`: what a
charter asks of its members, and their answers. A fact never changes; it is believed from its event's log
position on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from domain.charter import events as c
from domain.charter.events import PurposeRevised
from domain.envelope import RecordedEvent
from domain.goal import events as e
from domain.goal.evolve import evolve
from domain.goal.state import ChangeProposal, Ended, Goal, Promised
from domain.instants import to_micros
from domain.quantities import to_fraction
from domain.reasons import ReasonCode
from domain.terms import Support, Terms
from projections.database.tables import END_OF_TIME, SYSTEM_TIME, Column, Table
from projections.engine.stream_events import PreparedEvent, StreamEvents

EXPECTATIONS = Table(
    name="drift_expectations",
    columns=(
        *SYSTEM_TIME,
        Column("event_id", "uuid", "The event that is this fact."),
        Column("occurred_at", "integer", "Business time of the fact, microseconds UTC."),
        Column("team", "uuid", "Whose charter it is; empty: the organisation's own.", nullable=True),
        Column("kind", "text", "purpose, non_negotiable, retired, in_force, reviewed; acknowledged, breach, repair."),
        Column("item", "uuid", "The non-negotiable; of a repair the breach.", nullable=True),
        Column("number", "integer", "Version of the purpose or of the non-negotiable.", nullable=True),
        Column("member", "uuid", "Who acknowledged, or who raised the breach.", nullable=True),
        Column("text", "text", "The words of the purpose or of the non-negotiable.", nullable=True),
    ),
    key=("organisation_id", "stream_id", "event_id"),
    comment="Purposes and non-negotiables with their versions, acknowledgements, breaches, repairs and reviews.",
)

#: Kinds of facts after which a charter counts as having been looked at as a whole.
REVIEW_KINDS = ("purpose", "non_negotiable", "retired", "in_force", "reviewed")


def extract_expectation_facts(recorded: RecordedEvent) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The fact that this event of a charter is, if it is one."""
    event: Any = recorded.data
    values = _expectation_values(event, recorded)
    if values is not None:
        kind, item, number, member, text = values
        team = None if event.of.team is None else str(event.of.team)
        cells = tuple(None if value is None else str(value) for value in (item, member))
        # PostgreSQL's text cannot hold the character NUL, which JSON can.
        words = None if text is None else text.replace("\x00", "\ufffd")
        yield EXPECTATIONS.name, (team, kind, cells[0], number, cells[1], words)


def _expectation_values(event: Any, recorded: RecordedEvent) -> tuple[str, Any, int | None, Any, str | None] | None:
    """Kind, item, number, member, text."""
    match event:
        case c.PurposeAdopted() | c.PurposeRevised():
            return "purpose", None, event.version, None, event.text
        case c.NonNegotiableAdopted() | c.NonNegotiableRevised():
            return "non_negotiable", event.non_negotiable, event.version, None, event.text
        case c.NonNegotiableRetired():
            return "retired", event.non_negotiable, None, None, None
        case c.PutInForce():
            return "in_force", None, None, None, None
        case c.Reviewed():
            return "reviewed", None, None, None, None
        case c.Acknowledged():
            return "acknowledged", event.non_negotiable, event.version, event.member, None
        case c.BreachRaised():
            return "breach", event.non_negotiable, event.version, recorded.party, None
        case c.RepairAgreed():
            return "repair", event.breach, None, None, None
        case _:
            return None


_FACT_COLUMNS = (
    *SYSTEM_TIME,
    Column("event_id", "uuid", "The event that is this fact."),
    Column("occurred_at", "integer", "Business time of the fact, microseconds UTC."),
)

CLOCK = Table(
    name="drift_clock",
    columns=(
        *_FACT_COLUMNS,
        Column("kind", "text", "promise, check_in, affirmation or accepted_change (human judgements); resume."),
        Column("paused_from", "date", "First day of the pause that this accepted change agrees.", nullable=True),
        Column("resume_on", "date", "Day on which that pause ends of itself.", nullable=True),
        Column("proposal_id", "uuid", "Of a pause: the proposal or counter that was accepted.", nullable=True),
    ),
    key=("organisation_id", "stream_id", "event_id"),
    comment="Human judgements about a goal, its pauses and their ends: when was a goal last spoken about.",
)
MOVES = Table(
    name="drift_moves",
    columns=(
        *_FACT_COLUMNS,
        Column("field", "text", "due or target."),
        Column("old", "text", "The date or quantity before."),
        Column("new", "text", "The date or quantity after."),
        Column("moved", "text", "New less old: days of a due date, units of a target; a decimal string."),
        Column("negotiated", "integer", "0: retroactive, accepted by the proposer, or under the tolerance; else 1."),
        Column("retroactive", "integer", "1: the new due had passed already, agreed or not."),
        Column("proposal_id", "uuid", "The proposal or counter that was accepted."),
    ),
    key=("organisation_id", "stream_id", "event_id", "field"),
    comment="Every accepted change of a due date or a target.",
)
LINKS = Table(
    name="drift_links",
    columns=(
        *_FACT_COLUMNS,
        Column("parent", "uuid", "The goal that this one supports, or the charter whose purpose it serves."),
        Column("purpose", "integer", "1: the parent is a charter; 0: a goal."),
        Column("affirmed", "integer", "1: promised, affirmed or renegotiated now; 0: supported no more."),
        Column("how", "text", "promised, affirmed, renegotiated or unlinked."),
        Column("trigger", "text", "What set the renegotiation off: parent, purpose, ...", nullable=True),
        Column("cause", "uuid", "The event that the owner named as the cause, if any.", nullable=True),
        Column("said_at", "integer", "When the renegotiation was proposed, microseconds UTC.", nullable=True),
    ),
    key=("organisation_id", "stream_id", "event_id", "parent"),
    # What a change above caused below is asked from above.
    indexes=(("organisation_id", "parent"),),
    comment="When the owner of a goal last said that it supports another goal, or a purpose.",
)
MATERIAL_CHANGES = Table(
    name="drift_material",
    columns=(
        *_FACT_COLUMNS,
        Column("what", "text", "The changed terms, parted by commas; ended:<state>; purpose:<version> of a charter."),
    ),
    key=("organisation_id", "stream_id", "event_id"),
    comment="When a goal changed materially by an accepted change, or ended; when a purpose was revised.",
)

Rows = dict[str, list[tuple[Any, ...]]]
_Fact = tuple[str, tuple[Any, ...]]
#: The goal, and what set off the proposal that was made last.
_FoldState = tuple[Goal | None, UUID | None]
_COMPARED_FIELDS = ("due", "conditions", "supports", "priority")


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a promise: what was before it, what after, and what had led to the open proposal."""

    before: Promised
    goal: Promised
    recorded: RecordedEvent
    #: Causation of the proposal that was open before.
    cause: UUID | None

    @property
    def event_data(self) -> Any:
        """The event's own fields."""
        return self.recorded.data


class DriftProjection:
    """The projection: facts from one goal's or one charter's stream."""

    name = "drift"
    version = 4
    kinds = frozenset({"goal", "charter"})
    tables = (CLOCK, MOVES, LINKS, MATERIAL_CHANGES, EXPECTATIONS)

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> Rows:
        """The facts behind log position `after`, by table."""
        if not stream:
            return _empty_rows()
        whole = StreamEvents.of(stream)
        return (
            _extract_charter_facts(whole, after)
            if whole.kind == "charter"
            else _extract_goal_facts(whole, after, (None, None))[0]
        )

    def state_after(self, stream: StreamEvents) -> _FoldState:
        """What `apply` needs to go on after a whole stream."""
        return (None, None) if stream.kind == "charter" else _extract_goal_facts(stream, END_OF_TIME, (None, None))[1]

    def apply(self, memory: _FoldState, events: StreamEvents) -> tuple[Rows, _FoldState] | None:
        """The facts of a stream's next events, and what to remember."""
        return None if events.kind == "charter" else _extract_goal_facts(events, 0, memory)


def _empty_rows() -> Rows:
    return {table.name: [] for table in DriftProjection.tables}


def _add_row(rows: Rows, head: tuple[str, str], prepared: PreparedEvent, fact: _Fact) -> None:
    table, values = fact
    rows[table].append(
        (*head, prepared.event.log_position, END_OF_TIME, prepared.event_id, prepared.occurred_micros, *values)
    )


def _extract_goal_facts(stream: StreamEvents, after: int, memory: _FoldState) -> tuple[Rows, _FoldState]:
    """The facts of the events behind a log position; the goal, and what set off the proposal made last, after them."""
    rows, (goal, cause) = _empty_rows(), memory
    for prepared in stream.prepared:
        recorded, before = prepared.event, goal
        goal = prepared.evolve_once(goal, evolve)
        if recorded.log_position > after:
            for fact in extract_event_facts(before, goal, recorded, cause):
                _add_row(rows, stream.row_prefix, prepared, fact)
        if isinstance(recorded.data, e.ChangeProposed):
            cause = recorded.causation_id
        elif isinstance(recorded.data, e.ChangeCountered):
            # What set off a proposal set off the counter to it.
            cause = recorded.causation_id or cause
    return rows, (goal, cause)


def _extract_charter_facts(stream: StreamEvents, after: int) -> Rows:
    rows = _empty_rows()
    for prepared in stream.prepared:
        recorded = prepared.event
        if recorded.log_position <= after:
            continue
        for fact in extract_expectation_facts(recorded):
            _add_row(rows, stream.row_prefix, prepared, fact)
        if isinstance(recorded.data, PurposeRevised):
            _add_row(rows, stream.row_prefix, prepared, (MATERIAL_CHANGES.name, (f"purpose:{recorded.data.version}",)))
    return rows


def extract_event_facts(
    before: Goal | None, goal: Goal | None, recorded: RecordedEvent, cause: UUID | None
) -> Iterator[_Fact]:
    """Table and own columns of each fact that this event of a goal is; `cause`: what set off the open proposal."""
    if isinstance(goal, Ended) and not isinstance(before, Ended):
        yield MATERIAL_CHANGES.name, (f"ended:{goal.state}",)
    elif isinstance(goal, Promised) and not isinstance(before, Promised):
        yield CLOCK.name, ("promise", None, None, None)
        yield from (_link_fact(support, 1, "promised", recorded.causation_id) for support in goal.terms.supports)
    elif isinstance(before, Promised) and isinstance(goal, Promised):
        extract = _EXTRACTORS.get(type(recorded.data))
        if extract is not None:
            yield from extract(_Step(before=before, goal=goal, recorded=recorded, cause=cause))


def _link_fact(
    support: Support,
    affirmed: int,
    how: str,
    cause: UUID | None,
    proposal: ChangeProposal | None = None,
    trigger: str = "",
) -> _Fact:
    """`trigger`: what an act without a proposal was set off by."""
    parent, purpose = (support.goal, 0) if support.goal is not None else (support.purpose, 1)
    off = proposal.trigger if proposal is not None else trigger or None
    said_at = None if proposal is None else to_micros(proposal.proposed_at)
    return LINKS.name, (str(parent), purpose, affirmed, how, off, None if cause is None else str(cause), said_at)


def _judgement_extractor(kind: str) -> Callable[[_Step], Iterator[_Fact]]:
    return lambda _step: iter([(CLOCK.name, (kind, None, None, None))])


def _statement_taken_back(step: _Step) -> Iterator[_Fact]:
    """Taking a check-in back is a judgement too; of a reading it says nothing."""
    if step.event_data.of == "check_in":
        yield CLOCK.name, ("check_in", None, None, None)


def _link_affirmed(step: _Step) -> Iterator[_Fact]:
    yield CLOCK.name, ("affirmation", None, None, None)
    supports = set(step.goal.terms.supports)
    for support in step.event_data.supports:
        if support in supports:
            yield _link_fact(support, 1, "affirmed", step.recorded.causation_id)


def _list_dropped_supports(step: _Step) -> Iterator[Support]:
    kept = set(step.goal.terms.supports)
    return (support for support in step.before.terms.supports if support not in kept)


def _unlinked(step: _Step) -> Iterator[_Fact]:
    reason = step.recorded.reason
    trigger = "purpose" if reason is not None and reason.code is ReasonCode.PURPOSE_CHANGED else ""
    for support in _list_dropped_supports(step):
        yield _link_fact(support, 0, "unlinked", step.recorded.causation_id, trigger=trigger)


def _accepted(step: _Step) -> Iterator[_Fact]:
    """The owner has promised anew: a judgement, and every link of the new terms is affirmed by it."""
    before, goal, proposal = step.before, step.goal, step.before.proposal
    if proposal is None:
        return
    pause = proposal.changes.pause
    agreed = (pause.paused_from.isoformat(), pause.resume_on.isoformat(), str(proposal.id)) if pause else (None,) * 3
    yield CLOCK.name, ("accepted_change", *agreed)
    for support in goal.terms.supports:
        yield _link_fact(support, 1, "renegotiated", step.cause, proposal)
    for support in _list_dropped_supports(step):
        yield _link_fact(support, 0, "unlinked", step.cause, proposal)
    self_set = before.owner == before.sponsor
    negotiated = 0 if proposal.retroactive or step.event_data.self_accepted or self_set else 1
    for field, old, new, moved in _diff_moves(before.terms, goal.terms):
        yield MOVES.name, (field, old, new, moved, negotiated, int(proposal.retroactive), str(proposal.id))
    what = [*_list_changed_terms(before, goal), *(["pause"] if pause else [])]
    if what:
        yield MATERIAL_CHANGES.name, (",".join(what),)


def _diff_moves(old: Terms, new: Terms) -> Iterator[tuple[str, str, str, str]]:
    """Field, old, new, and new less old, of the due date and of the target."""
    if old.due != new.due:
        yield "due", old.due.isoformat(), new.due.isoformat(), str((new.due - old.due).days)
    was, is_ = old.measure.target, new.measure.target
    if was is not None and is_ is not None and to_fraction(was) != to_fraction(is_):
        # Of quantities with at most 21 digits: exact in the decimals of Python.
        yield "target", was, is_, format((Decimal(is_) - Decimal(was)).normalize(), "f")


def _list_changed_terms(before: Promised, goal: Promised) -> Iterator[str]:
    """Which of the terms that others build on differ: a title, a start or a smaller effort are none of them."""
    old, new = before.terms, goal.terms
    if old.measure.target != new.measure.target:
        yield "target"
    elif old.measure != new.measure:
        yield "measure"
    yield from (name for name in _COMPARED_FIELDS if getattr(old, name) != getattr(new, name))
    if old.effort_hours and new.effort_hours and to_fraction(new.effort_hours) > to_fraction(old.effort_hours):
        yield "effort"
    yield from (role for role in ("owner", "sponsor") if getattr(before, role) != getattr(goal, role))


_EXTRACTORS: dict[type, Callable[[_Step], Iterator[_Fact]]] = {
    e.CheckedIn: _judgement_extractor("check_in"),
    e.StatementTakenBack: _statement_taken_back,
    e.Affirmed: _judgement_extractor("affirmation"),
    e.LinkAffirmed: _link_affirmed,
    e.Unlinked: _unlinked,
    e.Resumed: _judgement_extractor("resume"),
    e.ChangeAccepted: _accepted,
}

DRIFT = DriftProjection()
