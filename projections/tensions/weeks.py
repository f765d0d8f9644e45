"""Since when a tension shows: at the end of every week, looked back as long as it did.

A figure may flicker between two days, so that no search by halves finds when it began: week after week is looked at,
from the last one backwards, and only those tensions that still show.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from domain.calendar import monday
from domain.experiment.events import Tension
from projections.tensions.figures import TensionContext, at_end_of, load_figures
from projections.tensions.rules import RULES, assess

#: Ends of weeks that are looked at.
WEEKS_BACK = 12
_WEEK = timedelta(days=7)


class Since(NamedTuple):
    """The last day of the first week of an unbroken row."""

    day: date
    #: Each week that was looked at has it: it may have begun before.
    or_earlier: bool


def find_since(at: TensionContext, shown: Iterable[Tension]) -> dict[Tension, Since]:
    """Of tensions that show at `at`: since the end of which week they have, without a break at the end of any."""
    today = at.as_of.today
    waiting = list(shown)
    found = {tension: Since(today, or_earlier=False) for tension in waiting}
    last = monday(today) - timedelta(days=1)
    for week in range(WEEKS_BACK):
        day = last - week * _WEEK
        if not waiting:
            return found
        still = _assess_day(at, day, waiting)
        waiting = [tension for tension in waiting if still[tension]]
        found |= {tension: Since(day, or_earlier=False) for tension in waiting}
    return found | {tension: Since(found[tension].day, or_earlier=True) for tension in waiting}


def _assess_day(at: TensionContext, day: date, tensions: Iterable[Tension]) -> dict[Tension, bool]:
    wanted = list(tensions)
    scope = msgspec.structs.replace(at.scope, explain=False)
    then = msgspec.structs.replace(at, as_of=at_end_of(day, at.as_of, at.organisation), scope=scope)
    figures = load_figures(then, [name for tension in wanted for name in RULES[tension].figures])
    shows = assess(figures, then.as_of.policy.policy)
    return {tension: bool(shows.get(tension)) for tension in wanted}
