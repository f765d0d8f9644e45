"""Marts for analysis elsewhere: facts with stable names, one comment per column, none of people's words.

Follow them by position: what is given behind the last position seen is to be upserted by the mart's key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.calendar import monday
from domain.goal.events import ChangeAccepted, ChangeCountered, ChangeProposed
from domain.instants import from_micros, to_micros
from domain.load import line_crossed, place, week_loads_of_placed
from projections.as_of import AsOf
from projections.database.database import Database, Row, named_statements
from projections.figures import WHOLE_ORGANISATION
from projections.overload.queries import OverloadFacts
from projections.people import organisation_at

_SQL = "marts"
#: Events read at a time.
PAGE_SIZE = 500

ColumnType = Literal["uuid", "text", "integer", "boolean", "date", "timestamp", "json"]


class MartColumn(msgspec.Struct, frozen=True):
    """One column. A timestamp is RFC 3339 in UTC, a date ISO, `json` any JSON value."""

    name: str
    type: ColumnType
    comment: str
    nullable: bool = False


class Mart(msgspec.Struct, frozen=True):
    """One mart: what its rows are, and how to read them."""

    name: str
    comment: str
    key: tuple[str, ...]
    columns: tuple[MartColumn, ...]
    #: (database, as_of, after) -> the rows behind that position, values in the order of the columns.
    rows: Callable[[Database, AsOf, int], Iterator[tuple[Any, ...]]]


def load_watermark(database: Database, as_of: AsOf) -> int:
    """The organisation's last position that `as_of` knows: the `after` of the next export."""
    return int(database.query(named_statements(_SQL)["watermark"], as_of.params)[0].position or 0)


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
    return from_micros(value).isoformat().replace("+00:00", "Z")


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
    ),
    rows=_goal_event_rows,
)

# --- fact_goal_change --------------------------------------------------------------------------------------------

#: Material fields: what a change of terms can be about.
_MATERIAL_FIELDS = (
    *("outcome", "measure", "conditions", "start", "due", "effort_hours", "priority", "supports"),
    *("owner", "sponsor", "pause"),
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
                    )


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
    ),
    rows=_goal_change_rows,
)

# --- fact_load_week ----------------------------------------------------------------------------------------------


def _week_load_rows(database: Database, as_of: AsOf, after: int) -> Iterator[tuple[Any, ...]]:
    """Each joined member's week as it stood when it began; those on which events behind `after` may bear.

    A fact bears on no week before its business time, and the last week listed is that of the last business time:
    nothing depends on the day of the export.
    """
    organisation = organisation_at(database, as_of)
    span = database.query(named_statements(_SQL)["span"], {**as_of.params, "after": after})[0]
    if organisation is None or span.first is None:
        return
    position, zone = load_watermark(database, as_of), as_of.tzinfo
    first, last = (monday(from_micros(at).astimezone(zone).date()) for at in (span.first, span.last))
    for week in _iter_mondays(first, last):
        at = datetime.combine(week, time(), zone).astimezone(UTC)
        then = msgspec.structs.replace(as_of, at=at, today=week, policy=organisation.policy_at(at))
        evidence = OverloadFacts(database, then, WHOLE_ORGANISATION)
        for member in evidence.members:
            yield (position, str(member), week.isoformat(), *_week_load_values(evidence, member))


def _iter_mondays(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=7)


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
        line_crossed(load.ratio, evidence.policy),
        evidence.as_of.policy.version,
    )


FACT_LOAD_WEEK = Mart(
    name="fact_load_week",
    comment="One row per joined member and week, as it stood when the week began.",
    key=("member_id", "week"),
    columns=(
        MartColumn("position", "integer", "The position up to which the row was computed."),
        MartColumn("member_id", "uuid", "The member."),
        MartColumn("week", "date", "The week's Monday, in the organisation's zone."),
        MartColumn("planned_minutes", "integer", "What the member's live promises ask for in that week."),
        MartColumn("available_minutes", "integer", "Declared hours x focus, less absences."),
        MartColumn("ratio_bp", "integer", "Planned / available, basis points; empty: no capacity.", nullable=True),
        MartColumn("estimated_minutes", "integer", "The part of planned that rests on an effort nobody stated."),
        MartColumn("goals", "integer", "Promises with hours in that week."),
        MartColumn("default_hours", "boolean", "Available rests on the policy's default hours."),
        MartColumn("line", "text", "amber or red: the load line that it is over.", nullable=True),
        MartColumn("policy_version", "integer", "The policy by which it was computed."),
    ),
    rows=_week_load_rows,
)

MARTS: dict[str, Mart] = {mart.name: mart for mart in (FACT_GOAL_EVENT, FACT_GOAL_CHANGE, FACT_LOAD_WEEK)}
