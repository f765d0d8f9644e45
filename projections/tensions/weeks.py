"""Since when a tension shows: at the end of every week, looked back as long as it did.

A figure may flicker between two days, so that no search by halves finds when it began: week after week is looked at,
from the last one backwards, and only those tensions that still show. What a week's end showed changes only by what is
recorded later and happened before it, so that a process asks once for each (0069).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple, TypeAlias
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from domain.calendar import monday
from domain.experiment.events import Tension
from domain.instants import to_micros
from projections.bounded_cache import BoundedCache
from projections.database.database import Database, named_statements
from projections.overload.queries import OverloadFacts
from projections.tensions.figures import OVERLOAD_FIGURES, TensionContext, at_end_of, load_figures, read_overload
from projections.tensions.rules import RULES, assess

#: Ends of weeks that are looked at.
WEEKS_BACK = 12
_WEEK = timedelta(days=7)
#: Ends of weeks that one process remembers, of all teams: about 3 MB.
MAX_WEEKS = 10_000


class Since(NamedTuple):
    """The last day of the first week of an unbroken row."""

    day: date
    #: Each week that was looked at has it: it may have begun before.
    or_earlier: bool


#: Organisation, team, days of the window, last day of the week.
_WeekKey: TypeAlias = tuple[UUID, UUID | None, int, date]


class Week(NamedTuple):
    """What the end of a week showed, with what was known at one position of the organisation."""

    position: int
    shows: dict[Tension, bool]


#: What the ends of weeks showed.
_CACHES: WeakKeyDictionary[Database, BoundedCache[_WeekKey, Week]] = WeakKeyDictionary()


def cache_of(database: Database) -> BoundedCache[_WeekKey, Week]:
    """The weeks that were asked of this database."""
    return _CACHES.setdefault(database, BoundedCache(MAX_WEEKS))


def forget(database: Database) -> None:
    """Forget the weeks that were asked of this database: the next question costs what a process's first does."""
    _CACHES.pop(database, None)


def find_since(at: TensionContext, shown: Iterable[Tension]) -> dict[Tension, Since]:
    """Of tensions that show at `at`: since the end of which week they have, without a break at the end of any."""
    today = at.as_of.today
    waiting = list(shown)
    found = {tension: Since(today, or_earlier=False) for tension in waiting}
    weeks = _Weeks(at)
    last = monday(today) - timedelta(days=1)
    for week in range(WEEKS_BACK):
        day = last - week * _WEEK
        if not waiting:
            return found
        still = weeks.assess(day, waiting)
        waiting = [tension for tension in waiting if still[tension]]
        found |= {tension: Since(day, or_earlier=False) for tension in waiting}
    return found | {tension: Since(found[tension].day, or_earlier=True) for tension in waiting}


class _Weeks:
    """The ends of weeks as one report sees them."""

    def __init__(self, at: TensionContext) -> None:
        self._at = at
        self._cache = cache_of(at.database)
        #: Earlier and later position -> business time (microseconds UTC) of the first event recorded between.
        self._first_between: dict[tuple[int, int], int | None] = {}

    def assess(self, day: date, tensions: Iterable[Tension]) -> dict[Tension, bool]:
        """Whether these tensions showed at the end of the day."""
        as_of, scope, wanted = self._at.as_of, self._at.scope, list(tensions)
        key = (as_of.organisation_id, scope.team, scope.window, day)
        known = self._cache.get(key)
        shows = dict(known.shows) if known is not None and self._is_untouched(known, day) else {}
        if missing := [tension for tension in wanted if tension not in shows]:
            shows |= self._compute(day, missing)
        self._cache.put(key, Week(as_of.position, shows))
        return {tension: shows[tension] for tension in wanted}

    def _is_untouched(self, week: Week, day: date) -> bool:
        """Whether nothing recorded between what it knew and what is known now happened by the end of the day."""
        between = min(week.position, self._at.as_of.position), max(week.position, self._at.as_of.position)
        if between[0] == between[1]:
            return True
        if between not in self._first_between:
            params = {"organisation_id": str(self._at.as_of.organisation_id), "after": between[0], "upto": between[1]}
            rows = self._at.database.query(named_statements("tensions")["first_between"], params)
            self._first_between[between] = rows[0].first
        first = self._first_between[between]
        end = at_end_of(day, self._at.as_of, self._at.organisation).at
        return first is None or first > to_micros(end)

    @cached_property
    def _overload(self) -> OverloadFacts:
        """What overload is made of in all weeks."""
        return read_overload(self._at, (WEEKS_BACK + 1) * _WEEK.days)

    def _compute(self, day: date, tensions: Iterable[Tension]) -> dict[Tension, bool]:
        wanted = list(tensions)
        scope = msgspec.structs.replace(self._at.scope, explain=False)
        then = msgspec.structs.replace(
            self._at, as_of=at_end_of(day, self._at.as_of, self._at.organisation), scope=scope
        )
        names = [name for tension in wanted for name in RULES[tension].figures]
        if not OVERLOAD_FIGURES.isdisjoint(names):
            then = msgspec.structs.replace(then, overload=self._overload)
        figures = load_figures(then, names)
        shows = assess(figures, then.as_of.policy.policy)
        return {tension: bool(shows.get(tension)) for tension in wanted}
