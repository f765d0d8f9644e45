"""`fact_load_week`: each member's week as it stood when it began.

It depends on many streams, so it is computed from the views: for an export when it is asked for, and for the table that
others read by `projections.marts.snapshots`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.calendar import monday
from domain.instants import from_micros, to_micros
from domain.load import line_of_week, place, week_loads_of_placed
from domain.organisation.organisation import Organisation
from projections.as_of import AsOf
from projections.database.database import Database, named_statements
from projections.figures import WHOLE_ORGANISATION
from projections.marts.columns import DELETED, Mart, MartColumn, member_column
from projections.overload.queries import OverloadFacts
from projections.people import members_at, organisation_at

_SQL = "marts"
_WEEK = timedelta(days=7)


def list_week_loads(database: Database, as_of: AsOf, after: int) -> Iterator[tuple[Any, ...]]:
    """Each joined member's week as it stood when it began: the weeks that may differ from an export up to `after`.

    A fact bears on no week that began before it, and the last week is that of the last business time: nothing depends
    on the day of the export. A member who was there and, by what was recorded since, had left already, has no row any
    more.
    """
    # An import reaches further back than the organisation itself: the defaults hold there.
    organisation = organisation_at(database, as_of) or Organisation(id=as_of.organisation_id, name="")
    params = {**as_of.params, "after": after}
    before = database.query(named_statements(_SQL)["exported"], params)[0]
    happened = database.query(named_statements(_SQL)["happened"], params)
    zone = as_of.tzinfo
    exported = None if before.last is None else (_week_of(before.first, zone), _week_of(before.last, zone))
    events = [build_week_event(row.position, row.event_id, row.occurred_at, zone) for row in happened]
    last_week = monday(as_of.today)
    event_ids = {event.position: event.event_id for event in events}
    for week, position in list_changed_weeks(events, exported):
        if week > last_week:
            break
        then = view_of_week(as_of, organisation, week)
        rows = list(list_rows_of_week(database, then, position, event_ids[position]))
        yield from rows
        if exported is not None and exported[0] <= week <= exported[1]:
            known_before = msgspec.structs.replace(then, known_position=before.known)
            were_there = {str(member.id) for member in members_at(database, known_before)}
            for gone in sorted(were_there.difference(row[1] for row in rows)):
                yield (position, gone, week.isoformat(), *_NO_VALUES, None, 1)


def list_rows_of_week(database: Database, as_of: AsOf, position: int, event_id: str) -> Iterator[tuple[Any, ...]]:
    """The rows of one week, whose Monday is `as_of.today`: a function of what `as_of` shows of people and promises.

    It reads the views of members, promises and declared capacities, and no others.
    """
    evidence = OverloadFacts(database, as_of, WHOLE_ORGANISATION)
    for member in evidence.members:
        values = _week_load_values(evidence, member)
        yield (position, str(member), as_of.today.isoformat(), *values, event_id, 0)


def view_of_week(as_of: AsOf, organisation: Organisation, week: date) -> AsOf:
    """What is seen as of the instant at which a week begins."""
    at = beginning_of(week, as_of.tzinfo)
    return msgspec.structs.replace(as_of, at=at, today=week, policy=organisation.policy_at(at))


class WeekEvent(NamedTuple):
    """An event: its position, the week that it lies in, and the first week that begins with or after it."""

    position: int
    event_id: str
    week: date
    bears_from: date


def build_week_event(position: int, event_id: str, micros: int, zone: ZoneInfo) -> WeekEvent:
    """An event of an instant in microseconds UTC; weeks are the zone's."""
    week = _week_of(micros, zone)
    begins = from_micros(micros) == beginning_of(week, zone)
    return WeekEvent(position, event_id, week, week if begins else week + _WEEK)


def beginning_of(week: date, zone: ZoneInfo) -> datetime:
    """The instant at which a Monday begins, UTC."""
    return datetime.combine(week, time(), zone).astimezone(UTC)


def _week_of(micros: int, zone: ZoneInfo) -> date:
    """The Monday of the week in which an instant (microseconds UTC) lies."""
    return monday(from_micros(micros).astimezone(zone).date())


def list_changed_weeks(events: Sequence[WeekEvent], exported: tuple[date, date] | None) -> Iterator[tuple[date, int]]:
    """The weeks that these events (by position) changed or added, ascending, and the position of each.

    That is the position of the last event that bears on the week or, if it is later, of the one with which the week
    came to be exported. `exported`: the first and the last week that were exported before them.
    """
    added, span = dict[date, int](), exported
    for event in events:
        first, last = span or (event.week, event.week - _WEEK)
        added |= dict.fromkeys(_iter_mondays(last + _WEEK, event.week), event.position)
        added |= dict.fromkeys(_iter_mondays(event.week, first - _WEEK), event.position)
        span = min(first, event.week), max(last, event.week)
    if span is None:
        return
    bearing = {event.bears_from: event.position for event in events}
    latest = 0
    for week in _iter_mondays(*span):
        latest = max(latest, bearing.get(week, 0))
        if position := max(latest, added.get(week, 0)):
            yield week, position


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
        int(load.default_hours),
        line_of_week(load, evidence.policy),
        evidence.as_of.policy.version,
    )


#: Of a row that is gone: as many as `_week_load_values` gives.
_NO_VALUES = (None,) * 8

FACT_LOAD_WEEK = Mart(
    name="fact_load_week",
    comment="One row per joined member and week, as it stood when the week began.",
    use="Load over time. A week is exported as it stood when it began, so it does not change with the day of the"
    " export; it changes when an event about it is recorded late. Who turns out to have left before a week began is"
    " `deleted` from it. The last week is that of the last event; weeks without one come with the next. `as_of` leaves"
    " out the weeks after it.",
    key=("member_id", "week"),
    subject="member",
    subject_column="member_id",
    is_person_level=True,
    can_shrink=True,
    version=2,
    columns=(
        MartColumn("position", "integer", "The last position that bears on the week, or added it."),
        member_column("member_id", "The member.", nullable=False),
        MartColumn("week", "date", "The week's Monday, in the organisation's zone."),
        MartColumn(
            "planned_minutes", "integer", "What the member's live promises ask for in that week.", unit="minutes"
        ),
        MartColumn("available_minutes", "integer", "Declared hours x focus, less absences.", unit="minutes"),
        MartColumn(
            "ratio_bp",
            "integer",
            "Planned / available, basis points; empty: no capacity.",
            nullable=True,
            unit="basis points",
        ),
        MartColumn(
            "estimated_minutes",
            "integer",
            "The part of planned that rests on efforts that were not stated.",
            unit="minutes",
        ),
        MartColumn("goals", "integer", "Promises with hours in that week.", unit="goals"),
        MartColumn("default_hours", "boolean", "Available rests on the policy's default hours."),
        MartColumn(
            "line",
            "text",
            "amber or red: the load line that it is over; empty: none, or all of planned is estimated.",
            nullable=True,
        ),
        MartColumn("policy_version", "integer", "The policy by which it was computed."),
        MartColumn("event_id", "uuid", "The event at that position.", since=2),
        DELETED,
    ),
)
