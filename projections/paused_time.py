"""Time that counts: what agreed pauses and declared absences take out of a period.

A pause stops a goal's clocks from 00:00 of its first day to 00:00 of the day on which work resumes; an absence its
owner's from 00:00 of its first day to the end of the second working day after its last. Where they overlap the clock
stops once. All instants are microseconds UTC; days are those of the organisation's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.calendar import RETURN_GRACE_WORKING_DAYS, add_working_days, end_of_day
from domain.instants import to_micros
from domain.member.member import Absence
from projections.database.database import Row

_DAY = timedelta(days=1)
#: Microseconds of a day.
DAY_MICROS = _DAY // timedelta(microseconds=1)

Span = tuple[int, int]


class PauseRecord(msgspec.Struct, frozen=True):
    """A pause agreed at `at` (microseconds UTC), or, without days, its early end."""

    at: int
    paused_from: date | None
    resume_on: date | None
    #: The event, and of a pause the proposal that was accepted by it.
    events: tuple[UUID, ...] = ()


def to_pause_record(row: Row) -> PauseRecord:
    """The pause of a row with `occurred_at`, `paused_from`, `resume_on`, `event_id` and `proposal_id`."""
    first, last = (date.fromisoformat(day) if day else None for day in (row.paused_from, row.resume_on))
    events = tuple(UUID(event) for event in (row.event_id, row.proposal_id) if event)
    return PauseRecord(row.occurred_at, first, last, events)


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """The same time as stretches that neither touch nor overlap, ascending."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif begin < end:
            merged.append((begin, end))
    return merged


def running_micros(begin: int, end: int, stops: Sequence[Span]) -> int:
    """Microseconds of [begin, end) that lie in none of the stops, which are `merged`; 0 where begin is not before."""
    if not stops:
        # Nearly always: of an organisation's thousands of goals few ever stood still.
        return max(0, end - begin)
    stopped = sum(max(0, min(stop, end) - max(start, begin)) for start, stop in stops)
    return max(0, end - begin - stopped) if begin < end else 0


def to_days(value: int) -> Fraction:
    """Microseconds as exact days."""
    return Fraction(value, DAY_MICROS)


# The same days come up in goal after goal.
@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo) -> int:
    """The day's 00:00 in the zone."""
    return to_micros(end_of_day(day - _DAY, zone))


def paused_spans(pauses: Sequence[PauseRecord], zone: ZoneInfo) -> Iterator[Span]:
    """A pause ends on its day, when work resumes, or when another pause takes its place."""
    for number, pause in enumerate(pauses):
        if pause.paused_from is not None and pause.resume_on is not None:
            cut = [later.at for later in pauses[number + 1 : number + 2]]
            yield midnight(pause.paused_from, zone), min([midnight(pause.resume_on, zone), *cut])


def absent_spans(absences: Iterable[Absence], zone: ZoneInfo) -> Iterator[Span]:
    """When an absent member's clocks stand."""
    for absence in absences:
        yield _compute_absent_span(absence.from_, absence.to, zone)


@lru_cache(maxsize=4096)
def _compute_absent_span(first: date, last: date, zone: ZoneInfo) -> Span:
    back = end_of_day(add_working_days(last, RETURN_GRACE_WORKING_DAYS), zone)
    return midnight(first, zone), to_micros(back)
