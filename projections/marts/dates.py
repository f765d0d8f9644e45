"""`dim_date`: the days of an organisation's years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from domain.calendar import is_working_day, monday
from domain.instants import from_micros
from projections.as_of import AsOf
from projections.database.database import Database, named_statements
from projections.marts.columns import DELETED, Mart, MartColumn

_SQL = "marts"

DIM_DATE = Mart(
    name="dim_date",
    comment="One row per day of the years from the first event to the year after the last one.",
    use="Quarters, weeks and working days of a fact's date.",
    key=("date",),
    subject=None,
    columns=(
        MartColumn("position", "integer", "The position of the event that made its year one of them."),
        MartColumn("date", "date", "The day."),
        MartColumn("year", "integer", "The calendar year."),
        MartColumn("quarter", "integer", "The calendar quarter, 1 to 4."),
        MartColumn("month", "integer", "The month, 1 to 12."),
        MartColumn("week", "date", "The Monday of its week: what `fact_load_week` calls a week."),
        MartColumn("iso_year", "integer", "The year of its ISO 8601 week."),
        MartColumn("iso_week", "integer", "The number of its ISO 8601 week, 1 to 53."),
        MartColumn("weekday", "integer", "1 Monday to 7 Sunday."),
        MartColumn("is_working_day", "boolean", "Monday to Friday."),
        DELETED,
    ),
)


def list_dates(database: Database, as_of: AsOf, after: int) -> Iterator[tuple[Any, ...]]:
    """The days of the years that events behind position `after` added."""
    params = {**as_of.params, "after": after}
    before = database.query(named_statements(_SQL)["exported"], params)[0]
    known = None if before.last is None else (_year_of(before.first, as_of), _year_of(before.last, as_of) + 1)
    added: dict[int, int] = {}
    for row in database.query(named_statements(_SQL)["happened"], params):
        year = _year_of(row.occurred_at, as_of)
        first, last = known or (year, year - 1)
        added |= dict.fromkeys([*range(last + 1, year + 2), *range(year, first)], row.position)
        known = min(first, year), max(last, year + 1)
    for year, position in sorted(added.items(), key=lambda each: (each[1], each[0])):
        if year <= date.max.year:
            yield from (_build_row(position, day) for day in _days_of(year))


def _year_of(micros: int, as_of: AsOf) -> int:
    return from_micros(micros).astimezone(as_of.tzinfo).year


def _days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))


def _build_row(position: int, day: date) -> tuple[Any, ...]:
    iso = day.isocalendar()
    return (
        *(position, day.isoformat(), day.year, (day.month + 2) // 3, day.month, monday(day).isoformat()),
        *(iso.year, iso.week, iso.weekday, int(is_working_day(day)), 0),
    )
