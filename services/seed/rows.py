"""The demo's history: two years of a small organisation as import rows, the same for the same day.

After an ordinary past (promises kept, renegotiated, late, declined) it tells stories that end today: Priya, the only
database specialist, is overloaded; Viktor sponsors by "yes, and"; Checkout's outcome changed and only one of its tasks
was affirmed since; Lena renegotiated well, in time, and named what gives. Around them stands the framework: what all of
it is for, what never changes, a quarter that was reviewed, and needs that were answered and one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from services.seed.framework import framework_rows
from services.seed.past import past_rows
from services.seed.people import MEMBERS, QUARTER, QUARTERS, STEWARD, TEAMS, Row, TimedRow
from services.seed.quarter import quarter_rows
from services.seed.stories import story_rows


def rows(today: date) -> list[Row]:
    """All rows up to `today`, in the order of their times (UTC), deterministic for the day."""
    timed_rows = [
        *_organisation(today),
        *past_rows(today),
        *story_rows(today),
        *framework_rows(today),
        *quarter_rows(today),
    ]
    said = [t for t in timed_rows if t.day < today]
    said.sort(key=lambda t: (t.day, t.minute))
    return [{"at": _format_time(t), **t.row} for t in said]


def _format_time(timed: TimedRow) -> str:
    midnight = datetime.combine(timed.day, time(), UTC)
    return (midnight + timedelta(minutes=timed.minute)).isoformat().replace("+00:00", "Z")


def _organisation(today: date) -> Iterator[TimedRow]:
    first = today - QUARTERS * QUARTER - timedelta(days=21)
    for team, (name, lead) in TEAMS.items():
        yield TimedRow(first, 1, {"by": STEWARD, "do": "team.create", "team": team, "name": name, "lead": lead})
    for ref, (name, joined, hours) in MEMBERS.items():
        row: Row = {"by": STEWARD, "do": "member.join", "member": ref, "name": name}
        yield TimedRow(first, 2, row | ({"team": joined} if joined else {}))
        if hours is not None:
            declared = {"hours_per_week": hours, "from": first.isoformat()}
            yield TimedRow(first, 3, {"by": ref, "do": "member.capacity", "member": ref, **declared})
    limit = {"by": STEWARD, "do": "organisation.policy", "policy": {"wip_limit": 4}}
    yield TimedRow(first + timedelta(days=300), 600, limit)
    away = {"from": (today - timedelta(days=12)).isoformat(), "to": (today - timedelta(days=6)).isoformat()}
    yield TimedRow(today - timedelta(days=20), 600, {"by": "bea", "do": "member.absence", "member": "bea", **away})
