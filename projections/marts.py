"""Marts for analysis elsewhere: facts with stable names, one comment per column, none of people's words.

Follow them by position: what is given behind the last position seen is to be upserted by the mart's key, or removed
where it is `deleted`. The two come to what a whole export gives, for every history and wherever it is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.calendar import monday
from domain.goal.events import ChangeAccepted, ChangeCountered, ChangeProposed
from domain.instants import format_instant, from_micros, to_micros
from domain.load import line_of_week, place, week_loads_of_placed
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements
from projections.figures import WHOLE_ORGANISATION
from projections.overload.queries import OverloadFacts
from projections.people import members_at, organisation_at

_SQL = "marts"
#: Events read at a time.
PAGE_SIZE = 500
_WEEK = timedelta(days=7)

ColumnType = Literal["uuid", "text", "integer", "boolean", "date", "timestamp", "decimal", "json"]


class MartColumn(msgspec.Struct, frozen=True):
    """One column. A timestamp is RFC 3339 in UTC, a date ISO, a decimal text, `json` any JSON value."""

    name: str
    type: ColumnType
    comment: str
    nullable: bool = False


#: Last in every mart.
_DELETED = MartColumn("deleted", "boolean", "true: no row has this key any more; all but position and key is empty.")


class Mart(msgspec.Struct, frozen=True):
    """One mart: what its rows are, and how to read them."""

    name: str
    comment: str
    key: tuple[str, ...]
    columns: tuple[MartColumn, ...]
    #: (database, as_of, after) -> the rows behind that position, values in the order of the columns.
    rows: Callable[[Database, AsOf, int], Iterator[tuple[Any, ...]]]


def _read_pages(database: Database, as_of: AsOf, after: int, name: str) -> Iterator[list[Row]]:
    while True:
        params = {
            "organisation_id": str(as_of.organisation_id),
            "known": as_of.known_position,
            "after": after,
            "rows": PAGE_SIZE,
        }
        rows = database.query(named_statements(_SQL)[name], params)
        if not rows:
            return
        yield rows
        after = rows[-1].position


def _load_refs(database: Database, as_of: AsOf, rows: list[Row]) -> dict[str, str | None]:
    """Goal id -> the source's own id of it."""
    ids = {f"i{n}": goal for n, goal in enumerate(sorted({row.stream_id for row in rows}))}
    sql = named_statements(_SQL)["refs"].replace(":ids", ", ".join(f":{name}" for name in ids))
    found = database.query(sql, {"organisation_id": str(as_of.organisation_id), "known": as_of.known_position, **ids})
    return {row.stream_id: row.ref for row in found}


def _format_timestamp(value: int) -> str:
    return format_instant(from_micros(value))


def _reason_code(reason: str | None) -> str | None:
    return None if reason is None else msgspec.json.decode(reason)["code"]


# --- fact_goal_event ---------------------------------------------------------------------------------------------


def _goal_event_rows(database: Database, as_of: AsOf, after: int) -> Iterator[tuple[Any, ...]]:
    for page in _read_pages(database, as_of, after, "goal_events"):
        refs = _load_refs(database, as_of, page)
        for row in page:
            before, now = msgspec.json.decode(row.before), msgspec.json.decode(row.after)
            yield (
                row.position,
                row.event_id,
                row.stream_id,
                refs.get(row.stream_id),
                row.version,
                row.type,
                _format_timestamp(row.occurred_at),
                _format_timestamp(row.recorded_at),
                row.on_behalf_of or row.actor,
                row.actor,
                row.source,
                _reason_code(row.reason),
                before.get("state"),
                now.get("state"),
                False,
            )


_EVENT_COLUMNS = (
    MartColumn("position", "integer", "The organisation's gapless, commit-ordered sequence."),
    MartColumn("event_id", "uuid", "The event."),
    MartColumn("goal_id", "uuid", "The goal."),
    MartColumn("goal_ref", "text", "The source's own id of the goal.", nullable=True),
)

FACT_GOAL_EVENT = Mart(
    name="fact_goal_event",
    comment="One row per event of a goal's life.",
    key=("event_id",),
    columns=(
        *_EVENT_COLUMNS,
        MartColumn("version", "integer", "Version of the goal at this event, from 1."),
        MartColumn("type", "text", "The event's tag with its version."),
        MartColumn("occurred_at", "timestamp", "Business time; of a timer the instant at which it fell due."),
        MartColumn("recorded_at", "timestamp", "When it was recorded."),
        MartColumn("party", "uuid", "The member whose act it was; empty for a timer.", nullable=True),
        MartColumn("actor", "uuid", "The member who recorded it; empty for a timer.", nullable=True),
        MartColumn("source", "text", "api, import, timer or worker."),
        MartColumn("reason_code", "text", "Why, as a code; the words stay inside.", nullable=True),
        MartColumn("old_state", "text", "State before, where the event changed it.", nullable=True),
        MartColumn("new_state", "text", "State after, where the event changed it.", nullable=True),
        _DELETED,
    ),
    rows=_goal_event_rows,
)

# --- fact_goal_change --------------------------------------------------------------------------------------------

#: Material fields: what a change of terms can be about.
_MATERIAL_FIELDS = (
    *("outcome", "measure", "conditions", "start", "due", "effort_hours", "priority", "supports"),
    *("owner", "sponsor", "pause"),
)


#: Field -> the place of its `old_...` among the typed columns.
_TYPED_PLACES = {"start": 0, "due": 0, "effort_hours": 2} | dict.fromkeys(
    ("outcome", "priority", "owner", "sponsor"), 4
)


def _goal_change_rows(database: Database, as_of: AsOf, after: int) -> Iterator[tuple[Any, ...]]:
    for page in _read_pages(database, as_of, after, "accepted_changes"):
        refs, proposals = _load_refs(database, as_of, page), _load_proposals(database, as_of, page)
        for row in page:
            accepted = msgspec.json.decode(row.data, type=ChangeAccepted)
            proposal = proposals[str(accepted.answers)]
            proposed = msgspec.json.decode(proposal.data, type=ChangeProposed | ChangeCountered)
            before, now = msgspec.json.decode(row.before), msgspec.json.decode(row.after)
            for name in _MATERIAL_FIELDS:
                if name in now:
                    yield (
                        row.position,
                        row.event_id,
                        row.stream_id,
                        refs.get(row.stream_id),
                        name,
                        before.get(name),
                        now[name],
                        _format_timestamp(row.occurred_at),
                        proposal.event_id,
                        _format_timestamp(proposal.occurred_at),
                        proposed.by,
                        proposal.on_behalf_of or proposal.actor,
                        row.on_behalf_of or row.actor,
                        _reason_code(proposal.reason),
                        proposed.in_time,
                        proposed.retroactive,
                        *_typed_values(name, before.get(name), now[name]),
                        False,
                    )


def _typed_values(field: str, old: Any, new: Any) -> tuple[Any, ...]:
    """The values in the columns of their type; lists and objects are in `old` and `new` alone."""
    place = _TYPED_PLACES.get(field)
    values: list[Any] = [None] * 6
    if place is not None:
        values[place : place + 2] = [old, new]
    return tuple(values)


def _load_proposals(database: Database, as_of: AsOf, rows: list[Row]) -> dict[str, Row]:
    """Event id -> the proposal or counter that was accepted."""
    answered = [str(msgspec.json.decode(row.data, type=ChangeAccepted).answers) for row in rows]
    streams = {f"s{n}": goal for n, goal in enumerate(sorted({row.stream_id for row in rows}))}
    sql = named_statements(_SQL)["proposals"].replace(":streams", ", ".join(f":{name}" for name in streams))
    found = database.query(
        sql, {"organisation_id": str(as_of.organisation_id), "known": as_of.known_position, **streams}
    )
    wanted = set(answered)
    return {row.event_id: row for row in found if row.event_id in wanted}


FACT_GOAL_CHANGE = Mart(
    name="fact_goal_change",
    comment="One row per field that an accepted change of terms set anew.",
    key=("event_id", "field"),
    columns=(
        *_EVENT_COLUMNS,
        MartColumn("field", "text", "The field of the terms."),
        MartColumn("old", "json", "Its value before.", nullable=True),
        MartColumn("new", "json", "Its value from then on.", nullable=True),
        MartColumn("accepted_at", "timestamp", "Business time of the acceptance (`event_id`)."),
        MartColumn("proposal_id", "uuid", "The proposal or counter that was accepted."),
        MartColumn("proposed_at", "timestamp", "Business time of the proposal."),
        MartColumn("proposed_by", "text", "owner or sponsor."),
        MartColumn("proposer", "uuid", "The member who proposed.", nullable=True),
        MartColumn("consenter", "uuid", "The member who accepted.", nullable=True),
        MartColumn("reason_code", "text", "Why it was proposed, as a code.", nullable=True),
        MartColumn("in_time", "boolean", "Proposed before the notice ran out."),
        MartColumn("retroactive", "boolean", "Imported with a new due date that was past already."),
        MartColumn("old_date", "date", "`old` of `start` and `due`.", nullable=True),
        MartColumn("new_date", "date", "`new` of `start` and `due`.", nullable=True),
        MartColumn("old_number", "decimal", "`old` of `effort_hours`.", nullable=True),
        MartColumn("new_number", "decimal", "`new` of `effort_hours`.", nullable=True),
        MartColumn("old_text", "text", "`old` of `outcome`, `priority`, `owner` and `sponsor`.", nullable=True),
        MartColumn("new_text", "text", "`new` of `outcome`, `priority`, `owner` and `sponsor`.", nullable=True),
        _DELETED,
    ),
    rows=_goal_change_rows,
)

# --- fact_load_week ----------------------------------------------------------------------------------------------


def _week_load_rows(database: Database, as_of: AsOf, after: int) -> Iterator[tuple[Any, ...]]:
    """Each joined member's week as it stood when it began: the weeks that may differ from an export up to `after`.

    A fact bears on no week before its own, and the last week is that of the last business time: nothing depends on the
    day of the export. A member who was there and, by what was recorded since, had left already, has no row any more.
    """
    organisation = organisation_at(database, as_of)
    if organisation is None:
        return
    params = {**as_of.params, "after": after}
    exported = database.query(named_statements(_SQL)["exported"], params)[0]
    rows = database.query(named_statements(_SQL)["happened"], params)
    exported_week = None if exported.last is None else _week_of(exported.last, as_of.tzinfo)
    events = [(row.position, _week_of(row.occurred_at, as_of.tzinfo)) for row in rows]
    for week, position in _changed_weeks(events, exported_week):
        at = datetime.combine(week, time(), as_of.tzinfo).astimezone(UTC)
        then = msgspec.structs.replace(as_of, at=at, today=week, policy=organisation.policy_at(at))
        evidence = OverloadFacts(database, then, WHOLE_ORGANISATION)
        for member in evidence.members:
            yield (position, str(member), week.isoformat(), *_week_load_values(evidence, member), False)
        if exported_week is not None and week <= exported_week:
            before = msgspec.structs.replace(then, known_position=exported.known)
            for gone in sorted({member.id for member in members_at(database, before)}.difference(evidence.members)):
                yield (position, str(gone), week.isoformat(), *_NO_VALUES, True)


def _week_of(micros: int, zone: ZoneInfo) -> date:
    """The Monday of the week in which an instant (microseconds UTC) lies."""
    return monday(from_micros(micros).astimezone(zone).date())


def _changed_weeks(events: Sequence[tuple[int, date]], exported_week: date | None) -> Iterator[tuple[date, int]]:
    """The weeks that these events (position, own week; by position) changed or added, and the position of each.

    That is the position of the last event in or before the week or, if it is later, of the first one in or after it,
    with which the week came to be exported. `exported_week`: the last week that was exported before them.
    """
    if not events:
        return
    last_within = {week: position for position, week in events}
    first, last = min(last_within), max(last_within)
    if exported_week is not None:
        first, last = min(first, exported_week + _WEEK), max(last, exported_week)
    in_order = iter(events)
    position, reached = next(in_order)
    latest = 0
    for week in _iter_mondays(first, last):
        latest = max(latest, last_within.get(week, 0))
        if exported_week is not None and week <= exported_week:
            yield week, latest
            continue
        while reached < week:
            position, reached = next(in_order)
        yield week, max(latest, position)


def _iter_mondays(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _WEEK


def _week_load_values(evidence: OverloadFacts, member: UUID) -> tuple[Any, ...]:
    declared = evidence.availability_of(member).availability_at(to_micros(evidence.as_of.at))
    commitments = [
        evidence.with_estimate(held.commitment, held.team) for held in evidence.promises_by_owner.get(member, [])
    ]
    laid = place(commitments, evidence.today, declared.presence, evidence.policy)
    load = week_loads_of_placed(laid, declared.segments, declared.presence, evidence.today, weeks=1)[0]
    return (
        round(load.planned * 60),
        round(load.available * 60),
        None if load.ratio is None else round(load.ratio * 10_000),
        round(load.estimated * 60),
        load.goals,
        load.default_hours,
        line_of_week(load, evidence.policy),
        evidence.as_of.policy.version,
    )


#: Of a row that is gone: as many as `_week_load_values` gives.
_NO_VALUES = (None,) * 8

FACT_LOAD_WEEK = Mart(
    name="fact_load_week",
    comment="One row per joined member and week, as it stood when the week began.",
    key=("member_id", "week"),
    columns=(
        MartColumn("position", "integer", "The last position that bears on the week, or added it."),
        MartColumn("member_id", "uuid", "The member."),
        MartColumn("week", "date", "The week's Monday, in the organisation's zone."),
        MartColumn("planned_minutes", "integer", "What the member's live promises ask for in that week."),
        MartColumn("available_minutes", "integer", "Declared hours x focus, less absences."),
        MartColumn("ratio_bp", "integer", "Planned / available, basis points; empty: no capacity.", nullable=True),
        MartColumn("estimated_minutes", "integer", "The part of planned that rests on efforts that were not stated."),
        MartColumn("goals", "integer", "Promises with hours in that week."),
        MartColumn("default_hours", "boolean", "Available rests on the policy's default hours."),
        MartColumn(
            "line",
            "text",
            "amber or red: the load line that it is over; empty: none, or all of planned is estimated.",
            nullable=True,
        ),
        MartColumn("policy_version", "integer", "The policy by which it was computed."),
        _DELETED,
    ),
    rows=_week_load_rows,
)

MARTS: dict[str, Mart] = {mart.name: mart for mart in (FACT_GOAL_EVENT, FACT_GOAL_CHANGE, FACT_LOAD_WEEK)}
