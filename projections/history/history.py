"""Every event of every stream, with what it changed: the material of history, why, diff and the change marts.

Before and after are folded in the order of the log, so a row never changes once it is written. A proposal or counter
changes nothing yet: its row states what *would* change, against the terms in force.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec

from domain.charter.events import Acknowledged, BreachRaised
from domain.charter.state import Charter
from domain.cycle.state import Closed, Cycle
from domain.decision.state import Decision
from domain.envelope import RecordedEvent
from domain.errors import InvalidField, NotFound
from domain.experiment.state import Experiment
from domain.goal.events import ChangeCountered, ChangeProposed
from domain.goal.state import Goal, promise_of
from domain.instants import encode_json, from_micros, to_micros
from domain.key.key import ApiKey
from domain.member.member import Member
from domain.organisation.organisation import Organisation
from domain.pulse.pulse import Pulse
from domain.reasons import Reason
from domain.recognition.recognition import Recognition
from domain.registry import AGGREGATES
from domain.subscription.subscription import Subscription
from domain.team.team import Team
from projections import goals
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements, to_id
from projections.database.paging import MAX_PAGE_SIZE
from projections.database.tables import END_OF_TIME, SYSTEM_TIME, Column, Table
from projections.engine.stream_events import PreparedEvent, StreamEvents, to_column_value
from projections.history.narrative.context import NarrativeContext, find_ids
from projections.history.narrative.goals import narrate
from projections.sight import Sight, StoredEntry

_SQL = "history"
Values = dict[str, Any]

#: What can be asked about a goal, field by field: the terms first, then who, then how it stands.
TERMS_FIELDS = ("outcome", "measure", "conditions", "kind", "start", "due", "effort_hours", "priority", "supports")
FIELDS = (
    *TERMS_FIELDS,
    *("owner", "sponsor", "team", "title", "description", "tags"),
    *("state", "pause", "progress", "confidence", "value"),
)
_GOAL_FIELDS = ("state", "title", "description", "tags", "team", "owner", "sponsor")
_PROMISE_FIELDS = ("pause", "progress", "confidence", "value")
# In C: every event of a goal asks for all of them.
_get_goal_fields, _get_terms_fields = attrgetter(*_GOAL_FIELDS), attrgetter(*TERMS_FIELDS)
_get_promise_fields = attrgetter(*_PROMISE_FIELDS)


def goal_values(goal: Goal | None) -> Values:
    """Every field of `FIELDS` that the goal has a value for."""
    if goal is None:
        return {}
    promised = promise_of(goal)
    values: Values = dict(zip(_GOAL_FIELDS, _get_goal_fields(goal), strict=True))
    if goal.terms is not None:
        values |= zip(TERMS_FIELDS, _get_terms_fields(goal.terms), strict=True)
    if promised is not None:
        values |= zip(_PROMISE_FIELDS, _get_promise_fields(promised), strict=True)
    # Compared once here: ids would each be compared three times.
    return {name: value for name, value in values.items() if value or value not in (None, "", ())}


def _member_values(state: Member | None) -> Values:
    if state is None:
        return {}
    fields = ("name", "ref", "joined_at", "left_at", "teams", "capacities", "absences", "roles")
    return {name: value for name in fields if (value := getattr(state, name)) not in (None, "", ())}


def _team_values(state: Team | None) -> Values:
    if state is None:
        return {}
    archived = {} if state.archived_at is None else {"archived_at": state.archived_at}
    return {"name": state.name, "lead": state.lead, **archived}


def _organisation_values(state: Organisation | None) -> Values:
    if state is None:
        return {}
    policy = state.policies[-1].policy
    return {"name": state.name, "zone": state.zone, **{f: getattr(policy, f) for f in policy.__struct_fields__}}


def _cycle_values(state: Cycle | None) -> Values:
    if state is None:
        return {}
    fields = ("name", "starts", "ends", "goals", "improvements")
    values: Values = {"state": "closed" if isinstance(state, Closed) else "open"}
    return values | {name: value for name in fields if (value := getattr(state, name)) not in (None, "", ())}


def _charter_values(state: Charter | None) -> Values:
    """What everybody may read of it; acknowledgements and breaches stand in their events alone."""
    if state is None:
        return {}
    values: Values = {}
    if state.purpose is not None:
        why = state.purpose.why
        values["purpose_version"] = state.purpose.version
        values |= {"purpose": why.text, **{f: getattr(why, f) for f in why.__struct_fields__ if f != "text"}}
    values["non_negotiables"] = [
        {"id": n.id, "text": n.text, "version": n.version} for n in state.non_negotiables_in_force
    ]
    values["freedoms"], values["rituals"] = state.freedoms, state.rituals
    values["in_force_since"] = state.in_force_since
    return {name: value for name, value in values.items() if value not in (None, "", (), [])}


def _decision_values(state: Decision | None) -> Values:
    """Options by their words; perspectives and objections stand in the events alone."""
    if state is None:
        return {}
    words = {option.id: option.text for option in state.options}
    fields = ("question", "options", "deciders", "deadline", "fallback", "about", "review_on")
    values: Values = {"state": state.state, **{name: getattr(state, name) for name in fields}}
    values["consents"] = [{"by": c.decider, "option": words.get(c.option, c.option)} for c in state.consents]
    values["objections"] = [
        {"id": o.id, "by": o.by, "option": words.get(o.option, o.option), "settled": o.settled}
        for o in state.objections
    ]
    if state.decided is not None and state.decided.option is not None:
        values["decided"] = words.get(state.decided.option, state.decided.option)
    return {name: value for name, value in values.items() if value not in (None, "", (), [])}


def _experiment_values(state: Experiment | None) -> Values:
    """What was found stands in the events alone."""
    if state is None:
        return {}
    fields = ("state", "tension", "hypothesis", "measure", "owner", "review_on", "outcome")
    return {name: value for name in fields if (value := getattr(state, name)) not in (None, "")}


def _subscription_values(state: Subscription | None) -> Values:
    if state is None:
        return {}
    fields = ("state", "url", "name", "types", "subject", "team", "payload", "ordering")
    return {field: getattr(state, field) for field in fields}


def _pulse_values(state: Pulse | None) -> Values:
    """What was found stands in the event alone: not everybody reads all of it."""
    if state is None:
        return {}
    fields = ("state", "team", "closes_at", "closed_at")
    return {name: value for name in fields if (value := getattr(state, name)) is not None}


def _recognition_values(state: Recognition | None) -> Values:
    if state is None:
        return {}
    fields = ("state", "member", "kind", "text", "goal", "cycle", "team")
    return {name: value for name in fields if (value := getattr(state, name)) is not None}


def _key_values(state: ApiKey | None) -> Values:
    if state is None:
        return {}
    fields = ("member", "scopes", "name", "expires_at", "revoked_at")
    return {name: value for name in fields if (value := getattr(state, name)) not in (None, "", ())}


_VALUES: dict[str, Callable[[Any], Values]] = {
    "goal": goal_values,
    "member": _member_values,
    "team": _team_values,
    "organisation": _organisation_values,
    "charter": _charter_values,
    "cycle": _cycle_values,
    "decision": _decision_values,
    "experiment": _experiment_values,
    "pulse": _pulse_values,
    "recognition": _recognition_values,
    "subscription": _subscription_values,
    "key": _key_values,
}


def diff_values(before: Values, after: Values) -> tuple[Values, Values]:
    """The old and the new values of what differs; what is absent on one side is None there."""
    # Most values are the very same: only the others are compared.
    names_ = [
        name for name in {**before, **after} if (old := before.get(name)) is not (new := after.get(name)) and old != new
    ]
    return {name: before.get(name) for name in names_}, {name: after.get(name) for name in names_}


def to_json_value(value: Any) -> Any:
    """A value as it reads in JSON: the same whether it was folded just now or stored."""
    return msgspec.json.decode(encode_json(value))


def compute_changed_values(event: RecordedEvent, before: Values, after: Values) -> tuple[Values, Values]:
    """What the event changed; of a proposal, what it would change."""
    old, new = diff_values(before, after)
    if isinstance(event.data, ChangeProposed | ChangeCountered):
        diff = event.data.changes
        proposed = {name: value for name in diff.__struct_fields__ if (value := getattr(diff, name)) is not None}
        old |= {name: before.get(name) for name in proposed}
        new |= proposed
    if isinstance(event.data, Acknowledged | BreachRaised):
        # They change nothing that everybody reads; their sentence names what they are about.
        about = [n for n in after.get("non_negotiables", ()) if n["id"] == event.data.non_negotiable]
        old |= {"non_negotiables": about}
        new |= {"non_negotiables": about}
    return old, new


HISTORY_TABLE = Table(
    name="history",
    comment="Every event with what it changed. A proposal's before and after say what would change.",
    columns=(
        *SYSTEM_TIME,
        Column("version", "integer", "Version of the stream at this event, from 1."),
        Column("kind", "text", "Kind of stream: goal, member, team, organisation."),
        Column("position", "integer", "The organisation's gapless, commit-ordered sequence."),
        Column("event_id", "uuid", "The event."),
        Column("type", "text", "The event's tag with its version."),
        Column("occurred_at", "integer", "Business time, microseconds UTC."),
        Column("recorded_at", "integer", "When it was recorded, microseconds UTC."),
        Column("actor", "uuid", "Member id of the principal that acted; empty for a timer.", nullable=True),
        Column("on_behalf_of", "uuid", "The member whose act it was, where another recorded it.", nullable=True),
        Column("key_id", "uuid", "The API key with which it was said.", nullable=True),
        Column("source", "text", "api, import, timer or worker."),
        Column("causation_id", "uuid", "The event or command that led to it.", nullable=True),
        Column("correlation_id", "uuid", "What belongs together."),
        Column("reason", "json", "Personal: {code, text}.", nullable=True),
        Column("before", "json", "Old values of the fields that it changed."),
        Column("after", "json", "New values of the same fields."),
        Column("data", "json", "Personal: the event itself."),
    ),
    key=("organisation_id", "stream_id", "version"),
    indexes=(
        ("organisation_id", "position"),
        ("organisation_id", "type", "occurred_at"),
        # What a search walks back along.
        ("organisation_id", "occurred_at", "position"),
        ("organisation_id", "actor", "occurred_at"),
        ("organisation_id", "on_behalf_of", "occurred_at"),
    ),
)


#: A stream's state, and its values where they were computed already.
_FoldState = tuple[Any, Values | None]


class History:
    """The projection of `HISTORY_TABLE`."""

    name = "history"
    version = 4
    kinds = frozenset(AGGREGATES)
    tables = (HISTORY_TABLE,)

    def rows(self, stream: Sequence[RecordedEvent], after: int = 0) -> dict[str, list[tuple[Any, ...]]]:
        """One row per event behind log position `after`."""
        return {self.name: _fold_rows(StreamEvents.of(stream), after, (None, None))[0] if stream else []}

    def state_after(self, stream: StreamEvents) -> _FoldState:
        """What `apply` needs to go on after a whole stream."""
        return _fold_rows(stream, END_OF_TIME, (None, None))[1]

    def apply(
        self, memory: _FoldState, events: StreamEvents
    ) -> tuple[dict[str, list[tuple[Any, ...]]], _FoldState] | None:
        """The rows of a stream's next events, and what to remember."""
        rows, memory = _fold_rows(events, 0, memory)
        return {self.name: rows}, memory


def _fold_rows(events: StreamEvents, after: int, memory: _FoldState) -> tuple[list[tuple[Any, ...]], _FoldState]:
    """The rows of the events behind a log position, and the state and its values after them."""
    found: list[tuple[Any, ...]] = []
    evolve, values_of = AGGREGATES[events.kind].evolve, _VALUES[events.kind]
    state, values = memory
    for prepared in events.prepared:
        if prepared.event.log_position <= after:
            state, values = prepared.evolve_once(state, evolve), None
            continue
        before = values_of(state) if values is None else values
        state = prepared.evolve_once(state, evolve)
        values = values_of(state)
        found.append(_build_row(events, prepared, compute_changed_values(prepared.event, before, values)))
    return found, (state, values)


HISTORY = History()


def _build_row(events: StreamEvents, prepared: PreparedEvent, changed: tuple[Values, Values]) -> tuple[Any, ...]:
    event = prepared.event
    return (
        *events.row_prefix,
        event.log_position,
        END_OF_TIME,
        event.version,
        events.kind,
        event.position,
        prepared.event_id,
        event.type,
        prepared.occurred_micros,
        prepared.recorded_micros,
        *to_column_value((event.actor, event.on_behalf_of, event.key_id)),
        *to_column_value((event.source, event.causation_id, event.correlation_id)),
        None if event.reason is None else _encode_json(event.reason),
        *map(_encode_json, (*changed, event.data)),
    )


def _encode_json(value: object) -> str:
    return encode_json(value).decode()


# --- asking ------------------------------------------------------------------------------------------------------


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event in plain words."""

    version: int
    position: int
    event_id: UUID
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: UUID | None
    on_behalf_of: UUID | None
    #: The API key with which it was said; null: none, or not known.
    key_id: UUID | None
    source: str
    causation_id: UUID | None
    reason: Reason | None
    #: Old and new values of what it changed (of a proposal: would change).
    before: Values
    after: Values
    #: One English sentence, names as they were at the time asked about.
    text: str

    @property
    def party(self) -> UUID | None:
        """Whose act it was; None for the clock."""
        return self.on_behalf_of or self.actor


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Entries in log order, and the version after which the next page begins; None: these were the last."""

    entries: list[HistoryEntry]
    next: int | None


def load_history_page(  # noqa: PLR0913 - a page of what, from where, for whom
    database: Database,
    as_of: AsOf,
    stream_id: UUID,
    *,
    sight: Sight,
    after: int = 0,
    limit: int = 100,
) -> HistoryPage:
    """One stream's entries up to the question's time, after a version of it; a filtered page may hold fewer entries.

    Raises `InvalidField` for a limit outside 1..200.
    """
    if not 1 <= limit <= MAX_PAGE_SIZE:
        raise InvalidField(f"limit must be within 1..{MAX_PAGE_SIZE}", pointer="/limit")
    params = {**as_of.params, "stream_id": str(stream_id), "after": after, "rows": limit + 1}
    rows = database.query(named_statements(_SQL)["page"], params)
    shown = render_entries(database, as_of, rows[:limit], sight)
    return HistoryPage(entries=shown, next=rows[limit - 1].version if len(rows) > limit else None)


def load_history(database: Database, as_of: AsOf, stream_id: UUID, *, sight: Sight) -> list[HistoryEntry]:
    """The same, from the first event to the last."""
    params = {**as_of.params, "stream_id": str(stream_id), "after": 0, "rows": END_OF_TIME}
    return render_entries(database, as_of, database.query(named_statements(_SQL)["page"], params), sight)


def render_entries(database: Database, as_of: AsOf, rows: Iterable[Row], sight: Sight) -> list[HistoryEntry]:
    """Rows of `history` in plain words, with the names of `as_of`; without those that may not be seen."""
    return [entry for _, entry in render_rows(database, as_of, rows, sight)]


def render_rows(
    database: Database, as_of: AsOf, rows: Iterable[Row], sight: Sight
) -> list[tuple[StoredEntry, HistoryEntry]]:
    """The same, each beside what it is made from, as far as that may be seen."""
    visible = [(row, shown) for row in rows if (shown := sight.redact_entry(_to_stored_entry(row))) is not None]
    wanted = {i for row, x in visible for i in find_ids(x.data, x.before, row.actor, row.on_behalf_of, row.stream_id)}
    known = sight.load_names(database, as_of, wanted)
    return [(happened, _render_entry(row, happened, known)) for row, happened in visible]


def load_entries(
    database: Database, as_of: AsOf, events: Collection[tuple[UUID, UUID]], sight: Sight
) -> dict[UUID, HistoryEntry]:
    """These events of these streams in plain words, by event."""
    if not events:
        return {}
    params: dict[str, str] = {}
    sql = named_statements(_SQL)["events"]
    for mark, values in ((":ids", {stream for stream, _ in events}), (":events", {event for _, event in events})):
        placeholders = {f"{mark[1:]}_{n}": str(value) for n, value in enumerate(sorted(map(str, values)))}
        params |= placeholders
        sql = sql.replace(f"({mark})", f"({', '.join(f':{key}' for key in placeholders)})")
    return {
        entry.event_id: entry
        for entry in render_entries(database, as_of, database.query(sql, {**as_of.params, **params}), sight)
    }


def _to_stored_entry(row: Row) -> StoredEntry:
    return StoredEntry(
        kind=row.kind,
        stream_id=row.stream_id,
        version=row.version,
        type=row.type,
        data=row.data,
        before=row.before,
        after=row.after,
    )


def _render_entry(row: Row, happened: StoredEntry, known: Mapping[str, str]) -> HistoryEntry:
    reason = None if row.reason is None else msgspec.json.decode(row.reason, type=Reason)
    before, after = msgspec.json.decode(happened.before), msgspec.json.decode(happened.after)
    party = row.on_behalf_of or row.actor
    context = NarrativeContext(
        type=row.type,
        data=happened.data,
        stream_id=row.stream_id,
        party=party,
        reason=reason,
        before=before,
        after=after,
        names=known,
    )
    return HistoryEntry(
        version=row.version,
        position=row.position,
        event_id=to_id(row.event_id),
        type=row.type,
        occurred_at=from_micros(row.occurred_at),
        recorded_at=from_micros(row.recorded_at),
        actor=_to_id(row.actor),
        on_behalf_of=_to_id(row.on_behalf_of),
        key_id=_to_id(row.key_id),
        source=row.source,
        causation_id=_to_id(row.causation_id),
        reason=reason,
        before=before,
        after=after,
        text=narrate(context),
    )


def _to_id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field at two times, and the events in between that changed it."""

    field: str
    before: Any
    after: Any
    events: list[UUID]


def diff_goal(database: Database, first: AsOf, second: AsOf, goal_id: UUID) -> list[FieldChange]:
    """What differs in a goal between two questions, field by field in the order of `FIELDS`.

    `before` is empty where the goal did not exist yet. Raises `NotFound` where it does not exist at the second.
    """
    old, new = goals.goal_at(database, first, goal_id), goals.goal_at(database, second, goal_id)
    if new is None:
        raise NotFound("no such goal at that time")
    before, after = diff_values(goal_values(old), goal_values(new))
    params = {**second.params, "stream_id": str(goal_id), "since": to_micros(first.at), "knew": first.known_position}
    rows = database.query(named_statements(_SQL)["between"], params)
    by_event = [(to_id(row.event_id), row.type, msgspec.json.decode(row.after)) for row in rows]
    return [
        FieldChange(
            field=name,
            before=to_json_value(before[name]),
            after=to_json_value(after[name]),
            events=[event for event, tag, said in by_event if name in said and tag not in CHANGE_PROPOSAL_TAGS],
        )
        for name in FIELDS
        if name in after
    ]


#: Tags of events that only say what would change.
CHANGE_PROPOSAL_TAGS = frozenset(str(cls.__struct_config__.tag) for cls in (ChangeProposed, ChangeCountered))
