"""Until when an answer is due by the policy in force, which `fact_goal_event` cannot store: it is another stream's.

Two ways to the same day: in Python for what is read row by row, and as SQL for what PostgreSQL reads by itself.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from domain.calendar import add_working_days, local_date
from domain.instants import from_micros
from domain.organisation.organisation import Organisation

#: What sets the day -> the dial of the policy that says how many working days there are.
DIALS = {
    "response": "response_working_days",
    "change": "change_timeout_working_days",
    "verdict": "verdict_working_days",
}


class TurnDeadlines:
    """The policies of one organisation, as far as an export has them."""

    def __init__(self, organisation: Organisation, zone: ZoneInfo) -> None:
        self._organisation = organisation
        self._zone = zone

    def find_day(self, rule: str, since: int, stopped_days: int, occurred_at: int) -> str:
        """The last day for the answer: so many working days after the day of `since` (microseconds UTC)."""
        policy = self._organisation.policy_at(from_micros(occurred_at)).policy
        days: int = getattr(policy, DIALS[rule]) + stopped_days
        return add_working_days(local_date(from_micros(since), self._zone), days).isoformat()


def turn_until_sql(row: str, policy: str) -> str:
    """The same as an expression of PostgreSQL, of type date, over a stored row and its policy's row."""
    dials = " ".join(f"WHEN '{rule}' THEN {policy}.{dial}" for rule, dial in DIALS.items())
    day = f"(({instant_sql(f'{row}.turn_since')}) AT TIME ZONE {policy}.zone)::date"
    days = f"(CASE {row}.turn_rule {dials} END + {row}.turn_stopped_days)::int"
    # So many weeks and days behind the Monday of a week of which Saturday and Sunday stand where its Friday does.
    behind = f"(LEAST(EXTRACT(ISODOW FROM {day})::int, 5) + {days} - 1)"
    counted = f"{day} - EXTRACT(ISODOW FROM {day})::int + 1 + {behind} / 5 * 7 + {behind} % 5"
    computed = f"CASE WHEN {days} = 0 THEN {day} ELSE {counted} END"
    return f"COALESCE({row}.turn_until::date, CASE WHEN {row}.turn_stopped_days IS NOT NULL THEN {computed} END)"


def instant_sql(column: str) -> str:
    """A stored instant as a `timestamptz` of PostgreSQL, exactly."""
    return f"timestamptz 'epoch' + {column} * interval '1 microsecond'"
