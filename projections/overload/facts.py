"""What overload is made of, derived from one stream at a time: promises, additions, what gave way, capacities.

`overload_promises` are versions: each ever-promised goal as the load sees it. The others are facts: `_additions` (a
promise, or an accepted change that adds effort), `_givings` (a drop, pause, hand-over, later due or smaller scope,
with the commitment before and after), `_returns` (what had given way and came back), `_values` (readings of a
measure) and `_capacities` (declared hours and absences). A fact is believed from its event's log position on; where a
check-in recorded late changes what stood before an act, the fact is superseded like any version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

import msgspec

from domain.envelope import RecordedEvent
from domain.goal import events as e
from domain.goal.evolve import evolve
from domain.goal.load_check import to_commitment
from domain.goal.state import Ended, Goal, Negotiating, Promised, SourceField, promise_of
from domain.instants import to_micros
from domain.load import Commitment
from domain.member.member import AbsenceDeclared, CapacityDeclared, FactTakenBack
from domain.quantities import to_fraction
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
from projections.engine.versions import (
    LatestVersion,
    Version,
    compute_versions,
    extend_versions,
    find_latest_version,
    is_changed_after,
)

_FACT_COLUMNS = (
    *SYSTEM_TIME,
    Column("event_id", "uuid", "The event that is this fact."),
    Column("occurred_at", "integer", "Business time of the fact, microseconds UTC."),
    Column("log_position", "integer", "Log position of the event: the order of facts within an instant."),
)
_FACT_KEY = ("organisation_id", "stream_id", "event_id", "known_from")

PROMISES = Table(
    name="overload_promises",
    columns=(
        *SYSTEM_TIME,
        *VALID_TIME,
        Column("from_position", "integer", "Log position of the event that led to this state."),
        Column("owner", "uuid", "The member who promised."),
        Column("team", "uuid", "The team whose goal it is.", nullable=True),
        Column("live", "integer", "1: the promise stands, delivered ones included; 0: ended."),
        Column("effort_hours", "text", "Stated effort of the terms in force, decimal hours.", nullable=True),
        Column("body", "json", "The commitment with its events, as the load sees it."),
    ),
    key=VERSION_KEY,
    closing=VERSION_CLOSING,
    indexes=(
        ("organisation_id", "to_position"),
        ("organisation_id", "owner", "live", "valid_to"),
        ("organisation_id", "team", "live", "valid_to"),
        # All that the medians of stated efforts ask for, so that no row need be read for them.
        ("organisation_id", "effort_hours", "team", "valid_to", "known_to", "valid_from", "known_from"),
    ),
    comment="Every goal ever promised, version by version, as far as load is concerned.",
)
ADDITIONS = Table(
    name="overload_additions",
    columns=(
        *_FACT_COLUMNS,
        Column("kind", "text", "promise, hand_over (the new owner's promise) or change (more effort agreed)."),
        Column("owner", "uuid", "The member whose load it adds to."),
        Column("team", "uuid", "The team whose goal it is.", nullable=True),
        Column("requester", "uuid", "Who asked for it: sponsor of a request, owner of an offer, proposer of a change."),
        Column("imposed", "integer", "1: it began as an imposed request."),
        Column("effort_hours", "text", "Effort agreed, decimal hours; null: not stated.", nullable=True),
        Column("old_effort_hours", "text", "Of a change: the effort before.", nullable=True),
        Column(
            "progress",
            "text",
            "Progress at the act, 0..1, a decimal or `1/3`: what a new owner takes over is the rest.",
        ),
        Column("start", "date", "First day of the terms that this act put in force."),
        Column("due", "date", "Last day of the terms that this act put in force."),
        Column("weightless", "integer", "1: a team outcome, which carries no effort of its own."),
        Column("named", "json", "Trade-offs named on the addition: [[kind, goal or null], ...]."),
        Column("sources", "json", "Events that say what was asked and agreed: request, offer, counter or proposal."),
    ),
    key=_FACT_KEY,
    indexes=(("organisation_id", "owner"), ("organisation_id", "team", "occurred_at")),
    comment="Every addition to an owner's load.",
)
TRADE_OFFS = Table(
    name="overload_givings",
    columns=(
        *_FACT_COLUMNS,
        Column("owner", "uuid", "The member whose load gave way (the former owner of a hand-over)."),
        Column("team", "uuid", "The team whose goal it is.", nullable=True),
        Column("kinds", "text", "Any of drop, defer, rescope, hand_over, pause, parted by spaces."),
        Column("priority", "text", "Priority of the goal before the act."),
        Column("old_due", "date", "Due date before."),
        Column("new_due", "date", "Due date after; the same where it did not move."),
        Column("before", "json", "The commitment just before the act."),
        Column("after", "json", "The commitment just after it; null: nothing of it is left.", nullable=True),
        Column("paid_for", "json", "Goals that the act names as paid for by it."),
        Column("sources", "json", "Events that say what was there before, and the proposal that was accepted."),
    ),
    key=_FACT_KEY,
    indexes=(("organisation_id", "owner"), ("organisation_id", "team", "occurred_at")),
    comment="Every act by which a commitment gave way.",
)
REVERSALS = Table(
    name="overload_returns",
    columns=(
        *_FACT_COLUMNS,
        Column("owner", "uuid", "The member who has it again."),
        Column("goal", "uuid", "The goal that had given way."),
        Column("giving", "text", "Event id of the deferral that was taken back; `drop`: any drop of that goal."),
    ),
    key=(*_FACT_KEY, "giving"),
    indexes=(("organisation_id", "owner"),),
    comment="A promise that follows up a goal, or a deferred due that moved back to or before the old one.",
)
VALUES = Table(
    name="overload_values",
    columns=(
        *_FACT_COLUMNS,
        Column("value", "text", "The measure's value, decimal; none: what it names was taken back.", nullable=True),
        Column("corrects", "uuid", "The check-in or reading in whose place this one holds.", nullable=True),
    ),
    key=_FACT_KEY,
    comment="Readings of goals' measures.",
)
CAPACITIES = Table(
    name="overload_capacities",
    columns=(
        *_FACT_COLUMNS,
        Column("kind", "text", "capacity, absence, or taken_back: another declaration was wrong."),
        Column("first", "date", "First day on which it applies; none: taken_back.", nullable=True),
        Column("last", "date", "Last day of an absence.", nullable=True),
        Column("hours_per_week", "text", "Of a capacity: declared hours a week, decimal.", nullable=True),
        Column("corrects", "uuid", "The declaration in whose place this one holds.", nullable=True),
    ),
    key=_FACT_KEY,
    comment="What members declared about their time: hours a week from a date, absences by dates only.",
)

# Made once: a union written where it is asked for is made for each event.
_DROP_EVENTS = (e.GoalCancelled, e.GoalReleased, e.PromiseWithdrawn)
_READING_EVENTS = (e.CheckedIn, e.ValueRecorded)

#: In `RETURNS.giving`: whatever drop of the goal it was.
ANY_DROP = "drop"


class PromiseFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A promise as the load sees it, with the events that say so. Instants are microseconds UTC."""

    commitment: Commitment
    owner: UUID
    team: UUID | None = None
    #: The agreement's name of the state.
    state: str
    priority: str
    promised_at: int
    #: The promise, and what set effort, dates, measure, owner, pause, progress and blockers; of a lapse the last word.
    events: tuple[UUID, ...]
    #: Of a measured number: what it is to reach, and from where.
    baseline: str | None = None
    target: str | None = None


Rows = dict[str, list[tuple[Any, ...]]]
#: An event that moved a due out, and the due that it moved.
_Deferral = tuple[str, date]
#: A state as a row of `PROMISES`, behind `VALID_TIME`; None where nothing was ever promised.
_StateColumns = tuple[Any, ...] | None
#: The goal's tip, by the identity of its state its row of `PROMISES`, and the deferrals; no tip: a member, whose
#: facts follow from each event alone.
_FoldState = tuple[LatestVersion | None, dict[int, _StateColumns], tuple[_Deferral, ...]]
#: Table name and event id -> the fact's own columns.
_Facts = dict[tuple[str, ...], tuple[Any, ...]]


class OverloadProjection:
    """The projection: goals' and members' streams to the six tables."""

    name = "overload"
    version = 5
    kinds = frozenset({"goal", "member"})
    tables = (PROMISES, ADDITIONS, TRADE_OFFS, REVERSALS, VALUES, CAPACITIES)

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> Rows:
        """The rows of one stream that an event behind log position `after` opened or closed."""
        if not stream:
            return {}
        whole = StreamEvents.of(stream)
        head, rows = whole.row_prefix, _empty_rows()
        if whole.kind == "member":
            rows[CAPACITIES.name] = [(*head, *row) for row in _capacity_rows(whole) if row[0] > after]
            return rows
        changed = [version for version in compute_versions(whole, evolve) if is_changed_after(version, after)]
        rows[PROMISES.name] = [(*head, *row) for row in _promise_rows(changed, {})]
        for table, row in _with_system_time(whole):
            if row[0] > after or after < row[1] < END_OF_TIME:
                rows[table].append((*head, *row))
        return rows

    def state_after(self, stream: StreamEvents) -> _FoldState:
        """What `follow` needs to go on after a whole stream."""
        if stream.kind == "member":
            return None, {}, ()
        return find_latest_version(stream, evolve), {}, tuple(_compute_facts_after(stream, len(stream))[1])

    def apply(self, memory: _FoldState, events: StreamEvents) -> tuple[Rows, _FoldState] | None:
        """The rows that a stream's next events open or close, and what to remember; None where one is recorded late."""
        last, tails, earlier = memory
        if last is None:
            return self.rows(events), memory
        followed = extend_versions(last, events, evolve)
        if followed is None:
            return None
        rows, head, bodies = _empty_rows(), events.row_prefix, dict(tails)
        rows[PROMISES.name] = [(*head, *row) for row in _promise_rows(followed[0], bodies)]
        deferrals = list(earlier)
        facts = _compute_goal_facts(events.prepared, last.state, deferrals)
        if facts:
            # Recorded in order, a fact is believed from its own event on.
            own = {h.event_id: (h.event.log_position, END_OF_TIME, *_fact_columns(h)) for h in events.prepared}
            for key, values in facts.items():
                rows[key[0]].append((*head, *own[key[1]], *values))
        state = id(followed[1].state)
        return rows, (followed[1], {state: bodies[state]} if state in bodies else {}, tuple(deferrals))


def _empty_rows() -> Rows:
    return {table.name: [] for table in OverloadProjection.tables}


OVERLOAD = OverloadProjection()


# --- promises ----------------------------------------------------------------------------------------------------


def to_promise_fact(goal: Goal | None) -> PromiseFact | None:
    """The goal as the load sees it; None where nothing was ever promised."""
    promised = promise_of(goal)
    load = to_commitment(promised)
    if goal is None or load is None or promised is None:
        return None
    measure = promised.terms.measure
    silent = (*promised.sources.get("lapse", ()), promised.contact_event, promised.judged_by_event)
    events = (
        *promised.list_sources("effort_hours", "start", "due", "measure", "owner", "pause", "progress", "blockers"),
        *(b.id for b in promised.blockers),
        *(silent if load.silent_since else ()),
    )
    return PromiseFact(
        commitment=load,
        owner=promised.owner,
        team=goal.team,
        state=goal.state,
        priority=str(promised.terms.priority),
        promised_at=to_micros(promised.promised_at),
        events=tuple(dict.fromkeys(event for event in events if event is not None)),
        baseline=measure.baseline if measure.kind == "number" else None,
        target=measure.target if measure.kind == "number" else None,
    )


def _promise_rows(changed: Sequence[Version], tails: dict[int, _StateColumns]) -> Iterator[tuple[Any, ...]]:
    """`tails`: by the state's identity, as a state that outlives the one after it in belief has several rows."""
    for version in changed:
        state = id(version.state)
        if state not in tails:
            tails[state] = _promise_columns(version.state)
        tail = tails[state]
        if tail is not None:
            yield *version.time_columns, version.from_position, *tail


def _promise_columns(goal: Goal) -> _StateColumns:
    row = to_promise_fact(goal)
    if row is None:
        return None
    live = 0 if isinstance(goal, Ended) else 1
    return to_column_value(row.owner), to_column_value(row.team), live, row.commitment.effort_hours, _encode_json(row)


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _fact_columns(prepared: PreparedEvent) -> tuple[str, int, int]:
    """How the row of a fact goes on behind `SYSTEM_TIME`: which event it is, when it happened, its log position."""
    return prepared.event_id, prepared.occurred_micros, prepared.event.log_position


def _capacity_rows(stream: StreamEvents) -> Iterator[tuple[Any, ...]]:
    for prepared in stream.prepared:
        fact = (prepared.event.log_position, END_OF_TIME, *_fact_columns(prepared))
        match prepared.event.data:
            case CapacityDeclared(capacity=capacity, corrects=old):
                yield *fact, "capacity", capacity.from_.isoformat(), None, capacity.hours_per_week, to_column_value(old)
            case AbsenceDeclared(absence=away, corrects=old):
                yield *fact, "absence", away.from_.isoformat(), away.to.isoformat(), None, to_column_value(old)
            case FactTakenBack(corrects=old):
                yield *fact, "taken_back", None, None, None, to_column_value(old)
            case _:
                continue


# --- facts of a goal ---------------------------------------------------------------------------------------------


def _with_system_time(stream: StreamEvents) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each fact with the log positions between which it was believed.

    Facts hold what was in force before an act. A late event may change that for the acts after it: then all is
    folded again in the order of business time, and what differs is superseded from that event's log position on.
    """
    own = {prepared.event_id: _fact_columns(prepared) for prepared in stream.prepared}
    standing: dict[tuple[str, ...], tuple[int, tuple[Any, ...]]] = {}
    since = 0
    for cut in (*_find_backdated_indexes(stream), len(stream)):
        facts = _compute_facts_after(stream, cut)[0]
        for key in standing.keys() | facts.keys():
            known_from, values = standing.get(key, (0, None))
            if values == facts.get(key):
                continue
            if values is not None:
                yield key[0], (known_from, since, *own[key[1]], *values)
                del standing[key]
            if key in facts:
                standing[key] = (max(since, own[key[1]][-1]), facts[key])
        since = stream[cut].log_position if cut < len(stream) else 0
    for key, (known_from, values) in standing.items():
        yield key[0], (known_from, END_OF_TIME, *own[key[1]], *values)


def _find_backdated_indexes(stream: Sequence[RecordedEvent]) -> Iterator[int]:
    latest = stream[0].occurred_at
    for index, recorded in enumerate(stream):
        if recorded.occurred_at < latest:
            yield index
        latest = max(latest, recorded.occurred_at)


def _compute_facts_after(stream: StreamEvents, count: int) -> tuple[_Facts, list[_Deferral]]:
    """The facts and the deferrals of a stream's first events."""

    def make() -> tuple[_Facts, list[_Deferral]]:
        deferrals: list[_Deferral] = []
        in_time = sorted(
            stream.prepared[:count], key=lambda prepared: (prepared.occurred_micros, prepared.event.version)
        )
        return _compute_goal_facts(in_time, None, deferrals), deferrals

    return cast("tuple[_Facts, list[_Deferral]]", stream.memoize(("facts", count), make))


def _compute_goal_facts(stream: Sequence[PreparedEvent], goal: Goal | None, deferrals: list[_Deferral]) -> _Facts:
    """The facts of a goal's events, given in the order of business time; `goal` as it stood before them.

    `deferrals`: those before, to which theirs are added.
    """
    facts: _Facts = {}
    for entry in stream:
        before, goal = goal, entry.evolve_once(goal, evolve)
        recorded, event, key = entry.event, entry.event.data, entry.event_id
        if isinstance(goal, Promised) and isinstance(before, Negotiating):
            facts[ADDITIONS.name, key] = _promise_addition(before, goal, recorded)
            if goal.follow_up_of is not None:
                facts[REVERSALS.name, key, ANY_DROP] = (str(goal.owner), str(goal.follow_up_of), ANY_DROP)
        elif isinstance(before, Promised) and isinstance(goal, Promised) and isinstance(event, e.ChangeAccepted):
            _add_change_facts(before, goal, recorded, facts)
            _add_reversal_facts(before, goal, key, deferrals, facts)
            if goal.terms.due > before.terms.due:
                deferrals.append((key, before.terms.due))
        elif isinstance(before, Promised) and isinstance(event, _DROP_EVENTS):
            facts[TRADE_OFFS.name, key] = _trade_off_columns(before, None, "drop", event.trade_offs, before.terms.due)
        elif isinstance(event, _READING_EVENTS) and event.value is not None:
            facts[VALUES.name, key] = (event.value, to_column_value(event.corrects))
        elif isinstance(event, e.StatementTakenBack):
            facts[VALUES.name, key] = (None, to_column_value(event.corrects))
    return facts


def _promise_addition(asked: Negotiating, goal: Promised, recorded: RecordedEvent) -> tuple[Any, ...]:
    own = recorded.data.trade_offs if isinstance(recorded.data, e.GoalPromised) else ()
    requester = goal.sponsor if goal.requested_by == "sponsor" else goal.owner
    asking = tuple(dict.fromkeys(event for event in (asked.opened_event, asked.open) if event is not None))
    return _addition_columns("promise", goal, requester, None, (*asked.trade_offs, *own), asking)


def _addition_columns(  # noqa: PLR0913 - what was taken on, by whose asking, and where that can be read
    kind: str,
    goal: Promised,
    requester: UUID,
    old_effort: str | None,
    trade_offs: Sequence[e.TradeOff],
    sources: Sequence[UUID],
) -> tuple[Any, ...]:
    named = [(t.kind, to_column_value(t.goal)) for t in trade_offs if t.goal is not None or t.kind == "capacity"]
    load = to_commitment(goal)
    return (
        kind,
        str(goal.owner),
        to_column_value(goal.team),
        str(requester),
        1 if goal.imposed and kind == "promise" else 0,
        goal.terms.effort_hours,
        old_effort,
        goal.exact_progress or goal.progress,
        goal.terms.start.isoformat(),
        goal.terms.due.isoformat(),
        1 if load is not None and load.weightless else 0,
        _encode_json(named),
        _encode_json(sources),
    )


def _add_change_facts(before: Promised, goal: Promised, recorded: RecordedEvent, facts: _Facts) -> None:
    """An accepted change may add to one owner's load, take from one's, or both."""
    proposal = before.proposal
    if proposal is None or not isinstance(recorded.data, e.ChangeAccepted):
        return
    key, trade_offs = str(recorded.event_id), (*proposal.trade_offs, *recorded.data.trade_offs)
    requester = before.sponsor if proposal.by == "sponsor" else before.owner
    old, new = before.terms.effort_hours, goal.terms.effort_hours
    moved = goal.owner != before.owner
    grown = old is not None and new is not None and to_fraction(new) - to_fraction(old)
    if moved:
        sources = goal.list_sources("effort_hours", "start", "due", "owner", "progress")
        facts[ADDITIONS.name, key] = _addition_columns("hand_over", goal, requester, None, trade_offs, sources)
    elif grown and grown > 0:
        sources = (*before.list_sources("effort_hours"), proposal.id)
        facts[ADDITIONS.name, key] = _addition_columns("change", goal, requester, old, trade_offs, sources)
    kinds = {
        "hand_over": moved,
        "pause": proposal.changes.pause is not None,
        "defer": goal.terms.due > before.terms.due or goal.terms.start > before.terms.start,
        "rescope": bool(grown and grown < 0),
    }
    if any(kinds.values()):
        left = None if moved or kinds["pause"] else goal
        facts[TRADE_OFFS.name, key] = _trade_off_columns(
            before, left, " ".join(k for k, held in kinds.items() if held), trade_offs, goal.terms.due
        )


#: What a commitment that gives way is measured by.
_TRADED_FIELDS: tuple[SourceField, ...] = (
    *("effort_hours", "start", "due", "priority", "pause", "owner", "progress", "blockers"),
)


def _trade_off_columns(
    before: Promised, after: Promised | None, kinds: str, trade_offs: Sequence[e.TradeOff], new_due: date
) -> tuple[Any, ...]:
    return (
        str(before.owner),
        to_column_value(before.team),
        kinds,
        str(before.terms.priority),
        before.terms.due.isoformat(),
        new_due.isoformat(),
        _encode_json(to_commitment(before)),
        None if after is None else _encode_json(to_commitment(after)),
        _encode_json([str(t.for_) for t in trade_offs if t.for_ is not None]),
        _encode_json([*before.list_sources(*_TRADED_FIELDS), *([before.proposal.id] if before.proposal else [])]),
    )


def _add_reversal_facts(
    before: Promised, goal: Promised, key: str, deferrals: Sequence[_Deferral], facts: _Facts
) -> None:
    """Every deferral of this goal whose old due is reached again, or passed, by a due that moves back."""
    if goal.terms.due < before.terms.due:
        for deferral, old_due in deferrals:
            if goal.terms.due <= old_due < before.terms.due:
                facts[REVERSALS.name, key, deferral] = (str(goal.owner), str(goal.id), deferral)
